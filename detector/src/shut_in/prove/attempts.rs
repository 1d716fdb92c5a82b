//! What is tried, one system call each.
//!
//! Arguments are chosen so that nothing is harmed where no wall stands: a path that is not
//! there, a magic number that is wrong, a signal that is ignored, a victim of our own. What
//! then fails for another reason than a wall's still shows that no wall stood before it.

use std::os::fd::{AsFd as _, AsRawFd as _};

use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};

use super::stage::Stage;

/// The error's number.
type Refusal = i32;

/// One thing that must not be possible.
pub(super) struct Attempt {
    /// For the command line.
    pub(super) name: &'static str,
    /// For people.
    pub(super) what: &'static str,
    /// Whose proof it belongs to.
    pub(super) whose: Whose,
    /// Tries it.
    pub(super) make: fn(&Stage) -> Result<(), Refusal>,
}

/// Who must not be able to do it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// Neither.
    Both,
    /// The eye; the voice needs it, or something like it, for its work.
    Eyes,
}

type Make = fn(&Stage) -> Result<(), Refusal>;

const fn of(name: &'static str, what: &'static str, make: Make) -> Attempt {
    Attempt {
        name,
        what,
        whose: Whose::Both,
        make,
    }
}

const fn eyes(name: &'static str, what: &'static str, make: Make) -> Attempt {
    Attempt {
        name,
        what,
        whose: Whose::Eyes,
        make,
    }
}

/// Everything that is tried, in the table's order.
pub(super) const ATTEMPTS: &[Attempt] = &[
    // Files by name.
    eyes("open", "open a file to read", |_| {
        open(c"/etc/passwd", libc::O_RDONLY)
    }),
    of("open_write", "open a file to write", |_| {
        open(c"/dev/full", libc::O_WRONLY)
    }),
    of("create", "make a file without a name", |_| {
        open(c"/tmp", libc::O_TMPFILE | libc::O_RDWR)
    }),
    of("open_camera", "open /dev/video0", |_| {
        open(c"/dev/video0", libc::O_RDWR)
    }),
    of("open_memory", "open own memory in /proc", |_| {
        open(c"/proc/self/mem", libc::O_RDWR)
    }),
    of("open_swap", "open the machine's memory", |_| {
        open(c"/dev/mem", libc::O_RDWR)
    }),
    eyes("open_beside", "open a file through an open folder", |it| {
        let folder = it.folder.as_raw_fd();
        call(libc::SYS_openat, &[number(folder), text(c"etc/passwd"), 0])
    }),
    of("openat2", "open a file by openat2", |it| {
        let how = [0_u64; 3];
        let folder = number(it.folder.as_raw_fd());
        let how = how.as_ptr() as usize;
        call(libc::SYS_openat2, &[folder, text(c"etc/passwd"), how, 24])
    }),
    eyes("list", "list an open folder", |it| {
        let folder = number(it.folder.as_raw_fd());
        call(
            libc::SYS_getdents64,
            &[folder, it.page_start(), Stage::page_size()],
        )
    }),
    eyes("stat", "ask about a file", |it| {
        let root = number(libc::AT_FDCWD);
        call(
            libc::SYS_statx,
            &[root, text(c"/etc/passwd"), 0, 0x7ff, it.page_start()],
        )
    }),
    eyes("link", "read a link", |it| {
        let root = number(libc::AT_FDCWD);
        let into = it.page_start();
        call(
            libc::SYS_readlinkat,
            &[root, text(c"/proc/self/exe"), into, 64],
        )
    }),
    eyes("mkdir", "make a folder", |_| at_nowhere(libc::SYS_mkdirat)),
    eyes("unlink", "delete a file", |_| {
        at_nowhere(libc::SYS_unlinkat)
    }),
    eyes("mknod", "make a device", |_| at_nowhere(libc::SYS_mknodat)),
    eyes("chmod", "change a file's rights", |_| {
        at_nowhere(libc::SYS_fchmodat)
    }),
    of("handle", "name a file by a handle", |it| {
        let root = number(libc::AT_FDCWD);
        let page = it.page_start();
        call(
            libc::SYS_name_to_handle_at,
            &[root, text(c"/"), page, page + 64, 0],
        )
    }),
    of("by_handle", "open a file by its handle", |it| {
        let folder = number(it.folder.as_raw_fd());
        call(libc::SYS_open_by_handle_at, &[folder, it.page_start(), 0])
    }),
    of("grow", "write beyond the memory's two slots", |it| {
        let (file, page) = (number(it.camera.as_raw_fd()), it.page_start());
        call(libc::SYS_pwrite64, &[file, page, 1, 3 * Stage::page_size()])
    }),
    of("write_much", "write more than a slot of memory", |it| {
        let (file, page) = (number(it.camera.as_raw_fd()), it.page_start());
        call(libc::SYS_pwrite64, &[file, page, 2 * Stage::page_size(), 0])
    }),
    // The network, and anybody new to speak to.
    eyes("socket_inet", "make an IPv4 socket", |_| {
        socket(libc::AF_INET, libc::SOCK_STREAM)
    }),
    eyes("socket_udp", "make an IPv4 datagram socket", |_| {
        socket(libc::AF_INET, libc::SOCK_DGRAM)
    }),
    eyes("socket_inet6", "make an IPv6 socket", |_| {
        socket(libc::AF_INET6, libc::SOCK_STREAM)
    }),
    of("socket_unix", "make a Unix socket", |_| {
        socket(libc::AF_UNIX, libc::SOCK_STREAM)
    }),
    of("socket_netlink", "make a netlink socket", |_| {
        socket(libc::AF_NETLINK, libc::SOCK_RAW)
    }),
    of("socket_vsock", "make a socket to the host", |_| {
        socket(libc::AF_VSOCK, libc::SOCK_STREAM)
    }),
    of("socket_bluetooth", "make a Bluetooth socket", |_| {
        socket(libc::AF_BLUETOOTH, libc::SOCK_RAW)
    }),
    eyes("connect", "connect a socket that is open", |it| {
        let socket = number(it.datagrams.as_raw_fd());
        call(libc::SYS_connect, &[socket, LOOPBACK.as_ptr() as usize, 16])
    }),
    of("send_to", "send a datagram to an address", |it| {
        let socket = number(it.datagrams.as_raw_fd());
        let (page, to) = (it.page_start(), LOOPBACK.as_ptr() as usize);
        call(libc::SYS_sendto, &[socket, page, 1, 0, to, 16])
    }),
    of("bind", "bind a socket that is open", |it| {
        let socket = number(it.datagrams.as_raw_fd());
        call(libc::SYS_bind, &[socket, LOOPBACK.as_ptr() as usize, 16])
    }),
    of("listen", "listen on a socket that is open", |it| {
        call(libc::SYS_listen, &[number(it.listener.as_raw_fd()), 1])
    }),
    of("accept", "accept a connection", |it| {
        let flags = number(libc::SOCK_NONBLOCK);
        // No flag of a socket keeps accepting from waiting, so a wrong descriptor is offered.
        call(
            libc::SYS_accept4,
            &[number(it.file.as_raw_fd()), 0, 0, flags],
        )
    }),
    of("socketpair", "make a pair of sockets", |it| {
        let (family, kind) = (number(libc::AF_UNIX), number(libc::SOCK_STREAM));
        call(libc::SYS_socketpair, &[family, kind, 0, it.page_start()])
    }),
    eyes(
        "descriptor",
        "send a descriptor over the pair",
        send_descriptor,
    ),
    eyes("take_descriptor", "receive a descriptor", |it| {
        let flags = number(libc::MSG_DONTWAIT);
        let socket = number(it.datagrams.as_raw_fd());
        call(libc::SYS_recvmsg, &[socket, it.page_start(), flags])
    }),
    // Programs and threads.
    of("exec", "become another program", |_| {
        let none = [0_usize; 1];
        let none = none.as_ptr() as usize;
        call(libc::SYS_execve, &[text(c"/bin/true"), none, none])
    }),
    of("exec_open", "become an open program", |it| {
        let none = [0_usize; 1];
        let none = none.as_ptr() as usize;
        let file = number(it.folder.as_raw_fd());
        call(
            libc::SYS_execveat,
            &[file, text(c"bin/true"), none, none, 0],
        )
    }),
    of("fork", "start a process", |_| start_process()),
    eyes("thread", "start a thread", |_| {
        let started = std::thread::Builder::new().spawn(|| ());
        started
            .map(drop)
            .map_err(|error| error.raw_os_error().unwrap_or(libc::EPERM))
    }),
    of("clone3", "start something by clone3", |it| {
        // Too small to be meant: looked at only after it was let through.
        call(libc::SYS_clone3, &[it.page_start(), 1])
    }),
    // Other processes.
    of("trace", "trace another process", |it| {
        call(libc::SYS_ptrace, &[SEIZE, number(it.victim), 0, 0])
    }),
    of("read_other", "read another's memory", |it| {
        across(libc::SYS_process_vm_readv, it)
    }),
    of("write_other", "write another's memory", |it| {
        across(libc::SYS_process_vm_writev, it)
    }),
    of("signal", "signal another process", |it| {
        call(libc::SYS_kill, &[number(it.victim), number(libc::SIGURG)])
    }),
    of("signal_thread", "signal another's thread", |it| {
        let victim = number(it.victim);
        call(libc::SYS_tgkill, &[victim, victim, number(libc::SIGURG)])
    }),
    of("signal_all", "signal a whole group", |_| {
        call(libc::SYS_kill, &[0, number(libc::SIGURG)])
    }),
    of("handle_process", "open a process", |it| {
        call(libc::SYS_pidfd_open, &[number(it.victim), 0])
    }),
    of("take_from_process", "take another's descriptor", |it| {
        call(libc::SYS_pidfd_getfd, &[number(it.file.as_raw_fd()), 0, 0])
    }),
    of("limit_other", "change another's limits", |it| {
        let core = number(core_limit());
        call(
            libc::SYS_prlimit64,
            &[number(it.victim), core, 0, it.page_start()],
        )
    }),
    of("priority_other", "change another's priority", |it| {
        call(libc::SYS_setpriority, &[0, number(it.victim), 19])
    }),
    of("compare", "compare with another process", |it| {
        let own = usize::try_from(std::process::id()).unwrap_or_default();
        call(libc::SYS_kcmp, &[own, number(it.victim), 0, 0, 0])
    }),
    // Its own rights.
    of("setuid", "become another user", |_| {
        call(libc::SYS_setuid, &[0xfffe])
    }),
    of("setgid", "change the group", |_| {
        call(libc::SYS_setgid, &[0xfffe])
    }),
    of("setgroups", "change the other groups", |_| {
        call(libc::SYS_setgroups, &[0, 0])
    }),
    of("capset", "change its rights", |it| {
        call(libc::SYS_capset, &[it.page_start(), it.page_start()])
    }),
    of("dumpable", "let itself be read by others", |_| {
        call(libc::SYS_prctl, &[number(libc::PR_SET_DUMPABLE), 1])
    }),
    of("core", "allow itself a core dump", |it| {
        // As it is, zero, so nothing is dumped where this is let through.
        let core = number(core_limit());
        call(libc::SYS_prlimit64, &[0, core, it.page_start(), 0])
    }),
    of("personality", "change how the kernel treats it", |_| {
        call(libc::SYS_personality, &[0])
    }),
    of("filter", "change the list of calls", |_| {
        call(libc::SYS_seccomp, &[2, 0, 0])
    }),
    of("clock", "set the clock", |it| {
        let never = number(libc::CLOCK_MONOTONIC);
        call(libc::SYS_clock_settime, &[never, it.page_start()])
    }),
    of("tick", "steer the clock", |it| {
        let mut told = [0_u32; 52];
        // ADJ_TICK, and a tick of nothing, which is refused to whoever may steer.
        told[0] = 0x4000;
        call(
            libc::SYS_adjtimex,
            &[told.as_ptr() as usize, it.page_start()],
        )
    }),
    // Memory.
    of("map_code", "map memory as code", |_| {
        map(
            libc::PROT_READ | libc::PROT_EXEC,
            libc::MAP_ANONYMOUS | libc::MAP_PRIVATE,
            -1,
        )
    }),
    of("map_file", "map a file", |it| {
        map(libc::PROT_READ, libc::MAP_PRIVATE, it.file.as_raw_fd())
    }),
    of("make_code", "make memory into code", |it| {
        let rights = number(libc::PROT_READ | libc::PROT_EXEC);
        call(
            libc::SYS_mprotect,
            &[it.page_start(), Stage::page_size(), rights],
        )
    }),
    of("move_onto", "move memory onto other memory", |it| {
        let (page, size) = (it.page_start(), Stage::page_size());
        let flags = number(libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED);
        // To an address that is none: let through, nothing is moved.
        call(libc::SYS_mremap, &[page, size, size, flags, 1])
    }),
    of("unlock", "unlock memory", |_| {
        call(libc::SYS_munlockall, &[])
    }),
    of("memory_file", "make a file in memory", |_| {
        call(libc::SYS_memfd_create, &[text(c"m"), 0])
    }),
    of("secret_memory", "make secret memory", |_| {
        call(libc::SYS_memfd_secret, &[0])
    }),
    of("shared_memory", "make shared memory", |_| {
        call(
            libc::SYS_shmget,
            &[0, 4096, number(libc::IPC_CREAT | 0o600)],
        )
    }),
    of("faults", "handle its own page faults", |_| {
        call(libc::SYS_userfaultfd, &[number(libc::O_CLOEXEC)])
    }),
    of("pipe_pages", "move pages between descriptors", |it| {
        let (file, device) = (number(it.file.as_raw_fd()), number(it.device.as_raw_fd()));
        call(libc::SYS_splice, &[file, 0, device, 0, 1, 0])
    }),
    of("copy_range", "copy from file to file", |it| {
        let (file, camera) = (number(it.file.as_raw_fd()), number(it.camera.as_raw_fd()));
        call(libc::SYS_copy_file_range, &[file, 0, camera, 0, 1, 0])
    }),
    // Devices.
    of("ioctl_other", "ask the camera something else", |it| {
        ioctl(it.camera.as_raw_fd(), 0x5401)
    }),
    of("ioctl_high", "hide a request in the upper bits", |it| {
        ioctl(it.camera.as_raw_fd(), 0x1_0000_5412)
    }),
    of("ioctl_wrong", "ask another device for a frame", |it| {
        let asked = usize::try_from(it.request().number).unwrap_or_default();
        ioctl(it.device.as_raw_fd(), asked)
    }),
    of("duplicate", "move the camera to another descriptor", |it| {
        call(libc::SYS_dup, &[number(it.camera.as_raw_fd())])
    }),
    // The kernel.
    of("mount", "mount", |_| {
        let path = text(NOWHERE);
        call(
            libc::SYS_mount,
            &[text(c"none"), path, text(c"tmpfs"), 0, 0],
        )
    }),
    of("unmount", "unmount", |_| {
        call(libc::SYS_umount2, &[text(NOWHERE), 0])
    }),
    of("chroot", "change the root", |_| {
        call(libc::SYS_chroot, &[text(c"/")])
    }),
    of("pivot_root", "exchange the root", |_| {
        call(libc::SYS_pivot_root, &[text(NOWHERE), text(NOWHERE)])
    }),
    of("unshare", "make a user namespace", |_| {
        call(libc::SYS_unshare, &[number(libc::CLONE_NEWUSER)])
    }),
    of("setns", "enter a namespace", |it| {
        call(libc::SYS_setns, &[number(it.file.as_raw_fd()), 0])
    }),
    of("io_uring", "set up io_uring", |it| {
        call(libc::SYS_io_uring_setup, &[1, it.page_start()])
    }),
    of("bpf", "load a program into the kernel", |it| {
        call(libc::SYS_bpf, &[5, it.page_start(), 128])
    }),
    of("perf", "watch by performance counters", |it| {
        call(
            libc::SYS_perf_event_open,
            &[it.page_start(), 0, usize::MAX, usize::MAX, 0],
        )
    }),
    of("keys", "use the kernel's keyring", |_| {
        call(libc::SYS_keyctl, &[0, usize::MAX - 1, 0])
    }),
    of("add_key", "add a key", |_| {
        let into = usize::MAX - 1;
        call(
            libc::SYS_add_key,
            &[text(c"user"), text(c"k"), text(c"k"), 1, into],
        )
    }),
    of("module", "load a kernel module", |it| {
        call(
            libc::SYS_finit_module,
            &[number(it.device.as_raw_fd()), text(c""), 0],
        )
    }),
    of("reboot", "restart the machine", |_| {
        call(libc::SYS_reboot, &[0, 0, 0])
    }),
    of("swap", "swap off", |_| {
        call(libc::SYS_swapoff, &[text(NOWHERE)])
    }),
    of("message", "make a message queue", |_| {
        call(libc::SYS_msgget, &[0, number(libc::IPC_CREAT | 0o600)])
    }),
    of("message_posix", "open a message queue by name", |_| {
        call(libc::SYS_mq_open, &[text(c"nattsyn-is-not-here"), 0, 0, 0])
    }),
    of("watch", "watch files", |_| {
        call(libc::SYS_inotify_init1, &[0])
    }),
    of("watch_all", "watch what others open", |_| {
        // FAN_REPORT_FID: what needs no right on kernels that allow it to anybody.
        call(libc::SYS_fanotify_init, &[0x200, 0])
    }),
    of("timer", "set itself a timer", |it| {
        let clock = number(libc::CLOCK_MONOTONIC);
        call(libc::SYS_timer_create, &[clock, 0, it.page_start()])
    }),
    // By another door.
    #[cfg(target_arch = "x86_64")]
    of("x32", "make a socket by a number of x32", |_| {
        const X32: libc::c_long = 0x4000_0000;
        let (family, kind) = (number(libc::AF_INET), number(libc::SOCK_STREAM));
        call(X32 | libc::SYS_socket, &[family, kind, 0])
    }),
    #[cfg(target_arch = "x86_64")]
    of("int_80", "call as a 32-bit program does", |_| {
        call_of_32_bits()
    }),
];

/// Where nothing is.
const NOWHERE: &std::ffi::CStr = c"/nattsyn-is-not-here/x";

/// 127.0.0.1, port 9, as the system takes addresses of IPv4: family, port, address, padding.
const LOOPBACK: [u8; 16] = [2, 0, 0, 9, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];

/// `PTRACE_SEIZE`: attaches without stopping the victim.
const SEIZE: usize = 0x4206;

/// One system call; pointers point to what lives until it returns.
fn call(number: libc::c_long, arguments: &[usize]) -> Result<(), Refusal> {
    let at = |index: usize| arguments.get(index).copied().unwrap_or_default();
    #[expect(
        unsafe_code,
        reason = "the proof tries calls that no crate offers safely"
    )]
    // SAFETY: every pointer among the arguments is to a text that lives for ever, or to memory
    // of the stage or of the caller, large enough for what the kernel writes there; none of the
    // calls keeps one. What a call may do to this process, it does to one that ends after it.
    let answer = unsafe { libc::syscall(number, at(0), at(1), at(2), at(3), at(4), at(5)) };
    if answer == -1 {
        return Err(last_error());
    }
    Ok(())
}

/// `getpid` by the number that it has for 32-bit programs; for 64-bit ones that is `writev`,
/// which is allowed.
#[cfg(target_arch = "x86_64")]
fn call_of_32_bits() -> Result<(), Refusal> {
    let mut answer: i64 = 20;
    #[expect(unsafe_code, reason = "no crate makes calls of 32-bit programs")]
    // SAFETY: this call takes no argument and touches no memory; the registers that an old
    // kernel clears on its way back are given up.
    unsafe {
        std::arch::asm!(
            "int 0x80",
            inlateout("rax") answer,
            out("r8") _, out("r9") _, out("r10") _, out("r11") _,
        );
    }
    match i32::try_from(answer) {
        Ok(errno) if errno < 0 => Err(-errno),
        _ => Ok(()),
    }
}

fn last_error() -> Refusal {
    let error = std::io::Error::last_os_error();
    error.raw_os_error().unwrap_or(libc::EPERM)
}

fn number(value: i32) -> usize {
    // As a register holds it: the kernel reads as many of its bits as it needs.
    isize::try_from(value).unwrap_or_default().cast_unsigned()
}

fn text(text: &'static std::ffi::CStr) -> usize {
    text.as_ptr() as usize
}

fn open(path: &'static std::ffi::CStr, flags: i32) -> Result<(), Refusal> {
    let folder = number(libc::AT_FDCWD);
    call(
        libc::SYS_openat,
        &[folder, text(path), number(flags), 0o600],
    )
}

fn at_nowhere(which: libc::c_long) -> Result<(), Refusal> {
    call(which, &[number(libc::AT_FDCWD), text(NOWHERE), 0, 0])
}

fn socket(family: i32, kind: i32) -> Result<(), Refusal> {
    call(libc::SYS_socket, &[number(family), number(kind), 0])
}

fn ioctl(descriptor: i32, request: usize) -> Result<(), Refusal> {
    call(libc::SYS_ioctl, &[number(descriptor), request, 0])
}

fn map(rights: i32, flags: i32, descriptor: i32) -> Result<(), Refusal> {
    let arguments = [
        0,
        4096,
        number(rights),
        number(flags),
        number(descriptor),
        0,
    ];
    call(libc::SYS_mmap, &arguments)
}

/// From or to the victim's lowest page, where nothing is: let through, it is a bad address.
fn across(which: libc::c_long, it: &Stage) -> Result<(), Refusal> {
    let own = [it.page_start(), 8];
    let other = [Stage::page_size(), 8];
    let (own, other) = (own.as_ptr() as usize, other.as_ptr() as usize);
    call(which, &[number(it.victim), own, 1, other, 1, 0])
}

#[expect(
    clippy::cast_possible_wrap,
    reason = "a small number whose type differs between C libraries"
)]
fn core_limit() -> i32 {
    libc::RLIMIT_CORE as i32
}

fn send_descriptor(it: &Stage) -> Result<(), Refusal> {
    let attached = [it.camera.as_fd()];
    let mut space = [std::mem::MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut buffer = SendAncillaryBuffer::new(&mut space);
    buffer.push(SendAncillaryMessage::ScmRights(&attached));
    let bytes = [std::io::IoSlice::new(b"x")];
    let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
    let sent = sendmsg(&it.pair, &bytes, &mut buffer, flags);
    sent.map(drop).map_err(rustix::io::Errno::raw_os_error)
}

fn start_process() -> Result<(), Refusal> {
    #[expect(unsafe_code, reason = "the proof tries to fork")]
    // SAFETY: this process has one thread, and the new one ends at once without touching
    // anything that both might hold.
    unsafe {
        match libc::fork() {
            -1 => Err(last_error()),
            0 => libc::_exit(0),
            _started => Ok(()),
        }
    }
}
