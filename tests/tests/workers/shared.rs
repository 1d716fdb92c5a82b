//! Two workers and one list: everything that is done about a row on one phone stands on the other,
//! and no row is lost between them.

use std::time::Duration;

use serde_json::json;

use nattsyn_hub::notify::chain::Kind;

use super::house::{ANNA, BO, House, at};
use super::worker::{SHOWN_WITHIN, Worker};

/// Everybody who is asked about, and nobody's row twice.
const ROWS: usize = 12;

/// Both phones, and the hub that they look at.
pub(crate) struct Team {
    pub(crate) house: House,
    pub(crate) anna: Worker,
    pub(crate) bo: Worker,
}

impl Team {
    /// A night on which both are in, one in each language.
    pub(crate) async fn in_the_middle_of_a_night() -> Self {
        Self::of(House::at_night().await).await
    }

    pub(crate) async fn of(house: House) -> Self {
        let (anna, bo) = tokio::join!(
            Worker::comes(&house, ANNA, "sv"),
            Worker::comes(&house, BO, "en")
        );
        tokio::join!(anna.signs_in(&house), bo.signs_in(&house));
        Self { house, anna, bo }
    }

    pub(crate) async fn ends(self) {
        for worker in [self.anna, self.bo] {
            worker.has_one_whole_page().await;
            worker.leaves().await;
        }
    }
}

/// With every page closed: the first of the chain, then the night lead, and no name to anybody.
pub(crate) async fn the_lead_is_told_while_all_phones_sleep(house: &House) {
    house.tells("natt-1", Kind::New).await;
    // Half of the ten minutes in which somebody is to take it.
    house.dial.turn_to(at(11, 0));
    house.tells("natt-1", Kind::Reminded).await;
    let told = house.gateway.told();
    assert!(told.iter().all(|(to, _)| to == "natt-1"), "{told:?}");
    house.dial.turn_to(at(11, 6));
    house.tells("lead", Kind::Escalated).await;
    for text in house.gateway.texts() {
        assert!(text.starts_with("Nattsyn: "), "{text}");
        assert!(!text.contains("Exempel"), "{text}");
    }
}

/// A wrong PIN is said, and lets nobody in.
pub(crate) async fn a_wrong_pin_is_said(house: &House, worker: &Worker) {
    let pin = house.pin(worker.id);
    let wrong = if pin == "000000" { "000001" } else { "000000" };
    worker.types_in(worker.id, wrong).await;
    worker
        .sees("document.querySelector('[role=alert]')?.innerText.includes('stämmer inte')")
        .await;
    worker.photographs("wrong-pin").await;
    worker.goes_to("/").await;
    let inside = worker.asks("document.querySelector('#attend')").await;
    assert_eq!(inside, json!(null), "a wrong PIN let somebody in");
}

/// One takes a row; the other sees who has it, and since when.
pub(crate) async fn who_takes_a_row_stands_on_the_other_phone(team: &Team, person: &str) {
    let Team { anna, bo, .. } = team;
    anna.reads(person, "Ingen har den.").await;
    anna.taps_in(person, "button[value=take]").await;
    anna.reads(person, "Du har den sedan").await;
    bo.reads(person, "Anna Påhittson has it since").await;
    let free = format!("row('{person}').querySelector('button[value=take]')");
    assert_eq!(bo.asks(&free).await, json!(null), "what is taken, is taken");
}

/// Both press in the same instant: one has the row, and the other is told who.
pub(crate) async fn one_of_two_who_press_at_once_has_the_row(team: &Team, person: &str) {
    let together = anna_now(team).await + 1500.0;
    let press = format!(
        "setTimeout(() => row('{person}').querySelector('button[value=take]').click(), \
         {together} - Date.now()) > 0"
    );
    let Team { anna, bo, .. } = team;
    tokio::join!(anna.sees(&press), bo.sees(&press));
    let has = |you: &str| format!("row('{person}').innerText.includes('{you}')");
    let settled =
        "row('PERSON').innerText.match(/har den sedan|has? it since|have it since/) !== null";
    let settled = settled.replace("PERSON", person);
    tokio::join!(anna.sees(&settled), bo.sees(&settled));
    let anna_has = anna.asks(&has("Du har den sedan")).await == json!(true);
    let bo_has = bo.asks(&has("You have it since")).await == json!(true);
    assert!(anna_has != bo_has, "anna: {anna_has}, bo: {bo_has}");
    let (loser, winner) = if anna_has { (bo, anna) } else { (anna, bo) };
    let told = "document.getElementById('told').innerText !== ''";
    loser.sees(told).await;
    let said = loser.refused().await;
    assert!(
        said.starts_with(&format!("{person}: {}", winner.name)),
        "{said}"
    );
    loser.reads(person, winner.name).await;
    assert_eq!(
        winner.refused().await,
        "",
        "whoever has it is told nothing else"
    );
    loser.photographs("somebody-was-first").await;
    loser.taps("#told button").await;
    assert_eq!(loser.refused().await, "", "read, and put away");
    // What was sent of a row as it no longer is: said until the row changes.
    let stale = format!(
        "(() => {{ const told = document.getElementById('told'); \
         const put = told.replaceChildren.bind(told); \
         told.replaceChildren = (...said) => {{ put(...said); \
         if (said.length > 0) window.toldAt = performance.now(); }}; \
         const form = row('{person}').querySelector('input[value=visited]').form; \
         form.elements.turn.value = 0; form.elements.how.value = 'visited'; \
         form.querySelector('button').click(); return true }})()"
    );
    loser.sees(&stale).await;
    loser.sees(told).await;
    loser.photographs("read-it-again").await;
    // The row is read once more after a refusal; only what comes after that is news.
    loser
        .sees(
            "performance.getEntriesByType('resource').some(entry => \
             entry.name.includes('/fragment') && entry.startTime >= window.toldAt)",
        )
        .await;
    // So soon after taking it one tap may be the second of two, and does nothing.
    let arrived = format!(
        "row('{person}').querySelector('[name=turn]').value === '2' || \
         (row('{person}').querySelector('button[value=arrive]')?.click(), false)"
    );
    winner.sees(&arrived).await;
    loser
        .sees("document.getElementById('told').innerText === ''")
        .await;
}

async fn anna_now(team: &Team) -> f64 {
    team.anna.asks("Date.now()").await.as_f64().unwrap()
}

/// A thumb that taps twice takes a row, and does not say that somebody is there already.
pub(crate) async fn a_second_tap_on_the_same_spot_does_nothing(team: &Team, person: &str) {
    let anna = &team.anna;
    let twice = format!(
        "(() => {{ const button = () => row('{person}').querySelector('button.main'); \
         button().click(); \
         const again = setInterval(() => {{ if (button().value === 'take') return; \
         clearInterval(again); button().click(); window.tappedTwice = true; }}, 10); \
         return true; }})()"
    );
    anna.sees(&twice).await;
    anna.sees("window.tappedTwice === true").await;
    anna.reads(person, "Du har den sedan").await;
    // Later it counts: the row was taken and somebody is there, and nothing else happened to it.
    anna.sees(&format!(
        "row('{person}').innerText.includes('Du är där') || \
         (row('{person}').querySelector('button[value=arrive]').click(), false)"
    ))
    .await;
    let turn = format!("row('{person}').querySelector('[name=turn]').value");
    assert_eq!(anna.asks(&turn).await, json!("2"), "the second tap counted");
}

/// What one has, another takes over, as at the change of a shift.
pub(crate) async fn a_row_is_handed_over(team: &Team, person: &str) {
    let Team { anna, bo, .. } = team;
    anna.taps_in(person, "button[value=take]").await;
    bo.reads(person, "Anna Påhittson has it since").await;
    bo.taps_in(person, "details:has(button[value=take_over]) > summary")
        .await;
    bo.taps_in(person, "button[value=take_over]").await;
    bo.reads(person, "You have it since").await;
    anna.reads(person, "Bo Ödman har den sedan").await;
}

/// Each of the four ways in which a row may end ends it, on both phones.
pub(crate) async fn each_way_to_close_closes_on_both_phones(team: &Team, people: [&str; 4]) {
    let Team { anna, bo, .. } = team;
    for (way, person) in ["visited", "spoke", "seen", "cancelled"]
        .into_iter()
        .zip(people)
    {
        anna.taps_in(person, "button[value=take]").await;
        anna.reads(person, "Du har den sedan").await;
        anna.says_how_it_went(person, way).await;
        anna.sees_no_row_of(person).await;
        bo.sees_no_row_of(person).await;
        for worker in [anna, bo] {
            let over = format!(
                "document.querySelector('#closed')?.textContent.includes('{person}') === true"
            );
            worker.sees(&over).await;
        }
    }
}

/// What is found that is not well ends nothing: it says so, and what comes next.
pub(crate) async fn what_is_not_well_stays_with_its_next_step(
    team: &Team,
    person: &str,
    steps: [(&str, &str, &str); 3],
) {
    let Team { anna, bo, .. } = team;
    for (how, found, step) in steps {
        anna.says_how_it_went(person, how).await;
        for text in [found, step] {
            anna.reads(person, text).await;
        }
        bo.sees(&format!("row('{person}') !== null")).await;
    }
}

/// Whoever finds that help is needed is there, and the row stays theirs.
pub(crate) async fn who_finds_that_help_is_needed_stays(team: &Team, person: &str) {
    let Team { anna, bo, .. } = team;
    bo.says_how_it_went(person, "needs_help").await;
    bo.reads(person, "You are there since").await;
    anna.reads(person, "Bo Ödman är där sedan").await;
    anna.reads(person, "Sedd, behöver hjälp").await;
}

/// Nothing comes of what was taken: after five minutes it is nobody's, and both phones say so.
pub(crate) async fn what_is_taken_and_left_comes_back_with_an_alarm(team: &Team, person: &str) {
    let Team { house, anna, bo } = team;
    anna.taps_in(person, "button[value=take]").await;
    bo.reads(person, "Anna Påhittson has it since").await;
    let silent = "document.getElementById('announcer').textContent = '', true";
    tokio::join!(anna.sees(silent), bo.sees(silent));
    let taken = house.dial.now();
    house.dial.turn_to(taken.after(Duration::from_secs(4 * 60)));
    anna.reads(person, "Du har den sedan").await;
    house
        .dial
        .turn_to(taken.after(Duration::from_secs(5 * 60 + 5)));
    anna.reads(person, "Ingen har den.").await;
    bo.reads(person, "Nobody has it.").await;
    for (worker, new) in [(anna, "Nytt att åtgärda:"), (bo, "New, needs action:")] {
        let said = format!(
            "(text => text.startsWith('{new}') && text.includes('{person}'))\
             (document.getElementById('announcer').textContent)"
        );
        worker.sees(&said).await;
    }
    assert!(
        SHOWN_WITHIN < Duration::from_secs(5 * 60),
        "that was the hub's time"
    );
}

/// In the ledger stands what was done about whom, and by whom, once every window has closed.
pub(crate) async fn the_ledger_says_who_did_what(team: &Team, lines: &[(&str, &str)]) {
    let Team { house, anna, .. } = team;
    house.dial.turn_to(at(12, 0));
    anna.reads("Astrid Exempel", "Tiden har gått ut").await;
    anna.has_one_whole_page().await;
    anna.goes_to("/ledger").await;
    for (person, what) in lines {
        let line = format!(
            "[...document.querySelectorAll('#lines li')]\
             .find(line => line.innerText.includes('{person}')).innerText"
        );
        let line = anna.asks(&line).await;
        assert!(line.as_str().unwrap().contains(what), "{what}: {line}");
    }
    let holds = "document.querySelector('#balance').dataset.holds";
    assert_eq!(anna.asks(holds).await, json!("yes"));
}

/// How many rows need a person.
pub(crate) async fn all_rows_are_there(worker: &Worker) {
    let rows = "document.querySelectorAll('#attend [data-say]').length";
    assert_eq!(worker.asks(rows).await, json!(ROWS), "{}", worker.name);
}
