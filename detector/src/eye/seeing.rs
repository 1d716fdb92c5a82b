//! Camera and model on a thread of their own, so that neither can hold up the light.
//!
//! The thread does what it is ordered, one thing at a time, and says what came of it. A frame is
//! taken, judged or sealed, and overwritten within one order: no picture leaves the thread. A
//! panic costs one frame. Of a look only its sketch is kept, and only while a unit is tried out
//! ([`gathering`]). A driver that never returns cannot be stopped from here; the look's cut-off
//! notices it.

mod gathering;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use nattsyn_models::{Frame, Health, Model, SleepingPlace};
use nattsyn_protocol::commission::Try;
use nattsyn_protocol::finding::Fault;
use nattsyn_protocol::time::Timestamp;

use crate::camera::{FrameSource, Shot};
#[cfg(feature = "live-view")]
use crate::live::{SealedFrame, Turn};
use crate::look::Rank;
use crate::presence::{Fingerprint, Judged, Observation};
use crate::profile::{Profile, ProfileError};
use crate::relief::Relief;

use gathering::Gathering;
pub(crate) use gathering::{Beside, Whole};

/// Orders that may wait: after a try one to forget what was staged, one to close, one to hold a
/// profile or make one, and one to open for the look after it.
const ORDERS_MAX: usize = 4;

/// What the thread is told to do.
pub(crate) enum Order {
    /// Open the camera for a look at this moment, of which this is asked as a whole.
    Open(Timestamp, Beside),
    /// Take a frame and judge it.
    Frame(Arc<[SleepingPlace]>, Rank),
    /// Take a frame, and encode and seal it for a live view.
    #[cfg(feature = "live-view")]
    Seal(Turn),
    /// Close the camera, and keep the look's sketch as that of a try if one is named. Nothing is
    /// answered, unless the camera is lost.
    Close(Option<Try>),
    /// Overwrite what was kept of tries. Nothing is answered.
    Forget,
    /// Make a profile of what was kept of tries, with these sleeping places.
    Profile(Vec<SleepingPlace>),
    /// Compare looks with this profile from now on; with none, with nothing. Nothing is answered.
    Hold(Option<Box<Profile>>),
}

/// What came of an order.
pub(crate) enum Answer {
    /// The camera is open, or will give nothing.
    Opened(Result<(), Fault>),
    /// What a frame shows, or why there is none; with the last, what its look says as a whole.
    Frame(Result<Observation, Fault>, Whole),
    /// A frame that only one browser can open, or why there is none.
    #[cfg(feature = "live-view")]
    Sealed(Result<SealedFrame, Fault>),
    /// The profile, or why there is none.
    Profiled(Result<Box<Profile>, ProfileError>),
    /// Unasked, after closing: this camera will never open again in this process.
    Lost,
}

/// The thread's end of things.
struct Seeing {
    source: Box<dyn FrameSource>,
    model: Model,
    /// Of the fit frames of a look, the first of so many is shown to the network.
    every: usize,
    /// How many fit frames this look has had.
    fit: usize,
    /// The relief of this look's last frame.
    previous: Option<Relief>,
    gathering: Gathering,
}

/// Starts the thread. It ends when the orders do, or when `tell` says that nobody listens.
pub(crate) fn start<T>(
    source: Box<dyn FrameSource>,
    model: Model,
    every: usize,
    tell: T,
) -> SyncSender<Order>
where
    T: Fn(Answer) -> Result<(), ()> + Send + 'static,
{
    let (orders, ordered) = sync_channel(ORDERS_MAX);
    let seeing = Seeing {
        source,
        model,
        every: every.max(1),
        fit: 0,
        previous: None,
        gathering: Gathering::new(),
    };
    std::thread::spawn(move || seeing.run(&ordered, tell));
    orders
}

impl Seeing {
    fn run(mut self, orders: &Receiver<Order>, tell: impl Fn(Answer) -> Result<(), ()>) {
        for order in orders {
            let answer = match order {
                Order::Open(now, beside) => {
                    self.gathering.open(beside);
                    Answer::Opened(self.open(now))
                }
                Order::Frame(places, rank) => {
                    let frame = self.frame(&places);
                    Answer::Frame(frame, self.whole(rank))
                }
                Order::Profile(places) => {
                    let profile = self.gathering.profile(&places);
                    Answer::Profiled(profile.map(Box::new))
                }
                Order::Forget => {
                    self.gathering.forget();
                    continue;
                }
                Order::Hold(profile) => {
                    self.gathering.hold(profile);
                    continue;
                }
                #[cfg(feature = "live-view")]
                Order::Seal(turn) => Answer::Sealed(self.seal(turn)),
                Order::Close(keep) => {
                    self.gathering.close(keep);
                    self.close();
                    if !self.source.is_lost() {
                        continue;
                    }
                    Answer::Lost
                }
            };
            if tell(answer).is_err() {
                return;
            }
        }
    }

    fn open(&mut self, now: Timestamp) -> Result<(), Fault> {
        let opened = guarded(Fault::CameraDown, || self.source.open(now))?;
        opened.map_err(|error| {
            tracing::warn!(error = chain(&error), "camera does not open");
            Fault::CameraDown
        })
    }

    fn take(&mut self) -> Result<Shot, Fault> {
        let taken = guarded(Fault::CameraDown, || self.source.next_frame());
        match taken {
            Ok(Ok(shot)) => Ok(shot),
            Ok(Err(error)) => {
                tracing::warn!(error = chain(&error), "camera gives no frame");
                Err(Fault::CameraDown)
            }
            Err(fault) => {
                // Whatever state it was left in, nothing more comes of this look.
                self.close();
                Err(fault)
            }
        }
    }

    #[cfg(feature = "live-view")]
    fn seal(&mut self, turn: Turn) -> Result<SealedFrame, Fault> {
        let Shot { frame, .. } = self.take()?;
        let sealed = guarded(Fault::CameraDown, || turn.seal(&frame))?;
        sealed.map_err(|error| {
            tracing::warn!(error = chain(&error), "frame of a live view not sealed");
            Fault::CameraDown
        })
    }

    fn frame(&mut self, places: &[SleepingPlace]) -> Result<Observation, Fault> {
        let Shot { frame, sequence } = self.take()?;
        let judged = self.judge(&frame, places)?;
        if judged.is_none_or(|judged| judged.is_fit()) {
            guarded(Fault::ModelDown, || self.gathering.handle_frame(&frame))?;
        }
        let relief = Relief::of(&frame);
        let likeness = self.previous.as_ref().map(|before| relief.compare(before));
        self.previous = Some(relief);
        Ok(Observation {
            judged,
            fingerprint: Fingerprint::of(&frame),
            sequence,
            likeness,
        })
    }

    /// What the look says as a whole, with its last frame, whatever became of that. Where that
    /// cannot be worked out nothing is said, and what the frames say stands.
    fn whole(&self, rank: Rank) -> Whole {
        match rank {
            Rank::Earlier => Whole::Nothing,
            Rank::Last => {
                let whole = guarded(Fault::ModelDown, || self.gathering.whole());
                whole.unwrap_or(Whole::Nothing)
            }
        }
    }

    /// What a frame shows; nothing of a fit one whose turn it is not.
    fn judge(&mut self, frame: &Frame, places: &[SleepingPlace]) -> Result<Option<Judged>, Fault> {
        let judged = if self.fit.is_multiple_of(self.every) {
            Some(self.sight(frame, places)?)
        } else {
            match guarded(Fault::ModelDown, || self.model.health(frame))? {
                Health::Ok => None,
                unfit @ (Health::Dark | Health::Covered | Health::Blurred | Health::Saturated) => {
                    Some(Judged::unfit(unfit))
                }
            }
        };
        if judged.is_none_or(|judged| judged.is_fit()) {
            self.fit += 1;
        }
        Ok(judged)
    }

    fn sight(&mut self, frame: &Frame, places: &[SleepingPlace]) -> Result<Judged, Fault> {
        let sighting = guarded(Fault::ModelDown, || self.model.sight(frame, places))?;
        let sighting = sighting.map_err(|error| {
            tracing::warn!(error = chain(&error), "model does not answer");
            Fault::ModelDown
        })?;
        tracing::trace!(
            in_place = sighting.in_place,
            elsewhere = sighting.elsewhere,
            health = ?sighting.health,
            "frame"
        );
        let judged = Judged::of(&sighting, &self.model.manifest().thresholds);
        if judged.is_fit() {
            self.gathering.handle_sighting(&sighting);
        }
        Ok(judged)
    }

    fn close(&mut self) {
        self.previous = None;
        self.fit = 0;
        // A driver that fails at closing has still let go of the device; the panic is logged.
        guarded(Fault::CameraDown, || self.source.close()).ok();
    }
}

/// Runs what may panic, drivers and the model; a panic is the given fault.
fn guarded<T>(fault: Fault, work: impl FnOnce() -> T) -> Result<T, Fault> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|_payload| {
        tracing::error!(fault = fault.word(), "panic during a look");
        fault
    })
}

/// An error and its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::camera::gone::Gone;

    #[test]
    fn a_camera_that_is_lost_is_a_fault_of_its_look_and_then_said_to_be_lost() {
        let (answers, heard) = sync_channel(4);
        let tell = move |answer| answers.send(answer).map_err(drop);
        let orders = start(Box::new(Gone), Model::load().unwrap(), 1, tell);
        orders
            .send(Order::Open(Timestamp::from_ms(0).unwrap(), Beside::Nothing))
            .unwrap();
        let opened = heard.recv().unwrap();
        assert!(matches!(opened, Answer::Opened(Err(Fault::CameraDown))));
        orders.send(Order::Close(None)).unwrap();
        assert!(matches!(heard.recv().unwrap(), Answer::Lost));
    }
}
