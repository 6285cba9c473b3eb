//! A connector to the scripted system, source and target in one.

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
use deltaferry::engine::{Engine, Surroundings, SystemReady, assemble, check};
use deltaferry::mapping::{Lookups, Tables};
use deltaferry::receipt::Receipt;
use deltaferry::row_version::RowVersion;
use deltaferry::scheme::{Scheme, Source};
use deltaferry::store::Store;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::support::world::{SETTLE, SourceDocument, World, number_of};

/// Documents a page.
const PAGE: usize = 3;

pub struct Scripted {
    pub name: String,
    pub world: Arc<Mutex<World>>,
    pub clock: Arc<dyn Clock>,
    pub zone: Zone,
}

/// An engine over the scripted system `sim`, as a process makes it of a scheme's id and text.
pub fn process(
    scheme: (&str, &str),
    (world, clock): (&Arc<Mutex<World>>, &Arc<dyn Clock>),
    store: Arc<dyn Store>,
    concurrency: usize,
) -> Arc<Engine> {
    process_of(&[scheme], (&[("sim", Arc::clone(world))], clock), store, concurrency)
}

/// A world under a system's name.
pub type Named<'a> = (&'a str, Arc<Mutex<World>>);

/// The same of several schemes over several scripted systems.
pub fn process_of(
    schemes: &[(&str, &str)],
    (worlds, clock): (&[Named<'_>], &Arc<dyn Clock>),
    store: Arc<dyn Store>,
    concurrency: usize,
) -> Arc<Engine> {
    let zone = Zone::named("Asia/Shanghai").unwrap();
    let system = |(name, world): &(&str, Arc<Mutex<World>>)| {
        let connector = Scripted {
            name: (*name).to_owned(),
            world: Arc::clone(world),
            clock: Arc::clone(clock),
            zone: zone.clone(),
        };
        ((*name).to_owned(), SystemReady { connector: Arc::new(connector), settle: None, concurrency })
    };
    let around = Surroundings {
        systems: worlds.iter().map(system).collect::<BTreeMap<_, _>>(),
        tables: Arc::default(),
        lookups: Arc::new(|| Arc::new(Tables::default()) as Arc<dyn Lookups + Send + Sync>),
        zone: zone.clone(),
    };
    let folder = tempfile::tempdir().unwrap();
    let read = |(id, scheme): &(&str, &str)| {
        let file = folder.path().join(format!("{id}.yaml"));
        std::fs::write(&file, scheme).unwrap();
        Scheme::load(&file, &zone).unwrap()
    };
    let (ready, faults) = check(schemes.iter().map(read).collect::<Vec<_>>(), &around);
    assert!(faults.is_empty(), "{faults:?}");
    assemble(ready, store, (Arc::clone(clock), zone), CancellationToken::new())
}

impl Scripted {
    /// The way there or back.
    async fn latency(&self) {
        let wait = {
            let mut world = self.world.lock().unwrap();
            world.slow + Duration::from_millis(world.rng.u64(0..1500))
        };
        self.clock.sleep(wait).await;
        self.world.lock().unwrap().settle(self.clock.now());
    }

    /// A page of the documents that have a place in what is asked for, in its order.
    async fn page<P: Ord>(
        &self,
        place: impl Fn(&SourceDocument) -> Option<P> + Send,
        position: Option<&str>,
    ) -> Result<Page, Fault> {
        self.latency().await;
        let now = self.clock.now();
        let mut world = self.world.lock().unwrap();
        let faults = world.faults;
        if world.chance(faults.read) {
            return Err(Fault::new(FaultKind::Unknown, "the answer was cut"));
        }
        if world.chance(faults.session) {
            return Err(Fault::new(FaultKind::Session, "the session is lost"));
        }
        if world.chance(faults.edit_while_paging) {
            world.edit(now);
        }
        let placed = world.source.iter().filter_map(|(id, document)| Some((place(document)?, *id)));
        let mut inside: Vec<(P, u64)> = placed.collect();
        inside.sort_unstable();
        let page: usize = position.map_or(0, |position| position.parse().unwrap());
        let ids = inside.iter().skip(page * PAGE).take(PAGE).map(|(_, id)| *id);
        let mut documents: Vec<RawDocument> =
            ids.map(|id| RawDocument { bytes: world.shown(id, now, &self.zone) }).collect();
        if world.chance(faults.edit_while_paging) {
            documents.extend(documents.first().cloned());
        }
        let next = (inside.len() > (page + 1) * PAGE).then(|| (page + 1).to_string());
        Ok(Page { documents, next, ..Page::default() })
    }
}

#[async_trait]
impl Connector for Scripted {
    fn account(&self) -> String {
        format!("scripted {}", self.name)
    }

    fn source_call(&self, call: &str) -> Option<SourceCall> {
        (call == "list").then(|| SourceCall {
            fields: ["id", "no", "rev", "modified", "status", "lines[].line", "mark", "ts"].map(str::to_owned).to_vec(),
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
        let saves = call == "save";
        let marks = call == "mark";
        (saves || marks || call == "remove").then(|| TargetCall {
            mapped: saves || marks,
            form: false,
            updates: saves,
            overwrites: false,
            refuses_known_number: saves,
            probes: !marks,
            asks_many: false,
            deletes: call == "remove",
            number: saves.then_some("no"),
            max_batch: 5,
            settle: |_| SETTLE,
            options: &[],
        })
    }

    fn calls(&self) -> (Vec<&'static str>, Vec<&'static str>) {
        (vec!["list"], vec!["save", "remove", "mark"])
    }

    async fn login(&self) -> Result<(), Fault> {
        Ok(())
    }

    fn clock_offset(&self) -> Option<i64> {
        Some(0)
    }

    async fn fetch(&self, request: &FetchRequest<'_>) -> Result<Page, Fault> {
        let window = request.window.unwrap();
        let (begin, end) = (window.begin.whole_seconds(), window.end);
        let place = |row: &SourceDocument| (begin..=end).contains(&row.modified).then_some(row.modified);
        self.page(place, request.position).await
    }

    fn follows(&self, _source: &Source) -> bool {
        self.world.lock().unwrap().versioned
    }

    async fn fetch_rows(&self, _source: &Source, from: &RowVersion, position: Option<&str>) -> Result<Page, Fault> {
        let from: u64 = from.to_string().parse().unwrap();
        self.page(|row: &SourceDocument| (row.ts >= from).then_some(row.ts), position).await
    }

    async fn fetch_keys(&self, _source: &Source, keys: &[Vec<String>], _by_number: bool) -> Result<Page, Fault> {
        self.latency().await;
        let mut world = self.world.lock().unwrap();
        let ids: Vec<u64> = keys.iter().filter_map(|parts| parts.first()?.parse().ok()).collect();
        ids.iter().for_each(|id| world.asked_by_key(*id, self.clock.now()));
        let found = ids.into_iter().filter_map(|id| world.exactly(id, &self.zone));
        Ok(Page { documents: found.map(|bytes| RawDocument { bytes }).collect(), ..Page::default() })
    }

    fn prepare(
        &self,
        call: &CallSpec,
        payload: &Value,
        lines: &[(String, Vec<String>)],
        receipt: Option<&Receipt>,
    ) -> Result<String, String> {
        let id = receipt.and_then(|receipt| receipt.id.clone());
        if call.call == "remove" {
            return Ok(json!({ "id": id.ok_or("no id")? }).to_string());
        }
        let mut payload = payload.clone();
        let Some(id) = id else { return Ok(payload.to_string()) };
        payload["id"] = Value::String(id);
        if call.call == "mark" {
            return Ok(payload.to_string());
        }
        let known = receipt.and_then(|receipt| receipt.lines.get("lines"));
        let keys = lines.iter().flat_map(|(_, keys)| keys);
        for (line, key) in payload["lines"].as_array_mut().unwrap().iter_mut().zip(keys) {
            if let Some(id) = known.and_then(|known| known.get(key)) {
                line["id"] = Value::String(id.clone());
            }
        }
        Ok(payload.to_string())
    }

    async fn send(&self, call: &CallSpec, items: &[Outgoing]) -> Vec<Outcome> {
        let name = |item: &Outgoing| match &item.number {
            Some(number) => number.clone(),
            None => format!("mark {}", item.target_id.as_ref().unwrap()),
        };
        let numbers: Vec<String> = items.iter().map(name).collect();
        let unreachable = {
            let mut world = self.world.lock().unwrap();
            let percent = world.faults.unreachable;
            percent > 0 && world.chance(percent)
        };
        if unreachable {
            return vec![Outcome::Failed(Fault::new(FaultKind::Unreachable, "connection refused")); items.len()];
        }
        for (number, item) in numbers.iter().zip(items) {
            let mut world = self.world.lock().unwrap();
            world.begins(number);
            if call.call == "mark" {
                world.begins_mark(&serde_json::from_str(&item.payload).unwrap());
            }
        }
        self.latency().await;
        let outcomes: Vec<Outcome> = {
            let mut world = self.world.lock().unwrap();
            let faults = world.faults;
            let refusals = [(faults.throttled, FaultKind::Throttled), (faults.session, FaultKind::Session)];
            match refusals.into_iter().find(|(percent, _)| world.chance(*percent)) {
                Some((_, kind)) => vec![Outcome::Failed(Fault::new(kind, "before anything ran")); items.len()],
                None => items.iter().map(|item| one(&mut world, &call.call, item, self.clock.now())).collect(),
            }
        };
        // The effects are there; a process that dies now has no answer.
        self.latency().await;
        if self.world.lock().unwrap().drops() {
            return vec![Outcome::Failed(Fault::new(FaultKind::Unknown, "the answer was dropped")); items.len()];
        }
        for (number, outcome) in numbers.iter().zip(&outcomes) {
            let known = |fault: &Fault| !matches!(fault.kind, FaultKind::Unknown | FaultKind::Exists);
            if matches!(outcome, Outcome::Accepted { .. }) || matches!(outcome, Outcome::Failed(f) if known(f)) {
                self.world.lock().unwrap().ends(number);
            }
        }
        outcomes
    }

    async fn probe(&self, call: &CallSpec, probes: &[Probe]) -> Result<Vec<Finding>, Fault> {
        self.latency().await;
        let mut world = self.world.lock().unwrap();
        let faults = world.faults;
        if world.drops() || world.chance(faults.read) {
            return Err(Fault::new(FaultKind::Unknown, "no answer"));
        }
        let findings: Vec<Finding> = probes.iter().map(|probe| found(&world, &call.call, probe)).collect();
        for (probe, finding) in probes.iter().zip(&findings) {
            let effective = matches!(finding, Finding::Effective { .. });
            world.asked(probe.number.as_deref().unwrap(), effective, self.clock.now());
        }
        Ok(findings)
    }
}

fn one(world: &mut World, call: &str, item: &Outgoing, now: Time) -> Outcome {
    let failed = |kind, words: &str| Outcome::Failed(Fault::new(kind, words));
    let faults = world.faults;
    if world.chance(faults.transient) {
        return failed(FaultKind::Transient, "edit lock");
    }
    if world.chance(faults.permanent) {
        return failed(FaultKind::Permanent, "refused");
    }
    if world.chance(faults.unknown_before) {
        return failed(FaultKind::Unknown, "reset");
    }
    let payload: Value = serde_json::from_str(&item.payload).unwrap();
    if world.chance(faults.unknown_late) {
        world.carry_out_late(call, payload, now);
        return failed(FaultKind::Unknown, "no answer, and it goes on");
    }
    let result = world.carry_out(call, &payload, now);
    if world.chance(faults.unknown_after) {
        return failed(FaultKind::Unknown, "the answer was lost");
    }
    match result {
        Ok(mut receipt) => {
            let complete = call != "save" || !world.chance(faults.no_line_ids);
            if !complete {
                receipt.lines.clear();
            }
            Outcome::Accepted { receipt, complete, warnings: Vec::new() }
        }
        Err(fault) => Outcome::Failed(fault),
    }
}

/// What stands under a number. Everything there is ours, but only what was sent before can be known as ours.
fn found(world: &World, call: &str, probe: &Probe) -> Finding {
    let number = probe.number.clone().unwrap();
    let document = world.target.get(&number);
    if call == "remove" {
        let id = probe.target_id.as_deref().unwrap();
        return match document.filter(|document| document.id.to_string() == id) {
            Some(_) => Finding::NotEffective { receipt: world.receipt(&number) },
            None => Finding::Effective { receipt: Receipt::default(), warnings: Vec::new() },
        };
    }
    let Some(document) = document else { return Finding::Absent };
    let mut receipt = world.receipt(&number);
    if probe.target_id.is_none() && probe.first_attempt.is_none() {
        return Finding::Foreign { why: "it was there before we first sent".into(), receipt };
    }
    let Some(attempted) = &probe.attempted else {
        receipt.lines.clear();
        return Finding::NotEffective { receipt };
    };
    let payload: Value = serde_json::from_str(&attempted.payload).unwrap();
    let same = number_of(&payload["rev"]) == document.revision;
    match payload.get("id") {
        // A create is proved by existence; what differs is said.
        None => {
            let warnings = if same { Vec::new() } else { vec!["`rev` differs".to_owned()] };
            Finding::Effective { receipt, warnings }
        }
        Some(_) if same => Finding::Effective { receipt, warnings: Vec::new() },
        Some(_) => Finding::NotEffective { receipt },
    }
}
