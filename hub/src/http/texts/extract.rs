//! Why somebody looked through the camera and how that ended, as the resident reads it in an
//! extract of the log. What a worker reads at the time is in [`super::live`].

use nattsyn_protocol::live::{End, Refusal};

use super::{Lang, Phrase, hands, phrase};
use crate::audit::Act;
use crate::exception::Unresolved;
use crate::live::book::Over;
use crate::watch::Said;

/// What a log's row says of a live view, in plain words; `None` for what is no live view's.
pub(in crate::http) fn of_a_view(lang: Lang, act: Act, detail: &str) -> Option<&'static str> {
    let phrase = if act == Act::LiveViewAsked {
        // Nothing else is ever asked about.
        phrase(
            "för att sensorn inte kunde avgöra",
            "because the sensor could not tell",
        )
    } else if act == Act::LiveViewEnded || act == Act::LiveViewRefused {
        over(Over::from_word(detail, 0, 0))
    } else if act == Act::LiveViewSaid {
        said(detail)?
    } else {
        return None;
    };
    Some(phrase.to(lang))
}

fn said(word: &str) -> Option<Phrase> {
    if word == Said::Seen.word() {
        return Some(phrase("sedd, allt väl", "seen, all is well"));
    }
    let mut kept = [Unresolved::NeedsHelp, Unresolved::NotSeen].into_iter();
    kept.find(|it| it.word() == word).map(hands::found)
}

fn over(over: Over) -> Phrase {
    match over {
        Over::Ended { why, .. } => ended(why),
        Over::Refused(why) => refused(why),
        Over::NoAnswer => phrase(
            "sensorenheten svarade inte i tid",
            "the unit did not answer in time",
        ),
        Over::NotSigned => phrase(
            "den som frågade bekräftade inte",
            "whoever asked did not confirm",
        ),
        Over::NotAgreed => phrase("det är inte överenskommet", "it is not agreed"),
        Over::Lost => phrase("förbindelsen bröts", "the connection was lost"),
        Over::NotWritten => phrase(
            "det gick inte att skriva ned",
            "it could not be written down",
        ),
        Over::HubRestarted => phrase("systemet startades om", "the system was started anew"),
    }
}

fn ended(why: End) -> Phrase {
    match why {
        End::Time => phrase("tiden var slut", "the time was over"),
        End::Operator => phrase("den som tittade avslutade", "whoever looked ended it"),
        End::Withdrawn => phrase(
            "överenskommelsen togs tillbaka",
            "the agreement was taken back",
        ),
        End::Switch => phrase(
            "enheten stängdes av i bostaden",
            "the unit was switched off in the home",
        ),
        End::Loss => phrase("förbindelsen bröts", "the connection was lost"),
        End::Camera => phrase(
            "kameran gav ingen bild mer",
            "the camera gave no more pictures",
        ),
        End::PlannedLook => phrase(
            "det var dags för en planerad tillsyn",
            "it was time for a planned check",
        ),
        End::Stopped | End::Unrecognised => phrase("sensorenheten avslutade", "the unit ended it"),
    }
}

fn refused(why: Refusal) -> Phrase {
    match why {
        Refusal::NowClear => phrase(
            "sensorn hade tittat en gång till och behövde ingen hjälp",
            "the sensor had looked once more and needed no help",
        ),
        Refusal::SensorOnly | Refusal::Withdrawn | Refusal::NoPolicy | Refusal::NotBuiltIn => {
            phrase("det är inte överenskommet", "it is not agreed")
        }
        Refusal::Paused => phrase(
            "enheten var avstängd i bostaden",
            "the unit was switched off in the home",
        ),
        Refusal::TooManyLooks | Refusal::TooManyViews => phrase(
            "det hade tittats så många gånger som får ske",
            "as many looks had been made as may be",
        ),
        Refusal::NotApproved
        | Refusal::AnotherPolicy
        | Refusal::PolicyNotInForce
        | Refusal::ClockUnknown
        | Refusal::NotPlanned
        | Refusal::NotUnclear
        | Refusal::Busy
        | Refusal::TooLate
        | Refusal::NotInTheRoster
        | Refusal::NotTheOperators
        | Refusal::NoLamp
        | Refusal::NoCamera
        | Refusal::AnotherUnit
        | Refusal::AnotherBoot
        | Refusal::AnotherLook
        | Refusal::NoChallenge
        | Refusal::NotTheHubs
        | Refusal::BadKey
        | Refusal::Unrecognised => {
            phrase("sensorenheten visade ingenting", "the unit showed nothing")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_is_written_of_a_live_view_reads_as_plain_words() {
        let over = Over::Ended {
            why: End::Switch,
            frames: 3,
            lit_ms: 1_000,
        };
        let rows = [
            (
                Act::LiveViewAsked,
                "row 1 r0000001.20261121.1 u0000001".to_owned(),
                "avgöra",
            ),
            (Act::LiveViewEnded, over.word(), "stängdes av"),
            (
                Act::LiveViewRefused,
                Over::Refused(Refusal::NowClear).word(),
                "en gång till",
            ),
            (
                Act::LiveViewRefused,
                Over::NotSigned.word(),
                "bekräftade inte",
            ),
            (Act::LiveViewSaid, Said::Seen.word().to_owned(), "allt väl"),
            (
                Act::LiveViewSaid,
                Unresolved::NeedsHelp.word().to_owned(),
                "hjälp",
            ),
        ];
        for (act, detail, expected) in rows {
            let said = of_a_view(Lang::Swedish, act, &detail)
                .unwrap()
                .to_lowercase();
            assert!(said.contains(expected), "{said}");
            assert!(!said.contains(['_', '(', '=']), "{said}");
        }
        assert_eq!(of_a_view(Lang::Swedish, Act::LogRead, "all"), None);
    }
}
