//! Bills read until two complete readings in sequence agree (rules.md 24). A bill that is the same in both was so at
//! the instant between them, though each reading took several answers.

use std::collections::HashMap;

use serde_json::Value;

use super::super::client::Client;
use super::super::query::literal;
use super::super::status::id;
use super::plan::Plan;
use super::reading::{Reading, read, told};
use crate::connector::{Deferred, Fault, Page};
use crate::document::RawDocument;

/// Complete readings of a bill before it is deferred.
const READINGS: usize = 6;
/// Bills of one query.
pub const MOST_ASKED: usize = 100;

/// Reads bills whole, in the order given. Those that are not there any more are left out; those that change during
/// each reading, or can't be read, are deferred and named: where an answer for several can't be taken, they are asked
/// for in smaller and smaller groups.
pub async fn whole(plan: &Plan, client: &Client, ids: &[Value]) -> Result<Page, Fault> {
    let mut page = Page::default();
    let mut open: Vec<&[Value]> = ids.chunks(MOST_ASKED).rev().collect();
    while let Some(ids) = open.pop() {
        match some(plan, client, ids).await {
            Ok(some) => {
                page.documents.extend(some.documents);
                page.deferred.extend(some.deferred);
            }
            Err(Fault { too_much: Some(_), .. }) if ids.len() > 1 => {
                let (first, second) = ids.split_at(ids.len() / 2);
                open.extend([second, first]);
            }
            Err(Fault { too_much: Some(_), words, .. }) => {
                for id in ids {
                    let document = RawDocument { bytes: told(plan, client, id).await };
                    page.deferred
                        .push(Deferred { document, why: format!("bill {} can't be read: {words}", literal(id)) });
                }
            }
            Err(fault) => return Err(fault),
        }
    }
    Ok(page)
}

async fn some(plan: &Plan, client: &Client, ids: &[Value]) -> Result<Page, Fault> {
    let mut open: Vec<&Value> = ids.iter().collect();
    let mut before = read(plan, client, &open).await?;
    let mut settled = HashMap::with_capacity(ids.len());
    for _ in 1..READINGS {
        if open.is_empty() {
            break;
        }
        let now = read(plan, client, &open).await?;
        open.retain(|bill| {
            let Some(text) = id(Some(bill)) else { return false };
            match (before.remove(&text), now.get(&text)) {
                (None, None) => false,
                (Some(before), Some(now)) if before.torn.is_none() && before == *now => {
                    settled.insert(text, before.bytes);
                    false
                }
                _ => true,
            }
        });
        before = now;
    }
    let mut page = Page::default();
    for bill in ids {
        let Some(text) = id(Some(bill)) else { continue };
        if let Some(bytes) = settled.remove(&text) {
            page.documents.push(RawDocument { bytes });
        } else if let Some(last) = before.remove(&text) {
            page.deferred.push(deferred(bill, last));
        }
    }
    Ok(page)
}

fn deferred(id: &Value, last: Reading) -> Deferred {
    let why = last.torn.unwrap_or_else(|| "two readings differ".to_owned());
    let why = format!("bill {} changed during each of {READINGS} readings: {why}", literal(id));
    Deferred { document: RawDocument { bytes: last.bytes }, why }
}
