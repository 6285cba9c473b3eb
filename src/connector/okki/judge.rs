//! What a probe's answer means: whose order it is, and whether an attempt's effect is there (rules.md 12, 14).

use std::collections::BTreeMap;

use super::compare::{compared, compares_rows, differences};
use super::content::{alike, id};
use super::order::{Order, ROWS, Row, matched, same, text};
use crate::clock::Zone;
use crate::connector::judging::{Alike, created_since_first_attempt};
use crate::connector::{Finding, Look, Outgoing, Probe};
use crate::receipt::Receipt;

/// What findings are judged by.
#[derive(Debug)]
pub struct Judge<'a> {
    /// Payload fields compared; empty: all.
    pub compare: &'a [String],
    /// How far the target's clock is ahead of ours, in milliseconds.
    pub offset: i64,
    /// Zone of the target's times.
    pub zone: &'a Zone,
}

/// Evidence of one field or list for an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Evidence {
    New,
    Old,
    /// Some of the lines that were to be new are not there yet, as one of several pushes leaves it.
    Between,
    Neither,
}

impl Judge<'_> {
    /// The finding of one probe: `by_id` is the order of its id, `by_number` that of its number, where they were
    /// asked for and are there.
    pub fn finding(&self, probe: &Probe, by_id: Option<&Order>, by_number: Option<&Order>) -> Finding {
        let carries = |order: &Order| match (&order.number, &probe.number) {
            (Some(found), Some(asked)) => found.eq_ignore_ascii_case(asked.trim()),
            (_, None) => true,
            (None, Some(_)) => false,
        };
        match (&probe.target_id, by_id, by_number) {
            (Some(id), Some(order), _) if !carries(order) => {
                let number = order.number.as_deref().unwrap_or_default();
                foreign(order, probe, format!("id {id} carries the number `{number}` now"))
            }
            (Some(_), Some(order), _) => self.content(probe, order),
            (Some(id), None, Some(other)) => {
                let found = other.id.as_deref().unwrap_or_default();
                foreign(other, probe, format!("id {id} is gone, the number is carried by id {found}"))
            }
            (None, _, Some(order)) => match self.ownership(probe, order) {
                Ok(()) => self.content(probe, order),
                Err(why) => foreign(order, probe, why),
            },
            (_, None | Some(_), None) => Finding::Absent,
        }
    }

    /// Ours, if it was created not before the first attempt, by which account is not told, or by a person's word.
    fn ownership(&self, probe: &Probe, order: &Order) -> Result<(), String> {
        if probe.look == Look::Anyones {
            return Ok(());
        }
        let told = order.head.get("create_time").and_then(text);
        created_since_first_attempt(probe, told.as_deref(), self.offset, self.zone)
    }

    fn content(&self, probe: &Probe, shown: &Order) -> Finding {
        let receipt = receipt(shown, probe);
        let Some(attempted) = &probe.attempted else { return Finding::NotEffective { receipt } };
        let new = compared(&attempted.payload, self.compare);
        let differences = differences(&new, shown, compares_rows(self.compare));
        if probe.look != Look::Outcome {
            return if differences.is_empty() {
                Finding::Effective { receipt, warnings: differences }
            } else {
                Finding::Mixed { receipt, differences }
            };
        }
        if new.id.is_none() {
            // A create is proved by existence; an order that lost rows on the way is not what was sent.
            return if shown.rows.len() == new.kept().len() {
                Finding::Effective { receipt, warnings: differences }
            } else {
                Finding::Mixed { receipt, differences }
            };
        }
        let Some(told) = &probe.told else {
            return if differences.is_empty() {
                Finding::Effective { receipt, warnings: differences }
            } else {
                Finding::NotEffective { receipt }
            };
        };
        let (differs, evidence) = self.evidence(&new, &compared(told, self.compare), shown);
        let has = |wanted| evidence.contains(&wanted);
        match (has(Evidence::New), has(Evidence::Old), has(Evidence::Between), has(Evidence::Neither)) {
            (true, false, false, false) => Finding::Effective { receipt, warnings: differences },
            // Nothing to tell them apart: the attempt told nothing new, or what it told can't be seen.
            (false, false, false, false) if !differs && differences.is_empty() => {
                Finding::Effective { receipt, warnings: differences }
            }
            (false, _, false, false) => Finding::NotEffective { receipt },
            // Some of its pushes ran: the next send names the rows that they brought, and brings the others.
            (_, false, true, false) => Finding::NotEffective { receipt },
            _ => Finding::Mixed { receipt, differences },
        }
    }

    /// Whether attempted and told differ at all, and what the order shows where they do.
    fn evidence(&self, new: &Order, old: &Order, shown: &Order) -> (bool, Vec<Evidence>) {
        let (mut differs, mut evidence) = (false, Vec::new());
        for (name, value) in &new.head {
            let before = old.head.get(name);
            if before.is_some_and(|before| alike(value, before) == Alike::Same) {
                continue;
            }
            differs = true;
            let Some(there) = shown.head.get(name) else { continue };
            let is_new = alike(value, there);
            let is_old =
                before.map_or(if is_new == Alike::No { Alike::Near } else { Alike::No }, |old| alike(old, there));
            evidence.extend(match is_new.cmp(&is_old) {
                std::cmp::Ordering::Greater => Some(Evidence::New),
                std::cmp::Ordering::Less => Some(Evidence::Old),
                std::cmp::Ordering::Equal if is_new == Alike::No => Some(Evidence::Neither),
                std::cmp::Ordering::Equal => None,
            });
        }
        let (lines, before) = (new.kept(), old.kept());
        if compares_rows(self.compare) && !same_content(&lines, &before) {
            differs = true;
            evidence.extend(of_rows(&lines, &before, shown));
        }
        (differs, evidence)
    }
}

/// Whether two orders have the same rows, whatever their ids.
fn same_content(lines: &[&Row], others: &[&Row]) -> bool {
    let nameless = |rows: &[&Row]| rows.iter().map(|row| Row { id: None, ..(*row).clone() }).collect::<Vec<Row>>();
    let (lines, others) = (nameless(lines), nameless(others));
    same(&lines.iter().collect::<Vec<_>>(), &others, Alike::Same)
}

/// What the rows say, compared ever more loosely until new and old can be told apart.
fn of_rows(lines: &[&Row], before: &[&Row], shown: &Order) -> Option<Evidence> {
    let mut evidence = Some(Evidence::Neither);
    for least in [Alike::Same, Alike::Near] {
        match (same(lines, &shown.rows, least), same(before, &shown.rows, least)) {
            (true, false) => return Some(Evidence::New),
            (false, true) => return Some(Evidence::Old),
            (true, true) => evidence = None,
            (false, false) => {}
        }
    }
    if is_between(lines, &shown.rows) { Some(Evidence::Between) } else { evidence }
}

/// Whether the order has all lines but some of those that were to be new.
fn is_between(lines: &[&Row], rows: &[Row]) -> bool {
    let found = lines.iter().zip(matched(lines, rows));
    let there: Vec<&Row> =
        found.filter(|(line, row)| line.id.is_some() || row.is_some()).map(|(line, _)| *line).collect();
    there.len() < lines.len() && same(&there, rows, Alike::Near)
}

/// Ids of an order and of its rows: those of the attempted lines that are there under the lines' keys, and those of
/// all others that are ours under keys that no line has, so that the next push removes them or gives them to a new
/// line. Ours are the rows that were told or attempted; of an order that holds nothing but what we created, all.
pub fn receipt(shown: &Order, probe: &Probe) -> Receipt {
    let number = shown.number.clone().or_else(|| probe.number.clone());
    let attempted = probe.attempted.as_ref().and_then(|attempted| Some((attempted, Order::read(&attempted.payload)?)));
    let (mut ids, mut taken) = match &attempted {
        Some((outgoing, order)) => known(outgoing, order, &shown.rows),
        None => Default::default(),
    };
    let updates = attempted.as_ref().is_some_and(|(_, order)| order.id.is_some());
    let told = probe.told.as_deref().and_then(Order::read).unwrap_or_default();
    let attempted = attempted.map(|(_, order)| order.rows).unwrap_or_default();
    for row in &shown.rows {
        let Some(id) = row.id.clone().filter(|id| !taken.contains(id)) else { continue };
        let named = |rows: &[Row]| rows.iter().any(|other| other.id.as_ref() == Some(&id));
        if !updates || named(&attempted) || named(&told.rows) {
            ids.insert(format!("#{id}"), id.clone());
            taken.push(id);
        }
    }
    let told = shown.rows.iter().filter(|row| row.id.as_ref().is_some_and(|id| taken.contains(id)));
    receipt_of(shown.id.clone(), number, ids, told)
}

/// Key → row id of the attempted lines that are there, and the ids.
fn known(outgoing: &Outgoing, order: &Order, rows: &[Row]) -> (BTreeMap<String, String>, Vec<String>) {
    let keys = outgoing.lines.iter().find(|(list, _)| list == ROWS).map(|(_, keys)| keys.as_slice());
    let keys = keys.unwrap_or_default();
    let lines: Vec<&Row> = order.rows.iter().take(keys.len()).collect();
    let found = matched(&lines, rows).into_iter().map(|place| rows.get(place?)?.id.clone());
    let ids: BTreeMap<String, String> =
        keys.iter().cloned().zip(found).filter_map(|(key, id)| Some((key, id?))).collect();
    let taken = ids.values().cloned().collect();
    (ids, taken)
}

/// A receipt with what addressing its rows needs.
pub fn receipt_of<'r>(
    order: Option<String>,
    number: Option<String>,
    ids: BTreeMap<String, String>,
    rows: impl Iterator<Item = &'r Row>,
) -> Receipt {
    let told = rows.filter_map(|row| {
        let cells = ["product_id", "sku_id"].map(|name| Some((name.to_owned(), id(row.cells.get(name))?)));
        Some((row.id.clone()?, cells.into_iter().flatten().collect()))
    });
    let told: BTreeMap<String, BTreeMap<String, String>> = told.collect();
    Receipt {
        id: order,
        number,
        lines: BTreeMap::from([(ROWS.to_owned(), ids)]),
        told: BTreeMap::from([(ROWS.to_owned(), told)]),
    }
}

fn foreign(order: &Order, probe: &Probe, why: impl Into<String>) -> Finding {
    Finding::Foreign { why: why.into(), receipt: receipt(order, probe) }
}

#[cfg(test)]
mod tests;
