//! What a due document turns out to be: to be sent, found before its send, asked about, or only written. Documents
//! are judged and mapped in their newest version here.

use serde_json::Value;

use crate::clock::Time;
use crate::connector::Look;
use crate::delivery::compose::Composed;
use crate::delivery::decide::Decider;
use crate::delivery::judge::{Verdict, judge};
use crate::delivery::settle::{self, set};
use crate::delivery::steps::StepItem;
use crate::delivery::target::{CallPlan, plain_number};
use crate::delivery::worker::{Worker, write_of};
use crate::name::Key;
use crate::reason::{Code, Reason, State};
use crate::store::{Attempt, Base, Delivery, DeliveryWrite, Settling, StoreError, TargetAnswer};

/// How long a document that can't be read, or whose number another owns, is left before it is looked at again.
pub(super) const LOOK_AGAIN: std::time::Duration = std::time::Duration::from_secs(300);

/// One document ready for a request.
#[derive(Debug)]
pub struct Item {
    pub key: Key,
    pub row: Delivery,
    pub version: u64,
    pub composed: Composed,
    /// What is composed is what to send; otherwise it only names the document that is looked for.
    pub to_send: bool,
    /// What is to be known of it before it is sent.
    pub look: Look,
}

/// A document and an attempt that was made for it.
pub type Made = (Key, Delivery, Attempt);

/// What a due document turns out to be.
pub(super) enum Ready {
    Send(usize, Box<Item>),
    Find(usize, Box<Item>),
    Step(Box<StepItem>),
    StepDoubt(Box<Made>),
    Doubt(Box<CallPlan>, Box<Made>),
    ReadBack(Box<CallPlan>, Box<Made>),
    Write(Box<DeliveryWrite>),
    Nothing,
}

impl Worker {
    /// What is to be done with a due document now.
    pub(super) fn ready(&self, key: &Key) -> Result<Ready, StoreError> {
        let Some(mut row) = self.row(key)? else { return Ok(Ready::Nothing) };
        row.parked.clear();
        match row.state {
            State::InFlight => return Ok(Ready::Nothing),
            State::InDoubt => return self.ready_doubt(key, row),
            _ if row.is_stepping() => return self.next_step(key, row),
            State::Delivered | State::Skipped if row.read_back => return self.ready_read_back(key, row),
            _ => {}
        }
        if row.version < row.newest && self.plan.back.is_none() {
            return self.decided(key, row);
        }
        if let Some(later) = self.put_off(key, &row) {
            return Ok(later);
        }
        if let Some(record) = self.store.quarantine(&self.plan.scheme, key)? {
            let reason = Reason::new(Code::Quarantined, [("why", record.why)]);
            return Ok(self.moved(key, row, State::Rejected, reason, Some(self.now().plus(LOOK_AGAIN))));
        }
        let ready = match &self.plan.back {
            Some(back) => self.ready_back(back, key, row.clone()),
            None => self.ready_to_tell(key, row.clone()),
        };
        match ready {
            Err(StoreError::Damaged { table, key: place }) => {
                let why = format!("a stored version is damaged ({table} {place})");
                let reason = Reason::new(Code::Quarantined, [("why", why)]);
                Ok(self.moved(key, row, State::Rejected, reason, Some(self.now().plus(LOOK_AGAIN))))
            }
            other => other,
        }
    }

    /// The newest version, judged from the base.
    fn ready_to_tell(&self, key: &Key, row: Delivery) -> Result<Ready, StoreError> {
        let (before, after) = self.decider(&TargetAnswer::Adopt).change(key, &row, row.version)?;
        self.judged(key, row, before.as_ref(), after.as_ref())
    }

    fn judged(
        &self,
        key: &Key,
        mut row: Delivery,
        before: Option<&Value>,
        after: Option<&Value>,
    ) -> Result<Ready, StoreError> {
        match judge(&self.plan, before, after, row.receipt.as_ref()) {
            Verdict::Tell(call) => self.composed(key, row, call, after),
            Verdict::Skip => match self.call_again(key, &row, row.version, after)? {
                Some(call) => self.composed(key, row, call, after),
                None => {
                    row.replay = false;
                    self.decider(&TargetAnswer::Adopt).skip(&mut row, after);
                    Ok(Ready::Write(Box::new(write_of(key, row, None))))
                }
            },
            Verdict::Fault(why) => {
                let reason = Reason::new(Code::Mapping, [("path", "when".into()), ("why", why)]);
                Ok(self.moved(key, row, State::Rejected, reason, None))
            }
        }
    }

    /// The call of what is told again although no condition accepts it as a step from the base: where the target was
    /// told this very version, the one it was told by; of a replay also the one that takes the newest state by itself,
    /// which comes first where nothing of ours stands there.
    pub(super) fn call_again(
        &self,
        key: &Key,
        row: &Delivery,
        version: u64,
        after: Option<&Value>,
    ) -> Result<Option<usize>, StoreError> {
        // After a restore it is compared with what is there, by the call that told it.
        if !row.replay && row.unsure.is_none() {
            return Ok(None);
        }
        let by_itself = || match judge(&self.plan, None, after, row.receipt.as_ref()) {
            Verdict::Tell(call) if row.replay => Some(call),
            _ => None,
        };
        let told_by = self.told_by(key, row, version, after)?;
        Ok(if row.receipt.is_some() { told_by.or_else(by_itself) } else { by_itself().or(told_by) })
    }

    /// The call by which the target was told this version.
    fn told_by(
        &self,
        key: &Key,
        row: &Delivery,
        version: u64,
        after: Option<&Value>,
    ) -> Result<Option<usize>, StoreError> {
        let Some(base) = row.base.as_ref().filter(|base| base.told && base.version == version) else {
            return Ok(None);
        };
        let told_hash = match &base.payload_hash {
            Some(hash) => Some(hash.clone()),
            // What it holds is not known any more; what it was told is.
            None => {
                let attempts = self.attempts_here(key, row)?;
                let is_it = |attempt: &&Attempt| {
                    let accepted = matches!(attempt.outcome.as_deref(), Some("accepted" | "adopted"));
                    accepted && attempt.version == version && Some(&attempt.call) == base.call.as_ref()
                };
                attempts.iter().rfind(is_it).map(|attempt| attempt.payload_hash.clone())
            }
        };
        let named = |(index, call): (usize, &CallPlan)| (Some(&call.spec.call) == base.call.as_ref()).then_some(index);
        let named: Vec<usize> = self.plan.calls.iter().enumerate().filter_map(named).collect();
        // An operation may make the target's own call with another mapping: what it was told says which it was.
        for index in &named {
            let Some(call) = self.plan.calls.get(*index) else { continue };
            let composed = self.compose(call, after, row.receipt.as_ref(), row.receipt.as_ref())?;
            if composed.is_ok_and(|composed| Some(composed.payload_hash) == told_hash) {
                return Ok(Some(*index));
            }
        }
        Ok(named.last().copied())
    }

    pub(super) fn decider<'a>(&'a self, answer: &'a TargetAnswer) -> Decider<'a> {
        Decider { plan: &self.plan, store: &*self.store, answer, now: self.now() }
    }

    /// Versions planned while an attempt was open are decided now, in order.
    fn decided(&self, key: &Key, row: Delivery) -> Result<Ready, StoreError> {
        let state = self.store.target(&self.plan.scheme, &self.plan.name)?;
        let Some(answer) = state.and_then(|state| state.answer) else { return Ok(Ready::Nothing) };
        let row = self.decider(&answer).decide(key, row)?;
        Ok(Ready::Write(Box::new(write_of(key, row, None))))
    }

    fn composed(&self, key: &Key, mut row: Delivery, index: usize, after: Option<&Value>) -> Result<Ready, StoreError> {
        let Some(call) = self.plan.calls.get(index) else { return Ok(Ready::Nothing) };
        let has_id = row.receipt.as_ref().is_some_and(|receipt| receipt.id.is_some());
        if !call.call.mapped && !has_id {
            return self.without_receipt(key, row, index, after);
        }
        let receipt = row.receipt.as_ref();
        let composed = match self.compose(call, after, receipt, receipt)? {
            Ok(composed) => composed,
            Err(stop) => return Ok(Ready::Write(Box::new(self.stopped(key, row, stop)))),
        };
        let known = row.receipt.as_ref().and_then(|receipt| receipt.number.clone());
        if let (Some(known), Some(number)) = (&known, &composed.outgoing.number)
            && plain_number(known) != plain_number(number)
        {
            let why = format!("the document's number is now `{number}`, and a delivered document is never renumbered");
            settle::conflict(&mut row, known, &why, self.now());
            return Ok(Ready::Write(Box::new(write_of(key, row, None))));
        }
        if self.is_told(&row, &call.spec.call, &composed.payload_hash) {
            let version = row.version;
            if let Some(base) = &mut row.base {
                base.version = version;
            }
            if let Some(differs) = self.differs_since_adopted(key, &row)? {
                return Ok(self.moved(key, row, State::Delivered, differs, None));
            }
            let reason = Reason::new(Code::SamePayload, [("version", version.to_string())]);
            let due = self.decider(&TargetAnswer::Adopt).read_back_due(&row);
            return Ok(self.moved(key, row, State::Skipped, reason, due));
        }
        let version = row.version;
        let look = self.look(&row)?;
        let must_find = look != Look::Outcome || row.probe_first || (call.call.overwrites && row.receipt.is_none());
        let item = Box::new(Item { key: key.clone(), row, version, composed, to_send: true, look });
        Ok(if must_find { Ready::Find(index, item) } else { self.first_step(index, item) })
    }

    /// A call that addresses the target's document, and no receipt that names it: found by number where it may be
    /// there (rule 7), else never sent.
    fn without_receipt(
        &self,
        key: &Key,
        mut row: Delivery,
        index: usize,
        after: Option<&Value>,
    ) -> Result<Ready, StoreError> {
        let call = self.plan.calls.get(index).map_or("", |call| &call.spec.call).to_owned();
        let version = row.version;
        let is_known = !row.probe_first && row.unsure.is_none();
        let told = |base: &&mut Base| is_known && base.told && base.call.as_ref() == Some(&call);
        if let Some(base) = row.base.as_mut().filter(told) {
            // Told before, by this call: it is done already (rule 28).
            base.version = version;
            row.replay = false;
            let reason = Reason::new(Code::SamePayload, [("version", version.to_string())]);
            return Ok(self.moved(key, row, State::Skipped, reason, None));
        }
        let look = self.look(&row)?;
        // One that is gone from the source is looked for as it was last known.
        let last_known = match after {
            Some(_) => None,
            None => {
                let decider = self.decider(&TargetAnswer::Adopt);
                let base = decider.base_document(key, row.base.as_ref())?;
                decider.last_known(key, &row, version, base.as_ref(), None)?.or(base)
            }
        };
        if (row.probe_first || look != Look::Outcome)
            && let Some(known) = after.or(last_known.as_ref())
            && let Some(main) = self.plan.main()
            && main.mapping.is_some()
        {
            let last = self.plan.calls.len() - 1;
            let receipt = row.receipt.as_ref();
            return Ok(match self.compose(main, Some(known), receipt, receipt)? {
                Ok(composed) => {
                    Ready::Find(last, Box::new(Item { key: key.clone(), row, version, composed, to_send: false, look }))
                }
                Err(stop) => Ready::Write(Box::new(self.stopped(key, row, stop))),
            });
        }
        Ok(self.moved(key, row, State::Skipped, Reason::new(Code::NeverSent, [("call", call)]), None))
    }

    /// Whether the target was told exactly this before (rule 28).
    fn is_told(&self, row: &Delivery, call: &str, payload_hash: &str) -> bool {
        // After a restore it may have been told something else since.
        !row.replay
            && row.unsure.is_none()
            && row.base.as_ref().is_some_and(|base| {
                base.told && base.call.as_deref() == Some(call) && base.payload_hash.as_deref() == Some(payload_hash)
            })
    }

    /// An open attempt, settled by the call, the terms and the account it was made with (rule 13).
    fn ready_doubt(&self, key: &Key, mut row: Delivery) -> Result<Ready, StoreError> {
        if row.unsure.is_some()
            && let Some(question) = self.compare_newest(key, &row)?
        {
            return Ok(question);
        }
        let attempt = match self.open_attempt(key, &row)? {
            Some(attempt) if attempt.step => {
                return Ok(Ready::StepDoubt(Box::new((key.clone(), row, attempt))));
            }
            attempt => attempt,
        };
        let call = attempt.as_ref().and_then(|attempt| self.plan.call_of(attempt));
        let (attempt, call) = match (attempt, call) {
            (Some(attempt), Some(call)) if attempt.account == self.plan.account => (attempt, call),
            // Only a person can settle it: nothing tells what was sent, or the target can't be asked about it.
            (attempt, _) => {
                row.due = None;
                if let Some(attempt) = attempt {
                    let (was, is) = (&attempt.account, &self.plan.account);
                    let why = format!("it was sent by `{}` to `{was}`, and the target is `{is}` now", attempt.call);
                    row.reason = Some(Reason::new(Code::Unknown, [("attempt", attempt.n.to_string()), ("why", why)]));
                }
                return Ok(Ready::Write(Box::new(write_of(key, row, None))));
            }
        };
        if matches!(self.plan.settling_of(&attempt), Settling::Resend { .. })
            && let Some(later) = self.put_off(key, &row)
        {
            return Ok(later);
        }
        Ok(Ready::Doubt(Box::new(call), Box::new((key.clone(), row, attempt))))
    }

    pub(super) fn moved(&self, key: &Key, mut row: Delivery, state: State, reason: Reason, due: Option<Time>) -> Ready {
        set(&mut row, state, reason, due, self.now());
        Ready::Write(Box::new(write_of(key, row, None)))
    }
}
