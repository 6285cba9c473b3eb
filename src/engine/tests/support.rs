//! Schemes over the model store, and a system that accepts everything it is sent.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::change::ChangeKind;
use crate::clock::{Clock, SystemClock, Time, Zone};
use crate::connector::{
    CallSpec, Connector, Fault, FetchRequest, Finding, Outcome, Outgoing, Page, Probe, SourceCall, TargetCall,
};
use crate::engine::{Engine, Surroundings, SystemReady, assemble, check};
use crate::mapping::{Lookups, Tables};
use crate::name::Key;
use crate::reason::State;
use crate::receipt::Receipt;
use crate::scheme::{Scheme, Source};
use crate::store::model::ModelStore;
use crate::store::{CaptureCommit, Captured, Delivery, DeliveryCommit, DeliveryWrite, Step, Store, WriteResult};

/// The system `d`.
struct Willing;

#[async_trait]
impl Connector for Willing {
    fn account(&self) -> String {
        "willing".into()
    }

    fn source_call(&self, _call: &str) -> Option<SourceCall> {
        Some(SourceCall {
            fields: ["id", "no", "modified", "mark"].map(str::to_owned).to_vec(),
            params: Vec::new(),
            max_page: 10,
            max_window: None,
            windows: true,
            resumable: false,
            shifts: false,
            by_key: 10,
            numeric: Vec::new(),
            grain: Duration::from_secs(1),
        })
    }

    fn target_call(&self, _call: &str) -> Option<TargetCall> {
        Some(TargetCall {
            mapped: true,
            form: false,
            updates: true,
            overwrites: false,
            refuses_known_number: true,
            probes: true,
            asks_many: false,
            deletes: false,
            number: Some("no"),
            max_batch: 5,
            settle: |_| Duration::from_secs(30),
            options: &[],
        })
    }

    fn calls(&self) -> (Vec<&'static str>, Vec<&'static str>) {
        (vec!["list"], vec!["save"])
    }

    async fn login(&self) -> Result<(), Fault> {
        Ok(())
    }

    fn clock_offset(&self) -> Option<i64> {
        Some(0)
    }

    async fn fetch(&self, _request: &FetchRequest<'_>) -> Result<Page, Fault> {
        Ok(Page::default())
    }

    async fn fetch_keys(&self, _source: &Source, _keys: &[Vec<String>], _by_number: bool) -> Result<Page, Fault> {
        Ok(Page::default())
    }

    fn prepare(
        &self,
        _call: &CallSpec,
        payload: &Value,
        _lines: &[(String, Vec<String>)],
        _receipt: Option<&Receipt>,
    ) -> Result<String, String> {
        Ok(payload.to_string())
    }

    async fn send(&self, _call: &CallSpec, items: &[Outgoing]) -> Vec<Outcome> {
        let accepted = |item: &Outgoing| {
            let id = item.number.as_ref().map(|number| format!("id-{number}"));
            let receipt = Receipt { id, number: item.number.clone(), ..Receipt::default() };
            Outcome::Accepted { receipt, complete: true, warnings: Vec::new() }
        };
        items.iter().map(accepted).collect()
    }

    async fn probe(&self, _call: &CallSpec, probes: &[Probe]) -> Result<Vec<Finding>, Fault> {
        Ok(vec![Finding::Absent; probes.len()])
    }
}

/// A scheme whose number many documents may share, with these lines at its top and these targets.
pub fn scheme(top: &str, targets: &[&str]) -> String {
    let targets: String = targets
        .iter()
        .map(|target| {
            let (name, more) = target.split_once(' ').unwrap_or((target, ""));
            format!("  {name}: {{ system: d, call: save, mapping: {{ no: $.id }}{more} }}\n")
        })
        .collect();
    let targets = if targets.is_empty() { String::new() } else { format!("targets:\n{targets}") };
    format!(
        "title: t\nschedule: {{ every: 5m }}\n{top}\n\
         source: {{ system: d, call: list, key: $.id, number: $.no, time: $.modified }}\n\
         diff: {{ ignore: [$.modified] }}\n{targets}"
    )
}

/// The schemes of these names and texts, prepared over an empty store.
pub async fn engine(schemes: &[(&str, String)]) -> Arc<Engine> {
    let zone = Zone::utc();
    let system = SystemReady { connector: Arc::new(Willing), settle: None, concurrency: 1 };
    let around = Surroundings {
        systems: BTreeMap::from([("d".to_owned(), system)]),
        tables: Arc::default(),
        lookups: Arc::new(|| Arc::new(Tables::default()) as Arc<dyn Lookups + Send + Sync>),
        zone: zone.clone(),
    };
    let folder = tempfile::tempdir().unwrap();
    let read = |(id, text): &(&str, String)| {
        let file = folder.path().join(format!("{id}.yaml"));
        std::fs::write(&file, text).unwrap();
        Scheme::load(&file, &zone).unwrap_or_else(|faults| panic!("{text}\n{faults:?}"))
    };
    let (ready, faults) = check(schemes.iter().map(read).collect::<Vec<_>>(), &around);
    assert!(faults.is_empty(), "{faults:?}");
    let (store, clock): (Arc<dyn Store>, Arc<dyn Clock>) = (Arc::new(ModelStore::new()), Arc::new(SystemClock::new()));
    let engine = assemble(ready, store, (clock, zone), CancellationToken::new());
    engine.prepare().await.unwrap();
    engine
}

/// Captures the next version of documents of this number, all at one time.
pub async fn capture(engine: &Engine, scheme: &str, number: &str, ids: &[&str]) {
    let captured = |id: &&str| {
        let key = Key::from_text(*id);
        let head = engine.store.heads(scheme, std::slice::from_ref(&key)).unwrap().remove(0);
        let version = head.map_or(0, |head| head.version);
        let modified = format!("2026-06-01 00:00:0{version}");
        let body = json!({ "id": id, "no": number, "modified": modified, "mark": version }).to_string();
        let hash = Some(*blake3::hash(body.as_bytes()).as_bytes());
        Captured {
            key,
            expect: version,
            kind: if version == 0 { ChangeKind::Created } else { ChangeKind::Updated },
            number: Some(number.to_owned()),
            source_time: Zone::utc().read(&modified),
            raw_hash: hash,
            canonical_hash: hash,
            body: body.into_bytes(),
        }
    };
    let at = i64::try_from(engine.store.last_seq(scheme).unwrap()).unwrap();
    let (scheme, captured) = (scheme.to_owned(), ids.iter().map(captured).collect());
    let commit = CaptureCommit { scheme, at: Some(Time(at * 1_000)), captured, ..CaptureCommit::default() };
    assert!(engine.store.commit_capture(commit).await.unwrap().stale.is_empty());
}

/// Delivers what is due.
pub async fn pass(engine: &Engine) {
    for worker in engine.units.iter().flat_map(|unit| &unit.workers) {
        worker.pass().await.unwrap();
    }
}

pub fn row(engine: &Engine, scheme: &str, target: &str, id: &str) -> Option<Delivery> {
    engine.store.delivery(scheme, target, &Key::from_text(id)).unwrap()
}

/// Puts a delivery in a state, as if it had come there.
pub async fn put(engine: &Engine, (scheme, target): (&str, &str), id: &str, state: State) {
    let before = row(engine, scheme, target, id);
    let mut row = before.clone().unwrap_or_else(|| Delivery::new(engine.clock.now()));
    let expect = row.rev;
    (row.state, row.version, row.newest, row.due) = (state, 1, 1, None);
    let key = Key::from_text(id);
    let write = DeliveryWrite { key, expect, row, attempt: None, claim: None, release: None, queue: None };
    let (scheme, target) = (scheme.to_owned(), target.to_owned());
    let commit = DeliveryCommit { scheme, target, step: Step::Operate, position: None, writes: vec![write] };
    let written = engine.store.commit_deliveries(commit).await.unwrap();
    assert!(matches!(written.as_slice(), [WriteResult::Written(_)]), "{written:?}");
}
