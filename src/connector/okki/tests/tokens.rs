use super::*;
use crate::connector::{Connector, Fault, FaultKind, Outcome};

const TOKEN: &str = "POST /v1/oauth2/access_token";

async fn user(connector: &Okki) -> Result<(), Fault> {
    connector.fetch_detail("/v1/company/info", &[("company_id".into(), "7".into())]).await.map(|_| ())
}

#[tokio::test]
async fn one_token_serves_all_requests_as_a_bearer() {
    let (server, connector) = server([data(json!({})), data(json!({}))]).await;
    let (one, other) = tokio::join!(user(&connector), user(&connector));
    assert!(one.is_ok() && other.is_ok());
    let received = server.received();
    assert_eq!(received.iter().filter(|received| line(received) == TOKEN).count(), 1);
    assert!(received.iter().skip(1).all(|received| bearer(received).as_deref() == Some("Bearer T1")));
    let form = "grant_type=client_credentials&client_id=simclient&client_secret=SIMSECRET";
    assert!(received[0].body.starts_with(form), "{}", received[0].body);
    assert_eq!(connector.clock_offset().map(i64::signum), Some(-1), "by `now`");
}

#[tokio::test]
async fn a_refused_token_is_renewed_by_a_login() {
    let (server, connector) = server([denied(), token("T2"), data(json!({}))]).await;
    assert_eq!(user(&connector).await.unwrap_err().kind, FaultKind::Session);
    connector.login().await.unwrap();
    user(&connector).await.unwrap();
    let received = server.received();
    assert_eq!(received.iter().filter(|received| line(received) == TOKEN).count(), 2);
    assert_eq!(bearer(&received[3]).as_deref(), Some("Bearer T2"));
}

#[tokio::test]
async fn one_token_after_the_other_refused_is_no_question_of_tokens() {
    let steps = [denied(), token("T2"), denied(), token("T3"), denied()];
    let (_server, connector) = server(steps).await;
    let mut kinds = Vec::new();
    for _ in 0..3 {
        kinds.push(user(&connector).await.unwrap_err().kind);
    }
    assert_eq!(kinds, [FaultKind::Session, FaultKind::Session, FaultKind::Refused]);
}

#[tokio::test]
async fn a_missing_scope_is_said_and_no_other_token_is_asked_for() {
    let lacking = json!({ "error": "access_denied", "message": "no permission invoices scopes" }).to_string();
    let (server, connector) = server([answer("401 Unauthorized", &[], &lacking)]).await;
    let fault = user(&connector).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Refused);
    assert!(fault.words.starts_with("the token lacks a module: add it to `scope`"), "{}", fault.words);
    assert_eq!(server.received().len(), 2);
}

#[tokio::test]
async fn a_refresh_token_is_used_once_then_the_grant_again() {
    let with_refresh =
        |name: &str| body(json!({ "expires_in": 1, "access_token": name, "refresh_token": "def50" }).to_string());
    let invalid = json!({ "error": "invalid_request", "hint": "Token has been revoked" }).to_string();
    let steps = [with_refresh("T1"), answer("400 Bad Request", &[], &invalid), token("T2"), data(json!({}))];
    let server = Scripted::start(steps).await;
    let password = Grant::Password { username: Secret::new("u"), password: Secret::new("p") };
    let connector = connect(&server.base, password);
    connector.login().await.unwrap();
    // It ends within the minutes in which another one is asked for.
    user(&connector).await.unwrap();
    assert_eq!(lines(&server)[..3], [TOKEN, "POST /v1/oauth2/refresh_token", TOKEN]);
    let received = server.received();
    assert!(received[0].body.starts_with(
        "grant_type=password&username=u&password=148de9c5a7a44d19e56cd9ae1a554bf67847afb0c58f6e12fa29ac7ddfca9940"
    ));
    assert_eq!(bearer(&received[3]).as_deref(), Some("Bearer T2"));
}

#[tokio::test]
async fn without_a_token_nothing_of_an_order_has_left() {
    let invalid =
        json!({ "error": "invalid_client", "message": "Client authentication failed: SIMSECRET" }).to_string();
    for (step, kind) in [
        (answer("400 Bad Request", &[], &invalid), FaultKind::Refused),
        (answer("502 Bad Gateway", &[], "<html>"), FaultKind::Unreachable),
        (Step::Reset, FaultKind::Unreachable),
        (body("{}"), FaultKind::Unreachable),
    ] {
        let server = Scripted::start([step]).await;
        let connector = connect(&server.base, Grant::ClientCredentials);
        let outcome = connector.send(&spec(PUSH), &[item(json!({ "order_no": "SO-1" }), &[])]).await.remove(0);
        let Outcome::Failed(fault) = outcome else { panic!("{outcome:?}") };
        assert_eq!(fault.kind, kind);
        assert!(!fault.words.contains("SIMSECRET"), "{}", fault.words);
        assert_eq!(server.received().len(), 1);
    }
}
