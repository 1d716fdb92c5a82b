//! The repository as a reader sees it: its files, its manifests, what cargo says of them.
//!
//! Here files are found and read and cargo is asked; each rule is a pure function in a module
//! below, from texts to complaints, with tests of its own that show it can find fault. The
//! tests in `tests/tests/tidy.rs` join the two. Nothing here changes a file or uses the
//! network, but for [`Workspace::all_packages`] where cargo has not downloaded a manifest yet.

pub mod arrows;
pub mod documents;
pub mod licences;
pub mod sources;
pub mod stock;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

/// Why the repository cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    /// A file or folder cannot be read.
    #[error("reading {path}")]
    Read {
        /// Which one.
        path: PathBuf,
        /// What the operating system says.
        source: io::Error,
    },
    /// cargo did not start, or refused.
    #[error("cargo metadata: {0}")]
    Cargo(String),
    /// cargo's answer is not of the expected form.
    #[error("cargo metadata cannot be read")]
    Metadata(#[from] serde_json::Error),
}

/// The repository that this test was built from.
#[derive(Debug)]
pub struct Workspace {
    root: PathBuf,
    files: Vec<String>,
}

/// Folders that are built or fetched, for when there is no git to ask.
const NOT_OURS: [&str; 5] = [".git", "target", "demo-data", "__pycache__", "node_modules"];

impl Workspace {
    /// Finds the repository and lists its files: those that git tracks, or without git all that
    /// are not built or fetched.
    ///
    /// # Errors
    ///
    /// A folder cannot be read.
    pub fn open() -> Result<Self, WorkspaceError> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let mut files = match tracked(&root) {
            Some(files) => files,
            None => walked(&root)?,
        };
        // A file may be tracked and deleted in this working tree.
        files.retain(|path| root.join(path).is_file());
        files.sort();
        Ok(Self { root, files })
    }

    /// The repository's folder.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Every file, relative to the root, with slashes.
    #[must_use]
    pub fn files(&self) -> &[String] {
        &self.files
    }

    /// The files whose name ends so.
    pub fn ending(&self, end: &str) -> impl Iterator<Item = &str> {
        let files = self.files.iter().map(String::as_str);
        files.filter(move |path| path.ends_with(end))
    }

    /// A file's bytes.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub fn bytes(&self, path: &str) -> Result<Vec<u8>, WorkspaceError> {
        let path = self.root.join(path);
        fs::read(&path).map_err(|source| WorkspaceError::Read { path, source })
    }

    /// A file's text.
    ///
    /// # Errors
    ///
    /// It cannot be read, or is not UTF-8.
    pub fn text(&self, path: &str) -> Result<String, WorkspaceError> {
        let path = self.root.join(path);
        fs::read_to_string(&path).map_err(|source| WorkspaceError::Read { path, source })
    }

    /// What cargo says of our own packages.
    ///
    /// # Errors
    ///
    /// cargo does not answer.
    pub fn own_packages(&self) -> Result<Vec<Package>, WorkspaceError> {
        packages(&self.ask_cargo(&["--no-deps", "--offline"])?)
    }

    /// What cargo says of every package in `Cargo.lock`, others' and ours, that is built on
    /// this kind of machine. Those for other systems need not have been downloaded.
    ///
    /// # Errors
    ///
    /// cargo does not answer, or `Cargo.lock` does not fit the manifests.
    pub fn all_packages(&self) -> Result<Vec<Package>, WorkspaceError> {
        let platform = format!(
            "--filter-platform={}-unknown-linux-gnu",
            std::env::consts::ARCH
        );
        let downloaded = self.ask_cargo(&["--locked", "--offline", &platform]);
        let json = downloaded.or_else(|_| self.ask_cargo(&["--locked", &platform]))?;
        let used: Resolved = serde_json::from_slice(&json)?;
        let mut all = packages(&json)?;
        all.retain(|package| used.resolve.nodes.iter().any(|node| node.id == package.id));
        Ok(all)
    }

    fn ask_cargo(&self, arguments: &[&str]) -> Result<Vec<u8>, WorkspaceError> {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
        let output = Command::new(cargo)
            .args(["metadata", "--format-version", "1"])
            .args(arguments)
            .current_dir(&self.root)
            .output()
            .map_err(|error| WorkspaceError::Cargo(error.to_string()))?;
        if output.status.success() {
            Ok(output.stdout)
        } else {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            Err(WorkspaceError::Cargo(said))
        }
    }
}

/// A package as cargo describes it: what the rules need of it.
#[derive(Clone, Debug, serde::Deserialize)]
pub struct Package {
    id: String,
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its licence as an SPDX expression, if it states one.
    pub license: Option<String>,
    /// What it depends on.
    pub dependencies: Vec<Dependency>,
}

/// One dependency of a package.
#[derive(Clone, Debug, serde::Deserialize)]
pub struct Dependency {
    /// The name of the package depended on.
    pub name: String,
    /// `None`: an ordinary one. Otherwise `dev` or `build`.
    pub kind: Option<String>,
}

#[derive(serde::Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(serde::Deserialize)]
struct Resolved {
    resolve: Graph,
}

#[derive(serde::Deserialize)]
struct Graph {
    nodes: Vec<Node>,
}

#[derive(serde::Deserialize)]
struct Node {
    id: String,
}

fn packages(json: &[u8]) -> Result<Vec<Package>, WorkspaceError> {
    let metadata: Metadata = serde_json::from_slice(json)?;
    Ok(metadata.packages)
}

/// The files that git tracks; `None` without git or outside a repository.
fn tracked(root: &Path) -> Option<Vec<String>> {
    let output = Command::new("git")
        .args(["ls-files", "-z"])
        .current_dir(root)
        .output()
        .ok()?;
    if !output.status.success() {
        return None;
    }
    let list = String::from_utf8(output.stdout).ok()?;
    let files: Vec<String> = list.split_terminator('\0').map(str::to_owned).collect();
    (!files.is_empty()).then_some(files)
}

fn walked(root: &Path) -> Result<Vec<String>, WorkspaceError> {
    let mut files = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let unreadable = |source| WorkspaceError::Read {
            path: root.join(&folder),
            source,
        };
        for entry in fs::read_dir(root.join(&folder)).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let path = folder.join(entry.file_name());
            let kind = entry.file_type().map_err(unreadable)?;
            let built = NOT_OURS.iter().any(|name| path.ends_with(name));
            if kind.is_dir() && !built {
                folders.push(path);
            } else if kind.is_file() {
                files.push(path.to_string_lossy().replace('\\', "/"));
            }
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_git_the_same_manifests_are_found() {
        let workspace = Workspace::open().unwrap();
        let mut walked = walked(workspace.root()).unwrap();
        walked.sort();
        let tracked = workspace.ending("Cargo.toml").map(str::to_owned);
        for manifest in tracked {
            assert!(walked.contains(&manifest), "{manifest} was not walked");
        }
        assert!(!walked.iter().any(|path| path.starts_with("target/")));
    }
}
