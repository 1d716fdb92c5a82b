//! Holds `docs/reference/situations.md` to the table that it describes.

use std::collections::BTreeSet;

use super::*;

#[test]
fn every_row_of_the_table_can_be_read_and_acted_on() {
    let words: BTreeSet<&str> = Situation::ALL.iter().map(|what| what.word()).collect();
    assert_eq!(words.len(), Situation::ALL.len());
    for &situation in Situation::ALL {
        let row = situation.row();
        assert_eq!(Situation::from_word(situation.word()), Some(situation));
        assert!(!row.swedish.is_empty() && !row.english.is_empty() && !row.steps.is_empty());
        assert_ne!(row.swedish, row.english);
        let asks = row.steps.contains(&Step::Visit);
        assert!(!asks || matches!(row.owner, Owner::NightStaff | Owner::NightLead));
    }
}

/// The reference, as the code would write its rows.
fn reference_rows() -> Vec<String> {
    let table = Situation::ALL.iter().map(|situation| {
        let row = situation.row();
        let steps = |lang: usize| {
            let texts = row.steps.iter().map(|step| step.texts()[lang]);
            texts.collect::<Vec<_>>().join("; ")
        };
        let [swedish, english] = row.owner.texts();
        format!(
            "| `{}` | {}<br>{} | {swedish}<br>{english} | {}<br>{} |",
            situation.word(),
            row.swedish,
            row.english,
            steps(0),
            steps(1),
        )
    });
    let standings = [
        ("nothing yet", None),
        ("visible", Some(How::Visible(Arrival::InTime))),
        ("a person’s word", Some(How::Said(Said::Visited))),
        ("called off", Some(How::CalledOff(CallOff::Away))),
    ];
    let precedence = standings.map(|(name, standing)| {
        let effect = |news| match precedence(standing, news) {
            Effect::Settles => "settles",
            Effect::Corrects => "corrects",
            Effect::AddsLine => "adds a line",
            Effect::MayAsk => "may ask",
        };
        let [word, off, visible, otherwise] =
            [News::Word, News::CallOff, News::Visible, News::Otherwise].map(effect);
        format!("| {name} | {word} | {off} | {visible} | {otherwise} |")
    });
    table.chain(precedence).collect()
}

#[test]
fn the_reference_says_what_the_code_says() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../docs/reference/situations.md"
    );
    let reference = std::fs::read_to_string(path).unwrap();
    let rows = reference_rows();
    let missing: Vec<&String> = rows
        .iter()
        .filter(|row| !reference.contains(*row))
        .collect();
    assert!(missing.is_empty(), "not in the reference: {missing:#?}");
    let words = |line: &str| line.starts_with("| `");
    let written = reference.lines().filter(|line| words(line)).count();
    assert_eq!(
        written,
        Situation::ALL.len(),
        "the reference has rows of its own"
    );
}
