//! What is on the wire stays readable for years: golden bytes, hostile bytes and budgets.
//!
//! The files under `tests/golden/` are what a unit of that version says, to the byte. They are
//! never edited, only added to, and their checksums stand here so that an edit is noticed even
//! if the code was changed with it. Whether the messages mean the right thing is tested where
//! they are used.

#[path = "wire/commission.rs"]
mod commission;
#[path = "wire/live.rs"]
mod live;
#[path = "wire/thresholds.rs"]
mod thresholds;

use std::path::Path;

use ed25519_dalek::SigningKey;
use jiff::civil::date;
use nattsyn_protocol::calendar::Nights;
use nattsyn_protocol::commission::{CommissionDown, CommissionUp, Commissioning, Order};
use nattsyn_protocol::finding::{Fault, Finding};
use nattsyn_protocol::heartbeat::{EyeState, Heartbeat};
use nattsyn_protocol::hello::{ACK_MAX, Ack, HeldPlan, Hello, PlanMessage};
use nattsyn_protocol::ids::{BootId, CheckId, UnitId, WindowKey};
use nattsyn_protocol::live::{LiveDown, LiveUp};
use nattsyn_protocol::plan::{CHECKS_PER_NIGHT_MAX, LOOKS_AFTER_S, Plan, Temporary, Window};
use nattsyn_protocol::policy::PolicyMessage;
use nattsyn_protocol::report::{Notice, Report, ReportKey};
use nattsyn_protocol::signing::{Document, Endorsement, PublicKey, Signed};
use nattsyn_protocol::thresholds::{
    CountsMessage, NIGHTS_WAITING_MAX, NightCounts, ThresholdsMessage,
};
use nattsyn_protocol::time::{ClockState, Timestamp};
use nattsyn_protocol::topics::{Channel, TOPIC_MAX, Topic};
use nattsyn_protocol::wire::{self, BODY_MAX, Message};
use proptest::prelude::*;
use sha2::{Digest, Sha256};

/// Largest body of a heartbeat in bytes (architecture, "Wire").
const HEARTBEAT_MAX: usize = 96;

/// Every golden file and the first sixteen hexadecimal digits of its SHA-256. Add a line for a
/// new file; never change one.
const GOLDEN: [(&str, &str); 33] = [
    ("v1/ack.json", "51c572c126565083"),
    ("v1/commission_conclude.json", "adad8a08917ddad6"),
    ("v1/commission_leave.json", "54d3e7feb9c730c3"),
    ("v1/commission_not_tried.json", "92bd6d04d46d7609"),
    ("v1/commission_order.json", "9f419e95462be7bd"),
    ("v1/commission_tried.json", "c9adae2dbc9bd799"),
    ("v1/commission_walk.json", "282e4067548892e9"),
    ("v1/commission_walked.json", "da0aca93d8ac073b"),
    ("v1/commissioned.json", "bc0984f30da82ecd"),
    ("v1/commissioned_uncounted.json", "8ccb83c32b70f97d"),
    ("v1/counts.json", "ed744a04af47c629"),
    ("v1/counts_labelled.json", "9ff9e853d5a0517d"),
    ("v1/heartbeat.json", "a1477a2c4a94dc8c"),
    ("v1/hello.json", "dd5ca910dd15768c"),
    ("v1/hello_commissioned.json", "091aafc2f5fca0ae"),
    ("v1/hello_eye.json", "f66951520980265c"),
    ("v1/hello_thresholds.json", "6ed8f819c4bddc42"),
    ("v1/label.json", "d088abf8d8d4ad1d"),
    ("v1/live_ask.json", "676bb57995fb59e1"),
    ("v1/live_challenge.json", "1dda1da23e35ec05"),
    ("v1/live_credit.json", "8f0a0f41ed07c591"),
    ("v1/live_end.json", "bac2270f84d67e6c"),
    ("v1/live_ended.json", "9562b3d32c6f1fd8"),
    ("v1/live_grant.json", "7404f13f69e9b0d0"),
    ("v1/live_opened.json", "6fa8fe8ce209bc94"),
    ("v1/live_refused.json", "7324b3d014459de9"),
    ("v1/notice.json", "ef2b3de6bc848076"),
    ("v1/plan.json", "a531c77bab193d45"),
    ("v1/plan_calendar.json", "df3fa42d6ab5b230"),
    ("v1/policy.json", "4b625ae06ac189fc"),
    ("v1/report.json", "f0e43e9b161da63b"),
    ("v1/thresholds.json", "8f4cbdbccc420018"),
    ("v1/thresholds_anew.json", "defbc9519b67ffa5"),
];

fn golden(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    std::fs::read(folder.join(name)).unwrap_or_else(|error| panic!("reading {name}: {error}"))
}

fn digest(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest[..8]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Whether the golden bytes are exactly what `message` is on the wire, and read back as it.
fn agrees<M: Message + PartialEq>(golden: &[u8], message: &M) -> bool {
    wire::encode(message) == golden && wire::decode::<M>(golden).is_ok_and(|read| read == *message)
}

#[track_caller]
fn assert_golden<M: Message + PartialEq>(name: &str, message: &M) {
    let now = String::from_utf8(wire::encode(message)).expect("JSON is UTF-8");
    assert!(
        agrees(&golden(name), message),
        "{name} is no longer what is written or read; do not edit it: either the code is wrong \
         or this is a new version of the wire. The code now writes\n{now}"
    );
}

fn root_key() -> SigningKey {
    SigningKey::from_bytes(&[1; 32])
}

fn hub_key() -> SigningKey {
    SigningKey::from_bytes(&[2; 32])
}

fn eye_key() -> SigningKey {
    SigningKey::from_bytes(&[3; 32])
}

fn unit() -> UnitId {
    "u7k2m9x4".parse().expect("eight characters of a-z and 0-9")
}

fn check() -> CheckId {
    "r3k9x2m1.20261121.2"
        .parse()
        .expect("resident, date and window")
}

/// 22 November 2026, 03:02:10.250 in Sweden.
fn at() -> Timestamp {
    Timestamp::from_ms(1_795_312_930_250).expect("a year that a calendar knows")
}

fn key(counter: u64) -> ReportKey {
    ReportKey {
        boot: BootId(0x0123_4567_89ab_cdef),
        counter,
    }
}

fn heartbeat() -> Heartbeat {
    Heartbeat {
        at_ms: at(),
        sequence: 181,
        eye: EyeState::Ready,
        waiting: 0,
    }
}

fn hello() -> Hello {
    Hello {
        unit: unit(),
        software: "0.1.0".to_owned(),
        plans: vec![HeldPlan {
            resident: check().resident,
            version: 3,
        }],
        waiting: 2,
        eye: None,
    }
}

fn ack() -> Ack {
    Ack {
        reports: vec![key(41), key(42)],
        counts: Vec::new(),
    }
}

fn notice() -> Notice {
    Notice {
        unit: unit(),
        check: check(),
        look: 1,
        fault: Fault::EyeDown,
        at_ms: at(),
    }
}

fn report() -> Report {
    Report {
        unit: unit(),
        check: check(),
        look: 1,
        finding: Finding::Visible,
        at_ms: at(),
        clock: ClockState::Synced,
        plan: 3,
        model: "9f86d081".to_owned(),
        boot: key(42).boot,
        counter: 42,
        nonce: "000102030405060708090a0b0c0d0e0f".to_owned(),
    }
}

fn plan() -> Plan {
    let window = |key, from: &str, to: &str| {
        Window::nightly(
            WindowKey(key),
            from.parse().expect("a time of day"),
            to.parse().expect("a time of day"),
        )
    };
    Plan {
        resident: check().resident,
        unit: unit(),
        version: 3,
        zone: "Europe/Stockholm".to_owned(),
        offset_s: 120,
        looks_after_s: LOOKS_AFTER_S.to_vec(),
        windows: vec![window(1, "23:00", "23:45"), window(2, "03:00", "03:45")],
        places: vec![vec![[0.25, 0.5], [0.75, 0.5], [0.75, 1.0], [0.25, 1.0]]],
        ..Plan::bare(check().resident, unit())
    }
}

/// A plan with everything that may be left out: days, own looks, nights, absences, other windows
/// for a while.
fn calendar_plan() -> Plan {
    let window = |key, from: &str, to: &str| {
        Window::nightly(
            WindowKey(key),
            from.parse().expect("a time of day"),
            to.parse().expect("a time of day"),
        )
    };
    let mut plan = Plan {
        version: 4,
        nights: Nights::between(date(2026, 11, 1), date(2027, 1, 31)),
        away: vec![
            Nights::between(date(2026, 12, 23), date(2026, 12, 26)),
            Nights::since(date(2027, 1, 20)),
        ],
        temporary: Some(Temporary {
            first: date(2026, 11, 20),
            last: date(2026, 11, 27),
            windows: vec![window(1, "23:00", "23:45"), window(3, "01:00", "01:45")],
        }),
        ..plan()
    };
    plan.windows[1].days = "mon tue wed thu fri".parse().expect("days of the week");
    plan.windows[1].looks_after_s = vec![0, 900];
    plan
}

fn plan_message(plan: &Plan) -> PlanMessage {
    let endorsement = Endorsement {
        key: PublicKey::of(&hub_key()),
        epoch: 1,
    };
    PlanMessage {
        plan: Signed::seal(plan, &hub_key()),
        endorsement: Signed::seal(&endorsement, &root_key()),
    }
}

#[test]
fn a_heartbeat_is_what_it_always_was() {
    assert_golden("v1/heartbeat.json", &heartbeat());
}

#[test]
fn a_hello_is_what_it_always_was() {
    assert_golden("v1/hello.json", &hello());
}

#[test]
fn an_ack_is_what_it_always_was() {
    assert_golden("v1/ack.json", &ack());
}

#[test]
fn a_notice_is_what_it_always_was() {
    assert_golden("v1/notice.json", &notice());
}

#[test]
fn a_plan_is_what_it_always_was_and_the_root_stands_behind_it() {
    assert_golden("v1/plan.json", &plan_message(&plan()));
    let message: PlanMessage = wire::decode(&golden("v1/plan.json")).unwrap();
    assert_eq!(message.open(&PublicKey::of(&root_key())).unwrap(), plan());
    assert!(message.open(&PublicKey::of(&hub_key())).is_err());
    assert_eq!(plan().examine(), Ok(()));
}

#[test]
fn a_plan_with_a_calendar_is_what_it_always_was() {
    assert_golden("v1/plan_calendar.json", &plan_message(&calendar_plan()));
    assert_eq!(calendar_plan().examine(), Ok(()));
}

/// What was signed before a plan had a calendar means every night, for ever.
#[test]
fn a_plan_of_before_has_no_calendar() {
    let message: PlanMessage = wire::decode(&golden("v1/plan.json")).unwrap();
    let plan = message.open(&PublicKey::of(&root_key())).unwrap();
    assert_eq!(
        (plan.nights, plan.away, plan.temporary),
        (Nights::ALL, vec![], None)
    );
    assert!(plan.windows.iter().all(|window| window.days.is_every()));
}

#[test]
fn a_report_is_what_it_always_was_and_its_signature_holds() {
    assert_golden("v1/report.json", &Signed::seal(&report(), &eye_key()));
    let signed: Signed = wire::decode(&golden("v1/report.json")).unwrap();
    let eye = PublicKey::of(&eye_key());
    assert_eq!(signed.open::<Report>(&eye).unwrap(), report());
}

#[test]
fn an_edited_golden_file_is_noticed() {
    for (name, known) in GOLDEN {
        assert_eq!(
            digest(&golden(name)),
            known,
            "{name} was edited; restore it"
        );
    }
    let mut bytes = golden("v1/heartbeat.json");
    assert!(agrees(&bytes, &heartbeat()));
    for index in 0..bytes.len() {
        bytes[index] ^= 1;
        assert!(
            !agrees(&bytes, &heartbeat()),
            "byte {index} may be anything"
        );
        bytes[index] ^= 1;
    }
    bytes.push(b'\n');
    assert!(
        !agrees(&bytes, &heartbeat()),
        "a line break was not noticed"
    );
}

#[test]
fn every_golden_file_is_listed_and_none_is_gone() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/v1");
    let mut found: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| format!("v1/{}", entry.unwrap().file_name().to_string_lossy()))
        .collect();
    found.sort();
    assert_eq!(found, GOLDEN.map(|(name, _)| name));
}

/// The reference shows each message as it is, white space aside.
#[test]
fn the_examples_in_the_reference_are_the_golden_messages() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reference/protocol.md");
    let text = std::fs::read_to_string(page).unwrap();
    let shown: Vec<serde_json::Value> = text
        .split("```json\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .map(|block| serde_json::from_str(block).unwrap())
        .collect();
    for (name, _) in GOLDEN {
        let value: serde_json::Value = serde_json::from_slice(&golden(name)).unwrap();
        assert!(
            shown.contains(&value),
            "docs/reference/protocol.md does not show {name}"
        );
    }
    let inner = [
        serde_json::to_value(plan()).unwrap(),
        serde_json::to_value(calendar_plan()).unwrap(),
        serde_json::to_value(report()).unwrap(),
    ];
    for value in inner {
        assert!(
            shown.contains(&value),
            "docs/reference/protocol.md does not show {value}"
        );
    }
}

#[test]
fn the_largest_honest_messages_fit_the_limit() {
    let every_place = || {
        (0..32_u8)
            .map(|i| [f32::from(i) / 31.3, 1.0 / 3.0])
            .collect()
    };
    let mut largest = plan();
    largest.looks_after_s = vec![0, 600];
    largest.offset_s = 0;
    largest.places = vec![every_place(), every_place(), every_place(), every_place()];
    largest.windows = (0..8_u8)
        .map(|i| {
            Window::nightly(
                WindowKey(248 + i),
                jiff::civil::time(i8::try_from(i).unwrap(), 0, 0, 0),
                jiff::civil::time(i8::try_from(i).unwrap(), 59, 59, 0),
            )
        })
        .collect();
    assert_eq!(largest.windows.len(), CHECKS_PER_NIGHT_MAX);
    assert_eq!(largest.examine(), Ok(()));
    let plan = wire::encode(&plan_message(&largest)).len();
    let most = Ack {
        reports: vec![key(u64::MAX); ACK_MAX],
        counts: vec![date(2026, 11, 21); NIGHTS_WAITING_MAX],
    };
    let ack = wire::encode(&most).len();
    assert!(
        plan <= BODY_MAX && ack <= BODY_MAX,
        "plan {plan} B, ack {ack} B"
    );
}

fn any_heartbeat() -> impl Strategy<Value = Heartbeat> {
    let eye = prop::sample::select(vec![EyeState::Ready, EyeState::Faulty, EyeState::Down]);
    let ms = Timestamp(jiff::Timestamp::MIN).as_ms()..=Timestamp(jiff::Timestamp::MAX).as_ms();
    (ms, any::<u32>(), eye, any::<u32>()).prop_map(|(ms, sequence, eye, waiting)| Heartbeat {
        at_ms: Timestamp::from_ms(ms).expect("between the calendar's ends"),
        sequence,
        eye,
        waiting,
    })
}

/// A golden message with some of its bytes changed, left out or repeated: gets further into a
/// reader than noise does.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let original = prop::sample::select(GOLDEN.to_vec()).prop_map(|(name, _)| golden(name));
    let cuts = prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..4_u8), 1..6);
    (original, cuts).prop_map(|(mut bytes, cuts)| {
        for (index, byte, deed) in cuts {
            let index = index.index(bytes.len());
            match deed {
                0 => bytes[index] = byte,
                1 => bytes.insert(index, byte),
                2 if bytes.len() > 1 => drop(bytes.remove(index)),
                _ => bytes.extend_from_within(index..),
            }
            bytes.truncate(2 * BODY_MAX);
        }
        bytes
    })
}

/// Gives bytes to every reader there is. That it returns is the test; what it returns must, if
/// read at all, be something that can be written again.
fn read_as_everything(bytes: &[u8]) {
    fn read<M: Message>(bytes: &[u8]) -> Option<M> {
        let message = wire::decode::<M>(bytes).ok()?;
        let written = wire::encode(&message);
        assert!(wire::decode::<M>(&written).is_ok() || written.len() > BODY_MAX);
        Some(message)
    }
    read::<Heartbeat>(bytes);
    read::<Hello>(bytes);
    read::<Ack>(bytes);
    read::<Notice>(bytes);
    if let Some(message) = read::<PlanMessage>(bytes) {
        message.open(&PublicKey::of(&root_key())).ok();
    }
    if let Some(message) = read::<PolicyMessage>(bytes) {
        message.open(&PublicKey::of(&root_key())).ok();
    }
    if let Some(LiveDown::Grant(message)) = read::<LiveDown>(bytes) {
        message.open(&PublicKey::of(&root_key())).ok();
    }
    read::<LiveUp>(bytes);
    if let Some(CommissionDown::Leave(message) | CommissionDown::Order(message)) = read(bytes) {
        message
            .open::<Commissioning>(&PublicKey::of(&root_key()))
            .ok();
        message.open::<Order>(&PublicKey::of(&root_key())).ok();
    }
    read::<CommissionUp>(bytes);
    if let Some(message) = read::<ThresholdsMessage>(bytes) {
        message.open(&PublicKey::of(&root_key())).ok();
    }
    if let Some(message) = read::<CountsMessage>(bytes) {
        message
            .counts
            .open::<NightCounts>(&PublicKey::of(&eye_key()))
            .ok();
    }
    if let Some(signed) = read::<Signed>(bytes) {
        signed.open::<Report>(&PublicKey::of(&eye_key())).ok();
    }
}

/// Any JSON, signed as if it were a report: what a unit with a broken eye could send.
#[derive(serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
struct Nonsense(serde_json::Value);

impl Document for Nonsense {
    const CONTEXT: &'static str = Report::CONTEXT;
}

fn nonsense() -> impl Strategy<Value = serde_json::Value> {
    prop_oneof![
        Just(serde_json::Value::Null),
        any::<i64>().prop_map(serde_json::Value::from),
        any::<f64>().prop_map(serde_json::Value::from),
        "\\PC{0,40}".prop_map(serde_json::Value::from),
        "[0-9a-z.]{0,24}".prop_map(serde_json::Value::from),
        prop::collection::vec(any::<u8>(), 0..4).prop_map(serde_json::Value::from),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn arbitrary_bytes_are_an_error_not_a_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..2_000)
    ) {
        read_as_everything(&bytes);
    }

    #[test]
    fn a_damaged_message_is_an_error_or_a_message_not_a_panic(bytes in damaged()) {
        read_as_everything(&bytes);
    }

    #[test]
    fn nonsense_signed_by_the_right_key_is_an_error_not_a_panic(
        field in any::<prop::sample::Index>(), value in nonsense()
    ) {
        let mut body = serde_json::to_value(report()).unwrap();
        let fields = body.as_object_mut().unwrap();
        let name = fields.keys().nth(field.index(fields.len())).unwrap().clone();
        fields.insert(name, value);
        let signed = Signed::seal(&Nonsense(body), &eye_key());
        // A field may have been replaced by something that it may be.
        signed.open::<Report>(&PublicKey::of(&eye_key())).ok();
    }

    #[test]
    fn an_arbitrary_topic_is_ours_only_if_it_reads_back(
        text in "\\PC{0,40}|n1/[a-z0-9+#]{7,9}/(up|dn|x)/[a-z]?"
    ) {
        if let Some(topic) = Topic::parse(&text) {
            prop_assert_eq!(topic.to_string(), text);
        }
    }

    #[test]
    fn every_heartbeat_keeps_to_its_budget(heartbeat in any_heartbeat(), id in any::<[u8; 8]>()) {
        let topic = Topic { unit: UnitId::from_random(id), channel: Channel::Heartbeat };
        prop_assert!(topic.to_string().len() <= TOPIC_MAX.min(24));
        let body = wire::encode(&heartbeat);
        prop_assert!(body.len() <= HEARTBEAT_MAX, "{} bytes", body.len());
        prop_assert_eq!(wire::decode::<Heartbeat>(&body).unwrap(), heartbeat);
    }

    #[test]
    fn a_damaged_signed_report_is_never_believed(
        index in any::<prop::sample::Index>(), flip in 1_u8..=255
    ) {
        let golden = golden("v1/report.json");
        let mut bytes = golden.clone();
        let index = index.index(bytes.len());
        bytes[index] ^= flip;
        // What surrounds the signed text is not signed: only what the text says counts.
        if let Ok(signed) = wire::decode::<Signed>(&bytes)
            && let Ok(read) = signed.open::<Report>(&PublicKey::of(&eye_key()))
        {
            prop_assert_eq!(read, report());
        }
    }
}
