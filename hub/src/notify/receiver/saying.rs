//! What an alarm receiver is told of a row, purely: which event it is, about whom, by which name.
//!
//! A row needs somebody, so it is always an alarm (`ME`), also when the reason is that the
//! resident switched the unit off: what receivers file as information, nobody may ever read. Who
//! it is about is the resident's pseudonym and the same pseudonym as a number; nothing of what the
//! hub knows besides is handed to this module. `docs/reference/scaip.md` shows the tables.

use std::fmt::{self, Write as _};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use nattsyn_protocol::finding::Fault;
use nattsyn_protocol::ids::ResidentId;
use nattsyn_scaip::mapping::{self, Event, Subject};
use nattsyn_scaip::message::{ControllerId, DeviceId, Field as _, Reference};

use crate::notify::chain::{Key, RowId};
use crate::notify::secret::{Secret, in_full};
use crate::private_file;
use crate::view::{Cause, Ending};
use crate::watch::Said;

/// How many digits a resident's number has: 36⁸ pseudonyms are fewer than 10¹³.
pub(super) const NUMBER_DIGITS: usize = 13;

/// What a row is, to a receiver.
pub(super) fn event(cause: Cause) -> Event {
    match cause {
        Cause::NotVisible => Event::NotVisible,
        // Whether the resident is at home is what is unclear; that somebody may be away is
        // nobody's to read on the way.
        Cause::Unclear(_) | Cause::AwayUnconfirmed => Event::Unclear,
        Cause::VisitPlanned | Cause::CalledOffByMistake => Event::VisitPlanned,
        Cause::Technical(Fault::Moved) => Event::Moved,
        Cause::Technical(fault) => impossible(fault.word()),
        Cause::NotCommissioned(_) => impossible("not_commissioned"),
        Cause::Silent => Event::LinkLost,
        Cause::Paused | Cause::NoReport | Cause::NoUnit | Cause::OtherPlan => {
            impossible(&cause.to_string())
        }
    }
}

/// What the end of a row is, to a receiver that was told of it; nothing if the published lists
/// have no word for such an end.
pub(super) fn farewell(cause: Cause, ending: Ending) -> Option<Event> {
    match (cause, ending) {
        (_, Ending::Said(Said::Visited)) => Some(Event::VisitDone),
        (Cause::Silent, Ending::HeardAgain) => Some(Event::LinkBack),
        (
            _,
            Ending::Said(Said::Spoke | Said::Seen | Said::Cancelled | Said::Died)
            | Ending::LaterVisible
            | Ending::LateReport
            | Ending::HeardAgain
            | Ending::CalledOff,
        ) => None,
    }
}

fn impossible(word: &str) -> Event {
    let cause = mapping::Cause::new(word);
    Event::CheckImpossible(cause.expect("words of causes and faults are small letters and _"))
}

/// Whom a row is about: the pseudonym as a number, and as it is.
pub(super) fn subject(resident: ResidentId) -> Subject {
    let pseudonym = resident.to_string();
    let number = pseudonym
        .bytes()
        .fold(0_u64, |number, byte| number * 36 + digit(byte));
    let controller = ControllerId::parse(&format!("{number:0NUMBER_DIGITS$}"));
    let device = DeviceId::parse(&pseudonym);
    Subject {
        controller: controller.expect("thirteen digits are at most sixteen"),
        device: Some(device.expect("a pseudonym has eight characters")),
    }
}

/// A pseudonym's character as a digit to the base 36, as everybody counts: 0 to 9, then a to z.
fn digit(byte: u8) -> u64 {
    let digit = char::from(byte).to_digit(36);
    u64::from(digit.expect("a pseudonym is made of a-z and 0-9"))
}

/// Who speaks when no resident is meant: the hub.
pub(super) fn hub(controller: &ControllerId) -> Subject {
    Subject {
        controller: controller.clone(),
        device: None,
    }
}

/// What one message is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Topic {
    /// That a row needs somebody.
    Row(RowId),
    /// That a row needs nobody any more.
    End(RowId),
    /// That the way works.
    Trial,
}

/// Names messages so that a repetition has the name of the first, also after a restart, and
/// nobody who knows only the time can guess it.
pub(super) struct Naming(Secret);

impl fmt::Debug for Naming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Naming(<redacted>)")
    }
}

impl Naming {
    /// Reads the secret, which is drawn if there is none.
    pub(super) fn open(path: &Path) -> Result<Self, String> {
        if !path.exists() {
            let mut bytes = [0_u8; 32];
            getrandom::fill(&mut bytes).map_err(|error| in_full(&error))?;
            let mut text = String::new();
            for byte in bytes {
                write!(text, "{byte:02x}").expect("a text takes more text");
            }
            let made = private_file::create(path, text.as_bytes());
            made.map_err(|error| in_full(&error))?;
        }
        Secret::read(path).map(Self)
    }

    /// The name of a message of an order.
    pub(super) fn reference(&self, key: Key, topic: Topic) -> Reference {
        let about = match topic {
            Topic::Row(row) => format!("row {}", row.0),
            Topic::End(row) => format!("end {}", row.0),
            Topic::Trial => "trial".to_owned(),
        };
        let hash = Sha256::new()
            .chain_update(self.0.expose())
            .chain_update(format!(" {key} {about}"))
            .finalize();
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&hash[..8]);
        Reference::from_bytes(bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use nattsyn_protocol::finding::Reason;
    use nattsyn_protocol::time::Timestamp;
    use nattsyn_scaip::mapping::request;
    use nattsyn_scaip::message::{MessageType, Request};

    use super::*;
    use crate::commission::gate::Shut;

    /// Every cause that there is.
    pub(in crate::notify::receiver) fn causes() -> Vec<Cause> {
        let mut all = vec![
            Cause::NotVisible,
            Cause::Paused,
            Cause::NoReport,
            Cause::Silent,
            Cause::VisitPlanned,
            Cause::NoUnit,
            Cause::OtherPlan,
            Cause::AwayUnconfirmed,
            Cause::CalledOffByMistake,
        ];
        all.extend(Shut::ALL.map(Cause::NotCommissioned));
        all.extend(Reason::ALL.iter().map(|reason| Cause::Unclear(*reason)));
        all.extend(Fault::ALL.iter().map(|fault| Cause::Technical(*fault)));
        all
    }

    fn naming() -> Naming {
        let folder = tempfile::tempdir().unwrap();
        Naming::open(&folder.path().join("receiver.key")).unwrap()
    }

    fn key(number: u64) -> Key {
        Key {
            at_ms: Timestamp::from_ms(1_795_000_000_000).unwrap(),
            number,
        }
    }

    fn sent(event: &Event) -> Request {
        let reference = naming().reference(key(1), Topic::Row(RowId(7)));
        request(event, &subject("r0000001".parse().unwrap()), reference)
    }

    /// `mty dty stc ite`, as a receiver reads them.
    fn codes(request: &Request) -> String {
        let kind = request.kind.unwrap();
        let status = request.status.unwrap();
        let info = request.info_text.as_ref().map(|info| info.text());
        format!(
            "{} {} {} {}",
            kind.text(),
            request.device_type.text(),
            status.text(),
            info.unwrap_or_default()
        )
    }

    #[test]
    fn every_cause_is_the_alarm_that_it_is_and_never_mere_information() {
        for cause in causes() {
            let request = sent(&event(cause));
            assert_eq!(request.kind, Some(MessageType::Message), "{cause:?}");
            let expected = match cause {
                Cause::NotVisible => "ME 0018 0003 tillsyn: ej synlig".to_owned(),
                Cause::Unclear(_) | Cause::AwayUnconfirmed => {
                    "ME 0018 0011 tillsyn: oklart".to_owned()
                }
                Cause::VisitPlanned | Cause::CalledOffByMistake => {
                    "ME 0018 0011 tillsyn: besök".to_owned()
                }
                Cause::Silent => "ME 0032 0024 ".to_owned(),
                Cause::Technical(Fault::Moved) => "ME 0038 0125 ".to_owned(),
                Cause::Technical(fault) => format!("ME 0031 0042 {}", fault.word()),
                Cause::NotCommissioned(_) => "ME 0031 0042 not_commissioned".to_owned(),
                Cause::Paused | Cause::NoReport | Cause::NoUnit | Cause::OtherPlan => {
                    format!("ME 0031 0042 {cause}")
                }
            };
            assert_eq!(codes(&request), expected, "{cause:?}");
        }
    }

    #[test]
    fn no_cause_but_absence_says_that_somebody_is_absent() {
        for cause in causes() {
            let says_absent = codes(&sent(&event(cause))).contains(" 0003 ");
            assert_eq!(says_absent, cause == Cause::NotVisible, "{cause:?}");
        }
    }

    #[test]
    fn only_a_visit_is_called_one_and_only_a_unit_that_is_heard_again_is_back() {
        let endings = [
            Ending::LaterVisible,
            Ending::LateReport,
            Ending::HeardAgain,
            Ending::CalledOff,
        ];
        let said = Said::ALL.map(Ending::Said);
        for cause in causes() {
            for ending in endings.iter().chain(&said) {
                let told = farewell(cause, *ending);
                let told = told.map(|event| codes(&sent(&event)));
                let expected = match (cause, ending) {
                    (_, Ending::Said(Said::Visited)) => Some("RE 0018 0111 "),
                    (Cause::Silent, Ending::HeardAgain) => Some("RE 0032 0113 "),
                    _ => None,
                };
                assert_eq!(told.as_deref(), expected, "{cause:?} {ending:?}");
            }
        }
    }

    #[test]
    fn the_reference_page_shows_what_every_cause_becomes() {
        let page = include_str!("../../../../docs/reference/scaip.md");
        for cause in causes() {
            let word = match cause {
                Cause::Unclear(_) => "unclear(…)".to_owned(),
                Cause::Technical(Fault::Moved) => "technical(moved)".to_owned(),
                Cause::Technical(_) => "technical(…)".to_owned(),
                Cause::NotCommissioned(_) => "not_commissioned_…".to_owned(),
                Cause::NotVisible
                | Cause::Paused
                | Cause::NoReport
                | Cause::Silent
                | Cause::VisitPlanned
                | Cause::NoUnit
                | Cause::OtherPlan
                | Cause::AwayUnconfirmed
                | Cause::CalledOffByMistake => cause.to_string(),
            };
            let codes = codes(&sent(&event(cause)));
            let line = page
                .lines()
                .find(|line| line.contains(&format!("`{word}`")));
            let line = line.unwrap_or_else(|| panic!("{word} is not on the page"));
            for code in codes.split(' ').take(3) {
                assert!(line.contains(&format!("`{code}`")), "{word}: {line}");
            }
        }
    }

    #[test]
    fn a_resident_has_one_number_and_nobody_elses() {
        let of = |text: &str| subject(text.parse().unwrap());
        let least = of("00000000");
        assert_eq!(least.controller.as_str(), "0000000000000");
        let most = of("zzzzzzzz");
        assert_eq!(most.controller.as_str(), "2821109907455");
        assert_eq!(of("r0000001").controller.as_str(), "2115832430593");
        assert_eq!(of("r0000001").device.unwrap().as_str(), "r0000001");
        assert_eq!(of("r0000001"), of("r0000001"));
        assert_ne!(of("r0000001"), of("r0000002"));
    }

    #[test]
    fn a_repetition_keeps_its_name_over_a_restart_and_everything_else_has_another() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("receiver.key");
        let first = Naming::open(&path).unwrap();
        let again = Naming::open(&path).unwrap();
        let name = |naming: &Naming, number, topic| naming.reference(key(number), topic);
        let row = Topic::Row(RowId(7));
        assert_eq!(name(&first, 1, row), name(&again, 1, row));
        let others = [
            name(&first, 1, row),
            name(&first, 2, row),
            name(&first, 1, Topic::Row(RowId(8))),
            name(&first, 1, Topic::End(RowId(7))),
            name(&first, 1, Topic::Trial),
            name(&naming(), 1, row),
        ];
        let different: BTreeSet<_> = others.iter().collect();
        assert_eq!(different.len(), others.len());
        assert_eq!(format!("{first:?}"), "Naming(<redacted>)");
    }
}
