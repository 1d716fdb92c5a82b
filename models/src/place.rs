//! Sleeping places: polygons in the picture where the person is expected at night.
//!
//! A place knows how much of each cell of the person map it covers, and nothing about what is
//! in the picture. Coordinates are fractions of the picture, x to the right and y down, so a
//! place holds for every size the camera delivers.

use ndarray::Array2;
use thiserror::Error;

/// Corners a polygon may have at most; a bed, a chair or half a double bed needs four to eight.
const CORNERS_MAX: usize = 64;

/// Smallest area, as a share of the picture: half a cell of the person map (1/320).
const AREA_MIN: f32 = 0.5 / 320.0;

/// Points a side at which each cell is asked whether it lies inside: 16 points a cell.
const SAMPLES: usize = 4;

/// A bed, half of a double bed or an agreed armchair, as a polygon in the picture.
#[derive(Clone, Debug, PartialEq)]
pub struct SleepingPlace {
    corners: Vec<(f32, f32)>,
}

/// Why corners are no sleeping place.
#[derive(Clone, Copy, Debug, PartialEq, Error)]
pub enum PlaceError {
    /// Fewer than three corners, or more than 64.
    #[error("sleeping place has {0} corners; it needs 3 to {CORNERS_MAX}")]
    Corners(usize),
    /// A coordinate is not a fraction of the picture.
    #[error("corner ({x}, {y}) of sleeping place is outside the picture (0 to 1)")]
    Outside {
        /// Fraction of the picture's width.
        x: f32,
        /// Fraction of the picture's height.
        y: f32,
    },
    /// The polygon covers too little of the picture to be looked at.
    #[error("sleeping place covers {0} of the picture; it needs at least {AREA_MIN}")]
    Area(f32),
}

impl SleepingPlace {
    /// A polygon with the given corners `(x, y)`, each from 0 to 1, in order around it.
    ///
    /// # Errors
    ///
    /// Fewer than 3 or more than 64 corners, a corner outside the picture or not a number, or
    /// an area below half a cell of the person map.
    pub fn new(corners: Vec<(f32, f32)>) -> Result<Self, PlaceError> {
        if !(3..=CORNERS_MAX).contains(&corners.len()) {
            return Err(PlaceError::Corners(corners.len()));
        }
        for &(x, y) in &corners {
            if !(0.0..=1.0).contains(&x) || !(0.0..=1.0).contains(&y) {
                return Err(PlaceError::Outside { x, y });
            }
        }
        let place = Self { corners };
        let area = place.area();
        if area < AREA_MIN {
            return Err(PlaceError::Area(area));
        }
        Ok(place)
    }

    /// The whole picture: for frames whose sleeping place nobody has outlined.
    #[must_use]
    pub fn whole_frame() -> Self {
        Self {
            corners: vec![(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0)],
        }
    }

    /// The corners, as given.
    #[must_use]
    pub fn corners(&self) -> &[(f32, f32)] {
        &self.corners
    }

    /// Whether a point, in fractions of the picture, lies inside (even-odd rule).
    #[must_use]
    pub fn contains(&self, x: f32, y: f32) -> bool {
        let mut inside = false;
        for ((ax, ay), (bx, by)) in self.edges() {
            if (ay > y) != (by > y) && x < ax + (y - ay) / (by - ay) * (bx - ax) {
                inside = !inside;
            }
        }
        inside
    }

    /// Area as a share of the picture, by the shoelace formula.
    fn area(&self) -> f32 {
        let twice: f32 = self
            .edges()
            .map(|((ax, ay), (bx, by))| ax * by - bx * ay)
            .sum();
        twice.abs() / 2.0
    }

    fn edges(&self) -> impl Iterator<Item = ((f32, f32), (f32, f32))> {
        let next = self.corners.iter().cycle().skip(1);
        self.corners.iter().copied().zip(next.copied())
    }
}

/// How much of each cell of a `rows` by `columns` map the places cover together, 0 to 1.
pub(crate) fn coverage(places: &[SleepingPlace], rows: usize, columns: usize) -> Array2<f32> {
    Array2::from_shape_fn((rows, columns), |(row, column)| {
        let inside = (0..SAMPLES * SAMPLES)
            .filter(|sample| {
                let x = fraction(column, sample % SAMPLES, columns);
                let y = fraction(row, sample / SAMPLES, rows);
                places.iter().any(|place| place.contains(x, y))
            })
            .count();
        inside as f32 / (SAMPLES * SAMPLES) as f32
    })
}

/// Where sample number `sample` of cell number `cell` lies, as a fraction of the picture.
fn fraction(cell: usize, sample: usize, cells: usize) -> f32 {
    (cell as f32 + (sample as f32 + 0.5) / SAMPLES as f32) / cells as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_frame_covers_every_cell() {
        let covered = coverage(&[SleepingPlace::whole_frame()], 16, 20);
        assert!(
            covered
                .iter()
                .all(|share| (share - 1.0).abs() < f32::EPSILON)
        );
    }

    #[test]
    fn a_quarter_covers_its_cells_and_no_others() {
        let corners = vec![(0.0, 0.0), (0.5, 0.0), (0.5, 0.5), (0.0, 0.5)];
        let covered = coverage(&[SleepingPlace::new(corners).unwrap()], 16, 20);
        assert_eq!(covered.iter().filter(|share| **share > 0.99).count(), 80);
        assert!(covered[(7, 9)] > 0.99 && covered[(8, 9)] < 0.01 && covered[(7, 10)] < 0.01);
    }

    #[test]
    fn two_places_add_up() {
        let left = SleepingPlace::new(vec![(0.0, 0.0), (0.2, 0.0), (0.2, 1.0), (0.0, 1.0)]);
        let right = SleepingPlace::new(vec![(0.8, 0.0), (1.0, 0.0), (1.0, 1.0), (0.8, 1.0)]);
        let covered = coverage(&[left.unwrap(), right.unwrap()], 16, 20);
        assert!(covered[(0, 0)] > 0.99 && covered[(0, 19)] > 0.99 && covered[(0, 10)] < 0.01);
    }

    #[test]
    fn bad_corners_are_named() {
        let line = vec![(0.1, 0.1), (0.5, 0.5), (0.9, 0.9)];
        assert!(matches!(SleepingPlace::new(line), Err(PlaceError::Area(_))));
        let outside = vec![(0.1, 0.1), (1.5, 0.1), (0.5, 0.9)];
        assert_eq!(
            SleepingPlace::new(outside),
            Err(PlaceError::Outside { x: 1.5, y: 0.1 })
        );
        let nan = vec![(f32::NAN, 0.1), (0.5, 0.1), (0.5, 0.9)];
        assert!(matches!(
            SleepingPlace::new(nan),
            Err(PlaceError::Outside { .. })
        ));
        assert_eq!(
            SleepingPlace::new(vec![(0.0, 0.0)]),
            Err(PlaceError::Corners(1))
        );
    }

    #[test]
    fn a_concave_place_leaves_its_notch_out() {
        let corners = vec![(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.5, 0.2), (0.0, 1.0)];
        let place = SleepingPlace::new(corners).unwrap();
        assert!(place.contains(0.5, 0.1));
        assert!(!place.contains(0.5, 0.8));
    }
}
