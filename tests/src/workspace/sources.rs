//! How a Rust file is kept readable: it opens by saying what it is for, and ends in time.
//!
//! The length of functions is clippy's to watch (`too-many-lines-threshold`).

/// Lines of a file without its unit tests (house style).
pub const LINES_MAX: usize = 600;

/// Columns of a line (house style), as characters.
pub const COLUMNS_MAX: usize = 100;

/// A file's lines up to its unit tests: the first `#[cfg(test)]` that stands on a module with
/// a body. In files of tests only, and without such a module, all of them.
fn lines_without_tests(text: &str) -> usize {
    let lines: Vec<&str> = text.lines().collect();
    let begins_tests = |pair: &[&str]| {
        let module = pair[1].trim_start_matches("pub(crate) ");
        pair[0] == "#[cfg(test)]" && module.starts_with("mod ") && module.ends_with('{')
    };
    lines
        .windows(2)
        .position(begins_tests)
        .unwrap_or(lines.len())
}

/// Complains of a file that is too long.
#[must_use]
pub fn too_long(path: &str, text: &str) -> Option<String> {
    let lines = lines_without_tests(text);
    (lines > LINES_MAX).then(|| {
        format!("{path}: {lines} lines before its tests, {LINES_MAX} allowed: part it by purpose")
    })
}

/// Complains of each line that is too wide.
///
/// Lines that rustfmt cannot break are let be: a string, a URL, the pattern of a macro.
#[must_use]
pub fn too_wide(path: &str, text: &str) -> Vec<String> {
    let unbreakable = |line: &str| ["\"", "://", "$("].iter().any(|mark| line.contains(mark));
    text.lines()
        .enumerate()
        .filter(|(_, line)| line.chars().count() > COLUMNS_MAX && !unbreakable(line))
        .map(|(index, _)| {
            let line = index + 1;
            format!("{path}:{line}: over {COLUMNS_MAX} columns: break the line")
        })
        .collect()
}

/// Complains of a file that does not open with a module doc.
#[must_use]
pub fn undocumented(path: &str, text: &str) -> Option<String> {
    let opening = text.lines().find(|line| !line.trim().is_empty());
    let says_something = opening
        .and_then(|line| line.strip_prefix("//!"))
        .is_some_and(|rest| rest.split_whitespace().count() >= 2);
    (!says_something).then(|| {
        format!("{path}: open it with `//!`: what it is for and what it deliberately does not do")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_too_long_without_its_tests() {
        let body = "fn a() {}\n".repeat(LINES_MAX);
        let tests = format!("#[cfg(test)]\nmod tests {{\n{body}}}\n");
        assert_eq!(too_long("a.rs", &format!("{body}{tests}")), None);
        assert!(too_long("a.rs", &format!("fn b() {{}}\n{body}{tests}")).is_some());
    }

    #[test]
    fn a_test_import_at_the_top_does_not_hide_the_file() {
        let body = "fn a() {}\n".repeat(LINES_MAX);
        for top in ["#[cfg(test)]\nuse a::b;\n", "#[cfg(test)]\nmod tests;\n"] {
            assert!(too_long("a.rs", &format!("{top}{body}")).is_some(), "{top}");
        }
    }

    #[test]
    fn a_line_is_counted_in_characters_and_named_by_its_number() {
        let fits = "å".repeat(COLUMNS_MAX);
        assert_eq!(too_wide("a.rs", &fits), Vec::<String>::new());
        let complaints = too_wide("a.rs", &format!("//! A.\n{fits}å\n"));
        assert_eq!(complaints.len(), 1);
        assert!(complaints[0].starts_with("a.rs:2:"));
    }

    #[test]
    fn what_rustfmt_cannot_break_may_be_wide() {
        for mark in ["\"", "https://example.org", "$(#"] {
            let line = format!("{mark}{}", "a".repeat(COLUMNS_MAX));
            assert_eq!(too_wide("a.rs", &line), Vec::<String>::new(), "{mark}");
        }
    }

    #[test]
    fn a_file_that_does_not_say_what_it_is_for_is_pointed_out() {
        assert_eq!(undocumented("a.rs", "\n//! Reads a frame.\n"), None);
        for text in [
            "",
            "fn main() {}\n",
            "//!\n",
            "//! timing\n",
            "// Reads a frame.\n",
        ] {
            assert!(undocumented("a.rs", text).is_some(), "{text:?}");
        }
    }
}
