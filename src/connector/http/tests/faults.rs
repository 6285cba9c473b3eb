//! Answers broken on purpose, byte for byte (the faults of the table in tests/it/fault_table.rs).

use std::io::{Read, Write};

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::*;

const HEAD: &str = "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n";

fn closed(bytes: impl AsRef<[u8]>) -> Step {
    Step::Close(bytes.as_ref().to_vec())
}

/// An answer with these headers and bytes.
fn of_bytes(headers: &str, body: &[u8]) -> Step {
    let head = format!("HTTP/1.1 200 OK\r\n{headers}\r\nContent-Length: {}\r\n\r\n", body.len());
    Step::Bytes([head.as_bytes(), body].concat())
}

async fn reply(step: Step) -> Result<Reply, Fault> {
    let server = Scripted::start([step]).await;
    http(&server.base).post(request(Purpose::Read, &server.base)).await
}

#[tokio::test]
async fn fault_02_a_connection_that_breaks_leaves_the_outcome_unknown() {
    for (name, step) in [
        ("reset after the request was read", Step::Reset),
        ("closed without an answer", closed("")),
        ("closed in the head", closed("HTTP/1.1 200 OK\r\nCont")),
        ("cut body", closed(format!("{HEAD}half"))),
        ("no HTTP", closed("SSH-2.0-OpenSSH_9.2\r\n")),
    ] {
        let fault = fault(step).await;
        assert_eq!((fault.kind, fault.too_much), (FaultKind::Unknown, None), "{name}: {}", fault.words);
    }
}

#[tokio::test]
async fn fault_03_a_slow_answer_ends_at_its_deadline_and_a_trickle_before_it() {
    let trickle = |head: &str, body: &[u8]| Step::Drip(head.into(), body.into(), Duration::from_millis(20));
    for (name, step, words) in [
        ("no answer in time", Step::Stall(Vec::new()), "no whole answer"),
        ("a head byte by byte", trickle("", HEAD.as_bytes()), "no whole answer"),
        ("silence in the body", Step::Stall(format!("{HEAD}half").into_bytes()), "no whole answer"),
        ("a body byte by byte", trickle(HEAD, &[b'x'; 50]), "trickles: "),
    ] {
        let clock = SystemClock::new();
        let begin = clock.monotonic();
        let fault = fault(step).await;
        assert_eq!(fault.kind, FaultKind::Unknown, "{name}: {}", fault.words);
        assert!(fault.words.contains(words), "{name}: {}", fault.words);
        assert!(words != "trickles: " || clock.monotonic() - begin < TIMEOUT, "{name}: {}", fault.words);
    }
}

#[test]
fn fault_03_only_what_comes_too_slowly_for_long_is_a_trickle() {
    let http = Http { timeout: Duration::from_secs(300), ..http("http://127.0.0.1:1") };
    for (bytes, seconds, expected) in
        [(1, 74, false), (15, 76, true), (4_800, 76, true), (5_000, 76, false), (20_000, 299, false)]
    {
        assert_eq!(http.trickles(bytes, Duration::from_secs(seconds)), expected, "{bytes} in {seconds} s");
    }
}

#[tokio::test]
async fn fault_04_a_body_without_its_end_is_a_fault_of_the_transport() {
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (name, step) in [
        ("cut in a chunk", closed(format!("{chunked}9\r\nabc"))),
        ("no last chunk", closed(format!("{chunked}3\r\n[1]\r\n"))),
        ("no length and no end of gzip", closed("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f")),
        ("cut gzip", of_bytes("Content-Encoding: gzip", b"\x1f\x8b\x08\x00\x00\x00")),
    ] {
        let fault = fault(step).await;
        assert_eq!(fault.kind, FaultKind::Unknown, "{name}: {}", fault.words);
        assert!(fault.words.contains("broke off"), "{name}: {}", fault.words);
    }
}

#[tokio::test]
async fn fault_22_an_answer_that_is_too_large_is_not_read_on_and_keeps_its_beginning() {
    let fault = fault(answer("200 OK", &[], &"x".repeat(1_001))).await;
    assert_eq!(fault.kind, FaultKind::Unknown);
    assert!(fault.words.contains("larger than 1000 bytes (`transport.max_body`)"), "{}", fault.words);
    assert_eq!(fault.too_much, Some(vec![b'x'; 1_001]));
    // No end: it stops at the limit, long before the deadline.
    let endless = Step::Stall(["HTTP/1.1 200 OK\r\n\r\n".as_bytes(), &[b'x'; 200_000]].concat());
    let fault = super::fault(endless).await;
    assert!(fault.too_much.is_some_and(|began| began.len() <= BEGINNING), "{}", fault.words);
}

#[tokio::test]
async fn fault_27_a_body_called_gbk_is_read_as_what_it_says() {
    let gbk = encoding_rs::GBK.encode("{\"名\":\"销售\"}").0.into_owned();
    let read = reply(of_bytes("Content-Type: application/json; charset=GBK", &gbk)).await.unwrap();
    assert_eq!(read.text(), "{\"名\":\"销售\"}");
    let wrong = reply(of_bytes("Content-Type: application/json; charset=GBK", "销售额".as_bytes())).await.unwrap_err();
    assert!(wrong.words.contains("may as well be UTF-8"), "{}", wrong.words);
    let unlabelled = reply(of_bytes("Content-Type: application/json", &gbk)).await.unwrap();
    assert!(serde_json::from_slice::<serde_json::Value>(unlabelled.content()).is_err(), "never guessed");
}

#[tokio::test]
async fn fault_28_the_limit_is_of_bytes_decompressed_and_a_wrong_encoding_is_a_fault() {
    // 100,000 times `0` in 133 bytes.
    let mut bomb = hex::decode("1f8b08000000000002ffedc13101000000c2a04aeb9fce1a1e4001").unwrap();
    bomb.resize(120, 0);
    bomb.extend(hex::decode("000000af0685c24dc5a0860100").unwrap());
    assert_eq!(bomb.len(), 133);
    let fault = fault(of_bytes("Content-Encoding: gzip", &bomb)).await;
    assert!(fault.words.contains("larger than 1000 bytes"), "{}", fault.words);
    let fault = super::fault(of_bytes("Content-Encoding: gzip", b"{\"code\":0}")).await;
    assert!(fault.words.contains("broke off"), "{}", fault.words);
    // What was not asked for is left as it came: no JSON.
    let brotli = reply(of_bytes("Content-Encoding: br", b"\x0b\x02\x80{}\x03")).await.unwrap();
    assert!(serde_json::from_slice::<serde_json::Value>(brotli.content()).is_err());
}

#[tokio::test]
async fn fault_33_an_address_that_is_not_found_and_a_proxy_that_wants_a_password_are_told_apart() {
    let nowhere = "http://nowhere.invalid";
    let fault = http(nowhere).post(request(Purpose::Send, nowhere)).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unreachable, "{}", fault.words);
    // A resolver without network may need longer than the test has time.
    assert!(["no address found", "within"].iter().any(|words| fault.words.contains(words)), "{}", fault.words);

    let proxy = Scripted::start([answer("407 Proxy Authentication Required", &[], "")]).await;
    let through = Transport { proxy: Some(Secret::new(&proxy.base)), ..transport() };
    let base = "http://erp.example.com";
    let fault = http_over(base, &through).post(request(Purpose::Send, base)).await.unwrap_err();
    assert_eq!((fault.kind, fault.words.contains("`transport.proxy`")), (FaultKind::Unreachable, true));
    assert!(proxy.received()[0].head.starts_with("POST http://erp.example.com/call"));
}

#[tokio::test]
async fn fault_33_an_expired_certificate_and_an_unknown_authority_are_told_apart() {
    install_provider();
    let configs = [include_bytes!("../tls/expired.pem").as_slice(), include_bytes!("../tls/valid.pem")].map(|pem| {
        let certificate = CertificateDer::from_pem_slice(pem).unwrap();
        let key = PrivateKeyDer::from_pem_slice(include_bytes!("../tls/key.pem")).unwrap();
        let config = rustls::ServerConfig::builder().with_no_client_auth().with_single_cert(vec![certificate], key);
        Arc::new(config.unwrap())
    });
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("https://{}", listener.local_addr().unwrap());
    let server = std::thread::spawn(move || {
        for config in configs {
            let (mut stream, _) = listener.accept().unwrap();
            let mut connection = rustls::ServerConnection::new(config).unwrap();
            let mut tls = rustls::Stream::new(&mut connection, &mut stream);
            // The client breaks the handshake off.
            assert!(tls.read(&mut [0; 1]).is_err() || tls.flush().is_err());
        }
    });
    let authority = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/connector/http/tls/authority.pem");
    let trusting = Transport { ca_file: Some(authority), ..transport() };
    for (transport, words) in [(trusting, "expired"), (transport(), "UnknownIssuer")] {
        let fault = http_over(&base, &transport).post(request(Purpose::Send, &base)).await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::Unreachable, "{}", fault.words);
        assert!(fault.words.contains(words), "{}", fault.words);
    }
    server.join().unwrap();
}

#[tokio::test]
async fn fault_34_a_connection_closed_while_idle_is_unknown_for_a_read_and_not_met_by_a_send() {
    let whole = || answer("200 OK", &[], "{}");
    let server = Scripted::start([whole(), closed(""), whole(), whole()]).await;
    let http = http(&server.base);
    let mut seen = Vec::new();
    for purpose in [Purpose::Read, Purpose::Read, Purpose::Send, Purpose::Send] {
        seen.push(
            http.post(request(purpose, &server.base)).await.map(|reply| reply.status).map_err(|fault| fault.kind),
        );
    }
    // Nobody can tell whether the server read the second: its connection was idle, and closed as it was sent.
    assert_eq!(seen, [Ok(200), Err(FaultKind::Unknown), Ok(200), Ok(200)]);
    let connections: Vec<usize> = server.received().iter().map(|request| request.connection).collect();
    assert_eq!(connections, [0, 0, 1, 2]);
}

#[tokio::test]
async fn fault_35_answers_before_the_answer_are_passed_over_and_are_none() {
    let early = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n";
    let Step::Bytes(whole) = answer("200 OK", &[], "{}") else { panic!() };
    let read = reply(Step::Bytes([early.as_bytes(), &whole].concat())).await.unwrap();
    assert_eq!((read.status, read.body.as_slice()), (200, b"{}".as_slice()));
    for (name, step) in [("closed behind it", closed(early)), ("silent behind it", Step::Stall(early.into()))] {
        assert_eq!(fault(step).await.kind, FaultKind::Unknown, "{name}");
    }
}
