//! The answer to a test alarm, over HTTP: one address for each, one press.
//!
//! It turns the press into an answer under the name of whoever is signed in. Whether it is one of
//! this shift's is for [`crate::notify::proof`].

use axum::extract::{Extension, Path, RawQuery, State as Shared};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use super::Site;
use super::acts::Reader;
use super::door::Worker;
use super::texts::{Lang, hands, proof};
use crate::notify::chain::TrialId;
use crate::notify::teller::AnswerError;

/// Answers a test alarm. It is written down before this answers.
pub(super) async fn answer(
    Shared(site): Shared<Site>,
    Extension(worker): Extension<Worker>,
    Path(trial): Path<i64>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let lang = Lang::from_query(query.as_deref());
    let reader = Reader::of(&headers);
    let Some(answers) = &site.answers else {
        let text = hands::NOT_HERE.to(lang);
        return reader.refused(lang, StatusCode::SERVICE_UNAVAILABLE, text);
    };
    match answers.answer(TrialId(trial), worker.id).await {
        Ok(()) => reader.done(lang, "proven"),
        Err(why) => {
            let status = match why {
                AnswerError::NotThisShift => StatusCode::CONFLICT,
                AnswerError::Gone => StatusCode::SERVICE_UNAVAILABLE,
            };
            reader.refused(lang, status, proof::refusal(why).to(lang))
        }
    }
}
