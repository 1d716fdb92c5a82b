//! Whether one frame is fit to judge by, from its pixels' statistics alone.
//!
//! A broken picture must never be taken for an empty bed, nor a dark but usable night picture
//! for a broken one. Pure functions of one frame: whether a picture is frozen takes several
//! frames and is judged elsewhere. Nothing here looks for people.

use ndarray::{Array2, Axis};
use zeroize::Zeroizing;

use crate::reduce::{INPUT_HEIGHT, INPUT_WIDTH, Reduced, percentiles};

/// Width of the grid that is judged, in pixels: half the network's input. The limits below were
/// measured on it; a larger one would take sensor noise for detail.
const WIDTH: usize = INPUT_WIDTH / 2;

/// Height of the grid that is judged, in pixels.
const HEIGHT: usize = INPUT_HEIGHT / 2;

/// Whether one frame is fit to judge by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Health {
    /// Fit to judge by.
    Ok,
    /// Black: the lamp is dead or the lens cap is on.
    Dark,
    /// Something hangs before the lens: light, but hardly any structure, or next to none outside
    /// an edge that is left free.
    Covered,
    /// Structure, but none of it fine: out of focus, or a film on the lens.
    Blurred,
    /// White: blinded by light.
    Saturated,
}

/// 99th percentile, in levels of 255, below which a picture is black.
///
/// Lamp dead, made from real frames (3 % of their light, 0 to 4 levels of offset, sensor noise):
/// at most 12. Darkest usable real near-infrared frame we have: 44.
const BLACK_BELOW: f32 = 16.0;

/// Median, in levels of 255, from which a picture is white.
///
/// White and blown-out frames: at least 249. Brightest of some 2,200 usable pictures: 245.
const WHITE_FROM: f32 = 248.0;

/// Structure, in levels of 255, below which there is nothing to see: the spread from the 1st to
/// the 99th percentile after slow shading is taken away.
///
/// Uniform gray with shading and noise: at most 7; rendered covers: 22. Real pictures: at least
/// 34; 99 % of rendered rooms: 31.
const EMPTY_BELOW: f32 = 24.0;

/// Structure, as a share of the median, below which there is nothing to see either: a cover lit
/// so brightly that its shading is cut off at white keeps some structure.
///
/// Such rendered covers: 0.13. None of 1,249 usable rendered pictures is below 0.15 with
/// a structure above [`EMPTY_BELOW`].
const EMPTY_BELOW_SHARE: f32 = 0.15;

/// Structure that is left in means over blocks of 8 x 8, as a share, below which there is only
/// noise: at high gain a black picture is no longer dark.
///
/// Lamp dead, rendered at every gain: at most 0.24. Usable pictures, real and rendered: at least
/// 0.46.
const NOISE_BELOW: f32 = 0.33;

/// Median, in levels of 255, below which a picture with nothing to see is dark, not covered: a
/// cover throws the lamp's light back.
///
/// Lamp dead, rendered at every gain: at most 19.6.
const UNLIT_BELOW: f32 = 20.0;

/// Steps between neighbouring blocks, as a share of the structure, below which only something
/// close to the lens can be seen.
///
/// Smooth shapes as a hand or cloth makes them: 95 % at most 0.16. Defocused: 95 % at least
/// 0.18. Least usable picture: 0.26.
const SHAPELESS_BELOW: f32 = 0.168;

/// Fine detail, as a share of the structure, below which a picture is out of focus.
///
/// Blurred over 2.5 % of the picture's width and more: at most 0.13. Least usable picture: 0.25.
const SOFT_BELOW: f32 = 0.18;

/// Share of the picture in one smooth, lit surface above which the surface hangs before the lens
/// and what else is seen is seen past it.
///
/// Covered but for a tenth, 305 copies: all but one at least 0.77, that one 0.69. Usable pictures:
/// 1,523 real ones at most 0.51, 1,013 rendered ones 0.58; of 452 real ones pushed to night two
/// are above, with 0.73 and 0.76, and the others at most 0.62. Covered over 60 %: 3 % are above.
const SURFACE_ABOVE: f32 = 0.68;

/// What no plane explains within a tile, in levels of 255 as a root mean square, below which the
/// tile is smooth.
///
/// Chosen among some twenty values for the widest gap between the surfaces of covered and usable
/// pictures. By calculation, not measured: white noise of 2.7 levels in this grid reaches it.
const SMOOTH_BELOW: f32 = 1.25;

/// The finest detail, as a share of the structure, from which a picture with one large surface
/// is in focus: what is left free beside a cover has edges, what is out of focus has none.
///
/// With it 96 % of those covered but for a tenth are named covered, the others blurred, and 98 % of
/// those blurred over 2.5 % of the width and more are not named covered.
const CRISP_FROM: f32 = 0.12;

/// Pixels a side of the blocks that tell fine detail from sensor noise.
const FINE: usize = 2;

/// Pixels a side of the blocks over which sensor noise averages out.
const CALM: usize = 8;

/// Pixels a side of the blocks between which a covered lens shows no steps.
const COARSE: usize = 4;

/// Blocks of [`FINE`] pixels a side of the tiles that are smooth or not: 10 x 10 pixels.
const TILE: usize = 5;

/// Blocks from one tile to the next: one less than a tile, so that a step between two tiles lies
/// within one of them.
const TILE_STEP: usize = TILE - 1;

/// What the rules look at; levels from 0 to 255, or shares of the structure.
struct Statistics {
    /// 50th percentile.
    median: f32,
    /// 99th percentile.
    high: f32,
    /// Spread from the 1st to the 99th percentile without slow shading.
    structure: f32,
    /// Structure of means over blocks of 8 x 8, as a share of the structure.
    calm: f32,
    /// 99th percentile of steps between blocks of 4 x 4, as a share of the structure.
    steps: f32,
    /// 99th percentile of second differences of blocks of 2 x 2, as a share of the structure.
    detail: f32,
    /// 99.9th percentile of the same: the finest there is, in however small a part.
    crisp: f32,
    /// The largest smooth and lit surface, as a share of the picture.
    surface: f32,
}

/// Judges a frame reduced to the network's size.
pub(crate) fn judge(reduced: &Reduced) -> Health {
    rule(&measure(&halved(&reduced.0)))
}

/// Means of 2 x 2 pixels of the network's input.
fn halved(levels: &[f32]) -> Zeroizing<Vec<f32>> {
    let mut half = Zeroizing::new(Vec::with_capacity(WIDTH * HEIGHT));
    for lines in levels.chunks_exact(4 * WIDTH) {
        let (upper, lower) = lines.split_at(2 * WIDTH);
        let pairs = upper.chunks_exact(2).zip(lower.chunks_exact(2));
        half.extend(pairs.map(|(a, b)| (a[0] + a[1] + b[0] + b[1]) / 4.0));
    }
    half
}

/// The order matters: a black picture has no structure and no detail either, and one covered
/// but for a corner has little fine detail.
fn rule(s: &Statistics) -> Health {
    if s.high < BLACK_BELOW {
        Health::Dark
    } else if s.median >= WHITE_FROM {
        Health::Saturated
    } else if s.structure < EMPTY_BELOW.max(EMPTY_BELOW_SHARE * s.median) || s.calm < NOISE_BELOW {
        if s.median < UNLIT_BELOW {
            Health::Dark
        } else {
            Health::Covered
        }
    } else if s.steps < SHAPELESS_BELOW || (s.surface > SURFACE_ABOVE && s.crisp >= CRISP_FROM) {
        Health::Covered
    } else if s.detail < SOFT_BELOW {
        Health::Blurred
    } else {
        Health::Ok
    }
}

fn measure(levels: &[f32]) -> Statistics {
    let [_, median, high] = percentiles(levels);
    let flat = without_shading(levels);
    let structure = spread(&flat);
    let share = structure.max(1.0);
    let coarse = blocks(levels, COARSE);
    let fine = blocks(levels, FINE);
    let curves = differences(&fine, |a, b, c| a - 2.0 * b + c);
    Statistics {
        median,
        high,
        structure,
        calm: spread(&blocks(&flat, CALM).into_raw_vec_and_offset().0) / share,
        steps: strong(differences(&coarse, |a, b, _| b - a)) / share,
        crisp: strongest(&curves) / share,
        detail: strong(curves) / share,
        surface: largest_surface(smooth_tiles(&fine)),
    }
}

/// The levels less their best fit by a surface of second order, as a lamp or a fold casts it.
///
/// 1, x, y, xy, x² and y² less their means are orthogonal on a full grid: each is fitted alone.
fn without_shading(levels: &[f32]) -> Zeroizing<Vec<f32>> {
    let (across, down) = (positions(WIDTH), positions(HEIGHT));
    let (bent_across, bent_down) = (bends(&across), bends(&down));
    let grid = |row: &[f32], column: &[f32]| -> Vec<f32> {
        column
            .iter()
            .flat_map(|y| row.iter().map(move |x| x * y))
            .collect()
    };
    let (ones_across, ones_down) = ([1.0; WIDTH], [1.0; HEIGHT]);
    let terms = [
        grid(&ones_across, &ones_down),
        grid(&across, &ones_down),
        grid(&ones_across, &down),
        grid(&across, &down),
        grid(&bent_across, &ones_down),
        grid(&ones_across, &bent_down),
    ];
    let mut rest = Zeroizing::new(levels.to_vec());
    for basis in &terms {
        let own: f32 = basis.iter().map(|b| b * b).sum();
        let shared: f32 = basis.iter().zip(levels).map(|(b, v)| b * v).sum();
        for (value, b) in rest.iter_mut().zip(basis) {
            *value -= shared / own * b;
        }
    }
    rest
}

/// Where each of `cells` pixels lies, from -1 to 1.
fn positions(cells: usize) -> Vec<f32> {
    (0..cells)
        .map(|i| (2 * i + 1) as f32 / cells as f32 - 1.0)
        .collect()
}

/// The squares of the positions, less their mean.
fn bends(positions: &[f32]) -> Vec<f32> {
    let mean = positions.iter().map(|x| x * x).sum::<f32>() / positions.len() as f32;
    positions.iter().map(|x| x * x - mean).collect()
}

/// Means of blocks of `side` by `side` pixels.
fn blocks(levels: &[f32], side: usize) -> Array2<f32> {
    let (rows, columns) = (HEIGHT / side, WIDTH / side);
    Array2::from_shape_fn((rows, columns), |(row, column)| {
        let lines = (row * side..(row + 1) * side).map(|y| y * WIDTH + column * side);
        lines
            .map(|start| levels[start..start + side].iter().sum::<f32>())
            .sum::<f32>()
            / (side * side) as f32
    })
}

/// `of` three neighbouring blocks in each row and each column, as absolute values.
fn differences(blocks: &Array2<f32>, of: impl Fn(f32, f32, f32) -> f32) -> Vec<f32> {
    let mut found = Vec::with_capacity(2 * blocks.len());
    for direction in [0, 1] {
        for window in blocks.lanes(Axis(direction)) {
            found.extend(
                window
                    .windows(3)
                    .into_iter()
                    .map(|w| of(w[0], w[1], w[2]).abs()),
            );
        }
    }
    found
}

/// Which tiles are lit and hold nothing but shading. A black margin is smooth, but not lit.
fn smooth_tiles(fine: &Array2<f32>) -> Array2<bool> {
    let cells = (TILE * TILE) as f32;
    // Positions from the tile's middle; their squares sum up to `own` over the tile.
    let offset = |i: usize| i as f32 - (TILE - 1) as f32 / 2.0;
    let own = TILE as f32 * (0..TILE).map(|i| offset(i).powi(2)).sum::<f32>();
    let tiles = fine.windows_with_stride((TILE, TILE), (TILE_STEP, TILE_STEP));
    let smooth = tiles.into_iter().map(|tile| {
        let mean = tile.sum() / cells;
        let (mut across, mut down, mut total) = (0.0, 0.0, 0.0);
        for ((row, column), value) in tile.indexed_iter() {
            let over = value - mean;
            across += over * offset(column);
            down += over * offset(row);
            total += over * over;
        }
        let rest = total - (across * across + down * down) / own;
        mean >= BLACK_BELOW && rest < SMOOTH_BELOW * SMOOTH_BELOW * cells
    });
    let along = |cells: usize| (cells - TILE) / TILE_STEP + 1;
    let shape = (along(fine.nrows()), along(fine.ncols()));
    Array2::from_shape_vec(shape, smooth.collect()).expect("one answer a tile")
}

/// The largest group of smooth tiles that touch side by side, as a share of all tiles.
fn largest_surface(mut smooth: Array2<bool>) -> f32 {
    let (rows, columns) = smooth.dim();
    let mut largest = 0_usize;
    let mut open = Vec::new();
    for start in 0..smooth.len() {
        open.push((start / columns, start % columns));
        let mut size = 0;
        while let Some((row, column)) = open.pop() {
            if row >= rows || column >= columns || !std::mem::take(&mut smooth[(row, column)]) {
                continue;
            }
            size += 1;
            open.extend([(row + 1, column), (row, column + 1)]);
            // Before the first row or column, this is beyond the last.
            open.extend([(row.wrapping_sub(1), column), (row, column.wrapping_sub(1))]);
        }
        largest = largest.max(size);
    }
    largest as f32 / smooth.len() as f32
}

/// From the 1st to the 99th percentile.
fn spread(values: &[f32]) -> f32 {
    let [low, _, high] = percentiles(values);
    high - low
}

fn strong(values: Vec<f32>) -> f32 {
    percentiles(&values)[2]
}

/// The 99.9th percentile, by nearest rank downwards.
fn strongest(values: &[f32]) -> f32 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f32::total_cmp);
    sorted[(sorted.len() - 1) * 999 / 1000]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Frame;
    use crate::reduce::reduce;

    /// A frame of 320 x 240 from levels, with noise of a few levels; out of range is cut off.
    fn judged(level: impl Fn(f32, f32) -> f32) -> Health {
        let mut state = 1_u32;
        let mut noise = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f32::from(u16::try_from(state >> 16).unwrap()) / 16_384.0 - 2.0
        };
        let pixels = (0..320 * 240)
            .map(|i| {
                let (x, y) = ((i % 320) as f32 / 320.0, (i / 320) as f32 / 240.0);
                let value = (level(x, y) + noise()).clamp(0.0, 255.0);
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "clamped"
                )]
                let pixel = value as u8;
                pixel
            })
            .collect();
        judge(&reduce(&Frame::from_luma8(320, 240, pixels).unwrap()))
    }

    /// A room of hard edges: a bed, a pillow, a head.
    fn room(x: f32, y: f32) -> f32 {
        let bed = (0.2..0.7).contains(&x) && (0.3..0.8).contains(&y);
        let pillow = (0.55..0.68).contains(&x) && (0.4..0.7).contains(&y);
        let head = (x - 0.6).powi(2) + (y - 0.55).powi(2) < 0.002;
        30.0 + if bed { 60.0 } else { 0.0 } + if pillow { 40.0 } else { 0.0 }
            - if head { 70.0 } else { 0.0 }
    }

    #[test]
    fn a_room_is_fit_to_judge_by() {
        assert_eq!(judged(room), Health::Ok);
    }

    #[test]
    fn a_dark_but_usable_room_is_fit_to_judge_by() {
        assert_eq!(judged(|x, y| room(x, y) / 3.0), Health::Ok);
    }

    #[test]
    fn a_dead_lamp_is_dark() {
        assert_eq!(judged(|x, y| room(x, y) * 0.02), Health::Dark);
        assert_eq!(judged(|_, _| 0.0), Health::Dark);
    }

    #[test]
    fn noise_at_high_gain_is_dark() {
        let mut state = 7_u32;
        let mut noise = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            u8::try_from((state >> 24) / 3).unwrap().saturating_sub(35)
        };
        let pixels = (0..160 * 128).map(|_| noise()).collect();
        let reduced = reduce(&Frame::from_luma8(160, 128, pixels).unwrap());
        assert!(measure(&halved(&reduced.0)).high > 2.0 * BLACK_BELOW);
        assert_eq!(judge(&reduced), Health::Dark);
    }

    #[test]
    fn a_blinded_camera_is_saturated() {
        assert_eq!(judged(|x, y| 150.0 + room(x, y) * 10.0), Health::Saturated);
        assert_eq!(judged(|_, _| 255.0), Health::Saturated);
    }

    #[test]
    fn cloth_before_the_lens_is_covered() {
        assert_eq!(judged(|_, _| 90.0), Health::Covered);
        assert_eq!(judged(|x, y| 60.0 + 25.0 * x + 15.0 * y), Health::Covered);
        let lit_from_a_side = |x: f32, y: f32| 40.0 + 120.0 * (-3.0 * x).exp() * (1.0 - 0.3 * y);
        assert_eq!(judged(lit_from_a_side), Health::Covered);
    }

    #[test]
    fn a_lens_covered_but_for_a_corner_is_covered() {
        for (tone, sharpness) in [(40.0, 30.0), (110.0, 60.0), (190.0, 60.0)] {
            let corner = |x: f32, y: f32| {
                let part = 1.0 / (1.0 + ((1.52 - x - y) * -sharpness).exp());
                let busy = room(4.0 * x - 3.0, 4.0 * y - 3.0);
                busy * (1.0 - part) + (tone + 12.0 * x - 8.0 * y) * part
            };
            assert_eq!(judged(corner), Health::Covered, "tone {tone}");
        }
    }

    #[test]
    fn a_room_of_mostly_plain_wall_is_fit_to_judge_by() {
        let wall = |x: f32, y: f32| 180.0 - 30.0 * x - 20.0 * y;
        let plain = |x, y| {
            if y < 0.68 {
                wall(x, y)
            } else {
                room(x, y - 0.35)
            }
        };
        assert_eq!(judged(plain), Health::Ok);
    }

    #[test]
    fn a_black_margin_round_a_room_is_no_cover() {
        let margin = |x: f32, y: f32| {
            let seen = (0.3..0.7).contains(&x) && (0.3..0.7).contains(&y);
            if seen {
                room(2.5 * x - 0.75, 2.5 * y - 0.75)
            } else {
                4.0
            }
        };
        assert_eq!(judged(margin), Health::Ok);
    }

    #[test]
    fn a_room_out_of_focus_is_blurred() {
        let soft = |x: f32, y: f32| {
            let near = (-8..=8).flat_map(|i| (-8..=8).map(move |j| (i as f32, j as f32)));
            let parts = near.map(|(i, j)| (room(x + i * 0.012, y + j * 0.016), i, j));
            let (sum, weights) = parts.fold((0.0, 0.0), |(sum, weights), (v, i, j)| {
                let weight = (-(i * i + j * j) / 18.0).exp();
                (sum + v * weight, weights + weight)
            });
            sum / weights
        };
        assert_eq!(judged(soft), Health::Blurred);
    }
}
