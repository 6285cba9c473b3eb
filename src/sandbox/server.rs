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
use crate::sandbox::faults::{Kind, Struck};
use crate::sandbox::shared::Shared;
use crate::sandbox::tamper;
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
    /// The head, then the body byte by byte, so long apart.
    Drip(Vec<u8>, Vec<u8>, Duration),
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
        Some(Ending::Drip(head, body, apart)) => {
            stream.write_all(head).await?;
            for byte in body {
                stream.write_all(&[*byte]).await?;
                house.shared.clock().sleep(*apart).await;
            }
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
    let worked = tokio::task::spawn_blocking(move || work(&worker, request)).await;
    // A fault of the simulation itself is told like any server's.
    let Worked { answer, struck, delay } = match worked {
        Ok(Work::Done(worked)) => worked,
        Ok(Work::Reset) => return Err(Ending::Reset),
        Ok(Work::Later(request, wait)) => {
            tokio::spawn(carry_out_later(Arc::clone(house), request, wait));
            return Err(Ending::Hang);
        }
        Err(_) => {
            let answer = Answer::html(500, "500 Internal Server Error");
            Worked { answer, struck: None, delay: Duration::ZERO }
        }
    };
    if !delay.is_zero() {
        house.shared.clock().sleep(delay).await;
    }
    match struck.as_ref().map(|struck| (struck.kind, struck.wait())) {
        Some((Kind::ResetAfter, _)) => Err(Ending::Reset),
        Some((Kind::TimeoutAfter, _)) => Err(Ending::Hang),
        Some((Kind::Truncate, _)) => {
            let length = format!("content-length: {}", answer.body.len());
            Err(Ending::Cut([head(house, &answer, &length), half(&answer).to_vec()].concat()))
        }
        Some((Kind::CutChunks, _)) => {
            let half = half(&answer);
            let chunk = [format!("{:x}\r\n", half.len()).as_bytes(), half, b"\r\n"].concat();
            Err(Ending::Cut([head(house, &answer, "transfer-encoding: chunked"), chunk].concat()))
        }
        Some((Kind::Slow, apart)) => {
            let length = format!("content-length: {}", answer.body.len());
            Err(Ending::Drip(head(house, &answer, &length), answer.body, apart))
        }
        _ => Ok(response(house, answer)),
    }
}

/// What became of a request.
enum Work {
    /// It has an answer.
    Done(Worked),
    /// It was reset before.
    Reset,
    /// It is to be carried out so much later, unanswered.
    Later(Request, Duration),
}

struct Worked {
    answer: Answer,
    struck: Option<Struck>,
    delay: Duration,
}

/// Strikes the faults and carries the request out.
fn work(house: &House, request: Request) -> Work {
    let system = &house.system;
    let aim = system.aim(&request);
    let struck = house.shared.faults.strike(system.name(), &aim.call, &aim.documents);
    let latency = read_duration(&house.shared.switch_of(system.name(), "latency", "0ms")).unwrap_or_default();
    let mut delay = latency + system.delay(&request);
    let Some(fault) = struck.clone() else {
        return Work::Done(Worked { answer: system.answer(&request, None), struck, delay });
    };
    let answer = match fault.kind {
        Kind::ResetBefore => return Work::Reset,
        Kind::LateEffect => return Work::Later(request, fault.wait()),
        Kind::LoginPage => Answer::html(200, "登录"),
        Kind::TooMany | Kind::RetryAfter | Kind::RetryAfterDate => too_many(house, &fault),
        Kind::IgnoreField => system.answer(&tamper::without_field(&request, &fault.field), None),
        Kind::TokenRevoked => {
            system.kill_sessions();
            system.answer(&request, None)
        }
        Kind::ClockSkew => {
            house.shared.set_offset(system.name(), fault.by);
            system.answer(&request, None)
        }
        kind => after(kind, &**system, system.answer(&request, Some(kind).filter(|kind| kind.is_the_systems()))),
    };
    if fault.kind == Kind::Delay {
        delay += fault.wait();
    }
    Work::Done(Worked { answer, struck, delay })
}

/// What a fault makes of the answer of a request that was carried out.
fn after(kind: Kind, system: &dyn System, mut answer: Answer) -> Answer {
    match kind {
        Kind::Html502 => Answer::html(502, "502 Bad Gateway"),
        Kind::CutJson => {
            answer.body = half(&answer).to_vec();
            answer
        }
        Kind::WrongType => {
            answer.headers.retain(|(name, _)| name != "content-type");
            answer.headers.push(("content-type".into(), "text/html; charset=utf-8".into()));
            answer
        }
        Kind::SessionKill => {
            system.kill_sessions();
            answer
        }
        Kind::DuplicatePage => tamper::with_duplicate(answer),
        Kind::ShiftPage => tamper::without_first(answer),
        Kind::NoReceipt if system.name() == "kingdee" => tamper::without_receipt(answer),
        _ => answer,
    }
}

/// Status 429; says how long to wait as the fault has it.
fn too_many(house: &House, fault: &Struck) -> Answer {
    let seconds = fault.wait().as_millis().div_ceil(1_000);
    let mut answer = Answer::html(429, "429 Too Many Requests");
    let told = match fault.kind {
        Kind::RetryAfter => Some(seconds.to_string()),
        Kind::RetryAfterDate => {
            let wait = Duration::from_secs(u64::try_from(seconds).unwrap_or(u64::MAX));
            Some(house.shared.now(house.system.name()).plus(wait).to_http_date())
        }
        _ => None,
    };
    answer.headers.extend(told.map(|told| ("retry-after".to_owned(), told)));
    answer
}

/// Carries a request out when its time has come, whoever still waits for it.
async fn carry_out_later(house: Arc<House>, request: Request, wait: Duration) {
    house.shared.clock().sleep(wait).await;
    // Nobody hears of a failure, as nobody hears of a success.
    let _ = tokio::task::spawn_blocking(move || house.system.answer(&request, None)).await;
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

/// The head of an answer; `framing` says how long its body is.
fn head(house: &House, answer: &Answer, framing: &str) -> Vec<u8> {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let mut head = format!("HTTP/1.1 {status}\r\ndate: {}\r\n", date(house));
    for (name, value) in &answer.headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("{framing}\r\n\r\n"));
    head.into_bytes()
}

/// The first half of an answer's body.
fn half(answer: &Answer) -> &[u8] {
    answer.body.get(..answer.body.len() / 2).unwrap_or_default()
}
