//! Exposure and gain, set once when a camera is taken: by night the same in every look, so that
//! what automatic exposure makes of a dark room does not decide what is seen.

use std::io;

use v4l::Device;
use v4l::control::{Control, Description, Value};

/// `V4L2_CID_EXPOSURE_AUTO`; 1 is manual.
const EXPOSURE_AUTO: u32 = 0x009a_0901;

/// By which controls an exposure is set: in units of 100 µs (`V4L2_CID_EXPOSURE_ABSOLUTE`, USB), or
/// in lines of the sensor (`V4L2_CID_EXPOSURE`).
const EXPOSURE: [u32; 2] = [0x009a_0902, 0x0098_0911];

/// By which controls a gain is set: `V4L2_CID_ANALOGUE_GAIN` of a sensor, `V4L2_CID_GAIN`.
const GAIN: [u32; 2] = [0x009e_0903, 0x0098_0913];

/// What is to be set, in the driver's own units; what is `None` is left to the driver.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exposing {
    /// For how long a frame is exposed.
    pub exposure: Option<u32>,
    /// How much the sensor amplifies.
    pub gain: Option<u32>,
}

/// Sets what a camera lets us set. What it does not is said: the driver's own choice then holds.
pub(super) fn set(device: &Device, exposing: Exposing) {
    if exposing == Exposing::default() {
        return;
    }
    let known = device.query_controls().unwrap_or_default();
    if exposing.exposure.is_some() && offers(&known, EXPOSURE_AUTO) {
        say("manual exposure", write(device, EXPOSURE_AUTO, 1));
    }
    for (what, value, ids) in [
        ("exposure", exposing.exposure, EXPOSURE),
        ("gain", exposing.gain, GAIN),
    ] {
        let Some(value) = value else { continue };
        match ids.into_iter().find(|id| offers(&known, *id)) {
            Some(id) => say(what, write(device, id, value)),
            None => tracing::error!(what, "this camera does not let it be set"),
        }
    }
}

fn offers(known: &[Description], id: u32) -> bool {
    known.iter().any(|control| control.id == id)
}

fn write(device: &Device, id: u32, value: u32) -> io::Result<()> {
    device.set_control(Control {
        id,
        value: Value::Integer(value.into()),
    })
}

fn say(what: &'static str, done: io::Result<()>) {
    match done {
        Ok(()) => tracing::info!(what, "set on the camera"),
        Err(error) => tracing::error!(what, %error, "the camera does not take it"),
    }
}
