//! The connector.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::{Map, Value};

use super::account::Account;
use super::calls::{CALLS, Call, SHAPING};
use super::check;
use super::envelope::{self, Listing};
use super::gateway;
use super::settings::JushuitanSettings;
use crate::clock::Zone;
use crate::connector::http::Http;
use crate::connector::params::{self, Moments};
use crate::connector::registry::Environment;
use crate::connector::reply::{Purpose, Reply, of_status};
use crate::connector::{
    CallSpec, Connector, Fault, FaultKind, FetchRequest, Finding, Outcome, Outgoing, Page, Probe, SourceCall,
    TargetCall, Window,
};
use crate::document::RawDocument;
use crate::query::Query;
use crate::receipt::Receipt;
use crate::row_version::RowVersion;
use crate::scheme::Source;
use crate::scheme::tree::{Name, Node};

/// More pages than this in one window are a loop.
const MOST_PAGES: u64 = 100_000;

/// One 聚水潭 account.
pub struct Jushuitan {
    pub(super) own: Arc<Account>,
    zone: Zone,
}

/// What an answer held, owned.
pub(super) struct Got {
    pub documents: Vec<RawDocument>,
    pub total: Option<u64>,
    pub has_next: bool,
}

impl Jushuitan {
    /// The connector of an account. Source times are of the environment's zone.
    pub fn new(settings: JushuitanSettings, account: String, http: Http, environment: &Environment) -> Self {
        let Environment { clock, zone, tokens, .. } = environment.clone();
        Self { own: Arc::new(Account::new(settings, account, http, clock, tokens)), zone }
    }

    pub(super) async fn call(&self, method: &str, biz: Map<String, Value>, page: u64) -> Result<Got, Fault> {
        let (own, biz) = (&self.own, Value::Object(biz).to_string());
        let token = own.token().await;
        let make = || Ok(gateway::request(&own.settings, &token, method, biz, own.clock.now()));
        let reply = own.http.post_with(make).await?;
        let got = self.read(&reply, page);
        if !matches!(&got, Err(fault) if fault.kind == FaultKind::Throttled) {
            own.http.answered();
        }
        got
    }

    fn read(&self, reply: &Reply, page: u64) -> Result<Got, Fault> {
        if let Some(kind) = of_status(reply.status, Purpose::Read) {
            return Err(self.own.http.fault(kind, reply.described()));
        }
        let listing = envelope::read(self.own.settings.gateway, reply.content());
        let listing = listing.map_err(|no| self.own.no_listing(no, reply))?;
        if let Some(what) = absurdity(&listing, page) {
            return Err(Fault::new(FaultKind::Unknown, what));
        }
        let documents = listing.documents.iter().map(|raw| RawDocument { bytes: raw.get().as_bytes().to_vec() });
        Ok(Got { documents: documents.collect(), total: listing.total, has_next: listing.has_next })
    }

    /// Business parameters of one page of a call.
    pub(super) fn biz(
        &self,
        call: &Call,
        params: &[(Name, Node)],
        ids: Option<(&str, &[Value])>,
        moments: &Moments<'_>,
    ) -> Result<Map<String, Value>, Fault> {
        let mut biz = params::resolve(params, moments).map_err(|fault| permanent(fault.to_string()))?;
        if let Some((name, ids)) = ids {
            biz.insert(name.to_owned(), Value::Array(ids.to_vec()));
        }
        call.page(biz, moments).map_err(permanent)
    }

    /// One page of a window, or of the rows from a row version on.
    async fn page(
        &self,
        source: &Source,
        window: Option<Window>,
        cursor: Option<&RowVersion>,
        position: Option<&str>,
    ) -> Result<Page, Fault> {
        let call = Call::named(&source.call).ok_or_else(|| unknown(&source.call))?;
        let page = position.map_or(Ok(1), str::parse).map_err(|_| permanent("this is no position of a page"))?;
        let page_size = source.page_size.unwrap_or(call.max_page).clamp(1, call.max_page);
        let moments = Moments { window, zone: &self.zone, page, page_size, cursor };
        let biz = self.biz(call, &params::of_this_way(&source.params, &moments), None, &moments)?;
        let Got { documents, total, has_next } = match self.call(call.name, biz, page).await {
            Err(fault) if fault.too_much.is_some() => return self.singly(call, source, &moments).await,
            got => got?,
        };
        Ok(Page { documents, next: has_next.then(|| (page + 1).to_string()), total, ..Page::default() })
    }

    /// Reads all documents that carry one of these ids, in the shape that the scheme's parameters give them.
    pub(super) async fn by_ids(
        &self,
        call: &Call,
        source: &Source,
        ids: (&str, &[Value]),
    ) -> Result<Vec<RawDocument>, Fault> {
        let shaping = |(name, _): &&(Name, Node)| SHAPING.contains(&name.text.as_str());
        let shaping: Vec<(Name, Node)> = source.params.iter().filter(shaping).cloned().collect();
        let mut documents = Vec::new();
        for page in 1.. {
            let moments = Moments { window: None, zone: &self.zone, page, page_size: call.max_page, cursor: None };
            let biz = self.biz(call, &shaping, Some(ids), &moments)?;
            let got = self.call(call.name, biz, page).await?;
            documents.extend(got.documents);
            if !got.has_next {
                break;
            }
        }
        Ok(documents)
    }

    /// The smallest call there is.
    async fn ping(&self) -> Result<(), Fault> {
        let biz = Map::from_iter([("page_index".to_owned(), 1.into()), ("page_size".to_owned(), 1.into())]);
        self.call("shops.query", biz, 1).await.map(|_| ())
    }
}

/// What of a page contradicts what was asked: going on would loop or skip.
fn absurdity(listing: &Listing<'_>, page: u64) -> Option<String> {
    match listing.page_index {
        Some(other) if other != page => Some(format!("page {page} was asked, page {other} was answered")),
        _ if listing.has_next && listing.documents.is_empty() => {
            Some(format!("page {page} is empty and yet said to have pages behind it"))
        }
        _ if listing.has_next && page >= MOST_PAGES => {
            Some(format!("there is no end after {MOST_PAGES} pages: shorten `window`"))
        }
        _ => None,
    }
}

fn permanent(words: impl Into<String>) -> Fault {
    Fault::new(FaultKind::Permanent, words)
}

fn unknown(call: &str) -> Fault {
    permanent(format!("聚水潭 has no call `{call}` for this"))
}

/// How a document is asked for by a key path: parameter, and most at a time.
fn keyed(call: &Call, path: &Query) -> Option<(&'static str, usize)> {
    let name = path.text().strip_prefix("$.")?;
    call.keyed.iter().find(|(field, _, _)| *field == name).map(|(_, parameter, most)| (*parameter, *most))
}

/// Ids as the parameter takes them. A text that is no whole number can't be an `io_id` or `o_id`: there is no such
/// document.
fn ids(parameter: &str, keys: &[Vec<String>]) -> Vec<Value> {
    let texts = keys.iter().filter_map(|parts| parts.first());
    match parameter {
        "so_ids" | "l_ids" => texts.map(|text| Value::String(text.clone())).collect(),
        _ => texts.filter_map(|text| text.parse::<u64>().ok()).map(Value::from).collect(),
    }
}

#[async_trait]
impl Connector for Jushuitan {
    fn account(&self) -> String {
        self.own.name.clone()
    }

    fn check_source(&self, source: &Source) -> Vec<crate::fault::Fault> {
        check::check(source)
    }

    fn source_call(&self, call: &str) -> Option<SourceCall> {
        Call::named(call).map(Call::described)
    }

    fn target_call(&self, _call: &str) -> Option<TargetCall> {
        None
    }

    fn calls(&self) -> (Vec<&'static str>, Vec<&'static str>) {
        (CALLS.iter().map(|call| call.name).collect(), Vec::new())
    }

    async fn login(&self) -> Result<(), Fault> {
        let token = self.own.token().await;
        match self.ping().await {
            Err(fault) if fault.kind == FaultKind::Session => self.own.renew(&token, fault).await?,
            told => return told,
        }
        let told = self.ping().await;
        self.own.tried(told).await
    }

    fn clock_offset(&self) -> Option<i64> {
        self.own.http.clock_offset()
    }

    async fn fetch(&self, request: &FetchRequest<'_>) -> Result<Page, Fault> {
        self.page(request.source, request.window, None, request.position).await
    }

    fn follows(&self, source: &Source) -> bool {
        Call::named(&source.call).is_some_and(|call| call.cursor.is_some())
    }

    async fn fetch_rows(&self, source: &Source, from: &RowVersion, position: Option<&str>) -> Result<Page, Fault> {
        // A total counts all rows from there on, which says nothing of this page's scan.
        let page = self.page(source, None, Some(from), position).await?;
        Ok(Page { total: None, ..page })
    }

    async fn fetch_keys(&self, source: &Source, keys: &[Vec<String>], by_number: bool) -> Result<Page, Fault> {
        let call = Call::named(&source.call).ok_or_else(|| unknown(&source.call))?;
        let path =
            if by_number { source.number.as_ref() } else { source.key.first().filter(|_| source.key.len() == 1) };
        let Some((parameter, most)) = path.and_then(|path| keyed(call, path)) else {
            let what = path.map_or("such a key", Query::text);
            let words = format!("`{}` can't be asked for documents by `{what}`", call.name);
            return Err(permanent(words));
        };
        let field = path.and_then(|path| path.text().strip_prefix("$.")).unwrap_or_default();
        let ids = ids(parameter, keys);
        self.by_groups(call, source, (parameter, field), ids.chunks(most).collect()).await
    }

    fn prepare(
        &self,
        call: &CallSpec,
        _payload: &Value,
        _lines: &[(String, Vec<String>)],
        _receipt: Option<&Receipt>,
    ) -> Result<String, String> {
        Err(unknown(&call.call).words)
    }

    async fn send(&self, call: &CallSpec, items: &[Outgoing]) -> Vec<Outcome> {
        items.iter().map(|_| Outcome::Failed(unknown(&call.call))).collect()
    }

    async fn probe(&self, call: &CallSpec, _probes: &[Probe]) -> Result<Vec<Finding>, Fault> {
        Err(unknown(&call.call))
    }
}
