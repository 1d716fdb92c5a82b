//! Who comes in, and as whom: every page is rendered for somebody.
//!
//! It says who acts, not what they may do: roles are not kept yet.

use axum::extract::{Request, State as Shared};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Site;
use crate::watch::StaffId;

/// Who opened a page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Worker {
    /// By an opaque id, as it stands in the ledger.
    pub id: StaffId,
    /// As colleagues know them. Shown on the page alone.
    pub name: String,
}

/// Who may come in.
#[derive(Clone, Debug)]
pub enum Door {
    /// Everybody, as this one: for a demonstration, in which nobody lives.
    Everybody(Worker),
}

impl Worker {
    /// Whoever is at the page when nobody signs in: what they do stands under this name.
    #[must_use]
    pub fn anybody() -> Self {
        Self {
            id: "anybody".parse().expect("small letters are an id"),
            name: "Någon vid sidan".to_owned(),
        }
    }
}

impl Door {
    /// What colleagues call somebody; the id of whoever is unknown.
    #[must_use]
    pub fn name(&self, who: &StaffId) -> String {
        match self {
            Self::Everybody(worker) if worker.id == *who => worker.name.clone(),
            Self::Everybody(_) => who.to_string(),
        }
    }
}

/// For whom a page is rendered.
#[derive(Clone, Debug)]
pub(super) struct Viewer {
    pub(super) me: Worker,
    pub(super) door: Door,
}

impl Viewer {
    /// What colleagues call somebody.
    pub(super) fn name(&self, who: &StaffId) -> String {
        self.door.name(who)
    }
}

/// Lets somebody in, as whom the door says. A form that another site's page sends is refused:
/// nobody acts without having pressed a button of this one.
pub(super) async fn admit(
    Shared(site): Shared<Site>,
    mut request: Request,
    next: Next,
) -> Response {
    if !request.method().is_safe() && !is_from_here(request.headers()) {
        return (StatusCode::FORBIDDEN, "from another site").into_response();
    }
    let worker = match &site.door {
        Door::Everybody(worker) => worker.clone(),
    };
    request.extensions_mut().insert(worker);
    next.run(request).await
}

/// Whether a browser says that a request comes from a page of this server.
fn is_from_here(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match (text("sec-fetch-site"), text("origin"), text("host")) {
        (Some(site), _, _) => site == "same-origin" || site == "none",
        (None, Some(origin), Some(host)) => {
            let named = origin.split_once("://").map(|(_, named)| named);
            named == Some(host)
        }
        // Neither says: no browser sends a form so.
        (None, _, _) => false,
    }
}
