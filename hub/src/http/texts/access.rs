//! The words of roles, access and keys.

use super::{Lang, Phrase, phrase};
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
    MATRIX = "Vad varje roll får göra", "What each role may do";
    RIGHT = "Behörighet", "Permission";
    YES = "ja", "yes";
    NO = "nej", "no";
    MATRIX_MEANING = "Den som inte har en roll får inte göra något. Den som har flera roller får \
                      göra det som någon av dem får.",
                     "Whoever has no role may do nothing. Whoever has several may do what any of \
                      them may.";
    ROLES = "Rollerna", "The roles";
    PRINT = "Skriv ut", "Print";
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
