//! Which message an event of Nattsyn is. One table; `docs/reference/scaip.md` shows it to people.
//!
//! It is a proposal of ours and must be agreed with the receiver. Nothing in it has room for a
//! name, a diagnosis or a picture: who it is about is two pseudonyms, what it is about are codes
//! and our own fixed words, and a cause is a word of letters and underscores.
//! When an event is sent is the caller's to decide.

use crate::message::{
    ControllerId, DeviceId, DeviceType, Field as _, HeartbeatOption, InfoText, LocationCode,
    MessageType, Priority, Reference, Request, StatusCode, Version,
};

/// Something that an alarm receiver is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The person is not visible where they sleep, after every look of the check.
    NotVisible,
    /// The looks were unclear and nobody could settle it in time.
    Unclear,
    /// Somebody is to go there, as was planned.
    VisitPlanned,
    /// The check cannot be made: a fault of unit or hub.
    CheckImpossible(Cause),
    /// The unit lost its mains.
    MainsLost,
    /// The unit has its mains back.
    MainsBack,
    /// The unit is not heard any more; the hub says so for it.
    LinkLost,
    /// The unit is heard again; the hub says so for it.
    LinkBack,
    /// The lens was covered or the privacy switch used.
    PrivacySwitch,
    /// The unit was moved or opened.
    Moved,
    /// Somebody was there.
    VisitDone,
    /// The hub works, and whether the receiver may say how often it wants to hear that.
    Heartbeat(HeartbeatOption),
    /// A test of the whole way, at the beginning of a shift.
    TestAlarm,
}

/// Why a check cannot be made, as a word: letters a to z, digits and underscores.
///
/// The alphabet is this narrow so that no sentence and no name fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause(String);

/// No word for a cause.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a cause has 1 to {} letters a to z, digits and underscores",
    Cause::MAX
)]
pub struct CauseError;

impl Cause {
    /// Most characters: half of what `ite` holds, and longer than any word of ours.
    pub const MAX: usize = 64;

    /// Takes a word such as `lens_covered`.
    ///
    /// # Errors
    ///
    /// It is empty, too long, or no such word.
    pub fn new(word: &str) -> Result<Self, CauseError> {
        let allowed =
            |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'_';
        if word.is_empty() || word.len() > Self::MAX || !word.as_bytes().iter().all(allowed) {
            return Err(CauseError);
        }
        Ok(Self(word.to_owned()))
    }
}

/// Who an event is about, in pseudonyms that the receiver alone resolves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The home, or the hub itself for heartbeats and test alarms.
    pub controller: ControllerId,
    /// Which resident or unit in that home, where there are several.
    pub device: Option<DeviceId>,
}

/// One row of the table.
struct Row {
    kind: MessageType,
    device_type: DeviceType,
    status: StatusCode,
    place: Option<LocationCode>,
    info: Option<InfoText>,
}

/// The message that an event is.
///
/// A message that is sent again keeps its reference.
#[must_use]
pub fn request(event: &Event, subject: &Subject, reference: Reference) -> Request {
    let row = row(event);
    let heartbeat = match event {
        Event::Heartbeat(option) => Some(*option),
        Event::NotVisible
        | Event::Unclear
        | Event::VisitPlanned
        | Event::CheckImpossible(_)
        | Event::MainsLost
        | Event::MainsBack
        | Event::LinkLost
        | Event::LinkBack
        | Event::PrivacySwitch
        | Event::Moved
        | Event::VisitDone
        | Event::TestAlarm => None,
    };
    Request {
        version: Some(Version::FIRST),
        kind: Some(row.kind),
        heartbeat,
        device: subject.device.clone(),
        status: Some(row.status),
        priority: Some(Priority::DEFAULT),
        location: row.place,
        info_text: row.info,
        ..Request::new(reference, subject.controller.clone(), row.device_type)
    }
}

fn row(event: &Event) -> Row {
    use DeviceType as D;
    use MessageType as M;
    use StatusCode as S;
    match event {
        Event::NotVisible => Row::new(M::Message, D::OCCUPANCY_DETECTOR, S::ABSENT)
            .in_bedroom()
            .saying("tillsyn: ej synlig"),
        Event::Unclear => Row::new(M::Message, D::OCCUPANCY_DETECTOR, S::ALERT)
            .in_bedroom()
            .saying("tillsyn: oklart"),
        Event::VisitPlanned => Row::new(M::Message, D::OCCUPANCY_DETECTOR, S::ALERT)
            .in_bedroom()
            .saying("tillsyn: besök"),
        Event::CheckImpossible(Cause(cause)) => Row::new(M::Message, D::SYSTEM_MONITOR, S::FAILURE)
            .in_bedroom()
            .saying(cause),
        Event::MainsLost => Row::new(M::Message, D::POWER_SUPPLY, S::POWER_FAILURE).in_bedroom(),
        Event::MainsBack => Row::new(M::Reset, D::POWER_SUPPLY, S::POWER_RESTORED).in_bedroom(),
        Event::LinkLost => {
            let status = S::MOBILE_NETWORK_FAILURE;
            Row::new(M::Message, D::COMMUNICATION_LINK_MONITOR, status)
        }
        Event::LinkBack => {
            let status = S::MOBILE_NETWORK_BACK;
            Row::new(M::Reset, D::COMMUNICATION_LINK_MONITOR, status)
        }
        Event::PrivacySwitch => {
            let status = S::PRIVACY_SWITCH_OPERATED;
            Row::new(M::Information, D::MONITORING_DEVICE, status).in_bedroom()
        }
        Event::Moved => Row::new(M::Message, D::TAMPER, S::TAMPER_ALARM).in_bedroom(),
        Event::VisitDone => {
            let status = S::INTERVENTION_COMPLETE;
            Row::new(M::Reset, D::OCCUPANCY_DETECTOR, status).in_bedroom()
        }
        Event::Heartbeat(_) => Row::new(M::Heartbeat, D::CONTROLLER, S::NORMAL_STATE),
        Event::TestAlarm => Row::new(M::Message, D::SYSTEM_MONITOR, S::TEST_TRANSMISSION)
            .saying("tillsyn: provlarm"),
    }
}

impl Row {
    fn new(kind: MessageType, device_type: DeviceType, status: StatusCode) -> Self {
        Self {
            kind,
            device_type,
            status,
            place: None,
            info: None,
        }
    }

    fn in_bedroom(mut self) -> Self {
        self.place = Some(LocationCode::BEDROOM);
        self
    }

    fn saying(mut self, words: &str) -> Self {
        let words = InfoText::parse(words);
        self.info = Some(words.expect("our words and a cause are printable and fit"));
        self
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::message::Root;

    fn subject() -> Subject {
        Subject {
            controller: ControllerId::parse("00012345").unwrap(),
            device: Some(DeviceId::parse("1").unwrap()),
        }
    }

    fn reference() -> Reference {
        Reference::parse("8f2c01ab34de5670").unwrap()
    }

    /// Every event with `mty dty stc lco ite` as the table has them.
    fn table() -> Vec<(Event, &'static str)> {
        let covered = Cause::new("lens_covered").unwrap();
        vec![
            (Event::NotVisible, "ME 0018 0003 012 tillsyn: ej synlig"),
            (Event::Unclear, "ME 0018 0011 012 tillsyn: oklart"),
            (Event::VisitPlanned, "ME 0018 0011 012 tillsyn: besök"),
            (
                Event::CheckImpossible(covered),
                "ME 0031 0042 012 lens_covered",
            ),
            (Event::MainsLost, "ME 0041 0085 012 -"),
            (Event::MainsBack, "RE 0041 0086 012 -"),
            (Event::LinkLost, "ME 0032 0024 - -"),
            (Event::LinkBack, "RE 0032 0113 - -"),
            (Event::PrivacySwitch, "IN 0049 0089 012 -"),
            (Event::Moved, "ME 0038 0125 012 -"),
            (Event::VisitDone, "RE 0018 0111 012 -"),
            (
                Event::Heartbeat(HeartbeatOption::Unadjustable),
                "PI 0045 0070 - -",
            ),
            (Event::TestAlarm, "ME 0031 0102 - tillsyn: provlarm"),
        ]
    }

    fn shown(request: &Request) -> String {
        let text = |value: Option<String>| value.unwrap_or_else(|| "-".to_owned());
        [
            text(request.kind.map(|kind| kind.text().into_owned())),
            request.device_type.text().into_owned(),
            text(request.status.map(|status| status.text().into_owned())),
            text(request.location.map(|place| place.text().into_owned())),
            text(
                request
                    .info_text
                    .as_ref()
                    .map(|info| info.text().into_owned()),
            ),
        ]
        .join(" ")
    }

    #[test]
    fn every_event_is_the_message_of_its_row() {
        for (event, row) in table() {
            assert_eq!(
                shown(&request(&event, &subject(), reference())),
                row,
                "{event:?}"
            );
        }
    }

    #[test]
    fn the_reference_page_shows_the_same_table() {
        let page = include_str!("../../docs/reference/scaip.md");
        for (_, row) in table() {
            let cells = row.splitn(5, ' ').map(|cell| match cell {
                "-" => " |".to_owned(),
                "lens_covered" => " the cause |".to_owned(),
                cell => format!(" `{cell}` |"),
            });
            let line = format!("|{}\n", cells.collect::<String>());
            assert!(page.contains(&line), "no row ends with {line}");
        }
    }

    #[test]
    fn only_a_heartbeat_says_how_often_it_may_be_asked_for() {
        for (event, _) in table() {
            let request = request(&event, &subject(), reference());
            let heartbeat = matches!(event, Event::Heartbeat(_));
            assert_eq!(request.heartbeat.is_some(), heartbeat, "{event:?}");
            assert_eq!(request.kind == Some(MessageType::Heartbeat), heartbeat);
        }
    }

    #[test]
    fn no_sentence_and_no_name_is_a_cause() {
        for refused in [
            "",
            "Lens",
            "lens covered",
            "hjärta",
            "a-b",
            "a.b",
            &"a".repeat(65),
        ] {
            assert_eq!(Cause::new(refused), Err(CauseError), "{refused}");
        }
    }

    #[test]
    fn a_message_holds_nothing_that_was_not_agreed() {
        for (event, _) in table() {
            let request = request(&event, &subject(), reference());
            let free = [
                request.device_text.is_some(),
                request.status_text.is_some(),
                request.location_text.is_some(),
                request.caller.is_some(),
            ];
            assert!(!free.contains(&true), "{event:?}");
        }
    }

    proptest! {
        #[test]
        fn any_cause_fits(word in "[a-z0-9_]{1,64}") {
            let event = Event::CheckImpossible(Cause::new(&word).unwrap());
            let sent = request(&event, &subject(), reference());
            let read = Request::from_xml(sent.to_xml(Root::Mrq).as_bytes());
            prop_assert_eq!(read, Ok(sent));
        }
    }
}
