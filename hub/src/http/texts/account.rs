//! The words of one's own account: roles, training and keys.

use super::{Lang, Phrase, phrase};
use crate::staff::Missing;

phrases! {
    TITLE = "Mitt konto", "My account";
    MY_ROLES = "Mina roller", "My roles";
    NO_ROLE = "Du har ingen roll ännu. Be din enhetschef eller den som sköter Nattsyn.",
              "You have no role yet. Ask your unit manager or whoever looks after Nattsyn.";
    LOOKING = "Titta via kameran", "Looking through the camera";
    MAY_LOOK = "Du får titta via kameran när det erbjuds.",
               "You may look through the camera when it is offered.";
    TRAINED = "Utbildad", "Trained";
    KEYS = "Mina nycklar", "My keys";
    KEYS_MEANING = "En nyckel är telefonens eller datorns eget lås (finger, ansikte eller kod). \
                    Med den kan du logga in utan PIN, och den behövs för att titta via kameran.",
                   "A key is the phone’s or computer’s own lock (finger, face or code). It signs \
                    you in without a PIN, and looking through the camera asks for it.";
    NO_KEY = "Du har ingen nyckel.", "You have no key.";
    SINCE = "registrerad", "registered";
    IN_ROSTER = "godkänd för kameran till", "approved for the camera until";
    NOT_IN_ROSTER = "väntar på att godkännas för kameran",
                    "waits to be approved for the camera";
    REMOVE = "Ta bort nyckeln", "Remove the key";
    REGISTER = "Registrera en nyckel", "Register a key";
    YOUR_PIN = "Din PIN, en gång till", "Your PIN, once more";
    KEY_FAILED = "Nyckeln blev inte registrerad. Försök igen.",
                 "The key was not registered. Try again.";
    KEY_BAD = "Nyckeln kunde inte registreras. Gå tillbaka och försök igen.",
              "The key could not be registered. Go back and try again.";
    KEY_TAKEN = "Nyckeln är redan registrerad.", "The key is registered already.";
    KEY_MANY = "Du har redan fyra nycklar. Ta bort en först.",
               "You have four keys already. Remove one first.";
    WRONG_PIN = "PIN stämmer inte. Försök igen.", "The PIN is not right. Try again.";
    NO_KEYS_HERE = "Nycklar är inte inställda på den här installationen.",
                   "Keys are not set up on this installation.";
    MATRIX = "Vad varje roll får göra", "What each role may do";
}

/// What is missing before somebody may look through a camera.
pub(in crate::http) fn missing(lang: Lang, missing: Missing) -> &'static str {
    let phrase = match missing {
        Missing::Role(_) => phrase(
            "Din roll ger inte rätt att titta via kameran.",
            "Your role does not let you look through the camera.",
        ),
        Missing::Training => phrase(
            "Du behöver gå utbildningen först. Din enhetschef skriver in den.",
            "You need the training first. Your unit manager writes it down.",
        ),
        Missing::FreshTraining => phrase(
            "Din utbildning är mer än ett år gammal och behöver göras om.",
            "Your training is more than a year old and needs to be done again.",
        ),
        Missing::Key => phrase(
            "Du behöver registrera en nyckel.",
            "You need to register a key.",
        ),
        Missing::Line => phrase(
            "Din nyckel väntar på att godkännas av kommunen.",
            "Your key waits to be approved by the municipality.",
        ),
        Missing::FreshLine => phrase(
            "Godkännandet av din nyckel har gått ut. Kommunen behöver förnya det.",
            "The approval of your key has run out. The municipality needs to renew it.",
        ),
    };
    phrase.to(lang)
}
