//! Two night workers, two phones, one hub behind its door: what they do about the same rows, what
//! they see when the hub is killed, and that nobody is shut out.
//!
//! The hub is all that `nattsyn-hub serve` starts, in a process of its own, with staff, PINs and a
//! webhook; its time is turned by the test, because a row falls back after five minutes
//! and is escalated after ten. The browsers are headless Chromium at a phone's size, one in each
//! language. axe-core goes over every page that [`pages`] names or that a page links to.
//! Pictures are left in `target/page/` for people to look at. What each row says is tested beside
//! the page's code, and what may be done about a row beside the state machine.

#![expect(clippy::unwrap_used, reason = "a test fails where it stands")]

mod elsewhere;
mod gateway;
mod house;
mod outage;
mod pages;
mod reach;
mod shared;
mod worker;

use nattsyn_tests::axe;

use house::{ANNA, CARIN, House};
use pages::{ATTEND, BY_DAY, INSIDE, OUTSIDE, Stop, Tour};
use shared::Team;
use worker::Worker;

/// Half a phone's width: what a page has when somebody has set it to twice the size.
const HALF_A_PHONE: (u32, u32) = (195, 422);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_workers_share_one_list_and_no_row_is_lost_between_them() {
    let mut house = House::build().await;
    house.start().await;
    house.dial.turn_to(house::at(10, 54));
    shared::the_lead_is_told_while_all_phones_sleep(&house).await;
    let anna = Worker::comes(&house, ANNA, "sv").await;
    shared::a_wrong_pin_is_said(&house, &anna).await;
    anna.leaves().await;
    let team = Team::of(house).await;
    shared::all_rows_are_there(&team.anna).await;
    team.anna.reads("Astrid Exempel", "lead").await;
    team.anna.photographs("rows").await;
    team.bo.photographs("rows").await;

    shared::who_takes_a_row_stands_on_the_other_phone(&team, "Astrid Exempel").await;
    shared::one_of_two_who_press_at_once_has_the_row(&team, "Bertil Exempel").await;
    shared::a_second_tap_on_the_same_spot_does_nothing(&team, "Jöns Exempel").await;
    shared::a_row_is_handed_over(&team, "Cecilia Exempel").await;
    let closed = [
        "David Exempel",
        "Elsa Exempel",
        "Folke Exempel",
        "Greta Exempel",
    ];
    shared::each_way_to_close_closes_on_both_phones(&team, closed).await;
    let steps = [
        ("no_answer", "Svarar inte", "Åk dit."),
        ("not_at_home", "Inte hemma", "Ring nattansvarig."),
        ("not_seen", "Inte sedd", "Ring nattansvarig."),
    ];
    shared::what_is_not_well_stays_with_its_next_step(&team, "Åke Exempel", steps).await;
    shared::who_finds_that_help_is_needed_stays(&team, "Helge Exempel").await;
    shared::what_is_taken_and_left_comes_back_with_an_alarm(&team, "Ingrid Exempel").await;
    team.anna.photographs("handled").await;
    team.bo.photographs("handled").await;
    for worker in [&team.anna, &team.bo] {
        worker.has_one_whole_page().await;
    }
    let lines = [
        ("Astrid Exempel", "natt-001 tog raden"),
        ("Cecilia Exempel", "natt-002 tog över raden"),
        ("David Exempel", "Personligt besök, allt väl"),
        ("Greta Exempel", "Avbokad av den enskilde"),
        ("Åke Exempel", "natt-001 Inte hemma"),
        ("Ingrid Exempel", "öppen igen, för att inget hände"),
    ];
    shared::the_ledger_says_who_did_what(&team, &lines).await;
    team.anna.leaves().await;
    team.bo.leaves().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_hub_is_seen_on_both_phones_and_what_was_done_is_there_when_it_is_back() {
    let mut team = Team::in_the_middle_of_a_night().await;
    shared::who_takes_a_row_stands_on_the_other_phone(&team, "Astrid Exempel").await;
    let one = ["Bertil Exempel"];
    team.bo.says_how_it_went(one[0], "visited").await;
    team.anna.sees_no_row_of(one[0]).await;
    outage::both_phones_say_so_in_time(&mut team).await;
    let left = ["Astrid Exempel", "Åke Exempel"];
    let anna = outage::what_is_left_of_tonight_stands_there(&team.anna, &left, &one).await;
    let bo = outage::what_is_left_of_tonight_stands_there(&team.bo, &left, &one).await;
    outage::both_phones_recover_by_themselves(&mut team).await;
    team.anna.reads("Astrid Exempel", "Du har den sedan").await;
    team.bo
        .reads("Astrid Exempel", "Anna Påhittson has it since")
        .await;
    for worker in [&team.anna, &team.bo] {
        worker.sees_no_row_of(one[0]).await;
    }
    // Both are still signed in, and the hub takes what they do.
    team.bo
        .taps_in("Cecilia Exempel", "button[value=take]")
        .await;
    team.anna
        .reads("Cecilia Exempel", "Bo Ödman har den sedan")
        .await;
    team.ends().await;
    axe::nothing_found(&[anna, bo]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_shut_out_by_having_no_mouse_or_needing_twice_the_size() {
    let house = House::at_night().await;
    let anna = Worker::comes(&house, ANNA, "sv").await;
    let people = ("David Exempel", "Elsa Exempel");
    reach::a_row_is_ended_by_keyboard_alone(&house, &anna, people).await;
    anna.leaves().await;
    let anna = Worker::comes_with(&house, ANNA, "sv", HALF_A_PHONE).await;
    reach::everything_fits_and_is_in_reach(&anna, "sign-in").await;
    anna.signs_in(&house).await;
    let mut tour = Tour::of(&INSIDE);
    while let Some(stop) = tour.goes_on(&anna).await {
        unfold(&anna).await;
        reach::everything_fits_and_is_in_reach(&anna, &stop.name).await;
    }
    anna.leaves().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_leads_mends_or_reviews_has_pages_that_fit_half_a_phone_too() {
    let house = House::at_night().await;
    let carin = Worker::comes_with(&house, CARIN, "sv", HALF_A_PHONE).await;
    carin.signs_in(&house).await;
    for page in &BY_DAY {
        Stop::at(page).opens(&carin).await;
        reach::everything_fits_and_is_in_reach(&carin, page.name).await;
    }
    carin.leaves().await;
    let mut examined = Vec::new();
    let carin = Worker::comes(&house, CARIN, "sv").await;
    carin.signs_in(&house).await;
    let mut tour = Tour::of(&BY_DAY);
    while let Some(stop) = tour.goes_on(&carin).await {
        unfold(&carin).await;
        reach::everything_fits_and_is_in_reach(&carin, &stop.name).await;
        examined.push(axe::examine(&carin.browser, &stop.name).await);
    }
    carin.leaves().await;
    axe::nothing_found(&examined);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_reads_another_page_hears_of_new_rows_and_of_a_hub_that_is_gone() {
    let mut house = House::build().await;
    house.start().await;
    let anna = Worker::comes(&house, ANNA, "sv").await;
    anna.signs_in(&house).await;
    elsewhere::the_wish_for_sound_goes_from_page_to_page(&anna).await;
    elsewhere::the_menu_shuts_by_itself(&anna).await;
    elsewhere::a_row_that_comes_is_said_on_every_page(&house, &anna).await;
    let examined = elsewhere::a_hub_that_goes_is_said_there_too(&mut house, &anna).await;
    elsewhere::a_shift_that_is_over_leads_to_the_sign_in(&mut house, &anna).await;
    anna.leaves().await;
    axe::nothing_found(&[examined]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn axe_finds_nothing_on_any_page_in_either_language() {
    let mut house = House::build().await;
    house.start().await;
    let mut worker = Worker::comes(&house, ANNA, "sv").await;
    let mut examined = Vec::new();
    for lang in ["en", "sv"] {
        worker.speaks(lang);
        for page in &OUTSIDE {
            Stop::at(page).opens(&worker).await;
            examined.push(looked_at(&worker, page.name).await);
        }
    }
    worker.goes_to("/").await;
    worker.signs_in(&house).await;
    for lang in ["en", "sv"] {
        worker.speaks(lang);
        Stop::at(&ATTEND).opens(&worker).await;
        examined.push(looked_at(&worker, "nothing").await);
    }
    house.dial.turn_to(house::at(11, 2));
    worker
        .sees("document.querySelectorAll('#attend [data-say]').length > 0")
        .await;
    for lang in ["sv", "en"] {
        worker.speaks(lang);
        let mut tour = Tour::of(&INSIDE);
        while let Some(stop) = tour.goes_on(&worker).await {
            examined.push(looked_at(&worker, &stop.name).await);
        }
        Stop::at(&ATTEND).opens(&worker).await;
        unfold(&worker).await;
        let button = "document.querySelector('button[value=outcome]').scrollIntoView(), true";
        worker.sees(button).await;
        examined.push(looked_at(&worker, "unfolded").await);
    }
    worker.leaves().await;
    axe::nothing_found(&examined);
}

/// Keeps a picture of a page and examines it.
async fn looked_at(worker: &Worker, name: &str) -> axe::Examined {
    worker.photographs(name).await;
    axe::examine(&worker.browser, &format!("{name}, {}", worker.lang)).await
}

/// Unfolds everything, so that it can be looked at.
async fn unfold(worker: &Worker) {
    worker
        .sees("document.querySelectorAll('details').forEach(it => it.open = true), true")
        .await;
}

#[test]
#[ignore = "the hub's process in the tests above, which start it"]
fn the_hub_of_two_workers() {
    nattsyn_tests::served::serve_until_killed();
}
