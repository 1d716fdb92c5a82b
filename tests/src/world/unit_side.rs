//! What happens at a unit: its two processes start, speak to each other, and are judged.

use nattsyn_detector::guard::lifetime::{MachineBoot, Opening};
use nattsyn_detector::pair::{FromEye, ToEye};
use nattsyn_detector::voice::Event;
use nattsyn_protocol::finding::Finding;
use nattsyn_protocol::ids::{BootId, CheckId};
use nattsyn_protocol::report::Report;
use nattsyn_protocol::signing::Signed;

use super::World;
use super::events::Happening;
use super::eye::{Eye, Wants};
use super::oracle::{Breach, Broken, broken, day_of};

/// Datagrams that fit into the pair's queue towards the voice; as towards the eye.
const PAIR_MAX: usize = 300;

/// How far off a unit's clock may be and still count as right, in milliseconds: what a look's
/// window is judged with leaves room for it.
const RIGHT_WITHIN_MS: i64 = 1000;

/// Within what time a unit has heard what was agreed, if nothing is wrong: the hub's refresh of
/// 15 s, the way there and to the eye, and as much again.
const HEARD_WITHIN_MS: u64 = 40_000;

impl World {
    /// A unit has power: both processes start, and what survived is judged.
    pub(super) fn start_unit(&mut self, unit: usize) -> Result<(), Broken> {
        self.start_eye(unit);
        self.start_voice(unit)
    }

    pub(super) fn start_eye(&mut self, unit: usize) {
        let drawn = self.dice.throw();
        let root = self.root;
        let it = &mut self.units[unit];
        if it.power_cuts > 0 || it.eye_stops > 0 {
            return;
        }
        let opening = Opening {
            uptime: it.clocks.uptime(self.now),
            machine: Some(MachineBoot(it.machine)),
        };
        let remembered = (it.eye_memory.clone(), opening);
        let mut eye = Eye::start(it.id, it.key.clone(), root, remembered, drawn);
        if let Some(memory) = eye.take_change(opening.uptime) {
            it.eye_memory = Some(memory);
        }
        let boot = eye.boot;
        it.eye = Some(eye);
        let unread = it.to_eye.len();
        self.counts.eyes_started += 1;
        self.say_to_voice(unit, FromEye::Started { boot });
        for _ in 0..unread {
            self.queue_in(2, Happening::EyeReads { unit });
        }
    }

    pub(super) fn restart_eye(&mut self, unit: usize) -> Result<(), Broken> {
        if self.units[unit].eye.is_none() {
            self.start_eye(unit);
        }
        Ok(())
    }

    pub(super) fn start_voice(&mut self, unit: usize) -> Result<(), Broken> {
        if self.units[unit].power_cuts > 0 || self.units[unit].voice_stops > 0 {
            return Ok(());
        }
        self.judge_disk(unit)?;
        let now = self.now;
        let it = &mut self.units[unit];
        it.start_voice(now);
        let unread = it.to_voice.len();
        if !it.safe.is_empty() {
            self.counts.resumed += 1;
        }
        self.note(|| format!("unit {unit}: voice starts"));
        self.after_voice(unit)?;
        for _ in 0..unread {
            self.queue_in(3, Happening::VoiceReads { unit });
        }
        self.queue_try(unit, 50, 3000);
        Ok(())
    }

    /// Every report that the disk said was safe is on it, or in the ledger.
    fn judge_disk(&mut self, unit: usize) -> Result<(), Broken> {
        let it = &self.units[unit];
        let edges = it.edges.borrow();
        let outbox = edges.disk.seen("outbox");
        for (nonce, key) in &it.safe {
            if !contains(outbox, nonce) && !self.oracle.holds(it.id, *key) {
                let what = format!("report {key:?} of {} was on disk and is gone", it.id);
                return broken(Breach::Lost, what);
            }
        }
        Ok(())
    }

    pub(super) fn wake_voice(&mut self, unit: usize, waking: u64) -> Result<(), Broken> {
        if self.units[unit].waking != waking {
            return Ok(());
        }
        self.apply_voice(unit, Event::Time)
    }

    /// Something happens to the voice; what follows from it is taken from its edges.
    pub(super) fn apply_voice(&mut self, unit: usize, event: Event) -> Result<(), Broken> {
        let it = &mut self.units[unit];
        let (now, real) = (it.now(self.now), it.real(self.now));
        let Some(voice) = it.voice.as_mut() else {
            return Ok(());
        };
        it.edges.borrow_mut().disk.now = self.now.elapsed;
        voice.apply(now, real, event);
        self.after_voice(unit)
    }

    fn after_voice(&mut self, unit: usize) -> Result<(), Broken> {
        let (sent, told, is_struck) = {
            let mut edges = self.units[unit].edges.borrow_mut();
            let sent = std::mem::take(&mut edges.sent);
            let told = std::mem::take(&mut edges.told);
            (sent, told, edges.disk.struck)
        };
        for word in told {
            self.units[unit].to_eye.push_back(word);
            self.queue_in(2, Happening::EyeReads { unit });
        }
        for message in sent {
            self.send_up(unit, message)?;
        }
        if is_struck {
            return self.strike_armed(unit);
        }
        let it = &mut self.units[unit];
        it.waking += 1;
        let waking = it.waking;
        if let Some(at) = it.next_waking(self.now) {
            self.queue_at(at, Happening::VoiceWakes { unit, waking });
        }
        Ok(())
    }

    pub(super) fn eye_reads(&mut self, unit: usize) -> Result<(), Broken> {
        let it = &mut self.units[unit];
        let (moment, camera) = (it.guard_moment(self.now), it.camera());
        let Some(eye) = it.eye.as_mut().filter(|eye| !eye.is_hung) else {
            return Ok(());
        };
        let Some(word) = it.to_eye.pop_front() else {
            return Ok(());
        };
        let mut edges = it.edges.borrow_mut();
        edges.unread = edges.unread.saturating_sub(1);
        drop(edges);
        let wants = eye.handle(moment, camera, &mut self.dice, &word);
        if let ToEye::Plan(_) = word {
            for held in eye.guard().holding() {
                let who = format!("eye {}", eye.boot);
                let resident = held.resident.to_string();
                self.oracle.handle_held(&who, &resident, held.version)?;
            }
        }
        self.grant(unit, wants)
    }

    pub(super) fn end_look(&mut self, unit: usize, boot: BootId) -> Result<(), Broken> {
        let it = &mut self.units[unit];
        let (moment, camera) = (it.guard_moment(self.now), it.camera());
        let is_same = |eye: &&mut Eye| eye.boot == boot && !eye.is_hung;
        let Some(eye) = it.eye.as_mut().filter(is_same) else {
            return Ok(());
        };
        let wants = eye.handle_end(moment, camera, &mut self.dice);
        self.grant(unit, wants)
    }

    /// Does what the eye wants.
    fn grant(&mut self, unit: usize, wants: Wants) -> Result<(), Broken> {
        let true_at = {
            let it = &mut self.units[unit];
            let uptime = it.clocks.uptime(self.now);
            let changed = it.eye.as_mut().and_then(|eye| eye.take_change(uptime));
            if let Some(memory) = changed {
                it.eye_memory = Some(memory);
            }
            let is_right = it.clocks.ahead_ms(self.now).abs() <= RIGHT_WITHIN_MS;
            is_right.then_some(self.now.utc)
        };
        for report in &wants.reports {
            self.judge_report(report, true_at)?;
        }
        if let Some((check, ends_in)) = wants.begun
            && let Some(boot) = self.units[unit].eye.as_ref().map(|eye| eye.boot)
        {
            self.counts.looks += 1;
            self.note(|| format!("unit {unit}: a look for {check} begins"));
            if let Some(at) = true_at {
                self.oracle.judge_look(check, at)?;
                self.judge_wanted(unit, check)?;
            }
            self.queue_in(ends_in, Happening::LookEnds { unit, boot });
        }
        for word in wants.words {
            if let FromEye::Refused { why, check, look } = &word {
                self.counts.refused += 1;
                self.note(|| format!("unit {unit}: look {look} of {check} refused: {why:?}"));
            }
            self.say_to_voice(unit, word);
        }
        if wants.ends {
            self.units[unit].eye = None;
            let pause = self.dice.within(1000, 30_000);
            self.note(|| format!("unit {unit}: the eye hangs and ends"));
            self.queue_in(pause, Happening::EyeRestarts { unit });
        }
        Ok(())
    }

    /// Nobody is looked at who is away, wants to be left alone or has died, once the unit has had
    /// every occasion to hear of it.
    fn judge_wanted(&self, unit: usize, check: CheckId) -> Result<(), Broken> {
        let has_heard = self.quiet_for(unit) > HEARD_WITHIN_MS && !self.units[unit].is_replaced;
        let is_unwanted = self
            .oracle
            .book
            .forbids(check.resident, day_of(check.night));
        if has_heard && is_unwanted && self.oracle.is_hub_clock_right {
            let what = format!("unit {unit} looks for {check}, and nobody is to be looked at");
            return broken(Breach::Astray, what);
        }
        Ok(())
    }

    fn judge_report(&mut self, report: &Report, true_at: Option<i64>) -> Result<(), Broken> {
        let (check, look, finding) = (report.check, report.look, report.finding);
        self.note(|| format!("look {look} of {check} found {finding}"));
        if finding == Finding::Visible {
            self.counts.visible += 1;
            let at = report.at_ms.as_ms();
            self.oracle.handle_seen(check, at, true_at)?;
        }
        if finding == Finding::Technical(nattsyn_protocol::finding::Fault::ClockUnknown) {
            self.counts.clock_unknown += 1;
        }
        Ok(())
    }

    fn say_to_voice(&mut self, unit: usize, word: FromEye) {
        let waiting = &mut self.units[unit].to_voice;
        // A full queue is the eye's to notice: it drops what it says.
        if waiting.len() < PAIR_MAX {
            waiting.push_back(word);
            self.queue_in(2, Happening::VoiceReads { unit });
        }
    }

    pub(super) fn voice_reads(&mut self, unit: usize) -> Result<(), Broken> {
        if self.units[unit].voice.is_none() {
            return Ok(());
        }
        let Some(word) = self.units[unit].to_voice.pop_front() else {
            return Ok(());
        };
        let signed = match &word {
            FromEye::Report(signed) => Some(signed.clone()),
            FromEye::Started { .. }
            | FromEye::Holding(_)
            | FromEye::Alive { .. }
            | FromEye::Capable(_)
            | FromEye::Counts(_)
            | FromEye::Live(_)
            | FromEye::Commission(_)
            | FromEye::Frame(_)
            | FromEye::Refused { .. } => None,
        };
        let report = signed.as_ref().and_then(read);
        self.apply_voice(unit, Event::Eye(word))?;
        if let Some(report) = report
            && self.units[unit].voice.is_some()
        {
            self.remember_safe(unit, &report);
        }
        Ok(())
    }

    /// If the voice has the report on its disk, nothing may lose it any more.
    fn remember_safe(&mut self, unit: usize, report: &Report) {
        let it = &mut self.units[unit];
        let is_on_disk = contains(it.edges.borrow().disk.seen("outbox"), &report.nonce);
        if is_on_disk {
            it.safe.insert(report.nonce.clone(), report.key());
        }
    }
}

fn read(signed: &Signed) -> Option<Report> {
    serde_json::from_str(&signed.body).ok()
}

/// Whether bytes contain a text. It is looked for from the end, where logs grow.
fn contains(bytes: &[u8], text: &str) -> bool {
    let text = text.as_bytes();
    bytes.windows(text.len()).rev().any(|part| part == text)
}
