//! What a probe's answer means: whose bill it is, and whether an attempt's effect is there (rules.md 12, 14).

use serde_json::Value;

use super::calls::Kind;
use super::content::alike;
use super::lines::{By, Row, same};
use super::operate::is_done;
use super::query::Bill;
use super::save::ids;
use super::shape::{Leaf, List, Shape};
use super::status::text;
use crate::clock::Zone;
use crate::connector::judging::{Alike, created_since_first_attempt};
use crate::connector::{Finding, Look, Outgoing, Probe};
use crate::receipt::Receipt;

/// More differences than this are not listed.
const MOST_LISTED: usize = 20;

/// What findings are judged by.
#[derive(Debug)]
pub struct Judge<'a> {
    /// What the call does.
    pub kind: Kind,
    /// Payload fields compared; empty: all.
    pub compare: &'a [String],
    /// Names of users whose bills can be ours.
    pub users: &'a [String],
    /// How far the target's clock is ahead of ours, in milliseconds.
    pub offset: i64,
    /// Zone of the target's times.
    pub zone: &'a Zone,
    /// Fields that the form does not have.
    pub unknown: &'a [String],
}

/// Evidence of one field or list for an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Evidence {
    New,
    Old,
    Neither,
}

impl Judge<'_> {
    /// The finding of one probe among the bills found.
    pub fn finding(&self, probe: &Probe, found: &[Bill]) -> Finding {
        let by_id = |id: &str| found.iter().find(|bill| bill.id == id);
        let of_number = |bill: &&Bill| match (&bill.number, &probe.number) {
            // The server's own comparison knows no letter case and no blanks at the end.
            (Some(found), Some(asked)) => found.eq_ignore_ascii_case(asked.trim()),
            _ => false,
        };
        if self.kind != Kind::Save {
            let id = probe.target_id.clone().or_else(|| super::operate::addressed(&probe.attempted.as_ref()?.payload));
            return self.state(probe, id.as_deref().and_then(by_id), id.clone());
        }
        let numbered: Vec<&Bill> = found.iter().filter(of_number).collect();
        match (&probe.target_id, numbered.as_slice()) {
            (Some(id), numbered) => match (by_id(id), numbered) {
                (Some(bill), _) if probe.number.is_some() && !of_number(&bill) => {
                    let number = bill.number.as_deref().unwrap_or_default();
                    foreign(bill, probe, format!("id {id} carries the number `{number}` now"))
                }
                (Some(bill), _) => self.content(probe, bill),
                (None, []) => Finding::Absent,
                (None, [other, ..]) => {
                    foreign(other, probe, format!("id {id} is gone, the number is carried by id {}", other.id))
                }
            },
            (None, []) => Finding::Absent,
            (None, [only]) => match self.ownership(probe, only) {
                Ok(()) => self.content(probe, only),
                Err(why) => foreign(only, probe, why),
            },
            (None, [first, ..]) => foreign(first, probe, format!("{} documents carry the number", numbered.len())),
        }
    }

    /// An operation is judged by the bill's state.
    fn state(&self, probe: &Probe, bill: Option<&Bill>, id: Option<String>) -> Finding {
        let receipt = match bill {
            Some(bill) => receipt(bill, probe),
            None => Receipt { id, number: probe.number.clone(), ..Receipt::default() },
        };
        match bill {
            _ if is_done(self.kind, bill) => Finding::Effective { receipt, warnings: Vec::new() },
            None => Finding::Absent,
            Some(_) => Finding::NotEffective { receipt },
        }
    }

    /// Ours, if our account created it not before the first attempt, or by a person's word.
    fn ownership(&self, probe: &Probe, bill: &Bill) -> Result<(), String> {
        if probe.look == Look::Anyones {
            return Ok(());
        }
        let creator = text(bill.cells.get("FCreatorId.FName"));
        if let Some(creator) = creator.filter(|creator| !self.users.iter().any(|user| user == creator)) {
            return Err(format!("created by `{creator}`, not by us"));
        }
        let told = text(bill.cells.get("FCreateDate"));
        created_since_first_attempt(probe, told.as_deref(), self.offset, self.zone)
    }

    fn content(&self, probe: &Probe, bill: &Bill) -> Finding {
        let receipt = receipt(bill, probe);
        let Some(attempted) = &probe.attempted else { return Finding::NotEffective { receipt } };
        let new = self.shape(&attempted.payload);
        let differences = self.differences(&new, bill);
        let warnings = || differences.iter().cloned().chain(self.remarks(&new, bill)).take(MOST_LISTED).collect();
        if probe.look != Look::Outcome {
            return if differences.is_empty() && !bill.is_cancelled() {
                Finding::Effective { receipt, warnings: warnings() }
            } else {
                Finding::Mixed { receipt, differences: warnings() }
            };
        }
        if !updates(attempted) {
            // A create is proved by existence; a bill that lost lines on the way is not what was sent.
            let torn = |list: &&List| bill.rows.get(&list.name).is_some_and(|rows| rows.len() != list.lines.len());
            return if new.lists.iter().any(|list| torn(&list)) {
                Finding::Mixed { receipt, differences: warnings() }
            } else {
                Finding::Effective { receipt, warnings: warnings() }
            };
        }
        let Some(told) = &probe.told else {
            return if differences.is_empty() {
                Finding::Effective { receipt, warnings: warnings() }
            } else {
                Finding::NotEffective { receipt }
            };
        };
        let (differs, evidence) = self.evidence(&new, &self.shape(told), bill);
        let has = |wanted| evidence.contains(&wanted);
        match (has(Evidence::New), has(Evidence::Old), has(Evidence::Neither)) {
            (true, false, false) => Finding::Effective { receipt, warnings: warnings() },
            // Nothing to tell them apart: the attempt told nothing new, or what it told can't be seen.
            (false, false, false) if !differs && differences.is_empty() => {
                Finding::Effective { receipt, warnings: warnings() }
            }
            (false, _, false) => Finding::NotEffective { receipt },
            _ => Finding::Mixed { receipt, differences: warnings() },
        }
    }

    fn shape(&self, payload: &str) -> Shape {
        Shape::of(&serde_json::from_str(payload).unwrap_or_default(), self.compare)
    }

    /// Whether attempted and told differ at all, and what the bill shows where they do.
    fn evidence(&self, new: &Shape, old: &Shape, bill: &Bill) -> (bool, Vec<Evidence>) {
        let (mut differs, mut evidence) = (false, Vec::new());
        for leaf in &new.head {
            let before = old.head.iter().find(|before| before.path == leaf.path);
            if before.is_some_and(|before| alike(&leaf.value, &before.value) == Alike::Same) {
                continue;
            }
            differs = true;
            evidence.extend(bill.cells.get(&leaf.key).and_then(|shown| of_leaf(leaf, before, shown)));
        }
        for list in &new.lists {
            let before = old.list(&list.name);
            if before.is_some_and(|before| same(&list.lines, &Row::of(&before.lines), By::Exact)) {
                continue;
            }
            differs = true;
            evidence.extend(bill.rows.get(&list.name).and_then(|rows| of_list(list, before, rows)));
        }
        (differs, evidence)
    }

    /// What of a payload the bill does not show.
    fn differences(&self, shape: &Shape, bill: &Bill) -> Vec<String> {
        let mut out = Vec::new();
        for leaf in shape.head.iter().filter(|leaf| !leaf.is_computed()) {
            if let Some(shown) = bill.cells.get(&leaf.key)
                && alike(&leaf.value, shown) == Alike::No
            {
                out.push(format!("`{}`: {} was sent, {} is there", leaf.path, short(&leaf.value), short(shown)));
            }
        }
        for list in &shape.lists {
            if let Some(rows) = bill.rows.get(&list.name)
                && !same(&list.lines, rows, By::Given)
            {
                let (sent, there) = (list.lines.len(), rows.len());
                out.push(format!("`{}`: {sent} lines were sent, {there} are there, and they differ", list.name));
            }
        }
        out
    }

    /// What can't be compared, and what a person should know of the bill.
    fn remarks(&self, shape: &Shape, bill: &Bill) -> Vec<String> {
        let opaque = shape.opaque.iter().map(|path| format!("`{path}` can't be compared"));
        let unknown = self.unknown.iter().map(|field| format!("`{field}` is no field of the form: not compared"));
        let cancelled = bill.is_cancelled().then(|| "the document is cancelled (作废)".to_owned());
        opaque.chain(unknown).chain(cancelled).collect()
    }
}

/// What a head field says; `None` where the value shown stands for both.
fn of_leaf(leaf: &Leaf, before: Option<&Leaf>, shown: &Value) -> Option<Evidence> {
    let new = alike(&leaf.value, shown);
    let Some(before) = before else {
        return Some(if new == Alike::No { Evidence::Old } else { Evidence::New });
    };
    match new.cmp(&alike(&before.value, shown)) {
        std::cmp::Ordering::Greater => Some(Evidence::New),
        std::cmp::Ordering::Less => Some(Evidence::Old),
        std::cmp::Ordering::Equal if new == Alike::No && !leaf.is_computed() => Some(Evidence::Neither),
        std::cmp::Ordering::Equal => None,
    }
}

/// What a list says, compared as a multiset, ever more loosely until new and old can be told apart.
fn of_list(list: &List, before: Option<&List>, rows: &[Row]) -> Option<Evidence> {
    let mut evidence = Some(Evidence::Neither);
    for by in [By::Exact, By::All, By::Given] {
        let new = same(&list.lines, rows, by);
        let old = before.map_or(!new, |before| same(&before.lines, rows, by));
        match (new, old) {
            (true, false) => return Some(Evidence::New),
            (false, true) if before.is_some() || by == By::Given => return Some(Evidence::Old),
            (true, true) => evidence = None,
            (false, _) => {}
        }
    }
    evidence
}

fn updates(attempted: &Outgoing) -> bool {
    let payload: Value = serde_json::from_str(&attempted.payload).unwrap_or_default();
    payload.as_object().is_some_and(|payload| super::status::id(super::payload::member(payload, "FID")).is_some())
}

/// Ids of a bill, and of the attempted lines that are there.
fn receipt(bill: &Bill, probe: &Probe) -> Receipt {
    let mut receipt = Receipt { id: Some(bill.id.clone()), number: bill.number.clone(), ..Receipt::default() };
    let Some(attempted) = &probe.attempted else { return receipt };
    let shape = Shape::of(&serde_json::from_str(&attempted.payload).unwrap_or_default(), &[]);
    for (name, keys) in &attempted.lines {
        if let (Some(list), Some(rows)) = (shape.list(name), bill.rows.get(name)) {
            receipt.lines.insert(name.clone(), ids(list, keys, rows));
        }
    }
    receipt
}

fn foreign(bill: &Bill, probe: &Probe, why: impl Into<String>) -> Finding {
    Finding::Foreign { why: why.into(), receipt: receipt(bill, probe) }
}

/// A value for words, cut.
fn short(value: &Value) -> String {
    let text = text(Some(value)).unwrap_or_else(|| "nothing".to_owned());
    if text.chars().count() <= 60 {
        format!("`{text}`")
    } else {
        format!("`{}…`", text.chars().take(60).collect::<String>())
    }
}

#[cfg(test)]
mod tests;
