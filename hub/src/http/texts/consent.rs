//! The words of the pages of consent. What is said of a consent itself stands in
//! [`crate::consent::words`], for the page, the journal and the command line alike.

use super::{Phrase, phrase};

phrases! {
    TITLE = "Samtycke", "Consent";
    ALL_TITLE = "Samtycken", "Consents";
    NOT_HERE = "Samtycken kan inte skrivas ner på den här sidan.",
               "Consents cannot be written down on this page.";
    UNREADABLE = "Samtycket kan inte läsas eller skrivas just nu. Försök igen om en stund. Är det \
                  ett nej: gör tillsynen som besök tills det är nedskrivet.",
                 "The consent cannot be read or written right now. Try again in a while. If it is \
                  a no: make the checks as visits until it is written down.";
    BACK = "Till den enskildes sida", "To the resident’s page";
    TO_CONSENT = "Se och ändra samtycket", "See and change the consent";
    NOW = "Det här gäller nu", "What holds now";
    READ_ALOUD = "Läs gärna upp det här:", "This can be read aloud:";
    NOT_YET = "Kameravisning är överenskommen, men inte påslagen i enheten: ingen \
               bild kan visas än.",
              "A live view was agreed, and is not switched on at the unit: no picture can be shown \
               yet.";
    WHY = "Varför inte mer:", "Why not more:";
    REVIEWED_BY = "Ska gås igenom på nytt senast", "To be gone through again by";
    FUNCTIONS = "Medgivna funktioner i sensorenheten", "What the unit is permitted to do";
    NO_UNIT_SAID = "Enheten har inte sagt vad den kan sedan Nattsyn startade.",
                   "The unit has not said what it is able to do since Nattsyn started.";
    BUILT_SENSOR = "Enheten är byggd som bara sensor: ingen bild kan lämna den, vad någon än gör.",
                   "The unit is built as a sensor alone: no picture can leave it, whatever anybody \
                    does.";
    BUILT_LIVE = "Enheten är byggd så att kameravisning kan slås på.",
                 "The unit is built so that a live view can be switched on.";
    SAYS_NOW = "Enheten säger att den nu tillåter:", "The unit says that it now permits:";
    BUTTON = "På avstånd kan sensorn stoppas och, efter ett nytt ja, börja titta igen, men ingen \
              bild kan öppnas. För att slå på kameravisning måste \
              någon trycka på knappen vid enheten inom tio minuter från att den tagit emot \
              ändringen.",
             "From afar looks can be stopped and, after a new yes, resumed, and no picture can be \
              opened. To switch a live view on, somebody \
              must press the button at the unit within ten minutes of its receiving the change.";
    OTHER_HELD = "Enheten arbetar efter något annat än det som gäller nu. Nattsyn skickar det \
              igen. \
                  Gör tillsynerna som besök tills enheten har svarat, om det är ett nej.",
                 "The unit works by something else than what holds now. Nattsyn sends it again. If \
                  it is a no, make the checks as visits until the unit has answered.";
    AGAIN = "Skicka igen: någon står vid enheten", "Send again: somebody is at the unit";
    WITHDRAW = "Ta tillbaka samtycket", "Withdraw the consent";
    WITHDRAW_NOW = "Skriv ner och stoppa nu", "Write it down and stop now";
    WITHDRAW_MEANS = "Ett nej gäller direkt. Sensorn slutar titta vid nästa meddelande till \
                      enheten, kameran stängs, och tillsynerna görs som besök från och med nu. \
                      Du behöver ingen annans godkännande.",
                     "A no holds at once. The sensor stops looking with the next message to the \
                      unit, the camera is closed, and the checks are made as visits from now on. \
                      You need nobody’s approval.";
    WHAT_BACK = "Vad tas tillbaka?", "What is withdrawn?";
    HOW_SAID = "Hur sades det?", "How was it said?";
    WHO_SAID = "Vem sade det?", "Who said so?";
    IN_WORDS = "Med vilka ord, eller vad visade det? (frivilligt)",
               "In which words, or what showed it? (optional)";
    SURE = "Ja, skriv ner det", "Yes, write it down";
    SURE_FIRST = "Markera först att det ska skrivas ner.", "First mark that it is to be written.";
    STOPS_TOO = "Ett nej till allt stoppar försöken också hos:",
                "A no to everything stops the looks also at:";
    STOPS_TOO_MEANS = "De bor under samma sensor, och varje försök skulle vara av båda. Även deras \
                       tillsyner görs som besök från och med nu, tills det finns ett nytt ja.",
                      "They live under one sensor, and every look would be of both. Their checks \
                       too are made as visits from now on, until there is a new yes.";
    LOOKS_AWAITED = "Sensorenheten har inte svarat att den tittar igen. Tillsynerna görs som \
                     besök tills den har svarat; det går över av sig självt.",
                    "The unit has not said that it looks again. The checks are made as visits \
                     until it does; this ends by itself.";
    ASK_AGAIN = "Fråga enheten igen", "Ask the unit again";
    RECORD = "Skriv ner ett samtal om samtycke", "Write a conversation about consent down";
    RECORD_MEANS = "För ett nytt samtycke, och för att gå igenom ett på nytt. Det som står kvar \
                    ändras inte: varje samtal blir nya rader.",
                   "For a new consent, and to go through one again. What stands is not changed: \
                    every conversation makes new rows.";
    KINDS = "Vad sade personen ja till? (Är svaret nej: ta tillbaka samtycket här ovanför.)",
            "What did the person say yes to? (If the answer is no: withdraw the consent above.)";
    SCOPE = "Hur långt?", "How far?";
    GIVEN_BY = "Vem gav samtycket?", "Who gave the consent?";
    GIVEN_BY_HINT = "Till exempel: den enskilde; god man med namn.",
                    "For example: the resident; a legal representative by name.";
    HOUSEHOLD = "Vilka bor där varaktigt?", "Who lives there permanently?";
    COHABITANT = "Vilka av dem har samtyckt? (bara om rutan för den som bor där är markerad)",
                 "Which of them have agreed? (only if the box for whoever lives there is marked)";
    CAPACITY = "Hur bestämmer personen?", "How does the person decide?";
    EXPLORED = "Hur tog ni reda på viljan, och vilka var med? (behövs om personen har stöd eller \
                nedsatt beslutsförmåga)",
               "How was the will explored, and who took part? (needed with support or reduced \
                ability to decide)";
    ALTERNATIVES = "Vad mindre ingripande har prövats eller övervägts, och varför räcker det inte?",
                   "What less intrusive has been tried or considered, and why does it not suffice?";
    INFORMED = "Vad berättade ni, och hur återgav personen det med egna ord?",
               "What did you tell, and how did the person say it back in their own words?";
    ON = "Samtalets dag", "The day of the conversation";
    REVIEW = "Gå igenom på nytt senast", "Go through it again by";
    DAY_HINT = "År-månad-dag, till exempel 2026-11-22.", "Year-month-day, such as 2026-11-22.";
    WRITE = "Skriv ner", "Write down";
    FAULTS = "Ingenting är nedskrivet. Rätta det här:", "Nothing was written. Correct this:";
    STOPS = "Med det här stoppas försöken och tillsynerna blir besök, för att något som måste \
             finnas saknas. Det kan vara rätt. Markera i så fall rutan sist i formuläret och skriv \
             ner igen.",
            "With this the looks stop and the checks become visits, because something that must be \
             there is missing. That may be right. If so, mark the box at the end of the form and \
             write it down again.";
    STOPS_SURE = "Ja: försöken ska stoppas", "Yes: the looks are to stop";
    HISTORY = "Allt som är nedskrivet", "All that is written down";
    NO_HISTORY = "Ingenting är nedskrivet.", "Nothing is written down.";
    GAVE = "Samtycke till", "Consent to";
    TOOK_BACK = "Återtaget:", "Withdrawn:";
    LIVES_THERE = "Boende:", "Who lives there:";
    BY = "av", "by";
    TAKEN_BY = "nedskrivet av", "written down by";
    NOTE = "Anteckning till journalen", "A note for the journal";
    NOTE_MEANS = "Om det senaste som skrevs ner. Markera och kopiera, eller öppna som ren text.",
                 "About what was written down last, in Swedish. Mark and copy it, or open it as \
                  plain text.";
    COPY = "Kopiera", "Copy";
    COPIED = "Kopierad", "Copied";
    NOTE_TEXT = "Öppna som ren text", "Open as plain text";
    UNRECORDED = "Samtycke saknas i Nattsyn. Sensorn tittar som förut enligt planen, och ingen \
                  bild kan visas. Antal enskilda:",
                 "No consent in Nattsyn. The sensor looks as before by the plan, and no picture \
                  can be shown. Residents:";
    TO_ALL = "Till samtyckena", "To the consents";
    NOBODY = "Ingen är inskriven.", "Nobody is enrolled.";
    LIVE_VIEW = "Sensor, och kameravisning när sensorn inte kan avgöra: en i personalen, en gång, \
                 högst 30 sekunder, med lampan tänd. Inget sparas.",
                "A sensor, and a live view when the sensor cannot tell: one of the staff, once, \
                 for at most 30 seconds, with the lamp lit. Nothing is kept.";
    STOPPED = "Sensorn tittar inte: samtycke saknas eller är återtaget. Tillsynerna \
               görs som besök.",
              "The sensor does not look: the consent is missing or withdrawn. The checks are made \
               as visits.";
}

/// The version of what a unit may do.
pub(in crate::http) const VERSION: Phrase = phrase("version", "version");
