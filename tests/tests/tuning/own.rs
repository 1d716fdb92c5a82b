//! A home's own part of the evidence: its unit was commissioned a year ago and says so, and on each
//! of the last thirty nights somebody found the bed empty at a check that had been drawn.

use std::path::Path;

use jiff::ToSpan as _;
use jiff::civil::Date;

use nattsyn_calibration::counts;
use nattsyn_hub::commission::gate::CommissionWord;
use nattsyn_hub::commission::{CourseRow, Step};
use nattsyn_hub::labels::{self, Draw, Said, Source, Word};
use nattsyn_hub::store::{Batch, Labels, SqliteStore, Store as _};
use nattsyn_hub::tuning::Floor;
use nattsyn_hub::tuning::command::{TuningCommand, run};
use nattsyn_protocol::commission::{
    Commissioned, HeldCommissioned, PlaceDigest, Room, StagedLevel, State,
};
use nattsyn_protocol::ids::{CheckId, WindowKey};
use nattsyn_protocol::labels::{Found, Label, Labelled, NightEvidence};
use nattsyn_protocol::signing::Signed;
use nattsyn_protocol::time::Timestamp;

use super::chief::Chief;
use super::house::{DAG, NIGHT, eye, home};

const MODEL: &str = "0a1b2c3d";

/// Where an empty bed lies here: as in the pool's homes.
const EMPTY: u8 = 36;

/// What the unit says in each hello.
pub(crate) fn held() -> HeldCommissioned {
    HeldCommissioned {
        version: 1,
        model: MODEL.to_owned(),
        places: vec![PlaceDigest::of(&[])],
    }
}

/// What it says of each night.
pub(crate) fn evidence() -> NightEvidence {
    NightEvidence {
        model: MODEL.to_owned(),
        commissioned: Some(1),
        labelled: vec![Labelled {
            found: Found::Nobody,
            bin: EMPTY,
            looks: 1,
        }],
    }
}

/// `nattsyn-hub tuning counts`: the home's own part and nothing that names anybody.
pub(crate) fn are_printed_for_a_pool(ledger: &Path) {
    let now = Timestamp::from_ms(0).unwrap();
    let printed = run(ledger, Floor::default(), now, &TuningCommand::Counts).unwrap();
    let homes = counts::read(&printed).unwrap();
    assert_eq!(homes.len(), 1, "{printed}");
    assert_eq!(homes[0].model.as_deref(), Some(MODEL));
    let nobody = &homes[0].nobody;
    let nights = (
        nobody.commissioned(),
        nobody.trial.total(),
        nobody.drawn.total(),
    );
    assert_eq!(nights, (8, 28, 2));
    for named in ["Exempel", "r0000001", "u0000001", "2026"] {
        assert!(!printed.contains(named), "{printed}");
    }
}

/// On the home's page: commissioned, and the trial of one kind of night is over.
pub(crate) async fn is_read(dag: &Chief) {
    dag.reads("Sängen tom: 28 nätter av 28 och så många till: 2")
        .await;
    dag.reads("Någon i sängen: 0 nätter av 28").await;
    dag.reads("svårast att skilja från någon: tom,").await;
    dag.reads("Lottade besök som har besvarats: 30 av 31").await;
    dag.photographs("#own", "tuning-own").await;
}

fn staged() -> Vec<StagedLevel> {
    let empty = [
        State::EmptyBare,
        State::EmptyMade,
        State::EmptyHeaped,
        State::EmptyJustLeft,
    ];
    let in_bed = [
        State::Uncovered,
        State::HalfCovered,
        State::Covered,
        State::OnTheEdge,
    ];
    let rooms = [Room::AsItIs, Room::Otherwise].into_iter();
    let of = |room| {
        let low = empty.map(|state| (state, EMPTY)).into_iter();
        let all = low.chain(in_bed.map(|state| (state, 60)));
        all.map(move |(state, level)| StagedLevel {
            state,
            room,
            level: Some(level),
        })
    };
    rooms.flat_map(of).collect()
}

/// Writes it into the ledger, as the hub did when it happened.
pub(crate) fn write(ledger: &Path, now: Timestamp) {
    let said = Commissioned {
        unit: home().unit,
        held: held(),
        at_ms: now,
        staged: staged(),
        word: None,
    };
    let step = CourseRow {
        id: 0,
        unit: home().unit,
        at: now,
        by: None,
        step: Step::Commissioned(Signed::seal(&said, &eye())),
    };
    let word = CommissionWord {
        held: Some(held()),
        number: None,
    };
    let mut store = SqliteStore::open(ledger).unwrap();
    let batch = Batch {
        steps: vec![step],
        commissioned: vec![(home().unit, word, now)],
        ..Batch::default()
    };
    store.commit(&batch).unwrap();
    // One more was drawn, and nobody went.
    let drawn: Vec<Draw> = (1..=31).map(|days| draw(days, now)).collect();
    store.draw(&drawn).unwrap();
    let mut labels = Labels::open(ledger).unwrap();
    for days in 1..=30 {
        let night = NIGHT.checked_sub(days.days()).unwrap();
        labels.add(&label(night, now)).unwrap();
    }
}

fn check(night: Date) -> CheckId {
    CheckId {
        resident: home().residents[0].id,
        night,
        window: WindowKey(1),
    }
}

fn draw(days: i64, at: Timestamp) -> Draw {
    let night = NIGHT.checked_sub(days.days()).unwrap();
    Draw {
        home: home().id,
        night,
        unit: home().unit,
        check: Some(check(night)),
        chance_ppm: 50_000,
        at,
    }
}

fn label(night: Date, now: Timestamp) -> labels::Label {
    let check = check(night);
    let (unit, found) = (home().unit, Found::Nobody);
    let down = Label { unit, check, found };
    labels::Label {
        said: Said {
            check,
            word: Word::Found(found),
            by: DAG.0.parse().unwrap(),
            at: now,
        },
        home: home().id,
        unit,
        source: Source::BeforeVisit,
        chance_ppm: 50_000,
        // By whom it was signed is for the unit to ask.
        signed: Some(Signed::seal(&down, &eye())),
    }
}
