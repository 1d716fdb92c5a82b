//! The words for what looks after the hub from outside.

use super::{Phrase, phrase};
use crate::outside::Ailment;

phrases! {
    NOT_SET = "Ingen yttre vakt är inställd: dör servern märker bara den som tittar.",
              "No watcher outside is set up: if the server dies, only those who look will notice.";
    STARTING = "Yttre vakten har inte matats sedan servern startade.",
               "The watcher outside has not been fed since the server started.";
    FED = "Yttre vakten matad", "The watcher outside was fed at";
    UNREACHED = "Yttre vakten nås inte sedan", "The watcher outside has not been reached since";
    LAST_FED = "Matad senast", "Last fed at";
    WITHHELD = "Servern matar inte yttre vakten sedan",
               "The server has not fed the watcher outside since";
    SERVICE = "nattlistan står stilla. Följ reservplanen.",
              "tonight’s list stands still. Follow Plan B.";
    TELLER = "inga larm skickas. Håll sidan öppen.",
             "no alerts are sent. Keep this page open.";
    STORE = "det går inte att skriva i databasen. Följ reservplanen.",
            "the database takes no writing. Follow Plan B.";
    RECEIVER = "Larmmottagaren svarar inte:", "The alarm receiver does not answer:";
    SINCE = "sedan", "since";
}

/// What of the hub does not work, and what to do.
pub(in crate::http) fn ailment(why: Ailment) -> Phrase {
    match why {
        Ailment::Service => SERVICE,
        Ailment::Teller => TELLER,
        Ailment::Store => STORE,
    }
}
