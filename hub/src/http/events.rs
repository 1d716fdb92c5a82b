//! Server-sent events: tells an open page that something changed, and that the hub is there.
//!
//! An event carries no row and no name, only a number, the moment and its clock, and for each row
//! that nobody has a mark that says nothing of it; the page then fetches what it shows. A page that
//! stands still tells by the marks that there is a row which it has not shown. Two kinds:
//! `changed` (fetch again) and `beat` (nothing to fetch, the hub is well). A page that hears
//! neither for 15 s warns. So nothing in here may keep sending once the service behind it has
//! gone: the stream ends with the channel.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::response::sse::Event;
use futures_util::Stream;
use futures_util::stream;
use tokio::sync::watch;
use tokio::time::{Interval, MissedTickBehavior, Sleep, interval, sleep};

use crate::view::Tonight;

use super::page;
use super::texts::Lang;

/// How often an open page hears from the hub when nothing changes: three in the 15 s after
/// which the page warns.
pub(super) const BEAT: Duration = Duration::from_secs(5);

/// Shortest time between two `changed`: four a second are more than an eye follows, and a
/// demonstration changes far more often.
pub(super) const COALESCE: Duration = Duration::from_millis(250);

/// How long a browser waits before it connects again.
const RETRY: Duration = Duration::from_secs(1);

/// The events for one page, from now on; ends when nobody can send a [`Tonight`] any more.
///
/// The first is `changed`, at once: what the page shows may have aged while it connected.
pub(super) fn stream(
    tonight: watch::Receiver<Arc<Tonight>>,
    lang: Lang,
) -> impl Stream<Item = Result<Event, Infallible>> + Send + 'static {
    let listener = Listener {
        tonight,
        lang,
        revision: 0,
        pacing: None,
    };
    stream::unfold(listener, |mut listener| async {
        let event = listener.next().await?;
        Some((Ok(event), listener))
    })
}

/// What a page is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// Fetch again.
    Changed,
    /// Nothing to fetch; the hub is well.
    Beat,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Beat => "beat",
        }
    }
}

/// One page that listens.
struct Listener {
    tonight: watch::Receiver<Arc<Tonight>>,
    lang: Lang,
    /// `changed` events so far.
    revision: u64,
    /// What the next event waits for; `None` before the first.
    pacing: Option<Pacing>,
}

struct Pacing {
    beat: Interval,
    /// Over once another `changed` may be sent.
    rest: Pin<Box<Sleep>>,
}

impl Pacing {
    fn start() -> Self {
        let mut beat = interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        beat.reset();
        Self {
            beat,
            rest: Box::pin(sleep(COALESCE)),
        }
    }
}

impl Listener {
    /// The next event, when it is due; `None` once the channel is closed.
    async fn next(&mut self) -> Option<Event> {
        let kind = match &mut self.pacing {
            None => Kind::Changed,
            Some(Pacing { beat, rest }) => tokio::select! {
                // A beat cuts this short, and nothing is lost: the change is still unseen, and
                // the rest that was had counts.
                changed = async { rest.await; self.tonight.changed().await } => {
                    changed.ok()?;
                    Kind::Changed
                }
                _ = beat.tick() => Kind::Beat,
            },
        };
        self.tonight.has_changed().ok()?;
        let event = self.event(kind);
        if kind == Kind::Changed {
            self.pacing = Some(Pacing::start());
        }
        Some(event)
    }

    fn event(&mut self, kind: Kind) -> Event {
        let tonight = match kind {
            Kind::Changed => {
                self.revision += 1;
                self.tonight.borrow_and_update()
            }
            Kind::Beat => self.tonight.borrow(),
        };
        let body = serde_json::json!({
            "revision": self.revision,
            "now_ms": tonight.now.as_ms(),
            "clock": page::clock(&tonight, self.lang),
            "alarms": page::marks(&tonight),
        });
        Event::default()
            .event(kind.name())
            .retry(RETRY)
            .data(body.to_string())
    }
}
