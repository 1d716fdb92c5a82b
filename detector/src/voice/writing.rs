//! What of the voice is on its disk, and what becomes of it where the disk fails.

use super::{DiskWord, EyeLine, Voice, Written, cause};
use crate::disk::{Damage, Disk};
use crate::uplink::Uplink;

impl<D: Disk, U: Uplink, E: EyeLine> Voice<D, U, E> {
    /// Tries again what the disk did not take. In memory it is as good as ever: looks go on and
    /// reports go out.
    pub(super) fn write_down(&mut self) {
        if let Err(error) = self.outbox.write_down() {
            tracing::error!(%error, cause = cause(&error), "outbox");
            self.disk_word = DiskWord::Untold;
        }
        if self.plans.write_down(self.outbox.disk()) == Written::No {
            self.disk_word = DiskWord::Untold;
        }
        let disk = self.outbox.disk();
        let written = [
            self.policy.write_down(disk),
            self.thresholds.write_down(disk),
            self.counts.write_down(disk),
        ];
        if written.contains(&Written::No) {
            self.disk_word = DiskWord::Untold;
        }
        self.write_progress();
    }

    pub(super) fn write_progress(&mut self) {
        if self.progress_written == Written::Yes {
            return;
        }
        let disk = self.outbox.disk();
        match self.progress.write(disk, self.night.progress()) {
            Ok(()) => self.progress_written = Written::Yes,
            Err(error) => {
                tracing::error!(%error, "progress not written; a restart may repeat looks");
                self.disk_word = DiskWord::Untold;
            }
        }
    }
}

/// Says in the log what was wrong with a file.
pub(super) fn assess(file: &str, damage: &Damage) -> DiskWord {
    match damage {
        Damage::None => return DiskWord::Well,
        Damage::OneCopy => tracing::error!(file, "one copy is damaged; the other is used"),
        Damage::Lines(lines) => tracing::error!(file, lines, "damaged; what is whole is used"),
        Damage::Unread(error) => tracing::error!(file, %error, "cannot be read"),
    }
    DiskWord::Untold
}
