//! What is said of thresholds, in Swedish with English beside: on the page and by the command line.
//!
//! Nothing here says more than is known. Counts never say that a word was right, and the bound is
//! said where a pool has shown it and nowhere else.

use nattsyn_calibration::grid;
use nattsyn_calibration::home::Never;
use nattsyn_calibration::words as calibration;
use nattsyn_protocol::thresholds::NEVER;

use super::evidence::Bound;
use super::outlook::Outlook;
use super::{Decision, Kind, Levels, MODELS_OWN};
use crate::agreement::file::Said;
use crate::settings::compare::Place;
use crate::settings::{InForce, Source};

/// A level of a word, such as *0,962 (steg 45 av 64)*.
fn level(level: u8, score: f64) -> Said {
    if level >= NEVER {
        return Said::new("aldrig", "never");
    }
    let english = format!("{score:.3}");
    let swedish = english.replace('.', ",");
    Said::new(
        format!("{swedish} (steg {level} av {NEVER})"),
        format!("{english} (level {level} of {NEVER})"),
    )
}

/// The level of *visible*, with the score from which it is said.
#[must_use]
pub fn visible(levels: Levels) -> Said {
    level(levels.visible, grid::score(levels.visible))
}

/// The level of *not visible*, with the score below which it is said.
#[must_use]
pub fn not_visible(levels: Levels) -> Said {
    level(
        levels.not_visible,
        grid::score(grid::turned(levels.not_visible)),
    )
}

/// Both.
#[must_use]
pub fn levels(levels: Levels) -> Said {
    let (up, down) = (visible(levels), not_visible(levels));
    Said::new(
        format!("synlig: {}; syns inte: {}", up.sv, down.sv),
        format!("visible: {}; not visible: {}", up.en, down.en),
    )
}

/// What is set, or that nothing is.
#[must_use]
pub fn set(set: Option<Levels>) -> Said {
    set.map_or_else(
        || {
            Said::new(
                "inget eget: det som gäller runt omkring",
                "nothing of its own: what holds around it",
            )
        },
        levels,
    )
}

/// Where levels come from.
#[must_use]
pub fn source(levels: &InForce<Levels>) -> Said {
    match &levels.from {
        Source::Home => Said::new("Satt för bostaden", "Set for the home"),
        Source::Area(area) => Said::new(
            format!("Från området {area}"),
            format!("From the area {area}"),
        ),
        Source::Municipality => Said::new("Satt för kommunen", "Set for the municipality"),
        Source::BuiltIn if levels.value != MODELS_OWN => Said::new(
            "Inget är satt: kommunens lägsta tillåtna",
            "Nothing is set: the least that the municipality allows",
        ),
        Source::BuiltIn => Said::new(
            "Inget är satt: modellens egna gränser",
            "Nothing is set: the model’s own thresholds",
        ),
    }
}

/// A place that is no home, by its name; a home by its id.
#[must_use]
pub fn place(place: &Place) -> Said {
    match place {
        Place::Municipality => Said::new("kommunen", "the municipality"),
        Place::Area(area) => Said::new(format!("området {area}"), format!("the area {area}")),
        Place::Home(home) => Said::new(format!("bostaden {home}"), format!("home {home}")),
    }
}

/// What a change is.
#[must_use]
pub fn kind(kind: Kind) -> Said {
    match kind {
        Kind::Set => Said::new("Ändring", "Change"),
        Kind::Rollback(undoes) => Said::new(
            format!("Ett steg tillbaka från ändring {undoes}: ändring"),
            format!("One step back from change {undoes}: change"),
        ),
    }
}

/// What became of one.
#[must_use]
pub fn decision(decision: Decision) -> Said {
    match decision {
        Decision::Approved => Said::new("godkänd av", "approved by"),
        Decision::Alone => Said::new(
            "gällde direkt (inget blev mindre försiktigt):",
            "held at once (nothing became less cautious):",
        ),
        Decision::Refused => Said::new("avslagen av", "refused by"),
        Decision::Withdrawn => Said::new("tillbakatagen av", "withdrawn by"),
    }
}

/// More or fewer of something: *4 fler oklara*.
fn shift(before: u32, after: u32, (sv, en): (&str, &str)) -> (Said, Said) {
    let said = match after.checked_sub(before) {
        Some(0) => Said::new(format!("lika många {sv}"), format!("as many {en}")),
        Some(more) => Said::new(format!("{more} fler {sv}"), format!("{more} more {en}")),
        None => {
            let fewer = before - after;
            Said::new(format!("{fewer} färre {sv}"), format!("{fewer} fewer {en}"))
        }
    };
    let both = Said::new(
        format!("{after} i stället för {before}"),
        format!("{after} instead of {before}"),
    );
    (said, both)
}

/// How each word would have shifted, the one that matters most to staff first: what is said, and
/// both numbers.
#[must_use]
pub fn shifts(outlook: &Outlook) -> [(Said, Said); 3] {
    let (before, after) = (outlook.before, outlook.after);
    [
        shift(before.unclear, after.unclear, ("oklara", "unclear")),
        shift(before.visible, after.visible, ("synliga", "visible")),
        shift(
            before.not_visible,
            after.not_visible,
            ("”syns inte”", "“not visible”"),
        ),
    ]
}

/// From what the consequences were counted, or why they were not.
#[must_use]
pub fn basis(outlook: &Outlook) -> Said {
    let Outlook {
        homes,
        counted,
        nights,
        otherwise,
        ..
    } = outlook;
    if *homes == 0 {
        return Said::new(
            "Inget skulle ändras i någon bostad.",
            "Nothing would change in any home.",
        );
    }
    if *counted == 0 {
        let (sv, en) = match homes {
            1 => (
                "den berörda bostaden har inte".to_owned(),
                "the home concerned has not".to_owned(),
            ),
            _ => (
                format!("ingen av {homes} berörda bostäder har"),
                format!("none of the {homes} homes concerned has"),
            ),
        };
        return Said::new(
            format!("Det går inte att räkna ut: {sv} lämnat räkningar för de senaste 30 nätterna."),
            format!("It cannot be counted: {en} given counts for the last 30 nights."),
        );
    }
    let checks = some(
        outlook.checks() as usize,
        ["tillsyn", "tillsyner"],
        ["check", "checks"],
    );
    let of = some(
        *homes,
        ["berörd bostad", "berörda bostäder"],
        ["home concerned", "homes concerned"],
    );
    let nights = some(*nights, ["natt", "nätter"], ["night", "nights"]);
    Said::new(
        format!(
            "Räknat på {} under {} i {counted} av {}, de senaste 30 nätterna. Tillsyner som ingen \
             gräns påverkar: {otherwise}.",
            checks.sv, nights.sv, of.sv
        ),
        format!(
            "Counted from {} in {} in {counted} of {}, in the last 30 nights. Checks that no \
             threshold touches: {otherwise}.",
            checks.en, nights.en, of.en
        ),
    )
}

/// So many of something.
fn some(count: usize, sv: [&str; 2], en: [&str; 2]) -> Said {
    let at = usize::from(count != 1);
    Said::new(format!("{count} {}", sv[at]), format!("{count} {}", en[at]))
}

/// What is known of misses: *visible* said of an empty bed.
#[must_use]
pub fn bound(bound: Bound) -> Said {
    match bound {
        Bound::NeverSaid => Said::new(
            "”Synlig” sägs aldrig med det här, så det blir inte heller fel.",
            "“Visible” is never said with this, so it is never wrong either.",
        ),
        Bound::Kept { one_in } => Said::new(
            format!("Högst 1 av {one_in} tillsyner utan någon där blir ”synlig” (95 %)."),
            format!("At most 1 in {one_in} checks with nobody there ends as “visible” (95 %)."),
        ),
        Bound::Below { needs } => Said::new(
            format!(
                "Inget är visat för det här steget. Löftet kräver minst steg {needs} i den här \
                 bostaden."
            ),
            format!(
                "Nothing is shown for this level. The promise asks for at least level {needs} in \
                 this home."
            ),
        ),
        Bound::NoPool => Said::new(
            "Det finns inget märkt underlag, så inget är visat.",
            "There is no labelled evidence, so nothing is shown.",
        ),
        Bound::Unreadable(number) => Said::new(
            format!(
                "Inget är visat: underlag {number} går inte att läsa. Läs in det på nytt med \
                 nattsyn-hub tuning pool."
            ),
            format!(
                "Nothing is shown: evidence {number} cannot be read. Bring it in again with \
                 nattsyn-hub tuning pool."
            ),
        ),
        Bound::Several => Said::new(
            "Löftet sägs om en bostad i taget: varje bostad har egna nätter.",
            "The promise is said of one home at a time: each has nights of its own.",
        ),
        Bound::NotCommissioned => Said::new(
            "Inget är visat: enheten är inte driftsatt här, så bostaden har inget eget underlag.",
            "Nothing is shown: the unit is not commissioned here, so the home has no evidence of \
             its own.",
        ),
        Bound::OtherModel => Said::new(
            "Inget är visat: underlaget är från en annan modell än den som ser efter här.",
            "Nothing is shown: the evidence is of another model than the one that looks here.",
        ),
        Bound::NoRule(lack) => because(Never::Pool(lack)),
        Bound::NoLevel(never) => because(never),
    }
}

fn because(never: Never) -> Said {
    let [sv, en] = calibration::reason(&never);
    Said::new(
        format!("Inget är visat: {sv}"),
        format!("Nothing is shown: {en}"),
    )
}
