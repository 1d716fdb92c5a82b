//! The homes of a killed night: what is planned in them, what their cameras show, and the files
//! that hub and units begin with.
//!
//! Three homes, two checks each, so that a night is short: one person sleeps, one is away all
//! night, one comes to bed between the first check and the second. Only the first check of the
//! sleepers ends with its first look; the others keep the parts busy.

use std::path::Path;
use std::time::Duration;

use jiff::civil::Date;

use nattsyn_hub::certificates::Authority;
use nattsyn_hub::demo::homes::{Home, ZONE};
use nattsyn_hub::demo::{places, provision};
use nattsyn_hub::enrolment::{Homes, enrol};
use nattsyn_hub::keys::{HubKeys, endorse};
use nattsyn_hub::store::SqliteStore;
use nattsyn_protocol::demonstration::{self, Lens, Occupant, Show, Stage, StagedScene};
use nattsyn_protocol::ids::WindowKey;
use nattsyn_protocol::plan::{Plan, Window};
use nattsyn_protocol::schedule::{Check, checks_of};
use nattsyn_protocol::time::Timestamp;
use nattsyn_tests::programs::program;

use super::hub::Rooms;

/// Homes a night.
const HOMES: u32 = 3;

/// When a night's clock begins: long enough before the first window for every unit to arrive.
const LEAD: Duration = Duration::from_secs(15 * 60);

/// One home.
pub(crate) struct Flat {
    pub(crate) home: Home,
    pub(crate) checks: Vec<Check>,
}

/// The homes with their checks on a night.
pub(crate) fn flats(night: Date) -> Vec<Flat> {
    (0..HOMES).map(|index| flat(index, night)).collect()
}

/// When the night's clock begins.
pub(crate) fn begins(flats: &[Flat]) -> Timestamp {
    let checks = flats.iter().flat_map(|flat| &flat.checks);
    checks.map(|check| check.opens).min().unwrap().before(LEAD)
}

/// The last deadline.
pub(crate) fn last_deadline(flats: &[Flat]) -> Timestamp {
    let checks = flats.iter().flat_map(|flat| &flat.checks);
    checks.map(|check| check.deadline).max().unwrap()
}

fn flat(index: u32, night: Date) -> Flat {
    let mut home = Home::new(index).unwrap();
    let window = |key, from: &str, to: &str| {
        Window::nightly(WindowKey(key), from.parse().unwrap(), to.parse().unwrap())
    };
    let programs = program("nattsyn-scenes").parent().unwrap().to_owned();
    home.plan = Plan {
        // Nearly at once, so that the night is short.
        offset_s: index * 7,
        windows: vec![window(1, "22:30", "23:00"), window(2, "23:45", "00:15")],
        places: vec![places::of_room(&programs, home.room).unwrap()],
        ..home.plan
    };
    let checks = checks_of(&home.plan, night).unwrap();
    Flat { home, checks }
}

fn stage(flat: &Flat) -> Stage {
    let scene = |from_ms, occupant| StagedScene {
        from_ms,
        show: Show::Room {
            seed: flat.home.room,
            pose: 0,
            occupant,
            lens: Lens::Clear,
        },
    };
    let early = Timestamp::from_ms(0).unwrap();
    let between = flat.checks[0].deadline.after(Duration::from_secs(60));
    let scenes = match flat.home.index {
        0 => vec![scene(early, Occupant::InBed)],
        1 => vec![scene(early, Occupant::Nobody)],
        _ => vec![
            scene(early, Occupant::Nobody),
            scene(between, Occupant::InBed),
        ],
    };
    Stage { scenes }
}

/// Makes everything that the night begins with: certificates, keys, an enrolled ledger and a
/// folder for each unit, which reaches the broker at `port`.
pub(crate) fn furnish(folder: &Path, flats: &[Flat], port: u16) {
    let rooms = Rooms(folder.to_owned());
    let authority =
        Authority::create(&rooms.tls(), &nattsyn_protocol::demonstration::root_key()).unwrap();
    std::fs::create_dir_all(folder.join("hub")).unwrap();
    let key = HubKeys::draw(&rooms.keys()).unwrap();
    let endorsement = endorse(&demonstration::root_key(), key, 1);
    HubKeys::keep(&rooms.keys(), &demonstration::root(), &endorsement).unwrap();
    let mut homes = Homes::default();
    for flat in flats {
        let home = provision::provision(
            &flat.home,
            &stage(flat),
            &rooms.unit(&flat.home.unit.to_string()),
            &authority,
            ([127, 0, 0, 1], port).into(),
            &rooms.clock(),
        );
        homes.homes.push(home.unwrap());
        homes.plans.push(flat.home.plan.clone());
    }
    let keys = HubKeys::open(&rooms.keys()).unwrap();
    let mut store = SqliteStore::open(&rooms.ledger()).unwrap();
    let begins = begins(flats);
    enrol(&mut store, &homes.on_paper(begins), &keys, begins).unwrap();
    assert_eq!(flats[0].home.plan.zone, ZONE);
}
