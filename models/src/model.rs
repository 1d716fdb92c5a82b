//! The networks as one: loaded once, asked for one frame at a time.
//!
//! The ONNX files and their manifest are part of the binary, so an eye that may open no files has
//! its model. What the map's two channels mean, and how they become scores in and outside the
//! sleeping places, is decided here and documented on [`Sighting`]. The second network corrects
//! the map where a [`Reference`] explains it; without one it does not run, and nothing of the
//! first network's answer changes. Our own copies of a picture are overwritten after use; tract's
//! working memory is freed, not overwritten.

use ndarray::{Array2, Array3, Axis};
use sha2::{Digest, Sha256};
use thiserror::Error;
use tract_onnx::prelude::{TValue, Tensor, TractError, tvec};
use zeroize::Zeroizing;

use crate::frame::Frame;
use crate::health::{self, Health};
use crate::manifest::{Manifest, ManifestError};
use crate::network::{Network, values};
use crate::place::{SleepingPlace, coverage};
use crate::reduce::{INPUT_HEIGHT, INPUT_WIDTH, reduce, stretch};
use crate::reference::{CHANNELS, Reference, ReferenceError, VALUES};

/// Rows of the person map; each covers 1/32 of the picture's height.
pub const MAP_HEIGHT: usize = 32;

/// Columns of the person map; each covers 1/40 of the picture's width.
pub const MAP_WIDTH: usize = 40;

/// Cells whose mean logit is the evidence of a region: the strongest six, 0.5 % of the picture.
///
/// About what a head on a pillow covers from a ceiling corner; `training/train.py` pools the
/// same number, so that the scores are what was trained.
const POOLED_CELLS: usize = 6;

/// Share of a cell that must lie in a sleeping place for the cell to count as in it.
const INSIDE: f32 = 0.5;

/// The evidence of a region with no cells: a score of 4.5e-5, for "nothing was looked at".
const NO_CELLS_LOGIT: f32 = -10.0;

const EYE: &[u8] = include_bytes!("../artifacts/eye.onnx");
const COMPARE: &[u8] = include_bytes!("../artifacts/reference.onnx");
const MANIFEST: &[u8] = include_bytes!("../artifacts/manifest.json");

/// What the model says of one frame.
///
/// Scores are evidence, not probabilities: from 0 to 1, always finite, comparable only with
/// [`Thresholds`](crate::Thresholds) of the same model.
#[derive(Clone, Debug, PartialEq)]
pub struct Sighting {
    /// Evidence of a person lying or sitting in a sleeping place: the network's in-bed channel
    /// inside the polygons.
    pub in_place: f32,
    /// Evidence of a person who is not in a sleeping place: the other-person channel anywhere
    /// (somebody standing may hide part of the bed), and the in-bed channel more than a cell
    /// away from every polygon.
    pub elsewhere: f32,
    /// Evidence that a person can be seen at all.
    pub anywhere: f32,
    /// Evidence of more than one person.
    pub several: f32,
    /// Person evidence, 32 rows by 40 columns, 0 to 1: the stronger of both channels.
    pub map: Array2<f32>,
    /// Whether the frame is fit to judge by.
    pub health: Health,
}

/// The networks, ready to look.
pub struct Model {
    eye: Network,
    compare: Network,
    manifest: Manifest,
}

/// Why the model cannot be loaded, or could not look.
#[derive(Debug, Error)]
pub enum ModelError {
    /// The manifest is unusable.
    #[error("reading the built-in model's manifest")]
    Manifest(#[from] ManifestError),
    /// The network is not the one that the manifest describes.
    #[error("built-in model has checksum {found}, its manifest says {stated}")]
    Checksum {
        /// SHA-256 of the network.
        found: String,
        /// SHA-256 that the manifest states.
        stated: String,
    },
    /// tract refused the network.
    #[error("preparing the built-in model")]
    Prepare(#[source] TractError),
    /// tract failed on a frame.
    #[error("running the model on a frame")]
    Run(#[source] TractError),
    /// The network's answer has another form, or numbers that are not finite.
    #[error("model answered with {0}")]
    Answer(&'static str),
}

/// What the first network gives.
struct Outputs {
    /// The map, as the second network takes it.
    map: TValue,
    /// Somebody is in the frame; more than one is: logits.
    whole: TValue,
    /// What the second network compares.
    features: TValue,
}

/// What the networks say before it is read by place: logits.
struct Answer {
    /// Channel 0: a person in a bed. Channel 1: a person anywhere else.
    cells: Array3<f32>,
    /// Somebody is in the frame.
    anyone: f32,
    /// More than one person is.
    several: f32,
}

impl Model {
    /// Loads the built-in networks, checks them against their manifest and runs each once.
    ///
    /// Takes some 0.3 s in a release build on a small server; call it once a process.
    ///
    /// # Errors
    ///
    /// A manifest or network that does not belong to this build. None of them can be mended
    /// while running: the process cannot look and has to say so.
    pub fn load() -> Result<Self, ModelError> {
        let manifest = Manifest::from_json(MANIFEST)?;
        let eye = Network::load(EYE, &manifest.sha256)?;
        let compare = Network::load(COMPARE, &manifest.with_reference.sha256)?;
        let model = Self {
            eye,
            compare,
            manifest,
        };
        let blank = model.look(&vec![0.0; INPUT_HEIGHT * INPUT_WIDTH])?;
        let kept = vec![0.0; VALUES];
        Self::read_map(&model.compared(blank.features, blank.map, &kept)?[0])?;
        Ok(model)
    }

    /// The networks' papers, with the thresholds they ship with.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Looks at one frame, with what is kept of the same room with its bed empty, if anything is.
    ///
    /// With no sleeping places nothing can be in place: everybody is elsewhere. The evidence
    /// is given also for a frame whose health is not [`Health::Ok`]; it then means nothing.
    /// With a reference the evidence is measured against other thresholds
    /// ([`Manifest::thresholds_with`]). The camera has to hang as it did when the reference was
    /// made; a reference of another room or view makes the evidence worse than none.
    ///
    /// # Errors
    ///
    /// tract failed, or answered with something that is not a number. The frame counts as not
    /// looked at.
    pub fn sight(
        &self,
        frame: &Frame,
        places: &[SleepingPlace],
        reference: Option<&Reference>,
    ) -> Result<Sighting, ModelError> {
        let reduced = reduce(frame);
        let health = health::judge(&reduced);
        let Outputs {
            mut map,
            whole,
            features,
        } = self.look(&stretch(&reduced))?;
        if let Some(reference) = reference {
            let [with_reference, _kept] = self.compared(features, map, &reference.values())?;
            map = with_reference;
        }
        let whole = values(&whole, 2)?;
        let answer = Answer {
            cells: Self::read_map(&map)?,
            anyone: whole[0],
            several: whole[1],
        };
        Ok(read(&answer, places, health))
    }

    /// What to keep of a room from frames of it with its bed empty: their mean.
    ///
    /// Meant to be called while commissioning, with the frames of one look. More frames than one
    /// average sensor noise away; frames with other bedding are better still.
    ///
    /// # Errors
    ///
    /// No frames, a frame that is not fit to judge by, or a model that fails.
    pub fn reference(&self, frames: &[Frame]) -> Result<Reference, ReferenceError> {
        if frames.is_empty() {
            return Err(ReferenceError::NoFrames);
        }
        let (nothing, mut mean) = (vec![0.0; VALUES], Zeroizing::new(vec![0.0_f32; VALUES]));
        for (number, frame) in frames.iter().enumerate() {
            let reduced = reduce(frame);
            let health = health::judge(&reduced);
            if health != Health::Ok {
                return Err(ReferenceError::Unfit {
                    frame: number,
                    health,
                });
            }
            let seen = self.look(&stretch(&reduced))?;
            let [_map, kept] = self.compared(seen.features, seen.map, &nothing)?;
            let kept = Zeroizing::new(values(&kept, VALUES)?);
            for (sum, value) in mean.iter_mut().zip(kept.iter()) {
                *sum += value / frames.len() as f32;
            }
        }
        Ok(Reference::round(&mean, self.networks()))
    }

    /// Reads the bytes of a reference that this build's networks made.
    ///
    /// # Errors
    ///
    /// Bytes that are no reference, are cut short or hold what no reference holds; another
    /// build's reference, if its networks were others.
    pub fn read_reference(&self, bytes: &[u8]) -> Result<Reference, ReferenceError> {
        Reference::from_bytes(bytes, self.networks())
    }

    /// Which networks these are: a checksum of both checksums.
    fn networks(&self) -> [u8; 32] {
        let both = Sha256::new()
            .chain_update(&self.manifest.sha256)
            .chain_update(&self.manifest.with_reference.sha256);
        both.finalize().into()
    }

    fn look(&self, input: &[f32]) -> Result<Outputs, ModelError> {
        let input = tensor(&[1, 1, INPUT_HEIGHT, INPUT_WIDTH], input)?;
        let [map, whole, features] = self.eye.run(tvec!(input))?;
        Ok(Outputs {
            map,
            whole,
            features,
        })
    }

    /// The map with a reference, and what would be kept of the picture itself.
    fn compared(
        &self,
        features: TValue,
        map: TValue,
        kept: &[f32],
    ) -> Result<[TValue; 2], ModelError> {
        let kept = tensor(&[1, CHANNELS, MAP_HEIGHT, MAP_WIDTH], kept)?;
        self.compare.run(tvec!(features, map, kept))
    }

    fn read_map(map: &TValue) -> Result<Array3<f32>, ModelError> {
        let cells = values(map, 2 * MAP_HEIGHT * MAP_WIDTH)?;
        Array3::from_shape_vec((2, MAP_HEIGHT, MAP_WIDTH), cells)
            .map_err(|_shape| ModelError::Answer("a map of another size"))
    }
}

fn tensor(shape: &[usize], values: &[f32]) -> Result<TValue, ModelError> {
    let tensor = Tensor::from_shape(shape, values).map_err(ModelError::Run)?;
    Ok(tensor.into())
}

/// Reads the network's answer by place.
fn read(answer: &Answer, places: &[SleepingPlace], health: Health) -> Sighting {
    let (in_bed, other) = (
        answer.cells.index_axis(Axis(0), 0),
        answer.cells.index_axis(Axis(0), 1),
    );
    let inside = coverage(places, MAP_HEIGHT, MAP_WIDTH).mapv(|share| share >= INSIDE);
    let away = beyond(&inside);
    let select = |chosen: &Array2<bool>| {
        let cells = in_bed.iter().zip(chosen).filter(|(_, chosen)| **chosen);
        pooled(cells.map(|(logit, _)| *logit).collect())
    };
    let in_place = score(select(&inside));
    let elsewhere = score(select(&away).max(pooled(other.iter().copied().collect())));
    let anywhere = score(answer.anyone).max(in_place).max(elsewhere);
    let stronger = ndarray::Zip::from(&in_bed)
        .and(&other)
        .map_collect(|a, b| score(a.max(*b)));
    Sighting {
        in_place,
        elsewhere,
        anywhere,
        several: score(answer.several),
        map: stronger,
        health,
    }
}

/// The cells that are not in `inside` and touch none of its cells, not even by a corner.
///
/// A blanket hangs over the edge of the bed and polygons are drawn by hand: evidence one cell
/// outside is still the sleeper.
fn beyond(inside: &Array2<bool>) -> Array2<bool> {
    let (rows, columns) = inside.dim();
    Array2::from_shape_fn((rows, columns), |(row, column)| {
        let near_rows = row.saturating_sub(1)..(row + 2).min(rows);
        !near_rows
            .into_iter()
            .any(|r| (column.saturating_sub(1)..(column + 2).min(columns)).any(|c| inside[(r, c)]))
    })
}

/// Mean of the strongest [`POOLED_CELLS`] logits; of all, where a region has fewer.
fn pooled(mut logits: Vec<f32>) -> f32 {
    if logits.is_empty() {
        return NO_CELLS_LOGIT;
    }
    logits.sort_unstable_by(|a, b| b.total_cmp(a));
    logits.truncate(POOLED_CELLS);
    logits.iter().sum::<f32>() / logits.len() as f32
}

/// A logit as a score from 0 to 1.
fn score(logit: f32) -> f32 {
    1.0 / (1.0 + (-logit).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An answer with nobody but logit 4 in the given cells of a channel.
    fn answer(
        channel: usize,
        rows: std::ops::Range<usize>,
        columns: std::ops::Range<usize>,
    ) -> Answer {
        let mut cells = Array3::from_elem((2, MAP_HEIGHT, MAP_WIDTH), -6.0);
        for row in rows {
            for column in columns.clone() {
                cells[(channel, row, column)] = 4.0;
            }
        }
        Answer {
            cells,
            anyone: 0.0,
            several: -4.0,
        }
    }

    fn left_half() -> SleepingPlace {
        SleepingPlace::new(vec![(0.0, 0.0), (0.5, 0.0), (0.5, 1.0), (0.0, 1.0)]).unwrap()
    }

    #[test]
    fn somebody_in_the_bed_is_in_place_only() {
        let seen = read(&answer(0, 8..16, 4..12), &[left_half()], Health::Ok);
        assert!(seen.in_place > 0.9 && seen.elsewhere < 0.1, "{seen:?}");
        assert!(seen.map[(10, 6)] > 0.9 && seen.map[(10, 30)] < 0.1);
    }

    #[test]
    fn somebody_in_another_bed_is_elsewhere_only() {
        let seen = read(&answer(0, 8..16, 28..36), &[left_half()], Health::Ok);
        assert!(seen.in_place < 0.1 && seen.elsewhere > 0.9, "{seen:?}");
    }

    #[test]
    fn somebody_standing_before_the_bed_is_not_in_it() {
        let seen = read(&answer(1, 8..16, 4..12), &[left_half()], Health::Ok);
        assert!(seen.in_place < 0.1 && seen.elsewhere > 0.9, "{seen:?}");
    }

    #[test]
    fn a_foot_beyond_the_edge_is_still_the_sleeper() {
        let seen = read(&answer(0, 8..16, 15..21), &[left_half()], Health::Ok);
        assert!(seen.in_place > 0.9 && seen.elsewhere < 0.1, "{seen:?}");
    }

    #[test]
    fn without_a_sleeping_place_nobody_is_in_one() {
        let seen = read(&answer(0, 8..16, 4..12), &[], Health::Ok);
        assert!(seen.in_place < 0.001 && seen.elsewhere > 0.9, "{seen:?}");
    }

    #[test]
    fn scores_stay_finite_at_any_logit() {
        assert!(score(f32::MAX) <= 1.0 && score(f32::MIN) >= 0.0);
    }
}
