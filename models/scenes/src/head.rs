//! A head: skull, jaw, nose, ears and neck, and the darker places that make it a face.
//!
//! Deliberately no expression and always closed eyes: sockets, brows, nose and mouth are what is
//! left of a face at the size of a hand in the picture. Lengths are metres of a middling head.

use crate::figure::{Face, Figure};
use crate::flesh::{Member, Part, Tissue};
use crate::hair::Skull;
use crate::noise::step;
use crate::vector::V3;

/// From the middle of the head to its lowest point when it lies, on the back or on a side.
pub(crate) const HEAD_RADIUS: f32 = 0.09;

/// The parts of a head on a neck that begins at `neck`.
pub(crate) fn head(figure: &Figure, skull: &Skull, neck: V3) -> Vec<Part> {
    let size = skull.size;
    let part = |tissue, from: (V3, f32), to: (V3, f32)| {
        Part::new(
            Member::Head,
            tissue,
            (from.0, from.1 * size),
            (to.0, to.1 * size),
        )
    };
    let throat = 0.052 * figure.girth.sqrt() * figure.shoulders;
    let mut parts = vec![
        // Skull, face and jaw.
        part(
            Tissue::Face,
            (skull.at(-0.03, 0.03, 0.0), 0.074),
            (skull.at(0.022, 0.03, 0.0), 0.072),
        ),
        part(
            Tissue::Face,
            (skull.at(0.03, 0.0, 0.0), 0.063),
            (skull.at(0.05, -0.078, 0.0), 0.038),
        ),
        // The ridge over the eyes, and the nose.
        part(
            Tissue::Face,
            (skull.at(0.08, 0.032, 0.032), 0.016),
            (skull.at(0.08, 0.032, -0.032), 0.016),
        ),
        part(
            Tissue::Face,
            (skull.at(0.088, 0.012, 0.0), 0.009),
            (skull.at(0.112, -0.034, 0.0), 0.014),
        ),
        part(
            Tissue::Skin,
            (neck, throat / size * 1.1),
            (skull.at(-0.012, -0.045, 0.0), throat / size),
        ),
    ];
    let across = skull.face.cross(skull.crown);
    for aside in [1.0, -1.0] {
        let cheek = skull.at(0.056, -0.03, aside * 0.036);
        parts.push(part(
            Tissue::Face,
            (cheek, 0.03),
            (skull.at(0.05, -0.06, aside * 0.03), 0.026),
        ));
        let ear = part(
            Tissue::Skin,
            (skull.at(-0.006, 0.012, aside * 0.077), 0.02),
            (skull.at(0.0, -0.022, aside * 0.073), 0.013),
        );
        parts.push(ear.pressed(across, 2.2));
    }
    parts
}

/// Share of light the head's skin gives back at `off` from the skull's middle.
pub(crate) fn skin_tone(figure: &Figure, skull: &Skull, off: V3) -> f32 {
    let off = off * (1.0 / skull.size);
    let (front, up) = (off.dot(skull.face), off.dot(skull.crown));
    let across = off.dot(skull.face.cross(skull.crown)).abs();
    let Face {
        sockets,
        brows,
        beard,
        glasses,
        mouth,
    } = figure.face;
    // Brows and beard are as dark as the hair, seen through.
    let hair = (figure.hair.albedo / figure.skin).min(1.25);
    let spot = |du: f32, dv: f32, wide: f32, high: f32| {
        let far = (((across - du) / wide).powi(2) + ((up - dv) / high).powi(2)).sqrt();
        1.0 - step(0.5, 1.3, far)
    };
    let mut tone = 1.0;
    if front > 0.0 {
        let jaw = step(-0.028, -0.05, up) * step(-0.01, 0.02, front);
        let lips = spot(0.0, -0.066, 0.026, 0.012);
        tone += (hair - 1.0) * beard * (jaw * (1.0 - lips)).max(spot(0.0, -0.052, 0.03, 0.008));
    }
    if front < 0.03 {
        return figure.skin * tone;
    }
    tone *= 1.0 - (0.2 + 0.3 * sockets) * spot(0.032, 0.01, 0.024, 0.017);
    tone *= 1.0 - 0.45 * spot(0.032, 0.004, 0.018, 0.006);
    tone *= 1.0 + (hair.min(0.8) - 1.0) * brows * spot(0.034, 0.034, 0.024, 0.008);
    tone *= 1.0 - 0.25 * spot(0.022, -0.022, 0.01, 0.024);
    tone *= 1.0 - 0.4 * spot(0.009, -0.045, 0.009, 0.006);
    tone *= 1.0 - (0.4 + 0.3 * mouth) * spot(0.0, -0.066, 0.024, 0.005 + 0.009 * mouth);
    tone *= 1.0 - 0.15 * spot(0.0, -0.083, 0.02, 0.006);
    if glasses > 0.0 {
        let far = (((across - 0.033) / 0.026).powi(2) + ((up - 0.006) / 0.021).powi(2)).sqrt();
        let rim = 1.0 - step(0.1, 0.25, (far - 1.0).abs());
        tone *= 1.0 - glasses * rim.max(spot(0.0, 0.012, 0.01, 0.004));
    }
    figure.skin * tone
}
