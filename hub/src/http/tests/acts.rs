//! What staff do about a row: which words become which act, who is refused, and what they read.

use axum::http::header::LOCATION;

use super::*;
use crate::exception::{Act, Event, Handling, Refusal, Unresolved};
use crate::http::door::{Door, Worker};
use crate::notify::chain::Progress;
use crate::notify::teller::{Hearing, Told};
use crate::service::{Deed, Hands};
use crate::watch::{ActRefused, Seen, StaffId};

/// A page on which somebody acts, and what the hub answers to each act.
struct Desk {
    site: Router,
    _tonight: watch::Sender<Arc<Tonight>>,
    deeds: tokio::sync::mpsc::Receiver<Deed>,
}

impl Desk {
    fn new() -> Self {
        let (sender, receiver) = watch::channel(Arc::new(sample::busy()));
        let (hands, waiting) = Hands::new();
        let state = State {
            hands: Some(hands),
            ..State::showing(receiver)
        };
        Self {
            site: app(state),
            _tonight: sender,
            deeds: waiting.deeds,
        }
    }

    /// Posts a form to row 11, and answers what comes to the desk so.
    async fn post(
        &mut self,
        form: &str,
        answer: Result<(), ActRefused>,
    ) -> (Response<Body>, Acted) {
        let posted = post(&self.site, "/rows/11", form, &[SAME, TEXT]);
        let dealt = async {
            let deed = self.deeds.recv().await.unwrap();
            deed.answer.send(answer).unwrap();
            (deed.row, deed.by, deed.act)
        };
        tokio::join!(posted, dealt)
    }
}

type Acted = ((i64, Seen), StaffId, Act);

/// What every form says of the row as it was seen.
const ROW: &str = "turn=0&checks=1&cause=unclear%28several%29";

fn seen() -> Seen {
    Seen {
        turn: 0,
        checks: 1,
        cause: Cause::Unclear(Reason::Several),
    }
}

const SAME: (&str, &str) = ("sec-fetch-site", "same-origin");
const TEXT: (&str, &str) = ("accept", "text/plain");

async fn post(
    site: &Router,
    address: &str,
    form: &str,
    headers: &[(&str, &str)],
) -> Response<Body> {
    let mut request = Request::builder().method("POST").uri(address);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::from(form.to_owned())).unwrap();
    site.clone().oneshot(request).await.unwrap()
}

fn staff(id: &str) -> StaffId {
    id.parse().unwrap()
}

#[tokio::test]
async fn every_button_is_the_act_that_it_says() {
    let now = sample::busy().now;
    let table = [
        ("act=take", Act::Take),
        ("act=take_over", Act::TakeOver),
        ("act=arrive", Act::Arrive),
        ("act=return", Act::Return),
        (
            "act=go&minutes=20",
            Act::Go {
                arrives: now.after(Duration::from_secs(20 * 60)),
            },
        ),
        ("how=spoke&act=outcome", Act::Say(Said::Spoke)),
        ("how=no_answer&act=outcome", Act::Find(Unresolved::NoAnswer)),
    ];
    for (words, act) in table {
        let form = format!("{ROW}&{words}");
        let (response, acted) = Desk::new().post(&form, Ok(())).await;
        assert_eq!(acted, ((11, seen()), Worker::anybody().id, act), "{form}");
        assert_eq!(response.status(), StatusCode::NO_CONTENT);
    }
}

#[tokio::test]
async fn a_form_that_is_none_is_refused_in_words_and_reaches_nobody() {
    for (form, words) in [
        ("", "Sidan förstod inte"),
        ("act=take", "Sidan förstod inte"),
        ("turn=x&act=take", "Sidan förstod inte"),
        ("turn=0&act=take", "Sidan förstod inte"),
        (&format!("{ROW}&act=close"), "Sidan förstod inte"),
        (&format!("{ROW}&act=go&minutes=-5"), "Sidan förstod inte"),
        (&format!("{ROW}&act=go"), "Sidan förstod inte"),
        (
            &format!("{ROW}&act=outcome&how=asleep"),
            "Sidan förstod inte",
        ),
        (&format!("{ROW}&act=outcome"), "Välj hur det gick."),
        (&format!("{ROW}&act=\u{fffd}"), "Sidan förstod inte"),
    ] {
        let mut desk = Desk::new();
        let response = post(&desk.site, "/rows/11", form, &[SAME, TEXT]).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{form}");
        assert!(text(response).await.contains(words), "{form}");
        assert!(desk.deeds.try_recv().is_err());
    }
}

#[tokio::test]
async fn a_form_of_another_site_or_of_no_browser_is_refused() {
    let foreign: [&[(&str, &str)]; 5] = [
        &[],
        &[("sec-fetch-site", "cross-site")],
        &[("sec-fetch-site", "same-site")],
        &[
            ("origin", "https://elsewhere.example"),
            ("host", "hub.example"),
        ],
        &[("origin", "null"), ("host", "null")],
    ];
    let mut desk = Desk::new();
    for headers in foreign {
        let response = post(&desk.site, "/rows/11", "turn=0&act=take", headers).await;
        assert_eq!(response.status(), StatusCode::FORBIDDEN, "{headers:?}");
    }
    assert!(desk.deeds.try_recv().is_err());
    let own = [("origin", "http://hub.example"), ("host", "hub.example")];
    let response = post(&desk.site, "/rows/11", "turn=0&act=dance", &own).await;
    assert_eq!(
        response.status(),
        StatusCode::BAD_REQUEST,
        "asked, and not understood"
    );
}

#[tokio::test]
async fn whoever_cannot_do_it_reads_why() {
    let at = sample::at("02:20");
    let held = Refusal::Held {
        by: staff("natt-002"),
        at,
    };
    for (refused, words) in [
        (held.into(), "natt-002 har den sedan 02:20."),
        (Refusal::NotHeld.into(), "Ingen har den längre."),
        (ActRefused::Changed, "Någon hann före"),
        (ActRefused::NoRow(11), "finns inte bland nattens"),
        (
            Refusal::Over(Ending::LateReport).into(),
            "redan avslutad: Rapporten kom sent",
        ),
        (Refusal::Arrival(at).into(), "inom en timme"),
    ] {
        let (response, _) = Desk::new()
            .post(&format!("{ROW}&act=take"), Err(refused))
            .await;
        assert_eq!(response.status(), StatusCode::CONFLICT);
        let said = text(response).await;
        assert!(said.contains(words), "{words:?} is not in {said:?}");
    }
}

#[tokio::test]
async fn a_browser_without_scripts_comes_back_to_the_row_or_reads_a_page() {
    let mut desk = Desk::new();
    let form = format!("{ROW}&act=take");
    let posted = post(&desk.site, "/rows/11?lang=en", &form, &[SAME]);
    let dealt = async {
        let deed = desk.deeds.recv().await.unwrap();
        deed.answer.send(Ok(())).unwrap();
    };
    let (response, ()) = tokio::join!(posted, dealt);
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    assert_eq!(response.headers()[LOCATION], "/?lang=en#e11");
    let refused = post(
        &desk.site,
        "/rows/11",
        &format!("{ROW}&act=outcome"),
        &[SAME],
    )
    .await;
    assert!(text(refused).await.contains("<h1>Välj hur det gick.</h1>"));
}

#[tokio::test]
async fn a_hub_that_is_not_there_is_no_success() {
    let form = format!("{ROW}&act=take");
    let (_sender, site) = super::site(sample::busy());
    let response = post(&site, "/rows/11", &form, &[SAME, TEXT]).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    let desk = Desk::new();
    drop(desk.deeds);
    let response = post(&desk.site, "/rows/11", &form, &[SAME, TEXT]).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(text(response).await.contains("Titta på raden"));
}

/// Row 11 as it stands after these acts, as a page shows it to whoever is at it.
async fn row(events: &[Event]) -> String {
    let mut tonight = sample::busy();
    let mut handling = Handling::default();
    for event in events {
        handling.handle(sample::at("02:20"), event).unwrap();
    }
    let row = tonight.open.iter_mut().find(|row| row.id == 11).unwrap();
    row.handling = handling;
    let page = page(tonight, "/").await;
    page[place(&page, "id=\"e11\"")..place(&page, "id=\"e13\"")].to_owned()
}

/// What happened to a row, what it says then, what is offered and what is not.
type Stand<'a> = (&'a [Event], &'a str, &'a [&'a str], &'a [&'a str]);

#[tokio::test]
async fn a_row_says_who_has_it_and_offers_what_that_one_can_do() {
    let me = Worker::anybody().id;
    let mine = |act| Event::By(me.clone(), act);
    let theirs = |act| Event::By(staff("natt-002"), act);
    let arrives = sample::at("02:40");
    let table: [Stand<'_>; 6] = [
        (&[], "Ingen har den.", &["take"], &["take_over", "return"]),
        (
            &[mine(Act::Take)],
            "Du har den sedan 02:20. Händer inget är den öppen igen 02:25.",
            &["arrive", "return"],
            &["take", "take_over"],
        ),
        (
            &[mine(Act::Go { arrives })],
            "Du är på väg, framme 02:40.",
            &["arrive", "return"],
            &["take"],
        ),
        (
            &[theirs(Act::Take)],
            "natt-002 har den sedan 02:20.",
            &["take_over"],
            &["take", "return", "arrive"],
        ),
        (
            &[theirs(Act::Arrive)],
            "natt-002 är där sedan 02:20.",
            &["take_over"],
            &["take"],
        ),
        (
            &[mine(Act::Find(Unresolved::NoAnswer))],
            "Hittills: Svarar inte. Nästa steg: Åk dit.",
            &["take"],
            &["take_over"],
        ),
    ];
    for (events, said, offered, not_offered) in table {
        let row = row(events).await;
        let words = strip_tags(&row);
        assert!(words.contains(said), "{said:?} is not in {words:?}");
        for act in offered {
            assert!(row.contains(&format!("value=\"{act}\"")), "{act}: {words}");
        }
        for act in not_offered {
            assert!(!row.contains(&format!("value=\"{act}\"")), "{act}: {words}");
        }
    }
}

#[tokio::test]
async fn no_single_press_ends_a_row() {
    let row = row(&[]).await;
    for said in Said::WELL {
        let choice = format!("type=\"radio\" name=\"how\" value=\"{}\"", said.word());
        assert!(row.contains(&choice), "{choice}");
        assert!(!row.contains(&format!("name=\"act\" value=\"{}\"", said.word())));
    }
    assert_eq!(
        row.matches("<details").count(),
        3,
        "folded away until asked for"
    );
    // Beside what says that all is well it is not to be chosen by a slip.
    assert!(!row.contains("value=\"found_dead\""), "{row}");
    assert!(row.contains("type=\"checkbox\" name=\"sure\" value=\"yes\" required"));
    // Of a couple, the two rows stand together.
    let sure = "Det är säkert: Elsa Provberg är avliden, och någon är där.";
    assert!(row.contains(sure), "{row}");
}

#[tokio::test]
async fn found_dead_is_taken_only_when_it_is_said_to_be_certain() {
    let mut desk = Desk::new();
    for (words, refused) in [
        ("act=died", "Kryssa i att det är säkert."),
        ("sure=no&act=died", "Kryssa i att det är säkert."),
        ("how=found_dead&act=outcome", "Sidan förstod inte"),
    ] {
        let form = format!("{ROW}&{words}");
        let response = post(&desk.site, "/rows/11", &form, &[SAME, TEXT]).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{form}");
        assert!(text(response).await.contains(refused), "{form}");
        assert!(desk.deeds.try_recv().is_err());
    }
    let certain = format!("{ROW}&sure=yes&act=died");
    let (response, (_, _, act)) = desk.post(&certain, Ok(())).await;
    assert_eq!(act, Act::Say(Said::Died));
    assert_eq!(response.status(), StatusCode::NO_CONTENT);
}

#[test]
fn the_door_for_everybody_lets_everybody_in_as_one() {
    let door = Door::Everybody(Worker::anybody());
    assert_eq!(door.name(&Worker::anybody().id), "Någon vid sidan");
    assert_eq!(door.name(&staff("natt-009")), "natt-009");
}

#[tokio::test]
async fn the_page_says_who_is_alerted_and_what_did_not_get_through() {
    let (_tonight, receiver) = watch::channel(Arc::new(sample::busy()));
    let lead = "natt-lead".parse().unwrap();
    let told = Told {
        hearing: Hearing::Somebody,
        rows: [(11, Progress::Ended { lead })].into(),
        failing: [("sms".parse().unwrap(), sample::at("02:20"))].into(),
        ..Told::default()
    };
    let (_told, shown) = watch::channel(Arc::new(told));
    let site = app(State {
        told: Some(shown),
        ..State::showing(receiver)
    });
    let page = strip_tags(&text(ask(&site, "GET", "/").await).await);
    assert!(page.contains("Larm kom inte fram genom sms"), "{page}");
    assert!(
        page.contains("natt-lead påminns var femte minut."),
        "{page}"
    );
    assert!(!page.contains("Ingen larmväg är ansluten"), "{page}");
}
