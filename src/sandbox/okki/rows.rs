//! The rules of product rows (protocols/okki.md 5.3): rows without product and sku vanish silently, edits collapse
//! un-anchored rows, omitted rows stay, amounts that are not sent become 0.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::{Map, Value};

use crate::decimal::Decimal;

use super::fields::ROW_TEXTS;
use super::fill::{Desk, customs};
use super::knobs::Knobs;
use super::order::{Order, Row};
use super::reply::Problem;
use super::value::{decimal, id, member};

type Sent<'a> = &'a Map<String, Value>;
/// `product_id` and `sku_id`.
type Pair = (u64, u64);

/// Writes the rows sent into the order; the `unique_id`s of those written.
pub fn apply(order: &mut Order, list: &[Value], desk: &mut Desk<'_>) -> Result<Vec<u64>, Problem> {
    let known = list.iter().filter_map(|one| {
        let map = one.as_object()?;
        let pair = (id(map, "product_id")?, id(map, "sku_id")?);
        let product = desk.directory.products.get(pair.0)?;
        product.has_sku(pair.1).then_some((map, pair))
    });
    let (anchored, free): (Vec<_>, Vec<_>) = known.partition(|(map, _)| member(map, "unique_id").is_some());
    // A row that is not there can't be removed.
    let free: Vec<_> = free.into_iter().filter(|(map, _)| !is_removal(map)).collect();
    if desk.is_new {
        if !anchored.is_empty() && desk.knobs.refuse_foreign_row {
            return Err(Problem::not_found());
        }
        return free.into_iter().map(|(map, pair)| append(order, map, pair, desk)).collect();
    }
    let last = by_anchor(order, &anchored, desk.knobs)?;
    let mut touched = Vec::new();
    for row in &mut order.rows {
        if let Some((map, pair)) = last.get(&row.unique_id).filter(|(map, _)| !is_removal(map)) {
            write(row, map, *pair, desk.knobs)?;
            touched.push(row.unique_id);
        }
    }
    order.rows.retain(|row| !last.get(&row.unique_id).is_some_and(|(map, _)| is_removal(map)));
    for (map, pair) in one_of_each_pair(free, desk.knobs.first_duplicate) {
        let same = |row: &&mut Row| (row.product, row.sku) == pair && !last.contains_key(&row.unique_id);
        match order.rows.iter_mut().find(same).filter(|_| !desk.knobs.append_unanchored) {
            Some(row) => {
                write(row, map, pair, desk.knobs)?;
                touched.push(row.unique_id);
            }
            None => touched.push(append(order, map, pair, desk)?),
        }
    }
    if desk.knobs.replace_rows {
        order.rows.retain(|row| touched.contains(&row.unique_id));
    }
    Ok(touched)
}

fn is_removal(map: Sent<'_>) -> bool {
    member(map, "remove").as_deref() == Some("1")
}

/// The rows sent for each of the order's rows; of several for one the last wins. What is not the order's is left out.
fn by_anchor<'a>(
    order: &Order,
    anchored: &[(Sent<'a>, Pair)],
    knobs: &Knobs,
) -> Result<HashMap<u64, (Sent<'a>, Pair)>, Problem> {
    let own: HashSet<u64> = order.rows.iter().map(|row| row.unique_id).collect();
    let mut last = HashMap::new();
    for (map, pair) in anchored {
        match id(map, "unique_id").filter(|unique_id| own.contains(unique_id)) {
            Some(unique_id) => drop(last.insert(unique_id, (*map, *pair))),
            None if knobs.refuse_foreign_row => return Err(Problem::not_found()),
            None => {}
        }
    }
    Ok(last)
}

/// One row of each product and sku, where its first one stood.
fn one_of_each_pair(rows: Vec<(Sent<'_>, Pair)>, first_survives: bool) -> Vec<(Sent<'_>, Pair)> {
    let mut kept: Vec<(Sent<'_>, Pair)> = Vec::new();
    let mut places: HashMap<Pair, usize> = HashMap::new();
    for (map, pair) in rows {
        match places.get(&pair).and_then(|at| kept.get_mut(*at)) {
            Some(_) if first_survives => {}
            Some(place) => place.0 = map,
            None => {
                places.insert(pair, kept.len());
                kept.push((map, pair));
            }
        }
    }
    kept
}

fn append(order: &mut Order, map: Sent<'_>, pair: Pair, desk: &mut Desk<'_>) -> Result<u64, Problem> {
    let mut row = Row {
        unique_id: desk.counter.take(),
        product: pair.0,
        sku: pair.1,
        count: Decimal::zero(),
        unit_price: Decimal::zero(),
        cost_amount: Decimal::zero(),
        other_cost: Decimal::zero(),
        texts: BTreeMap::new(),
        customs: BTreeMap::new(),
    };
    write(&mut row, map, pair, desk.knobs)?;
    let unique_id = row.unique_id;
    order.rows.push(row);
    Ok(unique_id)
}

fn write(row: &mut Row, map: Sent<'_>, pair: Pair, knobs: &Knobs) -> Result<(), Problem> {
    let amount = |name: &str, required: bool| {
        if member(map, name).is_none() {
            return if required { Err(Problem::empty(name)) } else { Ok(Decimal::zero()) };
        }
        let found = decimal(map, name).ok_or_else(|| Problem::invalid(name, "numeric"))?;
        let digits = u32::try_from(found.fraction_digits()).unwrap_or(knobs.decimals);
        Ok(found.round(digits.min(knobs.decimals)))
    };
    (row.product, row.sku) = pair;
    row.count = amount("count", true)?;
    row.unit_price = amount("unit_price", true)?;
    row.cost_amount = amount("cost_amount", false)?;
    row.other_cost = amount("other_cost", false)?;
    for name in ROW_TEXTS {
        if let Some(text) = map.get(name).and_then(Value::as_str) {
            row.texts.insert(name, text.to_owned());
        }
    }
    customs(&mut row.customs, map, true, knobs)
}
