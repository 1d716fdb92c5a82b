//! The walls that need no list: user, memory, rights, network, files.
//!
//! Each is put up for the calling thread and what it starts, or for the whole process. Each
//! says why it cannot be; whether that matters is [`super`]'s to judge.

use std::io;
use std::os::linux::fs::MetadataExt as _;

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, CompatLevel, Compatible as _, NetPort, PathBeneath,
    PathFd, RestrictionStatus, Ruleset, RulesetAttr as _, RulesetCreatedAttr as _, RulesetError,
    RulesetStatus, Scope,
};
use rustix::mm::{MlockAllFlags, mlockall};
use rustix::process::{
    DumpableBehavior, Resource, Rlimit, getppid, getrlimit, getuid, set_dumpable_behavior,
    setrlimit,
};
use rustix::thread::{
    CapabilitySet, CapabilitySets, UnshareFlags, clear_ambient_capability_set,
    remove_capability_from_bounding_set, set_capabilities, set_no_new_privs, unshare_unsafe,
};

use super::{Lack, Walls};

/// The newest Landlock that was read about when this was written: on an older kernel what it
/// does not know is left out, and the file system, which every version knows, stays closed.
const LANDLOCK: ABI = ABI::V7;

/// What this process's network namespace holds, an interface a line after two of headings.
const INTERFACES: &str = "/proc/self/net/dev";

/// Where memory is written to when it runs short.
const SWAPS: &str = "/proc/swaps";

fn system(doing: &'static str) -> impl Fn(rustix::io::Errno) -> Lack {
    move |errno| Lack::System {
        doing,
        source: errno.into(),
    }
}

/// No core dump, and no reading or tracing by others of the same user.
///
/// # Errors
///
/// The system refuses, which it never does to a process that lowers its own limits.
pub fn keep_memory_private() -> io::Result<()> {
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    setrlimit(Resource::Core, none)?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    Ok(())
}

/// That neither root nor who started this process shares its user.
pub(super) fn check_user() -> Result<(), Lack> {
    let own = getuid();
    if own.is_root() {
        return Err(Lack::Root);
    }
    let Some(parent) = getppid() else {
        return Ok(());
    };
    // The folder's owner is the process's user. It is gone if the parent is; then so are we.
    match std::fs::metadata(format!("/proc/{}", parent.as_raw_nonzero())) {
        Ok(parent) if parent.st_uid() == own.as_raw() => Err(Lack::SameUser),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Locks what is in memory and what will be, page by page as it is used: locking all of it at
/// once would bring pages into memory that nobody ever touches.
pub(super) fn lock_memory() -> Result<(), Lack> {
    let unlimited = Rlimit {
        current: None,
        maximum: None,
    };
    // Only root may; otherwise whoever started this has (nattsyn-supervise does, and systemd by
    // LimitMEMLOCK=infinity). With a limit left, locking fails now or an allocation later.
    setrlimit(Resource::Memlock, unlimited).ok();
    if getrlimit(Resource::Memlock).current.is_none() {
        let flags = MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT;
        return mlockall(flags).map_err(system("locking memory"));
    }
    if has_swap() {
        return Err(Lack::System {
            doing: "raising the limit of locked memory (LimitMEMLOCK=infinity is needed)",
            source: io::ErrorKind::PermissionDenied.into(),
        });
    }
    tracing::info!("memory is not locked, and this machine has no swap that it could go to");
    Ok(())
}

/// Whether memory can be written to a disk. Where the kernel does not say, it may be so.
fn has_swap() -> bool {
    // One line of headings, then one for each.
    std::fs::read_to_string(SWAPS).map_or(true, |text| text.lines().nth(1).is_some())
}

/// Nothing that this process could start gains rights, and its own are gone.
pub(super) fn give_up_privileges() -> Result<(), Lack> {
    set_no_new_privs(true).map_err(system("forbidding new privileges"))?;
    for capability in CapabilitySet::all().iter() {
        // Only root may, and for others there is nothing to give up.
        remove_capability_from_bounding_set(capability).ok();
    }
    clear_ambient_capability_set().map_err(system("clearing ambient rights"))?;
    let none = CapabilitySets {
        effective: CapabilitySet::empty(),
        permitted: CapabilitySet::empty(),
        inheritable: CapabilitySet::empty(),
    };
    set_capabilities(None, none).map_err(system("giving up rights"))
}

/// Leaves the network for a namespace of its own in which there is none. Sockets that are open
/// stay so.
pub(super) fn leave_network() -> Result<(), Lack> {
    if is_alone()? {
        return Ok(());
    }
    // An ordinary user may where it may have a user namespace, in which it then has all rights:
    // rights are given up after this.
    let tries = [
        UnshareFlags::NEWNET,
        UnshareFlags::NEWUSER | UnshareFlags::NEWNET,
    ];
    let left = tries.into_iter().map(unshare).find(Result::is_ok);
    left.unwrap_or_else(|| unshare(UnshareFlags::NEWNET))
        .map_err(system("leaving the network namespace"))?;
    if is_alone()? {
        return Ok(());
    }
    Err(Lack::System {
        doing: "looking around in the new network namespace",
        source: io::Error::other("there are interfaces in it"),
    })
}

#[expect(
    unsafe_code,
    reason = "rustix marks it so for the one flag that parts descriptor tables"
)]
fn unshare(flags: UnshareFlags) -> rustix::io::Result<()> {
    // SAFETY: neither flag parts memory or the table of descriptors, which is what must not
    // happen behind other threads' backs; besides, there are none yet.
    unsafe { unshare_unsafe(flags) }
}

/// Whether the only interface here is the loopback: also what systemd's `PrivateNetwork=` gives.
fn is_alone() -> Result<bool, Lack> {
    let text = std::fs::read_to_string(INTERFACES).map_err(|source| Lack::System {
        doing: "reading which network interfaces there are",
        source,
    })?;
    let names = text.lines().skip(2).filter_map(|line| line.split_once(':'));
    Ok(names.map(|(name, _)| name.trim()).all(|name| name == "lo"))
}

/// Closes the file system by name, and ports and signals where this kernel's Landlock can.
pub(super) fn close_files(walls: &Walls) -> Result<(), Lack> {
    let status = restrict(walls).map_err(|error| Lack::Rules(error.into()))?;
    match status.ruleset {
        RulesetStatus::NotEnforced => Err(Lack::NotInKernel),
        RulesetStatus::FullyEnforced => Ok(()),
        RulesetStatus::PartiallyEnforced => {
            tracing::info!("an older Landlock: it closes files, and not all else it is asked to");
            Ok(())
        }
    }
}

fn restrict(walls: &Walls) -> Result<RestrictionStatus, RulesetError> {
    let mut rules = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(LANDLOCK))?
        .handle_access(AccessNet::from_all(LANDLOCK))?
        .scope(Scope::from_all(LANDLOCK))?
        .create()?;
    let read = AccessFs::from_read(LANDLOCK) & !AccessFs::Execute;
    let write = AccessFs::from_all(LANDLOCK) & !AccessFs::Execute & !AccessFs::IoctlDev;
    for (paths, access) in [(&walls.readable, read), (&walls.writable, write)] {
        // What is not there cannot be read either.
        for path in paths {
            let Ok(opened) = PathFd::new(path) else {
                continue;
            };
            let access = if path.is_dir() {
                access
            } else {
                access & AccessFs::from_file(LANDLOCK)
            };
            rules = rules.add_rule(PathBeneath::new(opened, access))?;
        }
    }
    for port in &walls.ports {
        rules = rules.add_rule(NetPort::new(*port, AccessNet::ConnectTcp))?;
    }
    rules.restrict_self()
}
