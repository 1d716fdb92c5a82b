//! Pictures that are the frames of one look, fused as the eye fuses them.
//!
//! Rows of a table with the same `look` belong together, in their order; a row without one is a
//! look of its own. The same code as in the eye says *frozen* and *noise* of them, and what the
//! frames conclude. No camera, no light and no clock: how a look is paced is not measured here.

use std::io::Write;

use nattsyn_models::{Frame, Health, Model, ModelError, SleepingPlace};
use nattsyn_protocol::finding::{Fault, Finding};

use super::{Row, RowError, ScoreError, TELL_EVERY, Tally, Task, chain, quoted, read_frame};
use crate::presence::{Fingerprint, Judged, Observation, Presence, Sequence};
use crate::relief::Relief;

/// The header of what is printed.
pub const LOOKS_HEADER: &str = "look,file,frames,finding";

/// What the eye concludes of these frames, showing one of every `every` fit ones to the network.
///
/// # Errors
///
/// The model fails on a frame.
pub fn conclude(
    model: &Model,
    frames: &[Frame],
    places: &[SleepingPlace],
    every: usize,
) -> Result<Finding, ModelError> {
    let mut presence = Presence::new(frames.len());
    let (mut previous, mut fit) = (None::<Relief>, 0);
    for (frame, number) in frames.iter().zip(1..) {
        let judged = if fit % every.max(1) == 0 {
            let sighting = model.sight(frame, places)?;
            Some(Judged::of(&sighting, &model.manifest().thresholds))
        } else {
            match model.health(frame) {
                Health::Ok => None,
                unfit @ (Health::Dark | Health::Covered | Health::Blurred | Health::Saturated) => {
                    Some(Judged::unfit(unfit))
                }
            }
        };
        fit += usize::from(judged.is_none_or(|judged| judged.is_fit()));
        let relief = Relief::of(frame);
        let likeness = previous.as_ref().map(|before| relief.compare(before));
        previous = Some(relief);
        presence.handle_frame(Observation {
            judged,
            fingerprint: Fingerprint::of(frame),
            sequence: Sequence(number),
            likeness,
        });
    }
    Ok(presence.conclude().finding)
}

/// Concludes every look of a table: lines to `out`, progress and failures to `told`.
///
/// A look of which a picture cannot be used has a line too, with the finding that a unit gives
/// when its camera gives no picture, and counts as failed.
///
/// # Errors
///
/// Only when `out` or `told` cannot be written.
pub fn look_all(
    model: &Model,
    rows: Vec<Row>,
    out: &mut impl Write,
    told: &mut impl Write,
) -> Result<Tally, ScoreError> {
    let looks = gathered(rows, told)?;
    let (mut tally, total) = (Tally::default(), looks.len());
    writeln!(out, "{LOOKS_HEADER}")?;
    for (index, tasks) in looks.iter().enumerate() {
        let Some(first) = tasks.first() else { continue };
        let finding = match concluded(model, tasks) {
            Ok(finding) => {
                tally.scored += 1;
                finding
            }
            Err((file, error)) => {
                tally.failed += 1;
                writeln!(told, "{file}: {}", chain(&error))?;
                Finding::Technical(Fault::CameraDown)
            }
        };
        let (look, file) = (quoted(&first.look), quoted(&first.file));
        writeln!(out, "{look},{file},{},{finding}", tasks.len())?;
        if (index + 1) % TELL_EVERY == 0 {
            writeln!(told, "{} of {total} looks", index + 1)?;
        }
    }
    out.flush()?;
    writeln!(told, "{} looks, {} failed", tally.scored, tally.failed)?;
    Ok(tally)
}

/// The tasks of each look; rows that could not be read are named and left out.
fn gathered(rows: Vec<Row>, told: &mut impl Write) -> Result<Vec<Vec<Task>>, ScoreError> {
    let mut looks: Vec<Vec<Task>> = Vec::new();
    for row in rows {
        match row {
            Ok(task) => match looks.last_mut() {
                Some(look) if !task.look.is_empty() && look[0].look == task.look => {
                    look.push(task);
                }
                Some(_) | None => looks.push(vec![task]),
            },
            Err(unread) => writeln!(told, "{}: {}", unread.name(), chain(&unread.error))?,
        }
    }
    Ok(looks)
}

fn concluded(model: &Model, tasks: &[Task]) -> Result<Finding, (String, RowError)> {
    let mut frames = Vec::with_capacity(tasks.len());
    for task in tasks {
        frames.push(read_frame(&task.path).map_err(|error| (task.file.clone(), error))?);
    }
    let places = tasks.first().map_or(&[][..], |task| &task.places);
    conclude(model, &frames, places, 1).map_err(|error| (tasks[0].file.clone(), error.into()))
}

#[cfg(test)]
mod tests {
    use image::{GrayImage, Luma};

    use super::super::tasks_of_table;
    use super::*;

    #[test]
    fn pictures_of_one_look_are_fused_and_a_repeated_one_is_frozen() {
        let folder = tempfile::tempdir().unwrap();
        for (name, noise) in [("a.png", 0), ("b.png", 1), ("c.png", 2)] {
            let room = GrayImage::from_fn(320, 240, |x, y| {
                let grain = ((x * 7 + y * 13 + noise * 31) % 5) as u8;
                Luma([if (x / 40 + y / 40) % 2 == 0 { 40 } else { 160 } + grain])
            });
            room.save(folder.path().join(name)).unwrap();
        }
        let table = "look,file\n1,a.png\n1,b.png\n1,c.png\n2,a.png\n2,a.png\n2,a.png\n3,none.png\n";
        let rows = tasks_of_table(table.as_bytes(), folder.path()).unwrap();
        let (mut out, mut told) = (Vec::new(), Vec::new());
        let tally = look_all(&Model::load().unwrap(), rows, &mut out, &mut told).unwrap();
        let (out, told) = (
            String::from_utf8(out).unwrap(),
            String::from_utf8(told).unwrap(),
        );
        assert_eq!((tally.scored, tally.failed), (2, 1), "{told}");
        let lines: Vec<&str> = out.lines().collect();
        assert_eq!(lines[0], LOOKS_HEADER);
        assert!(lines[1].starts_with("1,a.png,3,"), "{out}");
        assert!(!lines[1].contains("technical"), "{out}");
        assert_eq!(lines[2], "2,a.png,3,technical(frozen)");
        assert_eq!(lines[3], "3,none.png,1,technical(camera_down)");
        assert!(told.contains("none.png: opening the picture"), "{told}");
    }
}
