//! Pictures to replay instead of generated rooms: which there are, and what is known of them.
//!
//! What is known is the column `person` of the nearest `frames.csv`, in the pictures' folder or
//! a folder above it. The pictures themselves are read by the eye alone.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::story::Truth;

/// How many folders above the pictures a `frames.csv` is looked for.
const FOLDERS_ABOVE_MAX: usize = 8;

/// Why there are no pictures to replay.
#[derive(Debug, thiserror::Error)]
pub enum PicturesError {
    /// The folder cannot be read.
    #[error("reading the folder of pictures {}", path.display())]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// There is no picture in it.
    #[error("no .jpg, .jpeg or .png stands in {}", .0.display())]
    Empty(PathBuf),
    /// The list of what is known is not what it should be.
    #[error("{}, line {line}: {reason}", path.display())]
    BadList {
        /// Which list.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
        /// What is wrong.
        reason: &'static str,
    },
}

/// Pictures by name, each with what is known of it.
#[derive(Debug)]
pub struct Pictures(Vec<(PathBuf, Truth)>);

impl Pictures {
    /// The pictures of a folder.
    ///
    /// # Errors
    ///
    /// The folder cannot be read or has no pictures, or its list is malformed.
    pub fn of(folder: &Path) -> Result<Self, PicturesError> {
        let unreadable = |source| PicturesError::Unreadable {
            path: folder.to_owned(),
            source,
        };
        let folder = folder.canonicalize().map_err(unreadable)?;
        let mut files: Vec<PathBuf> = std::fs::read_dir(&folder)
            .map_err(unreadable)?
            .filter_map(|entry| entry.ok().map(|entry| entry.path()))
            .filter(|path| is_picture(path))
            .collect();
        files.sort();
        if files.is_empty() {
            return Err(PicturesError::Empty(folder));
        }
        let known = known_near(&folder)?;
        let truth = |path: &Path| known.get(path).copied().unwrap_or(Truth::Unknown);
        Ok(Self(
            files
                .into_iter()
                .map(|path| (path.clone(), truth(&path)))
                .collect(),
        ))
    }

    /// The picture for the check with this number; they take turns.
    #[must_use]
    pub fn nth(&self, number: usize) -> Option<&Path> {
        self.0
            .get(number % self.0.len().max(1))
            .map(|(path, _)| path.as_path())
    }

    /// What is known of a picture.
    #[must_use]
    pub fn truth(&self, path: &Path) -> Truth {
        let found = self.0.iter().find(|(known, _)| known == path);
        found.map_or(Truth::Unknown, |(_, truth)| *truth)
    }
}

fn is_picture(path: &Path) -> bool {
    let extension = path
        .extension()
        .and_then(|extension| extension.to_str())
        .unwrap_or("");
    ["jpg", "jpeg", "png"]
        .iter()
        .any(|known| extension.eq_ignore_ascii_case(known))
}

/// What the nearest list says, by absolute path.
fn known_near(folder: &Path) -> Result<BTreeMap<PathBuf, Truth>, PicturesError> {
    let nearest = folder
        .ancestors()
        .take(FOLDERS_ABOVE_MAX)
        .find(|above| above.join("frames.csv").is_file());
    let Some(above) = nearest else {
        return Ok(BTreeMap::new());
    };
    let path = above.join("frames.csv");
    let bad = |line, reason| PicturesError::BadList {
        path: path.clone(),
        line,
        reason,
    };
    let mut reader = csv::Reader::from_path(&path)
        .ok()
        .ok_or_else(|| bad(1, "the list cannot be opened"))?;
    let headers = reader
        .headers()
        .ok()
        .ok_or_else(|| bad(1, "the list has no header"))?
        .clone();
    let column = |name| headers.iter().position(|header| header == name);
    let file = column("file").ok_or_else(|| bad(1, "the header has no column `file`"))?;
    let person = column("person").ok_or_else(|| bad(1, "the header has no column `person`"))?;
    let mut known = BTreeMap::new();
    for (line, record) in (2..).zip(reader.records()) {
        let record = record
            .ok()
            .ok_or_else(|| bad(line, "the row is not a row of this list"))?;
        let truth = match record.get(person).unwrap_or("") {
            "yes" => Truth::SomebodyThere,
            "no" => Truth::NobodyToSee,
            _ => Truth::Unknown,
        };
        known.insert(above.join(record.get(file).unwrap_or("")), truth);
    }
    Ok(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_list_says_what_is_known() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().canonicalize().unwrap().join("frames/room");
        std::fs::create_dir_all(&folder).unwrap();
        for name in ["a.jpg", "b.PNG", "c.jpeg", "notes.txt"] {
            std::fs::write(folder.join(name), b"").unwrap();
        }
        let list =
            "file,label,person\nframes/room/a.jpg,\"bed, made\",no\nframes/room/b.PNG,x,yes\n";
        std::fs::write(root.path().join("frames.csv"), list).unwrap();
        let pictures = Pictures::of(&folder).unwrap();
        let truth = |name: &str| pictures.truth(&folder.join(name));
        assert_eq!(truth("a.jpg"), Truth::NobodyToSee);
        assert_eq!(truth("b.PNG"), Truth::SomebodyThere);
        assert_eq!(truth("c.jpeg"), Truth::Unknown);
        assert_eq!(pictures.nth(3), Some(folder.join("a.jpg").as_path()));
    }

    #[test]
    fn a_folder_without_pictures_is_an_error_that_says_so() {
        let root = tempfile::tempdir().unwrap();
        let error = Pictures::of(root.path()).unwrap_err();
        assert!(matches!(error, PicturesError::Empty(_)));
        let error = Pictures::of(&root.path().join("missing")).unwrap_err();
        assert!(error.to_string().contains("missing"));
    }
}
