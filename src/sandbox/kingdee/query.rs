//! ExecuteBillQuery (protocols/kingdee.md 2.1): bills flattened to positional rows.

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashSet};

use serde_json::Value;

use super::base_data::BaseData;
use super::bill::Bill;
use super::body::Options;
use super::column::{Column, Line};
use super::filter::{self, Condition};
use super::forms::MAX_ENTITIES;
use super::layout::Layout;
use super::reply::{Problem, code};
use super::switches::Switches;
use super::table::Table;

/// A query, understood.
#[derive(Debug)]
struct Query {
    columns: Vec<Column>,
    condition: Condition,
    /// Column, and whether it descends.
    order: Vec<(Column, bool)>,
    /// Joined entities, each with the one whose rows its rows belong to.
    entities: Vec<(usize, Option<usize>)>,
    /// First row.
    start: usize,
    /// Row behind the last.
    end: usize,
}

/// Answers a query. `nonce` differs from call to call, so that rows which the order leaves equal come in another
/// order each time.
pub fn execute(
    layout: &Layout,
    table: &Table,
    base: &BaseData,
    options: &Options<'_>,
    switches: &Switches,
    nonce: u64,
) -> Result<Value, Problem> {
    let query = Query::read(layout, options, switches)?;
    let mut lines = Vec::new();
    match query.condition.pin() {
        Some(pin) => {
            let mut ids: BTreeSet<u64> = pin.ids.into_iter().collect();
            ids.extend(pin.numbers.iter().flat_map(|number| table.by_number(number)));
            query.gather(ids.iter().filter_map(|id| table.get(*id)), base, &mut lines);
        }
        None => query.gather(table.bills_from(query.condition.first_id()), base, &mut lines),
    }
    lines.sort_by(|a, b| query.ordered(a, b, base).then_with(|| shuffled(a, nonce).cmp(&shuffled(b, nonce))));
    let page = lines.get(query.start.min(lines.len())..query.end.min(lines.len())).unwrap_or_default();
    let row =
        |line: &Line<'_>| -> Vec<Value> { query.columns.iter().map(|column| column.see(line, base).json()).collect() };
    Ok(page.iter().map(row).collect())
}

impl Query {
    fn read(layout: &Layout, options: &Options<'_>, switches: &Switches) -> Result<Self, Problem> {
        let keys = options.list("FieldKeys");
        if keys.is_empty() {
            return Err(Problem::new(code::PARAMETER, "data数据包中的参数FieldKeys的值不能为空。"));
        }
        let columns = keys.iter().map(|key| Column::resolve(layout, key)).collect::<Result<Vec<_>, _>>()?;
        let asked = filter::read(options.get("FilterString"), layout)?;
        let rule = filter::read(Some(&Value::String(switches.row_rule.clone())), layout)?;
        let order = order(&options.text("OrderString"), layout)?;

        let mut entities = HashSet::new();
        asked.entities(&mut entities);
        entities.extend(columns.iter().chain(order.iter().map(|(column, _)| column)).filter_map(Column::entity));
        let parent = |entity: usize| layout.form.entities.get(entity).and_then(|group| group.parent);
        let parents: Vec<usize> = entities.iter().filter_map(|entity| parent(*entity)).collect();
        entities.extend(parents);
        let mut entities: Vec<_> = entities.into_iter().map(|entity| (entity, parent(entity))).collect();
        entities.sort_unstable();

        let start = options.count("StartRow");
        let limit = match options.count("Limit") {
            0 => switches.limit,
            limit => limit.min(switches.limit),
        };
        // TopRowCount is an absolute end row, whatever StartRow is.
        let top = match options.count("TopRowCount") {
            0 => usize::MAX,
            top => top,
        };
        let end = start.saturating_add(limit).min(top).max(start);
        Ok(Self { columns, condition: Condition::All(vec![asked, rule]), order, entities, start, end })
    }

    /// Adds the lines of bills that come in order of their FIDs. Where the order asked for begins with them, the
    /// bills behind the last row asked for are not looked at.
    fn gather<'a>(&self, bills: impl Iterator<Item = &'a Bill>, base: &BaseData, lines: &mut Vec<Line<'a>>) {
        let by_id = self.order.first().is_none_or(|(column, descending)| column.is_id() && !descending);
        for bill in bills {
            self.collect(bill, base, lines);
            if by_id && lines.len() >= self.end {
                break;
            }
        }
    }

    /// Adds the lines of a bill that meet the condition: its rows of each joined entity, multiplied.
    fn collect<'a>(&self, bill: &'a Bill, base: &BaseData, lines: &mut Vec<Line<'a>>) {
        let mut own = vec![Line { bill, rows: [None; MAX_ENTITIES] }];
        for &(entity, parent) in &self.entities {
            own = own.iter().flat_map(|line| joined(line, entity, parent)).collect();
        }
        lines.extend(own.into_iter().filter(|line| self.condition.holds(line, base) == Some(true)));
    }

    /// The order asked for, else by FID.
    fn ordered(&self, a: &Line<'_>, b: &Line<'_>, base: &BaseData) -> Ordering {
        if self.order.is_empty() {
            return a.bill.id.cmp(&b.bill.id);
        }
        self.order
            .iter()
            .map(|(column, descending)| {
                let order = column.see(a, base).order(column.see(b, base));
                if *descending { order.reverse() } else { order }
            })
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    }
}

/// A line with each row of an entity; alone where there is none.
fn joined<'a>(line: &Line<'a>, entity: usize, parent: Option<usize>) -> Vec<Line<'a>> {
    let bill: &'a Bill = line.bill;
    let owner = parent.map(|parent| line.rows.get(parent).copied().flatten().map(|(_, row)| row.id));
    let own = bill.entries.get(entity).into_iter().flatten();
    let own = own.filter(|row| owner.is_none_or(|owner| owner == Some(row.parent)));
    let with = |row| {
        let mut line = *line;
        if let Some(place) = line.rows.get_mut(entity) {
            *place = row;
        }
        line
    };
    let lines: Vec<_> = own.enumerate().map(|row| with(Some(row))).collect();
    if lines.is_empty() { vec![*line] } else { lines }
}

fn order(text: &str, layout: &Layout) -> Result<Vec<(Column, bool)>, Problem> {
    let mut out = Vec::new();
    for part in text.split(',').filter(|part| !part.trim().is_empty()) {
        let mut words = part.split_whitespace();
        let key = words.next().unwrap_or_default();
        let descending = match words.next().map(str::to_ascii_lowercase).as_deref() {
            None | Some("asc") => false,
            Some("desc") => true,
            Some(other) => return Err(Problem::new(code::EXCEPTION, format!("“{other}”附近有语法错误。"))),
        };
        out.push((Column::resolve(layout, key)?, descending));
    }
    Ok(out)
}

/// A scrambled place for a line among its equals.
fn shuffled(line: &Line<'_>, nonce: u64) -> u64 {
    let ids = line.rows.iter().flatten().map(|(_, row)| row.id);
    ids.fold(line.bill.id ^ nonce.wrapping_mul(0x9e37_79b9_7f4a_7c15), |hash, id| {
        (hash ^ id).wrapping_mul(0xff51_afd7_ed55_8ccd).rotate_left(29)
    })
    .wrapping_mul(0xc4ce_b9fe_1a85_ec53)
}
