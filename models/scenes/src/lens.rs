//! What can be wrong with a picture before it reaches the sensor.
//!
//! Deliberately only faults a unit must tell from an empty room; noise and exposure belong to
//! [`crate::Sensor`], and a frozen picture is one frame shown again.

use crate::dice::Dice;
use crate::picture::Radiance;
use crate::{HEIGHT, WIDTH};

/// What is wrong with the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lens {
    /// Nothing.
    Clear,
    /// Something hangs over the camera and throws the lamp's light back: a towel, tape, a cap.
    Covered,
    /// Far out of focus, as after a knock or with a film of grease.
    Defocused,
    /// Flooded with light.
    Saturated,
    /// The infrared lamp is dead and the room is dark.
    LampDead,
}

/// Puts `lens`'s fault on `radiance`; `dice` draws its look.
pub(crate) fn spoil(radiance: &mut Radiance, lens: Lens, dice: &mut Dice) {
    match lens {
        Lens::Clear => {}
        Lens::Covered => cover(&mut radiance.light, dice),
        // Beyond what any commissioning would pass: a blur of 6 to 14 pixels.
        Lens::Defocused => blur(&mut radiance.light, dice.between(6.0, 14.0)),
        Lens::Saturated => {
            // Brighter than the least gain of any sensor can hold.
            let flood = dice.between(30.0, 80.0);
            radiance
                .light
                .iter_mut()
                .for_each(|light| *light = *light * 500.0 + flood);
        }
        Lens::LampDead => {
            // A standby light or the moon behind a curtain: a ten-thousandth of the lamp.
            let rest = dice.between(0.0, 1e-4);
            radiance.light.iter_mut().for_each(|light| *light *= rest);
        }
    }
}

/// A cover close to lens and lamp: nearly even, brighter towards the lamp, no detail.
fn cover(light: &mut [f32], dice: &mut Dice) {
    let glow = if dice.chance(0.4) {
        dice.between(0.0, 0.004)
    } else {
        dice.between(0.02, 3.0)
    };
    let (x, y) = (dice.between(-0.3, 1.3), dice.between(-0.3, 1.3));
    let wide = dice.between(0.5, 1.6);
    for (i, light) in light.iter_mut().enumerate() {
        let (across, down) = (
            (i % WIDTH) as f32 / WIDTH as f32,
            (i / WIDTH) as f32 / HEIGHT as f32,
        );
        let far = ((across - x).powi(2) + (0.75 * (down - y)).powi(2)) / (wide * wide);
        // What leaks past the cover is too little and too near to be sharp.
        *light = glow * (0.35 + 0.65 * (-far).exp());
    }
}

/// A disc-like blur of about `radius` pixels: three box blurs in each direction.
pub(crate) fn blur(light: &mut [f32], radius: f32) {
    let reach = crate::rounding::index(radius * 0.6 + 0.5, WIDTH / 4).max(1);
    for _ in 0..3 {
        for row in light.chunks_exact_mut(WIDTH) {
            box_blur(row, reach);
        }
        let mut column = vec![0.0; HEIGHT];
        for x in 0..WIDTH {
            for (y, value) in column.iter_mut().enumerate() {
                *value = light[y * WIDTH + x];
            }
            box_blur(&mut column, reach);
            for (y, value) in column.iter().enumerate() {
                light[y * WIDTH + x] = *value;
            }
        }
    }
}

fn box_blur(line: &mut [f32], reach: usize) {
    let before = line.to_vec();
    let last = before.len() - 1;
    let at = |i: usize, off: usize| before[(i + off).saturating_sub(reach).min(last)];
    for (i, value) in line.iter_mut().enumerate() {
        let sum: f32 = (0..=2 * reach).map(|off| at(i, off)).sum();
        *value = sum / (2 * reach + 1) as f32;
    }
}
