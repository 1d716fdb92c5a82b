//! Scenes in which the chain must keep its promises, one a test.

use super::rehearsal::{Rehearsal, secs, team};
use super::*;

const CHAIN: &str = "anna:push,sms lead:sms,mail";

fn rehearsal() -> Rehearsal {
    Rehearsal::new(vec![team("natt", CHAIN)])
}

#[test]
fn a_row_is_told_at_once_and_a_taken_one_no_further() {
    let mut play = rehearsal();
    play.need(1, 300);
    play.deliver();
    play.until(100);
    play.chain.handle_taken(RowId(1));
    play.until(10_000);
    assert_eq!(play.script(0), ["0 new anna/push 1"]);
    assert_eq!(play.chain.progress(RowId(1)), None);
}

#[test]
fn what_one_channel_cannot_deliver_goes_by_the_next_at_once() {
    let mut play = rehearsal();
    play.need(1, 300);
    play.until(7);
    play.fail();
    assert_eq!(play.script(0), ["0 new anna/push 1", "7 new anna/sms 1"]);
}

#[test]
fn an_order_of_which_nothing_is_heard_goes_by_the_second_channel_within_90_s() {
    let mut play = rehearsal();
    play.need(1, 300);
    play.until(40);
    assert_eq!(play.script(0), ["0 new anna/push 1", "30 new anna/sms 1"]);
    let silent = Line::Failed {
        at: play.lines[0].at().after(HEARD_WITHIN),
        key: play.sent[0].1.key,
        why: Failure::Unheard,
    };
    assert!(play.lines.contains(&silent), "{:?}", play.lines);
}

#[test]
fn a_delivered_row_that_nobody_takes_is_told_again_half_way_and_then_to_the_next_step() {
    let mut play = rehearsal();
    play.need(1, 300);
    play.deliver();
    play.until(150);
    play.deliver();
    play.until(300);
    assert_eq!(
        play.script(0),
        [
            "0 new anna/push 1",
            "150 reminded anna/sms 1",
            "300 escalated lead/sms 1"
        ]
    );
    assert!(play.lines.iter().any(|line| matches!(
        line,
        Line::Escalated { row: RowId(1), step: 1, to, .. } if to.as_str() == "lead"
    )));
}

#[test]
fn a_step_that_no_channel_reaches_is_passed_over_at_once() {
    let mut play = rehearsal();
    play.need(1, 300);
    play.fail();
    play.until(2);
    play.fail();
    assert_eq!(
        play.script(0),
        [
            "0 new anna/push 1",
            "0 new anna/sms 1",
            "2 escalated lead/sms 1"
        ]
    );
}

#[test]
fn the_end_of_the_chain_names_the_night_lead_and_goes_on_telling_everybody_in_turn() {
    let mut play = Rehearsal::new(vec![team("natt", "anna:push bo:push lead:sms,mail")]);
    play.need(1, 60);
    while play.elapsed() < 2_000 {
        play.deliver();
        play.until(play.elapsed() + 10);
    }
    let after = play.script(0);
    assert_eq!(
        after,
        [
            "0 new anna/push 1",
            "60 escalated bo/push 1",
            "120 escalated lead/sms 1",
            "150 reminded lead/mail 1",
            "240 reminded lead/sms 1",
            "480 reminded anna/push 1",
            "780 reminded lead/mail 1",
            "1080 reminded bo/push 1",
            "1380 reminded lead/sms 1",
            "1680 reminded anna/push 1",
            "1980 reminded lead/mail 1",
        ]
    );
    let lead = "lead".parse().unwrap();
    assert_eq!(
        play.chain.progress(RowId(1)),
        Some(Progress::Ended { lead })
    );
    let ends = play
        .lines
        .iter()
        .filter(|line| matches!(line, Line::Ended { .. }));
    assert_eq!(ends.count(), 1);
}

#[test]
fn when_nothing_gets_through_it_is_tried_every_minute() {
    let mut play = Rehearsal::new(vec![team("natt", "lead:sms")]);
    play.need(1, 300);
    for second in [0, 20, 60, 120, 180] {
        play.until(second);
        assert_eq!(play.sent.last().unwrap().0, second);
        play.fail();
    }
}

#[test]
fn a_row_that_falls_back_begins_again_at_once_with_the_first_step() {
    let mut play = rehearsal();
    play.need(1, 60);
    play.until(61);
    play.chain.handle_taken(RowId(1));
    play.until(400);
    let before = play.sent.len();
    play.fall_back(1);
    assert_eq!(play.script(before), ["400 new anna/push 1"]);
}

#[test]
fn many_rows_share_a_message_and_the_first_never_waits() {
    let mut play = rehearsal();
    play.need(1, 300);
    for row in 2..=40 {
        play.until(row);
        play.need(i64::try_from(row).unwrap(), 300);
    }
    play.chain.handle_over(RowId(3));
    play.until(41);
    let push = play.script(0);
    let push: Vec<&String> = push.iter().filter(|line| line.contains("push")).collect();
    assert_eq!(
        push,
        [
            "0 new anna/push 1",
            "20 new anna/push 19",
            "40 new anna/push 39"
        ]
    );
    assert!(play.sent.len() < 8, "{:?}", play.script(0));
}

#[test]
fn a_row_whose_target_passes_while_its_message_waits_is_still_told_by_it() {
    let teams = [
        ("natt", "anna:push,sms lead:sms"),
        ("syd", "per:mail lead:sms"),
    ];
    let mut play = Rehearsal::new(teams.map(|(name, steps)| team(name, steps)).into());
    play.until(99);
    play.need(1, 300);
    play.chain.handle_taken(RowId(1));
    let south = play.need_of(2, "syd", 60);
    let effects = play.chain.handle_needs(play.now, [south]);
    play.apply(effects);
    play.deliver();
    play.until(100);
    play.need(3, 60);
    play.until(125);
    play.need(4, 300);
    play.until(148);
    play.fail();
    // Row 3 was silent by push until 149, and may not go by SMS before 168; its target is 160.
    play.until(180);
    let told = play.sent.iter().filter(|(_, order)| match &order.about {
        About::Rows(rows) => rows.contains(&RowId(3)),
        About::Trial(_) => false,
    });
    let told: Vec<String> = told
        .map(|(second, order)| format!("{second} {}/{}", order.to.as_str(), order.by.as_str()))
        .collect();
    assert_eq!(told, ["119 anna/push", "168 anna/sms", "179 lead/sms"]);
}

#[test]
fn rows_given_together_share_their_first_message() {
    let mut play = rehearsal();
    let needs: Vec<Need> = (1..=12).map(|row| play.need_of(row, "natt", 300)).collect();
    let effects = play.chain.handle_needs(play.now, needs);
    play.apply(effects);
    assert_eq!(play.script(0), ["0 new anna/push 12"]);
}

#[test]
fn a_team_that_the_settings_dropped_is_told_as_the_first() {
    let mut play = Rehearsal::new(vec![team("natt", CHAIN), team("syd", "per:sms")]);
    let need = play.need_of(1, "borta", 300);
    let effects = play.chain.handle_needs(play.now, [need]);
    play.apply(effects);
    assert_eq!(play.script(0), ["0 new anna/push 1"]);
}

#[test]
fn without_a_team_nobody_is_told_and_it_says_so() {
    let mut play = Rehearsal::new(Vec::new());
    play.need(1, 300);
    play.until(1_000);
    assert!(play.sent.is_empty());
    assert!(play.chain.teams().is_empty());
    assert_eq!(play.chain.progress(RowId(1)), Some(Progress::Nobody));
}

#[test]
fn an_order_whose_outcome_a_restart_lost_is_sent_again_with_its_own_key() {
    let mut play = rehearsal();
    play.need(1, 300);
    let need = play.need_of(1, "natt", 300);
    let key = play.latest();
    play.until(12);
    play.restart(vec![(need, Standing::Waiting)]);
    assert_eq!(play.sent.len(), 2);
    assert_eq!(play.sent[1].1, play.sent[0].1);
    assert_eq!(play.latest(), key);
    play.deliver();
    play.until(170);
    assert_eq!(play.script(2), ["150 reminded anna/sms 1"]);
}

#[test]
fn a_new_order_after_a_restart_has_a_key_of_its_own() {
    let mut play = Rehearsal::new(vec![team("natt", "anna:push"), team("syd", "bo:push")]);
    play.need(1, 300);
    let (first, south) = (play.need_of(1, "natt", 300), play.need_of(2, "syd", 300));
    play.restart(vec![(first, Standing::Waiting), (south, Standing::Waiting)]);
    assert_eq!(play.script(1), ["0 new anna/push 1", "0 new bo/push 1"]);
}

#[test]
fn a_row_without_lines_begins_at_a_restart_and_one_that_is_gone_stays_silent() {
    let mut play = rehearsal();
    play.need(1, 300);
    play.deliver();
    play.until(5);
    let fresh = play.need_of(2, "natt", 300);
    play.restart(vec![(fresh, Standing::Waiting)]);
    play.until(100);
    let about: Vec<&About> = play
        .sent
        .iter()
        .skip(1)
        .map(|(_, order)| &order.about)
        .collect();
    assert_eq!(about[0], &About::Rows(vec![RowId(2)]));
    assert_eq!(play.script(1)[0], "20 new anna/push 1");
}

#[test]
fn a_target_that_passed_while_the_hub_was_down_goes_to_the_next_step_at_once() {
    let mut play = rehearsal();
    play.need(1, 300);
    let need = play.need_of(1, "natt", 300);
    play.deliver();
    play.now.timestamp = play.now.timestamp.after(secs(3_600));
    play.now.uptime = Uptime(secs(7));
    let (chain, effects) = Chain::restore(
        play.now,
        play.chain.teams().clone(),
        vec![(need, Standing::Waiting)],
        play.lines.clone(),
    );
    play.chain = chain;
    let sends: Vec<&Order> = effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Send(order) => Some(order),
            Effect::Write(_) | Effect::Over(_) => None,
        })
        .collect();
    assert_eq!(sends.len(), 1, "{sends:?}");
    assert_eq!(
        (sends[0].to.as_str(), sends[0].kind),
        ("lead", Kind::Escalated)
    );
}

#[test]
fn a_late_outcome_changes_nothing_but_is_written_down() {
    let mut play = rehearsal();
    play.need(1, 300);
    let first = play.latest();
    play.until(31);
    let lines = play.lines.len();
    play.delivered(first);
    assert_eq!(play.lines.len(), lines + 1);
    play.fail();
    assert_eq!(play.script(2), ["31 escalated lead/sms 1"]);
}

fn staff(id: &str) -> StaffId {
    id.parse().unwrap()
}

fn trial(play: &mut Rehearsal) {
    let answer_by = play.now.timestamp.after(secs(900));
    let natt = "natt".parse().unwrap();
    let effects = play
        .chain
        .handle_trial(play.now, TrialId(1), natt, answer_by);
    play.apply(effects);
}

#[test]
fn a_test_alarm_goes_the_whole_way_and_delays_no_row() {
    let mut play = rehearsal();
    trial(&mut play);
    let expected = ["anna/push", "anna/sms", "lead/sms", "lead/mail"];
    let expected = expected.map(|address| format!("0 test {address} 0"));
    assert_eq!(play.script(0), expected);
    play.until(1);
    play.need(1, 300);
    assert_eq!(play.script(4), ["1 new anna/push 1"]);
}

#[test]
fn an_answered_test_alarm_ends_when_every_message_is_accounted_for() {
    let mut play = rehearsal();
    trial(&mut play);
    let keys: Vec<Key> = play.sent.iter().map(|(_, order)| order.key).collect();
    let effects = play
        .chain
        .handle_answer(play.now, TrialId(1), staff("natt-001"));
    play.apply(effects);
    assert!(play.verdicts.is_empty());
    for key in &keys[..3] {
        play.delivered(*key);
    }
    play.until(10);
    play.failed(keys[3]);
    let verdict = &play.verdicts[0];
    assert!(verdict.answered.is_some());
    let (to, by, why) = &verdict.undelivered[0];
    assert_eq!((to.as_str(), by.as_str()), ("lead", "mail"));
    assert_eq!(*why, Failure::Unreachable);
}

#[test]
fn a_test_alarm_that_nobody_answers_is_said_to_be_also_after_a_restart() {
    let mut play = rehearsal();
    trial(&mut play);
    play.deliver();
    play.until(400);
    play.restart(Vec::new());
    play.until(899);
    assert!(play.verdicts.is_empty());
    play.until(900);
    assert_eq!(play.verdicts[0].answered, None);
    assert_eq!(play.verdicts[0].undelivered.len(), 3);
    play.restart(Vec::new());
    play.until(2_000);
    assert_eq!(play.verdicts.len(), 1);
}

#[test]
fn a_test_alarm_goes_to_whoever_had_no_address_once_they_have_one_and_to_nobody_twice() {
    let mut play = rehearsal();
    trial(&mut play);
    let keys: Vec<Key> = play.sent.iter().map(|(_, order)| order.key).collect();
    play.failed_for(keys[0], Failure::NoAddress);
    keys[1..].iter().for_each(|key| play.delivered(*key));
    let answered = play
        .chain
        .handle_answer(play.now, TrialId(1), staff("natt-001"));
    play.apply(answered);
    play.until(60);
    // Nobody has chosen a phone: what is missing may still come.
    play.addresses(&[]);
    assert!(play.verdicts.is_empty());
    play.restart(Vec::new());
    play.until(300);
    let everybody = ["anna/push", "anna/sms", "lead/sms", "lead/mail"];
    play.addresses(&everybody);
    play.addresses(&everybody);
    assert_eq!(play.script(4), ["300 test anna/push 0"]);
    play.restart(Vec::new());
    assert_eq!(play.script(5), ["300 test anna/push 0"], "with its own key");
    play.deliver();
    assert!(play.verdicts[0].undelivered.is_empty(), "the latest counts");
    play.addresses(&everybody);
    assert_eq!(play.sent.len(), 6);
}

#[test]
fn a_test_alarm_that_failed_otherwise_or_is_over_goes_to_no_new_phone() {
    let mut play = rehearsal();
    trial(&mut play);
    let keys: Vec<Key> = play.sent.iter().map(|(_, order)| order.key).collect();
    play.failed_for(keys[0], Failure::NoAddress);
    play.failed_for(keys[1], Failure::Refused);
    for _ in 0..5 {
        play.addresses(&["anna/push", "anna/sms"]);
        play.failed_for(play.latest(), Failure::Gone);
    }
    // An address that is no more each time does not go on for ever.
    let again = ["0 test anna/push 0", "0 test anna/push 0"];
    assert_eq!(play.script(4), again);
    play.until(901);
    play.addresses(&["anna/push", "lead/sms"]);
    assert_eq!(play.sent.len(), 6);
    assert_eq!(play.verdicts[0].undelivered.len(), 4);
}

#[test]
fn a_recipient_prints_as_redacted() {
    let mut play = rehearsal();
    play.need(1, 300);
    let printed = format!("{:?} {:?}", play.sent, play.lines);
    assert!(
        !printed.contains("anna") && printed.contains("<redacted>"),
        "{printed}"
    );
}

#[test]
fn a_chain_that_could_leave_somebody_untold_is_refused() {
    let natt: TeamName = "natt".parse().unwrap();
    assert_eq!(Team::new(natt.clone(), Vec::new()), Err(TeamError::NoStep));
    let step = |by: &[&str]| Step {
        to: "anna".parse().unwrap(),
        by: by.iter().map(|channel| channel.parse().unwrap()).collect(),
    };
    let silent = Team::new(natt.clone(), vec![step(&["push"]), step(&[])]);
    assert_eq!(silent, Err(TeamError::NoChannel(2)));
    let error = Team::new(natt, vec![step(&["push", "push"])]).unwrap_err();
    assert_eq!(error.to_string(), "step 1 names the channel \"push\" twice");
}

/// Other teams hold.
fn resettle(play: &mut Rehearsal, teams: Vec<Team>) {
    let effects = play.chain.handle_teams(play.now, Teams::new(teams));
    play.apply(effects);
}

#[test]
fn other_teams_leave_a_row_where_it_is_while_its_step_stays() {
    let mut play = rehearsal();
    play.need(1, 300);
    play.deliver();
    play.until(100);
    resettle(
        &mut play,
        vec![team("natt", "anna:push,sms bo:sms lead:mail")],
    );
    play.until(150);
    play.deliver();
    play.until(300);
    assert_eq!(
        play.script(0),
        [
            "0 new anna/push 1",
            "150 reminded anna/sms 1",
            "300 escalated bo/sms 1"
        ]
    );
}

#[test]
fn whoever_has_a_rows_step_after_a_change_is_told_at_once_and_after_a_restart_nobody_twice() {
    let mut play = rehearsal();
    play.need(1, 300);
    play.deliver();
    play.until(100);
    resettle(&mut play, vec![team("natt", "bo:sms lead:mail")]);
    play.deliver();
    let need = play.need_of(1, "natt", 300);
    let since = play.lines[0].at();
    play.restart(vec![(Need { since, ..need }, Standing::Waiting)]);
    play.until(250);
    play.deliver();
    play.until(399);
    assert_eq!(
        play.script(0),
        [
            "0 new anna/push 1",
            "100 escalated bo/sms 1",
            "250 reminded bo/sms 1"
        ]
    );
}

#[test]
fn a_chain_that_became_shorter_goes_on_with_the_night_lead() {
    let mut play = Rehearsal::new(vec![team("natt", "anna:push bo:push eva:push lead:sms")]);
    play.need(1, 60);
    while play.elapsed() < 130 {
        play.deliver();
        play.until(play.elapsed() + 10);
    }
    let told = |play: &Rehearsal| play.sent.last().unwrap().1.to.as_str().to_owned();
    assert_eq!(told(&play), "eva");
    resettle(&mut play, vec![team("natt", "anna:push lead:sms")]);
    assert_eq!(told(&play), "lead");
    play.deliver();
    play.until(play.elapsed() + 60);
    let lead = "lead".parse().unwrap();
    assert_eq!(
        play.chain.progress(RowId(1)),
        Some(Progress::Ended { lead })
    );
}

#[test]
fn the_rows_of_a_team_that_is_gone_begin_with_the_first_team() {
    let mut play = rehearsal();
    play.need(1, 300);
    play.deliver();
    play.until(100);
    resettle(&mut play, vec![team("dag", "dora:sms lead:sms")]);
    assert_eq!(play.script(0), ["0 new anna/push 1", "100 new dora/sms 1"]);
}

#[test]
fn without_any_team_the_rows_say_so_and_with_one_again_they_begin() {
    let mut play = rehearsal();
    play.need(1, 300);
    play.need(2, 300);
    play.chain.handle_taken(RowId(2));
    resettle(&mut play, Vec::new());
    assert_eq!(play.chain.progress(RowId(1)), Some(Progress::Nobody));
    play.until(1_000);
    resettle(&mut play, vec![team("natt", CHAIN)]);
    assert_eq!(play.script(1), ["1000 new anna/push 1"]);
    assert_eq!(play.chain.progress(RowId(2)), None);
}
