//! What a page must say of rights before somebody misses them: whose right to look through a camera
//! ends, and that nobody answers for access.
//!
//! Read anew for the pages that show it, off the thread that serves. What cannot be read, or not
//! soon, is logged and not said.

use std::time::Duration;

use crate::staff::ending::{End, Ending, Managed};
use crate::staff::{Allowed, Permission, Role};

use super::super::Site;
use super::super::door::Viewer;

/// The pages that say it, as the router knows them.
const PAGES: [&str; 5] = ["/", "/fragment", "/settings", "/access", "/technical"];

/// How long a page waits for it: the night's list is not held up by a register that somebody else
/// writes to.
const WITHIN: Duration = Duration::from_millis(500);

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
    let read = tokio::task::spawn_blocking(read);
    let mut notices = match tokio::time::timeout(WITHIN, read).await {
        Ok(Ok(Ok(notices))) => notices,
        Ok(Ok(Err(error))) => unread(&error),
        Ok(Err(error)) => unread(&error),
        Err(error) => unread(&error),
    };
    let leads = |role| role == Role::Administrator || role == Role::NightLead;
    if notices.managed == Managed::No && !roles.iter().any(leads) {
        notices.managed = Managed::Yes;
    }
    notices
}

fn unread(error: &(dyn std::error::Error + 'static)) -> Notices {
    tracing::error!(error, "what ends of rights cannot be read");
    Notices::default()
}
