//! Sends what the chain orders, many at once, and brings back what became of each.
//!
//! Every order that it takes has an outcome within [`ATTEMPT_WITHIN`], whatever a channel does:
//! one that hangs is cut off, one that panics has failed, and neither holds up another channel.
//! Nor does a test alarm hold up a row, by its own channel or another: it has places of its own.
//! It remembers nothing: after its own end the chain misses the outcomes that were to come, and
//! goes on by itself ([`super::chain::HEARD_WITHIN`]).
//!
//! Its logs name orders, channels and failures; never recipients or addresses.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::{Notify, Semaphore, mpsc};
use tokio::task::{JoinError, JoinSet};

use super::address::{Address, AddressBook};
use super::chain::{About, ChannelName, Failure, Key, Order, Recipient};
use super::notice::{Language, Link, Notice};
use super::notifier::{Notifier, Receipt, TellError};

/// Longest time from an order to its outcome. A second over what a channel takes by itself
/// ([`super::Patience`]), and five less than the chain waits.
pub const ATTEMPT_WITHIN: Duration = Duration::from_secs(25);

/// Most messages at once by one channel. A gateway that answers in a second takes eight a second,
/// more than a chain makes of a thousand rows.
const AT_ONCE: usize = 8;

/// Most messages of test alarms at once by one channel, beside [`AT_ONCE`]: no row waits behind
/// one. A gateway that answers in a second takes fifty within [`ATTEMPT_WITHIN`]; a chain of more
/// by one channel is not wholly tried, and its proof says so.
const TRIALS_AT_ONCE: usize = 2;

/// Most orders about rows under way, over all channels. Beyond that an order fails at once, so
/// that the chain tries another way: 256 recipients who are told within the same 25 s are more
/// than a municipality has at work at night.
const UNDER_WAY_MAX: usize = 256;

/// Most orders of test alarms under way, over all channels: more than two busy channels carry out
/// in time ([`TRIALS_AT_ONCE`]). One beyond that did not get through, and its proof says so.
const TRIALS_UNDER_WAY_MAX: usize = 128;

/// Which channels there are, and who is reached where.
pub struct Exchange {
    channels: BTreeMap<ChannelName, Channel>,
    book: RwLock<AddressBook>,
    changed: Notify,
    struck: OnceLock<mpsc::Sender<Address>>,
    language: Language,
    link: Link,
}

/// One channel and its places.
#[derive(Clone)]
struct Channel {
    notifier: Arc<dyn Notifier>,
    places: Arc<Semaphore>,
    trial_places: Arc<Semaphore>,
}

/// What became of an order.
#[derive(Debug)]
pub struct Outcome {
    /// Which.
    pub key: Key,
    /// Delivered to at least one address, or why to none.
    pub result: Result<Receipt, Failure>,
    /// Addresses that are no more. They have been struck from the book; whoever keeps
    /// subscriptions strikes them too.
    pub gone: Vec<Address>,
}

impl Exchange {
    /// An exchange with these channels.
    #[must_use]
    pub fn new(language: Language, link: Link, book: AddressBook) -> Self {
        Self {
            channels: BTreeMap::new(),
            book: RwLock::new(book),
            changed: Notify::new(),
            struck: OnceLock::new(),
            language,
            link,
        }
    }

    /// Adds a channel: one of the settings', or of another kind (an alarm receiver). The last of
    /// a name counts.
    pub fn add(&mut self, name: ChannelName, notifier: Arc<dyn Notifier>) {
        let places = Arc::new(Semaphore::new(AT_ONCE));
        let channel = Channel {
            notifier,
            places,
            trial_places: Arc::new(Semaphore::new(TRIALS_AT_ONCE)),
        };
        self.channels.insert(name, channel);
    }

    /// The names of its channels.
    pub fn channels(&self) -> impl Iterator<Item = &ChannelName> {
        self.channels.keys()
    }

    /// Changes the address book: a browser subscribes, or a subscription is no more.
    pub fn change_book(&self, change: impl FnOnce(&mut AddressBook)) {
        change(&mut self.book.write().unwrap_or_else(PoisonError::into_inner));
        self.changed.notify_one();
    }

    /// Done once the address book has changed since this was last done. For one listener.
    pub async fn book_changed(&self) {
        self.changed.notified().await;
    }

    /// How many addresses somebody has by a channel. With none they cannot be told by it.
    #[must_use]
    pub fn addresses_of(&self, to: &Recipient, by: &ChannelName) -> usize {
        if !self.channels.contains_key(by) {
            return 0;
        }
        let book = self.book.read().unwrap_or_else(PoisonError::into_inner);
        book.of(to, by).len()
    }

    /// Whether the address book has an address of somebody.
    pub(super) fn knows(&self, to: &Recipient, by: &ChannelName, address: &Address) -> bool {
        let book = self.book.read().unwrap_or_else(PoisonError::into_inner);
        book.of(to, by).contains(address)
    }

    /// In which language people are told.
    #[must_use]
    pub fn language(&self) -> Language {
        self.language
    }

    /// Hands every address that is no more to whoever keeps subscriptions; the first who asks.
    /// What the receiver has no room for is not handed over: it is struck from the book all the
    /// same, and its channel says again that it is gone when it is entered anew.
    pub fn hand_over_struck(&self, to: mpsc::Sender<Address>) {
        self.struck.set(to).ok();
    }

    /// Carries one order out. Ends within [`ATTEMPT_WITHIN`].
    pub async fn carry_out(&self, order: &Order) -> Outcome {
        let addresses = self.addresses(order);
        let Some(channel) = self.channels.get(&order.by) else {
            return failed(order.key, Failure::NoAddress);
        };
        let mut tries = JoinSet::new();
        for address in addresses {
            tries.spawn(attempt(channel.clone(), self.notice(order, address)));
        }
        let mut result = Err(Failure::NoAddress);
        let mut gone = Vec::new();
        while let Some(tried) = tries.join_next().await {
            // A channel that panicked has failed, and no more.
            let Ok((address, tried)) = tried else {
                result = result.or(Err(Failure::Broken));
                continue;
            };
            if let Err(TellError::Gone { .. }) = tried {
                gone.push(address);
            }
            result = result.or(tried.map_err(|error| error.failure()));
        }
        for address in &gone {
            self.change_book(|book| book.strike(address));
            if let Some(keeper) = self.struck.get() {
                keeper.try_send(address.clone()).ok();
            }
        }
        Outcome {
            key: order.key,
            result,
            gone,
        }
    }

    /// Where somebody is told: what the book says, or the channel's own address.
    fn addresses(&self, order: &Order) -> Vec<Address> {
        let book = self.book.read().unwrap_or_else(PoisonError::into_inner);
        book.of(&order.to, &order.by).to_vec()
    }

    fn notice(&self, order: &Order, to: Address) -> Notice {
        Notice {
            key: order.key,
            kind: order.kind,
            count: order.count,
            to,
            language: self.language,
            link: self.link.clone(),
            about: order.about.clone(),
        }
    }
}

async fn attempt(channel: Channel, notice: Notice) -> (Address, Result<Receipt, TellError>) {
    let telling = async {
        let places = match notice.about {
            About::Rows(_) => &channel.places,
            About::Trial(_) => &channel.trial_places,
        };
        let _place = places.acquire().await;
        channel.notifier.tell(&notice).await
    };
    let told = tokio::time::timeout(ATTEMPT_WITHIN, telling).await;
    (notice.to.clone(), told.unwrap_or(Err(TellError::TimedOut)))
}

fn failed(key: Key, why: Failure) -> Outcome {
    Outcome {
        key,
        result: Err(why),
        gone: Vec::new(),
    }
}

/// Carries orders out until nobody gives any more, or nobody listens to what becomes of them.
///
/// `orders` and `outcomes` are bounded by their maker. While nobody takes outcomes, no further
/// orders are taken.
pub async fn run(
    exchange: Arc<Exchange>,
    mut orders: mpsc::Receiver<Order>,
    outcomes: mpsc::Sender<Outcome>,
) {
    let mut under_way = UnderWay::default();
    loop {
        let outcome = tokio::select! {
            Some(done) = under_way.next() => match done {
                Ok(outcome) => outcome,
                // Only an exchange that panicked: the chain gives its order up by itself.
                Err(_panic) => continue,
            },
            order = orders.recv() => match order {
                None => break,
                Some(order) => match under_way.begin(&exchange, order) {
                    Ok(()) => continue,
                    Err(crowded) => crowded,
                },
            },
        };
        if outcomes.send(outcome).await.is_err() {
            return;
        }
    }
    while let Some(done) = under_way.next().await {
        if let Ok(outcome) = done
            && outcomes.send(outcome).await.is_err()
        {
            return;
        }
    }
}

/// Orders that are being carried out. Test alarms are counted by themselves: no row fails because
/// of them.
#[derive(Default)]
struct UnderWay {
    rows: JoinSet<Outcome>,
    trials: JoinSet<Outcome>,
}

impl UnderWay {
    /// Begins to carry an order out; its outcome at once if there are too many.
    fn begin(&mut self, exchange: &Arc<Exchange>, order: Order) -> Result<(), Outcome> {
        let (those, most) = match order.about {
            About::Rows(_) => (&mut self.rows, UNDER_WAY_MAX),
            About::Trial(_) => (&mut self.trials, TRIALS_UNDER_WAY_MAX),
        };
        if those.len() >= most {
            return Err(failed(order.key, Failure::Crowded));
        }
        let exchange = Arc::clone(exchange);
        those.spawn(async move {
            let outcome = exchange.carry_out(&order).await;
            log(&order, &outcome);
            outcome
        });
        Ok(())
    }

    /// The next outcome; nothing if none is under way. May be dropped while it waits.
    async fn next(&mut self) -> Option<Result<Outcome, JoinError>> {
        tokio::select! {
            Some(done) = self.rows.join_next() => Some(done),
            Some(done) = self.trials.join_next() => Some(done),
            else => None,
        }
    }
}

fn log(order: &Order, outcome: &Outcome) {
    let (key, channel) = (order.key, order.by.as_str());
    match outcome.result {
        Ok(receipt) => {
            tracing::debug!(%key, channel, code = receipt.code, "told");
        }
        Err(why) => tracing::warn!(%key, channel, ?why, "not told"),
    }
}
