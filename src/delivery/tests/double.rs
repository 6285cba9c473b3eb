//! The target and source of delivery's tests: a connector that plays what it is told.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};

use crate::connector::{
    CallSpec, Connector, Fault, FaultKind, FetchRequest, Finding, Outcome, Outgoing, Page, Probe, SourceCall,
    TargetCall,
};
use crate::document::RawDocument;
use crate::receipt::Receipt;
use crate::scheme::Source;

/// The settle time of its calls.
pub const SETTLE: Duration = Duration::from_secs(30);

/// Fields of the documents; those of [`transitions`](super::transitions) are a sales order's at Kingdee.
const FIELDS: [&str; 13] = [
    "id",
    "no",
    "rev",
    "status",
    "modified",
    "remark",
    "okki",
    "FDocumentStatus",
    "FCancelStatus",
    "FNote",
    "FSaleOrderEntry[].FEntryID",
    "FSaleOrderEntry[].FQty",
    "FSaleOrderEntry[].FTaxPrice",
];

/// The target: plays outcomes and findings, keeps what it was sent and asked. Without a script everything is
/// accepted, and nothing is found.
#[derive(Default)]
pub struct Double {
    pub outcomes: Mutex<VecDeque<Vec<Outcome>>>,
    pub findings: Mutex<VecDeque<Result<Finding, Fault>>>,
    pub sent: Mutex<Vec<(String, Vec<Outgoing>)>>,
    pub asked: Mutex<Vec<Probe>>,
    /// What the source shows of a document asked for by key.
    pub shown: Mutex<VecDeque<Result<Option<Value>, Fault>>>,
    pub keys_asked: Mutex<Vec<Vec<String>>>,
    pub logins: Mutex<u32>,
    /// `FDocumentStatus` of its documents by id: A created, B submitted, C audited, D reopened.
    pub status: Mutex<BTreeMap<String, char>>,
    /// What the next logins are answered.
    pub login_faults: Mutex<VecDeque<Fault>>,
    /// How each question was asked.
    pub asked_by: Mutex<Vec<CallSpec>>,
    /// The account, where it is another one by now.
    pub other_account: Mutex<Option<String>>,
    /// Stands on this machine.
    pub local: bool,
    /// How every request fails while it is down, and how many have.
    pub down: Mutex<Option<FaultKind>>,
    pub turned_away: Mutex<u32>,
    /// What each call lists.
    pub listed: Mutex<BTreeMap<String, Vec<Value>>>,
}

#[async_trait]
impl Connector for Double {
    fn account(&self) -> String {
        self.other_account.lock().unwrap().clone().unwrap_or_else(|| "double".into())
    }

    fn is_loopback(&self) -> bool {
        self.local
    }

    fn source_call(&self, _call: &str) -> Option<SourceCall> {
        Some(SourceCall {
            fields: FIELDS.map(str::to_owned).to_vec(),
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

    /// `save`; `bulk` takes many at once; `put` overwrites by number; `blind` can't be asked; `remove` deletes by id;
    /// `unAudit`, `submit` and `audit` move a document's status.
    fn target_call(&self, call: &str) -> Option<TargetCall> {
        let removes = call == "remove";
        let maps = !removes && !STEPS.contains(&call);
        Some(TargetCall {
            mapped: maps,
            form: false,
            updates: maps,
            overwrites: call == "put",
            refuses_known_number: matches!(call, "save" | "many" | "bulk"),
            probes: call != "blind",
            asks_many: call == "many",
            deletes: removes,
            number: maps.then_some("no"),
            max_batch: if call == "bulk" { 100 } else { 5 },
            settle: |_| SETTLE,
            options: &[],
        })
    }

    fn calls(&self) -> (Vec<&'static str>, Vec<&'static str>) {
        (vec!["list"], vec!["save", "put", "blind", "remove", "unAudit", "submit", "audit"])
    }

    async fn login(&self) -> Result<(), Fault> {
        *self.logins.lock().unwrap() += 1;
        self.up()?;
        self.login_faults.lock().unwrap().pop_front().map_or(Ok(()), Err)
    }

    fn clock_offset(&self) -> Option<i64> {
        Some(0)
    }

    async fn fetch(&self, request: &FetchRequest<'_>) -> Result<Page, Fault> {
        let listed = self.listed.lock().unwrap().get(&request.source.call).cloned().unwrap_or_default();
        let documents = listed.into_iter().map(|document| RawDocument { bytes: document.to_string().into_bytes() });
        Ok(Page { documents: documents.collect(), ..Page::default() })
    }

    async fn fetch_keys(&self, _source: &Source, keys: &[Vec<String>], _by_number: bool) -> Result<Page, Fault> {
        self.keys_asked.lock().unwrap().extend(keys.iter().cloned());
        let shown = self.shown.lock().unwrap().pop_front().unwrap_or(Ok(None))?;
        let documents = shown.map(|document| RawDocument { bytes: document.to_string().into_bytes() });
        Ok(Page { documents: documents.into_iter().collect(), ..Page::default() })
    }

    fn prepare(
        &self,
        _call: &CallSpec,
        payload: &Value,
        _lines: &[(String, Vec<String>)],
        receipt: Option<&Receipt>,
    ) -> Result<String, String> {
        let mut payload = if payload.is_null() { json!({}) } else { payload.clone() };
        if let Some(id) = receipt.and_then(|receipt| receipt.id.clone()) {
            payload["id"] = Value::String(id);
        }
        Ok(payload.to_string())
    }

    async fn send(&self, call: &CallSpec, items: &[Outgoing]) -> Vec<Outcome> {
        if let Err(fault) = self.up() {
            return vec![Outcome::Failed(fault); items.len()];
        }
        self.sent.lock().unwrap().push((call.call.clone(), items.to_vec()));
        let scripted = self.outcomes.lock().unwrap().pop_front();
        let outcomes: Vec<Outcome> = scripted.unwrap_or_else(|| {
            let name = |item: &Outgoing| item.number.clone().or(item.target_id.clone()).unwrap();
            items.iter().map(|item| accepted(&name(item))).collect()
        });
        for (item, outcome) in items.iter().zip(&outcomes) {
            if let Outcome::Accepted { receipt, .. } = outcome {
                self.take_effect(&call.call, item.target_id.as_ref().or(receipt.id.as_ref()).unwrap());
            }
        }
        outcomes
    }

    async fn probe(&self, call: &CallSpec, probes: &[Probe]) -> Result<Vec<Finding>, Fault> {
        self.up()?;
        self.asked_by.lock().unwrap().push(call.clone());
        let mut findings = Vec::new();
        for probe in probes {
            if STEPS.contains(&call.call.as_str()) {
                findings.push(self.state_of(&call.call, probe));
                continue;
            }
            self.asked.lock().unwrap().push(probe.clone());
            findings.push(self.findings.lock().unwrap().pop_front().unwrap_or(Ok(Finding::Absent))?);
        }
        Ok(findings)
    }
}

/// Calls that move a document's status.
const STEPS: [&str; 3] = ["unAudit", "submit", "audit"];

impl Double {
    fn up(&self) -> Result<(), Fault> {
        let Some(kind) = *self.down.lock().unwrap() else { return Ok(()) };
        *self.turned_away.lock().unwrap() += 1;
        Err(Fault::new(kind, "down"))
    }

    /// What a call that was carried out does to a document's status.
    pub fn take_effect(&self, call: &str, id: &str) {
        let mut status = self.status.lock().unwrap();
        match call {
            "unAudit" => _ = status.insert(id.to_owned(), 'D'),
            "submit" => _ = status.insert(id.to_owned(), 'B'),
            "audit" => _ = status.insert(id.to_owned(), 'C'),
            "remove" => _ = status.remove(id),
            _ => _ = status.entry(id.to_owned()).or_insert('A'),
        }
    }

    fn state_of(&self, call: &str, probe: &Probe) -> Finding {
        let status = self.status.lock().unwrap().get(probe.target_id.as_ref().unwrap()).copied();
        let receipt = Receipt { id: probe.target_id.clone(), ..Receipt::default() };
        match (call, status) {
            (_, None) => Finding::Absent,
            ("unAudit", Some('A' | 'B' | 'D')) | ("submit", Some('B' | 'C')) | ("audit", Some('C')) => {
                Finding::Effective { receipt, warnings: Vec::new() }
            }
            _ => Finding::NotEffective { receipt },
        }
    }
}

pub fn receipt(number: &str) -> Receipt {
    Receipt { id: Some(format!("id-{number}")), number: Some(number.to_owned()), ..Receipt::default() }
}

pub fn accepted(number: &str) -> Outcome {
    Outcome::Accepted { receipt: receipt(number), complete: true, warnings: Vec::new() }
}

pub fn failed(kind: FaultKind) -> Outcome {
    Outcome::Failed(Fault::new(kind, format!("{kind:?}")))
}

pub fn effective(number: &str) -> Finding {
    Finding::Effective { receipt: receipt(number), warnings: Vec::new() }
}
