//! What a pool and a home's own part show together, and which pool goes on from which.

use nattsyn_calibration::fit::Lack;
use nattsyn_calibration::home::Never;
use nattsyn_protocol::thresholds::NEVER;

use super::super::evidence::{
    About, Bound, Evidence, Newest, Parting, Pool, bound, margin, parting,
};
use super::super::own::{Asked, OwnPart};
use super::super::words;
use super::{at, home, levels, who};

/// One home's counts: nobody far below somebody, and as many nights of each.
pub(super) fn counted(home: &str, nights: u32) -> String {
    let kind = |states: [&str; 2], bin: u32| {
        format!(
            "{{\"staged\":[{{\"state\":\"{}\",\"checks\":4,\"worst\":{bin},\"sum\":{sum},\
             \"commissioned\":4}},{{\"state\":\"{}\",\"checks\":4,\"worst\":{bin},\"sum\":{sum},\
             \"commissioned\":4}}],\"later\":null,\"trial\":[[{bin},28]],\"drawn\":[[{bin},{nights}]],\
             \"worth_thousandths\":{}}}",
            states[0],
            states[1],
            nights * 1000,
            sum = 4 * bin
        )
    };
    format!(
        "{{\"version\":1,\"home\":\"{home}\",\"nobody\":{},\"somebody\":{}}}\n",
        kind(["empty_bare", "empty_made"], 20),
        kind(["covered", "uncovered"], 55),
    )
}

fn pool(one_in: u32, homes: &[String]) -> Pool {
    Pool {
        number: 1,
        one_in,
        body: homes.concat(),
        at: at(0),
        by: who("chef-001"),
    }
}

fn pooled(homes: u32, nights: u32) -> Vec<String> {
    let home = |number| counted(&format!("pool-{number}"), nights);
    (0..homes).map(home).collect()
}

fn evidence(homes: u32, nights: u32) -> Evidence {
    Evidence::of(&pool(100, &pooled(homes, nights))).unwrap()
}

/// A home's own part with so many nights on which the bed was empty.
fn own(nights: u32) -> OwnPart {
    let line = counted("h0000001", 0);
    let line = line.replace("\"trial\":[[20,28]]", &format!("\"trial\":[[20,{nights}]]"));
    let mut homes = nattsyn_calibration::counts::read(&line).unwrap();
    OwnPart {
        unit: home(1).unit,
        model: "0a1b2c3d".to_owned(),
        since: at(0),
        counts: homes.remove(0),
        hardest: [None, None],
        undecided: 0,
        asked: Asked::default(),
        left_out: 0,
    }
}

#[test]
fn a_bound_is_said_only_of_a_home_with_an_own_part_that_the_pool_has_a_rule_for() {
    let (own, early) = (own(28), own(27));
    let (here, pair) = (About::Home(&own), levels(45, 43));
    assert_eq!(bound(None, here, pair), Bound::NoPool);
    assert_eq!(bound(None, here, levels(NEVER, 43)), Bound::NeverSaid);
    let unreadable = Newest::Unreadable(3);
    let said = unreadable.bound(here, levels(50, 43));
    assert_eq!(said, Bound::Unreadable(3), "not as if there were none");
    assert_eq!(unreadable.bound(here, levels(NEVER, 43)), Bound::NeverSaid);
    let small = evidence(5, 100);
    let lacks = bound(Some(&small), here, pair);
    assert!(matches!(lacks, Bound::NoRule(Lack::Homes { have: 5, .. })));
    let mut large = evidence(400, 300);
    for (about, why) in [
        (About::Several, Bound::Several),
        (About::Uncommissioned, Bound::NotCommissioned),
    ] {
        assert_eq!(bound(Some(&large), about, pair), why);
    }
    let on_trial = bound(Some(&large), About::Home(&early), pair);
    let nights = |it| matches!(it, Bound::NoLevel(Never::OnTrial { nights: 27, .. }));
    assert!(nights(on_trial), "{on_trial:?}");
    let kept = bound(Some(&large), here, pair);
    assert_eq!(kept, Bound::Kept { one_in: 100 });
    let Bound::Below { needs } = bound(Some(&large), here, levels(0, 43)) else {
        panic!("the lowest level keeps no promise");
    };
    let said = words::bound(Bound::Below { needs }).sv;
    assert!(said.contains(&format!("minst steg {needs}")), "{said}");
    for (level, is) in [(needs, kept), (needs - 1, Bound::Below { needs })] {
        assert_eq!(bound(Some(&large), here, levels(level, 43)), is);
    }
    assert_eq!(margin(&own, pair), Some(25));
    large.model = Some(own.model.clone());
    assert_eq!(bound(Some(&large), here, pair), kept);
    large.model = Some("ffffffff".to_owned());
    assert_eq!(bound(Some(&large), here, pair), Bound::OtherModel);
}

#[test]
fn a_newer_pool_goes_on_from_the_one_before_it_or_says_why_not() {
    let homes = pooled(3, 5);
    let before = pool(100, &homes);
    let goes_on = |one_in, homes: &[String]| {
        let homes = nattsyn_calibration::counts::read(&homes.concat()).unwrap();
        parting(Some(&before), (one_in, &homes))
    };
    assert_eq!(goes_on(100, &homes), None);
    assert_eq!(
        goes_on(100, &pooled(4, 9)),
        None,
        "more nights, and a home more"
    );
    let first = nattsyn_calibration::counts::read(&homes[0]).unwrap();
    assert_eq!(parting(None, (50, &first)), None, "there was none");
    assert_eq!(
        goes_on(50, &homes),
        Some(Parting::OneIn {
            before: 100,
            now: 50
        })
    );
    let [a, b, c] = [&homes[0], &homes[1], &homes[2]].map(Clone::clone);
    for (other, place, now) in [
        (vec![a.clone(), c.clone(), b.clone()], 2, "pool-2"),
        (vec![a.clone(), b.clone()], 3, ""),
        (vec![b, c, a], 1, "pool-1"),
    ] {
        let Some(Parting::Order {
            place: at, now: is, ..
        }) = goes_on(100, &other)
        else {
            panic!("{other:?}");
        };
        assert_eq!((at, is.as_str()), (place, now));
    }
    let with = |model: &str| {
        let of = |home: &String| {
            home.replacen(
                "\"nobody\"",
                &format!("\"model\":\"{model}\",\"nobody\""),
                1,
            )
        };
        homes.iter().map(of).collect::<Vec<String>>()
    };
    let before = pool(100, &with("0a1b2c3d"));
    let later = nattsyn_calibration::counts::read(&with("ffffffff").concat()).unwrap();
    let parted = parting(Some(&before), (100, &later));
    assert!(matches!(parted, Some(Parting::Model { .. })), "{parted:?}");
}
