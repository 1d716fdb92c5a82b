//! The network in tract: loaded once, asked for one frame at a time.
//!
//! The ONNX file and its manifest are part of the binary, so an eye that may open no files has
//! its model. What the network's two map channels mean, and how they become scores in and
//! outside the sleeping places, is decided here and documented on [`Sighting`]. Our own copies
//! of a picture are overwritten after use; tract's working memory is freed, not overwritten.

use std::io::Cursor;
use std::sync::Arc;

use ndarray::{Array2, Array3, Axis};
use sha2::{Digest, Sha256};
use thiserror::Error;
use tract_onnx::prelude::{
    Framework, InferenceModelExt, IntoRunnable, Tensor, TractError, TractResult,
    TypedRunnableModel, tvec,
};

use crate::frame::Frame;
use crate::health::{self, Health};
use crate::manifest::{Manifest, ManifestError};
use crate::place::{SleepingPlace, coverage};
use crate::reduce::{INPUT_HEIGHT, INPUT_WIDTH, reduce, stretch};

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

const NETWORK: &[u8] = include_bytes!("../artifacts/eye.onnx");
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
    /// The same of the in-bed channel alone: where somebody lies, wherever the places are.
    pub in_bed: Array2<f32>,
    /// Whether the frame is fit to judge by.
    pub health: Health,
}

/// The network, ready to look.
pub struct Model {
    network: Arc<TypedRunnableModel>,
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

/// What the network says before it is read by place: logits.
struct Answer {
    /// Channel 0: a person in a bed. Channel 1: a person anywhere else.
    cells: Array3<f32>,
    /// Somebody is in the frame.
    anyone: f32,
    /// More than one person is.
    several: f32,
}

impl Model {
    /// Loads the built-in network, checks it against its manifest and runs it once.
    ///
    /// Takes some 0.3 s in a release build on a small server; call it once a process.
    ///
    /// # Errors
    ///
    /// A manifest or network that does not belong to this build. None of them can be mended
    /// while running: the process cannot look and has to say so.
    pub fn load() -> Result<Self, ModelError> {
        let manifest = Manifest::from_json(MANIFEST)?;
        check(NETWORK, &manifest.sha256)?;
        let network = prepare(NETWORK).map_err(ModelError::Prepare)?;
        let model = Self { network, manifest };
        let blank = Tensor::zero::<f32>(&[1, 1, INPUT_HEIGHT, INPUT_WIDTH]);
        model.ask(blank.map_err(ModelError::Prepare)?)?;
        Ok(model)
    }

    /// The network's papers, with the thresholds it ships with.
    #[must_use]
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// Whether a frame is fit to judge by, without asking the network.
    #[must_use]
    pub fn health(&self, frame: &Frame) -> Health {
        health::judge(&reduce(frame))
    }

    /// Looks at one frame.
    ///
    /// With no sleeping places nothing can be in place: everybody is elsewhere. The evidence
    /// is given also for a frame whose health is not [`Health::Ok`]; it then means nothing.
    ///
    /// # Errors
    ///
    /// tract failed, or answered with something that is not a number. The frame counts as not
    /// looked at.
    pub fn sight(&self, frame: &Frame, places: &[SleepingPlace]) -> Result<Sighting, ModelError> {
        let reduced = reduce(frame);
        let health = health::judge(&reduced);
        let answer = self.ask(tensor(&stretch(&reduced))?)?;
        Ok(read(&answer, places, health))
    }

    fn ask(&self, input: Tensor) -> Result<Answer, ModelError> {
        let outputs = self
            .network
            .run(tvec!(input.into()))
            .map_err(ModelError::Run)?;
        // What follows is features, which nothing here reads.
        let [cells, whole, ..] = outputs.as_slice() else {
            return Err(ModelError::Answer("fewer outputs"));
        };
        let cells = values(cells).map_err(ModelError::Run)?;
        let whole = values(whole).map_err(ModelError::Run)?;
        let &[anyone, several] = whole.as_slice() else {
            return Err(ModelError::Answer("another number of scores"));
        };
        if cells.iter().chain(&whole).any(|v| !v.is_finite()) {
            return Err(ModelError::Answer("something that is not a number"));
        }
        let cells = Array3::from_shape_vec((2, MAP_HEIGHT, MAP_WIDTH), cells)
            .map_err(|_shape| ModelError::Answer("a map of another size"))?;
        Ok(Answer {
            cells,
            anyone,
            several,
        })
    }
}

fn tensor(input: &[f32]) -> Result<Tensor, ModelError> {
    Tensor::from_shape(&[1, 1, INPUT_HEIGHT, INPUT_WIDTH], input).map_err(ModelError::Run)
}

fn check(network: &[u8], stated: &str) -> Result<(), ModelError> {
    use std::fmt::Write as _;

    let mut found = String::with_capacity(64);
    for byte in Sha256::digest(network) {
        write!(found, "{byte:02x}").expect("a String takes any text");
    }
    if found == stated {
        return Ok(());
    }
    Err(ModelError::Checksum {
        found,
        stated: stated.to_owned(),
    })
}

fn prepare(network: &[u8]) -> TractResult<Arc<TypedRunnableModel>> {
    tract_onnx::onnx()
        .model_for_read(&mut Cursor::new(network))?
        .into_optimized()?
        .into_runnable()
}

fn values(tensor: &Tensor) -> TractResult<Vec<f32>> {
    Ok(tensor
        .to_plain_array_view::<f32>()?
        .iter()
        .copied()
        .collect())
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
        in_bed: in_bed.mapv(score),
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
    fn a_changed_network_is_refused() {
        let manifest = Manifest::from_json(MANIFEST).unwrap();
        assert!(check(NETWORK, &manifest.sha256).is_ok());
        let refused = check(&NETWORK[1..], &manifest.sha256);
        assert!(matches!(refused, Err(ModelError::Checksum { .. })));
    }

    #[test]
    fn scores_stay_finite_at_any_logit() {
        assert!(score(f32::MAX) <= 1.0 && score(f32::MIN) >= 0.0);
    }
}
