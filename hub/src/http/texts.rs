//! Every word the page says, Swedish and English side by side.
//!
//! The Swedish is the one the glossary fixes; the English says the same. What a text promises
//! must be true of the data behind it: *visible* never says how somebody is, and no cause says
//! more than the unit saw. Numbers, times and markup are put around these by [`super::page`].

use std::time::Duration;

use jiff::civil::Date;

use nattsyn_protocol::finding::{Fault, Finding, Reason};

use crate::view::{Cause, Ending, Hearing, Standing};
use crate::watch::situation::{Owner, Situation, Step};
use crate::watch::{Arrival, CallOff, How, Said};

/// The page's language.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lang {
    Swedish,
    English,
}

impl Lang {
    /// The language that a query string asks for; Swedish unless it says `lang=en`.
    pub(super) fn from_query(query: Option<&str>) -> Self {
        let asks_english = |query: &str| query.split('&').any(|pair| pair == "lang=en");
        if query.is_some_and(asks_english) {
            Self::English
        } else {
            Self::Swedish
        }
    }

    /// The language's tag (BCP 47).
    pub(super) fn tag(self) -> &'static str {
        match self {
            Self::Swedish => "sv",
            Self::English => "en",
        }
    }

    /// The other one, for the link that switches.
    pub(super) fn other(self) -> Self {
        match self {
            Self::Swedish => Self::English,
            Self::English => Self::Swedish,
        }
    }
}

/// One text in both languages.
#[derive(Clone, Copy, Debug)]
pub(super) struct Phrase {
    swedish: &'static str,
    english: &'static str,
}

impl Phrase {
    /// The text in a language.
    pub(super) fn to(self, lang: Lang) -> &'static str {
        match lang {
            Lang::Swedish => self.swedish,
            Lang::English => self.english,
        }
    }
}

const fn phrase(swedish: &'static str, english: &'static str) -> Phrase {
    Phrase { swedish, english }
}

macro_rules! phrases {
    ($($name:ident = $swedish:literal, $english:literal;)+) => {
        $(pub(in crate::http) const $name: Phrase = phrase($swedish, $english);)+

        /// Every fixed text here, for the test that no page mixes languages.
        #[cfg(test)]
        pub(in crate::http) const ALL: &[Phrase] = &[$($name),+];
    };
}

pub(in crate::http) mod access;
pub(in crate::http) mod account;
pub(in crate::http) mod audit;
pub(in crate::http) mod commission;
pub(in crate::http) mod consent;
pub(in crate::http) mod door;
pub(in crate::http) mod extract;
pub(in crate::http) mod hands;
pub(in crate::http) mod labels;
pub(in crate::http) mod ledger;
pub(in crate::http) mod live;
pub(in crate::http) mod matters;
pub(in crate::http) mod next;
pub(in crate::http) mod outside;
pub(in crate::http) mod phone;
pub(in crate::http) mod proof;
pub(in crate::http) mod resident;
pub(in crate::http) mod settings;
pub(in crate::http) mod shift;
pub(in crate::http) mod sides;
pub(in crate::http) mod sound;
pub(in crate::http) mod technical;
pub(in crate::http) mod told;
pub(in crate::http) mod tuning;
pub(in crate::http) mod units;

phrases! {
    NIGHT = "Natten", "The night of";
    ATTEND = "Att åtgärda", "Needs action";
    NOTHING = "Inget att åtgärda just nu.", "Nothing needs action right now.";
    UPDATED = "Uppdaterad", "Updated";
    MEANING = "Synlig betyder att personen syns på sin sovplats. \
               Det säger inget om hur personen mår.",
              "Visible means that the person can be seen where they sleep. \
               It says nothing about how they are.";
    NO_NOTIFIER = "Ingen larmväg är ansluten: sidan måste hållas öppen.",
                  "No alerts are connected: this page must be kept open.";
    DEMONSTRATION = "Demonstration: rummen är genererade eller uppspelade och tiden går fort.",
                    "Demonstration: the rooms are generated or replayed, and time runs fast.";
    DEMONSTRATION_CLOCK = "Demonstrationens klocka:", "The demonstration’s clock:";
    SINCE = "Sedan", "Since";
    DUE = "Åtgärda senast", "Act by";
    PAST_DUE = "Tiden har gått ut:", "Overdue, was due:";
    CONCERNS = "Gäller tillsynen", "About the check at";
    NEXT = "Gör så här:", "What to do:";
    CLOSED = "Avslutade i natt", "Closed tonight";
    LEDGER = "Nattlista", "Tonight’s checks";
    NO_CHECKS = "Inga tillsyner är planerade i natt.", "No checks are planned tonight.";
    LOOKS = "Försök:", "Looks:";
    REPORT_CAME = "rapporten kom", "report came";
    HOMES = "Sensorenheter", "Units";
    NO_HOMES = "Inga sensorenheter är inlagda.", "No units are enrolled.";
    HEARD = "Hördes senast", "Last heard";
    NEVER_HEARD = "Har inte hörts sedan Nattsyn startade.", "Not heard since Nattsyn started.";
    UNIT = "sensorenhet", "unit";
    SKIP = "Hoppa till Att åtgärda", "Skip to what needs action";
    LANGUAGES = "Språk", "Language";
    NEW_EXCEPTION = "Nytt att åtgärda:", "New, needs action:";
    CONTACT_LOST = "Ingen kontakt med Nattsyn sedan {time}. Använd reservplanen.",
                   "No contact with Nattsyn since {time}. Use the back-up plan.";
    CONTACT_LOST_HERE = "Ingen kontakt med Nattsyn sedan {time}. Det som återstår i natt kan inte \
                         hämtas hit: titta på en telefon där Att åtgärda står öppen, eller be den \
                         som sköter datorn att skriva ut listan.",
                        "No contact with Nattsyn since {time}. What is left of tonight cannot be \
                         fetched here: look at a phone that has Needs action open, or ask whoever \
                         runs the computer to print the list.";
    NEW_ROW = "Ny rad att åtgärda.", "A new row needs action.";
    LEFT_TONIGHT = "Det som återstår i natt", "What is left of tonight";
    PLAN_B = "Reservplan: det här återstår i natt, så som det stod när kontakten bröts. Gör \
              tillsynerna som personliga besök.",
             "Back-up plan: this is left of tonight, as it stood when contact was lost. Make the \
              checks as visits.";
    NO_SCRIPT = "Sidan hämtas på nytt var 30:e sekund. Den kan inte säga till om kontakten bryts.",
                "The page reloads every 30 seconds. It cannot tell you if contact is lost.";
    NOT_FOUND = "Sidan finns inte.", "There is no such page.";
    TO_START = "Till Att åtgärda", "Go to what needs action";
    WRONG_ZONE = "Tidszonen är okänd: alla tider visas i UTC.",
                 "The time zone is unknown: all times are in UTC.";
    SUMMER_TIME = "sommartid", "summer time";
    WINTER_TIME = "vintertid", "winter time";
    JUST_NOW = "nyss", "just now";
    HUB_WAS_DOWN = "Sen: Nattsyn var ur drift när tiden gick ut.",
                   "Late: Nattsyn was down when the time ran out.";
    MATTERS = "Drift", "Operation";
    FOR = "För", "For";
    ANSWER_BY = "Svara senast", "Answer by";
    ANSWER_PAST = "Svarstiden har gått ut:", "The time to answer is over:";
    AS_AGREED = "överenskommet", "as agreed";
    WISHES = "Också överenskommet:", "Also agreed:";
    AGREED = "Överenskommet:", "Agreed:";
    PAGES = "Sidor", "Pages";
    MENU = "Meny", "Menu";
}

/// What a language is called by those who speak it; a link is read in its own language.
pub(super) fn own_name(lang: Lang) -> &'static str {
    match lang {
        Lang::Swedish => "Svenska",
        Lang::English => "English",
    }
}

/// Why somebody is needed: an exception's headline.
pub(super) fn cause(cause: Cause) -> Phrase {
    match cause {
        Cause::NotVisible => phrase("Syns inte på sovplatsen", "Not visible where they sleep"),
        Cause::Unclear(reason) => unclear(reason),
        Cause::Technical(fault) => technical(fault),
        Cause::Paused => phrase(
            "Pausad: den enskilde har stängt av sensorenheten",
            "Paused: the resident has switched the unit off",
        ),
        Cause::NoReport => phrase(
            "Rapport saknas: sensorenheten hörs men tillsynen är inte rapporterad",
            "No report: the unit is heard, but the check has not been reported",
        ),
        Cause::Silent => phrase("Sensorenheten hörs inte", "The unit is not heard"),
        Cause::VisitPlanned => of_situation(Situation::VisitPlanned),
        Cause::NoUnit => of_situation(Situation::PlanWithoutUnit),
        Cause::OtherPlan => of_situation(Situation::OtherPlan),
        Cause::NotCommissioned(why) => commission::shut(why),
        Cause::AwayUnconfirmed => of_situation(Situation::AwayUnconfirmed),
        Cause::CalledOffByMistake => phrase(
            "Skrevs som avliden av misstag: återstående tillsyner är avbokade",
            "Written down as dead by mistake: the remaining checks are called off",
        ),
    }
}

/// What a situation's row says, from the one table of situations.
pub(super) fn of_situation(situation: Situation) -> Phrase {
    let row = situation.row();
    phrase(row.swedish, row.english)
}

/// Who a row is for.
pub(super) fn owner(owner: Owner) -> Phrase {
    let [swedish, english] = owner.texts();
    phrase(swedish, english)
}

/// What may be done next, as one sentence.
pub(super) fn steps(lang: Lang, steps: &[Step]) -> String {
    let texts = steps.iter().map(|step| {
        let [swedish, english] = step.texts();
        phrase(swedish, english).to(lang)
    });
    let mut text = texts.collect::<Vec<_>>().join("; ");
    if let Some(first) = text.chars().next() {
        text.replace_range(..first.len_utf8(), &first.to_uppercase().to_string());
    }
    text.push('.');
    text
}

/// An unclear look or check, with its reason.
fn unclear(reason: Reason) -> Phrase {
    match reason {
        Reason::OutsideSleepingPlace => phrase(
            "Oklart: någon syns utanför sovplatsen",
            "Unclear: somebody is seen outside the sleeping place",
        ),
        Reason::Several => phrase(
            "Oklart: flera personer syns",
            "Unclear: several people are seen",
        ),
        Reason::WeakEvidence => phrase(
            "Oklart: det går inte att avgöra om någon syns",
            "Unclear: it cannot be told whether anybody is seen",
        ),
        Reason::FramesDisagree => phrase(
            "Oklart: bilderna i försöket säger emot varandra",
            "Unclear: the pictures of one look contradict each other",
        ),
        Reason::Changed => phrase(
            "Oklart: bilden är inte längre lik den som gränserna ställdes in efter",
            "Unclear: the picture is no longer like the one that the thresholds were set by",
        ),
        Reason::Unrecognised => phrase(
            "Oklart: av en orsak som Nattsyn inte känner till",
            "Unclear: for a reason unknown to Nattsyn",
        ),
    }
}

/// A technical look or check, with its fault.
fn technical(fault: Fault) -> Phrase {
    match fault {
        Fault::Dark => phrase(
            "Tekniskt fel: bilden är mörk",
            "Technical fault: the picture is dark",
        ),
        Fault::Covered => phrase(
            "Tekniskt fel: kameran är övertäckt",
            "Technical fault: the camera is covered",
        ),
        Fault::Moved => phrase(
            "Tekniskt fel: kameran har rubbats. Tekniker: häng tillbaka eller driftsätt på nytt",
            "Technical fault: the camera was moved. Technician: put it back, or commission it anew",
        ),
        Fault::Frozen => phrase(
            "Tekniskt fel: kameran upprepar samma bild",
            "Technical fault: the camera repeats one picture",
        ),
        Fault::Blurred => phrase(
            "Tekniskt fel: bilden är suddig",
            "Technical fault: the picture is blurred",
        ),
        Fault::Saturated => phrase(
            "Tekniskt fel: bilden är för ljus",
            "Technical fault: the picture is too bright",
        ),
        Fault::CameraDown => phrase(
            "Tekniskt fel: kameran ger ingen bild",
            "Technical fault: the camera gives no picture",
        ),
        Fault::LightDown => phrase(
            "Tekniskt fel: den infraröda lampan fungerar inte",
            "Technical fault: the infrared lamp does not work",
        ),
        Fault::EyeDown => phrase(
            "Tekniskt fel: sensorenhetens kameradel svarar inte",
            "Technical fault: the unit’s camera part does not answer",
        ),
        Fault::ClockUnknown => phrase(
            "Tekniskt fel: sensorenheten vet inte vad klockan är",
            "Technical fault: the unit does not know the time",
        ),
        Fault::ModelDown => phrase(
            "Tekniskt fel: bildtolkningen fungerar inte",
            "Technical fault: the pictures cannot be interpreted",
        ),
        Fault::TooSlow => phrase(
            "Tekniskt fel: försöket tog för lång tid och avbröts",
            "Technical fault: the look took too long and was cut off",
        ),
        Fault::DiskDown => phrase(
            "Tekniskt fel: sensorenhetens minne är fullt eller trasigt",
            "Technical fault: the unit’s storage is full or broken",
        ),
        Fault::Unrecognised => phrase(
            "Tekniskt fel: ett fel som Nattsyn inte känner till",
            "Technical fault: one unknown to Nattsyn",
        ),
    }
}

/// How an exception ended without a person.
pub(super) fn ending(ending: Ending) -> Phrase {
    match ending {
        Ending::LaterVisible => phrase("Synlig vid ett senare försök.", "Visible at a later look."),
        Ending::LateReport => phrase(
            "Rapporten kom sent och säger synlig.",
            "The report came late and says visible.",
        ),
        Ending::HeardAgain => phrase(
            "Sensorenheten hörs igen, ingen tillsyn missades.",
            "The unit is heard again, no check was missed.",
        ),
        Ending::Said(what) => said(what),
        Ending::CalledOff => phrase("Tillsynen avbokades.", "The check was called off."),
    }
}

/// What a person said about a check.
pub(super) fn said(said: Said) -> Phrase {
    match said {
        Said::Visited => phrase("Personligt besök, allt väl", "Visited, all is well"),
        Said::Spoke => phrase(
            "Pratat med den enskilde, allt väl",
            "Spoken with, all is well",
        ),
        Said::Seen => phrase("Sedd av personal, allt väl", "Seen by staff, all is well"),
        Said::Cancelled => phrase("Avbokad av den enskilde", "Cancelled by the resident"),
        Said::Died => phrase("Funnen avliden", "Found dead"),
    }
}

/// Why a check is not made.
pub(super) fn call_off(why: CallOff) -> Phrase {
    match why {
        CallOff::Away => phrase("Avbokad: borta", "Called off: away"),
        CallOff::Skipped => phrase(
            "Avbokad: den enskilde avstår i natt",
            "Called off: skipped by the resident tonight",
        ),
        CallOff::Died => phrase("Avbokad: avliden", "Called off: deceased"),
        CallOff::Moved => phrase("Avbokad: flyttad", "Called off: moved"),
        CallOff::Withdrawn => phrase(
            "Avbokad: samtycket återtaget",
            "Called off: consent withdrawn",
        ),
    }
}

/// How a check ended.
pub(super) fn how(how: How) -> Phrase {
    match how {
        How::Visible(Arrival::InTime) => phrase("Synlig", "Visible"),
        How::Visible(Arrival::Late) => phrase("Synlig, sen rapport", "Visible, late report"),
        How::Said(what) => said(what),
        How::CalledOff(why) => call_off(why),
    }
}

/// How a check stands, in as few words as fit beside a name.
pub(super) fn standing(standing: Standing) -> Phrase {
    match standing {
        Standing::Planned => phrase("Planerad", "Planned"),
        Standing::Ongoing => phrase("Pågår", "Ongoing"),
        Standing::Overdue => phrase("Försök försenat", "Look overdue"),
        Standing::Visible { .. } => phrase("Synlig", "Visible"),
        Standing::VisibleLate { .. } => phrase("Synlig, sen rapport", "Visible, late report"),
        Standing::Said { said: what, .. } => said(what),
        Standing::CalledOff(why) => call_off(why),
        Standing::Exception { cause: why } => cause(why),
    }
}

/// What one look concluded.
pub(super) fn finding(finding: Finding) -> Phrase {
    match finding {
        Finding::Visible => phrase("Synlig", "Visible"),
        Finding::NotVisible => phrase("Syns inte", "Not visible"),
        Finding::Unclear(reason) => unclear(reason),
        Finding::Technical(fault) => technical(fault),
        Finding::Paused => phrase("Pausad", "Paused"),
    }
}

/// Whether a unit is heard.
pub(super) fn hearing(hearing: Hearing) -> Phrase {
    match hearing {
        Hearing::Well => phrase("Hörs", "Heard"),
        Hearing::Paused => phrase("Pausad av den enskilde", "Paused by the resident"),
        Hearing::EyeTrouble => phrase(
            "Hörs, men kameran kan inte användas",
            "Heard, but its camera cannot be used",
        ),
        Hearing::Silent(_) => phrase("Hörs inte", "Not heard"),
    }
}

/// The page's title, with what is open.
pub(super) fn title(lang: Lang, open: usize) -> String {
    match open {
        0 => "Nattsyn".to_owned(),
        _ => format!("({open}) {} – Nattsyn", ATTEND.to(lang)),
    }
}

/// How many of tonight's checks stand how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) visible: usize,
    pub(super) exceptions: usize,
    pub(super) running: usize,
    pub(super) planned: usize,
    pub(super) by_people: usize,
    pub(super) called_off: usize,
    pub(super) found_dead: usize,
}

/// The ledger in one line.
pub(super) fn tally(lang: Lang, tally: Tally) -> String {
    let Tally {
        visible,
        exceptions,
        running,
        planned,
        by_people,
        called_off,
        found_dead,
    } = tally;
    let all = visible + exceptions + running + planned + by_people + called_off + found_dead;
    match lang {
        Lang::Swedish => {
            let checks = if all == 1 { "tillsyn" } else { "tillsyner" };
            let seen = if visible == 1 { "synlig" } else { "synliga" };
            let ahead = if planned == 1 {
                "planerad"
            } else {
                "planerade"
            };
            let off = if called_off == 1 {
                "avbokad"
            } else {
                "avbokade"
            };
            format!(
                "{all} {checks}: {visible} {seen}, {exceptions} att åtgärda, {running} pågår, \
                 {planned} {ahead}{}{}{}",
                some(by_people, "klara av personal"),
                some(called_off, off),
                some(found_dead, "där den enskilde är avliden")
            )
        }
        Lang::English => {
            let checks = if all == 1 { "check" } else { "checks" };
            format!(
                "{all} {checks}: {visible} visible, {exceptions} need action, {running} ongoing, \
                 {planned} planned{}{}{}",
                some(by_people, "done by staff"),
                some(called_off, "called off"),
                some(found_dead, "where the resident has died")
            )
        }
    }
}

/// A count that is only worth saying if there is any.
fn some(count: usize, what: &str) -> String {
    match count {
        0 => String::new(),
        _ => format!(", {count} {what}"),
    }
}

/// How many units are heard.
pub(super) fn heard_of(lang: Lang, heard: usize, all: usize) -> String {
    match lang {
        Lang::Swedish => format!("{heard} av {all} hörs"),
        Lang::English => format!("{heard} of {all} are heard"),
    }
}

/// The date and hour of a moment outside tonight.
pub(super) fn on_day(lang: Lang, date: Date, time: &str) -> String {
    match lang {
        Lang::Swedish => format!("{} {} kl. {time}", date.day(), month(lang, date)),
        Lang::English => format!("{} {} at {time}", date.day(), month(lang, date)),
    }
}

/// The night that began on a date, by both its dates.
pub(super) fn night(lang: Lang, began: Date) -> String {
    let ends = began.tomorrow().unwrap_or(began);
    let first = if began.month() == ends.month() {
        format!("{}–", began.day())
    } else {
        format!("{} {} – ", began.day(), month(lang, began))
    };
    let last = format!("{} {}", ends.day(), month(lang, ends));
    format!("{} {first}{last}", NIGHT.to(lang))
}

/// How long something has lasted, no finer than a person needs it.
pub(super) fn lasted(lang: Lang, duration: Duration) -> String {
    let minutes = duration.as_secs() / 60;
    let (hours, rest) = (minutes / 60, minutes % 60);
    match (hours, rest) {
        (0, 0) => JUST_NOW.to(lang).to_owned(),
        (0, minutes) => format!("{minutes} min"),
        (hours, 0) => hours_word(lang, hours),
        (hours, minutes) if hours < 24 => format!("{} {minutes} min", hours_word(lang, hours)),
        (hours, _) => hours_word(lang, hours),
    }
}

fn hours_word(lang: Lang, hours: u64) -> String {
    match lang {
        Lang::Swedish => format!("{hours} tim"),
        Lang::English => format!("{hours} h"),
    }
}

fn month(lang: Lang, date: Date) -> &'static str {
    let months = match lang {
        Lang::Swedish => [
            "januari",
            "februari",
            "mars",
            "april",
            "maj",
            "juni",
            "juli",
            "augusti",
            "september",
            "oktober",
            "november",
            "december",
        ],
        Lang::English => [
            "January",
            "February",
            "March",
            "April",
            "May",
            "June",
            "July",
            "August",
            "September",
            "October",
            "November",
            "December",
        ],
    };
    // `Date` holds a month of 1 to 12.
    let index = usize::try_from(date.month()).unwrap_or(1).saturating_sub(1);
    months.get(index).copied().unwrap_or_default()
}
