use super::*;

#[tokio::test]
async fn a_page_finds_bills_by_id_and_reads_them_whole_twice() {
    let heads = r#"[[7,"XS-7","2024-03-01T10:30:00.5",null,"C1"],[9,"XS-9","2024-03-01T09:00:00","2024-03-01T10:59:59.97"," "]]"#;
    let lines = r#"[[7,70,2400.0,"2024-03-01T10:30:00.5",null],[7,71,0.10,"2024-03-01T10:30:00.5",null],
        [9,null,null,"2024-03-01T09:00:00","2024-03-01T10:59:59.97"]]"#;
    let mut steps = vec![body("[[7],[9]]")];
    steps.extend(reading(heads, &[lines]));
    steps.extend(reading(heads, &[lines]));
    let (page, asked) = paged(&orders("  page_size: 50\n  filter: \"FSaleOrgId.FNumber='100'\"\n"), steps).await;
    let page = page.unwrap();
    assert_eq!(
        texts(&page),
        [
            r#"{"FID":7,"FBillNo":"XS-7","FModifyDate":"2024-03-01T10:30:00.5","FApproveDate":null,"FCustId_FNumber":"C1","FEntry":[{"FEntry_FEntryID":70,"FQty":2400.0},{"FEntry_FEntryID":71,"FQty":0.10}]}"#,
            r#"{"FID":9,"FBillNo":"XS-9","FModifyDate":"2024-03-01T09:00:00","FApproveDate":"2024-03-01T10:59:59.97","FCustId_FNumber":" ","FEntry":[]}"#,
        ]
    );
    assert_eq!((page.next.as_deref(), page.deferred.len()), (Some("9"), 0));
    let within = |field| format!("({field} >= '2024-03-01 10:00:05' and {field} < '2024-03-01 11:00:01')");
    let wanted = json!({
        "FormId": "SAL_SaleOrder", "FieldKeys": "FID",
        "FilterString": format!("({} or {}) and (FSaleOrgId.FNumber='100')", within("FModifyDate"), within("FApproveDate")),
        "OrderString": "FID ASC", "TopRowCount": 0, "StartRow": 0, "Limit": 50, "SubSystemId": "",
    });
    assert_eq!(asked[0], wanted);
    assert_eq!(asked[1]["FieldKeys"], "FID,FBillNo,FModifyDate,FApproveDate,FCustId.FNumber");
    assert_eq!(asked[2]["FieldKeys"], "FID,FEntry_FEntryID,FQty,FModifyDate,FApproveDate");
    assert_eq!(asked[2]["OrderString"], "FID ASC,FEntry_FEntryID ASC");
    assert!(asked[1..].iter().all(|asked| asked["Limit"] == 2000 && asked["StartRow"] == 0));
    assert_eq!(asked[3]["FilterString"], "(FID in (7,9)) and (FID > 9)", "a bill without lines is the last row");
    assert_eq!(asked[1..4], asked[4..7]);
}

#[tokio::test]
async fn the_next_page_lies_behind_the_last_bill_and_only_an_empty_one_is_the_end() {
    let (server, connector) = server([body(NONE), body(NONE)]).await;
    for position in [Some("9"), Some("\"a'b\"")] {
        let page = fetch(&connector, &orders(""), position).await.unwrap();
        assert_eq!((page.next, page.documents.len()), (None, 0));
    }
    let asked: Vec<Value> = server.received().iter().skip(1).map(data).collect();
    let filter = |at: usize| asked[at]["FilterString"].as_str().unwrap().rsplit(" and ").next().unwrap().to_owned();
    assert_eq!((filter(0).as_str(), filter(1).as_str()), ("(FID > 9)", "(FID > 'a''b')"));
    assert_eq!(fetch(&connector, &orders(""), Some("page 2")).await.unwrap_err().kind, FaultKind::Permanent);
}

/// The lines of bills of so many lines each, as a server gives them that caps answers at so many rows.
fn capped(bills: &[(u64, u64)], cap: usize) -> Vec<Step> {
    let rows: Vec<Value> = bills
        .iter()
        .flat_map(|(bill, lines)| (1..=*lines).map(move |line| json!([bill, bill * 1000 + line, line, "m", "a"])))
        .collect();
    rows.chunks(cap).map(|rows| body(json!(rows).to_string())).chain([body(NONE)]).collect()
}

#[tokio::test]
async fn bills_of_250_lines_come_whole_however_answers_are_cut() {
    let bills = [(1, 250), (2, 130), (3, 100)];
    let head = |bill: u64| json!([bill, format!("XS-{bill}"), "m", "a", "C1"]);
    for cap in [1, 100, 2000] {
        let heads: Vec<Value> = bills.iter().map(|(bill, _)| head(*bill)).collect();
        let heads = heads.chunks(cap).map(|rows| body(json!(rows).to_string()));
        let reading: Vec<Step> = heads.chain(capped(&bills, cap)).collect();
        let found = body(json!([[1], [2], [3]]).to_string());
        let steps = [vec![found], reading.clone(), reading].concat();
        let (page, asked) = paged(&orders(""), steps).await;
        for (document, (bill, lines)) in texts(&page.unwrap()).iter().zip(bills) {
            let document: Value = serde_json::from_str(document).unwrap();
            let quantities = document["FEntry"].as_array().unwrap().iter().map(|line| line["FQty"].as_u64().unwrap());
            assert_eq!((&document["FID"], quantities.collect::<Vec<_>>()), (&json!(bill), (1..=lines).collect()));
        }
        if cap == 100 {
            let behind = "(FID in (1,2,3)) and (FID > 2 or (FID = 2 and FEntry_FEntryID > 2050))";
            assert_eq!(asked[5]["FilterString"], behind);
        }
    }
}

#[tokio::test]
async fn entities_and_those_below_them_have_queries_of_their_own() {
    let source = source(
        "  fields: [FID, { field: F_X, as: 物流费 }]\n\
         \x20 entries:\n\
         \x20   - { name: E, id: E_FEntryID, fields: [E_FEntryID, FQty], entries: { name: S, id: S_FDetailID, fields: [FPlanQty] } }\n\
         \x20   - { name: P, id: P_FEntryID, fields: [FRate] }\n\
         \x20 changed_fields: [FModifyDate, FSignDate]\n",
    );
    let heads = r#"[[7,1.50,"m",null]]"#;
    let entities = [
        r#"[[7,1,5,"m",null],[7,2,6,"m",null]]"#,
        r#"[[7,1,11,0.5,"m",null],[7,1,12,4.5,"m",null],[7,2,null,null,"m",null]]"#,
        r#"[[7,31,100.0,"m",null]]"#,
    ];
    let mut steps = vec![body("[[7]]")];
    steps.extend(reading(heads, &entities));
    steps.extend(reading(heads, &entities));
    let (page, asked) = paged(&source, steps).await;
    assert_eq!(
        texts(&page.unwrap()),
        [
            r#"{"FID":7,"物流费":1.50,"FModifyDate":"m","FSignDate":null,"E":[{"E_FEntryID":1,"FQty":5,"S":[{"S_FDetailID":11,"FPlanQty":0.5},{"S_FDetailID":12,"FPlanQty":4.5}]},{"E_FEntryID":2,"FQty":6,"S":[]}],"P":[{"P_FEntryID":31,"FRate":100.0}]}"#
        ]
    );
    let columns: Vec<&str> = [1, 2, 4, 6].map(|at| asked[at]["FieldKeys"].as_str().unwrap()).to_vec();
    assert_eq!(
        columns,
        [
            "FID,F_X,FModifyDate,FSignDate",
            "FID,E_FEntryID,FQty,FModifyDate,FSignDate",
            "FID,E_FEntryID,S_FDetailID,FPlanQty,FModifyDate,FSignDate",
            "FID,P_FEntryID,FRate,FModifyDate,FSignDate",
        ]
    );
    assert_eq!(asked[4]["OrderString"], "FID ASC,E_FEntryID ASC,S_FDetailID ASC");
    assert_eq!(asked[5]["FilterString"], "(FID in (7)) and (FID > 7 or (FID = 7 and E_FEntryID > 2))");
}

#[tokio::test]
async fn a_changed_field_of_lines_finds_bills_and_is_asked_for_nowhere_else() {
    let source = source(
        "  fields: [FID]\n  entries: { name: E, id: E_FEntryID, fields: [FRowDate] }\n\
         \x20 changed_fields: [FModifyDate, FRowDate]\n",
    );
    let lines = r#"[[7,1,"r","m"]]"#;
    let mut steps = vec![body("[[7],[7],[7]]")];
    steps.extend(reading(r#"[[7,"m"]]"#, &[lines]));
    steps.extend(reading(r#"[[7,"m"]]"#, &[lines]));
    let (page, asked) = paged(&source, steps).await;
    assert_eq!(texts(&page.unwrap()), [r#"{"FID":7,"FModifyDate":"m","E":[{"E_FEntryID":1,"FRowDate":"r"}]}"#]);
    assert!(asked[0]["FilterString"].as_str().unwrap().contains(" or (FRowDate >= '"));
    assert_eq!(asked[1]["FieldKeys"], "FID,FModifyDate");
    assert_eq!(source.times(), [["FModifyDate"]]);
}

#[tokio::test]
async fn errors_are_never_taken_for_data() {
    for (step, wanted) in [
        (refusal_in_rows(9, "元数据中标识为FXYZ的字段不存在"), FaultKind::Permanent),
        (refused(9, "元数据中标识为FXYZ的字段不存在"), FaultKind::Permanent),
        (refusal_in_rows(4, "GetRealExpress error"), FaultKind::Permanent),
        (refusal_in_rows(2, "您没有“销售订单”的“查看”权限"), FaultKind::Permanent),
        (refusal_in_rows(6, "deadlock"), FaultKind::Transient),
        (refusal_in_rows(14, "limit"), FaultKind::Throttled),
        (body(format!("[[{}]]", lost())), FaultKind::Session),
        (body(lost().to_string()), FaultKind::Session),
        (body("response_error: System.Exception"), FaultKind::Unknown),
        (body("<html><title>登录</title>"), FaultKind::Session),
        (answer("503 Service Unavailable", &[], "busy"), FaultKind::Transient),
        (body("{}"), FaultKind::Unknown),
        (body(r#"{"Result":{"ResponseStatus":{"IsSuccess":true}}}"#), FaultKind::Unknown),
        (body("[[]]"), FaultKind::Unknown),
        (body(r#"[[null]]"#), FaultKind::Unknown),
        (body(r#"[[7,8]]"#), FaultKind::Unknown),
        (body(r#"[{"FID":7}]"#), FaultKind::Unknown),
        (body("[[7],"), FaultKind::Unknown),
    ] {
        let (page, _) = paged(&orders(""), vec![step.clone()]).await;
        assert_eq!(page.unwrap_err().kind, wanted, "{step:?}");
    }
    // The same in the middle of a page: what was read of it is not given out.
    for (step, wanted) in [
        (body(format!("[[{}]]", lost())), FaultKind::Session),
        (refusal_in_rows(6, "deadlock"), FaultKind::Transient),
        (Step::Reset, FaultKind::Unknown),
    ] {
        let heads = body(r#"[[7,"XS-7","m","a","C1"]]"#);
        let (page, _) = paged(&orders(""), vec![body("[[7]]"), heads, step.clone()]).await;
        assert_eq!(page.unwrap_err().kind, wanted, "{step:?}");
    }
}

#[tokio::test]
async fn a_field_that_the_tenant_lacks_is_named_with_its_form() {
    let missing = refusal_in_rows(9, "元数据中标识为F_PAEZ_WLF的字段不存在");
    let (page, _) = paged(&orders(""), vec![body("[[7]]"), missing]).await;
    let words = "`F_PAEZ_WLF` is no field of `SAL_SaleOrder` here: MsgCode 9: 元数据中标识为F_PAEZ_WLF的字段不存在";
    assert_eq!(page.unwrap_err().words, words);
}

#[tokio::test]
async fn a_lost_session_is_renewed_and_the_page_read_again_from_its_begin() {
    let (heads, lines) = (r#"[[7,"XS-7","m","a","C1"]]"#, r#"[[7,70,1,"m","a"]]"#);
    let mut steps = vec![body("[[7]]"), body(heads), body(format!("[[{}]]", lost())), welcome("two"), body("[[7]]")];
    steps.extend(reading(heads, &[lines]));
    steps.extend(reading(heads, &[lines]));
    let (_server, connector) = server(steps).await;
    assert_eq!(fetch(&connector, &orders(""), None).await.unwrap_err().kind, FaultKind::Session);
    connector.login().await.unwrap();
    assert_eq!(fetch(&connector, &orders(""), None).await.unwrap().documents.len(), 1);
}

#[tokio::test]
async fn rule_30_rows_that_come_again_are_a_circle_and_rows_of_another_entity_a_fault_of_the_scheme() {
    let head = r#"[[7,"XS-7","m","a","C1"]]"#;
    let line = r#"[[7,70,1,"m","a"]]"#;
    let (page, _) = paged(&orders(""), vec![body("[[7]]"), body(head), body(line), body(line)]).await;
    assert_eq!(page.unwrap_err().kind, FaultKind::Unknown);
    let twice = r#"[[7,"XS-7","m","a","C1"],[7,"XS-7","m","a","C2"]]"#;
    let (page, _) = paged(&orders(""), vec![body("[[7]]"), body(twice)]).await;
    let fault = page.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Permanent);
    assert!(fault.words.starts_with("`SAL_SaleOrder` gives several rows for FID 7: "), "{}", fault.words);
    let (_server, connector) = server([body("[[9]]")]).await;
    let behind_itself = fetch(&connector, &orders(""), Some("9")).await;
    assert_eq!(behind_itself.unwrap_err().kind, FaultKind::Unknown);
}
