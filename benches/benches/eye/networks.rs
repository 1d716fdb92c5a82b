//! The networks that are compared, run in tract as the eye runs its own.
//!
//! Ours is taken twice: the bare network, to be compared with others, and everything that the
//! eye does with a frame. Pictures are brought to a network's size by the nearest pixel, which is
//! no part of the figures; how well anything sees is not measured here: `make eval` does.

use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use nattsyn_detector::presence::Fingerprint;
use nattsyn_detector::relief::Relief;
use nattsyn_models::{Frame, Model, SleepingPlace};
use nattsyn_scenes::{Lens, Occupant, Room, Sensor};
use tract_onnx::prelude::{
    Framework as _, InferenceModelExt as _, IntoRunnable as _, Tensor, TractResult,
    TypedRunnableModel, tvec,
};
use tract_onnx::tract_core::ops::Cost;

/// One dense convolution; `benches/peers/dense.py` writes it.
const DENSE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/dense.onnx");

/// The network that is built into the eye.
const EYE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/artifacts/eye.onnx");

/// Rooms whose pictures everything is fed with, one after the other.
const ROOMS: u64 = 4;

/// A network, and what it is fed with.
#[derive(Clone, Debug)]
pub(crate) struct Network {
    /// What it is called in the table.
    pub(crate) name: &'static str,
    /// Its ONNX file.
    pub(crate) file: PathBuf,
    /// Channels, height and width of its input.
    pub(crate) input: [usize; 3],
    /// What a level of 0 to 255 is multiplied by.
    pub(crate) scale: f32,
}

/// What tract calls the operators whose multiplications are counted.
const COUNTED: [&str; 3] = ["Conv", "EinSum", "MatMul"];

/// Detectors that may lie in the folder of peers: file, side of the input, scale of a level.
const PEERS: [(&str, &str, usize, f32); 4] = [
    ("YOLOX-nano", "yolox_nano", 416, 1.0),
    ("NanoDet-m", "nanodet_m_416", 416, 1.0 / 58.0),
    ("PicoDet-s", "picodet_s_416", 416, 1.0 / 58.0),
    (FASTESTDET, "FastestDet", 352, 1.0 / 255.0),
];

/// The detector that is also measured on a Pi, by others.
pub(crate) const FASTESTDET: &str = "FastestDet";

/// The dense convolution that stands for what the machine can do.
pub(crate) const YARDSTICK: &str = "dense convolution";

/// Our network alone.
pub(crate) const OURS: &str = "ours, the network";

/// All that the eye does with a frame of its camera.
pub(crate) const OURS_WHOLE: &str = "ours, a frame's whole work";

/// The yardstick, our network, and the peers of a folder.
pub(crate) fn compared(peers: Option<&Path>) -> Vec<Network> {
    let ours = [
        (YARDSTICK, DENSE, [64, 64, 80], 1.0 / 255.0),
        (OURS, EYE, [1, 256, 320], 1.0 / 255.0),
    ];
    let ours = ours.map(|(name, file, input, scale)| Network {
        name,
        file: file.into(),
        input,
        scale,
    });
    let beside = peers.into_iter().flat_map(|folder| {
        PEERS.map(|(name, stem, side, scale)| Network {
            name,
            file: folder.join(stem).with_extension("onnx"),
            input: [3, side, side],
            scale,
        })
    });
    ours.into_iter().chain(beside).collect()
}

impl Network {
    /// Reads and optimises it.
    pub(crate) fn load(&self) -> anyhow::Result<Arc<TypedRunnableModel>> {
        let loaded = || -> TractResult<Arc<TypedRunnableModel>> {
            tract_onnx::onnx()
                .model_for_path(&self.file)?
                .into_optimized()?
                .into_runnable()
        };
        loaded().with_context(|| format!("loading {}", self.file.display()))
    }

    /// How many multiplications the convolutions and matrix products of one run take, as tract
    /// counts them before it optimises.
    pub(crate) fn multiplications(&self) -> anyhow::Result<f64> {
        let counted = || -> TractResult<f64> {
            let network = tract_onnx::onnx().model_for_path(&self.file)?;
            let network = network.into_typed()?.into_decluttered()?;
            let mut sum = 0.0;
            for node in network.eval_order()? {
                if !COUNTED.contains(&network.node(node).op.name().as_ref()) {
                    continue;
                }
                let inputs = network.node_input_facts(node)?;
                for (cost, count) in network.node(node).op.cost(&inputs)? {
                    if matches!(cost, Cost::FMA(_)) {
                        sum += count.to_i64()? as f64;
                    }
                }
            }
            Ok(sum)
        };
        counted().with_context(|| format!("counting in {}", self.file.display()))
    }

    /// A picture as its input.
    pub(crate) fn input(&self, picture: &Picture) -> anyhow::Result<Tensor> {
        let [channels, height, width] = self.input;
        let pixels = (0..channels)
            .flat_map(|_same| (0..height).flat_map(move |y| (0..width).map(move |x| (x, y))));
        let levels: Vec<f32> = pixels
            .map(|(x, y)| {
                let at = (y * picture.height / height) * picture.width + x * picture.width / width;
                f32::from(picture.luma[at]) * self.scale
            })
            .collect();
        Tensor::from_shape(&[1, channels, height, width], &levels)
            .with_context(|| format!("feeding {}", self.name))
    }
}

/// A generated picture, twice as large a side as it was drawn: the size that the camera gives.
pub(crate) struct Picture {
    pub(crate) width: usize,
    pub(crate) height: usize,
    pub(crate) luma: Vec<u8>,
    place: SleepingPlace,
}

/// The pictures that everything is fed with.
pub(crate) fn pictures() -> anyhow::Result<Vec<Picture>> {
    (1..=ROOMS).map(picture).collect()
}

fn picture(seed: u64) -> anyhow::Result<Picture> {
    let room = Room::from_seed(seed);
    let rendered = room.render(Occupant::InBed, 1, Lens::Clear);
    let small = Sensor::from_seed(seed).expose(&rendered.radiance, 1);
    let (width, height) = (2 * small.width, 2 * small.height);
    let pixels = (0..height).flat_map(|y| (0..width).map(move |x| (x, y)));
    let luma = pixels.map(|(x, y)| small.luma[y / 2 * small.width + x / 2]);
    Ok(Picture {
        width,
        height,
        luma: luma.collect(),
        place: SleepingPlace::new(room.sleeping_place()).context("a generated bed")?,
    })
}

/// The eye's model, and the frame before.
pub(crate) struct Whole {
    model: Model,
    previous: Option<Relief>,
}

impl Whole {
    /// Loads the model as the eye does: checked, optimised, run once.
    pub(crate) fn load() -> anyhow::Result<Self> {
        Ok(Self {
            model: Model::load()?,
            previous: None,
        })
    }

    /// What the eye does with a frame once it has it. Making the frame is the camera's work.
    pub(crate) fn judge(&mut self, frame: &Frame, picture: &Picture) -> anyhow::Result<()> {
        let sighting = self
            .model
            .sight(frame, std::slice::from_ref(&picture.place))?;
        black_box(self.model.manifest().thresholds.judge(&sighting));
        let relief = Relief::of(frame);
        black_box(self.previous.as_ref().map(|before| relief.compare(before)));
        self.previous = Some(relief);
        black_box(Fingerprint::of(frame));
        Ok(())
    }
}

/// A picture as the camera hands it to the model.
pub(crate) fn frame(picture: &Picture) -> anyhow::Result<Frame> {
    let (width, height) = (picture.width.try_into()?, picture.height.try_into()?);
    Ok(Frame::from_luma8(width, height, picture.luma.clone())?)
}

/// Runs a network once.
pub(crate) fn run(network: &Arc<TypedRunnableModel>, given: &Tensor) -> anyhow::Result<()> {
    black_box(network.run(tvec!(black_box(given.clone()).into()))?);
    Ok(())
}
