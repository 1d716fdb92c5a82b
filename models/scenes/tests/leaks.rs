//! The leak probe: nothing about a room tells who is, or would be, in it.
//!
//! Every picture is the person-less twin of the picture whose label it bears; a linear probe on
//! local light and gradients is trained on half of the rooms and must rank the other half no better
//! than chance. Deliberately a simple probe: it holds the generator to drawing room, covers and
//! camera before the person, and cannot show that a clever one would find nothing.

use nattsyn_scenes::{HEIGHT, Lens, Occupant, Room, View, WIDTH};

/// Rooms in each half, and cells of the grid across and down.
const ROOMS: u64 = 90;
const GRID: (usize, usize) = (8, 6);
const FEATURES: usize = 3 * GRID.0 * GRID.1 + 1;

/// Log light of a room without anybody.
fn logs(room: &Room) -> Vec<f64> {
    let rendered = room.render(Occupant::Nobody, 1, Lens::Clear);
    let light = rendered.radiance.light().iter();
    light.map(|&l| f64::from(l.max(1e-6)).ln()).collect()
}

fn features(room: &Room) -> Vec<f64> {
    by_cell(&logs(room))
}

/// For each cell of the picture: the value, and the mean steps across and down; and a one.
fn by_cell(log: &[f64]) -> Vec<f64> {
    let (wide, high) = (WIDTH / GRID.0, HEIGHT / GRID.1);
    let mut sums = vec![0.0; FEATURES];
    for y in 0..HEIGHT - 1 {
        for x in 0..WIDTH - 1 {
            let (i, cell) = (y * WIDTH + x, (y / high) * GRID.0 + x / wide);
            sums[3 * cell] += log[i];
            sums[3 * cell + 1] += 5.0 * (log[i + 1] - log[i]).abs();
            sums[3 * cell + 2] += 5.0 * (log[i + WIDTH] - log[i]).abs();
        }
    }
    let area = (wide * high) as f64;
    sums.iter_mut().for_each(|sum| *sum /= area);
    sums[FEATURES - 1] = 1.0;
    sums
}

/// Ridge regression by conjugate gradients on the normal equations.
fn fit(rows: &[Vec<f64>], labels: &[f64]) -> Vec<f64> {
    /// Weighs down 144 weights against 90 rooms: without it the probe learns rooms by heart.
    const RIDGE: f64 = 20.0;
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let back = |errors: &[f64]| -> Vec<f64> {
        let column = |k: usize| rows.iter().zip(errors).map(|(row, e)| row[k] * e).sum();
        (0..FEATURES).map(column).collect()
    };
    let apply = |weights: &[f64]| -> Vec<f64> {
        let forward: Vec<f64> = rows.iter().map(|row| dot(row, weights)).collect();
        let mut applied = back(&forward);
        applied
            .iter_mut()
            .zip(weights)
            .for_each(|(a, w)| *a += RIDGE * w);
        applied
    };
    let mut weights = vec![0.0; FEATURES];
    let mut rest = back(labels);
    let mut way = rest.clone();
    for _ in 0..200 {
        let applied = apply(&way);
        let (size, bend) = (dot(&rest, &rest), dot(&way, &applied));
        if size < 1e-9 || bend <= 0.0 {
            break;
        }
        let step = size / bend;
        weights
            .iter_mut()
            .zip(&way)
            .for_each(|(w, d)| *w += step * d);
        rest.iter_mut()
            .zip(&applied)
            .for_each(|(r, a)| *r -= step * a);
        let turn = dot(&rest, &rest) / size;
        way = rest.iter().zip(&way).map(|(r, d)| r + turn * d).collect();
    }
    weights
}

/// Probability that the probe ranks a room of the first class above one of the other.
fn auc(scores: &[(f64, f64)]) -> f64 {
    let of = |label: f64| scores.iter().filter(move |score| score.1 * label > 0.0);
    let (mut above, mut pairs) = (0.0, 0.0);
    for one in of(1.0) {
        for other in of(-1.0) {
            above += if one.0 > other.0 { 1.0 } else { 0.0 };
            pairs += 1.0;
        }
    }
    above / pairs
}

/// How well a probe trained on the first half of `rows` ranks the second.
fn held_out(rows: &[Vec<f64>], labels: &[f64]) -> f64 {
    let half = rows.len() / 2;
    let weights = fit(&rows[..half], &labels[..half]);
    let score = |row: &Vec<f64>| row.iter().zip(&weights).map(|(a, b)| a * b).sum();
    let scores = rows[half..]
        .iter()
        .map(score)
        .zip(labels[half..].iter().copied());
    auc(&scores.collect::<Vec<_>>())
}

/// The largest AUC that chance gives with a third of `rooms` in one class: 0.5 and two and a half
/// standard deviations, √((n + 1) / (12 · n/3 · 2n/3)) each (Mann and Whitney, 1947).
fn chance_at_most(rooms: f64) -> f64 {
    0.5 + 2.5 * ((rooms + 1.0) / (12.0 * rooms * rooms * 2.0 / 9.0)).sqrt()
}

#[test]
fn a_room_without_its_person_does_not_tell_who_was_to_be_there() {
    let rooms: Vec<Room> = (0..2 * ROOMS).map(|i| Room::from_seed(7_000 + i)).collect();
    let rows: Vec<Vec<f64>> = rooms.iter().map(features).collect();
    let most = chance_at_most(ROOMS as f64);
    // In bed, standing and nobody in turn, as whoever writes a series would: neighbouring seeds
    // and equal rests must not give rooms that are alike.
    for (name, turn) in [("in bed", 0), ("standing", 1), ("nobody", 2)] {
        let label = |i: u64| if i % 3 == turn { 1.0 } else { -1.0 };
        let labels: Vec<f64> = (0..2 * ROOMS).map(label).collect();
        let found = held_out(&rows, &labels);
        assert!(
            found < most,
            "{name}: the rooms alone tell, AUC {found:.3} above {most:.3}"
        );
    }
}

#[test]
fn how_far_a_room_is_from_its_redraw_does_not_tell_who_was_to_be_there() {
    // Fewer rooms, for two pictures are rendered of each: finds gross leaks only.
    let rooms: u64 = 30;
    let apart = |i: u64| -> Vec<f64> {
        let room = Room::from_seed(11_000 + i);
        let (now, other) = (logs(&room), logs(&room.redrawn(i)));
        by_cell(&Vec::from_iter(
            now.iter().zip(&other).map(|(a, b)| (a - b).abs()),
        ))
    };
    let rows: Vec<Vec<f64>> = (0..2 * rooms).map(apart).collect();
    let most = chance_at_most(rooms as f64);
    for turn in 0..3 {
        let label = |i: u64| if i % 3 == turn { 1.0 } else { -1.0 };
        let labels: Vec<f64> = (0..2 * rooms).map(label).collect();
        let found = held_out(&rows, &labels);
        assert!(
            found < most,
            "turn {turn}: the re-draw tells, AUC {found:.3} above {most:.3}"
        );
        // As if the reference of one class were its twin: the same picture, nothing apart.
        let twins: Vec<Vec<f64>> = rows
            .iter()
            .zip(&labels)
            .map(|(row, label)| row.iter().map(|v| v * label.max(0.0)).collect())
            .collect();
        let found = held_out(&twins, &labels);
        assert!(found > 0.99, "a blind probe: AUC {found:.3}");
    }
}

#[test]
fn the_probe_finds_a_leak_where_there_is_one() {
    // As if one class were always seen from the ceiling and the other never.
    let rooms: Vec<Room> = (0..2 * ROOMS).map(|i| Room::from_seed(9_000 + i)).collect();
    let above = |room: &Room| {
        if room.view() == View::Overhead {
            1.0
        } else {
            -1.0
        }
    };
    let labels: Vec<f64> = rooms.iter().map(above).collect();
    let rows: Vec<Vec<f64>> = rooms.iter().map(features).collect();
    let found = held_out(&rows, &labels);
    assert!(
        found > chance_at_most(ROOMS as f64),
        "a blind probe: AUC {found:.3}"
    );
}
