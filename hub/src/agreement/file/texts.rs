//! What a user reads about agreements: Swedish, and English beside it.
//!
//! Each text says what is wrong and what to do. Nothing is decided here.

use jiff::civil::Date;

use nattsyn_protocol::ids::WindowKey;
use nattsyn_protocol::plan::{
    AWAY_MAX, CHECKS_PER_NIGHT_MAX, LOOKS_PER_CHECK_MAX, LOOKS_PER_NIGHT_MAX, PLACES_MAX, PlanError,
};

use super::Said;
use crate::agreement::rows::Why;
use crate::agreement::{AgreementError, Away, Confirmation, Ending, Remark};

pub(super) fn empty() -> Said {
    Said::new(
        "filen har ingen plan; ingenting har ändrats",
        "the file has no plan; nothing was changed",
    )
}

pub(super) fn twice(first: u64) -> Said {
    Said::new(
        format!("samma person har redan en plan på rad {first}; ta bort den ena"),
        format!("the same person has a plan on line {first}; take one of them out"),
    )
}

pub(super) fn unreadable(what: &str) -> Said {
    Said::new(
        format!("kan inte läsas ({what}); rätta raden, formatet finns i docs/reference/plan.md"),
        format!("cannot be read ({what}); mend the line, docs/reference/plan.md has the form"),
    )
}

pub(super) fn looks_and_visit(key: WindowKey) -> Said {
    Said::new(
        format!(
            "tidsintervall {} har både egna försök och ett besök; ta bort det ena",
            key.0
        ),
        format!(
            "window {} has both looks of its own and a visit; take one of them out",
            key.0
        ),
    )
}

pub(super) fn no_plan_row() -> Said {
    Said::new(
        "personen har tidsintervall men ingen rad av slaget plan; lägg till en",
        "the person has windows and no row of kind plan; add one",
    )
}

pub(super) fn no_temporary_nights() -> Said {
    Said::new(
        "det finns tillfälliga tidsintervall men inga nätter för dem; fyll i temporary_first och \
         temporary_last",
        "there are temporary windows and no nights for them; fill in temporary_first and \
         temporary_last",
    )
}

pub(super) fn both_ends() -> Said {
    Said::new(
        "en tillfällig plan behöver både första och sista natt; fyll i båda eller ingen",
        "a temporary plan needs both its first and its last night; fill in both or neither",
    )
}

pub(super) fn not_one_of(found: &str, words: &[&str]) -> Said {
    let words = words.join(", ");
    let found = excerpt(found);
    Said::new(
        format!("{found:?} går inte att använda; skriv något av {words}"),
        format!("{found:?} cannot be used; write one of {words}"),
    )
}

pub(super) fn other_rows_column(belongs: &str) -> Said {
    Said::new(
        format!("kolumnen hör till en rad av slaget {belongs}; flytta värdet dit"),
        format!("the column belongs to a row of kind {belongs}; move the value there"),
    )
}

pub(super) fn reason_without_visit() -> Said {
    Said::new(
        "hör bara till ett besök; töm fältet eller skriv visit under how",
        "belongs to a visit alone; empty the field or write visit under how",
    )
}

pub(super) fn visit_with_looks() -> Said {
    Said::new(
        "sensorenheten gör inga försök vid ett besök; töm fältet",
        "the unit makes no looks at a visit; empty the field",
    )
}

pub(super) fn visit_without_reason(words: &[&str]) -> Said {
    let words = words.join(", ");
    Said::new(
        format!("ett fysiskt besök behöver ett skäl; skriv något av {words}"),
        format!("a visit needs a reason; write one of {words}"),
    )
}

pub(super) fn no_such_column(known: &[&str]) -> Said {
    let known = known.join(", ");
    Said::new(
        format!("kolumnen finns inte; de som finns är {known}"),
        format!("there is no such column; there are {known}"),
    )
}

pub(super) fn column_twice() -> Said {
    Said::new(
        "kolumnen finns två gånger; ta bort den ena",
        "the column stands twice; take one of them out",
    )
}

pub(super) fn no_column() -> Said {
    Said::new(
        "kolumnen saknas i första raden; lägg till den",
        "the column is missing in the first line; add it",
    )
}

pub(super) fn resident(found: &str) -> Said {
    let found = excerpt(found);
    Said::new(
        format!("{found:?} är inget id; åtta tecken av a-z och 0-9, som r0000001"),
        format!("{found:?} is no id; eight characters of a-z and 0-9, such as r0000001"),
    )
}

pub(super) fn window_key(found: &str) -> Said {
    let found = excerpt(found);
    Said::new(
        format!("{found:?} är inget nummer på ett tidsintervall; skriv ett tal från 0 till 255"),
        format!("{found:?} is no window's number; write a number from 0 to 255"),
    )
}

pub(super) fn time(found: &str) -> Said {
    let found = excerpt(found);
    Said::new(
        format!("{found:?} är inget klockslag; skriv som 23:00"),
        format!("{found:?} is not a time of day; write it as 23:00"),
    )
}

pub(super) fn date(found: &str) -> Said {
    let found = excerpt(found);
    Said::new(
        format!("{found:?} är inget datum; skriv som 2026-11-21"),
        format!("{found:?} is no date; write it as 2026-11-21"),
    )
}

pub(super) fn day(found: &str) -> Said {
    let found = excerpt(found);
    Said::new(
        format!(
            "{found:?} är ingen dag; skriv mon tue wed thu fri sat sun med mellanrum, eller every"
        ),
        format!("{found:?} is no day; write mon tue wed thu fri sat sun with spaces, or every"),
    )
}

pub(super) fn number(found: &str) -> Said {
    let found = excerpt(found);
    Said::new(
        format!("{found:?} är inget heltal som går att använda; skriv ett med siffror"),
        format!("{found:?} is no whole number that can be used; write one in digits"),
    )
}

pub(super) fn numbers(found: &str) -> Said {
    let found = excerpt(found);
    Said::new(
        format!("{found:?} är inga sekunder; skriv som 0 120 300 600 900"),
        format!("{found:?} are no seconds; write them as 0 120 300 600 900"),
    )
}

pub(super) fn places() -> Said {
    Said::new(
        "sovplatserna kan inte läsas; skriv som [[[0.1,0.35],[0.9,0.35],[0.9,0.95]]]",
        "the sleeping places cannot be read; write them as [[[0.1,0.35],[0.9,0.35],[0.9,0.95]]]",
    )
}

/// Why an agreement is refused, and what to do.
pub(super) fn refusal(error: &AgreementError) -> Said {
    let sv = match error {
        AgreementError::Plan(error) => plan(error),
        AgreementError::NoReason(key) => format!(
            "besöket i tidsintervall {} har skälet other; skriv i note vilket",
            key.0
        ),
        AgreementError::TrialBeforeFirst { first, last } => format!(
            "prova-på-tiden slutar {last}, före första natten {first}; ändra det ena datumet"
        ),
        AgreementError::AnswerTarget(minutes) => {
            format!("svar inom {minutes} minuter går inte; skriv 1 till 360")
        }
        AgreementError::TooLong(bytes) => {
            format!("en text på {bytes} byte är för lång; högst 500 ryms")
        }
    };
    Said::new(sv, error.to_string())
}

/// The Swedish of [`PlanError`], with what to do.
fn plan(error: &PlanError) -> String {
    match error {
        PlanError::UnknownZone(zone) => {
            format!("tidszonen {zone:?} finns inte; skriv som Europe/Stockholm")
        }
        PlanError::TooManyWindows(count) => {
            format!("{count} tidsintervall på en natt; högst {CHECKS_PER_NIGHT_MAX} får det vara")
        }
        PlanError::BadLooks(looks) => format!(
            "försök efter {looks:?} sekunder; skriv högst {LOOKS_PER_CHECK_MAX}, stigande från 0"
        ),
        PlanError::TooManyLooks(count) => format!(
            "{count} försök på en natt; högst {LOOKS_PER_NIGHT_MAX} får det vara: ta bort \
             tidsintervall eller försök"
        ),
        PlanError::RepeatedKey(key) => {
            format!(
                "tidsintervall {} står två gånger; ge det ena ett annat nummer",
                key.0
            )
        }
        PlanError::Backward(key) => format!(
            "tidsintervall {} går inte framåt mellan klockan tolv och tolv; en natt räknas från \
             middag till middag",
            key.0
        ),
        PlanError::TooShort {
            key,
            length_s,
            needed_s,
        } => format!(
            "tidsintervall {} är {length_s} s långt men försöken behöver {needed_s} s; gör det \
             längre eller försöken tätare",
            key.0
        ),
        PlanError::Overlap(one, other) => format!(
            "tidsintervall {} och {} går in i varandra; flytta det ena",
            one.0, other.0
        ),
        PlanError::TooManyPlaces(count) => {
            format!("{count} sovplatser; högst {PLACES_MAX} får det vara")
        }
        PlanError::BadPlace(number) => {
            format!("sovplats {number} är ingen yta med 3 till 32 hörn mellan 0 och 1; rita om den")
        }
        PlanError::NoDays(key) => {
            format!(
                "tidsintervall {} gäller ingen veckodag; skriv minst en",
                key.0
            )
        }
        PlanError::BackwardNights {
            what: _,
            first,
            last,
        } => {
            format!("nätterna {first} till {last} slutar innan de börjar; byt plats på datumen")
        }
        PlanError::TooManyAway(count) => {
            format!("{count} kommande frånvaroperioder; högst {AWAY_MAX} ryms")
        }
    }
}

/// What a person should know of an agreement.
#[must_use]
pub fn remark(remark: &Remark) -> Said {
    match remark {
        Remark::ReviewPassed { resident, review } => Said::new(
            format!("{resident}: planen skulle ha följts upp {review}; boka en uppföljning"),
            format!("{resident}: the plan was to be reviewed by {review}; arrange a review"),
        ),
        Remark::TrialEnds { resident, last } => Said::new(
            format!(
                "{resident}: prova-på-tidens sista natt är {last}; därefter görs ingen tillsyn \
                 förrän någon har beslutat"
            ),
            format!(
                "{resident}: the trial's last night is {last}; after it nobody is checked on \
                 until somebody decides"
            ),
        ),
        Remark::NoWindows { resident } => Said::new(
            format!("{resident}: planen har inga tidsintervall, så ingen tillsyn görs"),
            format!("{resident}: the plan has no windows, so nobody is checked on"),
        ),
        Remark::OtherPlaces { resident } => Said::new(
            format!(
                "{resident}: sovplatsen blir en annan; sensorenheten måste driftsättas på nytt, \
                 och till dess görs besök"
            ),
            format!(
                "{resident}: the sleeping place becomes another; the unit must be commissioned \
                 anew, and until then checks are visits"
            ),
        ),
    }
}

/// Why there is no check tonight.
#[must_use]
pub fn why(why: &Why) -> Said {
    match why {
        Why::NoAgreement => Said::new("ingen plan finns", "nothing was agreed"),
        Why::Away {
            why,
            last,
            confirmation,
        } => away(*why, *last, *confirmation),
        Why::NotBegun { first } => Said::new(
            format!("planen börjar {first}"),
            format!("the plan begins on {first}"),
        ),
        Why::TrialOver { last } => Said::new(
            format!("prova-på-tiden tog slut {last}; någon behöver besluta"),
            format!("the trial ended on {last}; somebody has to decide"),
        ),
        Why::NotThisDay => Said::new(
            "ingen tillsyn är planerad den här veckodagen",
            "no check is planned on this day of the week",
        ),
        Why::NoWindows => Said::new("planen har inga tidsintervall", "the plan has no windows"),
        Why::Ended(Ending::Died) => Said::new("personen har avlidit", "the resident has died"),
        Why::Ended(Ending::Ended) => {
            Said::new("tillsynen är avslutad", "the supervision has ended")
        }
        Why::NoUnit => Said::new(
            "planen gäller men ingen sensorenhet har fått den",
            "a plan is in force and no unit was given it",
        ),
        Why::TooLateTonight => Said::new(
            "planen kom till efter nattens tidsintervall; den gäller från nästa natt",
            "the plan was made after tonight's windows; it holds from the next night",
        ),
    }
}

fn away(why: Away, last: Option<Date>, confirmation: Confirmation) -> Said {
    let (sv, en) = match why {
        Away::Away => ("bortrest", "away"),
        Away::Skip => ("avstår tillsyn", "asked to be left alone"),
    };
    match (last, confirmation) {
        (Some(last), _) => Said::new(
            format!("{sv} till och med natten {last}"),
            format!("{en} up to and including the night of {last}"),
        ),
        (None, Confirmation::Holds) => Said::new(
            format!("{sv} tills vidare"),
            format!("{en} until further notice"),
        ),
        (None, Confirmation::Unconfirmed { .. }) => Said::new(
            format!(
                "{sv} tills vidare, men ingen har bekräftat det i dag; ta reda på om det stämmer"
            ),
            format!("{en} until further notice, and nobody has confirmed it today; find out"),
        ),
    }
}

/// Enough of a bad field to find it by.
fn excerpt(text: &str) -> String {
    text.chars().take(30).collect()
}
