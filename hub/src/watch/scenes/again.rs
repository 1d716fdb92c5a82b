//! Looks that an operator asked for before a live view: beside the plan, and worth a *visible*.

use nattsyn_protocol::finding::{Fault, Reason};
use nattsyn_protocol::grant::FIRST_LOOK_AGAIN;

use super::*;

const UNCLEAR: Finding = Finding::Unclear(Reason::Several);

/// A check whose last look was unclear, so that somebody may ask to look again.
fn unclear() -> Scene {
    let mut scene = Scene::new();
    scene.until(s(15, 5)).report(s(15, 6), 5, UNCLEAR);
    assert_eq!(scene.open(s(15, 6)), [Cause::Unclear(Reason::Several)]);
    scene
}

#[test]
fn a_look_again_that_sees_somebody_inside_the_window_ends_the_row() {
    let mut scene = unclear();
    scene.report(s(20, 0), FIRST_LOOK_AGAIN, Finding::Visible);
    assert_eq!(scene.open(s(20, 0)), []);
    assert_eq!(scene.endings(s(20, 0)), [Ending::LaterVisible]);
}

#[test]
fn a_look_again_that_sees_nobody_changes_nothing_and_is_shown() {
    for finding in [UNCLEAR, ABSENT, Finding::Technical(Fault::Dark)] {
        let mut scene = unclear();
        scene.report(s(20, 0), FIRST_LOOK_AGAIN, finding);
        assert_eq!(scene.open(s(20, 0)), [Cause::Unclear(Reason::Several)]);
        let tonight = scene.tonight(s(20, 0));
        let looks = &tonight.checks[0].looks;
        assert_eq!(looks.last().unwrap().finding, finding);
        assert_eq!(tonight.matters, [], "it is not outside the plan");
    }
}

#[test]
fn a_look_again_after_the_window_is_shown_as_it_saw_and_ends_nothing() {
    let mut scene = unclear();
    scene.report(s(50, 0), FIRST_LOOK_AGAIN, Finding::Visible);
    assert_eq!(scene.open(s(50, 0)), [Cause::Unclear(Reason::Several)]);
    let tonight = scene.tonight(s(50, 0));
    let shown = tonight.checks[0].looks.last().unwrap().finding;
    assert_eq!(shown, Finding::Visible);
}

#[test]
fn a_look_again_stands_in_for_no_look_of_the_plan() {
    let mut scene = Scene::new();
    scene
        .until(s(0, 5))
        .report(s(0, 6), 1, UNCLEAR)
        .report(s(1, 0), FIRST_LOOK_AGAIN, ABSENT);
    assert_eq!(scene.standing(s(1, 0)), Standing::Ongoing);
    assert_eq!(scene.until(s(16, 0)).open(s(16, 0)), [Cause::NoReport]);
}

#[test]
fn a_look_again_that_could_not_be_made_leaves_the_cause() {
    let mut scene = unclear();
    scene.notice(s(20, 0), FIRST_LOOK_AGAIN, Fault::CameraDown);
    assert_eq!(scene.open(s(20, 0)), [Cause::Unclear(Reason::Several)]);
}
