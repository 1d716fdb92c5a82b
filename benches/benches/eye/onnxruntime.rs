//! The same networks in onnxruntime, on the same pictures: `benches/peers/cost.py`, started from
//! here when a Python that has onnxruntime is there.

use std::collections::HashMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::Context as _;

use crate::networks::{Network, Picture};

/// The script.
const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/peers/cost.py");

/// Where `.ci/setup eval` puts the Python that `make eval` uses.
const PYTHON: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../target/eval/venv/bin/python"
);

/// Milliseconds of one run, by the network's name; or why there are none.
pub(crate) type Times = Result<HashMap<String, f64>, String>;

/// Runs the script, as often as tract was asked.
pub(crate) fn times(networks: &[Network], pictures: &[Picture], rounds: usize) -> Times {
    let python = std::env::var_os("NATTSYN_PYTHON").map_or(PathBuf::from(PYTHON), PathBuf::from);
    if !python.exists() {
        return Err("no Python for it: run `.ci/setup eval`, or name one in NATTSYN_PYTHON".into());
    }
    asked(&python, networks, pictures, rounds).map_err(|error| format!("{error:#}"))
}

fn asked(
    python: &Path,
    networks: &[Network],
    pictures: &[Picture],
    rounds: usize,
) -> anyhow::Result<HashMap<String, f64>> {
    let folder = tempfile::tempdir().context("making a folder for the pictures")?;
    for (number, picture) in pictures.iter().enumerate() {
        let path = folder.path().join(format!("{number}.pgm"));
        let mut file = std::fs::File::create(path).context("writing a picture")?;
        write!(file, "P5\n{} {}\n255\n", picture.width, picture.height)?;
        file.write_all(&picture.luma)?;
    }
    let mut command = Command::new(python);
    command
        .arg(SCRIPT)
        .arg(folder.path())
        .arg(rounds.to_string());
    for network in networks {
        let [channels, height, width] = network.input;
        command.arg(network.name).arg(&network.file);
        command.arg(format!("{channels}x{height}x{width}"));
        command.arg(network.scale.to_string());
    }
    let output = command.stderr(Stdio::inherit()).output();
    let output = output.with_context(|| format!("starting {}", python.display()))?;
    anyhow::ensure!(
        output.status.success(),
        "the script failed; its words are above"
    );
    let text = String::from_utf8(output.stdout).context("reading what the script says")?;
    text.lines()
        .map(|line| {
            let (name, ms) = line
                .split_once('\t')
                .context("a line without a tabulator")?;
            Ok((name.to_owned(), ms.parse()?))
        })
        .collect()
}
