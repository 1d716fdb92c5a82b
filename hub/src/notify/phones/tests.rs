//! Phones over a real file and a push service of our own: who is told, until when, and what is
//! written.

use super::super::chain::{About, Failure, Key, Kind, Order, RowId, Step, Team};
use super::stage::Stage;
use super::*;
use crate::staff::{SHIFT, Token};

fn to(word: &str) -> Recipient {
    word.parse().unwrap()
}

fn order(to: &str) -> Order {
    Order {
        key: Key {
            at_ms: Timestamp::from_ms(1_795_000_000_000).unwrap(),
            number: 1,
        },
        about: About::Rows(vec![RowId(7)]),
        to: to.parse().unwrap(),
        by: "push".parse().unwrap(),
        kind: Kind::New,
        count: 1,
    }
}

impl Phones {
    /// As whom the phone of a session was chosen, whatever the chains name.
    fn told_as(&self, session: Fingerprint) -> Option<Recipient> {
        let own = self.own(session);
        own.first().map(|phone| phone.recipient.clone())
    }
}

/// Somebody signs in and chooses.
fn choose(stage: &Stage, phones: &Phones, teams: &Teams, word: &str, path: &str) -> Token {
    let token = stage.session("natt-001");
    let json = stage.browser(path);
    phones
        .subscribe(teams, token.fingerprint(), (&to(word), None, &json))
        .unwrap();
    token
}

fn ends(stage: &Stage) -> Vec<String> {
    let ledger = rusqlite::Connection::open(stage.ledger()).unwrap();
    let sql = "SELECT why FROM subscription_ends ORDER BY subscription";
    let mut query = ledger.prepare(sql).unwrap();
    let words = query.query_map([], |row| row.get(0)).unwrap();
    words.map(Result::unwrap).collect()
}

#[tokio::test]
async fn a_phone_is_told_as_whom_it_chose_and_again_after_a_restart() {
    let stage = Stage::new(&[201]).await;
    let (opened, phones, _keeper) = stage.start();
    let offered = phones.ways(&opened.teams);
    let words: Vec<_> = offered.iter().map(|way| way.to.as_str()).collect();
    assert_eq!(words, ["natt-1", "natt-2"]);
    let token = choose(&stage, &phones, &opened.teams, "natt-1", "w/1");
    assert_eq!(phones.told_as(token.fingerprint()), Some(to("natt-1")));
    assert!(
        opened
            .exchange
            .carry_out(&order("natt-1"))
            .await
            .result
            .is_ok()
    );
    let nobody = opened.exchange.carry_out(&order("natt-2")).await;
    assert_eq!(nobody.result.unwrap_err(), Failure::NoAddress);

    let (opened, phones, _keeper) = stage.start();
    assert_eq!(phones.told_as(token.fingerprint()), Some(to("natt-1")));
    assert!(
        opened
            .exchange
            .carry_out(&order("natt-1"))
            .await
            .result
            .is_ok()
    );
    assert_eq!(stage.pushed(2).await, ["/w/1", "/w/1"]);
}

#[tokio::test]
async fn whoever_chooses_anew_is_told_as_that_one_alone() {
    let stage = Stage::new(&[201]).await;
    let (opened, phones, _keeper) = stage.start();
    let token = choose(&stage, &phones, &opened.teams, "natt-1", "w/1");
    let own = token.fingerprint();
    let json = stage.browser("w/1");
    phones
        .subscribe(&opened.teams, own, (&to("natt-2"), None, &json))
        .unwrap();
    assert_eq!(phones.told_as(own), Some(to("natt-2")));
    assert_eq!(
        opened
            .exchange
            .addresses_of(&to("natt-1"), &"push".parse().unwrap()),
        0
    );
    // The browser gets another address by itself, and is the same phone.
    phones.renew(own, &stage.browser("w/2")).unwrap();
    assert!(
        opened
            .exchange
            .carry_out(&order("natt-2"))
            .await
            .result
            .is_ok()
    );
    assert_eq!(stage.pushed(1).await, ["/w/2"]);
    phones.stop(own).unwrap();
    assert_eq!(phones.told_as(own), None);
    assert_eq!(ends(&stage), ["changed", "changed", "stopped"]);
    let refused = phones.renew(own, &stage.browser("w/3"));
    assert!(matches!(refused, Err(PhoneError::NoSession)), "{refused:?}");
}

#[tokio::test]
async fn junk_strange_services_and_words_that_nobody_has_change_nothing() {
    let stage = Stage::new(&[201]).await;
    let (opened, phones, _keeper) = stage.start();
    let token = choose(&stage, &phones, &opened.teams, "natt-1", "w/1");
    let own = token.fingerprint();
    let ask =
        |word: &str, json: &str| phones.subscribe(&opened.teams, own, (&to(word), None, json));
    let good = stage.browser("w/2");
    let strange = stage.browser_at("169.254.169.254", "latest");
    assert!(matches!(
        ask("natt-2", "{}"),
        Err(PhoneError::Subscription(_))
    ));
    assert!(matches!(
        ask("natt-2", &strange),
        Err(PhoneError::UnknownService)
    ));
    assert!(matches!(
        phones.renew(own, &strange),
        Err(PhoneError::UnknownService)
    ));
    assert!(matches!(ask("lead", &good), Err(PhoneError::NoWay)));
    assert!(matches!(ask("somebody", &good), Err(PhoneError::NoWay)));
    let nobody = Token::draw().unwrap().fingerprint();
    let refused = phones.subscribe(&opened.teams, nobody, (&to("natt-2"), None, &good));
    assert!(matches!(refused, Err(PhoneError::NoSession)));
    assert_eq!(phones.told_as(own), Some(to("natt-1")));
    assert!(ends(&stage).is_empty());
}

#[tokio::test]
async fn a_phone_whose_session_is_over_is_told_that_and_nothing_more() {
    for why in ["signed_out", "new_pin", "left", "shift_over"] {
        let mut stage = Stage::new(&[201]).await;
        let (opened, phones, keeper) = stage.start();
        let token = choose(&stage, &phones, &opened.teams, "natt-1", "w/1");
        assert_eq!(
            phones.only_way_of(token.fingerprint(), &opened.teams),
            Some(to("natt-1"))
        );
        let _stays = choose(&stage, &phones, &opened.teams, "natt-2", "w/2");
        phones.tidy().unwrap();
        assert!(ends(&stage).is_empty());
        if why == "shift_over" {
            stage.pass(SHIFT);
        } else {
            stage.end_session(&token, why);
        }
        phones.tidy().unwrap();
        assert_eq!(phones.told_as(token.fingerprint()), None, "{why}");
        assert_eq!(ends(&stage)[0], why);
        let outcome = opened.exchange.carry_out(&order("natt-1")).await;
        assert_eq!(outcome.result.unwrap_err(), Failure::NoAddress);
        let kept = tokio::spawn(keeper.run(Clock::machine()));
        let said = stage.pushed(ends(&stage).len()).await;
        assert_eq!(said.iter().filter(|path| *path == "/w/1").count(), 1);
        assert_eq!(
            stage.read(0),
            "Nattsyn: den här telefonen får inga fler larm\nphone"
        );
        kept.abort();
        let (_, phones, _keeper) = stage.start();
        assert_eq!(phones.told_as(token.fingerprint()), None, "{why}");
    }
}

#[tokio::test]
async fn a_clock_that_is_set_back_ends_no_phone() {
    let stage = Stage::new(&[201]).await;
    let (opened, phones, _keeper) = stage.start();
    let token = choose(&stage, &phones, &opened.teams, "natt-1", "w/1");
    let own = token.fingerprint();
    let hours = |hours: u64| Duration::from_secs(hours * 3600);
    stage.set_back(hours(5));
    phones.tidy().unwrap();
    assert_eq!(phones.told_as(own), Some(to("natt-1")));
    let (_, phones, _keeper) = stage.start();
    assert_eq!(phones.told_as(own), Some(to("natt-1")));
    assert!(ends(&stage).is_empty());
    // Nor is it told for ever.
    stage.pass(hours(5) + SHIFT);
    phones.tidy().unwrap();
    assert_eq!(ends(&stage), ["shift_over"]);
    let stage = Stage::new(&[201]).await;
    let (opened, phones, _keeper) = stage.start();
    let _token = choose(&stage, &phones, &opened.teams, "natt-1", "w/1");
    stage.set_back(SHIFT + hours(1));
    phones.tidy().unwrap();
    assert_eq!(
        ends(&stage),
        ["shift_over"],
        "made by a clock that was wrong"
    );
}

#[tokio::test]
async fn a_clock_that_jumps_for_a_moment_ends_no_phone() {
    let stage = Stage::new(&[201]).await;
    let (opened, phones, _keeper) = stage.start();
    let token = choose(&stage, &phones, &opened.teams, "natt-1", "w/1");
    drop(phones);
    let desk = stage.now();
    let jumped = desk.after(SHIFT);
    let now = move || crate::watch::wall::believed(jumped, desk);
    let pushes = opened.pushes.clone();
    let (phones, _keeper) = Phones::open(&stage.ledger(), &opened.exchange, pushes, now).unwrap();
    phones.tidy().unwrap();
    assert_eq!(phones.told_as(token.fingerprint()), Some(to("natt-1")));
    assert!(ends(&stage).is_empty());
}

#[tokio::test]
async fn whatever_stands_written_is_told_again_although_something_failed_before() {
    let stage = Stage::new(&[201]).await;
    let (opened, phones, _keeper) = stage.start();
    let told = async |word: &str| opened.exchange.carry_out(&order(word)).await.result;
    let token = choose(&stage, &phones, &opened.teams, "natt-1", "w/1");
    // Its end could not be written.
    let address = Address::Push(phones.own(token.fingerprint())[0].subscription.clone());
    opened.exchange.change_book(|book| book.strike(&address));
    assert_eq!(told("natt-1").await.unwrap_err(), Failure::NoAddress);
    // Their beginning was written, and nothing else done.
    let mut store = Subscriptions::open(&stage.ledger()).unwrap();
    for n in 0..=ADDRESSES_MAX {
        let json = stage.browser(&format!("v/{n}"));
        let new = NewSubscription {
            session: stage.session("natt-002").fingerprint(),
            recipient: &to("natt-2"),
            channel: &"push".parse().unwrap(),
            subscription: &Subscription::from_json(&json).unwrap(),
        };
        store.begin(stage.now(), &[], &new).unwrap().unwrap();
    }
    assert_eq!(told("natt-2").await.unwrap_err(), Failure::NoAddress);
    phones.tidy().unwrap();
    assert!(told("natt-1").await.is_ok());
    assert!(told("natt-2").await.is_ok());
    assert_eq!(phones.ways(&opened.teams)[1].phones, ADDRESSES_MAX);
    assert_eq!(ends(&stage), ["crowded"]);
    phones.tidy().unwrap();
    assert_eq!(phones.held().len(), ADDRESSES_MAX + 1);
}

#[tokio::test]
async fn a_phone_that_its_service_knows_no_more_is_ended_for_good() {
    let stage = Stage::new(&[410]).await;
    let (opened, phones, keeper) = stage.start();
    let token = choose(&stage, &phones, &opened.teams, "natt-1", "w/1");
    let kept = tokio::spawn(keeper.run(Clock::machine()));
    let outcome = opened.exchange.carry_out(&order("natt-1")).await;
    assert_eq!(outcome.result.unwrap_err(), Failure::Gone);
    let waiting = async {
        while phones.told_as(token.fingerprint()).is_some() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waiting)
        .await
        .unwrap();
    assert_eq!(ends(&stage), ["gone"]);
    kept.abort();
    let (opened, phones, _keeper) = stage.start();
    assert_eq!(phones.told_as(token.fingerprint()), None);
    let outcome = opened.exchange.carry_out(&order("natt-1")).await;
    assert_eq!(outcome.result.unwrap_err(), Failure::NoAddress);
    assert_eq!(stage.pushed(1).await, ["/w/1"]);
}

#[tokio::test]
async fn a_phone_is_greeted_and_one_that_cannot_be_is_found_out_at_once() {
    let mut stage = Stage::new(&[201, 410]).await;
    let (opened, phones, _keeper) = stage.start();
    let first = choose(&stage, &phones, &opened.teams, "natt-1", "w/1");
    phones.greet(first.fingerprint()).await.unwrap();
    assert_eq!(
        stage.read(0),
        "Nattsyn: den här telefonen får larm nu\nphone"
    );
    let second = choose(&stage, &phones, &opened.teams, "natt-2", "w/2");
    let greeted = phones.greet(second.fingerprint()).await;
    assert!(matches!(greeted, Err(TellError::Gone { code: 410 })));
    assert_eq!(phones.told_as(second.fingerprint()), None);
    assert_eq!(ends(&stage), ["gone"]);
}

#[tokio::test]
async fn the_ninth_phone_of_one_takes_the_place_of_the_oldest_which_is_told_so() {
    let mut stage = Stage::new(&[201]).await;
    let (opened, phones, keeper) = stage.start();
    let tokens: Vec<_> = (0..=ADDRESSES_MAX)
        .map(|n| choose(&stage, &phones, &opened.teams, "natt-1", &format!("w/{n}")))
        .collect();
    assert_eq!(phones.told_as(tokens[0].fingerprint()), None);
    assert_eq!(phones.told_as(tokens[8].fingerprint()), Some(to("natt-1")));
    assert_eq!(phones.ways(&opened.teams)[0].phones, ADDRESSES_MAX);
    assert_eq!(ends(&stage), ["crowded"]);
    let kept = tokio::spawn(keeper.run(Clock::machine()));
    assert_eq!(stage.pushed(1).await, ["/w/0"]);
    assert!(stage.read(0).contains("inga fler larm"));
    kept.abort();
}

#[tokio::test]
async fn rows_are_only_added_to_and_an_address_is_taken_out_when_it_ends() {
    let stage = Stage::new(&[201]).await;
    let (opened, phones, _keeper) = stage.start();
    let token = choose(&stage, &phones, &opened.teams, "natt-1", "w/secret");
    let ledger = rusqlite::Connection::open(stage.ledger()).unwrap();
    let held = |ledger: &rusqlite::Connection| -> Option<String> {
        let sql = "SELECT subscription FROM subscriptions";
        ledger.query_row(sql, [], |row| row.get(0)).unwrap()
    };
    assert!(held(&ledger).unwrap().contains("w/secret"));
    let refused = |sql: &str| ledger.execute(sql, []).unwrap_err().to_string();
    for sql in [
        "UPDATE subscriptions SET subscription = NULL",
        "UPDATE subscriptions SET recipient = 'lead'",
        "DELETE FROM subscriptions",
    ] {
        assert!(refused(sql).contains("only added to"), "{sql}");
    }
    phones.stop(token.fingerprint()).unwrap();
    assert_eq!(held(&ledger), None);
    for sql in [
        "UPDATE subscriptions SET subscription = 'x'",
        "UPDATE subscriptions SET staff = 'x'",
        "UPDATE subscription_ends SET why = 'gone'",
        "DELETE FROM subscription_ends",
    ] {
        assert!(refused(sql).contains("only added to"), "{sql}");
    }
    let printed = format!("{:?}", phones.held());
    assert!(!printed.contains("secret"), "{printed}");
}

#[tokio::test]
async fn a_hub_without_the_channel_ends_its_phones() {
    let stage = Stage::new(&[201]).await;
    let (opened, phones, _keeper) = stage.start();
    let token = choose(&stage, &phones, &opened.teams, "natt-1", "w/1");
    let now = stage.now();
    let (phones, _keeper) = Phones::open(
        &stage.ledger(),
        &opened.exchange,
        Pushes::new(),
        move || now,
    )
    .unwrap();
    assert_eq!(phones.told_as(token.fingerprint()), None);
    assert_eq!(ends(&stage), ["no_channel"]);
}

#[tokio::test]
async fn a_phone_is_told_by_the_channel_that_it_chose_and_by_no_other_that_its_step_moved_to() {
    let stage = Stage::new(&[201]).await;
    let (opened, _, _keeper) = stage.start();
    let (first, second): (ChannelName, ChannelName) =
        ("push".parse().unwrap(), "push-b".parse().unwrap());
    let mut pushes = opened.pushes.clone();
    pushes.insert(second.clone(), pushes[&first].clone());
    let now = stage.now();
    let (phones, _keeper) =
        Phones::open(&stage.ledger(), &opened.exchange, pushes, move || now).unwrap();
    let told_by = |by: &[&ChannelName]| {
        let step = Step {
            to: to("natt-1"),
            by: by.iter().map(|by| (*by).clone()).collect(),
        };
        Teams::new(vec![
            Team::new("natt".parse().unwrap(), vec![step]).unwrap(),
        ])
    };
    let token = choose(&stage, &phones, &told_by(&[&first]), "natt-1", "w/1");
    let own = token.fingerprint();
    let way = |teams: &Teams| phones.way_of(own, &phones.ways(teams)).map(|way| way.by);
    assert_eq!(way(&told_by(&[&first])).as_ref(), Some(&first));
    let only = phones.only_way_of(own, &told_by(&[&first]));
    assert_eq!(only, Some(to("natt-1")));
    // The settings move the step: nothing comes to the phone, and nobody misses it.
    let moved = told_by(&[&second]);
    assert_eq!(way(&moved), None);
    assert_eq!(phones.only_way_of(own, &moved), None);
    // By both, either may be chosen.
    let both = told_by(&[&first, &second]);
    let offered = phones.ways(&both).into_iter().map(|way| way.by);
    assert!(offered.eq([first.clone(), second.clone()]));
    assert_eq!(way(&both).as_ref(), Some(&first));
    let json = stage.browser("w/1");
    let ask = |by: &ChannelName| phones.subscribe(&both, own, (&to("natt-1"), Some(by), &json));
    ask(&second).unwrap();
    assert_eq!(way(&both).as_ref(), Some(&second));
    let refused = ask(&"sms".parse().unwrap());
    assert!(matches!(refused, Err(PhoneError::NoWay)), "{refused:?}");
}
