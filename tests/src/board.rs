//! An emulated Raspberry Pi 3B, and somebody who types at its second serial line.
//!
//! What it boots from is made by `tests/pi/image`. Its shell has no echo; an answer ends with a
//! line that only the shell can have written. Power is cut by ending the emulator, at any moment.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Duration;

use nattsyn_clock::Clock;

/// The address under which a board reaches the machine that emulates it.
pub const HOST: &str = "10.0.2.2";

/// Longest that a board may take from power to its shell. Emulated on two loaded cores it takes
/// one to three minutes.
const BOOT_WITHIN: Duration = Duration::from_secs(400);

/// How often the shell is asked whether it is there.
const KNOCK_EVERY: Duration = Duration::from_secs(3);

/// Pieces of a line that wait to be read; with more the emulator waits.
const PIECES_MAX: usize = 10_000;

/// Why a board cannot be worked with.
#[derive(Debug, thiserror::Error)]
pub enum BoardError {
    /// The emulator does not start, or its line cannot be reached.
    #[error("{doing}")]
    Emulator {
        /// What was tried.
        doing: &'static str,
        /// What the system says.
        source: std::io::Error,
    },
    /// No answer in time; what came is in the text.
    #[error("no answer to {command:?} within {within:?}; so far: {heard:?}")]
    Silent {
        /// What was typed.
        command: String,
        /// How long was waited.
        within: Duration,
        /// What came.
        heard: String,
    },
    /// The emulator has ended by itself.
    #[error("the board is gone; its console is in {0}")]
    Gone(PathBuf),
}

/// What a command came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What it wrote.
    pub text: String,
    /// How it ended.
    pub status: i32,
}

/// A board that has power.
pub struct Board {
    emulator: Child,
    console: PathBuf,
    line: UnixStream,
    heard: Receiver<Vec<u8>>,
    asked: u32,
    clock: Clock,
    /// From power to shell.
    pub booted_in: Duration,
}

impl Board {
    /// Gives a board power, and waits for its shell. `options` are the kernel's.
    ///
    /// # Errors
    ///
    /// The emulator does not start, or nobody answers.
    pub fn power_on(folder: &Path, options: &str) -> Result<Self, BoardError> {
        let doing = |doing| move |source| BoardError::Emulator { doing, source };
        let at = |name: &str| folder.join(name);
        let socket = at("shell.sock");
        // Left by a board whose power was cut.
        std::fs::remove_file(&socket).ok();
        let clock = Clock::machine();
        let began = clock.real_now();
        let emulator = Command::new("qemu-system-aarch64")
            .args(["-M", "raspi3b", "-display", "none", "-no-reboot", "-kernel"])
            .arg(at("vmlinuz"))
            .arg("-dtb")
            .arg(at("board.dtb"))
            .arg("-initrd")
            .arg(at("initrd.gz"))
            .arg("-drive")
            .arg(format!(
                "file={},if=sd,format=raw",
                at("card.img").display()
            ))
            .arg("-serial")
            .arg(format!("file:{}", at("console.log").display()))
            .arg("-serial")
            .arg(format!("unix:{},server=on,wait=off", socket.display()))
            .args(["-netdev", "user,id=home", "-device", "usb-net,netdev=home"])
            .args(["-append", &format!("console=ttyAMA0,115200 rw {options}")])
            .stdin(Stdio::null())
            .spawn()
            .map_err(doing(
                "starting qemu-system-aarch64; `.ci/setup pi-test` installs it",
            ))?;
        let line = reach(&clock, &socket).map_err(doing("reaching the board's serial line"))?;
        let mut reading = line.try_clone().map_err(doing("reading the serial line"))?;
        let (tell, heard) = sync_channel(PIECES_MAX);
        std::thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(length @ 1..) = reading.read(&mut bytes) {
                if tell.send(bytes[..length].to_vec()).is_err() {
                    return;
                }
            }
        });
        let mut board = Self {
            emulator,
            console: at("console.log"),
            line,
            heard,
            asked: 0,
            clock,
            booted_in: Duration::ZERO,
        };
        board.knock(began)?;
        board.booted_in = board.clock.real_now().saturating_sub(began);
        Ok(board)
    }

    /// Until the shell answers.
    fn knock(&mut self, began: Duration) -> Result<(), BoardError> {
        let until = began + BOOT_WITHIN;
        loop {
            match self.ask_within("stty -echo; PS1= PS2=", KNOCK_EVERY) {
                Err(BoardError::Silent { .. }) if self.clock.real_now() < until => {}
                answered => return answered.map(drop),
            }
        }
    }

    /// Types a command, and waits two minutes for what comes of it.
    ///
    /// # Errors
    ///
    /// There is no answer.
    pub fn ask(&mut self, command: &str) -> Result<Answer, BoardError> {
        self.ask_within(command, Duration::from_secs(120))
    }

    /// Types a command, and waits so long for what comes of it.
    ///
    /// # Errors
    ///
    /// There is no answer.
    pub fn ask_within(&mut self, command: &str, within: Duration) -> Result<Answer, BoardError> {
        self.asked += 1;
        let end = format!("\n@{} ", self.asked);
        let typed = format!(
            "{{ {command}\n}} 2>&1; printf '\\n@%s %s\\n' {} $?\n",
            self.asked
        );
        let gone = || BoardError::Gone(self.console.clone());
        (&self.line)
            .write_all(typed.as_bytes())
            .map_err(|_broken| gone())?;
        let until = self.clock.real_now() + within;
        let mut heard = String::new();
        loop {
            if let Some(answer) = answer(&heard, &end) {
                return Ok(answer);
            }
            let left = until.saturating_sub(self.clock.real_now());
            match self.heard.recv_timeout(left) {
                Ok(bytes) => heard.push_str(&String::from_utf8_lossy(&bytes).replace('\r', "")),
                Err(RecvTimeoutError::Timeout) => {
                    return Err(BoardError::Silent {
                        command: command.to_owned(),
                        within,
                        heard,
                    });
                }
                Err(RecvTimeoutError::Disconnected) => return Err(gone()),
            }
        }
    }

    /// Puts a file into the shell's folder, over the board's network.
    ///
    /// # Errors
    ///
    /// It does not get there.
    pub fn take(&mut self, name: &str, bytes: Vec<u8>) -> Result<(), BoardError> {
        let doing = |doing| move |source| BoardError::Emulator { doing, source };
        let listener = TcpListener::bind("127.0.0.1:0").map_err(doing("offering a file"))?;
        let port = listener
            .local_addr()
            .map_err(doing("offering a file"))?
            .port();
        std::thread::spawn(move || {
            // Whoever does not take it all finds that out by its length.
            if let Ok((mut line, _)) = listener.accept() {
                line.write_all(&bytes).ok();
            }
        });
        self.ask(&format!("cat </dev/tcp/{HOST}/{port} >{name}"))?;
        Ok(())
    }

    /// Pulls the plug.
    pub fn cut_power(mut self) {
        self.end();
    }

    fn end(&mut self) {
        // Gone already is as good as cut.
        self.emulator.kill().ok();
        self.emulator.wait().ok();
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        self.end();
    }
}

/// The answer that ends with this mark, if it has come whole.
fn answer(heard: &str, end: &str) -> Option<Answer> {
    let (text, rest) = heard.split_once(end)?;
    let (status, _) = rest.split_once('\n')?;
    Some(Answer {
        text: text.trim().to_owned(),
        status: status.trim().parse().ok()?,
    })
}

/// Waits.
pub fn pause(how_long: Duration) {
    let (never, nothing) = sync_channel::<()>(0);
    nothing.recv_timeout(how_long).ok();
    drop(never);
}

fn reach(clock: &Clock, socket: &Path) -> std::io::Result<UnixStream> {
    let until = clock.real_now() + Duration::from_secs(20);
    loop {
        match UnixStream::connect(socket) {
            Err(_not_yet) if clock.real_now() < until => pause(Duration::from_millis(100)),
            reached => return reached,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_what_stands_before_the_shells_own_mark() {
        let heard = "{ ls; } 2>&1; printf '\\n@%s %s\\n' 3 $?\none\ntwo\n\n@3 2\n";
        let found = answer(heard, "\n@3 ").unwrap();
        assert!(found.text.ends_with("one\ntwo"));
        assert_eq!(found.status, 2);
        assert_eq!(answer("one\n@3 2", "\n@3 "), None, "not whole yet");
        assert_eq!(answer("one\n@2 0\n", "\n@3 "), None, "another's");
    }
}
