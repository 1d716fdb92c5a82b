//! The table form: a row of kind `plan` for each resident, and a row for each window.
//!
//! Made for a spreadsheet: commas or semicolons, times as 23:00, days as `mon tue`, texts
//! guarded against being run as formulas. A column that a row's kind does not use stays empty.

use std::collections::BTreeMap;
use std::str::FromStr;

use csv::StringRecord;
use jiff::civil::{Date, Time};

use nattsyn_protocol::ids::{ResidentId, WindowKey};

use super::form::{FallbackForm, ReasonForm, ThenForm, usual_looks, usual_zone};
use super::{LineError, Read, Said, texts};
use crate::agreement::{AgreedWindow, Agreement, How, Offset, TemporaryWindows, VisitReason};

/// Columns of every row.
const EVERY: [&str; 2] = ["row", "resident"];
/// Columns of a window, and of a temporary one.
const OF_WINDOW: [&str; 7] = ["window", "days", "from", "to", "how", "reason", "note"];
/// A column of both: a window may have looks of its own.
const OF_BOTH: [&str; 1] = ["looks_after_s"];
/// Columns of a plan.
const OF_PLAN: [&str; 13] = [
    "zone",
    "offset_s",
    "first_night",
    "trial_until",
    "review",
    "then",
    "answer_within_min",
    "fallback",
    "wishes",
    "temporary_first",
    "temporary_last",
    "temporary_reason",
    "places",
];

fn columns() -> impl Iterator<Item = &'static str> {
    EVERY
        .into_iter()
        .chain(OF_WINDOW)
        .chain(OF_BOTH)
        .chain(OF_PLAN)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Plan,
    Window,
    Temporary,
}

/// One record, with where it stands and everything that is wrong with it.
struct Row<'a> {
    line: u64,
    record: StringRecord,
    places: &'a BTreeMap<String, usize>,
    errors: Vec<LineError>,
}

/// A resident's rows as far as they were read.
#[derive(Default)]
struct Draft {
    plan: Option<(u64, Agreement)>,
    windows: Vec<AgreedWindow>,
    temporary: Vec<AgreedWindow>,
    first_line: u64,
}

/// What could be read, and what could not.
pub(super) fn read(text: &str) -> (Vec<Read>, Vec<LineError>) {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter(text))
        .from_reader(text.as_bytes());
    let mut records = reader.records();
    let places = match records.next() {
        Some(Ok(header)) => match places(&header) {
            Ok(places) => places,
            Err(errors) => return (Vec::new(), errors),
        },
        Some(Err(error)) => return (Vec::new(), vec![unreadable(&error)]),
        None => return (Vec::new(), Vec::new()),
    };
    let mut drafts: BTreeMap<ResidentId, Draft> = BTreeMap::new();
    let mut order: Vec<ResidentId> = Vec::new();
    let mut errors = Vec::new();
    let mut lines = Lines::of(text);
    for record in records {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                errors.push(unreadable(&error));
                continue;
            }
        };
        let line = lines.at(&record);
        if record.iter().all(|field| field.trim().is_empty()) {
            continue;
        }
        let mut row = Row {
            line,
            record,
            places: &places,
            errors: Vec::new(),
        };
        row.take(&mut drafts, &mut order);
        errors.append(&mut row.errors);
    }
    let mut read = Vec::new();
    for resident in order {
        let Some(draft) = drafts.remove(&resident) else {
            continue;
        };
        match draft.finish() {
            Ok(agreement) => read.push(agreement),
            // Whatever is wrong with the plan's own row has been said already.
            Err(error) if errors.is_empty() => errors.push(error),
            Err(_) => {}
        }
    }
    (read, errors)
}

/// Finds the lines on which records begin. The reader's own count is one too low where lines end
/// as on Windows: it takes a record to begin before the line feed.
struct Lines<'a> {
    rest: &'a [u8],
    passed: usize,
    line: u64,
}

impl<'a> Lines<'a> {
    fn of(text: &'a str) -> Self {
        Self {
            rest: text.as_bytes(),
            passed: 0,
            line: 1,
        }
    }

    /// Records are asked for in order.
    fn at(&mut self, record: &StringRecord) -> u64 {
        let begin = record.position().map_or(0, csv::Position::byte);
        let begin = usize::try_from(begin).unwrap_or(usize::MAX);
        while let Some((byte, rest)) = self.rest.split_first() {
            if self.passed >= begin && !matches!(byte, b'\r' | b'\n') {
                break;
            }
            self.line += u64::from(*byte == b'\n');
            self.passed += 1;
            self.rest = rest;
        }
        self.line
    }
}

impl Draft {
    fn finish(self) -> Result<Read, LineError> {
        let Some((line, mut agreement)) = self.plan else {
            return Err(LineError::new(self.first_line, "row", texts::no_plan_row()));
        };
        agreement.windows = self.windows;
        match &mut agreement.temporary {
            Some(temporary) => temporary.windows = self.temporary,
            None if !self.temporary.is_empty() => {
                let said = texts::no_temporary_nights();
                return Err(LineError::new(line, "temporary_first", said));
            }
            None => {}
        }
        Ok(Read { line, agreement })
    }
}

impl Row<'_> {
    fn take(&mut self, drafts: &mut BTreeMap<ResidentId, Draft>, order: &mut Vec<ResidentId>) {
        let kind = self.kind();
        let resident: Option<ResidentId> = self.required("resident", texts::resident);
        let (Some(kind), Some(resident)) = (kind, resident) else {
            return;
        };
        self.refuse_others(kind);
        let draft = drafts.entry(resident).or_insert_with(|| {
            order.push(resident);
            Draft::default()
        });
        if draft.first_line == 0 {
            draft.first_line = self.line;
        }
        match kind {
            Kind::Plan => {
                if let Some((first, _)) = &draft.plan {
                    self.fault("resident", texts::twice(*first));
                }
                draft.plan = Some((self.line, self.plan(resident)));
            }
            Kind::Window => draft.windows.extend(self.window()),
            Kind::Temporary => draft.temporary.extend(self.window()),
        }
    }

    fn kind(&mut self) -> Option<Kind> {
        match self.field("row") {
            "plan" => Some(Kind::Plan),
            "window" => Some(Kind::Window),
            "temporary" => Some(Kind::Temporary),
            other => {
                let said = texts::not_one_of(other, &["plan", "window", "temporary"]);
                self.fault("row", said);
                None
            }
        }
    }

    /// A value in a column that the row's kind does not use would be lost.
    fn refuse_others(&mut self, kind: Kind) {
        let (others, belongs): (&[&str], _) = match kind {
            Kind::Plan => (&OF_WINDOW, "window"),
            Kind::Window | Kind::Temporary => (&OF_PLAN, "plan"),
        };
        for column in others {
            if !self.field(column).is_empty() {
                self.fault(column, texts::other_rows_column(belongs));
            }
        }
    }

    fn plan(&mut self, resident: ResidentId) -> Agreement {
        let zone = match self.field("zone") {
            "" => usual_zone(),
            zone => zone.to_owned(),
        };
        let mut agreement = Agreement::bare(resident, &zone);
        agreement.offset = self
            .optional("offset_s", texts::number)
            .map_or(Offset::Spread, Offset::Fixed);
        agreement.looks_after_s = match self.numbers("looks_after_s") {
            looks if looks.is_empty() => usual_looks(),
            looks => looks,
        };
        agreement.first_night = self.optional("first_night", texts::date);
        agreement.trial_until = self.optional("trial_until", texts::date);
        agreement.review = self.optional("review", texts::date);
        let then = self.word("then", ThenForm::of_word, ThenForm::WORDS);
        agreement.then = then.map_or(agreement.then, Into::into);
        agreement.answer_within_min = self.optional("answer_within_min", texts::number);
        let fallback = self.word("fallback", FallbackForm::of_word, FallbackForm::WORDS);
        agreement.fallback = fallback.map_or(agreement.fallback, Into::into);
        agreement.wishes = self.text("wishes");
        agreement.places = self.sleeping_places();
        let first: Option<Date> = self.optional("temporary_first", texts::date);
        let last: Option<Date> = self.optional("temporary_last", texts::date);
        let reason = self.text("temporary_reason");
        agreement.temporary = match (first, last) {
            (Some(first), Some(last)) => Some(TemporaryWindows {
                first,
                last,
                reason,
                windows: Vec::new(),
            }),
            (None, None) if reason.is_empty() => None,
            _ => {
                self.fault("temporary_first", texts::both_ends());
                None
            }
        };
        agreement
    }

    fn window(&mut self) -> Option<AgreedWindow> {
        let key: Option<u8> = self.required("window", texts::window_key);
        let from: Option<Time> = self.required("from", texts::time);
        let to: Option<Time> = self.required("to", texts::time);
        let days = match self.field("days") {
            "" => Ok(nattsyn_protocol::calendar::Days::EVERY),
            days => days.parse(),
        };
        if let Err(error) = &days {
            self.fault("days", texts::day(&error.0));
        }
        let how = self.how();
        Some(AgreedWindow {
            key: WindowKey(key?),
            from: from?,
            to: to?,
            days: days.ok()?,
            how: how?,
        })
    }

    fn how(&mut self) -> Option<How> {
        let looks = self.numbers("looks_after_s");
        match self.field("how") {
            "" | "looks" => {
                for column in ["reason", "note"] {
                    if !self.field(column).is_empty() {
                        self.fault(column, texts::reason_without_visit());
                    }
                }
                Some(How::Looks(looks))
            }
            "visit" => {
                if !looks.is_empty() {
                    self.fault("looks_after_s", texts::visit_with_looks());
                }
                let reason = self.word("reason", ReasonForm::of_word, ReasonForm::WORDS);
                if reason.is_none() && self.field("reason").is_empty() {
                    self.fault("reason", texts::visit_without_reason(ReasonForm::WORDS));
                }
                let reason: VisitReason = reason?.into();
                Some(How::Visit(reason, self.text("note")))
            }
            other => {
                let said = texts::not_one_of(other, &["looks", "visit"]);
                self.fault("how", said);
                None
            }
        }
    }

    fn field(&self, column: &str) -> &str {
        let place = self.places.get(column);
        let field = place.and_then(|place| self.record.get(*place));
        field.unwrap_or_default().trim()
    }

    /// A text as it was written, without the guard against formulas.
    fn text(&self, column: &str) -> String {
        let place = self.places.get(column);
        let field = place.and_then(|place| self.record.get(*place));
        let field = field.unwrap_or_default();
        field.strip_prefix('\'').unwrap_or(field).to_owned()
    }

    fn required<T: FromStr>(&mut self, column: &str, said: fn(&str) -> Said) -> Option<T> {
        let field = self.field(column);
        let parsed = field.parse().ok();
        if parsed.is_none() {
            let said = said(field);
            self.fault(column, said);
        }
        parsed
    }

    fn optional<T: FromStr>(&mut self, column: &str, said: fn(&str) -> Said) -> Option<T> {
        if self.field(column).is_empty() {
            return None;
        }
        self.required(column, said)
    }

    fn word<W>(
        &mut self,
        column: &str,
        of_word: fn(&str) -> Option<W>,
        words: &[&str],
    ) -> Option<W> {
        let field = self.field(column);
        if field.is_empty() {
            return None;
        }
        let word = of_word(field);
        if word.is_none() {
            let said = texts::not_one_of(field, words);
            self.fault(column, said);
        }
        word
    }

    fn numbers(&mut self, column: &str) -> Vec<u32> {
        let field = self.field(column);
        let numbers: Result<Vec<u32>, _> = field.split_whitespace().map(str::parse).collect();
        match numbers {
            Ok(numbers) => numbers,
            Err(_) => {
                let said = texts::numbers(field);
                self.fault(column, said);
                Vec::new()
            }
        }
    }

    fn sleeping_places(&mut self) -> Vec<Vec<[f32; 2]>> {
        let field = self.field("places");
        if field.is_empty() {
            return Vec::new();
        }
        match serde_json::from_str(field) {
            Ok(places) => places,
            Err(_) => {
                self.fault("places", texts::places());
                Vec::new()
            }
        }
    }

    fn fault(&mut self, column: &str, said: Said) {
        self.errors.push(LineError::new(self.line, column, said));
    }
}

/// Swedish spreadsheets write semicolons; what the first line has more of counts.
fn delimiter(text: &str) -> u8 {
    let header = text.lines().next().unwrap_or_default();
    let count = |c: char| header.chars().filter(|found| *found == c).count();
    if count(';') > count(',') { b';' } else { b',' }
}

fn places(header: &StringRecord) -> Result<BTreeMap<String, usize>, Vec<LineError>> {
    let mut places = BTreeMap::new();
    let mut errors = Vec::new();
    for (place, name) in header.iter().enumerate() {
        let name = name.trim();
        if name.is_empty() {
            continue;
        }
        if !columns().any(|known| known == name) {
            let known: Vec<&str> = columns().collect();
            errors.push(LineError::new(1, name, texts::no_such_column(&known)));
        } else if places.insert(name.to_owned(), place).is_some() {
            errors.push(LineError::new(1, name, texts::column_twice()));
        }
    }
    for needed in EVERY {
        if !places.contains_key(needed) {
            errors.push(LineError::new(1, needed, texts::no_column()));
        }
    }
    if errors.is_empty() {
        Ok(places)
    } else {
        Err(errors)
    }
}

fn unreadable(error: &csv::Error) -> LineError {
    let line = error.position().map_or(1, csv::Position::line);
    LineError::new(line, "", texts::unreadable(&error.to_string()))
}

pub(super) fn write(agreements: &[&Agreement]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut record = |row: &BTreeMap<&str, String>| {
        let fields = columns().map(|column| row.get(column).map_or("", String::as_str));
        // Into memory: nothing can fail but the memory itself.
        writer.write_record(fields).ok();
    };
    record(
        &columns()
            .map(|column| (column, column.to_owned()))
            .collect(),
    );
    for agreement in agreements {
        record(&plan_row(agreement));
        for window in &agreement.windows {
            record(&window_row(agreement, window, "window"));
        }
        for window in agreement.temporary.iter().flat_map(|t| &t.windows) {
            record(&window_row(agreement, window, "temporary"));
        }
    }
    let bytes = writer.into_inner().unwrap_or_default();
    String::from_utf8(bytes).unwrap_or_default()
}

fn plan_row(agreement: &Agreement) -> BTreeMap<&'static str, String> {
    let date = |date: Option<Date>| date.map(|date| date.to_string()).unwrap_or_default();
    let temporary = agreement.temporary.as_ref();
    let places = match agreement.places.as_slice() {
        [] => String::new(),
        places => serde_json::to_string(places).unwrap_or_default(),
    };
    let answer = agreement.answer_within_min.map(|min| min.to_string());
    let reason = temporary.map_or("", |t| t.reason.as_str());
    BTreeMap::from([
        ("row", "plan".to_owned()),
        ("resident", agreement.resident.to_string()),
        ("zone", agreement.zone.clone()),
        (
            "offset_s",
            match agreement.offset {
                Offset::Spread => String::new(),
                Offset::Fixed(seconds) => seconds.to_string(),
            },
        ),
        ("looks_after_s", joined(&agreement.looks_after_s)),
        ("first_night", date(agreement.first_night)),
        ("trial_until", date(agreement.trial_until)),
        ("review", date(agreement.review)),
        ("then", ThenForm::from(agreement.then).word().to_owned()),
        ("answer_within_min", answer.unwrap_or_default()),
        (
            "fallback",
            FallbackForm::from(agreement.fallback).word().to_owned(),
        ),
        ("wishes", guarded(&agreement.wishes)),
        ("temporary_first", date(temporary.map(|t| t.first))),
        ("temporary_last", date(temporary.map(|t| t.last))),
        ("temporary_reason", guarded(reason)),
        ("places", places),
    ])
}

fn window_row(
    agreement: &Agreement,
    window: &AgreedWindow,
    kind: &str,
) -> BTreeMap<&'static str, String> {
    let mut row = BTreeMap::from([
        ("row", kind.to_owned()),
        ("resident", agreement.resident.to_string()),
        ("window", window.key.0.to_string()),
        ("days", window.days.to_string()),
        ("from", time_of_day(window.from)),
        ("to", time_of_day(window.to)),
    ]);
    match &window.how {
        How::Looks(looks) => {
            row.insert("how", "looks".to_owned());
            row.insert("looks_after_s", joined(looks));
        }
        How::Visit(reason, note) => {
            row.insert("how", "visit".to_owned());
            row.insert("reason", ReasonForm::from(*reason).word().to_owned());
            row.insert("note", guarded(note));
        }
    }
    row
}

/// As people write it; with seconds only if there are any.
fn time_of_day(time: Time) -> String {
    let text = time.to_string();
    match text.strip_suffix(":00") {
        Some(short) => short.to_owned(),
        None => text,
    }
}

fn joined(numbers: &[u32]) -> String {
    let numbers: Vec<String> = numbers.iter().map(u32::to_string).collect();
    numbers.join(" ")
}

/// A text that a spreadsheet takes for a text: one that begins like a formula, or with the guard
/// itself, gets an apostrophe before it, which reading takes away.
fn guarded(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\'']) {
        format!("'{text}")
    } else {
        text.to_owned()
    }
}
