//! A gateway on this machine that takes every message and says when it had the whole of it.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::Context as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{Receiver, Sender, channel};

use nattsyn_clock::Clock;

/// More than one night sends.
const QUEUE: usize = 1024;

/// Longest request: the template's body and a client's headers.
const REQUEST_MAX: usize = 16 * 1024;

pub(crate) struct Gateway {
    pub(crate) address: SocketAddr,
    pub(crate) took: Receiver<Duration>,
}

impl Gateway {
    pub(crate) async fn open(clock: Clock) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let (tell, took) = channel(QUEUE);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, clock.clone(), tell.clone()));
            }
        });
        Ok(Self { address, took })
    }
}

async fn answer(mut stream: TcpStream, clock: Clock, tell: Sender<Duration>) -> anyhow::Result<()> {
    let (mut request, mut part) = (Vec::new(), [0; 4096]);
    while !is_whole(&request)? {
        let length = stream.read(&mut part).await?;
        anyhow::ensure!(length > 0, "the request ended");
        request.extend_from_slice(&part[..length]);
        anyhow::ensure!(request.len() <= REQUEST_MAX, "a request that is too long");
    }
    tell.send(clock.real_now()).await?;
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    Ok(stream.write_all(answer).await?)
}

fn is_whole(request: &[u8]) -> anyhow::Result<bool> {
    let text = String::from_utf8_lossy(request).to_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return Ok(false);
    };
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length:"));
    let length: usize = length.context("a length")?.trim().parse()?;
    Ok(body.len() >= length)
}
