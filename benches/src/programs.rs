//! How large the programs are that a build left in a folder.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::{fs, io};

/// One program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// Its file's name.
    pub name: String,
    /// Its file's size in bytes.
    pub size: u64,
}

/// The programs named `nattsyn-…` in a folder, by name.
///
/// # Errors
///
/// The folder cannot be read.
pub fn in_folder(folder: &Path) -> io::Result<Vec<Program>> {
    let mut programs = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let about = entry.metadata()?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let runs = about.is_file() && about.permissions().mode() & 0o111 != 0;
        if runs && name.starts_with("nattsyn-") && !name.contains('.') {
            let size = about.len();
            programs.push(Program { name, size });
        }
    }
    programs.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(programs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_programs_of_ours_are_counted() {
        let folder = tempfile::tempdir().unwrap();
        let put = |name: &str, mode| {
            let path = folder.path().join(name);
            fs::write(&path, b"12345").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        };
        put("nattsyn-eye", 0o755);
        put("nattsyn-eye.d", 0o755);
        put("nattsyn-notes", 0o644);
        put("other", 0o755);
        fs::create_dir(folder.path().join("nattsyn-folder")).unwrap();
        let expected = Program {
            name: "nattsyn-eye".to_owned(),
            size: 5,
        };
        assert_eq!(in_folder(folder.path()).unwrap(), [expected]);
        assert!(in_folder(&folder.path().join("none")).is_err());
    }
}
