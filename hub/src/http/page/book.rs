//! Which pages there are, for whom, and where.

use super::super::door::Viewer;
use super::super::texts;
use crate::staff::{Allowed, Permission};

/// Which page it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum Book {
    /// What needs a person, tonight.
    Tonight,
    /// A night of the ledger.
    Ledger,
    /// A night's morning report.
    Morning,
    /// What one shift hands to the next.
    Handover,
    /// How often staff are asked.
    Meter,
    /// What is set.
    Settings,
    /// Where evidence becomes a word.
    Thresholds,
    /// What is to be mended.
    Faults,
    /// Units that are tried where they hang.
    Commissioning,
    /// Units from stock to wiped.
    Units,
    /// Who may do what.
    Access,
    /// The log.
    Log,
    /// One's own roles and keys.
    Account,
}

impl Book {
    /// In the order of the menu.
    const ALL: [Self; 13] = [
        Self::Tonight,
        Self::Ledger,
        Self::Morning,
        Self::Handover,
        Self::Meter,
        Self::Settings,
        Self::Thresholds,
        Self::Faults,
        Self::Commissioning,
        Self::Units,
        Self::Access,
        Self::Log,
        Self::Account,
    ];

    /// Those that somebody's roles open, in the order of the menu.
    pub(super) fn of(viewer: &Viewer) -> impl Iterator<Item = Self> {
        let may = |book: &Self| viewer.roles.allow(book.needs()) == Allowed::Yes;
        Self::ALL.into_iter().filter(may)
    }

    /// What it asks for, as the table of addresses says ([`crate::http::access::WAYS`]).
    fn needs(self) -> Permission {
        match self {
            Self::Tonight => Permission::SeeNight,
            Self::Ledger | Self::Morning | Self::Handover | Self::Meter => Permission::SeeLedger,
            Self::Settings => Permission::SeeSettings,
            Self::Thresholds => Permission::SeeThresholds,
            Self::Faults => Permission::SeeFaults,
            Self::Commissioning => Permission::Commission,
            Self::Units => Permission::KeepUnits,
            // The menu has it for whoever goes through it; from their account everybody may.
            Self::Access => Permission::ReviewAccess,
            Self::Log => Permission::ReadLog,
            Self::Account => Permission::OwnShift,
        }
    }

    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Tonight => "/",
            Self::Ledger => "/ledger",
            Self::Morning => "/morning",
            Self::Handover => "/handover",
            Self::Meter => "/meter",
            Self::Settings => "/settings",
            Self::Thresholds => "/thresholds",
            Self::Faults => "/technical",
            Self::Commissioning => "/commission",
            Self::Units => "/units",
            Self::Access => "/access",
            Self::Log => "/audit",
            Self::Account => "/account",
        }
    }

    pub(super) fn title(self) -> texts::Phrase {
        match self {
            Self::Tonight => texts::ATTEND,
            Self::Ledger => texts::ledger::TITLE,
            Self::Morning => texts::ledger::MORNING,
            Self::Handover => texts::shift::HANDOVER,
            Self::Meter => texts::shift::METER,
            Self::Settings => texts::settings::TITLE,
            Self::Thresholds => texts::tuning::TITLE,
            Self::Faults => texts::technical::TITLE,
            Self::Commissioning => texts::commission::TITLE,
            Self::Units => texts::units::TITLE,
            Self::Access => texts::access::TITLE,
            Self::Log => texts::audit::TITLE,
            Self::Account => texts::account::TITLE,
        }
    }
}
