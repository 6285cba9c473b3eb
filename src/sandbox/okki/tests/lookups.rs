//! Companies, products, users, departments: what look-ups find, and how lists page (protocols/okki.md 7).

use serde_json::{Value, json};

use super::support::Bench;
use crate::sandbox::goods::GOODS;
use crate::sandbox::partners::{CUSTOMERS, SALESMEN};
use crate::sandbox::wire::System;

fn texts(list: &Value, field: &str) -> Vec<String> {
    list.as_array().unwrap().iter().map(|one| one[field].as_str().unwrap().to_owned()).collect()
}

#[test]
fn every_customer_good_and_salesman_is_found_by_number() {
    let bench = Bench::new();
    let mut ids = std::collections::BTreeSet::new();
    for customer in &CUSTOMERS {
        let company = bench.data(&format!("/v1/company/info?serial_id={}", customer.number));
        assert_eq!(
            (&company["name"], &company["customers"][0]["name"]),
            (&json!(customer.name), &json!(customer.contact))
        );
        assert_eq!(company["customers"][0]["main_customer_flag"].to_string(), "1");
        ids.insert(company["company_id"].as_number().unwrap().as_u64().unwrap());
        let by_id = bench.data(&format!("/v1/company/info?company_id={}", company["company_id"]));
        assert_eq!(by_id["serial_id"], customer.number);
    }
    for good in &GOODS {
        let product = bench.data(&format!("/v1/product/info?product_no={}", good.sku_id));
        assert_eq!((&product["name"], product["sku_items"].as_array().unwrap().len()), (&json!(good.name), 1));
        ids.insert(product["product_id"].as_number().unwrap().as_u64().unwrap());
        ids.insert(product["sku_items"][0]["sku_id"].as_number().unwrap().as_u64().unwrap());
    }
    assert_eq!(ids.len(), CUSTOMERS.len() + 2 * GOODS.len());
    assert!(ids.iter().all(|id| *id > 1 << 32), "{ids:?}");
    let users = bench.data("/v1/user/list?enable_flag=1");
    let mut expected = vec![String::new()];
    expected.extend(SALESMEN.iter().map(|one| one.number.to_owned()));
    assert_eq!(texts(&users, "employee_no"), expected);
    assert_eq!(users[0]["departments"], json!([{ "department_id": 0, "department_name": "我的企业" }]));
    assert_eq!(users[1]["departments"], json!([{ "department_id": "148", "department_name": "内贸部" }]));
    assert_eq!(texts(&bench.data("/v1/user/list?enable_flag=0"), "employee_no"), ["S099"]);
    let departments = bench.data("/v1/user/departmentList");
    assert_eq!(texts(&departments["list"], "id"), ["0", "148", "149"]);
    assert_eq!(texts(&departments["list"], "name"), ["我的企业", "内贸部", "外贸部"]);
}

#[test]
fn traps_lie_beside_the_lists() {
    let bench = Bench::new();
    let query = |word: &str, field: &str| {
        let word: String = url::form_urlencoded::byte_serialize(word.as_bytes()).collect();
        let data = bench.data(&format!("/v1/company/query?word={word}&search_field={field}"));
        texts(&data["list"], "serial_id")
    };
    assert_eq!(query(CUSTOMERS[0].name, "name"), ["CUST0001", "CUST9001"], "one name, two companies");
    assert_eq!(query("有限公司", "name").len(), 9, "fuzzy");
    assert_eq!(query("李四", "customer_list.name"), ["CUST0001"]);
    assert_eq!(query("CUST0002", "serial_id"), ["CUST0002"]);
    let pool = bench.data("/v1/company/list?all=2&count=100");
    assert_eq!(texts(&pool["list"], "serial_id"), ["CUST9002"]);
    assert!(bench.data("/v1/company/query?word=CUST9002&search_field=serial_id")["list"][0]["company_id"].is_string());
    let multi = bench.data("/v1/product/info?product_no=Z900");
    assert_eq!(texts(&multi["sku_items"], "sku_code"), ["Z900-S", "Z900-M", "Z900-L"]);
    let combo = bench.data("/v1/product/list?product_type=3");
    assert_eq!(texts(&combo["list"], "product_no"), ["Z901-SET"]);
    for (path, told) in [
        ("/v1/company/info?serial_id=NONE", "404 Not Found Resource"),
        ("/v1/company/info", "400 Invalid query"),
        ("/v1/company/query?word=x&search_field=y", "400 Invalid query"),
        ("/v1/product/info?product_id=7", "404 Not Found Resource"),
        ("/v1/product/list?start_index=x", "400 Invalid query"),
        ("/v1/invoices/order/info", "400 Invalid query"),
    ] {
        let answer = bench.get(path);
        assert_eq!(format!("{} {}", answer["code"], answer["message"].as_str().unwrap()), told, "{path}");
    }
}

#[test]
fn lists_page_by_page_number_and_are_sorted_anew_each_time() {
    let bench = Bench::with(&[("extra", "50"), ("page_limit", "20")]);
    let page = |index: usize| {
        let data = bench.data(&format!("/v1/product/list?count=1000&start_index={index}"));
        assert_eq!(data["count"].to_string(), "72");
        texts(&data["list"], "product_no")
    };
    let all: Vec<String> = (1..=5).flat_map(page).collect();
    assert_eq!((all.len(), page(4).len(), page(5).len()), (72, 12, 0));
    bench.forward(5);
    bench.server.edit(&json!({ "set": { "product": { "product_no": "A001-RED-M", "name": "改名" } } })).unwrap();
    assert_eq!(page(1)[0], "A001-RED-M", "the newest update comes first: pages shift");
    let since = bench.data("/v1/product/list?start_time=2026-01-05&count=100");
    assert_eq!(texts(&since["list"], "name"), ["改名"]);
    bench.switch("list_code", "0");
    let answer = bench.get("/v1/company/list");
    assert_eq!(
        (answer["code"].to_string(), &answer["msg"], answer.get("message")),
        ("0".into(), &json!("success"), None)
    );
    assert_eq!(answer["data"]["list"].as_array().unwrap().len(), 10);
    assert_eq!(answer["data"]["totalItem"].to_string(), "62");
}

#[test]
fn what_a_seed_leaves_out_appears_later_with_the_same_ids() {
    let whole = Bench::new();
    let bench = Bench::with(&[("without", "E300-CN, CUST0003,S002")]);
    let product = "/v1/product/info?product_no=E300-CN";
    let company = "/v1/company/info?serial_id=CUST0003";
    for path in [product, company] {
        assert_eq!(bench.get(path)["code"].to_string(), "404", "{path}");
    }
    let set = json!({ "product": { "product_no": "E300-CN" }, "company": [{ "serial_id": "CUST0003" }],
        "user": { "employee_no": "S002" } });
    let edited = bench.server.edit(&json!({ "set": set })).unwrap();
    assert_eq!(edited, ["E300-CN", "CUST0003", "S002"]);
    for (path, field) in [(product, "product_id"), (company, "company_id")] {
        assert_eq!(bench.data(path)[field], whole.data(path)[field], "{path}");
    }
    let ids = |bench: &Bench| texts(&bench.data("/v1/user/list"), "user_id");
    assert_eq!(ids(&bench), ids(&whole));
}

#[test]
fn base_data_comes_changes_and_goes() {
    let bench = Bench::new();
    let edit = |set: Value| bench.server.edit(&json!({ "set": set }));
    edit(json!({ "company": { "serial_id": "NEW1", "name": "新客户", "contact": "王", "is_public": true } })).unwrap();
    let company = bench.data("/v1/company/info?serial_id=NEW1");
    assert_eq!(
        (&company["name"], &company["customers"][0]["name"], &company["owner"]),
        (&json!("新客户"), &json!("王"), &json!([]))
    );
    edit(json!({ "company": { "serial_id": "NEW1", "removed": true } })).unwrap();
    assert_eq!(bench.get("/v1/company/info?serial_id=NEW1")["code"].to_string(), "404");
    assert_eq!(texts(&bench.data("/v1/company/list?removed=1")["list"], "serial_id"), ["NEW1"]);
    edit(json!({ "user": [{ "employee_no": "S001", "enable_flag": 0 }, { "employee_no": "S900", "name": "新" }] }))
        .unwrap();
    assert_eq!(texts(&bench.data("/v1/user/list"), "nickname"), ["接口账号", "吴倩", "郑凯", "孙丽", "新"]);
    edit(json!({ "department": { "name": "电商部" } })).unwrap();
    assert_eq!(texts(&bench.data("/v1/user/departmentList")["list"], "id"), ["0", "148", "149", "150"]);
    edit(json!({ "product": { "product_no": "A001-RED-M", "removed": true } })).unwrap();
    assert_eq!(bench.get("/v1/product/info?product_no=A001-RED-M")["code"].to_string(), "404");
    bench.switch("department_list", "404");
    assert_eq!(bench.get("/v1/user/departmentList")["code"].to_string(), "404");
    for (set, error) in [
        (json!({ "shop": {} }), "no base data `shop`"),
        (json!({ "product": 5 }), "`product` is an object or a list of objects"),
        (json!({ "product": { "name": "x" } }), "say which `product_no`"),
        (json!({ "product": { "product_no": "x", "colour": 1 } }), "unknown field `colour`"),
        (json!({ "user": { "employee_no": "x", "enable_flag": 9 } }), "`enable_flag` is 0, 1 or 2"),
    ] {
        let told = edit(set.clone()).unwrap_err();
        assert!(told.starts_with(error), "{set}: {told}");
    }
}
