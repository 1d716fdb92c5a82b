//! Draws the mix of pictures that training wants and writes it.
//!
//! Seven pictures a room, a *group*, one for each [`Kind`]: the same bed, covers and camera with
//! and without somebody, just left, and heaped with and without somebody. Room and sensor are
//! drawn without looking at the occupant, so no label leaks into them. Deliberately no PNG and no
//! JPEG: see the crate's reasons for PGM in `main.rs`.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use nattsyn_scenes::{
    Bedding, HEIGHT, Lens, Occupant, Picture, Rendered, Room, Seen, Sensor, View, WIDTH,
};

use crate::args::{ArgsError, Order, Sheet};

/// Why pictures could not be written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WriteError {
    #[error(transparent)]
    Args(#[from] ArgsError),
    #[error("telling how far it got")]
    Tell(#[from] io::Error),
    #[error("writing {path}")]
    File { path: PathBuf, source: io::Error },
}

/// What a picture is in its group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Nobody; the covers as the room was drawn.
    Empty,
    /// Somebody in bed under those covers.
    InBed,
    /// Nobody; the covers as that person just left them.
    Left,
    /// Somebody in bed, the covers pushed down or thrown together.
    Uncovered,
    /// Nobody, and the covers as in [`Kind::Uncovered`].
    Heap,
    /// Somebody in the room but not in bed.
    Elsewhere,
    /// Nobody, on another night.
    Reference,
}

/// The pictures of a group in the order they are written, each with its twin's place in it: the
/// picture that differs from it by the person alone, by having been left, or by the night.
const GROUP: [(Kind, Option<u64>); 7] = [
    (Kind::Empty, None),
    (Kind::InBed, Some(0)),
    (Kind::Left, Some(1)),
    (Kind::Uncovered, Some(4)),
    (Kind::Heap, None),
    (Kind::Elsewhere, Some(0)),
    (Kind::Reference, Some(0)),
];

/// Of how many looks one shows somebody who moves.
const MOVES: u64 = 4;

/// Pictures of one room.
const PER_ROOM: u64 = GROUP.len() as u64;

/// Pictures on a contact sheet, and how many side by side.
const SHEET: (usize, usize) = (56, 7);

const HEADER: &str = "file,mask,room,occupant,bedding,view,lens,visible_share,covered_share,\
person_px,bedding_over_person_px,sleeping_place,kind,twin_of,bulge_mm,bed_share\n";

/// One picture to draw.
struct Shot {
    room: u64,
    kind: Kind,
    /// The number of its twin's picture.
    twin_of: Option<u64>,
    occupant: Occupant,
    lens: Lens,
    /// Draws who is in bed and how they lie: the same in the whole group.
    sleeper: u64,
    /// Draws sensor and noise, and whoever is elsewhere.
    seed: u64,
}

/// Writes every picture of `order`, its mask and its label.
pub(crate) fn run(order: &Order) -> Result<(), WriteError> {
    for folder in ["frames", "masks"] {
        let path = order.out.join(folder);
        fs::create_dir_all(&path).map_err(|source| WriteError::File { path, source })?;
    }
    let path = order.out.join("labels.csv");
    let failed = |source| WriteError::File {
        path: path.clone(),
        source,
    };
    let mut labels = BufWriter::new(File::create(&path).map_err(failed)?);
    labels.write_all(HEADER.as_bytes()).map_err(failed)?;
    let mut sheet = Vec::new();
    for number in 0..order.count {
        let shot = match order.only {
            None => plan(order.seed, number),
            Some(occupant) => alone(order.seed, number, occupant),
        };
        let (label, picture) = shoot(&order.out, number, &shot)?;
        labels.write_all(label.as_bytes()).map_err(failed)?;
        for frame in 1..order.frames {
            let (label, _like_the_first) = shoot_again(order, number, &shot, frame)?;
            labels.write_all(label.as_bytes()).map_err(failed)?;
        }
        if order.sheet == Sheet::Wanted && sheet.len() < SHEET.0 {
            sheet.push(picture);
        }
        if (number + 1).is_multiple_of(200) || number + 1 == order.count {
            writeln!(io::stderr(), "{} of {} pictures", number + 1, order.count)?;
        }
    }
    labels.flush().map_err(failed)?;
    if order.sheet == Sheet::Wanted {
        write_sheet(&order.out.join("sheet.pgm"), &sheet)?;
    }
    Ok(())
}

/// What picture `number` of the series `seed` shows.
fn plan(seed: u64, number: u64) -> Shot {
    let elsewhere = [
        Occupant::Standing,
        Occupant::SittingOnEdge,
        Occupant::OnFloor,
    ];
    let faults = [
        Lens::Covered,
        Lens::Defocused,
        Lens::Saturated,
        Lens::LampDead,
    ];
    let room = scatter(seed, number / PER_ROOM);
    let chance = scatter(room, number + 1);
    let place = number % PER_ROOM;
    let (kind, twin) = chosen_in_order(place);
    let occupant = match kind {
        Kind::Empty | Kind::Left | Kind::Heap | Kind::Reference => Occupant::Nobody,
        Kind::InBed | Kind::Uncovered => Occupant::InBed,
        // One in sixteen of the others shows two people, as when staff are in the room.
        Kind::Elsewhere if chance.is_multiple_of(16) => Occupant::Two,
        Kind::Elsewhere => chosen(&elsewhere, chance >> 8),
    };
    // One picture in sixteen has a fault, whoever is in the room; a reference never has.
    let lens = if kind != Kind::Reference && (chance >> 16).is_multiple_of(16) {
        chosen(&faults, chance >> 24)
    } else {
        Lens::Clear
    };
    Shot {
        room,
        kind,
        twin_of: twin.map(|twin| number - place + twin),
        occupant,
        lens,
        sleeper: scatter(room, 0),
        seed: scatter(chance, 7),
    }
}

/// What picture `number` of the series `seed` shows where each has a room of its own and `occupant`
/// in it, without a twin.
fn alone(seed: u64, number: u64, occupant: Occupant) -> Shot {
    let room = scatter(seed, number);
    Shot {
        room,
        kind: Kind::Elsewhere,
        twin_of: None,
        occupant,
        lens: Lens::Clear,
        sleeper: scatter(room, 0),
        seed: scatter(room, 7),
    }
}

fn chosen_in_order(place: u64) -> (Kind, Option<u64>) {
    GROUP[usize::try_from(place % PER_ROOM).unwrap_or(0)]
}

impl Shot {
    /// The room as this picture shows it, and the picture.
    fn render(&self) -> (Room, Rendered) {
        let room = Room::from_seed(self.room);
        let heaps = [
            Bedding::PushedDown,
            Bedding::Heaped,
            Bedding::Bare,
            Bedding::Heaped,
        ];
        match self.kind {
            Kind::Empty | Kind::InBed => {
                let rendered = room.render(self.occupant, self.sleeper, self.lens);
                (room, rendered)
            }
            Kind::Left => {
                let rendered = room.render_left(self.sleeper, self.lens);
                (room, rendered)
            }
            Kind::Uncovered | Kind::Heap => {
                let room = room.with_bedding(chosen(&heaps, self.sleeper >> 8));
                let rendered = room.render(self.occupant, self.sleeper, self.lens);
                (room, rendered)
            }
            Kind::Elsewhere => {
                let rendered = room.render(self.occupant, self.seed, self.lens);
                (room, rendered)
            }
            Kind::Reference => {
                let room = room.redrawn(self.seed);
                let rendered = room.render(self.occupant, self.seed, self.lens);
                (room, rendered)
            }
        }
    }
}

fn chosen<T: Copy>(choices: &[T], chance: u64) -> T {
    let rest = chance % choices.len() as u64;
    choices[usize::try_from(rest).unwrap_or(0)]
}

/// A number that tells nothing of the two it is made from (the finaliser of SplitMix64).
fn scatter(a: u64, b: u64) -> u64 {
    let mut bits = a.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ b.wrapping_add(0xD1B5_4A32_D192_ED03);
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

/// Renders, exposes and writes one picture; gives its line of the labels.
fn shoot(out: &Path, number: u64, shot: &Shot) -> Result<(String, Picture), WriteError> {
    let name = format!("{number:06}");
    write_frame(out, &name, shot, shot.seed)
}

/// Writes a later frame of the look that picture `number` begins; gives its line.
///
/// Where somebody moves, they lie otherwise in the second half of the look: as another sleeper
/// lies, because the anatomy knows poses and no way from one to the next.
fn shoot_again(
    order: &Order,
    number: u64,
    shot: &Shot,
    frame: u64,
) -> Result<(String, Picture), WriteError> {
    let moves = scatter(shot.seed, 11).is_multiple_of(MOVES);
    let moved = Shot {
        sleeper: if moves && frame * 2 >= order.frames {
            scatter(shot.sleeper, 1)
        } else {
            shot.sleeper
        },
        twin_of: None,
        ..*shot
    };
    let name = format!("{number:06}-{frame}");
    write_frame(&order.out, &name, &moved, scatter(shot.seed, frame))
}

/// Renders and writes one frame whose noise is drawn by `noise`; gives its line of the labels.
fn write_frame(
    out: &Path,
    name: &str,
    shot: &Shot,
    noise: u64,
) -> Result<(String, Picture), WriteError> {
    let (room, rendered) = shot.render();
    let picture = Sensor::from_seed(shot.seed).expose(&rendered.radiance, noise);
    let (frame, mask) = (format!("frames/{name}.pgm"), format!("masks/{name}.pgm"));
    write_pgm(&out.join(&frame), WIDTH, HEIGHT, &picture.luma)?;
    let grey = |seen: &Seen| match seen {
        Seen::Nothing => 0,
        Seen::BeddingOverPerson => 128,
        Seen::Person => 255,
    };
    let values: Vec<u8> = rendered.person.seen().iter().map(grey).collect();
    write_pgm(&out.join(&mask), WIDTH, HEIGHT, &values)?;
    Ok((label(&frame, &mask, shot, &room, &rendered), picture))
}

fn label(frame: &str, mask: &str, shot: &Shot, room: &Room, rendered: &Rendered) -> String {
    let occupant = match shot.occupant {
        Occupant::Nobody => "nobody",
        Occupant::SittingOnEdge => "sitting_on_edge",
        Occupant::Standing => "standing",
        Occupant::OnFloor => "on_floor",
        Occupant::Two | Occupant::Couple => "two",
        Occupant::InBed | Occupant::InLane(_) => "in_bed",
    };
    let bedding = match room.bedding() {
        Bedding::Bare => "bare",
        Bedding::Tucked => "tucked",
        Bedding::PushedDown => "pushed_down",
        Bedding::Made => "made",
        Bedding::FoldedBack => "folded_back",
        Bedding::Rumpled => "rumpled",
        Bedding::Heaped => "heaped",
    };
    let view = match room.view() {
        View::Corner => "corner",
        View::Wall => "wall",
        View::Overhead => "overhead",
    };
    let lens = match shot.lens {
        Lens::Clear => "clear",
        Lens::Covered => "covered",
        Lens::Defocused => "defocused",
        Lens::Saturated => "saturated",
        Lens::LampDead => "lamp_dead",
    };
    let (person, under) = (
        rendered.person.count(Seen::Person),
        rendered.person.count(Seen::BeddingOverPerson),
    );
    let (visible, covered) = (rendered.visible_share, rendered.covered_share);
    let mut line = format!(
        "{frame},{mask},{:016x},{occupant},{bedding},{view},{lens},{visible:.3},{covered:.3},\
         {person},{under},",
        shot.room
    );
    let kind = match shot.kind {
        Kind::Empty => "empty",
        Kind::InBed => "in_bed",
        Kind::Left => "left",
        Kind::Uncovered => "uncovered",
        Kind::Heap => "heap",
        Kind::Elsewhere => "elsewhere",
        Kind::Reference => "reference",
    };
    let twin = shot.twin_of.map(|twin| format!("frames/{twin:06}.pgm"));
    let twin = twin.unwrap_or_default();
    let (place, bulge, share) = (place(room), rendered.bulge_mm, bed_share(room));
    line.push_str(&format!("{place},{kind},{twin},{bulge:.2},{share:.3}\n"));
    line
}

/// A room's sleeping place as `x y x y ...`, in fractions of the picture.
pub(crate) fn place(room: &Room) -> String {
    let corners = room
        .sleeping_place()
        .into_iter()
        .map(|(x, y)| format!("{x:.4} {y:.4}"));
    corners.collect::<Vec<_>>().join(" ")
}

/// Share of the picture inside the sleeping place's polygon.
fn bed_share(room: &Room) -> f32 {
    let corners = room.sleeping_place();
    let next = corners.iter().cycle().skip(1);
    let pairs = corners.iter().zip(next);
    0.5 * pairs.map(|(a, b)| a.0 * b.1 - b.0 * a.1).sum::<f32>().abs()
}

fn write_sheet(path: &Path, pictures: &[Picture]) -> Result<(), WriteError> {
    let across = SHEET.1.min(pictures.len());
    let down = pictures.len().div_ceil(SHEET.1);
    let mut values = vec![0; across * WIDTH * down * HEIGHT];
    for (i, picture) in pictures.iter().enumerate() {
        let (column, row) = (i % SHEET.1, i / SHEET.1);
        for (y, line) in picture.luma.chunks_exact(WIDTH).enumerate() {
            let start = (row * HEIGHT + y) * across * WIDTH + column * WIDTH;
            values[start..start + WIDTH].copy_from_slice(line);
        }
    }
    write_pgm(path, across * WIDTH, down * HEIGHT, &values)
}

/// Binary PGM (P5), eight bits.
fn write_pgm(path: &Path, width: usize, height: usize, values: &[u8]) -> Result<(), WriteError> {
    let mut file = format!("P5\n{width} {height}\n255\n").into_bytes();
    file.extend_from_slice(values);
    fs::write(path, file).map_err(|source| WriteError::File {
        path: path.to_owned(),
        source,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(room: u64) -> Vec<Shot> {
        (0..PER_ROOM)
            .map(|i| plan(9, room * PER_ROOM + i))
            .collect()
    }

    #[test]
    fn every_room_is_shown_empty_with_a_sleeper_just_left_and_with_somebody_elsewhere() {
        for room in 0..50 {
            let shots = group(room);
            assert!(shots.iter().all(|shot| shot.room == shots[0].room));
            assert!(shots.iter().all(|shot| shot.sleeper == shots[0].sleeper));
            let who = |kind: Kind| {
                shots
                    .iter()
                    .find(|shot| shot.kind == kind)
                    .unwrap()
                    .occupant
            };
            for kind in [Kind::Empty, Kind::Left, Kind::Heap, Kind::Reference] {
                assert_eq!(who(kind), Occupant::Nobody);
            }
            assert_eq!(who(Kind::InBed), Occupant::InBed);
            assert_eq!(who(Kind::Uncovered), Occupant::InBed);
            assert!(![Occupant::Nobody, Occupant::InBed].contains(&who(Kind::Elsewhere)));
        }
    }

    #[test]
    fn a_twin_is_in_the_same_group_and_has_no_person_or_the_person_who_left() {
        for (number, shot) in (0..70).map(|number| (number, plan(9, number))) {
            let Some(twin) = shot.twin_of else { continue };
            let other = plan(9, twin);
            assert_eq!(
                (twin / PER_ROOM, other.room),
                (number / PER_ROOM, shot.room)
            );
            let expected = if shot.kind == Kind::Left {
                Occupant::InBed
            } else {
                Occupant::Nobody
            };
            assert_eq!(other.occupant, expected, "picture {number}");
        }
    }

    #[test]
    fn where_only_two_are_wanted_each_picture_shows_two_in_a_room_of_its_own() {
        let shots: Vec<Shot> = (0..40).map(|n| alone(9, n, Occupant::Two)).collect();
        assert!(shots.iter().all(|shot| shot.occupant == Occupant::Two));
        let rooms: std::collections::HashSet<u64> = shots.iter().map(|shot| shot.room).collect();
        assert_eq!(rooms.len(), 40);
    }

    #[test]
    fn faults_come_as_often_with_a_sleeper_as_in_an_empty_room() {
        let faults = |first: u64| {
            let shots = (0..3000).map(|room| plan(9, room * PER_ROOM + first));
            shots.filter(|shot| shot.lens != Lens::Clear).count()
        };
        let (empty, in_bed) = (faults(0), faults(1));
        // One in sixteen of 3,000 is 188, with a standard deviation of 13.
        assert!(
            (130..245).contains(&empty) && (130..245).contains(&in_bed),
            "{empty} {in_bed}"
        );
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let file = std::env::current_exe().unwrap();
        let order = Order {
            count: 1,
            seed: 1,
            only: None,
            frames: 1,
            out: file.join("x"),
            sheet: Sheet::Unwanted,
        };
        let told = run(&order).unwrap_err().to_string();
        assert!(
            told.starts_with("writing ") && told.ends_with("frames"),
            "{told}"
        );
    }
}
