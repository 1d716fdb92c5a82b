//! A sheet of cloth as a height field over the bed, and how a ray meets it.
//!
//! Deliberately knows nothing of beds or people: [`crate::bedding`] decides how the cloth lies.

use crate::cloth::Still;
use crate::material::Material;
use crate::noise;
use crate::rounding::index;
use crate::shape::Hit;
use crate::vector::{Place, Ray, V3, v3};

/// Distance between two heights in metres: finer than any fold worth seeing at 320 × 240.
pub(crate) const CELL: f32 = 0.02;

/// A regular grid over part of a plane.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Grid {
    /// Coordinates of the first cell.
    pub(crate) corner: (f32, f32),
    pub(crate) columns: usize,
    pub(crate) rows: usize,
}

impl Grid {
    /// The smallest grid from `low` to `high`.
    pub(crate) fn over(low: (f32, f32), high: (f32, f32)) -> Self {
        /// No bed is wider or longer than 20 metres.
        const MOST: usize = 1000;
        let cells = |from: f32, to: f32| index((to - from) / CELL, MOST) + 2;
        Self {
            corner: low,
            columns: cells(low.0, high.0),
            rows: cells(low.1, high.1),
        }
    }

    /// One value for each cell, from its coordinates.
    pub(crate) fn map<T>(&self, value: impl Fn(f32, f32) -> T) -> Vec<T> {
        let at = |i: usize| self.coordinates(i % self.columns, i / self.columns);
        (0..self.columns * self.rows)
            .map(|i| {
                let (u, v) = at(i);
                value(u, v)
            })
            .collect()
    }

    fn coordinates(&self, column: usize, row: usize) -> (f32, f32) {
        (
            self.corner.0 + column as f32 * CELL,
            self.corner.1 + row as f32 * CELL,
        )
    }

    /// Calls `visit` with index and coordinates of every cell within `reach` of a point.
    pub(crate) fn around(
        &self,
        u: f32,
        v: f32,
        reach: f32,
        mut visit: impl FnMut(usize, f32, f32),
    ) {
        let span = |x: f32, corner: f32, end: usize| {
            let from = index((x - reach - corner) / CELL, end);
            from..=index((x + reach - corner) / CELL + 1.0, end)
        };
        for row in span(v, self.corner.1, self.rows) {
            for column in span(u, self.corner.0, self.columns) {
                let (cell_u, cell_v) = self.coordinates(column, row);
                visit(row * self.columns + column, cell_u, cell_v);
            }
        }
    }

    /// Interpolates `values` at a point, held at the grid's border.
    fn sample<const N: usize>(&self, values: &[[f32; N]], u: f32, v: f32) -> [f32; N] {
        let (a, b) = ((u - self.corner.0) / CELL, (v - self.corner.1) / CELL);
        let column = index(a, self.columns - 1);
        let row = index(b, self.rows - 1);
        let share_u = (a - column as f32).clamp(0.0, 1.0);
        let share_v = (b - row as f32).clamp(0.0, 1.0);
        let first = row * self.columns + column;
        let next = first + self.columns;
        let (near, far) = (&values[first..first + 2], &values[next..next + 2]);
        std::array::from_fn(|k| {
            let one = near[0][k] + (near[1][k] - near[0][k]) * share_u;
            let other = far[0][k] + (far[1][k] - far[0][k]) * share_u;
            one + (other - one) * share_v
        })
    }

    /// Lets a heavy membrane sink onto `below`: where it touches nothing it curves with `sag`
    /// (per metre), where it would sink in it rests. Heights start anywhere at or above `below`.
    ///
    /// An obstacle problem by over-relaxation with projection; the sweeps turn about, so that
    /// what holds the cloth up at one end is felt at the other.
    pub(crate) fn settle(&self, heights: &mut [f32], below: &[f32], sag: f32) {
        /// Enough for a valley half a metre wide to be still to a millimetre, by trial.
        const SWEEPS: usize = 26;
        /// Between 1 (slow) and 2 (never still): the best for a span of about 20 cells.
        const HASTE: f32 = 1.72;
        let fall = 0.25 * sag * CELL * CELL;
        let columns = self.columns;
        let mut relax = |i: usize| {
            let around = heights[i - 1] + heights[i + 1];
            let across = heights[i - columns] + heights[i + columns];
            let wanted = 0.25 * (around + across) - fall;
            heights[i] = (heights[i] + HASTE * (wanted - heights[i])).max(below[i]);
        };
        for sweep in 0..SWEEPS {
            for row in 1..self.rows - 1 {
                let row = if sweep % 2 == 0 {
                    row
                } else {
                    self.rows - 1 - row
                };
                for column in 1..columns - 1 {
                    let column = if sweep % 2 == 0 {
                        column
                    } else {
                        columns - 1 - column
                    };
                    relax(row * columns + column);
                }
            }
        }
    }

    /// Evens `values` out over three cells in each direction.
    pub(crate) fn soften(&self, values: &mut [f32]) {
        for stride in [1, self.columns] {
            let before = values.to_vec();
            for i in stride..values.len() - stride {
                values[i] = 0.25 * (before[i - stride] + before[i + stride]) + 0.5 * before[i];
            }
        }
    }
}

/// How a cover looks from above.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Print {
    pub(crate) front: Material,
    pub(crate) back: Material,
    /// How sharp and deep creases are that are too fine for the grid.
    pub(crate) crease: f32,
    /// How far creases shift the print, in metres.
    pub(crate) warp: f32,
    /// Where the print begins, in the bed's frame.
    pub(crate) origin: (f32, f32),
    pub(crate) seed: u32,
}

/// What a ray learns of the cloth it meets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Touch {
    pub(crate) hit: Hit,
    /// Share of light given back.
    pub(crate) albedo: f32,
    /// How much higher the cloth lies than with nobody under it, in metres.
    pub(crate) lift: f32,
}

/// Cloth lying over the bed, in the bed's frame with `z = 0` at the top of the mattress.
#[derive(Clone, Debug)]
pub(crate) struct Fabric {
    place: Place,
    grid: Grid,
    /// Height, and distance inside the cloth's edge (negative where there is no cloth).
    form: Vec<[f32; 2]>,
    /// Slope across, slope along, how much higher the cloth lies than with nobody under it, and
    /// whether its back shows.
    detail: Vec<[f32; 4]>,
    low: f32,
    high: f32,
    print: Print,
}

impl Fabric {
    pub(crate) fn new(
        place: Place,
        grid: Grid,
        (heights, still): (Vec<f32>, Still),
        lifts: Vec<f32>,
        print: Print,
    ) -> Self {
        let Still { inside, turned, .. } = still;
        let covered = || {
            let edges = heights.iter().zip(&inside);
            edges
                .filter(|(_, edge)| **edge > -CELL)
                .map(|(height, _)| *height)
        };
        let low = covered().fold(0.0, f32::min);
        let high = covered().fold(0.0, f32::max) + 0.01;
        let slopes = slopes(&grid, &heights).into_iter().zip(lifts).zip(turned);
        Self {
            place,
            grid,
            form: heights
                .into_iter()
                .zip(inside)
                .map(|(height, edge)| [height, edge])
                .collect(),
            detail: slopes
                .map(|(((across, along), lift), turned)| [across, along, lift, turned])
                .collect(),
            low,
            high,
            print,
        }
    }

    /// Height of the cloth at a point of the bed; `None` where there is none.
    pub(crate) fn height(&self, u: f32, v: f32) -> Option<f32> {
        let reach = |x: f32, corner: f32, cells: usize| {
            x >= corner && x <= corner + (cells - 1) as f32 * CELL
        };
        let (low, grid) = (self.grid.corner, &self.grid);
        if !reach(u, low.0, grid.columns) || !reach(v, low.1, grid.rows) {
            return None;
        }
        let [height, edge] = grid.sample(&self.form, u, v);
        (edge > 0.01).then_some(height)
    }

    /// Whether a point of the room is so little above the cloth that it is pressed down under it.
    pub(crate) fn buries(&self, point: V3) -> bool {
        /// More than the deepest give of a mattress under a cover, in metres.
        const DEEPEST: f32 = 0.13;
        let at = self.place.point_in(point);
        self.height(at.x, at.y)
            .is_some_and(|height| at.z < height + DEEPEST)
    }

    /// Middle and half size of a box around the cloth, in the bed's frame.
    pub(crate) fn bounds(&self) -> (V3, V3) {
        let (columns, rows) = (
            self.grid.columns as f32 * CELL,
            self.grid.rows as f32 * CELL,
        );
        let half = v3(columns * 0.5, rows * 0.5, 0.5 * (self.high - self.low));
        let (u, v) = self.grid.corner;
        (
            v3(u + half.x, v + half.y, 0.5 * (self.high + self.low)),
            half,
        )
    }

    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    /// The nearest point of the cloth on `ray`.
    pub(crate) fn hit(&self, ray: &Ray) -> Option<Touch> {
        let local = ray.seen_from(&self.place);
        let (middle, half) = self.bounds();
        let (enter, leave) = local.through(middle, half)?;
        let under = |t: f32| {
            let at = local.at(t);
            let [height, edge] = self.grid.sample(&self.form, at.x, at.y);
            (at.z - height, edge > 0.0)
        };
        let (mut t, mut before) = (enter, enter);
        loop {
            let (gap, covered) = under(t);
            if gap < 0.0 && covered {
                break;
            }
            before = t;
            // Half the gap never jumps over a fold; the bounds keep the march short and sure.
            t += if covered {
                (0.6 * gap).clamp(0.008, 0.15)
            } else {
                0.015
            };
            if t > leave {
                return None;
            }
        }
        for _ in 0..5 {
            let middle = 0.5 * (before + t);
            let (gap, covered) = under(middle);
            if gap < 0.0 && covered {
                t = middle
            } else {
                before = middle
            }
        }
        let at = local.at(t);
        let [across, along, lift, turned] = self.grid.sample(&self.detail, at.x, at.y);
        let [_, edge] = self.grid.sample(&self.form, at.x, at.y);
        // Down the sides the print runs on with the cloth.
        let (u, v) = (at.x + at.z.min(0.0), at.y);
        let normal = self.creased(u, v, across, along);
        let hit = Hit {
            distance: t,
            normal: self.place.direction_out(normal),
            u,
            v,
        };
        Some(Touch {
            hit,
            albedo: self.albedo(u, v, turned, edge),
            lift,
        })
    }

    /// Share of light given back at a point of the cloth.
    fn albedo(&self, u: f32, v: f32, turned: f32, edge: f32) -> f32 {
        /// A hem is sewn double and its seam lies in its own shade, in metres from the edge.
        const SEAM: f32 = 0.025;
        let print = &self.print;
        let shift = |seed: u32| noise::rough(4.0 * u, 4.0 * v, print.seed.wrapping_add(seed)) - 0.5;
        let (a, b) = (
            u - print.origin.0 + print.warp * shift(31),
            v - print.origin.1 + print.warp * shift(33),
        );
        let side = if turned > 0.5 {
            &print.back
        } else {
            &print.front
        };
        let seam = noise::step(0.008, 0.0, (edge - SEAM).abs());
        side.albedo_at(a, b) * (1.0 - 0.25 * seam)
    }

    /// The normal of cloth with these slopes, leaning with creases too fine for the grid.
    fn creased(&self, u: f32, v: f32, across: f32, along: f32) -> V3 {
        /// Depth of one crease in metres, before the cloth's own sharpness.
        const DEEP: f32 = 0.008;
        let seed = self.print.seed;
        let bend = 0.5 * noise::smooth(3.1 * u, 3.1 * v, seed.wrapping_add(41));
        let fine = |u: f32, v: f32| {
            let wide = noise::ridged(7.0 * u + bend, 8.5 * v - 2.0 * bend, seed.wrapping_add(43));
            let narrow = noise::ridged(17.0 * u - 3.0 * v, 14.0 * v, seed.wrapping_add(45));
            wide * wide + 0.4 * narrow
        };
        let (here, reach) = (fine(u, v), 0.008);
        let lean = |next: f32| self.print.crease * DEEP * (next - here) / reach;
        let (lean_u, lean_v) = (lean(fine(u + reach, v)), lean(fine(u, v + reach)));
        v3(-across - lean_u, -along - lean_v, 1.0).unit()
    }
}

/// Slopes across and along, from each cell's neighbours.
fn slopes(grid: &Grid, heights: &[f32]) -> Vec<(f32, f32)> {
    let at = |column: usize, row: usize| heights[row * grid.columns + column];
    let slope = |i: usize| {
        let (column, row) = (i % grid.columns, i / grid.columns);
        let (left, right) = (column.saturating_sub(1), (column + 1).min(grid.columns - 1));
        let (up, down) = (row.saturating_sub(1), (row + 1).min(grid.rows - 1));
        let across = (at(right, row) - at(left, row)) / ((right - left) as f32 * CELL);
        let along = (at(column, down) - at(column, up)) / ((down - up) as f32 * CELL);
        (across, along)
    };
    (0..heights.len()).map(slope).collect()
}
