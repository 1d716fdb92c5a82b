//! What a look shows as a whole, beside what its frames say one by one.
//!
//! Belongs to the camera's thread and never leaves it: sketches of the looks that were staged, the
//! in-bed maps of a walk, the profile that looks are compared with. Out of here go a word about how
//! the camera hangs, cells of a coarse grid, and a profile once all was tried. Sketches and maps
//! are overwritten when they are dropped.
//!
//! Knows one look and what was staged before it; whether a look is a try, or may be kept, is said
//! from outside.

use nattsyn_models::{Frame, MAP_HEIGHT, MAP_WIDTH, Sighting, SleepingPlace};
use nattsyn_protocol::commission::{GRID, Try};
use zeroize::Zeroizing;

use crate::profile::{Hanging, Profile, ProfileError, Sketch};

/// From which mean of the model's evidence on somebody is said to be seen in a cell: more likely
/// than not.
const SEEN_FROM: f32 = 0.5;

/// Cells of the model's map in a cell of the grid, across and down.
const IN_A_CELL: (usize, usize) = (MAP_WIDTH / GRID.0 as usize, MAP_HEIGHT / GRID.1 as usize);
const _: () = assert!(MAP_WIDTH == IN_A_CELL.0 * GRID.0 as usize);
const _: () = assert!(MAP_HEIGHT == IN_A_CELL.1 * GRID.1 as usize);

/// What is asked of a look as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beside {
    /// Nothing.
    Nothing,
    /// Whether the camera hangs as it did when it was commissioned, if it ever was.
    Hanging,
    /// Nothing now; its sketch may be kept when it is closed.
    Sketch,
    /// Where somebody lies.
    Cells,
}

/// What a look says as a whole, told with its last frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Whole {
    /// Nothing was asked, or nothing could be said.
    Nothing,
    /// How the camera hangs.
    Hanging(Hanging),
    /// In which cells of [`GRID`] somebody was seen in bed, rising.
    Cells(Vec<u16>),
}

/// What is gathered of the look under way, and what is kept of those before.
pub(super) struct Gathering {
    beside: Beside,
    sketch: Option<Sketch>,
    maps: Maps,
    staged: Staged,
    profile: Option<Box<Profile>>,
}

/// The sum of a look's in-bed maps.
struct Maps {
    sums: Zeroizing<Vec<f32>>,
    judged: u16,
}

/// The newest sketch of each staged try.
#[derive(Default)]
struct Staged {
    tries: Vec<Try>,
    /// In the same order.
    sketches: Vec<Sketch>,
}

impl Gathering {
    pub(super) fn new() -> Self {
        Self {
            beside: Beside::Nothing,
            sketch: None,
            maps: Maps::new(),
            staged: Staged::default(),
            profile: None,
        }
    }

    /// A look begins.
    pub(super) fn open(&mut self, beside: Beside) {
        self.close(None);
        self.beside = beside;
        let is_sketched = match beside {
            Beside::Nothing | Beside::Cells => false,
            Beside::Hanging => self.profile.is_some(),
            Beside::Sketch => true,
        };
        self.sketch = is_sketched.then(Sketch::new);
    }

    /// Takes in a frame that is fit to judge by.
    pub(super) fn handle_frame(&mut self, frame: &Frame) {
        if let Some(sketch) = &mut self.sketch {
            sketch.add(frame);
        }
    }

    /// Takes in what the model saw in one.
    pub(super) fn handle_sighting(&mut self, sighting: &Sighting) {
        match self.beside {
            Beside::Cells => self.maps.add(sighting),
            Beside::Nothing | Beside::Hanging | Beside::Sketch => {}
        }
    }

    /// What the look says as a whole.
    pub(super) fn whole(&self) -> Whole {
        match (self.beside, &self.profile, &self.sketch) {
            (Beside::Cells, _, _) => Whole::Cells(self.maps.cells()),
            (Beside::Hanging, Some(profile), Some(sketch)) => {
                Whole::Hanging(profile.compare(sketch))
            }
            (Beside::Nothing | Beside::Hanging | Beside::Sketch, _, _) => Whole::Nothing,
        }
    }

    /// The look is over; its sketch is kept as that of a try, or overwritten.
    pub(super) fn close(&mut self, keep: Option<Try>) {
        let sketch = self.sketch.take();
        if let (Some(what), Some(sketch)) = (keep, sketch) {
            self.staged.keep(what, sketch);
        }
        self.beside = Beside::Nothing;
        self.maps = Maps::new();
    }

    /// What was staged counts no more.
    pub(super) fn forget(&mut self) {
        self.staged = Staged::default();
    }

    /// A profile of everything that was staged. Looks go on being compared with the one before.
    pub(super) fn profile(&self, places: &[SleepingPlace]) -> Result<Profile, ProfileError> {
        Profile::of(&self.staged.sketches, places)
    }

    /// Looks are compared with this from now on.
    pub(super) fn hold(&mut self, profile: Option<Box<Profile>>) {
        self.profile = profile;
    }
}

impl Maps {
    fn new() -> Self {
        Self {
            sums: Zeroizing::new(vec![0.0; MAP_WIDTH * MAP_HEIGHT]),
            judged: 0,
        }
    }

    fn add(&mut self, sighting: &Sighting) {
        self.judged = self.judged.saturating_add(1);
        for (sum, evidence) in self.sums.iter_mut().zip(&sighting.in_bed) {
            *sum += evidence;
        }
    }

    fn cells(&self) -> Vec<u16> {
        let from = SEEN_FROM * f32::from(self.judged.max(1));
        let is_seen = |cell: &u16| {
            let column = usize::from(cell % GRID.0) * IN_A_CELL.0;
            let row = usize::from(cell / GRID.0) * IN_A_CELL.1;
            let lines = self.sums.chunks_exact(MAP_WIDTH).skip(row);
            let mut lines = lines.take(IN_A_CELL.1);
            lines.any(|line| {
                let mut sums = line.iter().skip(column).take(IN_A_CELL.0);
                sums.any(|sum| *sum >= from)
            })
        };
        (0..GRID.0 * GRID.1).filter(is_seen).collect()
    }
}

impl Staged {
    fn keep(&mut self, what: Try, sketch: Sketch) {
        let before = self.tries.iter().position(|kept| *kept == what);
        match before.and_then(|at| self.sketches.get_mut(at)) {
            Some(kept) => *kept = sketch,
            None => {
                self.tries.push(what);
                self.sketches.push(sketch);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use nattsyn_models::{Health, Model};
    use nattsyn_protocol::commission::{Room, State};

    use super::*;

    /// A sighting with evidence of somebody in bed in these cells of the map, by column and row.
    fn sighting(model: &Model, evidence: &[(usize, usize, f32)]) -> Sighting {
        let frame = Frame::from_luma8(64, 48, vec![90; 64 * 48]).unwrap();
        let mut sighting = model
            .sight(&frame, &[SleepingPlace::whole_frame()])
            .unwrap();
        sighting.health = Health::Ok;
        sighting.in_bed.fill(0.0);
        for &(column, row, strength) in evidence {
            sighting.in_bed[(row, column)] = strength;
        }
        sighting
    }

    #[test]
    fn a_cell_is_told_whose_mean_of_any_quarter_is_at_least_a_half() {
        let model = Model::load().unwrap();
        let mut gathering = Gathering::new();
        gathering.open(Beside::Cells);
        // Twice in one place, once in another, and in two places of one cell by turns.
        for second in [(20, 10), (21, 10)] {
            let evidence = [
                (39, 31, 0.5),
                (0, 0, if second.0 == 20 { 0.9 } else { 0.0 }),
                (second.0, second.1, 0.9),
                (2, 1, if second.0 == 20 { 0.99 } else { 0.01 }),
            ];
            gathering.handle_sighting(&sighting(&model, &evidence));
        }
        // 0.5 in the last of all; 0.45 in the first of all and in either half of (10, 5); 0.5 in
        // (1, 0), by its lower row.
        assert_eq!(gathering.whole(), Whole::Cells(vec![1, 319]));
        gathering.open(Beside::Cells);
        assert_eq!(
            gathering.whole(),
            Whole::Cells(Vec::new()),
            "of another look"
        );
        gathering.open(Beside::Nothing);
        gathering.handle_sighting(&sighting(&model, &[(1, 1, 1.0)]));
        assert_eq!(gathering.whole(), Whole::Nothing);
    }

    #[test]
    fn of_each_staged_try_the_newest_sketch_is_kept_until_it_is_forgotten() {
        let mut gathering = Gathering::new();
        let staged = |state| Try::Staged {
            sleeper: None,
            state,
            room: Room::AsItIs,
        };
        let frame = Frame::from_luma8(64, 48, vec![90; 64 * 48]).unwrap();
        let mut look = |keep| {
            gathering.open(Beside::Sketch);
            gathering.handle_frame(&frame);
            gathering.close(keep);
            gathering.staged.sketches.len()
        };
        assert_eq!(look(None), 0);
        assert_eq!(look(Some(staged(State::EmptyBare))), 1);
        assert_eq!(look(Some(staged(State::EmptyBare))), 1);
        assert_eq!(look(Some(staged(State::EmptyMade))), 2);
        gathering.forget();
        assert!(gathering.staged.sketches.is_empty() && gathering.staged.tries.is_empty());
        // A look of the plan's is never kept, whatever is said.
        gathering.open(Beside::Hanging);
        gathering.handle_frame(&frame);
        gathering.close(Some(staged(State::EmptyBare)));
        assert!(gathering.staged.sketches.is_empty());
    }
}
