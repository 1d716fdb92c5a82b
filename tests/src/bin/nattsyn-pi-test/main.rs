//! `nattsyn-pi-test`: installs the unit's package on an emulated Raspberry Pi and breaks it there.
//!
//! Prints each step with what was typed and what came of it, and one line of sums; ends with
//! status 1 if a step failed. `make pi-test` runs it after `tests/pi/image` has made what the
//! board boots from. The board is [`nattsyn_tests::board`]; here is what is tried on it.

mod room;
mod town;

use std::error::Error;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;

use nattsyn_clock::Clock;
use nattsyn_protocol::ids::UnitId;
use nattsyn_tests::board::{Board, BoardError, pause};

use town::Town;

/// Tries the unit's package on an emulated Raspberry Pi.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// What `tests/pi/image` has made.
    board: PathBuf,
}

/// Kernel options with every wall, and without Landlock, as Raspberry Pi OS has it.
const WHOLE: &str = "iomem=relaxed";
const NO_LANDLOCK: &str = "iomem=relaxed lsm=lockdown,yama,integrity,apparmor";

/// How long a service may take to have shut itself in: the eye's model is loaded by an emulated
/// processor.
const IN_SERVICE_WITHIN: Duration = Duration::from_secs(240);

/// How long until a look that is due is in the ledger.
const LOOKED_WITHIN: Duration = Duration::from_secs(420);

/// How soon the window opens, so that everything is ready for it, and how long it is.
const OPENS_AFTER_MINUTES: i64 = 4;
const OPEN_FOR_MINUTES: i64 = 40;

type Failure = Box<dyn Error>;

fn main() -> Result<ExitCode, Failure> {
    let board = Arguments::parse().board;
    let mut trial = Trial::default();
    let ended = trial.all(&board);
    if let Err(error) = &ended {
        trial.step(&format!("the trial goes on ({error})"), false)?;
    }
    let (passed, failed) = (trial.passed, trial.failed);
    let mut out = std::io::stdout();
    writeln!(out, "\npi-test: {passed} steps passed, {failed} failed")?;
    Ok(match failed {
        0 => ExitCode::SUCCESS,
        _some => ExitCode::FAILURE,
    })
}

#[derive(Debug, Default)]
struct Trial {
    passed: u32,
    failed: u32,
}

/// How a step ended.
#[derive(Clone, Copy, Debug)]
enum Ended {
    Well,
    Badly,
}

impl From<bool> for Ended {
    fn from(is_so: bool) -> Self {
        match is_so {
            true => Self::Well,
            false => Self::Badly,
        }
    }
}

impl Trial {
    fn all(&mut self, folder: &Path) -> Result<(), Failure> {
        let town = Town::open()?;
        let mut board = self.boots(folder, WHOLE)?;
        self.is_installed(&mut board)?;
        let unit = self.is_let_in(&mut board, &town)?;
        self.comes_into_service(&mut board)?;
        let window = window();
        let window = (window.0.as_str(), window.1.as_str());
        match room::somebody_asleep()? {
            Some(picture) => {
                self.has_a_camera(&mut board, (folder, picture))?;
                self.gets_its_plan(&mut board, (&town, unit), window)?;
                self.looks(&mut board, &town)?;
            }
            None => {
                let said = "\nskipped: NATTSYN_DATA is not set, so nobody is before the camera\n";
                writeln!(std::io::stdout(), "{said}")?;
                self.gets_its_plan(&mut board, (&town, unit), window)?;
            }
        }
        self.comes_back_when_killed(&mut board)?;
        let starts = self.loses_power(board)?;
        let mut board = self.boots(folder, WHOLE)?;
        self.is_in_service_by_itself(&mut board, starts)?;
        self.is_cut_off(&mut board, (&town, unit))?;
        board.ask("sync")?;
        board.cut_power();
        let mut board = self.boots(folder, NO_LANDLOCK)?;
        self.lacks_landlock(&mut board)?;
        self.is_purged(&mut board)?;
        board.cut_power();
        Ok(())
    }

    /// Says how a step ended.
    fn step(&mut self, what: &str, ended: impl Into<Ended>) -> std::io::Result<()> {
        let word = match ended.into() {
            Ended::Well => {
                self.passed += 1;
                "ok"
            }
            Ended::Badly => {
                self.failed += 1;
                "FAILED"
            }
        };
        writeln!(std::io::stdout(), "\n{word}: {what}\n")
    }

    /// Types a command and shows both.
    fn types(&self, board: &mut Board, command: &str) -> Result<String, Failure> {
        let answer = board.ask(command)?;
        let mut out = std::io::stdout();
        writeln!(out, "    # {command}")?;
        for line in answer.text.lines() {
            writeln!(out, "    {line}")?;
        }
        Ok(answer.text)
    }

    fn boots(&mut self, folder: &Path, options: &str) -> Result<Board, Failure> {
        let mut board = Board::power_on(folder, options)?;
        let took = board.booted_in.as_secs();
        let model = self.types(
            &mut board,
            "tr -d '\\0' </proc/device-tree/model; uname -rm",
        )?;
        let what = format!("an emulated board boots from its card, in {took} s of emulation");
        self.step(&what, model.contains("Raspberry Pi 3 Model B"))?;
        Ok(board)
    }

    fn is_installed(&mut self, board: &mut Board) -> Result<(), Failure> {
        let installed = board.ask_within("dpkg -i unit.deb", Duration::from_secs(400))?;
        self.types(board, "dpkg -l nattsyn-unit | tail -1")?;
        self.step("one package is installed", installed.status == 0)?;
        let users = self.types(board, "id nattsyn-eye; id nattsyn-voice")?;
        self.step(
            "the eye's user has camera and pins, the voice's has nothing",
            users
                .lines()
                .next()
                .is_some_and(|eye| eye.contains("(video)") && eye.contains("(gpio)"))
                && users
                    .lines()
                    .nth(1)
                    .is_some_and(|voice| voice.matches('(').count() == 3),
        )?;
        let state = self.types(board, "systemctl is-active nattsyn-eye nattsyn-voice")?;
        self.step(
            "nothing runs before it is set up",
            state == "inactive\ninactive",
        )?;
        Ok(())
    }

    /// By a code, over the network; the keys are the board's own.
    fn is_let_in(&mut self, board: &mut Board, town: &Town) -> Result<UnitId, Failure> {
        self.types(board, "ip -br address show scope global")?;
        self.types(board, "cp unit/eye.toml unit/stage.json /etc/nattsyn/")?;
        let unit = town.stock()?;
        let guessed = town.code(unit)?;
        let (hub, _) = guessed.rsplit_once('/').unwrap_or_default();
        let guess = format!("nattsyn-enrol code {hub}/AAAAAAAAAAAAAAAAAAAAAA");
        let said = self.types(board, &guess)?;
        self.step(
            "a code that is guessed lets nobody in",
            said.contains("not known here"),
        )?;
        let code = town.code(unit)?;
        let said = self.types(board, &format!("nattsyn-enrol code {code}"))?;
        self.step("a code lets the unit in", said.contains(&unit.to_string()))?;
        let whose = "stat -c '%U %a %n' /var/lib/nattsyn-*/*.key /var/lib/nattsyn-*/*.pem";
        let whose = self.types(board, whose)?;
        let is_own = whose.contains("nattsyn-eye 600 /var/lib/nattsyn-eye/eye.key")
            && whose.contains("nattsyn-voice 600 /var/lib/nattsyn-voice/unit.pem");
        self.step(
            "by keys that only the eye and only the voice can read",
            is_own,
        )?;
        Ok(unit)
    }

    fn gets_its_plan(
        &mut self,
        board: &mut Board,
        (town, unit): (&Town, UnitId),
        window: (&str, &str),
    ) -> Result<(), Failure> {
        let shown = self.types(board, "nattsyn-enrol show")?;
        let print = shown.rsplit(' ').next().unwrap_or_default();
        let life = town.installs(unit, print, window)?;
        for line in life.lines() {
            writeln!(std::io::stdout(), "    hub: {line}")?;
        }
        self.step(
            "its fingerprint is confirmed and a home has it",
            life.contains("installed"),
        )?;
        self.waits_for(board, "plan taken", "voice", 1)?;
        self.step("it gets its plan, and the eye believes it", true)?;
        let timers = "systemctl list-timers --no-pager nattsyn-renew.timer | grep -c nattsyn-renew";
        let timers = self.types(board, timers)?;
        self.step("its next certificate is asked for daily", timers == "1")?;
        Ok(())
    }

    /// Camera, lamp and switch; the clock as a time service sets it.
    fn has_a_camera(
        &mut self,
        board: &mut Board,
        (folder, picture): (&Path, Vec<u8>),
    ) -> Result<(), Failure> {
        room::set_up(board, folder, picture)?;
        let said = room::begin(board)?;
        writeln!(std::io::stdout(), "{said}")?;
        let is_there = said.contains("video 660 /dev/video0") && said.contains("gpio 660 /dev/gp");
        self.step("a camera that sees a room, and pins", is_there)?;
        let now = Clock::machine().now().timestamp.as_ms() / 1000;
        let clock = format!(
            "date -s @{now} >/dev/null; mkdir -p /run/systemd/timesync; \
             touch /run/systemd/timesync/synchronized"
        );
        self.types(board, &clock)?;
        let settings = "cp /etc/nattsyn/eye.toml before.toml && sed -i '/^\\[source\\]/,$d' /etc/nattsyn/eye.toml && \
             printf '[source]\\nkind = \"v4l2\"\\ndevice = \"/dev/video0\"\\n[light]\\nkind = \"gpio\"\\n\
             pin = 18\\n[switch]\\nkind = \"gpio\"\\npin = 17\\n' >>/etc/nattsyn/eye.toml && \
             ./room hold 17 1 && systemctl restart nattsyn-eye";
        self.types(board, settings)?;
        self.waits_for(board, "shut in walls", "eye", 2)?;
        self.step(
            "the eye takes them before it is shut in; the switch is off",
            true,
        )?;
        Ok(())
    }

    /// The first look is paused by the switch; the second is made.
    fn looks(&mut self, board: &mut Board, town: &Town) -> Result<(), Failure> {
        board.ask("(./room watch 18 900 >lamp &)")?;
        let first = self.is_reported(town, 1)?;
        self.step(
            "with the switch off it says that it is paused",
            first == ["paused"],
        )?;
        let lamp = self.types(board, "cat lamp")?;
        self.step("and the lamp stays dark", lamp.lines().count() == 1)?;
        self.types(board, "./room hold 17 0")?;
        let both = self.is_reported(town, 2)?;
        let is_seen = both.last().is_some_and(|finding| finding == "visible");
        self.step(
            "with it on, somebody asleep in a real infrared frame is visible",
            is_seen,
        )?;
        let lamp = self.types(board, "cat lamp")?;
        let edges: Vec<f64> = lamp
            .lines()
            .filter_map(|line| line.split(' ').next()?.parse().ok())
            .collect();
        let lit = match edges.as_slice() {
            [_, on, off] => off - on,
            _ => 0.0,
        };
        let what = format!("the lamp was lit once, for {lit:.1} s of the board's time, and is out");
        self.step(&what, lit > 0.5 && lit <= 30.0 && lamp.ends_with('0'))?;
        // The next boot has no camera before anybody loads it.
        let begun = self.said(board, "eye started", "voice")?;
        self.types(
            board,
            "cp before.toml /etc/nattsyn/eye.toml && systemctl restart nattsyn-eye",
        )?;
        self.waits_for(board, "eye started", "voice", begun + 1)?;
        Ok(())
    }

    /// Until so many looks are in the hub's ledger.
    fn is_reported(&mut self, town: &Town, looks: usize) -> Result<Vec<String>, Failure> {
        let clock = Clock::machine();
        let until = clock.real_now() + LOOKED_WITHIN;
        loop {
            let found = town.reported()?;
            if found.len() >= looks || clock.real_now() > until {
                writeln!(std::io::stdout(), "    hub: reported {found:?}")?;
                return Ok(found);
            }
            pause(Duration::from_secs(3));
        }
    }

    fn is_cut_off(
        &mut self,
        board: &mut Board,
        (town, unit): (&Town, UnitId),
    ) -> Result<(), Failure> {
        self.waits_for(board, "link up", "voice", 1)?;
        self.step("it has reached the hub again", true)?;
        let said = town.removes(unit)?;
        writeln!(std::io::stdout(), "    hub: {said}")?;
        self.waits_for(board, "broker not reached", "voice", 1)?;
        self.step("once removed it is cut off, and let in no more", true)?;
        Ok(())
    }

    fn comes_into_service(&mut self, board: &mut Board) -> Result<(), Failure> {
        let walls = "own_user locked_memory network privileges landlock calls";
        self.waits_for(board, &format!("shut in walls=\\\"{walls}\\\""), "eye", 1)?;
        self.step("the eye is in service behind all six walls", true)?;
        self.waits_for(board, "eye started", "voice", 1)?;
        self.step("the voice hears that the eye has started", true)?;
        let locked = self.types(board, &in_status("eye", "VmLck|VmHWM|Seccomp:|CapEff"))?;
        let is_locked = locked.lines().any(|line| {
            let kib = line.strip_prefix("VmLck:").map(str::trim);
            kib.is_some_and(|kib| !kib.starts_with("0 "))
        });
        self.step("no page of the eye's can go to a disk", is_locked)?;
        self.types(board, &in_status("voice", "VmHWM"))?;
        let queue = self.types(board, "cat /proc/sys/net/unix/max_dgram_qlen")?;
        let is_long = queue.parse::<u32>().is_ok_and(|words| words >= 100);
        self.step(
            "hundreds of words can wait for a program that restarts",
            is_long,
        )?;
        let ports = self.types(board, "ss -Hlntu")?;
        self.step("nothing listens on any port", ports.is_empty())?;
        Ok(())
    }

    fn comes_back_when_killed(&mut self, board: &mut Board) -> Result<(), Failure> {
        let voice = board.ask(&format!("echo {}", main_pid("voice")))?.text;
        let begun = self.said(board, "eye started", "voice")?;
        self.types(board, &format!("kill -9 {}", main_pid("eye")))?;
        self.waits_for(board, "eye started", "voice", begun + 1)?;
        let after = board.ask(&format!("echo {}", main_pid("voice")))?.text;
        self.step(
            "an eye that is killed is back, and the voice never left",
            voice == after,
        )?;
        Ok(())
    }

    /// Power goes while the card is written to.
    fn loses_power(&mut self, mut board: Board) -> Result<u16, Failure> {
        let starts = self.starts(&mut board)?;
        let fill = "sync; (while :; do date >>/var/lib/nattsyn-voice/state/written; sync; done) &";
        self.types(&mut board, fill)?;
        pause(Duration::from_secs(3));
        board.cut_power();
        Ok(starts)
    }

    fn is_in_service_by_itself(&mut self, board: &mut Board, starts: u16) -> Result<(), Failure> {
        self.waits_for(board, "eye started", "voice", 1)?;
        self.step(
            "after a power cut in the middle of writing the unit is in service",
            true,
        )?;
        let now = self.starts(board)?;
        self.step("and its starts are counted on", now == starts + 1)?;
        self.types(board, "systemd-analyze --no-pager")?;
        Ok(())
    }

    fn lacks_landlock(&mut self, board: &mut Board) -> Result<(), Failure> {
        self.waits_for(
            board,
            "wall missing, and accepted wall=\\\"landlock\\\"",
            "eye",
            1,
        )?;
        self.step(
            "without Landlock a demonstration's eye says what it lacks",
            true,
        )?;
        let real = "sed -i '/^root/s/\"P/\"A/; /^\\[source\\]/,/^$/d' /etc/nattsyn/eye.toml && \
                    systemctl restart nattsyn-eye";
        self.types(board, real)?;
        self.waits_for(board, "landlock", "eye", 2)?;
        let last = "journalctl -b -u nattsyn-eye -o cat | grep -a landlock | tail -1";
        let said = self.types(board, last)?;
        self.step("an eye of a home does not start", said.contains("without"))?;
        let named = "printf '[shut_in]\\nwithout = [\"landlock\"]\\n' >>/etc/nattsyn/eye.toml && \
                     systemctl restart nattsyn-eye";
        self.types(board, named)?;
        self.waits_for(board, "shut in walls", "eye", 2)?;
        self.step("and starts where the wall is named as missing", true)?;
        Ok(())
    }

    fn is_purged(&mut self, board: &mut Board) -> Result<(), Failure> {
        let purge = board.ask_within("dpkg --purge nattsyn-unit", Duration::from_secs(400))?;
        let left = "ls -d /etc/nattsyn /var/lib/nattsyn* /run/nattsyn/* 2>/dev/null";
        let left = self.types(board, left)?;
        let is_gone = purge.status == 0 && left.is_empty();
        self.step(
            "a unit that is removed leaves no key, plan or profile",
            is_gone,
        )?;
        Ok(())
    }

    /// How often the eye has started in its life, as it says itself.
    fn starts(&self, board: &mut Board) -> Result<u16, Failure> {
        let last = "journalctl -b -u nattsyn-eye -o cat | grep -o 'eye started boot=.*' | tail -1";
        let said = self.types(board, last)?;
        let digits = said.get(said.len().saturating_sub(4)..).unwrap_or_default();
        Ok(u16::from_str_radix(digits, 16)?)
    }

    /// How often a service has said something since the board has power.
    fn said(&self, board: &mut Board, words: &str, service: &str) -> Result<u32, Failure> {
        let count =
            format!("journalctl -b -u nattsyn-{service} -o cat | grep -a \"{words}\" | wc -l");
        Ok(board.ask(&count)?.text.parse().unwrap_or_default())
    }

    /// Until a service has said something so many times since the board has power.
    fn waits_for(
        &self,
        board: &mut Board,
        words: &str,
        service: &str,
        times: u32,
    ) -> Result<(), Failure> {
        let clock = Clock::machine();
        let until = clock.real_now() + IN_SERVICE_WITHIN;
        loop {
            let said = self.said(board, words, service)?;
            if said >= times {
                let last = "tail -1";
                let show = format!(
                    "journalctl -b -u nattsyn-{service} -o cat | grep -a \"{words}\" | {last}"
                );
                self.types(board, &show)?;
                return Ok(());
            }
            if clock.real_now() > until {
                let all = format!("journalctl -b -u nattsyn-{service} -o cat | tail -30");
                self.types(board, &all)?;
                return Err(Box::new(BoardError::Silent {
                    command: words.to_owned(),
                    within: IN_SERVICE_WITHIN,
                    heard: said.to_string(),
                }));
            }
            pause(Duration::from_secs(3));
        }
    }
}

/// A window of the municipality's local time that opens in a few minutes.
fn window() -> (String, String) {
    let now = Clock::machine().now().timestamp.0;
    let now = now
        .in_tz("Europe/Stockholm")
        .unwrap_or_else(|_unknown| now.to_zoned(jiff::tz::TimeZone::UTC));
    let at = |minutes: i64| {
        let then = now.checked_add(jiff::Span::new().minutes(minutes));
        then.map_or_else(
            |_end| String::new(),
            |then| then.strftime("%H:%M").to_string(),
        )
    };
    (
        at(OPENS_AFTER_MINUTES),
        at(OPENS_AFTER_MINUTES + OPEN_FOR_MINUTES),
    )
}

fn main_pid(service: &str) -> String {
    format!("$(systemctl show -p MainPID --value nattsyn-{service})")
}

fn in_status(service: &str, lines: &str) -> String {
    format!("grep -E '{lines}' /proc/{}/status", main_pid(service))
}
