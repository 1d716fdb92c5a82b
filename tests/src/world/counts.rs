//! What a run has exercised: a simulation in which nothing happens proves nothing.

use std::fmt;

macro_rules! counts {
    ($($(#[$doc:meta])* $field:ident = $words:literal,)+) => {
        /// How often what happened.
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        pub struct Counts {
            $($(#[$doc])* pub $field: u64,)+
        }

        impl Counts {
            /// Adds another night's.
            pub fn add(&mut self, other: &Self) {
                $(self.$field += other.$field;)+
            }
        }

        impl fmt::Display for Counts {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                $(writeln!(f, "{:>12}  {}", self.$field, $words)?;)+
                Ok(())
            }
        }
    };
}

counts!(
    /// Looks that were begun.
    looks = "looks made",
    /// Looks that found the person.
    visible = "looks that found the person",
    /// Requests that the eye refused.
    refused = "looks refused by the eye",
    /// Looks without a trusted time.
    clock_unknown = "looks not made for want of a trusted time",
    /// Notices that the voice sent.
    notices = "notices of looks not made or not kept",
    /// Reports on their way that were lost.
    reports_lost = "reports lost on their way, to be sent again",
    /// Messages that came twice.
    repeated = "messages that came twice",
    /// Messages that were held back.
    held_back = "messages overtaken by others or minutes late",
    /// Links that went down.
    links_lost = "links lost",
    /// Power cuts of units.
    power_cuts = "power cuts of units",
    /// Power cuts in the middle of a write.
    torn = "of these with data that was not synced",
    /// Voices that started with reports of an earlier run.
    resumed = "voices that began with reports of an earlier run",
    /// Eye processes started in the night.
    eyes_started = "eyes started again",
    /// Hub processes that ended.
    hub_deaths = "deaths of the hub",
    /// Deaths of the hub just before a commit.
    before_commit = "of these before a commit",
    /// Deaths of the hub just after a commit, before anything was answered.
    after_commit = "of these after a commit, before its answer",
    /// Clock steps.
    clock_steps = "wall clocks set wrong",
    /// Checks that were settled with an outcome.
    settled = "checks with an outcome",
    /// Outcomes that came after the check was an exception.
    late_outcomes = "of these by a late report",
    /// Exceptions that were marked late after an outage of the hub.
    marked_late = "exceptions marked late after an outage of the hub",
    /// Plan versions made during the night.
    changed_plans = "plans changed during a night",
    /// Homes enrolled during the night.
    enrolled = "homes enrolled during a night",
    /// Words of staff that the hub took.
    words = "words of staff on how a check ended",
    /// Reports about a check of which a person had spoken.
    reports_after_words = "reports that came after such a word",
    /// Acts of staff on rows that the hub took.
    acts = "acts of staff about rows",
    /// Acts that it refused.
    refused_acts = "acts that were refused, with why",
    /// Rows that were nobody's again.
    fallen = "rows that fell back because nothing came of it",
    /// Absences said.
    away = "residents said to be away",
    /// Absences ended.
    back = "residents who came back",
    /// Residents who moved.
    moved = "residents who moved",
    /// Units swapped.
    swapped = "units swapped",
    /// Residents who will not be looked at again.
    ended = "residents who died, or whose supervision ended",
    /// Checks that were called off.
    called_off = "checks called off",
    /// Nights in which the hub was down over a noon.
    long_outages = "outages of the hub over a noon",
    /// Nights of 23 hours.
    short_nights = "nights of 23 hours",
    /// Nights of 25 hours.
    long_nights = "nights of 25 hours",
    /// Events that were judged.
    events = "events, each followed by a judgement",
);
