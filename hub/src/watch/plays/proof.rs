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
    // Answered late, and not whole; nobody can put aside that the other was never answered.
    assert_eq!(find(&mut play, teams[0], Some(not_whole)), 2);
    close(&mut play, dag).unwrap_err();
    assert_eq!(open(&play), [(dag, unanswered), (natt, not_whole)]);
    assert_eq!(find(&mut play, teams[1], None), 1);
    close(&mut play, natt).unwrap();
    assert_eq!(open(&play), []);
    assert_eq!(find(&mut play, teams[0], None), 0);
}

fn close(play: &mut Play, subject: Subject) -> Result<(), MatterRefused> {
    let tonight = play.watch.tonight(play.now(), ZONE, Reality::Homes);
    let mut rows = tonight.matters.iter();
    let row = rows.find(|row| row.subject == subject).unwrap();
    let by = ("natt-001".parse().unwrap(), Closing::Elsewhere);
    let matter = (row.id, row.seen);
    let closed = play.watch.close_matter(play.now(), matter, by)?;
    play.commit(closed);
    Ok(())
}
