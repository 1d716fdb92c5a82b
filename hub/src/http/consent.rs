//! Consents over HTTP: the page of a resident's, what is typed there, and the list of all.
//!
//! It turns a form into a [`Draft`] and an answer into a page; what follows from a consent is for
//! [`crate::consent`]. What cannot be written down is shown again as it was typed, with what is
//! wrong beside each field; nothing that was typed is lost or logged. A conversation with which
//! looks would stop is written down only when whoever wrote it says that they are to.

use std::sync::Arc;

use axum::extract::{DefaultBodyLimit, Extension, Path, RawQuery, State as Shared};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Form, Router};

use nattsyn_protocol::ids::ResidentId;
use nattsyn_protocol::policy::Looks;

use super::door::{Viewer, see_other};
use super::page::consent::{Shown, Trouble, Typed};
use super::texts::{Lang, Phrase, consent as says, resident as residents};
use super::{Site, access, page};
use crate::audit::Act;
use crate::consent::clerk::{Clerk, File};
use crate::consent::counter::{ConsentError, Run};
use crate::consent::draft::{Draft, DraftWithdrawal};
use crate::consent::{Form as Said, Scope, Taker, Withdrawal, journal};

/// Longest form: five texts of a page each, every sign of them escaped.
const FORM_BYTES_MAX: usize = 128 * 1024;

/// A form as a browser sends it.
type Pairs = Vec<(String, String)>;

/// The addresses behind the door.
pub(super) fn inside() -> Router<Site> {
    let consent = get(show).post(record);
    Router::new()
        .route("/consents", get(everybody))
        .route("/residents/{resident}/consent", consent)
        .route("/residents/{resident}/consent/note", get(note))
        .route("/residents/{resident}/consent/withdraw", post(withdraw))
        .route("/residents/{resident}/consent/again", post(again))
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
}

/// Why there is no page.
enum Refused {
    NotHere,
    NoSuch,
    Unreadable,
}

impl Refused {
    fn answer(&self, lang: Lang) -> Response {
        let (status, why): (StatusCode, Phrase) = match self {
            Self::NotHere => (StatusCode::SERVICE_UNAVAILABLE, says::NOT_HERE),
            Self::NoSuch => (StatusCode::NOT_FOUND, residents::NO_SUCH),
            Self::Unreadable => (StatusCode::SERVICE_UNAVAILABLE, says::UNREADABLE),
        };
        let body = page::refusal(lang, why).into_string();
        (status, Html(body)).into_response()
    }
}

/// Asks the clerk, off the thread that serves.
async fn ask<T: Send + 'static>(
    site: &Site,
    act: impl FnOnce(&Clerk) -> Result<T, ConsentError> + Send + 'static,
) -> Result<Result<T, ConsentError>, Refused> {
    let Some(clerk) = site.consents.clone() else {
        return Err(Refused::NotHere);
    };
    let asked = move || act(&clerk);
    let answered = tokio::task::spawn_blocking(asked).await.map_err(|error| {
        tracing::error!(error = &error as &dyn std::error::Error, "no answer");
        Refused::Unreadable
    })?;
    Ok(answered)
}

/// What failed though nothing was typed wrongly.
fn unreadable(error: &ConsentError) -> Refused {
    match error {
        ConsentError::NotEnrolled(_) => Refused::NoSuch,
        ConsentError::Faults(_)
        | ConsentError::Of(..)
        | ConsentError::NoPolicy(_)
        | ConsentError::Zone(_)
        | ConsentError::Edit(_)
        | ConsentError::Store(_) => {
            let error = error as &dyn std::error::Error;
            tracing::error!(error, "a consent cannot be read or written");
            Refused::Unreadable
        }
    }
}

async fn file(site: &Site, resident: ResidentId) -> Result<File, Refused> {
    let read = ask(site, move |clerk| clerk.file(resident)).await?;
    let read = read.map_err(|error| unreadable(&error))?;
    read.ok_or(Refused::NoSuch)
}

fn resident(id: &str) -> Result<ResidentId, Refused> {
    id.parse().map_err(|_error| Refused::NoSuch)
}

/// The page, with what was typed and not written down.
async fn render(
    site: &Site,
    (lang, viewer): (Lang, &Viewer),
    resident: ResidentId,
    typed: Typed,
) -> Result<String, Refused> {
    let file = file(site, resident).await?;
    let (tonight, told) = (site.tonight.borrow().clone(), site.told_now());
    let zone = site.consents.as_ref().map(|clerk| clerk.time_zone());
    let zone = zone.ok_or(Refused::NotHere)?;
    let shown = Shown {
        resident,
        name: &file.name,
        note: &journal::note(&file.entries, &file.verdict, &zone),
        file: &file,
        typed,
    };
    let page = page::consent_page((&*tonight, &*told), lang, viewer, &shown);
    Ok(page.into_string())
}

/// What a form begins with: the least intrusive (R45), and the day.
fn fresh(site: &Site) -> Typed {
    let today = site.consents.as_ref().map(|clerk| clerk.today());
    Typed {
        draft: Draft {
            scope: Scope::Sensor.word().to_owned(),
            form: Said::Oral.word().to_owned(),
            on: today.map(|today| today.to_string()).unwrap_or_default(),
            ..Draft::default()
        },
        withdrawal: DraftWithdrawal {
            what: Withdrawal::Everything.word().to_owned(),
            form: Said::Oral.word().to_owned(),
            by: "den enskilde".to_owned(),
            note: String::new(),
        },
        ..Typed::default()
    }
}

async fn show(
    Shared(site): Shared<Site>,
    Extension(viewer): Extension<Viewer>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let lang = Lang::from_query(query.as_deref());
    let shown = async {
        let resident = resident(&id)?;
        render(&site, (lang, &viewer), resident, fresh(&site)).await
    };
    match shown.await {
        Ok(body) => Html(body).into_response(),
        Err(refused) => refused.answer(lang),
    }
}

/// The note for the journal as plain text.
async fn note(
    Shared(site): Shared<Site>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let lang = Lang::from_query(query.as_deref());
    let read = async { file(&site, resident(&id)?).await };
    match (read.await, &site.consents) {
        (Ok(file), Some(clerk)) => {
            let note = journal::note(&file.entries, &file.verdict, &clerk.time_zone());
            ([(CONTENT_TYPE, "text/plain; charset=utf-8")], note).into_response()
        }
        (Err(refused), _) => refused.answer(lang),
        (Ok(_), None) => Refused::NotHere.answer(lang),
    }
}

async fn everybody(
    Shared(site): Shared<Site>,
    Extension(viewer): Extension<Viewer>,
    RawQuery(query): RawQuery,
) -> Response {
    let lang = Lang::from_query(query.as_deref());
    let read = async {
        let read = ask(&site, Clerk::everybody).await?;
        read.map_err(|error| unreadable(&error))
    };
    match read.await {
        Ok((roster, verdicts)) => {
            let tonight = site.tonight.borrow().clone();
            let shown = (&roster, &verdicts[..]);
            let page = page::consents_page(&tonight, lang, &viewer, shown);
            Html(page.into_string()).into_response()
        }
        Err(refused) => refused.answer(lang),
    }
}

/// The first value of a field.
fn field(pairs: &Pairs, name: &str) -> String {
    let mut found = pairs.iter().filter(|(key, _)| key == name);
    found
        .next()
        .map(|(_, value)| value.clone())
        .unwrap_or_default()
}

/// Whether somebody marked that it is meant.
fn is_sure(pairs: &Pairs) -> Sure {
    match field(pairs, "sure").as_str() {
        "yes" => Sure::Yes,
        _ => Sure::No,
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sure {
    Yes,
    No,
}

fn draft(pairs: &Pairs) -> Draft {
    let field = |name| field(pairs, name);
    let kinds = pairs.iter().filter(|(key, _)| key == "kinds");
    Draft {
        kinds: kinds.map(|(_, word)| word.clone()).collect(),
        form: field("form"),
        scope: field("scope"),
        given_by: field("given_by"),
        cohabitant: field("cohabitant"),
        household: field("household"),
        capacity: field("capacity"),
        explored: field("explored"),
        alternatives: field("alternatives"),
        informed: field("informed"),
        on: field("on"),
        review: field("review"),
    }
}

fn taker(viewer: &Viewer) -> Taker {
    Taker {
        id: viewer.me.id.to_string(),
        name: viewer.me.name.clone(),
    }
}

/// Writes a row into the log before it is done. Consents are not written down without one: who
/// wrote it must be on record.
async fn trace(
    site: &Site,
    viewer: &Viewer,
    resident: ResidentId,
    (act, detail): (Act, &str),
) -> Result<(), Refused> {
    let row = access::row(site, viewer, act)
        .about(resident)
        .detail(detail);
    access::write(&site.audit, row).await.map_err(|error| {
        access::unwritten(&error);
        Refused::Unreadable
    })
}

async fn record(
    Shared(site): Shared<Site>,
    Extension(viewer): Extension<Viewer>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    Form(pairs): Form<Pairs>,
) -> Response {
    let lang = Lang::from_query(query.as_deref());
    let done = async {
        let resident = resident(&id)?;
        let (draft, taker) = (Arc::new(draft(&pairs)), taker(&viewer));
        let write = |run| {
            let (draft, taker) = (Arc::clone(&draft), taker.clone());
            ask(&site, move |clerk| {
                clerk.record(resident, &draft, &taker, run)
            })
        };
        let typed = |trouble, faults| Typed {
            draft: (*draft).clone(),
            faults,
            trouble,
            ..fresh(&site)
        };
        let typed = match write(Run::Dry).await? {
            Err(ConsentError::Faults(faults)) => typed(Trouble::Draft, faults.0),
            Err(error) => return Err(unreadable(&error)),
            // A row that no word explains is worse than one word too many.
            Ok(tried) if tried.after.looks() == Looks::Stopped && is_sure(&pairs) == Sure::No => {
                typed(Trouble::Stops, Vec::new())
            }
            Ok(_) => {
                let detail = (Act::ConsentRecorded, draft.scope.as_str());
                trace(&site, &viewer, resident, detail).await?;
                write(Run::Real)
                    .await?
                    .map_err(|error| unreadable(&error))?;
                return Ok(None);
            }
        };
        let body = render(&site, (lang, &viewer), resident, typed).await?;
        Ok(Some(body))
    };
    answer(done.await, lang, &id)
}

async fn withdraw(
    Shared(site): Shared<Site>,
    Extension(viewer): Extension<Viewer>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    Form(pairs): Form<Pairs>,
) -> Response {
    let lang = Lang::from_query(query.as_deref());
    let done = async {
        let resident = resident(&id)?;
        let withdrawal = DraftWithdrawal {
            what: field(&pairs, "what"),
            form: field(&pairs, "form"),
            by: field(&pairs, "by"),
            note: field(&pairs, "note"),
        };
        let (trouble, faults) = match (withdrawal.read(), is_sure(&pairs)) {
            (Err(faults), _) => (Trouble::Withdrawal, faults.0),
            (Ok(_), Sure::No) => (Trouble::NotSure, Vec::new()),
            (Ok(withdrawn), Sure::Yes) => {
                // A *no* is carried out also where the log takes no row: nobody is looked at for
                // a full disk. The entry itself says who wrote it down.
                let detail = (Act::ConsentWithdrawn, withdrawn.what.word());
                trace(&site, &viewer, resident, detail).await.ok();
                let taker = taker(&viewer);
                let written = ask(&site, move |clerk| {
                    clerk.withdraw(resident, &withdrawn, &taker)
                });
                written.await?.map_err(|error| unreadable(&error))?;
                return Ok(None);
            }
        };
        let typed = Typed {
            withdrawal,
            faults,
            trouble,
            ..fresh(&site)
        };
        let body = render(&site, (lang, &viewer), resident, typed).await?;
        Ok(Some(body))
    };
    answer(done.await, lang, &id)
}

async fn again(
    Shared(site): Shared<Site>,
    Extension(viewer): Extension<Viewer>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let lang = Lang::from_query(query.as_deref());
    let done = async {
        let resident = resident(&id)?;
        let unit = file(&site, resident).await?.unit;
        trace(&site, &viewer, resident, (Act::PolicySigned, "again")).await?;
        let signed = ask(&site, move |clerk| clerk.again(unit)).await?;
        signed.map_err(|error| unreadable(&error))?;
        Ok(None)
    };
    answer(done.await, lang, &id)
}

/// What was typed once more, or the page with what was written down.
fn answer(done: Result<Option<String>, Refused>, lang: Lang, id: &str) -> Response {
    match done {
        Ok(None) => see_other(&format!("/residents/{id}/consent?lang={}", lang.tag())),
        Ok(Some(body)) => (StatusCode::UNPROCESSABLE_ENTITY, Html(body)).into_response(),
        Err(refused) => refused.answer(lang),
    }
}
