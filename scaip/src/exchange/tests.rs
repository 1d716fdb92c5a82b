//! One message against everything that a receiver can answer, without sockets and clocks.

use std::time::Duration;

use proptest::prelude::*;

use super::*;
use crate::message::Field as _;
use crate::sip::digest::{Password, UserName};

fn at(ms: u64) -> Uptime {
    Uptime(Duration::from_millis(ms))
}

fn receiver() -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], 5060))
}

fn reference() -> Reference {
    Reference::parse("8f2c01ab34de5670").unwrap()
}

fn envelope(reliability: Reliability) -> Envelope {
    Envelope {
        target: SipUri::parse("sip:arc@receiver.example").unwrap(),
        from: SipUri::parse("sip:00012345@hub.example").unwrap(),
        transport: "UDP",
        sent_by: SocketAddr::from(([192, 0, 2, 7], 40_000)),
        contact: None,
        content_type: "application/scaip+xml",
        reliability,
        credentials: Some(Credentials {
            user: UserName::try_from("hub".to_owned()).unwrap(),
            password: Password::new("hemligt".to_owned()),
        }),
    }
}

/// A message that was sent at 0 and must be answered within 20 s.
fn begun(envelope: Envelope) -> (Exchange, Packet) {
    let fresh = Fresh::from_bytes([0xab; 48]);
    let message = (reference(), b"<mrq/>".to_vec());
    let (exchange, bytes) = Exchange::begin(at(0), at(20_000), envelope, fresh, message);
    (exchange, Packet::from_datagram(&bytes).unwrap())
}

fn over_udp() -> (Exchange, Packet) {
    begun(envelope(Reliability::Datagrams))
}

/// The receiver's answer to a request.
fn answered(request: &Packet, status: &str, extra: &[(&str, &str)], body: &str) -> Packet {
    let mut headers = vec![
        ("Via", request.header("Via").unwrap()),
        ("CSeq", request.header("CSeq").unwrap()),
    ];
    headers.extend(extra);
    let bytes = written(&format!("SIP/2.0 {status}"), &headers, body.as_bytes());
    Packet::from_datagram(&bytes).unwrap()
}

fn verdict(reference: &str, snu: u32) -> String {
    format!("<mrs><ref>{reference}</ref><snu>{snu}</snu></mrs>")
}

fn ours(snu: u32) -> String {
    verdict("8f2c01ab34de5670", snu)
}

/// The receiver's own message with a reply, as in style b.
fn brought(body: &str) -> Packet {
    let headers = [
        ("Via", "SIP/2.0/UDP receiver.example;branch=z9hG4bKx"),
        ("From", "<sip:arc@receiver.example>;tag=1"),
        ("To", "<sip:00012345@hub.example>"),
        ("Call-ID", "theirs"),
        ("CSeq", "1 MESSAGE"),
        ("Content-Type", "application/xml"),
    ];
    let bytes = written(
        "MESSAGE sip:00012345@hub.example SIP/2.0",
        &headers,
        body.as_bytes(),
    );
    Packet::from_datagram(&bytes).unwrap()
}

fn ending(effects: Vec<Effect>) -> Option<Result<Reply, Failure>> {
    effects.into_iter().find_map(|effect| match effect {
        Effect::End(ending) => Some(ending),
        Effect::Send(_) => None,
    })
}

fn sent(effects: &[Effect]) -> Packet {
    match effects {
        [Effect::Send(bytes), ..] => Packet::from_datagram(bytes).unwrap(),
        other => panic!("nothing is sent first: {other:?}"),
    }
}

/// How a message ends when its first answer is this.
fn ends(status: &str, extra: &[(&str, &str)], body: &str) -> Result<Reply, Failure> {
    let (mut exchange, request) = over_udp();
    let answer = answered(&request, status, extra, body);
    ending(exchange.handle_packet(at(10), receiver(), &answer)).unwrap()
}

#[test]
fn a_request_says_what_the_standard_asks_for_and_no_contact_unasked() {
    let (_, request) = over_udp();
    let header = |name: &str| request.header(name).unwrap().to_owned();
    assert!(header("Via").starts_with("SIP/2.0/UDP 192.0.2.7:40000;branch=z9hG4bK"));
    assert!(header("Via").ends_with(";rport"));
    assert_eq!(header("Max-Forwards"), "70");
    assert!(header("From").starts_with("<sip:00012345@hub.example>;tag="));
    assert_eq!(header("To"), "<sip:arc@receiver.example>");
    assert_eq!(header("CSeq"), "1 MESSAGE");
    assert_eq!(header("Content-Type"), "application/scaip+xml");
    assert_eq!(request.header("Contact"), None);
    let mut with_contact = envelope(Reliability::Stream);
    with_contact.contact = Some(SipUri::parse("sip:hub@hub.example:5070").unwrap());
    let (_, request) = begun(with_contact);
    assert_eq!(
        request.header("Contact"),
        Some("<sip:hub@hub.example:5070>")
    );
}

#[test]
fn a_verdict_in_the_answer_ends_it_either_way() {
    assert_eq!(ends("200 OK", &[], &ours(0)).unwrap().verdict, Verdict::Ok);
    for snu in 1..=8 {
        let refused = ends("200 OK", &[], &ours(snu)).unwrap_err();
        let Failure::Refused(reply) = refused else {
            panic!("{snu}: {refused:?}");
        };
        assert_eq!(reply.verdict.number(), snu);
    }
}

#[test]
fn a_verdict_in_a_message_of_its_own_ends_it_and_is_answered() {
    let (mut exchange, request) = over_udp();
    let accepted = answered(&request, "202 Accepted", &[], "");
    assert_eq!(
        exchange.handle_packet(at(10), receiver(), &accepted),
        vec![]
    );
    assert_eq!(exchange.next_timeout(), at(20_000));
    let other = exchange.handle_packet(at(20), receiver(), &brought(&verdict("b2", 0)));
    assert_eq!(ending(other), None);
    let effects = exchange.handle_packet(at(30), receiver(), &brought(&ours(0)));
    assert!(matches!(
        sent(&effects).start,
        Start::Response { status: 200, .. }
    ));
    assert_eq!(ending(effects).unwrap().unwrap().verdict, Verdict::Ok);
}

#[test]
fn a_verdict_that_overtakes_the_answer_counts() {
    let (mut exchange, _) = over_udp();
    let effects = exchange.handle_packet(at(10), receiver(), &brought(&ours(6)));
    assert!(matches!(ending(effects), Some(Err(Failure::Refused(_)))));
}

#[test]
fn what_is_no_verdict_on_this_message_is_never_taken_for_one() {
    let other = ends("200 OK", &[], &verdict("b2", 0));
    assert_eq!(other, Err(Failure::OtherReference));
    let half = ends("200 OK", &[], "<mrs><ref>8f2c01ab34de5670</ref><snu>0");
    assert!(matches!(half, Err(Failure::Unreadable(_))));
    let page = ends("200 OK", &[("Content-Type", "text/html")], &ours(0));
    assert_eq!(page, Err(Failure::OtherMedia));
    let gone = ends("503 Service Unavailable", &[], "");
    let phrase = "Service Unavailable".to_owned();
    assert_eq!(
        gone,
        Err(Failure::Rejected {
            status: 503,
            phrase
        })
    );
}

#[test]
fn an_answer_to_somebody_else_changes_nothing() {
    let (mut exchange, request) = over_udp();
    let via = "SIP/2.0/UDP 192.0.2.7:40000;branch=z9hG4bKother;rport";
    let headers = [("Via", via), ("CSeq", "1 MESSAGE")];
    let bytes = written("SIP/2.0 200 OK", &headers, ours(0).as_bytes());
    let other = Packet::from_datagram(&bytes).unwrap();
    assert_eq!(exchange.handle_packet(at(1), receiver(), &other), vec![]);
    let headers = [
        ("Via", request.header("Via").unwrap()),
        ("CSeq", "1 INVITE"),
    ];
    let bytes = written("SIP/2.0 200 OK", &headers, ours(0).as_bytes());
    let other = Packet::from_datagram(&bytes).unwrap();
    assert_eq!(exchange.handle_packet(at(1), receiver(), &other), vec![]);
}

#[test]
fn silence_says_what_was_heard() {
    let heard = |status: Option<&str>| {
        let (mut exchange, request) = begun(envelope(Reliability::Stream));
        if let Some(status) = status {
            let answer = answered(&request, status, &[], "");
            exchange.handle_packet(at(10), receiver(), &answer);
        }
        assert_eq!(exchange.handle_timeout(at(19_999)), vec![]);
        ending(exchange.handle_timeout(exchange.next_timeout()))
            .unwrap()
            .unwrap_err()
    };
    assert_eq!(heard(None), Failure::Silence(Heard::Nothing));
    assert_eq!(
        heard(Some("100 Trying")),
        Failure::Silence(Heard::Provisional)
    );
    assert_eq!(heard(Some("200 OK")), Failure::Silence(Heard::Accepted));
}

#[test]
fn a_reply_that_could_not_be_read_is_what_silence_is_blamed_on() {
    let (mut exchange, _) = over_udp();
    let effects = exchange.handle_packet(at(10), receiver(), &brought("<mrs>"));
    assert!(matches!(
        sent(&effects).start,
        Start::Response { status: 400, .. }
    ));
    let blamed = ending(exchange.handle_timeout(at(20_000))).unwrap();
    assert!(matches!(blamed, Err(Failure::Unreadable(_))));
}

#[test]
fn a_lost_datagram_is_sent_again_to_the_letter() {
    let (mut exchange, request) = over_udp();
    let effects = exchange.handle_timeout(exchange.next_timeout());
    assert_eq!(sent(&effects), request);
}

const CHALLENGE: &str = "Digest realm=\"receiver\", nonce=\"n1\", qop=\"auth\"";
const STALE: &str = "Digest realm=\"receiver\", nonce=\"n2\", qop=\"auth\", stale=true";

#[test]
fn a_challenge_is_answered_once_with_a_new_transaction() {
    for (status, asked_in, answered_in) in [
        ("401 Unauthorized", "WWW-Authenticate", "Authorization"),
        ("407 Proxy", "Proxy-Authenticate", "Proxy-Authorization"),
    ] {
        let (mut exchange, request) = over_udp();
        let challenge = answered(&request, status, &[(asked_in, CHALLENGE)], "");
        let effects = exchange.handle_packet(at(10), receiver(), &challenge);
        let again = sent(&effects);
        assert_eq!(again.sequence(), Some((2, "MESSAGE")));
        assert_ne!(again.branch(), request.branch());
        assert_eq!(again.header("Call-ID"), request.header("Call-ID"));
        assert_eq!(again.body, request.body);
        let proof = again.header(answered_in).unwrap();
        assert!(proof.contains("username=\"hub\"") && proof.contains("qop=auth"));
        let old = answered(&request, "200 OK", &[], &ours(0));
        assert_eq!(exchange.handle_packet(at(20), receiver(), &old), vec![]);
        let wrong = answered(&again, status, &[(asked_in, CHALLENGE)], "");
        let effects = exchange.handle_packet(at(30), receiver(), &wrong);
        let refused = Err(Failure::NotKnown(NotKnown::Refused));
        assert_eq!(ending(effects), Some(refused));
    }
}

#[test]
fn a_challenge_whose_time_had_passed_is_answered_again_but_not_for_ever() {
    let (mut exchange, mut request) = over_udp();
    for _ in 0..CHALLENGES_MAX {
        let stale = answered(&request, "401 No", &[("WWW-Authenticate", STALE)], "");
        request = sent(&exchange.handle_packet(at(10), receiver(), &stale));
        assert_eq!(request.headers("Authorization").count(), 1);
    }
    let stale = answered(&request, "401 No", &[("WWW-Authenticate", STALE)], "");
    let effects = exchange.handle_packet(at(10), receiver(), &stale);
    assert_eq!(
        ending(effects),
        Some(Err(Failure::NotKnown(NotKnown::Refused)))
    );
}

#[test]
fn a_proxy_and_a_receiver_may_both_ask() {
    let (mut exchange, request) = over_udp();
    let proxy = answered(
        &request,
        "407 Who",
        &[("Proxy-Authenticate", CHALLENGE)],
        "",
    );
    let request = sent(&exchange.handle_packet(at(10), receiver(), &proxy));
    let theirs = answered(&request, "401 Who", &[("WWW-Authenticate", CHALLENGE)], "");
    let request = sent(&exchange.handle_packet(at(20), receiver(), &theirs));
    assert!(request.header("Proxy-Authorization").is_some());
    assert!(request.header("Authorization").is_some());
    let effects = exchange.handle_packet(
        at(30),
        receiver(),
        &answered(&request, "200 OK", &[], &ours(0)),
    );
    assert!(matches!(ending(effects), Some(Ok(_))));
}

#[test]
fn without_credentials_a_challenge_ends_it() {
    let mut nobody = envelope(Reliability::Stream);
    nobody.credentials = None;
    let (mut exchange, request) = begun(nobody);
    let challenge = answered(&request, "401 Who", &[("WWW-Authenticate", CHALLENGE)], "");
    let effects = exchange.handle_packet(at(10), receiver(), &challenge);
    assert_eq!(
        ending(effects),
        Some(Err(Failure::NotKnown(NotKnown::NoCredentials)))
    );
    let missing = ends("401 Who", &[], "");
    let why = NotKnown::Challenge(DigestError::Unreadable);
    assert_eq!(missing, Err(Failure::NotKnown(why)));
}

#[derive(Clone, Debug)]
enum Happens {
    Answer(&'static str, String),
    Bring(String),
    Wait(u64),
}

fn happens() -> impl Strategy<Value = Happens> {
    let bodies = prop::sample::select(vec![
        String::new(),
        ours(0),
        ours(6),
        verdict("b2", 0),
        "<mrs>".to_owned(),
    ]);
    let statuses =
        prop::sample::select(vec!["100 Trying", "200 OK", "401 Who", "407 Who", "503 No"]);
    prop_oneof![
        (statuses, bodies.clone()).prop_map(|(status, body)| Happens::Answer(status, body)),
        bodies.prop_map(Happens::Bring),
        (0..9_000_u64).prop_map(Happens::Wait),
    ]
}

proptest! {
    /// Whatever happens, a message ends by its deadline, and well only by its own yes.
    #[test]
    fn every_message_ends_in_time_and_well_only_by_its_own_yes(
        script in prop::collection::vec(happens(), 0..12)
    ) {
        let (mut exchange, mut request) = over_udp();
        let (mut now, mut end, mut said_yes) = (0, None, false);
        for happening in script {
            let effects = match happening {
                Happens::Answer(status, body) => {
                    said_yes |= status == "200 OK" && body == ours(0);
                    let extra = [("WWW-Authenticate", STALE), ("Proxy-Authenticate", CHALLENGE)];
                    let answer = answered(&request, status, &extra, &body);
                    exchange.handle_packet(at(now), receiver(), &answer)
                }
                Happens::Bring(body) => {
                    said_yes |= body == ours(0);
                    exchange.handle_packet(at(now), receiver(), &brought(&body))
                }
                Happens::Wait(ms) => {
                    now += ms;
                    exchange.handle_timeout(at(now))
                }
            };
            for effect in &effects {
                if let Effect::Send(bytes) = effect {
                    let packet = Packet::from_datagram(bytes).unwrap();
                    if matches!(packet.start, Start::Request { .. }) {
                        request = packet;
                    }
                }
            }
            end = ending(effects);
            if end.is_some() {
                break;
            }
        }
        prop_assert!(exchange.next_timeout() <= at(20_000));
        let end = end.or_else(|| ending(exchange.handle_timeout(at(20_000)))).unwrap();
        prop_assert!(end.is_err() || said_yes);
    }
}
