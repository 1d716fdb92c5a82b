//! A night of the ledger as a table to download: CSV by RFC 4180, one line a check, one before
//! them all if the night does not balance, and one after them for each row about no check.
//!
//! Commas, CRLF, quotes where needed, and a heading. It begins with a byte-order mark, because
//! Excel otherwise reads å, ä and ö as something else; whatever else reads UTF-8 skips it. A cell
//! that a spreadsheet would run as a formula gets an apostrophe before it: a name is never more
//! than a name. Times are local with their offset.

use crate::view::Ending;
use crate::view::ledger::{
    Account, Apart, Balance, ContradictionLine, ExceptionLine, Handled, Line, Mistake, NightLedger,
    Room, account_word,
};
use crate::watch::How;
use crate::watch::situation::Situation;
use nattsyn_protocol::time::Timestamp;

use super::clockface::Clockface;
use super::texts::{self, Lang, hands, ledger};

/// UTF-8's byte-order mark.
const BYTE_ORDER_MARK: &str = "\u{feff}";

/// The whole table at a moment.
pub(super) fn csv(night: &NightLedger, face: &Clockface, lang: Lang, now: Timestamp) -> String {
    let head = ledger::columns(lang).map(str::to_owned);
    let lines = night.lines.iter().map(|line| row(line, face, lang, now));
    let apart = night.apart.iter();
    let apart = apart.map(|apart| row_apart(night, apart, face, lang));
    let balance = Balance::of(night, now);
    let alarm = (!balance.holds()).then(|| unbalanced(night, &balance, lang));
    written(std::iter::once(head).chain(alarm).chain(lines).chain(apart))
}

/// Rows of as many cells each as text, in the one form that all tables of the page have.
pub(super) fn written<const CELLS: usize>(rows: impl Iterator<Item = [String; CELLS]>) -> String {
    format!("{BYTE_ORDER_MARK}{}", written_on(rows))
}

/// The same for what follows in a table that is sent piece by piece.
pub(super) fn written_on<const CELLS: usize>(
    rows: impl Iterator<Item = [String; CELLS]>,
) -> String {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    for row in rows {
        let cells = row.iter().map(|cell| harmless(cell));
        writer
            .write_record(cells)
            .expect("every row has as many cells as the heading, and memory takes them");
    }
    let bytes = writer.into_inner().unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Cells of a line, as many as [`ledger::columns`] names.
type Row = [String; 21];

/// The code, where an outcome's stands, of the row that says that the table is not whole.
const UNBALANCED: &str = "unbalanced";

/// The row before all others in a night that does not balance: whoever reads only the table must
/// not take it for the whole night.
fn unbalanced(night: &NightLedger, balance: &Balance, lang: Lang) -> Row {
    let mut row = Row::default();
    row[0] = night.night.to_string();
    row[2] = ledger::UNBALANCED.to(lang).to_owned();
    row[9] = format!(
        "{} {} {}; {} {}; {} {}; {} {}",
        ledger::BALANCES_NOT.to(lang),
        balance.planned,
        ledger::PLANNED.to(lang),
        ledger::LINES_MISSING.to(lang),
        balance.missing(),
        ledger::LINES_UNPLANNED.to(lang),
        balance.unplanned(),
        balance.unaccounted,
        ledger::WITHOUT_OUTCOME.to(lang),
    );
    row[10] = UNBALANCED.to_owned();
    row
}

fn row(line: &Line, face: &Clockface, lang: Lang, now: Timestamp) -> Row {
    let account = line.account(now);
    let outcome = match account {
        Account::Ended(how) => texts::how(how),
        Account::Open(cause) => texts::cause(cause),
        Account::Awaited => ledger::NOT_YET,
        Account::Unaccounted => ledger::HOLE,
    };
    let (outcome_at, came_at) = settled_at(line, account);
    let time = |at: Option<Timestamp>| at.map(|at| face.local(at)).unwrap_or_default();
    let manner = ledger::manner(line.manner).map(|text| text.to(lang));
    [
        line.id.night.to_string(),
        line.id.to_string(),
        line.person.name.clone(),
        line.person.address.clone(),
        face.local(line.opens),
        face.local(line.deadline),
        manner.unwrap_or_default().to_owned(),
        line.plan.map(|plan| plan.to_string()).unwrap_or_default(),
        line.unit.to_string(),
        outcome.to(lang).to_owned(),
        account_word(account),
        time(outcome_at),
        time(came_at),
        looks(line, face),
        exceptions(&line.exceptions, face),
        changes(line, face),
        words(line, face),
        answer_by(&line.exceptions, face),
        situations(line),
        contradictions(line, face),
        handled(&line.exceptions, face),
    ]
}

/// What was about no check: no check is named, and nothing of a window or a look.
fn row_apart(night: &NightLedger, apart: &Apart, face: &Clockface, lang: Lang) -> Row {
    let rows = std::slice::from_ref(&apart.row);
    let (outcome, code, at) = match apart.row.ended {
        Some((at, ending)) => (texts::ending(ending), ending_word(ending), face.local(at)),
        None => {
            let cause = apart.row.cause;
            (
                texts::cause(cause),
                account_word(Account::Open(cause)),
                String::new(),
            )
        }
    };
    let situation = Situation::of(apart.row.cause, apart.row.punctuality);
    let mut row = Row::default();
    row[0] = night.night.to_string();
    row[2].clone_from(&apart.person.name);
    row[3].clone_from(&apart.person.address);
    row[9] = outcome.to(lang).to_owned();
    row[10] = code;
    row[11].clone_from(&at);
    row[12] = at;
    row[14] = exceptions(rows, face);
    row[16] = joined(mistaken(apart.row.mistaken.as_ref(), face).into_iter());
    row[17] = answer_by(rows, face);
    row[18] = situation.map_or(String::new(), |it| it.word().to_owned());
    row[20] = handled(rows, face);
    row
}

/// The code of how a row ended.
fn ending_word(ending: Ending) -> String {
    let word = match ending {
        Ending::LaterVisible => "later_visible",
        Ending::LateReport => "late_report",
        Ending::HeardAgain => "heard_again",
        Ending::CalledOff => "called_off",
        Ending::Said(said) => said.word(),
    };
    word.to_owned()
}

/// That a death was a mistake, as a word beside what people said.
fn mistaken(mistake: Option<&Mistake>, face: &Clockface) -> Option<String> {
    let Mistake { by, at } = mistake?;
    Some(format!("{} mistaken ({by})", face.local(*at)))
}

/// When the check was settled, and when the hub learned of it.
fn settled_at(line: &Line, account: Account) -> (Option<Timestamp>, Option<Timestamp>) {
    match (account, line.words.last(), line.outcome) {
        (Account::Ended(How::Said(_)), Some(word), _) => (Some(word.at), Some(word.at)),
        (Account::Ended(_), _, Some(outcome)) => (Some(outcome.at), Some(outcome.came)),
        (Account::Ended(_), _, None)
        | (Account::Open(_) | Account::Awaited | Account::Unaccounted, _, _) => (None, None),
    }
}

fn joined(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join("; ")
}

fn looks(line: &Line, face: &Clockface) -> String {
    let looks = line.looks.iter();
    joined(looks.map(|look| format!("{} {} {}", look.look, face.local(look.at), look.finding)))
}

/// What came by the number of a report that counts, and does not count itself: as a look is
/// written, and when it came.
fn contradictions(line: &Line, face: &Clockface) -> String {
    joined(line.contradictions.iter().map(|other| {
        let ContradictionLine { look, room, .. } = other;
        let more = match room {
            Room::ForMore => "",
            Room::ForNone => " no_more_kept",
        };
        let (at, came) = (face.local(look.at), face.local(look.came));
        format!("{} {at} {}/{came}{more}", look.look, look.finding)
    }))
}

/// What people did about the exceptions that the check was in.
fn handled(rows: &[ExceptionLine], face: &Clockface) -> String {
    let handled = rows.iter().flat_map(|row| &row.handled);
    joined(handled.map(|Handled { at, event }| {
        let did = hands::did(Lang::Swedish, event, |at| face.local(at));
        format!("{} {did}", face.local(*at))
    }))
}

fn exceptions(rows: &[ExceptionLine], face: &Clockface) -> String {
    joined(rows.iter().map(|row| {
        let ended = row.ended.map(|(at, _)| face.local(at)).unwrap_or_default();
        format!("{} {}/{ended}", row.cause, face.local(row.opened))
    }))
}

fn changes(line: &Line, face: &Clockface) -> String {
    joined(line.altered.iter().map(|altered| {
        let what = ledger::alteration(altered.what).to(Lang::Swedish);
        format!(
            "{} {what} ({}) {}",
            face.local(altered.at),
            altered.by,
            altered.why
        )
    }))
}

fn words(line: &Line, face: &Clockface) -> String {
    let words = line.words.iter();
    let words =
        words.map(|word| format!("{} {} ({})", face.local(word.at), word.said.word(), word.by));
    joined(words.chain(mistaken(line.mistaken.as_ref(), face)))
}

/// By when an answer was agreed, for each time that somebody was asked.
fn answer_by(rows: &[ExceptionLine], face: &Clockface) -> String {
    joined(rows.iter().filter_map(|row| {
        let within = row.agreed.as_ref()?.answer_within?;
        Some(face.local(row.opened.after(within)))
    }))
}

/// The situations that the line was in, by their words in the reference; how often, where that is
/// counted.
fn situations(line: &Line) -> String {
    joined(line.situations().into_iter().map(|situation| {
        let word = situation.word();
        if situation == Situation::ReportRepeated {
            format!("{word} {}", line.repeats)
        } else {
            word.to_owned()
        }
    }))
}

/// The cell, so that no spreadsheet runs it (OWASP, "CSV injection").
fn harmless(cell: &str) -> String {
    match cell.chars().next() {
        Some('=' | '+' | '-' | '@' | '\t' | '\r' | '\n' | '＝' | '＋' | '－' | '＠') => {
            format!("'{cell}")
        }
        Some(_) | None => cell.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_that_would_be_a_formula_is_only_a_cell() {
        for cell in ["=1+1", "+46", "-2", "@SUM(A1)", "\t=1", "\r=1"] {
            assert_eq!(harmless(cell), format!("'{cell}"));
        }
        assert_eq!(harmless("Åsa =1"), "Åsa =1");
        assert_eq!(harmless(""), "");
    }
}
