use super::*;

#[test]
fn windows_are_pairs_of_at_most_seven_days() {
    let bench = Bench::free(3);
    for (biz, code) in [
        ("{}", "140"),
        ("[]", "130"),
        (r#"{"modified_begin":"2024-03-01 00:00:00"}"#, "140"),
        (r#"{"modified_end":"2024-03-01 00:00:00","io_ids":[1]}"#, "140"),
        (r#"{"modified_begin":"2024-03-01 00:00:00","modified_end":"2024-03-08 00:00:00"}"#, "0"),
        (r#"{"modified_begin":"2024-03-01 00:00:00","modified_end":"2024-03-08 00:00:01"}"#, "140"),
        (r#"{"modified_begin":"2024-03-02 00:00:00","modified_end":"2024-03-01 00:00:00"}"#, "140"),
        (r#"{"modified_begin":"2024-03-01 00:00:00","modified_end":"2024-03-03 00:00:00","drp_co_id":1}"#, "140"),
        (r#"{"modified_begin":"yesterday","modified_end":"2024-03-03 00:00:00"}"#, "130"),
        (r#"{"io_ids":["7",8],"page_index":"1","unknown":{}}"#, "0"),
        (r#"{"io_ids":"7,8"}"#, "130"),
        (r#"{"so_ids":["7"],"InoutFlds":"a,b"}"#, "130"),
        (r#"{"start_ts":0}"#, "0"),
        (r#"{"start_ts":-1}"#, "130"),
    ] {
        assert_eq!(bench.code(biz), code, "{biz}");
    }
    let many = json!({ "so_ids": (0..51).collect::<Vec<_>>() }).to_string();
    assert_eq!(bench.code(&many), "140");
}

#[test]
fn both_ends_of_a_window_belong_to_it() {
    let bench = Bench::free(50);
    let documents = bench.documents();
    let one = &documents[17];
    let at = one["modified"].as_str().unwrap();
    let biz = json!({ "modified_begin": at, "modified_end": at }).to_string();
    assert!(bench.keys(&biz).contains(&one["io_id"].to_string()));
}

#[test]
fn pages_are_of_fifty_at_most_and_told_truly() {
    let bench = Bench::free(120);
    let told = &bench.open(&WEEK.replace("50}", "500}"))["data"];
    assert_eq!((&told["page_size"], &told["data_count"], &told["page_count"]), (&json!(50), &json!(120), &json!(3)));
    assert_eq!((told["datas"].as_array().unwrap().len(), &told["has_next"]), (50, &json!(true)));
    let mut seen = Vec::new();
    for index in 1..=12 {
        seen.extend(bench.keys(&week_page(index)));
    }
    assert_eq!(bench.open(&week_page(12))["data"]["has_next"], json!(false));
    assert!(bench.keys(&week_page(13)).is_empty());
    assert_eq!(seen.iter().collect::<BTreeSet<_>>().len(), 120);
    bench.shared.set_switch("page_size", "error");
    assert_eq!(bench.code(&WEEK.replace("50}", "51}")), "140");
}

#[test]
fn pages_repeat_or_shift_when_asked_to() {
    let bench = Bench::free(40);
    let read = || (1..=4).flat_map(|index| bench.keys(&week_page(index))).collect::<Vec<_>>();
    let all = read();
    let distinct = |keys: &[String]| keys.iter().collect::<BTreeSet<_>>().len();
    bench.shared.set_switch("pages", "repeat");
    let repeated = read();
    assert_eq!((repeated.len(), distinct(&repeated), &repeated[9]), (40, 39, &repeated[10]));
    assert!(bench.keys(&week_page(5)).contains(&all[39]), "the last row is on a page of its own");
    bench.shared.set_switch("pages", "shift");
    let passes: Vec<usize> = (0..5).map(|_| distinct(&read())).collect();
    assert!(passes.contains(&39) && passes.contains(&40), "{passes:?}");
}

#[test]
fn row_versions_go_up_and_miss_nothing() {
    let bench = Bench::free(30);
    let page = |start: u64| {
        let told = bench.open(&format!(r#"{{"start_ts":{start},"is_get_total":false,"page_size":10}}"#));
        let rows = told["data"]["datas"].as_array().unwrap().clone();
        (rows, told["data"]["has_next"] == json!(true), told["data"]["data_count"].to_string())
    };
    let (mut start, mut seen) = (1, BTreeSet::new());
    loop {
        let (rows, has_next, count) = page(start);
        assert_eq!(count, "0");
        assert!(rows.windows(2).all(|two| two[0]["ts"].as_u64() < two[1]["ts"].as_u64()));
        if seen.is_empty() {
            let first = rows[0]["io_id"].to_string();
            bench.edit(json!({ "key": first, "set": { "remark": "改" } }));
        }
        start = rows.last().unwrap()["ts"].as_u64().unwrap();
        assert!(page(start).0[0]["ts"].as_u64() == Some(start), "the boundary row comes again");
        seen.extend(rows.iter().map(|row| row["io_id"].to_string()));
        if !has_next {
            break;
        }
    }
    assert_eq!(seen.len(), 30);
    bench.shared.set_switch("counts", "absent");
    assert!(bench.open(r#"{"start_ts":1,"is_get_total":false}"#)["data"].get("data_count").is_none());
}

#[test]
fn filters_select_by_what_documents_hold() {
    let bench = Bench::free(200);
    let documents = bench.documents();
    let one = documents.iter().find(|one| one["l_id"].is_string()).unwrap();
    let count = |more: Value, holds: &dyn Fn(&Value) -> bool| {
        let mut biz: Value = serde_json::from_str(WEEK).unwrap();
        biz.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let told = bench.open(&biz.to_string())["data"]["data_count"].as_u64();
        assert_eq!(told, Some(documents.iter().filter(|one| holds(one)).count() as u64), "{biz}");
    };
    count(json!({ "status": "Confirmed" }), &|one| one["status"] == "Confirmed");
    count(json!({ "shop_id": one["shop_id"].to_string() }), &|other| other["shop_id"] == one["shop_id"]);
    count(json!({ "shop_id": 0, "is_offline_shop": true }), &|one| one["shop_name"] == "南京新街口门店");
    count(json!({ "wms_co_id": 10007 }), &|one| one["wms_co_id"] == json!(10007));
    count(json!({ "date_type": 2 }), &|one| one["io_date"].is_string());
    for (name, field) in [("so_ids", "so_id"), ("o_ids", "o_id"), ("io_ids", "io_id"), ("l_ids", "l_id")] {
        let wanted = documents.iter().filter(|other| other[field] == one[field]);
        let wanted: Vec<String> = wanted.map(|other| other["io_id"].to_string()).collect();
        let mut told = bench.keys(&json!({ name: [one[field]] }).to_string());
        told.sort();
        assert_eq!(told, wanted, "{name}");
    }
}

#[test]
fn switches_change_types_but_not_digits() {
    let bench = Bench::free(20);
    let plain = bench.open(WEEK)["data"]["datas"][0]["pay_amount"].to_string();
    for (name, value) in [("amounts", "string"), ("code", "string"), ("has_next", "string"), ("ts", "kept")] {
        bench.shared.set_switch(name, value);
    }
    let told = bench.open(WEEK);
    assert_eq!((&told["code"], &told["data"]["has_next"]), (&json!("0"), &json!("false")));
    assert_eq!(told["data"]["datas"][0]["pay_amount"], json!(plain));
    assert!(told["data"]["datas"][0]["items"][0]["qty"].is_string());
    bench.shared.set_switch("modified", "kept");
    let (before, key) = (bench.documents(), told["data"]["datas"][3]["io_id"].to_string());
    bench.edit(json!({ "key": key, "set": { "remark": "silent" } }));
    let changed: Vec<(Value, Value)> =
        before.into_iter().zip(bench.documents()).filter(|(old, new)| old != new).collect();
    assert_eq!((&changed[0].0["modified"], &changed[0].0["ts"]), (&changed[0].1["modified"], &changed[0].1["ts"]));
}

#[test]
fn deep_pages_are_slow_only_when_asked_for() {
    let bench = Bench::free(1);
    let (path, body) = shipment_query(&week_page(7), NOON);
    let headers = vec![("content-type".to_owned(), "application/x-www-form-urlencoded".to_owned())];
    let request =
        Request { method: "POST".to_owned(), path: path.to_owned(), query: String::new(), headers, body: body.into() };
    assert_eq!(bench.server.delay(&request), Duration::ZERO);
    bench.shared.set_switch("slow_pages", "10ms");
    assert_eq!(bench.server.delay(&request), Duration::from_millis(70));
    assert_eq!(bench.server.aim(&request).call, "orders.out.simple.query");
    let answer = bench.server.answer(&request, Some(Kind::EditLock));
    assert_eq!(answer.status, 200, "faults of other systems do nothing");
}
