//! The words for looking by camera: the offer, what will happen, why not, and how it ended.
//!
//! A resident may read these over a worker's shoulder. No word blames anybody for having said no.

use nattsyn_protocol::live::{End, Refusal};

use super::{Lang, Phrase, phrase};
use crate::live::book::Over;
use crate::live::operators::NotEntitled;

phrases! {
    TITLE = "Titta via kameran", "Look by camera";
    LOOK = "Titta via kameran", "Look by camera";
    WHAT_HAPPENS = "Sensorn tittar först en gång till. Syns personen då, visas ingen bild. Annars \
                    bekräftar du med din säkerhetsnyckel, en lampa tänds på enheten och du ser i \
                    högst 30 sekunder.",
                   "The sensor looks once more first. If it sees the person, no picture is shown. \
                    Otherwise you confirm with your security key, a lamp is lit on the unit and \
                    you see for at most 30 seconds.";
    WRITTEN = "Högst två gånger per natt. Att du tittar skrivs ned, och den enskilde kan läsa det. \
               Inget sparas av bilden.",
              "At most twice a night. That you look is written down, and the resident can read it. \
               Nothing of the picture is kept.";
    WHY_NOT = "Kamera:", "Camera:";
    BUSY_ELSEWHERE = "Du tittar redan någon annanstans. Avsluta det först.",
                     "You are looking somewhere else already. End that first.";
    CHANGED = "Det går inte att titta nu: raden har ändrats.",
              "It is not possible to look now: the row has changed.";
    NO_VIEW = "Den visningen finns inte, eller tillhör en annan inloggning.",
              "There is no such view, or it belongs to another sign-in.";
    NOT_WRITTEN = "Det gick inte att skriva ned att du tittar, så inget visas. Åk dit i stället.",
                  "That you look could not be written down, so nothing is shown. Go there instead.";
    GONE = "Systemet svarar inte. Inget visas. Åk dit i stället.",
           "The system does not answer. Nothing is shown. Go there instead.";
    NEEDS_SCRIPT = "För att titta behövs en webbläsare med skript.",
                   "To look, a browser with scripts is needed.";
    BEGINS = "Ett ögonblick …", "One moment …";
    LOOKING = "Sensorn tittar en gång till. Det tar några sekunder. Ingen bild visas ännu.",
              "The sensor looks once more. This takes some seconds. No picture is shown yet.";
    CHALLENGED = "Sensorn ser fortfarande inte säkert. Bekräfta med din säkerhetsnyckel att det är \
                  du som tittar.",
                 "The sensor still cannot tell. Confirm with your security key that it is you who \
                  looks.";
    CONFIRM = "Bekräfta att det är du", "Confirm that it is you";
    GRANTED = "Bekräftat. Lampan tänds och bilden kommer.",
              "Confirmed. The lamp is lit and the picture comes.";
    OPEN = "Lampan på enheten lyser. Du tittar nu.", "The lamp on the unit is lit. You look now.";
    PICTURE = "Bild från bostaden, nu", "Picture from the home, now";
    DONE = "Klar", "Done";
    CANCEL = "Avbryt", "Cancel";
    SECONDS_LEFT = "sekunder kvar", "seconds left";
    NOT_SIGNED_HERE = "Säkerhetsnyckeln bekräftade inte. Försök igen, eller avbryt.",
                      "The security key did not confirm. Try again, or cancel.";
    INSECURE = "Webbläsaren kan inte öppna bilden: sidan måste nås krypterat (https).",
               "The browser cannot open the picture: the page must be reached encrypted (https).";
    TROUBLE = "Det går inte att visa bilden här. Inget visas. Åk dit i stället.",
              "The picture cannot be shown here. Nothing is shown. Go there instead.";
    LAMP_OFF = "Lampan är släckt. Inget av bilden är sparat.",
               "The lamp is off. Nothing of the picture is kept.";
    NOTHING_SHOWN = "Ingen bild har visats.", "No picture was shown.";
    SAW_AGAIN = "Sensorn tittade en gång till:", "The sensor looked once more:";
    WHAT_SEEN = "Vad såg du?", "What did you see?";
    MUST_ANSWER = "Raden är kvar tills du har svarat. Bara att allt är väl avslutar den.",
                  "The row stays until you have answered. Only that all is well ends it.";
    ALL_WELL = "Jag såg personen: allt är väl", "I saw the person: all is well";
    ROW_OVER = "Raden är avslutad.", "The row has ended.";
    TO_ROW = "Till raden", "To the row";
    UNKNOWN = "sensorenheten har inte sagt vad den får göra sedan systemet startade. Åk dit.",
              "the unit has not said what it may do since the system was started. Go there.";
    NOT_BUILT_IN = "den här sensorenheten kan inte visa bilder.", "this unit cannot show pictures.";
    NOT_AGREED = "används inte här. Så är det överenskommet.", "not used here. That is as agreed.";
    NOT_RECEIVED = "sensorenheten har inte svarat på den senaste ändringen av samtycket. Åk dit.",
                   "the unit has not answered to the latest change of the consent. Go there.";
    NOT_APPROVED = "överenskommet, men knappen på enheten är inte tryckt ännu.",
                   "agreed, but the button on the unit has not been pressed yet.";
    TOO_MANY = "har använts två gånger i natt, som är det mesta. Åk dit.",
               "has been used twice tonight, which is the most. Go there.";
    BUSY = "någon tittar just nu.", "somebody is looking right now.";
    WINDOW_OVER = "tiden för tillsynen är slut. Åk dit.", "the check’s time is over. Go there.";
    UNANSWERED = "har använts. Skriv in under ”Så gick det” vad du såg.",
                 "has been used. Write down under “How it went” what you saw.";
    AT = "Tittat", "Looked";
}

/// Why a worker may not look.
pub(in crate::http) fn not_entitled(why: NotEntitled) -> Phrase {
    match why {
        NotEntitled::Role => phrase(
            "ingår inte i din roll. Åk dit, eller be en kollega.",
            "not part of your role. Go there, or ask a colleague.",
        ),
        NotEntitled::Untrained => phrase(
            "du har ingen utbildning inskriven för det. Åk dit, eller be en kollega.",
            "no training for it is written down for you. Go there, or ask a colleague.",
        ),
        NotEntitled::NotInRoster => phrase(
            "du har ingen godkänd säkerhetsnyckel. Åk dit, eller be en kollega.",
            "you have no approved security key. Go there, or ask a colleague.",
        ),
        NotEntitled::Unreadable => phrase(
            "det går inte att läsa vem som får titta. Åk dit.",
            "who may look cannot be read. Go there.",
        ),
    }
}

/// How a view ended.
pub(in crate::http) fn over(over: Over) -> Phrase {
    match over {
        Over::Refused(why) => refused(why),
        Over::Ended { why, .. } => ended(why),
        Over::NoAnswer => phrase(
            "Sensorenheten svarade inte i tid. Åk dit.",
            "The unit did not answer in time. Go there.",
        ),
        Over::NotSigned => phrase(
            "Ingen bekräftade i tid, eller så avbröts det.",
            "Nobody confirmed in time, or it was cancelled.",
        ),
        Over::NotAgreed => phrase(
            "Det är inte längre överenskommet att någon får titta. Visningen är avslutad.",
            "It is no longer agreed that anybody may look. The view has ended.",
        ),
        Over::Lost => phrase(
            "Förbindelsen bröts. Lampan släcks av sig själv.",
            "The connection was lost. The lamp goes off by itself.",
        ),
        Over::NotWritten => NOT_WRITTEN,
        Over::HubRestarted => phrase(
            "Systemet startades om. Det avslutade visningen.",
            "The system was started anew. That ended the view.",
        ),
    }
}

fn ended(why: End) -> Phrase {
    match why {
        End::Time => phrase(
            "Tiden är slut: högst 30 sekunder.",
            "The time is over: at most 30 seconds.",
        ),
        End::Operator => phrase("Du avslutade.", "You ended it."),
        End::Withdrawn => phrase(
            "Överenskommelsen om kamera har tagits tillbaka. Det gäller genast.",
            "The agreement on the camera was taken back. That holds at once.",
        ),
        End::Switch => phrase(
            "Den enskilde stängde av enheten. Det gäller genast.",
            "The resident switched the unit off. That holds at once.",
        ),
        End::Loss => phrase("Förbindelsen bröts.", "The connection was lost."),
        End::Camera => phrase(
            "Kameran gav ingen bild mer.",
            "The camera gave no more pictures.",
        ),
        End::PlannedLook => phrase(
            "Sensorn skulle göra en planerad tillsyn. Den går före.",
            "The unit had a planned check to make. That comes first.",
        ),
        End::Stopped | End::Unrecognised => {
            phrase("Sensorenheten avslutade.", "The unit ended it.")
        }
    }
}

fn refused(why: Refusal) -> Phrase {
    match why {
        Refusal::NowClear => phrase(
            "Sensorn behöver ingen hjälp av dig längre: den har sett en gång till.",
            "The sensor needs no help from you any more: it has looked once more.",
        ),
        Refusal::NotBuiltIn => phrase(
            "Den här sensorenheten kan inte visa bilder.",
            "This unit cannot show pictures.",
        ),
        Refusal::NoPolicy
        | Refusal::SensorOnly
        | Refusal::Withdrawn
        | Refusal::AnotherPolicy
        | Refusal::PolicyNotInForce => phrase(
            "Det är inte överenskommet att någon tittar här nu.",
            "It is not agreed that anybody looks here now.",
        ),
        Refusal::NotApproved => phrase(
            "Knappen på enheten är inte tryckt ännu.",
            "The button on the unit has not been pressed yet.",
        ),
        Refusal::Paused => phrase(
            "Den enskilde har stängt av enheten.",
            "The resident has switched the unit off.",
        ),
        Refusal::ClockUnknown => phrase(
            "Sensorenheten vet inte vad klockan är, och visar då ingenting.",
            "The unit does not know the time, and then shows nothing.",
        ),
        Refusal::NotPlanned | Refusal::NotUnclear => phrase(
            "Sensorenheten har inget oklart försök att visa nu.",
            "The unit has no unclear look to show now.",
        ),
        Refusal::TooManyLooks | Refusal::TooManyViews => phrase(
            "Det har tittats så många gånger som får ske i natt.",
            "As many looks have been made tonight as may be.",
        ),
        Refusal::Busy => phrase(
            "Sensorenheten är upptagen. Försök igen om en stund.",
            "The unit is busy. Try again in a moment.",
        ),
        Refusal::TooLate => phrase(
            "Bekräftelsen kom för sent.",
            "The confirmation came too late.",
        ),
        Refusal::NotInTheRoster | Refusal::NotTheOperators => phrase(
            "Sensorenheten godkänner inte din säkerhetsnyckel.",
            "The unit does not accept your security key.",
        ),
        Refusal::NoLamp => phrase(
            "Lampan går inte att tända, och då visas ingenting.",
            "The lamp cannot be lit, and then nothing is shown.",
        ),
        Refusal::NoCamera => phrase("Kameran ger ingen bild.", "The camera gives no picture."),
        Refusal::AnotherUnit
        | Refusal::AnotherBoot
        | Refusal::AnotherLook
        | Refusal::NoChallenge
        | Refusal::NotTheHubs
        | Refusal::BadKey
        | Refusal::Unrecognised => phrase(
            "Sensorenheten visar ingenting. Åk dit, och säg till tekniker.",
            "The unit shows nothing. Go there, and tell a technician.",
        ),
    }
}

/// What is said aloud when so many seconds are left.
pub(in crate::http) fn left(lang: Lang, seconds: u32) -> String {
    format!("{seconds} {}", SECONDS_LEFT.to(lang))
}
