//! For tests: a hub's phones over a real file, with sessions at will and a push service of our own.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::agreement::EphemeralPrivateKey;

use nattsyn_protocol::time::Timestamp;

use super::{Keeper, Phones};
use crate::notify::Patience;
use crate::notify::fakes::{Certificates, Fake, Manner};
use crate::notify::push::seal::BrowserKey;
use crate::notify::push::seal::tests::{browser, open};
use crate::notify::settings::{Opened, Others, Settings};
use crate::staff::{SHIFT, Token};
use crate::store::SqliteStore;

/// Short, since the service is near.
const PATIENCE: Patience = Patience {
    each: Duration::from_secs(1),
    whole: Duration::from_secs(2),
    pause: Duration::from_millis(20),
};

/// A folder with a ledger, a push service, and a clock that stands still.
pub(crate) struct Stage {
    folder: tempfile::TempDir,
    service: Fake,
    ca: PathBuf,
    now: Arc<Mutex<Timestamp>>,
    key: BrowserKey,
    own: Option<EphemeralPrivateKey>,
}

impl Stage {
    /// The service answers with these statuses in turn, and with the last for ever.
    pub(crate) async fn new(statuses: &[u16]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        SqliteStore::open(&folder.path().join("ledger.sqlite")).unwrap();
        let certificates = Certificates::new(folder.path(), "localhost");
        let manners: Vec<_> = statuses.iter().copied().map(Manner::Answers).collect();
        let service = Fake::http(Some(certificates.server.clone()), &manners).await;
        let (own, key) = browser();
        Self {
            folder,
            service,
            ca: certificates.ca,
            now: Arc::new(Mutex::new(Timestamp::from_ms(1_795_000_000_000).unwrap())),
            key,
            own: Some(own),
        }
    }

    pub(crate) fn ledger(&self) -> PathBuf {
        self.folder.path().join("ledger.sqlite")
    }

    pub(crate) fn now(&self) -> Timestamp {
        *self.now.lock().unwrap()
    }

    pub(crate) fn pass(&self, time: Duration) {
        let mut now = self.now.lock().unwrap();
        *now = now.after(time);
    }

    /// The clock is set back.
    pub(crate) fn set_back(&self, time: Duration) {
        let mut now = self.now.lock().unwrap();
        let ms = i64::try_from(time.as_millis()).unwrap();
        *now = Timestamp::from_ms(now.as_ms() - ms).unwrap();
    }

    /// The hub starts: two recipients by push alone, and a lead by SMS alone.
    pub(crate) fn start(&self) -> (Opened, Arc<Phones>, Keeper) {
        self.start_by("[\"push\"]")
    }

    /// The hub starts with other channels for the first of the two: `push`, `push-b`, or both.
    pub(crate) fn start_by(&self, by: &str) -> (Opened, Arc<Phones>, Keeper) {
        let text = format!(
            "link = \"https://nattsyn.example/\"\n\
             [[channel]]\nname = \"push\"\nkind = \"push\"\n\
             contact = \"mailto:drift@example.org\"\nservices = [\"localhost\"]\nca = {0:?}\n\
             [[channel]]\nname = \"push-b\"\nkind = \"push\"\n\
             contact = \"mailto:drift@example.org\"\nkey_file = \"second.pem\"\n\
             services = [\"localhost\"]\nca = {0:?}\n\
             [[channel]]\nname = \"sms\"\nkind = \"sms\"\nurl = \"http://127.0.0.1:9/\"\n\
             body = '{{\"to\":\"{{to}}\",\"text\":\"{{text}}\"}}'\n\
             [[recipient]]\nname = \"natt-1\"\n[[recipient]]\nname = \"natt-2\"\n\
             [[recipient]]\nname = \"lead\"\naddress = {{ sms = \"+46700000003\" }}\n\
             [[team]]\nname = \"natt\"\nsteps = [{{ to = \"natt-1\", by = {by} }}, \
             {{ to = \"natt-2\", by = [\"push\"] }}, {{ to = \"lead\", by = [\"sms\"] }}]\n",
            self.ca
        );
        let settings: Settings = toml::from_str(&text).unwrap();
        let opened = settings.open_with(self.folder.path(), Others::new(), PATIENCE);
        let opened = opened.unwrap();
        let now = Arc::clone(&self.now);
        let pushes = opened.pushes.clone();
        let now = move || *now.lock().unwrap();
        let (phones, keeper) = Phones::open(&self.ledger(), &opened.exchange, pushes, now).unwrap();
        (opened, phones, keeper)
    }

    /// Somebody signs in for a shift.
    pub(crate) fn session(&self, staff: &str) -> Token {
        let token = Token::draw().unwrap();
        let now = self.now();
        self.by_hand(
            "INSERT INTO sessions (token, staff, began_ms, ends_ms) VALUES (?1, ?2, ?3, ?4)",
            (
                token.fingerprint().as_bytes(),
                staff,
                now.as_ms(),
                now.after(SHIFT).as_ms(),
            ),
        );
        token
    }

    /// A session ends before its time.
    pub(crate) fn end_session(&self, token: &Token, why: &str) {
        self.by_hand(
            "INSERT INTO session_ends SELECT session, ?2, ?3 FROM sessions WHERE token = ?1",
            (token.fingerprint().as_bytes(), why, self.now().as_ms()),
        );
    }

    fn by_hand(&self, sql: &str, values: impl rusqlite::Params) {
        let ledger = rusqlite::Connection::open(self.ledger()).unwrap();
        assert_eq!(ledger.execute(sql, values).unwrap(), 1);
    }

    /// What a browser gives when it subscribes at the service, at a path of its own.
    pub(crate) fn browser(&self, path: &str) -> String {
        self.browser_at(&format!("localhost:{}", self.service.port), path)
    }

    /// The same at another service.
    pub(crate) fn browser_at(&self, host: &str, path: &str) -> String {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        let (point, auth) = (encode(self.key.point()), encode(self.key.auth()));
        format!(
            "{{\"endpoint\":\"https://{host}/{path}\",\"expirationTime\":null,\
             \"keys\":{{\"p256dh\":\"{point}\",\"auth\":\"{auth}\"}}}}"
        )
    }

    /// The paths that the service was asked for, once there are as many.
    pub(crate) async fn pushed(&self, count: usize) -> Vec<String> {
        let waiting = async {
            while self.service.heard().len() < count {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), waiting)
            .await
            .ok();
        let heard = self.service.heard();
        assert_eq!(heard.len(), count, "{heard:?}");
        heard.into_iter().map(|heard| heard.path).collect()
    }

    /// What the browser reads of one that was pushed. Once.
    pub(crate) fn read(&mut self, place: usize) -> String {
        let heard = self.service.heard();
        let own = self.own.take().expect("read once");
        String::from_utf8(open(own, &self.key, &heard[place].body)).unwrap()
    }
}
