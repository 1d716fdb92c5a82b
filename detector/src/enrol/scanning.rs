//! Reads a code off what the unit's own camera sees: a phone that somebody holds before it, or a
//! print. This is before the unit is enrolled, when no eye runs and nothing has been promised to
//! anybody; no frame is kept, and nothing but a code is read.

use nattsyn_models::Frame;
use nattsyn_protocol::enrolment::Code;

/// What a frame holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scanned {
    /// A code of ours.
    Code(Box<Code>),
    /// A QR code of something else.
    Another,
    /// Nothing that can be read.
    Nothing,
}

/// Looks for a code in a frame.
#[must_use]
pub fn scan(frame: &Frame) -> Scanned {
    let (width, height) = (frame.width() as usize, frame.height() as usize);
    let luma = frame.luma();
    let level = |x: usize, y: usize| luma.get(y * width + x).copied().unwrap_or_default();
    let mut picture = rqrr::PreparedImage::prepare_from_greyscale(width, height, level);
    let mut found = Scanned::Nothing;
    for grid in picture.detect_grids() {
        let Ok((_, text)) = grid.decode() else {
            continue;
        };
        match text.parse() {
            Ok(code) => return Scanned::Code(Box::new(code)),
            Err(_another) => found = Scanned::Another,
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use nattsyn_protocol::demonstration;
    use nattsyn_protocol::enrolment::Token;
    use qrcode::QrCode;

    use super::*;

    fn code() -> Code {
        Code {
            host: "natt.kommunen.se".to_owned(),
            port: 8884,
            root: demonstration::root(),
            token: Token::from_random([7; 16]),
        }
    }

    /// A code as a camera of 640 by 480 sees it: so many pixels a module, from there on, dark and
    /// light as given, with noise, and turned by a shear.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a drawing: places are within it, levels are clamped"
    )]
    fn seen(text: &str, scale: f32, (dark, light): (f32, f32), shear: f32) -> Frame {
        let drawn = QrCode::new(text).unwrap();
        let modules = drawn.to_colors();
        let side = drawn.width();
        let mut noise = 12_345_u32;
        let mut luma = Vec::new();
        for y in 0..480_u16 {
            for x in 0..640_u16 {
                let (x, y) = (f32::from(x), f32::from(y));
                let column = (x - 120.0 - shear * (y - 240.0)) / scale;
                let row = (y - 60.0 - shear * (x - 320.0)) / scale;
                let within = |at: f32| (0.0..side as f32).contains(&at);
                let margin = |at: f32| (-4.0..side as f32 + 4.0).contains(&at);
                let level = if within(column) && within(row) {
                    match modules[row as usize * side + column as usize] {
                        qrcode::Color::Dark => dark,
                        qrcode::Color::Light => light,
                    }
                } else if margin(column) && margin(row) {
                    light
                } else {
                    (dark + light) / 2.0
                };
                noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let jitter = f32::from((noise >> 24) as u8) / 255.0 * 12.0 - 6.0;
                luma.push((level + jitter).clamp(0.0, 255.0) as u8);
            }
        }
        Frame::from_luma8(640, 480, luma).unwrap()
    }

    #[test]
    fn a_code_is_read_off_a_phone_near_and_far_bright_and_dim_and_not_quite_straight() {
        let text = code().to_string();
        for (scale, levels, shear) in [
            (8.0, (10.0, 240.0), 0.0),
            (4.0, (10.0, 240.0), 0.0),
            (3.0, (40.0, 200.0), 0.05),
            (5.0, (60.0, 120.0), 0.08),
        ] {
            let found = scan(&seen(&text, scale, levels, shear));
            assert_eq!(
                found,
                Scanned::Code(Box::new(code())),
                "{scale} {levels:?} {shear}"
            );
        }
    }

    #[test]
    fn another_code_is_not_taken_and_a_room_is_nothing() {
        let other = seen("https://example.se/", 6.0, (10.0, 240.0), 0.0);
        assert_eq!(scan(&other), Scanned::Another);
        let torn = code().to_string().replace("nattsyn1", "nattsyn9");
        assert_eq!(
            scan(&seen(&torn, 6.0, (10.0, 240.0), 0.0)),
            Scanned::Another
        );
        let dark = Frame::from_luma8(640, 480, vec![3; 640 * 480]).unwrap();
        assert_eq!(scan(&dark), Scanned::Nothing);
    }
}
