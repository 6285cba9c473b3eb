use super::*;
use crate::connector::{Connector, FaultKind, Outcome};

fn create() -> Outgoing {
    item(json!({ "order_no": "SO-1", "remark": "n", "product_list": rows(&[(0, 1, 2), (0, 1, 3)]) }), &["a", "b"])
}

/// An edit that brings three new rows, two of them of one sku.
fn edit() -> Outgoing {
    let mut order = json!({ "order_id": 500, "order_no": "SO-1", "remark": "n",
        "product_list": rows(&[(11, 1, 2), (0, 1, 3), (0, 1, 4), (0, 2, 5)]) });
    let gone = json!({ "unique_id": 19, "remove": 1, "product_id": 9, "sku_id": 90 });
    order["product_list"].as_array_mut().unwrap().push(gone);
    item(order, &["a", "b", "c", "d"])
}

fn told(lines: &[(u32, u32, u32)]) -> Step {
    data(json!({ "order_id": 500, "product_list": rows(lines) }))
}

fn shown(remark: &str, lines: &[(u32, u32, u32)]) -> Step {
    let order = json!({ "order_id": 500, "order_no": "SO-1", "remark": remark, "product_list": rows(lines) });
    data(order)
}

async fn send(item: &Outgoing, steps: Vec<Step>) -> (Scripted, Outcome) {
    let (server, connector) = server(steps).await;
    let outcome = connector.send(&spec(PUSH), std::slice::from_ref(item)).await.remove(0);
    (server, outcome)
}

/// `KEY=ID` of the accepted rows, and the warnings.
fn accepted(outcome: Outcome) -> (Vec<String>, Vec<String>) {
    let Outcome::Accepted { receipt, complete: true, warnings } = outcome else { panic!("{outcome:?}") };
    assert_eq!((receipt.id.as_deref(), receipt.number.as_deref()), (Some("500"), Some("SO-1")));
    let rows = receipt.lines["product_list"].iter().map(|(key, id)| format!("{key}={id}"));
    let rows: Vec<String> = rows.collect();
    assert_eq!(receipt.told["product_list"].len(), rows.len());
    (rows, warnings)
}

#[tokio::test]
async fn rule_12_a_create_is_one_push_whose_rows_are_known_by_content() {
    let item = create();
    let (server, outcome) =
        send(&item, vec![told(&[(12, 1, 3), (11, 1, 2)]), shown("n", &[(11, 1, 2), (12, 1, 3)])]).await;
    assert_eq!(accepted(outcome), (vec!["a=11".into(), "b=12".into()], Vec::new()));
    assert_eq!(lines(&server)[1..], [format!("POST {PUSH}"), "GET /v1/invoices/order/info?order_id=500".into()]);
    assert_eq!(server.received()[1].body, item.payload, "the very bytes that are stored");
}

#[tokio::test]
async fn an_edit_brings_one_new_row_of_a_sku_at_a_time() {
    let (first, last) = ([(11, 1, 2), (12, 1, 3), (13, 2, 5)], [(11, 1, 2), (12, 1, 3), (14, 1, 4), (13, 2, 5)]);
    let (server, outcome) = send(&edit(), vec![told(&first), told(&last), shown("n", &last)]).await;
    let ids = ["a=11", "b=12", "c=14", "d=13"].map(str::to_owned).to_vec();
    assert_eq!(accepted(outcome), (ids, Vec::new()));
    let sent = |at: usize| serde_json::from_str::<Value>(&server.received()[at].body).unwrap();
    let named = |order: Value| {
        let rows = order["product_list"].as_array().unwrap().clone();
        rows.iter()
            .map(|row| format!("{} {}", row["unique_id"].to_string().replace('"', ""), row["count"]))
            .collect::<Vec<_>>()
    };
    assert_eq!(named(sent(1)), ["11 2", "null 3", "null 5", "19 null"]);
    assert_eq!(named(sent(2)), ["11 2", "12 3", "null 4", "13 5"]);
}

#[tokio::test]
async fn once_a_push_ran_the_failure_of_a_later_one_is_unknown() {
    let first = || told(&[(11, 1, 2), (12, 1, 3), (13, 2, 5)]);
    for step in [refused(404, "No Privilege"), Step::Reset, answer("502 Bad Gateway", &[], "<html>")] {
        let (_server, outcome) = send(&edit(), vec![first(), step]).await;
        let Outcome::Failed(fault) = outcome else { panic!("{outcome:?}") };
        assert_eq!(fault.kind, FaultKind::Unknown);
        assert!(fault.words.starts_with("1 of 2 pushes ran, then: "), "{}", fault.words);
    }
    // A token that was refused in between is no failure: that push did not run.
    let last = [(11, 1, 2), (12, 1, 3), (14, 1, 4), (13, 2, 5)];
    let (_server, outcome) = send(&edit(), vec![first(), denied(), token("T2"), told(&last), shown("n", &last)]).await;
    assert_eq!(accepted(outcome).0.len(), 4);
}

#[tokio::test]
async fn what_was_ignored_without_a_word_is_a_warning() {
    let (_server, outcome) =
        send(&create(), vec![told(&[(11, 1, 2), (12, 1, 3)]), shown("old", &[(11, 1, 2), (12, 1, 3)])]).await;
    assert_eq!(accepted(outcome).1, ["`remark`: `n` was sent, `old` is there"]);
}

#[tokio::test]
async fn an_order_that_cannot_be_read_back_is_saved_all_the_same() {
    for step in
        [Step::Reset, refused(404, "Not Found Resource"), refused(404, "No Privilege"), denied(), data(json!([]))]
    {
        let (_server, outcome) = send(&create(), vec![told(&[(11, 1, 2), (12, 1, 3)]), step]).await;
        assert_eq!(accepted(outcome), (vec!["a=11".into(), "b=12".into()], Vec::new()));
    }
}

#[tokio::test]
async fn rule_04_an_order_that_carries_another_number_stops_the_target() {
    let renamed = data(json!({ "order_id": 500, "order_no": "SO-9", "product_list": [] }));
    let (_server, outcome) = send(&create(), vec![told(&[(11, 1, 2), (12, 1, 3)]), renamed]).await;
    let Outcome::Failed(fault) = outcome else { panic!("{outcome:?}") };
    let words = "number `SO-1` was sent, and the order (id 500) carries `SO-9`";
    assert_eq!((fault.kind, fault.words.as_str()), (FaultKind::Renumbered, words));
}

#[tokio::test]
async fn anything_but_a_recognised_answer_leaves_the_outcome_open_or_says_that_nothing_ran() {
    let rows_of = |lines: &[(u32, u32, u32)]| json!({ "order_id": 500, "product_list": rows(lines) });
    for (step, kind) in [
        (Step::Reset, FaultKind::Unknown),
        (Step::Close(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{\"code\":200".to_vec()), FaultKind::Unknown),
        (answer("502 Bad Gateway", &[], "<html>"), FaultKind::Unknown),
        (answer("500 Internal Server Error", &[], r#"{"code":404,"message":"No Privilege"}"#), FaultKind::Unknown),
        (data(json!({})), FaultKind::Unknown),
        (data(json!({ "order_id": "", "product_list": [] })), FaultKind::Unknown),
        (data(rows_of(&[(11, 1, 2)])), FaultKind::Unknown),
        (data(rows_of(&[(11, 1, 2), (12, 1, 3), (13, 1, 3)])), FaultKind::Unknown),
        (data(rows_of(&[(11, 1, 2), (12, 1, 9)])), FaultKind::Unknown),
        (refused(404, "something new"), FaultKind::Unknown),
        (refused(404, "Not Found Resource"), FaultKind::Permanent),
        (refused(404, "Not Found Resource没有权限编辑销售订单"), FaultKind::Permanent),
        (refused(404, "'departments' cannot be empty"), FaultKind::Permanent),
        (refused(400, "Invalid data json"), FaultKind::Permanent),
        (answer("429 Too Many Requests", &[], ""), FaultKind::Throttled),
        (denied(), FaultKind::Session),
    ] {
        let (server, outcome) = send(&create(), vec![step.clone()]).await;
        let Outcome::Failed(fault) = outcome else { panic!("{step:?}: {outcome:?}") };
        assert_eq!(fault.kind, kind, "{step:?}: {}", fault.words);
        assert_eq!(server.received().len(), 2, "nothing is repeated");
    }
}

#[tokio::test]
async fn another_order_than_the_one_sent_is_no_success() {
    let other = data(json!({ "order_id": 501, "product_list": rows(&[(11, 1, 2), (12, 1, 3), (13, 2, 5)]) }));
    let (_server, outcome) = send(&edit(), vec![other]).await;
    assert!(matches!(&outcome, Outcome::Failed(fault) if fault.kind == FaultKind::Unknown), "{outcome:?}");
}

#[tokio::test]
async fn an_order_is_removed_by_its_id() {
    let removal = Outgoing { payload: r#"{"order_id":"500"}"#.into(), ..item(json!({}), &[]) };
    for (step, kind) in [
        (data(json!("success")), None),
        (refused(404, "Not Found Resource"), Some(FaultKind::Exists)),
        (refused(404, "Operation Failed. 已确认"), Some(FaultKind::Permanent)),
        (Step::Reset, Some(FaultKind::Unknown)),
    ] {
        let (server, connector) = server([step]).await;
        let outcome = connector.send(&spec(REMOVE), std::slice::from_ref(&removal)).await.remove(0);
        match outcome {
            Outcome::Accepted { receipt, .. } => assert_eq!((receipt.id.as_deref(), kind), (Some("500"), None)),
            Outcome::Failed(fault) => assert_eq!(Some(fault.kind), kind),
        }
        assert_eq!(lines(&server)[1], format!("POST {REMOVE}?order_id=500"));
    }
}
