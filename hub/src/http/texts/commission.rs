//! The words of commissioning: for somebody who stands by the unit with a phone, and knows nothing
//! of models.

use nattsyn_protocol::commission::framing::FramingFault;
use nattsyn_protocol::commission::trial::TrialFault;
use nattsyn_protocol::commission::{NoTry, Room, State, Try};
use nattsyn_protocol::finding::{Fault, Finding};

use super::{Lang, Phrase, phrase};
use crate::commission::counter::CommissionError;
use crate::commission::gate::{Shut, UnitGate};
use crate::view::Cause;

phrases! {
    TITLE = "Driftsättning", "Commissioning";
    MEANING = "En enhet prövas där den hänger innan det den säger räknas. Det tar tio minuter och \
               görs av två personer, eller av en som lägger sig själv. Ingen bild lämnar enheten.",
              "A unit is tried where it hangs before what it says counts. It takes ten minutes and \
               two people, or one who lies down themself. No picture leaves the unit.";
    NONE = "Inga enheter är inlagda.", "No units are enrolled.";
    NOT_HERE = "Enheter kan inte driftsättas här: Nattsyn körs utan det.",
               "Units cannot be commissioned here: Nattsyn runs without it.";
    NO_SUCH = "Enheten är inte inlagd.", "The unit is not enrolled.";
    UNREADABLE = "Driftsättningen kan inte läsas eller skrivas just nu. Försök igen om en stund.",
                 "Commissioning cannot be read or written right now. Try again in a while.";
    EVERY_UNIT = "Alla enheter", "All units";
    ONGOING = "pågår", "under way";
    AT_BUTTON = "väntar på knappen", "waits for the button";
    APPROVED = "godkänd", "passed";
    ON_PAPER = "på papper till", "on paper until";
    BEGIN = "Börja driftsätta", "Begin commissioning";
    BEGIN_AGAIN = "Börja på nytt", "Begin anew";
    BEFORE = "Häng enheten så att hela sängen syns, med marginal runt om. Ställ rummet som det är om \
              natten. De som bor här ska veta vad som händer.",
             "Hang the unit so that it sees the whole bed, with room around it. Have the room as at \
              night. Those who live here must know what happens.";
    PRESS = "Tryck på knappen på enheten", "Press the button on the unit";
    PRESS_HOW = "Enheten har tio minuter på sig. Sedan gäller det i 45 minuter.",
                "The unit waits for ten minutes. It then holds for 45 minutes.";
    LEFT = "kvar", "left";
    OVER = "Tiden är slut. Ingen tryckte på knappen, 45 minuter har gått eller enheten har startat \
            om. Det som prövades räknas inte.",
           "The time is up. Nobody pressed the button, 45 minutes have gone by, or the unit was \
            started anew. What was tried does not count.";
    TRY = "Pröva nu", "Try now";
    LOOKING = "Enheten tittar. Rör er inte förrän det är klart.",
              "The unit looks. Stay as you are until it is done.";
    UNANSWERED = "Enheten svarade inte inom 45 sekunder. Se efter att den har ström och nät, och \
                  försök igen.",
                 "The unit did not answer within 45 seconds. See that it has power and network, \
                  and try again.";
    TRY_AGAIN = "Försök igen", "Try again";
    STEPS = "steg kvar", "steps left";
    ELAPSED = "Har pågått i", "Under way for";
    MINUTES = "minuter", "minutes";
    PLACE = "Sovplatsen", "The sleeping place";
    PLACE_HOW = "Så här syns sängen för enheten. Dra i hörnen så att ytan täcker sängen och inget \
                 annat. Med tangentbord: välj ett hörn och använd piltangenterna.",
                "This is the bed as the unit sees it. Drag the corners so that the area covers the \
                 bed and nothing else. By keyboard: choose a corner and use the arrows.";
    CORNER = "Hörn", "Corner";
    RIGHT = "Det stämmer", "That is right";
    SEEN_AT = "Rutor där någon har synts", "Cells in which somebody was seen";
    REDO = "Gör om ett steg", "Do a step again";
    REDO_HOW = "Ett steg kan göras högst tre gånger, och det sämsta räknas. Att börja om från början \
                nollställer allt.",
               "A step can be made three times at most, and the worst counts. Beginning again from the \
                start sets everything back.";
    REFUSED = "Inte godkänd", "Refused";
    REFUSED_HOW = "Ändra det som står här, häng om enheten och börja om.",
                  "Change what stands here, hang the unit otherwise and begin again.";
    REHANG = "Häng om och börja om", "Hang it otherwise and begin again";
    PASSED = "Allt är prövat och godkänt", "All was tried, and passes";
    CONCLUDE = "Avsluta och godkänn", "Conclude";
    DONE = "Godkänd", "Passed";
    DONE_HOW = "Enheten är driftsatt. Sovplatsen följer med i nästa plan, från klockan 12. Flyttas \
                sängen eller enheten måste den driftsättas på nytt.",
               "The unit is commissioned. The sleeping place goes with the next plan, from noon. If \
                bed or unit is moved it must be commissioned anew.";
    NOT_AGREED_YET = "Sovplatsen skrivs in om några sekunder. Saknar den som bor här en \
                      överenskommelse skrivs den in när den finns; till dess görs besök.",
                     "The sleeping place is written down in a few seconds. Without an agreement of \
                      whoever lives here it is written down when there is one; until then checks \
                      are visits.";
    RECEIPT = "Kvitto", "Receipt";
    READS = "En annan telefon leder. Här visas hur det går.",
            "Another phone leads. Here you see how it goes.";
    LEAD = "Ta över till den här telefonen", "Take over to this phone";
    BY = "Påbörjad av", "Begun by";
    RESULT = "Senaste försöket", "The last try";
    NOBODY_SEEN = "Ingen syntes.", "Nobody was seen.";
    SOMEBODY_SEEN = "Någon syntes i rutor på rutnätet.", "Somebody was seen in cells of the grid.";
    GOOD = "Bra.", "Good.";
    BAD = "Det räcker inte för att godkänna enheten.", "The unit cannot pass with this.";
    MISSED = "Enheten såg inte den som låg där. Det får hända en gång, eller hälften så ofta som den ser.",
             "The unit did not see who lay there. It may happen once, or half as often as it sees.";
    NEUTRAL = "Räknas varken för eller emot.", "Counts neither for nor against.";
    AGAIN = "Bilden gick inte att bedöma. Försök igen.",
            "The picture could not be judged. Try again.";
    SLEEPER = "Plats", "Place";
    PLACES_HOW = "Två eller fler sovplatser: siffran är platsens nummer. Se till att de inte går in i \
                  varandra mer än sängen gör.",
                 "Two or more sleeping places: the figure is the place’s number. See that they do not \
                  overlap more than the bed does.";
    SIDES_NEXT = "Säg till vården: någon som känner dem som bor här måste säga vem som sover på vilken \
                  plats, på den enskildes sida i Nattsyn. Till dess görs tillsynen som besök.",
                 "Tell the care: somebody who knows those who live here must say who sleeps in which \
                  place, on the resident’s page of Nattsyn. Until then checks are visits.";
    SLEEPERS = "sovande under enheten", "sleepers under the unit";
    LANGUAGE_LOST = "Ingen kontakt med Nattsyn. Sidan försöker igen.",
                    "No contact with Nattsyn. The page tries again.";
}

/// Why *visible* did not count: a row's headline.
pub(in crate::http) fn shut(why: Shut) -> Phrase {
    match why {
        Shut::Never => phrase(
            "Någon syntes, men enheten är inte driftsatt: det räknas inte",
            "Somebody was seen, but the unit is not commissioned: it does not count",
        ),
        Shut::Model => phrase(
            "Någon syntes, men enheten är driftsatt med en annan modell: det räknas inte",
            "Somebody was seen, but the unit was commissioned with another model: it does not count",
        ),
        Shut::Places => phrase(
            "Någon syntes, men sovplatsen är ändrad sedan driftsättningen: det räknas inte",
            "Somebody was seen, but the place changed since commissioning: it does not count",
        ),
        Shut::Refused => phrase(
            "Någon syntes, men enheten är underkänd där den hänger: det räknas inte",
            "Somebody was seen, but the unit was refused where it hangs: it does not count",
        ),
        Shut::Exchanged => phrase(
            "Någon syntes, men enheten är utbytt eller flyttad hit: det räknas inte",
            "Somebody was seen, but the unit was exchanged or moved here: it does not count",
        ),
        Shut::Unsaid => phrase(
            "Någon syntes, men ingen har sagt vem som sover på vilken plats: det räknas inte",
            "Somebody was seen, but nobody has said who sleeps in which place: it does not count",
        ),
        Shut::Unsuited => phrase(
            "Någon syntes, men sensorläge passar inte här, för mycket var oklart: det räknas inte",
            "Somebody was seen, but sensor mode does not suit, too much was unclear: it does not count",
        ),
    }
}

/// How a unit stands, without its day.
pub(in crate::http) fn stands(gate: UnitGate) -> Phrase {
    match gate {
        UnitGate::Commissioned => APPROVED,
        UnitGate::OnPaper(_) => ON_PAPER,
        UnitGate::Shut(Shut::Never) => phrase("ej driftsatt", "not commissioned"),
        UnitGate::Shut(Shut::Places) => phrase(
            "sovplatsen är ändrad: driftsätt på nytt",
            "the place changed: commission anew",
        ),
        UnitGate::Shut(Shut::Refused) => phrase(
            "underkänd: häng om den och driftsätt på nytt",
            "refused: hang it otherwise and commission anew",
        ),
        UnitGate::Shut(Shut::Exchanged) => phrase(
            "utbytt eller flyttad: driftsätt på nytt",
            "exchanged or moved: commission anew",
        ),
        UnitGate::Shut(Shut::Unsaid) => phrase(
            "driftsatt; vården har inte sagt vem som sover var",
            "commissioned; the care has not said who sleeps where",
        ),
        UnitGate::Shut(Shut::Unsuited) => phrase(
            "sensorläge passar inte: häng om och driftsätt på nytt",
            "sensor mode does not suit: hang it otherwise and commission anew",
        ),
        UnitGate::Shut(Shut::Model) => phrase(
            "annan modell: driftsätt på nytt",
            "another model: commission anew",
        ),
    }
}

/// A place by its number, counted from 1.
pub(in crate::http) fn number(sleeper: u8) -> u8 {
    sleeper.saturating_add(1)
}

/// What is to be done for a try, and whose it is.
pub(in crate::http) fn step(what: Try) -> Phrase {
    match what {
        Try::Walk { spot, .. } => lying(spot),
        Try::Staged { state, .. } => of_state(state),
    }
}

/// How somebody lies while their place is found.
fn lying(spot: u8) -> Phrase {
    match spot {
        0 => phrase(
            "Lägg dig mitt i sängen, utan täcke",
            "Lie down in the middle of the bed, without the duvet",
        ),
        1 => phrase(
            "Lägg dig längs ena kanten, utan täcke",
            "Lie along one edge, without the duvet",
        ),
        2 => phrase(
            "Lägg dig längs andra kanten, utan täcke",
            "Lie along the other edge, without the duvet",
        ),
        3 => phrase(
            "Lägg dig så högt upp du kan, utan täcke",
            "Lie as high up as you can, without the duvet",
        ),
        _ => phrase(
            "Lägg dig så långt ner du kan, utan täcke",
            "Lie as far down as you can, without the duvet",
        ),
    }
}

fn of_state(state: State) -> Phrase {
    match state {
        State::EmptyBare => phrase(
            "Ta bort täcket. Ingen i sängen",
            "Take the duvet away. Nobody in bed",
        ),
        State::EmptyMade => phrase("Bädda sängen. Ingen i sängen", "Make the bed. Nobody in it"),
        State::EmptyHeaped => phrase(
            "Lägg täcket i en hög. Ingen i sängen",
            "Put the duvet in a heap. Nobody in bed",
        ),
        State::EmptyJustLeft => phrase(
            "Slå undan täcket och gå upp, som när någon just gått upp",
            "Throw the duvet aside and get up, as when somebody just left",
        ),
        State::OtherInBed => phrase(
            "Den andra ligger ensam på sin plats. Den här platsen är tom",
            "The other lies alone in their own place. This place is empty",
        ),
        State::Together => phrase(
            "Båda ligger under täcket, var och en på sin plats",
            "Both lie under the duvet, each in their own place",
        ),
        State::Uncovered => phrase("Ligg i sängen utan täcke", "Lie in bed without the duvet"),
        State::HalfCovered => phrase("Lägg täcket över benen", "Put the duvet over the legs"),
        State::Covered => phrase("Lägg dig under täcket", "Lie down under the duvet"),
        State::OnTheEdge => phrase("Sitt på sängkanten", "Sit on the edge of the bed"),
        State::LensCovered => phrase(
            "Håll en hand framför kameran, tätt intill",
            "Hold a hand before the camera, close to it",
        ),
    }
}

/// How the room is to be for a try.
pub(in crate::http) fn room(room: Room) -> Phrase {
    match room {
        Room::AsItIs => phrase(
            "Rummet som om natten, ljusen som om natten",
            "The room as at night, the lights as at night",
        ),
        Room::Otherwise => phrase(
            "Flytta stolar och lösa saker",
            "Move chairs and other loose things",
        ),
        Room::Lit => phrase(
            "Tänd lampan, en som kan vara tänd om natten",
            "Turn the lamp on, one that may be on at night",
        ),
    }
}

/// What a look said, in the words of every other page.
pub(in crate::http) fn finding(finding: Finding) -> Phrase {
    match finding {
        Finding::Visible => phrase("Synlig", "Visible"),
        Finding::NotVisible => phrase("Syns inte", "Not visible"),
        Finding::Unclear(reason) => super::cause(Cause::Unclear(reason)),
        Finding::Technical(fault) => super::cause(Cause::Technical(fault)),
        Finding::Paused => phrase(
            "Pausad: enheten är avstängd med reglaget. Slå på den och försök igen.",
            "Paused: the unit is switched off. Switch it on and try again.",
        ),
    }
}

/// Why a try was not made, and what to do.
pub(in crate::http) fn no_try(why: NoTry) -> Phrase {
    match why {
        NoTry::NotPressed => phrase(
            "Knappen på enheten är inte tryckt. Tryck på den och försök igen.",
            "The button on the unit was not pressed. Press it and try again.",
        ),
        NoTry::Number => phrase(
            "Enheten har redan gjort det försöket. Försök igen.",
            "The unit has made that try already. Try again.",
        ),
        NoTry::Senseless => phrase(
            "Enheten förstår inte försöket: sovplatsen duger inte. Rita om den eller börja om.",
            "The unit makes no sense of the try: the place will not do. Draw it anew or begin again.",
        ),
        NoTry::Busy => phrase(
            "Enheten gör en planerad tillsyn, som går före. Vänta en minut och försök igen.",
            "The unit makes a planned look, which comes first. Wait a minute and try again.",
        ),
        NoTry::Paused => phrase(
            "Enheten är avstängd med reglaget. Slå på den och försök igen.",
            "The unit is switched off. Switch it on and try again.",
        ),
        NoTry::Withdrawn => phrase(
            "De som bor här har inte sagt ja till att enheten tittar. Avbryt och fråga chefen.",
            "Those who live here have not agreed that it looks. Stop, and ask the manager.",
        ),
        NoTry::ClockUnknown => phrase(
            "Enheten vet inte vad klockan är. Vänta tills den har nät och försök igen.",
            "The unit does not know the time. Wait until it has network, and try again.",
        ),
        NoTry::Enough => phrase(
            "Det är prövat så många gånger som får göras. Börja på nytt.",
            "It was tried as often as may be. Begin anew.",
        ),
        NoTry::NotPassed => phrase(
            "Enheten godkänner inte det som prövades. Gör om de steg som inte blev bra.",
            "The unit does not pass what was tried. Do the steps again that went badly.",
        ),
        NoTry::TooLittleRoom => phrase(
            "För lite av rummet syns bredvid sängen för att märka om enheten flyttas. Häng den \
             högre eller längre bort så att mer av rummet syns, och börja om.",
            "Too little of the room is seen beside the bed to notice that the unit was moved. Hang \
             it higher or farther away so that it sees more of the room, and begin again.",
        ),
        NoTry::DiskDown => phrase(
            "Enheten kan inte spara: minnet är fullt eller trasigt. Byt minneskort.",
            "The unit cannot keep it: its storage is full or broken. Replace the card.",
        ),
        NoTry::NoLeave
        | NoTry::OldVersion
        | NoTry::NotInForce
        | NoTry::PolicyAwaited
        | NoTry::TooOften => no_leave(why),
        NoTry::Unrecognised => phrase(
            "Enheten svarade något som den här versionen inte känner till. Uppdatera Nattsyn.",
            "The unit said something that this version does not know. Update Nattsyn.",
        ),
    }
}

/// Why there is no leave to try, and what to do.
fn no_leave(why: NoTry) -> Phrase {
    match why {
        NoTry::OldVersion => phrase(
            "Enheten har redan sett ett senare tillstånd än det här. Börja på nytt; hjälper det \
             inte ska driftansvarig ge navet en ny nyckel.",
            "The unit has seen a later leave than this one. Begin anew; if that does not help, \
             whoever runs the hub gives it a new key.",
        ),
        NoTry::NotInForce => phrase(
            "Tillståndets tid stämmer inte med enhetens klocka. Vänta tills enheten har nät och \
             börja på nytt.",
            "The leave's time does not agree with the unit's clock. Wait until the unit has \
             network and begin anew.",
        ),
        NoTry::PolicyAwaited => phrase(
            "Knappen på enheten väntar redan på ett samtycke till bild. Tryck för samtycket, \
             eller vänta tio minuter, och börja sedan på nytt.",
            "The button on the unit is waited for by a consent to pictures. Press for the consent, \
             or wait ten minutes, and then begin anew.",
        ),
        NoTry::TooOften => phrase(
            "Enheten har väntat på knappen så många gånger som får ske på ett dygn. Kom tillbaka \
             i morgon.",
            "The unit has waited for its button as often as it may in a day. Come back tomorrow.",
        ),
        NoTry::NoLeave
        | NoTry::NotPressed
        | NoTry::Number
        | NoTry::Senseless
        | NoTry::Busy
        | NoTry::Paused
        | NoTry::Withdrawn
        | NoTry::ClockUnknown
        | NoTry::Enough
        | NoTry::NotPassed
        | NoTry::TooLittleRoom
        | NoTry::DiskDown
        | NoTry::Unrecognised => phrase(
            "Enheten har inget tillstånd att pröva, eller tiden är slut. Börja på nytt.",
            "The unit has no leave to try, or the time is up. Begin anew.",
        ),
    }
}

/// What is wrong with how a unit hangs, and what to do.
pub(in crate::http) fn framing(why: FramingFault) -> Phrase {
    match why {
        FramingFault::NoPolygon => phrase(
            "Sovplatsen har fel form. Dra hörnen så att de omger sängen, eller börja om.",
            "The place has no proper shape. Drag the corners around the bed, or begin again.",
        ),
        FramingFault::Cut => phrase(
            "Sängen är avskuren av bildens kant. Vrid enheten mot sängen, eller häng den högre eller \
             längre bort, och börja om.",
            "The bed is cut by the edge of the picture. Turn the unit towards it, or hang it higher \
             or farther away, and begin again.",
        ),
        FramingFault::TooSmall => phrase(
            "Sängen är för liten i bilden. Häng enheten närmare, och börja om.",
            "The bed is too small in the picture. Hang the unit nearer, and begin again.",
        ),
        FramingFault::Unseen(_) => phrase(
            "Ingen syntes när någon låg i sängen. Häng enheten närmare eller vrid den mot sängen, se \
             att inget skymmer, och börja om.",
            "Nobody was seen while somebody lay in bed. Hang the unit nearer or turn it to the bed, \
             see that nothing is in the way, and begin again.",
        ),
    }
}

/// Why a trial is refused: of which step, why, and what to change.
pub(in crate::http) fn fault(lang: Lang, fault: TrialFault) -> String {
    let about = |what: Try, why: Phrase| format!("{}: {}", step(what).to(lang), why.to(lang));
    let of = |sleeper: u8, why: Phrase| {
        format!("{} {}: {}", SLEEPER.to(lang), number(sleeper), why.to(lang))
    };
    match fault {
        TrialFault::Framing { sleeper, why } => of(sleeper, framing(why)),
        TrialFault::VisibleOfEmpty(what) => about(
            what,
            phrase(
                "enheten såg någon i en tom säng. Häng den närmare eller högre, vrid bort från \
                 speglar och ljus, och gör ytan mindre.",
                "the unit saw somebody in an empty bed. Hang it nearer or higher, away from mirrors \
                 and lights, and make the area smaller.",
            ),
        ),
        TrialFault::NotVisibleOfSomebody(what) => about(
            what,
            phrase(
                "enheten såg ingen fast någon låg där. Häng den närmare eller högre, och se att \
                 inget skymmer sängen.",
                "the unit saw nobody though somebody was there. Hang it nearer or higher, and see \
                 that nothing hides the bed.",
            ),
        ),
        TrialFault::Unfit(what, why) => {
            let change = unfit(why);
            let why = super::cause(Cause::Technical(why)).to(lang);
            format!("{}: {why}. {}", step(what).to(lang), change.to(lang))
        }
        TrialFault::SawThroughCover => phrase(
            "Enheten sa något fast kameran var täckt. Håll handen tätt intill; händer det igen ska \
             enheten bytas.",
            "The unit said something though the camera was covered. Hold the hand close; if it \
             happens again, the unit must be replaced.",
        )
        .to(lang)
        .to_owned(),
        TrialFault::NotToldApart { sleeper } => of(
            sleeper,
            phrase(
                "syntes aldrig när båda låg i sina sängplatser. Enheten kan inte skilja dem åt: \
                 sensorläge passar inte här. Tillsynen görs som besök. Pröva att dra isär sängarna \
                 eller att hänga enheten så att platserna syns tydligt åtskilda.",
                "was never seen while both lay in their places. The unit cannot tell them apart: \
                 sensor mode does not suit this home. Checks stay visits. Try moving the beds \
                 apart, or hang the unit so that the places are well apart in the picture.",
            ),
        ),
        TrialFault::SeldomSeen { sleeper, .. } => of(
            sleeper,
            phrase(
                "syntes för sällan. Gör om de steg där enheten sa oklart, eller häng den närmare.",
                "was seen too seldom. Do the steps again that were unclear, or hang it nearer.",
            ),
        ),
    }
}

/// What to change about a picture that is not fit to judge by.
fn unfit(why: Fault) -> Phrase {
    match why {
        Fault::Dark => phrase(
            "Se att enhetens egen lampa lyser och att inget skymmer den; lyser den inte ska enheten \
             bytas.",
            "See that the unit’s own lamp shines and that nothing hides it; if it does not shine, \
             replace the unit.",
        ),
        Fault::Covered => phrase(
            "Ta bort det som är framför kameran, eller vrid den: en vägg på nära håll ser ut som ett \
             lock.",
            "Take away what is before the camera, or turn it: a wall close by looks like a lid.",
        ),
        Fault::Blurred => phrase(
            "Torka av linsen och vänta tills imman är borta; hjälper det inte ska enheten bytas.",
            "Wipe the lens and wait until it has cleared; if that does not help, replace the unit.",
        ),
        Fault::Saturated => phrase(
            "Vrid den bort från fönster, speglar och lampor.",
            "Turn it away from windows, mirrors and lamps.",
        ),
        Fault::Moved
        | Fault::Frozen
        | Fault::CameraDown
        | Fault::LightDown
        | Fault::EyeDown
        | Fault::ClockUnknown
        | Fault::ModelDown
        | Fault::TooSlow
        | Fault::DiskDown
        | Fault::Unrecognised => phrase(
            "Dra ur och sätt i strömmen och börja om; händer det igen ska enheten bytas.",
            "Unplug it, plug it in and begin again; if it happens again, replace the unit.",
        ),
    }
}

/// Why something was not done; none where it is the hub's fault.
pub(in crate::http) fn trouble(error: &CommissionError) -> Option<Phrase> {
    Some(match error {
        CommissionError::NoSuchUnit(_) => NO_SUCH,
        CommissionError::Sleepers(_) => phrase(
            "Under enheten bor ingen, eller fler än fyra. Tala med enhetschefen.",
            "Nobody lives under the unit, or more than four. Talk to the unit manager.",
        ),
        CommissionError::NoAgreement(_) => NOT_AGREED_YET,
        CommissionError::NotToldApart(_) => phrase(
            "Två eller fler sover under enheten. Den kan inte skilja dem åt tillräckligt säkert, så den \
             driftsätts inte: när den ena var uppe hände det att enheten såg någon på den tomma \
             platsen. Tillsynen görs som besök. Tala med enhetschefen.",
            "Two or more sleep under the unit. It does not tell them apart safely enough, so it is not \
             commissioned: while one was up, it happened that the unit saw somebody in the empty \
             place. Checks are visits. Talk to the unit manager.",
        ),
        CommissionError::Sides(_) => super::sides::NOT_TRIED,
        CommissionError::NotBegun => phrase(
            "Ingen har börjat. Tryck på Börja driftsätta.",
            "Nobody has begun. Press Begin commissioning.",
        ),
        CommissionError::NotOpen => phrase(
            "Enheten tar inte emot försök nu. Tryck på knappen på den, eller börja på nytt.",
            "The unit takes no tries now. Press its button, or begin anew.",
        ),
        CommissionError::Led => READS,
        CommissionError::Waits => phrase(
            "Ett försök pågår redan. Vänta på svaret.",
            "A try is under way. Wait for its answer.",
        ),
        CommissionError::UnderWay => phrase(
            "Enheten prövas redan, eller väntar på sin knapp. Fortsätt där, eller ta över. Vill du börja om: starta om enheten.",
            "The unit is being tried already, or waits for its button. Go on there, or take over. To begin anew, restart the unit.",
        ),
        CommissionError::NotNow => phrase(
            "Det steget kan inte göras nu. Följ det som står på sidan.",
            "That step cannot be made now. Follow what stands on the page.",
        ),
        CommissionError::Enough => no_try(NoTry::Enough),
        CommissionError::NotPassed => no_try(NoTry::NotPassed),
        CommissionError::Place(_, why) => framing(*why),
        CommissionError::Places => framing(FramingFault::NoPolygon),
        CommissionError::SomebodyElseWas => phrase(
            "Något hände i samma ögonblick. Se på sidan, och tryck igen om det behövs.",
            "Something happened at the same moment. Look at the page, and press again if needed.",
        ),
        CommissionError::Agreement(_) | CommissionError::Store(_) => return None,
    })
}
