//! The words of the page of settings. What is said of single changes is in
//! [`crate::settings::words`], which the command line shares.

use super::{Lang, Phrase, phrase};
use crate::agreement::file::Said;

phrases! {
    TITLE = "Inställningar", "Settings";
    ONLY_SHOWN = "Här kan ingen ändra något: det finns inga roller än. Den som sköter Nattsyn \
                  ändrar med kommandot nattsyn-hub settings.",
                 "Nobody can change anything here: there are no roles yet. Whoever looks after \
                  Nattsyn changes it with the command nattsyn-hub settings.";
    UNREADABLE = "Inställningarna kan inte läsas just nu. Försök igen om en stund.",
                 "The settings cannot be read right now. Try again in a while.";
    NOTHING_SET = "Inget är satt: Nattsyns egna värden gäller, och ingen larmas.",
                  "Nothing is set: Nattsyn’s own values hold, and nobody is alerted.";
    IN_FORCE = "Gäller nu: version", "In force: version";
    SET_BY = "satt av", "set by";
    REFUSED = "Den här versionen är satt men kan inte användas förrän Nattsyn startas om. Det som \
               gällde innan gäller. Version:",
              "This version is set and cannot be used until Nattsyn is started anew. What held \
               before holds. Version:";
    NEWER_HUB = "Den här versionen kan inte läsas av den här versionen av Nattsyn.",
                "This version cannot be read by this version of Nattsyn.";
    AGREED_FIRST = "Har en svarstid avtalats med den enskilde gäller den före allt här.",
                   "A response target that was agreed with a resident goes before all of this.";
    MUNICIPALITY = "Kommunen", "The municipality";
    AREAS = "Områden", "Areas";
    HOMES = "Bostäder med egna värden", "Homes with values of their own";
    TEAMS = "Lag", "Teams";
    NO_TEAMS = "Det finns inget lag, så ingen larmas: sidan måste hållas öppen.",
               "There is no team, so nobody is alerted: this page must be kept open.";
    LAST_IS_LEAD = "Stegen larmas i ordning. Det sista är nattansvarig.",
                   "The steps are alerted in order. The last is the night lead.";
    TEAM = "Lag", "Team";
    ANSWER_WITHIN = "Svarstid", "Response target";
    DRAWN_VISITS = "Lottade besök, av hundra nätter", "Drawn visits, of a hundred nights";
    FALLS_BACK = "Faller tillbaka efter", "Falls back after";
    NONE = "inget", "none";
    IN_AREA = "i området", "in the area";
    NOT_ENROLLED = "inte inlagd", "not enrolled";
    HISTORY = "Historik", "History";
    VERSION = "Version nr", "Version no.";
    NO_CHANGE = "Inget värde ändrades.", "No value changed.";
    OLDER = "Äldre versioner visas med nattsyn-hub settings history.",
            "Older versions are shown by nattsyn-hub settings history.";
}

/// A text that was made in both languages.
pub(in crate::http) fn said(lang: Lang, said: Said) -> String {
    match lang {
        Lang::Swedish => said.sv,
        Lang::English => said.en,
    }
}
