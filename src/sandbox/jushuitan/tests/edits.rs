use super::*;

#[test]
fn an_edit_between_two_pages_shifts_them_so_that_a_document_is_missed() {
    let bench = Bench::free(30);
    let first = bench.keys(&week_page(1));
    let edited = bench.edit(json!({ "key": first[0], "set": { "remark": "改" } }));
    assert_eq!(edited, [first[0].clone()]);
    let (second, third) = (bench.keys(&week_page(2)), bench.keys(&week_page(3)));
    let seen: BTreeSet<&String> = first.iter().chain(&second).chain(&third).collect();
    assert_eq!(seen.len(), 29, "the document that slid onto the first page is missed");
    assert_eq!(third.last(), Some(&first[0]), "the edited one comes again, last");
}

#[test]
fn unchanged_documents_are_told_byte_for_byte_and_a_touch_moves_only_times() {
    let bench = Bench::free(5);
    assert_eq!(bench.server.documents(), bench.server.documents());
    let before = bench.documents();
    let key = before[2]["io_id"].to_string();
    bench.edit(json!({ "key": key, "touch": true }));
    let after = bench.documents();
    for (name, value) in before[2].as_object().unwrap() {
        let same = after[2][name] == *value;
        assert_eq!(same, !matches!(name.as_str(), "modified" | "ts"), "{name}");
    }
    assert_eq!((&before[1], &before[3]), (&after[1], &after[3]));
}

#[test]
fn edits_set_delete_create_and_change_a_share() {
    let bench = Bench::free(100);
    let before = bench.documents();
    let edited = bench.edit(json!({ "rate": 0.05 }));
    assert_eq!(edited.len(), 5);
    let after = bench.documents();
    for (old, new) in before.iter().zip(&after) {
        let changed = edited.contains(&old["io_id"].to_string());
        assert_eq!(changed, old != new);
        if changed {
            assert!(old["items"] != new["items"], "the quantity changes");
            assert!(matches!(new["status"].as_str().unwrap(), "Confirmed" | "Archive"));
        }
    }
    let key = before[9]["io_id"].to_string();
    bench.edit(json!({ "key": key, "set": { "modified": "2024-03-05 00:00:00", "buyer_nick": "新" }, "touch": false }));
    let set = &bench.documents()[9];
    assert_eq!((&set["modified"], &set["buyer_nick"]), (&json!("2024-03-05 00:00:00"), &json!("新")));
    assert_eq!(bench.edit(json!({ "key": key, "delete": true })), std::slice::from_ref(&key));
    assert!(bench.server.edit(&json!({ "key": key, "touch": true })).is_err());
    let created = bench.edit(json!({ "create": 2, "set": { "status": "Confirmed" } }));
    assert_eq!((created.len(), bench.documents().len()), (2, 101));
    for bad in [
        json!({ "key": before[0]["io_id"], "set": { "io_id": 1 } }),
        json!({ "key": before[0]["io_id"], "set": { "modified": "soon" } }),
        json!({ "key": before[0]["io_id"], "set": { "status": null } }),
    ] {
        assert!(bench.server.edit(&bad).is_err(), "{bad}");
    }
    let whole = r#"{"key":"K","set":{"pay_amount":12345678901234567.89,"o_id":9007199254740993}}"#;
    let whole: Value = serde_json::from_str(&whole.replace('K', &before[0]["io_id"].to_string())).unwrap();
    bench.edit(whole);
    assert!(bench.server.documents().contains(r#""pay_amount":12345678901234567.89"#));
    assert!(bench.server.documents().contains(r#""o_id":9007199254740993"#));
}

#[test]
fn late_commits_publish_a_smaller_row_version_after_a_larger_one() {
    let bench = Bench::new(5, &[("rate", "off"), ("late_commits", "5s")]);
    let keys: Vec<String> = bench.documents().iter().map(|one| one["io_id"].to_string()).collect();
    bench.edit(json!({ "key": keys[0], "set": { "remark": "late" } }));
    bench.shared.set_switch("late_commits", "0s");
    bench.edit(json!({ "key": keys[1], "set": { "remark": "prompt" } }));
    let seen = bench.documents();
    assert_eq!((&seen[1]["remark"], seen[0]["remark"] == "late"), (&json!("prompt"), false));
    bench.wait(Duration::from_secs(5));
    let seen = bench.documents();
    assert_eq!(seen[0]["remark"], json!("late"));
    assert!(seen[0]["ts"].as_u64() < seen[1]["ts"].as_u64());
}

#[test]
fn a_tenant_that_moves_restarts_its_row_versions() {
    let bench = Bench::free(5);
    let before = bench.keys(r#"{"start_ts":1}"#);
    bench.shared.set_switch("ts_restart", "1");
    assert!(bench.keys(r#"{"start_ts":5873112994}"#).is_empty());
    assert_eq!(bench.keys(r#"{"start_ts":1}"#), before, "the order stays");
}
