//! Asking for documents by key: as many as go into one question, and one by one where that is refused, so that one
//! that can't be answered keeps no other back (design.md section 2.3).

use crate::capture::ask::{AskError, Question};
use crate::capture::blame::{IN_A_ROW, may_pass};
use crate::capture::detail::{Reading, Whole, listed_of_key};
use crate::capture::page::Sorted;
use crate::capture::scan::{Capture, CaptureError, Pulled};
use crate::connector::{Deferred, Fault, FaultKind, Page};
use crate::diff::extract;
use crate::document::Quarantine;
use crate::name::Key;
use crate::store::Run;

/// What is asked, for messages.
const BY_KEY: &str = "documents by key";

/// What the source answered for keys.
#[derive(Default)]
pub(super) struct Answer {
    pub documents: Vec<Reading>,
    /// Could not be read whole.
    pub deferred: Vec<Deferred>,
    /// Asked for alone, the source does not give these, and does not say that they are gone.
    pub refused: Vec<(Key, Fault)>,
}

/// A key and its parts.
type Parts = (Key, Vec<String>);

impl Capture {
    /// Whether documents can be asked for by key: by the call itself, or by a detail that needs nothing else.
    pub(super) fn asks_by_key(&self) -> bool {
        self.plan.call.by_key > 0 || self.plan.detail.as_ref().is_some_and(|detail| detail.by_key)
    }

    /// How many documents one question asks for.
    pub(super) fn at_once(&self) -> usize {
        self.plan.call.by_key.max(1)
    }

    /// Asks for documents by key. Keys that can be none of the source's are left out.
    pub(super) async fn read_keys(&self, keys: &[Key]) -> Result<Answer, CaptureError> {
        let mut answer = Answer::default();
        if !self.asks_by_key() {
            return Ok(answer);
        }
        let parts = self.plan.paths.key.len();
        let texts = |key: &Key| key.parts(parts).map(|parts| parts.into_iter().map(str::to_owned).collect());
        let keys: Vec<Parts> = keys.iter().filter_map(|key| Some((key.clone(), texts(key)?))).collect();
        if self.plan.call.by_key == 0 {
            let listed = keys.iter().map(|(_, parts)| listed_of_key(&self.plan.paths, parts)).collect();
            self.take(Page { documents: listed, ..Page::default() }, &mut answer).await?;
            return Ok(answer);
        }
        for chunk in keys.chunks(self.at_once()) {
            let texts: Vec<Vec<String>> = chunk.iter().map(|(_, parts)| parts.clone()).collect();
            match self.ask_texts(&texts, false).await {
                Ok(page) => self.take(page, &mut answer).await?,
                Err(error) if chunk.len() > 1 => {
                    let fault = self.fault_of_documents(BY_KEY, error).await?;
                    tracing::info!(scheme = %self.scheme.id, words = %fault.words, "refused together, asked for one by one");
                    for one in chunk {
                        self.read_one(one, &mut answer).await?;
                    }
                }
                Err(error) => self.refused(chunk, error, &mut answer).await?,
            }
        }
        Ok(answer)
    }

    async fn read_one(&self, one: &Parts, answer: &mut Answer) -> Result<(), CaptureError> {
        match self.ask_texts(std::slice::from_ref(&one.1), false).await {
            Ok(page) => self.take(page, answer).await,
            Err(error) => self.refused(std::slice::from_ref(one), error, answer).await,
        }
    }

    async fn refused(&self, one: &[Parts], error: AskError, answer: &mut Answer) -> Result<(), CaptureError> {
        for (key, _) in one {
            let fault = self.own_fault((key, None), BY_KEY, error.clone()).await?;
            answer.refused.push((key.clone(), fault));
        }
        Ok(())
    }

    async fn ask_texts(&self, keys: &[Vec<String>], by_number: bool) -> Result<Page, AskError> {
        let page = self.asker.ask(&Question::Keys { source: &self.scheme.source, keys, by_number }).await?;
        self.answered();
        Ok(page)
    }

    /// Adds what a question was answered, each document read whole.
    async fn take(&self, page: Page, answer: &mut Answer) -> Result<(), CaptureError> {
        answer.deferred.extend(page.deferred);
        for reading in self.whole(page.documents, true).await? {
            match (&reading.whole, extract(&reading.listed, &self.plan.paths)) {
                (Whole::Refused(fault), Ok(identity)) => answer.refused.push((identity.key, fault.clone())),
                _ => answer.documents.push(reading),
            }
        }
        Ok(())
    }

    /// Records documents that the source does not give, with its words.
    pub(super) fn name_refused(&self, refused: Vec<(Key, Fault)>, before: &str, sorted: &mut Sorted) {
        let at = self.now();
        if !refused.is_empty() {
            sorted.commit.at = Some(at);
        }
        let record = |(key, fault): (Key, Fault)| {
            let why = format!("{before}{}", fault.words);
            Quarantine { key, source_time: None, why, at }
        };
        sorted.commit.quarantined.extend(refused.into_iter().map(record));
    }

    /// Documents in quarantine are asked for again by key (rule 25), those first that were asked for longest ago. Where
    /// several in a row are never answered, the others are left for the next run.
    pub(super) async fn ask_quarantined(&self, run: &mut Run) -> Result<(), CaptureError> {
        let mut records = self.store.quarantined(&self.scheme.id)?;
        records.retain(|record| self.asks_by_key() && !record.is_nameless());
        records.sort_by_key(|record| record.at);
        let keys: Vec<Key> = records.into_iter().map(|record| record.key).collect();
        let mut silent = 0;
        for chunk in keys.chunks(self.at_once()) {
            let asked = self.asked()?;
            let answer = self.read_keys(chunk).await?;
            let is_silent =
                answer.refused.len() == chunk.len() && answer.refused.iter().all(|(_, fault)| may_pass(fault));
            silent = if is_silent { silent + chunk.len() } else { 0 };
            let mut sorted = self.sort(answer.documents, asked, false)?;
            self.defer(answer.deferred, &mut sorted);
            self.name_refused(answer.refused, "asked for again, the source says: ", &mut sorted);
            self.store_page(sorted, None, run).await?;
            if silent >= IN_A_ROW {
                tracing::warn!(scheme = %self.scheme.id, "documents in quarantine are not answered, the others are asked for later");
                break;
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
            let mut answer = self.read_keys(&keys).await?;
            // A number is no key of the source's kind: it refuses the question, and is asked by number below.
            let lasting = answer.refused.iter().find(|(_, fault)| fault.kind != FaultKind::Permanent);
            if let Some((_, fault)) = lasting {
                // Told to the person who asks, it is done with.
                self.answered();
                return Err(self.source_error(BY_KEY, AskError::Fault(fault.clone())));
            }
            if answer.documents.is_empty() && answer.deferred.is_empty() && self.plan.call.by_key > 0 {
                let page = self.ask_texts(&[vec![text.clone()]], true).await;
                self.take(page.map_err(|error| self.source_error(BY_KEY, error))?, &mut answer).await?;
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
}
