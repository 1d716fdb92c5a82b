//! Every page there is, for the tests that go through all of them.
//!
//! A page with something of its own to wait for goes into the list. Whatever a page links to is
//! found by itself and gone through too, one of each kind: no page is forgotten.

use std::collections::{BTreeSet, VecDeque};

use super::worker::Worker;

/// One page.
pub(crate) struct Page {
    /// What its pictures are called.
    pub(crate) name: &'static str,
    /// Its address, from the root.
    pub(crate) path: &'static str,
    /// What stands on it, and nowhere else: a selector.
    pub(crate) mark: &'static str,
}

/// What is shown to somebody who is not signed in.
pub(crate) const OUTSIDE: [Page; 1] = [Page {
    name: "sign-in",
    path: "/sign-in",
    mark: "form.sign-in",
}];

/// What needs a person.
pub(crate) const ATTEND: Page = Page {
    name: "attend",
    path: "/",
    mark: "#attend",
};

/// What is behind the door.
pub(crate) const INSIDE: [Page; 6] = [
    ATTEND,
    Page {
        name: "ledger",
        path: "/ledger",
        mark: "#lines",
    },
    Page {
        name: "ledger-of-no-night",
        path: "/ledger?night=2020-01-01",
        mark: "#ledger",
    },
    Page {
        name: "morning",
        path: "/morning",
        mark: "#morning",
    },
    Page {
        name: "settings",
        path: "/settings",
        mark: "#settings",
    },
    Page {
        name: "not-found",
        path: "/no-such-page",
        mark: "main a[href^='/?lang=']",
    },
];

/// What is for those who lead, mend or review.
pub(crate) const BY_DAY: [Page; 4] = [
    Page {
        name: "technical",
        path: "/technical",
        mark: "#technical",
    },
    Page {
        name: "access",
        path: "/access",
        mark: "#people",
    },
    Page {
        name: "log",
        path: "/audit",
        mark: "#log",
    },
    Page {
        name: "consents",
        path: "/consents",
        mark: "#consents",
    },
];

/// A way through pages, each kind once: those of a list, then those that they link to.
pub(crate) struct Tour {
    known: BTreeSet<String>,
    ahead: VecDeque<Stop>,
}

/// A page on the way.
pub(crate) struct Stop {
    /// What its pictures are called.
    pub(crate) name: String,
    path: String,
    mark: String,
}

impl Tour {
    pub(crate) fn of(pages: &[Page]) -> Self {
        let kind = |page: &Page| kind(page.path.split('?').next().unwrap_or_default());
        Self {
            known: pages.iter().map(kind).collect(),
            ahead: pages.iter().map(Stop::at).collect(),
        }
    }

    /// Opens the next page; none is left if it gives none.
    pub(crate) async fn goes_on(&mut self, worker: &Worker) -> Option<Stop> {
        let stop = self.ahead.pop_front()?;
        stop.opens(worker).await;
        let links = "[...document.links].map(link => new URL(link.href))\
                     .filter(to => to.origin === location.origin).map(to => to.pathname)";
        let links: Vec<String> = serde_json::from_value(worker.asks(links).await).unwrap();
        for path in links {
            let kind = kind(&path);
            // A table is no page.
            if !path.ends_with(".csv") && self.known.insert(kind.clone()) {
                self.ahead.push_back(Stop {
                    name: kind.trim_matches('/').replace('/', "-"),
                    path,
                    mark: "main".to_owned(),
                });
            }
        }
        Some(stop)
    }
}

impl Stop {
    pub(crate) fn at(page: &Page) -> Self {
        Self {
            name: page.name.to_owned(),
            path: page.path.to_owned(),
            mark: page.mark.to_owned(),
        }
    }

    /// Opens it, and waits for what stands on it.
    pub(crate) async fn opens(&self, worker: &Worker) {
        worker.goes_to(&self.path).await;
        let mark = serde_json::json!(self.mark);
        worker
            .sees(&format!("document.querySelector({mark}) !== null"))
            .await;
    }
}

/// A path without what tells one of its kind from another: ids and dates have digits.
fn kind(path: &str) -> String {
    let is_one = |part: &&str| part.bytes().any(|byte| byte.is_ascii_digit());
    let parts = path.split('/');
    let parts = parts.map(|part| if is_one(&part) { "one" } else { part });
    parts.collect::<Vec<_>>().join("/")
}
