//! What people say while the hub is down over a noon: on its return it goes through the nights that
//! it missed, each by what had been said by then.

use std::collections::BTreeSet;

use jiff::civil::{Date, date};

use nattsyn_hub::agreement::{Away, Ending};
use nattsyn_hub::view::ledger::Account;
use nattsyn_hub::watch::situation::Situation;
use nattsyn_hub::watch::{Alteration, CallOff, How};

use super::office::{Hub, NIGHT, astrid, at};

/// Sunday.
const NEXT: Date = date(2026, 11, 22);

/// Astrid's two windows and a third, at five.
const MORE: &str = "\
row,resident,window,from,to
plan,r0000001,,,
window,r0000001,1,23:00,23:45
window,r0000001,2,03:00,03:45
window,r0000001,3,05:00,05:45
";

/// One window a week, of the first night.
const SATURDAYS: &str = "\
row,resident,window,days,from,to
plan,r0000001,,,,
window,r0000001,1,sat,23:00,23:45
";

/// A hub that was there at the first noon, and ended an hour later.
fn down_since_one() -> Hub {
    let mut hub = Hub::enrolled();
    hub.until(at(0, 0)).start();
    hub.until(at(1, 0));
    hub.desk = None;
    hub
}

/// A hub that ended an hour before the first noon.
fn down_before_noon() -> Hub {
    let mut hub = Hub::enrolled();
    hub.until(at(-24, 0)).start();
    hub.until(at(-1, 0));
    hub.desk = None;
    hub
}

fn off(why: CallOff) -> Account {
    Account::Ended(How::CalledOff(why))
}

impl Hub {
    /// The windows of Astrid's checks of a night that somebody is asked about.
    fn open(&self, night: Date) -> BTreeSet<u8> {
        let accounts = self.accounts(night).into_iter();
        let open = accounts.filter(|(_, account)| matches!(account, Account::Open(_)));
        open.map(|(window, _)| window).collect()
    }

    fn end(&self, why: Ending) {
        let (mut store, desk) = self.office();
        desk.end(&mut store, astrid(), why).unwrap();
    }
}

#[test]
fn a_window_that_was_added_while_the_hub_was_down_is_missed_like_any_other() {
    let mut hub = down_since_one();
    hub.until(at(4, 0)).import(MORE);
    hub.until(at(25, 0)).start();
    assert_eq!(hub.open(NIGHT), [1, 2, 3].into());
    assert_eq!(hub.lines(NEXT).len(), 3);
}

#[test]
fn whoever_came_back_while_the_hub_was_down_was_at_home() {
    // Away was said when the hub had settled the night, or before.
    for said in [at(0, 30), at(-1, 0)] {
        let mut hub = Hub::enrolled();
        hub.until(at(-2, 0)).start();
        hub.until(said);
        hub.away(Away::Away, NIGHT, Some(NEXT));
        hub.until(at(1, 0));
        hub.desk = None;
        hub.until(at(4, 0)).back();
        hub.until(at(25, 0)).start();
        assert_eq!(hub.open(NIGHT), [1, 2].into());
        assert_eq!(hub.accounts(NEXT).len(), 2);
    }
}

#[test]
fn whoever_came_back_after_the_window_had_opened_was_away() {
    let mut hub = down_since_one();
    hub.away(Away::Away, NIGHT, None);
    hub.until(at(12, 30)).back();
    hub.until(at(25, 0)).start();
    assert_eq!(hub.accounts(NIGHT)[0], (1, off(CallOff::Away)));
    assert_eq!(hub.open(NIGHT), [2].into(), "the window at three had not");
}

#[test]
fn a_night_that_nobody_wrote_down_has_its_lines_whatever_was_said_after_it() {
    let words: [fn(&Hub); 3] = [
        |hub| hub.end(Ending::Died),
        |hub| hub.end(Ending::Ended),
        |hub| hub.away(Away::Away, NIGHT, None),
    ];
    for said in words {
        let mut hub = down_before_noon();
        hub.until(at(21, 0));
        said(&hub);
        hub.until(at(25, 0)).start();
        assert_eq!(hub.open(NIGHT), [1, 2].into());
        assert_eq!(hub.accounts(NEXT), [], "and the next night has none");
    }
}

#[test]
fn what_was_said_first_stands_whatever_was_said_after_the_window() {
    // A window that is added, and a death after it; back, and away again after the windows.
    let mut hub = down_since_one();
    hub.until(at(4, 0)).import(MORE);
    hub.until(at(19, 0));
    hub.end(Ending::Died);
    hub.until(at(25, 0)).start();
    assert_eq!(hub.open(NIGHT), [1, 2, 3].into());

    let mut hub = Hub::enrolled();
    hub.until(at(-2, 0)).start();
    hub.away(Away::Away, NIGHT, Some(NEXT));
    hub.until(at(1, 0));
    hub.desk = None;
    hub.until(at(4, 0)).back();
    hub.until(at(19, 0));
    hub.away(Away::Away, NIGHT, Some(NEXT));
    hub.until(at(25, 0)).start();
    assert_eq!(hub.open(NIGHT), [1, 2].into());
    assert_eq!(hub.accounts(NEXT), []);
}

#[test]
fn nobody_is_sent_to_whoever_had_died_by_then_however_long_the_hub_was_down() {
    for (mut hub, died) in [
        (down_since_one(), at(3, 0)),
        (down_before_noon(), at(3, 0)),
        (down_before_noon(), at(-1, 0)),
    ] {
        hub.until(died);
        hub.end(Ending::Died);
        hub.until(at(49, 0)).start();
        let died_then = hub.accounts(NIGHT).into_iter();
        let mut others = died_then.filter(|(_, account)| *account != off(CallOff::Died));
        assert_eq!(others.next(), None);
        assert_eq!(hub.accounts(NEXT), []);
    }
}

#[test]
fn a_home_that_left_the_list_after_its_night_was_looked_after_by_its_unit_then() {
    let mut hub = down_before_noon();
    hub.until(at(21, 0));
    hub.enrol(&super::office::without_astrid());
    hub.until(at(25, 0)).start();
    assert_eq!(hub.open(NIGHT), [1, 2].into());
    for line in hub.lines(NIGHT) {
        assert_eq!(line.plan, Some(1), "a unit had a plan for it");
    }
}

#[test]
fn what_was_added_to_a_night_that_stood_written_says_that_it_came_later() {
    let mut hub = down_since_one();
    hub.until(at(4, 0)).import(MORE);
    hub.until(at(25, 0)).start();
    let lines = hub.lines(NIGHT);
    let added = lines.iter().filter(|line| {
        let mut altered = line.altered.iter();
        altered.any(|altered| altered.what == Alteration::Added)
    });
    assert_eq!(added.map(|line| line.id.window.0).collect::<Vec<_>>(), [3]);
}

#[test]
fn whoever_was_not_looked_after_in_any_night_that_was_missed_is_pointed_out() {
    let mut hub = Hub::enrolled();
    hub.import(SATURDAYS);
    hub.until(at(-24, 0)).start();
    hub.until(at(-1, 0));
    hub.desk = None;
    // Sunday, the night before this one, had no window.
    hub.until(at(49, 0)).start();
    assert_eq!(hub.open(NIGHT), [1].into());
    assert_eq!(hub.accounts(NEXT), []);
    assert!(
        !hub.pointed_out().contains(&Situation::NoLookProved),
        "units that kept looking bring their reports first"
    );
    hub.until(at(49, 20));
    assert!(hub.pointed_out().contains(&Situation::NoLookProved));
}
