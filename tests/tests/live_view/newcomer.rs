//! What a newcomer meets who starts a demonstration and wants to look: first that a key is needed,
//! then the same live view as in a home.

use std::time::Duration;

use nattsyn_hub::demo::provision::VIEW_LAMP;
use nattsyn_tests::programs::Demonstration;

use super::viewer::Viewer;

/// Until somebody is up and the sensor cannot tell: the third home's second check. Most of it is
/// the looks of three homes at their real length, on a machine that does much else.
const NIGHT_WITHIN: Duration = Duration::from_secs(180);

/// Looks for a key, makes one, and looks.
pub(crate) async fn looks() {
    let folder = tempfile::tempdir().unwrap();
    let asked = ["--homes", "3", "--linger", "60"];
    let demonstration = Demonstration::start(folder.path(), &asked);
    let newcomer = Viewer::at(demonstration.page.replace("127.0.0.1", "localhost")).await;
    newcomer.goes_to("/").await;
    let without = "du har ingen godkänd säkerhetsnyckel";
    newcomer.reads_within(without, NIGHT_WITHIN).await;
    newcomer.is_given_an_authenticator().await;
    newcomer.goes_to("/account").await;
    newcomer.presses("#key-register button").await;
    newcomer.reads("godkänd för kameran till").await;
    newcomer.goes_to("/").await;
    newcomer.asks_to_see().await;
    newcomer.sees_frames(2).await;
    newcomer.is_done().await;
    newcomer.reads("Vad såg du?").await;
    let lamp = folder.path().join("units/u0000003").join(VIEW_LAMP);
    assert_eq!(std::fs::read_to_string(lamp).unwrap(), "on\noff\n");
    newcomer.leaves().await;
}
