//! The words of the page of faults.

use super::{Phrase, phrase};

phrases! {
    TITLE = "Tekniska fel", "Technical faults";
    MEANING = "Det som behöver lagas just nu. Natten har egna rader om det som rör en person: här \
               står bara enheten, platsen, felet och vad du kan göra. Ett fel försvinner när det \
               är avhjälpt.",
              "What needs mending right now. The night has rows of its own about what concerns a \
               person: here stand the unit, the place, the fault and what you can do. A fault goes \
               when it is mended.";
    NOTHING = "Inga tekniska fel just nu.", "No technical faults right now.";
    TO_DO = "Att göra:", "What to do:";
    HUB = "Nattsyns server", "Nattsyn’s server";
    NO_PLACE = "Okänd plats", "Unknown place";
}
