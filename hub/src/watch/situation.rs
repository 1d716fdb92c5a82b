//! What can be wrong besides what a look finds: for each situation, what its row says, who it is
//! for and what they may do.
//!
//! One table, in both languages; `docs/reference/situations.md` shows it to people and a test
//! holds the two together, another plays every situation. It decides nothing: the watch raises
//! situations, the page shows them.

use crate::view::Cause;

use super::change::Punctuality;

/// Who a row is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// Whoever works the night.
    NightStaff,
    /// The night's lead.
    NightLead,
    /// Whoever installs and mends units.
    Technician,
    /// Whoever plans the residents' nights, by day.
    DayStaff,
    /// Whoever runs the hub.
    Administrator,
}

impl Owner {
    /// Swedish and English.
    #[must_use]
    pub fn texts(self) -> [&'static str; 2] {
        match self {
            Self::NightStaff => ["nattpersonal", "night staff"],
            Self::NightLead => ["nattansvarig", "night lead"],
            Self::Technician => ["tekniker", "technician"],
            Self::DayStaff => ["dagpersonal", "day staff"],
            Self::Administrator => ["administratör", "administrator"],
        }
    }
}

/// Something that may be done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// Go there.
    Visit,
    /// Phone the resident, if that is agreed.
    Phone,
    /// Hand over to the night's lead.
    Escalate,
    /// See to the unit's power, network, camera or storage.
    MendUnit,
    /// Take the unit out of service.
    TakeUnitOut,
    /// Enrol the unit, or correct where it hangs.
    Enrol,
    /// Try the unit out where it hangs.
    Commission,
    /// Say who sleeps in which place.
    SaySides,
    /// Have the unit hung otherwise, and commissioned anew.
    Rehang,
    /// Make, change or end a plan.
    ChangePlan,
    /// End the agreement.
    EndPlan,
    /// Go through with the resident what they agreed to.
    ReviewConsent,
    /// Ask, and write down whether the resident is still away.
    ConfirmAway,
    /// Set the hub's clock.
    SetClock,
    /// Start the broker, or mend the hub's network.
    MendBroker,
    /// Make the folder for the log's heads writable again.
    MendHeads,
    /// Find out how it came about, and tell the data-protection officer if it is an intrusion.
    Investigate,
    /// Answer the test alarm on the page.
    AnswerTest,
    /// Try by hand whether alerts get through, and keep the page open until they do.
    TryChain,
    /// Nothing: it is written down and needs nobody.
    Nothing,
}

impl Step {
    /// Swedish and English.
    #[must_use]
    pub fn texts(self) -> [&'static str; 2] {
        match self {
            Self::Visit => ["gör ett personligt besök", "make a visit"],
            Self::Phone => [
                "ring den enskilde, om det är överenskommet",
                "phone the resident, if that is agreed",
            ],
            Self::Escalate => [
                "lämna över till nattansvarig",
                "hand over to the night lead",
            ],
            Self::MendUnit => [
                "se över sensorenhetens ström, nät, kamera och minne",
                "see to the unit’s power, network, camera and storage",
            ],
            Self::TakeUnitOut => ["ta sensorenheten ur drift", "take the unit out of service"],
            Self::Enrol => [
                "lägg in sensorenheten, eller rätta var den hänger",
                "enrol the unit, or correct where it hangs",
            ],
            Self::Commission => [
                "driftsätt enheten: sidan Driftsättning, tio minuter på plats",
                "commission the unit: the page Commissioning, ten minutes on the spot",
            ],
            Self::SaySides => [
                "säg vem som sover var: sidan Vem sover var, från den enskildes sida",
                "say who sleeps where: the page Who sleeps where, from the resident’s page",
            ],
            Self::Rehang => ["häng om, driftsätt på nytt", "rehang, commission anew"],
            Self::ChangePlan => [
                "gör, ändra eller avsluta planen",
                "make, change or end the plan",
            ],
            Self::EndPlan => [
                "avsluta överenskommelsen: tills det är gjort planeras nya nätter",
                "end the agreement: until that is done, nights go on being planned",
            ],
            Self::ReviewConsent => [
                "gå igenom samtycket med den enskilde, och skriv ner det på sidan",
                "go through the consent with the resident, and write it down on the page",
            ],
            Self::ConfirmAway => [
                "fråga, och skriv om den enskilde fortfarande är borta",
                "ask, and write down whether the resident is still away",
            ],
            Self::SetClock => ["ställ serverns klocka", "set the hub’s clock"],
            Self::MendBroker => [
                "starta meddelandeförmedlaren eller laga serverns nät",
                "start the broker or mend the hub’s network",
            ],
            Self::MendHeads => [
                "se till att mappen i [audit] heads nås och går att skriva i",
                "see that the folder in [audit] heads is reached and can be written to",
            ],
            Self::Investigate => [
                "utred hur det gick till; vid intrång: säg till dataskyddsombudet",
                "find out how it came about; if intruded upon: tell the data-protection officer",
            ],
            Self::AnswerTest => [
                "svara på provlarmet på sidan",
                "answer the test alarm on the page",
            ],
            Self::TryChain => [
                "se efter att larmtelefonerna är på och hörs; håll sidan öppen tills larm når fram",
                "see that the phones for alerts are on and heard; keep the page open until alerts \
                 get through",
            ],
            Self::Nothing => ["inget: det är noterat", "nothing: it is written down"],
        }
    }
}

/// One row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// What the row says, in Swedish.
    pub swedish: &'static str,
    /// The same, in English.
    pub english: &'static str,
    /// Who it is for.
    pub owner: Owner,
    /// What they may do, the usual first.
    pub steps: &'static [Step],
}

macro_rules! situations {
    ($($(#[$doc:meta])* $variant:ident = $word:literal {
        $swedish:literal, $english:literal, $owner:ident, [$($step:ident),+]
    })+) => {
        /// What can be wrong.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Situation {
            $($(#[$doc])* $variant,)+
        }

        impl Situation {
            /// Every situation, in the table's order.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The word in the store and in an exported ledger.
            #[must_use]
            pub fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }

            /// Its row.
            #[must_use]
            pub fn row(self) -> Row {
                match self {
                    $(Self::$variant => Row {
                        swedish: $swedish,
                        english: $english,
                        owner: Owner::$owner,
                        steps: &[$(Step::$step),+],
                    },)+
                }
            }
        }
    };
}

situations! {
    /// The unit is heard, and a check's report did not come.
    ReportMissing = "report_missing" {
        "Rapport saknas: sensorenheten hörs men tillsynen är inte rapporterad",
        "No report: the unit is heard, but the check has not been reported",
        NightStaff, [Visit, Phone, Escalate]
    }
    /// A report came after its check had become an exception, and says *visible*.
    ReportLate = "report_late" {
        "Sen rapport: den enskilde var synlig, men rapporten kom efter att någon larmats",
        "Late report: the resident was visible, but the report came after somebody was asked",
        NightStaff, [Nothing]
    }
    /// A report that is held already came again.
    ReportRepeated = "report_repeated" {
        "Upprepad rapport: räknas en gång",
        "Repeated report: it counts once",
        Technician, [Nothing]
    }
    /// A unit signed two different reports by one name.
    ReportsContradict = "reports_contradict" {
        "Två olika rapporter bär samma nummer: den första räknas",
        "Two different reports bear one number: the first counts",
        Technician, [Investigate, MendUnit, TakeUnitOut]
    }
    /// A check's reports came in another order than they were made.
    ReportsReordered = "reports_reordered" {
        "Rapporterna kom i omvänd ordning: de räknas efter när försöken gjordes",
        "The reports came in another order: they count by when the looks were made",
        Technician, [Nothing]
    }
    /// A message whose signature is not that of the unit's eye.
    ReportUnsigned = "report_unsigned" {
        "En rapport utan giltig signatur har avvisats",
        "A report without a valid signature was refused",
        Technician, [Investigate, MendUnit, TakeUnitOut]
    }
    /// A message from a unit that is not enrolled.
    UnknownUnit = "unknown_unit" {
        "En sensorenhet som inte är inlagd försöker rapportera",
        "A unit that is not enrolled tries to report",
        Technician, [Enrol, TakeUnitOut, Investigate]
    }
    /// A look was made under an older version of the plan than the night was frozen with.
    OtherPlan = "other_plan" {
        "Sensorenheten följde en äldre plan än den som gäller",
        "The unit kept an older plan than the one in force",
        NightStaff, [Visit, Phone, Escalate]
    }
    /// A look says *visible*, and its unit is not commissioned for it.
    NotCommissioned = "not_commissioned" {
        "Enheten är inte driftsatt för det här: att någon syntes räknas inte, gör ett besök",
        "The unit is not commissioned for this: that somebody was seen does not count; visit",
        NightStaff, [Visit, Phone, Escalate]
    }
    /// A unit is in service and does not count: never commissioned, or its places changed.
    CommissionAwaited = "commission_awaited" {
        "Enheten är inte driftsatt: tillsynerna blir besök tills den är det",
        "The unit is not commissioned: its checks are visits until it is",
        Technician, [Commission, TakeUnitOut]
    }
    /// A unit counts on paper, for 30 days yet at most.
    PaperEnds = "paper_ends" {
        "Enheten är driftsatt på papper och det tar slut inom 30 dagar: därefter blir det besök",
        "The unit is commissioned on paper, which ends within 30 days: its checks are visits then",
        Technician, [Commission]
    }
    /// Several sleep under a unit that was commissioned, and nobody has said who sleeps where.
    SidesUnsaid = "sides_unsaid" {
        "Ingen har sagt vem som sover på vilken plats: tillsynerna blir besök tills dess",
        "Nobody has said who sleeps in which place: checks are visits until somebody does",
        DayStaff, [SaySides, ChangePlan]
    }
    /// The first nights of a unit had so many unclear checks that sensor mode does not suit.
    SensorUnsuited = "sensor_unsuited" {
        "Sensorläge passar inte här: för många tillsyner var oklara, så de görs som besök",
        "Sensor mode does not suit this home: too many checks were unclear, so they are visits",
        DayStaff, [Rehang, ReviewConsent, ChangePlan]
    }
    /// Another unit hangs in the home than when the night was frozen.
    UnitSwapped = "unit_swapped" {
        "Sensorenheten är bytt: den nya gör nattens återstående tillsyner",
        "The unit was swapped: the new one makes the night’s remaining checks",
        Technician, [Nothing]
    }
    /// A unit hangs in a home where nobody is looked after.
    UnitOfNobody = "unit_of_nobody" {
        "Sensorenheten är inlagd i en bostad där ingen har tillsyn",
        "The unit is enrolled in a home where nobody is looked after",
        Technician, [TakeUnitOut, Enrol]
    }
    /// A plan is in force and no unit in service can keep it.
    PlanWithoutUnit = "plan_without_unit" {
        "Ingen sensorenhet i drift: planen gäller men ingen enhet kan göra tillsynen",
        "No unit in service: the plan is in force, but no unit can make the check",
        NightStaff, [Visit, Phone, Escalate]
    }
    /// A unit is in service and nobody in the home has a plan.
    UnitWithoutPlan = "unit_without_plan" {
        "Sensorenheten är i drift, men ingen i bostaden har en plan",
        "The unit is in service, but nobody in the home has a plan",
        DayStaff, [ChangePlan, TakeUnitOut]
    }
    /// A resident with checks left tonight is no longer enrolled.
    ResidentMoved = "resident_moved" {
        "Flyttad eller inte längre inlagd: stäm av om återstående tillsyner ska göras",
        "Moved or no longer enrolled: find out whether the remaining checks are to be made",
        DayStaff, [ChangePlan, TakeUnitOut]
    }
    /// A resident with checks left tonight has died.
    ResidentDied = "resident_died" {
        "Avliden: inga fler tillsyner görs, ring inte och åk inte dit för tillsynens skull",
        "Deceased: no further checks are made; do not call or go there for the check",
        DayStaff, [ChangePlan, TakeUnitOut]
    }
    /// Somebody was found dead at night, and the agreement stands.
    FoundDead = "found_dead" {
        "Funnen avliden: nattens tillsyner är avbokade, överenskommelsen är inte avslutad",
        "Found dead: tonight’s checks are called off, the agreement has not been ended",
        DayStaff, [EndPlan, TakeUnitOut]
    }
    /// A resident is away until further notice, and nobody has confirmed it today.
    AwayUnconfirmed = "away_unconfirmed" {
        "Borta tills vidare, men inte bekräftat i dag: ta reda på om den enskilde är hemma",
        "Away until further notice, but not confirmed today: find out if the resident is home",
        NightStaff, [ConfirmAway, Phone, Visit, Escalate]
    }
    /// The hub was down at a check's deadline.
    HubWasDown = "hub_was_down" {
        "Nattsyn var ur drift när tillsynen skulle ha klarats av: gör den nu",
        "Nattsyn was down when the check was due: make it now",
        NightLead, [Visit, Phone, Escalate]
    }
    /// The hub has no contact with the broker.
    BrokerDown = "broker_down" {
        "Nattsyn har ingen kontakt med meddelandeförmedlaren: inga rapporter kommer fram",
        "Nattsyn has no contact with the broker: no reports get through",
        Administrator, [MendBroker, Escalate]
    }
    /// A unit does not know the time and made no look, or made it at an impossible time.
    ClockUnknown = "clock_unknown" {
        "Sensorenheten vet inte vad klockan är",
        "The unit does not know the time",
        NightStaff, [Visit, Phone, Escalate]
    }
    /// A signed report of a look that no plan of the unit asks for.
    LookOutsidePlan = "look_outside_plan" {
        "Sensorenheten uppger ett försök som inte finns i någon plan",
        "The unit claims a look that is in no plan",
        Technician, [Investigate, TakeUnitOut]
    }
    /// A unit says that its storage is full or broken, though its reports arrive.
    DiskFull = "disk_full" {
        "Sensorenhetens minne är fullt eller trasigt: rapporter kan gå förlorade vid avbrott",
        "The unit’s storage is full or broken: reports may be lost in an interruption",
        Technician, [MendUnit, TakeUnitOut]
    }
    /// A resident with a plan in force, whose night passed without a look that a unit proved.
    NoLookProved = "no_look_proved" {
        "Planen gäller, men ingen sensorenhet har visat att den tittat under natten",
        "The plan is in force, but no unit has proved a look during the night",
        DayStaff, [MendUnit, ChangePlan]
    }
    /// The hub's clock jumped, or is far from where it should be.
    HubClock = "hub_clock" {
        "Serverns klocka har hoppat: Nattsyn räknar vidare efter den tid som gått",
        "The hub’s clock jumped: Nattsyn goes on by the time that has passed",
        Administrator, [SetClock, Escalate]
    }
    /// A home's unit has not had its next certificate for ten days: in ten more it is silent.
    CertificateLate = "certificate_late" {
        "Sensorenhetens certifikat har inte förnyats och går snart ut: då tystnar den",
        "The unit’s certificate has not been renewed and soon ends: it is silent then",
        Technician, [MendUnit, TakeUnitOut]
    }
    /// The head of the log could not be put outside the hub.
    LogHeadLost = "log_head_lost" {
        "Loggens kontrollsumma når inte mappen utanför: ändras loggen nu syns det inte",
        "The log’s checksum does not reach its folder outside: a change of the log would not show",
        Administrator, [MendHeads]
    }
    /// Nobody answered the test alarm at the beginning of a shift.
    TestUnanswered = "test_unanswered" {
        "Ingen har svarat på provlarmet: det är inte visat att larm når någon i natt",
        "Nobody answered the test alarm: it is not shown that alerts reach anybody tonight",
        NightLead, [AnswerTest, TryChain]
    }
    /// The hub was down when a shift began, and came back too late for its test alarm.
    TestNotMade = "test_not_made" {
        "Inget provlarm gick när skiftet började: det är inte visat att larm når någon i natt",
        "No test alarm was made when the shift began: it is not shown that alerts reach anybody",
        NightLead, [TryChain]
    }
    /// The test alarm was answered, and did not get through to everybody by every channel.
    TestNotWhole = "test_not_whole" {
        "Provlarmet är besvarat, men kom inte fram till alla på alla sätt",
        "The test alarm was answered, but did not get through to everybody by every channel",
        NightLead, [TryChain]
    }
    /// No look may be made at a resident, and the plan still asks for some.
    ConsentWithdrawn = "consent_withdrawn" {
        "Samtycke återtaget eller saknas: bestäm besök. Tillsynerna görs som besök tills dess",
        "Consent withdrawn or missing: decide on visits. Until then the checks are made as visits",
        NightLead, [Visit, ChangePlan, EndPlan]
    }
    /// Looks may be made again, and the unit has not said that it makes them.
    LooksAwaited = "looks_awaited" {
        "Samtycket gäller igen, men enheten har inte svarat att den tittar: besök tills den svarat",
        "Consent stands again, but the unit has not said that it looks: visits until it does",
        NightLead, [Visit, MendUnit, Escalate]
    }
    /// What a resident agreed to should have been gone through again by now.
    ConsentReview = "consent_review" {
        "Samtycket skulle ha gåtts igenom: kameravisning är stängd, sensorn fortsätter",
        "The consent should have been reviewed: live view is closed, the sensor goes on",
        DayStaff, [ReviewConsent]
    }
    /// A visit that the plan asks for.
    VisitPlanned = "visit_planned" {
        "Planerat personligt besök",
        "A planned visit",
        NightStaff, [Visit]
    }
}

impl Situation {
    /// Reads the word that [`Situation::word`] gives.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        let mut all = Self::ALL.iter().copied();
        all.find(|situation| situation.word() == word)
    }

    /// The situation that an exception is in; `None` if it is what a look found, or silence.
    #[must_use]
    pub fn of(cause: Cause, punctuality: Punctuality) -> Option<Self> {
        use nattsyn_protocol::finding::Fault;
        match (cause, punctuality) {
            (Cause::NoUnit, _) => Some(Self::PlanWithoutUnit),
            (Cause::OtherPlan, _) => Some(Self::OtherPlan),
            (Cause::NotCommissioned(_), _) => Some(Self::NotCommissioned),
            (Cause::AwayUnconfirmed, _) => Some(Self::AwayUnconfirmed),
            (Cause::VisitPlanned, Punctuality::InTime) => Some(Self::VisitPlanned),
            (Cause::Technical(Fault::ClockUnknown), Punctuality::InTime) => {
                Some(Self::ClockUnknown)
            }
            (_, Punctuality::HubWasDown) => Some(Self::HubWasDown),
            (Cause::NoReport, Punctuality::InTime) => Some(Self::ReportMissing),
            (
                Cause::NotVisible
                | Cause::Unclear(_)
                | Cause::Technical(_)
                | Cause::Paused
                | Cause::CalledOffByMistake
                | Cause::Silent,
                Punctuality::InTime,
            ) => None,
        }
    }
}
