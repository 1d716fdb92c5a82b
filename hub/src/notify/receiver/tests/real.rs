//! The hub's teller against a SIP stack that is not ours: sipp as the receiver.

use std::io::Write as _;
use std::net::UdpSocket;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::*;

/// sipp as a receiver that takes everything; ended with the test.
struct Sipp {
    program: Child,
    port: u16,
    folder: tempfile::TempDir,
}

impl Drop for Sipp {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ended = (self.program.kill(), self.program.wait());
    }
}

impl Sipp {
    /// Starts it, if it is there; says so loudly if it is not.
    fn start(transport: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let port = socket.local_addr().unwrap().port();
        drop(socket);
        let scenarios = Path::new(env!("CARGO_MANIFEST_DIR")).join("../scaip/tests/sipp/scenarios");
        let started = Command::new("sipp")
            .arg("-sf")
            .arg(scenarios.join("reply_in_answer.xml"))
            .args(["-i", "127.0.0.1", "-p", &port.to_string()])
            .args(["-t", if transport == "udp" { "u1" } else { "t1" }])
            .args([
                "-m", "1000", "-nostdin", "-timeout", "60s", "-key", "verdict", "0",
            ])
            .args(["-trace_msg", "-message_file", "messages"])
            .current_dir(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let Ok(program) = started else {
            let wish = std::env::var_os("NATTSYN_SIPP");
            assert!(
                wish.is_none_or(|wish| wish != "required"),
                "sipp missing, and NATTSYN_SIPP=required"
            );
            let notice = b"SKIPPED: sipp missing: install sip-tester\n";
            std::io::stderr().write_all(notice).unwrap();
            return None;
        };
        Some(Self {
            program,
            port,
            folder,
        })
    }

    /// The messages that it heard, once this stands in one of them.
    async fn heard(&self, needle: &str) -> String {
        let path = self.folder.path().join("messages");
        let waiting = async {
            loop {
                let bytes = std::fs::read(&path).unwrap_or_default();
                let text = String::from_utf8_lossy(&bytes).into_owned();
                if text.contains(needle) {
                    return text;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let waited = tokio::time::timeout(SOON, waiting).await;
        waited.unwrap_or_else(|_| panic!("sipp did not hear {needle}"))
    }
}

#[tokio::test]
async fn a_row_reaches_a_real_stack_with_its_codes_and_counts_as_told() {
    for transport in ["udp", "tcp"] {
        let Some(sipp) = Sipp::start(transport) else {
            return;
        };
        let gateway = Fake::http(None, &[Manner::Answers(200)]).await;
        let text = lead(&[sipp.port], &gateway);
        let text = text.replace(
            "transport = \"udp\"",
            &format!("transport = \"{transport}\""),
        );
        let night = Night::new(&text).await;
        // It listens when it has taken a heartbeat.
        night
            .health(|health| health[0].taken.is_some() && health[0].failing.is_none())
            .await;
        let mut teller = night.teller(&text);
        night.shows(vec![row(1, Cause::NotVisible)]);
        let heard = sipp.heard("<stc>0003</stc>").await;
        for part in [
            "<mty>PI</mty>",
            "<mty>ME</mty>",
            "<cid>2115832430593</cid>",
            "<did>r0000001</did>",
            "<dty>0018</dty>",
            "<lco>012</lco>",
            "<ite>tillsyn: ej synlig</ite>",
        ] {
            assert!(heard.contains(part), "{transport}: {part}: {heard}");
        }
        assert!(!heard.contains("Namn") && !heard.contains("Gatan"));
        let told = teller.told.wait_for(|told| told.rows.contains_key(&1));
        tokio::time::timeout(SOON, told).await.unwrap().unwrap();
        night.ends(1, Ending::Said(Said::Visited));
        sipp.heard("<stc>0111</stc>").await;
        assert!(teller.told.borrow().failing.is_empty());
        assert_eq!(gateway.heard().len(), 0, "{transport}");
    }
}
