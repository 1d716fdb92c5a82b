//! What was agreed with a resident, on the rows of the page; and what is about a resident and no
//! check.

use nattsyn_protocol::finding::Fault;

use super::super::sample;
use super::super::texts::Lang;
use super::super::texts::next::{Concerns, next};
use super::{page, place, strip_tags};
use crate::agreement::{Fallback, Then};
use crate::view::{Arrangement, Cause};

/// Nothing agreed, and everything that can be.
pub(super) fn arrangements() -> Vec<Option<Arrangement>> {
    let mut all = vec![None];
    for then in [Then::Visit, Then::PhoneThenVisit] {
        for fallback in [Fallback::Visit, Fallback::Phone, Fallback::Nothing] {
            all.push(Some(Arrangement {
                then,
                fallback,
                answer_within: None,
                wishes: String::new(),
            }));
        }
    }
    all
}

#[test]
fn what_was_agreed_says_what_to_do_next_for_who_is_not_seen_and_for_what_fails() {
    let said = |cause, agreed: &Option<Arrangement>| {
        next(Lang::Swedish, cause, Concerns::Checks, agreed.as_ref())
    };
    for agreed in arrangements() {
        let not_seen = said(Cause::NotVisible, &agreed);
        let calls_first = agreed.as_ref().map(|agreed| agreed.then) == Some(Then::PhoneThenVisit);
        assert_eq!(not_seen.contains("Ring först"), calls_first, "{not_seen}");
        assert!(
            not_seen.contains("Åk dit") || agreed.is_none(),
            "{not_seen}"
        );
        let fails = said(Cause::Technical(Fault::Dark), &agreed);
        let needle = match agreed.map(|agreed| agreed.fallback) {
            None | Some(Fallback::Visit) => "personligt besök",
            Some(Fallback::Phone) => "Ring i stället",
            Some(Fallback::Nothing) => "faller bort",
        };
        assert!(fails.contains(needle), "{fails}");
    }
}

#[tokio::test]
async fn a_row_says_by_when_an_answer_was_agreed_and_what_else_was() {
    let page = page(sample::busy(), "/").await;
    let row = |from: &str, to: &str| strip_tags(&page[place(&page, from)..place(&page, to)]);
    let elsa = row("id=\"e11\"", "id=\"e13\"");
    for needle in [
        "Ring först, enligt planen.",
        "Också överenskommet: Knacka två gånger.",
        "Svara senast 02:34 (överenskommet 20 min)",
    ] {
        assert!(elsa.contains(needle), "{needle:?} is not in {elsa:?}");
    }
    let sture = row("id=\"e13\"", "id=\"e14\"");
    for needle in [
        "Tillsynen faller bort vid tekniska fel, enligt planen.",
        "Svarstiden har gått ut: 02:24",
    ] {
        assert!(sture.contains(needle), "{needle:?} is not in {sture:?}");
    }
}

#[tokio::test]
async fn what_is_about_a_resident_and_no_check_needs_action_and_says_whom_it_is_for() {
    let page = page(sample::busy(), "/").await;
    let attend = &page[place(&page, "id=\"attend\"")..place(&page, "id=\"matters\"")];
    let said = strip_tags(attend);
    for needle in [
        "Att åtgärda 5",
        "Planen gäller, men ingen sensorenhet har visat att den tittat under natten",
        "Märta Exempelsson",
        "För dagpersonal: Se över sensorenhetens ström",
    ] {
        assert!(said.contains(needle), "{needle:?} is not in {said:?}");
    }
    assert!(
        !said.contains("En sensorenhet som inte är inlagd"),
        "{said}"
    );
}
