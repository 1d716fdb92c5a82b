//! MQTT topics: one subtree a unit, `n1/<unit>/<channel>`, at most 24 bytes.
//!
//! The broker lets a unit write only its own upward channels and read only its own downward
//! ones; the hub checks again, because a broker can be configured wrongly.

use std::fmt;

use crate::ids::UnitId;

/// Longest topic in bytes (budget of the design, §10).
pub const TOPIC_MAX: usize = 24;

/// What the hub listens to.
pub const HUB_FILTER: &str = "n1/+/up/+";

/// What a message on a topic is, and whether it goes up to the hub or down to a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Channel {
    /// [`crate::heartbeat::Heartbeat`], QoS 0.
    Heartbeat,
    /// [`crate::hello::Hello`], QoS 1.
    Hello,
    /// A signed [`crate::report::Report`], QoS 1.
    Report,
    /// [`crate::report::Notice`], QoS 1.
    Notice,
    /// [`crate::hello::PlanMessage`], QoS 1.
    Plan,
    /// [`crate::hello::Ack`], QoS 1.
    Ack,
    /// [`crate::policy::PolicyMessage`], QoS 1.
    Policy,
    /// [`crate::live::LiveDown`], QoS 1; credit QoS 0.
    LiveDown,
    /// [`crate::live::LiveUp`], QoS 1.
    LiveUp,
    /// A sealed frame of [`crate::live::FRAME_BYTES`], QoS 0: never JSON, never kept.
    Frame,
    /// [`crate::thresholds::ThresholdsMessage`], QoS 1.
    Thresholds,
    /// Signed [`crate::thresholds::NightCounts`], QoS 1.
    Counts,
    /// [`crate::commission::CommissionDown`], QoS 1.
    CommissionDown,
    /// [`crate::commission::CommissionUp`], QoS 1.
    CommissionUp,
    /// [`crate::labels::LabelMessage`], QoS 1.
    Label,
}

impl Channel {
    /// Every channel.
    pub const ALL: [Self; 15] = [
        Self::Heartbeat,
        Self::Hello,
        Self::Report,
        Self::Notice,
        Self::Plan,
        Self::Ack,
        Self::Policy,
        Self::LiveDown,
        Self::LiveUp,
        Self::Frame,
        Self::Thresholds,
        Self::Counts,
        Self::CommissionDown,
        Self::CommissionUp,
        Self::Label,
    ];

    fn path(self) -> &'static str {
        match self {
            Self::Heartbeat => "up/b",
            Self::Hello => "up/h",
            Self::Report => "up/r",
            Self::Notice => "up/n",
            Self::Plan => "dn/p",
            Self::Ack => "dn/a",
            Self::Policy => "dn/o",
            Self::LiveDown => "dn/l",
            Self::LiveUp => "up/l",
            Self::Frame => "up/f",
            Self::Thresholds => "dn/t",
            Self::Counts => "up/c",
            Self::CommissionDown => "dn/k",
            Self::CommissionUp => "up/k",
            Self::Label => "dn/e",
        }
    }
}

/// One unit's channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Topic {
    /// Whose.
    pub unit: UnitId,
    /// Which.
    pub channel: Channel,
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "n1/{}/{}", self.unit, self.channel.path())
    }
}

impl Topic {
    /// Reads a topic; `None` if it is none of ours.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (unit, path) = text.strip_prefix("n1/")?.split_once('/')?;
        let channel = Channel::ALL
            .into_iter()
            .find(|channel| channel.path() == path)?;
        Some(Self {
            unit: unit.parse().ok()?,
            channel,
        })
    }

    /// What a unit listens to: everything that goes down to it.
    #[must_use]
    pub fn down_filter(unit: UnitId) -> String {
        format!("n1/{unit}/dn/+")
    }

    /// Everything that a unit may write.
    #[must_use]
    pub fn up_filter(unit: UnitId) -> String {
        format!("n1/{unit}/up/+")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_topic_reads_back_and_is_short() {
        let unit = "u0000001".parse().unwrap();
        for channel in Channel::ALL {
            let topic = Topic { unit, channel };
            assert_eq!(Topic::parse(&topic.to_string()), Some(topic));
            assert!(topic.to_string().len() <= TOPIC_MAX);
        }
    }

    #[test]
    fn what_is_none_of_ours_is_refused() {
        for text in [
            "",
            "n1",
            "n1/u0000001",
            "n1/u0000001/up/x",
            "n2/u0000001/up/b",
            "n1/+/up/b",
        ] {
            assert_eq!(Topic::parse(text), None, "{text:?}");
        }
    }
}
