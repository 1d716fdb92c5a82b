//! What the generator promises whoever uses its rooms: the same seed gives the same picture, a
//! person changes nothing but where they are, and a faulty lens looks faulty.
//!
//! Deliberately nothing about whether pictures look real: that is judged by eye and by what a model
//! learns from them.

use nattsyn_scenes::{
    Bedding, HEIGHT, Knock, Lens, Occupant, Picture, Rendered, Room, Seen, Sensor, WIDTH,
};

const STATES: [Bedding; 7] = [
    Bedding::Bare,
    Bedding::Made,
    Bedding::Tucked,
    Bedding::FoldedBack,
    Bedding::Rumpled,
    Bedding::PushedDown,
    Bedding::Heaped,
];

const EVERYONE: [Occupant; 6] = [
    Occupant::Nobody,
    Occupant::InBed,
    Occupant::SittingOnEdge,
    Occupant::Standing,
    Occupant::OnFloor,
    Occupant::Two,
];

/// Seeds for tests over several rooms, the two ends of the range among them.
const SEEDS: [u64; 6] = [0, 1, 7, 20, 1_000_003, u64::MAX];

fn exposed(seed: u64, occupant: Occupant, lens: Lens, frame: u64) -> Picture {
    let rendered = Room::from_seed(seed).render(occupant, 5, lens);
    Sensor::from_seed(seed).expose(&rendered.radiance, frame)
}

fn mean(picture: &Picture) -> f64 {
    let sum: f64 = picture.luma.iter().map(|&luma| f64::from(luma)).sum();
    sum / picture.luma.len() as f64
}

/// How sharply light changes along rows relative to its mean: the mean second difference, which
/// slow gradients leave at nothing. Before the sensor, so that noise is not taken for detail.
fn detail(light: &[f32]) -> f32 {
    let bends = light.chunks_exact(WIDTH).flat_map(|row| row.windows(3));
    let sum: f32 = bends
        .map(|near| (near[0] - 2.0 * near[1] + near[2]).abs())
        .sum();
    sum / light.iter().sum::<f32>()
}

fn contains(polygon: &[(f32, f32)], x: f32, y: f32) -> bool {
    let next = polygon.iter().cycle().skip(1);
    let crossings = polygon
        .iter()
        .zip(next)
        .filter(|(a, b)| (a.1 > y) != (b.1 > y) && x < a.0 + (y - a.1) / (b.1 - a.1) * (b.0 - a.0));
    crossings.count() % 2 == 1
}

#[test]
fn the_same_seeds_give_the_same_picture() {
    for seed in SEEDS {
        let one = exposed(seed, Occupant::InBed, Lens::Clear, 3);
        assert_eq!(
            one,
            exposed(seed, Occupant::InBed, Lens::Clear, 3),
            "seed {seed}"
        );
        assert_eq!(
            (one.width, one.height, one.luma.len()),
            (WIDTH, HEIGHT, WIDTH * HEIGHT)
        );
    }
    let other = exposed(SEEDS[1], Occupant::InBed, Lens::Clear, 3);
    assert_ne!(other, exposed(SEEDS[2], Occupant::InBed, Lens::Clear, 3));
}

#[test]
fn two_frames_of_a_still_room_differ_by_noise_only() {
    let one = exposed(7, Occupant::InBed, Lens::Clear, 1);
    let other = exposed(7, Occupant::InBed, Lens::Clear, 2);
    assert_ne!(one, other);
    let differences = || {
        one.luma
            .iter()
            .zip(&other.luma)
            .map(|(&a, &b)| f64::from(a) - f64::from(b))
    };
    let count = one.luma.len() as f64;
    let drift = differences().sum::<f64>() / count;
    assert!(
        drift.abs() < 0.5,
        "the picture as a whole drifted by {drift}"
    );
    // Noise leaves neighbours unrelated; a moved edge would not.
    let pairs = differences().zip(differences().skip(1));
    let together =
        pairs.map(|(a, b)| a * b).sum::<f64>() / differences().map(|d| d * d).sum::<f64>();
    assert!(
        together.abs() < 0.1,
        "neighbouring differences are related: {together}"
    );
}

#[test]
fn a_room_without_a_person_does_not_depend_on_who_was_to_be_there() {
    for seed in SEEDS {
        let room = Room::from_seed(seed);
        let empty = room.render(Occupant::Nobody, 1, Lens::Clear);
        assert_eq!(
            empty,
            room.render(Occupant::Nobody, 2, Lens::Clear),
            "seed {seed}"
        );
        assert_eq!(empty.person.count(Seen::Nothing), WIDTH * HEIGHT);
        assert_eq!((empty.visible_share, empty.covered_share), (0.0, 0.0));
        for occupant in [
            Occupant::Standing,
            Occupant::SittingOnEdge,
            Occupant::OnFloor,
        ] {
            let twin = room.render(occupant, 1, Lens::Clear);
            let seen = twin.person.seen().iter();
            let lights = twin.radiance.light().iter().zip(empty.radiance.light());
            for (i, (seen, (with, without))) in seen.zip(lights).enumerate() {
                let same = with.to_bits() == without.to_bits();
                assert!(
                    same || *seen == Seen::Person,
                    "seed {seed} {occupant:?} pixel {i}"
                );
            }
        }
    }
}

#[test]
fn a_person_in_bed_lies_in_the_sleeping_place() {
    for seed in SEEDS {
        let room = Room::from_seed(seed);
        let place = room.sleeping_place();
        assert!(place.len() >= 3, "seed {seed}: {place:?}");
        let within = |x: f32| (0.0..=1.0).contains(&x);
        assert!(
            place.iter().all(|&(x, y)| within(x) && within(y)),
            "seed {seed}: {place:?}"
        );
        let person = room.render(Occupant::InBed, 9, Lens::Clear).person;
        let (mut inside, mut all) = (0, 0);
        for (i, _) in person
            .seen()
            .iter()
            .enumerate()
            .filter(|(_, s)| **s != Seen::Nothing)
        {
            let (x, y) = (
                (i % WIDTH) as f32 / WIDTH as f32,
                (i / WIDTH) as f32 / HEIGHT as f32,
            );
            all += 1;
            inside += usize::from(contains(&place, x, y));
        }
        assert!(all > 300, "seed {seed}: only {all} pixels of a person");
        assert!(
            inside * 10 >= all * 8,
            "seed {seed}: {inside} of {all} pixels in the bed"
        );
    }
}

#[test]
fn empty_beds_are_found_in_every_state() {
    let beds: Vec<Bedding> = (0..300)
        .map(|seed| Room::from_seed(seed).bedding())
        .collect();
    for state in STATES {
        let count = beds.iter().filter(|&&bedding| bedding == state).count();
        assert!(count >= 6, "{state:?}: {count} of 300");
    }
}

#[test]
fn covers_in_another_state_change_neither_room_nor_camera() {
    for seed in SEEDS {
        let room = Room::from_seed(seed);
        let outside = |rendered: &Rendered, place: &[(f32, f32)]| -> Vec<u32> {
            let light = rendered.radiance.light().iter().enumerate();
            // Hanging covers reach beyond the bed's outline: far from it nothing may change.
            let span = |of: fn(&(f32, f32)) -> f32| {
                let low = place.iter().map(of).fold(f32::MAX, f32::min) - 0.25;
                low..place.iter().map(of).fold(f32::MIN, f32::max) + 0.25
            };
            let (across, down) = (span(|p| p.0), span(|p| p.1));
            let far = light.filter(|(i, _)| {
                let (x, y) = (
                    (i % WIDTH) as f32 / WIDTH as f32,
                    (i / WIDTH) as f32 / HEIGHT as f32,
                );
                !across.contains(&x) || !down.contains(&y)
            });
            far.map(|(_, light)| light.to_bits()).collect()
        };
        let place = room.sleeping_place();
        let drawn = room.render(Occupant::Nobody, 1, Lens::Clear);
        for state in STATES {
            let other = room.clone().with_bedding(state);
            assert_eq!(other.bedding(), state);
            assert_eq!(other.sleeping_place(), place, "seed {seed}");
            let rendered = other.render(Occupant::Nobody, 1, Lens::Clear);
            assert_eq!(
                outside(&drawn, &place),
                outside(&rendered, &place),
                "seed {seed} {state:?}"
            );
        }
    }
}

#[test]
fn a_bed_just_left_shows_nobody_and_often_keeps_a_bulge() {
    let mut bulging = 0;
    for seed in 0..12 {
        let room = Room::from_seed(seed).with_bedding(Bedding::Rumpled);
        let left = room.render_left(3, Lens::Clear);
        assert_eq!(left.person.count(Seen::Person), 0, "seed {seed}");
        assert_eq!(
            (left.visible_share, left.covered_share),
            (0.0, 0.0),
            "seed {seed}"
        );
        assert_eq!(left, room.render_left(3, Lens::Clear), "seed {seed}");
        let covered = room.render(Occupant::InBed, 3, Lens::Clear);
        bulging += usize::from(left.bulge_mm > 0.3 * covered.bulge_mm);
    }
    assert!(bulging >= 4, "{bulging} of 12");
}

#[test]
fn a_cover_can_hide_most_of_a_sleepers_bulge() {
    let bulge = |seed, state| {
        let room = Room::from_seed(seed).with_bedding(state);
        room.render(Occupant::InBed, 3, Lens::Clear).bulge_mm
    };
    let mut bulges: Vec<f32> = (0..16).map(|seed| bulge(seed, Bedding::Tucked)).collect();
    bulges.sort_by(f32::total_cmp);
    assert!(bulges[2] < 0.35 * bulges[14], "{bulges:?}");
}

#[test]
fn another_night_keeps_the_room_and_moves_what_is_loose() {
    for seed in SEEDS {
        let room = Room::from_seed(seed);
        let night = room.redrawn(3);
        let (before, after) = (room.sleeping_place(), night.sleeping_place());
        assert_eq!(before.len(), after.len(), "seed {seed}");
        for (a, b) in before.iter().zip(&after) {
            // Two degrees are 4 % of the narrowest lens's width; 3 cm at a metre are as much.
            let moved = (a.0 - b.0).abs().max((a.1 - b.1).abs());
            assert!(moved < 0.12, "seed {seed}: {a:?} {b:?}");
        }
        let drawn = |room: &Room| room.render(Occupant::Nobody, 1, Lens::Clear);
        assert_eq!(drawn(&night), drawn(&room.redrawn(3)), "seed {seed}");
        assert_ne!(drawn(&night), drawn(&room), "seed {seed}");
        assert_ne!(drawn(&night), drawn(&room.redrawn(4)), "seed {seed}");
    }
}

#[test]
fn everyone_can_be_put_into_every_room() {
    for seed in SEEDS {
        for occupant in EVERYONE {
            let rendered = Room::from_seed(seed).render(occupant, u64::MAX, Lens::Clear);
            let light = rendered.radiance.light();
            assert!(
                light.iter().all(|l| l.is_finite() && *l >= 0.0),
                "seed {seed} {occupant:?}"
            );
            let shares = rendered.visible_share + rendered.covered_share;
            assert!(
                (0.0..=1.001).contains(&shares),
                "seed {seed} {occupant:?}: {shares}"
            );
        }
    }
}

#[test]
fn a_dead_lamp_is_black_and_a_flooded_sensor_white() {
    for seed in SEEDS {
        let dead = mean(&exposed(seed, Occupant::InBed, Lens::LampDead, 1));
        assert!(dead < 45.0, "seed {seed}: dead lamp at {dead}");
        let flooded = mean(&exposed(seed, Occupant::InBed, Lens::Saturated, 1));
        assert!(flooded > 250.0, "seed {seed}: flooded at {flooded}");
    }
}

#[test]
fn a_covered_or_defocused_lens_shows_no_detail() {
    for seed in SEEDS {
        let room = Room::from_seed(seed);
        let detail_through = |lens| detail(room.render(Occupant::InBed, 5, lens).radiance.light());
        let clear = detail_through(Lens::Clear);
        for lens in [Lens::Covered, Lens::Defocused] {
            let dull = detail_through(lens);
            assert!(
                dull < 0.2 * clear,
                "seed {seed} {lens:?}: {dull} against {clear}"
            );
        }
    }
}

/// Pixels that differ by more than noise between two clear pictures without noise.
fn changed(one: &Room, other: &Room) -> usize {
    let light = |room: &Room| room.render(Occupant::Nobody, 1, Lens::Clear).radiance;
    let (one, other) = (light(one), light(other));
    let pairs = one.light().iter().zip(other.light());
    pairs
        .filter(|(a, b)| (*a - *b).abs() > 0.02 * a.max(**b))
        .count()
}

#[test]
fn a_camera_that_was_not_knocked_sees_what_it_saw() {
    for seed in SEEDS {
        let room = Room::from_seed(seed);
        assert_eq!(changed(&room, &room.clone().knocked(&Knock::NONE)), 0);
    }
}

#[test]
fn every_way_to_knock_a_camera_changes_its_picture_and_keeps_the_bed_where_it_stands() {
    let still = Knock::NONE;
    let knocks = [
        Knock {
            turn_deg: 5.0,
            ..still
        },
        Knock {
            tilt_deg: 5.0,
            ..still
        },
        Knock {
            roll_deg: 5.0,
            ..still
        },
        Knock {
            right_m: 0.2,
            ..still
        },
        Knock {
            lower_m: 0.2,
            ..still
        },
        Knock {
            wider: 1.2,
            ..still
        },
    ];
    for seed in SEEDS {
        let room = Room::from_seed(seed);
        for knock in knocks {
            let knocked = room.clone().knocked(&knock);
            let pixels = changed(&room, &knocked);
            assert!(
                pixels > WIDTH * HEIGHT / 20,
                "seed {seed}, {knock:?}: {pixels}"
            );
            assert_ne!(room.sleeping_place(), knocked.sleeping_place());
        }
    }
}

#[test]
fn a_turn_to_the_right_moves_what_is_seen_to_the_left() {
    let room = Room::from_seed(7);
    let middle = |room: &Room| {
        let place = room.sleeping_place();
        place.iter().map(|(x, _)| x).sum::<f32>() / place.len() as f32
    };
    let turn_deg = 4.0;
    let turned = room.clone().knocked(&Knock {
        turn_deg,
        ..Knock::NONE
    });
    assert!(middle(&turned) < middle(&room) - 0.02);
}

#[test]
fn another_night_leaves_the_camera_and_the_bed_where_they_were() {
    for seed in SEEDS {
        let room = Room::from_seed(seed);
        let night = room.on_night(3);
        assert_eq!(room.sleeping_place(), night.sleeping_place());
        assert!(changed(&room, &night) > 0, "seed {seed}");
        assert_eq!(changed(&night, &room.on_night(3)), 0);
        let nudged = room.redrawn(2);
        assert_eq!(nudged.sleeping_place(), nudged.on_night(3).sleeping_place());
        assert_ne!(room.sleeping_place(), room.redrawn(3).sleeping_place());
    }
}

#[test]
fn a_light_other_linen_and_curtains_change_the_picture_and_nothing_else() {
    let rooms = || (1..30).map(Room::from_seed);
    let count = |change: fn(Room) -> Room| {
        let differ = |room: Room| changed(&room, &change(room.clone())) > 0;
        rooms().filter(|room| differ(room.clone())).count()
    };
    assert_eq!(count(|room| room.with_a_light_on(1)), 29);
    assert!(count(|room| room.with_other_linen(1)) > 20);
    // Most rooms have no curtains that the camera sees.
    assert!(count(|room| room.with_curtains(1.0)) > 2);
}
