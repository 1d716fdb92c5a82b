//! `{"plans": [...]}`, with line numbers of the whole file.

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::form::{AgreementForm, LooksAndVisit};
use super::{LineError, Read, texts};
use crate::agreement::Agreement;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Incoming {
    plans: Vec<IgnoredAny>,
}

#[derive(Serialize)]
struct Outgoing {
    plans: Vec<AgreementForm>,
}

/// What could be read, and what could not. Each plan is read for itself, so that one error does
/// not hide the next plan's.
pub(super) fn read(text: &str) -> (Vec<Read>, Vec<LineError>) {
    let incoming: Result<Incoming, _> = serde_json::from_str(text);
    let count = match incoming {
        Ok(incoming) => incoming.plans.len(),
        Err(error) => {
            let line = u64::try_from(error.line()).unwrap_or(1).max(1);
            let said = texts::unreadable(&bare(&error));
            return (Vec::new(), vec![LineError::new(line, "", said)]);
        }
    };
    let plans = plans(text);
    let (mut read, mut errors) = (Vec::new(), Vec::new());
    if plans.len() != count {
        let said = texts::unreadable("something in the list is no object");
        errors.push(LineError::new(1, "plans", said));
    }
    for (line, plan) in plans {
        let form: Result<AgreementForm, _> = serde_json::from_str(plan);
        match form.map(AgreementForm::agreement) {
            Ok(Ok(agreement)) => read.push(Read { line, agreement }),
            Ok(Err(LooksAndVisit(key))) => {
                errors.push(LineError::new(line, "windows", texts::looks_and_visit(key)));
            }
            Err(error) => {
                let line = line - 1 + u64::try_from(error.line()).unwrap_or(1).max(1);
                errors.push(LineError::new(line, "", texts::unreadable(&bare(&error))));
            }
        }
    }
    (read, errors)
}

pub(super) fn write(agreements: &[&Agreement]) -> String {
    let plans = agreements.iter().map(|a| AgreementForm::of(a)).collect();
    let mut text = serde_json::to_string_pretty(&Outgoing { plans })
        .expect("agreements are plain data, which always has a JSON form");
    text.push('\n');
    text
}

/// Each plan's text and the line on which it begins. The whole is known to be an object with one
/// list, so brackets outside strings say where each part of the list ends.
fn plans(text: &str) -> Vec<(u64, &str)> {
    let (mut depth, mut in_string, mut escaped) = (0u32, false, false);
    let (mut line, mut begun) = (1, None);
    let mut found = Vec::new();
    for (at, byte) in text.bytes().enumerate() {
        if in_string {
            in_string = escaped || byte != b'"';
            escaped = !escaped && byte == b'\\';
            continue;
        }
        match byte {
            b'\n' => line += 1,
            b'{' | b'[' => {
                depth += 1;
                if depth == 3 {
                    begun = Some((line, at));
                }
            }
            b'}' | b']' => {
                if depth == 3
                    && let Some((line, from)) = begun.take()
                    && let Some(plan) = text.get(from..=at)
                {
                    found.push((line, plan));
                }
                depth = depth.saturating_sub(1);
            }
            b'"' => in_string = true,
            _ => {}
        }
    }
    found
}

/// What the reader says without its own line, which counts from the plan's beginning.
fn bare(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" at line ") {
        Some((what, _)) => what.to_owned(),
        None => text,
    }
}
