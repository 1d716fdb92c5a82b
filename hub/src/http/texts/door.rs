//! The words of the sign-in.

use super::{Lang, Phrase, phrase};

phrases! {
    SIGN_IN = "Logga in", "Sign in";
    SIGN_OUT = "Logga ut", "Sign out";
    SIGNED_IN_AS = "Inloggad:", "Signed in:";
    SIGN_IN_AGAIN = "Du är inte inloggad. Logga in igen.",
                    "You are not signed in. Sign in again.";
    OTHER_SITE = "Det här kan bara göras från Nattsyns egna sidor. Ladda om sidan och försök igen.",
                 "This can only be done from Nattsyn’s own pages. Reload the page and try again.";
    UNREADABLE = "Inloggningen kan inte läsas just nu. Försök igen om en stund.",
                 "The sign-in cannot be read right now. Try again in a while.";
    WHO = "Ditt id eller namn", "Your id or name";
    PIN = "PIN, sex siffror", "PIN, six digits";
    NO_ALERTS_HERE = "Här visas inget som behöver åtgärdas: logga in för att se natten.",
                     "Nothing that needs action is shown here: sign in to see the night.";
    FORGOTTEN = "Glömt din PIN? Den som sköter Nattsyn kan ge dig en ny.",
                "Forgotten your PIN? Whoever looks after Nattsyn can give you a new one.";
    BY_KEY = "Logga in med nyckel", "Sign in with a key";
    KEY_FAILED = "Nyckeln gick inte att använda. Försök igen, eller skriv din PIN.",
                 "The key could not be used. Try again, or type your PIN.";
    KEY_REFUSED = "Nyckeln är inte registrerad här. Skriv din PIN.",
                  "The key is not registered here. Type your PIN.";
    NO_KEYS = "Nycklar är inte inställda här. Skriv din PIN.",
              "Keys are not set up here. Type your PIN.";
    WRONG = "Id och PIN stämmer inte. Försök igen.", "Id and PIN do not match. Try again.";
    CROWDED = "Många loggar in just nu. Försök igen om några sekunder.",
              "Many are signing in right now. Try again in a few seconds.";
    NOBODY_REGISTERED = "Ingen personal är inlagd. Den som sköter Nattsyn kör det här kommandot, \
                         som visar en PIN:",
                        "No staff are registered. Whoever looks after Nattsyn runs this command, \
                         which shows a PIN:";
}

/// After wrong PINs.
pub(in crate::http) fn wait(lang: Lang, seconds: u64) -> String {
    let [before, after] = match seconds {
        1 => WAIT_ONE,
        _ => WAIT,
    };
    format!("{} {seconds} {}", before.to(lang), after.to(lang))
}

const WAIT: [Phrase; 2] = [
    phrase("Flera fel i rad. Vänta", "Several wrong in a row. Wait"),
    phrase("sekunder och försök igen.", "seconds and try again."),
];
const WAIT_ONE: [Phrase; 2] = [
    WAIT[0],
    phrase("sekund och försök igen.", "second and try again."),
];
