//! Tries profiles of the camera's place: on generated rooms, and on pictures that one has.
//!
//! - `rooms FIRST LAST`: for each generated room a profile of six staged states, then looks on
//!   other nights with the camera as it hung and knocked; prints who was said to have moved.
//! - `pictures STAGED,STAGED,… LOOK…`: a profile of staged pictures, and how each look fits it.
//! - `profiles FIRST LAST`: for each room a line of its profile, of the profile of the same room
//!   staged with nobody on another night (for the first 100 rooms), and the first staged picture
//!   with somebody in bed on the profile's grid: what `models/evaluation/invert.py` learns from.
//!
//! Nothing of this is in a unit. The figures stand in `docs/design/0011`.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program for a developer, who reads what it prints and sees where it stops"
)]

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use nattsyn_detector::profile::{Fit, Hanging, Profile, ProfileError, Sketch};
use nattsyn_models::{Frame, SleepingPlace};
use nattsyn_scenes::{Knock, Lens, Occupant, Picture, Rendered, Room, Sensor};

/// Frames of a look: fewer than the ten of a real one, which would cancel out more noise.
const FRAMES: u64 = 4;

/// Rooms whose profile is made twice by `profiles`.
const TWICE: u64 = 100;

/// Angles, lengths and lenses by which a camera is knocked.
const DEGREES: [f32; 6] = [1.0, 2.0, 3.0, 5.0, 10.0, 30.0];
const METRES: [f32; 4] = [0.05, 0.1, 0.2, 0.4];
const WIDER: [f32; 3] = [1.05, 1.1, 1.2];

/// How a look fits, and how the same on another night does, where it was tried.
type Look = (Fit, Option<Fit>);

/// What looks at all rooms say, by what was done.
type Table = BTreeMap<String, Vec<Look>>;

fn main() {
    let given: Vec<String> = std::env::args().skip(1).collect();
    let number = |at: usize| given.get(at).unwrap().parse::<u64>().unwrap();
    match given.first().map(String::as_str) {
        Some("rooms") => rooms(number(1), number(2)),
        Some("profiles") => profiles(number(1), number(2)),
        Some("pictures") => pictures(&given[1], &given[2..]),
        Some(_) | None => println!("rooms FIRST LAST | profiles FIRST LAST | pictures A,B,… LOOK…"),
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

fn rooms(first: u64, last: u64) {
    let table = Mutex::new(Table::new());
    let refused = AtomicU64::new(0);
    each(first, last, |seed| match looks(seed) {
        Ok(looks) => {
            let mut table = table.lock().unwrap();
            for (what, fits) in looks {
                table.entry(what).or_default().push(fits);
            }
        }
        Err(error) => {
            println!("room {seed}: {error}");
            refused.fetch_add(1, Ordering::Relaxed);
        }
    });
    let table = table.into_inner().unwrap();
    println!(
        "| what | looks | moved | unsure | not in place on both nights | total: least, median, most |"
    );
    println!("|---|---|---|---|---|---|");
    for (what, fits) in &table {
        println!("{}", row(what, fits));
    }
    let unmoved = table
        .iter()
        .filter(|(what, _)| what.starts_with("as it hung"));
    let unmoved: Vec<_> = unmoved.flat_map(|(_, fits)| fits.clone()).collect();
    println!("{}", row("all as it hung", &unmoved));
    println!("refused at commissioning: {refused:?}");
}

fn row(what: &str, fits: &[Look]) -> String {
    let count = |hanging| {
        fits.iter()
            .filter(|(fit, _)| fit.verdict() == hanging)
            .count()
    };
    let off = |fit: &Fit| fit.verdict() != Hanging::InPlace;
    let twice = fits
        .iter()
        .filter(|(one, next)| off(one) && next.as_ref().is_some_and(off))
        .count();
    let mut totals: Vec<f32> = fits.iter().map(|(fit, _)| fit.total()).collect();
    totals.sort_by(f32::total_cmp);
    let at = |index: usize| totals.get(index).copied().unwrap_or(f32::NAN);
    format!(
        "| {what} | {} | {} | {} | {twice} | {:.2}, {:.2}, {:.2} |",
        fits.len(),
        count(Hanging::Moved),
        count(Hanging::Unsure),
        at(0),
        at(totals.len() / 2),
        at(totals.len().saturating_sub(1)),
    )
}

/// One camera's looks.
struct Eye {
    sensor: Sensor,
}

impl Eye {
    fn sketch(&self, rendered: &Rendered, noise: u64) -> Sketch {
        let mut sketch = Sketch::new();
        for frame in 0..FRAMES {
            let picture = self
                .sensor
                .expose(&rendered.radiance, noise * FRAMES + frame);
            sketch.add(&frame_of(picture));
        }
        sketch
    }

    fn look(&self, room: &Room, occupant: Occupant, pose: u64) -> Sketch {
        self.sketch(&room.render(occupant, pose, Lens::Clear), pose)
    }

    /// Six staged states: three as the room is, three with loose things elsewhere, one of them with
    /// a light on.
    fn staged(&self, room: &Room) -> Vec<Sketch> {
        let other = room.on_night(1);
        vec![
            self.look(room, Occupant::Nobody, 1),
            self.look(room, Occupant::InBed, 2),
            self.sketch(&room.render_left(2, Lens::Clear), 3),
            self.look(&other, Occupant::SittingOnEdge, 4),
            self.look(&other, Occupant::InBed, 5),
            self.look(&other.with_a_light_on(1), Occupant::Nobody, 6),
        ]
    }

    /// The same with nobody in any.
    fn staged_empty(&self, room: &Room) -> Vec<Sketch> {
        let other = room.on_night(1);
        let lit = other.clone().with_a_light_on(1);
        let rooms = [room, room, room, &other, &other, &lit];
        let look = |(room, pose): (&Room, u64)| self.look(room, Occupant::Nobody, pose);
        rooms.into_iter().zip(11..).map(look).collect()
    }
}

fn frame_of(picture: Picture) -> Frame {
    let side = |pixels: usize| u32::try_from(pixels).unwrap();
    Frame::from_luma8(side(picture.width), side(picture.height), picture.luma).unwrap()
}

fn places(room: &Room) -> Vec<SleepingPlace> {
    let inside = |(x, y): (f32, f32)| (x.clamp(0.0, 1.0), y.clamp(0.0, 1.0));
    let corners = room.sleeping_place().into_iter().map(inside).collect();
    vec![SleepingPlace::new(corners).unwrap()]
}

/// What is looked at: a name, the room, and who is in it.
type Case = (String, Room, Occupant);

/// The looks at one room, on nights after it was commissioned.
fn looks(seed: u64) -> Result<Vec<(String, Look)>, ProfileError> {
    let room = Room::from_seed(seed);
    let eye = Eye {
        sensor: Sensor::from_seed(seed),
    };
    let profile = Profile::of(&eye.staged(&room), &places(&room))?;
    let nights = [room.on_night(1000 + seed), room.on_night(9000 + seed)];
    let fit = |(_, room, occupant): &Case, pose| profile.measure(&eye.look(room, *occupant, pose));
    let [one, next] = nights.each_ref().map(still);
    let unmoved = one.iter().zip(&next);
    let mut fits: Vec<(String, Look)> = unmoved
        .map(|(one, next)| (one.0.clone(), (fit(one, 40), Some(fit(next, 41)))))
        .collect();
    let [night, _] = &nights;
    let mut cases = knocked(night, seed);
    let elsewhere = Room::from_seed(seed + 5_000_000);
    cases.push(("in another room".to_owned(), elsewhere, Occupant::InBed));
    fits.extend(
        cases
            .iter()
            .map(|case| (case.0.clone(), (fit(case, 40), None))),
    );
    let shown = night.render(Occupant::InBed, 40, Lens::Clear);
    let mut picture = eye.sensor.expose(&shown.radiance, 1);
    let lines = picture.luma.chunks_exact_mut(picture.width);
    lines.for_each(<[u8]>::reverse);
    let mut mirrored = Sketch::new();
    mirrored.add(&frame_of(picture));
    fits.push(("mirrored".to_owned(), (profile.measure(&mirrored), None)));
    Ok(fits)
}

/// The camera hangs as it did.
fn still(night: &Room) -> Vec<Case> {
    let case = |what: &str, room: Room, occupant| (format!("as it hung: {what}"), room, occupant);
    vec![
        case("nobody", night.clone(), Occupant::Nobody),
        case("in bed", night.clone(), Occupant::InBed),
        case("on the edge", night.clone(), Occupant::SittingOnEdge),
        case("standing", night.clone(), Occupant::Standing),
        case("on the floor", night.clone(), Occupant::OnFloor),
        case("two", night.clone(), Occupant::Two),
        case(
            "other linen",
            night.clone().with_other_linen(3),
            Occupant::InBed,
        ),
        case(
            "curtains open",
            night.clone().with_curtains(0.0),
            Occupant::InBed,
        ),
        case(
            "curtains shut",
            night.clone().with_curtains(1.0),
            Occupant::InBed,
        ),
        case(
            "a light on",
            night.clone().with_a_light_on(3),
            Occupant::InBed,
        ),
    ]
}

/// The camera was knocked, to one side or the other by the room's number.
fn knocked(night: &Room, seed: u64) -> Vec<Case> {
    let side = if seed.is_multiple_of(2) { 1.0 } else { -1.0 };
    let still = Knock::NONE;
    let mut cases = Vec::new();
    let mut add = |what: String, knock: Knock| {
        cases.push((what, night.clone().knocked(&knock), Occupant::InBed));
    };
    for degrees in DEGREES {
        let by = side * degrees;
        add(
            format!("turned {degrees:02}°"),
            Knock {
                turn_deg: by,
                ..still
            },
        );
        add(
            format!("tilted {degrees:02}°"),
            Knock {
                tilt_deg: by,
                ..still
            },
        );
        add(
            format!("rolled {degrees:02}°"),
            Knock {
                roll_deg: by,
                ..still
            },
        );
    }
    for metres in METRES {
        add(
            format!("shifted {metres:.2} m"),
            Knock {
                right_m: side * metres,
                ..still
            },
        );
        add(
            format!("lowered {metres:.2} m"),
            Knock {
                lower_m: metres,
                ..still
            },
        );
    }
    for wider in WIDER {
        add(format!("wider {wider:.2}"), Knock { wider, ..still });
    }
    add(
        "turned to the wall, 90°".to_owned(),
        Knock {
            turn_deg: side * 90.0,
            ..still
        },
    );
    add(
        "tilted up, 60°".to_owned(),
        Knock {
            tilt_deg: -60.0,
            ..still
        },
    );
    cases
}

/// Columns and rows on which a room's picture is written down for who learns to invert profiles.
const THUMB: (usize, usize) = (40, 30);

fn profiles(first: u64, last: u64) {
    each(first, last, |seed| {
        let room = Room::from_seed(seed);
        let eye = Eye {
            sensor: Sensor::from_seed(seed),
        };
        let Ok(profile) = Profile::of(&eye.staged(&room), &places(&room)) else {
            return;
        };
        let again = if seed < first + TWICE {
            let empty = eye.staged_empty(&room.on_night(77));
            Profile::of(&empty, &places(&room))
                .map_or_else(|_| String::new(), |it| hex(&it.to_bytes()))
        } else {
            String::new()
        };
        let shown = room.render(Occupant::InBed, 2, Lens::Clear);
        let picture = thumb(&eye.sensor.expose(&shown.radiance, 1));
        println!(
            "{seed} {} {} {again}",
            hex(&profile.to_bytes()),
            hex(&picture)
        );
    });
}

fn thumb(picture: &Picture) -> Vec<u8> {
    let (wide, high) = (picture.width / THUMB.0, picture.height / THUMB.1);
    let cell = |at: usize| {
        let (column, row) = (at % THUMB.0, at / THUMB.0);
        let lines = (row * high..(row + 1) * high).map(|line| line * picture.width + column * wide);
        let sum: usize = lines
            .flat_map(|start| &picture.luma[start..start + wide])
            .map(|level| usize::from(*level))
            .sum();
        u8::try_from(sum / (wide * high)).unwrap()
    };
    (0..THUMB.0 * THUMB.1).map(cell).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn pictures(staged: &str, looks: &[String]) {
    let sketch = |path: &str| {
        let picture = image::open(path).unwrap().into_luma8();
        let (width, height) = picture.dimensions();
        let mut sketch = Sketch::new();
        sketch.add(&Frame::from_luma8(width, height, picture.into_raw()).unwrap());
        sketch
    };
    let staged: Vec<Sketch> = staged.split(',').map(sketch).collect();
    let profile = Profile::of(&staged, &[]).unwrap();
    println!("{} marks", profile.count());
    for path in looks {
        let fit = profile.measure(&sketch(path));
        println!("{path} {:?} {:.2} {fit:?}", fit.verdict(), fit.total());
    }
}
