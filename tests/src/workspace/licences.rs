//! Whether the licences of everything we build on are ones we have agreed to.
//!
//! The list stands in `deny.toml` alone, where `cargo deny` reads it too. A licence is an SPDX
//! expression; the old `MIT/Apache-2.0` means a choice. That a package states its licence
//! rightly is taken on trust.

use crate::workspace::Package;

/// Why the list cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    /// Not TOML.
    #[error("reading deny.toml")]
    Unreadable(#[from] toml::de::Error),
}

#[derive(serde::Deserialize)]
struct Deny {
    licenses: Licences,
}

#[derive(serde::Deserialize)]
struct Licences {
    allow: Vec<String>,
}

/// The licences that `deny.toml` allows.
///
/// # Errors
///
/// It is not TOML, or has no list `allow` under `licenses`.
pub fn allowed(deny_toml: &str) -> Result<Vec<String>, ListError> {
    let deny: Deny = toml::from_str(deny_toml)?;
    Ok(deny.licenses.allow)
}

/// Complains of each package whose licence the list does not allow.
#[must_use]
pub fn not_allowed(packages: &[Package], allowed: &[String]) -> Vec<String> {
    let unfit = packages.iter().filter(|package| {
        let stated = package.license.as_deref().unwrap_or_default();
        !holds(stated, allowed)
    });
    unfit
        .map(|package| {
            let stated = package.license.as_deref().unwrap_or("nothing");
            format!(
                "{} {} states {stated:?}, which deny.toml does not allow: do without it, or agree \
                 to the licence there",
                package.name, package.version
            )
        })
        .collect()
}

/// Whether an expression can be satisfied by allowed licences. What is no expression cannot.
fn holds(expression: &str, allowed: &[String]) -> bool {
    let spaced = expression
        .replace('(', " ( ")
        .replace(')', " ) ")
        .replace('/', " OR ");
    let mut words = spaced.split_whitespace().peekable();
    let holds = either(&mut words, allowed);
    holds == Some(true) && words.next().is_none()
}

type Words<'a> = std::iter::Peekable<std::str::SplitWhitespace<'a>>;

/// Alternatives, of which one must hold. `None`: not an expression.
fn either(words: &mut Words<'_>, allowed: &[String]) -> Option<bool> {
    let mut any = all(words, allowed)?;
    while words.next_if_eq(&"OR").is_some() {
        any |= all(words, allowed)?;
    }
    Some(any)
}

/// Parts, of which each must hold.
fn all(words: &mut Words<'_>, allowed: &[String]) -> Option<bool> {
    let mut every = one(words, allowed)?;
    while words.next_if_eq(&"AND").is_some() {
        every &= one(words, allowed)?;
    }
    Some(every)
}

/// One licence, perhaps with an exception, or a whole expression in brackets.
fn one(words: &mut Words<'_>, allowed: &[String]) -> Option<bool> {
    let word = words.next()?;
    if word == "(" {
        let inner = either(words, allowed)?;
        return (words.next()? == ")").then_some(inner);
    }
    if ["OR", "AND", "WITH", ")"].contains(&word) {
        return None;
    }
    if words.next_if_eq(&"WITH").is_none() {
        return Some(allowed.iter().any(|licence| licence == word));
    }
    let with = format!("{word} WITH {}", words.next()?);
    Some(allowed.contains(&with))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(expression: &str) -> bool {
        let list = ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception"];
        holds(expression, &list.map(str::to_owned))
    }

    #[test]
    fn a_choice_needs_one_allowed_licence_and_a_sum_needs_all() {
        for fine in [
            "MIT",
            "GPL-3.0-only OR MIT",
            "GPL-3.0-only/MIT",
            "MIT / Apache-2.0",
            "MIT AND Apache-2.0",
            "(GPL-3.0-only OR MIT) AND Apache-2.0",
            "Apache-2.0 WITH LLVM-exception OR GPL-3.0-only",
            "GPL-3.0-only AND Foo OR MIT",
        ] {
            assert!(taken(fine), "{fine}");
        }
        for unfit in [
            "GPL-3.0-only",
            "MIT AND GPL-3.0-only",
            "MIT AND (Foo OR Bar)",
            "GPL-3.0-only WITH Classpath-exception-2.0",
        ] {
            assert!(!taken(unfit), "{unfit}");
        }
    }

    #[test]
    fn what_is_no_expression_is_not_allowed() {
        for text in [
            "", "MIT OR", "OR MIT", "(MIT", "MIT)", "MIT MIT", "MIT WITH", "mit",
        ] {
            assert!(!taken(text), "{text:?}");
        }
    }

    #[test]
    fn a_package_that_states_nothing_is_pointed_out_by_name() {
        let json =
            r#"{"id":"x","name":"silent","version":"1.2.3","license":null,"dependencies":[]}"#;
        let package: Package = serde_json::from_str(json).unwrap();
        let found = not_allowed(&[package], &["MIT".to_owned()]);
        assert_eq!(found.len(), 1);
        assert!(
            found[0].starts_with("silent 1.2.3 states \"nothing\""),
            "{found:?}"
        );
    }

    #[test]
    fn a_list_that_cannot_be_read_is_an_error() {
        assert!(allowed("[licenses]\n").is_err());
        assert_eq!(allowed("[licenses]\nallow = [\"MIT\"]\n").unwrap(), ["MIT"]);
    }
}
