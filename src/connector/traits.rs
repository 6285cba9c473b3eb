//! The contract of every connector.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Map, Value};

use super::normal;
use crate::clock::Time;
use crate::document::RawDocument;
use crate::receipt::Receipt;
use crate::row_version::RowVersion;
use crate::scheme::Source;

/// What kind of failure an answer, or its absence, is. Found per item where the answer tells items apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FaultKind {
    /// Nothing left this machine: no address, connection refused, TLS or proxy failed before the first byte.
    Unreachable,
    /// The system said that it did not run it and that it may pass (edit lock, busy).
    Transient,
    /// Refused for good: validation, permission on the document, a wrong parameter.
    Permanent,
    /// Called too often; it did not run.
    Throttled,
    /// The session or token is gone; raised before anything ran.
    Session,
    /// The account itself is refused (password, IP list, licence); every document would fail alike.
    Refused,
    /// The number is taken: a probe decides whether by us.
    Exists,
    /// It ran, under another number than the one sent: so would every document (rules.md 4).
    Renumbered,
    /// The accounting period is closed.
    ClosedPeriod,
    /// A byte may have left, and no rule recognised an answer: it may or may not have run.
    Unknown,
}

/// A failure in the system's own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Which kind.
    pub kind: FaultKind,
    /// The system's words, or ours where it said nothing: lower case, no secrets, at most some hundred characters.
    pub words: String,
    /// How long the system asked to wait.
    pub retry_after: Option<Duration>,
    /// The first bytes of an answer of which there was too much to take, or that held something unreadable: a question
    /// for fewer documents may be answered.
    pub too_much: Option<Vec<u8>>,
    /// A refusal of the request as a whole, raised before any of its documents ran: one of them may be the cause
    /// (rule 21).
    pub of_request: bool,
}

impl Fault {
    /// A failure.
    pub fn new(kind: FaultKind, words: impl Into<String>) -> Self {
        Self { kind, words: words.into(), retry_after: None, too_much: None, of_request: false }
    }

    /// The same, of the request as a whole.
    pub fn of_request(self) -> Self {
        Self { of_request: true, ..self }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

impl std::error::Error for Fault {}

/// What a call can be read with.
#[derive(Debug, Clone)]
pub struct SourceCall {
    /// The fields its documents have, dotted, `[]` behind lists: `io_id`, `items[].sku_id`. Empty: whatever the
    /// scheme's `fields` name.
    pub fields: Vec<String>,
    /// Parameters it takes.
    pub params: Vec<&'static str>,
    /// Largest page.
    pub max_page: u32,
    /// Longest window of one request; none: any.
    pub max_window: Option<Duration>,
    /// Whether it can be asked for a window of source time.
    pub windows: bool,
    /// Whether positions survive a restart (keyset, cursor), so that a window can be resumed in its middle.
    pub resumable: bool,
    /// Whether rows may shift between pages of one window: then a window of several pages is read until two passes
    /// agree.
    pub shifts: bool,
    /// Documents that can be asked for by key in one request; 0: it can't.
    pub by_key: usize,
    /// Paths (dotted as `fields`) where texts and numbers of one value are equal.
    pub numeric: Vec<String>,
    /// Grain of its times.
    pub grain: Duration,
}

/// What a call can read one listed document whole with (`detail`).
#[derive(Debug, Clone)]
pub struct DetailCall {
    /// The fields its documents have, as in [`SourceCall::fields`].
    pub fields: Vec<String>,
    /// Parameters it takes.
    pub params: Vec<&'static str>,
    /// Paths where texts and numbers of one value are equal, as in [`SourceCall::numeric`].
    pub numeric: Vec<String>,
}

/// What a call can be sent with.
#[derive(Debug, Clone)]
pub struct TargetCall {
    /// Needs a mapping; otherwise it addresses the document by receipt (delete, cancel, audit).
    pub mapped: bool,
    /// Needs a form (`SAL_OUTSTOCK`) that says what kind of document it is.
    pub form: bool,
    /// Can update a document by its receipt; then lists need `$key`.
    pub updates: bool,
    /// Overwrites by number without a receipt, so that it is probed first (rule 7).
    pub overwrites: bool,
    /// Refuses a number that is taken instead of overwriting what stands there, so that a send can't make a second
    /// document of it (rule 4).
    pub refuses_known_number: bool,
    /// Whether an unknown outcome can be probed.
    pub probes: bool,
    /// Whether one question asks about many documents: then ids are checked before each update (rule 3).
    pub asks_many: bool,
    /// Ends the receipt: the document is gone afterwards.
    pub deletes: bool,
    /// The payload field that holds the number, where the call fixes it.
    pub number: Option<&'static str>,
    /// Largest batch.
    pub max_batch: usize,
    /// How long the system may go on processing after we gave up waiting, for a batch of the given size.
    pub settle: fn(usize) -> Duration,
    /// Options it takes.
    pub options: &'static [&'static str],
}

/// A half-open span of source time as asked for; both ends are printed to the source by its own grain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Begin, overlap already subtracted.
    pub begin: Time,
    /// End.
    pub end: Time,
}

/// A page to read.
#[derive(Debug, Clone, Copy)]
pub struct FetchRequest<'a> {
    /// What the scheme says of its source.
    pub source: &'a Source,
    /// The window; none in full mode.
    pub window: Option<Window>,
    /// Position as the page before gave it; none: the first page.
    pub position: Option<&'a str>,
}

/// A page as answered. Documents come in the source's order; one may come twice, in one page or in several.
#[derive(Debug, Clone, Default)]
pub struct Page {
    /// The documents.
    pub documents: Vec<RawDocument>,
    /// Position of the next page; none: the window is complete.
    pub next: Option<String>,
    /// How many documents the source says the window has, where it says so.
    pub total: Option<u64>,
    /// How many answers it was put together from, beside the first: rows may shift between them as between pages.
    pub more_answers: u64,
    /// Documents that could not be read whole: they are recorded by name and asked for again by key (rules 24, 25).
    pub deferred: Vec<Deferred>,
}

/// A document that changed while it was put together from several answers, every time it was read.
#[derive(Debug, Clone)]
pub struct Deferred {
    /// Its last reading: tells key and time, and is not stored.
    pub document: RawDocument,
    /// Why it does not count, for a person.
    pub why: String,
}

/// The call an outgoing batch goes to.
#[derive(Debug, Clone, PartialEq)]
pub struct CallSpec {
    /// The call, named as the vendor names it.
    pub call: String,
    /// The form.
    pub form: Option<String>,
    /// Options by the vendor's names.
    pub options: Map<String, Value>,
    /// Payload field that holds the number.
    pub number_field: Option<String>,
    /// Payload fields compared by probes; empty: all.
    pub compare: Vec<String>,
}

/// One document to send.
#[derive(Debug, Clone, PartialEq)]
pub struct Outgoing {
    /// Attempt id, random; echoed nowhere unless the system has a place for it.
    pub attempt: String,
    /// The exact business payload as [`Connector::prepare`] made it and as it is stored.
    pub payload: String,
    /// The document's number at the target.
    pub number: Option<String>,
    /// The target document's id if it is an update or an operation.
    pub target_id: Option<String>,
    /// List path → `$key`s in payload order.
    pub lines: Vec<(String, Vec<String>)>,
}

/// What became of one item of a batch.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// A rule recognised that it was carried out. `complete`: the receipt holds all line ids.
    Accepted {
        /// Ids and numbers, taken only from an answer element that names the document (rule 12).
        receipt: Receipt,
        /// Whether line ids could be matched for every keyed list.
        complete: bool,
        /// What the target, read back, shows otherwise than it was sent: for a person, the delivery counts.
        warnings: Vec<String>,
    },
    /// It was not, or that is not known.
    Failed(Fault),
}

/// What a probe wants to know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Look {
    /// Whether the attempt took effect (rules 6 and 14).
    #[default]
    Outcome,
    /// Whether a document of ours shows what the payload says, whoever sent it when: [`Finding::Effective`] if it
    /// does, otherwise [`Finding::Mixed`] with all differences (rule 8).
    Content,
    /// The same of whatever stands under the number, whoever created it: `adopt`.
    Anyones,
}

/// A question to the target about one document.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Probe {
    /// The document's number at the target.
    pub number: Option<String>,
    /// Its id, where a receipt has it.
    pub target_id: Option<String>,
    /// What was attempted; none before a first send.
    pub attempted: Option<Outgoing>,
    /// The payload told before, if any: an update is judged only where the two differ (rule 14).
    pub told: Option<String>,
    /// When the first attempt was claimed, by our clock: what was created before it is not ours.
    pub first_attempt: Option<Time>,
    /// What is to be known.
    pub look: Look,
}

/// What a probe found.
#[derive(Debug, Clone, PartialEq)]
pub enum Finding {
    /// Nothing under that number and id.
    Absent,
    /// Ours, and the attempt's effect is there.
    Effective {
        /// Its ids and line ids now.
        receipt: Receipt,
        /// Fields that differ although the attempt did not concern them, or cannot be compared.
        warnings: Vec<String>,
    },
    /// Ours (or, before a first send, found), and the attempt's effect is not there.
    NotEffective {
        /// Its ids and line ids now.
        receipt: Receipt,
    },
    /// Ours, but only some of the attempted fields are there: a person decides. Where the content was asked for, it
    /// is another one.
    Mixed {
        /// Its ids and line ids now.
        receipt: Receipt,
        /// What differs.
        differences: Vec<String>,
    },
    /// Somebody else's document under our number.
    Foreign {
        /// Why it is taken for foreign.
        why: String,
        /// Its ids, so that a person (or a baseline) can take it as ours.
        receipt: Receipt,
    },
}

/// One system at one address with one account.
///
/// Order: `fetch` pages of a window in sequence; `send` returns one outcome for each item in the order given.
/// Duplicates: a page may repeat documents; a send never repeats an item by itself. Errors: by [`FaultKind`]; an
/// answer that no rule recognises is never success and never "no documents". A connector never retries; its
/// transport waits only for the system's rate budget, before a request's first byte.
#[async_trait]
pub trait Connector: Send + Sync + 'static {
    /// (connector, host without port, account): what delivery state belongs to (rule 3), for people and as key.
    fn account(&self) -> String;

    /// Describes a call as a source; none: unknown as one.
    fn source_call(&self, call: &str) -> Option<SourceCall>;

    /// What a source lacks for its call beyond what [`SourceCall`] describes. Pure.
    fn check_source(&self, _source: &Source) -> Vec<crate::fault::Fault> {
        Vec::new()
    }

    /// Describes a call as a detail of listed documents; none: unknown as one.
    fn detail_call(&self, _call: &str) -> Option<DetailCall> {
        None
    }

    /// Describes a call as a target; none: unknown as one.
    fn target_call(&self, call: &str) -> Option<TargetCall>;

    /// All calls, for faults that list what is allowed: (sources, targets).
    fn calls(&self) -> (Vec<&'static str>, Vec<&'static str>);

    /// Logs in (again), or makes the system's cheapest call, so that account and clock are known. After a
    /// [`FaultKind::Session`] the engine calls it once and repeats what did not run. Single-flight.
    async fn login(&self) -> Result<(), Fault>;

    /// Whether the system is on this machine: a simulated one, which goes on with nothing for long (rule 6).
    fn is_loopback(&self) -> bool {
        false
    }

    /// How far the system's clock is ahead of ours in milliseconds, from the last answer's `Date` or envelope.
    fn clock_offset(&self) -> Option<i64>;

    /// Reads one page.
    async fn fetch(&self, request: &FetchRequest<'_>) -> Result<Page, Fault>;

    /// Whether a source can be asked for its rows by row version, in its order. Pure.
    fn follows(&self, _source: &Source) -> bool {
        false
    }

    /// Reads a page of the rows whose version is `from` or higher, lowest first; a position is that of a further page
    /// from the same row version. Only where [`Connector::follows`].
    async fn fetch_rows(&self, source: &Source, _from: &RowVersion, _position: Option<&str>) -> Result<Page, Fault> {
        Err(Fault::new(FaultKind::Permanent, format!("`{}` follows no row version", source.call)))
    }

    /// Reads documents by key (at most [`SourceCall::by_key`] at a time); missing ones are left out. Each key is the
    /// list of its parts. With `by_number`, the texts are what people search by.
    async fn fetch_keys(&self, source: &Source, keys: &[Vec<String>], by_number: bool) -> Result<Page, Fault>;

    /// Reads one document whole by a call that [`Connector::detail_call`] describes; none: the system says that
    /// there is no such document.
    async fn fetch_detail(&self, call: &str, _params: &[(String, String)]) -> Result<Option<RawDocument>, Fault> {
        Err(Fault::new(FaultKind::Permanent, format!("`{call}` reads no single documents")))
    }

    /// Makes the exact business payload of one document: adds ids from the receipt (the document's and its lines').
    /// Pure. The error says what can't be sent and why.
    fn prepare(
        &self,
        call: &CallSpec,
        payload: &Value,
        lines: &[(String, Vec<String>)],
        receipt: Option<&Receipt>,
    ) -> Result<String, String>;

    /// Sends a batch in one request where the system can; one outcome for each item, in order.
    async fn send(&self, call: &CallSpec, items: &[Outgoing]) -> Vec<Outcome>;

    /// Whether a value that was sent and the value that a read of its field shows are one, in the system's normal form
    /// (rules.md 14 and 22). Pure.
    fn is_same(&self, sent: &Value, read: &Value) -> bool {
        normal::is_same(sent, read)
    }

    /// The options of a call whose payload names only some of a document's fields and lines (a write-back): what it
    /// does not name must stay as it is. Pure.
    fn partial_options(&self, _call: &str, options: Map<String, Value>) -> Map<String, Value> {
        options
    }

    /// Asks the target about documents; one finding for each, in order.
    async fn probe(&self, call: &CallSpec, probes: &[Probe]) -> Result<Vec<Finding>, Fault>;
}
