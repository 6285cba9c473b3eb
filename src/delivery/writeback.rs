//! Write-backs (回写): what a target answered goes into the source document. Made due by the transaction that settles
//! the target's delivery; addressed by the source key, asked about by reading the written fields (rule 22,
//! interface.md section 4).

use serde_json::Value;

use crate::clock::Time;
use crate::connector::{Fault, FaultKind, Finding, Look, is_same};
use crate::delivery::classify::{Policy, policy};
use crate::delivery::decide::Decider;
use crate::delivery::judge::{Verdict, judge};
use crate::delivery::ready::{Item, Ready};
use crate::delivery::send::not_run;
use crate::delivery::target::{CallPlan, TargetPlan};
use crate::delivery::worker::{Worker, write_of};
use crate::diff::{Paths, at, extract, put};
use crate::document::Head;
use crate::name::Key;
use crate::query::{Root, Step};
use crate::reason::{Code, Reason, State};
use crate::receipt::Receipt;
use crate::scheme::{Source, Written};
use crate::store::{Attempt, Delivery, Queued, StoreError, TargetAnswer};

/// What makes a target a write-back.
#[derive(Debug, Clone)]
pub struct WritesBack {
    /// The target whose receipts it tells.
    pub of: String,
    /// Where its documents come from and go to.
    pub source: Source,
    /// Where their identity lies.
    pub paths: Paths,
    /// The fields it writes.
    pub written: Vec<Written>,
}

impl TargetPlan {
    /// What becomes due when a document is settled as delivered: its write-back, if the target has one and the
    /// document stands there.
    pub fn queues(&self, row: &Delivery, now: Time) -> Option<Queued> {
        let told = row.base.as_ref().filter(|base| base.told && row.receipt.is_some() && !row.is_stepping())?;
        Some(Queued { target: self.writeback.as_ref()?.target.clone(), version: told.version, at: now })
    }
}

impl Worker {
    /// What is to be done with a write-back that is due: the document in the version that was accepted is mapped,
    /// and sent unless the source document holds the values already.
    pub(super) fn ready_back(&self, back: &WritesBack, key: &Key, mut row: Delivery) -> Result<Ready, StoreError> {
        row.version = row.newest;
        let told = self.store.delivery(&self.plan.scheme, &back.of, key)?;
        let Some(receipt) = told.and_then(|told| told.receipt) else {
            let call = self.plan.main().map_or("", |call| &call.spec.call).to_owned();
            return Ok(self.moved(key, row, State::Skipped, Reason::new(Code::NeverSent, [("call", call)]), None));
        };
        let decider = self.decider(&TargetAnswer::Adopt);
        let head = self.store.heads(&self.plan.scheme, std::slice::from_ref(key))?.into_iter().flatten().next();
        let newest = match &head {
            Some(head) => decider.document(key, head.version)?,
            None => None,
        };
        let (Some(head), Some(newest), Some(document)) = (head, newest, decider.document(key, row.version)?) else {
            return Ok(self.moved(key, row, State::Skipped, Reason::new(Code::Gone, []), None));
        };
        let before = decider.base_document(key, row.base.as_ref())?;
        match judge(&self.plan, before.as_ref(), Some(&document), Some(&receipt)) {
            Verdict::Tell(index) => self.composed_back(back, key, row, index, (&document, &receipt), (&head, &newest)),
            Verdict::Skip => Ok(skipped(&decider, key, row, &document)),
            Verdict::Fault(why) => {
                let reason = Reason::new(Code::Mapping, [("path", "when".into()), ("why", why)]);
                Ok(self.moved(key, row, State::Rejected, reason, None))
            }
        }
    }

    fn composed_back(
        &self,
        back: &WritesBack,
        key: &Key,
        row: Delivery,
        index: usize,
        (document, receipt): (&Value, &Receipt),
        (head, newest): (&Head, &Value),
    ) -> Result<Ready, StoreError> {
        let Some(call) = self.plan.calls.get(index) else { return Ok(Ready::Nothing) };
        if receipt.id.is_none() && reads_id(call) {
            let why = "the target told no id of the document; `deliveries resolve` with `--id` gives one".to_owned();
            let reason = Reason::new(Code::Mapping, [("path", "$receipt.id".to_owned()), ("why", why)]);
            return Ok(self.moved(key, row, State::Rejected, reason, None));
        }
        let own = Receipt { id: (back.paths.key.len() == 1).then(|| key.to_string()), ..Receipt::default() };
        let composed = match self.compose(call, Some(document), Some(receipt), Some(&own))? {
            Ok(composed) => composed,
            Err(stop) => return Ok(Ready::Write(Box::new(self.stopped(key, row, stop)))),
        };
        let payload: Value = serde_json::from_str(&composed.outgoing.payload).unwrap_or_default();
        let holds = call.mapping.is_some() && self.holds(&back.written, &payload, newest);
        if !row.replay && (holds || self.is_written(key, &row, &composed.payload_hash, head)?) {
            return Ok(self.moved(key, row, State::Skipped, Reason::new(Code::Held, []), None));
        }
        let version = row.version;
        Ok(Ready::Send(
            index,
            Box::new(Item { key: key.clone(), row, version, composed, to_send: true, look: Look::Outcome }),
        ))
    }

    /// Whether a document shows every value of a payload in the field it was written to.
    fn holds(&self, written: &[Written], payload: &Value, document: &Value) -> bool {
        let sent = written.iter().filter_map(|field| Some((field, at(payload, &field.payload)?)));
        sent.into_iter().all(|(field, sent)| {
            let read = at(document, &field.document).unwrap_or(&Value::Null);
            self.plan.connector.is_same(sent, read)
        })
    }

    /// Whether exactly this was written last, and the snapshot was read before: then it only can't show it yet.
    fn is_written(&self, key: &Key, row: &Delivery, payload_hash: &str, head: &Head) -> Result<bool, StoreError> {
        let Some(base) = row.base.as_ref().filter(|base| base.payload_hash.as_deref() == Some(payload_hash)) else {
            return Ok(false);
        };
        let Some(n) = base.attempt.filter(|n| *n == row.attempts) else { return Ok(false) };
        let read_at = head.read_at.unwrap_or(head.captured_at);
        let attempt = self.attempt(key, n)?;
        Ok(attempt.and_then(|attempt| attempt.answered).is_some_and(|answered| answered > read_at))
    }

    /// Reads documents in doubt by key: the attempt took effect where all written fields show what it sent. None
    /// where the source gave no answer.
    pub(super) async fn read_back(
        &self,
        back: &WritesBack,
        doubts: &[(Key, Delivery, Attempt)],
    ) -> Result<Vec<Result<Finding, Fault>>, StoreError> {
        let mut findings = Vec::with_capacity(doubts.len());
        for (key, _, attempt) in doubts {
            if self.held_for().is_some() {
                let words = "it did not answer before, and is left alone for now";
                findings.push(Err(Fault::new(FaultKind::Unreachable, words)));
                continue;
            }
            match self.read_renewing(back, key).await {
                Ok(document) => {
                    self.note_answered_question();
                    findings.push(Ok(self.finding(back, attempt, document.as_ref())));
                }
                Err(fault) => {
                    tracing::warn!(scheme = %self.plan.scheme, target = %self.plan.name, %key, words = %fault.words, "the source could not be asked");
                    self.note_unasked(std::slice::from_ref(key), &fault).await?;
                    findings.push(Err(fault));
                }
            }
        }
        Ok(findings)
    }

    fn finding(&self, back: &WritesBack, attempt: &Attempt, document: Option<&Value>) -> Finding {
        let payload: Value = serde_json::from_str(&attempt.payload).unwrap_or_default();
        let receipt = Receipt::default();
        match document {
            None => Finding::Absent,
            Some(document) if self.holds(&back.written, &payload, document) => {
                Finding::Effective { receipt, warnings: Vec::new() }
            }
            Some(_) => Finding::NotEffective { receipt },
        }
    }

    /// The source document of a key, read now; a lost session is renewed once.
    async fn read_renewing(&self, back: &WritesBack, key: &Key) -> Result<Option<Value>, Fault> {
        let parts = key.parts(back.paths.key.len()).unwrap_or_default();
        let keys = [parts.into_iter().map(str::to_owned).collect()];
        let connector = &self.plan.connector;
        let mut page = connector.fetch_keys(&back.source, &keys, false).await;
        if page.as_ref().is_err_and(|fault| policy(fault.kind) == Policy::Renew) {
            connector.login().await.map_err(|fault| not_run(&fault))?;
            page = connector.fetch_keys(&back.source, &keys, false).await;
        }
        let is_it = |bytes: &[u8]| extract(bytes, &back.paths).is_ok_and(|identity| identity.key == *key);
        let found = page?.documents.into_iter().find(|document| is_it(&document.bytes));
        Ok(found.and_then(|document| serde_json::from_slice(&document.bytes).ok()))
    }
}

impl Decider<'_> {
    /// The base as conditions compare it with a version: where that shows what was written back, so does the base,
    /// for what a write-back changes is no change (rule 22).
    pub fn with_echo(
        &self,
        key: &Key,
        base: Option<&Value>,
        after: Option<&Value>,
    ) -> Result<Option<Value>, StoreError> {
        let (Some(mut base), Some(after)) = (base.cloned(), after) else { return Ok(base.cloned()) };
        let Some(back) = self.plan.writeback.as_ref().filter(|_| self.plan.uses_changed) else { return Ok(Some(base)) };
        let attempts = match self.store.attempts(&self.plan.scheme, &back.target, key) {
            // What was written back is not known any more: then it shows as a change.
            Err(StoreError::Damaged { .. }) => Vec::new(),
            read => read?,
        };
        let payloads: Vec<Value> = attempts.iter().filter_map(|a| serde_json::from_str(&a.payload).ok()).collect();
        for field in &back.written {
            let shown = at(after, &field.document);
            let sent = |payload: &Value| {
                at(payload, &field.payload).is_some_and(|sent| shown.is_some_and(|shown| is_same(sent, shown)))
            };
            if payloads.iter().any(sent) {
                put(&mut base, &field.document, shown.cloned());
            }
        }
        Ok(Some(base))
    }
}

/// No condition of the write-back accepts the version.
fn skipped(decider: &Decider<'_>, key: &Key, mut row: Delivery, document: &Value) -> Ready {
    row.replay = false;
    decider.skip(&mut row, Some(document));
    Ready::Write(Box::new(write_of(key, row, None)))
}

/// Whether a call's mapping reads the id in the receipt.
fn reads_id(call: &CallPlan) -> bool {
    call.mapping.iter().flat_map(|mapping| mapping.queries()).any(|read| {
        let first = read.query.steps().into_iter().next();
        read.query.root() == Root::Receipt && matches!(first, Some(Step::Name(name)) if name == "id")
    })
}
