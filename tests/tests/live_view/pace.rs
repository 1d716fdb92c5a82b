//! How soon a picture comes and how many a second, over lines like a home's.

use std::time::Duration;

use super::house::Agreed;
use super::night::Night;
use super::proxy::Line;

/// How long is counted.
const COUNTED: Duration = Duration::from_secs(10);

/// The lines that are measured: none, a good mobile network, a poor one.
pub(crate) const LINES: [(&str, Line); 3] = [
    ("no delay", Line::PLAIN),
    (
        "50 ms each way, 1 in 100 lost",
        Line {
            delay: Duration::from_millis(50),
            lost_one_in: 100,
        },
    ),
    (
        "150 ms each way, 1 in 33 lost",
        Line {
            delay: Duration::from_millis(150),
            lost_one_in: 33,
        },
    ),
];

/// Measures one and prints it. The line is the unit's; the browser's is as fast as it goes.
#[expect(clippy::print_stdout, reason = "it says what it measured")]
pub(crate) async fn measure((name, line): (&str, Line)) {
    let night = Night::unclear_behind(Agreed::LiveView, line).await;
    let anna = &night.anna;
    anna.reads("Titta via kameran").await;
    anna.asks_to_see().await;
    anna.sees_frames(1).await;
    let (before, first_ms) = anna.drawn().await;
    tokio::time::sleep(COUNTED).await;
    let (after, _) = anna.drawn().await;
    let rate = (after - before) / COUNTED.as_secs_f64();
    println!("{name}: first picture {first_ms:.0} ms after the page began, {rate:.1} a second");
    night.anna.leaves().await;
}
