//! How fast are page batches stored and their heads read again, beside a plain insert of the same bytes into the
//! same database? Also: how long does opening take when every page is checked, and how much memory is used.
//!
//! `cargo bench --bench store [-- DOCUMENTS]`

#![allow(clippy::disallowed_methods, clippy::unwrap_used, clippy::print_stdout)]

use std::collections::VecDeque;
use std::ops::Range;
use std::path::Path;
use std::time::{Duration, Instant};

use deltaferry::change::ChangeKind;
use deltaferry::clock::Time;
use deltaferry::name::Key;
use deltaferry::store::{CaptureCommit, Captured, Pending, RedbOptions, RedbStore, Store};
use redb::{Builder, ConcurrencyMode, TableDefinition};

const BATCH: usize = 50;
/// Commits under way at once, as an engine that reads pages while earlier ones become durable.
const AHEAD: usize = 8;
const PLAIN: TableDefinition<&[u8], &[u8]> = TableDefinition::new("plain");

fn main() {
    let documents = std::env::args().skip(1).find_map(|arg| arg.parse().ok()).unwrap_or(20_000);
    let folder = tempfile::tempdir().unwrap();
    println!("{documents} documents of {} bytes, batches of {BATCH}", body(1000).len());

    let path = folder.path().join("store.redb");
    let options = RedbOptions::default();
    let store = RedbStore::open(&path, &options).unwrap();
    let few = documents / 4;
    let alone = rate("stored, one commit at a time", few, || store_all(&store, "alone", few, 1));
    let ahead = rate("stored, commits ahead", documents, || store_all(&store, "ahead", documents, AHEAD));
    rate("heads read again", documents, || read_all(&store, documents));
    peak("storing and reading");
    store.close();

    let size = std::fs::metadata(&path).unwrap().len();
    println!("{:<34} {:>10.0} bytes a document", "file", size as f64 / (documents + documents / 4) as f64);
    for check in [true, false] {
        let begun = Instant::now();
        let store = RedbStore::open(&path, &RedbOptions { check, ..options.clone() }).unwrap();
        let took = begun.elapsed();
        store.close();
        println!("{:<34} {:>10.1} ms for {} MiB", format!("opened, checked: {check}"), millis(took), size >> 20);
        peak("opening");
    }

    let plain = redb_alone(&folder.path().join("plain.redb"), documents);
    println!("{:<34} {:>10.2}", "stored, of plain inserts, one by one", alone / plain);
    println!("{:<34} {:>10.2}", "stored, of plain inserts, ahead", ahead / plain);
}

fn millis(took: Duration) -> f64 {
    took.as_secs_f64() * 1000.0
}

fn rate(what: &str, documents: usize, work: impl FnOnce()) -> f64 {
    let begun = Instant::now();
    work();
    let rate = documents as f64 / begun.elapsed().as_secs_f64();
    println!("{what:<34} {rate:>10.0} documents/s");
    rate
}

/// A shipment of about 3 KB with some variety.
fn body(i: usize) -> Vec<u8> {
    let line = |n: usize| {
        format!(
            r#"{{"ioi_id":{},"sku_id":"SKU-{:06}","name":"测试商品 {}","qty":{},"sale_price":"{}.{:02}","is_gift":false,"remark":null}}"#,
            i * 100 + n,
            (i * 31 + n * 7) % 50_000,
            (i + n) % 977,
            n + 1,
            i % 300,
            n % 100
        )
    };
    let lines: Vec<String> = (0..22).map(line).collect();
    format!(
        r#"{{"io_id":{i},"so_id":"SO{i:010}","shop_id":{},"status":"Confirmed","modified":"2024-03-01 10:00:05","items":[{}]}}"#,
        i % 40, lines.join(",")
    )
    .into_bytes()
}

fn key(i: usize) -> Key {
    Key::from_text(format!("{:08}", i.wrapping_mul(2_654_435_761) % 100_000_000))
}

fn batch(scheme: &str, range: Range<usize>) -> CaptureCommit {
    let captured = |i: usize| {
        let body = body(i);
        let hash = *blake3::hash(&body).as_bytes();
        Captured {
            key: key(i),
            expect: 0,
            kind: ChangeKind::Created,
            number: Some(format!("SO{i:010}")),
            source_time: Some(Time(1_709_258_405_000)),
            raw_hash: Some(hash),
            canonical_hash: Some(hash),
            body,
        }
    };
    CaptureCommit {
        scheme: scheme.to_owned(),
        at: Some(Time(1_709_258_405_000)),
        captured: range.map(captured).collect(),
        ..CaptureCommit::default()
    }
}

fn pages(documents: usize) -> impl Iterator<Item = Range<usize>> {
    (0..documents).step_by(BATCH).map(move |first| first..(first + BATCH).min(documents))
}

fn store_all(store: &RedbStore, scheme: &str, documents: usize, ahead: usize) {
    let mut under_way = VecDeque::new();
    for page in pages(documents) {
        under_way.push_back(store.commit_capture(batch(scheme, page)));
        if under_way.len() >= ahead {
            done(under_way.pop_front());
        }
    }
    while !under_way.is_empty() {
        done(under_way.pop_front());
    }
}

fn done(pending: Option<Pending<deltaferry::store::CaptureDone>>) {
    assert!(pending.unwrap().wait().unwrap().stale.is_empty());
}

fn read_all(store: &RedbStore, documents: usize) {
    for page in pages(documents) {
        let keys: Vec<Key> = page.map(key).collect();
        assert!(store.heads("ahead", &keys).unwrap().iter().all(Option::is_some));
    }
}

/// The same bytes under the same keys in one table, in transactions of the same size: what the disk allows.
fn redb_alone(path: &Path, documents: usize) -> f64 {
    let database = Builder::new()
        .set_cache_size(64 << 20)
        .set_concurrency_mode(ConcurrencyMode::SingleWriter)
        .create(path)
        .unwrap();
    rate("plain inserts", documents, || {
        for page in pages(documents) {
            let mut transaction = database.begin_write().unwrap();
            transaction.set_quick_repair(true);
            {
                let mut table = transaction.open_table(PLAIN).unwrap();
                for i in page {
                    table.insert(key(i).as_str().as_bytes(), body(i).as_slice()).unwrap();
                }
            }
            transaction.commit().unwrap();
        }
    })
}

/// Prints the greatest resident memory of this process up to now, where the system tells.
fn peak(after: &str) {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let kilobytes: Option<u64> = line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok());
    if let Some(kilobytes) = kilobytes {
        println!("{:<34} {:>10} MB", format!("peak memory after {after}"), kilobytes / 1000);
    }
}
