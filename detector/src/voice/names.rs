//! Names of hosts, by a voice that is shut in: what must be in memory before, and what then
//! still can be missing.
//!
//! The C library reads how names are resolved when it first resolves one, and then loads the
//! modules that `/etc/nsswitch.conf` names. Behind the walls nothing can be loaded as code, so
//! [`prepare`] has both done before. [`Reach`] ends a voice whose walls may have been put up too
//! early: what a path leads to is settled when they are, and only a new voice gets new ones.
//! It asks no server anything, and does not judge what a name leads to.

use std::ffi::CString;
use std::net::ToSocketAddrs as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::uplink::LinkEvent;

/// Where the C library is told how names are resolved.
const SERVICES: &str = "/etc/nsswitch.conf";

/// Where it is told whom to ask; on some machines a link to what a service writes when it starts.
const SERVERS: &str = "/etc/resolv.conf";

/// How long a voice may be without a link before it doubts its own walls. Longer than a router
/// takes to come back with the power; in a night of looks every half hour, before the second.
pub(super) const DOUBT_AFTER: Duration = Duration::from_secs(10 * 60);

/// What the voice may read to resolve names. Both folders are there before any program is, and
/// what comes below them later is below them all the same: `/run/systemd/resolve` of a resolver
/// that starts after the voice.
pub(super) const READABLE: [&str; 2] = ["/etc", "/run"];

/// Has the C library read what it reads once, and load what it loads. Call it before any wall.
pub(super) fn prepare() {
    for module in modules(&std::fs::read_to_string(SERVICES).unwrap_or_default()) {
        load(&module);
    }
    // In every /etc/hosts, so nobody is asked.
    if let Err(error) = ("localhost", 0).to_socket_addrs() {
        tracing::warn!(%error, "localhost is no name here");
    }
}

/// The libraries that resolve hosts, as `nsswitch.conf` names them.
fn modules(text: &str) -> Vec<String> {
    let lines = text.lines().filter_map(|line| line.split('#').next());
    let hosts = lines.filter_map(|line| line.trim().strip_prefix("hosts:"));
    let services = hosts.flat_map(str::split_whitespace);
    // "[NOTFOUND=return]" is no service, and its parts may stand apart.
    let services = services.filter(|it| it.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_'));
    services
        .map(|service| format!("libnss_{service}.so.2"))
        .collect()
}

/// Keeps a library in memory for as long as the process lives.
fn load(library: &str) {
    let Ok(name) = CString::new(library) else {
        return;
    };
    #[expect(
        unsafe_code,
        reason = "the C library offers no other way to load a module"
    )]
    // SAFETY: the name ends with a zero, and no thread has been started. What the library does
    // when it is loaded, it would do a moment later when the first name is resolved.
    let loaded = unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_NOW) };
    if loaded.is_null() {
        // Not installed: the C library goes on to the next then, as it does without us.
        tracing::debug!(library, "module for names not loaded");
    }
}

/// Whether everything that names need was there when the walls were put up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prepared {
    /// It was.
    Whole,
    /// Something was missing, and what comes in its place may be out of reach for ever.
    Lacking,
}

impl Prepared {
    /// Looks at what is to show through the walls, and whom the C library is to ask.
    pub(super) fn look(readable: &[PathBuf]) -> Self {
        let shows = |path: &Path| match path.canonicalize() {
            Ok(found) => readable.iter().any(|it| found.starts_with(it)),
            Err(_) => false,
        };
        let missing = readable.iter().find(|path| !path.exists());
        let missing = missing.map(PathBuf::as_path);
        match missing.or(Some(Path::new(SERVERS)).filter(|path| !shows(path))) {
            None => Self::Whole,
            Some(path) => {
                let path = path.display();
                tracing::warn!(%path, "needed for names and not there yet, or out of reach");
                Self::Lacking
            }
        }
    }
}

/// Whether the voice's walls keep it from the broker. Knows time by its argument.
#[derive(Debug)]
pub(super) struct Reach {
    doubt_at: Option<Duration>,
}

impl Reach {
    /// Begins to doubt at once where something was missing, and never otherwise.
    pub(super) fn new(real: Duration, prepared: Prepared) -> Self {
        let doubt_at = match prepared {
            Prepared::Whole => None,
            Prepared::Lacking => Some(real.saturating_add(DOUBT_AFTER)),
        };
        Self { doubt_at }
    }

    /// A link that was up once shows that the walls are in nobody's way.
    pub(super) fn handle_link(&mut self, event: &LinkEvent) {
        match event {
            LinkEvent::Up => self.doubt_at = None,
            LinkEvent::Down
            | LinkEvent::Confirmed(_)
            | LinkEvent::Heard { .. }
            | LinkEvent::Strange { .. } => {}
        }
    }

    /// When the voice should end and be started anew, by the machine's real clock.
    pub(super) fn doubt_at(&self) -> Option<Duration> {
        self.doubt_at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Duration = Duration::from_secs(100);

    #[test]
    fn a_voice_whose_walls_lack_something_gives_up_after_ten_minutes_without_a_link() {
        let mut reach = Reach::new(START, Prepared::Lacking);
        reach.handle_link(&LinkEvent::Down);
        assert_eq!(reach.doubt_at(), Some(START + DOUBT_AFTER));
    }

    #[test]
    fn a_voice_that_had_a_link_once_never_doubts_its_walls() {
        let mut reach = Reach::new(START, Prepared::Lacking);
        reach.handle_link(&LinkEvent::Up);
        reach.handle_link(&LinkEvent::Down);
        assert_eq!(reach.doubt_at(), None);
        assert_eq!(Reach::new(START, Prepared::Whole).doubt_at(), None);
    }

    #[test]
    fn what_is_not_there_when_the_walls_are_put_up_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let missing = vec![PathBuf::from("/"), folder.path().join("later")];
        assert_eq!(Prepared::look(&missing), Prepared::Lacking);
        // Where the servers' file leads out of what shows through, it is out of reach.
        let elsewhere = vec![folder.path().to_owned()];
        assert_eq!(Prepared::look(&elsewhere), Prepared::Lacking);
    }

    #[test]
    fn the_modules_are_those_that_the_file_names_for_hosts() {
        let text =
            "passwd: files\n# hosts: nis\nhosts:  files mdns4_minimal [NOTFOUND=return] dns\n";
        let found = modules(text);
        let wanted = ["files", "mdns4_minimal", "dns"].map(|it| format!("libnss_{it}.so.2"));
        assert_eq!(found, wanted);
        assert!(modules("").is_empty());
    }
}
