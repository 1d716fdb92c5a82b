//! The proof: a process that is shut in as the eye is tries what it must not be able to do; and
//! so for the voice, which must not be able to do most of it either.
//!
//! Each attempt is a process of its own, so that one cannot spoil the next: it opens what an
//! eye holds open, shuts itself in through [`super::begin`] and [`super::Begun::finish`], the
//! same as the eye, tries one thing, and says what the system answered. The same is tried
//! without any wall: what fails there in the same way proves nothing, and is counted as not
//! available. No camera, key or configuration is needed, and nothing is left behind.
//!
//! It does not prove that the list is short; which calls are on it stands in
//! `docs/reference/shut-in.md`.

mod attempts;
mod stage;

use std::collections::BTreeSet;
use std::fmt;
use std::io::{self, Read as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use super::{Allowed, Wall, Walls};
use attempts::{ATTEMPTS, Attempt, Whose};
use stage::Stage;

/// The walls that can refuse something: what each would refuse without the others is shown.
const ALONE: [Wall; 4] = [Wall::Calls, Wall::Landlock, Wall::Network, Wall::Privileges];

/// Instead of an attempt's name: to say which walls stand.
pub const STANDING: &str = "standing";

/// What a process of the proof is told.
#[derive(Clone, Debug)]
pub struct Trial {
    /// Which attempt.
    pub attempt: String,
    /// Shut in as whom.
    pub who: Who,
    /// Behind which walls. None: for comparison.
    pub walls: BTreeSet<Wall>,
    /// A process that belongs to the proof, to be attacked.
    pub victim: i32,
    /// A call that the list is made to allow, by name: to see that the proof finds a leak.
    pub leak: Option<String>,
}

/// Whom the proof is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// The eye.
    Eye,
    /// The voice.
    Voice,
}

/// What the system answered to an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    Done,
    Error(i32),
    Killed(i32),
}

/// What an attempt came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Refused,
    Succeeded,
    NotAvailable,
}

/// Why the proof cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ProveError {
    /// A process of it cannot be started, or says nothing.
    #[error("trying to {attempt}")]
    Process {
        /// What was to be tried.
        attempt: &'static str,
        /// What the system says.
        source: io::Error,
    },
    /// What an eye would hold open cannot be opened.
    #[error("opening what an eye holds open")]
    Stage(#[source] io::Error),
    /// There is no such attempt or call.
    #[error("the proof knows no {0:?}")]
    Unknown(String),
    /// It is not shut in.
    #[error("shutting the attempt in")]
    NotShutIn(#[from] super::ShutError),
    /// The table cannot be printed.
    #[error("printing what was proved")]
    Print(#[source] io::Error),
}

/// How often each verdict was given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Attempts that the walls refused.
    pub refused: u32,
    /// Attempts that succeeded, none of which should.
    pub succeeded: u32,
    /// Attempts that this machine refuses without any wall, and walls that it has not.
    pub not_available: u32,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            refused,
            succeeded,
            not_available,
        } = self;
        write!(
            f,
            "prove: {refused} refused, {succeeded} succeeded, {not_available} not available"
        )
    }
}

/// Tries everything behind these walls, and writes a table to `out`, with the tally as its last
/// line. `leak` allows a call on the list that should not be, to see that it is found.
///
/// # Errors
///
/// A process of the proof cannot be started, or the table not be written.
pub fn prove(
    who: Who,
    walls: &BTreeSet<Wall>,
    leak: Option<&str>,
    out: &mut impl io::Write,
) -> Result<Tally, ProveError> {
    let victim = Victim::start()?;
    let mut tally = Tally::default();
    for (wall, stands) in standing(who, walls)? {
        tally.not_available += u32::from(stands == Stands::No);
        let (wall, stands) = (wall.word(), stands.word());
        writeln!(out, "wall {wall:13} | {stands}").map_err(ProveError::Print)?;
    }
    writeln!(out).map_err(ProveError::Print)?;
    let width = ATTEMPTS.iter().map(|it| it.what.chars().count()).max();
    let width = width.unwrap_or_default();
    let (what, how, alone) = ("what is tried", "answer", "walls that refuse it alone");
    writeln!(out, "{what:width$} | {how:15} | {alone:34} | verdict").map_err(ProveError::Print)?;
    let concerns = |attempt: &&Attempt| who == Who::Eye || attempt.whose == Whose::Both;
    for attempt in ATTEMPTS.iter().filter(concerns) {
        let trial = |walls: &BTreeSet<Wall>| try_it(attempt, who, walls, victim.number(), leak);
        let free = trial(&BTreeSet::new())?;
        let shut = trial(walls)?;
        let verdict = judge(free, shut);
        let (count, word) = match verdict {
            Verdict::Refused => (&mut tally.refused, "refused"),
            Verdict::Succeeded => (&mut tally.succeeded, "SUCCEEDED"),
            Verdict::NotAvailable => (&mut tally.not_available, "not available"),
        };
        *count += 1;
        let mut alone = Vec::new();
        for wall in walls.intersection(&ALONE.into()) {
            if judge(free, trial(&[*wall].into())?) == Verdict::Refused {
                alone.push(wall.word());
            }
        }
        let (what, shut, alone) = (attempt.what, shut.to_string(), alone.join(" "));
        writeln!(out, "{what:width$} | {shut:15} | {alone:34} | {word}")
            .map_err(ProveError::Print)?;
    }
    writeln!(out, "{tally}").map_err(ProveError::Print)?;
    Ok(tally)
}

/// What was refused without walls in the same way says nothing about them.
fn judge(free: Answer, shut: Answer) -> Verdict {
    match (free, shut) {
        (_, Answer::Done) => Verdict::Succeeded,
        (Answer::Error(libc::ENOSYS), _) => Verdict::NotAvailable,
        (_, Answer::Killed(libc::SIGSYS)) => Verdict::Refused,
        (free, shut) if free == shut => Verdict::NotAvailable,
        // Neither killed by the list nor told off by a wall: the attempt got further.
        (_, Answer::Killed(_)) => Verdict::Succeeded,
        (_, Answer::Error(errno)) => match errno {
            libc::EPERM | libc::EACCES | libc::ENETUNREACH | libc::ENOSYS => Verdict::Refused,
            _further => Verdict::Succeeded,
        },
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Done => f.write_str("done"),
            Self::Killed(libc::SIGSYS) => f.write_str("killed"),
            Self::Killed(signal) => write!(f, "signal {signal}"),
            Self::Error(libc::EPERM) => f.write_str("EPERM"),
            Self::Error(libc::EACCES) => f.write_str("EACCES"),
            Self::Error(libc::ENETUNREACH) => f.write_str("ENETUNREACH"),
            Self::Error(errno) => write!(f, "error {errno}"),
        }
    }
}

/// A process that only waits to be attacked.
struct Victim(Child);

impl Victim {
    fn start() -> Result<Self, ProveError> {
        let attempt = "be attacked";
        let child = own_program(attempt)?
            .arg("--prove-victim")
            .stdin(Stdio::piped())
            .spawn();
        let failed = |source| ProveError::Process { attempt, source };
        child.map(Self).map_err(failed)
    }

    fn number(&self) -> i32 {
        i32::try_from(self.0.id()).unwrap_or(i32::MAX)
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// Waits until whoever proves has ended.
///
/// # Errors
///
/// Standard input cannot be read.
pub fn wait_to_be_attacked() -> Result<(), ProveError> {
    let read = io::stdin().read(&mut [0]);
    read.map(drop).map_err(ProveError::Stage)
}

fn own_program(attempt: &'static str) -> Result<Command, ProveError> {
    let failed = |source| ProveError::Process { attempt, source };
    let program: PathBuf = std::env::current_exe().map_err(failed)?;
    Ok(Command::new(program))
}

/// Whether a wall stands on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stands {
    Yes,
    No,
}

impl Stands {
    fn word(self) -> &'static str {
        match self {
            Self::Yes => "stands",
            Self::No => "MISSING",
        }
    }
}

/// Which of these walls stand, as one who is shut in by them says.
fn standing(who: Who, walls: &BTreeSet<Wall>) -> Result<Vec<(Wall, Stands)>, ProveError> {
    let attempt = "say which walls stand";
    let failed = |source| ProveError::Process { attempt, source };
    let ran = own_program(attempt)?
        .args(["--prove-attempt", STANDING])
        .args((who == Who::Voice).then_some("--voice"))
        .args(walls.iter().flat_map(|wall| ["--only", wall.word()]))
        .env("RUST_LOG", "error")
        .stdin(Stdio::null())
        .output()
        .map_err(failed)?;
    let said = String::from_utf8_lossy(&ran.stdout);
    if !ran.status.success() || !said.starts_with(STANDING) {
        let complaint = String::from_utf8_lossy(&ran.stderr).trim().to_owned();
        return Err(failed(io::Error::other(complaint)));
    }
    let stand: BTreeSet<&str> = said.split_whitespace().skip(1).collect();
    let concerned = walls_of(who).wanted;
    let wanted = walls.intersection(&concerned).copied();
    let said = wanted.map(|wall| match stand.contains(wall.word()) {
        true => (wall, Stands::Yes),
        false => (wall, Stands::No),
    });
    Ok(said.collect())
}

/// The walls of whoever the proof is about; none need stand for it to be made.
fn walls_of(who: Who) -> Walls {
    match who {
        Who::Eye => Walls::of_eye(Wall::ALL.into()),
        // What a real one is given besides: its folder, and its broker's port.
        Who::Voice => Walls::of_voice(
            ["/etc", "/run"].map(PathBuf::from).into(),
            Vec::new(),
            Vec::new(),
        ),
    }
}

fn try_it(
    attempt: &Attempt,
    who: Who,
    walls: &BTreeSet<Wall>,
    victim: i32,
    leak: Option<&str>,
) -> Result<Answer, ProveError> {
    let failed = |source| ProveError::Process {
        attempt: attempt.what,
        source,
    };
    let mut command = own_program(attempt.what)?;
    command
        .args(["--prove-attempt", attempt.name])
        .args(["--prove-victim-of", &victim.to_string()])
        .args((who == Who::Voice).then_some("--voice"))
        .args(leak.iter().flat_map(|leak| ["--prove-leak", *leak]))
        .args(walls.iter().flat_map(|wall| ["--only", wall.word()]))
        // What is missing is said once, before the table.
        .env("RUST_LOG", "error")
        .stdin(Stdio::null());
    let ended = command.output().map_err(failed)?;
    if let Some(signal) = ended.status.signal() {
        return Ok(Answer::Killed(signal));
    }
    let said = String::from_utf8_lossy(&ended.stdout).into_owned();
    match (ended.status.code(), said.trim().parse()) {
        // A program that another has taken the place of says nothing of ours.
        (Some(0), _) => Ok(Answer::Done),
        (Some(1), Ok(errno)) => Ok(Answer::Error(errno)),
        (_, _) => {
            let said = String::from_utf8_lossy(&ended.stderr);
            Err(failed(io::Error::other(said.trim().to_owned())))
        }
    }
}

/// Makes one attempt: the error's number is printed, success is not. Returns whether it was
/// refused.
///
/// # Errors
///
/// There is no such attempt, or it cannot be made.
pub fn attempt(trial: &Trial) -> Result<Option<i32>, ProveError> {
    let unknown = || ProveError::Unknown(trial.attempt.clone());
    let found = ATTEMPTS.iter().find(|it| it.name == trial.attempt);
    let found = found.ok_or_else(unknown)?;
    let stage = Stage::open(trial.victim).map_err(ProveError::Stage)?;
    let mut list = match trial.who {
        Who::Eye => super::eyes_calls(&[stage.request()]),
        Who::Voice => super::voices_calls(),
    };
    if let Some(leak) = &trial.leak {
        let leaks = super::attack::OF_AN_INTRUDER.iter();
        let call = leaks.copied().find(|(name, _)| name == leak);
        let (_, number) = call.ok_or_else(|| ProveError::Unknown(leak.clone()))?;
        list.leak(number);
    }
    if !trial.walls.is_empty() {
        shut_in(trial, &list)?;
    }
    Ok((found.make)(&stage).err())
}

/// Shuts this process in, and says which walls stand: [`STANDING`] and their names.
///
/// # Errors
///
/// It cannot be said.
pub fn say_standing(trial: &Trial, out: &mut impl io::Write) -> Result<(), ProveError> {
    let stage = Stage::open(trial.victim).map_err(ProveError::Stage)?;
    let list = match trial.who {
        Who::Eye => super::eyes_calls(&[stage.request()]),
        Who::Voice => super::voices_calls(),
    };
    let standing = shut_in(trial, &list)?;
    let words: Vec<&str> = standing.iter().map(|wall| wall.word()).collect();
    writeln!(out, "{STANDING} {}", words.join(" ")).map_err(ProveError::Print)
}

fn shut_in(trial: &Trial, list: &Allowed) -> Result<BTreeSet<Wall>, ProveError> {
    let walls = walls_of(trial.who);
    let walls = Walls {
        wanted: walls.wanted.intersection(&trial.walls).copied().collect(),
        ..walls
    };
    Ok(super::begin(&walls)?.finish(list)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_the_walls_change_is_refused_by_them() {
        let error = Answer::Error;
        let cases = [
            (Answer::Done, Answer::Done, Verdict::Succeeded),
            (Answer::Done, error(libc::EPERM), Verdict::Refused),
            (error(libc::ENOENT), error(libc::EPERM), Verdict::Refused),
            (
                error(libc::EPERM),
                error(libc::EPERM),
                Verdict::NotAvailable,
            ),
            (error(libc::EPERM), Answer::Killed(31), Verdict::Refused),
            (
                error(libc::ENOSYS),
                Answer::Killed(31),
                Verdict::NotAvailable,
            ),
            (Answer::Done, error(libc::EFAULT), Verdict::Succeeded),
            (Answer::Done, Answer::Killed(11), Verdict::Succeeded),
        ];
        for (free, shut, verdict) in cases {
            assert_eq!(judge(free, shut), verdict, "{free:?} {shut:?}");
        }
    }

    #[test]
    fn no_two_attempts_share_a_name() {
        let names: BTreeSet<&str> = ATTEMPTS.iter().map(|it| it.name).collect();
        assert_eq!(names.len(), ATTEMPTS.len());
    }
}
