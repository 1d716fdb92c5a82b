//! What the newest pool shows: its curve with the rule and what is in force, and the same as a
//! table. Where no rule stands it says why.

use maud::{Markup, html};

use nattsyn_calibration::counts::Word;
use nattsyn_calibration::fit::MARGINS;
use nattsyn_calibration::home::Never;
use nattsyn_calibration::summary::Fit;
use nattsyn_calibration::words as calibration;

use crate::settings::compare::Place;
use crate::tuning::evidence::{Bound, Evidence, Newest, margin};
use crate::tuning::words;

use super::super::super::texts::{Lang, tuning as says};
use super::{Shown, said};

/// The picture's size, in its own units.
const WIDTH: f64 = 360.0;
const HEIGHT: f64 = 200.0;
/// Room for figures on the left and right, above and below.
const LEFT: f64 = 54.0;
const RIGHT: f64 = 10.0;
const TOP: f64 = 34.0;
const FOOT: f64 = 26.0;

/// The page's part about it.
pub(super) fn section(shown: &Shown<'_>) -> Markup {
    let lang = shown.lang;
    html! {
        section #evidence {
            h2 { (says::EVIDENCE.to(lang)) }
            @match &shown.file.evidence {
                Newest::None => p.notice { (says::NO_POOL.to(lang)) },
                Newest::Unreadable(number) => p.notice data-outcome="unreadable" {
                    (said(lang, words::bound(Bound::Unreadable(*number))))
                },
                Newest::Shown(evidence) => (pool(shown, evidence)),
            }
        }
    }
}

fn pool(shown: &Shown<'_>, evidence: &Evidence) -> Markup {
    let (lang, fit) = (shown.lang, &evidence.fit);
    let side = match lang {
        Lang::Swedish => 0,
        Lang::English => 1,
    };
    let margin = match shown.place {
        Place::Home(home) => {
            let levels = shown.file.map().of_home(*home).value;
            shown.file.own.get(home).and_then(|own| margin(own, levels))
        }
        Place::Municipality | Place::Area(_) => None,
    };
    html! {
        p.promise { (calibration::promise(&fit.policy)[side]) }
        p.lasted {
            (says::POOL.to(lang)) " " (evidence.number) ": " (fit.homes) " "
            (says::POOL_HOMES.to(lang)) " " (fit.homes_visible) ". "
            (says::POOL_BY.to(lang)) " " (shown.viewer.name(&evidence.by)) ", "
            (shown.time(evidence.at)) "."
        }
        @let verdicts = [(says::VISIBLE, fit.visible), (says::NOT_VISIBLE, fit.not_visible)];
        @for (name, verdict) in verdicts {
            @if let Err(lack) = verdict {
                p.notice {
                    (name.to(lang)) ". " (says::NOTHING_SHOWN.to(lang)) " "
                    (calibration::reason(&Never::Pool(lack))[side])
                }
            }
        }
        (picture(lang, fit, margin))
        p.lasted { (says::CURVE.to(lang)) " " (says::CURVE_MEANS.to(lang)) }
        (table(lang, fit))
    }
}

/// The curve: the share of homes that can break the promise, by margin.
fn picture(lang: Lang, fit: &Fit, margin: Option<u8>) -> Markup {
    let (claim, _) = fit.policy.claim(Word::Visible);
    let x = |margin: u8| LEFT + (WIDTH - LEFT - RIGHT) * f64::from(margin) / f64::from(MARGINS);
    let y = |share: f64| TOP + (HEIGHT - TOP - FOOT) * (1.0 - share.clamp(0.0, 1.0));
    let points = fit.curve.iter();
    let points = points.map(|it| format!("{:.1},{:.1}", x(it.margin), y(it.homes_at_most)));
    let points: Vec<String> = points.collect();
    let rule = fit.visible.ok().map(|rule| (rule.margin, says::RULE, 12));
    let own = margin.map(|margin| (margin.min(MARGINS), says::IN_FORCE_MARK, 26));
    html! {
        svg.meter.curve viewBox=(format!("0 0 {WIDTH} {HEIGHT}")) role="img"
            aria-label=(says::CURVE.to(lang)) {
            @for share in [0.0, 0.5, 1.0] {
                line.grid x1=(LEFT) x2=(WIDTH) y1=(y(share)) y2=(y(share)) {}
                text.mark x=(LEFT - 6.0) y=(y(share) + 4.0) text-anchor="end" {
                    (format!("{:.0} %", 100.0 * share))
                }
            }
            @for margin in (0..MARGINS).step_by(12) {
                text.mark x=(x(margin)) y=(HEIGHT - 8.0) text-anchor="middle" { (margin) }
            }
            line.limit x1=(LEFT) x2=(WIDTH) y1=(y(claim.homes)) y2=(y(claim.homes)) {}
            polyline.line points=(points.join(" ")) {}
            @for (margin, name, at) in rule.into_iter().chain(own) {
                line.chosen-margin x1=(x(margin)) x2=(x(margin)) y1=(at + 4) y2=(y(0.0)) {}
                text.mark x=(x(margin)) y=(at) text-anchor="middle" { (name.to(lang)) }
            }
        }
    }
}

/// The same in figures.
fn table(lang: Lang, fit: &Fit) -> Markup {
    html! {
        details {
            summary { (says::TABLE.to(lang)) }
            table.curve {
                thead {
                    tr {
                        @for title in [says::MARGIN, says::HOMES_AT_MOST, says::NOT_SEEN] {
                            th scope="col" { (title.to(lang)) }
                        }
                    }
                }
                tbody {
                    @for point in &fit.curve {
                        tr {
                            th scope="row" { (point.margin) }
                            td { (says::share(lang, point.homes_at_most)) }
                            td { (says::share(lang, point.not_seen)) }
                        }
                    }
                }
            }
        }
    }
}
