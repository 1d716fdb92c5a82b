//! An eye that leaks, built only so that a test can catch it: never installed, never run.
//!
//! It is the sensor-only eye with a picture encoder and a cipher linked in, as somebody in a
//! hurry might add them "only for debugging". `tests/sensor_only.rs` inspects it as it does the
//! real one. What a leak would do with a picture is left out.

#![expect(clippy::expect_used, reason = "it is only linked")]
use std::path::Path;

use image::codecs::jpeg::JpegEncoder;
use nattsyn_detector::config::eye::EyeConfig;
use nattsyn_detector::eye;
use nattsyn_detector::pair_socket::PairEnd;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

fn main() {
    let config = EyeConfig::load(Path::new("eye.toml")).expect("never run");
    let pair = PairEnd::from_stdin(None).expect("never run");
    leak(&[0; 64]);
    eye::open(config, pair).expect("never run").run();
}

fn leak(frame: &[u8]) {
    let mut picture = Vec::new();
    JpegEncoder::new(&mut picture)
        .encode(frame, 8, 8, image::ExtendedColorType::L8)
        .expect("never run");
    let key = UnboundKey::new(&AES_256_GCM, &[0; 32]).expect("never run");
    LessSafeKey::new(key)
        .seal_in_place_append_tag(
            Nonce::assume_unique_for_key([0; 12]),
            Aad::empty(),
            &mut picture,
        )
        .expect("never run");
    std::hint::black_box(picture);
}
