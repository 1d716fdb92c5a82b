//! What one frame costs: our model, and beside it whatever else one could put on a Pi.
//!
//! One thread, the same generated frame, one run. The first figure is the machine's own: a dense
//! convolution of 189 million multiplications and nothing else. Everything after it is worth
//! comparing with that figure only. `NATTSYN_PEERS` names a folder of ONNX detectors to run in
//! tract as well; without it they are left out, and that is said. How well they see is not
//! measured here: `make eval` does.

use std::hint::black_box;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use criterion::{Criterion, Throughput};
use nattsyn_models::{Frame, Model, SleepingPlace};
use nattsyn_scenes::{Lens, Occupant, Room, Sensor};
use tract_onnx::prelude::{
    Framework as _, InferenceModelExt as _, IntoRunnable as _, Tensor, TractResult,
    TypedRunnableModel, tvec,
};

/// One dense convolution; `benches/peers/dense.py` writes it.
const DENSE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/data/dense.onnx");

/// Multiplications of [`DENSE`]: 64 x 64 channels, 3 x 3 taps, 80 x 64 places.
const DENSE_MULTIPLICATIONS: u64 = 64 * 64 * 9 * 80 * 64;

/// Detectors that may lie in the folder of peers, with the sides of their input.
const PEERS: [(&str, usize); 4] = [
    ("yolox_nano", 416),
    ("nanodet_m_416", 416),
    ("picodet_s_416", 416),
    ("FastestDet", 352),
];

fn main() {
    let mut criterion = Criterion::default()
        .sample_size(20)
        .measurement_time(Duration::from_secs(4))
        .warm_up_time(Duration::from_secs(1))
        .configure_from_args();
    dense(&mut criterion);
    ours(&mut criterion);
    peers(&mut criterion);
    criterion.final_summary();
}

fn dense(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("frame");
    group.throughput(Throughput::Elements(DENSE_MULTIPLICATIONS));
    let network = network(Path::new(DENSE)).expect("the dense convolution is a network");
    let given = Tensor::zero::<f32>(&[1, 64, 64, 80]).expect("a small tensor");
    group.bench_function("yardstick_dense_convolution", |bench| {
        bench.iter(|| network.run(tvec!(black_box(given.clone()).into())));
    });
    group.finish();
}

fn ours(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("frame");
    let model = Model::load().expect("the built-in model belongs to this build");
    let room = Room::from_seed(1);
    let place = SleepingPlace::new(room.sleeping_place()).expect("a generated bed is a place");
    let rendered = room.render(Occupant::InBed, 1, Lens::Clear);
    let picture = Sensor::from_seed(1).expose(&rendered.radiance, 1);
    let side = |pixels| u32::try_from(pixels).expect("a picture's side is small");
    let frame = Frame::from_luma8(side(picture.width), side(picture.height), picture.luma)
        .expect("a generated picture is a frame");
    let places = [place];
    group.bench_function("ours_with_reducing_and_health", |bench| {
        bench.iter(|| model.sight(black_box(&frame), &places));
    });
    group.bench_function("ours_loading", |bench| bench.iter(Model::load));
    group.finish();
}

fn peers(criterion: &mut Criterion) {
    let Some(folder) = std::env::var_os("NATTSYN_PEERS").map(PathBuf::from) else {
        // Nothing else depends on whether this line can be written.
        writeln!(
            std::io::stderr(),
            "NATTSYN_PEERS is not set: no peers measured"
        )
        .ok();
        return;
    };
    let mut group = criterion.benchmark_group("frame");
    for (name, side) in PEERS {
        let file = folder.join(name).with_extension("onnx");
        let network = network(&file).expect("every peer lies in the folder of peers");
        let given = Tensor::zero::<f32>(&[1, 3, side, side]).expect("a small tensor");
        group.bench_function(format!("peer_{name}_in_tract"), |bench| {
            bench.iter(|| network.run(tvec!(black_box(given.clone()).into())));
        });
    }
    group.finish();
}

fn network(file: &Path) -> TractResult<Arc<TypedRunnableModel>> {
    tract_onnx::onnx()
        .model_for_path(file)?
        .into_optimized()?
        .into_runnable()
}
