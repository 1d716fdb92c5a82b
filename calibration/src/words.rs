//! Why a home has the thresholds that it has, in plain Swedish.
//!
//! The texts a unit manager reads: what is promised, what it rests on, what sets the threshold
//! here, and what it would take. English, for the report's other half, stands beside each.

use std::fmt::Write as _;

use crate::counts::{HomeCounts, State, Word};
use crate::fit::{Lack, Policy};
use crate::grid;
use crate::home::{Level, Never, Pair, SetBy};
use crate::summary::Fit;

/// The promise, in Swedish and English.
#[must_use]
pub fn promise(policy: &Policy) -> [String; 2] {
    let (one_in, sure) = (policy.one_in, 100.0 * policy.confidence);
    [
        format!(
            "Av tillsynstillfällen då ingen är där slutar högst 1 av {one_in} som ”synlig”, räknat \
             över tillfällets alla försök. Det gäller bostaden själv och är {sure:.0} % säkert."
        ),
        format!(
            "Of checks with nobody there, at most 1 in {one_in} ends as “visible”, over all looks of \
             the check. This is said of the home itself, with {sure:.0} % confidence."
        ),
    ]
}

/// Why this home has its pair: a paragraph of plain Swedish.
#[must_use]
pub fn explained(fit: &Fit, home: &HomeCounts) -> String {
    let pair = fit.pair(home);
    let mut text = format!("Bostad {}\n\n{}\n\n", home.home, promise(&fit.policy)[0]);
    text.push_str(&heading(&pair));
    text.push_str("\n\n");
    text.push_str(&of_word(Word::Visible, &pair.visible, home));
    text.push('\n');
    text.push_str(&of_word(Word::NotVisible, &pair.not_visible, home));
    writeln!(
        text,
        "\nUnderlaget: {} bostäder i poolen räknas för ”synlig” och {} för ”syns inte”, av {} \
         inlämnade. Här i bostaden: {} iscensatta tillfällen utan någon och {} med, {} nätter utan \
         någon och {} med, provtiden medräknad.",
        fit.homes_visible,
        fit.homes_not_visible,
        fit.homes,
        home.nobody.commissioned(),
        home.somebody.commissioned(),
        home.nobody
            .trial
            .total()
            .saturating_add(home.nobody.drawn.total()),
        home.somebody
            .trial
            .total()
            .saturating_add(home.somebody.drawn.total()),
    )
    .expect("a String takes any text");
    text
}

fn heading(pair: &Pair) -> String {
    match pair.scores() {
        (Some(upper), Some(lower)) => format!(
            "”Synlig” sägs från {} och ”syns inte” under {}. Däremellan säger enheten ”oklart”.",
            number(upper),
            number(lower.min(upper)),
        ),
        (Some(upper), None) => format!(
            "”Synlig” sägs från {}. ”Syns inte” sägs aldrig här; allt annat är ”oklart”.",
            number(upper)
        ),
        (None, Some(lower)) => format!(
            "”Synlig” sägs aldrig här. ”Syns inte” sägs under {}; allt annat är ”oklart”.",
            number(lower)
        ),
        (None, None) => "Enheten säger ”oklart” om varje tillfälle i den här bostaden.".to_owned(),
    }
}

fn of_word(word: Word, level: &Result<Level, Never>, home: &HomeCounts) -> String {
    let name = match word {
        Word::Visible => "”Synlig”",
        Word::NotVisible => "”Syns inte”",
    };
    match level {
        Ok(level) => format!("{name}: {}\n", set_by(word, level, home)),
        Err(never) => format!("{name} sägs inte: {}\n", reason(never)[0]),
    }
}

fn set_by(word: Word, level: &Level, home: &HomeCounts) -> String {
    let worst = home.worst(word).map_or(0, |bin| bin.reached());
    let own = match word {
        Word::Visible => "högsta värde med tom säng",
        Word::NotVisible => "lägsta värde med någon i sängen",
    };
    match level.set_by {
        SetBy::Floor => "gränsen är den lägsta som används i någon bostad. Här är den försiktig \
                         redan så, för värdena i bostaden ligger långt ifrån den."
            .to_owned(),
        SetBy::Margin => "gränsen ligger så långt från vad som är vanligt i bostaden som poolen \
                          visar att det behövs."
            .to_owned(),
        SetBy::OwnWorst => format!(
            "gränsen är satt av bostadens eget {own} (steg {worst} av {}). Egna värden kan bara göra \
             gränsen försiktigare.",
            grid::LEVELS
        ),
    }
}

/// Why a word is never said, in Swedish and English.
#[must_use]
pub fn reason(never: &Never) -> [String; 2] {
    match never {
        Never::OnTrial { staged, nights } => [
            format!(
                "provtiden pågår. {staged} av {} iscensatta tillfällen och {nights} av {} nätter är \
                 klara.",
                crate::counts::STAGED,
                crate::counts::TRIAL
            ),
            format!("on trial: {staged} staged checks and {nights} nights are done."),
        ],
        Never::Pool(lack) => of_lack(lack),
        Never::OwnTooHigh(_) => [
            "bostadens egna värden gör att gränsen hamnar ovanför alla värden. Se över kamerans \
             plats och ljuset, och driftgodkänn på nytt."
                .to_owned(),
            "the home's own scores put the threshold above every score. Look at the camera's place \
             and the light, and commission anew."
                .to_owned(),
        ],
        Never::Changed => [
            "värdena liknar inte längre dem som bostaden prövades med (flyttad kamera, ny säng, \
             annat ljus). Driftgodkänn på nytt."
                .to_owned(),
            "scores no longer look like those of the trial (a moved camera, a new bed, other light). \
             Commission anew."
                .to_owned(),
        ],
    }
}

fn of_lack(lack: &Lack) -> [String; 2] {
    match lack {
        Lack::Homes {
            have,
            need: Some(need),
        } => [
            format!(
                "underlaget är för litet. {have} bostäder räcker inte; det behövs minst {need} med \
                 lika många tillfällen, om ingen av dem visar fel."
            ),
            format!(
                "too little evidence. {have} homes are not enough; it takes at least {need} with as \
                 many checks, if none of them errs."
            ),
        ],
        Lack::Homes { need: None, .. } => [
            "ingen bostad i poolen har gått igenom provtiden och sedan lämnat tillfällen."
                .to_owned(),
            "no home of the pool has finished its trial and given checks since.".to_owned(),
        ],
        Lack::Errors { have, erring } => [
            format!(
                "{erring} av {have} bostäder visar fel även med den största marginalen. Fler \
                 bostäder hjälper inte; se över märkningen och modellen."
            ),
            format!(
                "{erring} of {have} homes err even at the widest margin. More homes do not help; \
                 look at the labels and the model."
            ),
        ],
    }
}

/// A score in Swedish: with a comma.
fn number(score: f64) -> String {
    format!("{score:.3}").replace('.', ",")
}

/// A staged state, in Swedish and English.
#[must_use]
pub fn state(state: State) -> (&'static str, &'static str) {
    match state {
        State::EmptyBare => ("tom, utan täcke", "empty, bare"),
        State::EmptyMade => ("tom, bäddad", "empty, made"),
        State::EmptyHeaped => ("tom, täcket i en hög", "empty, heaped"),
        State::EmptyJustLeft => ("tom, nyss lämnad", "empty, just left"),
        State::Uncovered => ("i sängen utan täcke", "in bed, uncovered"),
        State::HalfCovered => ("i sängen, halvt täckt", "in bed, half covered"),
        State::Covered => ("i sängen under täcket", "in bed, under the duvet"),
        State::OnTheEdge => ("på sängkanten", "on the edge"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_home_that_is_never_visible_says_why_in_swedish() {
        let home = HomeCounts::nothing("h1");
        let text = explained(
            &Fit::of(Policy::default(), std::slice::from_ref(&home)),
            &home,
        );
        assert!(
            text.contains("”Synlig” sägs inte: provtiden pågår. 0 av 8"),
            "{text}"
        );
        assert!(text.contains("högst 1 av 100"), "{text}");
    }

    #[test]
    fn too_small_a_pool_says_how_many_homes_it_takes() {
        let [swedish, english] = of_lack(&Lack::Homes {
            have: 12,
            need: Some(340),
        });
        assert!(swedish.contains("minst 340") && english.contains("at least 340"));
    }
}
