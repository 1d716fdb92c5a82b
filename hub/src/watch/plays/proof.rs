//! What a team's test alarm showed to be wrong, with a real store beside the watch.

use super::*;

#[test]
fn what_a_test_alarm_showed_is_one_matter_a_team_until_it_is_proven_or_closed() {
    let mut play = Play::new();
    let teams: [TeamWord; 2] = ["natt", "dag"].map(|name| name.parse().unwrap());
    let find = |play: &mut Play, team, wrong| {
        let changes = play.watch.handle_proof(play.now(), team, wrong);
        let count = changes.len();
        play.commit(changes);
        count
    };
    let open = |play: &Play| {
        let saved = play.store.saved(night(), play.now().timestamp).unwrap();
        let matters = saved.matters.iter();
        matters
            .map(|row| (row.subject, row.situation))
            .collect::<Vec<_>>()
    };
    let (unanswered, not_whole) = (Situation::TestUnanswered, Situation::TestNotWhole);
    for team in teams {
        assert_eq!(find(&mut play, team, Some(unanswered)), 1);
        assert_eq!(find(&mut play, team, Some(unanswered)), 0, "said again");
    }
    let [natt, dag] = teams.map(Subject::Team);
    assert_eq!(open(&play), [(natt, unanswered), (dag, unanswered)]);
    // Answered late, and not whole; the other is closed by hand.
    assert_eq!(find(&mut play, teams[0], Some(not_whole)), 2);
    let tonight = play.watch.tonight(play.now(), ZONE, Reality::Homes);
    let row = tonight.matters.iter().find(|row| row.subject == dag);
    let row = row.unwrap();
    let by = ("natt-001".parse().unwrap(), Closing::Elsewhere);
    let closed = play
        .watch
        .close_matter(play.now(), (row.id, row.seen), by)
        .unwrap();
    play.commit(closed);
    assert_eq!(open(&play), [(natt, not_whole)]);
    assert_eq!(find(&mut play, teams[0], None), 1);
    assert_eq!(open(&play), []);
    assert_eq!(find(&mut play, teams[1], None), 0);
}
