//! The units' side of a hub that runs: who keeps their book, and the door at which they are let in.

use std::convert::Infallible;
use std::path::Path;
use std::sync::Arc;

use tokio::sync::watch;

use nattsyn_clock::Clock;
use nattsyn_protocol::enrolment::Place;
use nattsyn_protocol::signing::PublicKey;
use nattsyn_protocol::time::Timestamp;

use super::{Layout, ServeError};
use crate::broker::{BrokerHandle, Watch};
use crate::certificates::Authority;
use crate::config::{Broker, Config, Enrolment};
use crate::ingest::Endpoint;
use crate::keys::HubKeys;
use crate::units::desk::Desk;
use crate::units::endpoint::{Bound, Open};
use crate::units::keeper::{Keeper, Late};
use crate::units::letting_in::Directions;

/// Keeps the book, and lets units in where the configuration has a door.
pub(super) struct Units {
    keeper: Keeper,
    door: Option<Open>,
    /// Where people act on the book.
    pub(super) desk: Arc<Desk>,
}

impl Units {
    /// Whose certificate is near its end.
    pub(super) fn late(&self) -> watch::Receiver<Late> {
        self.keeper.late()
    }

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

/// The book, the broker that goes by it, and the door, if there is to be one.
pub(super) async fn open(
    config: &Config,
    layout: &Layout,
    keys: &HubKeys,
    clock: &Clock,
) -> Result<(Units, Option<BrokerHandle>, Endpoint), ServeError> {
    let (ledger, tls) = (layout.ledger(), layout.tls());
    let paths: (&Path, &Path) = (&ledger, &tls);
    let (keeper, signs, denied) = Keeper::open(paths, time(clock))?;
    let watched = Watch {
        denied,
        signs: signs.clone(),
    };
    let (broker, endpoint) = super::broker(config, layout, watched).await?;
    let Some(enrolment) = &config.enrolment else {
        let units = Units {
            keeper,
            door: None,
            desk: Arc::new(Desk::new(paths, None).with_keys(keys.clone())),
        };
        return Ok((units, broker, endpoint));
    };
    let bound = Bound::at(enrolment.listen).await?;
    let authority = Authority::open(&tls)?;
    let ports = (bound.address().port(), endpoint.port);
    let directions = directions(config, (enrolment, &authority), keys.root, ports)?;
    let names = [enrolment.host.clone()];
    let identity = authority.issue_server(&names, &tls.join("door"))?;
    let desk = Arc::new(Desk::new(paths, Some(directions)).with_keys(keys.clone()));
    let door = bound.open(&identity, Arc::clone(&desk), (signs, time(clock)))?;
    let door = Some(door);
    Ok((Units { keeper, door, desk }, broker, endpoint))
}

/// Where people act on the book of a hub that may be running, from another process.
///
/// # Errors
///
/// The authority or the root cannot be read.
pub fn desk(config: &Config, layout: &Layout) -> Result<Desk, ServeError> {
    let paths = (layout.ledger(), layout.tls());
    let paths: (&Path, &Path) = (&paths.0, &paths.1);
    let keys = HubKeys::open(&layout.keys()).map_err(ServeError::Keys)?;
    let Some(enrolment) = &config.enrolment else {
        return Ok(Desk::new(paths, None).with_keys(keys));
    };
    let broker = match &config.broker {
        Broker::Embedded(embedded) => embedded.listen.port(),
        Broker::External(external) => external.url.port,
    };
    let authority = Authority::open(paths.1)?;
    let ports = (enrolment.listen.port(), broker);
    let directions = directions(config, (enrolment, &authority), keys.root, ports)?;
    Ok(Desk::new(paths, Some(directions)).with_keys(keys))
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
