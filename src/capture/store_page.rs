//! Storing one page; documents that may be stale are asked for by key.

use std::collections::HashSet;
use std::sync::PoisonError;

use crate::capture::detail::Reading;
use crate::capture::page::{Asked, Sorted, Sorter, latest_time};
use crate::capture::scan::{Capture, CaptureError};
use crate::clock::Time;
use crate::connector::Deferred;
use crate::crash;
use crate::diff::extract;
use crate::document::Quarantine;
use crate::name::Key;
use crate::store::{ProgressStep, Run, StoreError};
use crate::watermark::Progress;

/// Reads of a suspect document before it is left for the next run.
const MAX_REREADS: u32 = 4;
/// What a record of a suspect document says before the source's words.
pub(super) const REFUSED: &str = "it may be stale, and the source refuses to be asked for it: ";

type Met = Vec<(Key, [u8; 32], Option<Time>)>;

/// Documents that may be stale, each with what was read of it.
type Unsure = Vec<(Key, Option<Reading>)>;

impl Capture {
    /// Stores a page; documents that may be stale are asked for again by key first (rule 5). The progress moves in
    /// the page's own commit, unless documents have to be asked for.
    pub(super) async fn store_page(
        &self,
        mut sorted: Sorted,
        mut step: Option<(&mut Progress, Progress)>,
        run: &mut Run,
    ) -> Result<Met, CaptureError> {
        let mut met = Met::new();
        let swept = sorted.swept;
        loop {
            self.note_met(&mut sorted)?;
            let suspects = std::mem::take(&mut sorted.suspects);
            met.append(&mut sorted.met);
            if suspects.is_empty()
                && let Some((progress, to)) = step.take()
            {
                let from = Some(std::mem::replace(progress, to.clone()));
                sorted.commit.progress = Some(ProgressStep { from, to });
            }
            let stale = self.commit(sorted, run).await?;
            let mut unsure: Unsure = stale.into_iter().map(|key| (key, None)).collect();
            unsure.extend(suspects);
            if unsure.is_empty() {
                return Ok(met);
            }
            sorted = Sorted { swept, ..self.ask_again(unsure).await? };
        }
    }

    /// Reads documents by key until two reads in sequence say the same, or one is plainly newer than what is known.
    async fn ask_again(&self, unsure: Unsure) -> Result<Sorted, CaptureError> {
        let mut settled = Sorted::default();
        settled.commit.scheme.clone_from(&self.scheme.id);
        let (unsure, confirmed) = self.confirm(unsure).await?;
        merge(&mut settled, confirmed);
        for (key, before) in unsure {
            let sorted = match before {
                Some(reading) if !self.asks_by_key() => self.met_again(key, reading)?,
                before => self.read_until_sure(key, before).await?,
            };
            merge(&mut settled, sorted);
        }
        Ok(settled)
    }

    /// Asks for all of them at once: what says the same a second time is settled. The others are left to be read one
    /// by one.
    async fn confirm(&self, unsure: Unsure) -> Result<(Unsure, Sorted), CaptureError> {
        let keys: Vec<Key> = unsure.iter().filter(|(_, before)| before.is_some()).map(|(key, _)| key.clone()).collect();
        if keys.len() < 2 || !self.asks_by_key() {
            return Ok((unsure, Sorted::default()));
        }
        let asked = self.asked()?;
        let answer = self.read_keys(&keys).await?;
        let again: HashSet<Vec<u8>> = answer.documents.iter().map(|reading| reading.text().to_vec()).collect();
        let says_same = |before: &Option<Reading>| before.as_ref().is_some_and(|one| again.contains(one.text()));
        let (same, mut unsure): (Unsure, Unsure) = unsure.into_iter().partition(|(_, before)| says_same(before));
        let same = same.into_iter().filter_map(|(_, reading)| reading).collect();
        let mut confirmed = self.sort(same, asked, true)?;
        unsure.retain(|(key, _)| answer.refused.iter().all(|(refused, _)| refused != key));
        self.name_refused(answer.refused, REFUSED, &mut confirmed);
        Ok((unsure, confirmed))
    }

    async fn read_until_sure(&self, key: Key, mut before: Option<Reading>) -> Result<Sorted, CaptureError> {
        let time = before.as_ref().and_then(|reading| self.time_of(reading));
        for _ in 0..MAX_REREADS {
            let asked = self.asked()?;
            let answer = self.read_keys(std::slice::from_ref(&key)).await?;
            let Some(document) = answer.documents.into_iter().next() else {
                if answer.deferred.is_empty() && answer.refused.is_empty() {
                    return Ok(self.unsure(key, time, "the source shows nothing when it is asked for it by key"));
                }
                // Named, and asked for again with each run; other documents go on (rule 25).
                let mut sorted = Sorted::default();
                self.defer(answer.deferred, &mut sorted);
                self.name_refused(answer.refused, REFUSED, &mut sorted);
                return Ok(sorted);
            };
            let same = before.as_ref().is_some_and(|before| before.text() == document.text());
            before = Some(document.clone());
            let sorted = self.sort(vec![document], asked, same)?;
            if sorted.suspects.is_empty() {
                return Ok(sorted);
            }
        }
        Ok(self.unsure(key, time, "the source gives another version each time it is asked for it"))
    }

    fn time_of(&self, reading: &Reading) -> Option<Time> {
        extract(reading.text(), &self.plan.paths).ok().and_then(|identity| latest_time(&identity, &self.zone))
    }

    /// Where documents can't be asked for by key, what may be stale counts when a later page says the same.
    fn met_again(&self, key: Key, reading: Reading) -> Result<Sorted, StoreError> {
        let hash = *blake3::hash(reading.text()).as_bytes();
        let before = self.suspected.lock().unwrap_or_else(PoisonError::into_inner).insert(key, hash);
        if before != Some(hash) {
            return Ok(Sorted::default());
        }
        let asked = self.asked()?;
        self.sort(vec![reading], asked, true)
    }

    /// A document that may be stale, and of which nothing surer is known: it is named, and asked for with each run.
    fn unsure(&self, key: Key, time: Option<Time>, why: &str) -> Sorted {
        tracing::warn!(scheme = %self.scheme.id, %key, why, "left for the next run");
        let mut sorted = Sorted::default();
        sorted.commit.at = Some(self.now());
        let why = format!("it may be stale, and {why}");
        sorted.commit.quarantined.push(Quarantine { key, source_time: time, why, at: self.now() });
        sorted
    }

    /// That a request is sent now.
    pub(super) fn asked(&self) -> Result<Asked, StoreError> {
        Ok(Asked { seq: self.store.last_seq(&self.scheme.id)?, at: self.now() })
    }

    pub(super) fn sort(&self, documents: Vec<Reading>, asked: Asked, confirmed: bool) -> Result<Sorted, StoreError> {
        self.sorter().sort(documents, asked, confirmed)
    }

    /// Records what could not be read whole in a page's commit.
    pub(super) fn defer(&self, deferred: Vec<Deferred>, sorted: &mut Sorted) {
        for one in &deferred {
            tracing::warn!(scheme = %self.scheme.id, why = one.why, "document deferred, asked for again with the next run");
        }
        if !deferred.is_empty() {
            self.sorter().defer(deferred, sorted);
        }
    }

    fn sorter(&self) -> Sorter<'_> {
        Sorter {
            plan: &self.plan,
            store: &*self.store,
            connector: &*self.asker.connector,
            scheme: &self.scheme.id,
            zone: &self.zone,
            now: self.now(),
        }
    }

    /// What is met again in quarantine, without a time, is no older than when it was met before.
    fn keep_times(&self, sorted: &mut Sorted) -> Result<(), StoreError> {
        for record in sorted.commit.quarantined.iter_mut().filter(|record| record.source_time.is_none()) {
            let known = self.store.quarantine(&self.scheme.id, &record.key)?;
            record.source_time = known.and_then(|known| known.source_time);
        }
        Ok(())
    }

    /// Stores what was sorted; returns the keys whose head moved meanwhile.
    async fn commit(&self, mut sorted: Sorted, run: &mut Run) -> Result<Vec<Key>, CaptureError> {
        sorted.count(run);
        if sorted.is_empty() {
            return Ok(Vec::new());
        }
        self.note_swept(&mut sorted)?;
        self.keep_times(&mut sorted)?;
        sorted.commit.run = sorted.commit.progress.is_some().then(|| self.recorded(run));
        let found = if run.sweep { sorted.commit.captured.clone() } else { Vec::new() };
        crash::point("capture.compared");
        let done = self.store.commit_capture(sorted.commit).await?;
        crash::point("capture.stored");
        self.found_by_sweep(&found);
        self.notify();
        Ok(done.stale)
    }
}

fn merge(into: &mut Sorted, from: Sorted) {
    into.commit.at = from.commit.at.or(into.commit.at);
    into.commit.asked = into.commit.asked.into_iter().chain(from.commit.asked).min();
    into.commit.captured.extend(from.commit.captured);
    into.commit.index.extend(from.commit.index);
    into.commit.touched.extend(from.commit.touched);
    into.commit.quarantined.extend(from.commit.quarantined);
    into.commit.cleared.extend(from.commit.cleared);
    into.met.extend(from.met);
    into.commit.row_versions.extend(from.commit.row_versions);
    into.unchanged += from.unchanged;
}
