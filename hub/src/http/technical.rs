//! The page of faults over HTTP, for whoever mends units or runs the hub.
//!
//! It shows what [`page::technical`] takes from tonight, and changes nothing.

use axum::Extension;
use axum::extract::{RawQuery, State as Shared};
use axum::response::Html;

use super::door::Viewer;
use super::texts::Lang;
use super::{Site, page};

/// The faults.
pub(super) async fn show(
    Shared(site): Shared<Site>,
    Extension(viewer): Extension<Viewer>,
    RawQuery(query): RawQuery,
) -> Html<String> {
    let lang = Lang::from_query(query.as_deref());
    let tonight = site.tonight.borrow().clone();
    Html(page::technical::document(&tonight, lang, &viewer).into_string())
}
