//! Which of our crates may use which (architecture, "Folders").
//!
//! The detector and the hub never use each other: all that they share is what they say to each
//! other. What the unit and the hub stand on uses nothing of ours, so that it can be read and
//! judged alone. Other people's crates are not looked at here.

use crate::workspace::Package;

/// Each crate of ours and the crates of ours that it may use. A crate that does not stand here
/// may use none and be used by none, until somebody has thought about it.
const ALLOWED: [(&str, &[&str]); 11] = [
    ("protocol", &[]),
    ("models", &[]),
    ("scenes", &[]),
    // The one place that reads a clock; it speaks in protocol's kinds of time.
    ("clock", &["protocol"]),
    ("calibration-synthetic", &[]),
    ("calibration", &["protocol", "calibration-synthetic"]),
    (
        "detector",
        &["protocol", "clock", "models", "calibration", "scenes"],
    ),
    // What an alarm receiver is told; knows kinds of time and nothing else of ours.
    ("scaip", &["protocol", "clock"]),
    ("hub", &["protocol", "clock", "calibration", "scaip"]),
    (
        "tests",
        &[
            "protocol",
            "clock",
            "models",
            "scenes",
            "detector",
            "hub",
            "scaip",
            "calibration",
        ],
    ),
    (
        "benches",
        &[
            "protocol",
            "clock",
            "models",
            "scenes",
            "detector",
            "hub",
            "scaip",
            "calibration",
        ],
    ),
];

/// What a crate's own tests may use beyond that: the network is tried on generated rooms.
const ALLOWED_IN_TESTS: [(&str, &str); 1] = [("models", "scenes")];

/// The packages' arrows that are not allowed, each with what to do.
#[must_use]
pub fn forbidden(packages: &[Package]) -> Vec<String> {
    let mut complaints = Vec::new();
    for package in packages {
        let Some(from) = package.name.strip_prefix("nattsyn-") else {
            complaints.push(format!("{}: name it nattsyn-…", package.name));
            continue;
        };
        let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| *name == from) else {
            complaints.push(format!("{from}: say in arrows.rs which crates it may use"));
            continue;
        };
        for dependency in &package.dependencies {
            let Some(to) = dependency.name.strip_prefix("nattsyn-") else {
                continue;
            };
            let in_tests =
                dependency.kind.as_deref() == Some("dev") && ALLOWED_IN_TESTS.contains(&(from, to));
            if !allowed.contains(&to) && !in_tests {
                complaints.push(format!(
                    "{from} uses {to}: move what both need into a crate that both may use, or \
                     change the architecture first"
                ));
            }
        }
    }
    complaints
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::Dependency;

    fn package(name: &str, uses: &[(&str, Option<&str>)]) -> Package {
        let dependencies = uses
            .iter()
            .map(|&(name, kind)| Dependency {
                name: name.to_owned(),
                kind: kind.map(str::to_owned),
            })
            .collect();
        Package {
            id: name.to_owned(),
            name: name.to_owned(),
            version: "0.1.0".to_owned(),
            license: None,
            dependencies,
        }
    }

    #[test]
    fn detector_and_hub_never_use_each_other_not_even_in_tests() {
        for kind in [None, Some("dev"), Some("build")] {
            let hub = package("nattsyn-hub", &[("nattsyn-detector", kind)]);
            let detector = package("nattsyn-detector", &[("nattsyn-hub", kind)]);
            assert_eq!(forbidden(&[hub, detector]).len(), 2, "{kind:?}");
        }
    }

    #[test]
    fn what_all_stand_on_uses_nothing_of_ours() {
        for leaf in ["nattsyn-protocol", "nattsyn-models", "nattsyn-scenes"] {
            let package = package(leaf, &[("serde", None), ("nattsyn-clock", None)]);
            assert_eq!(forbidden(&[package]).len(), 1, "{leaf}");
        }
    }

    #[test]
    fn a_crate_nobody_has_thought_about_is_pointed_out() {
        assert_eq!(forbidden(&[package("nattsyn-extras", &[])]).len(), 1);
        assert_eq!(forbidden(&[package("extras", &[])]).len(), 1);
    }

    #[test]
    fn what_the_architecture_allows_is_allowed() {
        let detector = package(
            "nattsyn-detector",
            &[("nattsyn-protocol", None), ("nattsyn-scenes", Some("dev"))],
        );
        assert_eq!(forbidden(&[detector]), Vec::<String>::new());
    }
}
