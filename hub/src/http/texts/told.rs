//! The words for who is told beside the page.

use super::{Lang, Phrase, phrase};
use crate::notify::chain::Progress;

phrases! {
    NOT_THROUGH = "Larm kom inte fram genom", "An alert did not get through by";
    NOBODY = "Ingen larmas om den här raden.", "Nobody is alerted about this row.";
}

/// How far a row's chain has come. Recipients go by the settings' words.
pub(in crate::http) fn progress(lang: Lang, progress: &Progress) -> String {
    match (lang, progress) {
        (_, Progress::Nobody) => NOBODY.to(lang).to_owned(),
        (Lang::Swedish, Progress::Told { to, .. }) => format!("Larm går till {}.", to.as_str()),
        (Lang::English, Progress::Told { to, .. }) => {
            format!("Alerts go to {}.", to.as_str())
        }
        (Lang::Swedish, Progress::Ended { lead }) => format!(
            "Ingen av dem som larmats har tagit den. {} påminns var femte minut.",
            lead.as_str()
        ),
        (Lang::English, Progress::Ended { lead }) => format!(
            "Nobody who was alerted has taken it. {} is reminded every five minutes.",
            lead.as_str()
        ),
    }
}
