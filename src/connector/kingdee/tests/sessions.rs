use super::*;
use crate::connector::scripted::Leaping;
use crate::connector::{Connector, FaultKind, Outcome};

fn bill() -> Vec<Outgoing> {
    vec![item(json!({ "FBillNo": "CK-1" }), &[])]
}

fn accepted() -> Step {
    done(json!([{ "Id": 7, "Number": "CK-1", "DIndex": 0 }]), json!([{}]))
}

async fn kind(connector: &Kingdee) -> Option<FaultKind> {
    match connector.send(&spec("batchSave"), &bill()).await.remove(0) {
        Outcome::Accepted { .. } => None,
        Outcome::Failed(fault) => Some(fault.kind),
    }
}

#[tokio::test]
async fn the_first_call_logs_in_and_the_session_goes_with_every_request() {
    let (server, connector) = server([accepted(), accepted()]).await;
    assert_eq!((kind(&connector).await, kind(&connector).await), (None, None));
    assert_eq!(methods(&server), ["LoginBySign", "BatchSave", "BatchSave"]);
    let login = &server.received()[0];
    assert!(login.head.starts_with("POST /k3cloud/Kingdee.BOS.WebApi.ServicesStub.AuthService.LoginBySign."));
    let sent: Value = serde_json::from_str(&login.body).unwrap();
    assert_eq!((&sent["parameters"][0], &sent["parameters"][5]), (&json!("5f0e9d6c7b8a91"), &json!(2052)));
    let head = server.received()[2].head.to_ascii_lowercase();
    assert!(head.contains("kdservice-sessionid: one") && head.contains("cookie: kdservice-sessionid=one"), "{head}");
    assert!(connector.clock_offset().is_some_and(|offset| offset < 0));
    // Somebody logged in already: nothing more is asked.
    connector.login().await.unwrap();
    assert_eq!(server.received().len(), 3);
}

#[tokio::test]
async fn a_lost_session_is_said_and_renewed_once_for_all() {
    let lost_rows = body(format!("[[{}]]", lost()));
    for step in [body(lost().to_string()), lost_rows, answer("401 Unauthorized", &[], "")] {
        let (server, connector) = server([step, welcome("two"), accepted()]).await;
        assert_eq!(kind(&connector).await, Some(FaultKind::Session));
        let (first, second) = tokio::join!(connector.login(), connector.login());
        assert!(first.is_ok() && second.is_ok());
        assert_eq!(kind(&connector).await, None);
        assert_eq!(methods(&server), ["LoginBySign", "BatchSave", "LoginBySign", "BatchSave"]);
        assert!(server.received()[3].head.to_ascii_lowercase().contains("kdservice-sessionid: two"));
    }
}

#[tokio::test]
async fn a_refused_login_refuses_the_account_and_is_not_repeated_by_itself() {
    let no = body(json!({ "LoginResultType": 0, "Message": "用户名或密码错误" }).to_string());
    let server = Scripted::start([no, welcome("one"), accepted()]).await;
    let password = Login::Password { username: Secret::new("webapi"), password: Secret::new("sim-password") };
    let connector = connect(&server.base, password, None);
    assert_eq!((kind(&connector).await, kind(&connector).await), (Some(FaultKind::Refused), Some(FaultKind::Refused)));
    assert_eq!(methods(&server), ["ValidateUser"], "accounts are locked after some wrong passwords");
    connector.login().await.unwrap();
    assert_eq!(kind(&connector).await, None);
}

#[tokio::test]
async fn a_login_that_fails_otherwise_leaves_the_document_unsent() {
    for step in [Step::Reset, answer("502 Bad Gateway", &[], "<html>"), body("<html>"), body("[]")] {
        let server = Scripted::start([step.clone()]).await;
        let connector = connect(&server.base, sign(), None);
        let kind = kind(&connector).await;
        // An answer without LoginResultType is no login: the account is refused until somebody looks.
        let wanted = if matches!(&step, Step::Bytes(bytes) if bytes.ends_with(b"[]")) {
            FaultKind::Refused
        } else {
            FaultKind::Unreachable
        };
        assert_eq!(kind, Some(wanted), "{step:?}");
        assert_eq!(server.received().len(), 1);
    }
}

#[tokio::test]
async fn an_organisation_is_entered_with_the_login_or_there_is_no_session() {
    let server = Scripted::start([welcome("one"), done(json!([]), json!([])), accepted()]).await;
    let connector = connect(&server.base, sign(), Some("100"));
    assert_eq!(kind(&connector).await, None);
    assert_eq!(methods(&server), ["LoginBySign", "SwitchOrg", "BatchSave"]);
    assert_eq!(server.received()[1].body, r#"{"parameters":[{"OrgNumber":"100"}]}"#);
    let server = Scripted::start([welcome("one"), refused(11, "组织不存在")]).await;
    let connector = connect(&server.base, sign(), Some("100"));
    assert_eq!(kind(&connector).await, Some(FaultKind::Refused));
    assert_eq!(methods(&server), ["LoginBySign", "SwitchOrg"]);
}

#[tokio::test]
async fn a_login_given_up_before_its_organisation_is_entered_leaves_no_session() {
    let entered = done(json!([]), json!([]));
    let steps = [welcome("one"), Step::Stall(Vec::new()), welcome("two"), entered, accepted()];
    let server = Scripted::start(steps).await;
    let connector = connect(&server.base, sign(), Some("100"));
    tokio::select! {
        told = connector.login() => panic!("{told:?}"),
        () = server.has_received(2) => {}
    }
    assert_eq!(kind(&connector).await, None);
    assert_eq!(methods(&server), ["LoginBySign", "SwitchOrg", "LoginBySign", "SwitchOrg", "BatchSave"]);
    assert!(server.received()[4].head.to_ascii_lowercase().contains("kdservice-sessionid: two"));
}

/// Ten minutes later the public gateway would refuse a time stamp of before (protocols/kingdee.md 1.4).
#[tokio::test]
async fn what_waited_for_its_turn_is_signed_when_it_leaves() {
    let often = answer("429 Too Many Requests", &["Retry-After: 600"], "");
    let clock = Arc::new(Leaping::default());
    let server = Scripted::start([often.clone(), welcome("one"), accepted()]).await;
    let connector = connect_by(Arc::<Leaping>::clone(&clock), &server.base, sign(), None);
    assert_eq!((kind(&connector).await, kind(&connector).await), (Some(FaultKind::Throttled), None));
    let sent: Value = serde_json::from_str(&server.received()[1].body).unwrap();
    assert_eq!(sent["parameters"][3], json!(1_709_251_200 + 600));
    let clock = Arc::new(Leaping::default());
    let server = Scripted::start([often, accepted()]).await;
    let connector = connect_by(Arc::<Leaping>::clone(&clock), &server.base, Login::Headers(application()), None);
    assert_eq!((kind(&connector).await, kind(&connector).await), (Some(FaultKind::Throttled), None));
    let stamps = server.received().iter().map(|one| one.head.to_ascii_lowercase()).collect::<Vec<_>>();
    for (head, stamp) in stamps.iter().zip([1_709_251_200, 1_709_251_200 + 600]) {
        assert!(head.contains(&format!("x-api-timestamp: {stamp}")), "{head}");
    }
}

#[tokio::test]
async fn a_refused_login_says_when_it_is_tried_again_and_rests_longer_each_time() {
    let no = || body(json!({ "LoginResultType": 0, "Message": "用户名或密码错误" }).to_string());
    let clock = Arc::new(Leaping::default());
    let server = Scripted::start([no(), no(), welcome("one"), accepted()]).await;
    let connector = connect_by(Arc::<Leaping>::clone(&clock), &server.base, sign(), None);
    for (wait, asked, words) in [
        (0, 1, "用户名或密码错误; the login is tried again after 5m (at 2024-03-01T00:05:00Z), or at a restart"),
        (299, 1, "after 5m (at 2024-03-01T00:05:00Z)"),
        (1, 2, "after 10m (at 2024-03-01T00:15:00Z)"),
        (599, 2, "after 10m (at 2024-03-01T00:15:00Z)"),
    ] {
        clock.sleep(Duration::from_secs(wait)).await;
        let Outcome::Failed(fault) = connector.send(&spec("batchSave"), &bill()).await.remove(0) else { panic!() };
        assert!(fault.kind == FaultKind::Refused && fault.words.contains(words), "{fault}");
        assert_eq!(server.received().len(), asked);
    }
    clock.sleep(Duration::from_secs(1)).await;
    assert_eq!(kind(&connector).await, None);
}

#[tokio::test]
async fn signed_requests_need_no_login_and_take_the_session_of_an_answer() {
    let session = answer("200 OK", &["Set-Cookie: kdservice-sessionid=made"], &lost().to_string());
    let Step::Bytes(_) = &session else { unreachable!() };
    let first = answer("200 OK", &["Set-Cookie: kdservice-sessionid=made; path=/"], "[]");
    let server = Scripted::start([first, accepted(), session, body(lost().to_string())]).await;
    let connector = connect(&server.base, Login::Headers(application()), Some("100"));
    connector.login().await.unwrap();
    assert_eq!(kind(&connector).await, None);
    let received = server.received();
    for request in &received {
        let head = request.head.to_ascii_lowercase();
        assert!(head.contains("x-api-signature: ") && head.contains("x-kd-appdata: "), "{head}");
    }
    assert!(!received[0].head.contains("sessionid") && received[1].head.contains("kdservice-sessionid: made"));
    // A signature that is not taken is an account that is refused.
    assert_eq!(kind(&connector).await, Some(FaultKind::Session));
    assert_eq!(connector.login().await.unwrap_err().kind, FaultKind::Refused);
}

#[tokio::test]
async fn whole_answers_that_are_not_recognised_leave_every_item_unknown_or_say_that_nothing_ran() {
    for (step, wanted) in [
        (Step::Reset, FaultKind::Unknown),
        (body(r#"{"Result":{"ResponseSta"#), FaultKind::Unknown),
        (body("{}"), FaultKind::Unknown),
        (body("[]"), FaultKind::Unknown),
        (body("response_error: 未将对象引用设置到对象的实例"), FaultKind::Unknown),
        (answer("502 Bad Gateway", &["Content-Type: text/html"], "<html>"), FaultKind::Unknown),
        (answer("429 Too Many Requests", &["Retry-After: 3"], ""), FaultKind::Throttled),
        (refused(14, "call limit"), FaultKind::Throttled),
        (refused(2, "您没有“销售出库单”的“新增”权限"), FaultKind::Permanent),
        (refused(7, "licence"), FaultKind::Refused),
        (refused(4, "exception"), FaultKind::Unknown),
        (refused(0, "Object reference not set to an instance of an object."), FaultKind::Unknown),
    ] {
        let (server, connector) = server([step.clone()]).await;
        let items = [bill(), vec![item(json!({ "FBillNo": "CK-2" }), &[])]].concat();
        let outcomes = connector.send(&spec("batchSave"), &items).await;
        for outcome in &outcomes {
            let Outcome::Failed(fault) = outcome else { panic!("{outcome:?}") };
            assert_eq!(fault.kind, wanted, "{step:?}: {fault}");
            assert_eq!(fault.retry_after.is_some(), wanted == FaultKind::Throttled);
        }
        assert_eq!((outcomes.len(), server.received().len()), (2, 2), "nothing is sent again");
    }
}
