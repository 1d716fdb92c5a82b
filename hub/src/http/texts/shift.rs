//! The words of the handover and of the meter.

use super::{Lang, Phrase, phrase};
use crate::view::meter::{Load, Meter, Operators};

phrases! {
    HANDOVER = "Överlämning", "Handover";
    HANDOVER_MEANS = "Det som står öppet, vad som sagts och vad som kommer härnäst. \
                      Gå igenom det tillsammans.",
                     "What is open, what was said and what comes next. Go through it together.";
    SINCE = "Sagt sedan", "Said since";
    SINCE_WHEN = "sedan", "since";
    CHOOSE = "Välj från vilken tid", "Choose from what time";
    SHOW = "Visa", "Show";
    BAD_TIME = "Skriv tiden som 21:00.", "Write the time as 21:00.";
    OPEN = "Öppna rader", "Open rows";
    NO_OPEN = "Inga öppna rader.", "No open rows.";
    TOLD = "Vad som hittats och sagts", "What was found and said";
    NO_TOLD = "Inget sedan dess.", "Nothing since then.";
    ENDED = "Avslutade sedan dess", "Closed since then";
    MATTERS = "Drift och ärenden", "Operation and matters";
    NO_MATTERS = "Inget öppet.", "Nothing open.";
    NEXT = "Härnäst i natt", "What comes next tonight";
    NO_NEXT = "Inga fler tillsyner i natt.", "No more checks tonight.";
    METER = "Mätare", "Meter";
    METER_MEANS = "Så ofta någon behövs: nya rader per tio minuter och person i tjänst. \
                   En är lagom. Tio är en flod, då missas rader. Avslutade rader räknas med.",
                  "How often somebody is needed: new rows in ten minutes for each person at \
                   work. One can be kept up with. Ten is a flood, in which rows are missed. Rows \
                   that have closed are counted too.";
    LAST_HOUR = "Den senaste timmen", "The last hour";
    CAUSES = "Bostäder med flest rader i natt", "Homes with most rows tonight";
    NO_CAUSES = "Ingen bostad har mer än en rad i natt.",
                "No home has more than one row tonight.";
    SEE_WHY = "Se vilka bostäder", "See which homes";
    NOW = "nu", "now";
    MARK_STEADY = "lagom", "steady";
    MARK_FLOOD = "flod", "flood";
}

/// What the meter says, in a word.
pub(in crate::http) fn load(load: Load) -> Phrase {
    match load {
        Load::Steady => phrase("Lagom", "Steady"),
        Load::Busy => phrase("Mycket", "Busy"),
        Load::Flood => phrase(
            "Flod: be om hjälp, ta raderna i tidsordning",
            "Flood: ask for help, take the rows by time",
        ),
    }
}

/// The meter in one sentence.
pub(in crate::http) fn measured(lang: Lang, meter: &Meter) -> String {
    let rows = meter.last();
    let (swedish, english) = match meter.operators {
        Operators::Unknown => (
            "det är inte känt hur många som är i tjänst".to_owned(),
            "it is not known how many are at work".to_owned(),
        ),
        Operators::SignedIn(count) => (format!("{count} inloggade"), format!("{count} signed in")),
    };
    match (lang, rows) {
        (Lang::Swedish, 1) => format!("1 ny rad på tio minuter, {swedish}."),
        (Lang::Swedish, _) => format!("{rows} nya rader på tio minuter, {swedish}."),
        (Lang::English, 1) => format!("1 new row in ten minutes, {english}."),
        (Lang::English, _) => format!("{rows} new rows in ten minutes, {english}."),
    }
}

/// The picture in words, for whoever does not see it.
pub(in crate::http) fn drawn(lang: Lang, meter: &Meter) -> String {
    let spans: Vec<String> = meter.spans.iter().map(ToString::to_string).collect();
    let spans = spans.join(", ");
    match lang {
        Lang::Swedish => {
            format!("Nya rader per tio minuter den senaste timmen, äldst först: {spans}")
        }
        Lang::English => {
            format!("New rows in each ten minutes of the last hour, oldest first: {spans}")
        }
    }
}

/// The hour and the night in figures.
pub(in crate::http) fn totals(lang: Lang, meter: &Meter) -> String {
    let (hour, tonight) = (meter.hour(), meter.tonight);
    match lang {
        Lang::Swedish => format!("{hour} den senaste timmen, {tonight} sedan kl. 12."),
        Lang::English => format!("{hour} in the last hour, {tonight} since noon."),
    }
}

/// How many more there are than are shown.
pub(in crate::http) fn and_more(lang: Lang, count: usize) -> String {
    match lang {
        Lang::Swedish => format!("… och {count} till: se nattlistan."),
        Lang::English => format!("… and {count} more: see tonight’s checks."),
    }
}
