//! The connector.

use async_trait::async_trait;
use serde_json::Value;

use super::calls::{DETAILS, Detail, MAX_PAGE, SOURCES, Source, TARGETS, Target};
use super::client::{Client, gone};
use super::judge::Judge;
use super::listing::{self, Position};
use super::order::{Order, text};
use super::payload;
use super::push::{push, show};
use crate::clock::Zone;
use crate::connector::params::{self, Moments};
use crate::connector::{
    CallSpec, Connector, DetailCall, Fault, FaultKind, FetchRequest, Finding, Outcome, Outgoing, Page, Probe,
    SourceCall, TargetCall,
};
use crate::document::RawDocument;
use crate::receipt::Receipt;
use crate::scheme;

/// One OKKI account.
pub struct Okki {
    account: String,
    client: Client,
    zone: Zone,
}

impl Okki {
    /// The connector of an account. The system's times are of `zone`.
    pub fn new(account: String, client: Client, zone: Zone) -> Self {
        Self { account, client, zone }
    }

    /// One document whole; none if there is no such document.
    async fn detail(&self, call: &str, params: &[(String, String)]) -> Result<Option<RawDocument>, Fault> {
        let Some(data) = self.client.find(call, params).await? else { return Ok(None) };
        if !data.get().starts_with('{') {
            return Err(self.client.fault(FaultKind::Unknown, format!("the answer of `{call}` holds no document")));
        }
        Ok(Some(RawDocument { bytes: data.get().as_bytes().to_vec() }))
    }

    async fn remove(&self, call: &str, item: &Outgoing) -> Result<Receipt, Fault> {
        let id = addressed(&item.payload)
            .ok_or_else(|| Fault::new(FaultKind::Permanent, "the payload names no `order_id`"))?;
        let receipt = Receipt { id: Some(id.clone()), number: item.number.clone(), ..Receipt::default() };
        match self.client.send(call, &[("order_id".to_owned(), id)], "").await? {
            Some(_) => Ok(receipt),
            // It may be gone already, or hidden from us: a probe decides.
            None => Err(Fault { kind: FaultKind::Exists, ..gone() }),
        }
    }

    async fn find(&self, target: Target, judge: &Judge<'_>, probe: &Probe) -> Result<Finding, Fault> {
        let asked = probe.attempted.as_ref().and_then(|attempted| addressed(&attempted.payload));
        let id = probe.target_id.clone().or(asked.filter(|_| target == Target::Remove));
        let by_id = match &id {
            Some(id) => show(&self.client, "order_id", id).await?,
            None => None,
        };
        if target == Target::Remove {
            return Ok(removed(probe, id, by_id));
        }
        let by_number = match (&by_id, probe.number.as_deref().map(str::trim)) {
            (None, Some(number)) => show(&self.client, "order_no", number).await?,
            _ => None,
        };
        Ok(judge.finding(probe, by_id.as_ref(), by_number.as_ref()))
    }
}

/// An order that is gone is removed.
fn removed(probe: &Probe, id: Option<String>, shown: Option<Order>) -> Finding {
    match shown {
        Some(order) => Finding::NotEffective {
            receipt: super::judge::receipt(&order, &Probe { attempted: None, ..probe.clone() }),
        },
        None => {
            let receipt = Receipt { id, number: probe.number.clone(), ..Receipt::default() };
            Finding::Effective { receipt, warnings: Vec::new() }
        }
    }
}

/// The order that a removal addresses.
fn addressed(payload: &str) -> Option<String> {
    text(serde_json::from_str::<Value>(payload).ok()?.get("order_id")?)
}

fn permanent(words: impl Into<String>) -> Fault {
    Fault::new(FaultKind::Permanent, words)
}

fn unknown(call: &str) -> Fault {
    permanent(format!("小满 OKKI has no call `{call}` for this"))
}

#[async_trait]
impl Connector for Okki {
    fn account(&self) -> String {
        self.account.clone()
    }

    fn source_call(&self, call: &str) -> Option<SourceCall> {
        Source::named(call).map(Source::described)
    }

    fn detail_call(&self, call: &str) -> Option<DetailCall> {
        Detail::named(call).map(Detail::described)
    }

    fn target_call(&self, call: &str) -> Option<TargetCall> {
        Target::named(call).map(|(_, target)| target.described())
    }

    fn calls(&self) -> (Vec<&'static str>, Vec<&'static str>) {
        let sources = SOURCES.iter().map(|call| call.name);
        (sources.collect(), TARGETS.iter().map(|(name, _)| *name).collect())
    }

    async fn login(&self) -> Result<(), Fault> {
        self.client.login().await
    }

    fn is_loopback(&self) -> bool {
        self.client.is_loopback()
    }

    fn clock_offset(&self) -> Option<i64> {
        self.client.clock_offset()
    }

    async fn fetch(&self, request: &FetchRequest<'_>) -> Result<Page, Fault> {
        let source = request.source;
        let call = Source::named(&source.call).ok_or_else(|| unknown(&source.call))?;
        let at = match request.position {
            Some(position) => Position::read(position).ok_or_else(|| permanent("this is no position of a page"))?,
            None => Position::FIRST,
        };
        let page_size = source.page_size.unwrap_or(MAX_PAGE).clamp(1, MAX_PAGE);
        let moments = Moments { window: request.window, zone: &self.zone, page: at.page, page_size, cursor: None };
        let params = params::resolve(&source.params, &moments).map_err(|fault| permanent(fault.to_string()))?;
        let data = self.client.get(call.name, &call.page(params, &moments)).await?;
        let unrecognised = |what: String| self.client.fault(FaultKind::Unknown, format!("`{}`: {what}", call.name));
        let listing = listing::read(&data).map_err(unrecognised)?;
        let next = if call.paged { at.next(&listing).map_err(unrecognised)? } else { None };
        Ok(Page {
            documents: listing.documents,
            next: next.map(|next| next.to_string()),
            total: listing.total,
            ..Page::default()
        })
    }

    async fn fetch_keys(&self, source: &scheme::Source, keys: &[Vec<String>], by_number: bool) -> Result<Page, Fault> {
        let call = Source::named(&source.call).ok_or_else(|| unknown(&source.call))?;
        let path =
            if by_number { source.number.as_ref() } else { source.key.first().filter(|_| source.key.len() == 1) };
        let name = path.and_then(|path| path.text().strip_prefix("$."));
        let asked = call.detail.zip(name).filter(|((_, fields), name)| fields.contains(name));
        let Some(((detail, _), name)) = asked else {
            let what = path.map_or("such a key", |path| path.text());
            return Err(permanent(format!("`{}` can't be asked for documents by `{what}`", call.name)));
        };
        let mut found = Page::default();
        for key in keys.iter().filter_map(|parts| parts.first()) {
            let document = self.detail(detail, &[(name.to_owned(), key.clone())]).await?;
            found.documents.extend(document);
        }
        Ok(found)
    }

    async fn fetch_detail(&self, call: &str, params: &[(String, String)]) -> Result<Option<RawDocument>, Fault> {
        let call = DETAILS.iter().find(|detail| detail.name == call).ok_or_else(|| unknown(call))?;
        if params.iter().all(|(_, value)| value.trim().is_empty()) {
            return Err(permanent(format!("`{}` needs an id or a number", call.name)));
        }
        self.detail(call.name, params).await
    }

    fn prepare(
        &self,
        call: &CallSpec,
        payload: &Value,
        lines: &[(String, Vec<String>)],
        receipt: Option<&Receipt>,
    ) -> Result<String, String> {
        let target = Target::named(&call.call).ok_or_else(|| unknown(&call.call).words)?;
        payload::prepare(target, payload, lines, receipt)
    }

    async fn send(&self, spec: &CallSpec, items: &[Outgoing]) -> Vec<Outcome> {
        let mut outcomes = Vec::with_capacity(items.len());
        for item in items {
            outcomes.push(match Target::named(&spec.call) {
                Some((_, Target::Push)) => push(&self.client, spec, item).await,
                Some((name, Target::Remove)) => match self.remove(name, item).await {
                    Ok(receipt) => Outcome::Accepted { receipt, complete: true, warnings: Vec::new() },
                    Err(fault) => Outcome::Failed(fault),
                },
                None => Outcome::Failed(unknown(&spec.call)),
            });
        }
        outcomes
    }

    async fn probe(&self, spec: &CallSpec, probes: &[Probe]) -> Result<Vec<Finding>, Fault> {
        let (_, target) = Target::named(&spec.call).ok_or_else(|| unknown(&spec.call))?;
        let mut findings = Vec::with_capacity(probes.len());
        for probe in probes {
            let judge =
                Judge { compare: &spec.compare, offset: self.client.clock_offset().unwrap_or(0), zone: &self.zone };
            findings.push(self.find(target, &judge, probe).await?);
        }
        Ok(findings)
    }
}
