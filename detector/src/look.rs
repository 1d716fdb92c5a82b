//! The moments of one look: light on, settle, frames at even distances, light off.
//!
//! A small state machine. It says *when* to take a frame and when to stop, and knows nothing of
//! what a frame shows; whoever runs it owns camera and light. The camera works beside it and may
//! hang: [`CUT_OFF`] ends a look that is waiting for a camera just as one that is too slow.

use std::time::Duration;

use nattsyn_protocol::plan::LOOK_MAX;
use nattsyn_protocol::time::Uptime;

/// When a look that has not ended by itself is ended.
///
/// One second before what the residents were told ([`LOOK_MAX`], R1), so that the light is off
/// by then also on a machine that is slow to notice. The lamp's hardware cut-off comes later
/// still.
pub const CUT_OFF: Duration = Duration::from_secs(LOOK_MAX.as_secs() - 1);

/// Fewest frames of a look: below three, "most frames" means all or nothing.
pub const FRAMES_MIN: u32 = 3;
/// Most frames of a look: their computing must fit a look also on a slow machine.
pub const FRAMES_MAX: u32 = 30;
/// Longest settling and frames together: leaves a third of the look for a slow camera.
pub const PLANNED_MAX: Duration = Duration::from_secs(20);

/// How a look is spread over its seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pacing {
    frames: u32,
    over: Duration,
    settle: Duration,
}

/// Why a pacing is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PacingError {
    /// Too few or too many frames.
    #[error("{0} frames a look; from {FRAMES_MIN} to {FRAMES_MAX} are allowed")]
    Frames(u32),
    /// It would last too long.
    #[error("settling and frames take {} ms; at most {} ms are allowed",
        .0.as_millis(), PLANNED_MAX.as_millis())]
    TooLong(Duration),
}

impl Pacing {
    /// `frames` frames evenly over `over`, the first and the last at its ends, once the light
    /// has been on for `settle`.
    ///
    /// # Errors
    ///
    /// Too few or too many frames, or more time than a look may take.
    pub fn new(frames: u32, over: Duration, settle: Duration) -> Result<Self, PacingError> {
        if !(FRAMES_MIN..=FRAMES_MAX).contains(&frames) {
            return Err(PacingError::Frames(frames));
        }
        let planned = settle.saturating_add(over);
        if planned > PLANNED_MAX {
            return Err(PacingError::TooLong(planned));
        }
        Ok(Self {
            frames,
            over,
            settle,
        })
    }

    /// How many frames a look has.
    #[must_use]
    pub fn frames(&self) -> usize {
        self.frames as usize
    }

    /// Of how many fit frames one is shown to the network: of every two, where three remain when
    /// only just more than half of the frames are fit.
    ///
    /// The frames of a look are alike: ten judged conclude little else than five of them, and
    /// cost a Pi twice the computing (`cargo bench -p nattsyn-benches --bench look`). Whether a
    /// picture is dark, covered, frozen or noise is asked of every frame.
    #[must_use]
    pub fn judged_every(&self) -> usize {
        if self.frames >= 2 * FRAMES_MIN { 2 } else { 1 }
    }

    /// How long after the light each frame is due.
    fn due_after(&self, frame: u32) -> Duration {
        self.settle + self.over * frame / (self.frames - 1)
    }
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing, until [`Look::next_timeout`] or until the camera answers.
    Wait,
    /// Ask the camera for a frame.
    Capture(Rank),
    /// Switch the light off; the look is over.
    Conclude(Ending),
}

/// Which frame of its look a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rank {
    /// More are to come.
    Earlier,
    /// The last.
    Last,
}

/// How a look ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Every frame was asked for and answered.
    Whole,
    /// The camera answered, and there was no time left for the rest.
    TooSlow,
    /// The camera or the model was still at work and may never answer.
    Hung,
}

/// The look that is being made.
#[derive(Debug)]
pub struct Look {
    begun: Uptime,
    pacing: Pacing,
    taken: u32,
    camera: Camera,
}

/// What the camera is about, as far as the look knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Camera {
    /// Opening, or taking a frame.
    AtWork,
    /// Waiting to be asked.
    Idle,
}

impl Look {
    /// Begins at the moment at which the light went on and the camera was asked to open.
    #[must_use]
    pub fn begin(now: Uptime, pacing: Pacing) -> Self {
        Self {
            begun: now,
            pacing,
            taken: 0,
            camera: Camera::AtWork,
        }
    }

    /// Takes in that the camera is open.
    pub fn handle_opened(&mut self, now: Uptime) -> Step {
        self.camera = Camera::Idle;
        self.handle_timeout(now)
    }

    /// Takes in that the frame asked for has been dealt with, well or badly.
    pub fn handle_frame(&mut self, now: Uptime) -> Step {
        self.taken += 1;
        self.camera = Camera::Idle;
        self.handle_timeout(now)
    }

    /// Lets time pass. Returns each step once.
    pub fn handle_timeout(&mut self, now: Uptime) -> Step {
        if self.taken >= self.pacing.frames {
            return Step::Conclude(Ending::Whole);
        }
        if now >= self.begun.after(CUT_OFF) {
            return Step::Conclude(match self.camera {
                Camera::AtWork => Ending::Hung,
                Camera::Idle => Ending::TooSlow,
            });
        }
        match self.camera {
            Camera::Idle if now >= self.due() => {
                self.camera = Camera::AtWork;
                Step::Capture(match self.taken + 1 >= self.pacing.frames {
                    true => Rank::Last,
                    false => Rank::Earlier,
                })
            }
            Camera::Idle | Camera::AtWork => Step::Wait,
        }
    }

    /// When [`Look::handle_timeout`] has something to do, if the camera says nothing before.
    #[must_use]
    pub fn next_timeout(&self) -> Uptime {
        let cut_off = self.begun.after(CUT_OFF);
        match self.camera {
            Camera::Idle => self.due().min(cut_off),
            Camera::AtWork => cut_off,
        }
    }

    fn due(&self) -> Uptime {
        self.begun.after(self.pacing.due_after(self.taken))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> Uptime {
        Uptime(Duration::from_secs(1000) + Duration::from_millis(ms))
    }

    fn pacing() -> Pacing {
        let ms = Duration::from_millis;
        Pacing::new(4, ms(3000), ms(500)).unwrap()
    }

    /// Runs a look whose camera opens after `open_ms` and takes `frame_ms` a frame; renders
    /// every step as `ms:step`. `None` is a camera that hangs.
    fn run(open_ms: u64, frame_ms: Option<u64>) -> String {
        let mut look = Look::begin(at(0), pacing());
        let mut steps = Vec::new();
        let mut answer_due = Some(at(open_ms));
        let mut opened = false;
        loop {
            let wake = answer_due.map_or(look.next_timeout(), |due| due.min(look.next_timeout()));
            let step = if answer_due.is_some_and(|due| due <= wake) {
                answer_due = None;
                if std::mem::replace(&mut opened, true) {
                    look.handle_frame(wake)
                } else {
                    look.handle_opened(wake)
                }
            } else {
                look.handle_timeout(wake)
            };
            let ms = wake.since(at(0)).as_millis();
            match step {
                Step::Wait => {}
                Step::Capture(rank) => {
                    let name = match rank {
                        Rank::Earlier => "frame",
                        Rank::Last => "last",
                    };
                    steps.push(format!("{ms}:{name}"));
                    let took = |frame_ms| wake.after(Duration::from_millis(frame_ms));
                    answer_due = frame_ms.map(took);
                }
                Step::Conclude(ending) => {
                    steps.push(format!("{ms}:{ending:?}"));
                    return steps.join(" ");
                }
            }
        }
    }

    #[test]
    fn frames_are_spread_evenly_after_settling() {
        assert_eq!(
            run(100, Some(80)),
            "500:frame 1500:frame 2500:frame 3500:last 3580:Whole"
        );
    }

    #[test]
    fn a_slow_camera_makes_the_look_longer_not_shorter_of_frames() {
        assert_eq!(
            run(2000, Some(1200)),
            "2000:frame 3200:frame 4400:frame 5600:last 6800:Whole"
        );
    }

    #[test]
    fn a_look_is_never_longer_than_the_residents_were_told() {
        assert_eq!(run(60_000, Some(80)), "29000:Hung");
        assert_eq!(run(100, None), "500:frame 29000:Hung");
        assert_eq!(
            run(100, Some(10_000)),
            "500:frame 10500:frame 20500:frame 29000:Hung"
        );
        assert_eq!(run(29_000, Some(80)), "29000:TooSlow");
        assert!(CUT_OFF < LOOK_MAX);
    }

    #[test]
    fn a_pacing_that_cannot_be_kept_is_refused() {
        let s = Duration::from_secs;
        assert_eq!(Pacing::new(2, s(4), s(1)), Err(PacingError::Frames(2)));
        assert_eq!(Pacing::new(31, s(4), s(1)), Err(PacingError::Frames(31)));
        let refused = Pacing::new(10, s(20), s(1));
        assert_eq!(refused, Err(PacingError::TooLong(s(21))));
        assert_eq!(
            refused.unwrap_err().to_string(),
            "settling and frames take 21000 ms; at most 20000 ms are allowed"
        );
    }
}
