//! What is said to an alarm receiver and what it answers: [`Request`] and [`Reply`].
//!
//! A value of these types can be sent as it is: every field was checked when it was made, and
//! tags are written in the published order (`scaip/scaip.xsd`). Which request says what of
//! Nattsyn is [`crate::mapping`]'s; how it travels is [`crate::sip`]'s.

pub mod field;
mod xml;

#[cfg(test)]
mod tests;

pub use field::{
    CallHandling, CallReply, CallerId, ComponentCode, ControllerId, DeviceId, DeviceText,
    DeviceType, Field, FieldError, HeartbeatOption, InfoCode, InfoText, IntervalClass,
    LocationCode, LocationText, LocationValue, MediaReply, MessageType, MoreFollows, Priority,
    Reason, ReceiverVersion, Reference, StatusCode, StatusText, SystemConfiguration,
    TransferredNumber, Verdict, VerdictText, Version,
};
pub use xml::{BYTES_MAX, ReadError};

/// What the root element is called. Which one a receiver wants is part of its profile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Root {
    /// `mrq` for a request and `mrs` for a reply, as the published field lists have it.
    #[default]
    Mrq,
    /// `scaip` for both, which has been seen.
    Scaip,
}

impl Root {
    fn of_request(self) -> &'static str {
        match self {
            Self::Mrq => "mrq",
            Self::Scaip => "scaip",
        }
    }

    fn of_reply(self) -> &'static str {
        match self {
            Self::Mrq => "mrs",
            Self::Scaip => "scaip",
        }
    }
}

/// What is said to the receiver. Fields stand in the order in which they are sent.
///
/// The position (`lge`) is left out: Nattsyn knows none and sends none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Names this message.
    pub reference: Reference,
    /// The version of the message set.
    pub version: Option<Version>,
    /// How the equipment is set up.
    pub system: Option<SystemConfiguration>,
    /// Who would call whom.
    pub call: Option<CallHandling>,
    /// What kind of message; left out, it is [`MessageType::Message`].
    pub kind: Option<MessageType>,
    /// Whether the receiver may change how often heartbeats come.
    pub heartbeat: Option<HeartbeatOption>,
    /// Who calls.
    pub controller: ControllerId,
    /// What kind of device.
    pub device_type: DeviceType,
    /// Which device.
    pub device: Option<DeviceId>,
    /// Which part of it.
    pub component: Option<ComponentCode>,
    /// The device in words.
    pub device_text: Option<DeviceText>,
    /// A SIP address to call back.
    pub caller: Option<CallerId>,
    /// What the device has to say.
    pub status: Option<StatusCode>,
    /// The same in words.
    pub status_text: Option<StatusText>,
    /// How urgent.
    pub priority: Option<Priority>,
    /// What kind of place.
    pub location: Option<LocationCode>,
    /// Which of several such places.
    pub location_value: Option<LocationValue>,
    /// The place in words.
    pub location_text: Option<LocationText>,
    /// A code for what there is to say besides.
    pub info: Option<InfoCode>,
    /// The same in words.
    pub info_text: Option<InfoText>,
    /// Whether another message of the same event follows.
    pub more: Option<MoreFollows>,
}

impl Request {
    /// A request with the three fields that none may lack, and nothing else.
    #[must_use]
    pub fn new(reference: Reference, controller: ControllerId, device_type: DeviceType) -> Self {
        Self {
            reference,
            version: None,
            system: None,
            call: None,
            kind: None,
            heartbeat: None,
            controller,
            device_type,
            device: None,
            component: None,
            device_text: None,
            caller: None,
            status: None,
            status_text: None,
            priority: None,
            location: None,
            location_value: None,
            location_text: None,
            info: None,
            info_text: None,
            more: None,
        }
    }

    /// The message's body.
    #[must_use]
    pub fn to_xml(&self, root: Root) -> String {
        xml::Writer::new(root.of_request())
            .field(&self.reference)
            .maybe(self.version.as_ref())
            .maybe(self.system.as_ref())
            .maybe(self.call.as_ref())
            .maybe(self.kind.as_ref())
            .maybe(self.heartbeat.as_ref())
            .field(&self.controller)
            .field(&self.device_type)
            .maybe(self.device.as_ref())
            .maybe(self.component.as_ref())
            .maybe(self.device_text.as_ref())
            .maybe(self.caller.as_ref())
            .maybe(self.status.as_ref())
            .maybe(self.status_text.as_ref())
            .maybe(self.priority.as_ref())
            .maybe(self.location.as_ref())
            .maybe(self.location_value.as_ref())
            .maybe(self.location_text.as_ref())
            .maybe(self.info.as_ref())
            .maybe(self.info_text.as_ref())
            .maybe(self.more.as_ref())
            .finish()
    }

    /// Reads a message's body.
    ///
    /// # Errors
    ///
    /// It is no request; the error names the tag and the reason.
    pub fn from_xml(bytes: &[u8]) -> Result<Self, ReadError> {
        let tags = xml::Tags::read(bytes)?;
        if !["mrq", "scaip"].contains(&tags.root.as_str()) {
            return Err(xml::wrong_root(&tags.root, "mrq"));
        }
        Ok(Self {
            reference: tags.needed()?,
            version: tags.maybe()?,
            system: tags.maybe()?,
            call: tags.maybe()?,
            kind: tags.maybe()?,
            heartbeat: tags.maybe()?,
            controller: tags.needed()?,
            device_type: tags.needed()?,
            device: tags.maybe()?,
            component: tags.maybe()?,
            device_text: tags.maybe()?,
            caller: tags.maybe()?,
            status: tags.maybe()?,
            status_text: tags.maybe()?,
            priority: tags.maybe()?,
            location: tags.maybe()?,
            location_value: tags.maybe()?,
            location_text: tags.maybe()?,
            info: tags.maybe()?,
            info_text: tags.maybe()?,
            more: tags.maybe()?,
        })
    }
}

/// What the receiver answers. Fields stand in the order in which they are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Which message it answers.
    pub reference: Reference,
    /// Whether it was taken.
    pub verdict: Verdict,
    /// The verdict in words.
    pub text: Option<VerdictText>,
    /// The version that the receiver speaks.
    pub version: Option<ReceiverVersion>,
    /// What kind of call it asks for.
    pub media: Option<MediaReply>,
    /// How it wants the call handled.
    pub call: Option<CallReply>,
    /// Where the call would be transferred.
    pub transferred: Option<TransferredNumber>,
    /// How often it wants heartbeats.
    pub interval: Option<IntervalClass>,
}

impl Reply {
    /// A verdict on a message, and nothing else.
    #[must_use]
    pub fn new(reference: Reference, verdict: Verdict) -> Self {
        Self {
            reference,
            verdict,
            text: None,
            version: None,
            media: None,
            call: None,
            transferred: None,
            interval: None,
        }
    }

    /// The reply's body. Nattsyn receives no alarms; this is for receivers in tests.
    #[must_use]
    pub fn to_xml(&self, root: Root) -> String {
        xml::Writer::new(root.of_reply())
            .field(&self.reference)
            .field(&self.verdict)
            .maybe(self.text.as_ref())
            .maybe(self.version.as_ref())
            .maybe(self.media.as_ref())
            .maybe(self.call.as_ref())
            .maybe(self.transferred.as_ref())
            .maybe(self.interval.as_ref())
            .finish()
    }

    /// Reads a reply's body, by either root.
    ///
    /// # Errors
    ///
    /// It is no reply; the error names the tag and the reason.
    pub fn from_xml(bytes: &[u8]) -> Result<Self, ReadError> {
        let tags = xml::Tags::read(bytes)?;
        if !["mrs", "scaip"].contains(&tags.root.as_str()) {
            return Err(xml::wrong_root(&tags.root, "mrs"));
        }
        Ok(Self {
            reference: tags.needed()?,
            verdict: tags.needed()?,
            text: tags.maybe()?,
            version: tags.maybe()?,
            media: tags.maybe()?,
            call: tags.maybe()?,
            transferred: tags.maybe()?,
            interval: tags.maybe()?,
        })
    }
}
