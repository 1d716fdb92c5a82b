//! Settings that change while rows are under way: who is told from then on, and how soon.

use super::*;
use crate::settings::{AtWork, Settings as Set};
use crate::view::Arrangement;

/// Two gateways, and nobody who is told by them.
fn channels(ports: [u16; 2]) -> Settings {
    let mut text = "link = \"https://nattsyn.example/\"\n".to_owned();
    for (name, port) in ["way-0", "way-1"].iter().zip(ports) {
        text += &format!(
            "[[channel]]\nkind = \"webhook\"\nname = \"{name}\"\n\
             url = \"http://127.0.0.1:{port}/\"\nbody = '{{\"text\":\"{{text}}\"}}'\n"
        );
    }
    toml::from_str(&text).unwrap()
}

/// A document with one team of one person, told by one gateway.
fn document(team: &str, by: &str) -> String {
    format!(
        "[[recipient]]\nname = \"lead\"\n\
         [[team]]\nname = \"{team}\"\nsteps = [{{ to = \"lead\", by = [\"{by}\"] }}]\n"
    )
}

fn at_work(number: i64, text: &str, channels: &Settings) -> Arc<AtWork> {
    let settings = Set::read(text).unwrap();
    let people = settings.told_by(channels).people(&Others::new());
    let (teams, book) = people.unwrap();
    Arc::new(AtWork {
        number: Some(number),
        set: None,
        settings: Arc::new(settings),
        teams,
        book,
        refused: None,
    })
}

#[tokio::test]
async fn a_row_under_way_is_told_by_the_settings_that_come() {
    let night = Night::new();
    let (first, second) = (
        Fake::http(None, &[Manner::Answers(200)]).await,
        Fake::http(None, &[Manner::Answers(200)]).await,
    );
    let channels = channels([first.port, second.port]);
    let begun = at_work(1, &document("natt", "way-0"), &channels);
    let mut opened = begun
        .settings
        .told_by(&channels)
        .open_with(Path::new(""), Others::new(), PATIENCE)
        .unwrap();
    let (set, changes) = watch::channel(begun);
    opened.changes = Some(changes);
    let tellings = Tellings::open(&night.ledger()).unwrap();
    let tonight = Arc::new(night.tonight(vec![night.row(7)]));
    let (_rows, tonight) = watch::channel(tonight);
    let (told, shown) = watch::channel(Arc::default());
    let (_answers, answered) = Answers::new();
    let (verdicts, _found) = Verdicts::new();
    let proving = Proving {
        zone: TimeZone::UTC,
        answered,
        verdicts,
    };
    let clock = night.clock.clone();
    let task = tokio::spawn(run(opened, tellings, clock, tonight, told, proving));
    heard(&first, 1).await;
    set.send_replace(at_work(2, &document("dag", "way-1"), &channels));
    heard(&second, 1).await;
    assert_eq!(shown.borrow().settings, Some(2));
    assert_eq!(first.heard().len(), 1);
    // Without a team the page says so again.
    set.send_replace(at_work(3, "", &channels));
    let mut shown = shown;
    let waiting = shown.wait_for(|told| told.hearing == Hearing::Nobody);
    let waited = tokio::time::timeout(Duration::from_secs(20), waiting).await;
    waited.unwrap().unwrap();
    assert_eq!(shown.borrow().rows.get(&7), Some(&Progress::Nobody));
    task.abort();
}

#[test]
fn whom_a_row_goes_to_and_how_soon_is_the_homes_and_what_was_agreed_goes_first() {
    let night = Night::new();
    let mut row = night.row(7);
    let home = row.home.unwrap();
    let text = format!(
        "[municipality]\nteam = \"natt\"\nanswer_within_min = 12\n\
         [[home]]\nid = \"{home}\"\nteam = \"norra\"\n{}{}",
        document("natt", "sms"),
        "[[team]]\nname = \"norra\"\nsteps = [{ to = \"lead\", by = [\"sms\"] }]\n"
    );
    let settings = Set::read(&text).unwrap();
    let own = need(&row, &settings);
    assert_eq!(own.team.as_str(), "norra");
    assert_eq!(own.target, Duration::from_secs(12 * 60));
    row.agreed = Some(Arrangement {
        then: crate::agreement::Then::Visit,
        fallback: crate::agreement::Fallback::Visit,
        answer_within: Some(Duration::from_secs(20 * 60)),
        wishes: String::new(),
    });
    assert_eq!(need(&row, &settings).target, Duration::from_secs(20 * 60));
    row.home = None;
    assert_eq!(need(&row, &settings).team.as_str(), "natt");
}
