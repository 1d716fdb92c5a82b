//! What a page must say of rights before somebody misses them: whose right to look through a camera
//! ends, and that nobody answers for access.
//!
//! Read anew for the pages that show it, off the thread that serves. What cannot be read is logged
//! and not said: no page waits for it.

use crate::staff::ending::{End, Ending, Managed};
use crate::staff::{Allowed, Permission, Role};

use super::super::Site;
use super::super::door::Viewer;

/// The pages that say it, as the router knows them.
const PAGES: [&str; 5] = ["/", "/fragment", "/settings", "/access", "/technical"];

/// What is said to one viewer.
#[derive(Clone, Debug, Default)]
pub(in crate::http) struct Notices {
    /// Everybody's ends, for whoever goes through access.
    pub(in crate::http) endings: Vec<Ending>,
    /// One's own.
    pub(in crate::http) own: Vec<End>,
    /// Whether nobody answers for access, for whoever can have that mended.
    pub(in crate::http) managed: Managed,
}

/// What to say on a page.
pub(super) async fn of(site: &Site, viewer: &Viewer, path: &str) -> Notices {
    let Some(rights) = site.rights.clone().filter(|_| PAGES.contains(&path)) else {
        return Notices::default();
    };
    let (id, roles) = (viewer.me.id.clone(), viewer.roles);
    let now = site.tonight.borrow().now;
    let read = move || {
        let mut notices = Notices::default();
        if roles.allow(Permission::LiveView) == Allowed::Yes {
            notices.own = rights.standing(&id)?.ends(now);
        }
        if roles.allow(Permission::ReviewAccess) == Allowed::Yes {
            notices.endings = rights.endings(now)?;
        } else {
            notices.managed = rights.managed()?;
        }
        Ok::<_, crate::store::StoreError>(notices)
    };
    let mut notices = match tokio::task::spawn_blocking(read).await {
        Ok(Ok(notices)) => notices,
        Ok(Err(error)) => {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, "what ends of rights cannot be read");
            Notices::default()
        }
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, "what ends of rights cannot be read");
            Notices::default()
        }
    };
    let leads = |role| role == Role::Administrator || role == Role::NightLead;
    if notices.managed == Managed::No && !roles.iter().any(leads) {
        notices.managed = Managed::Yes;
    }
    notices
}
