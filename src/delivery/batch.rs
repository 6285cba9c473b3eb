//! Due documents put together into batches, one request each where the target can.

use crate::crash;
use crate::delivery::ready::{Item, Made, Ready};
use crate::delivery::steps::StepItem;
use crate::delivery::target::CallPlan;
use crate::delivery::worker::Worker;
use crate::name::Key;
use crate::store::{Settling, Step, StoreError, WriteResult};

/// Documents that go together.
#[derive(Debug)]
pub enum Batch {
    /// To be sent by the call of this index.
    Send(usize, Vec<Item>),
    /// To be found before their first send (rule 7).
    Find(usize, Vec<Item>),
    /// To be opened or closed by the same step (rule 19).
    Steps(Vec<StepItem>),
    /// A step in doubt.
    StepDoubt(Box<Made>),
    /// Open attempts to be settled, of one call and on the same terms.
    Doubt(Box<CallPlan>, Settling, Vec<Made>),
    /// Told after an unknown outcome, to be read back (rule 6).
    ReadBack(Box<CallPlan>, Vec<Made>),
}

impl Worker {
    /// Sorts due documents into batches; what needs no request is written at once.
    pub(super) async fn batches(&self, keys: Vec<Key>) -> Result<Vec<Batch>, StoreError> {
        let mut writes = Vec::new();
        let mut batches: Vec<Batch> = Vec::new();
        for key in keys {
            match self.ready(&key)? {
                Ready::Nothing => {}
                Ready::Write(write) => writes.push(*write),
                ready => self.add(&mut batches, ready),
            }
        }
        let parks = writes.iter().any(|write| !write.row.parked.is_empty());
        let results = self.write(Step::Plan, writes).await?;
        if parks {
            crash::point("lookup.parked");
        }
        if parks && results.contains(&WriteResult::Changed) {
            // A mirror came further while its documents were looked up: they are looked up again.
            self.note_moved();
        }
        Ok(batches)
    }

    /// Adds what needs a request to a batch of its kind that has room, or begins one.
    fn add(&self, batches: &mut Vec<Batch>, ready: Ready) {
        match ready {
            Ready::Nothing | Ready::Write(_) => {}
            Ready::Send(call, item) => {
                let most = self.plan.calls.get(call).map_or(1, |call| self.plan.most(call));
                // A document that failed before goes alone, so that it can't take others with it.
                let alone = item.row.tries > 0;
                let left = join(batches, *item, |batch| match batch {
                    Batch::Send(c, items) if *c == call && !alone && items.len() < most => {
                        items.iter().all(|item| item.row.tries == 0).then_some(items)
                    }
                    _ => None,
                });
                batches.extend(left.map(|item| Batch::Send(call, vec![item])));
            }
            Ready::Find(call, item) => {
                let most = self.plan.calls.get(call).map_or(1, |call| self.plan.most(call));
                let left = join(batches, *item, |batch| match batch {
                    Batch::Find(c, items) if *c == call && items.len() < most => Some(items),
                    _ => None,
                });
                batches.extend(left.map(|item| Batch::Find(call, vec![item])));
            }
            Ready::Step(item) => {
                let step = item.course.step().to_owned();
                let is_same = |first: &StepItem| first.course.step() == step;
                let left = join(batches, *item, |batch| match batch {
                    Batch::Steps(items) if items.len() < self.plan.batch.max(1) => {
                        items.first().is_some_and(is_same).then_some(items)
                    }
                    _ => None,
                });
                batches.extend(left.map(|item| Batch::Steps(vec![item])));
            }
            Ready::StepDoubt(doubt) => batches.push(Batch::StepDoubt(doubt)),
            Ready::Doubt(call, item) => {
                let (rule, key) = (self.plan.settling_of(&item.2), item.0.clone());
                let left = join(batches, *item, |batch| match batch {
                    Batch::Doubt(c, r, items) if *r == rule && self.joins((&call, &key), (c, items)) => Some(items),
                    _ => None,
                });
                batches.extend(left.map(|item| Batch::Doubt(call, rule, vec![item])));
            }
            Ready::ReadBack(call, item) => {
                let key = item.0.clone();
                let left = join(batches, *item, |batch| match batch {
                    Batch::ReadBack(c, items) if self.joins((&call, &key), (c, items)) => Some(items),
                    _ => None,
                });
                batches.extend(left.map(|item| Batch::ReadBack(call, vec![item])));
            }
        }
    }

    /// Whether a document is asked about together with others of a call.
    fn joins(&self, (call, key): (&CallPlan, &Key), (of, others): (&CallPlan, &[Made])) -> bool {
        of.spec == call.spec
            && others.len() < self.plan.most(call)
            && !self.is_asked_alone(key)
            && !others.iter().any(|(other, _, _)| self.is_asked_alone(other))
    }

    pub(super) async fn run_batch(&self, batch: Batch) -> Result<(), StoreError> {
        match batch {
            Batch::Send(call, items) => self.send(call, items).await,
            Batch::Find(call, items) => self.find(call, items).await,
            Batch::Doubt(call, rule, items) => self.settle_doubts(&call, rule, items).await,
            Batch::ReadBack(call, items) => self.read_back_told(&call, items).await,
            Batch::Steps(items) => self.steps(items).await,
            Batch::StepDoubt(doubt) => {
                let (key, row, attempt) = *doubt;
                self.settle_step_doubt(key, row, attempt).await
            }
        }
    }
}

/// Puts an item into the first batch that has room for it; gives it back where none has.
fn join<T>(batches: &mut [Batch], item: T, room: impl FnMut(&mut Batch) -> Option<&mut Vec<T>>) -> Option<T> {
    match batches.iter_mut().find_map(room) {
        Some(items) => items.push(item),
        None => return Some(item),
    }
    None
}
