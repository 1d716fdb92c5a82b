//! Trying again within one attempt: a bounded time, a growing pause, and chance in it so that many
//! hubs do not come back at once.
//!
//! What is refused for good is not tried again. Every try carries the notice's own key.

use std::future::Future;
use std::time::Duration;

use super::notifier::TellError;

/// How long and how often an attempt goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Longest that one try may take, connecting included.
    pub each: Duration,
    /// Longest that all tries may take with their pauses.
    pub whole: Duration,
    /// The first pause; each next is twice as long, and chance takes up to half of it away.
    pub pause: Duration,
}

impl Default for Patience {
    /// A try of 8 s and a whole of 24: with the first channel's order at most 70 s after a row's
    /// beginning, a second channel's first try ends before 90. Gateways answer in well under a
    /// second; a pause of one lets a restarting one come back.
    fn default() -> Self {
        Self {
            each: Duration::from_secs(8),
            whole: Duration::from_secs(24),
            pause: Duration::from_secs(1),
        }
    }
}

impl Patience {
    /// Tries until it succeeds, is refused, or time is out; then the last error.
    pub(super) async fn persevere<T, F, A>(self, mut attempt: A) -> Result<T, TellError>
    where
        A: FnMut() -> F,
        F: Future<Output = Result<T, TellError>>,
    {
        let mut last = TellError::TimedOut;
        let tries = async {
            let mut pause = self.pause;
            loop {
                let tried = tokio::time::timeout(self.each, attempt()).await;
                let error = match tried.unwrap_or(Err(TellError::TimedOut)) {
                    Ok(told) => return Ok(told),
                    Err(error) => error,
                };
                let Some(asked) = again_after(&error) else {
                    return Err(error);
                };
                last = error;
                tokio::time::sleep(asked.max(shortened(pause))).await;
                pause = pause.saturating_mul(2);
            }
        };
        match tokio::time::timeout(self.whole, tries).await {
            Ok(done) => done,
            Err(_elapsed) => Err(last),
        }
    }
}

/// How long to wait at least before trying again; nothing if that would not help.
fn again_after(error: &TellError) -> Option<Duration> {
    match error {
        TellError::Unreachable(_) | TellError::TimedOut | TellError::Garbled => {
            Some(Duration::ZERO)
        }
        TellError::Busy { again_after, .. } => Some(again_after.unwrap_or_default()),
        TellError::WrongAddress
        | TellError::Untrusted
        | TellError::Refused { .. }
        | TellError::Gone { .. }
        | TellError::Unmade => None,
    }
}

/// A pause, less up to half of it by chance.
fn shortened(pause: Duration) -> Duration {
    let mut byte = [0_u8];
    // Without random bytes hubs come back together, which is a nuisance and no more.
    if getrandom::fill(&mut byte).is_err() {
        return pause;
    }
    pause.saturating_sub(pause.mul_f64(f64::from(byte[0]) / 512.0))
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    const PATIENCE: Patience = Patience {
        each: Duration::from_secs(8),
        whole: Duration::from_secs(24),
        pause: Duration::from_secs(1),
    };

    fn busy(again_after: Option<u64>) -> TellError {
        TellError::Busy {
            code: 503,
            again_after: again_after.map(Duration::from_secs),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_busy_is_tried_again_and_what_is_refused_is_not() {
        let tries = Cell::new(0);
        let told = PATIENCE.persevere(async || {
            tries.set(tries.get() + 1);
            if tries.get() < 3 {
                Err(busy(None))
            } else {
                Ok(tries.get())
            }
        });
        assert_eq!(told.await.unwrap(), 3);
        tries.set(0);
        let refused = PATIENCE.persevere(async || {
            tries.set(tries.get() + 1);
            Err::<(), _>(TellError::Refused { code: 401 })
        });
        assert!(matches!(
            refused.await,
            Err(TellError::Refused { code: 401 })
        ));
        assert_eq!(tries.get(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn an_attempt_ends_in_time_whatever_the_other_end_does() {
        let clock = tokio::time::sleep(Duration::from_secs(25));
        let silent = PATIENCE.persevere(async || {
            std::future::pending::<()>().await;
            Ok(())
        });
        let told = tokio::select! { () = clock => None, told = silent => Some(told) };
        assert!(matches!(told, Some(Err(TellError::TimedOut))));

        let clock = tokio::time::sleep(Duration::from_secs(25));
        let later = PATIENCE.persevere(async || Err::<(), _>(busy(Some(3_600))));
        let told = tokio::select! { () = clock => None, told = later => Some(told) };
        assert!(matches!(told, Some(Err(TellError::Busy { code: 503, .. }))));
    }

    #[test]
    fn chance_takes_at_most_half_of_a_pause() {
        for _ in 0..100 {
            let pause = shortened(Duration::from_secs(8));
            assert!(pause > Duration::from_secs(4) && pause <= Duration::from_secs(8));
        }
    }
}
