//! The hub whole: a real broker over TLS, a real ledger in a folder, and clients that act as
//! units, at a time that stands nearly still until a test lets it run.
//!
//! Rooms, eyes and the page are not here; `tests/tests/night.rs` has all of them.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on says where by panicking"
)]

mod town;

use std::sync::Arc;
use std::time::Duration;

use ed25519_dalek::SigningKey;
use rumqttc::v5::mqttbytes::QoS;
use tokio::time::timeout;

use nattsyn_hub::certificates::Authority;
use nattsyn_hub::enrolment::{Homes, enrol};
use nattsyn_hub::ingest::DropKind;
use nattsyn_hub::view::{Cause, CheckRow, Ending, Standing, Tonight};
use nattsyn_protocol::demonstration;
use nattsyn_protocol::finding::Finding;
use nattsyn_protocol::heartbeat::{EyeState, Heartbeat};
use nattsyn_protocol::hello::{HeldPlan, Hello};
use nattsyn_protocol::ids::WindowKey;
use nattsyn_protocol::plan::Plan;
use nattsyn_protocol::schedule::checks_of;
use nattsyn_protocol::signing::Signed;
use nattsyn_protocol::time::Timestamp;
use nattsyn_protocol::topics::{Channel, Topic};
use nattsyn_protocol::wire;

use town::{Pipe, SOON, STANDSTILL, Town, eye, home, idle, night, plan};

fn first(tonight: &Tonight) -> &CheckRow {
    &tonight.checks[0]
}

fn is_visible(tonight: &Tonight) -> bool {
    matches!(first(tonight).standing, Standing::Visible { .. })
}

#[tokio::test]
async fn a_hello_is_answered_with_a_plan_that_the_root_stands_behind() {
    let town = Town::new().await;
    let plan = town
        .unit(1)
        .await
        .met()
        .await
        .open(&demonstration::root())
        .unwrap();
    assert_eq!(
        plan,
        Plan {
            version: 1,
            ..town.plan.clone()
        }
    );
}

#[tokio::test]
async fn a_hello_that_asks_for_nothing_new_is_answered_all_the_same() {
    let town = Town::new().await;
    let mut unit = town.unit(1).await;
    let held = HeldPlan {
        resident: unit
            .met()
            .await
            .open(&demonstration::root())
            .unwrap()
            .resident,
        version: 1,
    };
    let hello = Hello {
        unit: unit.id,
        software: "test".to_owned(),
        plans: vec![held],
        waiting: 0,
        eye: None,
    };
    unit.say(Channel::Hello, wire::encode(&hello)).await;
    unit.answered().await;
}

#[tokio::test]
async fn a_unit_whose_connection_outlived_the_hub_is_sent_what_was_agreed_meanwhile() {
    let mut town = Town::new().await;
    let mut unit = town.unit(1).await;
    unit.met().await;
    town.hub = None;
    town.start();
    let beat = Heartbeat {
        at_ms: town.clock.now().timestamp,
        sequence: 1,
        eye: EyeState::Ready,
        waiting: 0,
    };
    let sent = async {
        loop {
            // Until the new hub listens, nobody hears them.
            unit.say(Channel::Heartbeat, wire::encode(&beat)).await;
            let soon = Duration::from_millis(200);
            if let Ok(heard) = timeout(soon, unit.heard.recv()).await {
                return heard.unwrap().0;
            }
        }
    };
    assert_eq!(timeout(SOON, sent).await, Ok(Channel::Plan));
    // Once: a further heartbeat is no further question.
    unit.say(Channel::Heartbeat, wire::encode(&beat)).await;
    unit.hello().await;
    assert_eq!(unit.hear().await.0, Channel::Plan);
    unit.answered().await;
}

#[tokio::test]
async fn a_report_is_shown_and_acknowledged_and_its_repetition_only_acknowledged() {
    let mut town = Town::new().await;
    let mut unit = town.unit(1).await;
    unit.met().await;
    let report = town.report(1, Finding::Visible);
    unit.report(&report).await;
    unit.acknowledged(&report).await;
    let shown = town.shows(|tonight| is_visible(tonight)).await;
    assert_eq!(first(&shown).looks.len(), 1);
    unit.report(&report).await;
    unit.acknowledged(&report).await;
    assert_eq!(first(&town.hub().tonight.borrow().clone()).looks.len(), 1);

    town.hub.take().unwrap().stop().await.unwrap();
}

#[tokio::test]
async fn what_cannot_be_believed_is_counted_and_stops_nothing() {
    let mut town = Town::new().await;
    let (mut unit, other) = (town.unit(1).await, town.unit(2).await);
    let stranger = town.unit(9).await;
    unit.met().await;
    let report = town.report(1, Finding::Visible);
    let body = wire::encode(&Signed::seal(&report, &eye()));
    let beat = Heartbeat {
        at_ms: Timestamp::from_ms(0).unwrap(),
        sequence: 1,
        eye: EyeState::Ready,
        waiting: 0,
    };

    for garbage in ["", "{", "null", "{\"v\":1}", "\u{0}\u{1}"] {
        unit.say(Channel::Report, garbage.into()).await;
    }
    unit.say(Channel::Hello, vec![0xff, 0xfe]).await;
    unit.say(Channel::Report, vec![b'['; wire::BODY_MAX + 1])
        .await;
    unit.say(Channel::Heartbeat, b"{\"v\":2,\"t\":0}".to_vec())
        .await;
    // The right body, signed by another eye, and with a signature too few.
    let forged = Signed::seal(&report, &SigningKey::from_bytes(&[4; 32]));
    unit.say(Channel::Report, wire::encode(&forged)).await;
    let unsigned = Signed {
        signature: String::new(),
        ..forged
    };
    unit.say(Channel::Report, wire::encode(&unsigned)).await;
    // One home's report on another's topic, and a hello in another's name.
    other.say(Channel::Report, body.clone()).await;
    let hello = Hello {
        unit: unit.id,
        software: String::new(),
        plans: Vec::new(),
        waiting: 0,
        eye: None,
    };
    other.say(Channel::Hello, wire::encode(&hello)).await;
    // A unit with a certificate that nobody enrolled.
    stranger.say(Channel::Heartbeat, wire::encode(&beat)).await;

    let expected = [
        (DropKind::Unreadable, 6),
        (DropKind::TooLarge, 1),
        (DropKind::UnknownVersion, 1),
        (DropKind::WrongSignature, 3),
        (DropKind::AnotherUnit, 1),
        (DropKind::UnknownUnit, 1),
        (DropKind::ForeignTopic, 0),
    ];
    let total: u64 = expected.iter().map(|(_, count)| count).sum();
    let drops = Arc::clone(&town.hub().drops);
    let all = async {
        while drops.total() < total {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(SOON, all).await.expect("everything is counted");
    for (kind, count) in expected {
        assert_eq!(drops.of(kind), count, "{}", kind.word());
    }
    assert_eq!(
        first(&town.hub().tonight.borrow().clone()).standing,
        Standing::Ongoing
    );

    unit.report(&report).await;
    unit.acknowledged(&report).await;
    town.shows(|tonight| is_visible(tonight)).await;
}

#[tokio::test]
async fn a_report_of_no_check_is_kept_and_acknowledged() {
    let town = Town::new().await;
    let mut unit = town.unit(1).await;
    unit.met().await;
    let mut report = town.report(5, Finding::Visible);
    report.check.window = WindowKey(200);
    unit.report(&report).await;
    unit.acknowledged(&report).await;
}

#[tokio::test]
async fn a_check_that_nobody_reports_is_an_exception_before_its_deadline() {
    let mut town = Town::new().await;
    town.standstill = None;
    let shown = town.shows(|tonight| tonight.open.len() == 2).await;
    let (row, check) = (&shown.open[0], first(&shown));
    assert!(row.opened < check.deadline, "{row:?}");
    assert_eq!(row.cause, Cause::Silent);
    town.shows(|tonight| {
        first(tonight).standing
            == Standing::Exception {
                cause: Cause::Silent,
            }
            && tonight.now < first(tonight).deadline
    })
    .await;
}

#[tokio::test]
async fn a_hub_that_crashes_at_night_forgets_nothing_and_asks_first_thing() {
    let mut town = Town::new().await;
    let mut unit = town.unit(1).await;
    unit.met().await;
    let seen = town.report(1, Finding::Visible);
    unit.report(&seen).await;
    unit.acknowledged(&seen).await;
    // Aborted, not stopped: nothing is closed or written.
    town.hub = None;
    let deadline = checks_of(&town.plan, night()).unwrap()[0].deadline;
    let down = tokio::spawn(idle(town.hub_clock.clone()));
    town.standstill = None;
    while town.clock.now().timestamp < deadline {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    town.standstill = Some(town.clock.hold(STANDSTILL));
    down.abort();
    town.start();

    let first_word = town.hub().tonight.borrow().clone();
    assert!(is_visible(&first_word));
    assert_eq!(first_word.open.len(), 1);
    assert_eq!(first_word.open[0].cause, Cause::NoReport);
    assert_eq!(first_word.open[0].person.name, "Namn 2");
}

#[tokio::test]
async fn a_report_that_comes_late_ends_its_exception() {
    let mut town = Town::new().await;
    town.standstill = None;
    town.shows(|tonight| matches!(first(tonight).standing, Standing::Exception { .. }))
        .await;
    town.standstill = Some(town.clock.hold(STANDSTILL));
    let mut unit = town.unit(1).await;
    let report = town.report(1, Finding::Visible);
    unit.report(&report).await;
    unit.acknowledged(&report).await;
    let shown = town
        .shows(|tonight| matches!(first(tonight).standing, Standing::VisibleLate { .. }))
        .await;
    assert_eq!(
        shown.closed[0].ended.map(|(_, ending)| ending),
        Some(Ending::LateReport)
    );
}

#[tokio::test]
async fn homes_that_are_enrolled_while_the_hub_runs_are_watched_and_sent_their_plans() {
    let mut town = Town::new().await;
    let mut unit = town.unit(3).await;
    let homes = vec![home(1), home(2), home(3)];
    let mut plans: Vec<Plan> = homes.iter().map(plan).collect();
    plans[2].windows[0].from = "23:30".parse().unwrap();
    plans[2].windows[0].to = "23:59".parse().unwrap();
    let now = town.clock.now().timestamp;
    let homes = Homes {
        homes,
        plans,
        ..Homes::default()
    };
    enrol(&mut town.store(), &homes, &town.keys, now).unwrap();
    town.standstill = None;
    let shown = town.shows(|tonight| tonight.homes.len() == 3).await;
    assert_eq!(shown.checks.len(), 3);
    assert_eq!(unit.hear().await.0, Channel::Plan);
}

#[tokio::test]
#[ignore = "needs mosquitto, from Debian's package of that name"]
async fn mosquitto_as_shipped_serves_as_well_and_keeps_units_apart() {
    let folder = tempfile::tempdir().unwrap();
    let authority =
        Authority::create(folder.path(), &nattsyn_protocol::demonstration::root_key()).unwrap();
    authority.issue_server(&[], folder.path()).unwrap();
    let list = authority
        .list(&[], Timestamp::from_ms(1_700_000_000_000).unwrap())
        .unwrap();
    std::fs::write(folder.path().join("denied.crl"), list).unwrap();
    let broker = Pipe::mosquitto(folder.path()).await;
    let mut town = Town::around(folder, authority, broker);
    let (mut unit, mut other) = (town.unit(1).await, town.unit(2).await);
    unit.met().await;
    other.met().await;

    // Neither in the other's name nor to the other: what follows is the first that is heard.
    let stolen = Topic {
        unit: unit.id,
        channel: Channel::Hello,
    }
    .to_string();
    other
        .client
        .publish(stolen, QoS::AtLeastOnce, false, "forged")
        .await
        .unwrap();
    other
        .client
        .subscribe(Topic::down_filter(unit.id), QoS::AtLeastOnce)
        .await
        .unwrap();
    let report = town.report(1, Finding::Visible);
    unit.report(&report).await;
    unit.acknowledged(&report).await;
    town.shows(|tonight| is_visible(tonight)).await;
    other.hello().await;
    assert_eq!(other.hear().await.0, Channel::Plan);
    assert_eq!(town.hub().drops.total(), 0);
}
