//! What the page says of test alarms, and what comes of the one press that answers them.

use axum::http::header::LOCATION;

use super::*;
use crate::http::door::Worker;
use crate::notify::chain::{
    Failure, Line, Progress, Recipient, RowId, Step, Team, TeamName, Teams, TrialId, Verdict,
};
use crate::notify::proof::{Proof, Proofs, TeamProof, history};
use crate::notify::teller::{AnswerError, Answered, Answers, Hearing as Heard, Told};
use crate::view::MatterRow;
use crate::watch::Subject;

/// What happened to a test alarm of 21:00.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Story {
    UnderWay,
    Answered,
    Whole,
    NotWhole,
    Unanswered,
    Missed,
    Nothing,
    NoShifts,
}

fn natt() -> TeamName {
    "natt".parse().unwrap()
}

/// What is written of it.
fn written(story: Story) -> Vec<Line> {
    let trial = TrialId(1);
    let began = Line::TrialBegan {
        at: sample::at("21:00"),
        trial,
        team: natt(),
        answer_by: sample::at("21:15"),
    };
    let answered = Line::TrialAnswered {
        at: sample::at("21:02"),
        trial,
        by: "anybody".parse().unwrap(),
    };
    let lead: Recipient = "lead".parse().unwrap();
    let over = |undelivered| Line::TrialOver {
        at: sample::at("21:15"),
        verdict: Verdict {
            trial,
            team: natt(),
            answered: None,
            undelivered,
        },
    };
    let failed = vec![(lead, "sms".parse().unwrap(), Failure::Unreachable)];
    match story {
        Story::UnderWay => vec![began],
        Story::Answered => vec![began, answered],
        Story::Whole => vec![began, answered, over(Vec::new())],
        Story::NotWhole => vec![began, answered, over(failed)],
        Story::Unanswered => vec![began, over(Vec::new())],
        Story::Missed => vec![Line::TrialMissed {
            at: sample::at("22:30"),
            team: natt(),
            shift: sample::at("21:00"),
        }],
        Story::Nothing | Story::NoShifts => Vec::new(),
    }
}

fn proofs(story: Story) -> Vec<TeamProof> {
    let step = Step {
        to: "lead".parse().unwrap(),
        by: vec!["sms".parse().unwrap()],
    };
    let shift = toml::from_str("name = \"natt\"\nstarts = \"21:00\"").unwrap();
    let shifts = if story == Story::NoShifts {
        Vec::new()
    } else {
        vec![shift]
    };
    let team = Team::new(natt(), vec![step]).unwrap();
    let teams = Teams::new(vec![team.with_shifts(shifts)]);
    let mut book = Proofs::default();
    written(story).iter().for_each(|line| book.note(line));
    let zone = jiff::tz::TimeZone::get("Europe/Stockholm").unwrap();
    book.of_teams(sample::at("02:00"), &zone, &teams)
}

/// A night's test alarms, for the books.
pub(super) fn of_night() -> Vec<(TeamName, Proof)> {
    history(&written(Story::NotWhole))
}

struct Shown {
    site: Router,
    _tonight: watch::Sender<Arc<Tonight>>,
    _told: watch::Sender<Arc<Told>>,
    answered: Answered,
}

fn shown(tonight: Tonight, told: Told) -> Shown {
    let (sender, receiver) = watch::channel(Arc::new(tonight));
    let (told, shown) = watch::channel(Arc::new(told));
    let (answers, answered) = Answers::new();
    let site = app(State {
        told: Some(shown),
        answers: Some(answers),
        ..State::showing(receiver)
    });
    Shown {
        site,
        _tonight: sender,
        _told: told,
        answered,
    }
}

fn of(story: Story) -> Shown {
    let told = Told {
        hearing: Heard::Somebody,
        proofs: proofs(story),
        ..Told::default()
    };
    shown(sample::busy(), told)
}

/// A team whose test alarm nobody has answered, for looking at the page.
pub(super) fn told_to_look_at() -> watch::Receiver<Arc<Told>> {
    let told = Told {
        hearing: Heard::Somebody,
        proofs: proofs(Story::UnderWay),
        ..Told::default()
    };
    watch::channel(Arc::new(told)).1
}

async fn post(site: &Router, address: &str, headers: &[(&str, &str)]) -> Response<Body> {
    let mut request = Request::builder().method("POST").uri(address);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::empty()).unwrap();
    site.clone().oneshot(request).await.unwrap()
}

const SAME: (&str, &str) = ("sec-fetch-site", "same-origin");
const TEXT: (&str, &str) = ("accept", "text/plain");

#[tokio::test]
async fn the_page_says_of_each_team_whether_its_chain_was_tried_this_shift() {
    for (story, swedish, english) in [
        (
            Story::UnderWay,
            "Provlarm skickat 21:00.",
            "Test alarm sent 21:00.",
        ),
        (
            Story::Answered,
            "Kedjan provad 21:00, svarad av Någon vid sidan efter 2 min; svar på om",
            "Chain tried 21:00, answered by Någon vid sidan after 2 min; whether",
        ),
        (
            Story::Whole,
            "svarad av Någon vid sidan efter 2 min; allt kom fram.",
            "after 2 min; everything got through.",
        ),
        (
            Story::NotWhole,
            "efter 2 min; kom inte fram: lead genom sms",
            "after 2 min; did not get through: lead by sms",
        ),
        (
            Story::Unanswered,
            "Provlarm skickat, obesvarat 21:00.",
            "Test alarm sent, unanswered 21:00.",
        ),
        (
            Story::Missed,
            "Inte provad i det här skiftet: Nattsyn var",
            "was down when",
        ),
        (
            Story::Nothing,
            "Inte provad i det här skiftet.",
            "Not tried in this shift.",
        ),
        (
            Story::NoShifts,
            "Inga skift är inställda",
            "No shifts are set up",
        ),
    ] {
        for (address, words) in [("/", swedish), ("/?lang=en", english)] {
            let page = text(ask(&of(story).site, "GET", address).await).await;
            let below = strip_tags(&page[place(&page, "id=\"proven\"")..]);
            assert!(below.contains(words), "{story:?}: {below}");
            let next = below.contains("22 november kl. 21:00") || below.contains("22 November");
            assert_eq!(next, story != Story::NoShifts, "{story:?}: {below}");
        }
    }
}

#[tokio::test]
async fn a_chain_that_was_proven_is_not_whole_while_somebody_on_it_has_no_phone_now() {
    let step = |to: &str| Step {
        to: to.parse().unwrap(),
        by: vec!["push".parse().unwrap()],
    };
    let steps = vec![step("natt-1"), step("lead")];
    let told = |unreached: &[&str]| Told {
        hearing: Heard::Somebody,
        proofs: proofs(Story::Whole),
        teams: Teams::new(vec![Team::new(natt(), steps.clone()).unwrap()]),
        unreached: unreached.iter().map(|to| to.parse().unwrap()).collect(),
        ..Told::default()
    };
    for (address, words) in [
        (
            "/",
            "Nu går larm inte fram till natt-1: kedjan är inte hel.",
        ),
        (
            "/?lang=en",
            "Now alerts do not reach natt-1: the chain is not whole.",
        ),
    ] {
        let gone = shown(sample::busy(), told(&["natt-1", "dag-1"]));
        let page = text(ask(&gone.site, "GET", address).await).await;
        let below = strip_tags(&page[place(&page, "id=\"proven\"")..]);
        assert!(below.contains(words), "{below}");
        let whole = shown(sample::busy(), told(&["dag-1"]));
        let page = text(ask(&whole.site, "GET", address).await).await;
        assert!(!strip_tags(&page).contains(words), "another team's");
    }
}

#[tokio::test]
async fn what_is_unanswered_asks_above_everything_with_one_press_and_aloud() {
    for story in [Story::UnderWay, Story::Unanswered] {
        let page = text(ask(&of(story).site, "GET", "/").await).await;
        let band = &page[place(&page, "id=\"proof\"")..place(&page, "id=\"status\"")];
        assert!(band.contains("data-alarm=\"t1\""), "{band}");
        assert!(
            band.contains("data-say=\"Provlarm: svara på sidan.\""),
            "{band}"
        );
        let form = "<form method=\"post\" action=\"/test-alarms/1?lang=sv\">";
        assert!(band.contains(form), "{band}");
        assert_eq!(band.matches("<button").count(), 1, "{band}");
    }
    for story in [Story::Answered, Story::Whole, Story::Missed, Story::Nothing] {
        let page = text(ask(&of(story).site, "GET", "/").await).await;
        assert!(
            page.contains("<section id=\"proof\"></section>"),
            "{story:?}"
        );
    }
}

#[tokio::test]
async fn an_answer_is_of_whoever_is_signed_in_and_leads_back_when_it_is_written() {
    for (accept, status) in [
        (TEXT, StatusCode::NO_CONTENT),
        (("accept", "text/html"), StatusCode::SEE_OTHER),
    ] {
        let Shown {
            site, mut answered, ..
        } = of(Story::UnderWay);
        let headers = [SAME, accept];
        let posted = post(&site, "/test-alarms/1?lang=en", &headers);
        let written = async {
            let answer = answered.0.recv().await.unwrap();
            answer.written.send(Ok(())).unwrap();
            (answer.trial, answer.by)
        };
        let (response, answer) = tokio::join!(posted, written);
        assert_eq!(answer, (TrialId(1), Worker::anybody().id));
        assert_eq!(response.status(), status);
        if status == StatusCode::SEE_OTHER {
            assert_eq!(response.headers()[LOCATION], "/?lang=en#proven");
        }
    }
}

#[tokio::test]
async fn an_answer_that_is_not_taken_says_why_and_another_site_gives_none() {
    let Shown {
        site, mut answered, ..
    } = of(Story::UnderWay);
    let headers = [SAME, TEXT];
    let posted = post(&site, "/test-alarms/7", &headers);
    let refused = async {
        let answer = answered.0.recv().await.unwrap();
        answer.written.send(Err(AnswerError::NotThisShift)).unwrap();
    };
    let (response, ()) = tokio::join!(posted, refused);
    assert_eq!(response.status(), StatusCode::CONFLICT);
    assert!(
        text(response)
            .await
            .contains("Det provlarmet hör inte till det här skiftet.")
    );
    let foreign = [("sec-fetch-site", "cross-site"), TEXT];
    let response = post(&site, "/test-alarms/1", &foreign).await;
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    assert!(answered.0.try_recv().is_err());
    drop(answered);
    let response = post(&site, "/test-alarms/1", &headers).await;
    assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn a_team_that_may_not_be_reached_stands_with_what_needs_a_person_and_says_who_is_told() {
    let row = |id, situation| MatterRow {
        id,
        situation,
        subject: Subject::Team("natt".parse().unwrap()),
        about: String::new(),
        opened: sample::at("21:15"),
        seen: sample::at("21:15"),
    };
    let mut tonight = sample::empty();
    tonight.matters = vec![
        row(8, Situation::TestUnanswered),
        row(9, Situation::TestNotWhole),
    ];
    let lead = "lead".parse().unwrap();
    let told = Told {
        hearing: Heard::Somebody,
        rows: [(RowId::of_matter(8).0, Progress::Ended { lead })].into(),
        ..Told::default()
    };
    let page = text(ask(&shown(tonight, told).site, "GET", "/").await).await;
    let attend = &page[place(&page, "id=\"attend\"")..place(&page, "id=\"matters\"")];
    assert!(attend.contains("data-alarm=\"m8\""), "{attend}");
    let words = strip_tags(attend);
    for needle in [
        "Ingen har svarat på provlarmet: det är inte visat",
        "Lag natt",
        "nattansvarig",
        "lead larmas på nytt minst var tionde minut.",
    ] {
        assert!(words.contains(needle), "{needle:?} is not in {words:?}");
    }
    let below = strip_tags(&page[place(&page, "id=\"matters\"")..]);
    assert!(
        below.contains("Provlarmet är besvarat, men kom inte fram"),
        "{below}"
    );
}

#[tokio::test]
async fn the_books_keep_a_nights_test_alarms_and_the_morning_report_names_nobody() {
    let (_tonight, receiver) = watch::channel(Arc::new(sample::busy()));
    let site = app(State {
        archive: Some(Arc::new(books::sample_archive())),
        ..State::showing(receiver)
    });
    for (address, words) in [
        (
            "/ledger",
            "Kedjan provad 21:00, svarad av anybody efter 2 min; kom inte fram: lead",
        ),
        (
            "/morning",
            "Kedjan provad 21:00, svarad efter 2 min; kom inte fram: lead genom sms",
        ),
        (
            "/morning?night=2026-11-20",
            "Inget provlarm är skickat den natten.",
        ),
        (
            "/ledger?lang=en",
            "Chain tried 21:00, answered by anybody after 2 min",
        ),
    ] {
        let page = strip_tags(&text(ask(&site, "GET", address).await).await);
        assert!(page.contains(words), "{address}: {page}");
    }
}
