//! What stands between two parties: passes bytes on, keeps a copy of them, and can be slow.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::sleep;

use nattsyn_clock::Clock;

/// How a line is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line {
    /// How long a byte is on its way, in one direction.
    pub(crate) delay: Duration,
    /// Of how many pieces one is lost, and comes when TCP sends it again; 0: none.
    pub(crate) lost_one_in: u64,
}

impl Line {
    /// As fast as it goes.
    pub(crate) const PLAIN: Self = Self {
        delay: Duration::ZERO,
        lost_one_in: 0,
    };
}

/// How much later a piece comes that was lost: the least that Linux waits before it sends again.
const SENT_AGAIN_AFTER: Duration = Duration::from_millis(200);

/// A packet's usual payload on Ethernet.
const PIECE: usize = 1448;

/// A port that leads on to another.
pub(crate) struct Proxy {
    pub(crate) port: u16,
    passed: Arc<Mutex<Vec<u8>>>,
}

impl Proxy {
    /// Opens it, on the current runtime.
    pub(crate) fn open(to: u16, line: Line) -> Self {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        Self::open_at(listener, to, line)
    }

    /// The same at a port that is open already.
    pub(crate) fn open_at(listener: std::net::TcpListener, to: u16, line: Line) -> Self {
        listener.set_nonblocking(true).unwrap();
        let listener = TcpListener::from_std(listener).unwrap();
        let port = listener.local_addr().unwrap().port();
        let passed = Arc::new(Mutex::new(Vec::new()));
        let copy = Arc::clone(&passed);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                // Whoever is not there yet is tried again by the browser.
                if let Ok(far) = TcpStream::connect(("127.0.0.1", to)).await {
                    near.set_nodelay(true).ok();
                    far.set_nodelay(true).ok();
                    let (near_in, near_out) = near.into_split();
                    let (far_in, far_out) = far.into_split();
                    pass(near_in, far_out, line, Arc::clone(&copy));
                    pass(far_in, near_out, line, Arc::clone(&copy));
                }
            }
        });
        Self { port, passed }
    }

    /// Everything that passed so far, in both directions.
    pub(crate) fn passed(&self) -> Vec<u8> {
        self.passed.lock().unwrap().clone()
    }
}

fn pass(
    mut from: impl AsyncRead + Unpin + Send + 'static,
    mut to: impl AsyncWrite + Unpin + Send + 'static,
    line: Line,
    passed: Arc<Mutex<Vec<u8>>>,
) {
    // More than a line of this kind holds; a sender that is faster waits.
    let (sender, mut on_the_way) = mpsc::channel::<(Duration, Vec<u8>)>(256);
    tokio::spawn(async move {
        let mut piece = vec![0; PIECE];
        let mut count: u64 = 0;
        while let Ok(length @ 1..) = from.read(&mut piece).await {
            count += 1;
            let is_lost = line.lost_one_in > 0 && count.is_multiple_of(line.lost_one_in);
            let again = if is_lost {
                SENT_AGAIN_AFTER
            } else {
                Duration::ZERO
            };
            let comes = Clock::machine().real_now() + line.delay + again;
            passed.lock().unwrap().extend_from_slice(&piece[..length]);
            if sender
                .send((comes, piece[..length].to_vec()))
                .await
                .is_err()
            {
                return;
            }
        }
    });
    tokio::spawn(async move {
        // In order: what follows a lost piece waits for it, as TCP's reader does.
        while let Some((comes, bytes)) = on_the_way.recv().await {
            sleep(comes.saturating_sub(Clock::machine().real_now())).await;
            if to.write_all(&bytes).await.is_err() {
                return;
            }
        }
        to.shutdown().await.ok();
    });
}
