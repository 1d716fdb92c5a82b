//! What people do, over a real ledger: who may, what is signed, what is in the log.

use std::path::PathBuf;

use nattsyn_protocol::demonstration;

use super::evidence::counted;
use super::*;
use crate::enrolment::{Homes, enrol};
use crate::keys::HubKeys;
use crate::store::{Deed, SqliteStore, Tunings};
use crate::tuning::clerk::{COUNTED_AT_ONCE, Clerk};
use crate::tuning::command::{TuningCommand, run};
use crate::tuning::counter::{Counter, TuningError, WentBack};

/// A ledger with three homes, and who writes thresholds down in it.
struct Office {
    path: PathBuf,
    keys: HubKeys,
    town: Town,
    _folder: tempfile::TempDir,
}

impl Office {
    fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.sqlite");
        let signing = SigningKey::from_bytes(&[9; 32]);
        let keys = HubKeys::endorsed(signing, &demonstration::root_key(), 3);
        let homes = Homes {
            homes: homes(),
            ..Homes::default()
        };
        let mut store = SqliteStore::open(&path).unwrap();
        enrol(&mut store, &homes, &keys, at(0)).unwrap();
        Self {
            path,
            keys,
            town: Town::of(Vec::new()),
            _folder: folder,
        }
    }

    fn act<T>(&self, at_s: i64, act: impl FnOnce(&mut Counter<'_>) -> T) -> T {
        act(&mut Counter {
            rows: &mut Tunings::open(&self.path).unwrap(),
            roster: &self.town.roster,
            settings: &self.town.settings,
            keys: &self.keys,
            floor: self.town.floor,
            now: at(at_s),
        })
    }

    fn proposes(
        &self,
        at_s: i64,
        by: &str,
        place: &Place,
        pair: Levels,
    ) -> Result<(), TuningError> {
        self.act(at_s, |counter| {
            counter.propose(place, as_before(pair), ("prov", &who(by)))
        })
    }

    fn decides(&self, at_s: i64, by: &str, decision: Decision) -> Result<(), TuningError> {
        let waiting = self.book().waiting().next().unwrap().clone();
        self.act(at_s, |counter| {
            let shown = counter.shown(&waiting.place, waiting.levels)?;
            counter.decide(waiting.id, (decision, &shown), &who(by))
        })
    }

    fn goes_back(&self, at_s: i64, by: &str, place: &Place) -> Result<WentBack, TuningError> {
        let step = self.book().step_back(place).unwrap();
        self.act(at_s, |counter| {
            let shown = counter.shown(place, step.levels)?;
            counter.go_back(place, (step.undoes, &shown), ("prov", &who(by)))
        })
    }

    fn book(&self) -> Book {
        Tunings::open(&self.path).unwrap().book().unwrap()
    }

    /// What the units are to hold: version and levels.
    fn sent(&self) -> Vec<(u32, Levels)> {
        let sent = Tunings::open(&self.path).unwrap().newest().unwrap();
        let sent = sent.values();
        sent.map(|it| (it.thresholds.version, Levels::from(&it.thresholds)))
            .collect()
    }

    fn acts(&self) -> Vec<String> {
        let log = crate::audit::Log::open(&self.path).unwrap();
        log.verify(&[]).unwrap();
        let rows = log.rows(&Default::default()).unwrap();
        let rows = rows.into_iter().rev();
        rows.map(|row| format!("{} {} {}", row.who, row.act, row.detail))
            .collect()
    }
}

#[test]
fn what_one_proposed_and_another_approved_is_signed_for_the_units_and_in_the_log() {
    let office = Office::open();
    office
        .proposes(1, "chef-001", &first(), levels(50, 48))
        .unwrap();
    assert_eq!(office.sent(), [], "nothing holds before it is approved");
    let again = office.proposes(2, "chef-002", &first(), levels(51, 48));
    assert!(matches!(again, Err(TuningError::Wish(WishError::Waiting))));
    let own = office.decides(3, "chef-001", Decision::Approved);
    assert!(matches!(
        own,
        Err(TuningError::Decision(DecisionError::Own))
    ));
    office.decides(4, "chef-002", Decision::Approved).unwrap();
    assert_eq!(office.sent(), [(1, levels(50, 48))]);
    let newest = Tunings::open(&office.path).unwrap().newest().unwrap();
    let stored = newest.values().next().unwrap();
    assert_eq!(stored.epoch, 3);
    let key = PublicKey::of(&SigningKey::from_bytes(&[9; 32]));
    let opened: HomeThresholds = stored.signed.open(&key).unwrap();
    assert_eq!((opened, opened.examine()), (stored.thresholds, Ok(())));
    assert_eq!(
        office.acts(),
        [
            "chef-001 thresholds_proposed change 1 home:h0000001 50/48",
            "chef-002 thresholds_approved change 1",
        ]
    );
    let same = office.proposes(5, "chef-001", &first(), levels(50, 48));
    assert!(matches!(same, Err(TuningError::Wish(WishError::Same))));
}

/// The newest thresholds of the first home's unit: version, and how often it was gone through.
fn gone_through(office: &Office) -> Option<(u32, u32)> {
    let newest = Tunings::open(&office.path).unwrap().newest().unwrap();
    let stored = newest.get(&home(1).unit)?;
    Some((stored.thresholds.version, stored.thresholds.anew))
}

#[test]
fn only_two_people_at_the_home_itself_say_that_it_was_gone_through_anew() {
    let office = Office::open();
    let says_anew = |at_s, place: &Place, pair| {
        office.act(at_s, |counter| {
            let wish = (Some(pair), Gone::Anew);
            counter.propose(place, wish, ("flyttad kamera", &who("chef-001")))
        })
    };
    let no_home = says_anew(1, &north(), levels(50, 48));
    assert!(matches!(no_home, Err(TuningError::Wish(WishError::NoHome))));
    office
        .proposes(2, "chef-001", &north(), levels(50, 48))
        .unwrap();
    office.decides(3, "chef-002", Decision::Approved).unwrap();
    assert_eq!(gone_through(&office), Some((1, 0)), "an area's change");
    says_anew(4, &first(), levels(50, 48)).unwrap();
    office.decides(5, "chef-002", Decision::Refused).unwrap();
    assert_eq!(gone_through(&office), Some((1, 0)), "refused");
    says_anew(6, &first(), levels(50, 48)).unwrap();
    office.decides(7, "chef-002", Decision::Approved).unwrap();
    assert_eq!(gone_through(&office), Some((2, 1)));
    assert_eq!(
        office.book().set_at(&first()),
        None,
        "its levels are its area's"
    );
    assert_eq!(
        office.acts()[4..],
        [
            "chef-001 thresholds_proposed change 3 home:h0000001 - gone through anew",
            "chef-002 thresholds_approved change 3",
        ]
    );
    // Whatever follows later keeps the count, and another such act raises it.
    office
        .proposes(8, "chef-001", &first(), levels(52, 48))
        .unwrap();
    office.decides(9, "chef-002", Decision::Approved).unwrap();
    assert_eq!(gone_through(&office), Some((3, 1)));
    says_anew(10, &first(), levels(52, 48)).unwrap();
    office.decides(11, "chef-002", Decision::Approved).unwrap();
    assert_eq!(gone_through(&office), Some((4, 2)));
}

#[test]
fn a_step_back_to_more_caution_holds_at_once_and_to_less_waits_for_somebody_else() {
    let office = Office::open();
    for (at_s, pair) in [(1, levels(50, 50)), (3, levels(46, 46))] {
        office.proposes(at_s, "chef-001", &first(), pair).unwrap();
        office
            .decides(at_s + 1, "chef-002", Decision::Approved)
            .unwrap();
    }
    let back = office.goes_back(5, "chef-001", &first()).unwrap();
    assert_eq!(back, WentBack::AtOnce);
    assert_eq!(office.sent(), [(3, levels(50, 50))]);
    // Before that nothing was set: the model's own, which is less cautious.
    let back = office.goes_back(6, "chef-001", &first()).unwrap();
    assert_eq!(back, WentBack::Waits);
    assert_eq!(office.sent(), [(3, levels(50, 50))]);
    let own = office.decides(7, "chef-001", Decision::Approved);
    assert!(matches!(
        own,
        Err(TuningError::Decision(DecisionError::Own))
    ));
    office.decides(8, "chef-002", Decision::Approved).unwrap();
    assert_eq!(office.sent(), [(4, MODELS_OWN)]);
    let none = office.act(9, |counter| {
        counter.go_back(&first(), (ChangeId(1), ""), ("prov", &who("chef-001")))
    });
    assert!(matches!(
        none,
        Err(TuningError::Wish(WishError::NothingBefore))
    ));
}

#[test]
fn a_step_back_for_the_municipality_turns_every_home_and_only_the_newest_change_is_undone() {
    let office = Office::open();
    let municipality = Place::Municipality;
    for (at_s, place, pair) in [
        (1, &municipality, levels(60, 60)),
        (3, &municipality, levels(44, 44)),
    ] {
        office.proposes(at_s, "chef-001", place, pair).unwrap();
        office
            .decides(at_s + 1, "chef-002", Decision::Approved)
            .unwrap();
    }
    assert_eq!(
        office.goes_back(5, "chef-001", &municipality).unwrap(),
        WentBack::AtOnce
    );
    assert_eq!(office.sent(), vec![(3, levels(60, 60)); 3]);
    // What one asks for is what stands there now, or nothing is done.
    let overtaken = office.act(6, |counter| {
        let shown = counter.shown(&municipality, Some(levels(60, 60))).unwrap();
        counter.go_back(
            &municipality,
            (ChangeId(2), &shown),
            ("prov", &who("chef-001")),
        )
    });
    assert!(matches!(
        overtaken,
        Err(TuningError::Decision(DecisionError::Overtaken))
    ));
}

#[test]
fn nobody_agrees_to_something_else_than_they_were_shown() {
    let mut office = Office::open();
    let municipality = Place::Municipality;
    office
        .proposes(1, "chef-001", &municipality, levels(50, 50))
        .unwrap();
    let shown = |office: &Office, levels| {
        office.act(2, |counter| counter.shown(&municipality, levels).unwrap())
    };
    let before = shown(&office, Some(levels(50, 50)));
    // Meanwhile a home moves to where it would be turned otherwise, and nothing else happens.
    office.town.settings = Settings::default();
    assert_eq!(shown(&office, Some(levels(50, 50))), before);
    office
        .proposes(3, "chef-001", &first(), levels(60, 60))
        .unwrap();
    office
        .act(4, |counter| {
            let shown = counter.shown(&first(), Some(levels(60, 60)))?;
            counter.decide(ChangeId(2), (Decision::Approved, &shown), &who("chef-002"))
        })
        .unwrap();
    let decides = |office: &Office, decision, shown: &str| {
        office.act(5, |counter| {
            counter.decide(ChangeId(1), (decision, shown), &who("chef-002"))
        })
    };
    for shown in [before.as_str(), ""] {
        let overtaken = decides(&office, Decision::Approved, shown);
        assert!(
            matches!(
                overtaken,
                Err(TuningError::Decision(DecisionError::Overtaken))
            ),
            "{overtaken:?}"
        );
    }
    let now = shown(&office, Some(levels(50, 50)));
    decides(&office, Decision::Approved, &now).unwrap();
    let back = shown(&office, None);
    office.town.floor = Floor::new(levels(45, 45)).unwrap();
    let overtaken = office.act(6, |counter| {
        counter.go_back(
            &municipality,
            (ChangeId(1), &back),
            ("prov", &who("chef-001")),
        )
    });
    assert!(matches!(
        overtaken,
        Err(TuningError::Decision(DecisionError::Overtaken))
    ));
}

#[test]
fn what_is_read_checked_and_written_is_one_piece() {
    let office = Office::open();
    let mut rows = Tunings::open(&office.path).unwrap();
    let by_hand = rusqlite::Connection::open(&office.path).unwrap();
    by_hand.busy_timeout(std::time::Duration::ZERO).unwrap();
    let sets = || {
        let sql = "INSERT INTO settings (at_ms, made_by, why, body) VALUES (1, 'a', 'b', '')";
        by_hand.execute_batch(sql).is_ok()
    };
    let deed = Deed {
        by: who("chef-001"),
        at: at(1),
        act: crate::audit::Act::ThresholdsProposed,
        change: Some(NewChange {
            place: first(),
            levels: Some(levels(50, 50)),
            kind: Kind::Set,
            gone: Gone::AsBefore,
            why: "prov".to_owned(),
        }),
        decision: None,
        signed: Vec::new(),
    };
    let failed = rows.in_one(|rows| {
        assert!(!sets(), "nobody sets anything once it is read");
        rows.record(&deed)?;
        assert!(!sets(), "nor before it is written");
        Err::<(), TuningError>(WishError::NoPlace.into())
    });
    assert!(failed.is_err());
    assert_eq!(office.book().changes(), [], "nothing of it was written");
    assert_eq!(office.acts(), Vec::<String>::new());
    assert!(sets());
    rows.in_one(|rows| rows.record(&deed)).unwrap();
    assert_eq!(office.book().changes().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn only_so_many_count_at_once_and_whoever_waits_is_told_in_time() {
    let Office { path, keys, .. } = Office::open();
    let clerk = Clerk::new((&path, keys), ("UTC", Floor::default()), None, || at(1));
    let mut turns = Vec::new();
    for _ in 0..COUNTED_AT_ONCE {
        turns.push(clerk.turn_to_count().await.unwrap());
    }
    assert!(clerk.turn_to_count().await.is_none());
    turns.pop();
    assert!(clerk.turn_to_count().await.is_some());
}

#[test]
fn the_store_itself_refuses_what_nobody_may_write() {
    let office = Office::open();
    office
        .proposes(1, "chef-001", &first(), levels(50, 48))
        .unwrap();
    let writes = |by: &str, decision| {
        let mut rows = Tunings::open(&office.path).unwrap();
        let deed = Deed {
            by: who(by),
            at: at(2),
            act: crate::audit::Act::ThresholdsApproved,
            change: None,
            decision: Some((Some(ChangeId(1)), decision)),
            signed: Vec::new(),
        };
        rows.record(&deed).is_ok()
    };
    assert!(!writes("chef-001", Decision::Approved), "one's own");
    assert!(!writes("chef-001", Decision::Alone), "no rollback");
    assert!(!writes("chef-002", Decision::Withdrawn), "another's");
    assert!(writes("chef-002", Decision::Approved));
    assert!(!writes("chef-003", Decision::Refused), "twice");
    let by_hand = rusqlite::Connection::open(&office.path).unwrap();
    for sql in [
        "UPDATE threshold_changes SET visible = 43",
        "DELETE FROM threshold_verdicts",
        "DELETE FROM threshold_changes",
    ] {
        assert!(by_hand.execute_batch(sql).is_err(), "{sql}");
    }
    assert_eq!(
        office.acts().len(),
        2,
        "what was not done is not in the log"
    );
}

#[test]
fn a_home_that_comes_into_a_place_with_thresholds_is_signed_for_by_itself() {
    let mut office = Office::open();
    office
        .proposes(1, "chef-001", &north(), levels(50, 48))
        .unwrap();
    office.decides(2, "chef-002", Decision::Approved).unwrap();
    assert_eq!(office.sent().len(), 2);
    assert_eq!(office.act(3, |counter| counter.settle()).unwrap(), 0);
    let all = format!("{NORTH}[[home]]\nid = \"h0000003\"\narea = \"Norr\"\n");
    office.town.settings = Settings::read(&all).unwrap();
    assert_eq!(office.act(4, |counter| counter.settle()).unwrap(), 1);
    assert_eq!(office.sent(), vec![(1, levels(50, 48)); 3]);
}

#[test]
fn a_home_that_moves_keeps_what_is_stricter_until_two_people_have_approved() {
    let mut office = Office::open();
    for (at_s, place, pair) in [
        (1, north(), levels(60, 60)),
        (3, Place::Municipality, levels(44, 44)),
    ] {
        office.proposes(at_s, "chef-001", &place, pair).unwrap();
        office
            .decides(at_s + 1, "chef-002", Decision::Approved)
            .unwrap();
    }
    let kept = [
        (1, levels(60, 60)),
        (1, levels(60, 60)),
        (1, levels(44, 44)),
    ];
    assert_eq!(office.sent(), kept);
    office.town.settings = Settings::default();
    assert_eq!(office.act(5, |counter| counter.settle()).unwrap(), 0);
    // Nor does what is decided about another home let it go.
    let other = Place::Home(home(2).id);
    office
        .act(6, |counter| {
            counter.propose(
                &other,
                (None, Gone::AsBefore),
                ("flyttad", &who("chef-001")),
            )
        })
        .unwrap();
    office.decides(7, "chef-002", Decision::Approved).unwrap();
    let released = [
        (1, levels(60, 60)),
        (2, levels(44, 44)),
        (1, levels(44, 44)),
    ];
    assert_eq!(office.sent(), released);
    // A move to what is stricter holds at once, and stands in the log.
    office.town.settings = Settings::read(NORTH).unwrap();
    assert_eq!(office.act(8, |counter| counter.settle()).unwrap(), 1);
    assert_eq!(
        office.acts().last().map(String::as_str),
        Some("- thresholds_signed unit u0000002 version 3 60/60")
    );
}

/// Runs `nattsyn-hub tuning pool` on a text; what it says, or why not.
fn takes_pool(office: &Office, by: &str, text: &str) -> Result<String, String> {
    takes_pool_anew(office, by, (text, None))
}

/// The same with why it does not go on from the newest.
fn takes_pool_anew(
    office: &Office,
    by: &str,
    (text, anew): (&str, Option<&str>),
) -> Result<String, String> {
    let file = office.path.with_file_name("pool.jsonl");
    std::fs::write(&file, text).unwrap();
    let command = TuningCommand::Pool {
        file,
        by: who(by),
        one_in: 100,
        anew: anew.map(str::to_owned),
    };
    run(&office.path, Floor::default(), at(9), &command).map_err(|error| {
        let error: &dyn std::error::Error = &error;
        let cause = error.source().map(ToString::to_string).unwrap_or_default();
        format!("{error}: {cause}")
    })
}

#[test]
fn a_pool_is_kept_with_who_gave_it_and_a_bad_one_is_refused_by_its_line() {
    let office = Office::open();
    let good = counted("h0000001", 100);
    let stranger = takes_pool(&office, "chef-001", &good).unwrap_err();
    assert!(stranger.contains("--by chef-001"), "{stranger}");
    let by_hand = rusqlite::Connection::open(&office.path).unwrap();
    by_hand
        .execute_batch(
            "INSERT INTO staff (staff, event, name, pin, at_ms, made_by)
             VALUES ('chef-001', 'added', 'A', 'x', 1, 'admin-1')",
        )
        .unwrap();
    let bad = takes_pool(&office, "chef-001", &format!("{good}{{}}\n")).unwrap_err();
    assert!(bad.contains("line 2"), "{bad}");
    let twice = takes_pool(&office, "chef-001", &format!("{good}{good}")).unwrap_err();
    assert!(twice.contains("line 2"), "{twice}");
    let empty = takes_pool(&office, "chef-001", "\n").unwrap_err();
    assert!(empty.contains("ingen bostad"), "{empty}");
    let of_model = |number: u8, model: &str| {
        let home = counted(&format!("h000000{number}"), 100);
        home.replacen(
            "\"nobody\"",
            &format!("\"model\":\"{model}\",\"nobody\""),
            1,
        )
    };
    let both = of_model(1, "0a1b2c3d") + &of_model(2, "ffffffff");
    let mixed = takes_pool(&office, "chef-001", &both).unwrap_err();
    assert!(mixed.contains("olika modeller"), "{mixed}");
    let rows = Tunings::open(&office.path).unwrap();
    assert_eq!(rows.pool().unwrap(), None, "nothing was kept");
    let said = takes_pool(&office, "chef-001", &good).unwrap();
    assert!(said.contains("underlag 1 är sparat: 1 bostad"), "{said}");
    assert!(
        said.contains("inget är visat: underlaget är för litet"),
        "{said}"
    );
    let kept = rows.pool().unwrap().unwrap();
    assert_eq!((kept.by, kept.body), (who("chef-001"), good));
    assert_eq!(office.acts(), ["chef-001 pool_taken pool 1"]);
    let other = counted("h0000002", 100);
    let parted = takes_pool(&office, "chef-001", &other).unwrap_err();
    assert!(
        parted.contains("bostad 1 var \"h0000001\" och är nu \"h0000002\""),
        "{parted}"
    );
    assert!(parted.contains("--anew"), "{parted}");
    assert_eq!(rows.pool_number().unwrap(), Some(1));
    takes_pool_anew(&office, "chef-001", (&other, Some("ny kommun"))).unwrap();
    assert_eq!(
        office.acts().last().unwrap(),
        "chef-001 pool_taken pool 2 anew"
    );
    let shown = run(&office.path, Floor::default(), at(10), &TuningCommand::Show).unwrap();
    assert!(shown.contains("bostaden h0000001"), "{shown}");
    assert!(shown.contains("modellens egna gränser"), "{shown}");
}
