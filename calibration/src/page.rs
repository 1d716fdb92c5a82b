//! The report on a pool: one self-contained page with pictures, and the same as text.
//!
//! Swedish first, English beside it. Numbers come from [`crate::summary`]; here they only get words
//! and places. The page fetches nothing and holds no script.

mod picture;

use std::fmt::Write as _;

use crate::counts::HomeCounts;
use crate::fit::{Policy, Rule, Verdict};
use crate::home::{Never, Pair};
use crate::summary::{Fit, WorstState};
use crate::words;

/// The report as text.
#[must_use]
pub fn text(fit: &Fit, homes: &[HomeCounts]) -> String {
    let mut text = String::new();
    for [swedish, english] in findings(fit, homes) {
        let swedish = with_commas(&swedish);
        text.push_str(&format!("{swedish}\n    {english}\n"));
    }
    text.push_str("\nmargin  homes that break it, at most  with somebody there and not visible\n");
    for point in &fit.curve {
        let per_cent = |share: f64| format!("{:.1} %", 100.0 * share);
        text.push_str(&format!(
            "{:>6}  {:>29}  {:>35}\n",
            format!("{:.2}", f64::from(point.margin) / 4.0),
            per_cent(point.homes_at_most),
            per_cent(point.not_seen),
        ));
    }
    text
}

/// The report as a page.
#[must_use]
pub fn html(fit: &Fit, homes: &[HomeCounts]) -> String {
    let mut page = String::from(
        "<!doctype html>\n<html lang=\"sv\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <title>Nattsyn: gränser och löftet</title>\n<style>\
         body{font:1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;\
         color:#1a1a1a;background:#fff}table{border-collapse:collapse}td,th{padding:.2rem .8rem;\
         text-align:left;border-bottom:1px solid #ccc}.en{color:#444;font-style:italic}\
         svg{max-width:100%;height:auto}figure{margin:2rem 0}</style></head><body><main>\n\
         <h1>Gränser som håller ett löfte</h1>\n<p class=\"en\" lang=\"en\">Thresholds that keep a \
         promise</p>\n",
    );
    for [swedish, english] in findings(fit, homes) {
        let (swedish, english) = (escaped(&with_commas(&swedish)), escaped(&english));
        page.push_str(&format!(
            "<p>{swedish}<br><span class=\"en\" lang=\"en\">{english}</span></p>\n"
        ));
    }
    page.push_str(&picture::risk(fit));
    page.push_str(&picture::unseen(fit));
    page.push_str(&table(fit, homes));
    page.push_str("</main></body></html>\n");
    page
}

/// What there is to say, each sentence in Swedish and English.
fn findings(fit: &Fit, homes: &[HomeCounts]) -> Vec<[String; 2]> {
    let mut all = vec![words::promise(&fit.policy), evidence(fit)];
    all.push(verdict("synlig", "visible", &fit.visible));
    all.push(verdict("syns inte", "not visible", &fit.not_visible));
    all.push(limits(&fit.policy));
    if let Some(unclear) = fit.unclear {
        let [mean, from, to] = [unclear.mean, unclear.from, unclear.to].map(|x| 100.0 * x);
        all.push([
            format!(
                "Väntad andel oklara tillfällen: {mean:.1} % ({from:.1} till {to:.1} %, bostäder som \
                 enheter)."
            ),
            format!(
                "Expected share of unclear checks: {mean:.1} % ({from:.1} to {to:.1} %, homes as \
                 clusters)."
            ),
        ]);
    }
    all.extend(fit.worst_state.as_ref().map(worst));
    let silent = homes
        .iter()
        .filter(|home| fit.pair(home).visible.is_err())
        .count();
    all.push([
        format!(
            "Bostäder där ”synlig” aldrig sägs: {silent} av {}.",
            homes.len()
        ),
        format!(
            "Homes in which visible is never said: {silent} of {}.",
            homes.len()
        ),
    ]);
    all
}

fn evidence(fit: &Fit) -> [String; 2] {
    let Fit {
        homes,
        homes_visible,
        homes_not_visible,
        ..
    } = fit;
    [
        format!(
            "{homes} bostäder har lämnat underlag; {homes_visible} räknas för ”synlig” och \
             {homes_not_visible} för ”syns inte”. En bostad är en dragning."
        ),
        format!(
            "{homes} homes gave evidence; {homes_visible} count for visible and {homes_not_visible} \
             for not visible. A home is one draw."
        ),
    ]
}

fn verdict(swedish: &str, english: &str, verdict: &Verdict) -> [String; 2] {
    match verdict {
        Ok(Rule { floor, margin }) => {
            let margin = f64::from(*margin) / 4.0;
            [
                format!(
                    "”{swedish}”: gränsen ligger {margin:.2} logodds från vad som är vanligt i \
                     bostaden, aldrig under steg {floor}."
                ),
                format!(
                    "{english}: the threshold stands {margin:.2} log-odds from what is typical in \
                     the home, never below level {floor}."
                ),
            ]
        }
        Err(lack) => {
            let [why, why_english] = words::reason(&Never::Pool(*lack));
            [
                format!("”{swedish}” sägs inte i någon bostad: {why}"),
                format!("{english} is said in no home: {why_english}"),
            ]
        }
    }
}

fn limits(policy: &Policy) -> [String; 2] {
    let (missed, sure) = (100.0 * policy.missed, 100.0 * policy.missed_confidence);
    [
        format!("”Syns inte” med någon där: högst {missed:.1} %, {sure:.0} % säkert."),
        format!("Not visible with somebody there: at most {missed:.1} %, {sure:.0} % confidence."),
    ]
}

fn worst(worst: &WorstState) -> [String; 2] {
    let WorstState {
        state,
        homes,
        erring,
        at_most,
    } = worst;
    let at_most = 100.0 * at_most;
    let (swedish, english) = words::state(*state);
    [
        format!(
            "Värsta iscensatta läget: {swedish}. {erring} av {homes} bostäder skulle ha sagt \
             ”synlig” utan att se till sitt eget värsta; högst {at_most:.1} % med 95 % säkerhet."
        ),
        format!(
            "Worst staged state: {english}. {erring} of {homes} homes would have said visible \
             without their own worst; at most {at_most:.1} % with 95 % confidence."
        ),
    ]
}

/// Every home with its pair.
fn table(fit: &Fit, homes: &[HomeCounts]) -> String {
    let mut table = String::from(
        "<h2>Bostäder <span class=\"en\" lang=\"en\">Homes</span></h2><table><thead><tr>\
         <th>Bostad</th><th>Synlig från</th><th>Syns inte under</th><th>Varför inte</th></tr>\
         </thead><tbody>\n",
    );
    for home in homes {
        let pair = fit.pair(home);
        let (upper, lower) = pair.scores();
        let score = |score: Option<f64>| {
            score.map_or("–".to_owned(), |score| {
                format!("{score:.3}").replace('.', ",")
            })
        };
        writeln!(
            table,
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            escaped(&home.home),
            score(upper),
            score(lower),
            escaped(&why_not(&pair)),
        )
        .expect("a String takes any text");
    }
    table.push_str("</tbody></table>\n");
    table
}

fn why_not(pair: &Pair) -> String {
    match &pair.visible {
        Ok(_) => String::new(),
        Err(never) => {
            let [swedish, _] = words::reason(never);
            swedish
        }
    }
}

/// Swedish numbers: a point between digits is a comma.
fn with_commas(text: &str) -> String {
    let all: Vec<char> = text.chars().collect();
    let digit = |at: usize| all.get(at).is_some_and(char::is_ascii_digit);
    let of = |(at, one): (usize, &char)| match one {
        '.' if at > 0 && digit(at - 1) && digit(at + 1) => ',',
        _ => *one,
    };
    all.iter().enumerate().map(of).collect()
}

/// Text as HTML shows it.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_swedish_and_sentences_keep_their_points() {
        assert_eq!(
            with_commas("6.25 av 3. Högst 0.5 %."),
            "6,25 av 3. Högst 0,5 %."
        );
    }

    #[test]
    fn a_page_fetches_nothing_and_escapes_what_it_was_given() {
        let homes = [HomeCounts::nothing("<b>&\"")];
        let page = html(&Fit::of(Policy::default(), &homes), &homes);
        assert!(page.contains("&lt;b&gt;&amp;&quot;") && !page.contains("<b>"));
        for word in ["http", "src=", "<script", "url("] {
            assert!(!page.contains(word), "{word}");
        }
        assert!(
            page.contains("ingen bostad i poolen har gått igenom provtiden"),
            "{page}"
        );
    }
}
