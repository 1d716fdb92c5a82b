//! The words about the phone in somebody's hand.

use std::collections::BTreeSet;

use super::{Lang, Phrase, phrase};
use crate::notify::chain::Recipient;

phrases! {
    TITLE = "Larm till den här telefonen", "Alerts to this phone";
    THIS_PHONE = "Larm till den här telefonen:", "Alerts to this phone:";
    OFF = "av", "off";
    UNTOLD = "Den här telefonen får inga larm.", "This phone gets no alerts.";
    NO_WAY = "Den här telefonen kan inte få larm: ingen i larmkedjan larmas genom webbläsaren.",
             "This phone cannot get alerts: nobody in the chain is alerted by browser.";
    AS_WHOM = "Vem i larmkedjan har den här telefonen i natt?",
              "Who in the chain has this phone tonight?";
    BEGIN = "Få larm på den här telefonen", "Get alerts on this phone";
    CHANGE = "Byt", "Change";
    STOP = "Sluta larma den här telefonen", "Stop alerting this phone";
    NO_WAY_YET = "nås inte av något larm än", "not reached by any alert yet";
    UNTIL = "Larmen kommer till telefonen tills du loggar ut, slutar här eller någon annan loggar \
             in på den, och högst tolv timmar efter att du loggade in. Välj på nytt varje pass.",
            "Alerts come to the phone until you sign out, stop here or somebody else signs in on \
             it, and at most twelve hours after you signed in. Choose anew each shift.";
    SAYS = "Ett larm säger aldrig vem eller vad det gäller. Det gör sidan, när du har öppnat \
            den. Ha ljudet på.",
           "An alert never says whom or what it is about. The page does, once you have opened it. \
            Keep the sound on.";
    IPHONE = "iPhone och iPad: öppna sidan i Safari, tryck på Dela och Lägg till på hemskärmen. \
              Öppna Nattsyn därifrån, logga in och välj där.",
             "iPhone and iPad: open the page in Safari, press Share and Add to Home Screen. Open \
              Nattsyn from there, sign in and choose there.";
    NEEDS_SCRIPT = "Larm till telefonen kräver att webbläsaren får köra sidans skript.",
                   "Alerts to the phone need the browser to run the page’s scripts.";
    ASK = "Svara ja när telefonen frågar om aviseringar.",
          "Say yes when the phone asks about notifications.";
    DENIED = "Telefonen säger nej till aviseringar från Nattsyn. Tillåt aviseringar för sidan i \
              webbläsarens inställningar och tryck igen.",
             "The phone refuses notifications from Nattsyn. Allow notifications for the page in \
              the browser’s settings and press again.";
    UNSUPPORTED = "Den här webbläsaren kan inte ta emot larm. Ett privat fönster kan det inte \
                   heller. Håll sidan öppen, eller använd en annan webbläsare.",
                  "This browser cannot receive alerts, nor can a private window. Keep the page \
                   open, or use another browser.";
    INSECURE = "Larm till telefonen kräver en krypterad förbindelse. Öppna sidan på adressen som \
                börjar med https.",
               "Alerts to the phone need an encrypted connection. Open the page at the address \
                that begins with https.";
    FAILED = "Webbläsaren fick ingen kontakt med sin pushtjänst. Telefonen får inga larm. Försök \
              igen, och håll sidan öppen så länge.",
             "The browser could not reach its push service. The phone gets no alerts. Try again, \
              and keep the page open meanwhile.";
    CHOOSE = "Välj först vem i larmkedjan som har telefonen.",
             "Choose first who in the chain has the phone.";
    LAPSED = "Webbläsaren har slutat ta emot larm, fast telefonen är vald. Tryck igen.",
             "The browser has stopped receiving alerts although the phone is chosen. Press again.";
    GONE = "Pushtjänsten känner inte telefonen. Den får inga larm. Ladda om sidan och försök igen.",
           "The push service does not know the phone. It gets no alerts. Reload the page and try \
            again.";
    NO_SUBSCRIPTION = "Webbläsarens svar går inte att använda. Ladda om sidan och försök igen.",
                      "The browser’s answer cannot be used. Reload the page and try again.";
    UNKNOWN_SERVICE = "Webbläsarens pushtjänst är inte godkänd här. Använd en annan webbläsare, \
                       eller säg till den som sköter Nattsyn.",
                      "The browser’s push service is not accepted here. Use another browser, or \
                       tell whoever looks after Nattsyn.";
    NOT_TOLD = "Telefonen är inte vald. Öppna sidan och välj den på nytt.",
               "The phone is not chosen. Open the page and choose it anew.";
    UNWRITTEN = "Det går inte att spara just nu. Försök igen om en stund.",
                "This cannot be saved right now. Try again in a while.";
    STOPPED = "Den här telefonen får inga fler larm.", "This phone gets no more alerts.";
}

/// As whom it is told.
pub(in crate::http) fn told_as(lang: Lang, to: &Recipient) -> String {
    match lang {
        Lang::Swedish => format!("Den här telefonen får larm som {}.", to.as_str()),
        Lang::English => format!("This phone gets alerts as {}.", to.as_str()),
    }
}

/// It is told, and the first message is on its way.
pub(in crate::http) fn subscribed(lang: Lang, to: &Recipient) -> String {
    let told = told_as(lang, to);
    let rest = match lang {
        Lang::Swedish => {
            "Ett första meddelande är på väg. Syns det inte inom en minut får telefonen inga larm: \
             håll sidan öppen och säg till den som sköter Nattsyn."
        }
        Lang::English => {
            "A first message is on its way. If it does not show within a minute the phone gets no \
             alerts: keep the page open and tell whoever looks after Nattsyn."
        }
    };
    format!("{told} {rest}")
}

/// It is told, and the push service did not take the first message.
pub(in crate::http) fn not_greeted(lang: Lang, to: &Recipient) -> String {
    match lang {
        Lang::Swedish => format!(
            "Telefonen är vald som {}, men det första meddelandet kom inte fram. Räkna inte med \
             larm i telefonen: håll sidan öppen och säg till den som sköter Nattsyn.",
            to.as_str()
        ),
        Lang::English => format!(
            "The phone is chosen as {}, but the first message did not get through. Do not count on \
             alerts on the phone: keep the page open and tell whoever looks after Nattsyn.",
            to.as_str()
        ),
    }
}

/// Whom nothing reaches.
pub(in crate::http) fn unreached(lang: Lang, whom: &BTreeSet<Recipient>) -> String {
    let words: Vec<&str> = whom.iter().map(Recipient::as_str).collect();
    let words = words.join(", ");
    match lang {
        Lang::Swedish => format!("Larm går inte fram till {words}: ingen telefon är vald."),
        Lang::English => format!("Alerts do not reach {words}: no phone is chosen."),
    }
}

/// Somebody signed out whose phone was the only one.
pub(in crate::http) fn left_alone(lang: Lang, to: &Recipient) -> String {
    match lang {
        Lang::Swedish => format!(
            "Du är utloggad och telefonen får inga fler larm. Larm går nu inte fram till {0}: \
             någon annan behöver logga in och välja {0} på sin telefon.",
            to.as_str()
        ),
        Lang::English => format!(
            "You are signed out and the phone gets no more alerts. Alerts to {0} now reach \
             nobody: somebody else must sign in and choose {0} on their phone.",
            to.as_str()
        ),
    }
}

/// How many phones are told as somebody.
pub(in crate::http) fn phones(lang: Lang, count: usize) -> String {
    match (lang, count) {
        (Lang::Swedish, 0) => "ingen telefon än".to_owned(),
        (Lang::Swedish, 1) => "en telefon".to_owned(),
        (Lang::Swedish, _) => format!("{count} telefoner"),
        (Lang::English, 0) => "no phone yet".to_owned(),
        (Lang::English, 1) => "one phone".to_owned(),
        (Lang::English, _) => format!("{count} phones"),
    }
}
