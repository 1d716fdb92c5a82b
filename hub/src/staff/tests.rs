//! Staff, their PINs and their sessions, in a real file.

pub(crate) mod keys;
mod rights;

use rusqlite::Connection;

use nattsyn_protocol::time::Timestamp;

use super::command::{CommandError, StaffCommand, run};
use super::register::{Signature, Standing};
use super::session::Token;
use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_ms(1_800_000_000_000 + 1000 * seconds).unwrap()
}

fn command(register: &mut Register, arguments: &[&str]) -> Result<String, CommandError> {
    #[derive(clap::Parser)]
    struct Line {
        #[command(subcommand)]
        command: StaffCommand,
    }
    let line = <Line as clap::Parser>::try_parse_from(["staff"].iter().chain(arguments));
    run(register, at(0), &line.unwrap().command)
}

fn register() -> (tempfile::TempDir, Register) {
    let folder = tempfile::tempdir().unwrap();
    let register = Register::open(&folder.path().join("ledger.sqlite")).unwrap();
    (folder, register)
}

const ADD: [&str; 7] = [
    "add",
    "--id",
    "natt-001",
    "--name",
    " Vakna Påhittson ",
    "--by",
    "admin-1",
];

#[test]
fn an_id_is_one_persons_for_good() {
    let (_folder, mut register) = register();
    let said = command(&mut register, &ADD).unwrap();
    assert!(
        said.contains("natt-001: är inlagd") && said.contains("PIN: "),
        "{said}"
    );
    let again = command(&mut register, &ADD).unwrap_err();
    assert!(again.to_string().contains("finns redan"), "{again}");
    command(
        &mut register,
        &["leave", "--id", "natt-001", "--by", "admin-1"],
    )
    .unwrap();
    let mut other = ADD;
    other[4] = "Annan Påhittson";
    let other = command(&mut register, &other).unwrap_err();
    assert!(other.to_string().contains("någon annan"), "{other}");
    command(&mut register, &ADD).unwrap();
    let list = command(&mut register, &["list"]).unwrap();
    assert!(
        list.contains("natt-001\tVakna Påhittson\tkan logga in"),
        "{list}"
    );
}

#[test]
fn a_pin_for_somebody_who_is_not_there_is_refused() {
    let (_folder, mut register) = register();
    for what in ["pin", "leave"] {
        let refused = command(
            &mut register,
            &[what, "--id", "natt-009", "--by", "admin-1"],
        );
        let refused = refused.unwrap_err().to_string();
        assert!(refused.contains("natt-009: finns inte"), "{refused}");
    }
    let mut nameless = ADD;
    nameless[4] = "  ";
    assert!(
        command(&mut register, &nameless)
            .unwrap_err()
            .to_string()
            .contains("namnet")
    );
}

#[test]
fn a_pin_that_was_replaced_while_it_was_checked_opens_nothing() {
    let (_folder, mut register) = register();
    command(&mut register, &ADD).unwrap();
    let checked = register.entries().unwrap().remove(0);
    command(
        &mut register,
        &["pin", "--id", "natt-001", "--by", "admin-1"],
    )
    .unwrap();
    let token = Token::draw().unwrap().fingerprint();
    let span = (at(1), at(100));
    assert_eq!(register.open_session(&checked, token, span).unwrap(), None);
    assert!(register.session(token, at(2)).unwrap().is_none());
    let checked = register.entries().unwrap().remove(0);
    assert_eq!(
        register.open_session(&checked, token, span).unwrap(),
        Some(())
    );
    assert_eq!(
        register.session(token, at(2)).unwrap().unwrap().standing,
        Standing::Open
    );
}

#[test]
fn people_who_are_signed_in_are_counted_once_each_while_it_lasts() {
    let (_folder, mut register) = register();
    command(&mut register, &ADD).unwrap();
    let mut other = ADD;
    (other[2], other[4]) = ("natt-002", "Annan Påhittson");
    command(&mut register, &other).unwrap();
    let entries = register.entries().unwrap();
    let tokens: Vec<_> = (0..3)
        .map(|_| Token::draw().unwrap().fingerprint())
        .collect();
    for (entry, token) in [(0, 0), (0, 1), (1, 2)] {
        register
            .open_session(&entries[entry], tokens[token], (at(1), at(100)))
            .unwrap();
    }
    assert_eq!(register.signed_in(at(0)).unwrap(), 0);
    assert_eq!(register.signed_in(at(2)).unwrap(), 2);
    register.end_session(tokens[2], at(3)).unwrap();
    assert_eq!(register.signed_in(at(4)).unwrap(), 1);
    assert_eq!(register.signed_in(at(100)).unwrap(), 0);
}

#[test]
fn staff_and_sessions_can_be_neither_changed_nor_deleted() {
    let (folder, mut register) = register();
    command(&mut register, &ADD).unwrap();
    let entry = register.entries().unwrap().remove(0);
    let token = Token::draw().unwrap().fingerprint();
    register
        .open_session(&entry, token, (at(1), at(100)))
        .unwrap();
    let by = "admin-1".parse().unwrap();
    let by = Signature { by: &by, at: at(3) };
    register.leave(&entry.member.id, by).unwrap();
    assert_eq!(
        register.session(token, at(4)).unwrap().unwrap().standing,
        Standing::Over
    );
    let by_hand = Connection::open(folder.path().join("ledger.sqlite")).unwrap();
    for (table, column) in [
        ("staff", "name"),
        ("sessions", "ends_ms"),
        ("session_ends", "why"),
    ] {
        for sql in [
            format!("UPDATE {table} SET {column} = {column}"),
            format!("DELETE FROM {table}"),
        ] {
            let refused = by_hand.execute(&sql, []).unwrap_err().to_string();
            assert!(refused.contains("only added to"), "{sql}: {refused}");
        }
    }
}
