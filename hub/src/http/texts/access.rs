//! The words of roles, access and keys.

use super::{Lang, Phrase, phrase};
use crate::staff::ending::Runs;
use crate::staff::{Permission, Role};

phrases! {
    TITLE = "Behörigheter", "Access";
    FORBIDDEN = "Din roll ger inte tillgång till den här sidan.",
                "Your role does not give access to this page.";
    FORBIDDEN_NEXT = "Behöver du den i ditt arbete? Be din enhetschef. Det här kommer du åt:",
                     "Do you need it for your work? Ask your unit manager. You have access to:";
    NO_LOG = "Det går inte att skriva i loggen just nu, och därför visas inget. \
              Ring den som sköter Nattsyn.",
             "The log cannot be written right now, so nothing is shown. \
              Call whoever looks after Nattsyn.";
    LOG_FAILS = "Loggen över vem som ser vad kan inte skrivas. Så har det varit sedan",
                "The log of who sees what cannot be written. It has been so since";
    LOG_FAILS_NEXT = "Arbeta vidare som vanligt. Ring den som sköter Nattsyn.",
                     "Go on working as usual. Call whoever looks after Nattsyn.";
    MATRIX = "Vad varje roll får göra", "What each role may do";
    RIGHT = "Behörighet", "Permission";
    YES = "ja", "yes";
    NO = "nej", "no";
    MATRIX_MEANING = "Den som inte har en roll får inte göra något. Den som har flera roller får \
                      göra det som någon av dem får.",
                     "Whoever has no role may do nothing. Whoever has several may do what any of \
                      them may.";
    ROLES = "Rollerna", "The roles";
    REVIEW = "Gå igenom behörigheter", "Go through access";
    DUE = "Roller att gå igenom:", "Roles to go through:";
    NOTHING_DUE = "Inget att gå igenom just nu.", "Nothing to go through right now.";
    UNSTAFFED = "Ingen har rollen", "Nobody has the role";
    LAST_HERE = "Senast inloggad:", "Last signed in:";
    NEVER = "aldrig", "never";
    NO_ROLE = "Ingen roll.", "No role.";
    CONFIRMED = "given eller bekräftad", "given or confirmed";
    OVERDUE = "ska gås igenom", "to be gone through";
    CONFIRM = "Behövs fortfarande", "Still needed";
    REMOVE = "Ta bort", "Take away";
    TRAINING = "Utbildning i kameravisning:", "Training in looking through the camera:";
    NONE_YET = "ingen inskriven", "none written down";
    TRAINED_ON = "Utbildad den dagen", "Trained on that day";
    WRITE = "Skriv in", "Write down";
    BAD_DAY = "Det är ingen dag som har varit. Gå tillbaka och välj en dag.",
              "That is no day that has been. Go back and choose a day.";
    NOT_HELD = "Rollen finns inte längre kvar hos personen. Ladda om sidan.",
               "The person no longer has that role. Reload the page.";
    UNMANAGED = "Ingen är enhetschef i Nattsyn: ingen kan gå igenom behörigheter, skriva in \
                 utbildning eller följa upp samtycken. Så här ger den som sköter servern rollen:",
                "Nobody is unit manager in Nattsyn: nobody can go through access, write training \
                 down or follow consents up. Whoever runs the server gives the role so:";
    UNMANAGED_NEXT = "(Byt ut id:na mot era.)", "(With your own ids.)";
    ENDS = "gäller till", "holds until";
    ENDED = "gick ut", "ended";
    OWN = "Din rätt att titta via kameran:", "Your right to look through the camera:";
    OWN_SOON = "Därefter kan du inte titta via kameran. Allt annat fungerar som vanligt. Säg till \
                din enhetschef.",
               "After that you cannot look through the camera. All else works as usual. Tell your \
                unit manager.";
    OWN_OVER = "Du kan inte titta via kameran. Larm, listan och allt annat fungerar som vanligt. \
                Säg till din enhetschef.",
               "You cannot look through the camera. Alarms, the list and all else work as usual. \
                Tell your unit manager.";
    ENDINGS = "Rätten att titta via kameran går ut snart, eller har gått ut:",
              "The right to look through the camera ends soon, or has ended:";
    ENDINGS_NEXT = "Skriv in ny utbildning under Behörigheter. En ny roster tas ut med \
                    nattsyn-hub staff roster export, och undertecknas där rotens nyckel finns.",
                   "Write new training down under Access. A new roster is taken out with \
                    nattsyn-hub staff roster export, and signed where the root’s key is.";
    COUNTED = "Rätten att titta via kameran går ut inom 14 dagar, eller har gått ut:",
              "The right to look through the camera ends within 14 days, or has ended:";
    OF_THESE_OVER = "Har redan gått ut:", "Ended already:";
    FIRST_END = "Den första:", "The first:";
    TO_REVIEW = "Behörigheter att gå igenom:", "Access to go through:";
}

/// What ends.
pub(in crate::http) fn runs(lang: Lang, what: Runs) -> &'static str {
    match what {
        Runs::Training => phrase(
            "utbildning i kameravisning",
            "training in looking through the camera",
        ),
        Runs::Line => phrase("nyckelns rad i rostern", "the key’s line in the roster"),
    }
    .to(lang)
}

/// How often access is gone through, and why.
pub(in crate::http) fn review_meaning(lang: Lang, every: std::time::Duration) -> String {
    let days = every.as_secs() / (24 * 3600);
    match lang {
        Lang::Swedish => format!(
            "Den som ansvarar för personuppgifterna ska kontrollera återkommande vem som kommer åt \
             dem (SoLPuL 10 §). Varje roll gås igenom minst var {days}:e dag."
        ),
        Lang::English => format!(
            "Whoever is responsible for personal data is to check again and again who has access \
             to them (SoLPuL 10 §). Every role is gone through at least every {days} days."
        ),
    }
}

/// A role's name.
pub(in crate::http) fn role(lang: Lang, role: Role) -> &'static str {
    let (sv, en) = role.name();
    phrase(sv, en).to(lang)
}

/// What a role answers for.
pub(in crate::http) fn task(lang: Lang, role: Role) -> &'static str {
    let (sv, en) = role.task();
    phrase(sv, en).to(lang)
}

/// A permission's name.
pub(in crate::http) fn permission(lang: Lang, permission: Permission) -> &'static str {
    let (sv, en) = permission.name();
    phrase(sv, en).to(lang)
}
