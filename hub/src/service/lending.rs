//! How long a row is somebody's, as it is set for the home: through the desk and its real ledger.

use std::time::Duration;

use nattsyn_protocol::time::Timestamp;

use super::messages::tests::Office;
use crate::exception::{Act, FALLS_BACK_AFTER, State};
use crate::store::SettingsVersions;
use crate::view::ExceptionRow;
use crate::watch::{Seen, StaffId};

/// When the row is open: the window is closed, and the unit was never heard.
const MISSED_S: u64 = 46 * 60;

fn anna() -> StaffId {
    "natt-001".parse().unwrap()
}

impl Office {
    fn set(&self, body: &str) {
        let mut versions = SettingsVersions::open(&self.path).unwrap();
        let signed = (self.at(0).timestamp, &anna());
        versions.add(signed, "prov", body).unwrap();
    }

    fn row(&self, at_s: u64) -> ExceptionRow {
        let mut open = self.desk.tonight(self.at(at_s)).open;
        open.remove(0)
    }

    fn takes(&mut self, at_s: u64, act: Act) {
        let (row, now) = (self.row(at_s), self.at(at_s));
        let seen = Seen {
            turn: row.handling.turn(),
            checks: row.checks.len(),
            cause: row.cause,
        };
        self.desk
            .act(now, (row.id, seen), &anna(), act)
            .unwrap()
            .unwrap();
    }

    fn falls_back_at(&self, at_s: u64) -> Option<Timestamp> {
        self.row(at_s).handling.falls_back_at()
    }
}

#[test]
fn a_row_is_somebodys_for_as_long_as_was_set_for_the_home_when_they_took_it() {
    let mut office = Office::open();
    office.pass(MISSED_S);
    office.takes(MISSED_S, Act::Take);
    let five = office.at(MISSED_S).timestamp.after(FALLS_BACK_AFTER);
    assert_eq!(office.falls_back_at(MISSED_S), Some(five));
    office.set("[municipality]\nfalls_back_after_min = 3\n[[home]]\nid = \"h0000001\"\nfalls_back_after_min = 8\n");
    office.pass(MISSED_S + 60);
    assert_eq!(
        office.falls_back_at(MISSED_S + 60),
        Some(five),
        "whoever has it keeps what they were told"
    );
    office.takes(MISSED_S + 60, Act::Take);
    let eight = Duration::from_secs(8 * 60);
    let later = office.at(MISSED_S + 60).timestamp.after(eight);
    assert_eq!(office.falls_back_at(MISSED_S + 60), Some(later));
    let turn = office.row(MISSED_S + 60).handling.turn();
    assert_eq!(turn, 2, "a page that saw the row sees no change by it");
    office.pass(MISSED_S + 60 + 8 * 60 - 1);
    assert!(office.falls_back_at(MISSED_S + 60 + 8 * 60 - 1).is_some());
    office.pass(MISSED_S + 60 + 8 * 60 + 1);
    let row = office.row(MISSED_S + 60 + 8 * 60 + 1);
    assert_eq!(*row.handling.state(), State::Open);
}

#[test]
fn how_long_a_row_is_somebodys_outlives_a_restart_whatever_is_set_then() {
    let mut office = Office::open();
    office.set("[municipality]\nfalls_back_after_min = 8\n");
    office.pass(MISSED_S);
    let arrives = office.at(MISSED_S + 600).timestamp;
    office.takes(MISSED_S, Act::Go { arrives });
    let until = office.falls_back_at(MISSED_S);
    assert_eq!(until, Some(arrives.after(Duration::from_secs(8 * 60))));
    office.set("");
    let office = office.restarted(MISSED_S + 5);
    assert_eq!(office.falls_back_at(MISSED_S + 5), until);
}
