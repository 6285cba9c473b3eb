//! A scheme as read: typed, with compiled queries and conditions; the mapping stays a tree with positions, which
//! `mapping` compiles.

use std::path::PathBuf;
use std::time::Duration;

use crate::clock::{Schedule, Time};
use crate::fault::Position;
use crate::hours::Hours;
use crate::query::{Condition, Query, Template};
use crate::scheme::tree::{Name, Node};

/// One scheme (方案): where documents come from, what counts as a change, where changes go.
#[derive(Debug, Clone)]
pub struct Scheme {
    /// File stem.
    pub id: String,
    /// The file.
    pub file: PathBuf,
    /// For people.
    pub title: String,
    /// Whether it runs.
    pub enabled: bool,
    /// When it runs.
    pub schedule: Schedule,
    /// Where documents come from.
    pub source: Source,
    /// What the first capture does with what is already there; none: wait for `decide`.
    pub initial: Option<Initial>,
    /// What counts as a change.
    pub diff: DiffRules,
    /// Where changes go, in the order written.
    pub targets: Vec<Target>,
    /// What a reconciliation counts.
    pub reconcile: Reconcile,
}

/// What a reconciliation of source, store and target counts (对账).
#[derive(Debug, Clone, Default)]
pub struct Reconcile {
    /// How far back it looks; none: as far as the sweep, else 30 days.
    pub back: Option<Duration>,
    /// Amounts summed for each day: a name for people, and where the document holds them.
    pub sums: Vec<(String, Query)>,
}

/// The source of a scheme.
#[derive(Debug, Clone)]
pub struct Source {
    /// Where it stands.
    pub at: Position,
    /// System name.
    pub system: String,
    /// Position of the system's name.
    pub system_at: Position,
    /// Call, named as the vendor names it.
    pub call: String,
    /// Position of the call's name.
    pub call_at: Position,
    /// Form, where the call has one (`SAL_SaleOrder`).
    pub form: Option<String>,
    /// Request parameters by the vendor's names; texts may hold `{{LAST_SYNC_TIME|datetime}}` and the like.
    pub params: Vec<(Name, Node)>,
    /// Documents a page; none: the connector's own.
    pub page_size: Option<u32>,
    /// Paths whose values make the key; at least one.
    pub key: Vec<Query>,
    /// Path of what people search by.
    pub number: Option<Query>,
    /// Path of the document's own time.
    pub time: Option<Query>,
    /// Path of the row version (`cursor` mode).
    pub cursor: Option<Query>,
    /// How it is read.
    pub mode: Mode,
    /// Where the first capture begins.
    pub start: Start,
    /// How far a window reaches back before the watermark.
    pub overlap: Duration,
    /// Longest window of one request.
    pub window: Duration,
    /// Regular full comparison.
    pub sweep: Option<Sweep>,
    /// Fields to read, for calls that want a list.
    pub fields: Vec<FieldSpec>,
    /// Entries to read with them.
    pub entries: Vec<Entry>,
    /// Fields whose latest value is the document's time and which build the window's filter.
    pub changed_fields: Vec<String>,
    /// A further filter in the vendor's language, and-ed.
    pub filter: Option<String>,
    /// How each listed document is read whole; none: what is listed is whole.
    pub detail: Option<Detail>,
}

/// A call that reads each listed document whole.
#[derive(Debug, Clone)]
pub struct Detail {
    /// Where it stands.
    pub at: Position,
    /// The call, as the vendor names it.
    pub call: String,
    /// Position of the call's name.
    pub call_at: Position,
    /// Its parameters, evaluated over the listed document.
    pub params: Vec<DetailParam>,
    /// Which listed documents are read.
    pub when: DetailWhen,
}

/// A parameter of a detail call.
#[derive(Debug, Clone)]
pub struct DetailParam {
    /// Its name, as the vendor names it.
    pub name: Name,
    /// What gives its text.
    pub value: Template,
    /// The scalar it was read from.
    pub node: Node,
}

/// Which listed documents are read whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DetailWhen {
    /// Those listed otherwise than when they were last read.
    Changed,
    /// Every one, in each run.
    Always,
}

impl Source {
    /// Where a document carries its own time, of which the latest counts: as chains of member names.
    pub fn times(&self) -> Vec<Vec<String>> {
        if self.changed_fields.is_empty() {
            let names = self.time.as_ref().and_then(Query::names);
            return names.into_iter().map(|names| names.into_iter().map(str::to_owned).collect()).collect();
        }
        let listed =
            self.changed_fields.iter().filter_map(|changed| self.fields.iter().find(|field| field.is(changed)));
        listed
            .map(|field| vec![field.name.clone()])
            .chain(self.unlisted_times().map(|field| vec![field.name]))
            .collect()
    }

    /// Changed fields of the head that `fields` does not list: documents carry them all the same, for their time.
    pub fn unlisted_times(&self) -> impl Iterator<Item = FieldSpec> {
        let unlisted = self.changed_fields.iter().filter(|changed| {
            let listed = self.fields.iter().any(|field| field.is(changed));
            !listed && !self.entries.iter().any(|entry| entry.has(changed))
        });
        unlisted.map(|field| FieldSpec { at: self.at.clone(), field: field.clone(), name: name_of(field) })
    }
}

/// The name that a field of the vendor's has in documents unless an alias is given.
pub fn name_of(field: &str) -> String {
    field.replace('.', "_")
}

/// How a source is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Windows of source time.
    Window,
    /// Everything, every run.
    Full,
    /// Following a row version.
    Cursor,
}

/// Where the first capture begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Start {
    /// So long before the first start.
    Back(Duration),
    /// At a date.
    At(Time),
    /// With what there is: `mode: full` that names none.
    Everything,
}

/// A field to read: its name in the vendor's language and, optionally, another name in documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldSpec {
    /// Where it stands.
    pub at: Position,
    /// The vendor's name (`FCustId.FNumber`).
    pub field: String,
    /// Its name in documents (`FCustId_FNumber` unless an alias is given).
    pub name: String,
}

/// An entry (list of lines) to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Entity name; the list's name in documents.
    pub name: String,
    /// The vendor's field of the line's id.
    pub id: String,
    /// Fields of a line.
    pub fields: Vec<FieldSpec>,
    /// Entries below it.
    pub entries: Vec<Entry>,
}

impl FieldSpec {
    /// Whether it is the field of this name at the vendor, where letter case does not count.
    pub fn is(&self, field: &str) -> bool {
        self.field.eq_ignore_ascii_case(field)
    }
}

impl Entry {
    /// Whether a field of the vendor's stands here or below.
    pub fn has(&self, field: &str) -> bool {
        self.fields.iter().any(|own| own.is(field)) || self.entries.iter().any(|below| below.has(field))
    }

    /// The dotted names of everything a line holds, `[]` behind lists: `FPlan[].FPlanQty`.
    pub fn names(&self) -> Vec<String> {
        let own = std::iter::once(name_of(&self.id)).chain(self.fields.iter().map(|field| field.name.clone()));
        let below = self.entries.iter().flat_map(Self::names);
        own.chain(below).map(|name| format!("{}[].{name}", self.name)).collect()
    }
}

/// A sweep (漏单补救).
#[derive(Debug, Clone)]
pub struct Sweep {
    /// When; none where every run reads everything, and is a sweep.
    pub schedule: Option<Schedule>,
    /// How far back it reads.
    pub back: Duration,
    /// Whether missing documents become deletions.
    pub deletes: bool,
    /// The share of documents above which deletions stop and ask, in thousandths.
    pub max_deletes: u32,
}

/// What the first capture does with what is already there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Initial {
    /// Send everything captured.
    Send,
    /// Known so far; only what comes later is sent.
    Baseline,
    /// Match what the target already has.
    Adopt,
}

/// How numbers compare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Numbers {
    /// 12.50 equals 12.5.
    Value,
    /// Every digit counts.
    Text,
}

/// What counts as a change.
#[derive(Debug, Clone)]
pub struct DiffRules {
    /// Paths that never make a change.
    pub ignore: Vec<Query>,
    /// Lists whose elements are matched by a key: path of the list, path of the key within an element.
    pub lists: Vec<(Query, Query)>,
    /// How numbers compare.
    pub numbers: Numbers,
    /// Paths where "12" and 12 are equal.
    pub numeric: Vec<Query>,
}

/// One target of a scheme, or its write-back.
#[derive(Debug, Clone)]
pub struct Target {
    /// Its name within the scheme.
    pub name: String,
    /// Where it stands.
    pub at: Position,
    /// System name.
    pub system: String,
    /// Position of the system's name.
    pub system_at: Position,
    /// Call, named as the vendor names it.
    pub call: String,
    /// Position of the call's name.
    pub call_at: Position,
    /// Form, where the call has one.
    pub form: Option<String>,
    /// Which versions are told; none: all.
    pub when: Option<Condition>,
    /// Position of the condition.
    pub when_at: Option<Position>,
    /// Which versions may become the base by being skipped; none: all.
    pub compare: Option<Condition>,
    /// Documents a request.
    pub batch: Option<usize>,
    /// How the target document is found again.
    pub identity: Identity,
    /// What settles an unknown outcome; none: probe where the connector can, else hold.
    pub in_doubt: Option<InDoubt>,
    /// From the last byte sent until absence counts; none: the system's, else the connector's.
    pub settle: Option<Duration>,
    /// What becomes of baselined documents that the target lacks.
    pub baseline_missing: BaselineMissing,
    /// Retries of what may pass.
    pub retry: Retry,
    /// Call options by the vendor's names.
    pub options: Vec<(Name, Node)>,
    /// The mapping, to be compiled; operations such as delete and audit need none.
    pub mapping: Option<Node>,
    /// Tried in order before the target's own call.
    pub operations: Vec<Operation>,
    /// When deliveries go out; none: always.
    pub hours: Option<Hours>,
    /// Calls around its own.
    pub steps: Steps,
    /// Overrides the scheme's.
    pub initial: Option<Initial>,
    /// The write-back after acceptance.
    pub writeback: Option<Box<Target>>,
}

/// How a target document is found again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// The payload's field that holds the document's number.
    pub number: Option<String>,
    /// A field that carries our mark.
    pub mark: Option<String>,
    /// Payload fields compared; empty: all mapped ones.
    pub compare: Vec<String>,
}

/// What settles an unknown outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InDoubt {
    /// Ask the target.
    Probe,
    /// Send the same bytes again.
    Resend {
        /// How long the target remembers our key.
        remembers: Option<Duration>,
    },
    /// A person decides.
    Hold,
}

/// What rule 7 does with baselined documents that the target lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BaselineMissing {
    /// Skipped, visibly.
    Skip,
    /// Created.
    Create,
}

/// Retries of failures that may pass: `attempts` sends, waits from `from`, doubled up to `to`, with jitter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// Sends that count before `rejected`.
    pub attempts: u32,
    /// First wait.
    pub from: Duration,
    /// Longest wait.
    pub to: Duration,
}

/// Another call for documents its condition holds for. `when` and `mapping` are its own; the rest is the target's.
#[derive(Debug, Clone)]
pub struct Operation {
    /// Where it stands.
    pub at: Position,
    /// Which versions.
    pub when: Option<Condition>,
    /// Position of the condition.
    pub when_at: Option<Position>,
    /// The call.
    pub call: String,
    /// Position of the call's name.
    pub call_at: Position,
    /// Its mapping, where the call needs one.
    pub mapping: Option<Node>,
    /// Call options; the target's where absent.
    pub options: Option<Vec<(Name, Node)>>,
    /// Calls around it.
    pub steps: Steps,
}

/// Calls around the one that tells a version (rule 19).
#[derive(Debug, Clone, Default)]
pub struct Steps {
    /// They open a document that is there already.
    pub before: Vec<StepCall>,
    /// They close it.
    pub after: Vec<StepCall>,
}

/// One of them.
#[derive(Debug, Clone)]
pub struct StepCall {
    /// Where it stands.
    pub at: Position,
    /// The call.
    pub call: String,
    /// Its options; none: those of the target's that it knows.
    pub options: Option<Vec<(Name, Node)>>,
}
