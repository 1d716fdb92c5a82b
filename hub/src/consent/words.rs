//! What is said of consents, in Swedish and English: on the page, in the journal's note and on
//! the command line. Plain enough to be read aloud to the one whom it concerns.

use nattsyn_protocol::policy::Mode;

use super::functions::{Pictures, Progress, UnitFunctions};
use super::{Capacity, Form, Household, Kind, Reason, Scope, Verdict, Withdrawal};
use crate::agreement::file::Said;
use nattsyn_protocol::time::Timestamp;

/// A kind of consent.
#[must_use]
pub fn kind(kind: Kind) -> Said {
    match kind {
        Kind::Care => Said::new(
            "insatsen: att få digital tillsyn på natten (socialtjänstlagen)",
            "the care: to be checked on digitally at night (Social Services Act)",
        ),
        Kind::Design => Said::new(
            "utformningen: sensor eller kameravisning, tider och försök",
            "how it is made: sensor or live view, times and looks",
        ),
        Kind::Processing => Said::new(
            "behandlingen av personuppgifter (9 § SoLPuL)",
            "the processing of personal data (SoLPuL 9 §)",
        ),
        Kind::Cohabitant => Said::new(
            "den som varaktigt bor där: behandling av dennes uppgifter (9 § SoLPuL)",
            "whoever lives there permanently: the processing of their data (SoLPuL 9 §)",
        ),
    }
}

/// How it was said.
#[must_use]
pub fn form(form: Form) -> Said {
    match form {
        Form::Written => Said::new("skriftligt", "in writing"),
        Form::Oral => Said::new("muntligt", "by word of mouth"),
    }
}

/// How far it goes.
#[must_use]
pub fn scope(scope: Scope) -> Said {
    match scope {
        Scope::Sensor => Said::new(
            "bara sensor: ingen bild kan visas för någon",
            "a sensor alone: no picture can be shown to anybody",
        ),
        Scope::LiveViewOnUnclear => Said::new(
            "sensor, och kameravisning när sensorn inte kan avgöra",
            "a sensor, and a live view when the sensor cannot tell",
        ),
    }
}

/// How somebody decides.
#[must_use]
pub fn capacity(capacity: Capacity) -> Said {
    match capacity {
        Capacity::Own => Said::new("bestämmer själv", "decides by themselves"),
        Capacity::Supported => Said::new(
            "bestämmer själv, med stöd att förstå eller uttrycka sig",
            "decides by themselves, with support to understand or express it",
        ),
        Capacity::Reduced => Said::new(
            "nedsatt beslutsförmåga: viljan har utrönts tillsammans med andra",
            "reduced ability to decide: their will was explored with others",
        ),
    }
}

/// Who else lives there.
#[must_use]
pub fn household(household: Household) -> Said {
    match household {
        Household::Alone => Said::new("ingen annan bor där", "nobody else lives there"),
        Household::Elsewhere => Said::new(
            "någon annan bor där, men sover i ett annat rum",
            "somebody else lives there, and sleeps in another room",
        ),
        Household::InView => Said::new(
            "någon annan bor där och kan synas för kameran på natten",
            "somebody else lives there whom the camera can see at night",
        ),
    }
}

/// What is taken back.
#[must_use]
pub fn withdrawal(what: Withdrawal) -> Said {
    match what {
        Withdrawal::Everything => Said::new(
            "allt: inga försök och inga bilder, tillsynerna görs som besök",
            "everything: no looks and no pictures, the checks are made as visits",
        ),
        Withdrawal::Pictures => Said::new(
            "kameravisning: sensorn fortsätter, ingen bild kan visas",
            "the live view: the sensor goes on, no picture can be shown",
        ),
        Withdrawal::Cohabitant => Said::new(
            "samtycket från den som bor där",
            "the consent of whoever lives there",
        ),
    }
}

/// Why something is not done.
#[must_use]
pub fn reason(reason: Reason) -> Said {
    match reason {
        Reason::NotRecorded => Said::new(
            "Samtycke saknas i Nattsyn: inget är nedskrivet här. Det stoppar inga försök, men \
             ingen bild kan visas.",
            "No consent in Nattsyn: nothing is written down here. That stops no look, but no \
             picture can be shown.",
        ),
        Reason::Withdrawn => {
            Said::new("Samtycket är återtaget.", "The consent has been withdrawn.")
        }
        Reason::CareMissing => Said::new(
            "Samtycke till insatsen saknas.",
            "There is no consent to the care.",
        ),
        Reason::ProcessingMissing => Said::new(
            "Samtycke till behandlingen av personuppgifter saknas (9 § SoLPuL).",
            "There is no consent to the processing of personal data (SoLPuL 9 §).",
        ),
        Reason::CohabitantInViewMissing => Said::new(
            "Någon som bor där kan synas för kameran och har inte samtyckt (9 § SoLPuL).",
            "Somebody who lives there can be seen by the camera and has not agreed (SoLPuL 9 §).",
        ),
        Reason::HousemateSaidNo => Said::new(
            "En annan enskild i bostaden har inte samtyckt, och kan synas för kameran.",
            "Another resident of the home has not agreed, and can be seen by the camera.",
        ),
        Reason::DesignMissing => Said::new(
            "Samtycke till utformningen saknas: ingen bild kan visas.",
            "There is no consent to how it is made: no picture can be shown.",
        ),
        Reason::SensorAgreed => Said::new(
            "Överenskommet är bara sensor: ingen bild kan visas.",
            "A sensor alone was agreed: no picture can be shown.",
        ),
        Reason::HouseholdUnknown => Said::new(
            "Det är inte nedskrivet vilka som bor där: ingen bild kan visas.",
            "It is not written down who lives there: no picture can be shown.",
        ),
        Reason::CohabitantMissing => Said::new(
            "Den som också bor där har inte samtyckt: ingen bild kan visas.",
            "Whoever else lives there has not agreed: no picture can be shown.",
        ),
        Reason::ReviewPassed => Said::new(
            "Samtycket skulle ha gåtts igenom: ingen bild kan visas förrän det är gjort.",
            "The consent should have been reviewed: no picture can be shown until it is.",
        ),
        Reason::CapacityReduced => Said::new(
            "Beslutsförmågan är nedsatt: kommunen visar då inga bilder.",
            "The ability to decide is reduced: the municipality shows no pictures then.",
        ),
        Reason::NotOffered => Said::new(
            "Kommunen erbjuder inte kameravisning.",
            "The municipality does not offer live view.",
        ),
    }
}

/// What is done about somebody, to be read aloud to them.
#[must_use]
pub fn verdict(verdict: &Verdict) -> Said {
    aloud(verdict.mode())
}

/// What a unit does in a mode, to be read aloud to the one whom it looks at.
#[must_use]
pub fn aloud(mode: Mode) -> Said {
    match mode {
        Mode::Off => Said::new(
            "Sensorn tittar inte på dig. Tillsynerna görs som besök.",
            "The sensor does not look at you. The checks are made as visits.",
        ),
        Mode::Sensor => Said::new(
            "Sensorn ser efter om du syns där du sover, på de tider som är överenskomna. Den \
             skickar ett ord, aldrig en bild. Ingen kan se dig.",
            "The sensor looks whether you can be seen where you sleep, at the times that were \
             agreed. It sends a word, never a picture. Nobody can see you.",
        ),
        Mode::LiveView => Said::new(
            "Sensorn ser efter om du syns där du sover. Om den inte kan avgöra, och har sett efter \
             en gång till, får en i personalen titta en gång i högst 30 sekunder. En lampa lyser \
             då. Inget sparas, och du kan läsa efteråt vem det var.",
            "The sensor looks whether you can be seen where you sleep. If it cannot tell, and has \
             looked once more, one of the staff may look once, for at most 30 seconds. A lamp is \
             on then. Nothing is kept, and you can read afterwards who it was.",
        ),
    }
}

/// How far a unit is with what was agreed.
#[must_use]
pub fn progress(unit: &UnitFunctions, time: impl Fn(Timestamp) -> String) -> Said {
    match unit.progress() {
        Progress::NoPolicy => Said::new(
            "inga skickade: enheten följer planen och kan inte visa någon bild",
            "none sent: the unit keeps to the plan and can show no picture",
        ),
        Progress::InForce => Said::new("i kraft", "in force"),
        Progress::AwaitsButton(until) => Said::new(
            format!(
                "väntar på knappen vid enheten: tryck senast {}; tills dess ingen bild",
                time(until)
            ),
            format!(
                "waits for the button at the unit: press it by {}; no picture until then",
                time(until)
            ),
        ),
        Progress::Missed => Said::new(
            "ingen tryckte på knappen vid enheten i tid: ingen bild. Enheten väntar en gång per \
             dygn. Skicka igen när någon är där",
            "nobody pressed the button at the unit in time: no picture. The unit waits once in \
             24 hours. Send it again when somebody is there",
        ),
        Progress::NotReceived(since) => Said::new(
            format!("inte mottagen av enheten sedan {}", time(since)),
            format!("not received by the unit since {}", time(since)),
        ),
    }
}

/// What a policy allows.
#[must_use]
pub fn mode(mode: Mode) -> Said {
    match mode {
        Mode::Off => Said::new("inga försök", "no looks"),
        Mode::Sensor => Said::new("sensor", "sensor"),
        Mode::LiveView => Said::new(
            "sensor, och kameravisning vid oklart besked",
            "sensor, and a live view when unclear",
        ),
    }
}

/// Whether the unit says that it could show a picture.
#[must_use]
pub fn pictures(pictures: Pictures) -> Said {
    match pictures {
        Pictures::Allowed => Said::new(
            "kameravisning är möjlig vid oklart besked",
            "a live view is possible when a look is unclear",
        ),
        Pictures::None => Said::new("ingen bild kan visas", "no picture can be shown"),
    }
}
