//! `nattsyn-hub consent` as somebody of the staff runs it, and consents of an enrolment.
#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot go on says where by panicking"
)]

use std::path::Path;
use std::process::Command;

use jiff::ToSpan as _;
use tempfile::TempDir;

use nattsyn_clock::Clock;

/// What the program says to these arguments.
fn run(folder: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nattsyn-hub"));
    let command = command.args(arguments).current_dir(folder);
    let output = command.env_remove("RUST_LOG").output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

fn talk(scope: &str, household: &str) -> String {
    let now = Clock::machine().now().timestamp.0;
    let today = now.to_zoned(jiff::tz::TimeZone::UTC).date();
    let review = today.checked_add(100.days()).unwrap();
    let on = today.checked_sub(10.days()).unwrap();
    format!(
        "kinds = [\"care\", \"design\", \"processing\"]\nform = \"oral\"\nscope = \"{scope}\"\n\
         given_by = \"den enskilde\"\nhousehold = \"{household}\"\ncapacity = \"own\"\n\
         alternatives = \"larmmatta\"\ninformed = \"berättade\"\non = \"{on}\"\n\
         review = \"{review}\"\n"
    )
}

/// A hub's folder with the example's homes; the first resident's consent stands in the enrolment.
fn enrolled() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("hub.toml", "");
    write("root.seed", &"07".repeat(32));
    let consent = format!(
        "[home.resident.consent]\n{}\n[[home]]\n",
        talk("sensor", "alone")
    );
    let example = nattsyn_hub::enrolment::EXAMPLE;
    let (first, second) = example.rsplit_once("[[home]]\n").unwrap();
    write("homes.toml", &format!("{first}{consent}{second}"));
    let path = folder.path();
    run(
        path,
        &["prepare", "--config", "hub.toml", "--root", "root.seed"],
    );
    folder
}

const ENROL: [&str; 5] = ["enrol", "--config", "hub.toml", "--homes", "homes.toml"];

#[test]
fn a_consent_of_the_enrolment_is_taken_in_once_and_never_over_a_no() {
    let folder = enrolled();
    let path = folder.path();
    let first = run(path, &ENROL);
    assert!(first.contains("consent of r0000001"), "{first}");
    run(
        path,
        &[
            "staff", "add", "--id", "hand-001", "--name", "Namn", "--by", "admin-1",
        ],
    );
    let no = "consent withdraw --resident r0000001 --by hand-001 --said-by honsjalv";
    let no: Vec<&str> = no.split(' ').collect();
    let said = run(path, &no);
    assert!(said.contains("Bestäm besök nu"), "{said}");
    let again = run(path, &ENROL);
    assert!(!again.contains("consent of"), "{again}");
    let list = run(path, &["consent", "list"]);
    assert!(list.contains("r0000001\tinga försök"), "{list}");
    assert!(!list.contains("honsjalv"), "a list names nobody: {list}");
    let export = run(path, &["consent", "export"]);
    assert_eq!(export.lines().count(), 5, "{export}");
}

#[test]
fn a_conversation_is_refused_by_field_and_whoever_writes_it_works_here() {
    let folder = enrolled();
    let path = folder.path();
    run(path, &ENROL);
    std::fs::write(path.join("talk.toml"), talk("everything", "alone")).unwrap();
    let record = "consent record talk.toml --resident r0000002 --by hand-001";
    let record: Vec<&str> = record.split(' ').collect();
    let stranger = run(path, &record);
    assert!(
        stranger.contains("finns inte bland dem som arbetar här"),
        "{stranger}"
    );
    run(
        path,
        &[
            "staff", "add", "--id", "hand-001", "--name", "Namn", "--by", "admin-1",
        ],
    );
    let wrong = run(path, &record);
    assert!(
        wrong.contains("scope: välj ett av: sensor, live_view_on_unclear"),
        "{wrong}"
    );
    std::fs::write(path.join("talk.toml"), talk("sensor", "alone")).unwrap();
    let done = run(path, &record);
    assert!(done.contains("r0000002: nedskrivet"), "{done}");
}
