//! Lists of calls as the kernel's filters, installed for every thread at once.
//!
//! Two filters, of which the kernel obeys the sterner. One allows what is on the list and
//! answers everything else with "not permitted": a library that tries something harmless on
//! some machine goes on without it, and the unit goes on looking. The other kills the process
//! at calls that only an intruder makes: it has one try, and the supervisor says so. The third,
//! for who may start threads, tells the C library that it has no `clone3`, whose flags no
//! filter can read; it then uses `clone`, whose flags are read.

use std::collections::BTreeMap;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompFilter, SeccompRule, TargetArch, apply_filter_all_threads,
};

use super::attack::OF_AN_INTRUDER;
use super::{Allowed, Lack};

/// Installs the lists. On return they hold for all threads of the process.
pub(super) fn install(allowed: &Allowed) -> Result<(), Lack> {
    for program in programs(allowed).map_err(|error| Lack::Filter(error.into()))? {
        apply_filter_all_threads(&program).map_err(|error| Lack::Filter(error.into()))?;
    }
    Ok(())
}

/// The filters in the order of their installation: the first must leave room for the next.
fn programs(allowed: &Allowed) -> Result<Vec<BpfProgram>, seccompiler::Error> {
    let arch: TargetArch = std::env::consts::ARCH.try_into()?;
    let not_permitted = SeccompAction::Errno(libc::EPERM.cast_unsigned());
    let not_there = SeccompAction::Errno(libc::ENOSYS.cast_unsigned());
    let mut listed = allowed.rules()?;
    let allows = |listed: &BTreeMap<i64, Vec<SeccompRule>>, call: i64| listed.contains_key(&call);
    let fatal: BTreeMap<i64, Vec<SeccompRule>> = OF_AN_INTRUDER
        .iter()
        .filter(|(_, call)| !allows(&listed, *call))
        .map(|(_, call)| (*call, Vec::new()))
        .collect();
    let mut programs = Vec::new();
    if allows(&listed, libc::SYS_clone) {
        let clone3 = BTreeMap::from([(libc::SYS_clone3, Vec::new())]);
        listed.insert(libc::SYS_clone3, Vec::new());
        let filter = SeccompFilter::new(clone3, SeccompAction::Allow, not_there, arch)?;
        programs.push(filter.try_into()?);
    }
    let kill = SeccompAction::KillProcess;
    let filter = SeccompFilter::new(fatal, SeccompAction::Allow, kill, arch)?;
    programs.push(filter.try_into()?);
    // The last to be installed: it does not allow installing any more.
    let filter = SeccompFilter::new(listed, not_permitted, SeccompAction::Allow, arch)?;
    programs.push(filter.try_into()?);
    Ok(programs)
}
