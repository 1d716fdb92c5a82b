//! The words of the pages of thresholds. What is said of levels, consequences and bounds is in
//! [`crate::tuning::words`], which the command line shares.

use super::{Lang, Phrase, phrase};

phrases! {
    TITLE = "Gränser", "Thresholds";
    MEANING = "Här bestäms hur säker Nattsyn ska vara innan det säger ”synlig” eller ”syns inte”. \
               Däremellan säger det ”oklart”, och då måste någon ta reda på hur det är. Siffran är \
               modellens eget värde, från 0 till 1. Den är ingen sannolikhet.",
              "Here it is decided how sure Nattsyn must be before it says “visible” or “not \
               visible”. In between it says “unclear”, and then somebody must find out. The figure \
               is the model’s own score, from 0 to 1. It is no probability.";
    INVENTED = "Det här är en demonstration: räkningarna är påhittade. Du är en enda person här, så \
                inget förslag kan godkännas.",
               "This is a demonstration: the counts are invented. You are one person here, so no \
                proposal can be approved.";
    NOT_HERE = "Gränser kan inte ändras här: Nattsyn körs utan det.",
               "Thresholds cannot be changed here: Nattsyn runs without it.";
    BUSY = "Följderna räknas redan åt flera andra. Försök igen om en stund.",
           "The consequences are being counted for several others. Try again in a while.";
    BY_TODAY = "Räknat mot de gränser som gäller i dag, också för nätter då andra gällde.",
               "Counted against the thresholds of today, also for nights when others held.";
    SAID = "sägs", "is said";
    UNREADABLE = "Gränserna kan inte läsas eller skrivas just nu. Försök igen om en stund.",
                 "The thresholds cannot be read or written right now. Try again in a while.";
    NO_SUCH = "Platsen finns inte.", "There is no such place.";
    EVERYWHERE = "Alla gränser", "All thresholds";
    MUNICIPALITY = "Hela kommunen", "The whole municipality";
    AREA = "Området", "The area";
    NOW = "Gäller nu", "In force now";
    VISIBLE = "Synlig", "Visible";
    NOT_VISIBLE = "Syns inte", "Not visible";
    FROM = "sägs från", "is said from";
    BELOW = "sägs under", "is said below";
    FLOOR = "Lägsta tillåtna", "Lowest allowed";
    UNIT = "Sensorenheten", "The unit";
    UNITS_WAIT = "Sensorenheter som inte har svarat än", "Units that have not answered yet";
    WAITS = "väntar sedan", "waits since";
    HOLDS = "har svarat att den följer det här, sedan", "has answered that it goes by this, since";
    UNSAID = "säger vilken version den följer men inte vilka steg: dess program är för gammalt. \
              Uppdatera det.",
             "says which version it goes by and not which levels: its software is too old. Update \
              it.";
    UNLIKE = "Ser inte ut som förut", "No longer as it was";
    UNLIKE_MEANS = "Sensorenheten har märkt att bostaden inte längre ser ut som den gjorde: flyttad \
                    kamera, ny säng, annat ljus. Allt blir ”oklart” tills någon har gått igenom \
                    bostaden på nytt, föreslagit det på bostadens sida och någon annan har godkänt.",
                   "The unit has noticed that the home no longer looks as it did: a camera that was \
                    moved, a new bed, other light. Everything is “unclear” until somebody has gone \
                    through the home anew, proposed that on the home’s page, and somebody else has \
                    approved.";
    ANEW = "Bostaden är genomgången på nytt: kamera, säng och ljus är kontrollerade",
           "The home was gone through anew: camera, bed and light were checked";
    IS_ANEW = "Bostaden är genomgången på nytt.", "The home was gone through anew.";
    HELD = "Hålls kvar på det strängare", "Kept at what is stricter";
    HELD_MEANS = "Något mindre försiktigt är satt, utan att två personer har bestämt det här: bostaden \
                  har bytt område, området namn eller sensorenheten bostad. Det strängare gäller \
                  tills någon har föreslagit det som är satt, för bostaden eller där det är satt, \
                  och någon annan har godkänt.",
                 "Something less cautious is set without two people having decided that here: the \
                  home is in another area, the area has another name, or the unit hangs in another \
                  home. What is stricter holds until somebody has proposed what is set, for the \
                  home or where it is set, and somebody else has approved.";
    IS_SET = "satt är", "what is set:";
    FOLLOW_HOME = "Låt det som är satt för området eller kommunen gälla i bostaden",
                  "Let what is set for the area or the municipality hold in the home";
    OWN_MODEL = "har inte fått några gränser: den följer modellens egna",
                "was sent no thresholds: it goes by the model’s own";
    FOREIGN = "säger att den följer en version som inte finns här. Den kan bara vara försiktigare \
               än modellen. Föreslå en gräns här, så får den en ny version.",
              "says that it goes by a version that is not here. It can only be more cautious than \
               the model. Propose a threshold here, and it is sent a new version.";
    VERSION = "version nr", "version no.";
    TRY = "Pröva andra gränser", "Try other thresholds";
    TRY_MEANS = "Dra åt höger: Nattsyn säger ordet mer sällan och ”oklart” oftare. Inget ändras \
                 förrän någon annan har godkänt.",
                "Drag to the right: Nattsyn says the word less often and “unclear” more often. \
                 Nothing changes until somebody else has approved.";
    SLIDE_VISIBLE = "Så säker innan ”synlig”", "How sure before “visible”";
    SLIDE_NOT_VISIBLE = "Så säker innan ”syns inte”", "How sure before “not visible”";
    INHERIT_HOME = "Ta bort bostadens egna gränser, så att områdets eller kommunens gäller",
                   "Take the home’s own thresholds away, so that its area’s or the municipality’s \
                    hold";
    INHERIT_AREA = "Ta bort områdets egna gränser, så att kommunens gäller",
                   "Take the area’s own thresholds away, so that the municipality’s hold";
    INHERIT_MUNICIPALITY = "Ta bort kommunens gränser, så att modellens egna gäller",
                           "Take the municipality’s thresholds away, so that the model’s own hold";
    SHOW = "Visa följderna", "Show the consequences";
    CONSEQUENCES = "Så skulle nätterna ha blivit", "What the nights would have been";
    IF_SO = "Om det här gällde:", "If this held:";
    MISSES = "Missar:", "Misses:";
    NO_COUNT_KNOWS = "Ingen räkning kan säga om ett ”synlig” var fel, för ingen går dit då.",
                     "No count can say whether a “visible” was wrong, because then nobody goes \
                      there.";
    ONCE_HELD = "Det gäller först när enheten har svarat att den har de här stegen.",
                "It holds only once the unit has said that it has these levels.";
    OWN = "Bostadens egna nätter", "The home’s own nights";
    OWN_MEANS = "Löftet om ”synlig” kräver att enheten är driftsatt här och 28 nätter då någon har \
                 sagt att sängen var tom. Det om ”syns inte” kräver lika många med någon i den.",
                "The promise of “visible” asks that the unit is commissioned here and for 28 nights \
                 on which somebody said that the bed was empty. That of “not visible” asks for as \
                 many with somebody in it.";
    OWN_NONE = "Enheten är inte driftsatt här, eller har underkänts sedan dess. Inget den har sett \
                räknas.",
               "The unit is not commissioned here, or was refused since. Nothing that it saw \
                counts.";
    OWN_SINCE = "Driftsatt", "Commissioned";
    BY_MODEL = "modell", "model";
    OWN_NOBODY = "Sängen tom", "The bed empty";
    OWN_SOMEBODY = "Någon i sängen", "Somebody in bed";
    OWN_NIGHTS = "nätter av", "nights of";
    OWN_LATER = "och så många till:", "and so many more:";
    OWN_STAGED = "prövade vid driftsättningen:", "tried when commissioned:";
    OWN_WORST_EMPTY = "Den tomma säng som var svårast att skilja från någon:",
                      "The empty bed that was hardest to tell from somebody:";
    OWN_WORST_IN_BED = "Den i sängen som var svårast att se:",
                       "Whoever in bed was hardest to see:";
    OWN_HOW = "Nätterna kommer av lottade besök, som sätts under Inställningar, och av dem som sett \
               en tom säng.",
              "The nights come from drawn visits, which are set under Settings, and from whoever \
               saw an empty bed.";
    OWN_LEFT_OUT = "Svar som inte räknas, för enheten såg med en annan modell eller var driftsatt på \
                    annat sätt:",
                   "Answers that do not count, since the unit looked with another model or was \
                    commissioned otherwise:";
    OWN_ANSWERED = "Lottade besök som har besvarats:", "Drawn visits that were answered:";
    OWN_UNANSWERED = "Går någon dit ibland, men inte när tillsynen blev ”synlig”, stämmer inte löftet.",
                     "If somebody goes there at times, but not when the check was “visible”, the \
                      promise does not hold.";
    OF = "av", "of";
    OWN_UNDECIDED = "Prövningar som inget steg avgjorde, räknade som den svåraste av sitt slag:",
                    "Tries that no level decided, counted as the hardest of their kind:";
    STEP = "steg", "level";
    FAILED = "Följderna kan inte räknas just nu. Tryck på Visa följderna.",
             "The consequences cannot be counted right now. Press Show the consequences.";
    WHY = "Varför?", "Why?";
    WHY_HINT = "Skriv inga namn. Texten sparas och går inte att ändra.",
               "Write no names. The text is kept and cannot be changed.";
    PROPOSE = "Föreslå", "Propose";
    PROPOSE_MEANS = "Någon annan med rätt att godkänna måste säga ja innan det gäller.",
                    "Somebody else who may approve must say yes before it holds.";
    ONLY_SEEN = "Du får se gränserna men inte föreslå andra.",
                "You may see the thresholds and not propose others.";
    WAITING = "Förslag som väntar", "Proposals that wait";
    PROPOSED_BY = "föreslagen av", "proposed by";
    CHANGE = "Nr", "No.";
    WAS = "Nu:", "Now:";
    WOULD_BE = "Förslag:", "Proposal:";
    APPROVE = "Godkänn", "Approve";
    REFUSE = "Avslå", "Refuse";
    WITHDRAW = "Ta tillbaka", "Withdraw";
    OWN_WAITS = "Du föreslog det här, så någon annan måste avgöra det.",
                "You proposed this, so somebody else must decide on it.";
    BACK = "Gå tillbaka ett steg", "Go one step back";
    BACK_TO = "Tillbaka till:", "Back to:";
    BACK_ALONE = "Inget blir mindre försiktigt, så det gäller direkt.",
                 "Nothing becomes less cautious, so it holds at once.";
    BACK_NEEDS = "Något blir mindre försiktigt, så någon annan måste godkänna.",
                 "Something becomes less cautious, so somebody else must approve.";
    BACK_WHY = "Ett steg tillbaka", "One step back";
    EVIDENCE = "Vad som är visat", "What is shown";
    NO_POOL = "Det finns inget märkt underlag i Nattsyn än. Då är inget visat om hur ofta ”synlig” \
               blir fel. Den som sköter Nattsyn läser in det med nattsyn-hub tuning pool.",
              "There is no labelled evidence in Nattsyn yet. So nothing is shown of how often \
               “visible” is wrong. Whoever looks after Nattsyn brings it in with nattsyn-hub \
               tuning pool.";
    POOL = "Underlag", "Evidence";
    POOL_HOMES = "bostäder, varav så många räknas för ”synlig”:",
                 "homes, of which so many count for “visible”:";
    POOL_BY = "Inläst av", "Brought in by";
    NOTHING_SHOWN = "Inget är visat:", "Nothing is shown:";
    CURVE = "Hur stor andel av bostäderna som högst kan bryta löftet, efter hur många steg gränsen \
             ligger över det vanliga i bostaden.",
            "The largest share of homes that can break the promise, by how many levels the \
             threshold lies above what is usual in the home.";
    CURVE_MEANS = "Streckad linje: vad som får återstå. Gäller alla punkter samtidigt (99 %).",
                  "Dashed line: what may remain. Holds for all points at once (99 %).";
    RULE = "regeln", "the rule";
    IN_FORCE_MARK = "gäller", "in force";
    TABLE = "Kurvan som tabell", "The curve as a table";
    MARGIN = "Steg över det vanliga", "Levels above the usual";
    HOMES_AT_MOST = "Bryter löftet, högst", "Break the promise, at most";
    NOT_SEEN = "Med någon där, inte ”synlig”", "With somebody there, not “visible”";
    AREAS = "Områden", "Areas";
    HOMES = "Bostäder", "Homes";
    HISTORY = "Historik", "History";
    NOTHING_YET = "Inget har ändrats här.", "Nothing was changed here.";
    STILL_WAITS = "väntar på beslut", "waits for a decision";
    OLDER = "Äldre ändringar visas inte.", "Older changes are not shown.";
}

/// A share in per cent, such as *3,5 %*.
pub(in crate::http) fn share(lang: Lang, share: f64) -> String {
    let percent = format!("{:.1} %", 100.0 * share);
    match lang {
        Lang::Swedish => percent.replace('.', ","),
        Lang::English => percent,
    }
}
