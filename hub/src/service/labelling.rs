//! Labels at the desk: which checks come out by lot, and what goes down to units.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use nattsyn_protocol::ids::{HomeId, UnitId};
use nattsyn_protocol::labels::LabelMessage;
use nattsyn_protocol::signing::Signed;
use nattsyn_protocol::topics::{Channel, Topic};
use nattsyn_protocol::wire;

use super::ServiceError;
use super::desk::{Answer, Desk};
use crate::labels::{self, Draw};
use crate::watch::Moment;
use crate::watch::wall::Trust;

/// How long before its window opens a check comes out at the latest: whoever goes must know.
const DRAWN_BEFORE: Duration = Duration::from_secs(30 * 60);

impl Desk {
    /// Draws tonight's checks of homes that ask for it, each night of a home once. By a clock that
    /// nobody believes nothing is drawn: a check may have been looked at already.
    pub(super) fn draw_visits(&mut self, now: Moment) -> Result<(), ServiceError> {
        if self.wall.trust() == Trust::Doubted {
            return Ok(());
        }
        let roster = Arc::clone(self.watch.roster());
        let settings = Arc::clone(self.watch.settings());
        let drawn: BTreeSet<HomeId> = self.labels.drawn.iter().map(|it| it.home).collect();
        let latest = now.timestamp.after(DRAWN_BEFORE);
        let mut draws = Vec::new();
        for home in roster.homes().iter().filter(|it| !drawn.contains(&it.id)) {
            let percent = settings.of_home(Some(home.id)).drawn_visits.value;
            // Of several, nobody knows whose bed is meant.
            let ([resident], true) = (home.residents.as_slice(), percent > 0) else {
                continue;
            };
            let checks = self.watch.looked_at_later(resident.id, latest);
            if let Some((check, chance_ppm)) = labels::draw(&checks, percent, (lot(), lot())) {
                draws.push(Draw {
                    home: home.id,
                    night: self.watch.night(),
                    unit: home.unit,
                    check,
                    chance_ppm,
                    at: now.timestamp,
                });
            }
        }
        if draws.is_empty() {
            return Ok(());
        }
        self.store.draw(&draws)?;
        Arc::make_mut(&mut self.labels).drawn.extend(draws);
        Ok(())
    }

    /// Reads what was drawn and said of tonight again.
    pub(super) fn read_labels(&mut self) -> Result<(), ServiceError> {
        self.labels = Arc::new(self.store.labelled(self.watch.night())?);
        Ok(())
    }

    /// The labels that were not sent yet and can no longer be said otherwise.
    pub(super) fn labels_due(&mut self, now: Moment) -> Result<Vec<Answer>, ServiceError> {
        let (since, until) = (self.labels_sent, now.timestamp);
        let (last, labels) = self
            .store
            .labels_to_send(since, self.watch.night(), until)?;
        self.labels_sent = last;
        Ok(self.label_answers(&labels))
    }

    /// Everything that a unit may not have heard, after its hello: it takes each once.
    pub(super) fn labels_for(
        &self,
        now: Moment,
        unit: UnitId,
    ) -> Result<Vec<Answer>, ServiceError> {
        let night = self.watch.night();
        let (_, mut labels) = self.store.labels_to_send(0, night, now.timestamp)?;
        labels.retain(|(of, _)| *of == unit);
        Ok(self.label_answers(&labels))
    }

    fn label_answers(&self, labels: &[(UnitId, Signed)]) -> Vec<Answer> {
        let answer = |(unit, label): &(UnitId, Signed)| Answer {
            topic: Topic {
                unit: *unit,
                channel: Channel::Label,
            },
            body: wire::encode(&LabelMessage {
                label: label.clone(),
                endorsement: self.charge.endorsement.clone(),
            }),
        };
        labels.iter().map(answer).collect()
    }
}

/// A number from 0 to 1 that nothing depends on.
fn lot() -> f64 {
    let drawn = getrandom::u32().expect("the kernel gives random bytes");
    f64::from(drawn) / f64::from(u32::MAX)
}
