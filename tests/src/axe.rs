//! What axe-core finds on a page, as lines that can be read.
//!
//! `.ci/setup test` fetches axe-core; without it this fails and says so. It is run in the page by
//! the driver, which the page's content security does not hinder. What it cannot tell (whether a
//! text is good, whether a path by keyboard makes sense) is for people and for the other tests.

use std::path::Path;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::json;

use crate::browser::Browser;

/// axe-core as the setup leaves it.
const FILE: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../target/axe/axe_playwright_python/axe.min.js"
);

/// What must hold: WCAG 2.1, levels A and AA, as EN 301 549 asks of public bodies; and what
/// axe-core calls best practice.
const TAGS: [&str; 5] = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"];

static AXE: LazyLock<String> = LazyLock::new(|| {
    let path = Path::new(FILE);
    std::fs::read_to_string(path)
        .unwrap_or_else(|error| panic!("axe-core is not there ({error}): run `.ci/setup test`"))
});

/// What one rule found.
#[derive(Deserialize)]
struct Violation {
    id: String,
    impact: Option<String>,
    help: String,
    nodes: Vec<Node>,
}

/// Where.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Node {
    html: String,
    #[serde(default)]
    failure_summary: String,
}

/// A page's violations, a line each with where; and how many rules had something to look at.
#[derive(Clone, Debug)]
pub struct Examined {
    /// What was found.
    pub violations: Vec<String>,
    /// How many rules found something to look at and nothing wrong with it.
    pub passes: usize,
}

/// Examines what a browser shows; `place` is what it is called in what is told.
///
/// # Panics
///
/// axe-core is not there, or does not run.
pub async fn examine(browser: &Browser, place: &str) -> Examined {
    let load = format!("{}; return typeof axe.run", *AXE);
    let loaded = browser.ask(&load).await;
    assert_eq!(loaded, json!("function"), "axe-core did not load");
    let run = format!(
        "const done = arguments[arguments.length - 1];\
         axe.run(document, {{ runOnly: {}, resultTypes: ['violations'] }})\
         .then((found) => done([found.violations, found.passes.length]),\
               (error) => done(String(error)))",
        json!(TAGS)
    );
    let found = browser.client.execute_async(&run, Vec::new()).await;
    let found = found.unwrap_or_else(|error| panic!("{place}: axe-core: {error}"));
    let found: (Vec<Violation>, usize) =
        serde_json::from_value(found.clone()).unwrap_or_else(|_| panic!("axe-core says {found}"));
    let violations = found.0.iter().map(|violation| violation.told(place));
    Examined {
        violations: violations.collect(),
        passes: found.1,
    }
}

impl Violation {
    fn told(&self, place: &str) -> String {
        let impact = self.impact.as_deref().unwrap_or("unknown");
        let mut text = format!("{place}: {} ({impact}): {}", self.id, self.help);
        for node in &self.nodes {
            text.push_str("\n    ");
            text.push_str(&node.html);
            for line in node.failure_summary.lines().skip(1) {
                text.push_str("\n        ");
                text.push_str(line.trim());
            }
        }
        text
    }
}

/// Nothing may have been found, and something must have been looked at.
///
/// # Panics
///
/// Something was found, or nothing looked at.
#[track_caller]
pub fn nothing_found(examined: &[Examined]) {
    let violations: Vec<&str> = examined
        .iter()
        .flat_map(|it| it.violations.iter().map(String::as_str))
        .collect();
    assert!(violations.is_empty(), "\n{}\n", violations.join("\n"));
    let least = examined.iter().map(|it| it.passes).min();
    assert!(least >= Some(5), "axe-core looked at nothing: {least:?}");
}
