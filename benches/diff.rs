//! How fast is a captured document told to be known (identity and raw hash), or else read strictly and hashed
//! canonically, against `serde_json::from_slice::<Value>` of the same bytes in the same run?
#![allow(clippy::disallowed_methods, clippy::print_stdout, clippy::unwrap_used, reason = "a bench measures and prints")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use deltaferry::diff::{CANONICAL_FORM, DiffRules, Differ, Document, Gate, Paths, RulePath, Step};
use deltaferry::diff::{extract, fingerprint, parse};
use serde_json::Value;

/// What is measured over each document's bytes.
type Measured<'a> = (&'a str, &'a dyn Fn(&[u8]));

const DOCUMENTS: usize = 200;
const ROUNDS: usize = 100;

fn main() {
    let documents: Vec<Vec<u8>> = (0..DOCUMENTS).map(shipment).collect();
    let bytes: usize = documents.iter().map(Vec::len).sum();
    let rules = rules();
    let differ = Differ::new(&rules);
    let gate = Gate::new(fingerprint(&["jushuitan", "$.io_id", &rules.text(), CANONICAL_FORM]));
    let paths = Paths {
        key: vec![vec!["io_id".to_owned()]],
        number: Some(vec!["so_id".to_owned()]),
        times: vec![vec!["modified".to_owned()]],
        cursor: Some(vec!["ts".to_owned()]),
    };
    println!("{DOCUMENTS} shipments of {} bytes, best of {ROUNDS} rounds", bytes / DOCUMENTS);

    let identity = |bytes: &[u8]| {
        black_box(extract(bytes, &paths).unwrap());
    };
    let raw = |bytes: &[u8]| {
        black_box(gate.raw_hash(bytes));
    };
    let canonical = |bytes: &[u8]| {
        black_box(differ.hash(&Document::parse(bytes).unwrap()));
    };
    let steps: [Measured<'_>; 8] = [
        ("serde_json Value", &|bytes| drop(black_box(serde_json::from_slice::<Value>(bytes).unwrap()))),
        ("strict Value", &|bytes| drop(black_box(parse(bytes).unwrap()))),
        ("strict document", &|bytes| drop(black_box(Document::parse(bytes).unwrap()))),
        ("document + canonical hash", &canonical),
        ("extract", &identity),
        ("raw hash", &raw),
        ("known: extract + raw hash", &|bytes| {
            identity(bytes);
            raw(bytes);
        }),
        ("changed: all of it", &|bytes| {
            identity(bytes);
            raw(bytes);
            canonical(bytes);
        }),
    ];
    let mut best = [Duration::MAX; 8];
    for _ in 0..ROUNDS {
        for ((_, step), best) in steps.iter().zip(&mut best) {
            let begin = Instant::now();
            documents.iter().for_each(|document| step(document));
            *best = (*best).min(begin.elapsed());
        }
    }
    let peer = best[0].as_secs_f64();
    for ((name, _), best) in steps.iter().zip(best) {
        let seconds = best.as_secs_f64();
        let rate = DOCUMENTS as f64 / seconds;
        let volume = bytes as f64 / seconds / 1e6;
        println!("{name:<28} {rate:>9.0} documents/s {volume:>7.0} MB/s {:>6.2} x serde_json", peer / seconds);
    }
}

fn rules() -> DiffRules {
    let name = |name: &str| Step::Name(name.to_owned());
    let path = |steps: &[Step]| RulePath::new(steps.to_vec());
    DiffRules {
        ignore: vec![path(&[name("modified")]), path(&[name("ts")])],
        lists: vec![(path(&[name("items")]), path(&[name("ioi_id")]))],
        ..DiffRules::default()
    }
}

const HEADER: &str = "shop_id shop_name so_id o_id status co_id created modified io_date lc_id l_id logistics_company \
    buyer_id shop_buyer_id receiver_name receiver_mobile receiver_phone receiver_state receiver_city receiver_district \
    receiver_address receiver_zip receiver_country weight f_weight free_amount freight pay_amount paid_amount currency \
    order_type drp_co_id_to drp_co_id_from wms_co_id warehouse labels node buyer_message remark invoice_title is_cod \
    stock_enabled order_staff_id order_staff_name skus raw_so_id consign_time wave_id open_id ts archived merge_so_id";
const LINE: &str = "sku_id name qty sale_price sale_amount sale_base_price pic i_id combine_sku_id is_gift outer_oi_id \
    raw_so_id properties_value batch_no oi_id";

/// A shipment as 聚水潭 answers it: about fifty header fields and three lines.
fn shipment(n: usize) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(n as u64);
    let header = members(HEADER, &mut random);
    let line = |at: usize| format!("{{\"ioi_id\": {at}, {}}}", members(LINE, &mut random));
    let lines: Vec<String> = (0..3).map(line).collect();
    format!("{{\"io_id\": {}, {header}, \"items\": [{}]}}", 7_000_000 + n, lines.join(", ")).into_bytes()
}

/// Members of these names with values of all kinds.
fn members(names: &str, random: &mut fastrand::Rng) -> String {
    let member = |(at, name): (usize, &str)| match (at + name.len()) % 6 {
        0 => format!("\"{name}\": {}", random.u64(1_000_000..9_999_999_999)),
        1 => format!("\"{name}\": {}.{:02}", random.u32(0..9_000), random.u32(0..100)),
        2 => format!("\"{name}\": \"2024-03-{:02} 10:00:05\"", random.u32(1..28)),
        3 => format!("\"{name}\": null"),
        4 => format!("\"{name}\": \"上海市浦东新区{}号\"", random.u32(1..999)),
        _ => format!("\"{name}\": \"SKU-{:08x}\"", random.u32(..)),
    };
    names.split_whitespace().enumerate().map(member).collect::<Vec<String>>().join(", ")
}
