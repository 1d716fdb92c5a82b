//! Keeps an eye and a voice running: what systemd does in a home, for tests and demonstrations.
//!
//! It makes the pair, keeps both ends open so that no message is lost when one side restarts,
//! and gives each program its end as standard input. A program that ends is started again,
//! after pauses that grow, and so is one that hangs: it is killed when its loop has not turned
//! for a while ([`crate::watchdog`]). A program that even the kernel cannot kill, stuck in a
//! driver, is waited for; only the machine's own restart helps then. Both end with the
//! supervisor, however it ends: each is started through [`become_program`], which has the kernel
//! kill it when the supervisor dies. Where the supervisor runs as root, it gives each a user of
//! its own, so that neither can signal or trace the other. It neither reads the pair nor knows
//! what the programs do.

mod user;

use std::convert::Infallible;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::linux::net::SocketAddrExt as _;
use std::os::unix::net::SocketAddr;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use rustix::net::sockopt::set_socket_passcred;
use rustix::net::{RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, recvmsg};
use rustix::process::{Pid, Signal, getppid, kill_process, set_parent_process_death_signal};
use tokio::io::Interest;
use tokio::net::UnixDatagram;
use tokio::process::{Child, Command};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use nattsyn_clock::Clock;

use crate::pair_socket::{PairEnd, PairError};
use crate::watchdog;

pub use user::{User, UserError};

/// The first pause before a program is started again.
pub const PAUSE_FIRST: Duration = Duration::from_secs(1);

/// The longest pause: an eye that comes back is back before the next look of its check.
pub const PAUSE_MAX: Duration = Duration::from_secs(30);

/// A program that ran so long was well, and the pauses begin anew.
pub const HEALTHY_AFTER: Duration = Duration::from_secs(60);

/// How long a program may take to end when it is asked to: a look's lamp must go off and a
/// report be written, which take well under a second.
pub const END_WITHIN: Duration = Duration::from_secs(5);

/// How long a program's loop may stand still before it is killed, unless told otherwise.
///
/// An eye that hangs at a look is back before the check's next one, two minutes later by the
/// design's default; three words of its loop may be lost before that.
pub const SILENT_MAX: Duration = Duration::from_secs(45);

/// How long a program may take to say its first word: loading the model on a slow, busy machine.
pub const START_WITHIN: Duration = Duration::from_secs(60);

/// The two programs and what each is told.
#[derive(Clone, Debug)]
pub struct Programs {
    /// The folder of `nattsyn-eye` and `nattsyn-voice`.
    pub folder: PathBuf,
    /// The eye's configuration.
    pub eye: PathBuf,
    /// The voice's configuration.
    pub voice: PathBuf,
    /// Who eye and voice run as; `None`: as the supervisor.
    pub users: Option<Users>,
    /// How long a program's loop may stand still; [`SILENT_MAX`] in a home.
    pub silent_max: Duration,
}

/// Who the two programs run as.
#[derive(Clone, Debug)]
pub struct Users {
    /// Has the camera, the lamp and the eye's files.
    pub eye: User,
    /// Has no device.
    pub voice: User,
}

/// Why nothing can be supervised.
#[derive(Debug, thiserror::Error)]
pub enum SuperviseError {
    /// A program is missing.
    #[error("{} is not there", .0.display())]
    NoProgram(PathBuf),
    /// The pair cannot be made.
    #[error("making the pair")]
    Pair(#[from] PairError),
    /// The system gives no signals, or does not say which program this is.
    #[error("asking the system for {what}")]
    System {
        /// For what.
        what: &'static str,
        /// What it says.
        source: std::io::Error,
    },
    /// Whoever started this process was gone before it began.
    #[error("the process that started this one is gone")]
    Orphaned,
    /// A program's user cannot be had.
    #[error("choosing the programs' users")]
    User(#[from] UserError),
    /// Only root may start programs as other users.
    #[error("--eye-user and --voice-user need root")]
    NotRoot,
    /// One user for both would keep neither from the other.
    #[error("eye and voice are to run as the same user, {0}; they need one each")]
    OneUser(u32),
    /// The program cannot be started.
    #[error("becoming {}", program.display())]
    NotStarted {
        /// The program.
        program: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

/// Whether the programs are to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Run,
    Stop,
}

/// Runs both programs until SIGTERM or SIGINT, then ends them.
///
/// Call it on the main thread: the programs live as long as the thread that starts them.
///
/// # Errors
///
/// A program is missing, or the system refuses what is needed to begin.
pub async fn supervise(programs: &Programs) -> Result<(), SuperviseError> {
    let system = |what| move |source| SuperviseError::System { what, source };
    let mut terminate = signal(SignalKind::terminate()).map_err(system("SIGTERM"))?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(system("SIGINT"))?;
    examine_users(programs.users.as_ref())?;
    let (eye_end, voice_end) = PairEnd::pair()?;
    let mut eye = Keeper::new(programs, "nattsyn-eye", &programs.eye, eye_end)?;
    let mut voice = Keeper::new(programs, "nattsyn-voice", &programs.voice, voice_end)?;
    if let Some(users) = &programs.users {
        eye.user = Some(users.eye.clone());
        voice.user = Some(users.voice.clone());
    }
    let (order, orders) = watch::channel(Order::Run);
    let both = async { tokio::join!(eye.run(orders.clone()), voice.run(orders)) };
    let asked = async {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("asked to stop");
        order.send_replace(Order::Stop);
    };
    tokio::join!(both, asked);
    Ok(())
}

/// Says plainly when the system does not keep eye and voice apart.
fn examine_users(users: Option<&Users>) -> Result<(), SuperviseError> {
    let is_root = rustix::process::geteuid().is_root();
    match users {
        Some(_) if !is_root => Err(SuperviseError::NotRoot),
        Some(users) if users.eye.uid() == users.voice.uid() => {
            Err(SuperviseError::OneUser(users.eye.uid()))
        }
        Some(_) => Ok(()),
        None if is_root => {
            tracing::warn!("eye and voice run as root: --eye-user and --voice-user part them");
            Ok(())
        }
        None => {
            tracing::warn!(
                "eye and voice run as one user: a voice that is broken into may signal the eye; \
                 only root can start them as two"
            );
            Ok(())
        }
    }
}

/// Keeps one program running.
struct Keeper {
    name: &'static str,
    supervisor: PathBuf,
    program: PathBuf,
    config: PathBuf,
    user: Option<User>,
    /// Kept open for as long as the supervisor lives.
    end: PairEnd,
    clock: Clock,
    /// Where the program says that its loop turns.
    said: UnixDatagram,
    socket: String,
    silent_max: Duration,
}

impl Keeper {
    fn new(
        programs: &Programs,
        name: &'static str,
        config: &Path,
        end: PairEnd,
    ) -> Result<Self, SuperviseError> {
        let program = programs.folder.join(name);
        if !program.is_file() {
            return Err(SuperviseError::NoProgram(program));
        }
        let supervisor = std::env::current_exe().map_err(|source| SuperviseError::System {
            what: "this program's own path",
            source,
        })?;
        // Without a path in any folder: it is gone with this process.
        let socket = format!("nattsyn-supervise/{}/{name}", std::process::id());
        let said = listen(&socket).map_err(|source| SuperviseError::System {
            what: "a socket for the watchdog",
            source,
        })?;
        Ok(Self {
            name,
            supervisor,
            program,
            config: config.to_owned(),
            user: None,
            end,
            clock: Clock::machine(),
            said,
            socket: format!("@{socket}"),
            silent_max: programs.silent_max,
        })
    }

    async fn run(self, mut orders: watch::Receiver<Order>) {
        let mut pause = PAUSE_FIRST;
        while *orders.borrow() == Order::Run {
            let started = self.clock.real_now();
            match self.start() {
                Ok(child) => self.attend(child, &mut orders).await,
                Err(error) => tracing::error!(program = self.name, %error, "not started"),
            }
            if self.clock.real_now().saturating_sub(started) >= HEALTHY_AFTER {
                pause = PAUSE_FIRST;
            }
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = stopped(&mut orders) => {}
            }
            pause = pause.saturating_mul(2).min(PAUSE_MAX);
        }
    }

    fn start(&self) -> Result<Child, std::io::Error> {
        let end: OwnedFd = self.end.try_clone().map_err(std::io::Error::other)?.into();
        let parent = rustix::process::getpid().as_raw_nonzero().to_string();
        let user = self.user.as_ref().map(ToString::to_string);
        Command::new(&self.supervisor)
            .arg("become")
            .args(["--parent", &parent, "--program"])
            .arg(&self.program)
            .arg("--config")
            .arg(&self.config)
            .args(user.iter().flat_map(|user| ["--user", user]))
            .env(watchdog::SOCKET_VARIABLE, &self.socket)
            .env(
                watchdog::LIMIT_VARIABLE,
                self.silent_max.as_micros().to_string(),
            )
            .stdin(Stdio::from(end))
            .kill_on_drop(true)
            .spawn()
    }

    /// Until the program has ended, by itself or because it was asked to.
    async fn attend(&self, mut child: Child, orders: &mut watch::Receiver<Order>) {
        tracing::info!(program = self.name, pid = child.id(), "started");
        let number = child_number(&child);
        tokio::select! {
            ended = child.wait() => self.report(ended),
            () = stopped(orders) => {
                let ended = self.end(&mut child).await;
                tracing::info!(program = self.name, ?ended, "stopped");
            }
            () = self.silent(number) => {
                tracing::error!(program = self.name, "its loop stands still; killed");
                // A process that is stopped or loops is gone at once.
                let ended = child.kill().await;
                tracing::info!(program = self.name, ?ended, "killed");
            }
        }
    }

    /// Until the program itself has said nothing for too long.
    async fn silent(&self, program: Option<Pid>) {
        let patience = (self.silent_max.max(START_WITHIN), self.silent_max);
        let heard = silent(&self.clock, &self.said, program, patience).await;
        if let Err(error) = heard {
            tracing::error!(program = self.name, %error, "watchdog not heard");
            tokio::time::sleep(patience.0).await;
        }
    }

    async fn end(&self, child: &mut Child) -> std::io::Result<ExitStatus> {
        if let Some(pid) = child_number(child) {
            // Gone already is as good as told.
            kill_process(pid, Signal::TERM).ok();
        }
        match tokio::time::timeout(END_WITHIN, child.wait()).await {
            Ok(ended) => ended,
            Err(_elapsed) => {
                tracing::error!(program = self.name, "does not end; killed");
                child.kill().await?;
                child.wait().await
            }
        }
    }

    fn report(&self, ended: std::io::Result<ExitStatus>) {
        match ended {
            Ok(status) if status.success() => tracing::info!(program = self.name, "ended"),
            Ok(status) => tracing::error!(program = self.name, %status, "ended"),
            Err(error) => tracing::error!(program = self.name, %error, "lost"),
        }
    }
}

/// A program's process, while it runs.
fn child_number(child: &Child) -> Option<Pid> {
    let number = child.id().and_then(|id| i32::try_from(id).ok());
    number.and_then(Pid::from_raw)
}

/// Until a program has said nothing for too long: the first patience until its first word, the
/// second from then on.
///
/// The socket has an address, which others may know. What the kernel does not say is from this
/// very process counts for nothing, and does not make the patience begin anew either.
async fn silent(
    clock: &Clock,
    said: &UnixDatagram,
    program: Option<Pid>,
    (first, later): (Duration, Duration),
) -> std::io::Result<()> {
    let mut silent_at = clock.real_now().saturating_add(first);
    loop {
        let left = silent_at.saturating_sub(clock.real_now());
        if left.is_zero() {
            return Ok(());
        }
        let Ok(heard) = tokio::time::timeout(left, hear(said)).await else {
            return Ok(());
        };
        match heard? {
            Heard::Word(from) if from == program => {
                silent_at = clock.real_now().saturating_add(later);
            }
            Heard::Word(from) => tracing::debug!(?from, ?program, "another's word not believed"),
            Heard::Else => {}
        }
    }
}

/// What came in at a watchdog's socket.
enum Heard {
    /// The word, and which process sent it by the kernel's account.
    Word(Option<Pid>),
    /// Something else.
    Else,
}

async fn hear(socket: &UnixDatagram) -> std::io::Result<Heard> {
    let read = || receive(socket).map_err(std::io::Error::from);
    socket.async_io(Interest::READABLE, read).await
}

fn receive(socket: &UnixDatagram) -> rustix::io::Result<Heard> {
    let mut word = [0; 64];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmCredentials(1))];
    let mut attached = RecvAncillaryBuffer::new(&mut space);
    let mut bytes = [std::io::IoSliceMut::new(&mut word)];
    let length = recvmsg(socket, &mut bytes, &mut attached, RecvFlags::DONTWAIT)?.bytes;
    // The kernel writes these; only a sender with rights over others' numbers may give another.
    let from = attached.drain().find_map(|it| match it {
        RecvAncillaryMessage::ScmCredentials(sender) => Some(sender.pid),
        RecvAncillaryMessage::ScmRights(_) | _ => None,
    });
    Ok(match word.get(..length) == Some(watchdog::WORD) {
        true => Heard::Word(from),
        false => Heard::Else,
    })
}

fn listen(name: &str) -> std::io::Result<UnixDatagram> {
    let address = SocketAddr::from_abstract_name(name)?;
    let socket = std::os::unix::net::UnixDatagram::bind_addr(&address)?;
    set_socket_passcred(&socket, true)?;
    socket.set_nonblocking(true)?;
    UnixDatagram::from_std(socket)
}

async fn stopped(orders: &mut watch::Receiver<Order>) {
    // If whoever gives orders is gone, everything stops.
    orders.wait_for(|order| *order == Order::Stop).await.ok();
}

/// Turns this process into a program that the kernel kills when the supervisor dies.
///
/// The kernel keeps that promise across the start of the program, so the program need not know
/// of it; but not across a change of user, which therefore comes first. The lamp of an eye that
/// is killed goes off by the hardware's own cut-off, and the next eye switches it off first thing.
///
/// # Errors
///
/// The supervisor is gone already, the user cannot be had, or the program not be started.
pub fn become_program(
    parent: i32,
    program: &Path,
    config: &Path,
    user: Option<&User>,
) -> Result<Infallible, SuperviseError> {
    if let Some(user) = user {
        user.take()?;
    }
    end_with(parent)?;
    let source = std::process::Command::new(program)
        .arg("--config")
        .arg(config)
        .exec();
    Err(SuperviseError::NotStarted {
        program: program.to_owned(),
        source,
    })
}

/// Has the kernel kill this process when the process that started it ends, however it ends.
///
/// A demonstration's supervisors end with it: nothing may go on looking, on a clock that stands
/// still, for a hub that is gone. Call it first, and only if the starting process does so on a
/// thread that lives as long as itself: to the kernel, that thread is the parent.
///
/// # Errors
///
/// The system refuses, or that process is gone already.
pub fn end_with(parent: i32) -> Result<(), SuperviseError> {
    set_parent_process_death_signal(Some(Signal::KILL)).map_err(|errno| {
        SuperviseError::System {
            what: "an end together with who started it",
            source: errno.into(),
        }
    })?;
    // It may have died before the line above.
    if getppid() == Pid::from_raw(parent) {
        Ok(())
    } else {
        Err(SuperviseError::Orphaned)
    }
}

#[cfg(test)]
mod tests {
    use rustix::process::getpid;

    use super::*;

    #[test]
    fn a_program_that_hangs_is_not_kept_by_the_words_of_another() {
        let name = format!("nattsyn-supervise-test/{}", std::process::id());
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let (clock, said) = (Clock::machine(), listen(&name).unwrap());
            let speaker = std::os::unix::net::UnixDatagram::unbound().unwrap();
            let address = SocketAddr::from_abstract_name(&name).unwrap();
            speaker.connect_addr(&address).unwrap();
            speaker.send(watchdog::WORD).unwrap();
            let heard = hear(&said).await.unwrap();
            assert!(matches!(heard, Heard::Word(Some(from)) if from == getpid()));
            // The same words, for a program that is another process and hangs.
            let speaking = async {
                loop {
                    speaker.send(watchdog::WORD).unwrap();
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            };
            let patience = (Duration::from_millis(300), Duration::from_millis(300));
            let hanging = Pid::from_raw(1);
            tokio::select! {
                silent = silent(&clock, &said, hanging, patience) => silent.unwrap(),
                () = speaking => {}
                () = tokio::time::sleep(Duration::from_secs(10)) => panic!("believed"),
            }
        });
    }
}
