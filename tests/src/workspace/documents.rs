//! What documents name must exist: paths in inline code, relative links, and the glossary.
//!
//! Prose is not judged, and neither are fenced blocks: they show commands and examples. Web
//! addresses are not fetched.

use std::path::Path;

/// Files at the root that a document may name without a slash.
const TOP_FILES: [&str; 14] = [
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "Makefile",
    "README.md",
    "SECURITY.md",
    "clippy.toml",
    "deny.toml",
    "rust-toolchain.toml",
    "rustfmt.toml",
];

/// Endings by which inline code with a slash is known for a path of ours, wherever it begins.
const OURS_BY_ENDING: [&str; 12] = [
    ".css", ".csv", ".html", ".js", ".json", ".md", ".onnx", ".py", ".rs", ".service", ".sql",
    ".toml",
];

/// Folders that are built, so that documents may name them and a fresh clone lacks them.
const BUILT: [&str; 2] = ["target", "demo-data"];

/// What of a repository a document's words are held against.
#[derive(Clone, Copy, Debug)]
pub struct Shelf<'a> {
    /// The repository's folder.
    pub root: &'a Path,
    /// Its files, relative to it.
    pub files: &'a [String],
}

impl Shelf<'_> {
    /// Whether a path exists: from the root, beside the document, or as the tail of a file's
    /// path, such as `src/lib.rs` where the text has named the crate.
    fn has(self, document: &str, path: &str) -> bool {
        let path = path.trim_end_matches('/');
        let beside = Path::new(document).parent().unwrap_or(Path::new(""));
        let tail = format!("/{path}");
        self.root.join(path).exists()
            || self.root.join(beside).join(path).exists()
            || self.files.iter().any(|file| file.ends_with(&tail))
    }

    fn is_top_entry(self, name: &str) -> bool {
        let folder = format!("{name}/");
        self.files.iter().any(|file| file.starts_with(&folder))
    }
}

/// Complains of each path in a document's inline code, and each relative link, that leads
/// nowhere.
#[must_use]
pub fn dead_paths(shelf: Shelf<'_>, document: &str, text: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    for (number, line) in prose(text) {
        for code in inline_code(line).filter(|code| names_a_path(shelf, code)) {
            let path = without_line_number(code);
            if !shelf.has(document, path) {
                complaints.push(format!(
                    "{document}:{number}: `{path}` does not exist: mend the text or the path"
                ));
            }
        }
        for link in relative_links(line) {
            let beside = Path::new(document).parent().unwrap_or(Path::new(""));
            if !shelf.root.join(beside).join(link).exists() {
                complaints.push(format!("{document}:{number}: link to {link} leads nowhere"));
            }
        }
    }
    complaints
}

/// Complains of each word that has no row of its own in the glossary.
#[must_use]
pub fn missing_words(glossary: &str, words: &[&str]) -> Vec<String> {
    let has_row = |word: &str| {
        let row = format!("| {word} |");
        glossary.lines().any(|line| line.starts_with(&row))
    };
    words
        .iter()
        .filter(|word| !has_row(word))
        .map(|word| {
            format!("docs/glossary.md: give {word:?} a row, `| {word} | meaning | Swedish |`")
        })
        .collect()
}

/// The numbered lines outside fenced blocks.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        (!fenced && !fence).then_some((index + 1, line))
    })
}

/// What stands between single backticks on one line.
fn inline_code(line: &str) -> impl Iterator<Item = &str> {
    let pieces: Vec<&str> = line.split('`').collect();
    // The last piece is outside, also when a backtick has no partner.
    let inside = pieces.len().saturating_sub(1);
    pieces.into_iter().take(inside).skip(1).step_by(2)
}

fn names_a_path(shelf: Shelf<'_>, code: &str) -> bool {
    let pattern = |c: char| c.is_whitespace() || "*<>{}$…=\"'()|\\,@".contains(c);
    let code = without_line_number(code);
    if code.contains(pattern) || code.contains("://") || code.starts_with(['/', '~', '-']) {
        return false;
    }
    match code.split_once('/') {
        Some((first, _)) => {
            let ours = shelf.is_top_entry(first) || [".", ".."].contains(&first);
            let ends = OURS_BY_ENDING.iter().any(|ending| code.ends_with(ending));
            (ours || ends) && !BUILT.contains(&first)
        }
        None => TOP_FILES.contains(&code),
    }
}

/// `a/b.rs` from `a/b.rs:12`.
fn without_line_number(code: &str) -> &str {
    match code.rsplit_once(':') {
        Some((path, line)) if !line.is_empty() && line.bytes().all(|b| b.is_ascii_digit()) => path,
        _ => code,
    }
}

/// The targets of `[text](target)` that are neither web addresses nor places in this document.
fn relative_links(line: &str) -> impl Iterator<Item = &str> {
    let targets = line.split("](").skip(1);
    targets.filter_map(|rest| {
        let target = rest.split([')', ' ', '#']).next()?;
        let elsewhere = target.contains("://") || target.starts_with("mailto:");
        (!target.is_empty() && !elsewhere).then_some(target)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn complaints(text: &str) -> Vec<String> {
        let files = ["tests/src/lib.rs", "hub/src/watch.rs", "docs/glossary.md"];
        let files = files.map(str::to_owned);
        let shelf = Shelf {
            root: Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap(),
            files: &files,
        };
        dead_paths(shelf, "docs/guide.md", text)
    }

    #[test]
    fn a_path_that_does_not_exist_is_pointed_out_with_its_line() {
        let found = complaints("Good.\n\nSee `tests/src/nowhere.rs:12` and `Makefile.old`.\n");
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("docs/guide.md:3: `tests/src/nowhere.rs`"));
        assert_eq!(complaints("`hub/`, `hub/no_such_folder/`").len(), 1);
        assert_eq!(complaints("`./no_such_file`").len(), 1);
        assert_eq!(
            complaints("`elsewhere/never.rs`").len(),
            1,
            "known by its ending"
        );
    }

    #[test]
    fn a_path_that_exists_is_left_alone() {
        for text in [
            "`tests/src/lib.rs`",
            "`src/watch.rs`",
            "`tests/`",
            "`Cargo.toml`",
            "`target/debug/nattsyn-hub`",
        ] {
            assert_eq!(complaints(text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn what_is_no_path_is_left_alone() {
        for text in [
            "`n1/<unit>/up/b`",
            "`text/html`",
            "`/etc/nattsyn/unit.toml`",
            "`hub/src/{a,b}.rs`",
            "`make demo`",
            "a stray ` backtick before tests/none.rs",
            "```\n`tests/none.rs`\n```",
        ] {
            assert_eq!(complaints(text), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn a_dead_link_is_pointed_out_and_a_web_address_is_not() {
        assert_eq!(complaints("[a](no-such-page.md#part)").len(), 1);
        let fine = "[a](https://example.org/b.md) [b](#part) [c](mailto:a@example.org)";
        assert_eq!(complaints(fine), Vec::<String>::new());
        assert_eq!(complaints("[c](../tests/src/lib.rs)"), Vec::<String>::new());
    }

    #[test]
    fn a_word_needs_a_row_of_its_own() {
        let glossary = "| unit | the device | sensorenhet |\nA look is …\n";
        assert_eq!(missing_words(glossary, &["unit"]), Vec::<String>::new());
        assert_eq!(missing_words(glossary, &["unit", "look"]).len(), 1);
    }
}
