//! A hub on the machine that emulates the board, which the board reaches over its network: the real
//! program, told what to do by its own commands.

use std::error::Error;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nattsyn_protocol::demonstration;
use nattsyn_protocol::ids::UnitId;
use nattsyn_tests::board::{HOST, pause};
use nattsyn_tests::ports;
use nattsyn_tests::programs::program;

/// Who does everything here.
const DAG: &str = "dag";

/// How long a hub may take to listen.
const LISTENS_WITHIN: Duration = Duration::from_secs(30);

type Failure = Box<dyn Error>;

pub(crate) struct Town {
    folder: tempfile::TempDir,
    hub: Child,
}

impl Town {
    /// A hub that lets units in, under the demonstration's root.
    pub(crate) fn open() -> Result<Self, Failure> {
        let folder = tempfile::tempdir()?;
        let [page, broker, door] = [ports::free(), ports::free(), ports::free()];
        let config = format!(
            "listen = \"127.0.0.1:{page}\"\n[enrolment]\nhost = \"{HOST}\"\n\
             listen = \"127.0.0.1:{door}\"\n[broker.embedded]\nlisten = \"127.0.0.1:{broker}\"\n"
        );
        std::fs::write(folder.path().join("hub.toml"), config)?;
        let root = demonstration::root_key().to_bytes();
        let digits: String = root.iter().map(|byte| format!("{byte:02x}")).collect();
        std::fs::write(folder.path().join("root.seed"), digits)?;
        let at = folder.path();
        command(
            at,
            &["prepare", "--config", "hub.toml", "--root", "root.seed"],
        )?;
        let (id, role) = (["--id", DAG, "--name", "Dag", "--by", DAG], "unit_manager");
        command(
            at,
            &[&["staff", "add"][..], &id, &["--role", role]].concat(),
        )?;
        let log = std::fs::File::create(at.join("hub.log"))?;
        let hub = Command::new(program("nattsyn-hub"))
            .args(["serve", "--config", "hub.toml"])
            .current_dir(at)
            .stdin(Stdio::null())
            .stderr(log)
            .spawn()?;
        let town = Self { folder, hub };
        let mut left = LISTENS_WITHIN.as_secs() * 10;
        while std::net::TcpStream::connect(("127.0.0.1", door)).is_err() && left > 0 {
            pause(Duration::from_millis(100));
            left -= 1;
        }
        Ok(town)
    }

    /// Types a command at the hub; what it says.
    pub(crate) fn says(&self, words: &[&str]) -> Result<String, Failure> {
        command(self.folder.path(), words)
    }

    /// A unit in stock.
    pub(crate) fn stock(&self) -> Result<UnitId, Failure> {
        let said = self.says(&["unit", "add", "--by", DAG])?;
        let id = said.split_whitespace().next().unwrap_or_default();
        Ok(id.parse()?)
    }

    /// A code for it.
    pub(crate) fn code(&self, unit: UnitId) -> Result<String, Failure> {
        let said = self.says(&["unit", "code", &unit.to_string(), "--by", DAG])?;
        Ok(said.lines().next().unwrap_or_default().to_owned())
    }

    /// Somebody types what the unit shows, and it becomes a home's.
    pub(crate) fn installs(
        &self,
        unit: UnitId,
        print: &str,
        (from, to): (&str, &str),
    ) -> Result<String, Failure> {
        let unit = unit.to_string();
        self.says(&["unit", "confirm", &unit, print, "--by", DAG])?;
        let homes = format!(
            "[[home]]\nid = \"h0000001\"\naddress = \"Exempelgatan 1\"\nunit = \"{unit}\"\n\
             [[home.resident]]\nid = \"r0000001\"\nname = \"Astrid Exempel\"\n\
             [home.resident.plan]\nzone = \"Europe/Stockholm\"\n\
             offset_s = 0\nlooks_after_s = [0, 120, 240, 360]\n\
             windows = [{{ key = 1, from = \"{from}\", to = \"{to}\" }}]\n"
        );
        std::fs::write(self.folder.path().join("homes.toml"), homes)?;
        self.says(&["enrol", "--config", "hub.toml", "--homes", "homes.toml"])?;
        self.says(&["unit", "show", &unit])
    }

    /// What the unit has reported, as it stands in the ledger.
    pub(crate) fn reported(&self) -> Result<Vec<String>, Failure> {
        let ledger = self.folder.path().join("data/ledger.sqlite");
        let ledger = rusqlite::Connection::open(ledger)?;
        let mut query = ledger.prepare("SELECT finding FROM reports ORDER BY id")?;
        let found = query.query_map([], |row| row.get(0))?;
        Ok(found.collect::<Result<_, _>>()?)
    }

    /// Somebody says that it was taken down.
    pub(crate) fn removes(&self, unit: UnitId) -> Result<String, Failure> {
        self.says(&["unit", "remove", &unit.to_string(), "--by", DAG])
    }
}

impl Drop for Town {
    fn drop(&mut self) {
        self.hub.kill().ok();
        self.hub.wait().ok();
    }
}

fn command(at: &Path, words: &[&str]) -> Result<String, Failure> {
    let done = Command::new(program("nattsyn-hub"))
        .args(words)
        .current_dir(at)
        .env_remove("RUST_BACKTRACE")
        .output()?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    match done.status.success() {
        true => Ok(text(&done.stdout)),
        false => Err(format!("{words:?}: {}", text(&done.stderr)).into()),
    }
}
