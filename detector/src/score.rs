//! Scoring pictures from disk, one frame a look, at the thresholds the model ships with.
//!
//! What `nattsyn-score` does, as functions: a table or a folder becomes a list of [`Task`]s, a
//! picture becomes a frame, a sighting becomes one line of CSV. One row in, one line out: what
//! cannot be scored has a line without scores that says so. Every line is judged alone, so
//! nothing here can say *frozen*, nor know noise that looks like a room for what it is
//! ([`crate::relief`]): that takes two frames of one look, which only a table can name
//! ([`looks`]). Two pictures of one room from
//! different days, or of two rooms, differ as noise does. No picture is written anywhere.

pub mod looks;

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use image::ImageReader;
use thiserror::Error;

use nattsyn_models::{
    Doubt, Frame, FrameError, Health, Judgement, Model, ModelError, PlaceError, Sighting,
    SleepingPlace,
};
use nattsyn_protocol::finding::{Fault, Finding, Reason};

/// The header of what is printed.
pub const HEADER: &str = "file,score,in_place,elsewhere,health,finding";

/// What stands as the health of a row that could not be scored; its scores are empty.
pub const UNREADABLE: &str = "unreadable";

/// Endings of the files that count as pictures in a folder; case does not matter.
const PICTURES: [&str; 3] = ["jpg", "jpeg", "png"];

/// How deep folders are searched; keeps a link to a parent folder from being followed for ever.
const DEPTH_MAX: usize = 16;

/// How often progress is told, in pictures.
const TELL_EVERY: usize = 100;

/// One picture to score.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// The name as the table gives it, or relative to the folder.
    pub file: String,
    /// Where the picture lies.
    pub path: PathBuf,
    /// The sleeping places; the whole frame where none are given.
    pub places: Vec<SleepingPlace>,
    /// Which look it is a frame of; empty if it is one by itself.
    pub look: String,
}

/// Why nothing can be scored.
#[derive(Debug, Error)]
pub enum ScoreError {
    /// The table or folder cannot be read.
    #[error("reading {path}")]
    Source {
        /// The table or folder.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// The table's header cannot be read.
    #[error("reading the table's header")]
    Header(#[source] csv::Error),
    /// The table has no column `file`.
    #[error("table has no column `file`; it has {0}")]
    NoFileColumn(String),
    /// The folder holds no picture.
    #[error("no picture (jpg, jpeg, png) in {0}")]
    NoPictures(PathBuf),
    /// The result cannot be written.
    #[error("writing the scores")]
    Write(#[from] io::Error),
}

/// Why one row could not be scored; the others are not affected.
#[derive(Debug, Error)]
pub enum RowError {
    /// The row is not CSV of the header's form.
    #[error("row is malformed")]
    Csv(#[from] csv::Error),
    /// The row names no file.
    #[error("row names no file")]
    NoFile,
    /// A coordinate in `places` is not a number.
    #[error("`{0}` in places is not a number")]
    Number(String),
    /// A polygon in `places` has an x without a y.
    #[error("polygon {0} in places has an odd number of coordinates")]
    Odd(usize),
    /// A polygon in `places` is no sleeping place.
    #[error("polygon {number} in places")]
    Place {
        /// Which one, from 1.
        number: usize,
        /// What is wrong with it.
        source: PlaceError,
    },
    /// The picture cannot be opened.
    #[error("opening the picture")]
    Open(#[from] io::Error),
    /// The file is no picture that can be decoded.
    #[error("decoding the picture")]
    Decode(#[from] image::ImageError),
    /// The picture is no frame.
    #[error("using the picture as a frame")]
    Frame(#[from] FrameError),
    /// The model failed on the picture.
    #[error("looking at the picture")]
    Model(#[from] ModelError),
}

/// How scoring went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Rows with scores.
    pub scored: usize,
    /// Rows that could not be scored; each has a line that says so.
    pub failed: usize,
}

/// A task, or what could not become one.
pub type Row = Result<Task, Unread>;

/// A row that could not become a task.
#[derive(Debug)]
pub struct Unread {
    /// Its number in the table, from 1.
    pub number: usize,
    /// The file as the table gives it; empty where it gives none.
    pub file: String,
    /// Why not.
    pub error: RowError,
}

impl Unread {
    /// What it is called when it is complained of.
    fn name(&self) -> String {
        match self.file.as_str() {
            "" => format!("row {}", self.number),
            file => format!("row {} ({file})", self.number),
        }
    }
}

/// The tasks of a table: column `file` relative to `root`, optional columns `places` and `look`.
///
/// `places` holds fractions of the picture, `x y x y …`, polygons parted by `;`; empty means
/// the whole frame. Other columns are ignored. A bad row comes as an error in its place.
///
/// # Errors
///
/// A header that cannot be read or has no column `file`.
pub fn tasks_of_table(table: impl Read, root: &Path) -> Result<Vec<Row>, ScoreError> {
    let mut reader = csv::Reader::from_reader(table);
    let header = reader.headers().map_err(ScoreError::Header)?.clone();
    let column = |name: &str| header.iter().position(|field| field.trim() == name);
    let Some(file_at) = column("file") else {
        return Err(ScoreError::NoFileColumn(
            header.iter().collect::<Vec<_>>().join(", "),
        ));
    };
    let (places_at, look_at) = (column("places"), column("look"));
    let rows = reader.records().enumerate().map(|(index, record)| {
        let unread = |file: &str, error| Unread {
            number: index + 1,
            file: file.to_owned(),
            error,
        };
        let record = record.map_err(|error| unread("", error.into()))?;
        let file = record.get(file_at).unwrap_or("").trim();
        if file.is_empty() {
            return Err(unread("", RowError::NoFile));
        }
        let places = places_at.and_then(|at| record.get(at)).unwrap_or("");
        let places = parse_places(places).map_err(|error| unread(file, error))?;
        Ok(Task {
            file: file.to_owned(),
            path: root.join(file),
            places,
            look: look_at
                .and_then(|at| record.get(at))
                .unwrap_or("")
                .to_owned(),
        })
    });
    Ok(rows.collect())
}

/// The tasks of a folder: every picture in it and below, by name, the whole frame its place.
///
/// # Errors
///
/// A folder that cannot be read, or holds no picture.
pub fn tasks_of_folder(folder: &Path) -> Result<Vec<Row>, ScoreError> {
    let mut found = Vec::new();
    gather(folder, 0, &mut found)?;
    if found.is_empty() {
        return Err(ScoreError::NoPictures(folder.to_owned()));
    }
    found.sort();
    let tasks = found.into_iter().map(|path| {
        let file = path
            .strip_prefix(folder)
            .unwrap_or(&path)
            .display()
            .to_string();
        Ok(Task {
            file,
            path,
            places: vec![SleepingPlace::whole_frame()],
            look: String::new(),
        })
    });
    Ok(tasks.collect())
}

fn gather(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> Result<(), ScoreError> {
    let failed = |source| ScoreError::Source {
        path: folder.to_owned(),
        source,
    };
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let ending = path
            .extension()
            .and_then(|e| e.to_str())
            .map(str::to_lowercase);
        if path.is_dir() && depth < DEPTH_MAX {
            gather(&path, depth + 1, found)?;
        } else if ending.is_some_and(|e| PICTURES.contains(&e.as_str())) {
            found.push(path);
        }
    }
    Ok(())
}

/// Reads the column `places`.
///
/// # Errors
///
/// Something that is no number, an x without its y, or a polygon that is no sleeping place.
pub fn parse_places(text: &str) -> Result<Vec<SleepingPlace>, RowError> {
    if text.trim().is_empty() {
        return Ok(vec![SleepingPlace::whole_frame()]);
    }
    let polygons = text.split(';').filter(|polygon| !polygon.trim().is_empty());
    polygons
        .enumerate()
        .map(|(index, polygon)| parse_polygon(index + 1, polygon))
        .collect()
}

fn parse_polygon(number: usize, text: &str) -> Result<SleepingPlace, RowError> {
    let numbers: Result<Vec<f32>, RowError> = text
        .split_whitespace()
        .map(|word| {
            word.parse()
                .map_err(|_not_float| RowError::Number(word.to_owned()))
        })
        .collect();
    let numbers = numbers?;
    if numbers.len() % 2 != 0 {
        return Err(RowError::Odd(number));
    }
    let corners = numbers
        .chunks_exact(2)
        .map(|pair| (pair[0], pair[1]))
        .collect();
    SleepingPlace::new(corners).map_err(|source| RowError::Place { number, source })
}

/// Reads one picture as a frame; the file's content decides what it is, not its name.
///
/// # Errors
///
/// A file that cannot be opened, decoded or used as a frame.
pub fn read_frame(path: &Path) -> Result<Frame, RowError> {
    let picture = ImageReader::open(path)?
        .with_guessed_format()?
        .decode()?
        .into_luma8();
    let (width, height) = picture.dimensions();
    Ok(Frame::from_luma8(width, height, picture.into_raw())?)
}

/// What a look of this one frame concludes.
#[must_use]
pub fn finding_of(judgement: Judgement) -> Finding {
    match judgement {
        Judgement::Visible => Finding::Visible,
        Judgement::NotVisible => Finding::NotVisible,
        Judgement::Unclear(Doubt::OutsideSleepingPlace) => {
            Finding::Unclear(Reason::OutsideSleepingPlace)
        }
        Judgement::Unclear(Doubt::Several) => Finding::Unclear(Reason::Several),
        Judgement::Unclear(Doubt::WeakEvidence) => Finding::Unclear(Reason::WeakEvidence),
        Judgement::Unfit(Health::Ok) => Finding::Technical(Fault::Unrecognised),
        Judgement::Unfit(Health::Dark) => Finding::Technical(Fault::Dark),
        Judgement::Unfit(Health::Covered) => Finding::Technical(Fault::Covered),
        Judgement::Unfit(Health::Blurred) => Finding::Technical(Fault::Blurred),
        Judgement::Unfit(Health::Saturated) => Finding::Technical(Fault::Saturated),
    }
}

/// The word for a frame's health: the fault's, or `ok`.
#[must_use]
pub fn health_word(health: Health) -> &'static str {
    match health {
        Health::Ok => "ok",
        Health::Dark => Fault::Dark.word(),
        Health::Covered => Fault::Covered.word(),
        Health::Blurred => Fault::Blurred.word(),
        Health::Saturated => Fault::Saturated.word(),
    }
}

/// Scores every row in order: lines to `out`, progress and failures to `told`.
///
/// A row that cannot be scored has a line too, so that lines can be matched with rows: no
/// scores, health [`UNREADABLE`], and the finding that a unit gives when its camera gives no
/// picture. It is named with its reason in `told` and counted.
///
/// # Errors
///
/// Only when `out` or `told` cannot be written.
pub fn score_all(
    model: &Model,
    rows: Vec<Row>,
    out: &mut impl Write,
    told: &mut impl Write,
) -> Result<Tally, ScoreError> {
    let (mut tally, total) = (Tally::default(), rows.len());
    writeln!(out, "{HEADER}")?;
    for (index, row) in rows.into_iter().enumerate() {
        let (file, name, scored) = match row {
            Ok(task) => {
                let scored = score(model, &task);
                (task.file.clone(), task.file, scored)
            }
            Err(unread) => (unread.file.clone(), unread.name(), Err(unread.error)),
        };
        match scored {
            Ok(line) => {
                writeln!(out, "{line}")?;
                tally.scored += 1;
            }
            Err(error) => {
                writeln!(out, "{}", unreadable(&file))?;
                writeln!(told, "{name}: {}", chain(&error))?;
                tally.failed += 1;
            }
        }
        if (index + 1) % TELL_EVERY == 0 {
            writeln!(told, "{} of {total}", index + 1)?;
        }
    }
    out.flush()?;
    writeln!(told, "{} scored, {} failed", tally.scored, tally.failed)?;
    Ok(tally)
}

/// The line of a row that could not be scored. Empty scores: any number might be taken for
/// evidence.
fn unreadable(file: &str) -> String {
    let finding = Finding::Technical(Fault::CameraDown);
    format!("{},,,,{UNREADABLE},{finding}", quoted(file))
}

/// One line of the result.
fn score(model: &Model, task: &Task) -> Result<String, RowError> {
    let sighting = model.sight(&read_frame(&task.path)?, &task.places)?;
    Ok(line(
        &task.file,
        &sighting,
        model.manifest().thresholds.judge(&sighting),
    ))
}

fn line(file: &str, sighting: &Sighting, judgement: Judgement) -> String {
    let Sighting {
        in_place,
        elsewhere,
        anywhere,
        health,
        ..
    } = sighting;
    let (health, finding) = (health_word(*health), finding_of(judgement));
    format!(
        "{},{anywhere:.6},{in_place:.6},{elsewhere:.6},{health},{finding}",
        quoted(file)
    )
}

/// A field as RFC 4180 wants it: in quotes if it holds a comma, a quote or a line's end.
fn quoted(field: &str) -> String {
    if field.contains([',', '"', '\n', '\r']) {
        return format!("\"{}\"", field.replace('"', "\"\""));
    }
    field.to_owned()
}

/// An error with its causes, for one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(deeper) = cause {
        text.push_str(": ");
        text.push_str(&deeper.to_string());
        cause = deeper.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use image::{GrayImage, Luma};

    use super::*;

    /// A folder with one picture of hard edges and one that is no picture.
    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let room = GrayImage::from_fn(320, 240, |x, y| {
            Luma([if (x / 40 + y / 40) % 2 == 0 { 40 } else { 160 }])
        });
        room.save(folder.path().join("room.png")).unwrap();
        std::fs::write(folder.path().join("letter.png"), "Dear picture").unwrap();
        folder
    }

    fn scored(rows: Vec<Row>) -> (Tally, String, String) {
        let (mut out, mut told) = (Vec::new(), Vec::new());
        let tally = score_all(&Model::load().unwrap(), rows, &mut out, &mut told).unwrap();
        (
            tally,
            String::from_utf8(out).unwrap(),
            String::from_utf8(told).unwrap(),
        )
    }

    #[test]
    fn a_picture_that_is_no_picture_costs_only_its_own_row() {
        let folder = folder();
        let (tally, out, told) = scored(tasks_of_folder(folder.path()).unwrap());
        assert_eq!(
            tally,
            Tally {
                scored: 1,
                failed: 1
            }
        );
        assert!(
            told.contains("letter.png: decoding the picture: "),
            "{told}"
        );
        let lines: Vec<_> = out.lines().collect();
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[0], HEADER);
        assert_eq!(lines[1], "letter.png,,,,unreadable,technical(camera_down)");
        let fields: Vec<_> = lines[2].split(',').collect();
        assert_eq!((fields[0], fields[4]), ("room.png", "ok"));
        for score in &fields[1..4] {
            assert!(
                (0.0..=1.0).contains(&score.parse::<f32>().unwrap()),
                "{out}"
            );
        }
    }

    #[test]
    fn bad_rows_are_named_and_the_others_are_scored() {
        let folder = folder();
        let table = "label,file,places\n\
            a,room.png,0 0 1 0 1 1 0 1\n\
            b,,\n\
            c,room.png,0 0 1\n\
            d,room.png,0 0 x 0 1 1\n\
            e,room.png,0 0 0.2 0.2 0.4 0.4\n\
            f,missing.png,\n\
            g,room.png\n\
            h,room.png,\"0 0 .5 0 .5 1 0 1;0.6 0 1 0 1 1 0.6 1\"\n";
        let rows = tasks_of_table(table.as_bytes(), folder.path()).unwrap();
        let (tally, out, told) = scored(rows);
        assert_eq!(
            tally,
            Tally {
                scored: 2,
                failed: 6
            }
        );
        let lines: Vec<&str> = out.lines().skip(1).collect();
        assert_eq!(lines.len(), 8, "a line a row: {out}");
        for (line, file) in lines.iter().zip([
            "room.png",
            "",
            "room.png",
            "room.png",
            "room.png",
            "missing.png",
            "",
            "room.png",
        ]) {
            assert!(line.starts_with(&format!("{file},")), "{file}: {line}");
        }
        let unread = ",,,,unreadable,technical(camera_down)";
        assert_eq!(out.matches(unread).count(), 6, "{out}");
        for wanted in [
            "row 2: row names no file",
            "row 3 (room.png): polygon 1 in places has an odd number of coordinates",
            "row 4 (room.png): `x` in places is not a number",
            "row 5 (room.png): polygon 1 in places: sleeping place covers",
            "missing.png: opening the picture: ",
            "row 7: row is malformed: ",
        ] {
            assert!(told.contains(wanted), "{wanted} is missing in {told}");
        }
    }

    #[test]
    fn a_table_without_files_is_refused() {
        let refused = tasks_of_table("name,label\na,b\n".as_bytes(), Path::new("."));
        assert_eq!(
            refused.unwrap_err().to_string(),
            "table has no column `file`; it has name, label"
        );
    }

    #[test]
    fn places_are_polygons_parted_by_semicolons() {
        let places = parse_places("0 0 .5 0 .5 1 0 1; .6 0 1 0 1 1 ;").unwrap();
        assert_eq!(places.len(), 2);
        assert_eq!(places[1].corners(), [(0.6, 0.0), (1.0, 0.0), (1.0, 1.0)]);
        assert_eq!(parse_places(" ").unwrap(), [SleepingPlace::whole_frame()]);
    }

    #[test]
    fn a_finding_is_one_word_with_its_reason() {
        for (judgement, word) in [
            (Judgement::Visible, "visible"),
            (Judgement::NotVisible, "not_visible"),
            (
                Judgement::Unclear(Doubt::WeakEvidence),
                "unclear(weak_evidence)",
            ),
            (
                Judgement::Unclear(Doubt::OutsideSleepingPlace),
                "unclear(outside_sleeping_place)",
            ),
            (Judgement::Unclear(Doubt::Several), "unclear(several)"),
            (Judgement::Unfit(Health::Dark), "technical(dark)"),
            (Judgement::Unfit(Health::Covered), "technical(covered)"),
            (Judgement::Unfit(Health::Blurred), "technical(blurred)"),
            (Judgement::Unfit(Health::Saturated), "technical(saturated)"),
        ] {
            assert_eq!(finding_of(judgement).to_string(), word);
        }
    }

    #[test]
    fn a_comma_in_a_name_is_quoted() {
        assert_eq!(quoted("a,\"b\".png"), "\"a,\"\"b\"\".png\"");
        assert_eq!(quoted("a b.png"), "a b.png");
    }
}
