//! The sockets of one simulated system: HTTP/1.1 that can be reset, cut and left unanswered.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request as HttpRequest, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::clock::read_duration;
use crate::sandbox::faults::Kind;
use crate::sandbox::shared::Shared;
use crate::sandbox::wire::{Answer, Request, System};

/// Largest body read; a batch of bills stays far below.
const MAX_BODY: usize = 64 << 20;
/// How long an answer that never comes is held back, unless the client gives up before.
const HANG: Duration = Duration::from_secs(600);
/// Wait after a failed accept (no file descriptor left), so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// One system with what all systems share.
pub struct House {
    /// The system.
    pub system: Arc<dyn System>,
    /// Faults, switches, clocks.
    pub shared: Arc<Shared>,
}

/// How a connection ends without a whole answer.
#[derive(Debug, Clone)]
enum Ending {
    /// Reset, nothing said.
    Reset,
    /// These bytes, then closed.
    Cut(Vec<u8>),
    /// Silence until the client closes.
    Hang,
}

impl fmt::Display for Ending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection ends by a fault")
    }
}

impl std::error::Error for Ending {}

/// Serves connections until stopped; each runs as its own task.
pub async fn serve(listener: TcpListener, house: Arc<House>, stop: CancellationToken, tasks: TaskTracker) {
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, _)) => {
                let (house, stop) = (Arc::clone(&house), stop.clone());
                tasks.spawn(async move {
                    tokio::select! {
                        () = stop.cancelled() => {}
                        _ = connection(stream, &house) => {}
                    }
                });
            }
            Err(_) => house.shared.clock().sleep(ACCEPT_PAUSE).await,
        }
    }
}

async fn connection(stream: TcpStream, house: &Arc<House>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let service = service_fn(|request| {
        let house = Arc::clone(house);
        Box::pin(async move { respond(&house, request).await })
    });
    let mut http = http1::Builder::new().auto_date_header(false).serve_connection(TokioIo::new(stream), service);
    let ended = poll_fn(|cx| http.poll_without_shutdown(cx)).await;
    let mut stream = http.into_parts().io.into_inner();
    let fault = ended.as_ref().err().and_then(std::error::Error::source).and_then(|cause| cause.downcast_ref());
    match fault {
        None => stream.shutdown().await,
        Some(Ending::Reset) => stream.set_zero_linger(),
        Some(Ending::Cut(bytes)) => {
            stream.write_all(bytes).await?;
            stream.shutdown().await
        }
        Some(Ending::Hang) => {
            let closed = async {
                let mut rest = [0; 1024];
                while stream.read(&mut rest).await.is_ok_and(|read| read > 0) {}
            };
            tokio::select! {
                () = closed => {}
                () = house.shared.clock().sleep(HANG) => {}
            }
            Ok(())
        }
    }
}

async fn respond(house: &Arc<House>, request: HttpRequest<Incoming>) -> Result<Response<Body>, Ending> {
    let Some(request) = read(request).await else {
        return Ok(response(house, Answer::html(413, "413 Request Entity Too Large")));
    };
    let worker = Arc::clone(house);
    let worked = tokio::task::spawn_blocking(move || work(&worker, &request)).await;
    // A fault of the simulation itself is told like any server's.
    let (answer, fault, delay) = match worked {
        Ok(Some(worked)) => worked,
        Ok(None) => return Err(Ending::Reset),
        Err(_) => (Answer::html(500, "500 Internal Server Error"), None, Duration::ZERO),
    };
    if !delay.is_zero() {
        house.shared.clock().sleep(delay).await;
    }
    match fault {
        Some(Kind::ResetBefore | Kind::ResetAfter) => Err(Ending::Reset),
        Some(Kind::TimeoutAfter) => Err(Ending::Hang),
        Some(Kind::Truncate) => Err(Ending::Cut(half(house, &answer))),
        Some(Kind::Html502) => Ok(response(house, Answer::html(502, "502 Bad Gateway"))),
        Some(
            Kind::Refuse | Kind::Throttle | Kind::SessionLoss | Kind::PartialBatch | Kind::EditLock | Kind::NoReceipt,
        )
        | None => Ok(response(house, answer)),
    }
}

/// Strikes the faults and carries the request out; `None` if it was reset before.
fn work(house: &House, request: &Request) -> Option<(Answer, Option<Kind>, Duration)> {
    let aim = house.system.aim(request);
    let fault = house.shared.faults.strike(house.system.name(), &aim.call, &aim.documents);
    if fault == Some(Kind::ResetBefore) {
        return None;
    }
    let latency = read_duration(&house.shared.switch_of(house.system.name(), "latency", "0ms")).unwrap_or_default();
    let delay = latency + house.system.delay(request);
    let answer = house.system.answer(request, fault.filter(|kind| kind.is_the_systems()));
    Some((answer, fault, delay))
}

/// The whole request; `None` if its body is too large or broke off.
async fn read(request: HttpRequest<Incoming>) -> Option<Request> {
    let (head, body) = request.into_parts();
    let body = to_bytes(Body::new(body), MAX_BODY).await.ok()?;
    let header = |(name, value): (&hyper::header::HeaderName, &hyper::header::HeaderValue)| {
        (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned())
    };
    Some(Request {
        method: head.method.as_str().to_owned(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: head.headers.iter().map(header).collect(),
        body: body.to_vec(),
    })
}

fn date(house: &House) -> String {
    house.shared.now(house.system.name()).to_http_date()
}

fn response(house: &House, answer: Answer) -> Response<Body> {
    let mut response = Response::builder().status(answer.status).header("date", date(house));
    for (name, value) in answer.headers {
        response = response.header(name, value);
    }
    response.body(Body::from(answer.body)).unwrap_or_else(|_| {
        let mut broken = Response::new(Body::empty());
        *broken.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        broken
    })
}

/// The head of the whole answer and the first half of its body.
fn half(house: &House, answer: &Answer) -> Vec<u8> {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let mut bytes = format!("HTTP/1.1 {status}\r\ndate: {}\r\n", date(house)).into_bytes();
    for (name, value) in &answer.headers {
        bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    bytes.extend_from_slice(format!("content-length: {}\r\n\r\n", answer.body.len()).as_bytes());
    bytes.extend_from_slice(answer.body.get(..answer.body.len() / 2).unwrap_or_default());
    bytes
}
