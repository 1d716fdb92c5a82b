//! The report's pictures, drawn as SVG: a line over margins, with its limit.

use std::fmt::Write as _;

use crate::counts::Word;
use crate::fit::MARGINS;
use crate::summary::{Fit, Point};

const WIDTH: f64 = 640.0;
const HEIGHT: f64 = 300.0;
/// Room for numbers on the left and below.
const EDGE: f64 = 48.0;

/// The share of homes that would break the promise, at most, by margin.
pub(super) fn risk(fit: &Fit) -> String {
    let (claim, _) = fit.policy.claim(Word::Visible);
    drawn(
        fit,
        |point| point.homes_at_most,
        Some(claim.homes),
        "Högsta andel bostäder som bryter löftet, efter marginal (logodds). Streckad: vad som får \
         återstå. Gäller alla punkter samtidigt och när man än tittar.",
        "At most this share of homes breaks the promise, by margin (log-odds). Dashed: what may \
         remain. Holds for all points at once and whenever one looks.",
    )
}

/// The share of checks with somebody there that would not be visible, by margin.
pub(super) fn unseen(fit: &Fit) -> String {
    drawn(
        fit,
        |point| point.not_seen,
        None,
        "Andel tillfällen med någon i sängen som inte skulle bli ”synlig”, efter marginal: vad \
         försiktigheten kostar.",
        "Share of checks with somebody there that would not be visible, by margin: what caution \
         costs.",
    )
}

fn drawn(
    fit: &Fit,
    value: fn(&Point) -> f64,
    limit: Option<f64>,
    swedish: &str,
    english: &str,
) -> String {
    let x = |margin: u8| EDGE + (WIDTH - EDGE - 12.0) * f64::from(margin) / f64::from(MARGINS);
    let y = |share: f64| HEIGHT - EDGE - (HEIGHT - EDGE - 12.0) * share.clamp(0.0, 1.0);
    let mut svg = format!(
        "<figure><svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{swedish}\">\n\
         <g stroke=\"#999\" fill=\"#1a1a1a\" font-size=\"13\">\n"
    );
    for tenth in [0_u8, 25, 50, 75, 100] {
        let at = y(f64::from(tenth) / 100.0);
        writeln!(
            svg,
            "<line x1=\"{EDGE}\" x2=\"{WIDTH}\" y1=\"{at:.1}\" y2=\"{at:.1}\" stroke-width=\".5\"/>\
             <text stroke=\"none\" x=\"4\" y=\"{:.1}\">{tenth} %</text>",
            at + 4.0
        )
        .expect("a String takes any text");
    }
    for margin in (0..MARGINS).step_by(8) {
        writeln!(
            svg,
            "<text stroke=\"none\" x=\"{:.1}\" y=\"{:.1}\">{}</text>",
            x(margin) - 4.0,
            HEIGHT - EDGE + 20.0,
            margin / 4
        )
        .expect("a String takes any text");
    }
    svg.push_str("</g>\n");
    if let Some(limit) = limit {
        let at = y(limit);
        svg.push_str(&format!(
            "<line x1=\"{EDGE}\" x2=\"{WIDTH}\" y1=\"{at:.1}\" y2=\"{at:.1}\" stroke=\"#8a1c1c\" \
             stroke-dasharray=\"6 4\"/>\n"
        ));
    }
    let points = fit
        .curve
        .iter()
        .map(|point| format!("{:.1},{:.1}", x(point.margin), y(value(point))));
    let points: Vec<String> = points.collect();
    svg.push_str(&format!(
        "<polyline fill=\"none\" stroke=\"#12507b\" stroke-width=\"2.5\" points=\"{}\"/>\n",
        points.join(" ")
    ));
    if let Ok(rule) = fit.visible {
        let at = x(rule.margin);
        svg.push_str(&format!(
            "<line x1=\"{at:.1}\" x2=\"{at:.1}\" y1=\"12\" y2=\"{:.1}\" stroke=\"#1d6b35\" \
             stroke-width=\"2\"/>\n<text x=\"{:.1}\" y=\"24\" font-size=\"13\" fill=\"#1d6b35\">vald\
             </text>\n",
            HEIGHT - EDGE,
            at + 4.0
        ));
    }
    svg.push_str(&format!(
        "</svg><figcaption>{swedish}<br><span class=\"en\" lang=\"en\">{english}</span>\
         </figcaption></figure>\n"
    ));
    svg
}
