//! The words of the ledger and the morning report.

use jiff::civil::Date;

use super::{Lang, Phrase, call_off, month, phrase};
use crate::agreement::{Fallback, Then};
use crate::view::{Arrangement, Cause};
use crate::watch::{Alteration, Manner};

phrases! {
    TITLE = "Tillsynsliggare", "Ledger";
    MORNING = "Morgonrapport", "Morning report";
    CHOOSE = "Välj natt", "Choose a night";
    BEGAN = "Natten som började den", "The night that began on";
    SHOW = "Visa", "Show";
    EARLIER = "Natten före", "The night before";
    LATER = "Natten efter", "The night after";
    AS_CSV = "Hämta som tabell (CSV)", "Download as a table (CSV)";
    PRINT = "Skriv ut", "Print";
    NO_SUCH_NIGHT = "Inga tillsyner finns nedskrivna för den här natten.",
                    "No checks are written down for this night.";
    BAD_NIGHT = "Skriv datumet som 2026-11-21.", "Write the date as 2026-11-21.";
    NO_LEDGER = "Liggaren kan inte läsas just nu. Försök igen om en stund.",
                "The ledger cannot be read right now. Try again in a while.";
    BALANCE = "Avstämning", "Balance";
    PLANNED = "planerade", "planned";
    OPEN = "öppna", "open";
    AWAITED = "väntar", "awaited";
    BALANCES = "Stämmer: varje planerad tillsyn har ett utfall eller är öppen.",
               "It balances: every planned check has an outcome or is open.";
    BALANCES_NOT = "Stämmer inte: liggaren är inte hel. Säg till administratören.",
                   "It does not balance: the ledger is not whole. Tell the administrator.";
    WITHOUT_OUTCOME = "utan utfall", "without an outcome";
    LINES_MISSING = "Rader som saknas:", "Lines missing:";
    LINES_UNPLANNED = "Rader som inte var planerade:", "Lines that were not planned:";
    UNBALANCED = "STÄMMER INTE", "DOES NOT BALANCE";
    LINES = "Rad för rad", "Line by line";
    APART = "Rader utan tillsyn", "Rows about no check";
    MISTAKE = "Misstag:", "Mistake:";
    CORRECTED = "rättat", "put right";
    DEAD_BY_MISTAKE = "Skrevs som avliden av misstag", "Written down as dead by mistake";
    CHANGED = "Ändrad:", "Changed:";
    ASKED = "Åtgärd begärd:", "Action asked for:";
    WRITTEN = "Noterat:", "Written down:";
    NOTE = "Att veta:", "To note:";
    NOT_COUNTED = "Räknas inte:", "Not counted:";
    CONTRADICTS = "kom en annan rapport med samma nummer:",
                  "another report by the same number came:";
    FIRST_COUNTS = "Den första räknas:", "The first counts:";
    OTHER_CHECK = "De gäller olika tillsyner.", "They are about different checks.";
    NO_MORE_KEPT = "Fler sådana från sensorenheten sparas inte.",
                   "Further ones from the unit are not kept.";
    BY = "av", "by";
    STILL_OPEN = "öppen", "still open";
    NOT_YET = "Väntar", "Awaited";
    HOLE = "Saknar utfall", "Has no outcome";
    FROZEN = "Nedskriven", "Written down at";
    READ = "Avläst", "Read at";
    DONE = "Klara i tid", "Done in time";
    LATE = "Klara efter larm", "Done after somebody was asked";
    VISITS = "Personliga besök", "Visits";
    OF_WHICH_PLANNED = "varav planerade", "of which planned";
    UNANSWERED = "Obesvarade", "Unanswered";
    CAUSES = "Orsaker", "Causes";
    NO_CAUSES = "Ingen behövde larmas.", "Nobody had to be asked.";
    DISTURBANCES = "Störningar per person", "Disturbances by person";
    DISTURBANCE_MEANING = "Så många gånger har någon gått in till personen under natten.",
                          "How often somebody went in to the person during the night.";
    NO_DISTURBANCES = "Ingen besöktes under natten.", "Nobody was visited during the night.";
    NO_UNANSWERED = "Inget står obesvarat.", "Nothing is unanswered.";
    UNTIL = "Tidsintervallet slutade", "The window closed at";
    TO_LEDGER = "Till liggaren", "To the ledger";
    PHYSICAL = "Personligt besök enligt planen", "A visit, by the plan";
    NO_UNIT = "Ingen sensorenhet i drift när natten började",
              "No unit was in service when the night began";
    ANSWER_BY = "svar senast", "an answer by";
    ASK_IF_AWAY = "Borta tills vidare, ej bekräftat", "Away until further notice, unconfirmed";
}

/// What was agreed for an exception with this cause, in as few words as fit a line.
pub(in crate::http) fn arrangement(agreed: &Arrangement, cause: Cause) -> Option<Phrase> {
    let text = match cause {
        Cause::NotVisible | Cause::Unclear(_) => match agreed.then {
            Then::Visit => phrase("åk dit", "go there"),
            Then::PhoneThenVisit => phrase("ring först, åk sedan dit", "call first, then go there"),
        },
        // Nothing of its own is agreed for these.
        Cause::Paused
        | Cause::VisitPlanned
        | Cause::AwayUnconfirmed
        | Cause::NotCommissioned(_)
        | Cause::CalledOffByMistake => return None,
        Cause::Technical(_)
        | Cause::NoReport
        | Cause::Silent
        | Cause::NoUnit
        | Cause::OtherPlan => match agreed.fallback {
            Fallback::Visit => phrase("personligt besök vid fel", "a visit on a fault"),
            Fallback::Phone => phrase("ring vid fel", "call on a fault"),
            Fallback::Nothing => phrase(
                "tillsynen faller bort vid fel",
                "the check falls away on a fault",
            ),
        },
    };
    Some(text)
}

/// How a check was to be made, where that is not a unit's look.
pub(in crate::http) fn manner(manner: Manner) -> Option<Phrase> {
    match manner {
        Manner::Digital => None,
        Manner::Physical => Some(PHYSICAL),
        Manner::AskIfAway => Some(ASK_IF_AWAY),
        Manner::NoUnit => Some(NO_UNIT),
    }
}

/// What was changed about a check after noon.
pub(in crate::http) fn alteration(what: Alteration) -> Phrase {
    match what {
        Alteration::Added => phrase("tillagd efter kl. 12", "added after noon"),
        Alteration::CalledOff(why) => call_off(why),
        Alteration::MadePhysical => phrase("görs som personligt besök", "made as a visit"),
        Alteration::AskIfAway => phrase(
            "borta tills vidare, inte bekräftat i dag",
            "away until further notice, not confirmed today",
        ),
        Alteration::Unit { .. } => phrase("sensorenheten är bytt", "the unit was swapped"),
        Alteration::Restored => phrase("görs ändå som planerat", "made as planned after all"),
        Alteration::NoUnit => phrase("ingen sensorenhet i drift", "no unit in service"),
    }
}

/// How often something happened.
pub(in crate::http) fn times(lang: Lang, count: usize) -> String {
    match (lang, count) {
        (Lang::Swedish, 1) => "1 gång".to_owned(),
        (Lang::Swedish, _) => format!("{count} gånger"),
        (Lang::English, 1) => "once".to_owned(),
        (Lang::English, _) => format!("{count} times"),
    }
}

/// A night by both its dates and its year: a ledger is read years later.
pub(in crate::http) fn night_of_year(lang: Lang, began: Date) -> String {
    let ends = began.tomorrow().unwrap_or(began);
    let first = if began.year() != ends.year() {
        format!("{} {} {} – ", began.day(), month(lang, began), began.year())
    } else if began.month() != ends.month() {
        format!("{} {} – ", began.day(), month(lang, began))
    } else {
        format!("{}–", began.day())
    };
    format!(
        "{first}{} {} {}",
        ends.day(),
        month(lang, ends),
        ends.year()
    )
}

/// The headings of the exported table, in its order.
pub(in crate::http) fn columns(lang: Lang) -> [&'static str; 21] {
    match lang {
        Lang::Swedish => [
            "natt",
            "tillsyn",
            "namn",
            "adress",
            "från",
            "till",
            "sätt",
            "planversion",
            "sensorenhet",
            "utfall",
            "utfallskod",
            "utfallstid",
            "inkom",
            "försök",
            "larm",
            "ändringar",
            "noteringar",
            "svar_senast",
            "situationer",
            "motsägelser",
            "gjort",
        ],
        Lang::English => [
            "night",
            "check",
            "name",
            "address",
            "from",
            "to",
            "manner",
            "plan_version",
            "unit",
            "outcome",
            "outcome_code",
            "outcome_at",
            "came_at",
            "looks",
            "exceptions",
            "changes",
            "words",
            "answer_by",
            "situations",
            "contradictions",
            "handled",
        ],
    }
}
