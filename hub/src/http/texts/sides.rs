//! The words of the page of who sleeps where, and of a home that sensor mode does not suit.

use crate::commission::counter::CommissionError;
use crate::commission::suited::{Share, UNCLEAR_MAX_PERCENT};

use super::{Lang, Phrase, phrase};

phrases! {
    TITLE = "Vem sover var", "Who sleeps where";
    MEANING = "Enheten är prövad med flera sovplatser, men vet inte vem som sover i vilken. Så länge \
               ingen har sagt det räknas det inte att någon syns: tillsynen görs som besök.",
              "The unit was tried with several sleeping places, and does not know who sleeps in \
               which. Until somebody has said so it does not count that somebody is seen: checks \
               are visits.";
    DRAWN = "Platserna är ritade så som enheten ser dem: stå vid enheten och titta mot sängen. Det är \
             en teckning av ytor, ingen bild från rummet.",
            "The places are drawn as the unit sees them: stand by the unit and look towards the bed. \
             It is a drawing of areas, no picture of the room.";
    WHO = "Vem sover på vilken plats?", "Who sleeps in which place?";
    SAVE = "Så sover de", "That is how they sleep";
    FROM_NOON = "Ändringen följer med i nästa plan, från klockan 12. Till dess görs tillsynen som besök.",
                "The change goes with the next plan, from noon. Until then checks are visits.";
    SAID_BY = "Sagt av", "Said by";
    SWAPPED = "Har de bytt sida? Välj på nytt. Det gamla står kvar i historiken.",
              "Have they swapped sides? Choose again. What was said before stays on record.";
    ALONE = "Under enheten sover bara en. Här finns inget att säga.",
            "Only one sleeps under the unit. There is nothing to be said here.";
    NOT_TRIED = "Enheten är inte driftsatt med en plats för var och en som bor här. En tekniker måste \
                 driftsätta den först. Till dess görs tillsynen som besök.",
                "The unit is not commissioned with a place for each who lives here. A technician must \
                 commission it first. Until then checks are visits.";
    ONLY_SEEN = "Du kan se vem som sover var, men inte ändra det.",
                "You can see who sleeps where, and not change it.";
    BACK = "Till den enskildes sida", "To the resident’s page";
    TO_PAGE = "Säg vem som sover var", "Say who sleeps where";
    PLACE = "plats", "place";
    LEFT = "till vänster", "on the left";
    RIGHT = "till höger", "on the right";
    FAR = "överst i teckningen", "at the top of the drawing";
    NEAR = "underst i teckningen", "at the bottom of the drawing";
    BETWEEN = "däremellan", "between them";
    UNREADABLE = "Vem som sover var kan inte läsas eller skrivas just nu. Försök igen om en stund.",
                 "Who sleeps where cannot be read or written right now. Try again in a while.";
    UNSUITED = "Sensorläge passar inte här", "Sensor mode does not suit this home";
    UNSUITED_DO = "Tillsynen görs som besök. Det som kan hjälpa: låt en tekniker hänga enheten \
                   annorlunda och driftsätta på nytt, då börjar en ny provtid. Eller gå igenom med \
                   den enskilde om kameravisning vid oklart, med nytt samtycke, och driftsätt på \
                   nytt. Annars fortsätter tillsynen som vanliga besök. Inget av detta sker av sig \
                   självt, och ingen kamera öppnas.",
                  "Checks are made as visits. What may help: have a technician hang the unit \
                   otherwise and commission it anew, which begins a new trial. Or go through with \
                   the resident whether a live view when a look is unclear is wanted, with a new \
                   consent, and commission anew. Otherwise checks go on as ordinary visits. \
                   None of this happens by itself, and no camera is opened.";
}

/// For what sensor mode is refused.
pub(in crate::http) fn unsuited(lang: Lang, share: Share) -> String {
    let (percent, nights) = (share.percent(), share.nights);
    match lang {
        Lang::Swedish => format!(
            "{}: {percent} % oklara av {nights} nätter (gränsen är {UNCLEAR_MAX_PERCENT} %).",
            UNSUITED.to(lang)
        ),
        Lang::English => format!(
            "{}: {percent} % unclear in {nights} nights (the limit is {UNCLEAR_MAX_PERCENT} %).",
            UNSUITED.to(lang)
        ),
    }
}

/// Why it was not written down; none where it is the hub's fault.
pub(in crate::http) fn trouble(error: &CommissionError) -> Option<Phrase> {
    if let CommissionError::Sides(_) = error {
        return Some(phrase(
            "Välj en plats för var och en som bor här. Inget är ändrat.",
            "Choose a place for each who lives here. Nothing was changed.",
        ));
    }
    if let CommissionError::NotPassed = error {
        return Some(NOT_TRIED);
    }
    super::commission::trouble(error)
}
