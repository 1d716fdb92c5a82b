//! What may lie in the repository: sizes, names, texts, and why each dependency is there.
//!
//! Licences have a module of their own.

/// Largest file in bytes. The network is the largest that belongs here; a clip or a data set
/// would make every clone pay for it for ever.
pub const BYTES_MAX: usize = 4_500_000;

/// Names that say nothing: what has no better name is not understood yet (house style).
const BANNED_STEMS: [&str; 8] = [
    "common", "core", "helper", "helpers", "manager", "types", "util", "utils",
];

/// Folders of one particular machine. Parted so that this file does not contain them.
const MACHINE_PATHS: [&str; 3] = [
    concat!("/wo", "rk/"),
    concat!("/tmp/bash", "_jobs"),
    concat!("/ro", "ot/"),
];

/// Complains of a file that is too large to live in the repository.
#[must_use]
pub fn too_large(path: &str, bytes: &[u8]) -> Option<String> {
    (bytes.len() > BYTES_MAX).then(|| {
        let size = bytes.len();
        format!("{path}: {size} bytes, {BYTES_MAX} allowed: keep it outside, with how it is made")
    })
}

/// Complains of a source file whose name says nothing, at any place of its path.
#[must_use]
pub fn says_nothing(path: &str) -> Option<String> {
    let parts = path.split('/');
    let mut stems = parts.map(|part| part.split('.').next().unwrap_or(part));
    stems
        .any(|stem| BANNED_STEMS.contains(&stem))
        .then(|| format!("{path}: name it for what it does"))
}

/// Complains of each line with a path of one particular machine.
#[must_use]
pub fn machine_paths(path: &str, bytes: &[u8]) -> Vec<String> {
    let text = String::from_utf8_lossy(bytes);
    text.lines()
        .enumerate()
        .filter(|(_, line)| MACHINE_PATHS.iter().any(|machine| line.contains(machine)))
        .map(|(index, _)| {
            let line = index + 1;
            format!("{path}:{line}: names a folder of one machine: make it relative")
        })
        .collect()
}

/// Complains of each dependency of the workspace's manifest without a reason beside it.
///
/// Our own crates need none.
#[must_use]
pub fn without_reason(manifest: &str) -> Vec<String> {
    let lines = manifest
        .lines()
        .skip_while(|line| *line != "[workspace.dependencies]")
        .skip(1)
        .take_while(|line| !line.starts_with('['));
    lines
        .filter_map(|line| {
            let (name, rest) = line.split_once('=')?;
            let ours = rest.contains("path =");
            let reason = rest.split_once(" # ").map_or("", |(_, reason)| reason);
            let reasoned = reason.split_whitespace().count() >= 2;
            (!name.starts_with('#') && !ours && !reasoned).then(|| {
                let name = name.trim();
                format!("Cargo.toml: {name}: say on its line, after `#`, why it is here")
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_over_the_limit_is_pointed_out() {
        assert_eq!(too_large("a.onnx", &vec![0; BYTES_MAX]), None);
        assert!(too_large("a.onnx", &vec![0; BYTES_MAX + 1]).is_some());
    }

    #[test]
    fn a_name_that_says_nothing_is_pointed_out_also_as_a_folder() {
        for path in [
            "a/src/util.rs",
            "a/src/util/frame.rs",
            "core/src/lib.rs",
            "a/helpers.py",
        ] {
            assert!(says_nothing(path).is_some(), "{path}");
        }
        for path in [
            "a/src/utility_meter.rs",
            "a/src/scores.rs",
            "docs/types-of-home.md",
        ] {
            assert_eq!(says_nothing(path), None, "{path}");
        }
    }

    #[test]
    fn a_path_of_one_machine_is_pointed_out_with_its_line() {
        for machine in MACHINE_PATHS {
            let text = format!("fine\nread {machine}x\n");
            let found = machine_paths("a.md", text.as_bytes());
            assert_eq!(found.len(), 1);
            assert!(found[0].starts_with("a.md:2:"));
        }
        assert_eq!(
            machine_paths("a.md", b"framework/x \xff"),
            Vec::<String>::new()
        );
    }

    #[test]
    fn a_dependency_without_a_reason_is_pointed_out() {
        let manifest = "[workspace]\nx = 1\n[workspace.dependencies]\n# Ours.\n\
                        a = { path = \"a\" }\nb = \"1\" # reads frames\nc = \"1\"\nd = \"1\" # yes\n\
                        # e = \"1\"\n[other]\nf = 1\n";
        let found = without_reason(manifest);
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].contains(" c:") && found[1].contains(" d:"));
    }
}
