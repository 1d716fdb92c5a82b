//! One message off the broker: read, verified, or a reason why not. Pure.

use nattsyn_protocol::commission::CommissionUp;
use nattsyn_protocol::grant::Challenge;
use nattsyn_protocol::heartbeat::Heartbeat;
use nattsyn_protocol::hello::Hello;
use nattsyn_protocol::ids::UnitId;
use nattsyn_protocol::live::{Ended, LiveUp, Opened, Refused};
use nattsyn_protocol::report::{Notice, Report};
use nattsyn_protocol::signing::{Document, PublicKey, SignatureError, Signed};
use nattsyn_protocol::thresholds::{CountsMessage, NightCounts};
use nattsyn_protocol::topics::{Channel, Topic};
use nattsyn_protocol::wire::{self, WireError};

use super::DropKind;
use crate::commission::course::Answer;
use crate::commission::standing::Heard;
use crate::roster::Roster;

/// A message that can be believed to be of this unit.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Whose.
    pub unit: UnitId,
    /// What it says.
    pub said: Said,
}

/// What a unit said.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    /// It works.
    Heartbeat(Heartbeat),
    /// It has connected.
    Hello(Hello),
    /// A look was concluded: the eye's own signed word.
    Report(Box<Report>, Signed),
    /// A look could not be made: the voice's unsigned word.
    Notice(Notice),
    /// What its eye answers about a live view.
    Live(LiveSaid),
    /// How many checks of a night reached which level: the eye's own signed word.
    Counts(NightCounts, Signed),
    /// What it answers while it is being commissioned: the eye's own signed word.
    Commission(Box<Heard>),
}

/// What a unit's eye answers about a live view: each one's signature is verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LiveSaid {
    /// It has looked again, and cannot tell: who may see, answer this.
    Challenge(Challenge),
    /// The grant holds, and the lamp is on.
    Opened(Opened),
    /// No.
    Refused(Refused),
    /// The lamp is off.
    Ended(Ended),
}

impl LiveSaid {
    /// Which unit it names.
    #[must_use]
    pub fn unit(&self) -> UnitId {
        match self {
            Self::Challenge(challenge) => challenge.unit,
            Self::Opened(opened) => opened.unit,
            Self::Refused(refused) => refused.unit,
            Self::Ended(ended) => ended.unit,
        }
    }
}

/// Reads one message and verifies whose it is.
///
/// # Errors
///
/// Why it is not believed.
pub fn judge(topic: &str, body: &[u8], roster: &Roster) -> Result<Message, DropKind> {
    let topic = Topic::parse(topic).ok_or(DropKind::ForeignTopic)?;
    let unit = topic.unit;
    let home = roster.of_unit(unit).ok_or(DropKind::UnknownUnit)?;
    let (said, named) = match topic.channel {
        Channel::Heartbeat => (Said::Heartbeat(read(body)?), unit),
        Channel::Hello => {
            let hello: Hello = read(body)?;
            let named = hello.unit;
            (Said::Hello(hello), named)
        }
        Channel::Notice => {
            let notice: Notice = read(body)?;
            let named = notice.unit;
            (Said::Notice(notice), named)
        }
        Channel::Report => {
            let signed: Signed = read(body)?;
            let report: Report = open(&signed, &home.eye)?;
            let named = report.unit;
            (Said::Report(Box::new(report), signed), named)
        }
        Channel::LiveUp => {
            let said = live(read(body)?, &home.eye)?;
            let named = said.unit();
            (Said::Live(said), named)
        }
        // The relay takes every frame before anything is judged: what comes here nobody waits for.
        Channel::Frame => return Err(DropKind::StrayFrame),
        Channel::Counts => {
            let CountsMessage { counts: signed } = read(body)?;
            let counts: NightCounts = open(&signed, &home.eye)?;
            let named = counts.unit;
            if counts.examine().is_err() {
                return Err(DropKind::ImpossibleCounts);
            }
            (Said::Counts(counts, signed), named)
        }
        Channel::CommissionUp => {
            let heard = commission(read(body)?, &home.eye)?;
            let named = heard.unit();
            (Said::Commission(Box::new(heard)), named)
        }
        Channel::CommissionDown
        | Channel::Plan
        | Channel::Ack
        | Channel::Policy
        | Channel::LiveDown
        | Channel::Label
        | Channel::Thresholds => {
            return Err(DropKind::ForeignTopic);
        }
    };
    if named == unit {
        Ok(Message { unit, said })
    } else {
        Err(DropKind::AnotherUnit)
    }
}

/// An answer while the unit is being commissioned, if the unit's eye signed it.
fn commission(said: CommissionUp, eye: &PublicKey) -> Result<Heard, DropKind> {
    let (answer, signed) = match said {
        CommissionUp::Tried(signed) => (Answer::Tried(open(&signed, eye)?), signed),
        CommissionUp::NotTried(signed) => (Answer::NotTried(open(&signed, eye)?), signed),
        CommissionUp::Commissioned(signed) => (Answer::Commissioned(open(&signed, eye)?), signed),
    };
    Ok(Heard { answer, signed })
}

/// An answer about a live view, if the unit's eye signed it.
fn live(said: LiveUp, eye: &PublicKey) -> Result<LiveSaid, DropKind> {
    Ok(match said {
        LiveUp::Challenge { signed } => LiveSaid::Challenge(open(&signed, eye)?),
        LiveUp::Opened { signed } => LiveSaid::Opened(open(&signed, eye)?),
        LiveUp::Refused { signed } => LiveSaid::Refused(open(&signed, eye)?),
        LiveUp::Ended { signed } => LiveSaid::Ended(open(&signed, eye)?),
    })
}

fn open<D: Document>(signed: &Signed, eye: &PublicKey) -> Result<D, DropKind> {
    signed.open(eye).map_err(|error| match error {
        SignatureError::BadKey | SignatureError::Wrong(_) => DropKind::WrongSignature,
        SignatureError::Unreadable { .. } => DropKind::Unreadable,
    })
}

/// The hello of a unit that nobody has enrolled, or has any more. It proves nothing but that the
/// broker let it write on its own topic; whoever was enrolled once may be told so.
#[must_use]
pub fn hello_of_stranger(topic: &str, body: &[u8]) -> Option<Hello> {
    let topic = Topic::parse(topic)?;
    let is_hello = topic.channel == Channel::Hello;
    let hello: Hello = read(body).ok().filter(|_| is_hello)?;
    (hello.unit == topic.unit).then_some(hello)
}

fn read<M: wire::Message>(body: &[u8]) -> Result<M, DropKind> {
    wire::decode(body).map_err(|error| match error {
        WireError::TooLarge(_) => DropKind::TooLarge,
        WireError::Unreadable { .. } => DropKind::Unreadable,
        WireError::UnknownVersion { .. } => DropKind::UnknownVersion,
    })
}
