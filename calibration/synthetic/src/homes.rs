//! Homes, and what labelled checks they give.
//!
//! A street is a seed: the same seed gives the same homes with the same checks. Commissioning is
//! one night, so all its staged states share that night; every drawn check has a night of its own.
//! The trial's nights are the first that are drawn.

use rand_distr::{Distribution as _, StandardNormal, Uniform};
use rand_pcg::Pcg64Mcg;

use crate::shape::{Presence, Shape};

/// One home: what it does to every score in it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Home {
    /// Added to checks with nobody there, in log-odds.
    pub nobody: f64,
    /// Added to checks with somebody there.
    pub somebody: f64,
    /// Factor on what varies within the home.
    pub spread: f64,
}

impl Home {
    /// What it adds to checks of that kind.
    #[must_use]
    pub fn effect(&self, presence: Presence) -> f64 {
        match presence {
            Presence::Nobody => self.nobody,
            Presence::Somebody => self.somebody,
        }
    }

    /// The same home after its empty beds and its sleepers have moved, as by summer light.
    #[must_use]
    pub fn drifted(self, nobody: f64, somebody: f64) -> Self {
        Self {
            nobody: self.nobody + nobody,
            somebody: self.somebody + somebody,
            ..self
        }
    }
}

/// Checks that a home gives with a label: for each the highest score of its looks, in log-odds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Given {
    /// Staged when the home was commissioned, labelled *nobody*; each state twice.
    pub staged_nobody: Vec<f64>,
    /// Staged, labelled *somebody*.
    pub staged_somebody: Vec<f64>,
    /// Drawn at random before visits or from beds known to be empty, labelled *nobody*; in order.
    pub drawn_nobody: Vec<f64>,
    /// Drawn at random before visits, labelled *somebody*.
    pub drawn_somebody: Vec<f64>,
}

/// Draws homes and their checks, all from one seed.
#[derive(Clone, Debug)]
pub struct Street {
    shape: Shape,
    random: Pcg64Mcg,
    unit: Uniform<f64>,
}

impl Street {
    /// A street of homes of `shape`.
    #[must_use]
    pub fn new(shape: Shape, seed: u64) -> Self {
        // The generator wants an odd state with its bits spread; neighbouring seeds are not alike.
        let spread = 0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835;
        let state = (u128::from(seed) + 1).wrapping_mul(spread);
        let mut random = Pcg64Mcg::new(state);
        let unit = Uniform::new(0.0, 1.0).expect("0 is below 1");
        for _ in 0..16 {
            unit.sample(&mut random);
        }
        Self {
            shape,
            random,
            unit,
        }
    }

    fn normal(&mut self) -> f64 {
        StandardNormal.sample(&mut self.random)
    }

    fn by_chance(&mut self, chance: f64) -> bool {
        self.unit.sample(&mut self.random) < chance
    }

    /// The next home.
    pub fn home(&mut self) -> Home {
        let shape = self.shape;
        let (nobody, somebody) = (self.normal(), self.normal());
        let odd = self.by_chance(shape.odd);
        let of_odd = |what: f64| if odd { what } else { 0.0 };
        Home {
            nobody: shape.nobody.home * nobody + of_odd(shape.odd_nobody),
            somebody: shape.somebody.home * somebody + of_odd(shape.odd_somebody),
            spread: if odd { shape.odd_spread } else { 1.0 },
        }
    }

    /// A whole number from `least` to `most`, all alike.
    pub fn between(&mut self, least: u32, most: u32) -> u32 {
        let room = f64::from(most.saturating_sub(least)) + 1.0;
        let step = (self.unit.sample(&mut self.random) * room).floor();
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "from 0 to most - least, both whole numbers of 32 bits"
        )]
        let step = step as u32;
        least + step.min(most.saturating_sub(least))
    }

    /// What `home` gives: eight staged checks of each kind, and `drawn` drawn ones of each.
    ///
    /// With `noise` each label is wrong by that chance: the check was of the other kind.
    pub fn given(&mut self, home: &Home, drawn: u32, noise: f64) -> Given {
        let (nobody, somebody) = (Presence::Nobody, Presence::Somebody);
        Given {
            staged_nobody: self.staged(home, nobody, noise),
            staged_somebody: self.staged(home, somebody, noise),
            drawn_nobody: self.drawn(home, nobody, drawn, noise),
            drawn_somebody: self.drawn(home, somebody, drawn, noise),
        }
    }

    fn staged(&mut self, home: &Home, labelled: Presence, noise: f64) -> Vec<f64> {
        let night = self.normal();
        let states = [0, 1, 2, 3, 0, 1, 2, 3];
        let check = |state| {
            let presence = self.truth_of(labelled, noise);
            self.check(home, presence, state, night)
        };
        states.into_iter().map(check).collect()
    }

    fn drawn(&mut self, home: &Home, labelled: Presence, checks: u32, noise: f64) -> Vec<f64> {
        let check = |_| {
            let presence = self.truth_of(labelled, noise);
            let state = self.state(presence);
            let night = self.normal();
            self.check(home, presence, state, night)
        };
        (0..checks).map(check).collect()
    }

    /// A state, as often as it occurs.
    fn state(&mut self, presence: Presence) -> usize {
        let states = self.shape.levels(presence).states;
        let mut left = self.unit.sample(&mut self.random);
        for (at, (share, _)) in states.iter().enumerate() {
            left -= share;
            if left < 0.0 {
                return at;
            }
        }
        states.len() - 1
    }

    /// What was there when somebody wrote `labelled`.
    fn truth_of(&mut self, labelled: Presence, noise: f64) -> Presence {
        if noise <= 0.0 || !self.by_chance(noise) {
            return labelled;
        }
        match labelled {
            Presence::Nobody => Presence::Somebody,
            Presence::Somebody => Presence::Nobody,
        }
    }

    /// One check's score: the highest of its looks.
    fn check(&mut self, home: &Home, presence: Presence, state: usize, night: f64) -> f64 {
        let levels = *self.shape.levels(presence);
        let looks = (0..self.shape.looks).map(|_| self.normal());
        let highest = looks.fold(f64::NEG_INFINITY, f64::max);
        let varies = levels.states[state].1
            + levels.night * night
            + levels.check * self.normal()
            + levels.look * highest;
        levels.mean + home.effect(presence) + home.spread * varies
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_gives_the_same_homes_and_another_seed_others() {
        let first = |seed| {
            let mut street = Street::new(Shape::default(), seed);
            let home = street.home();
            street.given(&home, 3, 0.0)
        };
        assert_eq!(first(1), first(1));
        assert_ne!(first(1), first(2));
        assert_eq!(first(1).staged_nobody.len(), 8);
        assert_eq!(first(1).drawn_somebody.len(), 3);
    }

    #[test]
    fn wrong_labels_bring_sleepers_among_the_empty_beds() {
        let mut street = Street::new(Shape::default(), 3);
        let home = Home {
            nobody: 0.0,
            somebody: 0.0,
            spread: 1.0,
        };
        let high = |given: Given| given.drawn_nobody.iter().filter(|s| **s > 3.0).count();
        assert!(high(street.given(&home, 1000, 0.0)) < 15);
        assert!(high(street.given(&home, 1000, 0.2)) > 100);
    }

    /// What `shape` says was measured: means, and variances between and within homes.
    #[test]
    fn the_levels_add_up_to_what_was_measured() {
        for (presence, mean, between, within) in [
            (Presence::Nobody, -5.0, 1.7, 3.1),
            (Presence::Somebody, 4.0, 3.2, 5.1),
        ] {
            // One look a check is one picture.
            let shape = Shape {
                looks: 1,
                ..Shape::default()
            };
            let mut street = Street::new(shape, 5);
            let homes: Vec<Vec<f64>> = (0..3000)
                .map(|_| {
                    let home = street.home();
                    street.drawn(&home, presence, 30, 0.0)
                })
                .collect();
            let means: Vec<f64> = homes.iter().map(|home| average(home)).collect();
            let inside = average(&homes.iter().map(|home| variance(home)).collect::<Vec<_>>());
            let outside = variance(&means) - inside / 30.0;
            assert!(
                (average(&means) - mean).abs() < 0.25,
                "{presence:?}: {}",
                average(&means)
            );
            assert!(
                (outside - between).abs() < 0.6,
                "{presence:?} between: {outside}"
            );
            assert!(
                (inside - within).abs() < 0.6,
                "{presence:?} within: {inside}"
            );
        }
    }

    fn average(of: &[f64]) -> f64 {
        of.iter().sum::<f64>() / of.len() as f64
    }

    fn variance(of: &[f64]) -> f64 {
        let mean = average(of);
        of.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (of.len() as f64 - 1.0)
    }
}
