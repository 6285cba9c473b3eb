#![allow(clippy::unwrap_used)]

use tokio::io::AsyncWriteExt;

use super::*;
use crate::clock::SystemClock;
use crate::connector::scripted::{Scripted, Step, answer};

mod faults;

fn transport() -> Transport {
    Transport { connect_timeout: Duration::from_secs(2), max_body: 1_000, ..Transport::default() }
}

const TIMEOUT: Duration = Duration::from_millis(400);

fn http(base: &str) -> Http {
    http_over(base, &transport())
}

fn http_over(base: &str, transport: &Transport) -> Http {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let pace = Arc::new(Pace::new(Arc::clone(&clock), &[], 4));
    let base = Url::parse(base).unwrap();
    Http::new(transport, TIMEOUT, &base, pace, clock, vec![Secret::new("s3cret-token")]).unwrap()
}

fn request(purpose: Purpose, base: &str) -> Request {
    let url = Url::parse(&format!("{base}/call?token=s3cret-token")).unwrap();
    Request { purpose, url, headers: vec![("content-type", "text/plain".into())], body: b"payload".to_vec() }
}

async fn fault(step: Step) -> Fault {
    let server = Scripted::start([step]).await;
    let fault = http(&server.base).post(request(Purpose::Send, &server.base)).await.unwrap_err();
    assert!(!fault.words.contains("s3cret"), "{}", fault.words);
    fault
}

#[tokio::test]
async fn fault_33_a_refused_connection_is_unreachable() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let base = format!("http://{free}");
    let fault = http(&base).post(request(Purpose::Send, &base)).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unreachable);
    assert!(fault.words.contains("refused") && !fault.words.contains("s3cret"), "{}", fault.words);
}

#[tokio::test]
async fn fault_33_a_tls_handshake_that_fails_or_never_ends_is_unreachable() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("https://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        let _silent = listener.accept().await.unwrap();
        std::future::pending::<()>().await;
    });
    let http = http(&base);
    for words in ["no connection to", "within 300ms"] {
        let fault = http.post(request(Purpose::Send, &base)).await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::Unreachable, "{}", fault.words);
        assert!(fault.words.contains(words), "{}", fault.words);
    }
    server.abort();
}

#[tokio::test]
async fn fault_13_too_many_requests_say_how_long_to_wait_in_either_form() {
    let date = "Date: Fri, 01 Mar 2024 02:00:05 GMT";
    for (headers, least, most) in [
        (vec!["Retry-After: 7"], 7.0, 7.0),
        (vec![date, "Retry-After: Fri, 01 Mar 2024 02:00:15 GMT"], 10.0, 10.0),
        (vec!["Retry-After: 999999"], 600.0, 600.0),
        (vec!["Retry-After: whenever"], 1.0, 1.25),
        (vec![], 1.0, 1.25),
    ] {
        let fault = fault(answer("429 Too Many Requests", &headers, "calm down, s3cret-token")).await;
        assert_eq!((fault.kind, fault.words.as_str()), (FaultKind::Throttled, "status 429: calm down, ***"));
        let pause = fault.retry_after.unwrap().as_secs_f64();
        assert!((least..=most).contains(&pause), "{headers:?}: {pause}");
    }
}

#[tokio::test]
async fn an_answer_is_read_whole_with_its_clock_and_cookies() {
    let mut bytes =
        b"HTTP/1.1 200 OK\r\nDate: Fri, 01 Mar 2024 02:00:05 GMT\r\nSet-Cookie: a=1; Path=/\r\nSet-Cookie: b=2\r\n\
        Content-Type: Application/JSON\r\nContent-Encoding: gzip\r\nContent-Length: 28\r\n\r\n"
            .to_vec();
    bytes.extend(hex::decode("1f8b0800000000000003cb48cdc9c957c84090008088f9e511000000").unwrap());
    let server = Scripted::start([Step::Bytes(bytes)]).await;
    let http = http(&server.base);
    assert_eq!(http.clock_offset(), None);
    let reply = http.post(request(Purpose::Read, &server.base)).await.unwrap();
    assert_eq!((reply.status, reply.text().as_ref()), (200, "hello hello hello"));
    assert_eq!(
        (reply.content_type.as_str(), reply.cookies.as_slice()),
        ("application/json", &["a=1; Path=/".into(), "b=2".into()][..])
    );
    assert!(http.clock_offset().unwrap() < 0);
}

#[tokio::test]
async fn fault_14_redirects_are_not_followed_and_sends_never_reuse_a_connection() {
    let redirect = answer("302 Found", &["Location: http://127.0.0.1:1/"], "");
    let server = Scripted::start(vec![redirect; 4]).await;
    let http = http(&server.base);
    for purpose in [Purpose::Read, Purpose::Read, Purpose::Send, Purpose::Send] {
        assert_eq!(http.post(request(purpose, &server.base)).await.unwrap().status, 302);
    }
    let connections: Vec<usize> = server.received().iter().map(|request| request.connection).collect();
    assert_eq!(connections, [0, 0, 1, 2]);
    let first = &server.received()[0];
    assert!(first.head.starts_with("POST /call?token=s3cret-token HTTP/1.1") && first.body == "payload");
}

#[test]
fn words_are_one_line_without_secrets_and_cut() {
    let secrets = [Secret::new("s3cret-token"), Secret::new("x")];
    assert_eq!(shown("a\r\n  s3cret-token\tx", &secrets), "a *** x");
    assert_eq!(shown(&"字".repeat(400), &[]).chars().count(), LONGEST_WORDS + 1);
}

#[test]
fn a_setting_that_cannot_be_used_is_named() {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let pace = Arc::new(Pace::new(Arc::clone(&clock), &[], 4));
    let make = |transport: Transport| {
        let base = Url::parse("https://erp.example.com").unwrap();
        Http::new(&transport, TIMEOUT, &base, Arc::clone(&pace), Arc::clone(&clock), Vec::new()).map(drop).unwrap_err()
    };
    let missing = Transport { ca_file: Some("/nowhere/ca.pem".into()), ..transport() };
    assert!(make(missing).starts_with("`ca_file` `/nowhere/ca.pem`: "));
    let proxy = Transport { proxy: Some(Secret::new("::")), ..transport() };
    assert_eq!(make(proxy), "`proxy` is no address of a proxy");
}

#[test]
fn clocks_that_agree_as_far_as_a_date_can_tell_are_not_apart() {
    for (date, sent, received, expected) in [
        (10_000, 10_400, 10_500, 0),
        (10_000, 10_950, 11_200, 0),
        (10_000, 11_400, 11_500, -401),
        (10_000, 70_999, 71_100, -60_000),
        (10_000, 9_000, 9_900, 100),
        (10_000, 9_000, 10_300, 0),
    ] {
        assert_eq!(super::least_offset(Time(date), Time(sent), Time(received)), expected, "{date} {sent} {received}");
    }
}

/// The machine's clock, whose hands somebody moves.
struct Handled(SystemClock, std::sync::atomic::AtomicI64);

#[async_trait::async_trait]
impl Clock for Handled {
    fn now(&self) -> Time {
        Time(self.0.now().0 + self.1.load(Ordering::Relaxed))
    }

    fn monotonic(&self) -> Duration {
        self.0.monotonic()
    }

    async fn sleep(&self, duration: Duration) {
        self.0.sleep(duration).await;
    }
}

#[tokio::test]
async fn fault_11_where_the_systems_clock_stands_is_known_after_ours_was_set() {
    const DAY: i64 = 86_400_000;
    let moved = Arc::new(Handled(SystemClock::new(), std::sync::atomic::AtomicI64::new(0)));
    let clock: Arc<dyn Clock> = Arc::<Handled>::clone(&moved);
    let date = format!("Date: {}", clock.now().to_http_date());
    let server = Scripted::start([answer("200 OK", &[date.as_str()], "")]).await;
    let pace = Arc::new(Pace::new(Arc::clone(&clock), &[], 4));
    let base = Url::parse(&server.base).unwrap();
    let http = Http::new(&transport(), TIMEOUT, &base, pace, clock, Vec::new()).unwrap();
    http.post(request(Purpose::Read, &server.base)).await.unwrap();
    for set in [0, DAY, -DAY] {
        moved.1.store(set, Ordering::Relaxed);
        let offset = http.clock_offset().unwrap();
        assert!((offset + set).abs() < 60_000, "{set}: {offset}");
    }
}
