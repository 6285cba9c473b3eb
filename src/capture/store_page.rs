//! Storing one page; documents that may be stale, are in quarantine or are asked for by a person are read by key.

use std::collections::HashSet;
use std::sync::PoisonError;

use crate::capture::ask::Question;
use crate::capture::detail::{Reading, listed_of_key};
use crate::capture::page::{Asked, Sorted, Sorter};
use crate::capture::scan::{Capture, CaptureError, Pulled};
use crate::clock::Time;
use crate::connector::Deferred;
use crate::crash;
use crate::document::Quarantine;
use crate::name::Key;
use crate::store::{ProgressStep, Run, StoreError};
use crate::watermark::Progress;

/// Reads of a suspect document before it is left for the next run.
const MAX_REREADS: u32 = 4;

type Met = Vec<(Key, [u8; 32], Option<Time>)>;

/// Documents that may be stale, each with what was read of it.
type Unsure = Vec<(Key, Option<Reading>)>;

/// What the source answered for keys.
#[derive(Default)]
pub(super) struct Answer {
    pub documents: Vec<Reading>,
    /// Could not be read whole.
    pub deferred: Vec<Deferred>,
}

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
        let answer = match self.read_keys(&keys).await {
            Ok(answer) => answer,
            // One of them is refused: one by one it is found which.
            Err(CaptureError::Refused { .. }) => return Ok((unsure, Sorted::default())),
            Err(error) => return Err(error),
        };
        let again: HashSet<Vec<u8>> = answer.documents.iter().map(|reading| reading.text().to_vec()).collect();
        let says_same = |before: &Option<Reading>| before.as_ref().is_some_and(|one| again.contains(one.text()));
        let (same, unsure): (Unsure, Unsure) = unsure.into_iter().partition(|(_, before)| says_same(before));
        let same = same.into_iter().filter_map(|(_, reading)| reading).collect();
        Ok((unsure, self.sort(same, asked, true)?))
    }

    async fn read_until_sure(&self, key: Key, mut before: Option<Reading>) -> Result<Sorted, CaptureError> {
        for _ in 0..MAX_REREADS {
            let asked = self.asked()?;
            let answer = match self.read_keys(std::slice::from_ref(&key)).await {
                Ok(answer) => answer,
                // Refused for good: named, and asked again with each run; other documents go on (rule 25).
                Err(CaptureError::Refused { why, .. }) => return Ok(self.unanswered(key, why)),
                Err(error) => return Err(error),
            };
            let Some(document) = answer.documents.into_iter().next() else {
                let mut sorted = Sorted::default();
                self.defer(answer.deferred, &mut sorted);
                return Ok(sorted);
            };
            let same = before.as_ref().is_some_and(|before| before.text() == document.text());
            before = Some(document.clone());
            let sorted = self.sort(vec![document], asked, same)?;
            if sorted.suspects.is_empty() {
                return Ok(sorted);
            }
        }
        tracing::warn!(scheme = %self.scheme.id, %key, "the source gives older versions again and again, left for the next run");
        Ok(Sorted::default())
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

    fn unanswered(&self, key: Key, why: String) -> Sorted {
        let why = format!("it may be stale, and the source refuses to be asked for it: {why}");
        let mut sorted = Sorted::default();
        sorted.commit.at = Some(self.now());
        sorted.commit.quarantined.push(Quarantine { key, source_time: None, why, at: self.now() });
        sorted
    }

    /// Whether documents can be asked for by key: by the call itself, or by a detail that needs nothing else.
    pub(super) fn asks_by_key(&self) -> bool {
        self.plan.call.by_key > 0 || self.plan.detail.as_ref().is_some_and(|detail| detail.by_key)
    }

    pub(super) async fn read_keys(&self, keys: &[Key]) -> Result<Answer, CaptureError> {
        let parts = self.plan.paths.key.len();
        let texts: Vec<Vec<String>> = keys
            .iter()
            .filter_map(|key| key.parts(parts).map(|parts| parts.into_iter().map(str::to_owned).collect()))
            .collect();
        if self.plan.call.by_key == 0 {
            let listed = texts.iter().map(|parts| listed_of_key(&self.plan.paths, parts)).collect();
            let documents = if self.asks_by_key() { self.whole(listed, true).await? } else { Vec::new() };
            return Ok(Answer { documents, ..Answer::default() });
        }
        self.read_texts(&texts, false).await
    }

    async fn read_texts(&self, texts: &[Vec<String>], by_number: bool) -> Result<Answer, CaptureError> {
        let mut answer = Answer::default();
        if self.plan.call.by_key == 0 {
            return Ok(answer);
        }
        for keys in texts.chunks(self.plan.call.by_key.max(1)) {
            let question = Question::Keys { source: &self.scheme.source, keys, by_number };
            let page = self.asker.ask(&question).await.map_err(|e| self.source_error("documents by key", e))?;
            answer.documents.extend(self.whole(page.documents, true).await?);
            answer.deferred.extend(page.deferred);
        }
        Ok(answer)
    }

    /// Documents in quarantine are asked for again by key (rule 25).
    pub(super) async fn ask_quarantined(&self, run: &mut Run) -> Result<(), CaptureError> {
        let records = self.store.quarantined(&self.scheme.id)?;
        let keys: Vec<Key> =
            records.into_iter().filter(|record| !record.is_nameless()).map(|record| record.key).collect();
        if !keys.is_empty() && self.asks_by_key() {
            let asked = self.asked()?;
            match self.read_keys(&keys).await {
                Ok(answer) => {
                    let mut sorted = self.sort(answer.documents, asked, false)?;
                    self.defer(answer.deferred, &mut sorted);
                    self.store_page(sorted, None, run).await?;
                }
                Err(CaptureError::Refused { why, .. }) => {
                    tracing::warn!(scheme = %self.scheme.id, why, "documents in quarantine could not be asked for");
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// Reads documents by key or number from the source now, past filter and window (补单).
    pub async fn pull(&self, texts: &[String]) -> Result<Pulled, CaptureError> {
        if !self.asks_by_key() {
            return Err(CaptureError::Absurd(format!("`{}` can't be asked by key", self.scheme.source.call)));
        }
        let mut pulled = Pulled::default();
        for text in texts {
            let mut keys = vec![Key::from_text(text.as_str())];
            keys.extend(self.store.by_number(&self.scheme.id, text)?);
            let asked = self.asked()?;
            let mut answer = self.read_keys(&keys).await.or_else(|error| match error {
                // A number is no key of the source's kind: it refuses the question, and is asked by number below.
                CaptureError::Refused { .. } => Ok(Answer::default()),
                other => Err(other),
            })?;
            if answer.documents.is_empty() && answer.deferred.is_empty() {
                answer = self.read_texts(&[vec![text.clone()]], true).await?;
            }
            let mut sorted = self.sort(answer.documents, asked, false)?;
            self.defer(answer.deferred, &mut sorted);
            let met = self.store_page(sorted, None, &mut Run::default()).await?;
            if met.is_empty() {
                pulled.missing.push(text.clone());
            }
            pulled.found.extend(met.into_iter().map(|(key, _, _)| key));
        }
        Ok(pulled)
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

    /// Stores what was sorted; returns the keys whose head moved meanwhile.
    async fn commit(&self, mut sorted: Sorted, run: &mut Run) -> Result<Vec<Key>, CaptureError> {
        sorted.count(run);
        if sorted.is_empty() {
            return Ok(Vec::new());
        }
        self.note_swept(&mut sorted)?;
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
