//! Rows, test alarms and heartbeats at alarm receivers: of our own, faulty on purpose, and at
//! sipp, a SIP stack that is not ours.
//!
//! sipp is Debian's `sip-tester`. Without it that test is not made, loudly; with
//! `NATTSYN_SIPP=required` that is a failure.

mod fake;
mod real;

use std::path::Path;
use std::time::Duration;

use nattsyn_scaip::message::Field as _;

use super::super::chain::{Kind, TrialId};
use super::super::fakes::{Fake, Manner};
use super::super::notice::Language;
use super::super::teller::{self, Answers, Proving, Told};
use super::super::{Address, caller, settings};
use super::*;
use crate::exception::Handling;
use crate::service::Verdicts;
use crate::store::{SqliteStore, StoreError, Tellings};
use crate::view::{Ending, ExceptionRow, Person, Reality};
use crate::watch::{Punctuality, Said};
use fake::Receiver;

/// Short, since the fakes are near; long enough for a busy machine.
const PATIENCE: Patience = Patience {
    each: Duration::from_millis(600),
    whole: Duration::from_millis(1_500),
    pause: Duration::from_millis(20),
};

/// Longest that anything here is waited for.
const SOON: Duration = Duration::from_secs(20);

/// A channel called "larm" to receivers on these ports, in order; heartbeats every second.
fn channel(ports: &[u16]) -> String {
    let mut text = "link = \"https://nattsyn.example/\"\n[[channel]]\nname = \"larm\"\n\
                    kind = \"scaip\"\ncid = \"00012345\"\n"
        .to_owned();
    for port in ports {
        text += &format!(
            "[[channel.receiver]]\ntransport = \"udp\"\naddress = \"127.0.0.1:{port}\"\n\
             target = \"sip:arc@receiver.example\"\nfrom = \"sip:00012345@hub.example\"\n\
             heartbeat_s = 1\n"
        );
    }
    text
}

/// The same, with a webhook after it, and the night lead who is told by both.
fn lead(ports: &[u16], gateway: &Fake) -> String {
    let port = gateway.port;
    channel(ports)
        + &format!(
            "[[channel]]\nkind = \"webhook\"\nname = \"way\"\nurl = \"http://127.0.0.1:{port}/\"\n\
             body = '{{\"text\":\"{{text}}\"}}'\n[[recipient]]\nname = \"arc\"\n\
             [[team]]\nname = \"natt\"\nsteps = [{{ to = \"arc\", by = [\"larm\", \"way\"] }}]\n"
        )
}

/// A night with rows, and the channel that tells of them.
struct Night {
    folder: tempfile::TempDir,
    rows: watch::Sender<Arc<Tonight>>,
    receivers: Receivers,
    rounds: tokio::task::JoinHandle<std::convert::Infallible>,
}

impl Drop for Night {
    fn drop(&mut self) {
        self.rounds.abort();
    }
}

impl Night {
    async fn new(text: &str) -> Self {
        let settings: Settings = toml::from_str(text).unwrap();
        let folder = tempfile::tempdir().unwrap();
        SqliteStore::open(&folder.path().join("ledger.sqlite")).unwrap();
        let clock = Clock::machine();
        let receivers = Receivers::open_with(&settings, folder.path(), clock, PATIENCE).await;
        let receivers = receivers.unwrap();
        let rows = watch::Sender::new(Arc::new(tonight()));
        let rounds = tokio::spawn(receivers.begin(&rows.subscribe()));
        Self {
            folder,
            rows,
            receivers,
            rounds,
        }
    }

    fn shows(&self, open: Vec<ExceptionRow>) {
        self.rows
            .send_modify(|tonight| Arc::make_mut(tonight).open = open);
    }

    /// A row is open no more, and how it ended.
    fn ends(&self, id: i64, ending: Ending) {
        self.rows.send_modify(|tonight| {
            let tonight = Arc::make_mut(tonight);
            let at = tonight.open.iter().position(|row| row.id == id).unwrap();
            let mut row = tonight.open.remove(at);
            row.ended = Some((row.opened, ending));
            tonight.closed.push(row);
        });
    }

    async fn tell(&self, number: u64, about: About) -> Result<Receipt, TellError> {
        let notice = Notice {
            key: key(number),
            kind: Kind::New,
            count: 1,
            to: Address::Own,
            language: Language::Swedish,
            link: "https://nattsyn.example/".to_owned().try_into().unwrap(),
            about,
        };
        let name: ChannelName = "larm".parse().unwrap();
        self.receivers.channels()[&name].tell(&notice).await
    }

    async fn tell_rows(&self, number: u64, rows: &[i64]) -> Result<Receipt, TellError> {
        let rows = rows.iter().map(|row| RowId(*row)).collect();
        self.tell(number, About::Rows(rows)).await
    }

    /// A teller over the settings, as the hub has it.
    fn teller(&self, text: &str) -> Teller {
        let settings: Settings = toml::from_str(text).unwrap();
        let opened = settings
            .open_with(Path::new(""), self.receivers.channels(), PATIENCE)
            .unwrap();
        let tellings = Tellings::open(&self.folder.path().join("ledger.sqlite")).unwrap();
        let (told, shown) = watch::channel(Arc::default());
        let rows = self.rows.subscribe();
        let (_answers, answered) = Answers::new();
        let (verdicts, _found) = Verdicts::new();
        let proving = Proving {
            zone: jiff::tz::TimeZone::UTC,
            answered,
            verdicts,
        };
        let clock = Clock::machine();
        let running = teller::run(opened, tellings, clock, rows, told, proving);
        Teller {
            told: shown,
            task: tokio::spawn(running),
        }
    }

    async fn health(&self, is_so: impl FnMut(&Vec<Health>) -> bool) -> Vec<Health> {
        let (_, mut health) = self.receivers.health().remove(0);
        let waited = tokio::time::timeout(SOON, health.wait_for(is_so)).await;
        waited.expect("in time").unwrap().clone()
    }
}

struct Teller {
    told: watch::Receiver<Arc<Told>>,
    task: tokio::task::JoinHandle<Result<(), StoreError>>,
}

impl Drop for Teller {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn key(number: u64) -> Key {
    Key {
        at_ms: Timestamp::from_ms(1_795_000_000_000).unwrap(),
        number,
    }
}

fn tonight() -> Tonight {
    Tonight {
        now: Clock::machine().now().timestamp,
        night: jiff::civil::date(2026, 11, 21),
        zone: "Europe/Stockholm".to_owned(),
        reality: Reality::Homes,
        open: Vec::new(),
        closed: Vec::new(),
        matters: Vec::new(),
        checks: Vec::new(),
        homes: Vec::new(),
        consent: std::sync::Arc::default(),
        labels: std::sync::Arc::default(),
    }
}

fn row(id: i64, cause: Cause) -> ExceptionRow {
    let now = Clock::machine().now().timestamp;
    ExceptionRow {
        id,
        person: Person {
            resident: format!("r{id:07}").parse().unwrap(),
            name: "Namn Namnsson".to_owned(),
            address: "Gatan 1".to_owned(),
        },
        home: None,
        cause,
        opened: now,
        due: now,
        punctuality: Punctuality::InTime,
        checks: Vec::new(),
        ended: None,
        handling: Handling::default(),
        agreed: None,
    }
}

/// `mty cid did dty stc ite`.
fn said(request: &Request) -> String {
    let text = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
    [
        text(request.kind.map(|kind| kind.text().into_owned())),
        request.controller.text().into_owned(),
        text(request.device.as_ref().map(|it| it.text().into_owned())),
        request.device_type.text().into_owned(),
        text(request.status.map(|status| status.text().into_owned())),
        text(request.info_text.as_ref().map(|it| it.text().into_owned())),
    ]
    .join(" ")
}

#[tokio::test]
async fn a_row_is_told_by_pseudonyms_and_codes_alone() {
    let receiver = Receiver::taking().await;
    let night = Night::new(&channel(&[receiver.port])).await;
    night.shows(vec![row(1, Cause::NotVisible)]);
    assert_eq!(night.tell_rows(1, &[1]).await.unwrap(), TAKEN);
    let number = "2115832430593";
    let alarms = receiver.alarms();
    let said: Vec<String> = alarms.iter().map(said).collect();
    assert_eq!(
        said,
        [format!("ME {number} r0000001 0018 0003 tillsyn: ej synlig")]
    );
    let text = receiver.text();
    assert!(!text.contains("Namn") && !text.contains("Gatan"), "{text}");
}

#[tokio::test]
async fn a_row_that_is_over_is_not_told() {
    let receiver = Receiver::taking().await;
    let night = Night::new(&channel(&[receiver.port])).await;
    night.shows(vec![row(1, Cause::Silent), row(2, Cause::NotVisible)]);
    night.ends(1, Ending::HeardAgain);
    night.tell_rows(1, &[1, 2]).await.unwrap();
    assert_eq!(receiver.alarms().len(), 1);
}

#[tokio::test]
async fn a_row_that_a_receiver_cannot_be_told_of_does_not_count_as_told() {
    let receiver = Receiver::taking().await;
    let night = Night::new(&channel(&[receiver.port])).await;
    night.shows(vec![row(1, Cause::NotVisible)]);
    // A test alarm that nobody answered is about no resident and stands under Drift.
    let told = night.tell_rows(1, &[1, -7]).await;
    assert!(matches!(told, Err(TellError::Unmade)), "{told:?}");
    assert_eq!(receiver.alarms().len(), 1);
}

#[tokio::test]
async fn a_dead_receiver_is_followed_by_the_next_and_asked_last_from_then_on() {
    let (dead, second) = (Receiver::silent().await, Receiver::taking().await);
    let night = Night::new(&channel(&[dead.port, second.port])).await;
    night.shows(vec![row(1, Cause::NotVisible), row(2, Cause::Silent)]);
    night.tell_rows(1, &[1]).await.unwrap();
    night.health(|health| health[0].failing.is_some()).await;
    let asked = dead.alarms().len();
    night.tell_rows(2, &[2]).await.unwrap();
    assert_eq!(second.alarms().len(), 2);
    assert_eq!(dead.alarms().len(), asked);
}

#[tokio::test]
async fn half_an_order_is_not_delivered_and_what_was_taken_is_not_told_twice() {
    let receiver = Receiver::taking().await;
    // Busy with the second of three.
    receiver.answers(|request| match &request.device {
        Some(device) if device.as_str() == "r0000002" => Some(6),
        Some(_) | None => Some(0),
    });
    let night = Night::new(&channel(&[receiver.port])).await;
    let causes = [Cause::NotVisible, Cause::Silent, Cause::NoReport];
    night.shows(
        (1..)
            .zip(causes)
            .map(|(id, cause)| row(id, cause))
            .collect(),
    );
    let told = night.tell_rows(1, &[1, 2, 3]).await;
    assert!(
        matches!(told, Err(TellError::Busy { .. } | TellError::TimedOut)),
        "{told:?}"
    );
    let taken = |name: &str| {
        let alarms = receiver.alarms();
        let of = alarms.iter().filter(|alarm| said(alarm).contains(name));
        of.map(|alarm| alarm.reference.clone()).collect::<Vec<_>>()
    };
    assert_eq!((taken("r0000001").len(), taken("r0000003").len()), (1, 1));
    // What was repeated kept its name.
    let tries = taken("r0000002");
    assert!(tries.len() > 1 && tries.iter().all(|name| *name == tries[0]));
    // The same order again, and then the next one.
    receiver.answers(|_| Some(0));
    night.tell_rows(1, &[1, 2, 3]).await.unwrap();
    assert_eq!(taken("r0000002").last(), Some(&tries[0]));
    assert_eq!((taken("r0000001").len(), taken("r0000003").len()), (1, 1));
    // A reminder is a message of its own.
    night.tell_rows(2, &[1, 2, 3]).await.unwrap();
    let both = taken("r0000001");
    assert!(both.len() == 2 && both[0] != both[1], "{both:?}");
}

#[tokio::test]
async fn what_a_receiver_has_of_a_failed_order_counts_for_the_next() {
    let receiver = Receiver::taking().await;
    receiver.answers(|request| match &request.device {
        Some(device) if device.as_str() == "r0000002" => Some(3),
        Some(_) | None => Some(0),
    });
    let night = Night::new(&channel(&[receiver.port])).await;
    night.shows(vec![row(1, Cause::NotVisible), row(2, Cause::NotVisible)]);
    let told = night.tell_rows(1, &[1, 2]).await;
    assert!(
        matches!(told, Err(TellError::Refused { code: 3 })),
        "{told:?}"
    );
    night.tell_rows(2, &[1]).await.unwrap();
    let first = |alarm: &&Request| said(alarm).contains("r0000001");
    assert_eq!(receiver.alarms().iter().filter(first).count(), 1);
}

#[tokio::test]
async fn a_flood_of_rows_is_one_message_each() {
    let receiver = Receiver::taking().await;
    let night = Night::new(&channel(&[receiver.port])).await;
    let ids: Vec<i64> = (1..=200).collect();
    night.shows(ids.iter().map(|id| row(*id, Cause::NoReport)).collect());
    night.tell_rows(1, &ids).await.unwrap();
    let alarms = receiver.alarms();
    let names: std::collections::BTreeSet<_> = alarms.iter().map(|a| &a.reference).collect();
    let people: std::collections::BTreeSet<_> = alarms.iter().map(|a| &a.device).collect();
    assert_eq!((names.len(), people.len()), (200, 200));
}

#[tokio::test]
async fn without_any_receiver_the_next_channel_is_told_and_the_page_says_so() {
    let (dead, mute) = (Receiver::dead().await, Receiver::silent().await);
    let gateway = Fake::http(None, &[Manner::Answers(200)]).await;
    let text = lead(&[dead, mute.port], &gateway);
    let night = Night::new(&text).await;
    let mut teller = night.teller(&text);
    night.shows(vec![row(1, Cause::NotVisible)]);
    let larm: ChannelName = "larm".parse().unwrap();
    let failing = teller
        .told
        .wait_for(|told| told.failing.contains_key(&larm));
    tokio::time::timeout(SOON, failing).await.unwrap().unwrap();
    let heard = async {
        while gateway.heard().is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(SOON, heard).await.unwrap();
    assert_eq!(
        gateway.heard()[0].text(),
        "{\"text\":\"Nattsyn: att åtgärda\"}"
    );
}

#[tokio::test]
async fn a_door_that_cannot_be_opened_yet_holds_nobody_up_and_is_opened_later() {
    let receiver = Receiver::taking().await;
    let taken = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let door = taken.local_addr().unwrap();
    let contact =
        format!("[channel.receiver.contact]\nuri = \"sip:hub@{door}\"\nlisten = \"{door}\"\n");
    let gateway = Fake::http(None, &[Manner::Answers(200)]).await;
    let text = lead(&[receiver.port], &gateway)
        .replace("heartbeat_s = 1\n", &format!("heartbeat_s = 1\n{contact}"));
    let night = Night::new(&text).await;
    let health = night.health(|_| true).await;
    assert!(health[0].failing.is_some(), "{health:?}");
    let _teller = night.teller(&text);
    night.shows(vec![row(1, Cause::NotVisible)]);
    let told = night.tell_rows(1, &[1]).await;
    assert!(matches!(told, Err(TellError::Unreachable(_))), "{told:?}");
    let heard = async {
        while gateway.heard().is_empty() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(SOON, heard).await.unwrap();
    assert!(receiver.alarms().is_empty(), "its reply could not come in");

    drop(taken);
    // By a heartbeat.
    night.health(|health| health[0].failing.is_none()).await;
    night.tell_rows(2, &[1]).await.unwrap();
    assert!(!receiver.alarms().is_empty());
}

#[tokio::test]
async fn two_receivers_that_reply_to_one_door_are_settings_that_cannot_be_used() {
    let contact = "heartbeat_s = 1\n[channel.receiver.contact]\nuri = \"sip:hub@hub.example\"\n\
                   listen = \"127.0.0.1:5070\"\n";
    let text = channel(&[5060, 5061]).replace("heartbeat_s = 1\n", contact);
    let settings: Settings = toml::from_str(&text).unwrap();
    let opened = Receivers::open(&settings, Path::new(""), Clock::machine()).await;
    let error = opened.err().unwrap().to_string();
    assert!(error.contains("receiver 2: [contact]"), "{error}");
}

#[test]
fn an_attempt_is_over_before_the_caller_cuts_it_off() {
    assert!(Patience::default().whole + MARGIN < caller::ATTEMPT_WITHIN);
}

#[tokio::test]
async fn whoever_was_told_hears_of_a_visit_and_of_a_unit_that_is_back_and_of_nothing_else() {
    let receiver = Receiver::taking().await;
    let night = Night::new(&channel(&[receiver.port])).await;
    let causes = [
        Cause::NotVisible,
        Cause::Silent,
        Cause::NoReport,
        Cause::NotVisible,
    ];
    night.shows(
        (1..)
            .zip(causes)
            .map(|(id, cause)| row(id, cause))
            .collect(),
    );
    night.tell_rows(1, &[1, 2, 3]).await.unwrap();
    // The fourth was never told.
    night.ends(4, Ending::Said(Said::Visited));
    night.ends(3, Ending::LateReport);
    night.ends(2, Ending::HeardAgain);
    night.ends(1, Ending::Said(Said::Visited));
    let mut ends = receiver
        .until(|request| said(request).starts_with("RE"), 2)
        .await;
    ends.sort();
    let number = |id: i64| {
        let subject = saying::subject(row(id, Cause::Silent).person.resident);
        subject.controller.as_str().to_owned()
    };
    let expected = [
        format!("RE {} r0000001 0018 0111 -", number(1)),
        format!("RE {} r0000002 0032 0113 -", number(2)),
    ];
    assert_eq!(ends, expected);
}

#[tokio::test]
async fn every_receiver_hears_that_the_hub_works_and_one_that_does_not_answer_is_shown() {
    let (first, second) = (Receiver::taking().await, Receiver::taking().await);
    let night = Night::new(&channel(&[first.port, second.port])).await;
    for receiver in [&first, &second] {
        let beats = receiver
            .until(|request| said(request).starts_with("PI"), 2)
            .await;
        assert_eq!(beats[0], "PI 00012345 - 0045 0070 -");
    }
    second.answers(|_| None);
    let health = night.health(|health| health[1].failing.is_some()).await;
    assert!(health[0].failing.is_none() && health[1].taken.is_some());
    second.answers(|_| Some(0));
    night.health(|health| health[1].failing.is_none()).await;
}

#[tokio::test]
async fn a_test_alarm_is_the_hubs_own_and_about_nobody() {
    let receiver = Receiver::taking().await;
    let night = Night::new(&channel(&[receiver.port])).await;
    night.tell(1, About::Trial(TrialId(1))).await.unwrap();
    let said: Vec<String> = receiver.alarms().iter().map(said).collect();
    assert_eq!(said, ["ME 00012345 - 0031 0102 tillsyn: provlarm"]);
}

#[tokio::test]
async fn before_the_hub_runs_nothing_is_told() {
    let receiver = Receiver::taking().await;
    let settings: Settings = toml::from_str(&channel(&[receiver.port])).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::machine();
    let receivers = Receivers::open_with(&settings, folder.path(), clock, PATIENCE).await;
    let chain = receivers.unwrap().chains.into_values().next().unwrap();
    let told = chain.tell_rows(key(1), &[RowId(1)]).await;
    assert!(matches!(told, Err(TellError::Unmade)), "{told:?}");
}

#[tokio::test]
async fn bad_settings_name_the_channel_the_key_and_the_reason() {
    let good = channel(&[5060]);
    for (from, to, expected) in [
        (
            "00012345\"\n",
            "1234567890123\"\n",
            "\"larm\": cid: 13 digits",
        ),
        (
            "\"00012345\"\n",
            "\"arc\"\n",
            "\"larm\": cid: tag `cid`: only digits",
        ),
        ("udp", "tls", "\"larm\": receiver 1: transport tls needs"),
        (
            "127.0.0.1:5060",
            "127.0.0.1",
            "an address is a host and a port",
        ),
        ("cid =", "sid =", "sid"),
        ("heartbeat_s = 1\n", "heartbeat_s = 0\n", "1 to 86400"),
    ] {
        let text = good.replace(from, to);
        assert_ne!(text, good);
        let folder = tempfile::tempdir().unwrap();
        let error = match toml::from_str::<Settings>(&text) {
            Err(error) => error.to_string(),
            Ok(settings) => {
                let opened = Receivers::open(&settings, folder.path(), Clock::machine()).await;
                opened.err().expect(expected).to_string()
            }
        };
        assert!(error.contains(expected), "{expected}: {error}");
    }
    let four = channel(&[5060, 5060, 5060, 5060]);
    let settings: Settings = toml::from_str(&four).unwrap();
    let opened = Receivers::open(&settings, Path::new(""), Clock::machine()).await;
    let error = opened.err().unwrap().to_string();
    assert!(error.contains("receiver: 1 to 3"), "{error}");
    // Nobody made it ready.
    let settings: Settings = toml::from_str(&good).unwrap();
    let opened = settings.open(Path::new(""), settings::Others::new());
    let error = opened.err().unwrap().to_string();
    assert!(error.contains("notify"), "{error}");
}
