//! A source that answers by a script, a clock set by hand, and a capture over both.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use serde_json::Value;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::living::Living;
use crate::capture::{Capture, CaptureError, Outcome};
use crate::change::Change;
use crate::clock::{Clock, Time, Zone};
use crate::connector::{
    CallSpec, Connector, DetailCall, Fault, FaultKind, FetchRequest, Finding, Outgoing, Page, Probe, SourceCall,
    TargetCall, Window,
};
use crate::document::{Head, RawDocument};
use crate::engine::{Surroundings, SystemReady, check};
use crate::mapping::{Lookups, Tables};
use crate::name::Key;
use crate::receipt::Receipt;
use crate::row_version::RowVersion;
use crate::scheme::{Scheme, Source};
use crate::store::Store;
use crate::store::model::ModelStore;
use crate::watermark::Progress;

/// 2026-06-01 12:00:00 UTC.
pub const NOON: Time = Time(1_780_315_200_000);

/// Where documents carry their time.
const TIME: &str = "time: $.modified";

pub struct HandClock(Mutex<(Time, Duration)>);

impl HandClock {
    pub fn advance(&self, by: Duration) {
        let mut now = self.0.lock().unwrap();
        *now = (now.0.plus(by), now.1 + by);
    }

    /// Somebody sets the clock of the machine.
    pub fn set(&self, to: Time) {
        self.0.lock().unwrap().0 = to;
    }
}

#[async_trait]
impl Clock for HandClock {
    fn now(&self) -> Time {
        self.0.lock().unwrap().0
    }

    fn monotonic(&self) -> Duration {
        self.0.lock().unwrap().1
    }

    async fn sleep(&self, duration: Duration) {
        self.advance(duration);
    }
}

/// What the source does with one request.
pub type Answer = Result<Page, FaultKind>;

/// The source: plays answers to pages and to questions by key; without a script it is empty.
pub struct Double {
    pub pages: Mutex<VecDeque<Answer>>,
    pub keys: Mutex<VecDeque<Answer>>,
    pub windows: Mutex<Vec<(Window, Option<String>)>>,
    /// Positions asked for without a window.
    pub fulls: Mutex<Vec<Option<String>>>,
    /// Whole documents by their listed key; none is gone.
    pub details: Mutex<BTreeMap<String, Result<String, Fault>>>,
    /// What a login is answered, where it fails.
    pub no_login: Mutex<Option<FaultKind>>,
    pub details_asked: Mutex<Vec<String>>,
    pub keys_asked: Mutex<Vec<String>>,
    pub offset: Mutex<i64>,
    /// Row versions asked from, each with its position.
    pub followed: Mutex<Vec<(String, Option<String>)>>,
    /// A source with rows of its own, in place of the script.
    pub living: Mutex<Option<Living>>,
    call: SourceCall,
}

fn played(script: &Mutex<VecDeque<Answer>>) -> Result<Page, Fault> {
    let answer = script.lock().unwrap().pop_front().unwrap_or_else(|| Ok(Page::default()));
    answer.map_err(|kind| Fault::new(kind, format!("{kind:?}")))
}

#[async_trait]
impl Connector for Double {
    fn account(&self) -> String {
        "double".into()
    }

    fn source_call(&self, _call: &str) -> Option<SourceCall> {
        Some(self.call.clone())
    }

    fn detail_call(&self, call: &str) -> Option<DetailCall> {
        let fields = ["id", "no", "rev", "sku"].map(str::to_owned).to_vec();
        (call == "info").then(|| DetailCall { fields, params: vec!["id"], numeric: Vec::new() })
    }

    fn target_call(&self, call: &str) -> Option<TargetCall> {
        (call == "save").then_some(TargetCall {
            mapped: true,
            form: false,
            updates: true,
            overwrites: false,
            refuses_known_number: false,
            probes: false,
            asks_many: false,
            deletes: false,
            number: None,
            max_batch: 1,
            settle: |_| Duration::from_secs(30),
            options: &[],
        })
    }

    fn calls(&self) -> (Vec<&'static str>, Vec<&'static str>) {
        (vec!["list"], Vec::new())
    }

    async fn login(&self) -> Result<(), Fault> {
        let no_login = *self.no_login.lock().unwrap();
        no_login.map_or(Ok(()), |kind| Err(Fault::new(kind, "no login")))
    }

    fn clock_offset(&self) -> Option<i64> {
        Some(*self.offset.lock().unwrap())
    }

    async fn fetch(&self, request: &FetchRequest<'_>) -> Result<Page, Fault> {
        let position = request.position.map(str::to_owned);
        if let (Some(living), Some(window)) = (self.living.lock().unwrap().as_mut(), request.window) {
            self.windows.lock().unwrap().push((window, position));
            return Ok(living.window(window, request.position));
        }
        match request.window {
            Some(window) => self.windows.lock().unwrap().push((window, position)),
            None => self.fulls.lock().unwrap().push(position),
        }
        played(&self.pages)
    }

    fn follows(&self, _source: &Source) -> bool {
        true
    }

    async fn fetch_rows(&self, _source: &Source, from: &RowVersion, position: Option<&str>) -> Result<Page, Fault> {
        self.followed.lock().unwrap().push((from.to_string(), position.map(str::to_owned)));
        match self.living.lock().unwrap().as_mut() {
            Some(living) => Ok(living.rows_from(from)),
            None => played(&self.pages),
        }
    }

    async fn fetch_keys(&self, _source: &Source, keys: &[Vec<String>], _by_number: bool) -> Result<Page, Fault> {
        self.keys_asked.lock().unwrap().extend(keys.iter().map(|parts| parts.join("/")));
        if let Some(living) = self.living.lock().unwrap().as_ref() {
            return Ok(living.by_keys(keys));
        }
        played(&self.keys)
    }

    async fn fetch_detail(&self, _call: &str, params: &[(String, String)]) -> Result<Option<RawDocument>, Fault> {
        let asked = params.iter().map(|(name, text)| format!("{name}={text}")).collect::<Vec<_>>().join(" ");
        self.details_asked.lock().unwrap().push(asked);
        match self.details.lock().unwrap().get(&params[0].1) {
            Some(Ok(text)) => Ok(Some(RawDocument { bytes: text.clone().into_bytes() })),
            Some(Err(fault)) => Err(fault.clone()),
            None => Ok(None),
        }
    }

    fn prepare(
        &self,
        _call: &CallSpec,
        _payload: &Value,
        _lines: &[(String, Vec<String>)],
        _receipt: Option<&Receipt>,
    ) -> Result<String, String> {
        Err("a source".into())
    }

    async fn send(&self, _call: &CallSpec, _items: &[Outgoing]) -> Vec<crate::connector::Outcome> {
        Vec::new()
    }

    async fn probe(&self, _call: &CallSpec, _probes: &[Probe]) -> Result<Vec<Finding>, Fault> {
        Ok(Vec::new())
    }
}

/// A document's text: `id`, revision, and its time of day on 2026-06-01.
pub fn text(id: u32, rev: u32, time: &str) -> String {
    format!(r#"{{"id":{id},"no":"N{id}","rev":{rev},"modified":"2026-06-01 {time}"}}"#)
}

/// A page of documents, and whether more follow.
pub fn page<T: AsRef<str>>(texts: &[T], next: Option<&str>) -> Answer {
    let documents = texts.iter().map(|text| RawDocument { bytes: text.as_ref().as_bytes().to_vec() }).collect();
    Ok(Page { documents, next: next.map(str::to_owned), ..Page::default() })
}

pub struct Desk {
    pub store: Arc<ModelStore>,
    pub source: Arc<Double>,
    pub clock: Arc<HandClock>,
    pub capture: Capture,
    pub source_more: &'static str,
}

/// A capture whose scheme has these lines more; the call is described by what differs from an ordinary one.
pub fn desk(more: &str, differs: impl FnOnce(&mut SourceCall)) -> Desk {
    desk_over(", start: 1h, window: 2h", more, differs)
}

/// The same with these keys more in its `source`.
pub fn desk_over(source_more: &'static str, more: &str, differs: impl FnOnce(&mut SourceCall)) -> Desk {
    let mut call = SourceCall {
        fields: ["id", "no", "rev", "modified", "ts", "okki"].map(str::to_owned).to_vec(),
        params: Vec::new(),
        max_page: 10,
        max_window: None,
        windows: true,
        resumable: false,
        shifts: false,
        by_key: 10,
        numeric: Vec::new(),
        grain: Duration::from_secs(1),
    };
    differs(&mut call);
    let source = Arc::new(Double {
        pages: Mutex::default(),
        keys: Mutex::default(),
        windows: Mutex::default(),
        fulls: Mutex::default(),
        details: Mutex::default(),
        no_login: Mutex::default(),
        details_asked: Mutex::default(),
        keys_asked: Mutex::default(),
        offset: Mutex::default(),
        followed: Mutex::default(),
        living: Mutex::default(),
        call,
    });
    let (store, clock) = (Arc::default(), Arc::new(HandClock(Mutex::new((NOON, Duration::ZERO)))));
    let capture = capture(TIME, (source_more, more), &store, &source, &clock);
    Desk { store, source, clock, capture, source_more }
}

fn capture(
    time: &str,
    (source_more, more): (&str, &str),
    store: &Arc<ModelStore>,
    source: &Arc<Double>,
    clock: &Arc<HandClock>,
) -> Capture {
    let zone = Zone::utc();
    let connector: Arc<dyn Connector> = Arc::<Double>::clone(source);
    let around = Surroundings {
        systems: BTreeMap::from([("d".to_owned(), SystemReady { connector, settle: None, concurrency: 1 })]),
        tables: Arc::default(),
        lookups: Arc::new(|| Arc::new(Tables::default()) as Arc<dyn Lookups + Send + Sync>),
        zone: zone.clone(),
    };
    let yaml = format!(
        "title: t\nschedule: {{ every: 5m }}\n\
         source: {{ system: d, call: list, key: $.id, number: $.no, overlap: 10m, {time}{source_more} }}\n\
         {more}\n"
    );
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("s.yaml");
    std::fs::write(&file, &yaml).unwrap();
    let scheme = Scheme::load(&file, &zone).unwrap_or_else(|faults| panic!("{yaml}\n{faults:?}"));
    let (mut ready, faults) = check(vec![scheme], &around);
    assert!(faults.is_empty(), "{yaml}\n{faults:?}");
    let ready = ready.remove(0);
    let (store, clock): (Arc<dyn Store>, Arc<dyn Clock>) =
        (Arc::<ModelStore>::clone(store), Arc::<HandClock>::clone(clock));
    let (changed, stop) = (Arc::new(Notify::new()), CancellationToken::new());
    Capture::new(ready.scheme, ready.capture, ready.connector, store, (clock, zone), changed, stop)
}

impl Capture {
    /// As where look-ups ask by these paths.
    pub fn index_by(&mut self, paths: &[&str]) {
        self.plan.index = paths.iter().map(|path| crate::query::Query::parse(path).unwrap()).collect();
    }
}

impl Desk {
    /// The same capture under a changed scheme.
    pub fn reconfigured(&self, more: &str) -> Capture {
        capture(TIME, (self.source_more, more), &self.store, &self.source, &self.clock)
    }

    /// The same capture whose source says something else of time and fields.
    pub fn reconfigured_source(&self, time: &str) -> Capture {
        capture(time, (self.source_more, ""), &self.store, &self.source, &self.clock)
    }

    /// One run over these pages.
    pub async fn run<const N: usize>(&self, pages: [Answer; N]) -> Result<Outcome, CaptureError> {
        self.source.pages.lock().unwrap().extend(pages);
        self.capture.run(&|_, _| {}).await
    }

    /// What the next questions by key are answered.
    pub fn by_key<const N: usize>(&self, answers: [Answer; N]) {
        self.source.keys.lock().unwrap().extend(answers);
    }

    pub fn clock_now(&self) -> Time {
        self.clock.now()
    }

    pub fn progress(&self) -> Progress {
        self.store.progress("s").unwrap().unwrap()
    }

    pub fn head(&self, id: u32) -> Option<Head> {
        self.store.heads("s", &[Key::from_text(id.to_string())]).unwrap().remove(0)
    }

    /// The newest stored text of a document.
    pub fn stored(&self, id: u32) -> Option<String> {
        let version = self.head(id)?.version;
        let body = self.store.body("s", &Key::from_text(id.to_string()), version).unwrap()?;
        Some(String::from_utf8(body).unwrap())
    }

    pub fn changes(&self) -> Vec<Change> {
        self.store.changes("s", 0, 1000).unwrap()
    }

    pub fn quarantined(&self) -> Vec<String> {
        self.store.quarantined("s").unwrap().iter().map(|record| record.key.to_string()).collect()
    }

    /// Pages asked for so far.
    pub fn asked(&self) -> usize {
        let followed = self.source.followed.lock().unwrap().len();
        self.source.windows.lock().unwrap().len() + self.source.fulls.lock().unwrap().len() + followed
    }
}
