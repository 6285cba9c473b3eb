//! Reconciliation (对账): counts and sums per day of source, store and target, and the documents in which they differ.
//! What differs is healed by normal capture and delivery, where a person asks for it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::capture::{Drift as SourceDrift, Surveyed, amounts};
use crate::clock::Time;
use crate::decimal::Decimal;
use crate::delivery::operate::replayed;
use crate::delivery::{Held, Worker, created_anew};
use crate::document::Head;
use crate::engine::operate::OperateError;
use crate::engine::unit::{Engine, Unit};
use crate::name::Key;
use crate::store::{Delivery, DocumentFilter, Span, Step, StoreError};

/// How far back where neither the scheme nor its sweep says.
const BACK: Duration = Duration::from_secs(30 * 86_400);
/// Heads looked at in one go.
const PAGE: usize = 200;
/// The day of documents that carry no time.
const NO_DAY: &str = "-";

/// What is to be reconciled.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Wanted {
    /// How far back, in milliseconds; none: as the scheme says.
    #[serde(default)]
    pub back: Option<u64>,
    /// Whether what differs is captured and sent again.
    #[serde(default)]
    pub heal: bool,
}

/// Counts and sums of one side on one day.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    /// Documents.
    pub documents: u64,
    /// The scheme's amounts by name, exact.
    pub sums: BTreeMap<String, String>,
}

/// One target's side of a day.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetCount {
    /// What it was told.
    pub told: Count,
    /// What it shows as it was told.
    pub found: Count,
    /// Documents still to be told: pending, in doubt, waiting, rejected.
    pub open: u64,
}

/// One day of source time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Day {
    /// What the source shows.
    pub source: Count,
    /// What the store holds.
    pub store: Count,
    /// By target.
    pub targets: BTreeMap<String, TargetCount>,
}

/// How sides differ in one document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The source shows it, the store has it not.
    NotCaptured,
    /// The source shows another content than the store's newest snapshot.
    CapturedOtherwise,
    /// The source shows it, and it can't be read.
    Unreadable,
    /// The store holds it, the source does not show it any more.
    GoneAtSource,
    /// The source did not show it, and can't be asked for it by key.
    NotShown,
    /// The target was told of it and does not show it.
    MissingAtTarget,
    /// The target shows otherwise than it was told.
    DiffersAtTarget,
    /// The target can't tell.
    Unknown,
}

/// A document in which sides differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drift {
    /// Its day.
    pub day: String,
    /// Its key.
    pub key: String,
    /// Its number.
    pub number: Option<String>,
    /// Which target, where one differs.
    pub target: Option<String>,
    /// How.
    pub kind: Kind,
    /// In words.
    pub why: Option<String>,
    /// Whether it was captured again or queued.
    pub healed: bool,
}

/// What a reconciliation found.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reconciled {
    /// Scheme id.
    pub scheme: String,
    /// Begin of the span of source time.
    pub from: String,
    /// Its end: that of the last complete scan.
    pub to: String,
    /// By day.
    pub days: BTreeMap<String, Day>,
    /// Documents in which sides differ, by day and key.
    pub drift: Vec<Drift>,
}

impl Engine {
    /// Compares source, store and targets of a scheme over the span up to its last complete scan.
    pub async fn reconcile(&self, scheme: &str, wanted: &Wanted) -> Result<Reconciled, OperateError> {
        let unit = self.known(scheme)?;
        let progress = self.store.progress(scheme)?;
        let Some((progress, to)) = progress.and_then(|progress| Some((progress.clone(), progress.complete_to?))) else {
            let why = "nothing was captured completely yet, so there is nothing to compare; run `once` first";
            return Err(OperateError::Refused(why.to_owned()));
        };
        let planned = unit.scheme.reconcile.back.or(unit.scheme.source.sweep.as_ref().map(|sweep| sweep.back));
        let back = wanted.back.map(Duration::from_millis).or(planned).unwrap_or(BACK);
        let span = Span { begin: to.minus(back).max(progress.start), end: to };
        let mut work =
            Work { engine: self, unit, span, heal: wanted.heal, met: BTreeSet::new(), out: Reconciled::default() };
        (work.out.scheme, work.out.from, work.out.to) = (scheme.to_owned(), span.begin.to_string(), to.to_string());
        work.compare_source().await?;
        work.compare_store().await?;
        unit.changed.notify_waiters();
        work.out.drift.sort_by(|a, b| (&a.day, &a.key, &a.target, a.kind).cmp(&(&b.day, &b.key, &b.target, b.kind)));
        Ok(work.out)
    }
}

/// A reconciliation under way.
struct Work<'a> {
    engine: &'a Engine,
    unit: &'a Unit,
    span: Span,
    heal: bool,
    /// Digests of the keys that the source showed.
    met: BTreeSet<[u8; 16]>,
    out: Reconciled,
}

impl Work<'_> {
    async fn compare_source(&mut self) -> Result<(), OperateError> {
        let (unit, heal) = (self.unit, self.heal);
        let mut each = |one: Surveyed| {
            self.met.insert(digest(&one.key));
            let day = day_of(unit, one.time);
            if !matches!(one.drift, Some(SourceDrift::Unreadable(_))) {
                add(
                    &mut self.out.days.entry(day.clone()).or_default().source,
                    &unit.scheme.reconcile.sums,
                    &one.amounts,
                );
            }
            let (kind, why) = match one.drift {
                None => return,
                Some(SourceDrift::NotCaptured) => (Kind::NotCaptured, None),
                Some(SourceDrift::CapturedOtherwise) => (Kind::CapturedOtherwise, None),
                Some(SourceDrift::Unreadable(why)) => (Kind::Unreadable, Some(why)),
            };
            let healed = heal && kind != Kind::Unreadable;
            let key = one.key.to_string();
            self.out.drift.push(Drift { day, key, number: one.number, target: None, kind, why, healed });
        };
        unit.capture.survey(self.span, heal, &mut each).await?;
        Ok(())
    }

    /// Walks the store's documents of the span: those the source did not show, and what the targets show of each.
    async fn compare_store(&mut self) -> Result<(), OperateError> {
        let unit = self.unit;
        let mut filter = DocumentFilter { limit: PAGE, ..DocumentFilter::default() };
        loop {
            let page = self.engine.store.documents(&self.unit.scheme.id, &filter)?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            filter.after = Some(last.clone());
            let here =
                |(_, head): &(Key, Head)| !head.is_tombstone() && unit.capture.lies_in(self.span, head.source_time);
            let page: Vec<(Key, Head)> = page.into_iter().filter(here).collect();
            let mut unseen = Vec::new();
            for (key, head) in &page {
                let amounts = self.amounts(key, head.version)?;
                add(&mut self.day(head).store, &unit.scheme.reconcile.sums, &amounts);
                if !self.met.contains(&digest(key)) {
                    unseen.push((key.clone(), head.clone()));
                }
            }
            self.tell_unseen(unseen).await?;
            for worker in self.unit.workers.iter().filter(|worker| worker.plan().back.is_none()) {
                self.compare_target(worker, &page).await?;
            }
        }
    }

    /// Documents that the source did not show: asked for by key, for one that was edited meanwhile has moved on.
    async fn tell_unseen(&mut self, unseen: Vec<(Key, Head)>) -> Result<(), OperateError> {
        if unseen.is_empty() {
            return Ok(());
        }
        let keys: Vec<Key> = unseen.iter().map(|(key, _)| key.clone()).collect();
        let shown = self.unit.capture.shown(&keys).await?;
        for (key, head) in unseen {
            let (kind, why) = match &shown {
                Some(shown) if shown.contains(&key) => continue,
                Some(_) => (Kind::GoneAtSource, "a sweep with `deletes: true` finds deletions"),
                None => (Kind::NotShown, "the source can't be asked for it by key"),
            };
            self.drift(&key, &head, None, (kind, Some(why.to_owned())), false);
        }
        Ok(())
    }

    async fn compare_target(&mut self, worker: &Worker, page: &[(Key, Head)]) -> Result<(), OperateError> {
        let keys: Vec<Key> = page.iter().map(|(key, _)| key.clone()).collect();
        let heads: BTreeMap<&Key, &Head> = page.iter().map(|(key, head)| (key, head)).collect();
        let target = worker.plan().name.clone();
        let unit = self.unit;
        let sums = &unit.scheme.reconcile.sums;
        for told in worker.still_holds(&keys).await? {
            let Some(head) = heads.get(&told.key) else { continue };
            let amounts = if told.version == 0 { Vec::new() } else { self.amounts(&told.key, told.version)? };
            let count = self.day(head).targets.entry(target.clone()).or_default();
            let (kind, why) = match told.held {
                Held::Untold { open } => {
                    count.open += u64::from(open);
                    continue;
                }
                Held::Equal => {
                    add(&mut count.told, sums, &amounts);
                    add(&mut count.found, sums, &amounts);
                    continue;
                }
                Held::Differs(why) => (Kind::DiffersAtTarget, Some(why)),
                Held::Missing => (Kind::MissingAtTarget, None),
                Held::Unknown(why) => (Kind::Unknown, Some(why)),
            };
            add(&mut count.told, sums, &amounts);
            let healed = self.heal && self.queue(worker, &told.key, kind).await?;
            self.drift(&told.key, head, Some(target.clone()), (kind, why), healed);
        }
        Ok(())
    }

    /// Queues a document for a target again; whether it was.
    async fn queue(&self, worker: &Worker, key: &Key, kind: Kind) -> Result<bool, StoreError> {
        let (now, mut queued) = (self.engine.clock.now(), false);
        let again = |key: &Key, row: Delivery| {
            let write = match kind {
                Kind::MissingAtTarget => created_anew(key, row, now),
                Kind::DiffersAtTarget => Some(replayed(key, row, now)),
                _ => None,
            };
            queued = write.is_some();
            Ok(write)
        };
        worker.update(Step::Operate, std::slice::from_ref(key), again).await?;
        Ok(queued)
    }

    fn drift(
        &mut self,
        key: &Key,
        head: &Head,
        target: Option<String>,
        (kind, why): (Kind, Option<String>),
        healed: bool,
    ) {
        let day = day_of(self.unit, head.source_time);
        let (key, number) = (key.to_string(), head.number.clone());
        self.out.drift.push(Drift { day, key, number, target, kind, why, healed });
    }

    fn day(&mut self, head: &Head) -> &mut Day {
        self.out.days.entry(day_of(self.unit, head.source_time)).or_default()
    }

    /// The scheme's amounts in a stored version.
    fn amounts(&self, key: &Key, version: u64) -> Result<Vec<Decimal>, StoreError> {
        let sums = &self.unit.scheme.reconcile.sums;
        if sums.is_empty() {
            return Ok(Vec::new());
        }
        let body = self.engine.store.body(&self.unit.scheme.id, key, version)?;
        let document = body.and_then(|body| serde_json::from_slice(&body).ok()).unwrap_or(Value::Null);
        Ok(amounts(sums, &document))
    }
}

fn day_of(unit: &Unit, time: Option<Time>) -> String {
    time.map_or_else(|| NO_DAY.to_owned(), |time| unit.capture.day_of(time))
}

fn add<Q>(count: &mut Count, sums: &[(String, Q)], amounts: &[Decimal]) {
    count.documents += 1;
    for ((name, _), amount) in sums.iter().zip(amounts) {
        let sum = count.sums.entry(name.clone()).or_insert_with(|| "0".to_owned());
        let before = Decimal::parse(sum).unwrap_or_else(Decimal::zero);
        *sum = before.plus(amount).to_string();
    }
}

fn digest(key: &Key) -> [u8; 16] {
    let mut short = [0; 16];
    short.copy_from_slice(&blake3::hash(key.as_str().as_bytes()).as_bytes()[..16]);
    short
}
