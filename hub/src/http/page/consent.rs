//! A resident's consent: what holds now and why, one button for a *no*, a conversation to write
//! down, all that was written, and a note for the journal.
//!
//! Everything works without a script. The *no* stands before the form, and asks for one mark: who
//! hears a no at night must not have to look for it. Nothing is decided here.

use std::collections::BTreeSet;

use maud::{Markup, html};

use nattsyn_protocol::ids::ResidentId;
use nattsyn_protocol::policy::{Build, Looks, Mode};

use crate::agreement::file::Said;
use crate::consent::clerk::File;
use crate::consent::draft::{Draft, DraftWithdrawal, FieldFault};
use crate::consent::functions::{Pictures, Progress, UnitFunctions};
use crate::consent::{
    Capacity, Entry, Form, Household, Kind, Resumed, Scope, Verdict, What, Withdrawal, words,
};
use crate::roster::Roster;

use super::super::texts::settings::said;
use super::super::texts::{Lang, Phrase, consent as says, resident as dates};
use super::View;

/// What the page is made from.
pub(in crate::http) struct Shown<'a> {
    pub(in crate::http) resident: ResidentId,
    pub(in crate::http) name: &'a str,
    pub(in crate::http) file: &'a File,
    /// The note for the journal.
    pub(in crate::http) note: &'a str,
    /// What was typed and not written down.
    pub(in crate::http) typed: Typed,
}

/// What was typed and not written down, and why not.
#[derive(Default)]
pub(in crate::http) struct Typed {
    pub(in crate::http) draft: Draft,
    pub(in crate::http) withdrawal: DraftWithdrawal,
    pub(in crate::http) faults: Vec<FieldFault>,
    pub(in crate::http) trouble: Trouble,
}

/// What stands between what was typed and its being written down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::http) enum Trouble {
    /// Nothing.
    #[default]
    None,
    /// Fields of the conversation.
    Draft,
    /// Looks would stop, and nobody has said that they are to.
    Stops,
    /// Fields of the withdrawal.
    Withdrawal,
    /// Nobody has marked that it is to be written down.
    NotSure,
}

/// The page's own part.
pub(super) fn body(view: &View<'_>, shown: &Shown<'_>) -> Markup {
    let lang = view.lang;
    let back = format!("/residents/{}?lang={}", shown.resident, lang.tag());
    let units = &view.tonight.consent.units;
    let unit = units.get(&shown.file.unit).cloned().unwrap_or_default();
    let unit = unit.with_newest(shown.file.policy.clone());
    html! {
        section #consent {
            h1 { (says::TITLE.to(lang)) }
            p.chosen { (shown.name) }
            p { a.press href=(back) { (says::BACK.to(lang)) } }
        }
        (holds(view, shown.file, &unit))
        (functions(view, shown, &unit))
        (withdraw(view, shown))
        (record(view, shown))
        (journal(lang, shown))
        (history(view, &shown.file.entries))
        script type="module" src="/assets/copy.js" {}
    }
}

fn holds(view: &View<'_>, file: &File, unit: &UnitFunctions) -> Markup {
    let (lang, verdict) = (view.lang, &file.verdict);
    // Never more than the unit itself says that it does.
    let is_waiting =
        verdict.mode() == Mode::LiveView && unit.shows_pictures(view.tonight.now) == Pictures::None;
    let mode = if is_waiting {
        Mode::Sensor
    } else {
        verdict.mode()
    };
    html! {
        section #holds {
            h2 { (says::NOW.to(lang)) }
            p { (says::READ_ALOUD.to(lang)) }
            p.notice { (said(lang, words::aloud(mode))) }
            @if is_waiting { p { (says::NOT_YET.to(lang)) } }
            @if verdict.looks() == Looks::ByPlan && file.resumed == Resumed::Awaited {
                p.trouble { (says::LOOKS_AWAITED.to(lang)) }
            }
            @if !verdict.reasons.is_empty() {
                p { (says::WHY.to(lang)) }
                (reasons(lang, verdict))
            }
            @if let Some(review) = verdict.review {
                p { (says::REVIEWED_BY.to(lang)) " " (dates::date(lang, review)) "." }
            }
        }
    }
}

fn reasons(lang: Lang, verdict: &Verdict) -> Markup {
    html! {
        ul.changes {
            @for reason in &verdict.reasons { li { (said(lang, words::reason(*reason))) } }
        }
    }
}

fn functions(view: &View<'_>, shown: &Shown<'_>, unit: &UnitFunctions) -> Markup {
    let lang = view.lang;
    let is_awaited = shown.file.resumed == Resumed::Awaited;
    let may_send = match unit.progress() {
        Progress::Missed | Progress::AwaitsButton(_) => true,
        // A unit that took it while the hub was away says nothing of what it holds already.
        Progress::NotReceived(_) => is_awaited && unit.said.is_none(),
        Progress::NoPolicy | Progress::InForce => false,
    };
    let send = if is_awaited {
        says::ASK_AGAIN
    } else {
        says::AGAIN
    };
    html! {
        section #functions {
            h2 { (says::FUNCTIONS.to(lang)) }
            p.standing-functions { (in_words(view, unit)) }
            @if let (Progress::NotReceived(_), Some(_)) = (unit.progress(), unit.said) {
                p.notice { (says::OTHER_HELD.to(lang)) }
            }
            @match unit.said {
                None => p { (says::NO_UNIT_SAID.to(lang)) },
                Some(said_by_unit) => {
                    p {
                        @match said_by_unit.build {
                            Build::SensorOnly => (says::BUILT_SENSOR.to(lang)),
                            Build::LiveView => (says::BUILT_LIVE.to(lang)),
                        }
                    }
                    @if let Some(held) = said_by_unit.held {
                        p { (says::SAYS_NOW.to(lang)) " " (said(lang, words::mode(held.mode))) }
                    }
                }
            }
            p.meaning { (says::BUTTON.to(lang)) }
            @if may_send {
                form method="post" action=(action(view, shown, "/again")) {
                    button.press { (send.to(lang)) }
                }
            }
        }
    }
}

/// How far a unit is, in one line.
fn in_words(view: &View<'_>, unit: &UnitFunctions) -> String {
    let lang = view.lang;
    let progress = words::progress(unit, |at| view.face.show(at));
    let progress = said(lang, progress);
    match &unit.wanted {
        None => progress,
        Some((policy, _)) => {
            let version = says::VERSION.to(lang);
            let mode = said(lang, words::mode(policy.mode));
            format!("{version} {}, {mode}: {progress}", policy.version)
        }
    }
}

fn action(view: &View<'_>, shown: &Shown<'_>, which: &str) -> String {
    let tag = view.lang.tag();
    format!("/residents/{}/consent{which}?lang={tag}", shown.resident)
}

fn withdraw(view: &View<'_>, shown: &Shown<'_>) -> Markup {
    let lang = view.lang;
    let typed = &shown.typed;
    let is_open = matches!(typed.trouble, Trouble::Withdrawal | Trouble::NotSure);
    let form = Fields::new(lang, ("back", Trouble::Withdrawal), typed);
    html! {
        section #withdraw {
            h2 { (says::WITHDRAW.to(lang)) }
            p { (says::WITHDRAW_MEANS.to(lang)) }
            details open[is_open] {
                summary { (says::WITHDRAW.to(lang)) }
                (form.summary())
                @if typed.trouble == Trouble::NotSure {
                    p.trouble role="alert" { (says::SURE_FIRST.to(lang)) }
                }
                form.consent.hands method="post" action=(action(view, shown, "/withdraw")) {
                    (form.radios("what", says::WHAT_BACK, &typed.withdrawal.what,
                        Withdrawal::ALL.map(|it| (it.word(), words::withdrawal(it)))))
                    (form.radios("form", says::HOW_SAID, &typed.withdrawal.form,
                        Form::ALL.map(|it| (it.word(), words::form(it)))))
                    (form.line("by", says::WHO_SAID, None, &typed.withdrawal.by))
                    (form.text("note", says::IN_WORDS, &typed.withdrawal.note))
                    (stops_too(lang, shown))
                    (sure("back-sure", says::SURE.to(lang)))
                    button.main { (says::WITHDRAW_NOW.to(lang)) }
                }
            }
        }
    }
}

/// Whom a *no* stops beside the one who says it: every look into the room would be of both.
fn stops_too(lang: Lang, shown: &Shown<'_>) -> Markup {
    html! {
        @if !shown.file.stops_too.is_empty() {
            p.trouble {
                (says::STOPS_TOO.to(lang)) " " strong { (shown.file.stops_too.join(", ")) } ". "
                (says::STOPS_TOO_MEANS.to(lang))
            }
        }
    }
}

fn sure(id: &str, text: &str) -> Markup {
    html! {
        label for=(id) {
            input id=(id) type="checkbox" name="sure" value="yes";
            span { (text) }
        }
    }
}

fn record(view: &View<'_>, shown: &Shown<'_>) -> Markup {
    let lang = view.lang;
    let (typed, draft) = (&shown.typed, &shown.typed.draft);
    let form = Fields::new(lang, ("new", Trouble::Draft), typed);
    let is_open = matches!(typed.trouble, Trouble::Draft | Trouble::Stops);
    html! {
        section #record {
            h2 { (says::RECORD.to(lang)) }
            p { (says::RECORD_MEANS.to(lang)) }
            details open[is_open] {
                summary { (says::RECORD.to(lang)) }
                (form.summary())
                @if typed.trouble == Trouble::Stops {
                    p.trouble role="alert" { (says::STOPS.to(lang)) }
                }
                form.consent.hands method="post" action=(action(view, shown, "")) {
                    (form.marks("kinds", says::KINDS, &draft.kinds,
                        Kind::ALL.map(|it| (it.word(), words::kind(it)))))
                    (form.radios("scope", says::SCOPE, &draft.scope,
                        Scope::ALL.map(|it| (it.word(), words::scope(it)))))
                    (form.line("given_by", says::GIVEN_BY, Some(says::GIVEN_BY_HINT),
                        &draft.given_by))
                    (form.radios("form", says::HOW_SAID, &draft.form,
                        Form::ALL.map(|it| (it.word(), words::form(it)))))
                    (form.radios("household", says::HOUSEHOLD, &draft.household,
                        Household::ALL.map(|it| (it.word(), words::household(it)))))
                    (form.line("cohabitant", says::COHABITANT, None, &draft.cohabitant))
                    (form.radios("capacity", says::CAPACITY, &draft.capacity,
                        Capacity::ALL.map(|it| (it.word(), words::capacity(it)))))
                    (form.text("explored", says::EXPLORED, &draft.explored))
                    (form.text("alternatives", says::ALTERNATIVES, &draft.alternatives))
                    (form.text("informed", says::INFORMED, &draft.informed))
                    (form.line("on", says::ON, Some(says::DAY_HINT), &draft.on))
                    (form.line("review", says::REVIEW, Some(says::DAY_HINT), &draft.review))
                    @if typed.trouble == Trouble::Stops {
                        (stops_too(lang, shown))
                        (sure("new-sure", says::STOPS_SURE.to(lang)))
                    }
                    button.main { (says::WRITE.to(lang)) }
                }
            }
        }
    }
}

/// The fields of one form, each with what is wrong with it.
struct Fields<'a> {
    lang: Lang,
    /// What the ids of its fields begin with.
    form: &'static str,
    faults: Vec<&'a FieldFault>,
}

impl<'a> Fields<'a> {
    /// The fields of the form that a trouble is about, if that is what stands in the way.
    fn new(lang: Lang, (form, about): (&'static str, Trouble), typed: &'a Typed) -> Self {
        let faults = typed.faults.iter().filter(|_| typed.trouble == about);
        Self {
            lang,
            form,
            faults: faults.collect(),
        }
    }

    fn id(&self, name: &str) -> String {
        format!("{}-{name}", self.form)
    }

    fn fault(&self, name: &str) -> Option<String> {
        let mut faults = self.faults.iter().filter(|fault| fault.field == name);
        faults
            .next()
            .map(|fault| said(self.lang, fault.said.clone()))
    }

    /// All that is wrong, each with the way to its field.
    fn summary(&self) -> Markup {
        let fields: BTreeSet<&str> = self.faults.iter().map(|fault| fault.field).collect();
        html! {
            @if !fields.is_empty() {
                div.trouble role="alert" {
                    p { (says::FAULTS.to(self.lang)) }
                    ul {
                        @for field in fields {
                            li {
                                a.press href={ "#" (self.id(field)) } {
                                    (label(field).to(self.lang))
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    fn wrong(&self, name: &str) -> Markup {
        let id = format!("{}-fault", self.id(name));
        html! {
            @if let Some(fault) = self.fault(name) { p.wrong id=(id) { (fault) } }
        }
    }

    fn described(&self, name: &str) -> Option<String> {
        let fault = self.fault(name);
        fault.map(|_| format!("{}-fault", self.id(name)))
    }

    fn radios<const N: usize>(
        &self,
        name: &str,
        legend: Phrase,
        chosen: &str,
        all: [(&'static str, Said); N],
    ) -> Markup {
        let chosen = |word: &str| chosen == word;
        self.choices((name, "radio"), legend, chosen, all)
    }

    fn marks<const N: usize>(
        &self,
        name: &str,
        legend: Phrase,
        chosen: &[String],
        all: [(&'static str, Said); N],
    ) -> Markup {
        let chosen = |word: &str| chosen.iter().any(|it| it == word);
        self.choices((name, "checkbox"), legend, chosen, all)
    }

    fn choices<const N: usize>(
        &self,
        (name, kind): (&str, &str),
        legend: Phrase,
        chosen: impl Fn(&str) -> bool,
        all: [(&'static str, Said); N],
    ) -> Markup {
        html! {
            fieldset id=(self.id(name)) tabindex="-1" aria-describedby=[self.described(name)] {
                legend { (legend.to(self.lang)) }
                (self.wrong(name))
                @for (word, text) in all {
                    @let id = format!("{}-{word}", self.id(name));
                    label for=(id) {
                        input id=(id) type=(kind) name=(name) value=(word)
                            checked[chosen(word)];
                        span { (said(self.lang, text)) }
                    }
                }
            }
        }
    }

    fn line(&self, name: &str, label: Phrase, hint: Option<Phrase>, typed: &str) -> Markup {
        let id = self.id(name);
        html! {
            div.field {
                label for=(id) { span { (label.to(self.lang)) } }
                @if let Some(hint) = hint { p.meaning { (hint.to(self.lang)) } }
                (self.wrong(name))
                input id=(id) type="text" name=(name) value=(typed) maxlength="120"
                    aria-invalid=[self.fault(name).map(|_| "true")]
                    aria-describedby=[self.described(name)];
            }
        }
    }

    fn text(&self, name: &str, label: Phrase, typed: &str) -> Markup {
        let id = self.id(name);
        html! {
            div.field {
                label for=(id) { span { (label.to(self.lang)) } }
                (self.wrong(name))
                textarea id=(id) name=(name) rows="3" maxlength="2000"
                    aria-invalid=[self.fault(name).map(|_| "true")]
                    aria-describedby=[self.described(name)] { (typed) }
            }
        }
    }
}

/// What a field is called where its fault is named.
fn label(field: &str) -> Phrase {
    match field {
        "kinds" => says::KINDS,
        "form" => says::HOW_SAID,
        "scope" => says::SCOPE,
        "given_by" => says::GIVEN_BY,
        "cohabitant" => says::COHABITANT,
        "household" => says::HOUSEHOLD,
        "capacity" => says::CAPACITY,
        "explored" => says::EXPLORED,
        "alternatives" => says::ALTERNATIVES,
        "informed" => says::INFORMED,
        "on" => says::ON,
        "review" => says::REVIEW,
        "what" => says::WHAT_BACK,
        "by" => says::WHO_SAID,
        _ => says::IN_WORDS,
    }
}

fn journal(lang: Lang, shown: &Shown<'_>) -> Markup {
    let note = format!("/residents/{}/consent/note", shown.resident);
    html! {
        @if !shown.note.is_empty() {
            section #journal {
                h2 { (says::NOTE.to(lang)) }
                p #journal-means { (says::NOTE_MEANS.to(lang)) }
                textarea #note.note lang="sv" readonly rows="12" aria-labelledby="journal-means" {
                    (shown.note)
                }
                div.ways {
                    button.press type="button" hidden data-copy="note"
                        data-copied=(says::COPIED.to(lang)) { (says::COPY.to(lang)) }
                    a.press href=(note) { (says::NOTE_TEXT.to(lang)) }
                }
            }
        }
    }
}

fn history(view: &View<'_>, entries: &[Entry]) -> Markup {
    let lang = view.lang;
    html! {
        section #history {
            h2 { (says::HISTORY.to(lang)) }
            @if entries.is_empty() { p { (says::NO_HISTORY.to(lang)) } }
            @else { ol.rows { @for entry in entries.iter().rev() { (row(view, entry)) } } }
        }
    }
}

fn row(view: &View<'_>, entry: &Entry) -> Markup {
    let lang = view.lang;
    let tell = |text: Said| said(lang, text);
    html! {
        li.row {
            span.when { (dates::date(lang, entry.on)) }
            span.who {
                @match &entry.what {
                    What::Given(given) => {
                        (says::GAVE.to(lang)) " " (tell(words::kind(given.kind)))
                    }
                    What::Withdrawn(withdrawn) => {
                        strong {
                            (says::TOOK_BACK.to(lang)) " " (tell(words::withdrawal(withdrawn.what)))
                        }
                    }
                    What::Household(household) => {
                        (says::LIVES_THERE.to(lang)) " " (tell(words::household(*household)))
                    }
                }
            }
            span.detail {
                @match &entry.what {
                    What::Given(given) => {
                        (tell(words::form(given.form))) ", " (says::BY.to(lang)) " "
                        (given.given_by) "; " (tell(words::scope(given.scope))) "; "
                        (says::REVIEWED_BY.to(lang)) " " (dates::date(lang, given.review)) "; "
                    }
                    What::Withdrawn(withdrawn) => {
                        (tell(words::form(withdrawn.form))) ", " (says::BY.to(lang)) " "
                        (withdrawn.by) "; "
                        @if !withdrawn.note.is_empty() { "”" (withdrawn.note) "”; " }
                    }
                    What::Household(_) => {}
                }
                (says::TAKEN_BY.to(lang)) " " (entry.taker.name) ", " (view.time(entry.at))
            }
        }
    }
}

/// Everybody, with what may be done about them.
pub(super) fn everybody(
    lang: Lang,
    (roster, verdicts): (&Roster, &[(ResidentId, Verdict)]),
) -> Markup {
    html! {
        section #consents {
            h1 { (says::ALL_TITLE.to(lang)) }
            @if verdicts.is_empty() { p { (says::NOBODY.to(lang)) } }
            ul.rows {
                @for (resident, verdict) in verdicts {
                    @let person = roster.person(*resident);
                    li.row {
                        span.who {
                            a href=(format!("/residents/{resident}/consent?lang={}", lang.tag())) {
                                strong { (person.name) }
                            }
                            " " span.address { (person.address) }
                        }
                        span.standing { span { (said(lang, words::mode(verdict.mode()))) } }
                        div.detail { (reasons(lang, verdict)) }
                    }
                }
            }
        }
    }
}

/// For a resident's page: what holds, in one line, and the way to more.
pub(super) fn summary(view: &View<'_>, resident: ResidentId) -> Markup {
    let lang = view.lang;
    let address = format!("/residents/{resident}/consent?lang={}", lang.tag());
    let is_unrecorded = view.tonight.consent.unrecorded.contains(&resident);
    html! {
        section #consent {
            h2 { (says::TITLE.to(lang)) }
            @if is_unrecorded {
                p.notice { (said(lang, words::reason(crate::consent::Reason::NotRecorded))) }
            }
            p { a.press href=(address) { (says::TO_CONSENT.to(lang)) } }
        }
    }
}

/// For the page of tonight, below what needs somebody now: of how many nothing is written
/// down.
pub(super) fn unrecorded(view: &View<'_>) -> Markup {
    let lang = view.lang;
    let count = view.tonight.consent.unrecorded.len();
    html! {
        @if count > 0 {
            p.notice {
                (says::UNRECORDED.to(lang)) " " (count) ". "
                a href=(format!("/consents?lang={}", lang.tag())) { (says::TO_ALL.to(lang)) }
            }
        }
    }
}
