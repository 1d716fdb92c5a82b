//! The words for test alarms: the band that asks for an answer, and what was proved.

use std::time::Duration;

use super::{Lang, Phrase, phrase};
use crate::notify::chain::{Progress, Recipient};
use crate::notify::teller::AnswerError;

phrases! {
    TEAM = "Lag", "Team";
    ASK = "Provlarm: svara", "Test alarm: answer";
    ASK_LATE = "Ingen har svarat på provlarmet", "Nobody has answered the test alarm";
    SAY = "Provlarm: svara på sidan.", "Test alarm: answer on the page.";
    REACHED = "Har det nått din telefon? Svara, så vet alla att larm når er.",
              "Has it reached your phone? Answer, so that all know that alerts reach you.";
    ANSWER_BY = "Svara senast", "Answer by";
    LEAD_TOLD = "Nattansvarig larmas tills någon svarar.",
                "The night lead is alerted until somebody answers.";
    ANSWER = "Svara på provlarmet", "Answer the test alarm";
    CHAINS = "Larmkedjan i det här skiftet", "The alert chain in this shift";
    PROVEN = "Kedjan provad", "Chain tried";
    ANSWERED = "svarad", "answered";
    ANSWERED_BY = "svarad av", "answered by";
    WHOLE = "allt kom fram", "everything got through";
    WAITS = "svar på om allt kom fram väntas", "whether everything got through is awaited";
    NOT_THROUGH = "kom inte fram:", "did not get through:";
    BY = "genom", "by";
    UNDER_WAY = "Provlarm skickat", "Test alarm sent";
    UNANSWERED = "Provlarm skickat, obesvarat", "Test alarm sent, unanswered";
    NOT_MADE = "Inte provad i det här skiftet: Nattsyn var ur drift när provlarmet skulle ha gått.",
               "Not tried in this shift: Nattsyn was down when the test alarm was due.";
    NOT_YET = "Inte provad i det här skiftet.", "Not tried in this shift.";
    NEXT = "Nästa provlarm:", "Next test alarm:";
    NO_SHIFTS = "Inga skift är inställda, så kedjan provas aldrig.",
                "No shifts are set up, so the chain is never tried.";
    TESTS = "Provlarm", "Test alarms";
    NONE_MADE = "Inget provlarm är skickat den natten.", "No test alarm was made that night.";
}

/// How long it took somebody to answer.
pub(in crate::http) fn after(lang: Lang, took: Duration) -> String {
    let minutes = took.as_secs() / 60;
    match (lang, minutes) {
        (Lang::Swedish, 0) => "inom en minut".to_owned(),
        (Lang::Swedish, _) => format!("efter {minutes} min"),
        (Lang::English, 0) => "within a minute".to_owned(),
        (Lang::English, _) => format!("after {minutes} min"),
    }
}

/// Who of the chain has no way now, beside what was proved before.
pub(in crate::http) fn now_unreached<'a>(
    lang: Lang,
    whom: impl Iterator<Item = &'a Recipient>,
) -> String {
    let words: Vec<&str> = whom.map(Recipient::as_str).collect();
    let words = words.join(", ");
    match lang {
        Lang::Swedish => format!("Nu går larm inte fram till {words}: kedjan är inte hel."),
        Lang::English => format!("Now alerts do not reach {words}: the chain is not whole."),
    }
}

/// Whom a matter about a test alarm is told to. Recipients go by the settings' words.
pub(in crate::http) fn told(lang: Lang, progress: &Progress) -> String {
    let lead = match progress {
        Progress::Nobody => return super::told::NOBODY.to(lang).to_owned(),
        Progress::Told { to: lead, .. } | Progress::Ended { lead } => lead.as_str(),
    };
    match lang {
        Lang::Swedish => format!("{lead} larmas på nytt minst var tionde minut."),
        Lang::English => format!("{lead} is alerted again at least every ten minutes."),
    }
}

/// Why an answer was not taken.
pub(in crate::http) fn refusal(why: AnswerError) -> Phrase {
    match why {
        AnswerError::NotThisShift => phrase(
            "Det provlarmet hör inte till det här skiftet. Hämta sidan på nytt.",
            "That test alarm is not of this shift. Reload the page.",
        ),
        AnswerError::Gone => super::hands::GONE,
    }
}
