use super::*;

async fn by(keys: &[&[&str]], by_number: bool, source: &Source, steps: Vec<Step>) -> (Result<Page, Fault>, Vec<Value>) {
    let (server, connector) = server(steps).await;
    let keys: Vec<Vec<String>> = keys.iter().map(|parts| parts.iter().map(|&part| part.to_owned()).collect()).collect();
    let page = connector.fetch_keys(source, &keys, by_number).await;
    let asked = server.received().iter().skip(1).map(data).collect();
    (page, asked)
}

fn found() -> Vec<Step> {
    let (heads, lines) = (r#"[[7,"XS-7","m","a","C1"]]"#, r#"[[7,70,1,"m","a"]]"#);
    let mut steps = vec![body("[[7]]"), body(NONE)];
    steps.extend(reading(heads, &[lines]));
    steps.extend(reading(heads, &[lines]));
    steps
}

#[tokio::test]
async fn bills_are_read_by_key_or_number_past_window_and_filter() {
    let plain = orders("  filter: \"FSaleOrgId.FNumber='100'\"\n");
    let two_parts = loaded(
        "  form: SAL_SaleOrder\n  key: [$.no, $.FID]\n  fields: [FID, { field: FBillNo, as: no }]\n\
         \x20 changed_fields: [FModifyDate]\n",
    );
    for (source, keys, by_number, filter) in [
        (&plain, vec![&["7"][..], &["8"]], false, "(FID = 7) or (FID = 8)"),
        (&plain, vec![&["XS'1"][..]], true, "(FBillNo = 'XS''1')"),
        (&two_parts, vec![&["7", "7"][..]], false, "((FBillNo = '7') and (FID = 7))"),
    ] {
        let (_, asked) = by(&keys, by_number, source, found()).await;
        assert_eq!((&asked[0]["FilterString"], &asked[0]["FieldKeys"]), (&json!(filter), &json!("FID")));
        assert_eq!(asked[1]["FilterString"], format!("({filter}) and (FID > 7)"), "until nothing more is found");
        assert_eq!(asked[2]["FilterString"], "FID in (7)");
    }
    let (page, _) = by(&[&["7"]], false, &plain, found()).await;
    assert_eq!(page.unwrap().documents.len(), 1);
    let (page, asked) = by(&[&["9"]], false, &plain, vec![body(NONE)]).await;
    assert_eq!((page.unwrap().documents.len(), asked.len()), (0, 1));
}

#[tokio::test]
async fn a_text_that_is_no_id_is_refused_and_a_path_that_is_not_read_too() {
    let deadlock = || vec![refusal_in_rows(6, "转换失败")];
    for (key, kind) in [("XS-1", FaultKind::Permanent), ("7", FaultKind::Transient)] {
        let (page, asked) = by(&[&[key]], false, &orders(""), deadlock()).await;
        assert_eq!((page.unwrap_err().kind, asked.len()), (kind, 1));
    }
    let (page, asked) = by(&[&["7"]], true, &loaded("  form: F\n  key: $.FID\n  number: $.no\n"), vec![]).await;
    let words = "`executeBillQuery` can't be asked for documents by `$.no`";
    assert_eq!((page.unwrap_err().words.as_str(), asked.len()), (words, 0));
}
