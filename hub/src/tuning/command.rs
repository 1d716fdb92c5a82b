//! `nattsyn-hub tuning`: bring a pool of labelled homes in, and show what holds; also while the
//! hub runs.
//!
//! Proposing and approving is for two people who are signed in, so it is done on the page alone.

use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use clap::Subcommand;

use nattsyn_calibration::counts;
use nattsyn_calibration::fit::Policy;
use nattsyn_calibration::home::Never;
use nattsyn_calibration::lines::ReadError;
use nattsyn_calibration::summary::Fit;
use nattsyn_calibration::words as calibration;
use nattsyn_protocol::time::Timestamp;

use super::evidence::{Evidence, Parting, leap, parting};
use super::map::Map;
use super::{Floor, clerk, words};
use crate::agreement::file::Said;
use crate::settings::compare::Place;
use crate::staff::{Register, RegisterError};
use crate::store::{SqliteStore, Store as _, StoreError, Tunings};
use crate::watch::StaffId;

/// Largest pool in bytes: ten thousand homes at the most that one home's counts take.
pub const POOL_MAX: u64 = 60_000_000;

/// What is to be done with thresholds.
#[derive(Clone, Debug, Subcommand)]
pub enum TuningCommand {
    /// Bring a pool of labelled homes in: the newest is what the page shows.
    Pool {
        /// Homes' counts, one JSON object a line (docs/reference/calibration.md).
        file: PathBuf,
        /// Who does it: your id among the staff, kept with the pool.
        #[arg(long, value_name = "ID")]
        by: StaffId,
        /// The promise: at most one in so many checks with nobody there ends as visible.
        #[arg(long, value_name = "N", default_value_t = 100,
              value_parser = clap::value_parser!(u32).range(2..))]
        one_in: u32,
        /// Why it does not go on from the newest: another order of homes, fewer, or another N. Each
        /// such pool is a look of its own at the evidence.
        #[arg(long, value_name = "WHY", value_parser = reason)]
        anew: Option<String>,
    },
    /// Print every home's own part as one JSON object a line, in the order of enrolment: what a
    /// pool is made of. No name and no address.
    Counts,
    /// What holds where, and from where; what waits; what the newest pool shows.
    Show,
}

/// Why a command did nothing.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The file cannot be read.
    #[error("{}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file is too large.
    #[error("{}: större än {POOL_MAX} byte / larger than {POOL_MAX} bytes", .0.display())]
    TooLarge(PathBuf),
    /// The file is no pool.
    #[error("{}: inget har sparats / nothing was kept", path.display())]
    NotAPool {
        /// Which.
        path: PathBuf,
        /// The line and the reason.
        source: ReadError,
    },
    /// It does not go on from the newest pool.
    #[error("{}: {why}", path.display())]
    NotTheSame {
        /// Which.
        path: PathBuf,
        /// Why not.
        why: Parting,
    },
    /// Its homes were not all looked at by one model.
    #[error(
        "{}: bostäder med olika modeller i samma underlag / homes of several models in one pool",
        .0.display()
    )]
    Mixed(PathBuf),
    /// There is no home in it.
    #[error("{}: ingen bostad i filen / no home in the file", .0.display())]
    Empty(PathBuf),
    /// Whoever does it does not work here.
    #[error("--by {0}: finns inte bland dem som arbetar här / is not among those who work here")]
    Stranger(StaffId),
    /// Who works here cannot be read.
    #[error(transparent)]
    Register(#[from] RegisterError),
    /// What holds cannot be read.
    #[error(transparent)]
    Tuning(#[from] super::counter::TuningError),
    /// The store cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Does what is asked of the ledger in a file; returns what to say.
///
/// # Errors
///
/// Why nothing was done.
pub fn run(
    ledger: &Path,
    floor: Floor,
    now: Timestamp,
    command: &TuningCommand,
) -> Result<String, CommandError> {
    match command {
        TuningCommand::Pool {
            file,
            by,
            one_in,
            anew,
        } => take_pool(ledger, now, (file, by), (*one_in, anew.as_deref())),
        TuningCommand::Counts => own_counts(ledger),
        TuningCommand::Show => show(ledger, floor),
    }
}

fn take_pool(
    ledger: &Path,
    now: Timestamp,
    (file, by): (&Path, &StaffId),
    (one_in, anew): (u32, Option<&str>),
) -> Result<String, CommandError> {
    let entry = Register::open(ledger)?.entry(by)?;
    if entry.is_none_or(|entry| entry.pin.is_none()) {
        return Err(CommandError::Stranger(by.clone()));
    }
    let unread = |source| CommandError::File {
        path: file.to_owned(),
        source,
    };
    let body = read_pool(file).map_err(unread)?;
    let body = body.ok_or_else(|| CommandError::TooLarge(file.to_owned()))?;
    let homes = counts::read(&body).map_err(|source| CommandError::NotAPool {
        path: file.to_owned(),
        source,
    })?;
    if homes.is_empty() {
        return Err(CommandError::Empty(file.to_owned()));
    }
    let models: BTreeSet<&String> = homes.iter().filter_map(|it| it.model.as_ref()).collect();
    if models.len() > 1 {
        return Err(CommandError::Mixed(file.to_owned()));
    }
    let mut rows = Tunings::open(ledger)?;
    let newest = rows.pool()?;
    let before = newest.as_ref().map(Evidence::of).and_then(Result::ok);
    if let Some(why) = parting(newest.as_ref(), (one_in, &homes)).filter(|_| anew.is_none()) {
        let path = file.to_owned();
        return Err(CommandError::NotTheSame { path, why });
    }
    let policy = Policy {
        one_in,
        ..Policy::default()
    };
    let fit = Fit::of(policy, &homes);
    let number = rows.add_pool((now, by), (one_in, anew.unwrap_or_default()), &body)?;
    let homes = crate::settings::words::homes(homes.len());
    let taken = Said::new(
        format!("underlag {number} är sparat: {}", homes.sv),
        format!("pool {number} is kept: {}", homes.en),
    );
    let said = [taken].into_iter().chain(verdicts(&fit));
    let leap = before.and_then(|before| leap(&before.fit, &fit));
    Ok(lines(said.chain(leap)))
}

/// Every home's own part, a line each.
fn own_counts(ledger: &Path) -> Result<String, CommandError> {
    let rows = Tunings::open_to_read(ledger)?;
    let (roster, gates) = (rows.store().roster()?, rows.gates()?);
    let mut said = String::new();
    for home in roster.homes() {
        if let Some(own) = rows.own_part(&gates, home)? {
            said.push_str(&serde_json::to_string(&own.counts).unwrap_or_default());
            said.push('\n');
        }
    }
    Ok(said)
}

/// What is typed to explain something: not nothing.
fn reason(text: &str) -> Result<String, String> {
    match text.trim() {
        "" => Err("skriv varför / say why".to_owned()),
        why => Ok(why.to_owned()),
    }
}

/// A pool's text; `None` if it is longer than [`POOL_MAX`], however long it says that it is.
fn read_pool(file: &Path) -> std::io::Result<Option<String>> {
    // What is no file would be waited for (a pipe) or has no end (a device).
    if !std::fs::metadata(file)?.is_file() {
        return Err(std::io::Error::other(
            "ingen vanlig fil / not a regular file",
        ));
    }
    let mut body = String::new();
    let most = POOL_MAX + 1;
    let read = std::fs::File::open(file)?
        .take(most)
        .read_to_string(&mut body)?;
    Ok((read as u64 <= POOL_MAX).then_some(body))
}

fn show(ledger: &Path, floor: Floor) -> Result<String, CommandError> {
    let store = SqliteStore::open(ledger)?;
    let (roster, settings) = (store.roster()?, clerk::settings(&store)?);
    let rows = Tunings::open(ledger)?;
    let (book, sent) = (rows.book()?, rows.newest()?);
    let map = Map {
        roster: &roster,
        settings: &settings,
        book: &book,
        floor,
        sent: &sent,
    };
    let areas = map.areas().into_iter().cloned().map(Place::Area);
    let homes = roster.homes().iter().map(|home| Place::Home(home.id));
    let places = [Place::Municipality].into_iter().chain(areas).chain(homes);
    let mut said: Vec<Said> = places
        .map(|place| {
            let in_force = map.of(&place);
            let parts = [
                words::place(&place),
                words::levels(in_force.value),
                words::source(&in_force),
            ];
            joined(&parts)
        })
        .collect();
    said.extend(book.waiting().map(|change| {
        let waits = Said::new(
            format!("väntar på beslut: ändring {}", change.id),
            format!("waits for a decision: change {}", change.id),
        );
        joined(&[
            waits,
            words::place(&change.place),
            words::set(change.levels),
        ])
    }));
    let held_back = map.all_held_back(&Place::Municipality).into_iter();
    said.extend(held_back.map(|(home, set)| {
        let waits = Said::new(
            "hålls kvar på det strängare tills två personer har godkänt det som är satt",
            "is kept at what is stricter until two people have approved what is set",
        );
        let place = words::place(&Place::Home(home.id));
        joined(&[place, waits, words::levels(set)])
    }));
    match rows.pool()? {
        None => said.push(words::bound(super::evidence::Bound::NoPool)),
        Some(pool) => {
            said.extend(match Evidence::of(&pool) {
                Ok(evidence) => verdicts(&evidence.fit),
                Err(error) => {
                    tracing::error!(number = pool.number, %error, "the newest pool cannot be read");
                    vec![words::bound(super::evidence::Bound::Unreadable(
                        pool.number,
                    ))]
                }
            });
        }
    }
    Ok(lines(said))
}

/// What a fit shows for each word.
fn verdicts(fit: &Fit) -> Vec<Said> {
    let names = [("”synlig”", "“visible”"), ("”syns inte”", "“not visible”")];
    let verdicts = [fit.visible, fit.not_visible];
    let said = names.into_iter().zip(verdicts);
    said.map(|((sv, en), verdict)| match verdict {
        Ok(rule) => Said::new(
            format!(
                "{sv}: regeln står, lägst steg {}, marginal {}",
                rule.floor, rule.margin
            ),
            format!(
                "{en}: the rule stands, floor {}, margin {}",
                rule.floor, rule.margin
            ),
        ),
        Err(lack) => {
            let [why_sv, why_en] = calibration::reason(&Never::Pool(lack));
            Said::new(
                format!("{sv}: inget är visat: {why_sv}"),
                format!("{en}: nothing is shown: {why_en}"),
            )
        }
    })
    .collect()
}

fn joined(parts: &[Said]) -> Said {
    let join = |text: fn(&Said) -> &str| {
        let texts: Vec<&str> = parts.iter().map(text).collect();
        texts.join(" · ")
    };
    Said::new(join(|said| &said.sv), join(|said| &said.en))
}

/// Swedish, and English beside it.
fn lines(said: impl IntoIterator<Item = Said>) -> String {
    let said = said.into_iter();
    said.map(|Said { sv, en }| format!("{sv}\n  / {en}\n"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_file_or_too_long_is_no_pool_and_is_not_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        assert!(read_pool(Path::new("/dev/zero")).is_err());
        assert!(read_pool(folder.path()).is_err());
        let path = folder.path().join("pool.jsonl");
        let file = std::fs::File::create(&path).unwrap();
        // A hole in a file takes no room on the disk.
        file.set_len(POOL_MAX).unwrap();
        assert!(read_pool(&path).unwrap().is_some());
        file.set_len(POOL_MAX + 1).unwrap();
        assert!(read_pool(&path).unwrap().is_none());
    }
}
