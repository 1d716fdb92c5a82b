//! What a home's own part of the evidence is made from: as what its unit is commissioned, nights
//! with labels, and what was asked for. What follows is for [`crate::tuning::own`] to say.

use std::collections::BTreeMap;

use jiff::civil::Date;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use nattsyn_protocol::commission::Commissioned;
use nattsyn_protocol::ids::{CheckId, ResidentId, UnitId};
use nattsyn_protocol::labels::Found;
use nattsyn_protocol::plan::Plan;
use nattsyn_protocol::thresholds::NightCounts;
use nattsyn_protocol::time::Timestamp;

use super::sqlite::doing;
use super::{StoreError, Tunings, commission, labels, rows};
use crate::commission::gate::Gates;
use crate::labels::{Source, Word};
use crate::roster::Home;
use crate::tuning::own::{Asked, LabelledNight, OwnPart, Passed, own_part};

const READING: &str = "reading a home's own nights";

/// What was sent to a unit, by night: by what right and with what chance, the first of each kind.
type SentOf = BTreeMap<Date, BTreeMap<Found, (Source, u32)>>;

impl Tunings {
    /// As what units are commissioned: read once for however many homes.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub fn gates(&self) -> Result<Gates, StoreError> {
        commission::gates(&self.store().connection)
    }

    /// A home's own part of the evidence; `None` where its unit is not commissioned.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    pub fn own_part(&self, gates: &Gates, home: &Home) -> Result<Option<OwnPart>, StoreError> {
        let connection = &self.store().connection;
        let Some(passed) = passed(connection, gates, home.unit)? else {
            return Ok(None);
        };
        let nights = nights(connection, home)?;
        let residents: Vec<ResidentId> = home.residents.iter().map(|it| it.id).collect();
        let most_looks = most_looks(connection, &residents)?;
        Ok(Some(OwnPart {
            asked: asked(connection, home, passed.at)?,
            ..own_part(home.id, &passed, &nights, most_looks)
        }))
    }
}

/// What a unit passed as, if that is what it says and it was not refused since.
fn passed(
    connection: &Connection,
    gates: &Gates,
    unit: UnitId,
) -> Result<Option<Passed>, StoreError> {
    let sql = "SELECT body FROM commission_rows WHERE unit = ?1 AND kind = 'commissioned'
               ORDER BY id DESC LIMIT 1";
    let body = connection.query_row(sql, params![unit.to_string()], |row| row.get(0));
    let body: Option<String> = body.optional().map_err(doing(READING))?;
    let Some(body) = body.filter(|_| gates.refused(unit).is_none()) else {
        return Ok(None);
    };
    let said: Commissioned =
        serde_json::from_str(&body).map_err(|_error| rows::unreadable(READING, &body))?;
    let is_so = gates.held(unit) == Some(&said.held);
    Ok(is_so.then_some(Passed {
        unit,
        held: said.held,
        at: said.at_ms,
        staged: said.staged,
    }))
}

/// The nights of a home's unit that have labels, in order.
fn nights(connection: &Connection, home: &Home) -> Result<Vec<LabelledNight>, StoreError> {
    let doing = doing(READING);
    let mut sent = sent(connection, home)?;
    let sql = "SELECT body FROM counts WHERE unit = ?1 AND (home = ?2 OR home IS NULL)
               AND body LIKE '%\"labelled\"%' ORDER BY night";
    let mut query = connection.prepare_cached(sql).map_err(&doing)?;
    let mut found = query
        .query(params![home.unit.to_string(), home.id.to_string()])
        .map_err(&doing)?;
    let mut nights = Vec::new();
    while let Some(row) = found.next().map_err(&doing)? {
        let body = rows::text(row, 0, READING)?;
        let counts: NightCounts =
            serde_json::from_str(&body).map_err(|_error| rows::unreadable(READING, &body))?;
        if let Some(evidence) = counts.evidence {
            nights.push(LabelledNight {
                night: counts.night,
                evidence,
                sent: sent.remove(&counts.night).unwrap_or_default(),
            });
        }
    }
    Ok(nights)
}

/// What went down to a home's unit: the last word about each check. What was found of somebody who
/// lives there no more tells nothing of who does.
fn sent(connection: &Connection, home: &Home) -> Result<SentOf, StoreError> {
    let doing = doing(READING);
    let sql = "SELECT check_id, found, source, chance_ppm FROM labels AS it
               WHERE unit = ?1 AND body <> ''
                 AND NOT EXISTS (SELECT 1 FROM labels AS later
                                 WHERE later.check_id = it.check_id AND later.label > it.label)
               ORDER BY label";
    let mut query = connection.prepare_cached(sql).map_err(&doing)?;
    let mut found = query
        .query(params![home.unit.to_string()])
        .map_err(&doing)?;
    let mut sent = SentOf::new();
    while let Some(row) = found.next().map_err(&doing)? {
        let check: CheckId = rows::parsed(row, 0, READING)?;
        let word = rows::text(row, 1, READING)?;
        let source = rows::text(row, 2, READING)?;
        let chance = row.get(3).map_err(&doing)?;
        let read = Word::of_tag(&word).zip(labels::source_of(&source));
        let (word, source) = read.ok_or_else(|| rows::unreadable(READING, &word))?;
        let lives_here = home.residents.iter().any(|it| it.id == check.resident);
        if let (Word::Found(found), true) = (word, lives_here) {
            let of_night = sent.entry(check.night).or_default();
            of_night.entry(found).or_insert((source, chance));
        }
    }
    Ok(sent)
}

/// The checks of a home that came out by lot since then.
fn asked(connection: &Connection, home: &Home, since: Timestamp) -> Result<Asked, StoreError> {
    let sql = "SELECT count(*), coalesce(sum(EXISTS (
                   SELECT 1 FROM labels WHERE labels.check_id = draws.check_id AND body <> ''
               )), 0) FROM draws
               WHERE home = ?1 AND unit = ?2 AND check_id IS NOT NULL AND at_ms >= ?3";
    let of = params![home.id.to_string(), home.unit.to_string(), since.as_ms()];
    let read = |row: &Row<'_>| {
        Ok(Asked {
            drawn: row.get(0)?,
            answered: row.get(1)?,
        })
    };
    connection.query_row(sql, of, read).map_err(doing(READING))
}

/// How many looks a check of these residents can have, by their newest plans.
fn most_looks(connection: &Connection, residents: &[ResidentId]) -> Result<u32, StoreError> {
    let sql = "SELECT body FROM plans WHERE resident = ?1 ORDER BY version DESC LIMIT 1";
    let mut most = 1;
    for resident in residents {
        let body = connection.query_row(sql, params![resident.to_string()], |row| row.get(0));
        let body: Option<String> = body.optional().map_err(doing(READING))?;
        let Some(body) = body else { continue };
        let plan: Plan =
            serde_json::from_str(&body).map_err(|_error| rows::unreadable(READING, &body))?;
        let for_a_while = plan.temporary.iter().flat_map(|it| &it.windows);
        let windows = plan.windows.iter().chain(for_a_while);
        let looks = windows.map(|window| plan.looks_of(window).len());
        most = looks.max().unwrap_or_default().max(most);
    }
    Ok(u32::try_from(most).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use ed25519_dalek::SigningKey;
    use jiff::civil::date;

    use nattsyn_calibration::counts::STAGED;
    use nattsyn_calibration::grid::Bin;
    use nattsyn_protocol::commission::{HeldCommissioned, Room, StagedLevel, State};
    use nattsyn_protocol::demonstration;
    use nattsyn_protocol::ids::{HomeId, WindowKey};
    use nattsyn_protocol::labels::{Label, Labelled, NightEvidence};
    use nattsyn_protocol::plan::Window;
    use nattsyn_protocol::signing::{PublicKey, Signed};

    use super::*;
    use crate::commission::gate::{CommissionWord, Refusal, RefusedWhy};
    use crate::commission::{CourseRow, Step};
    use crate::enrolment::{Homes, enrol};
    use crate::keys::HubKeys;
    use crate::labels::{self, Said};
    use crate::roster::Resident;
    use crate::store::{Batch, Labels, NewCounts, SqliteStore, Store as _};

    const MODEL: &str = "0a1b2c3d";

    fn eye() -> SigningKey {
        SigningKey::from_bytes(&[3; 32])
    }

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_ms(1_795_300_000_000 + minutes * 60_000).unwrap()
    }

    fn home() -> Home {
        Home {
            id: "h0000001".parse().unwrap(),
            address: "Exempelgatan 1".to_owned(),
            unit: "u0000001".parse().unwrap(),
            eye: PublicKey::of(&eye()),
            residents: vec![Resident {
                id: "r0000001".parse().unwrap(),
                name: "Namn 1".to_owned(),
            }],
        }
    }

    fn next_door() -> Home {
        let mut home = home();
        home.id = "h0000002".parse().unwrap();
        home.unit = "u0000002".parse().unwrap();
        home.residents[0].id = "r0000002".parse().unwrap();
        home
    }

    fn held(version: u32) -> HeldCommissioned {
        HeldCommissioned {
            version,
            model: MODEL.to_owned(),
            places: Vec::new(),
        }
    }

    /// A ledger with a home.
    struct Office {
        path: PathBuf,
        _folder: tempfile::TempDir,
    }

    impl Office {
        fn open() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("ledger.sqlite");
            let signing = SigningKey::from_bytes(&[9; 32]);
            let keys = HubKeys::endorsed(signing, &demonstration::root_key(), 1);
            let (from, to) = ("23:00".parse().unwrap(), "23:59".parse().unwrap());
            let looked_at = Plan {
                windows: vec![Window::nightly(WindowKey(1), from, to)],
                ..Plan::bare(home().residents[0].id, home().unit)
            };
            let next_door = next_door();
            let not = Plan::bare(next_door.residents[0].id, next_door.unit);
            let homes = Homes {
                plans: vec![looked_at, not],
                homes: vec![home(), next_door],
                ..Homes::default()
            };
            let mut store = SqliteStore::open(&path).unwrap();
            enrol(&mut store, &homes, &keys, at(0)).unwrap();
            Self {
                path,
                _folder: folder,
            }
        }

        fn commits(&self, batch: &Batch) {
            SqliteStore::open(&self.path)
                .unwrap()
                .commit(batch)
                .unwrap();
        }

        /// The unit passes, and says so.
        fn passes(&self, version: u32) {
            let said = Commissioned {
                unit: home().unit,
                held: held(version),
                at_ms: at(1),
                staged: vec![StagedLevel {
                    state: State::EmptyMade,
                    room: Room::AsItIs,
                    level: Some(12),
                }],
                word: None,
            };
            let step = CourseRow {
                id: 0,
                unit: home().unit,
                at: at(1),
                by: None,
                step: Step::Commissioned(Signed::seal(&said, &eye())),
            };
            self.commits(&Batch {
                steps: vec![step],
                ..Batch::default()
            });
            self.says(Some(held(version)));
        }

        fn says(&self, held: Option<HeldCommissioned>) {
            let word = CommissionWord { held, number: None };
            self.commits(&Batch {
                commissioned: vec![(home().unit, word, at(2))],
                ..Batch::default()
            });
        }

        /// A night on which the bed was found empty at this level.
        fn counts(&self, day: i8, bin: u8, home_of: Option<HomeId>) {
            let counts = NightCounts {
                unit: home().unit,
                night: date(2026, 11, day),
                checks: vec![(bin, 1)],
                otherwise: 0,
                evidence: Some(NightEvidence {
                    model: MODEL.to_owned(),
                    commissioned: Some(1),
                    labelled: vec![Labelled {
                        found: Found::Nobody,
                        bin,
                        looks: 3,
                    }],
                }),
            };
            self.commits(&Batch {
                counts: vec![NewCounts {
                    signed: Signed::seal(&counts, &eye()),
                    counts,
                    home: home_of,
                    came: at(3),
                }],
                ..Batch::default()
            });
        }

        /// What was said of a check, by whatever right.
        fn labels(&self, check: &str, source: Source, chance_ppm: u32) {
            let mut label = unsent(check, Word::Found(Found::Nobody));
            (label.source, label.chance_ppm) = (source, chance_ppm);
            let sent = Label {
                unit: label.unit,
                check: label.said.check,
                found: Found::Nobody,
            };
            label.signed = Some(Signed::seal(&sent, &eye()));
            self.adds(&label);
        }

        fn adds(&self, label: &labels::Label) {
            Labels::open(&self.path).unwrap().add(label).unwrap();
        }

        fn own(&self) -> Option<OwnPart> {
            let rows = Tunings::open(&self.path).unwrap();
            let gates = rows.gates().unwrap();
            rows.own_part(&gates, &home()).unwrap()
        }
    }

    /// A word that has not gone down to the unit.
    fn unsent(check: &str, word: Word) -> labels::Label {
        labels::Label {
            said: Said {
                check: check.parse().unwrap(),
                word,
                by: "anna-001".parse().unwrap(),
                at: at(3),
            },
            home: home().id,
            unit: home().unit,
            source: Source::BedEmpty,
            chance_ppm: 1_000_000,
            signed: None,
        }
    }

    #[test]
    fn only_what_the_unit_passed_as_and_still_says_is_a_homes_own() {
        let office = Office::open();
        assert_eq!(office.own(), None, "it never passed");
        office.passes(1);
        let own = office.own().unwrap();
        assert_eq!((own.model.as_str(), own.since), (MODEL, at(1)));
        assert_eq!(own.counts.nobody.commissioned(), 1);
        assert!(own.counts.nobody.commissioned() < STAGED);
        office.says(None);
        assert_eq!(office.own(), None, "its profile is gone");
        office.says(Some(held(1)));
        assert!(office.own().is_some());
        office.says(Some(held(2)));
        assert_eq!(office.own(), None, "it says another than the hub heard of");
        office.says(Some(held(1)));
        office.commits(&Batch {
            refused: vec![Refusal {
                unit: home().unit,
                why: RefusedWhy::Exchanged,
                version: 1,
                at: at(4),
            }],
            ..Batch::default()
        });
        assert_eq!(office.own(), None, "another one hangs there");
    }

    #[test]
    fn a_commissioning_anew_is_what_holds() {
        let office = Office::open();
        office.passes(1);
        office.counts(10, 20, Some(home().id));
        office.labels("r0000001.20261110.1", Source::BedEmpty, 1_000_000);
        assert_eq!(office.own().unwrap().counts.nobody.trial.total(), 1);
        office.passes(2);
        let own = office.own().unwrap();
        assert_eq!(own.counts.nobody.commissioned(), 1);
        assert_eq!(own.counts.nobody.trial.total(), 0, "a night of the first");
    }

    #[test]
    fn of_a_check_counts_the_last_word_and_only_what_was_sent() {
        let office = Office::open();
        office.passes(1);
        let kept = || office.own().unwrap().counts.nobody.trial.total();
        office.counts(10, 20, Some(home().id));
        office.counts(11, 20, Some(home().id));
        let other = "r0000001.20261111.1";
        office.adds(&unsent(other, Word::Found(Found::Nobody)));
        assert_eq!(kept(), 0, "nothing went down");
        let check = "r0000001.20261110.1";
        office.labels(check, Source::BedEmpty, 1_000_000);
        assert_eq!(kept(), 1);
        office.adds(&unsent(check, Word::Unknown));
        assert_eq!(kept(), 0, "they cannot tell after all");
        assert_eq!(office.own().unwrap().left_out, 2);
    }

    #[test]
    fn nights_count_with_the_chance_of_what_was_sent_about_who_lives_there_now() {
        let office = Office::open();
        office.passes(1);
        for (day, bin, place) in [
            (10, 20, Some(home().id)),
            (11, 21, None),
            (12, 22, Some("h0000009".parse().unwrap())),
            (13, 23, Some(home().id)),
            (14, 24, Some(home().id)),
        ] {
            office.counts(day, bin, place);
        }
        office.labels("r0000001.20261110.1", Source::BeforeVisit, 50_000);
        // The unit takes the first of a night; the second has no part in it.
        office.labels("r0000001.20261110.2", Source::BedEmpty, 1_000_000);
        office.labels("r0000001.20261111.1", Source::BedEmpty, 1_000_000);
        office.labels("r0000001.20261112.1", Source::BeforeVisit, 50_000);
        office.labels("r0000007.20261113.1", Source::BeforeVisit, 50_000);
        let own = office.own().unwrap();
        let trial: Vec<(Bin, u32)> = own.counts.nobody.trial.filled().collect();
        let bins = [20, 21].map(|bin| (Bin::new(bin).unwrap(), 1));
        assert_eq!(trial, bins, "not elsewhere, not of others, not unasked");
        assert_eq!(own.left_out, 2, "of the 13th and the 14th");
        let rows = Tunings::open(&office.path).unwrap();
        let sent = sent(&rows.store().connection, &home()).unwrap();
        let first = sent[&date(2026, 11, 10)][&Found::Nobody];
        assert_eq!(first, (Source::BeforeVisit, 50_000));
    }

    #[test]
    fn drawn_visits_are_counted_with_how_many_were_answered() {
        let office = Office::open();
        office.passes(1);
        let mut store = SqliteStore::open(&office.path).unwrap();
        let draws = [(9, 0), (10, 5), (11, 5), (12, 5)].map(|(day, minute)| {
            let night = date(2026, 11, day);
            labels::Draw {
                home: home().id,
                night,
                unit: home().unit,
                check: (day != 12).then(|| CheckId {
                    resident: home().residents[0].id,
                    night,
                    window: WindowKey(1),
                }),
                chance_ppm: 50_000,
                at: at(minute),
            }
        });
        store.draw(&draws).unwrap();
        for check in ["r0000001.20261109.1", "r0000001.20261110.1"] {
            office.labels(check, Source::BeforeVisit, 50_000);
        }
        // Whoever cannot tell has not answered.
        office.adds(&unsent("r0000001.20261111.1", Word::Unknown));
        let asked = office.own().unwrap().asked;
        let expected = Asked {
            drawn: 2,
            answered: 1,
        };
        assert_eq!(asked, expected, "since it passed, and only what came out");
    }

    #[test]
    fn the_longest_check_of_whoever_lives_there_says_how_many_looks_one_can_have() {
        let office = Office::open();
        let rows = Tunings::open(&office.path).unwrap();
        let [here, there] = [home(), next_door()].map(|home| home.residents[0].id);
        let most = |of: &[ResidentId]| most_looks(&rows.store().connection, of).unwrap();
        assert_eq!(most(&[there]), 1, "whose plan has no check");
        assert!(most(&[here]) > 1);
        assert_eq!(most(&[here, there]), most(&[here]));
        assert_eq!(most(&[there, here]), most(&[here]));
    }
}
