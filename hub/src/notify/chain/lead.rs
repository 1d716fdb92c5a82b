//! What the night lead is told at once: that nobody answered a test alarm, until it is over; that
//! one message did not get through, once. Played with phones that sleep. For tests.

use super::rehearsal::{Rehearsal, secs, team};
use super::*;

/// A team, and a matter's row that its lead is to be told of.
fn told(reach: Reach) -> (Rehearsal, Need) {
    let steps = "natt-1:push,sms natt-2:sms lead:sms,mail";
    let mut play = Rehearsal::new(vec![team("natt", steps)]);
    let need = Need {
        row: RowId::of_matter(1),
        reach,
        ..play.need_of(1, "natt", 60)
    };
    let effects = play.chain.handle_needs(play.now, [need.clone()]);
    play.apply(effects);
    (play, need)
}

/// Lets time pass in which gateways take everything and nobody wakes.
fn sleep(play: &mut Rehearsal, until: u64) {
    let mut seen = 0;
    for second in play.elapsed()..=until {
        play.until(second);
        let keys = play.sent.iter().skip(seen).map(|(_, order)| order.key);
        let keys: Vec<Key> = keys.collect();
        seen = play.sent.len();
        for key in keys {
            play.delivered(key);
        }
    }
}

#[test]
fn the_lead_is_told_first_and_at_once() {
    let (play, _) = told(Reach::Lead);
    assert_eq!(play.script(0), ["0 escalated lead/sms 1"]);
    let lead = "lead".parse().unwrap();
    let progress = play.chain.progress(RowId::of_matter(1));
    assert_eq!(progress, Some(Progress::Ended { lead }));
}

#[test]
fn an_unanswered_test_alarm_names_the_lead_and_goes_on_however_soundly_phones_sleep() {
    let mut play = Rehearsal::new(vec![team("natt", "natt-1:push,sms natt-2:sms lead:sms")]);
    let answer_by = play.now.timestamp.after(secs(900));
    let natt = "natt".parse().unwrap();
    let effects = play
        .chain
        .handle_trial(play.now, TrialId(1), natt, answer_by);
    play.apply(effects);
    // A moment more: lines keep whole milliseconds, and this moment has none.
    sleep(&mut play, 901);
    let verdict = play.verdicts.pop().unwrap();
    assert_eq!((verdict.answered, verdict.undelivered.len()), (None, 0));
    let before = play.sent.len();
    let need = Need {
        row: RowId::of_matter(1),
        reach: Reach::Lead,
        ..play.need_of(1, verdict.team.as_str(), 60)
    };
    let effects = play.chain.handle_needs(play.now, [need]);
    play.apply(effects);
    // Ten hours.
    sleep(&mut play, 36_900);
    let of = |to: &str| {
        let sent = play.sent.iter().skip(before);
        let own = sent.filter(|(_, order)| order.to.as_str() == to);
        own.map(|(second, _)| *second).collect::<Vec<u64>>()
    };
    let lead = of("lead");
    assert_eq!(lead.first(), Some(&901), "at once");
    assert!(
        lead.windows(2).all(|two| two[1] - two[0] <= 600),
        "{lead:?}"
    );
    assert!(lead.len() >= 60 && of("natt-1").len() >= 25 && of("natt-2").len() >= 25);
    let mut chain = play.chain.clone();
    chain.handle_over(RowId::of_matter(1));
    assert_eq!(chain.next_timeout(), None, "answered late, it is over");
}

#[test]
fn the_lead_is_reached_by_the_next_channel_when_one_fails() {
    let (mut play, _) = told(Reach::Lead);
    play.fail();
    play.until(20);
    assert_eq!(play.script(1), ["0 escalated lead/mail 1"]);
}

#[test]
fn a_channel_that_cannot_tell_of_matters_is_asked_about_no_row_again_for_their_sake() {
    let mut play = Rehearsal::new(vec![team("natt", "lead:scaip,sms")]);
    let rows = |play: &Rehearsal, order: usize| match &play.sent[order].1.about {
        About::Rows(rows) => rows.clone(),
        About::Trial(_) => Vec::new(),
    };
    let row = play.need_of(7, "natt", 600);
    let matter = Need {
        row: RowId::of_matter(1),
        reach: Reach::Lead,
        ..play.need_of(1, "natt", 60)
    };
    let effects = play.chain.handle_needs(play.now, [row, matter]);
    play.apply(effects);
    assert_eq!(play.sent.len(), 2, "neither waits for the other");
    assert_eq!(rows(&play, 0), [RowId(7)]);
    assert_eq!(rows(&play, 1), [RowId::of_matter(1)]);
    let keys: Vec<Key> = play.sent.iter().map(|(_, order)| order.key).collect();
    play.delivered(keys[0]);
    play.failed(keys[1]);
    play.until(200);
    assert_eq!(rows(&play, 2), [RowId::of_matter(1)]);
    assert_eq!(play.script(2)[0], "0 escalated lead/sms 2");
    let all = (0..play.sent.len()).filter(|order| rows(&play, *order).contains(&RowId(7)));
    assert_eq!(all.count(), 1, "{:?}", play.script(0));
}

#[test]
fn what_needs_one_message_is_told_until_one_got_through_and_no_more() {
    let (mut play, need) = told(Reach::LeadOnce);
    play.fail();
    play.deliver();
    let sent = play.sent.len();
    play.until(36_000);
    assert_eq!(play.sent.len(), sent);
    play.restart(vec![(need, Standing::Waiting)]);
    play.until(72_000);
    assert_eq!(play.sent.len(), sent, "nor after a restart");
}

#[test]
fn a_restart_tells_the_lead_nothing_twice_and_forgets_nothing() {
    let (mut play, need) = told(Reach::Lead);
    play.deliver();
    play.restart(vec![(need.clone(), Standing::Waiting)]);
    assert_eq!(play.sent.len(), 1);
    play.until(301);
    assert_eq!(play.script(1), ["300 reminded natt-1/push 1"]);
    play.restart(vec![(need, Standing::Waiting)]);
    assert_eq!(play.sent.len(), 3, "what has no outcome is sent again");
}

#[test]
fn a_line_of_before_there_was_a_reach_is_of_the_chain() {
    let text = "{\"row\":7,\"team\":\"natt\",\"since\":1795000000000,\"target_ms\":600000}";
    let need: Need = serde_json::from_str(text).unwrap();
    assert_eq!(need.reach, Reach::Chain);
}
