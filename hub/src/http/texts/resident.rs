//! The words of a resident's page: what was agreed, in words that need no explaining at night.

use jiff::civil::{Date, Weekday};

use nattsyn_protocol::calendar::Days;

use super::{Lang, Phrase, month, phrase};
use crate::agreement::{Away, Confirmation, Ending, Fallback, Then, VisitReason};

phrases! {
    TITLE = "Den enskilde", "Resident";
    NO_SUCH = "Ingen enskild med den adressen finns.", "There is no resident at this address.";
    UNREADABLE = "Uppgifterna kan inte läsas just nu. Försök igen om en stund.",
                 "This cannot be read right now. Try again in a while.";
    NOW = "Att åtgärda nu", "Needs action now";
    NOTHING_NOW = "Inget att åtgärda just nu om den här personen.",
                  "Nothing needs action right now about this person.";
    TO_ROW = "Till raden", "To the row";
    AGREED = "Överenskommet", "What was agreed";
    NOTHING_AGREED = "Ingen överenskommelse är nedskriven.", "No agreement is written down.";
    KIND = "Hur:", "How:";
    SENSOR = "Sensor, ingen kameravisning: inga bilder kan visas eller sparas.",
             "A sensor, no live view: no pictures can be shown or kept.";
    WINDOWS = "Tider:", "Times:";
    TEMPORARY = "Tillfälliga tider", "Temporary times";
    NO_WINDOWS = "inga", "none";
    THEN = "Syns inte:", "When not seen:";
    FALLBACK = "Om tekniken felar:", "If the technology fails:";
    ANSWER = "Svar inom:", "Answer within:";
    AS_ALL = "som för alla, ingen egen tid är överenskommen",
             "as for everybody, no time of its own was agreed";
    TELLS = "Vem som larmas:", "Who is alerted:";
    TELLS_CHAIN = "nattens larmkedja, i den ordning som är inställd",
                  "tonight’s chain, in the order that is set";
    TELLS_NOBODY = "ingen: sidan måste hållas öppen", "nobody: this page must be kept open";
    WISHES = "Önskemål:", "Wishes:";
    SINCE = "Skrivet:", "Written:";
    VERSION = "planversion", "version";
    FROM_NEXT = "Ändringen gäller helt från nästa natt; nattens tider står under I natt.",
                "The change holds in full from the next night; tonight’s times stand below.";
    FIRST = "Gäller från:", "Holds from:";
    TRIAL = "Prövas till och med:", "On trial until:";
    REVIEW = "Ska gås igenom:", "To be gone through:";
    LOOKS = "Sensorn tittar så många gånger per tillsyn, tills personen är synlig:",
            "So many looks a check, until the person is visible:";
    AWAY = "Borta", "Away";
    NOT_AWAY = "Inget sagt om att personen är borta.", "Nothing is said of the person being away.";
    UNTIL_FURTHER = "tills vidare", "until further notice";
    TO_CONFIRM = "inte bekräftat i dag: ta reda på om personen är hemma",
                 "not confirmed today: find out whether the person is home";
    PAUSED = "Den enskilde har pausat sensorenheten, enligt senaste försöket.",
             "The resident has paused the unit, by its latest look.";
    TONIGHT = "I natt", "Tonight";
    NO_CHECKS = "Inga tillsyner i natt.", "No checks tonight.";
    EARLIER = "De senaste nätterna", "The last nights";
    NOTHING_EARLIER = "Inget nedskrivet de senaste sju nätterna.",
                      "Nothing written down in the last seven nights.";
    UNIT = "Sensorenhet", "Unit";
    NO_UNIT = "Ingen sensorenhet hänger här.", "No unit hangs here.";
}

/// How a check is made.
pub(in crate::http) const LOOKED: Phrase = phrase("sensorn tittar", "the sensor looks");

/// That a check is a visit, and why.
pub(in crate::http) fn visit(reason: VisitReason) -> Phrase {
    match reason {
        VisitReason::Help => phrase(
            "personligt besök: behöver hjälp då",
            "a visit: needs a hand then",
        ),
        VisitReason::Declined => phrase(
            "personligt besök: vill inte ha digital tillsyn",
            "a visit: does not want a digital check",
        ),
        VisitReason::Unsuitable => phrase(
            "personligt besök: digital tillsyn passar inte",
            "a visit: a digital check does not suit",
        ),
        VisitReason::Other => phrase("personligt besök", "a visit"),
    }
}

/// What is done when the person is not seen.
pub(in crate::http) fn then(then: Then) -> Phrase {
    match then {
        Then::Visit => phrase("Åk dit.", "Go there."),
        Then::PhoneThenVisit => phrase(
            "Ring först. Åk dit om det inte klarar upp saken.",
            "Call first. Go there if that does not settle it.",
        ),
    }
}

/// What is done when the technology fails.
pub(in crate::http) fn fallback(fallback: Fallback) -> Phrase {
    match fallback {
        Fallback::Visit => phrase(
            "Gör tillsynen som personligt besök.",
            "Make the check as a visit.",
        ),
        Fallback::Phone => phrase(
            "Ring i stället. Åk dit om ingen svarar.",
            "Call instead. Go there if nobody answers.",
        ),
        Fallback::Nothing => phrase(
            "Tillsynen faller bort. Anmäl felet.",
            "The check falls away. Report the fault.",
        ),
    }
}

/// That somebody will not be looked at again.
pub(in crate::http) fn ended(why: Ending) -> Phrase {
    match why {
        Ending::Died => phrase("Avliden", "Deceased"),
        Ending::Ended => phrase("Tillsynen är avslutad", "The supervision has ended"),
    }
}

/// Why nobody is to be looked at.
pub(in crate::http) fn away(why: Away) -> Phrase {
    match why {
        Away::Away => phrase("Borta", "Away"),
        Away::Skip => phrase("Vill vara ifred", "Asked to be left alone"),
    }
}

/// Whether an absence can be relied on, where that is worth a word.
pub(in crate::http) fn unconfirmed(confirmation: Confirmation) -> Option<Phrase> {
    match confirmation {
        Confirmation::Holds => None,
        Confirmation::Unconfirmed { .. } => Some(TO_CONFIRM),
    }
}

/// The nights of the week that a window is for.
pub(in crate::http) fn days(lang: Lang, days: Days) -> String {
    if days.is_every() {
        return match lang {
            Lang::Swedish => "varje natt".to_owned(),
            Lang::English => "every night".to_owned(),
        };
    }
    let week = Weekday::Monday.cycle_forward().take(7);
    let names: Vec<&str> = week
        .filter(|day| days.contains(*day))
        .map(|day| weekday(lang, day))
        .collect();
    names.join(", ")
}

fn weekday(lang: Lang, day: Weekday) -> &'static str {
    let names = match day {
        Weekday::Monday => ["mån", "Mon"],
        Weekday::Tuesday => ["tis", "Tue"],
        Weekday::Wednesday => ["ons", "Wed"],
        Weekday::Thursday => ["tors", "Thu"],
        Weekday::Friday => ["fre", "Fri"],
        Weekday::Saturday => ["lör", "Sat"],
        Weekday::Sunday => ["sön", "Sun"],
    };
    match lang {
        Lang::Swedish => names[0],
        Lang::English => names[1],
    }
}

/// A date with its year.
pub(in crate::http) fn date(lang: Lang, date: Date) -> String {
    format!("{} {} {}", date.day(), month(lang, date), date.year())
}
