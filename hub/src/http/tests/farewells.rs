//! Somebody was found dead, or was said to be: how it stands on the page of what needs action.

use super::*;

#[tokio::test]
async fn whoever_was_no_more_to_be_looked_after_is_not_counted_as_done_by_staff() {
    let mut tonight = sample::busy();
    let at = sample::at("02:00");
    let said = |said| Standing::Said { said, at };
    tonight.checks.truncate(4);
    for (check, standing) in tonight.checks.iter_mut().zip([
        said(Said::Visited),
        said(Said::Died),
        Standing::CalledOff(CallOff::Died),
        Standing::CalledOff(CallOff::Away),
    ]) {
        check.standing = standing;
    }
    let page = strip_tags(&page(tonight, "/").await);
    let tally = "4 tillsyner: 0 synliga, 0 att åtgärda, 0 pågår, 0 planerade, 1 klara av personal, \
                 2 avbokade, 1 där den enskilde är avliden";
    assert!(page.contains(tally), "{page}");
}

#[tokio::test]
async fn a_row_about_a_death_that_was_a_mistake_names_the_windows_that_are_left() {
    let mut tonight = sample::busy();
    let who = tonight.open[0].person.clone();
    let mut check = tonight.checks[0].clone();
    check.person = who.clone();
    check.id.resident = who.resident;
    check.standing = Standing::CalledOff(CallOff::Died);
    let (mut past, mut other) = (check.clone(), check.clone());
    check.opens = sample::at("05:10");
    check.deadline = sample::at("05:40");
    (past.opens, past.deadline) = (sample::at("00:05"), sample::at("00:35"));
    (other.opens, other.deadline) = (sample::at("04:10"), sample::at("04:40"));
    other.standing = Standing::CalledOff(CallOff::Away);
    tonight.checks = vec![past, check, other];
    tonight.open = vec![sample::exception(
        41,
        who,
        Cause::CalledOffByMistake,
        "03:02",
    )];
    let page = page(tonight, "/").await;
    let row = strip_tags(&page[place(&page, "id=\"e41\"")..place(&page, "id=\"ledger\"")]);
    for needle in ["av misstag", "Åk dit nu", "05:10–05:40"] {
        assert!(row.contains(needle), "{needle:?} is not in {row}");
    }
    assert!(!row.contains("00:05") && !row.contains("04:10"), "{row}");
}
