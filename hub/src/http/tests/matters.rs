//! Closing what is about no check: by whom, as what, and only as it was seen.

use nattsyn_protocol::time::Timestamp;

use super::*;
use crate::http::door::Worker;
use crate::service::{Closure, Hands, Waiting};
use crate::watch::{MatterRefused, StaffId};

struct Desk {
    site: Router,
    _tonight: watch::Sender<Arc<Tonight>>,
    waiting: Waiting,
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
            waiting,
        }
    }

    async fn post(
        &mut self,
        form: &str,
        answer: Result<(), MatterRefused>,
    ) -> (Response<Body>, ((i64, Timestamp), StaffId, Closing)) {
        let posted = post(&self.site, form);
        let dealt = async {
            let Closure {
                matter,
                by,
                how,
                answer: to,
            } = self.waiting.closures.recv().await.unwrap();
            to.send(answer).unwrap();
            (matter, by, how)
        };
        tokio::join!(posted, dealt)
    }
}

async fn post(site: &Router, form: &str) -> Response<Body> {
    let request = Request::builder().method("POST").uri("/matters/4");
    let request = request.header("sec-fetch-site", "same-origin");
    let request = request.header("accept", "text/plain");
    let request = request.body(Body::from(form.to_owned())).unwrap();
    site.clone().oneshot(request).await.unwrap()
}

fn seen() -> Timestamp {
    sample::at("01:12")
}

#[tokio::test]
async fn a_matter_is_closed_by_who_is_signed_in_as_they_saw_it_and_as_they_chose() {
    for how in Closing::ALL {
        let form = format!("seen={}&how={}", seen().as_ms(), how.word());
        let (response, closed) = Desk::new().post(&form, Ok(())).await;
        assert_eq!(closed, ((4, seen()), Worker::anybody().id, how));
        assert_eq!(response.status(), StatusCode::NO_CONTENT);
    }
}

#[tokio::test]
async fn without_a_choice_or_what_was_seen_nothing_reaches_anybody() {
    let mut desk = Desk::new();
    let chosen = format!("seen={}", seen().as_ms());
    for (form, words) in [
        ("", "Sidan förstod inte"),
        ("how=mended", "Sidan förstod inte"),
        ("seen=x&how=mended", "Sidan förstod inte"),
        (chosen.as_str(), "Välj hur det gick."),
        (&format!("{chosen}&how=gone"), "Sidan förstod inte"),
    ] {
        let response = post(&desk.site, form).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{form}");
        assert!(text(response).await.contains(words), "{form}");
        assert!(desk.waiting.closures.try_recv().is_err());
    }
}

#[tokio::test]
async fn who_is_late_or_has_not_seen_it_as_it_is_reads_why() {
    let form = format!("seen={}&how=mended", seen().as_ms());
    for (why, words) in [
        (MatterRefused::NotOpen(4), "redan avslutat"),
        (MatterRefused::Changed, "Det har hänt igen"),
        (
            MatterRefused::NotSo(Situation::BrokerDown),
            "försvinner när det är ordnat",
        ),
    ] {
        let (response, _) = Desk::new().post(&form, Err(why)).await;
        assert_eq!(response.status(), StatusCode::CONFLICT);
        assert!(text(response).await.contains(words), "{why:?}");
    }
}

#[tokio::test]
async fn every_matter_has_its_ways_to_end_or_says_that_it_goes_by_itself() {
    for &situation in Situation::ALL {
        let mut tonight = sample::busy();
        tonight.matters[1].situation = situation;
        let page = page(tonight, "/").await;
        let row = &page[place(&page, "id=\"m4\"")..place(&page, "id=\"closed\"")];
        let ways = Closing::of(situation);
        for how in Closing::ALL {
            let offered = row.contains(&format!("value=\"{}\"", how.word()));
            assert_eq!(offered, ways.contains(&how), "{situation:?} {how:?}");
        }
        assert_eq!(
            row.contains("Försvinner av sig själv"),
            ways.is_empty(),
            "{situation:?}"
        );
    }
}

#[tokio::test]
async fn a_matter_that_was_so_again_says_when_last() {
    let mut tonight = sample::busy();
    tonight.matters[1].seen = sample::at("02:20");
    let page = page(tonight, "/").await;
    let row = strip_tags(&page[place(&page, "id=\"m4\"")..]);
    assert!(
        row.starts_with("id=") || row.contains("Sedan 01:12, senast 02:20"),
        "{row}"
    );
    assert!(page.contains(&format!("value=\"{}\"", sample::at("02:20").as_ms())));
}
