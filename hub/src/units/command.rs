//! `nattsyn-hub unit …`: take units into stock, let them in, hang them, take them down; also while
//! the hub runs.

use std::fmt::Write as _;

use clap::{Args, Subcommand};
use jiff::tz::TimeZone;

use nattsyn_protocol::ids::{HomeId, UnitId};
use nattsyn_protocol::time::Timestamp;

use super::desk::{Desk, DeskError};
use super::{Deed, Inventory, Unit};
use crate::audit::Who;
use crate::watch::StaffId;

/// What is to be done with units.
#[derive(Clone, Debug, Subcommand)]
pub enum UnitCommand {
    /// Take a unit into stock; prints the id that it gets.
    Add {
        /// Who does it: your id among the staff.
        #[arg(long, value_name = "ID")]
        by: StaffId,
        /// What it is.
        #[command(flatten)]
        inventory: InventoryArgs,
    },
    /// Write down anew what a unit is; what is left out stays as it is.
    Describe {
        /// Which unit.
        unit: UnitId,
        /// Who does it.
        #[arg(long, value_name = "ID")]
        by: StaffId,
        /// What it is.
        #[command(flatten)]
        inventory: InventoryArgs,
    },
    /// Make a code that lets a unit in: once, and within fifteen minutes.
    Code {
        /// Which unit.
        unit: UnitId,
        /// Who does it.
        #[arg(long, value_name = "ID")]
        by: StaffId,
    },
    /// Say what the unit shows as its eye's fingerprint: only then can it hang in a home.
    Confirm {
        /// Which unit.
        unit: UnitId,
        /// What it shows, such as K7QX-M3PD.
        fingerprint: String,
        /// Who does it.
        #[arg(long, value_name = "ID")]
        by: StaffId,
    },
    /// Make a unit a home's. The one that hung there is removed by that.
    Install {
        /// Which unit.
        unit: UnitId,
        /// In which home.
        #[arg(long, value_name = "ID")]
        home: HomeId,
        /// Who does it.
        #[arg(long, value_name = "ID")]
        by: StaffId,
    },
    /// Say that a unit is broken.
    Fault(SaidArgs),
    /// Say that it works again.
    Mend(SaidArgs),
    /// Say that a unit was taken down or is lost: from then on it gets nothing and is not let in.
    Remove(SaidArgs),
    /// Say that a removed unit's keys were wiped (`nattsyn-enrol wipe` does it there).
    Wiped(SaidArgs),
    /// Every unit, and where it stands.
    List,
    /// One unit's life.
    Show {
        /// Which unit.
        unit: UnitId,
    },
}

/// What is said of a unit.
#[derive(Clone, Debug, Args)]
pub struct SaidArgs {
    /// Which unit.
    pub unit: UnitId,
    /// Who says it: your id among the staff.
    #[arg(long, value_name = "ID")]
    pub by: StaffId,
    /// Why, in a few words; no names and no addresses.
    #[arg(long, value_name = "WHY", default_value = "")]
    pub note: String,
}

/// What a unit is.
#[derive(Clone, Debug, Default, Args)]
pub struct InventoryArgs {
    /// The number on its case.
    #[arg(long)]
    pub case: Option<String>,
    /// Who owns it: bought, or rented from whom.
    #[arg(long)]
    pub owner: Option<String>,
    /// Who delivered it.
    #[arg(long)]
    pub supplier: Option<String>,
    /// The SIM card of its router (ICCID).
    #[arg(long)]
    pub sim: Option<String>,
    /// Under which contract, and until when there is a warranty.
    #[arg(long)]
    pub contract: Option<String>,
}

impl InventoryArgs {
    fn over(self, before: Inventory) -> Inventory {
        Inventory {
            case: self.case.unwrap_or(before.case),
            owner: self.owner.unwrap_or(before.owner),
            supplier: self.supplier.unwrap_or(before.supplier),
            sim: self.sim.unwrap_or(before.sim),
            contract: self.contract.unwrap_or(before.contract),
        }
    }
}

impl UnitCommand {
    /// Who does it, if it is somebody's to do.
    #[must_use]
    pub fn by(&self) -> Option<&StaffId> {
        match self {
            Self::Add { by, .. }
            | Self::Describe { by, .. }
            | Self::Code { by, .. }
            | Self::Confirm { by, .. }
            | Self::Install { by, .. } => Some(by),
            Self::Fault(said) | Self::Mend(said) | Self::Remove(said) | Self::Wiped(said) => {
                Some(&said.by)
            }
            Self::List | Self::Show { .. } => None,
        }
    }
}

/// Does what is asked; returns what to say. Whether `by` works here has been asked; hanging a unit
/// is for [`crate::enrolment`], which has the roster.
///
/// # Errors
///
/// Why nothing was done.
pub fn run(
    desk: &Desk,
    zone: &TimeZone,
    now: Timestamp,
    command: UnitCommand,
) -> Result<String, DeskError> {
    let who = command.by().cloned().map_or(Who::Hub, Who::Staff);
    let by = (&who, now);
    match command {
        UnitCommand::Add { inventory, .. } => {
            let unit = desk.add(&inventory.over(Inventory::default()), by)?;
            Ok(format!("{unit}\ti förråd / in stock"))
        }
        UnitCommand::Describe {
            unit, inventory, ..
        } => {
            let (found, _) = desk.sheet(unit)?;
            desk.describe(unit, &inventory.over(found.inventory), by)?;
            Ok(format!("{unit}\tuppdaterad / written down"))
        }
        UnitCommand::Code { unit, .. } => {
            let code = desk.code(unit, by)?;
            Ok(format!(
                "{code}\nGäller en gång i 15 minuter. / Good once, for 15 minutes."
            ))
        }
        UnitCommand::Confirm {
            unit, fingerprint, ..
        } => {
            desk.confirm(unit, &fingerprint, by)?;
            Ok(format!("{unit}\tbekräftad / confirmed"))
        }
        UnitCommand::Install { unit, home, .. } => Ok(format!("{unit}\t{home}")),
        UnitCommand::Fault(said) => tell(desk, Deed::Faulty, &said, by),
        UnitCommand::Mend(said) => tell(desk, Deed::Mended, &said, by),
        UnitCommand::Remove(said) => tell(desk, Deed::Removed, &said, by),
        UnitCommand::Wiped(said) => tell(desk, Deed::Wiped, &said, by),
        UnitCommand::List => {
            let lines = desk.list()?;
            let lines = lines.iter().map(|unit| line(unit, zone));
            Ok(lines.collect::<Vec<_>>().join("\n"))
        }
        UnitCommand::Show { unit } => show(desk, unit, zone),
    }
}

fn tell(
    desk: &Desk,
    deed: Deed,
    said: &SaidArgs,
    by: (&Who, Timestamp),
) -> Result<String, DeskError> {
    desk.say((said.unit, deed), &said.note, by)?;
    Ok(format!("{}\t{}", said.unit, swedish(deed)))
}

fn line(unit: &Unit, zone: &TimeZone) -> String {
    let home = unit.home.map_or("-".to_owned(), |home| home.to_string());
    let until = unit.until.map_or("-".to_owned(), |at| day(at, zone));
    let (since, stage) = (day(unit.last.at, zone), unit.stage.word());
    let Inventory { case, owner, .. } = &unit.inventory;
    format!(
        "{}\t{stage}\t{since}\t{home}\t{until}\t{case}\t{owner}",
        unit.id
    )
}

fn show(desk: &Desk, unit: UnitId, zone: &TimeZone) -> Result<String, DeskError> {
    let (unit, steps) = desk.sheet(unit)?;
    let mut text = line(&unit, zone);
    if let Some(eye) = unit.eye {
        let print = nattsyn_protocol::enrolment::fingerprint(&eye);
        write!(text, "\nögats fingeravtryck / fingerprint: {print}")
            .expect("a String takes any text");
    }
    for step in steps {
        let at = step.at.0.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M");
        let what = swedish(step.deed);
        write!(text, "\n{at}\t{}\t{what}\t{}", step.by, step.note)
            .expect("a String takes any text");
    }
    Ok(text)
}

fn day(at: Timestamp, zone: &TimeZone) -> String {
    at.0.to_zoned(zone.clone()).date().to_string()
}

fn swedish(deed: Deed) -> &'static str {
    match deed {
        Deed::Added => "i förråd / in stock",
        Deed::Enrolled => "insläppt / let in",
        Deed::Confirmed => "bekräftad / confirmed",
        Deed::Installed => "upphängd / installed",
        Deed::Faulty => "trasig / broken",
        Deed::Mended => "lagad / mended",
        Deed::Removed => "nedtagen / removed",
        Deed::Wiped => "raderad / wiped",
    }
}
