//! The risk table as text: what `nattsyn-calibrate` prints.
//!
//! Numbers come from [`crate::risk`]; here they only get words. Where the evidence is too
//! little for the promise it says so in the last line, with what would be enough.

use std::fmt::Write as _;

use crate::bound::{trials_needed, upper_bound};
use crate::risk::{Evidence, Risk, Said};
use crate::scores::Grouping;

/// The whole table, ending with a line on whether the evidence can carry one in `one_in`.
#[must_use]
pub fn text(evidence: Evidence, grouping: Grouping, table: &[Risk], one_in: u32) -> String {
    let mut text = heading(evidence, grouping);
    writeln!(
        text,
        "{:>9} | {:<37} | {:<34} | {:>10}\n{:>9} | {:>6} {:>10} {:>8} {:>10} | {:>10} {:>10} \
         {:>12} | {:>10}",
        "threshold",
        "nobody there, yet visible",
        "person there",
        "unsettled",
        "",
        "count",
        "share",
        "groups",
        "at most*",
        "visible",
        "unclear",
        "not visible",
        "visible",
    )
    .expect("a String takes any text");
    for risk in table {
        text.push_str(&line(evidence, risk));
    }
    text.push_str(
        "* of groups like these, with 95 % confidence, for a threshold chosen beforehand\n",
    );
    text.push_str(&verdict(evidence.groups_with_nobody, one_in));
    text
}

fn heading(evidence: Evidence, grouping: Grouping) -> String {
    let Evidence {
        person,
        nobody,
        unsettled,
        groups_with_nobody,
    } = evidence;
    let mut text = format!(
        "pictures: {person} with a person, {nobody} with nobody, {unsettled} that a human could \
         not settle\ngroups with nobody there: {groups_with_nobody}\n"
    );
    if grouping == Grouping::EachRowAlone {
        text.push_str(
            "note: the table has no column `group`, so every picture counts as independent; if \
             some share a home the bounds below are too low\n",
        );
    }
    text
}

fn line(evidence: Evidence, risk: &Risk) -> String {
    let Said {
        visible,
        unclear,
        not_visible,
    } = risk.person;
    format!(
        "{:>9.3} | {:>6} {} {:>8} {:>8.2} % | {} {}   {} | {}\n",
        risk.threshold,
        risk.nobody_visible,
        share(risk.nobody_visible, evidence.nobody),
        risk.groups_erring,
        100.0 * risk.bound,
        share(visible, evidence.person),
        share(unclear, evidence.person),
        share(not_visible, evidence.person),
        share(risk.unsettled.visible, evidence.unsettled),
    )
}

/// A share in per cent; a dash where there is nothing to share.
fn share(part: u32, whole: u32) -> String {
    if whole == 0 {
        return format!("{:>10}", "-");
    }
    let per_cent = 100.0 * f64::from(part) / f64::from(whole);
    format!("{per_cent:>8.2} %")
}

fn verdict(groups: u32, one_in: u32) -> String {
    let needed = trials_needed(one_in);
    if groups < needed {
        let best = 100.0 * upper_bound(0, groups);
        return format!(
            "too little evidence for one in {one_in}: that takes at least {needed} groups with \
             nobody there and no error; these {groups} bound no threshold below {best:.2} %\n"
        );
    }
    format!(
        "enough groups for one in {one_in}: {groups} of at least {needed}; a threshold keeps the \
         promise only where its bound is at most {:.2} %\n",
        100.0 / f64::from(one_in.max(1))
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_little_evidence_is_said_plainly_with_what_would_be_enough() {
        let text = verdict(6, 100);
        assert!(
            text.starts_with("too little evidence for one in 100"),
            "{text}"
        );
        assert!(text.contains("299") && text.contains("39.30 %"), "{text}");
        assert!(verdict(298, 100).starts_with("too little"));
        assert!(verdict(299, 100).starts_with("enough groups"));
    }

    #[test]
    fn missing_groups_are_pointed_out() {
        let evidence = Evidence::default();
        assert!(heading(evidence, Grouping::EachRowAlone).contains("too low"));
        assert!(!heading(evidence, Grouping::Given).contains("too low"));
    }

    #[test]
    fn nothing_to_share_is_a_dash_not_zero() {
        assert_eq!(share(0, 0).trim(), "-");
        assert_eq!(share(0, 5).trim(), "0.00 %");
    }
}
