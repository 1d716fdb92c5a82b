//! A note for the social services' journal, ready to be copied: Swedish and plain text, since
//! that is what the journal is kept in (R41; SOSFS 2014:5).
//!
//! It says what the latest conversation or withdrawal was, in the words that were written down,
//! and what follows. Nothing is sent anywhere.

use jiff::tz::TimeZone;

use super::{Entry, Given, Kind, Verdict, What, Withdrawn, words};

/// The entries that were written down last, together.
#[must_use]
pub fn latest(entries: &[Entry]) -> &[Entry] {
    let Some(last) = entries.last() else {
        return &[];
    };
    let is_earlier = |entry: &&Entry| entry.at != last.at;
    let count = entries
        .iter()
        .rev()
        .take_while(|entry| !is_earlier(entry))
        .count();
    entries.get(entries.len() - count..).unwrap_or_default()
}

/// The note about what was written down last; empty if nothing ever was.
#[must_use]
pub fn note(entries: &[Entry], verdict: &Verdict, zone: &TimeZone) -> String {
    let latest = latest(entries);
    let Some(first) = latest.first() else {
        return String::new();
    };
    let written = first
        .at
        .0
        .to_zoned(zone.clone())
        .strftime("%Y-%m-%d kl. %H:%M");
    let mut lines = vec![
        "Digital tillsyn på natten: samtycke".to_owned(),
        format!("Samtalet: {}. Nedskrivet: {written}.", first.on),
        format!("Nedskrivet av: {} ({}).", first.taker.name, first.taker.id),
    ];
    let given = latest.iter().filter_map(|entry| match &entry.what {
        What::Given(given) => Some(given.as_ref()),
        What::Withdrawn(_) | What::Household(_) => None,
    });
    let given: Vec<&Given> = given.collect();
    for entry in latest {
        match &entry.what {
            What::Given(given) => lines.push(consent(given)),
            What::Withdrawn(withdrawn) => lines.extend(taken_back(withdrawn)),
            What::Household(household) => {
                lines.push(format!("Boende: {}.", words::household(*household).sv));
            }
        }
    }
    if let Some(given) = given.iter().find(|given| given.kind != Kind::Cohabitant) {
        lines.extend(conversation(given));
    }
    lines.push(format!("Överenskommet nu: {}", words::verdict(verdict).sv));
    lines.extend(
        verdict
            .reasons
            .iter()
            .map(|reason| words::reason(*reason).sv),
    );
    lines.join("\n") + "\n"
}

fn consent(given: &Given) -> String {
    format!(
        "Samtycke till {}: ja, {}, av {}. Omfattning: {}.",
        words::kind(given.kind).sv,
        words::form(given.form).sv,
        given.given_by,
        words::scope(given.scope).sv
    )
}

fn taken_back(withdrawn: &Withdrawn) -> Vec<String> {
    let mut lines = vec![format!(
        "Återtaget, {}, av {}: {}.",
        words::form(withdrawn.form).sv,
        withdrawn.by,
        words::withdrawal(withdrawn.what).sv
    )];
    if !withdrawn.note.is_empty() {
        lines.push(format!("Med egna ord: {}", withdrawn.note));
    }
    lines
}

fn conversation(given: &Given) -> Vec<String> {
    let mut lines = vec![format!(
        "Beslutsförmåga: {}.",
        words::capacity(given.capacity).sv
    )];
    if !given.explored.is_empty() {
        lines.push(format!(
            "Hur viljan utröntes och vilka som medverkade: {}",
            given.explored
        ));
    }
    lines.push(format!(
        "Mindre ingripande alternativ som prövats eller övervägts: {}",
        given.alternatives
    ));
    lines.push(format!(
        "Information som gavs, och hur den återgavs med egna ord: {}",
        given.informed
    ));
    lines.push(format!("Gås igenom på nytt senast: {}.", given.review));
    lines
}
