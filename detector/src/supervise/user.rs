//! Who a program runs as: a user of its own, so that the system keeps eye and voice apart.
//!
//! Users are looked up in `/etc/passwd` and `/etc/group`, where a unit's own are made; those of
//! a directory service are not found. A program takes its user right before it begins, and
//! cannot go back.

use std::io;
use std::str::FromStr;

use rustix::process::{Gid, Resource, Rlimit, Uid, setrlimit};
use rustix::thread::{set_thread_gid, set_thread_groups, set_thread_uid};

/// A user, with the groups that give it devices.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    uid: u32,
    gid: u32,
    groups: Vec<u32>,
}

/// Why nobody can run as a user.
#[derive(Debug, thiserror::Error)]
pub enum UserError {
    /// The list of users or groups cannot be read.
    #[error("reading {file}")]
    Unreadable {
        /// Which.
        file: &'static str,
        /// What the system says.
        source: io::Error,
    },
    /// There is no such user.
    #[error("there is no user {0:?} in /etc/passwd")]
    Unknown(String),
    /// Root may do everything that another user is to be kept from.
    #[error("root is no user to run as")]
    Root,
    /// What the supervisor hands on is not what it understands.
    #[error("{0:?} is no user as this program writes one")]
    Unclear(String),
    /// The system does not let this process become another user.
    #[error("becoming user {uid}")]
    Refused {
        /// Which.
        uid: u32,
        /// What the system says.
        source: io::Error,
    },
}

impl User {
    /// A user by name, or by number: a number without an entry has itself as its group.
    ///
    /// # Errors
    ///
    /// There is none, or it is root.
    pub fn find(name: &str) -> Result<Self, UserError> {
        let read = |file| {
            let text = std::fs::read_to_string(file);
            text.map_err(|source| UserError::Unreadable { file, source })
        };
        Self::among(name, &read("/etc/passwd")?, &read("/etc/group")?)
    }

    fn among(name: &str, users: &str, groups: &str) -> Result<Self, UserError> {
        let fields = |line: &str| line.split(':').map(str::to_owned).collect::<Vec<String>>();
        let entry = users.lines().map(fields).find(|entry| {
            let is = |index: usize| entry.get(index).is_some_and(|field| field == name);
            is(0) || is(2)
        });
        let number = |text: Option<&String>| text.and_then(|text| text.parse().ok());
        let unknown = || UserError::Unknown(name.to_owned());
        let found = match entry {
            Some(entry) => {
                let own = entry.first().cloned().unwrap_or_default();
                let belongs = |group: &Vec<String>| {
                    let members = group.get(3).map(String::as_str).unwrap_or_default();
                    members.split(',').any(|member| member == own)
                };
                let groups = groups.lines().map(fields).filter(belongs);
                Self {
                    uid: number(entry.get(2)).ok_or_else(unknown)?,
                    gid: number(entry.get(3)).ok_or_else(unknown)?,
                    groups: groups.filter_map(|group| number(group.get(2))).collect(),
                }
            }
            None => {
                let uid = name.parse().map_err(|_not_a_number| unknown())?;
                Self {
                    uid,
                    gid: uid,
                    groups: Vec::new(),
                }
            }
        };
        if found.uid == 0 || found.gid == 0 || found.groups.contains(&0) {
            return Err(UserError::Root);
        }
        Ok(found)
    }

    /// Its number.
    #[must_use]
    pub fn uid(&self) -> u32 {
        self.uid
    }

    /// Its own group's number.
    #[must_use]
    pub fn gid(&self) -> u32 {
        self.gid
    }

    /// Makes the calling thread this user for good. Call it in a process of one thread; what
    /// the kernel promised about its parent's death is forgotten by this.
    ///
    /// # Errors
    ///
    /// The system refuses, as it does to all but root. The process must then end.
    pub fn take(&self) -> Result<(), UserError> {
        let refused = |errno: rustix::io::Errno| UserError::Refused {
            uid: self.uid,
            source: errno.into(),
        };
        // While it may: the eye locks its memory, and cannot raise the limit any more. Where
        // even root may not, the eye says that its memory is not locked.
        let unlimited = Rlimit {
            current: None,
            maximum: None,
        };
        setrlimit(Resource::Memlock, unlimited).ok();
        let groups: Vec<Gid> = self.groups.iter().copied().map(Gid::from_raw).collect();
        // Groups first: a user who is not root may not change them.
        set_thread_groups(&groups).map_err(refused)?;
        set_thread_gid(Gid::from_raw(self.gid)).map_err(refused)?;
        set_thread_uid(Uid::from_raw(self.uid)).map_err(refused)
    }
}

/// User, group and further groups, as the supervisor tells the process that becomes a program.
impl std::fmt::Display for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}", self.uid, self.gid)?;
        self.groups
            .iter()
            .try_for_each(|group| write!(f, ":{group}"))
    }
}

impl FromStr for User {
    type Err = UserError;

    fn from_str(text: &str) -> Result<Self, UserError> {
        let numbers: Result<Vec<u32>, _> = text.split(':').map(str::parse).collect();
        match numbers.as_deref() {
            Ok([uid, gid, groups @ ..]) if *uid != 0 => Ok(Self {
                uid: *uid,
                gid: *gid,
                groups: groups.to_vec(),
            }),
            Ok(_) | Err(_) => Err(UserError::Unclear(text.to_owned())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const USERS: &str = "root:x:0:0::/root:/bin/sh\nnattsyn-eye:x:990:991::/:/bin/false\n\
                         odd:x:992:0::/:/bin/false\n";
    const GROUPS: &str = "video:x:44:camera,nattsyn-eye\ngpio:x:986:nattsyn-eye\nmail:x:8:mail\n";

    #[test]
    fn a_user_has_the_groups_that_name_it_and_no_others() {
        let eye = User::among("nattsyn-eye", USERS, GROUPS).unwrap();
        assert_eq!(eye.to_string(), "990:991:44:986");
        assert_eq!(eye.to_string().parse::<User>().unwrap(), eye);
        assert_eq!(User::among("990", USERS, GROUPS).unwrap(), eye);
        let number = User::among("4711", USERS, GROUPS).unwrap();
        assert_eq!(number.to_string(), "4711:4711");
    }

    #[test]
    fn nobody_runs_as_root_by_whatever_way() {
        for name in ["root", "0", "odd"] {
            let found = User::among(name, USERS, GROUPS);
            assert!(matches!(found, Err(UserError::Root)), "{name}: {found:?}");
        }
        assert!(matches!("0:0".parse::<User>(), Err(UserError::Unclear(_))));
        let unknown = User::among("nobody-here", USERS, GROUPS).unwrap_err();
        assert!(unknown.to_string().contains("nobody-here"), "{unknown}");
    }
}
