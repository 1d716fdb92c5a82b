//! That tired eyes can read the page: every colour of the style sheet against every ground.

use super::super::PAGE_CSS;

#[test]
fn every_ink_can_be_read_on_every_ground() {
    let colours = colours(PAGE_CSS);
    let of = |kind: &str| -> Vec<(&String, &[f64; 3])> {
        colours
            .iter()
            .filter(|(name, _)| name.starts_with(kind))
            .map(|(n, c)| (n, c))
            .collect()
    };
    let (grounds, inks, edges) = (of("ground"), of("ink"), of("edge"));
    assert!(grounds.len() >= 4 && inks.len() >= 5 && edges.len() >= 3);
    for (ground, dark) in &grounds {
        // WCAG 2.1: 1.4.3 for text, 1.4.11 for what is no text.
        for (pairs, least) in [(&inks, 4.5), (&edges, 3.0)] {
            for (name, light) in pairs {
                let ratio = contrast(light, dark);
                println!("{name} on {ground}: {ratio:.1}");
                assert!(ratio >= least, "{name} on {ground}: {ratio:.2} < {least}");
            }
        }
    }
}

#[test]
fn no_colour_escapes_the_contrast_test() {
    let rules = &PAGE_CSS[PAGE_CSS.find('}').unwrap()..];
    assert!(!rules.contains("rgb") && !rules.contains("hsl") && !rules.contains("opacity"));
    for line in rules.lines() {
        for declaration in line.split([';', '{', '}']).map(str::trim) {
            let Some((property, value)) = declaration.split_once(':') else {
                continue;
            };
            let kinds: &[&str] = match property {
                "color" | "stroke" => &["var(--ink", "currentColor"],
                "background" => &["var(--ground"],
                _ => continue,
            };
            let value = value.trim();
            assert!(
                kinds.iter().any(|kind| value.starts_with(kind)),
                "{declaration}"
            );
        }
    }
}

/// The custom properties of `:root` that are colours.
fn colours(css: &str) -> Vec<(String, [f64; 3])> {
    let root = css
        .split(":root")
        .nth(1)
        .unwrap()
        .split('}')
        .next()
        .unwrap();
    let channel = |hex: &str, i: usize| {
        f64::from(u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap()) / 255.0
    };
    let declarations = root
        .split(';')
        .filter_map(|line| line.trim().split_once(": #"));
    declarations
        .map(|(name, hex)| {
            let name = name.rsplit("--").next().unwrap().to_owned();
            (name, [0, 1, 2].map(|i| channel(hex, i)))
        })
        .collect()
}

/// WCAG 2.1, "contrast ratio" and "relative luminance".
fn contrast(one: &[f64; 3], other: &[f64; 3]) -> f64 {
    let linear = |c: f64| {
        if c <= 0.040_45 {
            c / 12.92
        } else {
            ((c + 0.055) / 1.055).powf(2.4)
        }
    };
    let luminance =
        |[r, g, b]: &[f64; 3]| 0.2126 * linear(*r) + 0.7152 * linear(*g) + 0.0722 * linear(*b);
    let (a, b) = (luminance(one), luminance(other));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[test]
fn contrast_is_computed_as_the_guideline_does() {
    assert!((contrast(&[0.0; 3], &[1.0; 3]) - 21.0).abs() < 1e-9);
    let grey = [f64::from(0x77) / 255.0; 3];
    assert!((contrast(&grey, &[1.0; 3]) - 4.48).abs() < 0.005);
}
