//! Units over HTTP: the list, and one unit with what is to be done next. It turns a form into a
//! step; what may follow what is for [`crate::units`]. No resident is named here.

use axum::extract::{DefaultBodyLimit, Extension, Path, RawQuery, State as Shared};
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Form, Router};

use nattsyn_protocol::enrolment::Code;
use nattsyn_protocol::ids::UnitId;
use nattsyn_protocol::time::Timestamp;

use crate::audit::Who;
use crate::units::desk::{Desk, DeskError};
use crate::units::{Deed, Inventory};

use super::door::{Viewer, see_other};
use super::page::units::{self as drawn, Sheet, Shown};
use super::texts::{Lang, Phrase, units as says};
use super::{Site, page};

/// Longest form: five texts of a hundred characters, every sign of them escaped.
const FORM_BYTES_MAX: usize = 8 * 1024;

/// How the checklists are written down: their version changes when a line of them does.
const CHECKED: &str = "checklist 1";

type Done = Result<(), DeskError>;

type Pairs = Vec<(String, String)>;

/// The addresses behind the door.
pub(super) fn inside() -> Router<Site> {
    Router::new()
        .route("/units", get(list).post(add))
        .route("/units/{unit}", get(show))
        .route("/units/{unit}/stage", get(stage))
        .route("/units/{unit}/code", post(code))
        .route("/units/{unit}/describe", post(describe))
        .route("/units/{unit}/confirm", post(confirm))
        .route("/units/{unit}/install", post(install))
        .route("/units/{unit}/fault", post(fault))
        .route("/units/{unit}/mend", post(mend))
        .route("/units/{unit}/remove", post(remove))
        .route("/units/{unit}/wiped", post(wiped))
        .layer(DefaultBodyLimit::max(FORM_BYTES_MAX))
}

/// What somebody asks, and who.
struct Asked {
    site: Site,
    viewer: Viewer,
    lang: Lang,
    now: Timestamp,
}

impl Asked {
    fn new(site: Site, viewer: Viewer, query: Option<&str>) -> Self {
        let now = site.tonight.borrow().now;
        Self {
            site,
            viewer,
            lang: Lang::from_query(query),
            now,
        }
    }

    /// Asks the desk, off the thread that serves.
    async fn desk<T: Send + 'static>(
        &self,
        act: impl FnOnce(&Desk, (&Who, Timestamp)) -> Result<T, DeskError> + Send + 'static,
    ) -> Result<T, Response> {
        let Some(desk) = self.site.units.clone() else {
            return Err(self.refuse(StatusCode::SERVICE_UNAVAILABLE, says::NOT_HERE));
        };
        let (who, now) = (Who::Staff(self.viewer.me.id.clone()), self.now);
        let asked = tokio::task::spawn_blocking(move || act(&desk, (&who, now))).await;
        let error = match asked {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => error,
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "no answer");
                return Err(self.refuse(StatusCode::SERVICE_UNAVAILABLE, says::UNREADABLE));
            }
        };
        if let DeskError::NoSuch(_) = error {
            return Err(self.refuse(StatusCode::NOT_FOUND, says::NO_SUCH));
        }
        match says::trouble(&error) {
            Some(why) => Err(self.refuse(StatusCode::UNPROCESSABLE_ENTITY, why)),
            None => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, "the units cannot be read or written");
                Err(self.refuse(StatusCode::SERVICE_UNAVAILABLE, says::UNREADABLE))
            }
        }
    }

    fn refuse(&self, status: StatusCode, why: Phrase) -> Response {
        (status, Html(page::refusal(self.lang, why).into_string())).into_response()
    }

    fn shown<'a>(
        &'a self,
        tonight: &'a crate::view::Tonight,
        trouble: Option<Phrase>,
    ) -> Shown<'a> {
        Shown {
            tonight,
            lang: self.lang,
            viewer: &self.viewer,
            now: self.now,
            trouble,
        }
    }

    /// A unit's page.
    async fn sheet(
        &self,
        unit: &str,
        (status, trouble, code): (StatusCode, Option<Phrase>, Option<Code>),
    ) -> Response {
        let Ok(id) = unit.parse::<UnitId>() else {
            return self.refuse(StatusCode::NOT_FOUND, says::NO_SUCH);
        };
        let read = self
            .desk(move |desk, _| Ok((desk.sheet(id)?, desk.homes()?)))
            .await;
        let ((unit, steps), homes) = match read {
            Ok(read) => read,
            Err(refused) => return refused,
        };
        let sheet = Sheet {
            unit,
            steps,
            homes,
            code,
        };
        let tonight = self.site.tonight.borrow().clone();
        let body = drawn::sheet(&self.shown(&tonight, trouble), &sheet).into_string();
        // A code is in it, perhaps.
        (status, [(CACHE_CONTROL, "no-store")], Html(body)).into_response()
    }

    /// What somebody does, and then the unit's page: anew if it was done, with why not otherwise.
    async fn acts(
        &self,
        unit: &str,
        act: impl FnOnce(&Desk, UnitId, (&Who, Timestamp)) -> Done + Send + 'static,
    ) -> Response {
        let Ok(id) = unit.parse::<UnitId>() else {
            return self.refuse(StatusCode::NOT_FOUND, says::NO_SUCH);
        };
        let done = self.desk(move |desk, by| match act(desk, id, by) {
            Ok(()) => Ok(None),
            Err(error @ DeskError::NoSuch(_)) => Err(error),
            Err(error) => says::trouble(&error).map(Some).ok_or(error),
        });
        match done.await {
            Ok(None) => see_other(&format!("/units/{id}?lang={}", self.lang.tag())),
            Ok(Some(why)) => {
                let status = StatusCode::UNPROCESSABLE_ENTITY;
                self.sheet(unit, (status, Some(why), None)).await
            }
            Err(refused) => refused,
        }
    }

    /// A form that is not whole: the unit's page, with what is missing.
    async fn missing(&self, unit: &str, what: Phrase) -> Response {
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        self.sheet(unit, (status, Some(what), None)).await
    }
}

async fn list(
    Shared(site): Shared<Site>,
    Extension(viewer): Extension<Viewer>,
    RawQuery(query): RawQuery,
) -> Response {
    let asked = Asked::new(site, viewer, query.as_deref());
    match asked.desk(|desk, _| desk.list()).await {
        Ok(units) => {
            let tonight = asked.site.tonight.borrow().clone();
            Html(drawn::list(&asked.shown(&tonight, None), &units).into_string()).into_response()
        }
        Err(refused) => refused,
    }
}

async fn add(
    Shared(site): Shared<Site>,
    Extension(viewer): Extension<Viewer>,
    RawQuery(query): RawQuery,
    Form(pairs): Form<Pairs>,
) -> Response {
    let asked = Asked::new(site, viewer, query.as_deref());
    let inventory = inventory(&pairs);
    match asked.desk(move |desk, by| desk.add(&inventory, by)).await {
        Ok(unit) => see_other(&format!("/units/{unit}?lang={}", asked.lang.tag())),
        Err(refused) => refused,
    }
}

async fn show(
    Shared(site): Shared<Site>,
    Extension(viewer): Extension<Viewer>,
    Path(unit): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let asked = Asked::new(site, viewer, query.as_deref());
    asked.sheet(&unit, (StatusCode::OK, None, None)).await
}

/// Where a unit stands, in one word: a page that shows a code asks for it.
async fn stage(
    Shared(site): Shared<Site>,
    Extension(viewer): Extension<Viewer>,
    Path(unit): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let asked = Asked::new(site, viewer, query.as_deref());
    let Ok(id) = unit.parse::<UnitId>() else {
        return asked.refuse(StatusCode::NOT_FOUND, says::NO_SUCH);
    };
    match asked.desk(move |desk, _| desk.sheet(id)).await {
        Ok((unit, _)) => ([(CACHE_CONTROL, "no-store")], unit.stage.word()).into_response(),
        Err(refused) => refused,
    }
}

async fn code(
    Shared(site): Shared<Site>,
    Extension(viewer): Extension<Viewer>,
    Path(unit): Path<String>,
    RawQuery(query): RawQuery,
) -> Response {
    let asked = Asked::new(site, viewer, query.as_deref());
    let Ok(id) = unit.parse::<UnitId>() else {
        return asked.refuse(StatusCode::NOT_FOUND, says::NO_SUCH);
    };
    match asked.desk(move |desk, by| desk.code(id, by)).await {
        Ok(code) => asked.sheet(&unit, (StatusCode::OK, None, Some(code))).await,
        Err(refused) => refused,
    }
}

async fn describe(
    Shared(site): Shared<Site>,
    Extension(viewer): Extension<Viewer>,
    Path(unit): Path<String>,
    RawQuery(query): RawQuery,
    Form(pairs): Form<Pairs>,
) -> Response {
    let asked = Asked::new(site, viewer, query.as_deref());
    let inventory = inventory(&pairs);
    let act = move |desk: &Desk, id, by: (&Who, Timestamp)| desk.describe(id, &inventory, by);
    asked.acts(&unit, act).await
}

async fn confirm(
    Shared(site): Shared<Site>,
    Extension(viewer): Extension<Viewer>,
    Path(unit): Path<String>,
    RawQuery(query): RawQuery,
    Form(pairs): Form<Pairs>,
) -> Response {
    let asked = Asked::new(site, viewer, query.as_deref());
    let typed = field(&pairs, "fingerprint").to_owned();
    let act = move |desk: &Desk, id, by: (&Who, Timestamp)| desk.confirm(id, &typed, by);
    asked.acts(&unit, act).await
}

async fn install(
    Shared(site): Shared<Site>,
    Extension(viewer): Extension<Viewer>,
    Path(unit): Path<String>,
    RawQuery(query): RawQuery,
    Form(pairs): Form<Pairs>,
) -> Response {
    let asked = Asked::new(site, viewer, query.as_deref());
    if ticked(&pairs) != says::INSTALLATION.len() {
        return asked.missing(&unit, says::UNTICKED).await;
    }
    let Ok(home) = field(&pairs, "home").parse() else {
        return asked.missing(&unit, says::UNKNOWN_HOME).await;
    };
    let act = move |desk: &Desk, id: UnitId, by: (&Who, Timestamp)| {
        desk.install((id, home), CHECKED, by).map(drop)
    };
    asked.acts(&unit, act).await
}

async fn fault(
    shared: Shared<Site>,
    viewer: Extension<Viewer>,
    unit: Path<String>,
    query: RawQuery,
    form: Form<Pairs>,
) -> Response {
    say((shared, viewer, query), unit, Deed::Faulty, form).await
}

async fn mend(
    shared: Shared<Site>,
    viewer: Extension<Viewer>,
    unit: Path<String>,
    query: RawQuery,
    form: Form<Pairs>,
) -> Response {
    say((shared, viewer, query), unit, Deed::Mended, form).await
}

async fn remove(
    shared: Shared<Site>,
    viewer: Extension<Viewer>,
    unit: Path<String>,
    query: RawQuery,
    form: Form<Pairs>,
) -> Response {
    say((shared, viewer, query), unit, Deed::Removed, form).await
}

async fn wiped(
    shared: Shared<Site>,
    viewer: Extension<Viewer>,
    unit: Path<String>,
    query: RawQuery,
    form: Form<Pairs>,
) -> Response {
    say((shared, viewer, query), unit, Deed::Wiped, form).await
}

async fn say(
    (Shared(site), Extension(viewer), RawQuery(query)): (Shared<Site>, Extension<Viewer>, RawQuery),
    Path(unit): Path<String>,
    deed: Deed,
    Form(pairs): Form<Pairs>,
) -> Response {
    let asked = Asked::new(site, viewer, query.as_deref());
    let own = field(&pairs, "note").trim();
    let mut note = own.to_owned();
    if deed == Deed::Removed {
        if ticked(&pairs) != says::REMOVAL.len() {
            return asked.missing(&unit, says::UNTICKED).await;
        }
        note = format!("{CHECKED} {own}");
    }
    let act = move |desk: &Desk, id, by: (&Who, Timestamp)| desk.say((id, deed), &note, by);
    asked.acts(&unit, act).await
}

fn inventory(pairs: &Pairs) -> Inventory {
    let text = |name| field(pairs, name).trim().to_owned();
    Inventory {
        case: text("case"),
        owner: text("owner"),
        supplier: text("supplier"),
        sim: text("sim"),
        contract: text("contract"),
    }
}

/// How many lines of a checklist were ticked.
fn ticked(pairs: &Pairs) -> usize {
    pairs.iter().filter(|(key, _)| key == "ticked").count()
}

/// The first value of a field.
fn field<'a>(pairs: &'a Pairs, name: &str) -> &'a str {
    let mut found = pairs.iter().filter(|(key, _)| key == name);
    found.next().map_or("", |(_, value)| value)
}
