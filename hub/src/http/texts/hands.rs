//! The words for what staff do about a row, and for why something cannot be done.

use std::time::Duration;

use nattsyn_protocol::time::Timestamp;

use super::{Lang, Phrase, ending, phrase, said as texts_said};
use crate::exception::{Act, Event, Refusal, Step, Unresolved};
use crate::service::HandsError;
use crate::view::Ending;
use crate::watch::{ActRefused, MatterRefused, Said, StaffId};

phrases! {
    DONE = "Gjort:", "Done:";
    FELL_BACK = "öppen igen, för att inget hände", "open again, because nothing happened";
    NOBODY = "Ingen har den.", "Nobody has it.";
    TAKE = "Jag tar det", "I take it";
    ARRIVE = "Jag är här", "I am here";
    RETURN = "Lämna tillbaka", "Give it back";
    TAKE_OVER = "Ta över", "Take over";
    MORE = "Åk, lämna tillbaka", "Go, give it back";
    LEAVE = "Jag åker dit", "I go there";
    OTHERS = "Någon annan har den", "Somebody else has it";
    GO = "Jag åker, framme om", "On my way, there in";
    OUTCOME = "Så gick det", "How it went";
    ENDS_ROW = "Avslutar raden:", "Ends the row:";
    KEEPS_ROW = "Raden är kvar, och nästa steg börjar:", "The row stays, and the next step begins:";
    WRITE = "Skriv in", "Write it down";
    FOUND = "Hittills:", "So far:";
    NEXT_STEP = "Nästa steg:", "Next step:";
    CHOOSE = "Välj hur det gick.", "Choose how it went.";
    DIED_MEANS = "Följ er rutin först: är du det minsta osäker, ring 112. Raden avslutas och \
                  nattens återstående tillsyner av personen avbokas. Överenskommelsen avslutas \
                  inte: det gör dagpersonalen, och påminns om det tills det är gjort.",
                 "Follow your routine first: if you are in any doubt, call 112. The row ends, and \
                  tonight’s remaining checks of the person are called off. The agreement is not \
                  ended: day staff do that, and are reminded until it is done.";
    DIED_SURE_FIRST = "Kryssa i att det är säkert.", "Tick that it is certain.";
    GONE = "Det är inte säkert att det skrevs in. Titta på raden, och försök igen.",
           "It may not have been written down. Look at the row, and try again.";
    CLOSE = "Stäng", "Close";
    BAD = "Sidan förstod inte vad du ville. Hämta den på nytt.",
          "The page did not understand what you wanted. Reload it.";
    NOT_HERE = "Här går det inte att åtgärda: sidan visar bara.",
               "Nothing can be done here: this page only shows.";
}

/// What is ticked before somebody is written down as dead: with the name, since a couple's rows
/// stand together.
pub(in crate::http) fn died_sure(lang: Lang, name: &str) -> String {
    match lang {
        Lang::Swedish => format!("Det är säkert: {name} är avliden, och någon är där."),
        Lang::English => format!("It is certain: {name} is dead, and somebody is there."),
    }
}

/// What is done next when something was found that ends nothing.
pub(in crate::http) fn step(step: Step) -> Phrase {
    match step {
        Step::Phone => phrase("Ring den enskilde.", "Call the resident."),
        Step::Visit => phrase("Åk dit.", "Go there."),
        Step::Lead => phrase("Ring nattansvarig.", "Call the night lead."),
    }
}

/// What somebody found that ends nothing.
pub(in crate::http) fn found(found: Unresolved) -> Phrase {
    match found {
        Unresolved::NeedsHelp => phrase("Sedd, behöver hjälp", "Seen, needs help"),
        Unresolved::NotSeen => phrase("Inte sedd", "Not seen"),
        Unresolved::NoAnswer => phrase("Svarar inte", "No answer"),
        Unresolved::NotAtHome => phrase("Inte hemma", "Not at home"),
    }
}

/// How a row ends, as somebody chooses it.
pub(in crate::http) fn how(said: Said) -> Phrase {
    match said {
        Said::Visited => phrase("Jag var där: allt är väl", "I was there: all is well"),
        Said::Spoke => phrase(
            "Vi har talats vid: allt är väl",
            "We have spoken: all is well",
        ),
        Said::Seen => phrase(
            "Sågs av någon annan: allt är väl",
            "Seen by somebody else: all is well",
        ),
        Said::Cancelled => phrase("Den enskilde avbokade själv", "The resident cancelled it"),
        Said::Died => phrase("Funnen avliden", "Found dead"),
    }
}

fn lent(lang: Lang, time: Duration) -> String {
    let minutes = time.as_secs() / 60;
    match lang {
        Lang::Swedish => format!("faller tillbaka {minutes} min efter att någon har tagit den"),
        Lang::English => format!("falls back {minutes} min after somebody has taken it"),
    }
}

/// What somebody did about a row, as the ledger says it.
pub(in crate::http) fn did(
    lang: Lang,
    event: &Event,
    show: impl Fn(Timestamp) -> String,
) -> String {
    let (by, act) = match event {
        Event::By(by, act) => (by, act),
        Event::Lent(time) => return lent(lang, *time),
        Event::FellBack => return FELL_BACK.to(lang).to_owned(),
        Event::Explained(how) => return ending(*how).to(lang).to_owned(),
    };
    let what = match act {
        Act::Take => phrase("tog raden", "took it"),
        Act::TakeOver => phrase("tog över raden", "took it over"),
        Act::Go { .. } => phrase("på väg, framme", "on the way, there at"),
        Act::Arrive => phrase("är där", "is there"),
        Act::Return => phrase("lämnade tillbaka raden", "gave it back"),
        Act::Say(said) => texts_said(*said),
        Act::Find(it) => found(*it),
    };
    let of = match act {
        Act::Go { arrives } => show(*arrives),
        Act::Take | Act::TakeOver | Act::Arrive | Act::Return | Act::Say(_) | Act::Find(_) => {
            String::new()
        }
    };
    format!("{by} {} {of}", what.to(lang)).trim_end().to_owned()
}

/// What somebody found or said about a row, for whoever takes over.
pub(in crate::http) fn told(
    lang: Lang,
    event: &Event,
    name: impl Fn(&StaffId) -> String,
) -> String {
    match event {
        Event::By(by, Act::Say(what)) => format!("{}: {}", name(by), texts_said(*what).to(lang)),
        Event::By(by, Act::Find(what)) => format!("{}: {}", name(by), found(*what).to(lang)),
        Event::By(_, Act::Take | Act::TakeOver | Act::Go { .. } | Act::Arrive | Act::Return)
        | Event::Lent(_)
        | Event::FellBack
        | Event::Explained(_) => did(lang, event, |_at| String::new()),
    }
}

/// Who has a row, and since or until when; `until` is when it falls back.
pub(in crate::http) fn holder(
    lang: Lang,
    who: Holder<'_>,
    what: Doing<'_>,
    since: &str,
    until: &str,
) -> String {
    let (swedish, english) = match who {
        Holder::You => ("Du", "You"),
        Holder::Other(name) => (name, name),
    };
    let (has, is) = match who {
        Holder::You => ("have", "are"),
        Holder::Other(_) => ("has", "is"),
    };
    match (lang, what) {
        (Lang::Swedish, Doing::Has) => {
            format!("{swedish} har den sedan {since}. Händer inget är den öppen igen {until}.")
        }
        (Lang::Swedish, Doing::Goes(arrives)) => {
            format!("{swedish} är på väg, framme {arrives}.")
        }
        (Lang::Swedish, Doing::Stays) => format!("{swedish} är där sedan {since}."),
        (Lang::English, Doing::Has) => format!(
            "{english} {has} it since {since}. If nothing happens it is open again at {until}."
        ),
        (Lang::English, Doing::Goes(arrives)) => {
            format!("{english} {is} on the way, there at {arrives}.")
        }
        (Lang::English, Doing::Stays) => format!("{english} {is} there since {since}."),
    }
}

/// Who has a row, for whoever reads it.
#[derive(Clone, Copy)]
pub(in crate::http) enum Holder<'a> {
    /// Whoever reads.
    You,
    /// Somebody else, by name.
    Other(&'a str),
}

/// What whoever has a row does.
#[derive(Clone, Copy)]
pub(in crate::http) enum Doing<'a> {
    /// They have it.
    Has,
    /// They are on the way, and there at.
    Goes(&'a str),
    /// They are in the room.
    Stays,
}

/// Why something cannot be done; `name` and `since` are of whoever has the row.
pub(in crate::http) fn refusal(lang: Lang, why: &HandsError, name: &str, since: &str) -> String {
    let over = |how: Ending| match lang {
        Lang::Swedish => format!("Raden är redan avslutad: {}", ending(how).to(lang)),
        Lang::English => format!("The row is over already: {}", ending(how).to(lang)),
    };
    let text = match why {
        HandsError::Gone => GONE,
        HandsError::Matter(refused) => match refused {
            MatterRefused::NotOpen(_) => phrase(
                "Någon hann före: det är redan avslutat.",
                "Somebody was first: it is over already.",
            ),
            MatterRefused::Changed => phrase(
                "Det har hänt igen sedan du såg raden. Läs den på nytt.",
                "It has happened again since you saw the row. Read it again.",
            ),
            MatterRefused::NotSo(_) => phrase(
                "Det går inte att avsluta så: raden försvinner när det är ordnat.",
                "It cannot be closed so: the row goes when it is put right.",
            ),
        },
        HandsError::Refused(ActRefused::NoRow(_)) => phrase(
            "Raden finns inte bland nattens.",
            "The row is not among tonight’s.",
        ),
        HandsError::Refused(ActRefused::Changed) => phrase(
            "Någon hann före: läs raden på nytt.",
            "Somebody was first: read the row again.",
        ),
        HandsError::Refused(ActRefused::Refused(refusal)) => match refusal {
            Refusal::Over(how) => return over(*how),
            Refusal::Held { .. } => {
                return match lang {
                    Lang::Swedish => format!("{name} har den sedan {since}."),
                    Lang::English => format!("{name} has it since {since}."),
                };
            }
            Refusal::NotHeld => phrase("Ingen har den längre.", "Nobody has it any more."),
            Refusal::Arrival(_) => phrase(
                "Välj en tid inom en timme.",
                "Choose a time within an hour.",
            ),
        },
    };
    text.to(lang).to_owned()
}
