//! Reading listed documents whole (`detail`): by a call of its own for each, before anything is compared.

use serde_json::{Map, Value};

use crate::capture::ask::{AskError, Question};
use crate::capture::page::latest_time;
use crate::capture::scan::{Capture, CaptureError};
use crate::connector::{DetailCall, Fault};
use crate::crash;
use crate::diff::{Paths, extract};
use crate::document::RawDocument;
use crate::query::{Outcome, Query, Scope, Template};
use crate::scalar;
use crate::scheme::{Detail, DetailWhen};

/// A scheme's detail call made ready.
#[derive(Debug, Clone)]
pub struct DetailPlan {
    call: String,
    params: Vec<(String, Template)>,
    /// Every listed document is read, not only those listed otherwise than before.
    pub always: bool,
    /// Its parameters read nothing but the key: a document can be read by its key alone.
    pub by_key: bool,
    /// Paths where texts and numbers of one value are equal.
    pub numeric: Vec<String>,
}

impl DetailPlan {
    /// Makes a detail ready; `key` are the paths of the document's key.
    pub fn new(detail: &Detail, call: DetailCall, key: &[Query]) -> Self {
        let is_key = |query: &Query| key.iter().any(|part| part.steps() == query.steps());
        Self {
            call: detail.call.clone(),
            by_key: detail.params.iter().flat_map(|param| param.value.queries()).all(is_key),
            params: detail.params.iter().map(|param| (param.name.text.clone(), param.value.clone())).collect(),
            always: detail.when == DetailWhen::Always,
            numeric: call.numeric,
        }
    }

    /// The parameters for a listed document; the error says in words what it lacks.
    fn params(&self, listed: &[u8]) -> Result<Vec<(String, String)>, String> {
        let document: Value = serde_json::from_slice(listed).map_err(|error| error.to_string())?;
        let scope = Scope { document: &document, elements: &[], receipt: None };
        let mut params = Vec::with_capacity(self.params.len());
        for (name, value) in &self.params {
            let value = match value.evaluate(&scope).map_err(|fault| fault.to_string())? {
                Outcome::Value(value) => value,
                Outcome::Omit => continue,
            };
            let text = scalar::plain(&value).filter(|text| !text.trim().is_empty());
            params.push((name.clone(), text.ok_or_else(|| format!("parameter `{name}` of `{}` is blank", self.call))?));
        }
        Ok(params)
    }
}

/// A document as read.
#[derive(Debug, Clone)]
pub struct Reading {
    /// As it was listed, or asked for by key.
    pub listed: Vec<u8>,
    /// What a detail call made of it.
    pub whole: Whole,
}

/// What a detail call made of a listed document.
#[derive(Debug, Clone)]
pub enum Whole {
    /// There is none: what is listed is whole.
    Listed,
    /// Listed as when it was last read: not asked for.
    Unchanged,
    /// The whole document.
    Read(Vec<u8>),
    /// It is not there any more.
    Gone,
    /// It can't be asked for, with why.
    Unreadable(String),
    /// Asked for it, the source does not give it, though it answers otherwise.
    Refused(Fault),
}

impl Reading {
    /// The document's text, where it was read.
    pub fn text(&self) -> &[u8] {
        match &self.whole {
            Whole::Read(bytes) => bytes,
            Whole::Listed | Whole::Unchanged | Whole::Gone | Whole::Unreadable(_) | Whole::Refused(_) => &self.listed,
        }
    }
}

impl Capture {
    /// Reads listed documents whole, one after the other. Unless `anew`, those listed as when they were last read are
    /// left as they are where the scheme says so.
    pub(super) async fn whole(&self, listed: Vec<RawDocument>, anew: bool) -> Result<Vec<Reading>, CaptureError> {
        let mut readings = Vec::with_capacity(listed.len());
        for RawDocument { bytes } in listed {
            let whole = match &self.plan.detail {
                None => Whole::Listed,
                Some(detail) if !anew && !detail.always && self.is_as_before(&bytes)? => Whole::Unchanged,
                Some(detail) => self.read_detail(detail, &bytes).await?,
            };
            readings.push(Reading { listed: bytes, whole });
        }
        Ok(readings)
    }

    async fn read_detail(&self, detail: &DetailPlan, listed: &[u8]) -> Result<Whole, CaptureError> {
        let params = match detail.params(listed) {
            Ok(params) => params,
            Err(why) => return Ok(Whole::Unreadable(why)),
        };
        let question = Question::Detail { call: &detail.call, params: &params };
        let page = match self.asker.ask(&question).await {
            Ok(page) => page,
            Err(error) => {
                let asked: Vec<String> = params.iter().map(|(name, text)| format!("{name}={text}")).collect();
                let what = format!("detail `{}` {}", detail.call, asked.join(" "));
                return self.detail_fault(listed, &what, error).await.map(Whole::Refused);
            }
        };
        self.answered();
        crash::point("capture.detail_received");
        Ok(page.documents.into_iter().next().map_or(Whole::Gone, |document| Whole::Read(document.bytes)))
    }

    async fn detail_fault(&self, listed: &[u8], what: &str, error: AskError) -> Result<Fault, CaptureError> {
        match extract(listed, &self.plan.paths) {
            Ok(identity) => {
                let time = latest_time(&identity, &self.zone);
                self.own_fault((&identity.key, time), what, error).await
            }
            // It is recorded as one that can't be named.
            Err(_) => self.fault_of_documents(what, error).await,
        }
    }

    fn is_as_before(&self, listed: &[u8]) -> Result<bool, CaptureError> {
        let Ok(identity) = extract(listed, &self.plan.paths) else { return Ok(false) };
        let head = self.store.heads(&self.scheme.id, &[identity.key])?.into_iter().flatten().next();
        Ok(head.is_some_and(|head| head.raw_hash == Some(self.plan.gate.raw_hash(listed))))
    }
}

/// A listed document of which nothing is known but its key.
pub(super) fn listed_of_key(paths: &Paths, parts: &[String]) -> RawDocument {
    let mut document = Map::new();
    for (chain, part) in paths.key.iter().zip(parts) {
        let Some((last, parents)) = chain.split_last() else { continue };
        let place = parents.iter().try_fold(&mut document, |at, name| {
            at.entry(name.as_str()).or_insert_with(|| Value::Object(Map::new())).as_object_mut()
        });
        if let Some(place) = place {
            place.insert(last.clone(), Value::String(part.clone()));
        }
    }
    RawDocument { bytes: Value::Object(document).to_string().into_bytes() }
}
