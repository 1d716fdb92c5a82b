//! The client against a receiver of our own that is faulty on purpose, over real sockets.
//!
//! What a right receiver does is here too, in every style; a real SIP stack is
//! `scaip/tests/sipp`. Timers to the millisecond are tried without sockets, in the crate.

#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

mod certificates;
mod doorway;
mod receiver;

use std::time::Duration;

use nattsyn_clock::Clock;
use nattsyn_scaip::client::{Client, Remedy, SendError, fresh_reference};
use nattsyn_scaip::exchange::{Failure, Heard, NotKnown};
use nattsyn_scaip::mapping::{Event, Subject, request};
use nattsyn_scaip::message::{ControllerId, Field, Reply, Request, Verdict};
use nattsyn_scaip::sip::packet::Packet;

use receiver::{Act, Body, Receiver};

fn alarm() -> Request {
    let subject = Subject {
        controller: ControllerId::parse("00012345").unwrap(),
        device: None,
    };
    request(&Event::NotVisible, &subject, fresh_reference().unwrap())
}

/// A client of this receiver with two seconds' patience.
async fn client(receiver: &Receiver, more: &str) -> Client {
    let text = format!(
        "address = \"{}\"\ntarget = \"sip:arc@receiver.example\"\n\
         from = \"sip:hub@hub.example\"\ntime_limit_s = 2\n{more}",
        receiver.address
    );
    let profile = toml::from_str(&text).unwrap();
    Client::open(profile, Clock::machine()).await.unwrap()
}

async fn told_by_udp(script: Vec<Vec<Act>>) -> (Result<Reply, SendError>, Vec<Packet>) {
    let receiver = Receiver::udp(script).await;
    let client = client(&receiver, "transport = \"udp\"").await;
    (client.send(&alarm()).await, receiver.heard())
}

async fn told_by_tcp(script: Vec<Vec<Act>>) -> Result<Reply, SendError> {
    let receiver = Receiver::tcp(script).await;
    let client = client(&receiver, "transport = \"tcp\"").await;
    client.send(&alarm()).await
}

/// The same over both.
async fn told(script: Vec<Vec<Act>>) -> [Result<Reply, SendError>; 2] {
    let (by_udp, by_tcp) = tokio::join!(told_by_udp(script.clone()), told_by_tcp(script));
    [by_udp.0, by_tcp]
}

fn failure(result: Result<Reply, SendError>) -> Failure {
    match result {
        Err(SendError::Failed(failure)) => failure,
        other => panic!("neither a verdict nor silence: {other:?}"),
    }
}

fn took(clock: &Clock, began: Duration) -> Duration {
    clock.real_now().saturating_sub(began)
}

fn says(number: &'static str) -> Act {
    Act::Answer(
        "200 OK",
        "Content-Type: application/scaip+xml\r\n",
        Body::Verdict(number),
    )
}

fn accepts() -> Act {
    Act::Answer("202 Accepted", "", Body::Empty)
}

#[tokio::test]
async fn a_yes_in_the_answer_is_delivered() {
    for result in told(vec![vec![says("0")]]).await {
        assert_eq!(result.unwrap().verdict, Verdict::Ok);
    }
    let body = Body::VerdictByScaip("0");
    let lines = "Content-Type: application/xml; charset=utf-8\r\n";
    for result in told(vec![vec![Act::Answer("200 OK", lines, body)]]).await {
        assert_eq!(result.unwrap().verdict, Verdict::Ok);
    }
}

#[tokio::test]
async fn a_yes_in_a_message_of_its_own_is_delivered() {
    let script = vec![vec![accepts(), Act::Ask("MESSAGE", Body::Verdict("0"))]];
    for result in told(script).await {
        assert_eq!(result.unwrap().verdict, Verdict::Ok);
    }
    let late = Act::Wait(Duration::from_millis(300));
    let script = vec![vec![
        accepts(),
        late,
        Act::Ask("MESSAGE", Body::Verdict("0")),
    ]];
    for result in told(script).await {
        assert_eq!(result.unwrap().verdict, Verdict::Ok);
    }
}

#[tokio::test]
async fn a_no_is_a_no_in_either_style_and_says_what_to_try() {
    for (number, remedy) in [
        ("1", Remedy::MendSetup),
        ("2", Remedy::MendSetup),
        ("3", Remedy::MendSetup),
        ("4", Remedy::Repeat),
        ("5", Remedy::Elsewhere),
        ("6", Remedy::Repeat),
        ("7", Remedy::MendSetup),
        ("42", Remedy::Elsewhere),
    ] {
        let in_message = vec![accepts(), Act::Ask("MESSAGE", Body::Verdict(number))];
        for script in [vec![vec![says(number)]], vec![in_message]] {
            for result in told(script).await {
                let error = result.unwrap_err();
                assert_eq!(error.remedy(), remedy, "{number}");
                let SendError::Failed(Failure::Refused(reply)) = error else {
                    panic!("{number}: {error:?}");
                };
                assert_eq!(reply.verdict.number().to_string(), number);
            }
        }
    }
}

#[tokio::test]
async fn what_cannot_be_read_is_not_delivered() {
    for text in [
        "<mrs><ref>a1</ref><snu>0</sn",
        "OK",
        "<mrs><ref>a1</ref></mrs>",
    ] {
        let act = Act::Answer("200 OK", "", Body::Text(text));
        for result in told(vec![vec![act]]).await {
            let error = result.unwrap_err();
            assert_eq!(error.remedy(), Remedy::Elsewhere);
            assert!(
                matches!(error, SendError::Failed(Failure::Unreadable(_))),
                "{text}"
            );
        }
    }
}

#[tokio::test]
async fn a_yes_to_another_message_is_not_delivered() {
    let other = Body::Text("<mrs><ref>another1</ref><snu>0</snu></mrs>");
    let answer = Act::Answer("200 OK", "", other.clone());
    for result in told(vec![vec![answer]]).await {
        assert_eq!(failure(result), Failure::OtherReference);
    }
    for result in told(vec![vec![accepts(), Act::Ask("MESSAGE", other)]]).await {
        assert_eq!(failure(result), Failure::Silence(Heard::Accepted));
    }
}

#[tokio::test]
async fn silence_ends_in_time_and_says_what_was_heard() {
    let clock = Clock::machine();
    let began = clock.real_now();
    let trying = Act::Answer("100 Trying", "", Body::Empty);
    let (nothing, accepted, provisional) = tokio::join!(
        told(vec![]),
        told(vec![vec![accepts()]]),
        told(vec![vec![trying]])
    );
    assert!(
        took(&clock, began) < Duration::from_secs(4),
        "{:?}",
        took(&clock, began)
    );
    for (results, heard) in [
        (nothing, Heard::Nothing),
        (accepted, Heard::Accepted),
        (provisional, Heard::Provisional),
    ] {
        for result in results {
            let error = result.unwrap_err();
            assert_eq!(error.remedy(), Remedy::Repeat);
            assert!(
                matches!(&error, SendError::Failed(Failure::Silence(was)) if *was == heard),
                "{error:?}"
            );
        }
    }
}

#[tokio::test]
async fn a_reply_after_its_time_comes_too_late() {
    let late = Act::Wait(Duration::from_millis(2500));
    for result in told(vec![vec![late, says("0")]]).await {
        assert_eq!(failure(result), Failure::Silence(Heard::Nothing));
    }
}

#[tokio::test]
async fn a_lost_datagram_is_sent_again() {
    let (result, heard) = told_by_udp(vec![vec![], vec![says("0")]]).await;
    assert_eq!(result.unwrap().verdict, Verdict::Ok);
    assert_eq!(heard.len(), 2);
    assert_eq!(heard[0], heard[1]);
}

#[tokio::test]
async fn noise_on_a_socket_is_passed_over_and_on_a_connection_ends_it() {
    let [by_udp, by_tcp] = told(vec![vec![Act::Noise, says("0")]]).await;
    assert_eq!(by_udp.unwrap().verdict, Verdict::Ok);
    assert_eq!(by_tcp.as_ref().unwrap_err().remedy(), Remedy::Elsewhere);
    assert!(matches!(
        by_tcp,
        Err(SendError::Network {
            doing: "hearing",
            ..
        })
    ));
}

#[tokio::test]
async fn half_an_answer_is_none() {
    let stalled = failure(told_by_tcp(vec![vec![Act::Half]]).await);
    assert_eq!(stalled, Failure::Silence(Heard::Nothing));
    for script in [
        vec![Act::Half, Act::Close],
        vec![Act::Close],
        vec![accepts(), Act::Close],
    ] {
        let error = told_by_tcp(vec![script]).await.unwrap_err();
        assert_eq!(error.remedy(), Remedy::Repeat);
        assert!(
            matches!(
                error,
                SendError::Network {
                    doing: "hearing",
                    ..
                }
            ),
            "{error:?}"
        );
    }
}

#[tokio::test]
async fn a_yes_counts_also_when_our_answer_to_it_is_lost() {
    let verdict = Act::Ask("MESSAGE", Body::Verdict("0"));
    for _ in 0..20 {
        let script = vec![vec![accepts(), verdict.clone(), Act::Break]];
        assert_eq!(told_by_tcp(script).await.unwrap().verdict, Verdict::Ok);
    }
}

#[tokio::test]
async fn a_server_that_says_no_is_not_delivered() {
    for (status, remedy) in [
        ("503 Service Unavailable", Remedy::Repeat),
        ("404 Not Found", Remedy::MendSetup),
        ("302 Moved", Remedy::Elsewhere),
        ("603 Decline", Remedy::Elsewhere),
    ] {
        for result in told(vec![vec![Act::Answer(status, "", Body::Empty)]]).await {
            let error = result.unwrap_err();
            assert_eq!(error.remedy(), remedy, "{status}");
            assert!(matches!(error, SendError::Failed(Failure::Rejected { .. })));
        }
    }
}

#[tokio::test]
async fn nobody_there_is_known_at_once() {
    let gone = Receiver::tcp(vec![]).await.address;
    for transport in ["tcp", "udp"] {
        let text = format!(
            "address = \"{gone}\"\ntarget = \"sip:a@b\"\nfrom = \"sip:c@d\"\n\
             transport = \"{transport}\""
        );
        let client = Client::open(toml::from_str(&text).unwrap(), Clock::machine())
            .await
            .unwrap();
        let clock = Clock::machine();
        let began = clock.real_now();
        let error = client.send(&alarm()).await.unwrap_err();
        assert!(matches!(error, SendError::Network { .. }), "{error:?}");
        assert!(took(&clock, began) < Duration::from_secs(2));
    }
}

#[tokio::test]
async fn what_does_not_fit_a_datagram_is_said_to_be_our_fault() {
    let mut long = alarm();
    long.caller = Some(Field::parse(&format!("sip:{}", "å".repeat(252))).unwrap());
    long.info_text = Some(Field::parse(&"å".repeat(128)).unwrap());
    let receiver = Receiver::udp(vec![vec![says("0")]]).await;
    let by_udp = client(&receiver, "transport = \"udp\"").await;
    let error = by_udp.send(&long).await.unwrap_err();
    assert!(matches!(error, SendError::TooLong), "{error:?}");
    assert_eq!(error.remedy(), Remedy::MendSetup);
    assert_eq!(receiver.heard(), Vec::new());
    let receiver = Receiver::tcp(vec![vec![says("0")]]).await;
    let by_tcp = client(&receiver, "transport = \"tcp\"").await;
    assert_eq!(by_tcp.send(&long).await.unwrap().verdict, Verdict::Ok);
}

#[tokio::test]
async fn one_message_too_many_at_once_is_turned_away_at_once() {
    let receiver = Receiver::tcp(vec![vec![]; 64]).await;
    let client = client(&receiver, "transport = \"tcp\"").await;
    let alarms: Vec<Request> = (0..65).map(|_| alarm()).collect();
    let under_way = alarms.iter().map(|alarm| Box::pin(client.send(alarm)));
    let results = all(under_way.collect()).await;
    assert_eq!(results[64].as_ref().unwrap_err().remedy(), Remedy::Repeat);
    let crowded = |result: &&Result<Reply, SendError>| matches!(result, Err(SendError::Crowded));
    assert_eq!(results.iter().filter(crowded).count(), 1);
    assert_eq!(receiver.heard().len(), 64);
}

const WHO: &str = "WWW-Authenticate: Digest realm=\"arc\", nonce=\"n1\", algorithm=SHA-256, \
                   qop=\"auth\"\r\n";
const WHO_PROXY: &str = "Proxy-Authenticate: Digest realm=\"arc\", nonce=\"n1\"\r\n";

#[tokio::test]
async fn a_challenge_is_answered_without_the_password() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    std::fs::write(&file, "hemligt\n").unwrap();
    for (status, lines, answered_in) in [
        ("401 Unauthorized", WHO, "Authorization"),
        (
            "407 Proxy Authentication Required",
            WHO_PROXY,
            "Proxy-Authorization",
        ),
    ] {
        let challenge = Act::Answer(status, lines, Body::Empty);
        let script = vec![
            vec![challenge.clone()],
            vec![says("0")],
            vec![challenge.clone()],
        ];
        let receiver = Receiver::udp([script, vec![vec![challenge]]].concat()).await;
        let more =
            format!("transport = \"udp\"\n[credentials]\nuser = \"hub\"\npassword_file = {file:?}");
        let client = client(&receiver, &more).await;
        assert_eq!(client.send(&alarm()).await.unwrap().verdict, Verdict::Ok);
        let refused = client.send(&alarm()).await.unwrap_err();
        assert_eq!(refused.remedy(), Remedy::MendSetup);
        let SendError::Failed(Failure::NotKnown(why)) = refused else {
            panic!("{refused:?}");
        };
        assert_eq!(why, NotKnown::Refused);
        let heard = receiver.heard();
        assert_eq!(heard[0].header(answered_in), None);
        assert!(
            heard[1]
                .header(answered_in)
                .unwrap()
                .starts_with("Digest username=\"hub\"")
        );
        assert!(!format!("{heard:?}").contains("hemligt"));
    }
}

#[tokio::test]
async fn without_credentials_a_challenge_is_a_no() {
    let challenge = Act::Answer("401 Unauthorized", WHO, Body::Empty);
    for result in told(vec![vec![challenge]]).await {
        assert_eq!(failure(result), Failure::NotKnown(NotKnown::NoCredentials));
    }
}

#[tokio::test]
async fn messages_do_not_wait_for_each_other_and_one_is_sent_once_at_a_time() {
    let answer = vec![Act::Wait(Duration::from_millis(300)), says("0")];
    let receiver = Receiver::tcp(vec![answer; 20]).await;
    let client = client(&receiver, "transport = \"tcp\"").await;
    let clock = Clock::machine();
    let began = clock.real_now();
    let alarms: Vec<Request> = (0..20).map(|_| alarm()).collect();
    let twice = alarms[0].clone();
    let (results, second) = tokio::join!(
        async {
            let mut under_way = Vec::new();
            for alarm in &alarms {
                under_way.push(Box::pin(client.send(alarm)));
            }
            all(under_way).await
        },
        client.send(&twice)
    );
    assert!(matches!(second, Err(SendError::UnderWay)));
    assert!(results.iter().all(Result::is_ok), "{results:?}");
    assert!(
        took(&clock, began) < Duration::from_secs(2),
        "{:?}",
        took(&clock, began)
    );
}

/// All results, every future polled until it is done.
async fn all<F: Future + Unpin>(mut under_way: Vec<F>) -> Vec<F::Output> {
    let mut done: Vec<Option<F::Output>> = under_way.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (future, slot) in under_way.iter_mut().zip(&mut done) {
            if slot.is_none()
                && let std::task::Poll::Ready(output) = std::pin::pin!(future).poll(context)
            {
                *slot = Some(output);
            }
        }
        match done.iter().all(Option::is_some) {
            true => std::task::Poll::Ready(()),
            false => std::task::Poll::Pending,
        }
    })
    .await;
    done.into_iter().flatten().collect()
}
