//! Plan → the checks of a night and when their looks are due.
//!
//! Pure, and the same on both sides: the unit looks at these moments and the hub expects a
//! report after them. Local time becomes real time here and nowhere else, so nights of 23 and
//! 25 hours are settled in one place: a time that the clock skips is moved forward by what was
//! skipped, a time that comes twice means the first, and no window is shorter than it is on other
//! nights.

use std::time::Duration;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

use crate::ids::CheckId;
use crate::plan::{Plan, PlanError, Window, seconds_after_noon};
use crate::time::Timestamp;

/// One planned occasion of one night.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// Which one.
    pub id: CheckId,
    /// When its window opens.
    pub opens: Timestamp,
    /// When its window closes: by then it has an outcome or is an exception.
    pub deadline: Timestamp,
    /// When to look, ascending. Each is made only while none before it found the person.
    pub looks: Vec<Timestamp>,
}

impl Check {
    /// When the looks are over and a silent unit's report is missing: the last look's time and
    /// `grace`, at most the deadline.
    #[must_use]
    pub fn concluded_by(&self, grace: Duration) -> Timestamp {
        let last = self.looks.last().copied().unwrap_or(self.opens);
        last.after(grace).min(self.deadline)
    }
}

/// The date of the night that `now` belongs to in the zone: a night runs from noon to noon.
///
/// # Errors
///
/// The zone is unknown.
pub fn night_of(now: Timestamp, zone: &str) -> Result<Date, PlanError> {
    let local = now.0.to_zoned(zone_of(zone)?);
    let today = local.date();
    if local.hour() >= 12 {
        Ok(today)
    } else {
        Ok(today.yesterday().unwrap_or(today))
    }
}

/// The noon at which a night begins.
///
/// # Errors
///
/// The zone is unknown.
pub fn noon(night: Date, zone: &str) -> Result<Timestamp, PlanError> {
    Ok(moment(&zone_of(zone)?, night, Time::constant(12, 0, 0, 0)))
}

/// The checks of one night, by opening time; none if the plan has none on that night.
///
/// # Errors
///
/// The plan cannot be kept; see [`Plan::examine`].
pub fn checks_of(plan: &Plan, night: Date) -> Result<Vec<Check>, PlanError> {
    plan.examine()?;
    let zone = zone_of(&plan.zone)?;
    let mut checks: Vec<Check> = plan
        .windows_on(night)
        .into_iter()
        .map(|window| {
            let opens = moment(&zone, night, window.from);
            let first = opens.after(Duration::from_secs(u64::from(plan.offset_s)));
            Check {
                id: CheckId {
                    resident: plan.resident,
                    night,
                    window: window.key,
                },
                opens,
                // A window that the clock's jump would shorten, or turn round, keeps its
                // length, so that its looks have room.
                deadline: moment(&zone, night, window.to).max(opens.after(length(window))),
                looks: plan
                    .looks_of(window)
                    .iter()
                    .map(|&after_s| first.after(Duration::from_secs(u64::from(after_s))))
                    .collect(),
            }
        })
        .collect();
    checks.sort_by_key(|check| check.opens);
    Ok(checks)
}

fn zone_of(name: &str) -> Result<TimeZone, PlanError> {
    TimeZone::get(name)
        .ok()
        .ok_or_else(|| PlanError::UnknownZone(name.to_owned()))
}

/// How long a window is on a night without a clock change.
fn length(window: &Window) -> Duration {
    let from = seconds_after_noon(window.from);
    let to = seconds_after_noon(window.to);
    Duration::from_secs(to.saturating_sub(from))
}

/// A local time of the night as a moment.
fn moment(zone: &TimeZone, night: Date, time: Time) -> Timestamp {
    // Times before noon belong to the day after the night's date.
    let belongs_to_morning = seconds_after_noon(time) >= 12 * 3600;
    let date = if belongs_to_morning {
        night.tomorrow().unwrap_or(night)
    } else {
        night
    };
    let local = date.to_datetime(time);
    let ambiguous = zone.to_ambiguous_timestamp(local);
    Timestamp(ambiguous.compatible().unwrap_or(jiff::Timestamp::MAX))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::calendar::Nights;
    use crate::plan::Temporary;
    use crate::plan::tests::plan;

    /// `opens..deadline` of a night's checks, in UTC, hours and minutes.
    fn windows(windows: &[(u8, &str, &str)], night: Date) -> Vec<String> {
        checks_of(&plan(windows), night)
            .unwrap()
            .iter()
            .map(|check| {
                let show = |at: Timestamp| at.0.strftime("%dT%H:%M").to_string();
                format!("{}..{}", show(check.opens), show(check.deadline))
            })
            .collect()
    }

    #[test]
    fn a_night_runs_from_noon_to_noon() {
        let at = |text: &str| Timestamp(text.parse().unwrap());
        let zone = "Europe/Stockholm";
        assert_eq!(
            night_of(at("2026-11-21T10:59:59Z"), zone),
            Ok(date(2026, 11, 20))
        );
        assert_eq!(
            night_of(at("2026-11-21T11:00:00Z"), zone),
            Ok(date(2026, 11, 21))
        );
        assert_eq!(
            night_of(at("2026-11-22T03:00:00Z"), zone),
            Ok(date(2026, 11, 21))
        );
    }

    #[test]
    fn checks_come_in_order_and_cross_midnight() {
        let asked = [(2, "03:00", "03:45"), (1, "23:45", "00:30")];
        assert_eq!(
            windows(&asked, date(2026, 11, 21)),
            ["21T22:45..21T23:30", "22T02:00..22T02:45"]
        );
    }

    #[test]
    fn a_window_in_the_missing_hour_keeps_its_length() {
        // 02:15–02:45 does not exist on 29 March 2026 in Sweden; it becomes 03:15–03:45.
        assert_eq!(
            windows(&[(1, "02:15", "02:45")], date(2026, 3, 28)),
            ["29T01:15..29T01:45"]
        );
    }

    #[test]
    fn a_window_in_the_hour_that_comes_twice_is_kept_once() {
        // 02:15–02:45 comes twice on 25 October 2026 in Sweden; the first counts.
        assert_eq!(
            windows(&[(1, "02:15", "02:45")], date(2026, 10, 24)),
            ["25T00:15..25T00:45"]
        );
    }

    #[test]
    fn looks_follow_the_offset_and_the_plan() {
        let mut plan = plan(&[(1, "23:00", "23:45")]);
        plan.offset_s = 60;
        let checks = checks_of(&plan, date(2026, 11, 21)).unwrap();
        let after_s: Vec<u64> = checks[0]
            .looks
            .iter()
            .map(|look| look.since(checks[0].opens).as_secs())
            .collect();
        assert_eq!(after_s, [60, 180, 360, 660, 960]);
    }

    #[test]
    fn a_night_belongs_to_the_day_on_which_it_begins() {
        let mut plan = plan(&[(1, "23:00", "23:45"), (2, "03:00", "03:45")]);
        plan.windows[1].days = "fri".parse().unwrap();
        let checks = |night| checks_of(&plan, night).unwrap().len();
        // 20 November 2026 is a Friday; its second check is made on Saturday morning.
        let friday = checks_of(&plan, date(2026, 11, 20)).unwrap();
        assert_eq!(friday[1].opens.0.to_string(), "2026-11-21T02:00:00Z");
        assert_eq!(
            [19, 20, 21].map(|day| checks(date(2026, 11, day))),
            [1, 2, 1]
        );
    }

    #[test]
    fn nights_away_and_nights_outside_the_plan_have_no_check() {
        let mut plan = plan(&[(1, "23:00", "23:45")]);
        plan.nights = Nights::between(date(2026, 11, 2), date(2026, 11, 30));
        plan.away = vec![
            Nights::between(date(2026, 11, 10), date(2026, 11, 11)),
            Nights::since(date(2026, 11, 29)),
        ];
        let has_check = |day| !checks_of(&plan, date(2026, 11, day)).unwrap().is_empty();
        let nights = [1, 2, 9, 10, 11, 12, 28, 29, 30].map(has_check);
        assert_eq!(
            nights,
            [false, true, true, false, false, true, true, false, false]
        );
        assert!(checks_of(&plan, date(2026, 12, 1)).unwrap().is_empty());
    }

    #[test]
    fn temporary_windows_hold_in_their_nights_and_end_by_themselves() {
        let mut plan = plan(&[(1, "23:00", "23:45")]);
        let more = tests_windows(&[(1, "23:00", "23:45"), (3, "01:00", "01:45")]);
        plan.temporary = Some(Temporary {
            first: date(2026, 11, 20),
            last: date(2026, 11, 21),
            windows: more,
        });
        let checks = |day| checks_of(&plan, date(2026, 11, day)).unwrap().len();
        assert_eq!([19, 20, 21, 22].map(checks), [1, 2, 2, 1]);
    }

    #[test]
    fn a_window_with_looks_of_its_own_is_looked_at_by_them() {
        let mut plan = plan(&[(1, "23:00", "23:45"), (2, "03:00", "03:45")]);
        plan.windows[1].looks_after_s = vec![0, 900];
        let checks = checks_of(&plan, date(2026, 11, 21)).unwrap();
        assert_eq!((checks[0].looks.len(), checks[1].looks.len()), (5, 2));
        assert_eq!(checks[1].looks[1].since(checks[1].opens).as_secs(), 900);
    }

    fn tests_windows(windows: &[(u8, &str, &str)]) -> Vec<Window> {
        plan(windows).windows
    }

    #[test]
    fn a_window_that_begins_in_the_skipped_hour_still_has_room_for_its_looks() {
        for (from, to) in [("02:30", "03:10"), ("01:45", "03:05"), ("02:00", "02:45")] {
            let checks = checks_of(&plan(&[(1, from, to)]), date(2026, 3, 28)).unwrap();
            let check = &checks[0];
            assert!(
                check.looks.iter().all(|look| *look <= check.deadline),
                "{from}"
            );
            assert!(
                check.deadline.since(check.opens) >= Duration::from_secs(40 * 60),
                "{from}"
            );
        }
    }
}
