//! Reading a span of the source only to compare it with the store: what a reconciliation counts. Nothing is stored
//! unless it is to be healed; then a page is stored as any other.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::capture::detail::{Reading, Whole};
use crate::capture::page::{Sorted, latest_time};
use crate::capture::read::{MAX_PASSES, Pass};
use crate::capture::scan::{Capture, CaptureError};
use crate::capture::store_page::REFUSED;
use crate::change::ChangeKind;
use crate::clock::Time;
use crate::decimal::Decimal;
use crate::diff::extract;
use crate::name::Key;
use crate::query::{Found, Query, Scope};
use crate::scalar;
use crate::store::{Run, Span, StoreError};

/// How the store differs from what the source shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Drift {
    /// The store has no such document, or knows it as deleted.
    NotCaptured,
    /// The store's newest snapshot has another content.
    CapturedOtherwise,
    /// It can't be read, with why.
    Unreadable(String),
}

/// A document as the source shows it.
#[derive(Debug, Clone)]
pub struct Surveyed {
    /// Its key.
    pub key: Key,
    /// What people search by.
    pub number: Option<String>,
    /// Its own time.
    pub time: Option<Time>,
    /// The scheme's amounts, in the order of `reconcile.sums`.
    pub amounts: Vec<Decimal>,
    /// How the store differs; none: it doesn't.
    pub drift: Option<Drift>,
}

/// What takes the surveyed documents.
pub type Each<'a> = dyn FnMut(Surveyed) + Send + 'a;

impl Capture {
    /// Whether a document of this time lies in a span; without a time only where everything is read.
    pub fn lies_in(&self, span: Span, time: Option<Time>) -> bool {
        self.is_full() || time.is_some_and(|time| span.begin <= time && time < span.end)
    }

    /// The day of a source time, in the source's zone.
    pub fn day_of(&self, time: Time) -> String {
        self.zone.civil(time).print("yyyy-MM-dd")
    }

    /// Reads a span, window by window, and tells each document once, with how the store differs. With `heal`, what
    /// differs is stored, and delivery follows as usual.
    pub async fn survey(&self, span: Span, heal: bool, each: &mut Each<'_>) -> Result<(), CaptureError> {
        let start = self.store.progress(&self.scheme.id)?.map_or(span.begin, |progress| progress.start);
        let mut begin = span.begin;
        loop {
            let end = if self.is_full() { span.end } else { begin.plus(self.plan.lengths.window).min(span.end) };
            let window = Span { begin, end };
            let mut met = BTreeMap::new();
            let mut before = None;
            for _ in 0..MAX_PASSES {
                let pass = self.survey_pass(window, (start, heal), &mut met).await?;
                if pass.is_sure(before, self.plan.call.shifts) {
                    break;
                }
                before = Some(pass.digest());
            }
            let unreadable = |one: &Surveyed| matches!(one.drift, Some(Drift::Unreadable(_)));
            let here = |one: &Surveyed| self.lies_in(window, one.time) || unreadable(one);
            met.into_values().filter(here).for_each(&mut *each);
            if end >= span.end {
                return Ok(());
            }
            begin = end;
        }
    }

    async fn survey_pass(
        &self,
        span: Span,
        (start, heal): (Time, bool),
        met: &mut BTreeMap<Key, Surveyed>,
    ) -> Result<Pass, CaptureError> {
        let window = self.window(span.begin, span.end);
        let mut pass = Pass::default();
        loop {
            let what = || "page of a reconciliation".to_owned();
            let (asked, page) = self.page(window, pass.position.as_deref(), what).await?;
            pass.take(&page);
            let documents = match window {
                Some(_) => page.documents,
                None => self.since_start(page.documents, start, |key, time, raw_hash| pass.meet(key, time, raw_hash)),
            };
            let readings = self.whole(documents, false).await?;
            let mut found: BTreeMap<Key, Surveyed> = BTreeMap::new();
            for reading in &readings {
                if let Some(one) = self.surveyed(reading)? {
                    found.insert(one.key.clone(), one);
                }
            }
            let mut sorted = self.sort(readings, asked, false)?;
            self.defer(page.deferred, &mut sorted);
            for (key, raw_hash, time) in sorted.met.iter().chain(&sorted.gone) {
                pass.meet(key, *time, raw_hash);
            }
            // What may be an older reading counts only as a later question by key says (rule 5).
            let suspects = std::mem::take(&mut sorted.suspects);
            let mut sure = self.read_again(suspects).await?;
            for one in [&sorted, &sure] {
                for captured in &one.commit.captured {
                    let new = captured.kind == ChangeKind::Created;
                    mark(&mut found, &captured.key, if new { Drift::NotCaptured } else { Drift::CapturedOtherwise });
                }
                for record in &one.commit.quarantined {
                    mark(&mut found, &record.key, Drift::Unreadable(record.why.clone()));
                }
            }
            met.append(&mut found);
            if heal {
                let mut run = Run::default();
                for one in [&mut sorted, &mut sure] {
                    self.store_page(std::mem::take(one), None, &mut run).await?;
                }
            }
            if !pass.go_on(page.next)? {
                return Ok(pass);
            }
        }
    }

    /// Which of these documents the source shows when it is asked for them by key; none: it can't be asked.
    pub async fn shown(&self, keys: &[Key]) -> Result<Option<BTreeSet<Key>>, CaptureError> {
        if !self.asks_by_key() {
            return Ok(None);
        }
        let mut shown = BTreeSet::new();
        for chunk in keys.chunks(self.plan.call.by_key.max(1)) {
            let answer = self.read_keys(chunk).await?;
            let deferred = answer.deferred.iter().map(|one| &*one.document.bytes);
            let here = answer.documents.iter().filter(|reading| !matches!(reading.whole, Whole::Gone));
            let texts = here.map(Reading::text).chain(deferred);
            // What it does not tell of is not known to be gone.
            shown.extend(answer.refused.iter().map(|(key, _)| key.clone()));
            shown.extend(texts.filter_map(|text| Some(extract(text, &self.plan.paths).ok()?.key)));
        }
        Ok(Some(shown))
    }

    /// Documents that may be older readings, as a later question says.
    async fn read_again(&self, suspects: Vec<(Key, Option<Reading>)>) -> Result<Sorted, CaptureError> {
        if suspects.is_empty() {
            return Ok(Sorted::default());
        }
        let asked = self.asked()?;
        if !self.asks_by_key() {
            return Ok(self.sort(suspects.into_iter().filter_map(|(_, reading)| reading).collect(), asked, true)?);
        }
        let keys: Vec<Key> = suspects.into_iter().map(|(key, _)| key).collect();
        let answer = self.read_keys(&keys).await?;
        let mut sorted = self.sort(answer.documents, asked, true)?;
        self.defer(answer.deferred, &mut sorted);
        self.name_refused(answer.refused, REFUSED, &mut sorted);
        Ok(sorted)
    }

    fn surveyed(&self, reading: &Reading) -> Result<Option<Surveyed>, StoreError> {
        let Ok(listed) = extract(&reading.listed, &self.plan.paths) else { return Ok(None) };
        let identity = extract(reading.text(), &self.plan.paths).unwrap_or_else(|_| listed.clone());
        let time = latest_time(&identity, &self.zone).or_else(|| latest_time(&listed, &self.zone));
        let mut one = Surveyed { key: listed.key, number: identity.number, time, amounts: Vec::new(), drift: None };
        if matches!(reading.whole, Whole::Gone) {
            return Ok(None);
        }
        let sums = &self.scheme.reconcile.sums;
        if !sums.is_empty() {
            let stored = match reading.whole {
                // Listed as when it was last read: the stored text is the whole one.
                Whole::Unchanged => self.stored_text(&one.key)?,
                _ => None,
            };
            let parsed = serde_json::from_slice(stored.as_deref().unwrap_or(reading.text()));
            one.amounts = amounts(sums, &parsed.unwrap_or(Value::Null));
        }
        Ok(Some(one))
    }

    fn stored_text(&self, key: &Key) -> Result<Option<Vec<u8>>, StoreError> {
        let head = self.store.heads(&self.scheme.id, std::slice::from_ref(key))?.into_iter().flatten().next();
        head.map_or(Ok(None), |head| self.store.body(&self.scheme.id, key, head.version))
    }
}

fn mark(found: &mut BTreeMap<Key, Surveyed>, key: &Key, drift: Drift) {
    match found.get_mut(key) {
        Some(one) => one.drift = Some(drift),
        None => {
            let one = Surveyed { key: key.clone(), number: None, time: None, amounts: Vec::new(), drift: Some(drift) };
            found.insert(key.clone(), one);
        }
    }
}

/// The scheme's amounts of one document: for each sum all numbers that its path finds, added exactly. What is no number
/// counts as nothing.
pub fn amounts(sums: &[(String, Query)], document: &Value) -> Vec<Decimal> {
    let scope = Scope { document, elements: &[], receipt: None };
    let number = |value: &Value| scalar::plain(value).and_then(|text| Decimal::parse(&text));
    let sum = |query: &Query| match query.find(&scope) {
        Found::Nothing => Decimal::zero(),
        Found::One(value) => number(value).unwrap_or_else(Decimal::zero),
        Found::Many(values) => values.into_iter().filter_map(number).fold(Decimal::zero(), |sum, n| sum.plus(&n)),
    };
    sums.iter().map(|(_, query)| sum(query)).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn amounts_are_added_exactly_over_all_that_a_path_finds() {
        let sum = |path: &str, document: &str| {
            let sums = [("sum".to_owned(), Query::parse(path).unwrap())];
            amounts(&sums, &serde_json::from_str(document).unwrap())[0].to_string()
        };
        let cases = [
            ("$.a", r#"{"a":0.1}"#, "0.1"),
            ("$.a", r#"{"a":"12.50"}"#, "12.50"),
            ("$.a", r#"{"a":null}"#, "0"),
            ("$.a", r#"{"a":"viel"}"#, "0"),
            ("$.a", "{}", "0"),
            ("$.l[*].a", r#"{"l":[{"a":0.1},{"a":0.2},{"a":"x"},{}]}"#, "0.3"),
            ("$.l[*].a", r#"{"l":[{"a":1.000000000000000005},{"a":1}]}"#, "2.000000000000000005"),
        ];
        for (path, document, expected) in cases {
            assert_eq!(sum(path, document), expected, "{path} of {document}");
        }
    }
}
