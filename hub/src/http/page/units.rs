//! "Förråd och installation": every unit, and one unit with what is to be done next, for a phone.
//!
//! Nothing about a resident stands here: units, homes' addresses, and who did what. What tests and
//! scripts hold on to: `#code`, `#make-code`, `#confirm`, `#install`, `#remove`, `data-stage`.

use maud::{Markup, PreEscaped, html};
use qrcode::QrCode;
use qrcode::render::svg;

use nattsyn_protocol::enrolment::Code;
use nattsyn_protocol::ids::HomeId;
use nattsyn_protocol::time::Timestamp;

use crate::audit::Who;
use crate::units::keeper::is_late;
use crate::units::letting_in::CODE_HOLDS;
use crate::units::{Inventory, Stage, Step, Unit};
use crate::view::Tonight;

use super::super::clockface::Clockface;
use super::super::door::Viewer;
use super::super::texts::{Lang, Phrase, commission, units as says};
use super::signs::{Sign, sign};
use super::{Book, Menu, Script, shell, still};

/// What the pages are made from.
pub(in crate::http) struct Shown<'a> {
    pub(in crate::http) tonight: &'a Tonight,
    pub(in crate::http) lang: Lang,
    pub(in crate::http) viewer: &'a Viewer,
    pub(in crate::http) now: Timestamp,
    /// Why what was asked was not done.
    pub(in crate::http) trouble: Option<Phrase>,
}

/// One unit, and what may be done with it.
pub(in crate::http) struct Sheet {
    pub(in crate::http) unit: Unit,
    pub(in crate::http) steps: Vec<Step>,
    /// Where it can hang: by id and address.
    pub(in crate::http) homes: Vec<(HomeId, String)>,
    /// A code that was made just now. It is shown this once.
    pub(in crate::http) code: Option<Code>,
}

impl Shown<'_> {
    fn path(&self, unit: &Unit, what: &str) -> String {
        format!("/units/{}{what}?lang={}", unit.id, self.lang.tag())
    }

    fn document(&self, own: &Markup, script: Script) -> Markup {
        let here = Book::Units;
        let menu = Menu {
            viewer: self.viewer,
            here: Some(here),
        };
        let address = format!("{}?lang={}", here.path(), self.lang.other().tag());
        let body = still::body(self.lang, self.tonight, (&address, &menu), own);
        let title = format!("{} – Nattsyn", says::TITLE.to(self.lang));
        shell(self.lang, &title, script, &body)
    }

    fn face(&self) -> Clockface {
        Clockface::new(&self.tonight.zone, self.tonight.night, self.lang)
    }
}

/// Every unit.
pub(in crate::http) fn list(shown: &Shown<'_>, units: &[Unit]) -> Markup {
    let lang = shown.lang;
    let own = html! {
        section #units {
            h1 { (says::TITLE.to(lang)) " " span.count { (units.len()) } }
            p.meaning { (says::MEANING.to(lang)) }
            (trouble(shown))
            @if units.is_empty() { p { (says::NONE.to(lang)) } }
            ul.rows {
                @for unit in units {
                    li.row data-unit=(unit.id) data-stage=(unit.stage.word()) {
                        span.who {
                            strong { a href=(shown.path(unit, "")) { (unit.id) } }
                            span.address { (unit.inventory.case) }
                        }
                        (standing(shown, unit))
                    }
                }
            }
            details {
                summary { (says::ADD.to(lang)) }
                form method="post" action=(format!("/units?lang={}", lang.tag())) {
                    (fields(lang, &Inventory::default()))
                    button.press #add { (says::ADD_DO.to(lang)) }
                }
            }
        }
    };
    shown.document(&own, Script::Listen)
}

fn standing(shown: &Shown<'_>, unit: &Unit) -> Markup {
    let lang = shown.lang;
    let is_late = is_late(unit, shown.now);
    let shape = match unit.stage {
        _ if is_late => Sign::Technical,
        Stage::Installed => Sign::Visible,
        Stage::Stock | Stage::Ready | Stage::Wiped => Sign::Paused,
        Stage::Enrolled | Stage::Removed => Sign::Unclear,
        Stage::Fault => Sign::Technical,
    };
    let face = shown.face();
    html! {
        span.standing {
            (sign(shape))
            span {
                (says::stage(unit.stage).to(lang)) " " (says::SINCE.to(lang)) " "
                (face.dated(unit.last.at))
                @if let Some(until) = unit.until.filter(|_| unit.stage.is_let_in()) {
                    "; " (says::HOLDS.to(lang)) " " (face.dated(until))
                }
            }
        }
        @if is_late { p.notice { (says::LATE.to(lang)) } }
    }
}

fn trouble(shown: &Shown<'_>) -> Markup {
    html! {
        @if let Some(trouble) = shown.trouble {
            p.notice role="alert" { (trouble.to(shown.lang)) }
        }
    }
}

/// One unit.
pub(in crate::http) fn sheet(shown: &Shown<'_>, sheet: &Sheet) -> Markup {
    let lang = shown.lang;
    let unit = &sheet.unit;
    let own = html! {
        section #unit data-unit=(unit.id) data-stage=(unit.stage.word()) {
            p { a href=(format!("/units?lang={}", lang.tag())) { (says::EVERY_UNIT.to(lang)) } }
            h1 { (unit.id) " " span.address { (unit.inventory.case) } }
            p { (standing(shown, unit)) }
            (trouble(shown))
            @match &sheet.code {
                Some(code) => (coded(shown, unit, code)),
                None => (next(shown, sheet)),
            }
            details {
                summary { (says::DETAILS.to(lang)) }
                form method="post" action=(shown.path(unit, "/describe")) {
                    (fields(lang, &unit.inventory))
                    button.press { (says::SAVE.to(lang)) }
                }
            }
            h2 { (says::HISTORY.to(lang)) }
            ol.history {
                @for step in sheet.steps.iter().rev() {
                    li {
                        (shown.face().dated(step.at)) " " (doer(&step.by)) ": "
                        (says::deed(step.deed).to(lang))
                        @if let Some(home) = step.home { " (" (home) ")" }
                        @if !step.note.is_empty() { ": " (step.note) }
                    }
                }
            }
        }
    };
    shown.document(&own, Script::Unit)
}

/// A code, to be held before the camera.
fn coded(shown: &Shown<'_>, unit: &Unit, code: &Code) -> Markup {
    let lang = shown.lang;
    let text = code.to_string();
    html! {
        h2 { (says::SCAN.to(lang)) }
        div.qr { (picture(&text)) }
        p {
            span.clock data-left-s=(CODE_HOLDS.as_secs()) { (CODE_HOLDS.as_secs() / 60) ":00" }
            " " (commission::LEFT.to(lang)) ". " (says::SCAN_HOW.to(lang))
        }
        p.code { code #code { (text) } }
        p.standing { (sign(Sign::Paused)) span { (says::WAITS.to(lang)) } }
        p { a.press #go-on href=(shown.path(unit, "")) { (says::GO_ON.to(lang)) } }
    }
}

/// A text as a QR code: dark on light with its margin, also on a dark page.
fn picture(text: &str) -> Markup {
    let drawn = QrCode::new(text).map(|code| {
        let mut picture = code.render::<svg::Color<'_>>();
        picture.min_dimensions(320, 320).build()
    });
    let drawn = drawn.unwrap_or_default();
    // Without the declaration that an SVG file of its own begins with.
    let begins = drawn.find("<svg").unwrap_or_default();
    html! { (PreEscaped(drawn.get(begins..).unwrap_or_default())) }
}

/// Who did something: by id, or the hub by itself.
fn doer(who: &Who) -> String {
    match who {
        Who::Hub => "Nattsyn".to_owned(),
        Who::Staff(_) | Who::Unknown => who.to_string(),
    }
}

fn next(shown: &Shown<'_>, sheet: &Sheet) -> Markup {
    let lang = shown.lang;
    let unit = &sheet.unit;
    match unit.stage {
        Stage::Stock => html! {
            p { (says::CODE_BEFORE.to(lang)) }
            form method="post" action=(shown.path(unit, "/code")) {
                button.main #make-code { (says::MAKE_CODE.to(lang)) }
            }
        },
        Stage::Enrolled => html! {
            h2 { (says::CONFIRM.to(lang)) }
            p { (says::CONFIRM_HOW.to(lang)) }
            form method="post" action=(shown.path(unit, "/confirm")) {
                label { (says::FINGERPRINT.to(lang))
                    input #fingerprint name="fingerprint" required autocapitalize="characters"
                        autocomplete="off" spellcheck="false" placeholder="ABCD-2345";
                }
                button.main #confirm { (says::CONFIRM_DO.to(lang)) }
            }
            (removal(shown, unit))
        },
        Stage::Ready => html! { (installation(shown, sheet)) (removal(shown, unit)) },
        Stage::Installed => html! {
            h2 { (says::COMMISSION.to(lang)) }
            p { (says::COMMISSION_HOW.to(lang)) }
            p { a.press href=(format!("/commission/{}?lang={}", unit.id, lang.tag())) {
                (says::COMMISSION.to(lang))
            } }
            (said(shown, unit, ("/fault", says::FAULT_DO)))
            (removal(shown, unit))
        },
        Stage::Fault => html! {
            (said(shown, unit, ("/mend", says::MEND_DO)))
            (removal(shown, unit))
        },
        Stage::Removed => html! {
            h2 { (says::WIPE.to(lang)) }
            p { (says::WIPE_HOW.to(lang)) }
            (said(shown, unit, ("/wiped", says::WIPE_DO)))
        },
        Stage::Wiped => html! { p { (says::DONE.to(lang)) } },
    }
}

fn installation(shown: &Shown<'_>, sheet: &Sheet) -> Markup {
    let lang = shown.lang;
    html! {
        h2 { (says::INSTALL.to(lang)) }
        @if sheet.homes.is_empty() {
            p { (says::NO_HOMES.to(lang)) }
        } @else {
            form method="post" action=(shown.path(&sheet.unit, "/install")) {
                (checklist(lang, &says::INSTALLATION))
                label { (says::HOME.to(lang))
                    select #home name="home" required {
                        option value="" {}
                        @for (home, address) in &sheet.homes {
                            option value=(home) { (address) }
                        }
                    }
                }
                p { (says::INSTALL_HOW.to(lang)) }
                button.main #install { (says::INSTALL_DO.to(lang)) }
            }
        }
    }
}

fn removal(shown: &Shown<'_>, unit: &Unit) -> Markup {
    let lang = shown.lang;
    html! {
        details {
            summary { (says::REMOVE.to(lang)) }
            form method="post" action=(shown.path(unit, "/remove")) {
                p { (says::REMOVE_HOW.to(lang)) }
                (checklist(lang, &says::REMOVAL))
                (note(lang))
                button.press #remove { (says::REMOVE_DO.to(lang)) }
            }
        }
    }
}

/// Lines that are ticked one by one; the form does not go before all are.
fn checklist(lang: Lang, lines: &[Phrase]) -> Markup {
    html! {
        ul.checklist {
            @for line in lines {
                li { label {
                    input type="checkbox" name="ticked" value="1" required;
                    " " (line.to(lang))
                } }
            }
        }
    }
}

fn said(shown: &Shown<'_>, unit: &Unit, (what, button): (&str, Phrase)) -> Markup {
    html! {
        form method="post" action=(shown.path(unit, what)) {
            (note(shown.lang))
            button.press { (button.to(shown.lang)) }
        }
    }
}

fn note(lang: Lang) -> Markup {
    html! {
        label { (says::NOTE.to(lang)) input name="note" maxlength="100"; }
    }
}

fn fields(lang: Lang, is: &Inventory) -> Markup {
    let rows = [
        ("case", says::CASE, &is.case),
        ("owner", says::OWNER, &is.owner),
        ("supplier", says::SUPPLIER, &is.supplier),
        ("sim", says::SIM, &is.sim),
        ("contract", says::CONTRACT, &is.contract),
    ];
    html! {
        @for (name, what, value) in rows {
            label { (what.to(lang)) input name=(name) value=(value) maxlength="100"; }
        }
    }
}
