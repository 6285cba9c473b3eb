//! Tokens that end, and those that come in their place.

use super::*;
use crate::clock::Clock;
use crate::connector::kept::{KeptToken, KeptTokens};
use crate::connector::scripted::Leaping;

const EXPIRED: &str = r#"{"code":100,"msg":"无效的access_token或access_token已过期","data":null}"#;

fn given(access: &str, refresh: &str, seconds: u64) -> Step {
    let data = format!(r#""access_token":"{access}","expires_in":{seconds},"refresh_token":"{refresh}","scope":"all""#);
    page(format!(r#"{{"code":0,"msg":"执行成功","data":{{{data}}}}}"#))
}

fn empty() -> Step {
    listing(1, false, "")
}

/// What was asked, in a word: path and the token that came along.
fn asked(server: &Scripted) -> Vec<String> {
    let one = |received: &Received| {
        let path = received.head.split(' ').nth(1).unwrap().to_owned();
        let form: BTreeMap<String, String> =
            url::form_urlencoded::parse(received.body.as_bytes()).into_owned().collect();
        let with = form.get("access_token").or(form.get("refresh_token")).or(form.get("grant_type"));
        format!("{path} {}", with.cloned().unwrap_or_default())
    };
    server.received().iter().map(one).collect()
}

async fn scripted(steps: impl IntoIterator<Item = Step>) -> (Scripted, Jushuitan, Environment) {
    let server = Scripted::start(steps).await;
    let environment = environment();
    let connector = connect_as(&server.base, (Gateway::Open, App::Own), &Transport::default(), &environment);
    (server, connector, environment)
}

#[tokio::test]
async fn a_login_is_one_small_call() {
    let (server, connector, _) = scripted([empty()]).await;
    connector.login().await.unwrap();
    assert!(server.received()[0].head.starts_with("POST /open/shops/query "));
    assert_eq!(biz(&server.received()[0]), r#"{"page_index":1,"page_size":1}"#);
}

#[tokio::test]
async fn an_expired_token_is_replaced_and_the_next_process_goes_on_with_the_new_one() {
    let expired = page(EXPIRED);
    let (server, connector, environment) =
        scripted([expired, given("second", "r2", 2_592_000), empty(), empty(), empty()]).await;
    connector.login().await.unwrap();
    fetch(&connector, &source(ORDERS, &[]), None).await.unwrap();
    let next = connect_as(&server.base, (Gateway::Open, App::Own), &Transport::default(), &environment);
    fetch(&next, &source(ORDERS, &[]), None).await.unwrap();
    let paths = ["/open/shops/query", "/openWeb/auth/getInitToken", "/open/shops/query"];
    let tokens = ["simaccesstoken", "authorization_code", "second"];
    let orders = "/open/orders/out/simple/query second".to_owned();
    let mut all: Vec<String> = paths.iter().zip(tokens).map(|(path, token)| format!("{path} {token}")).collect();
    all.extend([orders.clone(), orders]);
    assert_eq!(asked(&server), all);
    let words = connector.own.http.fault(FaultKind::Refused, "second and r2 are wrong").words;
    assert_eq!(words, "*** and r2 are wrong", "a granted token is masked, if it is long enough to be one");
}

#[tokio::test]
async fn a_token_of_which_the_end_is_near_is_renewed_before_it() {
    let near = |access: &str, connector: &Jushuitan, environment: &Environment| KeptToken {
        access: Secret::new(access),
        refresh: Some(Secret::new("refresh1")),
        ends: Some(environment.clock.now().plus(Duration::from_secs(600))),
        ..KeptToken::configured(&connector.own.settings.access_token)
    };
    let (server, connector, environment) = scripted([given("second", "", 2_592_000), empty(), empty()]).await;
    let kept = near("first", &connector, &environment);
    environment.tokens.keep("jushuitan", &connector.own.settings.access_token, &kept).unwrap();
    for _ in 0..2 {
        fetch(&connector, &source(ORDERS, &[]), None).await.unwrap();
    }
    let orders = "/open/orders/out/simple/query second";
    assert_eq!(asked(&server), ["/openWeb/auth/refreshToken refresh1", orders, orders]);
    let kept = environment.tokens.of("jushuitan", &connector.own.settings.access_token).unwrap();
    assert_eq!((kept.access.reveal(), kept.refresh), ("second", Some(Secret::new("refresh1"))));
    // A renewal that fails changes nothing, and is not tried with each call.
    let refusal = page(r#"{"code":100,"msg":"无效的refresh_token","data":null}"#);
    let (server, connector, environment) = scripted([refusal, empty(), empty()]).await;
    let kept = near("first", &connector, &environment);
    environment.tokens.keep("jushuitan", &connector.own.settings.access_token, &kept).unwrap();
    for _ in 0..2 {
        fetch(&connector, &source(ORDERS, &[]), None).await.unwrap();
    }
    let orders = "/open/orders/out/simple/query first";
    assert_eq!(asked(&server), ["/openWeb/auth/refreshToken refresh1", orders, orders]);
    let words = connector.own.http.fault(FaultKind::Refused, "refresh1 is wrong").words;
    assert_eq!(words, "*** is wrong", "a refresh token that was kept is masked as well");
}

/// The last bytes of an answer come a moment later.
fn late(step: Step) -> Step {
    let Step::Bytes(mut head) = step else { panic!("{step:?}") };
    let tail = head.split_off(head.len() - 4);
    Step::Drip(head, tail, Duration::from_millis(50))
}

/// Two processes that share a file of tokens: the connector of one, and the other's hand on the file.
struct Shared {
    server: Scripted,
    connector: Jushuitan,
    clock: Arc<Leaping>,
    theirs: KeptTokens,
    _folder: tempfile::TempDir,
}

impl Shared {
    /// The file holds `first`, which ends in so many hours.
    async fn start(hours: u64, steps: impl IntoIterator<Item = Step>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let tokens = || KeptTokens::in_file(folder.path().join("tokens.json"));
        let clock = Arc::new(Leaping::default());
        let leaping: Arc<dyn Clock> = Arc::<Leaping>::clone(&clock);
        let environment = Environment { clock: leaping, tokens: Arc::new(tokens()), ..environment() };
        let server = Scripted::start(steps).await;
        let connector = connect_as(&server.base, (Gateway::Open, App::Own), &Transport::default(), &environment);
        let shared = Self { server, connector, clock, theirs: tokens(), _folder: folder };
        shared.keep("first", "refresh1", hours);
        shared
    }

    fn keep(&self, access: &str, refresh: &str, hours: u64) {
        let configured = &self.connector.own.settings.access_token;
        let token = KeptToken {
            access: Secret::new(access),
            refresh: Some(Secret::new(refresh)),
            ends: Some(self.clock.now().plus(Duration::from_secs(hours * 3_600))),
            renewed: Some(self.clock.now()),
            ..KeptToken::configured(configured)
        };
        self.theirs.keep("jushuitan", configured, &token).unwrap();
    }

    fn kept(&self) -> String {
        let kept = self.theirs.of("jushuitan", &self.connector.own.settings.access_token).unwrap();
        kept.access.reveal().to_owned()
    }

    async fn fetch(&self) {
        fetch(&self.connector, &source(ORDERS, &[]), None).await.unwrap();
    }
}

#[tokio::test]
async fn a_renewal_that_is_due_takes_what_another_process_was_given() {
    let shared = Shared::start(25, [empty(), empty()]).await;
    shared.fetch().await;
    shared.clock.sleep(Duration::from_secs(7_200)).await;
    shared.keep("theirs", "refresh2", 720);
    shared.fetch().await;
    let orders = |token: &str| format!("/open/orders/out/simple/query {token}");
    assert_eq!(asked(&shared.server), [orders("first"), orders("theirs")]);
}

#[tokio::test]
async fn a_renewal_that_fails_because_another_process_was_faster_takes_and_keeps_theirs() {
    let refusal = page(r#"{"code":100,"msg":"无效的refresh_token","data":null}"#);
    let shared = Shared::start(10, [late(refusal), empty()]).await;
    tokio::join!(shared.fetch(), async {
        shared.server.has_received(1).await;
        shared.keep("theirs", "refresh2", 720);
    });
    let refresh = "/openWeb/auth/refreshToken refresh1";
    assert_eq!(asked(&shared.server), [refresh, "/open/orders/out/simple/query theirs"]);
    assert_eq!(shared.kept(), "theirs");
}

#[tokio::test]
async fn a_token_that_was_given_is_kept_though_nobody_waits_for_it_any_more() {
    // Renewed before its end, and in the place of one that was refused.
    let early = Shared::start(10, [late(given("second", "refresh2", 2_592_000)), empty()]).await;
    tokio::select! {
        () = early.fetch() => panic!("it was answered too early"),
        () = early.server.has_received(1) => {}
    }
    early.fetch().await;
    assert_eq!(early.kept(), "second");
    let refresh = "/openWeb/auth/refreshToken refresh1";
    assert_eq!(asked(&early.server), [refresh, "/open/orders/out/simple/query second"]);
    let steps = [page(EXPIRED), late(given("second", "refresh2", 2_592_000)), empty()];
    let refused = Shared::start(720, steps).await;
    tokio::select! {
        told = refused.connector.login() => panic!("{told:?}"),
        () = refused.server.has_received(2) => {}
    }
    refused.connector.login().await.unwrap();
    assert_eq!(refused.kept(), "second");
    assert_eq!(asked(&refused.server)[1..], [refresh, "/open/shops/query second"]);
}

/// Ten minutes later the platform would refuse a time stamp of before (protocols/jushuitan.md 5).
#[tokio::test]
async fn what_waited_for_its_turn_is_signed_when_it_leaves() {
    let often = || answer("429 Too Many Requests", &["Retry-After: 600"], "");
    let stamp = |received: &Received| -> i64 {
        let form: BTreeMap<String, String> =
            url::form_urlencoded::parse(received.body.as_bytes()).into_owned().collect();
        form["timestamp"].parse().unwrap()
    };
    let steps = [often(), page(EXPIRED), often(), page(EXPIRED), given("second", "refresh2", 2_592_000), empty()];
    let shared = Shared::start(720, steps).await;
    for _ in 0..2 {
        assert_eq!(shared.connector.login().await.unwrap_err().kind, FaultKind::Throttled);
    }
    shared.connector.login().await.unwrap();
    let stamps: Vec<i64> = shared.server.received().iter().map(|one| stamp(one) - 1_709_251_200).collect();
    assert_eq!(stamps, [0, 600, 600, 1_200, 1_200, 1_200]);
}

#[tokio::test]
async fn a_refused_refresh_token_is_followed_by_a_first_token() {
    let refusal = page(r#"{"code":100,"msg":"无效的refresh_token或refresh_token已过期","data":null}"#);
    let steps = [page(EXPIRED), given("second", "r2", 600), empty(), page(EXPIRED), refusal, given("third", "r3", 600)];
    let (server, connector, _) = scripted(steps.into_iter().chain([empty()])).await;
    connector.login().await.unwrap();
    connector.login().await.unwrap();
    let all = asked(&server);
    assert_eq!(
        all[all.len() - 3..],
        ["/openWeb/auth/refreshToken r2", "/openWeb/auth/getInitToken authorization_code", "/open/shops/query third"]
    );
}

#[tokio::test]
async fn what_another_process_was_given_is_used_instead_of_asking_again() {
    let folder = tempfile::tempdir().unwrap();
    let tokens = || Arc::new(KeptTokens::in_file(folder.path().join("tokens.json")));
    let (server, _, environment) = scripted([empty(), page(EXPIRED), empty()]).await;
    let own = Environment { tokens: tokens(), ..environment };
    let connector = connect_as(&server.base, (Gateway::Open, App::Own), &Transport::default(), &own);
    connector.login().await.unwrap();
    let configured = &connector.own.settings.access_token;
    let given = KeptToken { access: Secret::new("theirs"), ..KeptToken::configured(configured) };
    tokens().keep("jushuitan", configured, &given).unwrap();
    connector.login().await.unwrap();
    assert_eq!(asked(&server)[2], "/open/shops/query theirs");
}

#[tokio::test]
async fn what_only_a_person_can_renew_says_how() {
    let refused = page(r#"{"code":190,"msg":"无API权限","data":null}"#);
    for (gateway, app, steps, words) in [
        (Gateway::Open, App::Own, vec![page(EXPIRED), refused], "get a new one"),
        // The token lives, with somebody else: a first one is given after its end only.
        (
            Gateway::Open,
            App::Own,
            vec![page(EXPIRED), page(r#"{"code":140,"msg":"access_token未过期"}"#)],
            "get a new one",
        ),
        (Gateway::Open, App::Isv, vec![page(EXPIRED)], "the merchant must authorise the app again"),
    ] {
        let server = Scripted::start(steps).await;
        let fault =
            connect_as(&server.base, (gateway, app), &Transport::default(), &environment()).login().await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::Refused);
        assert!(fault.words.contains(words), "{fault}");
    }
}

#[tokio::test]
async fn new_tokens_that_are_refused_as_well_are_not_asked_for_again_and_again() {
    let steps = (0..3).flat_map(|_| [page(EXPIRED), given("new", "", 2_592_000), page(EXPIRED)]);
    let (server, connector, _) = scripted(steps.chain([page(EXPIRED)])).await;
    for _ in 0..3 {
        let fault = connector.login().await.unwrap_err();
        assert!(fault.words.contains("get a new one"), "{fault}");
    }
    let fault = connector.login().await.unwrap_err();
    assert!(fault.kind == FaultKind::Refused && fault.words.contains("another program"), "{fault}");
    let grants = asked(&server).into_iter().filter(|one| one.contains("getInitToken")).count();
    assert_eq!((grants, server.received().len()), (3, 10), "{:?}", asked(&server));
}

#[tokio::test]
async fn trouble_on_the_way_to_a_new_token_is_that_trouble() {
    let often = page(r#"{"code":199,"msg":"一秒不超过5次","data":null}"#);
    let (_server, connector, _) = scripted([page(EXPIRED), often]).await;
    assert_eq!(connector.login().await.unwrap_err().kind, FaultKind::Throttled);
    let (_server, connector, _) = scripted([page(EXPIRED), page(r#"{"code":0,"data":{}}"#)]).await;
    let fault = connector.login().await.unwrap_err();
    assert!(fault.kind == FaultKind::Unknown && fault.words.contains("it has no `access_token`"), "{fault}");
}

#[tokio::test]
async fn the_legacy_gateway_is_asked_for_a_longer_life_once_a_day_and_rests_after_it() {
    let page_of_none = r#"{"code":0,"page_index":1,"has_next":false,"datas":[]}"#;
    let too_early = page(r#"{"code":140,"issuccess":false,"msg":"token未到可刷新时间"}"#);
    let methods = |server: &Scripted| -> Vec<String> {
        let heads = server.received().iter().map(|one| one.head.clone()).collect::<Vec<_>>();
        heads.iter().map(|head| head.split("method=").nth(1).unwrap().split('&').next().unwrap().to_owned()).collect()
    };
    let legacy = |base: &str, environment: &Environment| {
        connect_as(base, (Gateway::Legacy, App::Own), &Transport::default(), environment)
    };
    let environment = environment();
    let server = Scripted::start([too_early, page(page_of_none), page(page_of_none)]).await;
    for _ in 0..2 {
        legacy(&server.base, &environment).login().await.unwrap();
    }
    assert_eq!(methods(&server), ["refresh.token", "shops.query", "shops.query"]);
    // Prolonged, and not usable for a moment: that passes. Refused without that: a person's.
    let prolonged = page(r#"{"code":0,"issuccess":true,"msg":null}"#);
    let server = Scripted::start([prolonged, page(EXPIRED)]).await;
    let fault = legacy(&server.base, &super::environment()).login().await.unwrap_err();
    assert!(fault.kind == FaultKind::Transient && fault.words.contains("takes a moment"), "{fault}");
    let server = Scripted::start([page(EXPIRED), page(EXPIRED)]).await;
    let fault = legacy(&server.base, &super::environment()).login().await.unwrap_err();
    assert!(fault.kind == FaultKind::Refused && fault.words.contains("get a new one"), "{fault}");
}
