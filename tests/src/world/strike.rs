//! Mishaps strike, and are over.

use nattsyn_detector::disk::DiskHealth;
use nattsyn_detector::guard::Trust;

use super::World;
use super::calendar::HOUR;
use super::disk::{Cut, Loss};
use super::mishaps::{Instant, Mishap, What, Wrongness};
use super::oracle::Broken;
use super::store;

/// Longest step of the hub's clock that is played, in milliseconds. A longer one the hub does not
/// follow ([`nattsyn_hub::watch::wall::STEP_MAX`], six hours), so deadlines by its clock are not
/// deadlines by the clock that it goes by.
const HUB_STEP_MAX: i64 = 6 * HOUR;

impl World {
    /// Something goes wrong.
    pub(super) fn strike(&mut self, mishap: Mishap) -> Result<(), Broken> {
        self.faults += 1;
        let home = mishap.home;
        self.note(|| {
            let seconds = mishap.lasts / 1000;
            format!("unit {home}, or all: {:?} for {seconds} s", mishap.what)
        });
        if let What::Loss(_) | What::Delay(_) | What::Repeat(_) | What::Reorder(_) = mishap.what {
            self.units[home].path.is_troubled = true;
        }
        match mishap.what {
            What::Cut => {
                self.units[home].path.cuts += 1;
                self.break_link(home, 100, 40_000);
            }
            What::Loss(per_mille) => self.units[home].path.loss = per_mille,
            What::Delay(ms) => self.units[home].path.delay = ms,
            What::Repeat(per_mille) => self.units[home].path.repeat = per_mille,
            What::Reorder(per_mille) => self.units[home].path.reorder = per_mille,
            What::Broker => {
                self.broker_stops += 1;
                self.break_links();
            }
            What::UnitPower(Instant::Now) => self.cut_power(home),
            What::VoiceCrash(Instant::Now) => self.crash_voice(home),
            What::UnitPower(instant) | What::VoiceCrash(instant) => {
                let it = &mut self.units[home];
                if it.armed.is_none() {
                    it.armed = Some(mishap);
                    it.edges.borrow_mut().disk.cut = cut(instant);
                }
            }
            What::EyeCrash => {
                self.units[home].eye_stops += 1;
                self.units[home].eye = None;
            }
            What::EyeHang => {
                if let Some(eye) = &mut self.units[home].eye {
                    eye.is_hung = true;
                }
            }
            What::CameraHang => self.units[home].camera_hangs += 1,
            What::UnitClock {
                ahead_ms,
                drift_ppm,
                wrongness,
            } => self.upset_clock(home, (ahead_ms, drift_ppm), wrongness),
            What::HubClock {
                ahead_ms,
                drift_ppm,
            } => self.upset_hub_clock(ahead_ms, drift_ppm),
            What::HubCrash(Instant::Now) | What::HubPower(Instant::Now) => {
                self.stop_hub(mishap.what);
            }
            What::HubCrash(instant) | What::HubPower(instant) => {
                if self.hub.armed.is_none() {
                    self.hub.armed = Some(mishap);
                    store::shared(&self.hub.side).cut = Some(cut(instant));
                }
            }
            What::DiskFull => self.spoil_disk(home, DiskHealth::Full),
            What::DiskBroken => self.spoil_disk(home, DiskHealth::Broken),
        }
        Ok(())
    }

    /// A mishap is over.
    pub(super) fn end_mishap(&mut self, mishap: Mishap) -> Result<(), Broken> {
        let home = mishap.home;
        match mishap.what {
            What::Cut => self.units[home].path.cuts -= 1,
            What::Loss(_) => self.units[home].path.loss = 0,
            What::Delay(_) => self.units[home].path.delay = 0,
            What::Repeat(_) => self.units[home].path.repeat = 0,
            What::Reorder(_) => self.units[home].path.reorder = 0,
            What::Broker => {
                self.broker_stops -= 1;
                self.hub.hears_from = self.now.elapsed + self.dice.within(50, 30_000);
            }
            What::UnitPower(_) | What::VoiceCrash(_) => return self.end_stop(mishap),
            What::EyeCrash => {
                self.units[home].eye_stops -= 1;
                return self.restart_eye(home);
            }
            What::EyeHang => {
                // Whoever watches over the eye has ended it, and starts another.
                if self.units[home].eye.as_ref().is_some_and(|eye| eye.is_hung) {
                    self.units[home].eye = None;
                }
                return self.restart_eye(home);
            }
            What::CameraHang => self.units[home].camera_hangs -= 1,
            What::UnitClock { .. } => {
                self.units[home].clock_faults -= 1;
                self.set_clock_right(home);
            }
            What::HubClock { .. } => {
                self.hub.clock_faults -= 1;
                if self.hub.clock_faults == 0 {
                    self.set_hub_clock(0, 0);
                }
            }
            What::HubCrash(instant) | What::HubPower(instant) => {
                if self.disarm_hub(mishap) || instant == Instant::Now {
                    self.hub.stops = self.hub.stops.saturating_sub(1);
                }
                return self.start_hub();
            }
            What::DiskFull | What::DiskBroken => {
                self.units[home].edges.borrow_mut().disk.health = DiskHealth::Well;
            }
        }
        Ok(())
    }

    /// A unit loses power.
    pub(super) fn cut_power(&mut self, unit: usize) {
        self.counts.power_cuts += 1;
        let it = &mut self.units[unit];
        it.power_cuts += 1;
        it.voice = None;
        it.eye = None;
        it.to_eye.clear();
        it.to_voice.clear();
        let mut edges = it.edges.borrow_mut();
        edges.unread = 0;
        edges.disk.now = self.now.elapsed;
        if edges.disk.lose_power() == Loss::Something {
            self.counts.torn += 1;
        }
        drop(edges);
        self.drop_link(unit);
        self.note(|| format!("unit {unit}: power is cut"));
    }

    fn crash_voice(&mut self, unit: usize) {
        let it = &mut self.units[unit];
        it.voice_stops += 1;
        it.voice = None;
        it.edges.borrow_mut().disk.survive();
        self.drop_link(unit);
        self.note(|| format!("unit {unit}: the voice dies"));
    }

    /// The voice is gone, and its connection with it.
    fn drop_link(&mut self, unit: usize) {
        let it = &mut self.units[unit];
        it.path.session = None;
        it.path.carries = false;
        it.edges.borrow_mut().is_link_up = false;
    }

    /// The write came at which the voice, or its power, was to end.
    pub(super) fn strike_armed(&mut self, unit: usize) -> Result<(), Broken> {
        let armed = self.units[unit].armed.take();
        if let Some(What::UnitPower(_)) = armed.map(|armed| armed.what) {
            self.cut_power(unit);
        } else {
            self.crash_voice(unit);
        }
        Ok(())
    }

    /// A power cut or crash is over, if it ever struck.
    fn end_stop(&mut self, mishap: Mishap) -> Result<(), Broken> {
        let unit = mishap.home;
        let it = &mut self.units[unit];
        if it.armed.is_some_and(|armed| armed.at == mishap.at) {
            it.armed = None;
            it.edges.borrow_mut().disk.cut = Cut::Never;
            return Ok(());
        }
        if let What::UnitPower(_) = mishap.what {
            if it.power_cuts == 0 {
                // It never struck: something else had struck first.
                return Ok(());
            }
            it.power_cuts -= 1;
            if it.power_cuts == 0 {
                it.clocks.boot(self.now);
                it.machine += 1;
                it.voice = None;
                it.eye = None;
                return self.start_unit(unit);
            }
            return Ok(());
        }
        it.voice_stops = it.voice_stops.saturating_sub(1);
        if it.voice.is_none() {
            return self.start_voice(unit);
        }
        Ok(())
    }

    fn upset_clock(&mut self, unit: usize, (ahead_ms, drift): (i64, i64), wrongness: Wrongness) {
        self.counts.clock_steps += 1;
        let it = &mut self.units[unit];
        it.clock_faults += 1;
        it.clocks.set(self.now, ahead_ms, drift);
        it.trust = match wrongness {
            Wrongness::Unknown => Trust::Guessed,
            Wrongness::Believed => Trust::Synced,
        };
    }

    /// A unit's clock is set from the network, if nothing keeps it wrong.
    pub(super) fn set_clock_right(&mut self, unit: usize) {
        let it = &mut self.units[unit];
        if it.clock_faults == 0 {
            it.clocks.set(self.now, 0, 0);
            it.trust = Trust::Synced;
        }
    }

    fn upset_hub_clock(&mut self, ahead_ms: i64, drift_ppm: i64) {
        self.counts.clock_steps += 1;
        self.hub.clock_faults += 1;
        let stands = self.hub.clocks.ahead_ms(self.now);
        let ahead_ms = ahead_ms.clamp(stands - HUB_STEP_MAX, stands + HUB_STEP_MAX);
        self.set_hub_clock(ahead_ms, drift_ppm);
        self.oracle.is_hub_clock_right = false;
    }

    fn set_hub_clock(&mut self, ahead_ms: i64, drift_ppm: i64) {
        self.hub.clocks.set(self.now, ahead_ms, drift_ppm);
        self.hub.set_at = Some(self.now.elapsed);
        self.oracle.rewind(self.hub.clocks.wall_ms(self.now));
    }

    fn stop_hub(&mut self, what: What) {
        self.hub.stops += 1;
        if self.hub.desk.is_some() {
            self.drop_hub();
        }
        if let What::HubPower(_) = what {
            store::lose_power(&self.hub.side);
            self.hub.clocks.boot(self.now);
        } else {
            store::settle(&self.hub.ledger, &self.hub.side)
                .expect("what the store took once it takes again");
        }
    }

    /// The commit came at which the hub was to end.
    pub(super) fn strike_hub(&mut self) -> Result<(), Broken> {
        let Some(armed) = self.hub.armed.take() else {
            return Ok(());
        };
        store::shared(&self.hub.side).cut = None;
        if let What::HubCrash(Instant::BeforeWrite(_)) | What::HubPower(Instant::BeforeWrite(_)) =
            armed.what
        {
            self.counts.before_commit += 1;
        } else {
            self.counts.after_commit += 1;
        }
        self.hub.desk = None;
        self.drop_hub();
        self.stop_hub(armed.what);
        Ok(())
    }

    /// Whether a mishap at a commit has struck; if not, it never will.
    fn disarm_hub(&mut self, mishap: Mishap) -> bool {
        if self.hub.armed.is_some_and(|armed| armed.at == mishap.at) {
            self.hub.armed = None;
            store::shared(&self.hub.side).cut = None;
            return false;
        }
        self.hub.stops > 0
    }

    fn spoil_disk(&mut self, unit: usize, health: DiskHealth) {
        let it = &mut self.units[unit];
        it.had_disk_fault = true;
        it.edges.borrow_mut().disk.health = health;
    }
}

fn cut(instant: Instant) -> Cut {
    match instant {
        Instant::Now => Cut::Never,
        Instant::BeforeWrite(writes) => Cut::Before(writes),
        Instant::AtWrite(writes) => Cut::Within(writes),
    }
}
