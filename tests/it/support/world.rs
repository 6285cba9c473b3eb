//! The scripted system's truth: what the source holds, what the target was made to hold, and what must never happen
//! to it. Everything by chance comes from its seed.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use deltaferry::clock::{Time, Zone};
use deltaferry::connector::{Fault, FaultKind};
use deltaferry::receipt::Receipt;
use fastrand::Rng;
use serde_json::{Value, json};

/// How long an effect may come after its answer was lost; the settle time of its calls is longer.
const LATE: u64 = 25_000;
/// The settle time of its calls.
pub const SETTLE: Duration = Duration::from_secs(30);

/// A document at the source.
#[derive(Debug, Clone)]
pub struct SourceDocument {
    pub revision: u64,
    pub modified: Time,
    pub status: &'static str,
    pub lines: BTreeSet<u64>,
    /// What was written back: the target document's id.
    pub mark: Option<String>,
    /// Row version: taken when a transaction begins, so that one that ends late shows below those read already.
    pub ts: u64,
}

/// A document at the target.
#[derive(Debug, Clone, Default)]
pub struct TargetDocument {
    pub id: u64,
    pub revision: u64,
    /// Line number by line id.
    pub lines: BTreeMap<u64, u64>,
}

/// What was done under a number, over all documents that ever had it.
#[derive(Debug, Default)]
pub struct History {
    pub creates: u64,
    pub deletes: u64,
    pub revisions: Vec<u64>,
    pub replays: u64,
}

/// A send under way, or whose outcome its sender does not know.
#[derive(Debug, Default)]
struct Open {
    /// When the target was first asked and showed no effect of it.
    first: Option<Time>,
    /// It did so again a settle time later.
    absent: bool,
}

/// Shares of faults, in percent.
#[derive(Debug, Clone, Copy)]
pub struct Faults {
    pub read: u32,
    pub unreachable: u32,
    pub stale: u32,
    pub broken: u32,
    pub unknown_after: u32,
    pub unknown_before: u32,
    pub unknown_late: u32,
    pub transient: u32,
    pub throttled: u32,
    pub session: u32,
    pub permanent: u32,
    pub no_line_ids: u32,
    pub edit_while_paging: u32,
}

impl Faults {
    pub const NONE: Self = Self {
        read: 0,
        unreachable: 0,
        stale: 0,
        broken: 0,
        unknown_after: 0,
        unknown_before: 0,
        unknown_late: 0,
        transient: 0,
        throttled: 0,
        session: 0,
        permanent: 0,
        no_line_ids: 0,
        edit_while_paging: 0,
    };
    pub const MANY: Self = Self {
        read: 10,
        unreachable: 0,
        stale: 10,
        broken: 1,
        unknown_after: 6,
        unknown_before: 6,
        unknown_late: 6,
        transient: 6,
        throttled: 4,
        session: 4,
        permanent: 2,
        no_line_ids: 10,
        edit_while_paging: 10,
    };
}

pub struct World {
    pub source: BTreeMap<u64, SourceDocument>,
    /// What a reading that lags behind still shows.
    before: BTreeMap<u64, SourceDocument>,
    pub target: BTreeMap<String, TargetDocument>,
    pub history: BTreeMap<String, History>,
    pub faults: Faults,
    /// Whether documents show their row version.
    pub versioned: bool,
    /// So many answers of the target are lost, after its effect.
    pub dropping: u32,
    /// How long every request takes beyond the usual.
    pub slow: Duration,
    pub rng: Rng,
    /// Sends without an answer, by number.
    open: BTreeMap<String, Open>,
    /// Marks sent without an answer, by document.
    marking: BTreeMap<u64, String>,
    /// Effects that are still to come.
    late: Vec<(Time, String, Value)>,
    next_id: u64,
}

impl World {
    pub fn new(seed: u64) -> Self {
        Self {
            source: BTreeMap::new(),
            before: BTreeMap::new(),
            target: BTreeMap::new(),
            history: BTreeMap::new(),
            faults: Faults::MANY,
            versioned: false,
            dropping: 0,
            slow: Duration::ZERO,
            rng: Rng::with_seed(seed),
            open: BTreeMap::new(),
            marking: BTreeMap::new(),
            late: Vec::new(),
            next_id: 9000,
        }
    }

    pub fn chance(&mut self, percent: u32) -> bool {
        self.rng.u32(0..100) < percent
    }

    /// Whether the answer under way is lost, one of those that are to be.
    pub fn drops(&mut self) -> bool {
        let drops = self.dropping > 0;
        self.dropping = self.dropping.saturating_sub(1);
        drops
    }

    /// Creates or edits a random document. Its time may lie some minutes back: it shows only when its transaction
    /// ends, but is stamped when that began.
    pub fn edit(&mut self, now: Time) {
        let id = self.rng.u64(0..60);
        let stamp = if self.chance(20) { now.minus(Duration::from_secs(self.rng.u64(0..480))) } else { now };
        let touched = self.chance(10);
        let status = if self.chance(10) { "draft" } else { "ok" };
        let (void, line) = (self.chance(6), self.rng.u64(1..5));
        let new =
            SourceDocument { revision: 0, modified: stamp, status, lines: BTreeSet::from([line]), mark: None, ts: 0 };
        let document = self.source.entry(id).or_insert(new);
        self.before.insert(id, document.clone());
        document.modified = stamp.whole_seconds().max(document.modified.plus(Duration::from_secs(1)).whole_seconds());
        document.ts = version(stamp).max(document.ts + 1);
        if touched && document.revision > 0 {
            return;
        }
        document.revision += 1;
        if !document.lines.remove(&line) || document.lines.is_empty() {
            document.lines.insert(line);
        }
        document.status = match document.status {
            // What was told stays approved or is declared void, so that it is known what the target must hold.
            "draft" => status,
            "ok" if void => "void",
            _ => "ok",
        };
    }

    /// A document as a page shows it: now and then unreadable or, shortly after an edit, as it was before.
    pub fn shown(&mut self, id: u64, now: Time, zone: &Zone) -> Vec<u8> {
        let lags = self.source[&id].modified > now.minus(Duration::from_secs(60)) && self.chance(self.faults.stale);
        let document = match self.before.get(&id) {
            Some(before) if lags && before.revision > 0 => before,
            _ => &self.source[&id],
        };
        let mut bytes = self.print(id, document, zone);
        if self.chance(self.faults.broken) {
            bytes.pop();
        }
        bytes
    }

    /// A document as asked for by key.
    pub fn exactly(&self, id: u64, zone: &Zone) -> Option<Vec<u8>> {
        self.source.get(&id).map(|document| self.print(id, document, zone))
    }

    /// A request for a number leaves. Never while another is under way, or while its outcome is unknown and the
    /// target has not twice shown that it did not take effect (rule 6).
    pub fn begins(&mut self, number: &str) {
        let before = self.open.insert(number.to_owned(), Open::default());
        assert!(before.is_none_or(|open| open.absent), "{number} is sent again while a send is open");
    }

    /// A mark leaves for a document of the source.
    pub fn begins_mark(&mut self, payload: &Value) {
        self.marking.insert(number_of(&payload["id"]), payload["mark"].as_str().unwrap().to_owned());
    }

    /// A document was asked for by key, which shows whether a mark sent to it is there.
    pub fn asked_by_key(&mut self, id: u64, now: Time) {
        if let Some(mark) = self.marking.get(&id) {
            let effective = self.source.get(&id).is_some_and(|document| document.mark.as_ref() == Some(mark));
            self.asked(&format!("mark {id}"), effective, now);
        }
    }

    /// The sender knows the outcome.
    pub fn ends(&mut self, number: &str) {
        self.open.remove(number);
    }

    /// The target was asked and showed the effect, or not.
    pub fn asked(&mut self, number: &str, effective: bool, now: Time) {
        if effective {
            self.open.remove(number);
        } else if let Some(open) = self.open.get_mut(number) {
            let first = *open.first.get_or_insert(now);
            open.absent = now.since(first) >= SETTLE;
        }
    }

    /// Effects whose time has come.
    pub fn settle(&mut self, now: Time) {
        let (due, later) = std::mem::take(&mut self.late).into_iter().partition(|(at, _, _)| *at <= now);
        self.late = later;
        let due: Vec<(Time, String, Value)> = due;
        for (at, call, payload) in due {
            // Nobody reads this answer.
            let _ = self.carry_out(&call, &payload, at);
        }
    }

    /// Lets a request take effect some time after its answer was given up.
    pub fn carry_out_late(&mut self, call: &str, payload: Value, now: Time) {
        let at = now.plus(Duration::from_millis(self.rng.u64(0..LATE)));
        self.late.push((at, call.to_owned(), payload));
    }

    pub fn carry_out(&mut self, call: &str, payload: &Value, now: Time) -> Result<Receipt, Fault> {
        match call {
            "remove" => self.remove(payload),
            "mark" => self.mark(payload, now),
            _ => self.save(payload),
        }
    }

    /// Writes into a document of the source, whose time moves with it.
    fn mark(&mut self, payload: &Value, now: Time) -> Result<Receipt, Fault> {
        let id = number_of(&payload["id"]);
        let document = self.source.get_mut(&id).unwrap();
        self.before.insert(id, document.clone());
        document.mark = payload["mark"].as_str().map(str::to_owned);
        document.modified = now.whole_seconds().max(document.modified.plus(Duration::from_secs(1)).whole_seconds());
        document.ts = version(now).max(document.ts + 1);
        Ok(Receipt { id: Some(id.to_string()), ..Receipt::default() })
    }

    fn remove(&mut self, payload: &Value) -> Result<Receipt, Fault> {
        let id = number_of(&payload["id"]);
        let Some((number, _)) = self.target.iter().find(|(_, document)| document.id == id) else {
            return Err(Fault::new(FaultKind::Permanent, "there is no such id"));
        };
        let number = number.clone();
        self.target.remove(&number);
        self.history.entry(number.clone()).or_default().deletes += 1;
        Ok(Receipt { number: Some(number), ..Receipt::default() })
    }

    fn save(&mut self, payload: &Value) -> Result<Receipt, Fault> {
        let number = payload["no"].as_str().unwrap().to_owned();
        let known = self.target.get(&number).cloned();
        let id = match (&known, payload.get("id")) {
            (Some(_), None) => return Err(Fault::new(FaultKind::Exists, "the number is taken")),
            (Some(document), Some(id)) if document.id != number_of(id) => {
                return Err(Fault::new(FaultKind::Permanent, "the id is another's"));
            }
            (None, Some(_)) => return Err(Fault::new(FaultKind::Permanent, "there is no such id")),
            (Some(document), Some(_)) => document.id,
            (None, None) => {
                self.history.entry(number.clone()).or_default().creates += 1;
                self.next()
            }
        };
        let known = known.unwrap_or_default();
        let mut lines = BTreeMap::new();
        for line in payload["lines"].as_array().unwrap() {
            let line_number = number_of(&line["line"]);
            let line_id = match line.get("id") {
                Some(line_id) => {
                    let line_id = number_of(line_id);
                    assert_eq!(known.lines.get(&line_id), Some(&line_number), "{number}: an update names another line");
                    line_id
                }
                None => {
                    let there = known.lines.values().any(|there| *there == line_number);
                    assert!(!there, "{number}: line {line_number} is there and was sent without its id");
                    self.next()
                }
            };
            lines.insert(line_id, line_number);
        }
        let revision = number_of(&payload["rev"]);
        self.target.insert(number.clone(), TargetDocument { id, revision, lines });
        self.history.entry(number.clone()).or_default().revisions.push(revision);
        Ok(self.receipt(&number))
    }

    /// Ids of a target document, its lines by their numbers.
    pub fn receipt(&self, number: &str) -> Receipt {
        let document = self.target.get(number);
        let lines = document.map(|document| {
            document.lines.iter().map(|(id, line)| (line.to_string(), id.to_string())).collect::<BTreeMap<_, _>>()
        });
        Receipt {
            id: document.map(|document| document.id.to_string()),
            number: Some(number.to_owned()),
            lines: lines.map(|lines| BTreeMap::from([("lines".to_owned(), lines)])).unwrap_or_default(),
            ..Receipt::default()
        }
    }

    fn next(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    fn print(&self, id: u64, document: &SourceDocument, zone: &Zone) -> Vec<u8> {
        let lines: Vec<Value> = document.lines.iter().map(|line| json!({ "line": line })).collect();
        let (rev, status, modified) = (document.revision, document.status, zone.print(document.modified));
        let (number, mark) = (format!("N{id}"), &document.mark);
        let mut shown = json!({ "id": id, "no": number, "rev": rev, "modified": modified, "status": status,
            "lines": lines, "mark": mark });
        if self.versioned {
            shown["ts"] = document.ts.into();
        }
        shown.to_string().into_bytes()
    }
}

/// The row version that a transaction takes at a time, with room behind it.
fn version(at: Time) -> u64 {
    at.0.unsigned_abs() * 100
}

/// A number, or a text that holds one.
pub fn number_of(value: &Value) -> u64 {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned).parse().unwrap()
}
