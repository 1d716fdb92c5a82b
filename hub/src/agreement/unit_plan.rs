//! What the unit needs of an agreement: its digital windows, as a plan to be signed.
//!
//! Deterministic: the same agreement, seat and absences give the same plan, so a plan that did
//! not change needs no new version. Nothing of wishes, reasons or steps goes into it.

use jiff::civil::Date;

use nattsyn_protocol::calendar::Nights;
use nattsyn_protocol::ids::HomeId;
use nattsyn_protocol::plan::{LOOK_MAX, Plan, Temporary, Window};

use super::{Absence, AgreedWindow, Agreement, How, Offset, Seat};

/// How far into its window a home's first look may be moved, in seconds: ten minutes spread
/// thirty homes 20 s apart, and leave more than half of the usual 45 minutes after the last look.
pub const SPREAD_MAX: u32 = 600;

/// How far apart the looks at two people in one home begin: one eye looks once at a time, and a
/// look lasts at most [`LOOK_MAX`].
const NEIGHBOUR_S: u32 = 40;

impl Agreement {
    /// The plan of this agreement for the unit that hangs there. Its version is the caller's to
    /// give. Absences and temporary windows that are over before `tonight` are left out.
    #[must_use]
    pub fn plan(&self, seat: Seat, absences: &[Absence], tonight: Date) -> Plan {
        let ahead = |nights: &Nights| nights.last.is_none_or(|last| last >= tonight);
        let mut away: Vec<Nights> = absences
            .iter()
            .filter_map(Absence::nights)
            .filter(ahead)
            .collect();
        away.sort();
        away.dedup();
        let temporary = self.temporary.as_ref().filter(|t| ahead(&t.nights()));
        Plan {
            zone: self.zone.clone(),
            offset_s: self.offset_s(seat),
            looks_after_s: self.looks_after_s.clone(),
            windows: digital(&self.windows),
            places: self.places.clone(),
            nights: self.nights(),
            away,
            temporary: temporary.map(|temporary| Temporary {
                first: temporary.first,
                last: temporary.last,
                windows: digital(&temporary.windows),
            }),
            ..Plan::bare(self.resident, seat.unit)
        }
    }

    /// How long after a window opens this home's first look is due, in seconds.
    #[must_use]
    pub fn offset_s(&self, seat: Seat) -> u32 {
        match self.offset {
            Offset::Fixed(seconds) => seconds,
            Offset::Spread => spread(seat, self.room_s().min(SPREAD_MAX)),
        }
    }

    /// How far every digital window's first look can be moved and its last one still be over
    /// when the window closes.
    fn room_s(&self) -> u32 {
        let temporary = self.temporary.iter().flat_map(|t| &t.windows);
        let windows = digital(self.windows.iter().chain(temporary));
        let room = |window: &Window| {
            let looks = if window.looks_after_s.is_empty() {
                &self.looks_after_s
            } else {
                &window.looks_after_s
            };
            let last = u64::from(looks.last().copied().unwrap_or(0));
            let length_s = window.length_s().unwrap_or(0);
            length_s.saturating_sub(last + LOOK_MAX.as_secs())
        };
        let least = windows.iter().map(room).min().unwrap_or(0);
        u32::try_from(least).unwrap_or(u32::MAX)
    }
}

/// The home's own share of the room: whole seconds from its id, and a look later for each
/// further person in it.
fn spread(seat: Seat, room_s: u32) -> u32 {
    let own = digest(seat.home) % (u64::from(room_s) + 1);
    let own = u32::try_from(own).unwrap_or(0);
    let place = u32::try_from(seat.place).unwrap_or(0);
    own.saturating_add(place.saturating_mul(NEIGHBOUR_S)) % (room_s + 1)
}

/// FNV-1a over the id: spreads eight characters evenly, and is the same on every machine and
/// in every version for ever.
fn digest(home: HomeId) -> u64 {
    let bytes = home.to_string();
    let mixed = bytes
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
    // The low bits of similar texts are alike; the high ones are not.
    mixed >> 24
}

/// The windows that a unit looks at, as its plan has them.
pub(super) fn digital<'a>(windows: impl IntoIterator<Item = &'a AgreedWindow>) -> Vec<Window> {
    let looked_at = windows.into_iter().filter_map(|window| match &window.how {
        How::Visit(..) => None,
        How::Looks(looks_after_s) => Some(Window {
            key: window.key,
            from: window.from,
            to: window.to,
            days: window.days,
            looks_after_s: looks_after_s.clone(),
        }),
    });
    looked_at.collect()
}
