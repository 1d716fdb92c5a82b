//! How a sleeping place comes of cells, and what no sleeping place may be.
//!
//! Pure. Somebody lay in the middle of the bed, on its sides and at its ends; the place is the hull
//! of the cells in which they were seen, one cell wider. A finger may move its corners afterwards;
//! [`examine`] is asked of what comes of that too, by the eye.

use super::{GRID, SPOTS};

/// Smallest place, as a share of the picture: twelve cells of the model's map of 40 by 32. A bed
/// that is smaller is too far away to tell anything.
pub const AREA_MIN: f32 = 12.0 / (40.0 * 32.0);

/// Nearer to the picture's edge the bed is cut by it.
pub const EDGE: f32 = 0.005;

/// Most corners of a place, as in a plan.
pub const CORNERS_MAX: usize = 32;

/// Of how many spots nobody may have been seen in one.
pub const UNSEEN_MAX: usize = 1;

/// What is wrong with where a unit hangs, as far as a place tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FramingFault {
    /// Fewer than three corners, or more than [`CORNERS_MAX`], or one outside the picture.
    #[error("sleeping place is no polygon inside the picture")]
    NoPolygon,
    /// The picture's edge cuts it.
    #[error("sleeping place is cut by the edge of the picture")]
    Cut,
    /// It is smaller than [`AREA_MIN`].
    #[error("sleeping place is too small in the picture")]
    TooSmall,
    /// Nobody was seen at more than [`UNSEEN_MAX`] of the spots.
    #[error("nobody was seen at {0} of the spots of the sleeping place")]
    Unseen(u8),
}

/// The place that a walk's cells propose: one list of cells for each spot.
///
/// # Errors
///
/// What is wrong with where the unit hangs.
pub fn propose<'a>(
    walk: impl IntoIterator<Item = &'a [u16]>,
) -> Result<Vec<[f32; 2]>, FramingFault> {
    let walk: Vec<&[u16]> = walk.into_iter().collect();
    let unseen = walk.iter().filter(|cells| cells.is_empty()).count();
    if unseen > UNSEEN_MAX {
        return Err(FramingFault::Unseen(u8::try_from(unseen).unwrap_or(SPOTS)));
    }
    let mut corners = Vec::new();
    for cell in walk.into_iter().flatten() {
        let (column, row) = (cell % GRID.0, cell / GRID.0);
        if row >= GRID.1 {
            return Err(FramingFault::NoPolygon);
        }
        if column == 0 || row == 0 || column + 1 == GRID.0 || row + 1 == GRID.1 {
            return Err(FramingFault::Cut);
        }
        for (across, down) in [(-1, -1), (2, -1), (-1, 2), (2, 2)] {
            corners.push([along(column, across, GRID.0), along(row, down, GRID.1)]);
        }
    }
    let place = hull(corners);
    examine(&place)?;
    Ok(place)
}

/// The fraction at `cell + off` of a side of `cells`, just inside the picture.
fn along(cell: u16, off: i16, cells: u16) -> f32 {
    let at = (f32::from(cell) + f32::from(off)) / f32::from(cells);
    at.clamp(2.0 * EDGE, 1.0 - 2.0 * EDGE)
}

/// Whether a place can be one at all.
///
/// # Errors
///
/// What is wrong with it.
pub fn examine(place: &[[f32; 2]]) -> Result<(), FramingFault> {
    if place.len() < 3 || place.len() > CORNERS_MAX {
        return Err(FramingFault::NoPolygon);
    }
    let mut coordinates = place.iter().flatten();
    if coordinates.any(|at| !(0.0..=1.0).contains(at)) {
        return Err(FramingFault::NoPolygon);
    }
    let mut coordinates = place.iter().flatten();
    if coordinates.any(|at| *at < EDGE || *at > 1.0 - EDGE) {
        return Err(FramingFault::Cut);
    }
    if area(place) < AREA_MIN {
        return Err(FramingFault::TooSmall);
    }
    Ok(())
}

/// Whether each place is another than all others: whose place is whose could not be said of two
/// that are the same. Places may overlap; that none is *visible* while another lies there is tried.
#[must_use]
pub fn are_apart(places: &[Vec<[f32; 2]>]) -> bool {
    let mut others = places.iter().enumerate();
    others.all(|(at, place)| !places[..at].contains(place))
}

/// The area of a polygon, as a share of the picture.
#[must_use]
pub fn area(place: &[[f32; 2]]) -> f32 {
    let next = place.iter().cycle().skip(1);
    let twice: f32 = place
        .iter()
        .zip(next)
        .map(|([x, y], [to_x, to_y])| x * to_y - to_x * y)
        .sum();
    twice.abs() / 2.0
}

/// The convex hull, by Andrew's monotone chain: the corners in order around it.
fn hull(mut points: Vec<[f32; 2]>) -> Vec<[f32; 2]> {
    points.sort_by(|a, b| a[0].total_cmp(&b[0]).then(a[1].total_cmp(&b[1])));
    points.dedup();
    if points.len() < 3 {
        return points;
    }
    let half = |points: &mut dyn Iterator<Item = &[f32; 2]>| {
        let mut chain: Vec<[f32; 2]> = Vec::new();
        for point in points {
            while let [.., before, last] = chain.as_slice()
                && turn(before, last, point) <= 0.0
            {
                chain.pop();
            }
            chain.push(*point);
        }
        // The other half begins with it.
        chain.pop();
        chain
    };
    let mut around = half(&mut points.iter());
    around.extend(half(&mut points.iter().rev()));
    around
}

/// Above zero where the way from `a` over `b` to `c` turns left.
fn turn(a: &[f32; 2], b: &[f32; 2], c: &[f32; 2]) -> f32 {
    (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cell(column: u16, row: u16) -> u16 {
        row * GRID.0 + column
    }

    #[test]
    fn a_place_is_the_hull_of_its_cells_and_a_cell_wider() {
        let walk = [
            vec![cell(6, 5)],
            vec![cell(12, 5)],
            vec![cell(12, 10)],
            vec![],
            vec![cell(9, 8)],
        ];
        let place = propose(walk.iter().map(Vec::as_slice)).unwrap();
        let across = |index: usize| place.iter().map(move |corner| corner[index]);
        let (left, right) = (across(0).fold(1.0, f32::min), across(0).fold(0.0, f32::max));
        assert!((left - 5.0 / 20.0).abs() < 1e-6 && (right - 14.0 / 20.0).abs() < 1e-6);
        // No corner was seen at the lower left, so none is there.
        assert!(!place.iter().any(|[x, y]| *x < 0.3 && *y > 0.65));
    }

    #[test]
    fn a_bed_that_is_cut_small_or_unseen_is_refused() {
        let at = |cells: [Vec<u16>; 5]| propose(cells.iter().map(Vec::as_slice)).unwrap_err();
        let one = vec![cell(6, 5)];
        let cut = [
            one.clone(),
            one.clone(),
            one.clone(),
            one.clone(),
            vec![cell(6, 15)],
        ];
        assert_eq!(at(cut), FramingFault::Cut);
        let unseen = [one.clone(), one.clone(), one, vec![], vec![]];
        assert_eq!(at(unseen), FramingFault::Unseen(2));
        let small = [[0.5, 0.5], [0.55, 0.5], [0.55, 0.55]];
        assert_eq!(examine(&small), Err(FramingFault::TooSmall));
        let off = [[0.5, 0.5], [1.5, 0.5], [0.5, f32::NAN]];
        assert_eq!(examine(&off), Err(FramingFault::NoPolygon));
    }

    proptest! {
        #[test]
        fn whatever_cells_come_no_place_is_none(
            walk in prop::collection::vec(prop::collection::vec(any::<u16>(), 0..9), 0..6),
        ) {
            if let Ok(place) = propose(walk.iter().map(Vec::as_slice)) {
                prop_assert_eq!(examine(&place), Ok(()));
            }
        }
    }
}
