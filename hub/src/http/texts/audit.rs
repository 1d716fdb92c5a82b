//! The words of the log and of a resident's extract of it.

use super::{Lang, Phrase, phrase};
use crate::audit::Act;

phrases! {
    TITLE = "Logg", "Log";
    MEANING = "Vem som har öppnat eller gjort vad, om vem och när. Raderna kan inte ändras utan att \
               det syns. Att du läser loggen står också i den.",
              "Who opened or did what, about whom and when. Rows cannot be changed without its being \
               seen. That you read the log is in it too.";
    ABOUT = "Gäller personen", "About the resident";
    WHO = "Gjort av (id)", "Done by (id)";
    ACT = "Vad", "What";
    FROM = "Från och med", "From";
    UNTIL = "Till och med", "Until";
    EVERY = "alla", "all";
    SEARCH = "Sök", "Search";
    AS_TABLE = "Hämta som tabell (CSV)", "Take out as a table (CSV)";
    EXTRACT = "Utdrag till personen", "Extract for the resident";
    NOTHING = "Inga rader.", "No rows.";
    MORE = "Bara de senaste raderna visas. Tabellen har alla.",
           "Only the newest rows are shown. The table has them all.";
    ROW = "Rad", "Row";
    AT = "När", "When";
    BY = "Vem", "Who";
    PERSON = "Person", "Resident";
    LASTED = "Hur länge", "How long";
    DETAIL = "Mer", "More";
    BAD = "Sökningen kan inte läsas. Gå tillbaka och se över fälten.",
          "The search cannot be read. Go back and look over the fields.";
    NO_LOG = "Här förs ingen logg.", "No log is kept here.";
    UNREADABLE = "Loggen kan inte läsas just nu. Försök igen om en stund.",
                 "The log cannot be read right now. Try again in a while.";
    LOST_THIS_NIGHT = "Loggens kontrollsumma kunde inte läggas utanför servern den här natten:",
                      "The log’s checksum could not be put outside the server in this night:";
    LOST_LAST = "senast", "last at";
    LOST_NEXT = "Tala om det för den som sköter Nattsyns server: så länge det är så syns det inte \
                 om någon ändrar i loggen.",
                "Tell whoever runs Nattsyn’s server: as long as it is so, a change of the log does \
                 not show.";
    NOWHERE = "Loggens kontrollsumma sparas inte utanför Nattsyn. Den som kan skriva i filen kan då \
               ändra loggen utan att det syns. Ställ in en mapp på en annan dator.",
              "The log’s checksum is not kept outside Nattsyn. Whoever can write the file could then \
               change the log without its being seen. Set a folder on another machine.";
    OUTSIDE = "Loggens kontrollsumma sparades utanför Nattsyn",
              "The log’s checksum was kept outside Nattsyn";
    NOT_OUTSIDE = "Loggens kontrollsumma kan inte sparas utanför Nattsyn just nu. Senast:",
                  "The log’s checksum cannot be kept outside Nattsyn right now. Last:";
    NOT_SINCE_START = "inte sedan Nattsyn startade", "not since Nattsyn started";
    UNKNOWN = "okänd", "unknown";
    ITSELF = "Nattsyn självt", "Nattsyn itself";
    EXTRACT_TITLE = "Utdrag ur loggen", "Extract of the log";
    EXTRACT_MEANING = "Här står vem som har öppnat eller gjort något som gäller dig, när, hur länge \
                       och varför.",
                      "This is who opened or did something about you, when, for how long and why.";
    NOTHING_YET = "Ingen har öppnat något som gäller bara dig.",
                  "Nobody has opened anything about you alone.";
    LISTS = "Listor där du kan ha stått bland andra", "Lists on which you may have stood beside others";
    TIMES = "gånger", "times";
    NOT_WHOLE = "Äldre rader finns och är inte med här.",
                "There are older rows that are not here.";
    NO_PICTURES = "Inga bilder sparas, och därför finns det inga att lämna ut.",
                  "No pictures are kept, so there are none to hand out.";
    MADE = "Utdraget gjordes", "The extract was made";
}

/// The columns of the table, as [`super::super::audit`] fills them.
pub(in crate::http) const COLUMNS: [Phrase; 10] = [
    ROW,
    AT,
    BY,
    phrase("namn", "name"),
    ACT,
    PERSON,
    phrase("person, id", "resident, id"),
    phrase("varade_ms", "lasted_ms"),
    DETAIL,
    phrase("kontrollsumma", "hash"),
];

/// What an act is, as it reads after a name.
pub(in crate::http) fn act(lang: Lang, act: Act) -> &'static str {
    let (sv, en) = act.said();
    phrase(sv, en).to(lang)
}

/// How long something lasted.
pub(in crate::http) fn seconds(lang: Lang, ms: i64) -> String {
    let tenths = ms.saturating_add(50) / 100;
    let (whole, tenth) = (tenths / 10, tenths % 10);
    match lang {
        Lang::Swedish => format!("{whole},{tenth} s"),
        Lang::English => format!("{whole}.{tenth} s"),
    }
}

/// So many rows.
pub(in crate::http) fn rows(lang: Lang, count: u64) -> String {
    match (lang, count) {
        (Lang::Swedish, 1) => "1 rad".to_owned(),
        (Lang::Swedish, _) => format!("{count} rader"),
        (Lang::English, 1) => "1 row".to_owned(),
        (Lang::English, _) => format!("{count} rows"),
    }
}
