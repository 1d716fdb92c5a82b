//! Files of agreements: exact round trips, and errors that say where, what and what to do.

use jiff::civil::date;
use proptest::prelude::*;

use nattsyn_protocol::calendar::Days;
use nattsyn_protocol::ids::WindowKey;

use super::*;
use crate::agreement::{AgreedWindow, Fallback, How, Offset, TemporaryWindows, Then, VisitReason};

const CSV: &str = "\
row;resident;window;days;from;to;how;reason;note;review
plan;r0000001;;;;;;;;2027-05-01
window;r0000001;1;;23:00;23:45;;;;
window;r0000001;2;mon tue;03:00;03:45;visit;help;toalettbesök;
";

fn said(text: &str, format: Format) -> String {
    let errors = read(text, format).unwrap_err();
    let errors: Vec<String> = errors.iter().map(LineError::to_string).collect();
    errors.join("\n")
}

#[test]
fn a_table_from_a_swedish_spreadsheet_is_read() {
    let read = read(
        &format!("\u{feff}{}", CSV.replace('\n', "\r\n")),
        Format::Csv,
    )
    .unwrap();
    let agreement = &read[0].agreement;
    assert_eq!((read.len(), read[0].line), (1, 2));
    assert_eq!(agreement.review, Some(date(2027, 5, 1)));
    assert_eq!(agreement.windows[0].how, How::Looks(Vec::new()));
    let visit = How::Visit(VisitReason::Help, "toalettbesök".to_owned());
    assert_eq!(agreement.windows[1].how, visit);
    assert_eq!(agreement.windows[1].days.to_string(), "mon tue");
    assert_eq!(agreement.offset, Offset::Spread);
}

#[test]
fn every_wrong_cell_of_a_table_is_named_with_line_column_and_remedy() {
    for (from, to, parts) in [
        (
            "23:00",
            "elva",
            [
                "rad 3, from:",
                "\"elva\" är inget klockslag; skriv som 23:00",
            ],
        ),
        (
            "mon tue",
            "mån",
            ["rad 4, days:", "är ingen dag; skriv mon tue"],
        ),
        (
            "visit;help",
            "visit;",
            ["rad 4, reason:", "behöver ett skäl; skriv något av help"],
        ),
        (
            "visit;help",
            "visit;lat",
            ["rad 4, reason:", "skriv något av help, declined"],
        ),
        (
            "visit;help",
            "looks;help",
            ["rad 4, reason:", "hör bara till ett besök"],
        ),
        (
            "visit;help;toalettbesök",
            "visit;other;",
            ["rad 2:", "skriv i note vilket"],
        ),
        (
            "23:45;;;;",
            "23:45;;;;2026-01-01",
            ["rad 3, review:", "hör till en rad av slaget plan"],
        ),
        (
            "2027-05-01",
            "i maj",
            ["rad 2, review:", "är inget datum; skriv som 2026-11-21"],
        ),
        (
            "plan;r0000001",
            "plan;r1",
            ["rad 2, resident:", "åtta tecken"],
        ),
        (
            "plan;",
            "plans;",
            ["rad 2, row:", "skriv något av plan, window, temporary"],
        ),
        (
            "review\n",
            "reviw\n",
            ["rad 1, reviw:", "kolumnen finns inte; de som finns är row"],
        ),
        (
            "row;resident",
            "row;note",
            ["rad 1, resident:", "kolumnen saknas"],
        ),
        (
            "03:00;03:45",
            "23:15;00:15",
            ["rad 2:", "1 och 2 går in i varandra; flytta det ena"],
        ),
        (
            "23:45",
            "23:05",
            ["rad 2:", "är 300 s långt men försöken behöver 930 s"],
        ),
        (
            "window;r0000001;2",
            "temporary;r0000001;2",
            ["rad 2, temporary_first:", "fyll i"],
        ),
    ] {
        let text = CSV.replacen(from, to, 1);
        assert_ne!(text, CSV, "{from}");
        let said = said(&text, Format::Csv);
        for part in parts {
            assert!(
                said.contains(part),
                "{from} -> {to}: {part:?} is not in\n{said}"
            );
        }
        assert!(said.contains("\n  line "), "no English in\n{said}");
    }
}

#[test]
fn all_errors_of_a_file_are_said_at_once() {
    let text = CSV.replacen("23:00", "elva", 1).replacen("03:00", "tre", 1);
    let errors = read(&text, Format::Csv).unwrap_err();
    let lines: Vec<u64> = errors.iter().map(|error| error.line).collect();
    assert_eq!(lines, [3, 4]);
}

#[test]
fn a_person_with_two_plans_or_none_is_pointed_out() {
    let twice = format!("{CSV}plan;r0000001;;;;;;;;\n");
    assert!(said(&twice, Format::Csv).contains("rad 5, resident: samma person har redan"));
    let none = CSV.replacen("plan;r0000001;;;;;;;;2027-05-01\n", "", 1);
    assert!(said(&none, Format::Csv).contains("rad 2, row: personen har tidsintervall men"));
    assert!(said("", Format::Csv).contains("filen har ingen plan"));
    assert!(said("{\"plans\": []}", Format::Json).contains("filen har ingen plan"));
}

const JSON: &str = r#"{
  "plans": [
    {
      "resident": "r0000001",
      "windows": [
        { "key": 1, "from": "23:00", "to": "23:45" },
        { "key": 2, "from": "03:00", "to": "03:45", "days": ["fri"],
          "visit": { "reason": "help" } }
      ]
    },
    {
      "resident": "r0000002",
      "windows": []
    }
  ]
}
"#;

#[test]
fn every_wrong_plan_of_a_json_file_is_named_with_its_line() {
    let both = read(JSON, Format::Json).unwrap();
    let lines: Vec<u64> = both.iter().map(|read| read.line).collect();
    assert_eq!(lines, [3, 11]);
    for (from, to, parts) in [
        ("\"23:00\"", "\"elva\"", ["rad 6:", "kan inte läsas"]),
        ("[\"fri\"]", "[\"fre\"]", ["rad 7:", "\"fre\" is no day"]),
        ("\"help\"", "\"lat\"", ["rad 8:", "unknown variant `lat`"]),
        (
            "\"windows\": []",
            "\"window\": []",
            ["rad 13:", "unknown field `window`"],
        ),
        (
            "r0000002",
            "r0000001",
            ["rad 11, resident:", "har redan en plan på rad 3"],
        ),
        ("\"23:45\"", "\"23:05\"", ["rad 3:", "är 300 s långt"]),
        (
            "\"visit\"",
            "\"looks_after_s\": [0], \"visit\"",
            ["rad 3, windows:", "både egna försök"],
        ),
        (
            "\"plans\": [",
            "\"plans\": [7, ",
            ["rad 1, plans:", "is no object"],
        ),
        ("  ]\n}", "  ]\n", ["rad 17:", "kan inte läsas"]),
    ] {
        let text = JSON.replacen(from, to, 1);
        assert_ne!(text, JSON, "{from}");
        let said = said(&text, Format::Json);
        for part in parts {
            assert!(
                said.contains(part),
                "{from} -> {to}: {part:?} is not in\n{said}"
            );
        }
    }
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        "[=+@'-]?[a-zåäö ,;\"\n]{0,20}",
        "\\PC{0,20}",
    ]
}

fn any_how() -> impl Strategy<Value = How> {
    let reason = prop::sample::select(vec![
        VisitReason::Help,
        VisitReason::Declined,
        VisitReason::Unsuitable,
    ]);
    prop_oneof![
        prop::sample::subsequence(vec![60u32, 300, 600], 0..3)
            .prop_map(|after| How::Looks([0].into_iter().chain(after).collect())),
        Just(How::Looks(Vec::new())),
        (reason, any_text()).prop_map(|(reason, note)| How::Visit(reason, note)),
    ]
}

fn any_windows() -> impl Strategy<Value = Vec<AgreedWindow>> {
    let window = (1u8..0b111_1111, any_how(), 0i8..10);
    prop::collection::vec(window, 0..4).prop_map(|windows| {
        let all = windows.into_iter().zip(0i8..);
        all.map(|((days, how, minute), place)| AgreedWindow {
            key: WindowKey(place.unsigned_abs() + 1),
            from: jiff::civil::time((21 + 2 * place) % 24, minute, 0, 0),
            to: jiff::civil::time((21 + 2 * place) % 24, 59, minute, 0),
            days: (0..7)
                .filter(|day| days >> day & 1 == 1)
                .map(|day| jiff::civil::Weekday::from_monday_zero_offset(day).unwrap())
                .collect::<Days>(),
            how,
        })
        .collect()
    })
}

prop_compose! {
    fn any_agreement()(
        windows in any_windows(),
        temporary in prop::option::of((any_windows(), any_text(), 0i64..30)),
        offset in prop::option::of(0u32..60),
        (review, trial, first) in any::<(bool, bool, bool)>(),
        (phone, answer) in (any::<bool>(), prop::option::of(1u16..360)),
        fallback in prop::sample::select(vec![Fallback::Visit, Fallback::Phone, Fallback::Nothing]),
        wishes in any_text(),
        places in prop::collection::vec(prop::collection::vec([0f32..1.0, 0f32..1.0], 3..6), 0..3),
    ) -> Agreement {
        let day = date(2026, 11, 21);
        Agreement {
            offset: offset.map_or(Offset::Spread, Offset::Fixed),
            looks_after_s: vec![0, 120, 300],
            windows,
            temporary: temporary.map(|(windows, reason, days)| TemporaryWindows {
                first: day,
                last: day.checked_add(jiff::Span::new().days(days)).unwrap(),
                reason,
                windows,
            }),
            places,
            first_night: first.then_some(day),
            trial_until: trial.then_some(date(2027, 1, 31)),
            review: review.then_some(date(2027, 5, 1)),
            then: if phone { Then::PhoneThenVisit } else { Then::Visit },
            answer_within_min: answer,
            fallback,
            wishes,
            ..Agreement::bare("r0000001".parse().unwrap(), "Europe/Stockholm")
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_reads_back_as_the_very_same(agreement in any_agreement()) {
        let body = to_body(&agreement);
        let kept = of_body(&body);
        prop_assert_eq!(kept.as_ref(), Some(&agreement));
        for format in [Format::Csv, Format::Json] {
            let text = write(&[&agreement], format);
            match read(&text, format) {
                Ok(read) => prop_assert_eq!(&read[0].agreement, &agreement, "{}", text),
                Err(errors) => prop_assert!(false, "{:?}\n{}", errors, text),
            }
        }
    }

    #[test]
    fn arbitrary_text_is_errors_not_a_panic(text in "(row;resident;window\n)?\\PC{0,200}") {
        for format in [Format::Csv, Format::Json] {
            drop(read(&text, format));
        }
    }
}

#[test]
fn a_text_that_begins_like_a_formula_is_guarded_in_the_table() {
    let mut agreement = Agreement::bare("r0000001".parse().unwrap(), "Europe/Stockholm");
    agreement.wishes = "=HYPERLINK(\"x\")".to_owned();
    assert!(write(&[&agreement], Format::Csv).contains("\"'=HYPERLINK"));
}
