//! Phones: browsers in which somebody who is signed in said as whom it is told tonight.
//!
//! A chain's steps name words (`natt-1`), not people; a phone takes such a word for the length of
//! a session and not longer, so that a phone that has gone home is never the one that is told.
//! [`Phones`] keeps the rows, and the [`Exchange`]'s address book in step with them: written
//! first, then told by. [`Keeper`] ends what is over by itself: with its session, or because the
//! push service knows it no more.
//!
//! What it deliberately does not do: choose for anybody, or carry a phone over to the next shift.
//! Whether somebody in a chain is left without any way is for
//! [`super::teller::Told::unreached`].

#[cfg(test)]
pub(crate) mod stage;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::mpsc;

use nattsyn_clock::Clock;
use nattsyn_protocol::time::Timestamp;

use super::address::{ADDRESSES_MAX, Address};
use super::caller::Exchange;
use super::chain::{ChannelName, Recipient, Teams};
use super::notice::Language;
use super::notifier::TellError;
use super::push::{Pushes, Subscription, SubscriptionError, Trust};
use crate::staff::Fingerprint;
use crate::store::{Ended, NewSubscription, StoreError, Subscribed, Subscriptions};

/// How often it is looked whether sessions are over that nobody ended on the page: their time is
/// out, or a command ended them. As often as an open page asks ([`crate::http::door`]).
pub const TIDY_EVERY: Duration = Duration::from_secs(30);

/// Errands that may wait for the keeper. More phones than a municipality has at work at night.
const ERRANDS_MAX: usize = 256;

/// What sets a phone's own words apart from alerts: their second line ([`super::push`]).
const PHONE_WORD: &str = "phone";

/// Which phones are told, as whom.
pub struct Phones {
    store: Mutex<Subscriptions>,
    held: RwLock<Vec<Subscribed>>,
    exchange: Arc<Exchange>,
    pushes: Pushes,
    farewells: mpsc::Sender<(ChannelName, Subscription)>,
    now: Box<dyn Fn() -> Timestamp + Send + Sync>,
}

/// Ends what is over, and says so on the phone itself.
pub struct Keeper {
    phones: Arc<Phones>,
    struck: mpsc::Receiver<Address>,
    farewells: mpsc::Receiver<(ChannelName, Subscription)>,
}

/// As whom a phone can be told, and by what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// As whom.
    pub to: Recipient,
    /// By which channel of Web Push.
    pub by: ChannelName,
    /// How many phones are told as them already.
    pub phones: usize,
}

/// Why a phone is not told.
#[derive(Debug, thiserror::Error)]
pub enum PhoneError {
    /// No chain has such a step with a channel of Web Push.
    #[error("nobody of that word is told by Web Push")]
    NoWay,
    /// What the browser gave cannot be used.
    #[error(transparent)]
    Subscription(#[from] SubscriptionError),
    /// Its push service is none that is believed in.
    #[error("the browser's push service is not among the channel's services")]
    UnknownService,
    /// The session is none, or this phone is not told.
    #[error("no session that a phone could be told in")]
    NoSession,
    /// It cannot be written down.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Phones {
    /// The phones that were told when the hub ended, told again. Those whose session is over, or
    /// whose channel is no more, are ended. Blocks.
    ///
    /// `now` must not follow a clock that jumps, such as [`crate::watch::wall::believed`]: what has
    /// ended does not begin again when the clock is put right.
    ///
    /// # Errors
    ///
    /// The rows cannot be read or written.
    pub fn open(
        path: &Path,
        exchange: &Arc<Exchange>,
        pushes: Pushes,
        now: impl Fn() -> Timestamp + Send + Sync + 'static,
    ) -> Result<(Arc<Self>, Keeper), StoreError> {
        let (striking, struck) = mpsc::channel(ERRANDS_MAX);
        let (leaving, farewells) = mpsc::channel(ERRANDS_MAX);
        exchange.hand_over_struck(striking);
        let store = Subscriptions::open(path)?;
        let held = store.standing(now())?;
        let phones = Arc::new(Self {
            store: Mutex::new(store),
            held: RwLock::new(Vec::new()),
            exchange: Arc::clone(exchange),
            pushes,
            farewells: leaving,
            now: Box::new(now),
        });
        let no_channel = |phone: &Subscribed| !phones.pushes.contains_key(&phone.channel);
        let vanished = held.iter().filter(|phone| no_channel(phone));
        let vanished: Vec<_> = vanished.map(|phone| (phone.id, Ended::NoChannel)).collect();
        phones.end(&mut phones.lock(), &held, &vanished)?;
        phones.tidy()?;
        let keeper = Keeper {
            phones: Arc::clone(&phones),
            struck,
            farewells,
        };
        Ok((phones, keeper))
    }

    /// As whom a phone can be told, and by what: everybody in a chain by every channel of Web Push
    /// that a step names for them, in the chains' order.
    #[must_use]
    pub fn ways(&self, teams: &Teams) -> Vec<Way> {
        let mut ways: Vec<Way> = Vec::new();
        for step in teams.iter().flat_map(super::chain::Team::steps) {
            for by in step.by.iter().filter(|by| self.pushes.contains_key(*by)) {
                let is_new = |way: &Way| way.to != step.to || way.by != *by;
                if ways.iter().all(is_new) {
                    ways.push(Way {
                        to: step.to.clone(),
                        by: by.clone(),
                        phones: self.exchange.addresses_of(&step.to, by),
                    });
                }
            }
        }
        ways
    }

    /// Which of these ways the phone of a session is. Nothing also for one that was chosen as
    /// somebody whom the chains name no more, or name by another channel now: nothing comes to it.
    #[must_use]
    pub fn way_of(&self, session: Fingerprint, ways: &[Way]) -> Option<Way> {
        let own = self.own(session);
        let own = own.first()?;
        let mut ways = ways.iter();
        let is_own = |way: &&Way| way.to == own.recipient && way.by == own.channel;
        ways.find(is_own).cloned()
    }

    /// What browsers subscribe with, by channel.
    #[must_use]
    pub fn application_keys(&self) -> BTreeMap<ChannelName, String> {
        let keys = self.pushes.iter();
        keys.map(|(name, push)| (name.clone(), push.application_key()))
            .collect()
    }

    /// A session's phone is told as somebody from now on, and as nobody else: by a channel, or by
    /// the first of theirs. `json` is what the browser gave. At most [`ADDRESSES_MAX`] are told as
    /// one: the oldest gives way, and is told that it did. Blocks.
    ///
    /// # Errors
    ///
    /// The phone is told what it was told before, or nothing.
    pub fn subscribe(
        &self,
        teams: &Teams,
        session: Fingerprint,
        (to, by, json): (&Recipient, Option<&ChannelName>, &str),
    ) -> Result<(), PhoneError> {
        let mut ways = self.ways(teams).into_iter();
        let way = ways.find(|way| way.to == *to && by.is_none_or(|by| way.by == *by));
        let by = way.ok_or(PhoneError::NoWay)?.by;
        self.replace(session, to, &by, json)
    }

    /// The browser of a session's phone was given another address. Blocks.
    ///
    /// # Errors
    ///
    /// The phone is not told at the new address.
    pub fn renew(&self, session: Fingerprint, json: &str) -> Result<(), PhoneError> {
        let own = self.own(session);
        let own = own.first().ok_or(PhoneError::NoSession)?;
        self.replace(session, &own.recipient, &own.channel, json)
    }

    fn replace(
        &self,
        session: Fingerprint,
        to: &Recipient,
        by: &ChannelName,
        json: &str,
    ) -> Result<(), PhoneError> {
        let subscription = Subscription::from_json(json)?;
        let push = self.pushes.get(by).ok_or(PhoneError::NoWay)?;
        match push.trust(&subscription) {
            Trust::Known => {}
            Trust::Unknown => return Err(PhoneError::UnknownService),
        }
        let mut store = self.lock();
        let before = self.held().clone();
        let is_this =
            |phone: &&Subscribed| phone.session == session || phone.subscription == subscription;
        let mut over: Vec<_> = before.iter().filter(is_this).collect();
        over.extend(crowd(&before, to, by, &over));
        let ended: Vec<_> = over
            .iter()
            .map(|phone| {
                (
                    phone.id,
                    if is_this(phone) {
                        Ended::Changed
                    } else {
                        Ended::Crowded
                    },
                )
            })
            .collect();
        let new = NewSubscription {
            session,
            recipient: to,
            channel: by,
            subscription: &subscription,
        };
        let at = (self.now)();
        store
            .begin(at, &ended, &new)?
            .ok_or(PhoneError::NoSession)?;
        self.forget(&before, &ended);
        // As the row says it, with who it was.
        let fresh = store.standing(at)?;
        let fresh = fresh.into_iter().filter(|phone| phone.session == session);
        for phone in fresh {
            self.enter(&phone);
            self.held_mut().push(phone);
        }
        Ok(())
    }

    /// A session's phone is told no more. Blocks.
    ///
    /// # Errors
    ///
    /// It is told as before.
    pub fn stop(&self, session: Fingerprint) -> Result<(), StoreError> {
        let mut store = self.lock();
        let own = self.own(session);
        let ended: Vec<_> = own.iter().map(|phone| (phone.id, Ended::Stopped)).collect();
        self.end(&mut store, &own, &ended)
    }

    /// Ends every phone whose session is over, however that came, and tells it so; the others are
    /// told, whatever could not be read or written before. Blocks.
    ///
    /// # Errors
    ///
    /// The rows cannot be read or written; nothing has ended.
    pub fn tidy(&self) -> Result<(), StoreError> {
        let mut store = self.lock();
        let mut standing = store.standing((self.now)())?;
        let over = over(&standing);
        self.end(&mut store, &standing, &over)?;
        standing.retain(|phone| over.iter().all(|(id, _)| *id != phone.id));
        for phone in &standing {
            self.enter(phone);
        }
        *self.held_mut() = standing;
        Ok(())
    }

    /// Who would have no way left if a session's phone were told no more.
    #[must_use]
    pub fn only_way_of(&self, session: Fingerprint, teams: &Teams) -> Option<Recipient> {
        let own = self.own(session);
        let own = own.first()?;
        let to = &own.recipient;
        let mut steps = teams.iter().flat_map(super::chain::Team::steps);
        let is_only = steps.any(|step| {
            let ways = step.by.iter().map(|by| self.exchange.addresses_of(to, by));
            step.to == *to && step.by.contains(&own.channel) && ways.sum::<usize>() <= 1
        });
        is_only.then(|| to.clone())
    }

    /// Greets the phone of a session: shows whether its push service takes what the hub says.
    ///
    /// # Errors
    ///
    /// It did not get through. One that is no more is ended.
    pub async fn greet(&self, session: Fingerprint) -> Result<(), TellError> {
        let own = self.own(session);
        let phone = own.first().ok_or(TellError::WrongAddress)?;
        let told = self.say(&phone.channel, &phone.subscription, Words::Begins);
        let told = told.await;
        if let Err(TellError::Gone { .. }) = told {
            let address = Address::Push(phone.subscription.clone());
            self.exchange.change_book(|book| book.strike(&address));
            self.strike(&address);
        }
        told
    }

    async fn say(
        &self,
        by: &ChannelName,
        to: &Subscription,
        words: Words,
    ) -> Result<(), TellError> {
        let push = self.pushes.get(by).ok_or(TellError::WrongAddress)?;
        let text = format!("{}\n{PHONE_WORD}", words.text(self.exchange.language()));
        push.say(to, &text).await.map(drop)
    }

    /// The push service knows an address no more.
    fn strike(&self, address: &Address) {
        let mut store = self.lock();
        let before = self.held().clone();
        let gone = before
            .iter()
            .filter(|phone| Address::Push(phone.subscription.clone()) == *address);
        let gone: Vec<_> = gone.map(|phone| (phone.id, Ended::Gone)).collect();
        if let Err(error) = self.end(&mut store, &before, &gone) {
            log("a phone that is no more is not written down", &error);
        }
    }

    /// Writes the end of some down, then tells them no more.
    fn end(
        &self,
        store: &mut Subscriptions,
        among: &[Subscribed],
        ended: &[(i64, Ended)],
    ) -> Result<(), StoreError> {
        if !ended.is_empty() {
            store.end((self.now)(), ended)?;
            self.forget(among, ended);
        }
        Ok(())
    }

    fn forget(&self, among: &[Subscribed], ended: &[(i64, Ended)]) {
        for (id, why) in ended {
            self.held_mut().retain(|phone| phone.id != *id);
            let Some(phone) = among.iter().find(|phone| phone.id == *id) else {
                continue;
            };
            tracing::info!(staff = %phone.staff, ?why, "a phone is told no more");
            let address = Address::Push(phone.subscription.clone());
            self.exchange.change_book(|book| book.strike(&address));
            match why {
                // Whoever did it sees it, or there is nobody to tell.
                Ended::Stopped | Ended::Changed | Ended::Gone | Ended::NoChannel => {}
                Ended::Crowded
                | Ended::SignedOut
                | Ended::NewPin
                | Ended::Left
                | Ended::ShiftOver => {
                    let farewell = (phone.channel.clone(), phone.subscription.clone());
                    self.farewells.try_send(farewell).ok();
                }
            }
        }
    }

    fn enter(&self, phone: &Subscribed) {
        let address = Address::Push(phone.subscription.clone());
        let (to, by) = (&phone.recipient, &phone.channel);
        if !self.exchange.knows(to, by, &address) {
            self.exchange
                .change_book(|book| book.enter(to, by, address));
        }
    }

    fn own(&self, session: Fingerprint) -> Vec<Subscribed> {
        let held = self.held();
        let own = held.iter().filter(|phone| phone.session == session);
        own.cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Subscriptions> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn held(&self) -> std::sync::RwLockReadGuard<'_, Vec<Subscribed>> {
        self.held.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn held_mut(&self) -> std::sync::RwLockWriteGuard<'_, Vec<Subscribed>> {
        self.held.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Those of all phones that are to end: their session is over, or there are too many newer ones.
fn over(standing: &[Subscribed]) -> Vec<(i64, Ended)> {
    let mut many: BTreeMap<(&Recipient, &ChannelName), usize> = BTreeMap::new();
    let newest_first = standing.iter().rev();
    let over = newest_first.filter_map(|phone| {
        let crowded = || {
            let newer = many.entry((&phone.recipient, &phone.channel)).or_default();
            *newer += 1;
            (*newer > ADDRESSES_MAX).then_some(Ended::Crowded)
        };
        Some((phone.id, phone.over.or_else(crowded)?))
    });
    over.collect()
}

/// The oldest phones of somebody that must give way to one more, beside those that are over.
fn crowd<'a>(
    held: &'a [Subscribed],
    to: &Recipient,
    by: &ChannelName,
    over: &[&Subscribed],
) -> Vec<&'a Subscribed> {
    let stays = |phone: &&Subscribed| {
        phone.recipient == *to
            && phone.channel == *by
            && over.iter().all(|over| over.id != phone.id)
    };
    let beside: Vec<_> = held.iter().filter(stays).collect();
    let many = (beside.len() + 1).saturating_sub(ADDRESSES_MAX);
    beside.into_iter().take(many).collect()
}

/// What a phone is told about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Words {
    /// It is told from now on.
    Begins,
    /// It is told no more.
    Ends,
}

impl Words {
    fn text(self, language: Language) -> &'static str {
        match (language, self) {
            (Language::Swedish, Self::Begins) => "Nattsyn: den här telefonen får larm nu",
            (Language::Swedish, Self::Ends) => "Nattsyn: den här telefonen får inga fler larm",
            (Language::English, Self::Begins) => "Nattsyn: this phone gets alerts now",
            (Language::English, Self::Ends) => "Nattsyn: this phone gets no more alerts",
        }
    }
}

impl Keeper {
    /// Keeps phones in step with sessions and push services, for as long as it is polled.
    pub async fn run(mut self, clock: Clock) -> Infallible {
        let mut next = clock.now().uptime.after(TIDY_EVERY);
        loop {
            tokio::select! {
                Some(address) = self.struck.recv() => {
                    self.aside(move |phones| phones.strike(&address)).await;
                }
                Some((by, to)) = self.farewells.recv() => {
                    let phones = Arc::clone(&self.phones);
                    tokio::spawn(async move {
                        // A phone that cannot be told that it is told no more sees it on the page.
                        phones.say(&by, &to, Words::Ends).await.ok();
                    });
                }
                () = clock.wait_until(Some(next)) => {
                    next = clock.now().uptime.after(TIDY_EVERY);
                    self.aside(|phones| {
                        if let Err(error) = phones.tidy() {
                            log("phones whose shift is over are still told", &error);
                        }
                    })
                    .await;
                }
            }
        }
    }

    async fn aside(&self, act: impl FnOnce(&Phones) + Send + 'static) {
        let phones = Arc::clone(&self.phones);
        let done = tokio::task::spawn_blocking(move || act(&phones)).await;
        if let Err(panic) = done {
            log("looking after the phones", &panic);
        }
    }
}

fn log(what: &'static str, error: &(dyn std::error::Error + 'static)) {
    tracing::error!(error, "{what}");
}
