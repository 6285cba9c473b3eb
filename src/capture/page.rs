//! One page: each document is known, touched, new, changed, unreadable, or suspect of being stale; nothing is
//! written here.

use std::collections::HashMap;

use crate::capture::detail::{Reading, Whole};
use crate::capture::index;
use crate::capture::plan::CapturePlan;
use crate::change::ChangeKind;
use crate::clock::{Time, Zone};
use crate::connector::{Connector, Deferred};
use crate::crash;
use crate::diff::{Document, ExtractFault, Identity, extract};
use crate::document::{Head, Quarantine};
use crate::name::Key;
use crate::row_version::RowVersion;
use crate::store::{CaptureCommit, Captured, Run, Store, StoreError, Touched};

/// A page's documents, sorted by what has to be done.
#[derive(Debug, Default)]
pub struct Sorted {
    /// What to store; progress and run are the caller's.
    pub commit: CaptureCommit,
    /// Documents to be asked for again by key, with what was read now (rule 5).
    pub suspects: Vec<(Key, Option<Reading>)>,
    /// What was met: key, raw hash and source time of every document; no time of those that could not be read.
    pub met: Vec<(Key, [u8; 32], Option<Time>)>,
    /// What was listed and is not there any more: as in `met`.
    pub gone: Vec<(Key, [u8; 32], Option<Time>)>,
    /// Documents unchanged.
    pub unchanged: u64,
    /// Whether they were met by a look at what should be known already: a sweep, or a window beside a row version that
    /// is followed. What is new or changed then shows where reading has to go back to (rule 27).
    pub swept: bool,
}

impl Sorted {
    /// Whether there is anything to store.
    pub fn is_empty(&self) -> bool {
        let commit = &self.commit;
        commit.captured.is_empty()
            && commit.touched.is_empty()
            && commit.quarantined.is_empty()
            && commit.cleared.is_empty()
            && commit.met.is_empty()
            && commit.progress.is_none()
    }

    /// What could not even be named is known to be no older than the window it was met in.
    pub fn place_nameless(&mut self, begin: Time) {
        let nameless = self.commit.quarantined.iter_mut().filter(|record| record.is_nameless());
        nameless.for_each(|record| record.source_time = Some(begin));
    }

    /// Adds this page's counts to a run's.
    pub fn count(&self, run: &mut Run) {
        let created = self.commit.captured.iter().filter(|c| c.kind == ChangeKind::Created).count() as u64;
        run.new += created;
        run.changed += self.commit.captured.len() as u64 - created;
        run.unchanged += self.unchanged + self.commit.touched.len() as u64;
        run.quarantined += self.commit.quarantined.len() as u64;
    }
}

/// What a page is compared with.
pub struct Sorter<'a> {
    pub plan: &'a CapturePlan,
    pub store: &'a dyn Store,
    pub connector: &'a dyn Connector,
    pub scheme: &'a str,
    pub zone: &'a Zone,
    pub now: Time,
}

/// When the request of a reading was sent.
#[derive(Debug, Clone, Copy)]
pub struct Asked {
    /// Where the change log stood (rule 5).
    pub seq: u64,
    /// By our clock (rule 22).
    pub at: Time,
}

struct Met {
    identity: Identity,
    time: Option<Time>,
    version: Option<RowVersion>,
    reading: Reading,
}

impl Met {
    /// Whether this reading of a document is at least as new as another: by row version where both have one.
    fn is_newer_than(&self, other: &Self) -> bool {
        match (&self.version, &other.version) {
            (Some(own), Some(other)) => own >= other,
            _ => self.time >= other.time,
        }
    }
}

/// The document's row version, where it carries one.
pub fn row_version(identity: &Identity) -> Option<RowVersion> {
    identity.row_version.as_deref().and_then(RowVersion::read)
}

/// The document's own time: the latest of those it carries.
pub fn latest_time(identity: &Identity, zone: &Zone) -> Option<Time> {
    identity.time_texts.iter().filter_map(|text| zone.read(text)).max()
}

impl Sorter<'_> {
    /// Sorts a page. With `confirmed`, the documents have been read twice with one result, and are taken as they are.
    pub fn sort(&self, documents: Vec<Reading>, asked: Asked, confirmed: bool) -> Result<Sorted, StoreError> {
        let mut sorted = Sorted::default();
        sorted.commit.scheme = self.scheme.to_owned();
        sorted.commit.at = Some(self.now);
        sorted.commit.asked = (!self.plan.write_backs.is_empty()).then_some(asked.at);
        let met = self.identify(documents, &mut sorted);
        crash::point("capture.parsed");
        let keys: Vec<Key> = met.iter().map(|one| one.identity.key.clone()).collect();
        let heads = self.store.heads(self.scheme, &keys)?;
        let quarantined = self.quarantined(&keys)?;
        for (one, head) in met.into_iter().zip(heads) {
            let record = quarantined.get(&one.identity.key);
            self.compare(one, (head, record), (asked.seq, confirmed), &mut sorted)?;
        }
        Ok(sorted)
    }

    /// Reads identities; of a document that comes twice in a page the later version stays.
    fn identify(&self, documents: Vec<Reading>, sorted: &mut Sorted) -> Vec<Met> {
        let mut met: Vec<Met> = Vec::with_capacity(documents.len());
        let mut places: HashMap<Key, usize> = HashMap::with_capacity(documents.len());
        for document in documents {
            let identity = match extract(&document.listed, &self.plan.paths) {
                Ok(identity) => identity,
                Err(fault) => {
                    let record = self.unreadable(&document.listed, &fault);
                    sorted.met.push((record.key.clone(), self.plan.gate.raw_hash(&document.listed), None));
                    sorted.commit.quarantined.push(record);
                    continue;
                }
            };
            let time = latest_time(&identity, self.zone);
            let version = row_version(&identity);
            let one = Met { identity, time, version, reading: document };
            match places.get(&one.identity.key) {
                Some(&place) if one.is_newer_than(&met[place]) => met[place] = one,
                Some(_) => {}
                None => {
                    places.insert(one.identity.key.clone(), met.len());
                    met.push(one);
                }
            }
        }
        met
    }

    /// Records documents that could not be read whole (rules 24 and 25).
    pub fn defer(&self, deferred: Vec<Deferred>, sorted: &mut Sorted) {
        sorted.commit.scheme = self.scheme.to_owned();
        sorted.commit.at = Some(self.now);
        for Deferred { document, why } in deferred {
            let record = match extract(&document.bytes, &self.plan.paths) {
                Ok(identity) => {
                    let source_time = latest_time(&identity, self.zone);
                    Quarantine { key: identity.key, source_time, why, at: self.now }
                }
                Err(fault) => self.unreadable(&document.bytes, &fault),
            };
            sorted.met.push((record.key.clone(), self.plan.gate.raw_hash(&document.bytes), None));
            sorted.commit.quarantined.push(record);
        }
    }

    fn quarantined(&self, keys: &[Key]) -> Result<HashMap<Key, Quarantine>, StoreError> {
        let mut found = HashMap::new();
        for key in keys {
            if let Some(record) = self.store.quarantine(self.scheme, key)? {
                found.insert(key.clone(), record);
            }
        }
        Ok(found)
    }

    fn compare(
        &self,
        one: Met,
        (head, record): (Option<Head>, Option<&Quarantine>),
        (asked_at, confirmed): (u64, bool),
        sorted: &mut Sorted,
    ) -> Result<(), StoreError> {
        let raw_hash = self.raw_hash(&one.reading);
        let Some(Met { identity, time, version, reading }) = self.whole(one, raw_hash, sorted) else { return Ok(()) };
        let key = identity.key;
        if self.is_gated(&reading) && head.as_ref().is_some_and(|head| head.raw_hash == Some(raw_hash)) {
            sorted.unchanged += 1;
            // What was met in quarantine with a later time is not cleared by an older reading.
            if record.is_some_and(|record| record.source_time <= time) {
                sorted.commit.cleared.push(key.clone());
            }
            sorted.met.push((key, raw_hash, time));
            return Ok(());
        }
        if !confirmed && head.as_ref().is_some_and(|head| is_suspect(head, asked_at, time, version.as_ref())) {
            sorted.met.push((key.clone(), raw_hash, time));
            sorted.suspects.push((key, Some(reading)));
            return Ok(());
        }
        let bytes = match reading.whole {
            Whole::Read(bytes) => bytes,
            Whole::Listed => reading.listed,
            Whole::Unchanged | Whole::Gone | Whole::Unreadable(_) | Whole::Refused(_) => {
                // Its snapshot moved after it was found unchanged.
                sorted.met.push((key.clone(), raw_hash, time));
                sorted.suspects.push((key, None));
                return Ok(());
            }
        };
        let document = match Document::parse(&bytes) {
            Ok(document) => document,
            Err(fault) => {
                let why = fault.to_string();
                sorted.met.push((key.clone(), raw_hash, None));
                sorted.commit.quarantined.push(Quarantine { key, source_time: time, why, at: self.now });
                return Ok(());
            }
        };
        sorted.met.push((key.clone(), raw_hash, time));
        if let Some(version) = version {
            sorted.commit.row_versions.insert(key.clone(), version);
        }
        let canonical_hash = self.plan.differ.hash(&document);
        let expect = head.as_ref().map_or(0, |head| head.version);
        if let Some(head) = head.as_ref().filter(|head| !head.is_tombstone()) {
            let is_same = self.is_same(&key, head, canonical_hash)?;
            if is_same || self.is_echo(&key, head, &document)? {
                let (source_time, number) = (time, identity.number);
                // What a write-back wrote is what the next reading is compared with.
                let body = (!is_same).then_some(bytes);
                let touched = Touched { key, expect, raw_hash, canonical_hash, source_time, number, body };
                sorted.commit.touched.push(touched);
                return Ok(());
            }
        }
        let kind = match &head {
            Some(head) if !head.is_tombstone() => ChangeKind::Updated,
            Some(_) | None => ChangeKind::Created,
        };
        let values = index::values(&self.plan.index, &bytes);
        if !values.is_empty() {
            sorted.commit.index.insert(key.clone(), values);
        }
        sorted.commit.captured.push(Captured {
            key,
            expect,
            kind,
            number: identity.number,
            source_time: time,
            raw_hash: Some(raw_hash),
            canonical_hash: Some(canonical_hash),
            body: bytes,
        });
        Ok(())
    }

    /// What the gate compares: the document as listed, or the whole one where each is read anyway.
    fn raw_hash(&self, reading: &Reading) -> [u8; 32] {
        let always = self.plan.detail.as_ref().is_some_and(|detail| detail.always);
        self.plan.gate.raw_hash(if always { reading.text() } else { &reading.listed })
    }

    /// Whether equal bytes at the gate mean that the document is as it was: of one listed as before and read whole
    /// all the same, only the content tells.
    fn is_gated(&self, reading: &Reading) -> bool {
        let always = self.plan.detail.as_ref().is_some_and(|detail| detail.always);
        always || !matches!(reading.whole, Whole::Read(_))
    }

    /// The document with the identity of its whole text; none if there is no text to compare.
    fn whole(&self, one: Met, raw_hash: [u8; 32], sorted: &mut Sorted) -> Option<Met> {
        let Met { identity: listed, time, version, reading } = one;
        let why = match &reading.whole {
            Whole::Listed | Whole::Unchanged => return Some(Met { identity: listed, time, version, reading }),
            Whole::Gone => {
                sorted.gone.push((listed.key, raw_hash, time));
                return None;
            }
            Whole::Unreadable(why) => why.clone(),
            Whole::Refused(fault) if fault.too_much.is_some() => fault.words.clone(),
            Whole::Refused(fault) => format!("asked for it whole, the source says: {}", fault.words),
            Whole::Read(bytes) => match extract(bytes, &self.plan.paths) {
                Ok(whole) if whole.key == listed.key => {
                    let number = whole.number.clone().or(listed.number);
                    let whole_time = latest_time(&whole, self.zone);
                    let (time, version) = (whole_time.or(time), row_version(&whole).or(version));
                    return Some(Met { identity: Identity { number, ..whole }, time, version, reading });
                }
                Ok(whole) => format!("its detail is that of `{}`", whole.key),
                Err(fault) => format!("its detail can't be read: {fault}"),
            },
        };
        sorted.met.push((listed.key.clone(), raw_hash, None));
        sorted.commit.quarantined.push(Quarantine { key: listed.key, source_time: time, why, at: self.now });
        None
    }

    /// Whether the content is the snapshot's. Under new rules the stored hash tells nothing: then the stored body,
    /// hashed again by the rules of now, decides (rule 9).
    fn is_same(&self, key: &Key, head: &Head, canonical_hash: [u8; 32]) -> Result<bool, StoreError> {
        if head.canonical_hash == Some(canonical_hash) {
            return Ok(true);
        }
        let body = match self.store.body(self.scheme, key, head.version) {
            Ok(Some(body)) => body,
            // A body that is gone or damaged can't be compared with: what was read now takes its place.
            Ok(None) | Err(StoreError::Damaged { .. }) => return Ok(false),
            Err(error) => return Err(error),
        };
        Ok(Document::parse(&body).is_ok_and(|stored| self.plan.differ.hash(&stored) == canonical_hash))
    }

    fn unreadable(&self, bytes: &[u8], fault: &ExtractFault) -> Quarantine {
        let key = match fault {
            ExtractFault::Scalar { key, .. } => key.clone(),
            ExtractFault::Parse(_) | ExtractFault::Key { .. } => Quarantine::nameless(bytes),
        };
        Quarantine { key, source_time: None, why: fault.to_string(), at: self.now }
    }
}

/// Whether what was read may be older than what is known: the head changed after the request was sent, or it has a
/// later source time or row version (rule 5).
fn is_suspect(head: &Head, asked_at: u64, time: Option<Time>, version: Option<&RowVersion>) -> bool {
    head.seq > asked_at
        || matches!((time, head.source_time), (Some(read), Some(known)) if read < known)
        || matches!((version, &head.row_version), (Some(read), Some(known)) if read < known)
}
