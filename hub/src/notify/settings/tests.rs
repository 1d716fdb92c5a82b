//! What the settings take, what they refuse and how they say so; and that the documentation's
//! example is one that works.

use std::path::Path;

use super::*;
use crate::notify::chain::{Chain as ToldChain, Effect, TrialId};
use crate::notify::{Notice, Notifier, Receipt, Telling};
use crate::watch::Moment;
use nattsyn_protocol::time::{Timestamp, Uptime};

const PAGE: &str = include_str!("../../../../docs/reference/notifiers.md");

/// Where recipients and teams are documented.
const SETTINGS: &str = include_str!("../../../../docs/reference/settings.md");

/// The examples of the documentation, channels and those who are told by them.
fn documented() -> String {
    let (_, rest) = PAGE.split_once("```toml\n").unwrap();
    let (channels, _) = rest.split_once("```").unwrap();
    let (_, rest) = SETTINGS.split_once("[[recipient]]").unwrap();
    let (people, _) = rest.split_once("```").unwrap();
    let channels = channels
        .replace("[notify]\n", "")
        .replace("[[notify.", "[[");
    format!("{channels}\n[[recipient]]{people}")
}

/// The same, with phones before SMS.
fn example() -> String {
    documented().replace("by = [\"sms\"]", "by = [\"push\", \"sms\"]")
}

/// A folder with the files that the example names.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("secrets")).unwrap();
    for name in ["sms", "mail"] {
        std::fs::write(folder.path().join("secrets").join(name), "s3cr3t\n").unwrap();
    }
    folder
}

fn open(text: &str, folder: &Path) -> Result<Opened, String> {
    let settings: Settings = toml::from_str(text).map_err(|error| error.to_string())?;
    let opened = settings.open(folder, Others::new());
    opened.map_err(|error| error.to_string())
}

#[test]
fn the_documentations_example_works() {
    let folder = folder();
    assert_eq!(open(&documented(), folder.path()).err(), None);
    let opened = open(&example(), folder.path()).unwrap();
    let channels: Vec<&str> = opened
        .exchange
        .channels()
        .map(ChannelName::as_str)
        .collect();
    assert_eq!(channels, ["mail", "push", "sms"]);
    let team = opened.teams.iter().next().unwrap();
    assert_eq!(team.lead().to.as_str(), "lead");
    assert_eq!(opened.pushes.len(), 1);
}

#[test]
fn without_settings_nobody_is_told_and_that_can_be_seen() {
    let folder = folder();
    let opened = open("", folder.path()).unwrap();
    assert!(opened.teams.is_empty());
    assert_eq!(opened.exchange.channels().count(), 0);
}

/// The example with one thing changed, and what is said of it.
#[test]
#[expect(clippy::too_many_lines, reason = "a table: one mistake a line")]
fn bad_settings_name_the_table_the_key_and_the_reason() {
    let folder = folder();
    let cases = [
        (
            "link = \"https://nattsyn.example/\"",
            "",
            "notify: link: not set",
        ),
        (
            "link = \"https:",
            "link = \"http:",
            "is not the address of a page",
        ),
        (
            "name = \"sms\"",
            "name = \"SMS\"",
            "1 to 32 characters of a-z, 0-9 and -",
        ),
        (
            "name = \"sms\"",
            "name = \"push\"",
            "notify.channel \"push\": name: there are two",
        ),
        ("kind = \"sms\"", "kind = \"fax\"", "unknown variant `fax`"),
        (
            "url = \"https:",
            "url = \"http:",
            "notify.channel \"sms\": url: unencrypted",
        ),
        (
            "url = \"https://",
            "url = \"https://a:b@",
            "notify.channel \"sms\": url: a name or",
        ),
        (
            "url = \"https://sms",
            "url = \"//sms",
            "notify.channel \"sms\": url: no host",
        ),
        (
            "{to}",
            "{too}",
            "notify.channel \"sms\": body: {too} is not one of {to} {text}",
        ),
        (
            "\"text\":\"{text} {link}\"",
            "\"text\":\"\"",
            "body: an SMS needs {text}",
        ),
        (
            "\"{to}\"",
            "{to}",
            "notify.channel \"sms\": body: not JSON once its slots are filled",
        ),
        (
            "Bearer {secret}",
            "Bearer",
            "secret_file: name a file where a header or the body",
        ),
        (
            "Authorization =",
            "\"Author ization\" =",
            "headers: Author ization: no header's name",
        ),
        (
            "secrets/sms",
            "secrets/smss",
            "notify.channel \"sms\": secret_file: reading ",
        ),
        (
            "security = \"tls\"",
            "security = \"none\"",
            "security: none, and the host is not this",
        ),
        (
            "from = \"nattsyn@",
            "from = \"nattsyn",
            "notify.channel \"mail\": from: not a mail",
        ),
        (
            "password_file",
            "pasword_file",
            "unknown field `pasword_file`",
        ),
        (
            "user = \"nattsyn\"\n",
            "",
            "notify.channel \"mail\": user: not set, but password_file",
        ),
        ("mailto:drift@", "drift@", "is not of the form mailto:"),
        (
            "sms = \"+4670",
            "sms = \"070",
            "address.sms: not a phone number in the international",
        ),
        (
            "mail = \"lead@",
            "mail = \"lead",
            "\"lead\": address.mail: not a mail address",
        ),
        (
            "address = { sms =",
            "address = { fax =",
            "there is no notify.channel \"fax\"",
        ),
        (
            "name = \"natt-2\"",
            "name = \"natt-1\"",
            "recipient \"natt-1\": name: there are",
        ),
        (
            "to = \"natt-2\"",
            "to = \"natt-9\"",
            "step 2: there is no recipient \"natt-9\"",
        ),
        (
            "by = [\"sms\", \"mail\"]",
            "by = []",
            "steps: step 3 has no channel",
        ),
        (
            "by = [\"sms\", \"mail\"]",
            "by = [\"fax\"]",
            "step 3: there is no notify.channel",
        ),
        (
            "by = [\"push\", \"sms\"]",
            "by = [\"mail\"]",
            "\"natt-1\" has no address.mail",
        ),
    ];
    for (from, to, said) in cases {
        let text = example();
        assert!(text.contains(from), "{from}");
        let error = open(&text.replacen(from, to, 1), folder.path()).err();
        let error = error.unwrap_or_else(|| panic!("{to:?} is taken"));
        assert!(error.contains(said), "{to:?}: {error}");
    }
}

#[test]
fn channels_without_a_team_tell_nobody_and_that_can_be_seen() {
    let folder = folder();
    let text = example();
    let (without, _) = text.split_once("[[team]]").unwrap();
    let opened = open(without, folder.path()).unwrap();
    assert!(opened.teams.is_empty());
    assert_eq!(opened.exchange.channels().count(), 3);
}

#[test]
fn a_configuration_that_says_who_is_told_is_refused_with_what_to_do() {
    for (table, at) in [("recipient", "notify.recipient"), ("team", "notify.team")] {
        let text = documented();
        let from = text.find(&format!("[[{table}]]")).unwrap();
        let rest = &text[from..];
        let rest = &rest[..rest[2..].find("[[").map_or(rest.len(), |end| end + 2)];
        let settings: Settings = toml::from_str(rest).unwrap();
        let error = settings.examine_channels_alone().unwrap_err();
        assert_eq!(error.at, at);
        assert!(error.why.contains("nattsyn-hub settings set"), "{error}");
    }
    let text = example();
    let (channels, _) = text.split_once("[[recipient]]").unwrap();
    let settings: Settings = toml::from_str(channels).unwrap();
    assert_eq!(settings.examine_channels_alone(), Ok(()));
}

#[test]
fn no_address_and_no_secret_is_in_an_error_or_in_print() {
    let folder = folder();
    let text = example().replace("+4670", "+46x70");
    let settings: Settings = toml::from_str(&text).unwrap();
    let error = settings.open(folder.path(), Others::new()).err().unwrap();
    let printed = format!("{error} {error:?} {settings:?}");
    for secret in ["46x70", "lead@", "Bearer", "sms.example"] {
        assert!(!printed.contains(secret), "{secret}: {printed}");
    }
}

#[test]
fn a_channel_of_another_kind_can_be_added_and_needs_no_address() {
    struct Receiver;
    impl Notifier for Receiver {
        fn tell<'a>(&'a self, _: &'a Notice) -> Telling<'a> {
            Box::pin(async { Ok(Receipt { code: 200 }) })
        }
    }
    let folder = folder();
    let text = example().replace("by = [\"sms\", \"mail\"]", "by = [\"scaip\", \"sms\"]");
    let settings: Settings = toml::from_str(&text).unwrap();
    let receiver: std::sync::Arc<dyn Notifier> = std::sync::Arc::new(Receiver);
    let others = Others::from([("scaip".parse().unwrap(), receiver)]);
    let opened = settings.open(folder.path(), others).unwrap();
    let mut chain = ToldChain::new(opened.teams);
    let now = Moment {
        uptime: Uptime::default(),
        timestamp: Timestamp::from_ms(0).unwrap(),
    };
    let natt = "natt".parse().unwrap();
    let effects = chain.handle_trial(now, TrialId(1), natt, now.timestamp);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let order = effects.iter().find_map(|effect| {
        if let Effect::Send(order) = effect
            && order.by.as_str() == "scaip"
        {
            return Some(order);
        }
        None
    });
    let order = order.unwrap();
    let outcome = runtime.unwrap().block_on(opened.exchange.carry_out(order));
    assert!(outcome.result.is_ok());
}
