//! The steps that open and close a target's document around the call that tells a version (rule 19). Each is asked
//! for first and left out where its effect is there already; then it is an attempt of its own, with its own claim,
//! doubt and settlement.

use std::collections::BTreeMap;

use crate::connector::{CallSpec, Finding, Look, Outcome, Outgoing, Probe};
use crate::crash;
use crate::delivery::compose::Composed;
use crate::delivery::course::{self, course_of};
use crate::delivery::doubt::outgoing;
use crate::delivery::ready::{Item, Ready};
use crate::delivery::settle::{self, set};
use crate::delivery::target::{CallPlan, TargetPlan};
use crate::delivery::worker::{Worker, write_of};
use crate::name::Key;
use crate::reason::{Code, Reason, State};
use crate::scheme::InDoubt;
use crate::store::{Attempt, Course, Delivery, DeliveryWrite, Step, StoreError, WriteResult};

/// A document whose next step opens or closes it.
#[derive(Debug)]
pub struct StepItem {
    pub key: Key,
    /// As stored; a course that has not begun is not in it.
    pub row: Delivery,
    /// The course, at the step.
    pub course: Course,
    /// What tells the version, where it is mapped already.
    pub composed: Option<Composed>,
}

/// Where a document is after a step that was left out.
enum After {
    Step(Box<StepItem>),
    Tell(usize, Box<Item>),
    Write(Box<DeliveryWrite>),
}

impl TargetPlan {
    /// The step a course has come to. One that the scheme does not name any more is made as the connector knows it:
    /// what was begun is brought to its end.
    fn step_of(&self, course: &Course) -> Option<CallPlan> {
        let name = course.step();
        let told_by = self.calls.get(course.rank).filter(|call| Some(&call.spec.call) == course.calls.get(course.own));
        let steps = told_by.map(|call| if course.at < course.own { &call.before } else { &call.after });
        let known = steps.and_then(|steps| steps.iter().find(|step| step.spec.call == name));
        known.or_else(|| self.step_named(name)).cloned().or_else(|| {
            let form = self.main().and_then(|main| main.spec.form.clone());
            let spec = CallSpec {
                call: name.to_owned(),
                form,
                options: serde_json::Map::new(),
                number_field: None,
                compare: Vec::new(),
            };
            let call = self.connector.target_call(name)?;
            Some(CallPlan { when: None, spec, call, mapping: None, before: Vec::new(), after: Vec::new() })
        })
    }
}

impl Worker {
    /// A document that is to be told in a version begins with its first step, if it has one.
    pub(super) fn first_step(&self, index: usize, item: Box<Item>) -> Ready {
        let call = self.plan.calls.get(index);
        let course = call.and_then(|call| course_of(call, index, &item.row, item.version, self.now()));
        match course.filter(|course| course.own > 0) {
            Some(course) => {
                let Item { key, row, composed, .. } = *item;
                Ready::Step(Box::new(StepItem { key, row, course, composed: Some(composed) }))
            }
            None => Ready::Send(index, item),
        }
    }

    /// The next step of a document between two.
    pub(super) fn next_step(&self, key: &Key, row: Delivery) -> Result<Ready, StoreError> {
        let Some(course) = row.course.clone() else { return Ok(Ready::Nothing) };
        if course.at != course.own {
            return Ok(Ready::Step(Box::new(StepItem { key: key.clone(), row, course, composed: None })));
        }
        // After a wait, or in another process, somebody may have closed the document again.
        if !course.opening().is_empty() && (row.tries > 0 || course.since < self.started) {
            let course = Course { at: 0, ..course };
            return Ok(Ready::Step(Box::new(StepItem { key: key.clone(), row, course, composed: None })));
        }
        Ok(match self.tell(key, row, &course)? {
            After::Tell(index, item) => Ready::Send(index, item),
            After::Write(write) => Ready::Write(write),
            After::Step(item) => Ready::Step(item),
        })
    }

    /// The version itself, mapped now. What can't be mapped any more is as if refused.
    fn tell(&self, key: &Key, mut row: Delivery, course: &Course) -> Result<After, StoreError> {
        let name = course.calls.get(course.own).map_or("", String::as_str);
        let is_own = |rank: &usize| self.plan.calls.get(*rank).is_some_and(|call| call.spec.call == name);
        let index = Some(course.rank).filter(is_own).or_else(|| self.plan.rank_named(name));
        let Some((index, call)) = index.and_then(|index| Some((index, self.plan.calls.get(index)?))) else {
            let params = [("path", String::new()), ("why", format!("the target makes no call `{name}` any more"))];
            return Ok(self.untold(key, row, State::Rejected, Reason::new(Code::Mapping, params)));
        };
        let after = match self.decider(&crate::store::TargetAnswer::Adopt).document(key, row.version) {
            Err(StoreError::Damaged { table, key: place }) => {
                let why = format!("a stored version is damaged ({table} {place})");
                return Ok(self.untold(key, row, State::Rejected, Reason::new(Code::Quarantined, [("why", why)])));
            }
            other => other?,
        };
        let receipt = row.receipt.as_ref();
        match self.compose(call, after.as_ref(), receipt, receipt)? {
            Ok(composed) => {
                let version = row.version;
                row.parked.clear();
                Ok(After::Tell(
                    index,
                    Box::new(Item { key: key.clone(), row, version, composed, to_send: true, look: Look::Outcome }),
                ))
            }
            Err(stop) => Ok(self.untold(key, row, stop.state, stop.reason)),
        }
    }

    fn untold(&self, key: &Key, mut row: Delivery, state: State, reason: Reason) -> After {
        set(&mut row, state, reason, None, self.now());
        course::refused(&mut row, self.now());
        After::Write(Box::new(write_of(key, row, None)))
    }

    /// Asks whether the steps' effects are there already, makes those that are not, and tells the versions of the
    /// documents that stand open.
    pub(super) async fn steps(&self, items: Vec<StepItem>) -> Result<(), StoreError> {
        let mut rounds: BTreeMap<(usize, String), Vec<StepItem>> = BTreeMap::new();
        let place = |item: StepItem, rounds: &mut BTreeMap<_, Vec<StepItem>>| {
            rounds.entry((item.course.at, item.course.step().to_owned())).or_default().push(item);
        };
        items.into_iter().for_each(|item| place(item, &mut rounds));
        let (mut writes, mut told) = (Vec::new(), BTreeMap::<usize, Vec<Item>>::new());
        while let Some((_, items)) = rounds.pop_first() {
            let Some(call) = items.first().and_then(|item| self.plan.step_of(&item.course)) else { continue };
            let probes: Vec<Probe> = items.iter().map(|item| probe_of(&item.row, None)).collect();
            let keys: Vec<Key> = items.iter().map(|item| item.key.clone()).collect();
            let findings = self.ask(&call.spec, &keys, &probes).await?;
            for (item, finding) in items.into_iter().zip(findings) {
                match finding {
                    Err(fault) => writes.push(self.look_later(&item.key, item.row, &fault)),
                    Ok(Finding::NotEffective { .. }) => self.make_step(&call, item).await?,
                    Ok(Finding::Effective { .. }) => match self.left_out(item)? {
                        After::Step(item) => place(*item, &mut rounds),
                        After::Tell(index, item) => told.entry(index).or_default().push(*item),
                        After::Write(write) => writes.push(*write),
                    },
                    Ok(Finding::Absent | Finding::Mixed { .. } | Finding::Foreign { .. }) => {
                        writes.push(self.not_there(item.key, item.row));
                    }
                }
            }
        }
        self.write(Step::Settle, writes).await?;
        for (index, items) in told {
            self.send(index, items).await?;
        }
        Ok(())
    }

    /// A step whose effect is there already is left out.
    fn left_out(&self, item: StepItem) -> Result<After, StoreError> {
        let StepItem { key, mut row, mut course, composed } = item;
        // Of an earlier attempt that came late after all.
        course.opened |= course.at < course.own && row.tries > 0;
        let begun = row.is_stepping() || course.opened;
        if course.at + 1 >= course.calls.len() {
            row.course = Some(course);
            course::go_on(&mut row, self.now());
            self.at_its_end(&mut row);
            let queue = self.plan.queues(&row, self.now());
            return Ok(After::Write(Box::new(DeliveryWrite { queue, ..write_of(&key, row, None) })));
        }
        course.at += 1;
        if begun {
            row.course = Some(course.clone());
        }
        if course.at != course.own {
            return Ok(After::Step(Box::new(StepItem { key, row, course, composed })));
        }
        match composed {
            Some(composed) => {
                let version = row.version;
                Ok(After::Tell(
                    course.rank,
                    Box::new(Item { key, row, version, composed, to_send: true, look: Look::Outcome }),
                ))
            }
            None => self.tell(&key, row, &course),
        }
    }

    /// Claims, sends and settles one step.
    async fn make_step(&self, call: &CallPlan, item: StepItem) -> Result<(), StoreError> {
        let StepItem { key, mut row, course, .. } = item;
        if self.held_for().is_some() || self.stop.is_cancelled() {
            return Ok(());
        }
        let receipt = row.receipt.clone();
        let composed = match self.compose(call, None, receipt.as_ref(), receipt.as_ref())? {
            Ok(composed) => composed,
            Err(stop) => {
                let write = if row.is_stepping() {
                    row.course = Some(course);
                    set(&mut row, stop.state, stop.reason, None, self.now());
                    course::refused(&mut row, self.now());
                    write_of(&key, row, None)
                } else {
                    self.stopped(&key, row, stop)
                };
                self.write(Step::Settle, vec![write]).await?;
                return Ok(());
            }
        };
        let attempt = Attempt { step: true, ..self.attempt_of(call, &key, &row, course.version, &composed) };
        (row.attempts, row.attempt, row.absent_since) = (attempt.n, Some(attempt.n), None);
        set(&mut row, State::InFlight, course::next(&course), None, self.now());
        row.course = Some(course);
        let results = self.write(Step::Claim, vec![write_of(&key, row, Some(attempt.clone()))]).await?;
        if !matches!(results.as_slice(), [WriteResult::Written(_)]) {
            return Ok(());
        }
        crash::point("step.claimed");
        let outcomes = self.send_renewing(&call.spec, std::slice::from_ref(&composed.outgoing)).await;
        crash::point("step.answered");
        self.note_outcomes(std::slice::from_ref(&key), &outcomes).await?;
        let Some(outcome) = outcomes.into_iter().next() else { return Ok(()) };
        self.settle_step(&key, &attempt, |worker, row, attempt| match &outcome {
            Outcome::Accepted { .. } => course::took_effect(row, attempt, worker.now()),
            Outcome::Failed(fault) => {
                let again = worker.open(&key, row, attempt).again;
                settle::failed(row, attempt, fault, again, worker.moment(Some(call), 1));
            }
        })
        .await?;
        crash::point("step.settled");
        Ok(())
    }

    /// Writes what became of an attempt at a step; only the one that was sent is settled (invariant I4).
    async fn settle_step(
        &self,
        key: &Key,
        attempt: &Attempt,
        settle: impl Fn(&Self, &mut Delivery, &mut Attempt),
    ) -> Result<(), StoreError> {
        self.update(Step::Settle, std::slice::from_ref(key), |key, mut row| {
            if row.attempt != Some(attempt.n) {
                return Ok(None);
            }
            let mut attempt = attempt.clone();
            settle(self, &mut row, &mut attempt);
            self.at_its_end(&mut row);
            let queue = self.plan.queues(&row, self.now()).filter(|_| row.state == State::Delivered);
            Ok(Some(DeliveryWrite { queue, ..write_of(key, row, Some(attempt)) }))
        })
        .await
    }

    /// A document that is delivered after its last step: a version that was sent after an unknown outcome is due to be
    /// read back (rule 6).
    fn at_its_end(&self, row: &mut Delivery) {
        if row.state == State::Delivered {
            self.count_delivered(1);
            let moment = self.moment(self.plan.main(), self.plan.batch);
            row.due = row.read_back.then(|| moment.now.plus(moment.settle));
        }
    }

    /// Settles a step in doubt: the document's own state says whether it took effect.
    pub(super) async fn settle_step_doubt(
        &self,
        key: Key,
        mut row: Delivery,
        attempt: Attempt,
    ) -> Result<(), StoreError> {
        let call = row.course.as_ref().and_then(|course| self.plan.step_of(course));
        let Some(call) = call.filter(|_| self.plan.in_doubt != InDoubt::Hold) else {
            // A person decides: no longer due.
            row.due = None;
            return self.write(Step::Settle, vec![write_of(&key, row, None)]).await.map(|_| ());
        };
        let probe = probe_of(&row, Some(&attempt));
        let finding =
            self.ask(&call.spec, std::slice::from_ref(&key), std::slice::from_ref(&probe)).await?.into_iter().next();
        let moment = self.moment(Some(&call), 1);
        match finding {
            // As many findings as questions.
            None => Ok(()),
            Some(Err(fault)) => {
                let later = self.look_later(&key, row, &fault);
                self.write(Step::Settle, vec![later]).await.map(|_| ())
            }
            Some(Ok(Finding::Effective { .. })) => {
                self.settle_step(&key, &attempt, |worker, row, attempt| {
                    attempt.decision = Some("found at the target as sent".to_owned());
                    course::took_effect(row, attempt, worker.now());
                })
                .await
            }
            Some(Ok(Finding::NotEffective { .. })) => {
                let second = self.is_second(&key, attempt.n, false, moment);
                self.settle_step(&key, &attempt, |_, row, attempt| {
                    if second {
                        settle::not_run(row, attempt, "old_content", moment);
                    } else {
                        row.absent_since = row.absent_since.or(Some(moment.now));
                        row.due = Some(moment.now.plus(moment.settle));
                    }
                })
                .await
            }
            Some(Ok(Finding::Absent | Finding::Mixed { .. } | Finding::Foreign { .. })) => {
                let write = self.not_there(key, row);
                self.write(Step::Settle, vec![write]).await.map(|_| ())
            }
        }
    }

    /// The document that a step is for is not what our receipt names.
    fn not_there(&self, key: Key, mut row: Delivery) -> DeliveryWrite {
        let number = row.receipt.as_ref().and_then(|receipt| receipt.number.clone().or(receipt.id.clone()));
        let why = "the document was delivered, but the target shows it no more";
        settle::conflict(&mut row, &number.unwrap_or_default(), why, self.now());
        write_of(&key, row, None)
    }
}

/// Whether a document that was left open is among what is written: people must hear of it.
pub(super) fn alarm(plan: &TargetPlan, step: Step, writes: &[DeliveryWrite]) {
    for write in writes.iter().filter(|_| matches!(step, Step::Plan | Step::Settle)) {
        if let Some(reason) = write.row.reason.as_ref().filter(|reason| reason.code == Code::LeftOpen) {
            let (scheme, target, key) = (&plan.scheme, &plan.name, &write.key);
            tracing::error!(%scheme, %target, %key, "{}", reason.sentence(crate::reason::Language::English));
        }
    }
}

fn probe_of(row: &Delivery, attempt: Option<&Attempt>) -> Probe {
    let receipt = row.receipt.as_ref();
    Probe {
        number: receipt.and_then(|receipt| receipt.number.clone()),
        target_id: receipt.and_then(|receipt| receipt.id.clone()),
        attempted: attempt.map(|attempt: &Attempt| -> Outgoing { outgoing(attempt) }),
        told: None,
        first_attempt: attempt.map(|attempt| attempt.at),
        look: Look::Outcome,
    }
}
