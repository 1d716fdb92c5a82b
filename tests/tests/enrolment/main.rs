//! A unit is let in by a code, by keys of its own, and cut off when it is taken down: the real hub
//! with its broker and its door, the real `nattsyn-enrol`, eye and voice, and a technician with a
//! phone. And whoever comes with a code that was used, guessed or too old, with another hub in
//! between, with a copied card or under another's name is refused, and it is written down.

#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

mod house;
mod page;

use std::process::Command;
use std::time::Duration;

use nattsyn_hub::store::Units;
use nattsyn_hub::units::keeper::OLDER_HOLDS;
use nattsyn_hub::units::letting_in::CODE_HOLDS;
use nattsyn_hub::units::{Deed, Stage};
use nattsyn_protocol::enrolment::{Code, Token};
use nattsyn_protocol::ids::UnitId;
use nattsyn_protocol::signing::PublicKey;
use nattsyn_tests::served::serve_until_killed;

use house::{Card, Town, now, until};

const DAY: Duration = Duration::from_secs(24 * 3600);

/// Not a test: the process that the others start.
#[test]
#[ignore = "the hub's own process, started by the tests here"]
fn the_hub_that_lets_units_in() {
    serve_until_killed();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_unit_is_let_in_hangs_in_a_home_gets_its_plan_and_is_cut_off_when_it_is_removed() {
    let town = Town::since(now()).await;
    let unit = town.stock();
    let code = town.code(unit);
    let card = town.card("unit");
    card.staged();
    let said = card.by_code(&code).unwrap();
    assert!(said.contains(&unit.to_string()), "{said}");
    let eye = std::fs::read_to_string(card.0.join("etc/eye.toml")).unwrap();
    assert!(
        eye.contains("This home's picture") && eye.contains("stage.json"),
        "{eye}"
    );
    assert!(eye.contains(&unit.to_string()), "{eye}");
    let again = card.by_code(&code).unwrap_err();
    assert!(again.contains("this unit is enrolled"), "{again}");

    // Whoever has the unit before them types what it shows.
    let shown = String::from_utf8(card.enrol(&["show"]).stdout).unwrap();
    let print = shown.trim().rsplit(' ').next().unwrap();
    town.desk.confirm(unit, print, town.by()).unwrap();

    town.enrol_home(&unit.to_string(), "");
    assert_eq!(town.stage(unit), Stage::Installed);

    let running = card.unit();
    let state = card.0.join("voice/state");
    let has_plan = || {
        let files = std::fs::read_dir(&state).into_iter().flatten().flatten();
        let mut texts = files.filter_map(|file| std::fs::read(file.path()).ok());
        texts.any(|text| {
            text.windows(9)
                .any(|part| part == b"r0000001\\" || part == b"r0000001\"")
        })
    };
    assert!(until(has_plan), "no plan came");

    town.desk.say((unit, Deed::Removed), "", town.by()).unwrap();
    town.await_refusal(&format!("{unit}: removed"));
    drop(running);
    let refused = card.enrol(&["wipe"]);
    assert!(!refused.status.success(), "wiped without a word");
    assert!(card.enrol(&["wipe", "--yes"]).status.success());
    let left = std::fs::read_dir(card.0.join("eye")).unwrap().count()
        + std::fs::read_dir(card.0.join("voice")).unwrap().count()
        + std::fs::read_dir(card.0.join("etc")).unwrap().count();
    assert_eq!(left, 0);
    town.desk.say((unit, Deed::Wiped), "", town.by()).unwrap();
    // Wiped, it can be let in anew, under another id.
    let next = town.stock();
    card.by_code(&town.code(next)).unwrap();
    assert_eq!(town.stage(next), Stage::Enrolled);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_may_not_come_in_is_refused_and_it_is_written_down() {
    let town = Town::since(now()).await;
    let code = town.code(town.stock());
    let card = town.card("first");
    card.by_code(&code).unwrap();

    let stolen = town.card("thief").by_code(&code).unwrap_err();
    assert!(stolen.contains("this code has been used"), "{stolen}");
    town.await_refusal("this code has been used");

    let second = town.stock();
    let code = town.code(second);
    let guessed = Code {
        token: Token::from_random([0; 16]),
        ..code.clone()
    };
    let refused = town.card("guesser").by_code(&guessed).unwrap_err();
    assert!(refused.contains("not known here"), "{refused}");
    town.await_refusal("not known here");

    // Somebody stands between, with a certificate of another root: the unit says nothing to them.
    let other = ed25519_dalek::SigningKey::from_bytes(&[9; 32]);
    let elsewhere = Code {
        root: PublicKey::of(&other),
        ..code.clone()
    };
    let refused = town.card("victim").by_code(&elsewhere).unwrap_err();
    assert!(
        refused.contains("is not the hub that the code names"),
        "{refused}"
    );
    assert_eq!(town.stage(second), Stage::Stock);

    town.dial
        .turn_to(town.dial.now().after(CODE_HOLDS + DAY / 1000));
    let refused = town.card("late").by_code(&code).unwrap_err();
    assert!(refused.contains("too old"), "{refused}");
    town.await_refusal("too old");
    assert_eq!(town.stage(second), Stage::Stock);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_certificate_is_renewed_and_a_copy_of_the_older_is_worth_nothing_a_day_later() {
    // Certificates are judged by the machine's own clock: it is the past that is played.
    let town = Town::since(now().before(12 * DAY)).await;
    let unit = town.stock();
    let card = town.card("unit");
    card.by_code(&town.code(unit)).unwrap();
    let first = card.certificate();
    let copy = town.card("copy");
    let copied = Command::new("cp")
        .arg("-r")
        .args([&card.0, &copy.0])
        .status();
    assert!(copied.unwrap().success());
    let settings = copy.0.join("etc/voice.toml");
    let text = std::fs::read_to_string(&settings).unwrap();
    let (from, to) = (card.0.display().to_string(), copy.0.display().to_string());
    std::fs::write(&settings, text.replace(&from, &to)).unwrap();

    town.dial.turn_to(now());
    let said = card.enrol(&["renew"]);
    assert!(said.status.success(), "{said:?}");
    let second = card.certificate();
    assert_ne!(second, first);
    let again = card.enrol(&["renew"]);
    assert!(
        again.status.success() && card.certificate() == second,
        "not due yet"
    );

    let voice = card.voice();
    let mut units = Units::open(&town.layout().ledger()).unwrap();
    let later = || town.dial.now().after(OLDER_HOLDS);
    // The new one is in use; the older holds for a day more.
    let is_used = || units.supersede(later(), town.dial.now()).unwrap() > 0;
    assert!(until(is_used), "the voice does not use the new one");
    drop(voice);
    town.await_copy_refused(&copy, unit);
}

impl Town {
    /// The hub has heard that the older certificate holds no more, at both its doors.
    fn await_copy_refused(&self, copy: &Card, unit: UnitId) {
        let said = copy.enrol(&["renew"]);
        let why = String::from_utf8_lossy(&said.stderr).into_owned();
        assert!(why.contains("holds no more"), "{why}");
        self.await_refusal("holds no more");
        let _voice = copy.voice();
        self.await_refusal(&format!("{unit}: superseded"));
    }
}
