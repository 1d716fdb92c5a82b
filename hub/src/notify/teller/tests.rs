//! From rows to a gateway's socket, over a real file: who is told, by what, and what is written.

mod proofs;

use std::path::Path;

use jiff::tz::TimeZone;

use super::super::Patience;
use super::super::fakes::{Fake, Manner};
use super::super::settings::{Others, Settings};
use super::*;
use crate::exception::{Act, Event, Handling};
use crate::service::{Found, Verdicts};
use crate::store::SqliteStore;
use crate::view::{Cause, MatterRow, Person, Reality};
use crate::watch::{Punctuality, StaffId, Subject};

mod settled;

/// Short, since the fakes are near.
const PATIENCE: Patience = Patience {
    each: Duration::from_millis(400),
    whole: Duration::from_secs(1),
    pause: Duration::from_millis(20),
};

struct Night {
    folder: tempfile::TempDir,
    clock: Clock,
}

/// A teller at work, and the rows that it is given.
struct Work {
    rows: Arc<watch::Sender<Arc<Tonight>>>,
    told: watch::Receiver<Arc<Told>>,
    answers: Answers,
    exchange: Arc<Exchange>,
    task: tokio::task::JoinHandle<Result<(), StoreError>>,
}

fn opened(settings: &str) -> Opened {
    let settings: Settings = toml::from_str(settings).unwrap();
    let opened = settings.open_with(Path::new(""), Others::new(), PATIENCE);
    opened.unwrap()
}

impl Night {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        SqliteStore::open(&folder.path().join("ledger.sqlite")).unwrap();
        Self {
            folder,
            clock: Clock::machine(),
        }
    }

    fn ledger(&self) -> std::path::PathBuf {
        self.folder.path().join("ledger.sqlite")
    }

    fn start(&self, settings: &str, open: Vec<ExceptionRow>) -> Work {
        self.start_with(settings, open, Vec::new())
    }

    fn start_with(&self, settings: &str, open: Vec<ExceptionRow>, matters: Vec<MatterRow>) -> Work {
        self.run(opened(settings), open, matters)
    }

    fn run(&self, opened: Opened, open: Vec<ExceptionRow>, matters: Vec<MatterRow>) -> Work {
        let exchange = Arc::clone(&opened.exchange);
        let tellings = Tellings::open(&self.ledger()).unwrap();
        let tonight = Tonight {
            matters,
            ..self.tonight(open)
        };
        let (rows, tonight) = watch::channel(Arc::new(tonight));
        let rows = Arc::new(rows);
        let (verdicts, found) = Verdicts::new();
        proofs::desk(&rows, found, self.clock.now().timestamp);
        let (answers, answered) = Answers::new();
        let proving = Proving {
            zone: TimeZone::UTC,
            answered,
            verdicts,
        };
        let (told, shown) = watch::channel(Arc::default());
        let clock = self.clock.clone();
        Work {
            rows,
            told: shown,
            answers,
            exchange,
            task: tokio::spawn(run(opened, tellings, clock, tonight, told, proving)),
        }
    }

    fn tonight(&self, open: Vec<ExceptionRow>) -> Tonight {
        Tonight {
            now: self.clock.now().timestamp,
            night: jiff::civil::date(2026, 11, 21),
            zone: "Europe/Stockholm".to_owned(),
            reality: Reality::Homes,
            open,
            closed: Vec::new(),
            matters: Vec::new(),
            checks: Vec::new(),
            homes: Vec::new(),
            consent: std::sync::Arc::default(),
            labels: Arc::default(),
        }
    }

    fn row(&self, id: i64) -> ExceptionRow {
        let now = self.clock.now().timestamp;
        ExceptionRow {
            id,
            person: Person {
                resident: "r0000001".parse().unwrap(),
                name: "Namn Namnsson".to_owned(),
                address: "Gatan 1".to_owned(),
            },
            home: Some("h0000001".parse().unwrap()),
            cause: Cause::NotVisible,
            opened: now,
            due: now,
            punctuality: Punctuality::InTime,
            checks: Vec::new(),
            ended: None,
            handling: Handling::default(),
            agreed: None,
        }
    }
}

impl Work {
    fn shows(&self, open: Vec<ExceptionRow>) {
        self.rows
            .send_modify(|tonight| Arc::make_mut(tonight).open = open);
    }

    async fn until(&mut self, what: impl FnMut(&Arc<Told>) -> bool) {
        let waiting = self.told.wait_for(what);
        let waited = tokio::time::timeout(Duration::from_secs(20), waiting).await;
        waited.expect("in time").unwrap();
    }
}

async fn heard(fake: &Fake, count: usize) {
    let waiting = async {
        while fake.heard().len() < count {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_secs(20), waiting).await;
    waited.unwrap_or_else(|_| panic!("{} of {count} were heard", fake.heard().len()));
}

/// The night lead, told by these gateways in order.
fn lead(ports: &[u16]) -> String {
    let mut text = "link = \"https://nattsyn.example/\"\n".to_owned();
    let names: Vec<String> = (0..ports.len()).map(|way| format!("way-{way}")).collect();
    for (name, port) in names.iter().zip(ports) {
        text += &format!(
            "[[channel]]\nkind = \"webhook\"\nname = \"{name}\"\n\
             url = \"http://127.0.0.1:{port}/\"\nbody = '{{\"text\":\"{{text}}\"}}'\n"
        );
    }
    let quoted: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
    text + &format!(
        "[[recipient]]\nname = \"lead\"\n\
         [[team]]\nname = \"natt\"\nsteps = [{{ to = \"lead\", by = [{}] }}]\n",
        quoted.join(", ")
    )
}

#[tokio::test]
async fn a_row_that_nobody_has_is_told_without_a_name_and_written_first() {
    let night = Night::new();
    let gateway = Fake::http(None, &[Manner::Answers(200)]).await;
    let mut work = night.start(&lead(&[gateway.port]), Vec::new());
    work.until(|told| told.hearing == Hearing::Somebody).await;
    let row = night.row(7);
    work.shows(vec![row.clone()]);
    heard(&gateway, 1).await;
    let said = gateway.heard()[0].text();
    assert_eq!(said, "{\"text\":\"Nattsyn: att åtgärda\"}");
    assert!(!format!("{:?}", gateway.heard()).contains("Namn"));
    work.until(|told| told.rows.contains_key(&7) && told.failing.is_empty())
        .await;
    let lines = Tellings::open(&night.ledger()).unwrap();
    let lines = lines.since(row.opened.before(BEFORE)).unwrap();
    assert!(matches!(lines[0], Line::Began { .. }), "{lines:?}");
    assert!(matches!(lines[1], Line::Told { .. }), "{lines:?}");
    // Somebody takes it, and it is over: there is nobody to tell any more.
    let mut taken = row;
    let take = Event::By("natt-001".parse().unwrap(), Act::Take);
    taken.handling.handle(taken.opened, &take).unwrap();
    work.shows(vec![taken]);
    work.until(|told| told.rows.is_empty()).await;
    drop(work.rows);
    work.task.await.unwrap().unwrap();
}

#[tokio::test]
async fn what_does_not_get_through_goes_by_the_next_way_and_the_page_says_so() {
    let night = Night::new();
    let dead = Fake::http(None, &[Manner::Closes]).await;
    let gateway = Fake::http(None, &[Manner::Answers(200)]).await;
    let settings = lead(&[dead.port, gateway.port]);
    let mut work = night.start(&settings, vec![night.row(7)]);
    heard(&gateway, 1).await;
    let first: ChannelName = "way-0".parse().unwrap();
    work.until(|told| told.failing.keys().eq([&first])).await;
}

#[tokio::test]
async fn a_hub_that_starts_anew_tells_nobody_twice() {
    let night = Night::new();
    let gateway = Fake::http(None, &[Manner::Answers(200)]).await;
    let row = night.row(7);
    let work = night.start(&lead(&[gateway.port]), vec![row.clone()]);
    heard(&gateway, 1).await;
    drop(work.rows);
    work.task.await.unwrap().unwrap();
    let work = night.start(&lead(&[gateway.port]), vec![row, night.row(8)]);
    // The new row shares the next message, so nothing goes out at once.
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(gateway.heard().len(), 1);
    work.task.abort();
}

#[tokio::test]
async fn a_hub_that_starts_anew_goes_on_with_a_row_where_it_was_since_it_fell_back() {
    let night = Night::new();
    let gateway = Fake::http(None, &[Manner::Answers(200)]).await;
    let now = night.clock.now().timestamp;
    let minutes_ago = |minutes: u64| now.before(Duration::from_secs(minutes * 60));
    // Told, taken, and nobody's again a minute ago: nobody is late with it yet.
    let mut row = night.row(7);
    row.opened = minutes_ago(20);
    let began = |at, row: &ExceptionRow| Line::Began {
        at,
        need: need(row, &crate::settings::Settings::default()),
    };
    let first = began(row.opened, &row);
    let take = Event::By("natt-001".parse().unwrap(), Act::Take);
    row.handling.handle(minutes_ago(6), &take).unwrap();
    let fell = minutes_ago(1);
    row.handling.handle(fell, &Event::FellBack).unwrap();
    let second = began(fell, &row);
    let mut tellings = Tellings::open(&night.ledger()).unwrap();
    tellings.write(&[first, second]).unwrap();
    let settings = lead(&[gateway.port]).replace(
        "steps = [",
        "steps = [{ to = \"anna\", by = [\"way-0\"] }, ",
    );
    let settings = settings.replace("[[team]]", "[[recipient]]\nname = \"anna\"\n[[team]]");
    let mut work = night.start(&settings, vec![row]);
    work.until(|told| told.rows.contains_key(&7)).await;
    let to = "anna".parse().unwrap();
    let progress = work.told.borrow().rows[&7].clone();
    assert_eq!(progress, Progress::Told { step: 0, to });
    work.task.abort();
}

#[tokio::test]
async fn what_cannot_be_written_down_is_not_told_and_the_hub_learns_of_it() {
    let night = Night::new();
    let gateway = Fake::http(None, &[Manner::Answers(200)]).await;
    let work = night.start(&lead(&[gateway.port]), Vec::new());
    let ledger = rusqlite::Connection::open(night.ledger()).unwrap();
    ledger.execute_batch("DROP TABLE tellings").unwrap();
    work.shows(vec![night.row(7)]);
    let ended = tokio::time::timeout(Duration::from_secs(20), work.task).await;
    assert!(ended.unwrap().unwrap().is_err());
    assert_eq!(gateway.heard().len(), 0);
}

#[tokio::test]
async fn without_a_team_every_row_says_that_nobody_is_told() {
    let night = Night::new();
    let mut work = night.start("", vec![night.row(7)]);
    work.until(|told| told.rows.get(&7) == Some(&Progress::Nobody))
        .await;
    assert_eq!(work.told.borrow().hearing, Hearing::Nobody);
}
