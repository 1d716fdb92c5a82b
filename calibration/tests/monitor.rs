//! The monitor: how often it is wrong, and how soon it is right. Measured on nights drawn here.

use nattsyn_calibration::grid::Bin;
use nattsyn_calibration::monitor::{ALARM, Looks, Monitor};
use rand_distr::{Distribution as _, Normal, Uniform};
use rand_pcg::Pcg64Mcg;

/// Nights of a home: a sleeper nine times in ten, else an empty bed; both moved by `moved`.
struct Nights {
    random: Pcg64Mcg,
    moved: f64,
}

impl Nights {
    fn night(&mut self) -> (Bin, f64) {
        let unit = Uniform::new(0.0, 1.0).expect("0 is below 1");
        let empty = unit.sample(&mut self.random) < 0.1;
        let mean = if empty { -4.0 } else { 5.0 };
        let score = Normal::new(mean + self.moved, 2.0)
            .expect("a deviation above 0")
            .sample(&mut self.random);
        (Bin::of_log_odds(score), unit.sample(&mut self.random))
    }
}

/// 600 years of nights in all. At most one alarm in ten years is promised on average, which is 60;
/// five deviations of such a count are allowed.
#[test]
fn a_home_in_which_nothing_changes_has_at_most_one_alarm_in_ten_years() {
    let mut alarms = 0;
    for home in 0..300_u128 {
        let mut nights = Nights {
            random: Pcg64Mcg::new(2 * home + 1),
            moved: 0.0,
        };
        let mut monitor = Monitor::default();
        for _ in 0..730 {
            let (bin, lot) = nights.night();
            if monitor.handle_night(bin, lot) != Looks::Alike {
                alarms += 1;
                monitor = Monitor::default();
            }
        }
    }
    assert!(alarms <= 60 + 39, "{alarms} alarms in 600 years");
    assert!((ALARM - 3650.0).abs() < f64::EPSILON);
}

#[test]
fn a_moved_camera_is_noticed_within_weeks_and_stays_noticed() {
    let mut waited = Vec::new();
    for home in 0..40_u128 {
        let mut nights = Nights {
            random: Pcg64Mcg::new(2 * home + 1),
            moved: 0.0,
        };
        let mut monitor = Monitor::default();
        for _ in 0..120 {
            let (bin, lot) = nights.night();
            if monitor.handle_night(bin, lot) != Looks::Alike {
                monitor = Monitor::default();
            }
        }
        let began = monitor.nights();
        nights.moved = -4.0;
        let alarm = (0..120).find_map(|_| {
            let (bin, lot) = nights.night();
            match monitor.handle_night(bin, lot) {
                Looks::Alike => None,
                Looks::Changed(night) => Some(night),
            }
        });
        waited.push(alarm.map_or(120, |night| night - began));
        let (bin, lot) = nights.night();
        if let Some(night) = alarm {
            assert_eq!(monitor.handle_night(bin, lot), Looks::Changed(night));
        }
    }
    waited.sort_unstable();
    assert!(
        waited[20] <= 30,
        "half of the homes waited longer than {} nights",
        waited[20]
    );
}

/// 100 years of nights that all lie in one bin: the lot decides every rank, and nothing is learnt.
#[test]
fn a_home_that_always_says_the_same_is_not_alarmed_by_its_ties() {
    let mut random = Pcg64Mcg::new(3);
    let unit = Uniform::new(0.0, 1.0).unwrap();
    let bin = Bin::of_score(0.97).unwrap();
    let alarmed = (0..100).filter(|_| {
        let mut monitor = Monitor::default();
        (0..365).any(|_| monitor.handle_night(bin, unit.sample(&mut random)) != Looks::Alike)
    });
    assert!(alarmed.count() <= 10 + 16);
}
