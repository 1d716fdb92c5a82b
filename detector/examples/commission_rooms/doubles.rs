//! Rooms with a double bed in which two sleep: what the unit says of each place, alone, with the
//! other, and while only the other lies there.

use std::collections::BTreeMap;
use std::sync::Mutex;

use nattsyn_calibration::bound::upper_bound;
use nattsyn_models::{Model, SleepingPlace};
use nattsyn_protocol::commission::trial::Trial;
use nattsyn_protocol::commission::{Ask, Order, Room as Around, SPOTS, State, Try};
use nattsyn_protocol::demonstration::Mounting;
use nattsyn_protocol::finding::Finding;
use nattsyn_scenes::Room;

use super::{FRAMES, Home, each, place, proposed};

/// How often each is looked at, each time otherwise.
const TIMES: u8 = 3;

/// How often a home that passed is looked at while one of the two is not in bed: each of them, in
/// three ways to lie of the other, six times each.
const LEAKS: u32 = 2 * 3 * 6;

/// What is asked of each place.
const ASKED: [(State, &str); 3] = [
    (State::Covered, "alone in their own place"),
    (State::Together, "with the other in theirs"),
    (State::OtherInBed, "empty, the other in theirs"),
];

/// How often each was said, by what was asked; and how often the evidence in the place alone was
/// enough, whoever is elsewhere.
#[derive(Default)]
struct Said {
    findings: BTreeMap<String, u32>,
    by_place: u32,
    /// Rooms in which *visible* was said at least once.
    rooms: u32,
}

pub(super) fn of(first: u64, last: u64) {
    let model = Model::load().unwrap();
    let said = Mutex::new(BTreeMap::<usize, Said>::new());
    let ends = Mutex::new(BTreeMap::<String, u32>::new());
    each(first, last, |seed| {
        if Room::from_seed(seed).lanes() < 2 {
            return;
        }
        let mut home = Home::new(&model, seed, Mounting::Right);
        home.sleepers = 2;
        let (end, passed) = home.commission();
        println!("room {seed}: {end}");
        if let Some((places, _)) = passed {
            let mut home = Home::new(&model, seed, Mounting::Right);
            home.sleepers = 2;
            let leaks = home.leaks(&places);
            println!("room {seed}, passed: visible of an empty place in {leaks} of {LEAKS} looks");
            *ends
                .lock()
                .unwrap()
                .entry(format!("visible in {LEAKS} looks at passed homes, each"))
                .or_default() += leaks;
        }
        let kind = end.split(['{', ';', '(']).next().unwrap_or_default();
        *ends
            .lock()
            .unwrap()
            .entry(kind.trim().to_owned())
            .or_default() += 1;
        let mut home = Home::new(&model, seed, Mounting::Right);
        home.sleepers = 2;
        let Some(places) = walked(&mut home) else {
            return;
        };
        for (row, (state, _)) in ASKED.into_iter().enumerate() {
            let looks = (0..2).flat_map(|sleeper| (0..TIMES).map(move |again| (sleeper, again)));
            let looks: Vec<_> = looks.map(|look| home.asked(state, look, &places)).collect();
            let mut said = said.lock().unwrap();
            let said = said.entry(row).or_default();
            said.rooms += u32::from(looks.iter().any(|(word, _)| word == "visible"));
            for (word, by_place) in looks {
                *said.findings.entry(word).or_default() += 1;
                said.by_place += u32::from(by_place);
            }
        }
    });
    for (what, count) in ends.into_inner().unwrap() {
        println!("{count:4} {what}");
    }
    for (row, said) in said.into_inner().unwrap() {
        let looks: u32 = said.findings.values().sum();
        println!(
            "{}: {looks} looks, {:?}; visible in {} rooms; by the place alone {} (at most {:.3})",
            ASKED[row].1,
            said.findings,
            said.rooms,
            said.by_place,
            upper_bound(said.by_place, looks),
        );
    }
}

/// Both places, where both are found.
fn walked(home: &mut Home<'_>) -> Option<Vec<Vec<[f32; 2]>>> {
    let mut trial = Trial::new(2);
    for sleeper in 0..2 {
        for spot in 0..SPOTS {
            let what = Try::Walk { sleeper, spot };
            let order = home.order(what, Vec::new());
            let tried = home.look(&order, what);
            trial.handle_tried(&order, &tried);
        }
    }
    proposed(&trial, 2)
}

impl Home<'_> {
    fn order(&mut self, what: Try, places: Vec<Vec<[f32; 2]>>) -> Order {
        self.tries += 1;
        Order {
            unit: "u0000001".parse().unwrap(),
            version: 1,
            number: self.tries,
            ask: Ask::Try(what),
            places,
        }
    }

    /// How often a place is *visible* after the commissioning while only the other lies in theirs.
    fn leaks(&mut self, places: &[Vec<[f32; 2]>]) -> u32 {
        let mut leaks = 0;
        for (empty, other) in [(0_u8, 1_u8), (1, 0)] {
            let own: SleepingPlace = place(&places[usize::from(empty)]);
            for state in [State::Uncovered, State::HalfCovered, State::Covered] {
                for again in 3..9 {
                    self.again = again;
                    self.tries += 1;
                    let frames = self.frames(Try::Staged {
                        sleeper: Some(other),
                        state,
                        room: Around::AsItIs,
                    });
                    let (concluded, ..) = self.judge(&frames, std::slice::from_ref(&own));
                    leaks += u32::from(concluded.finding == Finding::Visible);
                }
            }
        }
        leaks
    }

    /// What is said of a sleeper's place, and whether its own evidence would do.
    fn asked(
        &mut self,
        state: State,
        (sleeper, again): (u8, u8),
        places: &[Vec<[f32; 2]>],
    ) -> (String, bool) {
        self.again = again;
        let what = Try::Staged {
            sleeper: Some(sleeper),
            state,
            room: Around::AsItIs,
        };
        let order = self.order(what, places.to_vec());
        let tried = self.look(&order, what);
        let own: SleepingPlace = place(&places[usize::from(sleeper)]);
        let enough = self.model.manifest().thresholds.visible;
        let frames = self.frames(what);
        let in_place = frames.iter().filter(|frame| {
            let sighting = self.model.sight(frame, std::slice::from_ref(&own)).unwrap();
            sighting.in_place >= enough
        });
        let by_place = 2 * in_place.count() > usize::try_from(FRAMES).unwrap();
        (tried.finding.to_string(), by_place)
    }
}
