//! Every page there is, for the tests that go through all of them. **A new page goes in here.**

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

/// What is behind the door.
pub(crate) const INSIDE: [Page; 5] = [
    Page {
        name: "attend",
        path: "/",
        mark: "#attend",
    },
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
        name: "not-found",
        path: "/no-such-page",
        mark: "main a[href^='/?lang=']",
    },
];
