//! What the log says about one resident, in plain words: who, what, when, how long and why (R107).
//!
//! Pure. A row that is about the resident is a line. Lists on which the resident may have stood
//! beside others, such as tonight's, are counted, since nobody knows which name somebody read.

use std::time::Duration;

use nattsyn_protocol::time::Timestamp;

use super::{Act, Who, Written};

/// An extract.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extract {
    /// What is about the resident, oldest first.
    pub lines: Vec<Line>,
    /// How often somebody opened a list of many, by kind.
    pub lists: Vec<(Act, usize)>,
    /// Whether older rows were left out.
    pub whole: Whole,
}

/// Whether an extract has everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whole {
    /// It has.
    Yes,
    /// There is more than one extract takes; older rows are left out.
    No,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// When.
    pub at: Option<Timestamp>,
    /// Who, if that is one of the staff.
    pub who: Option<Who>,
    /// What, by the act's word if this hub does not know it.
    pub what: What,
    /// How long it lasted.
    pub lasted: Option<Duration>,
    /// Why, or what came of it; empty for what says it by itself.
    pub why: String,
}

/// What was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum What {
    /// An act.
    Act(Act),
    /// A word of a newer hub's.
    Word(String),
}

/// Lists of many, on which a resident may have stood.
pub const LISTS: [Act; 3] = [Act::NightOpened, Act::LedgerOpened, Act::Exported];

impl Extract {
    /// From the rows about a resident, newest first, and how often each of [`LISTS`] was opened.
    #[must_use]
    pub fn new(rows: &[Written], lists: [usize; 3], most: u32) -> Self {
        let lines = rows.iter().rev().map(line).collect();
        Self {
            lines,
            lists: LISTS.into_iter().zip(lists).collect(),
            whole: match u32::try_from(rows.len()) {
                Ok(count) if count < most => Whole::Yes,
                Ok(_) | Err(_) => Whole::No,
            },
        }
    }
}

fn line(row: &Written) -> Line {
    let act = Act::from_word(&row.act);
    let lasted = row.lasted_ms.and_then(|ms| u64::try_from(ms).ok());
    Line {
        at: Timestamp::from_ms(row.at_ms).ok(),
        who: row.who.parse().ok(),
        why: match act {
            // The address of a page says nothing that the act does not.
            Some(Act::ResidentOpened | Act::ExtractMade | Act::ConsentOpened) => String::new(),
            Some(_) | None => row.detail.clone(),
        },
        what: act.map_or_else(|| What::Word(row.act.clone()), What::Act),
        lasted: lasted.map(Duration::from_millis),
    }
}

impl Act {
    /// What it is, in Swedish and in English, as it reads after a name.
    #[must_use]
    #[expect(clippy::too_many_lines, reason = "a table: one line for each act")]
    pub fn said(self) -> (&'static str, &'static str) {
        match self {
            Self::SignedIn => ("loggade in", "signed in"),
            Self::SignInFailed => ("släpptes inte in", "was not let in"),
            Self::SignedOut => ("loggade ut", "signed out"),
            Self::Refused => ("nekades en sida", "was refused a page"),
            Self::NightOpened => ("öppnade nattens lista", "opened tonight’s list"),
            Self::LedgerOpened => (
                "öppnade en natts lista eller rapport",
                "opened a night’s list or report",
            ),
            Self::ResidentOpened => ("öppnade personens sida", "opened the resident’s page"),
            Self::Exported => ("hämtade en natt som tabell", "took a night out as a table"),
            Self::LiveViewAsked => ("bad att få titta via kameran", "asked for the camera"),
            Self::LiveViewRefused => (
                "fick inte titta via kameran",
                "was not let look through the camera",
            ),
            Self::LiveViewBegan => (
                "började titta via kameran",
                "began to look through the camera",
            ),
            Self::LiveViewEnded => (
                "slutade titta via kameran",
                "stopped looking through the camera",
            ),
            Self::LiveViewSaid => ("skrev vad som sågs", "wrote down what was seen"),
            Self::ConsentRecorded => ("skrev in ett samtycke", "wrote a consent down"),
            Self::ConsentReviewed => ("gick igenom ett samtycke", "went through a consent"),
            Self::ConsentWithdrawn => (
                "skrev in att ett samtycke är återkallat",
                "wrote down that a consent is withdrawn",
            ),
            Self::ConsentOpened => ("öppnade samtycken", "opened consents"),
            Self::PolicySigned => (
                "skickade till sensorenheten vad den får göra",
                "sent the unit what it may do",
            ),
            Self::UnitKept => ("tog emot en sensorenhet i förråd", "took a unit into stock"),
            Self::UnitCodeMade => (
                "gjorde en kod för att släppa in en sensorenhet",
                "made a code to let a unit in",
            ),
            Self::UnitStep => (
                "skrev in vad som hänt en sensorenhet",
                "wrote down what became of a unit",
            ),
            Self::UnitRenewed => (
                "gav en sensorenhet dess nästa certifikat",
                "gave a unit its next certificate",
            ),
            Self::UnitSuperseded => (
                "lät ett äldre certifikat upphöra",
                "ended an older certificate",
            ),
            Self::UnitRefused => ("släppte inte in någon", "let somebody not in"),
            Self::CommissionBegun => ("började driftsätta enheten", "began to commission the unit"),
            Self::CommissionTried => ("prövade enheten", "tried the unit"),
            Self::CommissionPlaced => (
                "bestämde var sovplatserna är",
                "settled where the sleeping places are",
            ),
            Self::CommissionConcluded => (
                "bad enheten avsluta driftsättningen",
                "asked the unit to conclude its commissioning",
            ),
            Self::CommissionPassed => (
                "driftsatte enheten; sovplatserna gäller",
                "commissioned the unit; its sleeping places hold",
            ),
            Self::CommissionRefused => (
                "enheten prövades och underkändes; det den ser räknas inte",
                "the unit was tried out and refused; what it sees does not count",
            ),
            Self::SidesOpened => (
                "öppnade sidan om vem som sover var",
                "opened the page of who sleeps where",
            ),
            Self::SidesSaid => ("sa vem som sover var", "said who sleeps where"),
            Self::SensorUnsuited => (
                "sensorläge passar inte i bostaden",
                "sensor mode does not suit the home",
            ),
            Self::VisitDrawn => (
                "lottade en kontroll som följs av ett besök",
                "drew a check that is followed by a visit",
            ),
            Self::Labelled => (
                "sa vad som fanns i sängen vid en kontroll",
                "said what was found in the bed at a check",
            ),
            Self::OnPaper => ("enheten räknas på papper", "the unit counts on paper"),
            Self::ThresholdsOpened => ("öppnade sidan om gränser", "opened the page of thresholds"),
            Self::ThresholdsProposed => ("föreslog andra gränser", "proposed other thresholds"),
            Self::ThresholdsApproved => ("godkände andra gränser", "approved other thresholds"),
            Self::ThresholdsRefused => ("avslog andra gränser", "refused other thresholds"),
            Self::ThresholdsWithdrawn => (
                "tog tillbaka ett förslag till gränser",
                "withdrew proposed thresholds",
            ),
            Self::ThresholdsRolledBack => (
                "gick tillbaka ett steg med gränserna",
                "went one step back with the thresholds",
            ),
            Self::ThresholdsSigned => (
                "skickade till sensorenheten vilka gränser som gäller",
                "sent the unit what thresholds hold",
            ),
            Self::PoolTaken => ("läste in märkt underlag", "brought labelled evidence in"),
            Self::SettingsChanged => ("ändrade inställningar", "changed settings"),
            Self::StaffAdded => ("lade in någon i personalen", "took somebody in"),
            Self::PinGiven => ("gav någon en ny PIN", "gave somebody a new PIN"),
            Self::StaffLeft => ("skrev in att någon slutat", "wrote down that somebody left"),
            Self::RoleGiven => ("gav en roll", "gave a role"),
            Self::RoleTaken => ("tog bort en roll", "took a role away"),
            Self::RoleConfirmed => ("bekräftade en roll", "confirmed a role"),
            Self::TrainingRecorded => ("skrev in en utbildning", "wrote training down"),
            Self::KeyAdded => ("registrerade en nyckel", "registered a key"),
            Self::KeyRemoved => ("tog bort en nyckel", "removed a key"),
            Self::RosterExported => ("tog ut en roster", "took a roster out"),
            Self::RosterImported => ("läste in en roster", "took a signed roster in"),
            Self::LogRead => ("läste loggen", "read the log"),
            Self::LogExported => ("hämtade loggen", "took the log out"),
            Self::ExtractMade => (
                "gjorde ett utdrag till personen",
                "made an extract for the resident",
            ),
            Self::HeadExported => (
                "sparade loggens kontrollsumma utanför",
                "put the log’s checksum outside",
            ),
            Self::HeadLost => (
                "kunde inte spara kontrollsumman",
                "could not put it outside",
            ),
            Self::RowsLost => (
                "kunde inte skriva så många rader om vad som visades",
                "could not write so many rows about what was shown",
            ),
        }
    }
}
