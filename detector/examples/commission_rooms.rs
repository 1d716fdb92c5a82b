//! Commissions generated rooms, rightly and wrongly hung: who passes, and why the others do not.
//!
//! - `FIRST LAST [right]`: each room as it should be hung, and in each wrong way unless told
//!   otherwise. Prints a line for each and at the end a table.
//! - `nights FIRST LAST`: each room as the generator hangs it, commissioned; then, on another
//!   night, a look at each state, by whether the home passed. Prints what was said, and with nobody
//!   there the bound of *visible* by the rooms that it was said in.
//!
//! - `double FIRST LAST`: of these rooms those with a double bed. Each is commissioned for two; and
//!   beside that each sleeper is looked for alone, with the other, and while only the other lies
//!   there. Prints a line for each room and at the end what was said, by the unit's rule and by the
//!   evidence in the place alone.
//!
//! The looks are the unit's own, without its process and clock; how a person does it on the page is
//! tried by `tests/tests/commission`. Figures: `docs/design/0012`.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program for a developer, who reads what it prints and sees where it stops"
)]

#[path = "commission_rooms/doubles.rs"]
mod doubles;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use nattsyn_calibration::bound::upper_bound;
use nattsyn_detector::camera::{FrameSource, StagedCamera};
use nattsyn_detector::presence::{Concluded, Fingerprint, Judged, Observation, Presence, Sequence};
use nattsyn_detector::profile::{Hanging, Profile, Sketch};
use nattsyn_models::{Frame, MAP_HEIGHT, MAP_WIDTH, Model, SleepingPlace};
use nattsyn_protocol::commission::framing::area;
use nattsyn_protocol::commission::trial::{Trial, TrialFault, Verdict, is_profiled};
use nattsyn_protocol::commission::{Ask, GRID, Order, State, Tried, Try};
use nattsyn_protocol::demonstration::{Mounting, Show, Stage, StagedScene};
use nattsyn_protocol::finding::{Fault, Finding};
use nattsyn_protocol::ids::BootId;
use nattsyn_protocol::time::Timestamp;
use nattsyn_scenes::{Around, Bedding, Knock, Lens, Occupant, Room, Sensor, Shown};

/// Frames of a look that are shown to the network, as a unit's ten are every second.
const FRAMES: u64 = 5;

const MOUNTINGS: [Mounting; 6] = [
    Mounting::Right,
    Mounting::CutsTheBed,
    Mounting::PastTheBed,
    Mounting::TooWide,
    Mounting::OutOfFocus,
    Mounting::LampDead,
];

fn main() {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let number = |text: &String| text.parse::<u64>().unwrap();
    let (first, last, mountings) = match given.as_slice() {
        [nights, first, last] if nights == "nights" => {
            return nights_of(number(first), number(last));
        }
        [double, first, last] if double == "double" => {
            return doubles::of(number(first), number(last));
        }
        [first, last] => (first, last, &MOUNTINGS[..]),
        [first, last, _right] => (first, last, &MOUNTINGS[..1]),
        _ => return println!("FIRST LAST [right] | nights FIRST LAST | double FIRST LAST"),
    };
    let (first, last) = (number(first), number(last));
    let model = Model::load().unwrap();
    let table = Mutex::new(BTreeMap::<String, u32>::new());
    each(first, last, |seed| {
        for mounting in mountings {
            let said = Home::new(&model, seed, *mounting).commission().0;
            let home = format!("room {seed} {mounting:?}");
            println!("{home}, {}: {said}", hanging(seed));
            let kind = said.split([':', ';']).next().unwrap_or_default();
            let mut table = table.lock().unwrap();
            *table.entry(format!("{mounting:?} {kind}")).or_default() += 1;
        }
    });
    for (what, count) in table.into_inner().unwrap() {
        println!("{count:4} {what}");
    }
}

/// Does `work` for each number on two threads.
fn each(first: u64, last: u64, work: impl Fn(u64) + Sync) {
    let next = AtomicU64::new(first);
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= last {
                        return;
                    }
                    work(number);
                }
            });
        }
    });
}

/// Findings by what was shown, and whether the home had passed.
type Said = BTreeMap<(bool, State), BTreeMap<String, u32>>;

fn nights_of(first: u64, last: u64) {
    let model = Model::load().unwrap();
    let table = Mutex::new(Said::new());
    each(first, last, |seed| {
        let mut home = Home::new(&model, seed, Mounting::Right);
        let passed = home.commission().1;
        let truth = Room::from_seed(seed).sleeping_place();
        let inside = |at: f32| at.clamp(0.01, 0.99);
        let marked = vec![
            truth
                .into_iter()
                .map(|(x, y)| [inside(x), inside(y)])
                .collect(),
        ];
        for (state, shown) in SHOWN {
            let (places, profile) = match &passed {
                Some((places, profile)) => (places, Some(profile)),
                // What somebody would have marked by hand without commissioning.
                None => (&marked, None),
            };
            let finding = home.at_night((state, shown), places, profile);
            let mut table = table.lock().unwrap();
            let said = table.entry((passed.is_some(), state)).or_default();
            *said.entry(finding.to_string()).or_default() += 1;
        }
    });
    let table = table.into_inner().unwrap();
    println!("| shown | homes | rooms | visible (bound) | not visible | unclear | technical |");
    println!("|---|---|---|---|---|---|---|");
    for (state, _) in SHOWN {
        for (which, kept) in [
            ("all", None),
            ("passed", Some(true)),
            ("refused", Some(false)),
        ] {
            let alike = table.iter().filter(|((passed, of), _)| {
                *of == state && kept.is_none_or(|kept| kept == *passed)
            });
            println!("{}", row(state, which, alike.map(|(_, said)| said)));
        }
    }
}

fn row<'a>(
    state: State,
    which: &str,
    said: impl Iterator<Item = &'a BTreeMap<String, u32>>,
) -> String {
    let said: Vec<_> = said.flatten().collect();
    let count = |word: &str| -> u32 {
        let alike = said.iter().filter(|(finding, _)| finding.starts_with(word));
        alike.map(|(_, count)| **count).sum()
    };
    let all: u32 = said.iter().map(|(_, count)| **count).sum();
    let bound = match state.is_somebody() {
        Some(false) => format!(" ({:.3})", upper_bound(count("visible"), all)),
        Some(true) | None => String::new(),
    };
    format!(
        "| {state:?} | {which} | {all} | {}{bound} | {} | {} | {} ({} moved) |",
        count("visible"),
        count("not_visible"),
        count("unclear"),
        count("technical"),
        count("technical(moved)"),
    )
}

/// What is shown on another night, and how the bed lies then.
const SHOWN: [(State, Shown); 8] = [
    (
        State::EmptyBare,
        Shown::With(Bedding::Bare, Occupant::Nobody),
    ),
    (
        State::EmptyMade,
        Shown::With(Bedding::Made, Occupant::Nobody),
    ),
    (
        State::EmptyHeaped,
        Shown::With(Bedding::Heaped, Occupant::Nobody),
    ),
    (State::EmptyJustLeft, Shown::Left),
    (
        State::Uncovered,
        Shown::With(Bedding::PushedDown, Occupant::InBed),
    ),
    (
        State::HalfCovered,
        Shown::With(Bedding::FoldedBack, Occupant::InBed),
    ),
    (
        State::Covered,
        Shown::With(Bedding::Rumpled, Occupant::InBed),
    ),
    (
        State::OnTheEdge,
        Shown::With(Bedding::FoldedBack, Occupant::SittingOnEdge),
    ),
];

/// The night on which homes are looked at after their commissioning.
const NIGHT: u64 = 50;

/// How the camera hangs in the room, and where in the picture the bed truly is.
fn hanging(seed: u64) -> String {
    let room = Room::from_seed(seed);
    let bed = room.sleeping_place();
    let side = |of: fn(&(f32, f32)) -> f32| {
        let all = bed.iter().map(of);
        let least = all.clone().fold(f32::MAX, f32::min);
        format!("{least:.2} to {:.2}", all.fold(f32::MIN, f32::max))
    };
    let (across, down) = (side(|it| it.0), side(|it| it.1));
    format!("{:?}, bed {across} across and {down} down", room.view())
}

/// What a home that passed is looked at with.
type Passed = (Vec<Vec<[f32; 2]>>, Profile);

struct Home<'a> {
    model: &'a Model,
    seed: u64,
    mounting: Mounting,
    sleepers: u8,
    folder: tempfile::TempDir,
    sketches: BTreeMap<Try, Sketch>,
    tries: u8,
    again: u8,
}

impl<'a> Home<'a> {
    fn new(model: &'a Model, seed: u64, mounting: Mounting) -> Self {
        Self {
            model,
            seed,
            mounting,
            sleepers: 1,
            folder: tempfile::tempdir().unwrap(),
            sketches: BTreeMap::new(),
            tries: 0,
            again: 0,
        }
    }

    /// As a technician who does what the page says and never gives up early: what came of it, and
    /// the places and the profile if it passed.
    fn commission(&mut self) -> (String, Option<Passed>) {
        let mut trial = Trial::new(self.sleepers);
        while let Some(what) = trial.next() {
            self.tries += 1;
            if self.tries > 60 {
                return ("too many tries".to_owned(), None);
            }
            let places = match what {
                Try::Walk { .. } => Vec::new(),
                Try::Staged { .. } => match proposed(&trial, self.sleepers) {
                    Some(places) => places,
                    None => trial.places().to_vec(),
                },
            };
            let order = Order {
                unit: "u0000001".parse().unwrap(),
                version: 1,
                number: self.tries,
                ask: Ask::Try(what),
                places,
            };
            self.again = u8::try_from(trial.outcomes(what).len()).unwrap();
            let tried = self.look(&order, what);
            trial.handle_tried(&order, &tried);
        }
        match trial.verdict() {
            Verdict::Open => ("open".to_owned(), None),
            Verdict::Refused(faults) => (format!("refused: {}", faults_of(&faults)), None),
            Verdict::Passed => self.conclude(&trial),
        }
    }

    fn conclude(&mut self, trial: &Trial) -> (String, Option<Passed>) {
        let places: Vec<SleepingPlace> = trial.places().iter().map(|it| place(it)).collect();
        let sketches: Vec<Sketch> = std::mem::take(&mut self.sketches).into_values().collect();
        let truth = Room::from_seed(self.seed).sleeping_place();
        let truth: Vec<[f32; 2]> = truth.into_iter().map(|(x, y)| [x, y]).collect();
        let size = area(&trial.places()[0]) / area(&truth);
        let unclear = trial
            .steps()
            .into_iter()
            .flat_map(|what| trial.outcomes(what).to_vec());
        let unclear = unclear
            .filter(|(it, _)| matches!(it, Finding::Unclear(_)))
            .count();
        match Profile::of(&sketches, &places) {
            Ok(profile) => {
                let mut moved = Home::new(self.model, self.seed, Mounting::Knocked);
                let mut still = Home::new(self.model, self.seed, Mounting::Right);
                let asleep = trial.steps()[8];
                let hangs =
                    |home: &mut Home<'_>| -> Hanging { profile.compare(&home.sketch(asleep)) };
                let said = format!(
                    "passed; {} tries, {unclear} unclear, {} marks, place {size:.1} of the bed, \
                     knocked by 5 degrees {:?}, as it hung {:?}",
                    self.tries,
                    profile.count(),
                    hangs(&mut moved),
                    hangs(&mut still),
                );
                (said, Some((trial.places().to_vec(), profile)))
            }
            Err(error) => (format!("no profile: {error}"), None),
        }
    }

    fn frames(&self, what: Try) -> Vec<Frame> {
        let at = Timestamp::from_ms(1_000 * i64::from(self.tries) + 1).unwrap();
        let show = Show::Tried {
            seed: self.seed,
            what,
            again: self.again,
            sleepers: self.sleepers,
            mounting: self.mounting,
        };
        let stage = Stage {
            scenes: vec![StagedScene { from_ms: at, show }],
        };
        let file = self.folder.path().join("stage.json");
        std::fs::write(&file, serde_json::to_vec(&stage).unwrap()).unwrap();
        let mut camera = StagedCamera::new(&file);
        camera.open(at).unwrap();
        (0..FRAMES)
            .map(|_| camera.next_frame().unwrap().frame)
            .collect()
    }

    fn sketch(&mut self, what: Try) -> Sketch {
        self.tries += 1;
        let mut sketch = Sketch::new();
        self.frames(what).iter().for_each(|frame| sketch.add(frame));
        sketch
    }

    fn look(&mut self, order: &Order, what: Try) -> Tried {
        let places: Vec<SleepingPlace> = match what {
            Try::Walk { .. } => vec![SleepingPlace::whole_frame()],
            Try::Staged {
                sleeper: Some(sleeper),
                ..
            } => vec![place(&order.places[usize::from(sleeper)])],
            Try::Staged { sleeper: None, .. } => order.places.iter().map(|it| place(it)).collect(),
        };
        let frames = self.frames(what);
        let (concluded, sums, sketch) = self.judge(&frames, &places);
        let is_fit = !matches!(concluded.finding, Finding::Technical(_));
        if is_fit && is_profiled(what) {
            self.sketches.insert(what, sketch);
        }
        Tried {
            unit: order.unit,
            boot: BootId(1),
            version: 1,
            number: order.number,
            what,
            finding: concluded.finding,
            level: concluded.bin.map(|bin| bin.reached()),
            cells: match what {
                Try::Walk { .. } => cells(&sums, frames.len()),
                Try::Staged { .. } => Vec::new(),
            },
        }
    }
}

impl Home<'_> {
    /// A look after the commissioning.
    fn at_night(
        &self,
        (state, shown): (State, Shown),
        places: &[Vec<[f32; 2]>],
        profile: Option<&Profile>,
    ) -> Finding {
        let room = Room::from_seed(self.seed).on_night(NIGHT);
        let hung = (&Knock::NONE, Lens::Clear);
        let rendered = room.tried(shown, Around::AsItIs, hung, 900 + state as u64);
        let sensor = Sensor::from_seed(self.seed);
        let frames: Vec<Frame> = (0..FRAMES)
            .map(|noise| {
                let picture = sensor.expose(&rendered.radiance, 7_000 + noise);
                let side = |pixels: usize| u32::try_from(pixels).unwrap();
                let (wide, high) = (side(picture.width), side(picture.height));
                Frame::from_luma8(wide, high, picture.luma).unwrap()
            })
            .collect();
        let places: Vec<SleepingPlace> = places.iter().map(|it| place(it)).collect();
        let (concluded, _, sketch) = self.judge(&frames, &places);
        let moved = profile.is_some_and(|it| it.compare(&sketch) == Hanging::Moved);
        match concluded.finding {
            Finding::Technical(_) => concluded.finding,
            Finding::Visible | Finding::NotVisible | Finding::Unclear(_) | Finding::Paused => {
                if moved {
                    Finding::Technical(Fault::Moved)
                } else {
                    concluded.finding
                }
            }
        }
    }

    fn judge(&self, frames: &[Frame], places: &[SleepingPlace]) -> (Concluded, Vec<f32>, Sketch) {
        let mut presence = Presence::new(frames.len());
        let mut sums = vec![0.0; MAP_HEIGHT * MAP_WIDTH];
        let mut sketch = Sketch::new();
        for (number, frame) in (0..).zip(frames) {
            let sighting = self.model.sight(frame, places).unwrap();
            let cells = sums.iter_mut().zip(&sighting.in_bed);
            cells.for_each(|(sum, cell)| *sum += cell);
            sketch.add(frame);
            presence.handle_frame(Observation {
                judged: Some(Judged::of(&sighting, &self.model.manifest().thresholds)),
                fingerprint: Fingerprint::of(frame),
                sequence: Sequence(number),
                likeness: None,
            });
        }
        (presence.conclude(), sums, sketch)
    }
}

fn cells(sums: &[f32], frames: usize) -> Vec<u16> {
    let enough = 0.5 * frames as f32;
    let (wide, high) = (
        MAP_WIDTH / usize::from(GRID.0),
        MAP_HEIGHT / usize::from(GRID.1),
    );
    let seen = |cell: &u16| {
        let (column, row) = (usize::from(cell % GRID.0), usize::from(cell / GRID.0));
        let mut parts = (0..high).flat_map(|down| (0..wide).map(move |across| (down, across)));
        parts.any(|(down, across)| {
            sums[(row * high + down) * MAP_WIDTH + column * wide + across] >= enough
        })
    };
    (0..GRID.0 * GRID.1).filter(seen).collect()
}

fn place(corners: &[[f32; 2]]) -> SleepingPlace {
    SleepingPlace::new(corners.iter().map(|[x, y]| (*x, *y)).collect()).unwrap()
}

/// The place of each sleeper, once all walks are whole and good.
fn proposed(trial: &Trial, sleepers: u8) -> Option<Vec<Vec<[f32; 2]>>> {
    let proposed = (0..sleepers).map(|sleeper| trial.proposed(sleeper)?.ok());
    proposed.collect()
}

fn faults_of(faults: &[TrialFault]) -> String {
    let said: Vec<String> = faults.iter().map(|fault| format!("{fault:?}")).collect();
    said.join(", ")
}
