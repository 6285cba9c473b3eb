//! For tests: an HTTP server that plays a script, one step for each request, in order, and keeps what it received; a
//! clock that waits for nobody.

#![allow(clippy::unwrap_used)]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::clock::{Clock, SystemClock, Time};

/// What happens to one request.
#[derive(Debug, Clone)]
pub enum Step {
    /// These bytes are sent; the connection stays open.
    Bytes(Vec<u8>),
    /// These bytes are sent, then nothing more comes.
    Stall(Vec<u8>),
    /// The first bytes are sent, the others one by one, so long apart.
    Drip(Vec<u8>, Vec<u8>, Duration),
    /// These bytes are sent, then the connection is closed in good order.
    Close(Vec<u8>),
    /// The request is read, then the connection is reset.
    Reset,
}

/// A request as received.
#[derive(Debug, Clone)]
pub struct Received {
    /// Which connection it came over, from 0.
    pub connection: usize,
    /// Request line and headers.
    pub head: String,
    /// Its body.
    pub body: String,
}

/// The server; ends with the test's runtime.
pub struct Scripted {
    /// Its address, `http://127.0.0.1:PORT`.
    pub base: String,
    received: Arc<Mutex<Vec<Received>>>,
}

/// A clock that stands still until somebody sleeps, and leaps over the sleep at once. It begins at
/// 2024-03-01T00:00:00Z.
#[derive(Debug, Default)]
pub struct Leaping(Mutex<Duration>);

#[async_trait]
impl Clock for Leaping {
    fn now(&self) -> Time {
        Time(1_709_251_200_000).plus(self.monotonic())
    }

    fn monotonic(&self) -> Duration {
        *self.0.lock().unwrap()
    }

    async fn sleep(&self, duration: Duration) {
        *self.0.lock().unwrap() += duration;
    }
}

/// A 200 with a JSON body.
pub fn json(body: impl AsRef<str>) -> Step {
    answer("200 OK", &["Content-Type: application/json"], body.as_ref())
}

/// A whole answer.
pub fn answer(status: &str, headers: &[&str], body: &str) -> Step {
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    Step::Bytes(format!("HTTP/1.1 {status}\r\n{headers}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes())
}

impl Scripted {
    /// Starts a server that plays these steps.
    pub async fn start(steps: impl IntoIterator<Item = Step>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let steps: Arc<Mutex<VecDeque<Step>>> = Arc::new(Mutex::new(steps.into_iter().collect()));
        let received = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&received);
        tokio::spawn(async move {
            for connection in 0.. {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(play(stream, connection, Arc::clone(&steps), Arc::clone(&kept)));
            }
        });
        Self { base, received }
    }

    /// Waits until so many requests were received.
    pub async fn has_received(&self, count: usize) {
        while self.received().len() < count {
            SystemClock::new().sleep(Duration::from_millis(5)).await;
        }
    }

    /// Everything received so far.
    pub fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }
}

async fn play(
    mut stream: TcpStream,
    connection: usize,
    steps: Arc<Mutex<VecDeque<Step>>>,
    received: Arc<Mutex<Vec<Received>>>,
) {
    while let Some((head, body)) = read(&mut stream).await {
        received.lock().unwrap().push(Received { connection, head, body });
        let step = steps.lock().unwrap().pop_front().unwrap_or(Step::Reset);
        match step {
            Step::Bytes(bytes) => stream.write_all(&bytes).await.unwrap(),
            Step::Stall(bytes) => {
                stream.write_all(&bytes).await.unwrap();
                std::future::pending::<()>().await;
            }
            Step::Drip(head, body, apart) => {
                stream.write_all(&head).await.unwrap();
                for byte in body {
                    // Whoever gives up is gone.
                    if stream.write_all(&[byte]).await.is_err() {
                        return;
                    }
                    SystemClock::new().sleep(apart).await;
                }
            }
            Step::Close(bytes) => {
                stream.write_all(&bytes).await.unwrap();
                return;
            }
            Step::Reset => {
                stream.set_zero_linger().unwrap();
                return;
            }
        }
    }
}

/// Reads one request; `None` at the end of the connection.
async fn read(stream: &mut TcpStream) -> Option<(String, String)> {
    let mut bytes = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:")?.trim().parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return Some((head.to_owned(), body.to_owned()));
            }
        }
        match stream.read(&mut buffer).await {
            Ok(0) | Err(_) => return None,
            Ok(count) => bytes.extend_from_slice(&buffer[..count]),
        }
    }
}
