//! Who may write and read what: the whole table, pure.

use nattsyn_protocol::ids::UnitId;
use nattsyn_protocol::topics::{Channel, HUB_FILTER, Topic};

use crate::certificates::HUB_NAME;

/// The answer to "may I?".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Yes,
    No,
}

/// Whether somebody may write to a topic: a unit upward on its own, the hub downward on all.
pub(super) fn may_write(name: &str, topic: &str) -> Answer {
    let Some(topic) = Topic::parse(topic) else {
        return Answer::No;
    };
    let is_upward = match topic.channel {
        Channel::Heartbeat
        | Channel::Hello
        | Channel::Report
        | Channel::Notice
        | Channel::LiveUp
        | Channel::Counts
        | Channel::CommissionUp
        | Channel::Frame => true,
        Channel::Plan
        | Channel::Ack
        | Channel::Policy
        | Channel::LiveDown
        | Channel::CommissionDown
        | Channel::Label
        | Channel::Thresholds => false,
    };
    let may = if is_upward {
        name.parse() == Ok(topic.unit)
    } else {
        name == HUB_NAME
    };
    may.into()
}

/// Whether somebody may listen to a filter: a unit to what goes down to itself, the hub to what
/// comes up. Nothing else is needed, so nothing else is allowed.
pub(super) fn may_listen(name: &str, filter: &str) -> Answer {
    let may = name == HUB_NAME && filter == HUB_FILTER
        || name
            .parse::<UnitId>()
            .is_ok_and(|unit| filter == Topic::down_filter(unit));
    may.into()
}

/// Whether somebody may come in under a client id: under their own name alone.
pub(super) fn may_connect(name: &str, client_id: &str) -> Answer {
    let is_somebody = name == HUB_NAME || name.parse::<UnitId>().is_ok();
    (is_somebody && name == client_id).into()
}

impl From<bool> for Answer {
    fn from(may: bool) -> Self {
        if may { Self::Yes } else { Self::No }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: &str = "uaaaaaaa";

    #[test]
    fn a_unit_writes_only_upward_and_only_its_own() {
        for topic in ["n1/uaaaaaaa/up/b", "n1/uaaaaaaa/up/r"] {
            assert_eq!(may_write(A, topic), Answer::Yes, "{topic}");
        }
        for topic in [
            "n1/ubbbbbbb/up/b",
            "n1/uaaaaaaa/dn/a",
            "n1/uaaaaaaa/up/x",
            "n1/uaaaaaaa/up/b/c",
            "$SYS/up",
            "",
        ] {
            assert_eq!(may_write(A, topic), Answer::No, "{topic}");
        }
    }

    #[test]
    fn a_unit_listens_only_downward_and_only_to_its_own() {
        assert_eq!(may_listen(A, "n1/uaaaaaaa/dn/+"), Answer::Yes);
        for filter in [
            "n1/ubbbbbbb/dn/+",
            "n1/+/dn/+",
            "n1/uaaaaaaa/#",
            "#",
            "n1/+/up/+",
            "$share/g/n1/uaaaaaaa/dn/+",
        ] {
            assert_eq!(may_listen(A, filter), Answer::No, "{filter}");
        }
    }

    #[test]
    fn the_hub_hears_all_units_and_speaks_for_none() {
        assert_eq!(may_listen(HUB_NAME, HUB_FILTER), Answer::Yes);
        assert_eq!(may_write(HUB_NAME, "n1/uaaaaaaa/dn/p"), Answer::Yes);
        assert_eq!(may_write(HUB_NAME, "n1/uaaaaaaa/up/r"), Answer::No);
    }

    #[test]
    fn a_client_id_is_the_certificates_name_or_refused() {
        assert_eq!(may_connect(A, A), Answer::Yes);
        assert_eq!(may_connect(HUB_NAME, HUB_NAME), Answer::Yes);
        for (name, client) in [
            (A, "ubbbbbbb"),
            (A, HUB_NAME),
            ("", ""),
            ("server", "server"),
        ] {
            assert_eq!(may_connect(name, client), Answer::No, "{name} {client}");
        }
    }
}
