//! Whether the eye is there.
//!
//! Pings it and counts how long it has been silent, by uptime. Pure.

use std::time::Duration;

use nattsyn_protocol::heartbeat::EyeState;
use nattsyn_protocol::time::Uptime;

use crate::pair::{LastLook, ToEye};

/// How often the eye is asked: three times before it counts as down.
pub(super) const PING_EVERY: Duration = Duration::from_secs(20);

/// How long the eye may be silent. A look of thirty seconds and its judgement are not yet
/// silence; a dead eye is still known before the second look of a check.
pub(super) const SILENT_AFTER: Duration = Duration::from_secs(60);

/// What is heard of the eye.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hearing {
    /// Nothing since the voice started, a moment ago.
    NotYet,
    /// It answers.
    Answering,
    /// It does not.
    Silent,
}

/// Watches the eye.
#[derive(Debug)]
pub(super) struct EyeWatch {
    started: Uptime,
    heard: Option<Uptime>,
    last_look: LastLook,
    next_ping: Uptime,
    asked: Option<Uptime>,
}

impl EyeWatch {
    pub(super) fn new(now: Uptime) -> Self {
        Self {
            started: now,
            heard: None,
            last_look: LastLook::Fit,
            next_ping: now,
            asked: None,
        }
    }

    /// The eye said something, whatever it was.
    pub(super) fn handle_word(&mut self, now: Uptime) {
        self.heard = Some(now);
        self.asked = None;
    }

    pub(super) fn handle_alive(&mut self, last_look: LastLook) {
        self.last_look = last_look;
    }

    pub(super) fn handle_timeout(&mut self, now: Uptime) -> Option<ToEye> {
        if now < self.next_ping {
            return None;
        }
        self.next_ping = now.after(PING_EVERY);
        self.asked = self.asked.or(Some(now));
        Some(ToEye::Ping)
    }

    pub(super) fn next_timeout(&self) -> Uptime {
        self.next_ping
    }

    pub(super) fn hearing(&self, now: Uptime) -> Hearing {
        let silent = now.since(self.heard.unwrap_or(self.started)) > SILENT_AFTER;
        match (silent, self.heard) {
            (true, _) => Hearing::Silent,
            (false, None) => Hearing::NotYet,
            (false, Some(_)) => Hearing::Answering,
        }
    }

    /// What it says of itself, if it is answering.
    pub(super) fn state(&self) -> EyeState {
        match self.last_look {
            LastLook::Fit => EyeState::Ready,
            LastLook::Faulty => EyeState::Faulty,
            LastLook::Paused => EyeState::Paused,
        }
    }

    /// Whether an answer is on its way, as far as anybody can tell.
    pub(super) fn is_asking(&self, now: Uptime) -> bool {
        self.asked.is_some() && self.hearing(now) != Hearing::Silent
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Uptime {
        Uptime(Duration::from_secs(seconds))
    }

    #[test]
    fn an_eye_that_answers_nothing_for_a_minute_is_silent() {
        let mut watch = EyeWatch::new(at(100));
        assert_eq!(watch.handle_timeout(at(100)), Some(ToEye::Ping));
        assert_eq!(watch.hearing(at(100)), Hearing::NotYet);
        watch.handle_word(at(101));
        assert_eq!(watch.hearing(at(161)), Hearing::Answering);
        assert_eq!(watch.hearing(at(162)), Hearing::Silent);
        watch.handle_word(at(170));
        assert_eq!(watch.hearing(at(170)), Hearing::Answering);
    }

    #[test]
    fn an_eye_that_was_never_heard_is_silent_after_a_minute() {
        let watch = EyeWatch::new(at(100));
        assert_eq!(watch.hearing(at(160)), Hearing::NotYet);
        assert_eq!(watch.hearing(at(161)), Hearing::Silent);
    }

    #[test]
    fn it_asks_every_twenty_seconds_and_once_after_a_jump() {
        let mut watch = EyeWatch::new(at(0));
        let pings: Vec<u64> = (0..100)
            .filter(|&second| watch.handle_timeout(at(second)).is_some())
            .collect();
        assert_eq!(pings, [0, 20, 40, 60, 80]);
        assert!(watch.handle_timeout(at(1000)).is_some());
        assert!(watch.handle_timeout(at(1001)).is_none());
    }
}
