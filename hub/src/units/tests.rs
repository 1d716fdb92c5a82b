//! Units let in, renewed, hung and taken down, over a real ledger and a real authority; and who is
//! not let in.

use std::time::Duration;

use ed25519_dalek::SigningKey;
use rcgen::{CertificateParams, KeyPair};

use nattsyn_protocol::demonstration::{root, root_key};
use nattsyn_protocol::enrolment::{
    Application, ApplicationError, Code, Enrol, Package, Place, Renew, TokenText, fingerprint,
};
use nattsyn_protocol::ids::HomeId;
use nattsyn_protocol::signing::{PublicKey, Signed};

use super::denied::Why;
use super::desk::{Desk, DeskError, Misplaced};
use super::letting_in::{CODE_HOLDS, Directions, Refused};
use super::*;
use crate::audit::{Act, Log, Question};
use crate::certificates::{Authority, UNIT_HOLDS};
use crate::roster::{Home, Resident, Roster};
use crate::store::{UnitError, Units};

#[test]
fn a_unit_goes_from_stock_to_wiped_and_never_back() {
    let mut stage = None;
    for deed in Deed::ALL {
        stage = Some(after(stage, deed).unwrap());
    }
    assert_eq!(stage, Some(Stage::Wiped));
    for deed in Deed::ALL {
        assert!(after(stage, deed).is_err(), "{deed:?} of a wiped unit");
    }
}

#[test]
fn nothing_is_skipped() {
    for (stage, deed) in [
        (None, Deed::Enrolled),
        (Some(Stage::Stock), Deed::Confirmed),
        (Some(Stage::Stock), Deed::Installed),
        (Some(Stage::Enrolled), Deed::Installed),
        (Some(Stage::Enrolled), Deed::Enrolled),
        (Some(Stage::Ready), Deed::Enrolled),
        (Some(Stage::Installed), Deed::Installed),
        (Some(Stage::Installed), Deed::Wiped),
        (Some(Stage::Removed), Deed::Installed),
        (Some(Stage::Removed), Deed::Enrolled),
    ] {
        let refused = after(stage, deed);
        assert_eq!(refused, Err(Illegal { stage, deed }));
    }
}

#[test]
fn only_who_was_let_in_and_not_removed_may_have_certificates() {
    let mut let_in = Vec::new();
    let mut stage = None;
    for deed in Deed::ALL {
        let next = after(stage, deed).unwrap();
        let_in.push(next.is_let_in());
        stage = Some(next);
    }
    let expected = [false, true, true, true, true, true, false, false];
    assert_eq!(let_in, expected);
}

#[test]
fn words_are_read_as_they_are_written() {
    for deed in Deed::ALL {
        assert_eq!(Deed::from_word(deed.word()), Some(deed));
    }
    assert_eq!(Deed::from_word("stolen"), None);
}

const NOON: Timestamp = Timestamp(jiff::Timestamp::constant(1_800_000_000, 0));
const DAY: Duration = Duration::from_secs(24 * 3600);

struct Office {
    folder: tempfile::TempDir,
    desk: Desk,
    anna: Who,
}

/// A unit's own half: keys that it makes itself.
struct Hardware {
    eye: SigningKey,
    voice: KeyPair,
}

impl Hardware {
    fn new(seed: u8) -> Self {
        Self {
            eye: SigningKey::from_bytes(&[seed; 32]),
            voice: KeyPair::generate().unwrap(),
        }
    }

    fn request(key: &KeyPair) -> String {
        let params = CertificateParams::default();
        params.serialize_request(key).unwrap().pem().unwrap()
    }

    fn apply(&self, code: &Code) -> Enrol {
        self.apply_with(code, Self::request(&self.voice))
    }

    fn apply_with(&self, code: &Code, csr: String) -> Enrol {
        let application = Application {
            eye: PublicKey::of(&self.eye),
            csr,
            token: code.token.hash(),
            package: Package::Sensor,
            version: "0.1.0".to_owned(),
        };
        Enrol {
            token: TokenText(code.token),
            application: Signed::seal(&application, &self.eye),
        }
    }

    fn next(&mut self) -> Renew {
        self.voice = KeyPair::generate().unwrap();
        let csr = Self::request(&self.voice);
        Renew { csr }
    }
}

impl Office {
    fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let tls = folder.path().join("tls");
        let authority = Authority::create(&tls, &root_key()).unwrap();
        let place = |port| Place {
            host: "localhost".to_owned(),
            port,
        };
        let directions = Directions {
            door: place(8884),
            broker: place(8883),
            root: authority.root().unwrap(),
            pinned: root(),
        };
        let ledger = folder.path().join("ledger.sqlite");
        Self {
            desk: Desk::new((&ledger, &tls), Some(directions)),
            folder,
            anna: Who::Staff("anna".parse().unwrap()),
        }
    }

    fn units(&self) -> Units {
        Units::open(&self.folder.path().join("ledger.sqlite")).unwrap()
    }

    fn stock(&self) -> UnitId {
        let inventory = Inventory {
            case: "A-17".to_owned(),
            ..Inventory::default()
        };
        self.desk.add(&inventory, (&self.anna, NOON)).unwrap()
    }

    fn code(&self, unit: UnitId) -> Code {
        self.desk.code(unit, (&self.anna, NOON)).unwrap()
    }

    fn let_in(&self, hardware: &Hardware) -> UnitId {
        let unit = self.stock();
        let code = self.code(unit);
        let admission = self.desk.enrol(&hardware.apply(&code), NOON).unwrap();
        assert_eq!(admission.unit, unit);
        unit
    }

    fn confirm(&self, unit: UnitId, typed: &str) -> Result<(), DeskError> {
        self.desk.confirm(unit, typed, (&self.anna, NOON))
    }

    fn say(&self, unit: UnitId, deed: Deed) -> Result<(), DeskError> {
        self.desk.say((unit, deed), "", (&self.anna, NOON))
    }

    fn serial(&self, unit: UnitId) -> String {
        self.units().newest(unit).unwrap().unwrap().serial
    }

    fn refusals(&self) -> Vec<String> {
        let log = Log::open(&self.folder.path().join("ledger.sqlite")).unwrap();
        let rows = log.rows(&Question::default()).unwrap();
        let refused = rows
            .into_iter()
            .filter(|row| row.act == Act::UnitRefused.word());
        refused.map(|row| row.detail).collect()
    }
}

fn home(id: &str, unit: UnitId, eye: PublicKey) -> Home {
    Home {
        id: id.parse().unwrap(),
        address: "Provgatan 1".to_owned(),
        unit,
        eye,
        residents: vec![Resident {
            id: "r0000001".parse().unwrap(),
            name: "Prov Person".to_owned(),
        }],
    }
}

#[test]
fn a_code_lets_one_unit_in_once() {
    let office = Office::open();
    let unit = office.stock();
    let code = office.code(unit);
    let hardware = Hardware::new(1);
    let asked = hardware.apply(&code);
    let admission = office.desk.enrol(&asked, NOON).unwrap();
    assert_eq!(
        (admission.unit, admission.until),
        (unit, NOON.after(UNIT_HOLDS))
    );
    assert!(admission.certificate.matches("BEGIN CERTIFICATE").count() == 2);

    // The answer was lost: the same application gets the same certificate.
    let again = office.desk.enrol(&asked, NOON).unwrap();
    assert_eq!(again, admission);
    // Whoever read the code over a shoulder gets nothing.
    let other = Hardware::new(2).apply(&code);
    assert!(matches!(
        office.desk.enrol(&other, NOON),
        Err(Refused::Used)
    ));
    let (found, steps) = office.desk.sheet(unit).unwrap();
    assert_eq!(found.stage, Stage::Enrolled);
    assert_eq!(found.eye, Some(PublicKey::of(&hardware.eye)));
    let deeds: Vec<_> = steps.iter().map(|step| step.deed).collect();
    assert_eq!(deeds, [Deed::Added, Deed::Enrolled]);
    assert_eq!(steps[0].by, office.anna);
}

#[test]
fn a_code_that_is_guessed_late_or_replaced_lets_nobody_in() {
    let office = Office::open();
    let unit = office.stock();
    let code = office.code(unit);
    let hardware = Hardware::new(1);
    let guessed = Code {
        token: nattsyn_protocol::enrolment::Token::from_random([9; 16]),
        ..code.clone()
    };
    let refused = office.desk.enrol(&hardware.apply(&guessed), NOON);
    assert!(matches!(refused, Err(Refused::UnknownCode)));
    let late = NOON.after(CODE_HOLDS + Duration::from_millis(1));
    let refused = office.desk.enrol(&hardware.apply(&code), late);
    assert!(matches!(refused, Err(Refused::Expired)));
    // A hub whose clock was put back does not make it good again for long.
    let refused = office.desk.enrol(&hardware.apply(&code), NOON.before(DAY));
    assert!(matches!(refused, Err(Refused::Expired)));
    let newer = office.code(unit);
    let refused = office.desk.enrol(&hardware.apply(&code), NOON);
    assert!(matches!(refused, Err(Refused::Replaced)));
    let just = NOON.after(CODE_HOLDS);
    assert!(office.desk.enrol(&hardware.apply(&newer), just).is_ok());
}

#[test]
fn the_book_keeps_no_token() {
    let office = Office::open();
    let code = office.code(office.stock());
    let token = String::from(TokenText(code.token));
    let file = std::fs::read(office.folder.path().join("ledger.sqlite")).unwrap();
    let wal = std::fs::read(office.folder.path().join("ledger.sqlite-wal")).unwrap_or_default();
    let has =
        |file: &[u8], what: &str| file.windows(what.len()).any(|part| part == what.as_bytes());
    assert!(!has(&file, &token) && !has(&wal, &token));
    let hash = code.token.hash();
    assert!(
        has(&file, &hash) || has(&wal, &hash),
        "looked in the wrong place"
    );
}

#[test]
fn nobody_is_let_in_with_somebody_elses_keys() {
    let office = Office::open();
    let first = Hardware::new(1);
    office.let_in(&first);

    // The card was copied: the same eye, another voice.
    let code = office.code(office.stock());
    let copied = Hardware::new(1);
    let refused = office.desk.enrol(&copied.apply(&code), NOON);
    assert!(matches!(refused, Err(Refused::EyeKnown)));
    // The same voice, another eye.
    let other = Hardware::new(2);
    let asked = other.apply_with(&code, Hardware::request(&first.voice));
    let refused = office.desk.enrol(&asked, NOON);
    assert!(matches!(refused, Err(Refused::KeyKnown)));
    // Somebody names an eye that is not theirs.
    let stolen = Enrol {
        application: Signed {
            signature: other.apply(&code).application.signature,
            ..first.apply(&code).application
        },
        token: TokenText(code.token),
    };
    let refused = office.desk.enrol(&stolen, NOON);
    let not_its = ApplicationError::NotTheEyes;
    assert!(matches!(refused, Err(Refused::Application(why)) if why == not_its));
    // None of it used the code up.
    assert!(
        office
            .desk
            .enrol(&Hardware::new(3).apply(&code), NOON)
            .is_ok()
    );
}

#[test]
fn a_unit_hangs_nowhere_before_somebody_typed_its_fingerprint() {
    let office = Office::open();
    let hardware = Hardware::new(1);
    let unit = office.let_in(&hardware);
    let eye = PublicKey::of(&hardware.eye);
    let homes = [home("h0000001", unit, eye)];
    let refused = desk::examine_homes(&office.units(), &homes);
    let stage = Stage::Enrolled;
    let expected = Misplaced::Stage { unit, stage };
    assert!(matches!(refused, Err(DeskError::Misplaced(why)) if why == expected));

    let others = fingerprint(&PublicKey::of(&SigningKey::from_bytes(&[7; 32])));
    let refused = office.confirm(unit, &others);
    assert!(matches!(refused, Err(DeskError::NotItsFingerprint(_))));
    assert_eq!(
        office.refusals(),
        [format!("{unit}: another fingerprint was typed")]
    );
    office
        .confirm(unit, &fingerprint(&eye).to_lowercase())
        .unwrap();
    assert!(desk::examine_homes(&office.units(), &homes).is_ok());
    // Not with another eye, whatever the file says.
    let other = PublicKey::of(&SigningKey::from_bytes(&[7; 32]));
    let refused = desk::examine_homes(&office.units(), &[home("h0000001", unit, other)]);
    assert!(matches!(
        refused,
        Err(DeskError::Misplaced(Misplaced::AnotherEye { .. }))
    ));
}

#[test]
fn what_hangs_in_a_home_goes_to_no_other_and_is_removed_with_it() {
    let office = Office::open();
    let hardware = Hardware::new(1);
    let unit = office.let_in(&hardware);
    let eye = PublicKey::of(&hardware.eye);
    office.confirm(unit, &fingerprint(&eye)).unwrap();
    let first: HomeId = "h0000001".parse().unwrap();
    let roster = Roster::new(vec![home("h0000001", unit, eye)]);
    let by = (&office.anna, NOON);
    for _again in 0..2 {
        desk::follow(&mut office.units(), &roster, by).unwrap();
    }
    let (found, steps) = office.desk.sheet(unit).unwrap();
    assert_eq!((found.stage, found.home), (Stage::Installed, Some(first)));
    assert_eq!(steps.len(), 4, "{steps:?}");

    let refused = desk::examine_homes(&office.units(), &[home("h0000002", unit, eye)]);
    let expected = Misplaced::Elsewhere { unit, home: first };
    assert!(matches!(refused, Err(DeskError::Misplaced(why)) if why == expected));

    let serial = office.serial(unit);
    assert_eq!(office.units().denied(NOON).unwrap().why(&serial), None);
    // A file in which the home is missing shuts nobody out, and the home can come back.
    desk::follow(&mut office.units(), &Roster::default(), by).unwrap();
    assert_eq!(office.desk.sheet(unit).unwrap().0.stage, Stage::Installed);
    assert!(desk::examine_homes(&office.units(), &[home("h0000001", unit, eye)]).is_ok());
    // Another in its place does.
    let other = PublicKey::of(&SigningKey::from_bytes(&[9; 32]));
    let roster = Roster::new(vec![home("h0000001", "u0000009".parse().unwrap(), other)]);
    desk::follow(&mut office.units(), &roster, by).unwrap();
    assert_eq!(office.desk.sheet(unit).unwrap().0.stage, Stage::Removed);
    let denied = office.units().denied(NOON).unwrap();
    assert_eq!(denied.why(&serial), Some(Why::Removed));
    // Its time is over in any case: the list stays short.
    assert_eq!(
        office
            .units()
            .denied(NOON.after(UNIT_HOLDS))
            .unwrap()
            .why(&serial),
        None
    );
}

#[test]
fn a_removed_unit_gets_nothing_any_more() {
    let office = Office::open();
    let mut hardware = Hardware::new(1);
    let unit = office.let_in(&hardware);
    let serial = office.serial(unit);
    office.say(unit, Deed::Removed).unwrap();
    let refused = office.desk.renew((unit, &serial), &hardware.next(), NOON);
    assert!(matches!(refused, Err(Refused::Denied)));
    let refused = office.desk.code(unit, (&office.anna, NOON));
    let stage = Some(Stage::Removed);
    let illegal = Illegal {
        stage,
        deed: Deed::Enrolled,
    };
    assert!(matches!(refused, Err(DeskError::Unit(UnitError::Illegal(why))) if why == illegal));
    assert!(office.say(unit, Deed::Mended).is_err());
    let second = office.stock();
    let asked = Hardware::new(5).apply(&office.code(second));
    office.desk.enrol(&asked, NOON).unwrap();
    office.say(second, Deed::Removed).unwrap();
    let again = office.desk.enrol(&asked, NOON);
    assert!(matches!(again, Err(Refused::Stage(Some(Stage::Removed)))));
    office.say(unit, Deed::Wiped).unwrap();
    // The same hardware, wiped: new keys, another id.
    assert_ne!(office.let_in(&Hardware::new(2)), unit);
}

#[test]
fn a_certificate_is_renewed_for_a_new_key_and_the_older_ends_a_day_after_the_new_was_used() {
    let office = Office::open();
    let mut hardware = Hardware::new(1);
    let unit = office.let_in(&hardware);
    let first = office.serial(unit);
    let same = Renew {
        csr: Hardware::request(&hardware.voice),
    };
    let refused = office.desk.renew((unit, &first), &same, NOON);
    assert!(matches!(refused, Err(Refused::KeyKnown)));
    let renewed = NOON.after(10 * DAY);
    let next = office
        .desk
        .renew((unit, &first), &hardware.next(), renewed)
        .unwrap();
    assert_eq!(next.until, renewed.after(UNIT_HOLDS));
    let second = office.serial(unit);
    assert_ne!(second, first);

    // Nobody has seen the new one in use: the unit may never have got it.
    let much_later = renewed.after(5 * DAY);
    assert_eq!(
        office
            .units()
            .supersede(much_later.before(DAY), much_later)
            .unwrap(),
        0
    );
    office.units().note_use(&second, much_later).unwrap();
    office
        .units()
        .note_use(&second, much_later.after(9 * DAY))
        .unwrap();
    let soon = much_later.after(DAY / 2);
    assert_eq!(office.units().supersede(soon.before(DAY), soon).unwrap(), 0);
    let then = much_later.after(DAY);
    assert_eq!(office.units().supersede(then.before(DAY), then).unwrap(), 1);
    let denied = office.units().denied(then).unwrap();
    assert_eq!(
        (denied.why(&first), denied.why(&second)),
        (Some(Why::Superseded), None)
    );
    // Who comes with the older one has a copy.
    let refused = office.desk.renew((unit, &first), &hardware.next(), then);
    assert!(matches!(refused, Err(Refused::Denied)));
    assert!(
        office
            .desk
            .renew((unit, &second), &hardware.next(), then)
            .is_ok()
    );
}

#[test]
fn nobody_renews_with_a_certificate_of_another_unit() {
    let office = Office::open();
    let (mut first, second) = (Hardware::new(1), Hardware::new(2));
    let (a, b) = (office.let_in(&first), office.let_in(&second));
    let serial = office.serial(b);
    let refused = office.desk.renew((a, &serial), &first.next(), NOON);
    assert!(matches!(refused, Err(Refused::Stranger)));
    let refused = office.desk.renew((a, "00"), &first.next(), NOON);
    assert!(matches!(refused, Err(Refused::Stranger)));
}
