//! The units' side of a hub that runs: who keeps their book, and the door at which they are let in.

use std::convert::Infallible;
use std::path::Path;

use nattsyn_clock::Clock;
use nattsyn_protocol::enrolment::Place;
use nattsyn_protocol::signing::PublicKey;
use nattsyn_protocol::time::Timestamp;

use super::{Layout, ServeError};
use crate::broker::Watch;
use crate::certificates::Authority;
use crate::config::{Broker, Config, Enrolment};
use crate::ingest::Endpoint;
use crate::keys::{self, HubKeys};
use crate::units::desk::Desk;
use crate::units::endpoint::{Bound, Open};
use crate::units::keeper::Keeper;
use crate::units::letting_in::Directions;

/// Keeps the book, and lets units in where the configuration has a door.
pub(super) struct Units {
    keeper: Keeper,
    door: Option<Open>,
}

impl Units {
    /// For ever.
    pub(super) async fn run(self) -> Infallible {
        let door = async {
            match self.door {
                Some(door) => door.run().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            never = self.keeper.run() => never,
            never = door => never,
        }
    }
}

/// The book as it is now, and what the broker's door goes by.
pub(super) fn open_book(layout: &Layout, clock: &Clock) -> Result<(Keeper, Watch), ServeError> {
    let (keeper, signs, denied) = Keeper::open((&layout.ledger(), &layout.tls()), time(clock))?;
    Ok((keeper, Watch { denied, signs }))
}

/// The door, if there is to be one, and where people act on the book.
pub(super) async fn open_door(
    config: &Config,
    layout: &Layout,
    (keys, broker): (&HubKeys, &Endpoint),
    (keeper, watch, clock): (Keeper, Watch, &Clock),
) -> Result<(Units, Desk), ServeError> {
    let paths = (layout.ledger(), layout.tls());
    let paths: (&Path, &Path) = (&paths.0, &paths.1);
    let Some(enrolment) = &config.enrolment else {
        let units = Units { keeper, door: None };
        return Ok((units, Desk::new(paths, None)));
    };
    let bound = Bound::at(enrolment.listen).await?;
    let authority = Authority::open(paths.1)?;
    let ports = (bound.address().port(), broker.port);
    let directions = directions(config, (enrolment, &authority), keys.root, ports)?;
    let names = [enrolment.host.clone()];
    let identity = authority.issue_server(&names, &paths.1.join("door"))?;
    let desk = Desk::new(paths, Some(directions));
    let door = bound.open(&identity, desk.clone(), (watch.signs, time(clock)))?;
    let door = Some(door);
    Ok((Units { keeper, door }, desk))
}

/// Where people act on the book of a hub that may be running, from another process.
///
/// # Errors
///
/// The authority or the root cannot be read.
pub fn desk(config: &Config, layout: &Layout) -> Result<Desk, ServeError> {
    let paths = (layout.ledger(), layout.tls());
    let paths: (&Path, &Path) = (&paths.0, &paths.1);
    let Some(enrolment) = &config.enrolment else {
        return Ok(Desk::new(paths, None));
    };
    let broker = match &config.broker {
        Broker::Embedded(embedded) => embedded.listen.port(),
        Broker::External(external) => external.url.port,
    };
    let pinned = keys::read_root(&layout.keys()).map_err(ServeError::Keys)?;
    let authority = Authority::open(paths.1)?;
    let ports = (enrolment.listen.port(), broker);
    let directions = directions(config, (enrolment, &authority), pinned, ports)?;
    Ok(Desk::new(paths, Some(directions)))
}

fn directions(
    config: &Config,
    (enrolment, authority): (&Enrolment, &Authority),
    pinned: PublicKey,
    (door, broker): (u16, u16),
) -> Result<Directions, ServeError> {
    let host = match &config.broker {
        Broker::Embedded(_) => enrolment.host.clone(),
        Broker::External(external) => external.url.host.clone(),
    };
    Ok(Directions {
        door: Place {
            host: enrolment.host.clone(),
            port: enrolment.port.unwrap_or(door),
        },
        broker: Place { host, port: broker },
        root: authority.root()?,
        pinned,
    })
}

fn time(clock: &Clock) -> impl Fn() -> Timestamp + Send + Sync + 'static {
    let clock = clock.clone();
    move || clock.now().timestamp
}
