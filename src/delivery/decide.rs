//! Deciding versions in change order: each undecided version of a document is judged from the base, so that a
//! version skipped meanwhile can become the base of the next (rules.md 1 and 10).

use serde_json::Value;

use crate::clock::Time;
use crate::delivery::judge::{Verdict, judge, may_be_base};
use crate::delivery::ready::LOOK_AGAIN;
use crate::delivery::settle::{due, set};
use crate::delivery::target::TargetPlan;
use crate::name::Key;
use crate::reason::{Code, Reason, State};
use crate::store::{Base, Delivery, Store, StoreError, TargetAnswer};

/// Decides the versions of documents of one target.
pub struct Decider<'a> {
    pub plan: &'a TargetPlan,
    pub store: &'a dyn Store,
    pub answer: &'a TargetAnswer,
    pub now: Time,
}

impl Decider<'_> {
    /// Decides every version after `row.version` up to `row.newest`, in order. The row must have no open attempt.
    pub fn decide(&self, key: &Key, mut row: Delivery) -> Result<Delivery, StoreError> {
        let mut before = match self.base_document(key, row.base.as_ref()) {
            Ok(before) => before,
            // Decided once the base can be read again; other documents go on.
            Err(StoreError::Damaged { table, key }) => {
                let (version, why) = (row.version, format!("the version told before is damaged ({table} {key})"));
                return Ok(self.damaged(row, version, why));
            }
            Err(error) => return Err(error),
        };
        for version in row.version + 1..=row.newest {
            let after = match self.document(key, version) {
                Ok(after) => after,
                Err(StoreError::Damaged { .. }) if version < row.newest => continue,
                Err(StoreError::Damaged { table, key }) => {
                    let why = format!("its stored version {version} is damaged ({table} {key})");
                    return Ok(self.damaged(row, version, why));
                }
                Err(error) => return Err(error),
            };
            row = self.decide_one(key, row, version, &mut before, after)?;
        }
        Ok(row)
    }

    fn decide_one(
        &self,
        key: &Key,
        mut row: Delivery,
        version: u64,
        before: &mut Option<Value>,
        after: Option<Value>,
    ) -> Result<Delivery, StoreError> {
        let told = row.base.as_ref().is_some_and(|base| base.told);
        if !told && row.receipt.is_none() && row.attempts == 0 && self.is_baseline(after.as_ref()) {
            row.base = Some(Base { version, told: true, call: None, payload_hash: None, attempt: None });
            row.probe_first = true;
            *before = after;
            return Ok(self.skipped(row, version, self.baseline_reason()));
        }
        let last = self.last_known(key, &row, version, before.as_ref(), after.as_ref())?;
        let base = self.with_echo(key, last.as_ref().or(before.as_ref()), after.as_ref())?;
        Ok(match judge(self.plan, base.as_ref(), after.as_ref(), row.receipt.as_ref()) {
            Verdict::Tell(_) => {
                row.tries = 0;
                // A document that changes without end keeps its place in the queue.
                let place = row.due.filter(|_| row.state == State::Pending).map_or(self.now, |due| due.min(self.now));
                self.moved(row, State::Pending, version, due(version), Some(place))
            }
            // What is to be told again, by a person's word or for what the target was seen to hold, is looked at whole.
            Verdict::Skip if row.replay && told => {
                self.moved(row, State::Pending, version, due(version), Some(self.now))
            }
            Verdict::Skip => {
                row.version = version;
                if self.skip(&mut row, after.as_ref()) {
                    *before = after;
                }
                row
            }
            Verdict::Fault(why) => {
                self.rejected(row, version, Reason::new(Code::Mapping, [("path", "when".into()), ("why", why)]))
            }
        })
    }

    /// Skips the row's version, for no condition accepts it. It becomes the base while none was told and `compare`
    /// accepts it (rule 1); returns whether it did.
    pub fn skip(&self, row: &mut Delivery, after: Option<&Value>) -> bool {
        let version = row.version;
        let told = row.base.as_ref().is_some_and(|base| base.told);
        let moves = !told && may_be_base(self.plan, after);
        if moves {
            row.base = Some(Base { version, told: false, call: None, payload_hash: None, attempt: None });
        }
        let conditions: Vec<&str> =
            self.plan.calls.iter().filter_map(|call| Some(call.when.as_ref()?.text())).collect();
        let params = [("version", version.to_string()), ("condition", conditions.join(" ; "))];
        let due = self.read_back_due(row);
        set(row, State::Skipped, Reason::new(Code::Condition, params), due, self.now);
        moves
    }

    /// When a document that is not to be sent is looked at nevertheless: what it was told last is still to be read
    /// back (rule 6).
    pub fn read_back_due(&self, row: &Delivery) -> Option<Time> {
        let told = row.base.as_ref().filter(|base| row.read_back && base.told && base.attempt.is_some())?;
        let call = self.plan.calls.iter().find(|call| Some(&call.spec.call) == told.call.as_ref())?;
        Some(self.now.plus(self.plan.settle_time(call, self.plan.batch)))
    }

    /// Whether a version belongs to what was known at go-live (rule 10): its source time is at or before the
    /// instant, or it has none.
    pub fn is_baseline(&self, after: Option<&Value>) -> bool {
        let time = after.and_then(|document| self.plan.time_of(document));
        match self.answer {
            TargetAnswer::Send { since: None } | TargetAnswer::Adopt => false,
            TargetAnswer::Send { since: Some(since) } => time.is_some_and(|time| time < *since),
            TargetAnswer::Baseline { instant } => time.is_none_or(|time| time <= *instant),
        }
    }

    /// Why a document is known.
    pub fn baseline_reason(&self) -> Reason {
        let instant = self.instant().map_or_else(String::new, |instant| instant.to_string());
        Reason::new(Code::Baseline, [("instant", instant)])
    }

    fn instant(&self) -> Option<Time> {
        match self.answer {
            TargetAnswer::Send { since } => *since,
            TargetAnswer::Baseline { instant } => Some(*instant),
            TargetAnswer::Adopt => None,
        }
    }

    /// A version as conditions see it: the base before it, and itself.
    pub fn change(
        &self,
        key: &Key,
        row: &Delivery,
        version: u64,
    ) -> Result<(Option<Value>, Option<Value>), StoreError> {
        let base = self.base_document(key, row.base.as_ref())?;
        let after = self.document(key, version)?;
        let last = self.last_known(key, row, version, base.as_ref(), after.as_ref())?;
        let before = self.with_echo(key, last.as_ref().or(base.as_ref()), after.as_ref())?;
        Ok((before, after))
    }

    /// What stands in for a base that is gone, where the document is gone again: an attempt since then that was given
    /// up may stand at the target, and is to be removed. None anywhere else.
    pub fn last_known(
        &self,
        key: &Key,
        row: &Delivery,
        version: u64,
        before: Option<&Value>,
        after: Option<&Value>,
    ) -> Result<Option<Value>, StoreError> {
        let may_stand = row.probe_first && row.attempts > 0 && before.is_none() && after.is_none();
        if !may_stand {
            return Ok(None);
        }
        match self.document(key, version.saturating_sub(1)) {
            Err(StoreError::Damaged { .. }) => Ok(None),
            read => read,
        }
    }

    /// The document a condition's `before` shows.
    pub fn base_document(&self, key: &Key, base: Option<&Base>) -> Result<Option<Value>, StoreError> {
        match base {
            Some(base) => self.document(key, base.version),
            None => Ok(None),
        }
    }

    /// A stored version; none if it is a tombstone.
    pub fn document(&self, key: &Key, version: u64) -> Result<Option<Value>, StoreError> {
        let Some(body) = self.store.body(&self.plan.scheme, key, version)? else { return Ok(None) };
        let parsed = serde_json::from_slice(&body);
        parsed.map(Some).map_err(|_| StoreError::Damaged { table: "bodies", key: format!("{key} version {version}") })
    }

    fn skipped(&self, row: Delivery, version: u64, reason: Reason) -> Delivery {
        self.moved(row, State::Skipped, version, reason, None)
    }

    fn rejected(&self, row: Delivery, version: u64, reason: Reason) -> Delivery {
        self.moved(row, State::Rejected, version, reason, None)
    }

    fn damaged(&self, row: Delivery, version: u64, why: String) -> Delivery {
        let reason = Reason::new(Code::Quarantined, [("why", why)]);
        self.moved(row, State::Rejected, version, reason, Some(self.now.plus(LOOK_AGAIN)))
    }

    fn moved(&self, mut row: Delivery, state: State, version: u64, reason: Reason, due: Option<Time>) -> Delivery {
        row.state = state;
        row.version = version;
        row.reason = Some(reason);
        row.due = due;
        row.since = self.now;
        row.parked.clear();
        row
    }
}
