//! The call `executeBillQuery`: pages of a window, documents by key.

use std::time::Duration;

use serde_json::Value;

use super::super::client::Client;
use super::super::shape::is;
use super::find::{bills, field, keyed, touched};
use super::plan::Plan;
use super::whole::{MOST_ASKED, whole};
use crate::clock::Zone;
use crate::connector::{Fault, FaultKind, FetchRequest, Page, SourceCall};
use crate::query::Query;
use crate::scheme::Source;

/// The call, as the vendor names it.
pub const CALL: &str = "executeBillQuery";

/// Bills of a page where the scheme says nothing, and at most: servers give no more rows than this in one answer.
const PAGE: u32 = 100;
const LARGEST_PAGE: u32 = 2_000;

/// Its description for the engine. Positions are the id of the page's last bill: ids never change, so that bills that
/// come into a window or leave it while it is read shift no other.
pub fn described() -> SourceCall {
    SourceCall {
        fields: Vec::new(),
        params: Vec::new(),
        max_page: LARGEST_PAGE,
        max_window: None,
        windows: true,
        resumable: true,
        shifts: false,
        by_key: MOST_ASKED,
        numeric: Vec::new(),
        grain: Duration::from_secs(1),
    }
}

/// A page: the next bills of the window by id, each read whole. Only a page without bills is the last, because
/// servers give fewer rows than asked for at will.
pub async fn page(client: &Client, request: &FetchRequest<'_>, zone: &Zone) -> Result<Page, Fault> {
    let FetchRequest { source, window, position } = *request;
    let plan = planned(source)?;
    let last: Option<Value> = position
        .map(serde_json::from_str)
        .transpose()
        .map_err(|_| Fault::new(FaultKind::Permanent, "this is no position of a bill"))?;
    let limit = source.page_size.unwrap_or(PAGE).clamp(1, LARGEST_PAGE);
    let ids = bills(client, &plan.form, touched(source, window, zone), last.as_ref(), limit).await?;
    let next = ids.last().map(Value::to_string);
    Ok(Page { next, ..whole(&plan, client, &ids).await? })
}

/// Bills by key or by number, past window and filter.
pub async fn by_keys(client: &Client, source: &Source, keys: &[Vec<String>], by_number: bool) -> Result<Page, Fault> {
    let plan = planned(source)?;
    let paths: Vec<&Query> = if by_number { source.number.iter().collect() } else { source.key.iter().collect() };
    let by_id = paths.iter().any(|path| field(source, path).is_ok_and(|field| is(field, "FID")));
    let mut ids: Vec<Value> = Vec::new();
    for keys in keys.chunks(MOST_ASKED) {
        let filter = keyed(source, &paths, keys)?;
        if filter.is_empty() {
            continue;
        }
        let mut last = None;
        loop {
            let found = bills(client, &plan.form, filter.clone(), last.as_ref(), LARGEST_PAGE).await;
            let found = found.map_err(|fault| if by_id { refused_id(keys, fault) } else { fault })?;
            let Some(end) = found.last().cloned() else { break };
            ids.extend(found.into_iter().filter(|bill| !ids.contains(bill)).collect::<Vec<_>>());
            last = Some(end);
        }
    }
    whole(&plan, client, &ids).await
}

/// A text that is no id of the form's kind breaks the question itself (the database can't compare them), now and
/// ever; numbers don't.
fn refused_id(keys: &[Vec<String>], fault: Fault) -> Fault {
    let texts = keys.iter().flatten().any(|text| text.bytes().any(|byte| !byte.is_ascii_digit()));
    match fault.kind {
        FaultKind::Transient if texts => Fault { kind: FaultKind::Permanent, ..fault },
        _ => fault,
    }
}

fn planned(source: &Source) -> Result<Plan, Fault> {
    Plan::of(source).ok_or_else(|| Fault::new(FaultKind::Permanent, "`form` is missing"))
}
