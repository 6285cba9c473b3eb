//! Documents that a complete sweep did not meet (rules.md 23, design.md 2.7): asked for by key where that is possible,
//! else missing from two complete sweeps; so many that a person has to be asked; and what becomes of the others.

use crate::capture::scan::{Capture, CaptureError};
use crate::change::ChangeKind;
use crate::clock::Time;
use crate::crash;
use crate::document::{Head, Quarantine};
use crate::name::Key;
use crate::store::{Ask, CaptureCommit, Captured, DocumentFilter, Run, Span, StoreError, SweepStage, SweepState};

/// So many deletions need no word, whatever share they are.
const FEW: u64 = 5;
/// Heads looked at in one go.
const AT_ONCE: usize = 200;

/// What of some heads was missing.
struct Look {
    /// Documents that the sweep could have met.
    known: u64,
    /// Of these, the ones it did not meet.
    missing: Vec<(Key, Head)>,
    /// Where to go on.
    next: Option<Key>,
}

/// What the source, asked for keys, told.
struct Told {
    /// It has these.
    met: Vec<Key>,
    /// It does not say whether it has these.
    refused: Vec<Key>,
}

impl Told {
    /// Of the keys that were asked for, those it does not have; one asked for alone may be met without its name.
    fn gone(&self, asked: &[Key]) -> Vec<Key> {
        if asked.len() == 1 && !self.met.is_empty() {
            return Vec::new();
        }
        let is_gone = |key: &&Key| !self.met.contains(key) && !self.refused.contains(key);
        asked.iter().filter(is_gone).cloned().collect()
    }
}

impl Capture {
    /// Counts what is missing: not so much, and it may be deleted; more, and it is asked for first, or a person is.
    pub(super) async fn judge(&self, sweep: &SweepState, run: &mut Run) -> Result<(), CaptureError> {
        let (mut known, mut missing, mut after) = (0, 0, None);
        loop {
            let look = self.look_on(sweep, after).await?;
            known += look.known;
            missing += look.missing.len() as u64;
            after = look.next;
            if after.is_none() {
                break;
            }
        }
        let mut to = SweepState { known, missing, ..sweep.clone() };
        to.stage = match self.is_too_many(&to, missing) {
            false => SweepStage::Deleting { after: None },
            true if self.asks_by_key() => SweepStage::Confirming { after: None, gone: 0 },
            true => return self.ask_person(sweep, to, run).await,
        };
        self.sweep_step(sweep, to, run, CaptureCommit::default()).await
    }

    /// Asks for missing documents by key, a part of them, and counts those that are gone.
    pub(super) async fn confirm_gone(
        &self,
        sweep: &SweepState,
        (after, gone): (Option<Key>, u64),
        run: &mut Run,
    ) -> Result<(), CaptureError> {
        let look = self.next_missing(sweep, after).await?;
        let gone = gone + self.still_missing(look.missing, run).await?.len() as u64;
        if self.is_too_many(sweep, gone) {
            return self.ask_person(sweep, sweep.clone(), run).await;
        }
        let stage = match look.next {
            Some(next) => SweepStage::Confirming { after: Some(next), gone },
            None => SweepStage::Deleting { after: None },
        };
        self.sweep_step(sweep, SweepState { stage, ..sweep.clone() }, run, CaptureCommit::default()).await
    }

    /// Stores missing documents as deleted, a part of them.
    pub(super) async fn delete_gone(
        &self,
        sweep: &SweepState,
        after: Option<Key>,
        run: &mut Run,
    ) -> Result<(), CaptureError> {
        let look = self.next_missing(sweep, after).await?;
        let gone = match self.asks_by_key() {
            true => self.still_missing(look.missing, run).await?,
            false => look.missing,
        };
        if !gone.is_empty() {
            crash::point("sweep.missing_found");
        }
        let count = gone.len() as u64;
        let (deleted, next) = (sweep.deleted + count, look.next.clone());
        let is_last = next.is_none();
        let to = SweepState { deleted, stage: SweepStage::Deleting { after: next }, ..sweep.clone() };
        if count > 0 {
            run.deleted += count;
            tracing::info!(scheme = %self.scheme.id, run = sweep.run, count, "gone from the source, stored as deleted");
            let captured = gone.into_iter().map(|(key, head)| tombstone(key, head)).collect();
            let with = CaptureCommit { captured, ..CaptureCommit::default() };
            self.sweep_step(sweep, to.clone(), run, with).await?;
            crash::point("sweep.deletions_stored");
            // What comes behind is the next step's; were it the end, that step finds nothing more.
            return if is_last { self.end_sweep(&to, run).await } else { Ok(()) };
        }
        match is_last {
            true => self.end_sweep(sweep, run).await,
            false => self.sweep_step(sweep, to, run, CaptureCommit::default()).await,
        }
    }

    /// The end: what was in quarantine and is not shown any more leaves it (rule 25).
    pub(super) async fn end_sweep(&self, sweep: &SweepState, run: &mut Run) -> Result<(), CaptureError> {
        let cleared = self.no_longer_shown(sweep, run).await?;
        crash::point("sweep.before_end");
        let (stage, ended) = (SweepStage::Ended, Some(self.now()));
        let to = SweepState { stage, ended, ask: None, allowed: None, ..sweep.clone() };
        self.sweep_step(sweep, to, run, CaptureCommit { cleared, ..CaptureCommit::default() }).await
    }

    /// Stops, and asks; a question that is open already and covers this one stays as it is.
    async fn ask_person(&self, from: &SweepState, mut to: SweepState, run: &mut Run) -> Result<(), CaptureError> {
        let open = to.ask.filter(|ask| to.missing <= ask.missing);
        to.ask = Some(open.unwrap_or(Ask { run: to.run, missing: to.missing }));
        to.stage = SweepStage::Stopped;
        tracing::error!(
            scheme = %self.scheme.id, run = to.run, missing = to.missing, known = to.known,
            "the source does not show so many documents any more that their deletion waits for `sweep --confirm`"
        );
        self.sweep_step(from, to, run, CaptureCommit::default()).await
    }

    /// Whether so many deletions need a person's word: more than a few, more than the scheme's share of what the sweep
    /// could have met, and more than a person has allowed.
    fn is_too_many(&self, sweep: &SweepState, gone: u64) -> bool {
        let share = u128::from(gone) * 1000 > u128::from(sweep.known) * u128::from(self.sweeps().max_deletes);
        gone > FEW && share && sweep.allowed.is_none_or(|allowed| gone > allowed)
    }

    /// The next heads of which some are missing, or the last ones.
    async fn next_missing(&self, sweep: &SweepState, mut after: Option<Key>) -> Result<Look, CaptureError> {
        loop {
            let look = self.look_on(sweep, after).await?;
            if !look.missing.is_empty() || look.next.is_none() {
                return Ok(look);
            }
            after = look.next;
        }
    }

    /// The next heads. There may be millions: others get their turn, and a stop ends it.
    async fn look_on(&self, sweep: &SweepState, after: Option<Key>) -> Result<Look, CaptureError> {
        if self.asker.stop.is_cancelled() {
            return Err(CaptureError::Stopped);
        }
        tokio::task::yield_now().await;
        Ok(self.look(sweep, after)?)
    }

    fn look(&self, sweep: &SweepState, after: Option<Key>) -> Result<Look, StoreError> {
        let scheme = &self.scheme.id;
        let heads = self.store.documents(scheme, &DocumentFilter { after, limit: AT_ONCE, ..Default::default() })?;
        let next = heads.last().filter(|_| heads.len() == AT_ONCE).map(|(key, _)| key.clone());
        let candidates: Vec<_> =
            heads.into_iter().filter(|(_, head)| self.is_candidate(head, sweep.seq, sweep.span)).collect();
        let known = candidates.len() as u64;
        let mut missing = self.unseen(sweep.run, candidates)?;
        if !self.asks_by_key() {
            missing = match &sweep.previous {
                Some(previous) if !sweep.partial => {
                    missing.retain(|(_, head)| self.is_candidate(head, previous.seq, previous.span));
                    self.unseen(previous.run, missing)?
                }
                _ => Vec::new(),
            };
        }
        Ok(Look { known, missing, next })
    }

    fn unseen(&self, run: u64, heads: Vec<(Key, Head)>) -> Result<Vec<(Key, Head)>, StoreError> {
        let keys: Vec<Key> = heads.iter().map(|(key, _)| key.clone()).collect();
        let seen = self.store.seen(&self.scheme.id, run, &keys)?;
        Ok(heads.into_iter().zip(seen).filter(|(_, seen)| !seen).map(|(one, _)| one).collect())
    }

    /// Whether a sweep had to meet a document if the source still has it: captured before it began, and with a time
    /// well within what it read.
    fn is_candidate(&self, head: &Head, seq: u64, span: Option<Span>) -> bool {
        let is_within = |Span { begin, end }: Span| {
            let grain = self.plan.call.grain;
            head.source_time.is_some_and(|time| time >= begin.plus(grain) && time <= end.minus(grain))
        };
        !head.is_tombstone() && head.seq <= seq && span.is_none_or(is_within)
    }

    /// Asks for documents by key; those that the source does not have. What it has is stored.
    async fn still_missing(&self, missing: Vec<(Key, Head)>, run: &mut Run) -> Result<Vec<(Key, Head)>, CaptureError> {
        let keys: Vec<Key> = missing.iter().map(|(key, _)| key.clone()).collect();
        let gone = self.gone(&keys, run).await?;
        Ok(missing.into_iter().filter(|(key, _)| gone.contains(key)).collect())
    }

    /// Of these keys, the ones that the source, asked directly, does not have.
    async fn gone(&self, keys: &[Key], run: &mut Run) -> Result<Vec<Key>, CaptureError> {
        let parts = self.plan.paths.key.len();
        let keys: Vec<Key> = keys.iter().filter(|key| key.parts(parts).is_some()).cloned().collect();
        let mut gone = Vec::new();
        for chunk in keys.chunks(self.at_once()) {
            let told = self.told_by_key(chunk, run).await?;
            let is_plain = chunk.len() == 1 || told.met.iter().all(|key| chunk.contains(key));
            if is_plain {
                gone.extend(told.gone(chunk));
                continue;
            }
            // An answer that holds what can't be told apart is asked for one by one.
            for key in chunk {
                let one = std::slice::from_ref(key);
                gone.extend(self.told_by_key(one, run).await?.gone(one));
            }
        }
        Ok(gone)
    }

    /// What the source answers for keys, stored like any capture.
    async fn told_by_key(&self, keys: &[Key], run: &mut Run) -> Result<Told, CaptureError> {
        let asked = self.asked()?;
        let answer = self.read_keys(keys).await?;
        for (key, fault) in &answer.refused {
            tracing::warn!(scheme = %self.scheme.id, %key, words = %fault.words, "missing, but it can't be asked for");
        }
        let mut sorted = self.sort(answer.documents, asked, false)?;
        self.defer(answer.deferred, &mut sorted);
        let met = self.store_page(sorted, None, run).await?.into_iter().map(|(key, _, _)| key).collect();
        Ok(Told { met, refused: answer.refused.into_iter().map(|(key, _)| key).collect() })
    }

    /// What stood in quarantine before the sweep and is not at the source any more, as far as the sweep can tell.
    async fn no_longer_shown(&self, sweep: &SweepState, run: &mut Run) -> Result<Vec<Key>, CaptureError> {
        let scheme = &self.scheme.id;
        let mut records = self.store.quarantined(scheme)?;
        let is_askable = |record: &Quarantine| self.asks_by_key() && !record.is_nameless();
        records.retain(|record| record.at < sweep.started && (is_askable(record) || !sweep.partial));
        let keys: Vec<Key> = records.iter().map(|record| record.key.clone()).collect();
        let seen = self.store.seen(scheme, sweep.run, &keys)?;
        let heads = self.store.heads(scheme, &keys)?;
        let start = self.store.progress(scheme)?.map(|progress| progress.start);
        let (mut cleared, mut asked) = (Vec::new(), Vec::new());
        for ((record, seen), head) in records.into_iter().zip(seen).zip(heads) {
            if seen || head.is_some_and(|head| !head.is_tombstone()) {
                continue;
            }
            if is_askable(&record) {
                asked.push(record.key);
            } else if is_covered(&record, sweep.span, start) {
                cleared.push(record.key);
            }
        }
        cleared.extend(self.gone(&asked, run).await?);
        Ok(cleared)
    }
}

/// Whether a sweep had to meet what stands in quarantine, were it still there.
fn is_covered(record: &Quarantine, span: Option<Span>, start: Option<Time>) -> bool {
    let Some(span) = span else { return true };
    let is_all = start.is_some_and(|start| span.begin <= start);
    is_all || record.source_time.is_some_and(|time| time >= span.begin)
}

fn tombstone(key: Key, head: Head) -> Captured {
    Captured {
        key,
        expect: head.version,
        kind: ChangeKind::Deleted,
        number: head.number,
        source_time: head.source_time,
        raw_hash: None,
        canonical_hash: None,
        body: Vec::new(),
    }
}
