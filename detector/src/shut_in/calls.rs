//! Which system calls remain, and with which arguments.
//!
//! A list is names, numbers and conditions on arguments; [`super::filter`] makes it into what
//! the kernel obeys. Only numbers can be looked at: nothing behind a pointer. Who allows a call
//! here says why. What each was seen to be used for: `docs/reference/shut-in.md`.

use std::collections::BTreeMap;
use std::os::fd::RawFd;

use seccompiler::{SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompRule};

use crate::memory::SLOT_BYTES;

/// An `ioctl` that stays allowed: this request on this descriptor, and no other pair.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// The open device.
    pub descriptor: RawFd,
    /// The request's number, of which the kernel reads 32 bits.
    pub number: u32,
}

/// A list of allowed calls. A call with several entries is allowed by any of them.
#[derive(Clone, Debug, Default)]
pub struct Allowed(BTreeMap<libc::c_long, Vec<Vec<Argument>>>);

/// What an argument must be.
#[derive(Clone, Copy, Debug)]
enum Argument {
    /// The 32 bits that the kernel reads are these.
    Is(u8, u32),
    /// All 64 bits are these: for pointers.
    Points(u8, u64),
    /// Under this mask the 32 bits are these.
    Under(u8, u32, u32),
    /// All 64 bits are no more than this.
    AtMost(u8, u64),
}

impl Allowed {
    /// Allows a call with whatever arguments.
    fn call(&mut self, number: libc::c_long) -> &mut Self {
        // A rule without conditions is written as no rule at all.
        self.0.insert(number, Vec::new());
        self
    }

    /// Allows a call if all these arguments are so.
    fn call_if(&mut self, number: libc::c_long, arguments: &[Argument]) -> &mut Self {
        self.0.entry(number).or_default().push(arguments.to_vec());
        self
    }

    /// Allows what the list should not: only to show that the proof finds a leak.
    pub(super) fn leak(&mut self, number: libc::c_long) {
        self.call(number);
    }

    /// Numbers and rules as the filter's compiler takes them.
    pub(super) fn rules(
        &self,
    ) -> Result<BTreeMap<i64, Vec<SeccompRule>>, seccompiler::BackendError> {
        let rule = |arguments: &Vec<Argument>| {
            let conditions = arguments.iter().map(|argument| argument.condition());
            SeccompRule::new(conditions.collect::<Result<_, _>>()?)
        };
        let chain = |chain: &Vec<Vec<Argument>>| chain.iter().map(rule).collect::<Result<_, _>>();
        let rules = self.0.iter();
        rules
            .map(|(number, rules)| Ok((*number, chain(rules)?)))
            .collect()
    }
}

impl Argument {
    fn condition(self) -> Result<SeccompCondition, seccompiler::BackendError> {
        use SeccompCmpArgLen::{Dword, Qword};
        use SeccompCmpOp::{Eq, Le, MaskedEq};
        match self {
            Self::Is(index, value) => SeccompCondition::new(index, Dword, Eq, value.into()),
            Self::Points(index, value) => SeccompCondition::new(index, Qword, Eq, value),
            Self::AtMost(index, value) => SeccompCondition::new(index, Qword, Le, value),
            Self::Under(index, mask, value) => {
                SeccompCondition::new(index, Dword, MaskedEq(mask.into()), value.into())
            }
        }
    }
}

/// What every program of threads, sockets that are open and memory needs.
fn of_both() -> Allowed {
    let mut list = Allowed::default();
    // Descriptors that are open: pair, log, clock, memory, stage.
    list.call(libc::SYS_read)
        .call(libc::SYS_readv)
        .call(libc::SYS_write)
        .call(libc::SYS_writev)
        .call(libc::SYS_close)
        .call(libc::SYS_recvfrom);
    // Waiting, also for each other.
    list.call(libc::SYS_futex)
        .call(libc::SYS_ppoll)
        .call(libc::SYS_epoll_pwait)
        .call(libc::SYS_restart_syscall)
        .call(libc::SYS_sched_yield);
    #[cfg(target_arch = "x86_64")]
    list.call(libc::SYS_poll).call(libc::SYS_epoll_wait);
    // Where the kernel maps no page for it, the C library asks for the time by a call.
    list.call(libc::SYS_clock_gettime);
    list.call(libc::SYS_getrandom);
    of_memory(&mut list);
    of_threads(&mut list);
    list
}

/// Memory that is nobody's file and never code.
fn of_memory(list: &mut Allowed) {
    const PROT_EXEC: u32 = libc::PROT_EXEC.cast_unsigned();
    const ANONYMOUS: u32 = libc::MAP_ANONYMOUS.cast_unsigned();
    list.call_if(
        libc::SYS_mmap,
        &[
            Argument::Under(2, PROT_EXEC, 0),
            Argument::Under(3, ANONYMOUS, ANONYMOUS),
        ],
    );
    list.call_if(libc::SYS_mprotect, &[Argument::Under(2, PROT_EXEC, 0)]);
    // A library that grows what it has: never onto what lies elsewhere.
    let onto = !libc::MREMAP_MAYMOVE.cast_unsigned();
    list.call_if(libc::SYS_mremap, &[Argument::Under(3, onto, 0)]);
    list.call(libc::SYS_munmap)
        .call(libc::SYS_madvise)
        .call(libc::SYS_brk);
}

/// The end of a thread and of the process, and what a thread that was just started still does.
fn of_threads(list: &mut Allowed) {
    list.call(libc::SYS_exit)
        .call(libc::SYS_exit_group)
        .call(libc::SYS_rt_sigreturn)
        .call(libc::SYS_rt_sigprocmask)
        .call(libc::SYS_sigaltstack)
        .call(libc::SYS_set_robust_list)
        .call(libc::SYS_rseq)
        .call(libc::SYS_sched_getaffinity)
        .call(libc::SYS_gettid)
        .call(libc::SYS_getpid);
    let naming = libc::PR_SET_NAME.cast_unsigned();
    list.call_if(libc::SYS_prctl, &[Argument::Is(0, naming)]);
    // `abort` of this process, and a signal to no other.
    let own = std::process::id();
    list.call_if(libc::SYS_tgkill, &[Argument::Is(0, own)]);
}

/// The eye's list. It holds no open, no socket, no thread and no program; a datagram goes only
/// where its socket is connected to. `requests` are the camera's.
#[must_use]
pub fn eye(requests: &[Request]) -> Allowed {
    let mut list = of_both();
    list.call_if(libc::SYS_sendto, &[Argument::Points(4, 0)]);
    // Its memory's slots, a stage, pictures, the battery clock: by descriptor and place.
    list.call(libc::SYS_pread64).call(libc::SYS_fdatasync);
    // One slot at a time, and none but the two: a picture has no room there.
    let slot = u64::try_from(SLOT_BYTES).unwrap_or_default();
    let within = [Argument::AtMost(2, slot), Argument::AtMost(3, slot)];
    list.call_if(libc::SYS_pwrite64, &within);
    // Whether the clock is set. To set it, it has no right.
    list.call(libc::SYS_adjtimex).call(libc::SYS_clock_adjtime);
    for Request { descriptor, number } in requests {
        let descriptor = descriptor.cast_unsigned();
        list.call_if(
            libc::SYS_ioctl,
            &[Argument::Is(0, descriptor), Argument::Is(1, *number)],
        );
    }
    list
}

/// The voice's list: what an outbound connection, names of hosts and one folder need. It starts
/// threads, for names, and no program; it listens nowhere.
#[must_use]
pub fn voice() -> Allowed {
    let mut list = of_both();
    for family in [libc::AF_INET, libc::AF_INET6] {
        let family = Argument::Is(0, family.cast_unsigned());
        list.call_if(libc::SYS_socket, &[family]);
    }
    // To whom its socket is connected. What the other two name is behind a pointer, and the
    // C library asks for both kinds of address with one of them.
    list.call_if(libc::SYS_sendto, &[Argument::Points(4, 0)]);
    list.call(libc::SYS_connect)
        .call(libc::SYS_sendmsg)
        .call(libc::SYS_sendmmsg)
        .call(libc::SYS_recvmsg)
        .call(libc::SYS_shutdown)
        .call(libc::SYS_getsockopt)
        .call(libc::SYS_setsockopt)
        .call(libc::SYS_getsockname)
        .call(libc::SYS_getpeername)
        .call(libc::SYS_epoll_ctl);
    // The resolver asks how many bytes an answer has.
    let waiting = u32::try_from(libc::FIONREAD).unwrap_or_default();
    list.call_if(libc::SYS_ioctl, &[Argument::Is(1, waiting)]);
    of_files(&mut list);
    // A thread in this process, in the same namespaces.
    let threads = libc::CLONE_THREAD
        | libc::CLONE_NEWUSER
        | libc::CLONE_NEWNET
        | libc::CLONE_NEWNS
        | libc::CLONE_NEWPID
        | libc::CLONE_NEWIPC
        | libc::CLONE_NEWUTS;
    let (mask, value) = (threads.cast_unsigned(), libc::CLONE_THREAD.cast_unsigned());
    list.call_if(libc::SYS_clone, &[Argument::Under(0, mask, value)]);
    list
}

/// The crate `libc` does not name it on 64-bit ARM, where C libraries rename files by it.
#[cfg(target_arch = "aarch64")]
const RENAMEAT: libc::c_long = 38;
#[cfg(not(target_arch = "aarch64"))]
const RENAMEAT: libc::c_long = libc::SYS_renameat;

/// Files by name; which, Landlock and the rights of its user say.
fn of_files(list: &mut Allowed) {
    list.call(libc::SYS_openat)
        .call(libc::SYS_statx)
        .call(libc::SYS_newfstatat)
        .call(libc::SYS_fstat)
        .call(libc::SYS_lseek)
        .call(libc::SYS_fcntl)
        .call(libc::SYS_fsync)
        .call(libc::SYS_fdatasync)
        .call(libc::SYS_ftruncate)
        .call(RENAMEAT)
        .call(libc::SYS_renameat2)
        .call(libc::SYS_mkdirat)
        .call(libc::SYS_getdents64)
        .call(libc::SYS_uname)
        .call(libc::SYS_getuid)
        .call(libc::SYS_geteuid)
        .call(libc::SYS_getgid)
        .call(libc::SYS_getegid);
    #[cfg(target_arch = "x86_64")]
    list.call(libc::SYS_rename)
        .call(libc::SYS_mkdir)
        .call(libc::SYS_stat)
        .call(libc::SYS_open)
        .call(libc::SYS_access);
}
