//! The enrolment file: TOML, read with every reason for refusing it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use serde::Deserialize;

use nattsyn_protocol::ids::{HomeId, IdError, ResidentId, UnitId, WindowKey};
use nattsyn_protocol::plan::{LOOKS_AFTER_S, LOOKS_PER_NIGHT_MAX, Plan, Window};
use nattsyn_protocol::signing::PublicKey;
use nattsyn_protocol::time::Timestamp;

use super::{Homes, ZONE, spread_s};
use crate::agreement::Seat;
use crate::consent::draft::Draft;
use crate::roster::{Home, Resident};

/// The keys of the eyes that were let in, by unit.
pub type Known = BTreeMap<UnitId, PublicKey>;

/// The shipped example: two homes of invented people.
pub const EXAMPLE: &str = include_str!("../../examples/homes.toml");

/// Why an enrolment file is not taken. Nothing of it was written.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError {
    /// The file cannot be read.
    #[error("reading {}", path.display())]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file is no enrolment.
    #[error("{}: {message}", path.display())]
    Parse {
        /// Which file.
        path: PathBuf,
        /// Line, key and reason.
        message: String,
    },
    /// The file names no home at all. Enrolling it would end every check without a word.
    #[error("{}: no [[home]] stands in it; nothing was changed", path.display())]
    Empty {
        /// Which file.
        path: PathBuf,
    },
    /// A home cannot be enrolled.
    #[error("{}: home {home}: {key}: {reason}", path.display())]
    Home {
        /// Which file.
        path: PathBuf,
        /// Which home: its id as written.
        home: String,
        /// Which key.
        key: String,
        /// Why not.
        reason: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileForm {
    #[serde(default)]
    home: Vec<HomeForm>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct HomeForm {
    id: String,
    address: String,
    unit: String,
    /// The eye's key. A unit that was let in has it in the book.
    eye: Option<String>,
    /// The last day on which the unit counts though it was never commissioned.
    on_paper_until: Option<String>,
    #[serde(default)]
    resident: Vec<ResidentForm>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ResidentForm {
    id: String,
    name: String,
    plan: PlanForm,
    /// What they agreed to, as it stands on paper.
    consent: Option<Draft>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PlanForm {
    zone: String,
    offset_s: Option<u32>,
    #[serde(default = "usual_looks")]
    looks_after_s: Vec<u32>,
    windows: Vec<WindowForm>,
    #[serde(default)]
    places: Vec<Vec<[f32; 2]>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WindowForm {
    key: u8,
    from: String,
    to: String,
}

fn usual_looks() -> Vec<u32> {
    LOOKS_AFTER_S.to_vec()
}

/// What is wrong, before it is known in which file and home.
struct Fault {
    key: String,
    reason: String,
}

impl Homes {
    /// Reads an enrolment file and checks all of it.
    ///
    /// # Errors
    ///
    /// With file, home, key and reason.
    pub fn read(path: &Path, known: &Known) -> Result<Self, EnrolError> {
        let text = std::fs::read_to_string(path).map_err(|source| EnrolError::Read {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&text, path, known)
    }

    /// Reads the consents that stand in an enrolment file, by resident: those of [`Homes::read`]
    /// that have one.
    ///
    /// # Errors
    ///
    /// As [`Homes::read`].
    pub fn read_consents(
        path: &Path,
        known: &Known,
    ) -> Result<Vec<(ResidentId, Draft)>, EnrolError> {
        let text = std::fs::read_to_string(path).map_err(|source| EnrolError::Read {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(&text, path, known)?;
        let form: FileForm = toml::from_str(&text).map_err(|error| EnrolError::Parse {
            path: path.to_owned(),
            message: error.to_string().trim_end().to_owned(),
        })?;
        let residents = form.home.into_iter().flat_map(|home| home.resident);
        let consents = residents.filter_map(|resident| {
            let id = resident.id.parse().ok()?;
            Some((id, resident.consent?))
        });
        Ok(consents.collect())
    }

    /// Reads the text of an enrolment file; `path` is for error texts.
    ///
    /// # Errors
    ///
    /// With file, home, key and reason.
    pub fn parse(text: &str, path: &Path, known: &Known) -> Result<Self, EnrolError> {
        let form: FileForm = toml::from_str(text).map_err(|error| EnrolError::Parse {
            path: path.to_owned(),
            message: error.to_string().trim_end().to_owned(),
        })?;
        if form.home.is_empty() {
            return Err(EnrolError::Empty {
                path: path.to_owned(),
            });
        }
        let mut homes = Self {
            homes: Vec::new(),
            plans: Vec::new(),
            paper: BTreeMap::new(),
        };
        let mut taken = BTreeSet::new();
        for form in &form.home {
            let fault = |fault: Fault| EnrolError::Home {
                path: path.to_owned(),
                home: form.id.clone(),
                key: fault.key,
                reason: fault.reason,
            };
            take_names(form, &mut taken).map_err(fault)?;
            let (home, plans) = read_home(form, known).map_err(fault)?;
            if let Some(until) = read_paper(form).map_err(fault)? {
                homes.paper.insert(home.unit, until);
            }
            homes.homes.push(home);
            homes.plans.extend(plans);
        }
        Ok(homes)
    }
}

/// Refuses what stands twice in the file.
fn take_names(form: &HomeForm, taken: &mut BTreeSet<String>) -> Result<(), Fault> {
    let residents = form
        .resident
        .iter()
        .map(|resident| ("resident.id", &resident.id));
    let names = [("id", &form.id), ("unit", &form.unit)];
    let eye = form.eye.iter().map(|eye| ("eye", eye));
    for (key, name) in names.into_iter().chain(eye).chain(residents) {
        if !taken.insert(format!("{key} {name}")) {
            return Err(fault(key, format!("{name:?} stands twice in the file")));
        }
    }
    Ok(())
}

fn read_home(form: &HomeForm, known: &Known) -> Result<(Home, Vec<Plan>), Fault> {
    let id: HomeId = form
        .id
        .parse()
        .map_err(|error: IdError| fault("id", error))?;
    let unit: UnitId = form
        .unit
        .parse()
        .map_err(|error: IdError| fault("unit", error))?;
    let eye = read_eye(form, known.get(&unit))?;
    not_empty("address", &form.address)?;
    if form.resident.is_empty() {
        return Err(fault("resident", "nobody lives here"));
    }
    let home_id = id;
    let mut residents = Vec::new();
    let mut plans = Vec::new();
    for resident in &form.resident {
        let key = |key: &str| format!("resident {}: {key}", resident.id);
        let id: ResidentId = resident
            .id
            .parse()
            .map_err(|error: IdError| fault(key("id"), error))?;
        not_empty("resident.name", &resident.name)?;
        let seat = Seat {
            home: home_id,
            unit,
            place: residents.len(),
        };
        let plan = read_plan(&resident.plan, id, seat).map_err(|inner| Fault {
            key: key(&inner.key),
            reason: inner.reason,
        })?;
        residents.push(Resident {
            id,
            name: resident.name.clone(),
        });
        plans.push(plan);
    }
    let looks: usize = plans.iter().map(Plan::looks_a_night).sum();
    if looks > LOOKS_PER_NIGHT_MAX {
        let reason =
            format!("{looks} looks a night by one unit; at most {LOOKS_PER_NIGHT_MAX} are allowed");
        return Err(fault("resident", reason));
    }
    let home = Home {
        id,
        address: form.address.clone(),
        unit,
        eye,
        residents,
    };
    Ok((home, plans))
}

/// The key of a home's eye: from the book, or from the file where the book has none.
fn read_eye(form: &HomeForm, known: Option<&PublicKey>) -> Result<PublicKey, Fault> {
    let written = form.eye.clone().map(PublicKey::try_from).transpose();
    match (written.map_err(|error| fault("eye", error))?, known) {
        (Some(eye), Some(known)) if eye != *known => Err(fault(
            "eye",
            "is not the key with which this unit was let in",
        )),
        (Some(eye), _) => Ok(eye),
        (None, Some(known)) => Ok(*known),
        (None, None) => Err(fault("eye", "is missing, and no such unit has been let in")),
    }
}

/// The end of the day that a home names, in its residents' zone.
fn read_paper(form: &HomeForm) -> Result<Option<Timestamp>, Fault> {
    const KEY: &str = "on_paper_until";
    let Some(text) = &form.on_paper_until else {
        return Ok(None);
    };
    let no_day = || fault(KEY, format!("{text:?} is not a day, such as 2027-01-31"));
    let day: Date = text.parse().map_err(|_error| no_day())?;
    let zone = form.resident.first().map_or(ZONE, |who| &who.plan.zone);
    let ends = day.tomorrow().and_then(|next| next.in_tz(zone));
    let ends = ends.map_err(|_error| no_day())?;
    Ok(Some(Timestamp(ends.timestamp())))
}

fn read_plan(form: &PlanForm, resident: ResidentId, seat: Seat) -> Result<Plan, Fault> {
    let mut windows = Vec::new();
    for window in &form.windows {
        let time = |key: &str, text: &str| {
            text.parse().map_err(|_error| {
                let key = format!("plan.windows {}: {key}", window.key);
                fault(key, format!("{text:?} is not a time of day, such as 23:00"))
            })
        };
        windows.push(Window::nightly(
            WindowKey(window.key),
            time("from", &window.from)?,
            time("to", &window.to)?,
        ));
    }
    let plan = Plan {
        resident,
        unit: seat.unit,
        version: 0,
        zone: form.zone.clone(),
        offset_s: form.offset_s.unwrap_or(0),
        looks_after_s: form.looks_after_s.clone(),
        windows,
        places: form.places.clone(),
        ..Plan::bare(resident, seat.unit)
    };
    plan.examine().map_err(|error| fault("plan", error))?;
    let offset_s = form.offset_s.unwrap_or_else(|| spread_s(&plan, seat));
    Ok(Plan { offset_s, ..plan })
}

fn not_empty(key: &str, text: &str) -> Result<(), Fault> {
    if text.trim().is_empty() {
        return Err(fault(key, "is empty"));
    }
    Ok(())
}

fn fault(key: impl Into<String>, reason: impl ToString) -> Fault {
    Fault {
        key: key.into(),
        reason: reason.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::agreement::SPREAD_MAX;

    fn parse(text: &str) -> Result<Homes, String> {
        parse_knowing(text, &Known::new())
    }

    fn parse_knowing(text: &str, known: &Known) -> Result<Homes, String> {
        Homes::parse(text, Path::new("homes.toml"), known).map_err(|error| error.to_string())
    }

    #[test]
    fn a_unit_that_was_let_in_needs_no_key_in_the_file_and_takes_no_other() {
        let unit = "u0000001".parse().unwrap();
        let own = parse(EXAMPLE).unwrap().homes[0].eye;
        let start = EXAMPLE.find("eye = ").unwrap();
        let end = start + EXAMPLE[start..].find('\n').unwrap();
        let without = format!("{}{}", &EXAMPLE[..start], &EXAMPLE[end..]);
        let error = parse(&without).unwrap_err();
        assert!(error.contains("eye: is missing"), "{error}");
        let known = Known::from([(unit, own)]);
        let homes = parse_knowing(&without, &known).unwrap();
        assert_eq!(homes.homes[0].eye, own);
        let other = Known::from([(unit, parse(EXAMPLE).unwrap().homes[1].eye)]);
        let error = parse_knowing(EXAMPLE, &other).unwrap_err();
        assert!(error.contains("was let in"), "{error}");
    }

    #[test]
    fn the_shipped_example_can_be_enrolled() {
        let homes = parse(EXAMPLE).unwrap();
        assert_eq!((homes.homes.len(), homes.plans.len()), (2, 3));
        assert!(homes.plans.iter().all(|plan| plan.examine().is_ok()));
    }

    #[test]
    fn a_bad_home_is_named_with_file_home_key_and_reason() {
        for (from, to, key, reason) in [
            ("u0000001", "U1", "unit", "is not eight characters"),
            (
                "r0000001",
                "r000",
                "resident r000: id",
                "is not eight characters",
            ),
            ("u0000002", "u0000001", "unit", "stands twice"),
            (
                "23:45",
                "23:05",
                "resident r0000001: plan",
                "window 1 lasts",
            ),
            (
                "23:45",
                "kvart i",
                "plan.windows 1: to",
                "is not a time of day",
            ),
            (
                "Europe/Stockholm",
                "Mars",
                "resident r0000001: plan",
                "zone \"Mars\"",
            ),
            ("eye = \"", "eye = \"x", "eye", "key is not"),
            ("Exempelgatan 1, lgh 1101", " ", "address", "is empty"),
        ] {
            let text = EXAMPLE.replacen(from, to, 1);
            assert_ne!(text, EXAMPLE, "{from}");
            let error = parse(&text).unwrap_err();
            for part in ["homes.toml: home h000000", key, reason] {
                assert!(error.contains(part), "{error:?} has no {part:?}");
            }
        }
    }

    #[test]
    fn a_home_without_an_offset_of_its_own_gets_its_share_of_the_window_like_any_other() {
        let without = EXAMPLE.replace("offset_s = 60\n", "");
        assert_ne!(without, EXAMPLE);
        let homes = parse(&without).unwrap();
        assert!(homes.plans.iter().all(|plan| plan.examine().is_ok()));
        let offsets: BTreeSet<u32> = homes.plans.iter().map(|plan| plan.offset_s).collect();
        assert_eq!(offsets.len(), 3, "nobody begins at one second: {offsets:?}");
        assert!(offsets.iter().all(|offset_s| *offset_s <= SPREAD_MAX));
        let given = parse(EXAMPLE).unwrap();
        assert_eq!(given.plans[0].offset_s, 60, "what is given stands");
    }

    #[test]
    fn a_file_without_homes_ends_nobodys_checks() {
        for text in ["", "# all homes were here\n", "home = []"] {
            let error = parse(text).unwrap_err();
            assert!(error.contains("homes.toml: no [[home]]"), "{error}");
        }
    }

    #[test]
    fn an_unknown_key_is_named() {
        let error = parse(&EXAMPLE.replacen("offset_s", "ofset_s", 1)).unwrap_err();
        assert!(
            error.contains("ofset_s") && error.contains("homes.toml"),
            "{error}"
        );
    }
}
