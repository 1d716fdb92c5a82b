//! What a look would cost on one core of a Raspberry Pi 4, estimated: nobody has measured it.
//!
//! Two ways that share nothing but the times measured here, so that one can contradict the
//! other. Neither is a measurement. A real Pi is also slowed by heat and by whatever else it
//! does, and both ways take it at its full clock.

/// Clock of a Pi 4 today, in GHz; the first ones ran at 1.5.
pub const CLOCK_GHZ: f64 = 1.8;

/// Multiplications and additions that a Cortex-A72 can do in one cycle, in single precision:
/// one vector of 128 bits.
pub const PER_CYCLE: f64 = 4.0;

/// What dense arithmetic reaches of that on one core: High-Performance Linpack, 5.82 GFlop/s of
/// 7.2 in double precision, on a Pi 4 at 1.8 GHz
/// (<https://github.com/OpenMathLib/OpenBLAS/issues/4149>).
pub const REACHED: f64 = 0.81;

/// Milliseconds of `FastestDet` on one core of a Pi 4 at 1.8 GHz in ncnn, 352 x 352 pixels: the
/// one detector that is both in ncnn's own published table (`benchmark/README.md` of
/// `Tencent/ncnn`) and among those measured here.
pub const FASTESTDET_MS: f64 = 52.6;

/// Frames of a look, and what they may take together (architecture, budgets).
pub const LOOK_FRAMES: f64 = 10.0;

/// Milliseconds on one core of a Pi 4, if the work takes the same share of the processor's
/// dense rate there as here.
///
/// `here_ms` is the work's time here, `dense_per_ms` what a dense convolution multiplies here
/// in a millisecond. Work that is bound by memory or by code without vectors loses less on the
/// smaller processor than this says; slower memory makes it lose more.
#[must_use]
pub fn by_dense_rate(here_ms: f64, dense_per_ms: f64) -> f64 {
    here_ms * dense_per_ms / dense_per_ms_on_pi()
}

/// Multiplications in a millisecond on one core of a Pi 4, in dense work.
#[must_use]
pub fn dense_per_ms_on_pi() -> f64 {
    CLOCK_GHZ * 1e6 * PER_CYCLE * REACHED
}

/// Milliseconds on one core of a Pi 4, if the work stands to `FastestDet` there as it does here.
///
/// `fastestdet_ms` is `FastestDet`'s time here in a runtime that treats depthwise convolutions
/// as well as ncnn does; `here_ms` may be of another runtime, whose slowness then counts.
#[must_use]
pub fn by_fastestdet(here_ms: f64, fastestdet_ms: f64) -> f64 {
    here_ms / fastestdet_ms * FASTESTDET_MS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_that_is_all_dense_takes_what_a_pi_needs_to_multiply_it() {
        // 58.32 million multiplications at 5.832 million a millisecond.
        assert!((by_dense_rate(2.0, 29.16e6) - 10.0).abs() < 1e-9);
    }

    #[test]
    fn the_known_detector_takes_its_known_time() {
        assert!((by_fastestdet(7.0, 7.0) - FASTESTDET_MS).abs() < 1e-9);
        assert!((by_fastestdet(14.0, 7.0) - 2.0 * FASTESTDET_MS).abs() < 1e-9);
    }
}
