//! Whatever is sent is valid by the schema, judged by libxml2 and not by us.
//!
//! The schema is ours, written from published field lists; it says nothing about what a code
//! means. Needs `xmllint`.

#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

use std::path::Path;
use std::process::Command;

use nattsyn_scaip::mapping::{Cause, Event, Subject, request};
use nattsyn_scaip::message::{
    CallHandling, CallReply, CallerId, ComponentCode, ControllerId, DeviceId, DeviceText,
    DeviceType, Field, HeartbeatOption, InfoCode, InfoText, IntervalClass, LocationCode,
    LocationText, LocationValue, MediaReply, MessageType, MoreFollows, Priority, ReceiverVersion,
    Reference, Reply, Request, Root, StatusCode, StatusText, SystemConfiguration,
    TransferredNumber, Verdict, VerdictText, Version,
};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;

/// Requests and replies that are drawn.
const DRAWN: usize = 300;

fn of<F: Field + std::fmt::Debug>(pattern: &'static str) -> impl Strategy<Value = F> {
    let fits = "a value of its own tag";
    pattern.prop_filter_map(fits, |text: String| F::parse(&text).ok())
}

fn maybe<F: Field + std::fmt::Debug>(pattern: &'static str) -> impl Strategy<Value = Option<F>> {
    prop::option::of(of(pattern))
}

fn word<F: Copy + std::fmt::Debug + 'static>(
    all: &'static [F],
) -> impl Strategy<Value = Option<F>> {
    prop::option::of(prop::sample::select(all))
}

fn requests() -> impl Strategy<Value = Request> {
    let head = (
        of::<Reference>("[0-9a-zA-Z]{1,16}"),
        maybe::<Version>("[0-9]{2}\\.[0-9]{2}"),
        word(SystemConfiguration::ALL),
        word(CallHandling::ALL),
        word(MessageType::ALL),
        word(HeartbeatOption::ALL),
    );
    let device = (
        of::<ControllerId>("[0-9]{1,16}"),
        of::<DeviceType>("[0-9]{1,4}"),
        maybe::<DeviceId>("[^\\p{C}]{1,8}"),
        maybe::<ComponentCode>("[0-9]{1,3}"),
        maybe::<DeviceText>("[^\\p{C}]{1,32}"),
        maybe::<CallerId>("[^\\p{C}]{1,256}"),
    );
    let status = (
        maybe::<StatusCode>("[0-9]{1,4}"),
        maybe::<StatusText>("[^\\p{C}]{1,32}"),
        maybe::<Priority>("[0-9]"),
        maybe::<LocationCode>("[0-9]{1,3}"),
        maybe::<LocationValue>("[^\\p{C}]{1,2}"),
        maybe::<LocationText>("[^\\p{C}]{1,32}"),
    );
    let tail = (
        maybe::<InfoCode>("[0-9]{1,3}"),
        maybe::<InfoText>("[^\\p{C}]{1,128}"),
        word(MoreFollows::ALL),
    );
    (head, device, status, tail).prop_map(|(head, device, status, tail)| Request {
        reference: head.0,
        version: head.1,
        system: head.2,
        call: head.3,
        kind: head.4,
        heartbeat: head.5,
        controller: device.0,
        device_type: device.1,
        device: device.2,
        component: device.3,
        device_text: device.4,
        caller: device.5,
        status: status.0,
        status_text: status.1,
        priority: status.2,
        location: status.3,
        location_value: status.4,
        location_text: status.5,
        info: tail.0,
        info_text: tail.1,
        more: tail.2,
    })
}

fn replies() -> impl Strategy<Value = Reply> {
    let fields = (
        of::<Reference>("[0-9a-zA-Z]{1,16}"),
        of::<Verdict>("[0-9]{1,5}"),
        maybe::<VerdictText>("[^\\p{C}]{1,128}"),
        maybe::<ReceiverVersion>("[0-9]{2}\\.[0-9]{2}"),
        maybe::<MediaReply>("[0-9]{1,2}"),
        maybe::<CallReply>("[0-9]{2}"),
        maybe::<TransferredNumber>("[^\\p{C}]{1,256}"),
        word(IntervalClass::ALL),
    );
    fields.prop_map(|fields| Reply {
        reference: fields.0,
        verdict: fields.1,
        text: fields.2,
        version: fields.3,
        media: fields.4,
        call: fields.5,
        transferred: fields.6,
        interval: fields.7,
    })
}

fn drawn<T: std::fmt::Debug>(strategy: impl Strategy<Value = T>) -> Vec<T> {
    let mut runner = TestRunner::deterministic();
    (0..DRAWN)
        .map(|_| strategy.new_tree(&mut runner).unwrap().current())
        .collect()
}

/// What libxml2 finds wrong with these documents; one line for each that is not valid.
fn invalid(documents: &[String]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new("xmllint");
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("scaip.xsd");
    command.args(["--noout", "--nonet", "--schema"]).arg(schema);
    for (index, document) in documents.iter().enumerate() {
        let file = folder.path().join(format!("{index}.xml"));
        std::fs::write(&file, document).unwrap();
        command.arg(file);
    }
    let said = command
        .output()
        .expect("xmllint is not installed: run `.ci/setup test`");
    let said = String::from_utf8_lossy(&said.stderr).into_owned();
    let valid = said
        .lines()
        .filter(|line| line.ends_with(" validates"))
        .count();
    let invalid: Vec<String> = said
        .lines()
        .filter(|line| line.ends_with(" fails to validate"))
        .map(str::to_owned)
        .collect();
    assert_eq!(
        valid + invalid.len(),
        documents.len(),
        "not all were judged:\n{said}"
    );
    invalid
}

#[test]
fn every_event_and_whatever_the_fields_can_hold_is_valid() {
    let subject = Subject {
        controller: ControllerId::parse("00012345").unwrap(),
        device: Some(DeviceId::parse("2").unwrap()),
    };
    let reference = Reference::from_bytes([0x5a; 8]);
    let events = [
        Event::NotVisible,
        Event::Unclear,
        Event::CheckImpossible(Cause::new("lens_covered").unwrap()),
        Event::MainsLost,
        Event::MainsBack,
        Event::LinkLost,
        Event::LinkBack,
        Event::PrivacySwitch,
        Event::Moved,
        Event::VisitDone,
        Event::Heartbeat(HeartbeatOption::Adjustable),
        Event::TestAlarm,
    ];
    let sent = events
        .iter()
        .map(|event| request(event, &subject, reference.clone()));
    let requests = sent.chain(drawn(requests()));
    let mut documents: Vec<String> = requests.map(|request| request.to_xml(Root::Mrq)).collect();
    documents.extend(drawn(replies()).iter().map(|reply| reply.to_xml(Root::Mrq)));
    assert_eq!(invalid(&documents), Vec::<String>::new());
}

#[test]
fn the_schema_can_find_fault() {
    let long = "x".repeat(129);
    let documents = [
        "<mrq><cid>1</cid><ref>a</ref><dty>18</dty></mrq>".to_owned(),
        "<mrq><ref>a</ref><cid>1</cid></mrq>".to_owned(),
        "<mrq><ref>a b</ref><cid>1</cid><dty>18</dty></mrq>".to_owned(),
        "<mrq><ref>a</ref><cid>1</cid><dty>18</dty><new>1</new></mrq>".to_owned(),
        format!("<mrq><ref>a</ref><cid>1</cid><dty>18</dty><ite>{long}</ite></mrq>"),
        "<mrs><ref>a</ref></mrs>".to_owned(),
        "<mrs><ref>a</ref><snu>0</snu><hbi>5</hbi></mrs>".to_owned(),
        "<scaip><ref>a</ref><snu>0</snu></scaip>".to_owned(),
    ];
    assert_eq!(invalid(&documents).len(), documents.len());
}
