//! What those who work here may do: roles, and what each allows. Deny by default.
//!
//! Pure, and the only place that says so: [`Role::allows`] names for every permission the roles
//! that have it. Which address asks for which permission stands in [`crate::http`]'s table; who has
//! which role, in [`super::Rights`]. A person may have several roles and may what any of them may.

use std::fmt;
use std::str::FromStr;

/// What somebody does here (architecture, section 9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Answers rows at night.
    NightStaff,
    /// Leads the night.
    NightLead,
    /// Answers for a unit of the care (*enhetschef*).
    UnitManager,
    /// Decides on what somebody is granted (*biståndshandläggare*).
    CaseOfficer,
    /// Hangs and mends units. Sees no care data and looks through no camera.
    Technician,
    /// Helps colleagues with the system.
    SuperUser,
    /// Looks after data protection (*dataskyddsombud*): reads the log.
    DataProtection,
    /// Looks after accounts and settings. Sees no care data.
    Administrator,
}

/// What is allowed or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Permission {
    /// One's own phone, key and test alarm; what one may do.
    OwnShift,
    /// Tonight's list.
    SeeNight,
    /// Do something about a row or close a matter.
    HandleRows,
    /// A resident's page.
    SeeResident,
    /// Past nights, morning report, handover, the load.
    SeeLedger,
    /// What is set, and who is told.
    SeeSettings,
    /// What is to be mended: units and places, nothing about a resident.
    SeeFaults,
    /// Look through a camera. Asks for training beside the role.
    LiveView,
    /// A resident's consents.
    SeeConsent,
    /// Write a consent down, or go through it again.
    RecordConsent,
    /// Write down that a consent was withdrawn: whoever hears a no can write it down.
    WithdrawConsent,
    /// Read the log and take it out.
    ReadLog,
    /// Make an extract of the log for a resident.
    MakeExtract,
    /// Go through who has which rights.
    ReviewAccess,
    /// Where evidence becomes a word in each home, what is shown for it, and who changed it.
    SeeThresholds,
    /// Propose other thresholds, or go one step back.
    ProposeThresholds,
    /// Approve or refuse what somebody else proposed.
    ApproveThresholds,
    /// Try units out where they hang: units and places, nothing about a resident.
    Commission,
    /// Take units in, let them in, hang them, take them down: units and addresses, nothing about a
    /// resident.
    KeepUnits,
    /// Say which resident sleeps in which place of a home.
    SaySides,
}

/// Some roles.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Roles(u16);

/// A text that is no role.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?}: ingen roll; rollerna är / not a role; the roles are: {all}", all = Role::names())]
pub struct NotARole(String);

impl Role {
    /// Every role, in the order of the matrix.
    pub const ALL: [Self; 8] = [
        Self::NightStaff,
        Self::NightLead,
        Self::UnitManager,
        Self::CaseOfficer,
        Self::Technician,
        Self::SuperUser,
        Self::DataProtection,
        Self::Administrator,
    ];

    /// As it is kept and typed.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::NightStaff => "night_staff",
            Self::NightLead => "night_lead",
            Self::UnitManager => "unit_manager",
            Self::CaseOfficer => "case_officer",
            Self::Technician => "technician",
            Self::SuperUser => "super_user",
            Self::DataProtection => "data_protection",
            Self::Administrator => "administrator",
        }
    }

    /// In Swedish and in English, for people.
    #[must_use]
    pub fn name(self) -> (&'static str, &'static str) {
        match self {
            Self::NightStaff => ("nattpersonal", "night staff"),
            Self::NightLead => ("nattansvarig", "night lead"),
            Self::UnitManager => ("enhetschef", "unit manager"),
            Self::CaseOfficer => ("biståndshandläggare", "case officer"),
            Self::Technician => ("tekniker", "technician"),
            Self::SuperUser => ("superanvändare", "super-user"),
            Self::DataProtection => ("dataskyddsombud", "data-protection officer"),
            Self::Administrator => ("administratör", "administrator"),
        }
    }

    /// What the role answers for (R76).
    #[must_use]
    pub fn task(self) -> (&'static str, &'static str) {
        match self {
            Self::NightStaff => (
                "Tar hand om det som behöver åtgärdas i natt och skriver hur det gick.",
                "Answers what needs action tonight and writes down how it went.",
            ),
            Self::NightLead => (
                "Leder natten och tar emot det som ingen annan hinner med.",
                "Leads the night and takes what nobody else has time for.",
            ),
            Self::UnitManager => (
                "Svarar för tillsynen, för samtycken och för vilka som har behörighet.",
                "Answers for the checks, for consents and for who has access.",
            ),
            Self::CaseOfficer => (
                "Utreder och beslutar om insatsen och följer upp samtycket.",
                "Decides on what is granted and follows the consent up.",
            ),
            Self::Technician => (
                "Sätter upp och lagar sensorenheter. Ser inga uppgifter om den enskilde.",
                "Hangs and mends units. Sees nothing about the resident.",
            ),
            Self::SuperUser => (
                "Hjälper kollegor att använda Nattsyn.",
                "Helps colleagues to use Nattsyn.",
            ),
            Self::DataProtection => (
                "Granskar loggen och lämnar ut utdrag. Ser inte natten.",
                "Reads the log and hands out extracts. Does not see the night.",
            ),
            Self::Administrator => (
                "Sköter konton och inställningar. Ser inga uppgifter om den enskilde.",
                "Looks after accounts and settings. Sees nothing about the resident.",
            ),
        }
    }

    /// Whether the role has a permission. Every permission names its roles, and nothing is said
    /// by leaving something out.
    #[must_use]
    pub fn allows(self, permission: Permission) -> Allowed {
        let with: &[Self] = match permission {
            Permission::OwnShift => &Self::ALL,
            Permission::SeeNight => &[
                Self::NightStaff,
                Self::NightLead,
                Self::UnitManager,
                Self::SuperUser,
            ],
            Permission::HandleRows => &[Self::NightStaff, Self::NightLead, Self::UnitManager],
            Permission::SeeResident => &[
                Self::NightStaff,
                Self::NightLead,
                Self::UnitManager,
                Self::CaseOfficer,
            ],
            Permission::SeeLedger => &[
                Self::NightStaff,
                Self::NightLead,
                Self::UnitManager,
                Self::SuperUser,
            ],
            Permission::SeeSettings => &[
                Self::NightStaff,
                Self::NightLead,
                Self::UnitManager,
                Self::Technician,
                Self::SuperUser,
                Self::Administrator,
            ],
            Permission::SeeFaults => &[Self::Technician, Self::Administrator],
            // Whoever installs stands by the unit. Nobody of the night: what one depends on, one
            // does not pass.
            Permission::Commission | Permission::KeepUnits => &[Self::Technician],
            // Those who know them, and see at night that they have swapped.
            Permission::SaySides => &[Self::NightStaff, Self::NightLead, Self::UnitManager],
            Permission::LiveView => &[Self::NightStaff, Self::NightLead],
            Permission::SeeConsent | Permission::WithdrawConsent => &[
                Self::NightStaff,
                Self::NightLead,
                Self::UnitManager,
                Self::CaseOfficer,
            ],
            Permission::RecordConsent => &[Self::UnitManager, Self::CaseOfficer],
            Permission::ReadLog => &[Self::DataProtection],
            Permission::MakeExtract => &[Self::UnitManager, Self::DataProtection],
            Permission::ReviewAccess => &[Self::UnitManager],
            Permission::SeeThresholds => &[Self::UnitManager, Self::DataProtection],
            // Two people who have it: nobody approves what they proposed.
            Permission::ProposeThresholds | Permission::ApproveThresholds => &[Self::UnitManager],
        };
        match with.contains(&self) {
            true => Allowed::Yes,
            false => Allowed::No,
        }
    }

    fn names() -> String {
        Self::ALL.map(Self::word).join(", ")
    }

    fn bit(self) -> u16 {
        match self {
            Self::NightStaff => 1,
            Self::NightLead => 1 << 1,
            Self::UnitManager => 1 << 2,
            Self::CaseOfficer => 1 << 3,
            Self::Technician => 1 << 4,
            Self::SuperUser => 1 << 5,
            Self::DataProtection => 1 << 6,
            Self::Administrator => 1 << 7,
        }
    }
}

/// Whether something is allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowed {
    /// It is.
    Yes,
    /// It is not.
    No,
}

impl FromStr for Role {
    type Err = NotARole;

    fn from_str(text: &str) -> Result<Self, NotARole> {
        let word = text.trim().to_lowercase().replace('-', "_");
        let found = Self::ALL.into_iter().find(|role| role.word() == word);
        found.ok_or_else(|| NotARole(text.chars().take(40).collect()))
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl Permission {
    /// Every permission, in the order of the matrix.
    pub const ALL: [Self; 20] = [
        Self::OwnShift,
        Self::SeeNight,
        Self::HandleRows,
        Self::SeeResident,
        Self::SeeLedger,
        Self::SeeSettings,
        Self::SeeFaults,
        Self::LiveView,
        Self::SeeConsent,
        Self::RecordConsent,
        Self::WithdrawConsent,
        Self::ReadLog,
        Self::MakeExtract,
        Self::ReviewAccess,
        Self::SeeThresholds,
        Self::ProposeThresholds,
        Self::ApproveThresholds,
        Self::Commission,
        Self::KeepUnits,
        Self::SaySides,
    ];

    /// As it stands in the log.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::OwnShift => "own_shift",
            Self::SeeNight => "see_night",
            Self::HandleRows => "handle_rows",
            Self::SeeResident => "see_resident",
            Self::SeeLedger => "see_ledger",
            Self::SeeSettings => "see_settings",
            Self::SeeFaults => "see_faults",
            Self::LiveView => "live_view",
            Self::SeeConsent => "see_consent",
            Self::RecordConsent => "record_consent",
            Self::WithdrawConsent => "withdraw_consent",
            Self::ReadLog => "read_log",
            Self::MakeExtract => "make_extract",
            Self::ReviewAccess => "review_access",
            Self::SeeThresholds => "see_thresholds",
            Self::ProposeThresholds => "propose_thresholds",
            Self::ApproveThresholds => "approve_thresholds",
            Self::Commission => "commission",
            Self::KeepUnits => "keep_units",
            Self::SaySides => "say_sides",
        }
    }

    /// In Swedish and in English, for people.
    #[must_use]
    pub fn name(self) -> (&'static str, &'static str) {
        match self {
            Self::OwnShift => (
                "Egen telefon, nyckel och provlarm",
                "Own phone, key and test alarm",
            ),
            Self::SeeNight => ("Se nattens lista", "See tonight’s list"),
            Self::HandleRows => ("Åtgärda rader och ärenden", "Act on rows and matters"),
            Self::SeeResident => ("Öppna en persons sida", "Open a resident’s page"),
            Self::SeeLedger => (
                "Se tidigare nätter, morgonrapport och överlämning",
                "See past nights, morning report and handover",
            ),
            Self::SeeSettings => ("Se inställningar", "See settings"),
            Self::SeeFaults => ("Se tekniska fel", "See technical faults"),
            Self::LiveView => (
                "Titta via kameran (kräver utbildning)",
                "Look through the camera (asks for training)",
            ),
            Self::SeeConsent => ("Se samtycken", "See consents"),
            Self::RecordConsent => (
                "Skriva in och följa upp samtycken",
                "Record and review consents",
            ),
            Self::WithdrawConsent => (
                "Skriva in att ett samtycke är återkallat",
                "Record that a consent is withdrawn",
            ),
            Self::ReadLog => ("Läsa och lämna ut loggen", "Read and export the log"),
            Self::MakeExtract => (
                "Göra utdrag ur loggen till den enskilde",
                "Make an extract of the log for the resident",
            ),
            Self::ReviewAccess => ("Gå igenom behörigheter", "Review access"),
            Self::SeeThresholds => ("Se gränser", "See thresholds"),
            Self::ProposeThresholds => (
                "Föreslå andra gränser, gå tillbaka ett steg",
                "Propose other thresholds, go one step back",
            ),
            Self::ApproveThresholds => (
                "Godkänna gränser som någon annan har föreslagit",
                "Approve thresholds that somebody else proposed",
            ),
            Self::Commission => ("Driftsätta enheter", "Commission units"),
            Self::KeepUnits => (
                "Lägga in, hänga upp och ta ned enheter",
                "Take in, hang and take down units",
            ),
            Self::SaySides => ("Säga vem som sover var", "Say who sleeps where"),
        }
    }
}

impl Roles {
    /// None.
    pub const NONE: Self = Self(0);

    /// Every role: for a demonstration, in which nobody lives.
    #[must_use]
    pub fn all() -> Self {
        Role::ALL.into_iter().collect()
    }

    /// Those in it, in the order of the matrix.
    pub fn iter(self) -> impl Iterator<Item = Role> {
        Role::ALL
            .into_iter()
            .filter(move |role| self.0 & role.bit() != 0)
    }

    /// Whether any of the roles has a permission.
    #[must_use]
    pub fn allow(self, permission: Permission) -> Allowed {
        let mut allowed = self.iter().map(|role| role.allows(permission));
        match allowed.any(|allowed| allowed == Allowed::Yes) {
            true => Allowed::Yes,
            false => Allowed::No,
        }
    }
}

impl FromIterator<Role> for Roles {
    fn from_iter<I: IntoIterator<Item = Role>>(roles: I) -> Self {
        Self(roles.into_iter().fold(0, |bits, role| bits | role.bit()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_without_a_role_may_do_anything() {
        for permission in Permission::ALL {
            assert_eq!(Roles::NONE.allow(permission), Allowed::No, "{permission:?}");
            assert_eq!(Roles::all().allow(permission), Allowed::Yes);
        }
    }

    #[test]
    fn a_technician_and_an_administrator_see_nothing_about_a_resident() {
        for role in [Role::Technician, Role::Administrator] {
            let may: Vec<_> = Permission::ALL
                .into_iter()
                .filter(|permission| role.allows(*permission) == Allowed::Yes)
                .collect();
            let mut mine = vec![
                Permission::OwnShift,
                Permission::SeeSettings,
                Permission::SeeFaults,
            ];
            // Units, addresses, and places by number.
            if role == Role::Technician {
                mine.extend([Permission::Commission, Permission::KeepUnits]);
            }
            assert_eq!(may, mine);
        }
    }

    #[test]
    fn only_those_who_answer_at_night_may_look_and_only_another_reads_the_log() {
        for role in Role::ALL {
            let at_night = [Role::NightStaff, Role::NightLead].contains(&role);
            assert_eq!(role.allows(Permission::LiveView) == Allowed::Yes, at_night);
            let log = role.allows(Permission::ReadLog) == Allowed::Yes;
            assert!(!(log && at_night), "{role:?}");
        }
    }

    #[test]
    fn a_role_is_read_back_by_its_word_and_anything_else_is_refused_with_the_roles() {
        for role in Role::ALL {
            assert_eq!(role.word().parse(), Ok(role));
            assert_eq!(role.word().replace('_', "-").parse(), Ok(role));
        }
        let refused = "boss".parse::<Role>().unwrap_err().to_string();
        assert!(refused.contains("night_staff, night_lead"), "{refused}");
    }
}
