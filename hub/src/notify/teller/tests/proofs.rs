//! Test alarms from a shift's start to a gateway's socket, the desk and back, over a real file.

use super::*;
use crate::notify::address::Address;
use crate::notify::chain::{Proven, TeamName, TrialId, Verdict};
use crate::watch::situation::Situation;

const TEST: &str = "{\"text\":\"Nattsyn: provlarm, svara på sidan\"}";
const TO_LEAD: &str = "{\"text\":\"Nattsyn: att åtgärda, ingen har tagit det\"}";

/// A shift that began so many minutes ago, for the team of [`lead`].
fn shift(now: Timestamp, minutes_ago: u64) -> String {
    let began = now.before(Duration::from_secs(minutes_ago * 60));
    let starts = began.0.strftime("%H:%M");
    format!("shifts = [{{ name = \"natt\", starts = \"{starts}\" }}]\n")
}

impl Night {
    fn now(&self) -> Timestamp {
        let ms = self.clock.now().timestamp.as_ms();
        Timestamp::from_ms(ms).unwrap()
    }

    fn lines(&self) -> Vec<Line> {
        let tellings = Tellings::open(&self.ledger()).unwrap();
        tellings.trials(self.now().before(BEFORE), None).unwrap()
    }

    /// A test alarm was begun so many minutes ago, and nobody answered it.
    fn unanswered(&self, minutes_ago: u64) -> [Line; 2] {
        let at = self.now().before(Duration::from_secs(minutes_ago * 60));
        let answer_by = at.after(Duration::from_secs(300));
        let team: TeamName = "natt".parse().unwrap();
        let verdict = Verdict {
            trial: TrialId(1),
            team: team.clone(),
            answered: None,
            undelivered: Vec::new(),
        };
        let trial = verdict.trial;
        let began = Line::TrialBegan {
            at,
            trial,
            team,
            answer_by,
        };
        let at = answer_by;
        [began, Line::TrialOver { at, verdict }]
    }

    fn write(&self, lines: &[Line]) {
        let mut tellings = Tellings::open(&self.ledger()).unwrap();
        tellings.write(lines).unwrap();
    }
}

impl Work {
    fn trial(&self) -> TrialId {
        let told = self.told.borrow();
        let test = told.proofs[0].proof.as_ref().unwrap().test.as_ref();
        test.unwrap().trial
    }

    async fn until_proven(&mut self, proven: Proven) {
        self.until(|told| {
            let mut proofs = told.proofs.iter().filter_map(|team| team.proof.as_ref());
            proofs.any(|proof| proof.proven() == Some(proven))
        })
        .await;
    }

    async fn until_matter(&self, wanted: Option<Situation>) {
        let mut rows = self.rows.subscribe();
        let waiting =
            rows.wait_for(|tonight| tonight.matters.first().map(|row| row.situation) == wanted);
        let waited = tokio::time::timeout(Duration::from_secs(20), waiting).await;
        waited.expect("in time").unwrap();
    }

    async fn end(self) {
        drop(self.rows);
        self.task.await.unwrap().unwrap();
    }
}

fn staff(id: &str) -> StaffId {
    id.parse().unwrap()
}

#[tokio::test]
async fn a_shift_begins_with_one_test_alarm_that_is_written_answered_and_shown() {
    let night = Night::new();
    let gateway = Fake::http(None, &[Manner::Answers(200)]).await;
    let settings = lead(&[gateway.port]) + &shift(night.now(), 0);
    let mut work = night.start(&settings, Vec::new());
    heard(&gateway, 1).await;
    assert_eq!(gateway.heard()[0].text(), TEST);
    work.until(|told| told.proofs.iter().any(|team| team.proof.is_some()))
        .await;
    let trial = work.trial();
    work.answers.answer(trial, staff("natt-001")).await.unwrap();
    let answered: Vec<Line> = night.lines();
    let first = staff("natt-001");
    let is_answer = |line: &&Line| matches!(line, Line::TrialAnswered { by, .. } if *by == first);
    assert_eq!(
        answered.iter().filter(is_answer).count(),
        1,
        "written first"
    );
    // Whoever is second does no harm, and the first stands.
    work.answers.answer(trial, staff("natt-002")).await.unwrap();
    work.until_proven(Proven::Whole).await;
    let other = work.answers.answer(TrialId(3), staff("natt-001")).await;
    assert_eq!(other, Err(AnswerError::NotThisShift));
    work.end().await;
    let mut work = night.start(&settings, Vec::new());
    work.until_proven(Proven::Whole).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(
        gateway.heard().len(),
        1,
        "once a shift, whatever is restarted"
    );
    let lines = night.lines();
    let count = |is: fn(&Line) -> bool| lines.iter().filter(|line| is(line)).count();
    assert_eq!(count(|line| matches!(line, Line::TrialBegan { .. })), 1);
    assert_eq!(count(|line| matches!(line, Line::TrialAnswered { .. })), 1);
    assert!(work.rows.borrow().matters.is_empty());
    work.end().await;
}

#[tokio::test]
async fn an_unanswered_test_alarm_is_a_matter_that_the_lead_is_told_until_somebody_answers() {
    let night = Night::new();
    let gateway = Fake::http(None, &[Manner::Answers(200)]).await;
    let settings = lead(&[gateway.port]) + &shift(night.now(), 20);
    // The hub was ended before its time was out.
    night.write(&night.unanswered(20)[..1]);
    let mut work = night.start(&settings, Vec::new());
    work.until_matter(Some(Situation::TestUnanswered)).await;
    heard(&gateway, 1).await;
    assert_eq!(gateway.heard()[0].text(), TO_LEAD);
    let row = RowId::of_matter(5).0;
    work.until(|told| matches!(told.rows.get(&row), Some(Progress::Ended { .. })))
        .await;
    let matters = work.rows.borrow().matters.clone();
    work.end().await;
    let mut work = night.start_with(&settings, Vec::new(), matters);
    work.until_proven(Proven::Unanswered).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(gateway.heard().len(), 1, "a restart tells nobody twice");
    work.answers
        .answer(work.trial(), staff("natt-001"))
        .await
        .unwrap();
    work.until_matter(None).await;
    work.until(|told| told.rows.is_empty()).await;
    work.until_proven(Proven::Whole).await;
    work.end().await;
}

#[tokio::test]
async fn a_matter_that_was_closed_by_hand_does_not_come_back_with_a_restart() {
    let night = Night::new();
    let settings = lead(&[9]) + &shift(night.now(), 20);
    night.write(&night.unanswered(20));
    let work = night.start(&settings, Vec::new());
    work.until_reported(&night).await;
    work.end().await;
    let mut work = night.start(&settings, Vec::new());
    work.until_proven(Proven::Unanswered).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(work.rows.borrow().matters.is_empty());
    work.end().await;
}

#[tokio::test]
async fn a_team_that_is_no_more_leaves_no_matter_behind() {
    let night = Night::new();
    let matter = MatterRow {
        id: 5,
        situation: Situation::TestUnanswered,
        subject: Subject::Team("dag".parse().unwrap()),
        about: String::new(),
        opened: night.now(),
        seen: night.now(),
    };
    let work = night.start_with(&lead(&[9]), Vec::new(), vec![matter]);
    work.until_matter(None).await;
    work.end().await;
}

#[tokio::test]
async fn what_did_not_get_through_is_a_matter_and_told_to_the_lead_once() {
    let night = Night::new();
    let dead = Fake::http(None, &[Manner::Closes]).await;
    let gateway = Fake::http(None, &[Manner::Answers(200)]).await;
    let settings = lead(&[dead.port, gateway.port]) + &shift(night.now(), 0);
    let mut work = night.start(&settings, Vec::new());
    heard(&gateway, 1).await;
    work.until(|told| told.proofs.iter().any(|team| team.proof.is_some()))
        .await;
    work.answers
        .answer(work.trial(), staff("natt-001"))
        .await
        .unwrap();
    work.until_proven(Proven::NotWhole).await;
    work.until_matter(Some(Situation::TestNotWhole)).await;
    heard(&gateway, 2).await;
    assert_eq!(gateway.heard()[1].text(), TO_LEAD);
    let row = RowId::of_matter(5).0;
    work.until(|told| !told.rows.contains_key(&row)).await;
    work.end().await;
}

/// Somebody before the night lead, both by SMS.
fn somebody_and_lead(port: u16) -> String {
    format!(
        "link = \"https://nattsyn.example/\"\n\
         [[channel]]\nkind = \"sms\"\nname = \"sms\"\nurl = \"http://127.0.0.1:{port}/\"\n\
         body = '{{\"to\":\"{{to}}\",\"text\":\"{{text}}\"}}'\n\
         [[recipient]]\nname = \"natt-1\"\naddress = {{ sms = \"+46700000001\" }}\n\
         [[recipient]]\nname = \"lead\"\naddress = {{ sms = \"+46700000003\" }}\n\
         [[team]]\nname = \"natt\"\nsteps = [{{ to = \"natt-1\", by = [\"sms\"] }}, \
         {{ to = \"lead\", by = [\"sms\"] }}]\n"
    )
}

#[tokio::test]
async fn a_phone_that_is_chosen_after_the_test_alarm_went_gets_it_and_the_proof_is_whole() {
    let night = Night::new();
    let gateway = Fake::http(None, &[Manner::Answers(200)]).await;
    let opened = opened(&(somebody_and_lead(gateway.port) + &shift(night.now(), 0)));
    let (to, by) = ("natt-1".parse().unwrap(), "sms".parse().unwrap());
    let phone = Address::Phone("+46700000001".parse().unwrap());
    opened.exchange.change_book(|book| book.strike(&phone));
    let mut work = night.run(opened, Vec::new(), Vec::new());
    heard(&gateway, 1).await;
    work.until(|told| told.proofs.iter().any(|team| team.proof.is_some()))
        .await;
    work.until(|told| told.unreached.contains(&to)).await;
    let trial = work.trial();
    work.answers.answer(trial, staff("natt-001")).await.unwrap();
    let exchange = Arc::clone(&work.exchange);
    exchange.change_book(|book| book.enter(&to, &by, phone));
    heard(&gateway, 2).await;
    assert!(gateway.heard()[1].text().contains("+46700000001"));
    work.until_proven(Proven::Whole).await;
    assert!(work.rows.borrow().matters.is_empty());
    work.end().await;
    assert_eq!(gateway.heard().len(), 2, "nobody twice");
}

#[tokio::test]
async fn a_hub_that_comes_back_too_late_makes_none_and_the_lead_is_told() {
    let night = Night::new();
    let gateway = Fake::http(None, &[Manner::Answers(200)]).await;
    let settings = lead(&[gateway.port]) + &shift(night.now(), 120);
    night.write(&night.unanswered(600));
    let mut work = night.start(&settings, Vec::new());
    work.until_matter(Some(Situation::TestNotMade)).await;
    heard(&gateway, 1).await;
    assert_eq!(gateway.heard()[0].text(), TO_LEAD);
    work.until_proven(Proven::NotMade).await;
    assert!(
        matches!(night.lines()[2], Line::TrialMissed { .. }),
        "{:?}",
        night.lines()
    );
    work.end().await;
}

#[tokio::test]
async fn an_open_row_is_told_as_ever_beside_a_test_alarm() {
    let night = Night::new();
    let gateway = Fake::http(None, &[Manner::Answers(200)]).await;
    let settings = lead(&[gateway.port]) + &shift(night.now(), 0);
    let mut work = night.start(&settings, vec![night.row(7)]);
    heard(&gateway, 2).await;
    let mut said: Vec<String> = gateway.heard().iter().map(|heard| heard.text()).collect();
    said.sort();
    assert_eq!(said, ["{\"text\":\"Nattsyn: att åtgärda\"}", TEST]);
    work.until(|told| told.rows.contains_key(&7)).await;
    work.end().await;
}

impl Work {
    /// Until it is written that the desk knows; the desk's matter is not looked at.
    async fn until_reported(&self, night: &Night) {
        let waiting = async {
            while !night
                .lines()
                .iter()
                .any(|line| matches!(line, Line::TrialReported { .. }))
            {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(20), waiting).await;
        waited.expect("in time");
    }
}

/// A desk that keeps the matters of test alarms as the hub's does.
pub(super) fn desk(
    rows: &Arc<watch::Sender<Arc<Tonight>>>,
    mut found: mpsc::Receiver<Found>,
    opened: Timestamp,
) {
    let rows = Arc::downgrade(rows);
    tokio::spawn(async move {
        while let Some(Found::Team {
            team,
            wrong,
            written,
        }) = found.recv().await
        {
            let Some(rows) = rows.upgrade() else { return };
            let row = wrong.map(|situation| MatterRow {
                id: 5,
                situation,
                subject: Subject::Team(team),
                about: String::new(),
                opened,
                seen: opened,
            });
            rows.send_modify(|tonight| {
                let matters = &mut Arc::make_mut(tonight).matters;
                let stands = |own: &MatterRow| Some(own.situation) == wrong;
                if !matters.first().is_some_and(stands) {
                    *matters = row.into_iter().collect();
                }
            });
            written.send(()).unwrap();
        }
    });
}
