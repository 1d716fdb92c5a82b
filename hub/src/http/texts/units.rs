//! The words of the units' page: for a technician with a phone in one hand and a unit in the other.

use super::{Phrase, phrase};
use crate::store::UnitError;
use crate::units::desk::{DeskError, Misplaced};
use crate::units::letting_in::CODE_HOLDS;
use crate::units::{Deed, Stage};

phrases! {
    TITLE = "Förråd och installation", "Stock and installation";
    MEANING = "Varje enhet från förråd till raderad. Här står inget om dem som bor någonstans.",
              "Every unit from stock to wiped. Nothing about those who live anywhere stands here.";
    NONE = "Inga enheter är inlagda än.", "No unit has been taken in yet.";
    NOT_HERE = "Enheter kan inte läggas in här: Nattsyn körs utan det.",
               "Units cannot be taken in here: Nattsyn runs without it.";
    NO_SUCH = "Enheten finns inte.", "There is no such unit.";
    UNREADABLE = "Enheterna kan inte läsas eller skrivas just nu. Försök igen om en stund.",
                 "The units cannot be read or written right now. Try again in a while.";
    NO_DOOR = "Enheter kan inte släppas in: [enrolment] saknas i Nattsyns inställningar.",
              "Units cannot be let in: [enrolment] is missing in Nattsyn’s configuration.";
    EVERY_UNIT = "Alla enheter", "All units";
    ADD = "Lägg in en ny enhet", "Take in a new unit";
    ADD_DO = "Lägg in", "Take in";
    SAVE = "Spara", "Save";
    CASE = "Nummer på lådan", "Number on the case";
    OWNER = "Ägare (köpt eller hyrd av)", "Owner (bought, or rented from)";
    SUPPLIER = "Leverantör", "Supplier";
    SIM = "SIM-kort (ICCID)", "SIM card (ICCID)";
    CONTRACT = "Avtal och garanti", "Contract and warranty";
    DETAILS = "Uppgifter om enheten", "What the unit is";
    HISTORY = "Vad som har hänt", "What has happened";
    SINCE = "sedan", "since";
    HOLDS = "certifikatet gäller till", "the certificate holds until";
    LATE = "Certifikatet har inte förnyats. Se till att enheten når Nattsyn innan det går ut; annars \
            tystnar den och måste släppas in på nytt.",
           "The certificate has not been renewed. See that the unit reaches Nattsyn before it runs \
            out; otherwise it falls silent and must be let in anew.";
    MAKE_CODE = "Gör en kod", "Make a code";
    CODE_BEFORE = "Ha enheten framför dig, med ström och nät. Koden gäller en gång, i 15 minuter.",
                  "Have the unit before you, with power and network. The code is good once, for 15 \
                   minutes.";
    SCAN = "Håll koden framför enhetens kamera", "Hold the code before the unit’s camera";
    SCAN_HOW = "En handsbredd till en halv meter bort, tills sidan går vidare av sig själv. Syns inte \
                skärmen för kameran: skriv ut koden, eller skriv in den på enheten: \
                nattsyn-enrol code KOD",
               "From a hand’s breadth to half a metre away, until this page goes on by itself. If \
                the camera cannot see the screen: print the code, or type it on the unit: \
                nattsyn-enrol code CODE";
    WAITS = "Väntar på enheten", "Waiting for the unit";
    GO_ON = "Enheten är insläppt: fortsätt", "The unit is let in: go on";
    CONFIRM = "Är det den här enheten?", "Is it this unit?";
    CONFIRM_HOW = "Skriv det fingeravtryck som enheten visar (nattsyn-enrol show). Stämmer det inte är \
                   det en annan enhet som släpptes in: ta då bort den här.",
                  "Type the fingerprint that the unit shows (nattsyn-enrol show). If it is not the \
                   same, another unit was let in: remove this one then.";
    FINGERPRINT = "Fingeravtryck", "Fingerprint";
    CONFIRM_DO = "Det stämmer", "It is the same";
    INSTALL = "Häng upp den", "Hang it";
    INSTALL_HOW = "Den enhet som bostaden har nu tas ur bruk i samma stund.",
                  "The unit that the home has now is taken out of use at the same moment.";
    HOME = "Bostad", "Home";
    NO_HOMES = "Inga bostäder är inlagda: lägg in dem först, med enhetens id.",
               "No homes are enrolled: enrol them first, with the unit’s id.";
    INSTALL_DO = "Den hänger här", "It hangs here";
    COMMISSION = "Driftsätt den", "Commission it";
    COMMISSION_HOW = "Det den säger räknas först när den har prövats där den hänger.",
                     "What it says counts only when it has been tried where it hangs.";
    FAULT_DO = "Den är trasig", "It is broken";
    MEND_DO = "Den fungerar igen", "It works again";
    REMOVE = "Ta ned den", "Take it down";
    REMOVE_HOW = "Den släpps inte in igen. Tills en annan hänger där blir bostadens tillsyn besök.",
                 "It is not let in again. Until another hangs there, the home’s checks are visits.";
    REMOVE_DO = "Den är nedtagen", "It is taken down";
    WIPE = "Radera den", "Wipe it";
    WIPE_HOW = "Kör nattsyn-enrol wipe --yes på enheten. Går det inte: förstör minneskortet.",
               "Run nattsyn-enrol wipe --yes on the unit. If that cannot be done: destroy the card.";
    WIPE_DO = "Den är raderad", "It is wiped";
    DONE = "Enheten är raderad. Ska den användas igen läggs den in som en ny.",
           "The unit is wiped. To be used again it is taken in as a new one.";
    NOTE = "Varför (inga namn eller adresser)", "Why (no names or addresses)";
    UNKNOWN_HOME = "Välj en bostad.", "Choose a home.";
    UNTICKED = "Alla rader ska vara bockade.", "Every line must be ticked.";
}

/// The texts say fifteen minutes.
const _: () = assert!(CODE_HOLDS.as_secs() == 15 * 60);

/// What is gone through before a unit hangs somewhere.
pub(in crate::http) const INSTALLATION: [Phrase; 5] = [
    phrase(
        "De som bor här vet vad enheten gör och har själva provat brytaren som pausar den",
        "Those who live here know what the unit does and have tried the switch that pauses it",
    ),
    phrase(
        "Den sitter stadigt och ser hela sängen; inga andra rum och inga fönster mot andra",
        "It sits firmly and sees the whole bed; no other room and nobody else’s window",
    ),
    phrase(
        "Strömmen kommer ur ett uttag som ingen släcker, och ingen kan snubbla på sladden",
        "Its power comes from a socket that nobody switches off, and nobody can trip over the cord",
    ),
    phrase(
        "Routern har täckning där den står",
        "The router has coverage where it stands",
    ),
    phrase(
        "Inga foton har tagits i bostaden",
        "No photographs were taken in the home",
    ),
];

/// What is gone through when a unit is taken down.
pub(in crate::http) const REMOVAL: [Phrase; 3] = [
    phrase(
        "De som bor här vet att enheten tas ned och vad som gäller i stället",
        "Those who live here know that the unit is taken down and what holds instead",
    ),
    phrase(
        "Kamera, sladdar och router är med tillbaka",
        "Camera, cords and router come along",
    ),
    phrase(
        "Inga foton har tagits i bostaden",
        "No photographs were taken in the home",
    ),
];

pub(in crate::http) fn stage(stage: Stage) -> Phrase {
    match stage {
        Stage::Stock => phrase("i förråd", "in stock"),
        Stage::Enrolled => phrase(
            "insläppt, fingeravtrycket inte bekräftat",
            "let in, fingerprint not confirmed",
        ),
        Stage::Ready => phrase("klar att hänga upp", "ready to hang"),
        Stage::Installed => phrase("upphängd", "installed"),
        Stage::Fault => phrase("trasig", "broken"),
        Stage::Removed => phrase("nedtagen, inte raderad", "taken down, not wiped"),
        Stage::Wiped => phrase("raderad", "wiped"),
    }
}

pub(in crate::http) fn deed(deed: Deed) -> Phrase {
    match deed {
        Deed::Added => phrase("lades in", "was taken in"),
        Deed::Enrolled => phrase("släpptes in", "was let in"),
        Deed::Confirmed => phrase(
            "fingeravtrycket bekräftades",
            "its fingerprint was confirmed",
        ),
        Deed::Installed => phrase("hängdes upp", "was hung"),
        Deed::Faulty => phrase("sades vara trasig", "was said to be broken"),
        Deed::Mended => phrase("sades fungera igen", "was said to work again"),
        Deed::Removed => phrase("togs ned", "was taken down"),
        Deed::Wiped => phrase("raderades", "was wiped"),
    }
}

/// Why something was not done; nothing if it is the hub that failed.
pub(in crate::http) fn trouble(error: &DeskError) -> Option<Phrase> {
    let why = match error {
        DeskError::NotItsFingerprint(_) => phrase(
            "Det är inte den här enhetens fingeravtryck. Läs igen på enheten. Stämmer det fortfarande \
             inte: ta bort den här och gör en ny kod.",
            "That is not this unit’s fingerprint. Read it again on the unit. If it still is not the \
             same: remove this one and make a new code.",
        ),
        DeskError::Unit(UnitError::Illegal(_)) | DeskError::Misplaced(Misplaced::Stage { .. }) => {
            phrase(
                "Det går inte som enheten står nu. Sidan visar hur det är.",
                "That cannot be done as the unit stands now. The page shows how it is.",
            )
        }
        DeskError::Misplaced(Misplaced::Elsewhere { .. }) => phrase(
            "Enheten hänger i en annan bostad. Ta ned den, radera den och släpp in den på nytt.",
            "The unit hangs in another home. Take it down, wipe it and let it in anew.",
        ),
        DeskError::Misplaced(Misplaced::AnotherEye { .. }) => phrase(
            "Bostaden är inlagd med en annan nyckel för enheten.",
            "The home is enrolled with another key for the unit.",
        ),
        DeskError::TooLong(_) => phrase(
            "En text är för lång: högst 100 tecken.",
            "A text is too long: 100 characters at most.",
        ),
        DeskError::NoSuch(_) => NO_SUCH,
        DeskError::NoHome(_) => UNKNOWN_HOME,
        DeskError::NoDoor => NO_DOOR,
        DeskError::Unit(
            UnitError::CodeUsed | UnitError::EyeKnown | UnitError::KeyKnown | UnitError::Store(_),
        )
        | DeskError::NoKeys
        | DeskError::Roster(_)
        | DeskError::Lock(_)
        | DeskError::Certificates(_)
        | DeskError::Store(_)
        | DeskError::Random(_) => return None,
    };
    Some(why)
}
