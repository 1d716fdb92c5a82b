//! Roles, training and the roster, in a real file.

use nattsyn_protocol::demonstration;

use super::keys::{id, office, registered};
use super::*;
use crate::audit::Log;
use crate::staff::ending::{Managed, Runs};
use crate::staff::roster::{self, SignedRoster};
use crate::staff::{Missing, Permission, Rights, Role, Roles, RosterError};

fn may(rights: &Rights) -> Result<u32, Missing> {
    let standing = rights.standing(&id("natt-001")).unwrap();
    let now = at(10);
    standing.live_view(now).map(|line| line.operator.roster)
}

fn signed(rights: &Rights, at: Timestamp) -> SignedRoster {
    let unsigned = roster::export(rights, at, &id("admin-1")).unwrap();
    roster::sign(&unsigned, &demonstration::root_key())
}

fn import(rights: &Rights, roster: &SignedRoster) -> Result<(), RosterError> {
    let by = id("admin-1");
    roster::import(rights, roster, &demonstration::root(), (&by, at(5)))
}

const TRAINED: [&str; 7] = [
    "trained",
    "--id",
    "natt-001",
    "--day",
    "2027-01-10",
    "--by",
    "chef-001",
];

#[test]
fn looking_asks_for_role_training_key_and_a_line_that_the_root_signed() {
    let (_folder, mut register, rights) = office();
    assert_eq!(may(&rights), Err(Missing::Training));
    command(&mut register, &TRAINED).unwrap();
    assert_eq!(may(&rights), Err(Missing::Key));
    registered(&rights, "natt-001", 7);
    assert_eq!(may(&rights), Err(Missing::Line));
    import(&rights, &signed(&rights, at(2))).unwrap();
    assert_eq!(may(&rights), Ok(1));
    let standing = rights.standing(&id("natt-001")).unwrap();
    let day = |days: i64| at(days * 24 * 3600);
    assert!(standing.live_view(day(89)).is_ok());
    assert_eq!(standing.live_view(day(91)).err(), Some(Missing::FreshLine));
    assert_eq!(
        standing.live_view(day(400)).err(),
        Some(Missing::FreshTraining)
    );
    command(
        &mut register,
        &[
            "role",
            "take",
            "--id",
            "natt-001",
            "--role",
            "night_staff",
            "--by",
            "chef-001",
        ],
    )
    .unwrap();
    assert_eq!(
        may(&rights),
        Err(Missing::Role(Permission::LiveView)),
        "a role taken away holds at once, whatever the roster says"
    );
}

#[test]
fn whoever_left_or_lost_the_role_is_not_in_the_next_roster() {
    let (_folder, mut register, rights) = office();
    command(&mut register, &TRAINED).unwrap();
    registered(&rights, "natt-001", 7);
    let mut other = ADD;
    (other[2], other[4]) = ("natt-002", "Annan Påhittson");
    command(&mut register, &other).unwrap();
    let mut trained = TRAINED;
    trained[2] = "natt-002";
    command(&mut register, &trained).unwrap();
    registered(&rights, "natt-002", 8);
    let first = signed(&rights, at(2));
    assert_eq!((first.roster, first.lines.len()), (1, 2));
    import(&rights, &first).unwrap();
    command(
        &mut register,
        &["leave", "--id", "natt-001", "--by", "admin-1"],
    )
    .unwrap();
    assert!(
        may(&rights).is_err(),
        "their line is gone before any roster"
    );
    let second = signed(&rights, at(3));
    assert_eq!((second.roster, second.lines.len()), (2, 1));
    assert!(!second.lines[0].body.contains("natt-001"));
    import(&rights, &second).unwrap();
    let older = import(&rights, &first).unwrap_err().to_string();
    assert!(
        older.contains("inte högre än 2") || older.contains("registrerad"),
        "{older}"
    );
}

#[test]
fn a_roster_that_the_root_did_not_sign_or_of_unknown_keys_is_not_taken() {
    let (_folder, mut register, rights) = office();
    command(&mut register, &TRAINED).unwrap();
    registered(&rights, "natt-001", 7);
    let good = signed(&rights, at(2));
    let unsigned = roster::export(&rights, at(2), &id("admin-1")).unwrap();
    let other_root = ed25519_dalek::SigningKey::from_bytes(&[9; 32]);
    let foreign = roster::sign(&unsigned, &other_root);
    assert!(matches!(
        import(&rights, &foreign),
        Err(RosterError::NotSigned { line: 1, .. })
    ));
    let mut renumbered = good.clone();
    renumbered.roster = 9;
    assert!(matches!(
        import(&rights, &renumbered),
        Err(RosterError::AnotherRoster { .. })
    ));
    let mut strange = unsigned.clone();
    strange.lines[0].key.0[1] ^= 1;
    let strange = roster::sign(&strange, &demonstration::root_key());
    assert!(matches!(
        import(&rights, &strange),
        Err(RosterError::UnknownKey { line: 1, .. })
    ));
    assert_eq!(
        may(&rights),
        Err(Missing::Line),
        "nothing of them was taken"
    );
    import(&rights, &good).unwrap();
    let again = import(&rights, &good).unwrap_err();
    assert!(matches!(
        again,
        RosterError::NotNewer { roster: 1, held: 1 }
    ));
}

#[test]
fn a_roster_goes_to_the_root_and_back_by_files() {
    let (folder, mut register, rights) = office();
    command(&mut register, &TRAINED).unwrap();
    registered(&rights, "natt-001", 7);
    let file = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let seed: String = demonstration::root_key()
        .to_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    std::fs::write(file("root.seed"), seed).unwrap();
    std::fs::create_dir(folder.path().join("keys")).unwrap();
    let public = demonstration::root().to_string();
    std::fs::write(folder.path().join("keys/root.pub"), public).unwrap();
    let said = command(
        &mut register,
        &["roster", "export", "--to", &file("next"), "--by", "admin-1"],
    )
    .unwrap();
    assert!(
        said.contains("Roster 1:") && said.contains("natt-001\t"),
        "{said}"
    );
    assert!(
        !said.contains("Påhittson"),
        "no name leaves with a roster: {said}"
    );
    let (root, next, ready) = (file("root.seed"), file("next"), file("signed"));
    let sign = [
        "roster", "sign", "--root", &root, "--roster", &next, "--to", &ready,
    ];
    command(&mut register, &sign).unwrap();
    let import = ["roster", "import", "--roster", &ready, "--by", "admin-1"];
    command(&mut register, &import).unwrap();
    let shown = command(&mut register, &["roster", "show"]).unwrap();
    assert!(shown.starts_with("1\tnatt-001\t"), "{shown}");
    assert_eq!(may(&rights), Ok(1));
    let wrong = command(
        &mut register,
        &["roster", "import", "--roster", &root, "--by", "admin-1"],
    );
    let wrong = wrong.unwrap_err().to_string();
    assert!(wrong.contains("root.seed: ingen roster"), "{wrong}");
}

#[test]
fn whoever_comes_back_has_what_they_are_given_then() {
    let (_folder, mut register, rights) = office();
    let leave = ["leave", "--id", "natt-001", "--by", "admin-1"];
    command(&mut register, &leave).unwrap();
    let mut back = ADD.to_vec();
    back.extend(["--role", "technician", "--role", "super-user"]);
    command(&mut register, &back).unwrap();
    let roles = rights.standing(&id("natt-001")).unwrap().roles();
    let expected: Roles = [Role::Technician, Role::SuperUser].into_iter().collect();
    assert_eq!(roles, expected);
}

#[test]
fn what_is_done_with_staff_is_in_the_log_without_a_name() {
    let (folder, mut register, rights) = office();
    command(&mut register, &TRAINED).unwrap();
    registered(&rights, "natt-001", 7);
    import(&rights, &signed(&rights, at(2))).unwrap();
    command(
        &mut register,
        &["pin", "--id", "natt-001", "--by", "admin-1"],
    )
    .unwrap();
    let log = Log::open(&folder.path().join("ledger.sqlite")).unwrap();
    let rows = log.rows(&crate::audit::Question::default()).unwrap();
    let acts: Vec<&str> = rows.iter().rev().map(|row| row.act.as_str()).collect();
    let expected = [
        "staff_added",
        "role_given",
        "training_recorded",
        "key_added",
        "roster_exported",
        "roster_imported",
        "pin_given",
    ];
    assert_eq!(acts, expected);
    assert!(rows.iter().all(|row| !row.detail.contains("Påhittson")));
    log.verify(&[]).unwrap();
}

#[test]
fn nobody_who_could_sign_in_is_shut_out_by_roles() {
    let folder = tempfile::tempdir().unwrap();
    let ledger = folder.path().join("ledger.sqlite");
    let by_hand = Connection::open(&ledger).unwrap();
    by_hand.execute_batch(&crate::store::schema_of(13)).unwrap();
    by_hand
        .execute_batch(
            "INSERT INTO staff (staff, event, name, pin, at_ms, made_by) VALUES
                 ('natt-001', 'added', 'Vakna Påhittson', '$argon2id$', 1, 'admin-1'),
                 ('natt-002', 'added', 'Annan Påhittson', '$argon2id$', 1, 'admin-1'),
                 ('natt-002', 'left', 'Annan Påhittson', NULL, 2, 'admin-1');",
        )
        .unwrap();
    drop(by_hand);
    let roles = |id_: &str| {
        let rights = Rights::open(&ledger).unwrap();
        rights.standing(&id(id_)).unwrap().roles()
    };
    let night: Roles = [Role::NightStaff].into_iter().collect();
    assert_eq!((roles("natt-001"), roles("natt-002")), (night, Roles::NONE));
}

#[test]
fn a_demonstrations_worker_may_look_as_soon_as_they_have_a_key() {
    let (folder, _register) = register();
    let anybody = id("anybody");
    let rights = Rights::open(&folder.path().join("ledger.sqlite")).unwrap();
    let rights = rights.at(Some(super::keys::party()));
    let rights = rights.of_a_demonstration(&anybody, at(0)).unwrap();
    registered(&rights, "anybody", 7);
    let standing = rights.standing(&anybody).unwrap();
    let line = standing.live_view(at(2)).unwrap();
    let operator =
        nattsyn_protocol::assertion::Operator::open(&line.signed, &demonstration::root());
    assert_eq!(operator.unwrap(), line.operator);
    registered(&rights, "anybody", 8);
    let standing = rights.standing(&anybody).unwrap();
    assert_eq!(standing.live_view(at(2)).unwrap().operator.roster, 2);
}

#[test]
fn what_ends_is_said_a_fortnight_before_and_a_fortnight_after() {
    let (_folder, mut register, rights) = office();
    let day = |days: i64| at(days * 24 * 3600);
    let ends = |rights: &Rights, days| {
        let found = rights.endings(day(days)).unwrap().into_iter();
        let found = found.map(|ending| (ending.member.id.to_string(), ending.end.what));
        found.collect::<Vec<_>>()
    };
    assert_eq!(
        ends(&rights, 1000),
        [],
        "of whoever never had it nothing ends"
    );
    command(&mut register, &TRAINED).unwrap();
    registered(&rights, "natt-001", 7);
    import(&rights, &signed(&rights, at(2))).unwrap();
    let who = || "natt-001".to_owned();
    assert_eq!(ends(&rights, 75), []);
    assert_eq!(ends(&rights, 77), [(who(), Runs::Line)]);
    assert_eq!(ends(&rights, 91), [(who(), Runs::Line)]);
    assert_eq!(ends(&rights, 103), [(who(), Runs::Line)]);
    assert_eq!(ends(&rights, 105), [], "nobody reads it for ever");
    assert_eq!(ends(&rights, 344), []);
    assert_eq!(ends(&rights, 346), [(who(), Runs::Training)]);
    // Only whoever may look has anything that ends.
    let take = ["role", "take", "--id", "natt-001", "--role", "night_staff"];
    command(&mut register, &[&take[..], &["--by", "chef-001"]].concat()).unwrap();
    assert_eq!(ends(&rights, 346), []);
}

#[test]
fn that_nobody_answers_for_access_is_known_until_somebody_does() {
    let (_folder, mut register, rights) = office();
    assert_eq!(rights.managed().unwrap(), Managed::ByNobody);
    let mut give = |role| {
        let give = ["role", "give", "--id", "natt-001", "--role", role];
        command(&mut register, &[&give[..], &["--by", "admin-1"]].concat()).unwrap();
        rights.managed().unwrap()
    };
    assert_eq!(give("administrator"), Managed::No);
    assert_eq!(give("unit_manager"), Managed::Yes);
}
