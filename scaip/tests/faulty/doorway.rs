//! Replies that a receiver brings to our door, and TLS in both directions.

use std::sync::Arc;

use nattsyn_scaip::client::OpenError;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use super::certificates::Certificates;
use super::*;

/// A port of this machine that was free a moment ago.
fn free_port() -> std::net::SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

fn contact(at: std::net::SocketAddr) -> String {
    format!("[contact]\nuri = \"sip:hub@{at}\"\nlisten = \"{at}\"\n")
}

#[tokio::test]
async fn a_reply_at_the_door_is_delivered_also_when_the_line_is_gone() {
    let door = free_port();
    let verdict = || Act::AskAt(door, "MESSAGE", Body::Verdict("0"));
    let receiver = Receiver::udp(vec![vec![accepts(), verdict()]]).await;
    let by_udp = client(
        &receiver,
        &format!("transport = \"udp\"\n{}", contact(door)),
    )
    .await;
    assert_eq!(by_udp.send(&alarm()).await.unwrap().verdict, Verdict::Ok);
    assert_eq!(receiver.answers(1).await, [200]);
    let contact_header = format!("<sip:hub@{door}>");
    let first = &receiver.heard()[0];
    assert_eq!(first.header("Contact"), Some(contact_header.as_str()));
    drop(by_udp);

    let door = free_port();
    let verdict = Act::AskAt(door, "MESSAGE", Body::Verdict("0"));
    let receiver = Receiver::tcp(vec![vec![accepts(), verdict, Act::Close]]).await;
    let by_tcp = client(
        &receiver,
        &format!("transport = \"tcp\"\n{}", contact(door)),
    )
    .await;
    assert_eq!(by_tcp.send(&alarm()).await.unwrap().verdict, Verdict::Ok);
    assert_eq!(receiver.answers(1).await, [200]);
}

#[tokio::test]
async fn a_line_that_breaks_after_acceptance_leaves_the_door_open() {
    let door = free_port();
    let script = vec![vec![accepts(), Act::Close]];
    let receiver = Receiver::tcp(script).await;
    let client = client(
        &receiver,
        &format!("transport = \"tcp\"\n{}", contact(door)),
    )
    .await;
    let alarm = alarm();
    let reply = Reply::new(alarm.reference.clone(), Verdict::Ok);
    let body = reply.to_xml(nattsyn_scaip::message::Root::Mrq);
    let late = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        knock(door, &body).await
    };
    let (result, answer) = tokio::join!(client.send(&alarm), late);
    assert_eq!(result.unwrap().verdict, Verdict::Ok);
    assert!(answer.starts_with("SIP/2.0 200 OK"), "{answer}");
}

#[tokio::test]
async fn whoever_knocks_is_answered_and_does_no_harm() {
    let door = free_port();
    let receiver = Receiver::tcp(vec![vec![says("0")]]).await;
    let client = client(
        &receiver,
        &format!("transport = \"tcp\"\n{}", contact(door)),
    )
    .await;
    let nobody_waits = "<mrs><ref>another1</ref><snu>0</snu></mrs>";
    assert!(
        knock(door, nobody_waits)
            .await
            .starts_with("SIP/2.0 200 OK")
    );
    assert!(knock(door, "<mrs>").await.starts_with("SIP/2.0 400"));
    let noise = knock_with(door, b"GET / HTTP/1.1\r\n\r\n").await;
    assert_eq!(noise, "");
    let options = "OPTIONS sip:hub SIP/2.0\r\nVia: a\r\nFrom: b\r\nTo: c\r\nCall-ID: d\r\n\
                   CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n";
    let answer = knock_with(door, options.as_bytes()).await;
    assert!(answer.starts_with("SIP/2.0 200 OK"), "{answer}");
    assert!(
        answer.contains("\r\nAllow: MESSAGE, OPTIONS\r\n"),
        "{answer}"
    );
    assert_eq!(client.send(&alarm()).await.unwrap().verdict, Verdict::Ok);
}

async fn knock(door: std::net::SocketAddr, body: &str) -> String {
    let request = format!(
        "MESSAGE sip:hub SIP/2.0\r\nVia: a\r\nFrom: b\r\nTo: c\r\nCall-ID: d\r\n\
         CSeq: 1 MESSAGE\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    knock_with(door, request.as_bytes()).await
}

/// What the door says before it is closed or says no more.
async fn knock_with(door: std::net::SocketAddr, bytes: &[u8]) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::TcpStream::connect(door).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

fn certificate(certificates: &Certificates, name: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_file(certificates.file(name)).unwrap()
}

fn roots(certificates: &Certificates) -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add(certificate(certificates, "ca.pem")).unwrap();
    roots
}

/// The receiver's end, which asks for a certificate.
fn acceptor(certificates: &Certificates) -> TlsAcceptor {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let clients = Arc::new(roots(certificates));
    let clients = WebPkiClientVerifier::builder_with_provider(clients, provider.clone());
    let key = PrivateKeyDer::from_pem_file(certificates.file("receiver-key.pem")).unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(clients.build().unwrap())
        .with_single_cert(vec![certificate(certificates, "receiver.pem")], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// The receiver's way to the hub.
fn connector(certificates: &Certificates) -> TlsConnector {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots(certificates))
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

#[tokio::test]
async fn over_tls_both_ends_show_who_they_are() {
    let certificates = Certificates::new();
    let door = free_port();
    let scripts = vec![
        vec![says("0")],
        vec![accepts(), Act::Ask("MESSAGE", Body::Verdict("0"))],
        vec![accepts(), Act::AskAt(door, "MESSAGE", Body::Verdict("0"))],
    ];
    let (acceptor, connector) = (acceptor(&certificates), connector(&certificates));
    let receiver = Receiver::tls(scripts, acceptor, connector).await;
    let more = format!(
        "[tls]\nca = {:?}\nname = \"localhost\"\n[tls.identity]\ncertificate = {:?}\nkey = {:?}\n{}",
        certificates.file("ca.pem"),
        certificates.file("hub.pem"),
        certificates.file("hub-key.pem"),
        contact(door)
    );
    let client = client(&receiver, &more).await;
    for _ in 0..3 {
        assert_eq!(client.send(&alarm()).await.unwrap().verdict, Verdict::Ok);
    }
    assert_eq!(receiver.answers(2).await, [200, 200]);
    let via = receiver.heard()[0].header("Via").unwrap().to_owned();
    assert!(via.starts_with("SIP/2.0/TLS 127.0.0.1:"), "{via}");
}

#[tokio::test]
async fn whoever_is_not_the_receiver_is_told_nothing() {
    let certificates = Certificates::new();
    let strangers = Certificates::new();
    let script = vec![vec![says("0")]; 3];
    let (acceptor, connector) = (acceptor(&certificates), connector(&certificates));
    let receiver = Receiver::tls(script, acceptor, connector).await;
    let tls = |ca: &Certificates, name: &str, own: &Certificates| {
        format!(
            "[tls]\nca = {:?}\nname = \"{name}\"\n[tls.identity]\ncertificate = {:?}\nkey = {:?}\n",
            ca.file("ca.pem"),
            own.file("hub.pem"),
            own.file("hub-key.pem"),
        )
    };
    for more in [
        tls(&strangers, "localhost", &certificates),
        tls(&certificates, "receiver.example", &certificates),
        tls(&certificates, "localhost", &strangers),
    ] {
        let client = client(&receiver, &more).await;
        let error = client.send(&alarm()).await.unwrap_err();
        assert!(matches!(error, SendError::Network { .. }), "{error:?}");
        assert_eq!(error.remedy(), Remedy::MendSetup, "{error:?}");
    }
    assert_eq!(receiver.heard(), Vec::new());
}

#[tokio::test]
async fn a_profile_that_cannot_work_says_which_file_and_why() {
    let certificates = Certificates::new();
    std::fs::write(certificates.file("empty"), "\n").unwrap();
    let open = async |more: &str| {
        let text = format!("address = \"a:1\"\ntarget = \"sip:a@b\"\nfrom = \"sip:c@d\"\n{more}");
        let profile: nattsyn_scaip::config::Receiver = toml::from_str(&text).unwrap();
        let profile = profile.beside(certificates.folder());
        match Client::open(profile, Clock::machine()).await {
            Ok(_) => panic!("{more} was taken"),
            Err(error) => error,
        }
    };
    assert!(matches!(open("").await, OpenError::NoTls));
    let text = "address = \"a:1\"\ntarget = \"sips:a@b\"\nfrom = \"sip:c@d\"\ntransport = \"tcp\"";
    let clear = Client::open(toml::from_str(text).unwrap(), Clock::machine()).await;
    assert!(matches!(clear.err(), Some(OpenError::SipsInClear)));
    let missing = open("[tls]\nca = \"nowhere.pem\"").await.to_string();
    assert!(missing.contains("nowhere.pem"), "{missing}");
    let empty = open("[tls]\nca = \"empty\"").await;
    assert!(matches!(empty, OpenError::NoCertificate(_)), "{empty:?}");
    let swapped = "[tls]\nca = \"ca.pem\"\n[tls.identity]\ncertificate = \"ca.pem\"\n\
                   key = \"hub-key.pem\"";
    let swapped = open(swapped).await;
    assert!(
        matches!(swapped, OpenError::Certificate { .. }),
        "{swapped:?}"
    );
    let unable = format!("[tls]\nca = \"ca.pem\"\n{}", contact(free_port()));
    assert!(matches!(open(&unable).await, OpenError::NoIdentity));
    let password = "transport = \"udp\"\n[credentials]\nuser = \"a\"\npassword_file = \"empty\"";
    let password = open(password).await;
    assert!(
        matches!(password, OpenError::Password { .. }),
        "{password:?}"
    );
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let at = taken.local_addr().unwrap();
    let taken = open(&format!("transport = \"tcp\"\n{}", contact(at))).await;
    assert!(matches!(taken, OpenError::Listen(..)), "{taken:?}");
}
