//! What to do next about an exception, as was agreed with the resident.
//!
//! One sentence or two. It never guesses at what happened in the room, and it never says that
//! nothing need be done: what falls away by agreement is an exception that somebody sees to.

use super::{Lang, Phrase, phrase};
use crate::agreement::{Fallback, Then};
use crate::commission::gate::Shut;
use crate::view::{Arrangement, Cause};

use nattsyn_protocol::finding::Reason;

/// Whether an exception has a check that is already missed, or warns before one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum Concerns {
    /// At least one check.
    Checks,
    /// No check yet.
    NoneYet,
}

/// What to do next, as one text.
pub(in crate::http) fn next(
    lang: Lang,
    cause: Cause,
    concerns: Concerns,
    agreed: Option<&Arrangement>,
) -> String {
    let sentences = sentences(cause, concerns, agreed);
    let texts: Vec<&str> = sentences.iter().map(|text| text.to(lang)).collect();
    texts.join(" ")
}

/// The sentences of it.
pub(in crate::http) fn sentences(
    cause: Cause,
    concerns: Concerns,
    agreed: Option<&Arrangement>,
) -> Vec<Phrase> {
    let then = then(agreed.map(|agreed| agreed.then));
    match cause {
        Cause::NotVisible => vec![
            then,
            phrase(
                "Nattsyn vet inte var personen är.",
                "Nattsyn does not know where the person is.",
            ),
        ],
        Cause::Unclear(Reason::OutsideSleepingPlace) => vec![
            then,
            phrase(
                "Nattsyn kan inte avgöra varför.",
                "Nattsyn cannot tell why.",
            ),
        ],
        Cause::Unclear(Reason::Several) => vec![
            then,
            phrase(
                "Det behövs inte om du vet att det är personal eller besök.",
                "There is no need if you know it is staff or a visitor.",
            ),
        ],
        Cause::Unclear(
            Reason::WeakEvidence | Reason::FramesDisagree | Reason::Changed | Reason::Unrecognised,
        ) => vec![then],
        Cause::Paused => vec![phrase(
            "Gör som planen säger vid paus. Det är den enskildes val, inget fel.",
            "Do as the plan says for a pause. It is the resident’s choice, not a fault.",
        )],
        Cause::VisitPlanned => vec![phrase(
            "Åk dit enligt planen.",
            "Go there, as the plan says.",
        )],
        Cause::AwayUnconfirmed => vec![phrase(
            "Ta reda på om den enskilde är borta. Vet du inte: gör tillsynen som personligt besök.",
            "Find out whether the resident is away. If you do not know: make the check as a visit.",
        )],
        Cause::CalledOffByMistake => vec![phrase(
            "Åk dit nu, och gör nattens avbokade tillsyner som personligt besök på de bestämda \
             tiderna.",
            "Go there now, and make tonight’s called-off checks as visits in person at the times \
             agreed.",
        )],
        Cause::NotCommissioned(Shut::Unsaid) => vec![phrase(
            "Gör tillsynen som personligt besök. Säg sedan vem som sover var, om du vet det.",
            "Make the check as a visit in person. Then say who sleeps where, if you know.",
        )],
        Cause::NotCommissioned(Shut::Unsuited) => vec![phrase(
            "Gör tillsynen som personligt besök. Enheten avgör för sällan i den här bostaden.",
            "Make the check as a visit in person. The unit can tell too seldom in this home.",
        )],
        Cause::NotCommissioned(
            Shut::Never | Shut::Model | Shut::Places | Shut::Refused | Shut::Exchanged,
        ) => vec![phrase(
            "Gör tillsynen som personligt besök. Vad enheten säger räknas inte förrän en tekniker \
             har driftsatt den.",
            "Make the check as a visit in person. What the unit says does not count until a \
             technician has commissioned it.",
        )],
        Cause::Technical(_)
        | Cause::NoReport
        | Cause::Silent
        | Cause::NoUnit
        | Cause::OtherPlan => vec![fallback(agreed.map(|agreed| agreed.fallback), concerns)],
    }
}

/// What was agreed for a person who is not seen.
fn then(agreed: Option<Then>) -> Phrase {
    match agreed {
        None => phrase(
            "Ring eller åk dit enligt planen.",
            "Call or go there, as the plan says.",
        ),
        Some(Then::Visit) => phrase("Åk dit, enligt planen.", "Go there, as the plan says."),
        Some(Then::PhoneThenVisit) => phrase(
            "Ring först, enligt planen. Åk dit om det inte klarar upp saken.",
            "Call first, as the plan says. Go there if that does not settle it.",
        ),
    }
}

/// What was agreed for a check that the technology prevents.
fn fallback(agreed: Option<Fallback>, concerns: Concerns) -> Phrase {
    match (agreed, concerns) {
        (None | Some(Fallback::Visit), Concerns::Checks) => phrase(
            "Gör tillsynen som personligt besök.",
            "Make the check as a visit in person.",
        ),
        (None | Some(Fallback::Visit), Concerns::NoneYet) => phrase(
            "Gör nästa tillsyn som personligt besök, om felet är kvar då.",
            "Make the next check as a visit in person, if the fault is still there.",
        ),
        (Some(Fallback::Phone), Concerns::Checks) => phrase(
            "Ring i stället för tillsynen, enligt planen. Åk dit om ingen svarar.",
            "Call instead of the check, as the plan says. Go there if nobody answers.",
        ),
        (Some(Fallback::Phone), Concerns::NoneYet) => phrase(
            "Ring i stället för nästa tillsyn, om felet är kvar då, enligt planen.",
            "Call instead of the next check, if the fault is still there, as the plan says.",
        ),
        (Some(Fallback::Nothing), Concerns::Checks) => phrase(
            "Tillsynen faller bort vid tekniska fel, enligt planen. Anmäl felet, så att nästa \
             kan göras.",
            "The check falls away on technical faults, as the plan says. Report the fault, so \
             that the next one can be made.",
        ),
        (Some(Fallback::Nothing), Concerns::NoneYet) => phrase(
            "Nästa tillsyn faller bort om felet är kvar då, enligt planen. Anmäl felet nu.",
            "The next check falls away if the fault is still there, as the plan says. Report the \
             fault now.",
        ),
    }
}
