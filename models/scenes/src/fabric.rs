//! A sheet of cloth as a height field over the bed, and how a ray meets it.
//!
//! Deliberately knows nothing of beds or people: [`crate::bedding`] decides how the cloth lies.

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

    /// Lets no height fall away from its neighbours faster than `slope`: cloth makes tents.
    pub(crate) fn drape(&self, heights: &mut [f32], slope: f32) {
        let (straight, diagonal) = (slope * CELL, slope * CELL * std::f32::consts::SQRT_2);
        let columns = self.columns;
        let mut relax = |i: usize, neighbours: [(usize, f32); 4]| {
            for (neighbour, fall) in neighbours {
                heights[i] = heights[i].max(heights[neighbour] - fall);
            }
        };
        for row in 1..self.rows {
            for column in 1..columns - 1 {
                let i = row * columns + column;
                let up = i - columns;
                relax(
                    i,
                    [
                        (i - 1, straight),
                        (up, straight),
                        (up - 1, diagonal),
                        (up + 1, diagonal),
                    ],
                );
            }
        }
        for row in (0..self.rows - 1).rev() {
            for column in (1..columns - 1).rev() {
                let i = row * columns + column;
                let low = i + columns;
                let below = [(low - 1, diagonal), (low + 1, diagonal)];
                relax(i, [(i + 1, straight), (low, straight), below[0], below[1]]);
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

/// Cloth lying over the bed, in the bed's frame with `z = 0` at the top of the mattress.
#[derive(Clone, Debug)]
pub(crate) struct Fabric {
    place: Place,
    grid: Grid,
    /// Height, and distance inside the cloth's edge (negative where there is no cloth).
    form: Vec<[f32; 2]>,
    /// Slope across, slope along, and how much higher the cloth lies than with nobody under it.
    detail: Vec<[f32; 3]>,
    low: f32,
    high: f32,
    material: Material,
    wrinkles: u32,
}

impl Fabric {
    pub(crate) fn new(
        place: Place,
        grid: Grid,
        heights: Vec<f32>,
        inside: Vec<f32>,
        lifts: Vec<f32>,
        material: Material,
        wrinkles: u32,
    ) -> Self {
        let covered = || {
            let edges = heights.iter().zip(&inside);
            edges
                .filter(|(_, edge)| **edge > 0.0)
                .map(|(height, _)| *height)
        };
        let low = covered().fold(0.0, f32::min);
        let high = covered().fold(0.0, f32::max) + 0.01;
        let slopes = slopes(&grid, &heights).into_iter().zip(lifts);
        Self {
            place,
            grid,
            form: heights
                .into_iter()
                .zip(inside)
                .map(|(height, edge)| [height, edge])
                .collect(),
            detail: slopes
                .map(|((across, along), lift)| [across, along, lift])
                .collect(),
            low,
            high,
            material,
            wrinkles,
        }
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

    /// The nearest hit, and how far a person lifts the cloth there.
    pub(crate) fn hit(&self, ray: &Ray) -> Option<(Hit, f32)> {
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
        let [across, along, lift] = self.grid.sample(&self.detail, at.x, at.y);
        let normal = self.wrinkled(at.x, at.y, across, along);
        let normal = self.place.direction_out(normal);
        // Down the sides the pattern runs on with the cloth.
        let hit = Hit {
            distance: t,
            normal,
            u: at.x + at.z.min(0.0),
            v: at.y,
        };
        Some((hit, lift))
    }

    /// Share of light given back at a hit's surface coordinates.
    pub(crate) fn albedo(&self, u: f32, v: f32) -> f32 {
        self.material.albedo_at(u, v)
    }

    /// The normal of cloth with these slopes, leaning with wrinkles too fine for the grid.
    fn wrinkled(&self, u: f32, v: f32, across: f32, along: f32) -> V3 {
        let fine = |u: f32, v: f32| noise::smooth(u * 30.0, v * 20.0, self.wrinkles);
        let here = fine(u, v);
        let (lean_u, lean_v) = (fine(u + 0.01, v) - here, fine(u, v + 0.01) - here);
        v3(-across - 0.25 * lean_u, -along - 0.25 * lean_v, 1.0).unit()
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
