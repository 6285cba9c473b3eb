use super::*;

#[test]
fn a_seed_gives_the_same_documents_again() {
    let text = |seed, at: Time| {
        let bench = Bench::free(0);
        bench.shared.set_offset("jushuitan", at.0 - NOON.0);
        bench.server.seed(seed, 200);
        bench.server.documents()
    };
    assert_eq!(text(1, NOON), text(1, NOON));
    assert_ne!(text(1, NOON), text(2, NOON));
}

#[test]
fn seeded_documents_are_of_the_last_week_and_have_the_traps_of_real_ones() {
    let bench = Bench::new(600, &[("rate", "off"), ("zero_items", "on")]);
    let documents = bench.documents();
    let bytes = bench.server.documents().len() / documents.len();
    assert!((2_000..3_500).contains(&bytes), "{bytes} bytes each");
    let zone = bench.shared.zone();
    for one in &documents {
        let modified = zone.read(one["modified"].as_str().unwrap()).unwrap();
        assert!(modified < NOON && NOON.since(modified) < Duration::from_secs(7 * 86_400));
        assert!(one["ts"].as_u64().unwrap() > 1 << 32);
        assert_eq!(one["ClusterInfos"], json!([]));
        let shipped = matches!(one["status"].as_str().unwrap(), "Confirmed" | "Archive" | "Cancelled");
        assert_eq!(one["io_date"].is_string(), shipped);
    }
    let has = |what: &str, test: &dyn Fn(&Value) -> bool| assert!(documents.iter().any(test), "none has {what}");
    let items = |one: &Value| one["items"].as_array().cloned().unwrap();
    for status in ["Confirmed", "Archive", "WaitConfirm", "Cancelled", "Delete", "OuterConfirming"] {
        has(status, &|one| one["status"] == status);
    }
    has("trailing zeros", &|one| one["pay_amount"].to_string().ends_with(".00"));
    has("labels", &|one| one["labels"] == "多标签1,多标签2");
    has("no labels", &|one| one["labels"].is_null());
    has("no batchs", &|one| one.get("batchs").is_none());
    has("batchs", &|one| one.get("batchs").is_some());
    has("sns", &|one| one.get("sns").is_some());
    has("no line", &|one| items(one).is_empty());
    has("a fraction", &|one| items(one).iter().any(|item| item["qty"].to_string().contains('.')));
    has("a gift", &|one| {
        items(one).iter().any(|item| {
            item["is_gift"] == true && item["sale_price"].as_number().is_some_and(|price| price.as_str() == "0.00")
        })
    });
    has("one sku twice", &|one| {
        let skus: BTreeSet<String> = items(one).iter().map(|item| item["sku_id"].to_string()).collect();
        skus.len() < items(one).len()
    });
    let distinct = |name: &str| documents.iter().map(|one| one[name].to_string()).collect::<BTreeSet<_>>().len();
    assert_eq!((distinct("io_id"), distinct("ts")), (600, 600));
    assert!((550..600).contains(&distinct("so_id")), "some orders are split");
}
