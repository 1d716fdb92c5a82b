//! Framing: where somebody would hang the camera, and how they would mark the bed in its picture.
//!
//! Deliberately before any person: nothing here can know where one will be.

use crate::bed::Bed;
use crate::camera::{Camera, View};
use crate::dice::Dice;
use crate::vector::{V3, v3};

/// Corners of the space a sleeper takes: the mattress's top and 25 cm above.
pub(crate) fn bed_corners(bed: &Bed) -> impl Iterator<Item = V3> + '_ {
    let half = 0.5 * bed.width;
    [0.0, 0.25].into_iter().flat_map(move |z| {
        [
            (-half, 0.0),
            (half, 0.0),
            (half, bed.length),
            (-half, bed.length),
        ]
        .map(|(u, v)| bed.place.point_out(v3(u, v, z)))
    })
}

/// Hangs the camera so that the whole bed is in the picture, as whoever puts one up would.
pub(crate) fn hang_camera(dice: &mut Dice, size: V3, bed: &Bed) -> (View, Camera) {
    /// Rooms where a drawn camera misses the bed are common; sixty draws nearly always find one.
    const TRIES: usize = 60;
    /// Least share of the picture for the bed: a unit put up further off would be moved.
    const LEAST_BED: f32 = 0.07;
    /// Most of the picture for a wall so near that the lamp floods it; likewise.
    const MOST_WALL: f32 = 0.07;
    let middle = bed.place.point_out(v3(0.0, 0.5 * bed.length, 0.0));
    for _ in 0..TRIES {
        let (view, camera) = draw_camera(dice, size, middle);
        let camera = zoomed(dice, view, camera, bed);
        let framed = bed_corners(bed).all(|corner| {
            let within = |x: f32| x > 0.015 && x < 0.985;
            camera
                .project(corner)
                .is_some_and(|(x, y)| within(x) && within(y))
        });
        let marked = bed_corners(bed).filter_map(|corner| camera.project(corner));
        if framed
            && area(&hull(marked.collect())) > LEAST_BED
            && near_wall(&camera, size) < MOST_WALL
        {
            return (view, camera);
        }
    }
    // Straight above, wide enough for the longest bed under the lowest ceiling.
    let at = v3(middle.x, middle.y, size.z - 0.05);
    (
        View::Overhead,
        Camera::new(at, middle, std::f32::consts::FRAC_PI_2, 1.15, 0.0),
    )
}

/// The same camera with a lens through which the bed fills a drawn share of the picture: most of
/// it straight below, less from the side.
fn zoomed(dice: &mut Dice, view: View, camera: Camera, bed: &Bed) -> Camera {
    let wanted = match view {
        View::Overhead => dice.between(0.25, 0.7),
        View::Corner | View::Wall => dice.between(0.1, 0.5),
    };
    let marked = bed_corners(bed).filter_map(|corner| camera.project(corner));
    let now = area(&hull(marked.collect())).max(0.01);
    camera.zoomed((now / wanted).sqrt())
}

/// Share of the picture that shows a wall within a metre of the lens.
fn near_wall(camera: &Camera, size: V3) -> f32 {
    let half = size * 0.5;
    let near = |i: usize| {
        let ray = camera.ray(
            ((i % 16) as f32 + 0.5) / 16.0,
            ((i / 16) as f32 + 0.5) / 12.0,
        );
        ray.through(half, half).is_none_or(|(_, leave)| leave < 1.0)
    };
    (0..192).filter(|&i| near(i)).count() as f32 / 192.0
}

fn draw_camera(dice: &mut Dice, size: V3, middle: V3) -> (View, Camera) {
    let view = dice.pick(&[
        View::Corner,
        View::Corner,
        View::Wall,
        View::Overhead,
        View::Overhead,
    ]);
    let (tuck, high) = (dice.between(0.1, 0.35), size.z - dice.between(0.08, 0.5));
    let (reach, barrel) = (dice.between(0.55, 1.15), dice.between(0.0, 0.19));
    let far = |dice: &mut Dice, long: f32| if dice.chance(0.5) { tuck } else { long - tuck };
    let (at, roll) = match view {
        View::Corner => (
            v3(far(dice, size.x), far(dice, size.y), high),
            dice.around(0.06),
        ),
        View::Wall => {
            let at = match dice.pick(&[0, 1, 2]) {
                0 => v3(dice.between(0.3, size.x - 0.3), size.y - 0.1, high),
                1 => v3(0.1, dice.between(0.4, size.y - 0.3), high),
                _ => v3(size.x - 0.1, dice.between(0.4, size.y - 0.3), high),
            };
            (at, dice.around(0.06))
        }
        View::Overhead => {
            let at = v3(
                middle.x + dice.around(0.3),
                middle.y + dice.around(0.4),
                size.z - 0.06,
            );
            let quarter = dice.pick(&[0.0, 1.0, 2.0, 3.0]) * std::f32::consts::FRAC_PI_2;
            // Mostly square to the bed; now and then as it happened to be screwed on.
            let free = if dice.chance(0.3) { 0.78 } else { 0.08 };
            (at, quarter + dice.around(free))
        }
    };
    let target = middle + v3(dice.around(0.35), dice.around(0.35), dice.around(0.2));
    (view, Camera::new(at, target, roll, reach, barrel))
}

/// The convex hull of points, in order around it (Andrew's monotone chain).
pub(crate) fn hull(mut points: Vec<(f32, f32)>) -> Vec<(f32, f32)> {
    points.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    let half = |points: &mut dyn Iterator<Item = (f32, f32)>| {
        let mut chain: Vec<(f32, f32)> = Vec::new();
        for p in points {
            while let [.., a, b] = chain[..] {
                let turn = (b.0 - a.0) * (p.1 - a.1) - (b.1 - a.1) * (p.0 - a.0);
                if turn > 0.0 {
                    break;
                }
                chain.pop();
            }
            chain.push(p);
        }
        chain.pop();
        chain
    };
    let mut around = half(&mut points.iter().copied());
    around.extend(half(&mut points.iter().rev().copied()));
    around
}

/// Area of a polygon, as a share of the picture.
fn area(polygon: &[(f32, f32)]) -> f32 {
    let next = polygon.iter().cycle().skip(1);
    let twice: f32 = polygon
        .iter()
        .zip(next)
        .map(|(a, b)| a.0 * b.1 - b.0 * a.1)
        .sum();
    0.5 * twice.abs()
}
