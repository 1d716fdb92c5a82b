//! How soon a picture comes and how many a second, over lines like a home's.

use std::time::Duration;

use super::house::{Agreed, Way};
use super::network::{Network, RATE};
use super::night::Night;
use super::proxy::Line;

/// How long is counted.
const COUNTED: Duration = Duration::from_secs(10);

/// How long a byte is on its way in one direction: none, a fair mobile network, a poor one.
const DELAYS_MS: [u64; 3] = [0, 50, 200];

/// Of how many pieces one is lost: none, and one in a hundred.
const LOSSES: [u64; 2] = [0, 100];

/// Measures every line and prints it. The line is the unit's; the browser's is as fast as it goes.
pub(crate) async fn measure() {
    for lost_one_in in LOSSES {
        for delay in DELAYS_MS.map(Duration::from_millis) {
            measure_one(Line { delay, lost_one_in }).await;
        }
    }
}

#[expect(clippy::print_stdout, reason = "it says what it measured")]
async fn measure_one(line: Line) {
    let network = Network::open();
    let way = Way::Home(&network, line);
    let night = Night::unclear_behind(Agreed::LiveView, way).await;
    let anna = &night.anna;
    anna.reads("Titta via kameran").await;
    anna.asks_to_see().await;
    anna.sees_frames(1).await;
    let (before, first_ms) = anna.drawn().await;
    tokio::time::sleep(COUNTED).await;
    let (after, _) = anna.drawn().await;
    let rate = (after - before) / COUNTED.as_secs_f64();
    let Line { delay, lost_one_in } = line;
    println!(
        "{RATE}, {delay:?} each way, one piece lost in {lost_one_in}: first picture {first_ms:.0} \
         ms after the click, {rate:.2} a second"
    );
    night.anna.leaves().await;
}
