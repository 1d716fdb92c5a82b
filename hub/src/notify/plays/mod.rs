//! The real channels against servers of our own that are faulty on purpose, put together from
//! settings as in the product; and the caller between them and a chain.

mod calling;
mod http;
mod mail;
mod push;

use std::path::Path;
use std::time::Duration;

use nattsyn_protocol::time::Timestamp;

use super::chain::{About, Key, Kind, Order, RowId};
use super::*;

/// Short, since the fakes are near; long enough for a busy machine.
const PATIENCE: Patience = Patience {
    each: Duration::from_secs(2),
    whole: Duration::from_secs(8),
    pause: Duration::from_millis(20),
};

/// For what never answers.
const HASTE: Patience = Patience {
    each: Duration::from_millis(400),
    whole: Duration::from_secs(1),
    pause: Duration::from_millis(20),
};

const PHONE: &str = "+46701234567";

fn order(by: &str, kind: Kind, number: u64) -> Order {
    Order {
        key: Key {
            at_ms: Timestamp::from_ms(1_795_000_000_000).unwrap(),
            number,
        },
        about: About::Rows(vec![RowId(7_700_077)]),
        to: "lead".parse().unwrap(),
        by: by.parse().unwrap(),
        kind,
        count: 3,
    }
}

fn opened(folder: &Path, text: &str, patience: Patience) -> Opened {
    let settings: Settings = toml::from_str(text).unwrap();
    let others = settings::Others::default();
    settings.open_with(folder, others, patience).unwrap()
}

/// Settings with one channel called "way", and the night lead who is told by it.
fn with_channel(channel: &str, address: &str) -> String {
    format!(
        "link = \"https://nattsyn.example/\"\n[[channel]]\nname = \"way\"\n{channel}\n\
         [[recipient]]\nname = \"lead\"\n{address}\n\
         [[team]]\nname = \"natt\"\nsteps = [{{ to = \"lead\", by = [\"way\"] }}]\n"
    )
}

fn sms(port: u16) -> String {
    with_channel(
        &format!(
            "kind = \"sms\"\nurl = \"http://127.0.0.1:{port}/v1/sms?from=Nattsyn\"\n\
             body = '{{\"to\":\"{{to}}\",\"text\":\"{{text}} {{link}}\",\"ref\":\"{{key}}\"}}'\n\
             headers = {{ Authorization = \"Bearer {{secret}}\" }}\nsecret_file = \"key\""
        ),
        &format!("address = {{ way = \"{PHONE}\" }}"),
    )
}

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("key"), "s3cr3t\n").unwrap();
    folder
}
