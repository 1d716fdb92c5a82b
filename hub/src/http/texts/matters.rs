//! The words for closing what is about no check.

use super::{Phrase, phrase};
use crate::watch::Closing;

phrases! {
    HOW_ENDED = "Så slutade det", "How it ended";
    ENDS = "Avslutar raden:", "Ends the row:";
    LAST_SEEN = "senast", "last";
    GOES_BY_ITSELF = "Försvinner av sig själv när det är ordnat.",
                     "Goes by itself when it is put right.";
    CLOSED = "Avslutad för hand:", "Closed by hand:";
    MISTAKEN_MEANS = "Nattens avbokade tillsyner kommer inte tillbaka: en rad ber i stället om \
                      personligt besök nu och på de tiderna.",
                     "Tonight’s checks that were called off do not come back: a row asks for a \
                      visit now and at those times instead.";
}

/// How a matter ended.
pub(in crate::http) fn how(how: Closing) -> Phrase {
    match how {
        Closing::Mended => phrase("Felet är avhjälpt", "The fault is mended"),
        Closing::Arranged => phrase(
            "Planen eller listan är rättad",
            "The plan or the list is put right",
        ),
        Closing::Harmless => phrase("Utrett: inget var fel", "Looked into: nothing was wrong"),
        Closing::Elsewhere => phrase(
            "Någon annan tar hand om det härifrån",
            "Others see to it from here",
        ),
        Closing::Mistaken => phrase(
            "Det var ett misstag: personen lever",
            "It was a mistake: the person is alive",
        ),
    }
}
