//! The repository keeps its own rules: shape, sizes, names, licences, and words that are true.
//!
//! Each test reads the repository and prints every place that breaks its rule, with what to do
//! there. The rules stand in `tests/src/workspace/`, with tests that show each can find fault.
//! Nothing here judges behaviour.

use nattsyn_tests::workspace::documents::{self, Shelf};
use nattsyn_tests::workspace::{Workspace, arrows, licences, sources, stock};

/// The words of the design (architecture, "Words"): one meaning each, everywhere.
const WORDS: [&str; 23] = [
    "resident",
    "home",
    "unit",
    "plan",
    "window",
    "check",
    "look",
    "sleeping place",
    "sighting",
    "finding",
    "report",
    "outcome",
    "exception",
    "visit",
    "consent",
    "policy",
    "grant",
    "live view",
    "ledger",
    "heartbeat",
    "commissioning",
    "eye",
    "voice",
];

fn workspace() -> Workspace {
    Workspace::open().expect("the repository that this was built from")
}

/// Runs a rule over every Rust file.
fn rust_files<C: IntoIterator<Item = String>>(rule: impl Fn(&str, &str) -> C) -> Vec<String> {
    let workspace = workspace();
    let complaints = workspace
        .ending(".rs")
        .flat_map(|path| rule(path, &workspace.text(path).expect("a listed file")));
    complaints.collect()
}

#[track_caller]
fn none(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

#[test]
fn our_crates_use_only_what_the_architecture_allows() {
    let packages = workspace().own_packages().unwrap();
    assert!(
        packages.len() >= 9,
        "cargo names {} packages",
        packages.len()
    );
    none(&arrows::forbidden(&packages));
}

#[test]
fn every_file_is_short_enough_to_read_in_one_sitting() {
    none(&rust_files(sources::too_long));
}

#[test]
fn every_line_fits_the_page() {
    none(&rust_files(sources::too_wide));
}

#[test]
fn every_rust_file_says_what_it_is_for() {
    none(&rust_files(sources::undocumented));
}

#[test]
fn what_the_documents_name_exists() {
    let workspace = workspace();
    let shelf = Shelf {
        root: workspace.root(),
        files: workspace.files(),
    };
    let documents = workspace
        .ending(".md")
        .filter(|path| path.starts_with("docs/") || !path.contains('/'));
    let complaints: Vec<String> = documents
        .flat_map(|path| documents::dead_paths(shelf, path, &workspace.text(path).unwrap()))
        .collect();
    none(&complaints);
}

#[test]
fn every_word_of_the_design_is_in_the_glossary() {
    let glossary = workspace().text("docs/glossary.md").unwrap();
    none(&documents::missing_words(&glossary, &WORDS));
}

#[test]
fn no_file_is_a_burden_to_clone() {
    let workspace = workspace();
    let all = workspace.files().iter();
    let complaints: Vec<String> = all
        .filter_map(|path| stock::too_large(path, &workspace.bytes(path).unwrap()))
        .collect();
    none(&complaints);
}

#[test]
fn no_file_names_a_folder_of_one_machine() {
    let workspace = workspace();
    let all = workspace.files().iter();
    let complaints: Vec<String> = all
        .flat_map(|path| stock::machine_paths(path, &workspace.bytes(path).unwrap()))
        .collect();
    none(&complaints);
}

#[test]
fn every_source_file_is_named_for_what_it_does() {
    let workspace = workspace();
    let sources = [".rs", ".py", ".js"]
        .into_iter()
        .flat_map(|end| workspace.ending(end));
    let complaints: Vec<String> = sources.filter_map(stock::says_nothing).collect();
    none(&complaints);
}

#[test]
fn every_dependency_has_a_licence_we_agreed_to() {
    let workspace = workspace();
    let allowed = licences::allowed(&workspace.text("deny.toml").unwrap()).unwrap();
    let packages = workspace.all_packages().unwrap();
    assert!(
        packages.len() > 50,
        "cargo names {} packages",
        packages.len()
    );
    none(&licences::not_allowed(&packages, &allowed));
}

#[test]
fn every_dependency_has_a_reason() {
    none(&stock::without_reason(
        &workspace().text("Cargo.toml").unwrap(),
    ));
}
