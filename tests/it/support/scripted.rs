//! A scripted system, source and target in one, whose faults come from a seed: the judge of the simulation.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use deltaferry::clock::{Clock, Time, Zone};
use deltaferry::connector::{
    CallSpec, Connector, Fault, FaultKind, FetchRequest, Finding, Outcome, Outgoing, Page, Probe, SourceCall,
    TargetCall,
};
use deltaferry::document::RawDocument;
use deltaferry::receipt::Receipt;
use deltaferry::scheme::Source;
use fastrand::Rng;
use serde_json::{Value, json};

/// A document at the source.
#[derive(Debug, Clone)]
pub struct SourceDocument {
    pub revision: u64,
    pub modified: Time,
    pub status: &'static str,
}

/// A document at the target.
#[derive(Debug, Clone)]
pub struct TargetDocument {
    pub id: u64,
    pub revision: u64,
    pub creates: u32,
    pub revisions: Vec<u64>,
}

/// Shares of faults, in percent.
#[derive(Debug, Clone, Copy)]
pub struct Faults {
    pub read: u32,
    pub unknown_after: u32,
    pub unknown_before: u32,
    pub transient: u32,
    pub throttled: u32,
    pub session: u32,
    pub permanent: u32,
    pub edit_while_paging: u32,
}

impl Faults {
    pub const NONE: Self = Self {
        read: 0,
        unknown_after: 0,
        unknown_before: 0,
        transient: 0,
        throttled: 0,
        session: 0,
        permanent: 0,
        edit_while_paging: 0,
    };
    pub const MANY: Self = Self {
        read: 10,
        unknown_after: 8,
        unknown_before: 8,
        transient: 6,
        throttled: 4,
        session: 4,
        permanent: 2,
        edit_while_paging: 10,
    };
}

pub struct World {
    pub source: BTreeMap<u64, SourceDocument>,
    pub target: BTreeMap<String, TargetDocument>,
    pub faults: Faults,
    pub rng: Rng,
    pub sends: u64,
    next_id: u64,
}

impl World {
    pub fn new(seed: u64) -> Self {
        Self {
            source: BTreeMap::new(),
            target: BTreeMap::new(),
            faults: Faults::MANY,
            rng: Rng::with_seed(seed),
            sends: 0,
            next_id: 9000,
        }
    }

    /// Creates or edits a random document.
    pub fn edit(&mut self, now: Time) {
        let id = self.rng.u64(0..60);
        let status = if self.rng.u8(0..10) == 0 { "draft" } else { "ok" };
        let document = self.source.entry(id).or_insert(SourceDocument { revision: 0, modified: now, status });
        document.revision += 1;
        document.modified = now.whole_seconds();
        // A document once approved stays so: what was told is then always the newest approved state.
        if document.status == "draft" {
            document.status = status;
        }
    }

    fn chance(&mut self, percent: u32) -> bool {
        self.rng.u32(0..100) < percent
    }

    fn save(&mut self, payload: &Value) -> Result<Receipt, Fault> {
        let number = payload["no"].as_str().unwrap().to_owned();
        let revision: u64 = payload["rev"].to_string().parse().unwrap();
        let id = payload.get("id").map(|id| id.as_str().unwrap().parse::<u64>().unwrap());
        match (self.target.get_mut(&number), id) {
            (Some(_), None) => return Err(Fault::new(FaultKind::Exists, "the number is taken")),
            (None, Some(_)) => return Err(Fault::new(FaultKind::Permanent, "there is no such id")),
            (Some(document), Some(id)) => {
                assert_eq!(document.id, id, "an update names another document");
                document.revision = revision;
                document.revisions.push(revision);
            }
            (None, None) => {
                self.next_id += 1;
                let document = TargetDocument { id: self.next_id, revision, creates: 1, revisions: vec![revision] };
                self.target.insert(number.clone(), document);
            }
        }
        Ok(self.receipt(&number))
    }

    fn receipt(&self, number: &str) -> Receipt {
        let id = self.target.get(number).map(|document| document.id.to_string());
        Receipt { id, number: Some(number.to_owned()), lines: BTreeMap::new() }
    }

    fn printed(&self, id: u64, zone: &Zone) -> Vec<u8> {
        let document = &self.source[&id];
        let (revision, modified) = (document.revision, zone.print(document.modified));
        json!({ "id": id, "no": format!("N{id}"), "rev": revision, "modified": modified, "status": document.status })
            .to_string()
            .into_bytes()
    }
}

pub struct Scripted {
    pub world: Arc<Mutex<World>>,
    pub clock: Arc<dyn Clock>,
    pub zone: Zone,
}

impl Scripted {
    async fn latency(&self) {
        let millis = self.world.lock().unwrap().rng.u64(0..1500);
        self.clock.sleep(Duration::from_millis(millis)).await;
    }
}

#[async_trait]
impl Connector for Scripted {
    fn account(&self) -> String {
        "scripted".into()
    }

    fn source_call(&self, call: &str) -> Option<SourceCall> {
        (call == "list").then(|| SourceCall {
            fields: ["id", "no", "rev", "modified", "status"].map(str::to_owned).to_vec(),
            params: Vec::new(),
            max_page: 3,
            max_window: None,
            windows: true,
            resumable: false,
            shifts: true,
            by_key: 10,
            numeric: Vec::new(),
            grain: Duration::from_secs(1),
        })
    }

    fn target_call(&self, call: &str) -> Option<TargetCall> {
        (call == "save").then(|| TargetCall {
            mapped: true,
            updates: true,
            overwrites: false,
            probes: true,
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

    async fn fetch(&self, request: &FetchRequest<'_>) -> Result<Page, Fault> {
        self.latency().await;
        let mut world = self.world.lock().unwrap();
        let faults = world.faults;
        if world.chance(faults.read) {
            return Err(Fault::new(FaultKind::Unknown, "the answer was cut"));
        }
        if world.chance(faults.session) {
            return Err(Fault::new(FaultKind::Session, "the session is lost"));
        }
        if world.chance(faults.edit_while_paging) {
            world.edit(self.clock.now());
        }
        let window = request.window.unwrap();
        let mut inside: Vec<(Time, u64)> = world
            .source
            .iter()
            .filter(|(_, document)| {
                document.modified >= window.begin.whole_seconds() && document.modified <= window.end
            })
            .map(|(id, document)| (document.modified, *id))
            .collect();
        inside.sort_unstable();
        let page: usize = request.position.map_or(0, |position| position.parse().unwrap());
        let rows = inside.iter().skip(page * 3).take(3);
        let documents = rows.map(|(_, id)| RawDocument { bytes: world.printed(*id, &self.zone) }).collect();
        let next = (inside.len() > (page + 1) * 3).then(|| (page + 1).to_string());
        Ok(Page { documents, next, total: None })
    }

    async fn fetch_keys(&self, _source: &Source, keys: &[Vec<String>], _by_number: bool) -> Result<Page, Fault> {
        self.latency().await;
        let world = self.world.lock().unwrap();
        let ids = keys.iter().filter_map(|parts| parts.first()?.parse::<u64>().ok());
        let known = ids.filter(|id| world.source.contains_key(id));
        let documents = known.map(|id| RawDocument { bytes: world.printed(id, &self.zone) }).collect();
        Ok(Page { documents, next: None, total: None })
    }

    fn prepare(
        &self,
        _call: &CallSpec,
        payload: &Value,
        _lines: &[(String, Vec<String>)],
        receipt: Option<&Receipt>,
    ) -> Result<String, String> {
        let mut payload = payload.clone();
        if let Some(id) = receipt.and_then(|receipt| receipt.id.clone()) {
            payload["id"] = Value::String(id);
        }
        Ok(payload.to_string())
    }

    async fn send(&self, _call: &CallSpec, items: &[Outgoing]) -> Vec<Outcome> {
        self.latency().await;
        let outcomes: Vec<Outcome> = {
            let mut world = self.world.lock().unwrap();
            world.sends += 1;
            let faults = world.faults;
            for (percent, kind) in [(faults.throttled, FaultKind::Throttled), (faults.session, FaultKind::Session)] {
                if world.chance(percent) {
                    return vec![Outcome::Failed(Fault::new(kind, "before anything ran")); items.len()];
                }
            }
            items
                .iter()
                .map(|item| {
                    if world.chance(faults.transient) {
                        return Outcome::Failed(Fault::new(FaultKind::Transient, "edit lock"));
                    }
                    if world.chance(faults.permanent) {
                        return Outcome::Failed(Fault::new(FaultKind::Permanent, "refused"));
                    }
                    if world.chance(faults.unknown_before) {
                        return Outcome::Failed(Fault::new(FaultKind::Unknown, "reset"));
                    }
                    let payload: Value = serde_json::from_str(&item.payload).unwrap();
                    let result = world.save(&payload);
                    if world.chance(faults.unknown_after) {
                        return Outcome::Failed(Fault::new(FaultKind::Unknown, "the answer was lost"));
                    }
                    match result {
                        Ok(receipt) => Outcome::Accepted { receipt, complete: true },
                        Err(fault) => Outcome::Failed(fault),
                    }
                })
                .collect()
        };
        // The effect is there; a process that dies now has no answer.
        self.latency().await;
        outcomes
    }

    async fn probe(&self, _call: &CallSpec, probes: &[Probe]) -> Result<Vec<Finding>, Fault> {
        self.latency().await;
        let mut world = self.world.lock().unwrap();
        let faults = world.faults;
        if world.chance(faults.read) {
            return Err(Fault::new(FaultKind::Unknown, "no answer"));
        }
        let finding = |probe: &Probe| {
            let number = probe.number.clone().unwrap();
            let Some(document) = world.target.get(&number) else { return Finding::Absent };
            let receipt = world.receipt(&number);
            let Some(attempted) = &probe.attempted else { return Finding::Effective { receipt, warnings: Vec::new() } };
            let payload: Value = serde_json::from_str(&attempted.payload).unwrap();
            if payload.get("id").is_none() || payload["rev"].to_string() == document.revision.to_string() {
                Finding::Effective { receipt, warnings: Vec::new() }
            } else {
                Finding::NotEffective { receipt }
            }
        };
        Ok(probes.iter().map(finding).collect())
    }
}
