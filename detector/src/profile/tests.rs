//! Profiles of a few generated rooms. How well they do on many is measured by the example
//! `profile_rooms` and not here.

use std::sync::LazyLock;

use nattsyn_models::Frame;
use nattsyn_scenes::{Knock, Lens, Occupant, Picture, Room, Sensor};

use super::*;

/// Rooms of the generator; what holds for how many stands in `docs/design/0011`.
const ROOMS: [u64; 2] = [2, 31];

/// Each of [`ROOMS`] commissioned: drawing one takes seconds on a busy machine.
static COMMISSIONED: LazyLock<[(Room, Profile); 2]> = LazyLock::new(|| {
    ROOMS.map(|seed| {
        let room = Room::from_seed(seed);
        let profile = Profile::of(&states(&room, seed), &places(&room)).unwrap();
        (room, profile)
    })
});

fn frame_of(picture: Picture) -> Frame {
    Frame::from_luma8(320, 240, picture.luma).unwrap()
}

fn look(room: &Room, seed: u64, occupant: Occupant) -> Sketch {
    let rendered = room.render(occupant, 5, Lens::Clear);
    let mut sketch = Sketch::new();
    for noise in 0..2 {
        let picture = Sensor::from_seed(seed).expose(&rendered.radiance, noise);
        sketch.add(&frame_of(picture));
    }
    sketch
}

fn places(room: &Room) -> Vec<SleepingPlace> {
    vec![SleepingPlace::new(room.sleeping_place()).unwrap()]
}

fn states(room: &Room, seed: u64) -> Vec<Sketch> {
    let other = room.on_night(1);
    let lit = other.clone().with_a_light_on(2);
    vec![
        look(room, seed, Occupant::Nobody),
        look(room, seed, Occupant::InBed),
        look(room, seed, Occupant::Standing),
        look(&other, seed, Occupant::SittingOnEdge),
        look(&other, seed, Occupant::InBed),
        look(&lit, seed, Occupant::Nobody),
    ]
}

/// A room that was commissioned, and its profile.
fn commissioned(seed: u64) -> &'static (Room, Profile) {
    let index = ROOMS.iter().position(|&it| it == seed).unwrap();
    &COMMISSIONED[index]
}

#[test]
fn a_camera_that_hangs_still_is_in_place_whatever_the_night_brings() {
    for seed in ROOMS {
        let (room, profile) = commissioned(seed);
        let night = room.on_night(4);
        let nights = [
            ("nobody", night.clone(), Occupant::Nobody),
            ("in bed", night.clone(), Occupant::InBed),
            ("two", night.clone(), Occupant::Two),
            ("linen", night.clone().with_other_linen(1), Occupant::InBed),
            (
                "curtains",
                night.clone().with_curtains(1.0),
                Occupant::InBed,
            ),
            ("a light", night.with_a_light_on(1), Occupant::InBed),
        ];
        for (what, night, occupant) in nights {
            let fit = profile.measure(&look(&night, seed, occupant));
            assert_eq!(
                fit.verdict(),
                Hanging::InPlace,
                "room {seed}, {what}: {fit:?}"
            );
        }
    }
}

#[test]
fn a_camera_that_was_knocked_has_moved() {
    let still = Knock::NONE;
    let knocks = [
        Knock {
            turn_deg: 4.0,
            ..still
        },
        Knock {
            turn_deg: -90.0,
            ..still
        },
        Knock {
            tilt_deg: -4.0,
            ..still
        },
        Knock {
            roll_deg: 6.0,
            ..still
        },
        Knock {
            right_m: 0.3,
            ..still
        },
        Knock {
            lower_m: 0.4,
            ..still
        },
        Knock {
            wider: 1.2,
            ..still
        },
    ];
    for seed in ROOMS {
        let (room, profile) = commissioned(seed);
        for knock in knocks {
            let night = room.on_night(4).knocked(&knock);
            let fit = profile.measure(&look(&night, seed, Occupant::InBed));
            assert_eq!(
                fit.verdict(),
                Hanging::Moved,
                "room {seed}, {knock:?}: {fit:?}"
            );
        }
    }
}

#[test]
fn another_room_and_the_same_room_mirrored_are_not_this_one() {
    for seed in ROOMS {
        let (room, profile) = commissioned(seed);
        let other = look(&Room::from_seed(seed + 500), seed, Occupant::InBed);
        assert_eq!(profile.compare(&other), Hanging::Moved, "room {seed}");
        let shown = room.render(Occupant::InBed, 5, Lens::Clear);
        let mut picture = Sensor::from_seed(seed).expose(&shown.radiance, 1);
        picture.luma.chunks_exact_mut(320).for_each(<[u8]>::reverse);
        let mut mirrored = Sketch::new();
        mirrored.add(&frame_of(picture));
        assert_eq!(profile.compare(&mirrored), Hanging::Moved, "room {seed}");
    }
}

/// The commissioned room of a seed as a lamp and a sensor would show it whose levels are changed.
fn compare_with(seed: u64, level: impl Fn(u8) -> u8) -> Hanging {
    let (room, profile) = commissioned(seed);
    let shown = room.on_night(4).render(Occupant::InBed, 5, Lens::Clear);
    let mut sketch = Sketch::new();
    for noise in 0..4 {
        let mut picture = Sensor::from_seed(seed).expose(&shown.radiance, noise);
        picture
            .luma
            .iter_mut()
            .for_each(|luma| *luma = level(*luma));
        sketch.add(&frame_of(picture));
    }
    profile.compare(&sketch)
}

#[test]
fn a_lamp_that_ages_and_another_exposure_move_nothing() {
    for seed in ROOMS {
        let of_a_third: fn(u8) -> u8 = |luma| luma / 3;
        let of_twice: fn(u8) -> u8 = |luma| luma.saturating_mul(2);
        let of_flatter: fn(u8) -> u8 = |luma| luma / 3 + 10;
        for level in [of_a_third, of_twice, of_flatter] {
            assert_ne!(compare_with(seed, level), Hanging::Moved, "room {seed}");
        }
    }
}

#[test]
fn the_size_of_the_camera_s_frames_changes_nothing() {
    let (room, profile) = commissioned(2);
    let shown = room.render(Occupant::InBed, 5, Lens::Clear);
    let picture = Sensor::from_seed(2).expose(&shown.radiance, 1);
    let doubled: Vec<u8> = (0..480 * 640)
        .map(|at: usize| picture.luma[at / 640 / 2 * 320 + at % 640 / 2])
        .collect();
    let mut large = Sketch::new();
    large.add(&Frame::from_luma8(640, 480, doubled).unwrap());
    let mut small = Sketch::new();
    small.add(&frame_of(picture));
    assert_eq!(profile.measure(&large), profile.measure(&small));
}

#[test]
fn nothing_is_marked_in_a_sleeping_place() {
    let (room, profile) = commissioned(2);
    let places = places(room);
    let marked = places_of_marks().zip(&profile.marks);
    let inside = |spot: Spot| {
        let (x, y) = spot.fraction();
        places.iter().any(|place| place.contains(x, y))
    };
    let set = marked.filter(|((spot, _), mark)| inside(*spot) && **mark != Tone::Neither);
    assert_eq!(set.count(), 0);
    let without = Profile::of(&states(room, 2), &[]).unwrap();
    assert!(without.count() > profile.count());
}

#[test]
fn what_staged_states_show_otherwise_is_not_marked() {
    let (room, whole) = commissioned(2);
    let mut staged = states(room, 2);
    for other in [777, 778] {
        staged.push(look(&Room::from_seed(other), 2, Occupant::Nobody));
    }
    let left = match Profile::of(&staged, &places(room)) {
        Ok(profile) => profile.count(),
        Err(ProfileError::Marks(marks)) => marks,
        Err(other) => panic!("{other}"),
    };
    assert!(left * 3 < whole.count(), "{left} of {}", whole.count());
}

#[test]
fn too_little_is_refused_and_says_what_is_missing() {
    let room = Room::from_seed(2);
    let places = places(&room);
    let error = |states: &[Sketch], places: &[SleepingPlace]| Profile::of(states, places).err();
    let mut states = states(&room, 2);
    assert_eq!(
        error(&states, &[SleepingPlace::whole_frame()]),
        Some(ProfileError::Marks(0))
    );
    states.push(Sketch::new());
    assert_eq!(error(&states, &places), Some(ProfileError::NoFrame(6)));
    states.truncate(5);
    assert_eq!(error(&states, &places), Some(ProfileError::States(5)));
    let flat = || {
        let mut sketch = Sketch::new();
        sketch.add(&Frame::from_luma8(1, 1, vec![90]).unwrap());
        sketch
    };
    let wall: Vec<Sketch> = (0..6).map(|_| flat()).collect();
    assert_eq!(error(&wall, &[]), Some(ProfileError::Marks(0)));
    let text = ProfileError::Marks(0).to_string();
    assert!(text.contains("0 marks") && text.contains("200"), "{text}");
}

#[test]
fn a_look_that_shows_nothing_is_never_in_place() {
    let (_, profile) = commissioned(2);
    assert_eq!(profile.compare(&Sketch::new()), Hanging::Unsure);
    for (width, height, level) in [(1, 1, 0), (1, 1, 255), (320, 240, 90), (39, 7, 9)] {
        let mut sketch = Sketch::new();
        let pixels = vec![level; width as usize * height as usize];
        sketch.add(&Frame::from_luma8(width, height, pixels).unwrap());
        assert_eq!(profile.compare(&sketch), Hanging::Moved);
    }
}

#[test]
fn a_profile_reads_back_as_it_was_written() {
    let (_, profile) = commissioned(2);
    let bytes = profile.to_bytes();
    assert_eq!(bytes.len(), PROFILE_BYTES);
    assert!(bytes.len() <= 512);
    assert!(Profile::from_bytes(&bytes).is_ok_and(|read| read == *profile));
}

#[test]
fn bytes_that_are_no_profile_are_refused() {
    let (_, profile) = commissioned(2);
    let bytes = profile.to_bytes();
    let error = |bytes: &[u8]| Profile::from_bytes(bytes).err();
    assert_eq!(error(&[]), Some(ProfileError::Length(0)));
    assert_eq!(
        error(&bytes[1..]),
        Some(ProfileError::Length(PROFILE_BYTES - 1))
    );
    assert_eq!(error(&[0; PROFILE_BYTES]), Some(ProfileError::Version(0)));
    let mut empty = [0; PROFILE_BYTES];
    empty[0] = 1;
    assert_eq!(error(&empty), Some(ProfileError::Marks(0)));
    let mut damaged = bytes.clone();
    damaged[7] = 243;
    assert_eq!(error(&damaged), Some(ProfileError::Damaged(7)));
}

#[test]
fn no_flipped_bit_is_read_as_the_same_profile() {
    let (_, profile) = commissioned(2);
    let bytes = profile.to_bytes();
    for bit in 0..8 * bytes.len() {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let same = Profile::from_bytes(&flipped).is_ok_and(|read| read == *profile);
        assert!(!same, "bit {bit}");
    }
}
