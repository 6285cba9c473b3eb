//! Control `/edit`: what people do in the system beside the API, and base data made known.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::clock::{Time, Zone, read_duration};
use crate::decimal::Decimal;

use super::edit_one::{Pen, Wish};
use super::forms::ORDERS;
use super::layout::Layout;
use super::orders::{self, Deed};
use super::state::State;
use super::switches::Switches;
use super::value::scalar;

/// Most orders made by one edit.
const MOST_CREATED: u64 = 100_000;

/// What to edit: the bill of an FBillNo (`key`), a share of all (`rate`), so many (`count`), or new sales orders
/// (`create`, each of `lines` lines if that is said). `form` narrows it to one form; `count` and `what` alone mean
/// SAL_SaleOrder.
///
/// And how: a deed of people ([`Deed`], `what`: change, add_line, remove_line, edit, submit, approve, unaudit, void,
/// close, ship), `set` fields (with `what`: the deed's content), or `delete` physically. `set` moves FModifyDate
/// unless `touch` is false or `what` says how. Nothing of these: by `key` FModifyDate moves; a share of the sales
/// orders gets change bills, of other bills another remark. Chosen at random, by the seed, are approved orders, or
/// for edit, submit and approve those not approved yet.
///
/// `held`: a duration after which the edit is committed; until then nobody sees it, and its times are those of the
/// edit. `{ commit: true }` commits whatever is held.
///
/// Without any of this, `{ set: { KIND: [NUMBER, …] | { NUMBER: NAME } } }` makes base data known.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Edit {
    form: Option<String>,
    key: Option<Value>,
    rate: Option<Value>,
    count: Option<usize>,
    create: Option<u64>,
    lines: Option<usize>,
    what: Option<Deed>,
    set: Option<Map<String, Value>>,
    touch: Option<bool>,
    #[serde(default)]
    delete: bool,
    held: Option<String>,
    #[serde(default)]
    commit: bool,
}

/// The server around an edit.
pub struct Scene<'a> {
    /// Its forms.
    pub layouts: &'a [Layout],
    /// Its switches.
    pub switches: &'a Switches,
    /// Its time.
    pub now: Time,
    /// Its zone.
    pub zone: &'a Zone,
}

/// Carries out an edit; the FBillNos (or numbers of base data) it concerned, in order. After an error all bills are
/// as they were.
pub fn edit(state: &mut State, scene: &Scene<'_>, body: &Value) -> Result<Vec<String>, String> {
    if !body.is_object() {
        return Err("an object is expected".to_owned());
    }
    let edit = Edit::deserialize(body).map_err(|error| error.to_string())?;
    if edit.commit {
        let held = state.tables.iter_mut().flat_map(super::table::Table::commit_all);
        return Ok(held.map(|number| number.to_string()).collect());
    }
    let whats = [edit.key.is_some(), edit.rate.is_some(), edit.count.is_some(), edit.create.is_some()];
    match whats.into_iter().filter(|given| *given).count() {
        0 if edit.what.is_none() && edit.set.is_some() => return register(state, edit.set.as_ref()),
        1 => {}
        _ => return Err("say one of `key`, `rate`, `count` or `create`, or `set` with base data".to_owned()),
    }
    let due = edit.due(scene.now)?;
    if let Some(count) = edit.create {
        return create(state, scene, count, edit.lines, due);
    }
    let wish = Wish { what: edit.what, set: edit.set.clone(), touch: edit.touch, delete: edit.delete };
    let mut numbers = Vec::new();
    let mut written = Vec::new();
    for (form, ids) in edit.chosen(state, scene, &wish)? {
        let wish = match &edit.key {
            None if wish.is_empty() => Wish::usual(form, scene.zone.civil(scene.now)),
            _ => wish.clone(),
        };
        for id in ids {
            let pen = Pen { scene, form, wish: &wish };
            let (number, bill) = pen.write(state, id)?;
            numbers.push(number);
            written.push((form, id, bill));
        }
    }
    for (form, id, bill) in written {
        let Some(table) = state.tables.get_mut(form) else { continue };
        match due {
            Some(due) => table.hold(id, bill, due),
            None => table.restore(id, bill),
        }
    }
    Ok(numbers)
}

impl Edit {
    fn due(&self, now: Time) -> Result<Option<Time>, String> {
        let Some(held) = &self.held else { return Ok(None) };
        let held: Duration = read_duration(held).ok_or_else(|| format!("`held` is a duration, not `{held}`"))?;
        Ok(Some(now.plus(held)))
    }

    /// The bills to edit, by form.
    fn chosen(&self, state: &mut State, scene: &Scene<'_>, wish: &Wish) -> Result<Vec<(usize, Vec<u64>)>, String> {
        let forms = self.forms(scene)?;
        if let Some(key) = &self.key {
            let key = scalar(key).unwrap_or_default();
            let find = |form: usize| Some((form, *state.tables.get(form)?.by_number(&key).first()?));
            let (form, id) = forms.into_iter().find_map(find).ok_or_else(|| format!("no bill `{key}`"))?;
            return Ok(vec![(form, vec![id])]);
        }
        let mut chosen = Vec::new();
        for form in forms {
            let what = if wish.is_empty() && form == ORDERS { Some(Deed::Change) } else { self.what };
            let pool = pool(state, scene, form, what);
            let wanted = self.wanted(pool.len())?;
            let mut ids = state.maker.rng.choose_multiple(pool, wanted);
            ids.sort_unstable();
            chosen.push((form, ids));
        }
        Ok(chosen)
    }

    /// How many of a pool.
    fn wanted(&self, pool: usize) -> Result<usize, String> {
        if let Some(count) = self.count {
            return if count <= pool { Ok(count) } else { Err(format!("`count` is {count}, and {pool} would suit")) };
        }
        let rate = self.rate.as_ref().and_then(scalar).and_then(|text| Decimal::parse(&text));
        let rate = rate.filter(|rate| (Decimal::zero()..=Decimal::from_i64(1)).contains(rate));
        let rate = rate.ok_or("`rate` is 0 to 1")?;
        let all = Decimal::from_i64(i64::try_from(pool).unwrap_or(i64::MAX));
        let wanted: usize = rate.times(&all).round(0).to_string().parse().unwrap_or(0);
        Ok(if rate.is_zero() { 0 } else { wanted.max(1).min(pool) })
    }

    fn forms(&self, scene: &Scene<'_>) -> Result<Vec<usize>, String> {
        let known = || scene.layouts.iter().enumerate();
        if let Some(form) = &self.form {
            let found = known().find(|(_, layout)| layout.form.id.eq_ignore_ascii_case(form));
            let (at, _) = found.ok_or_else(|| format!("no form `{form}`"))?;
            if self.what.is_some() && at != ORDERS {
                return Err(format!("`what` is done with sales orders, not with `{form}`"));
            }
            return Ok(vec![at]);
        }
        let only_orders = self.count.is_some() || self.what.is_some();
        Ok(if only_orders { vec![ORDERS] } else { known().map(|(at, _)| at).collect() })
    }
}

/// The bills that a deed suits.
fn pool(state: &mut State, scene: &Scene<'_>, form: usize, what: Option<Deed>) -> Vec<u64> {
    let State { tables, base, .. } = state;
    let (Some(table), Some(layout)) = (tables.get(form), scene.layouts.get(form)) else { return Vec::new() };
    let sheet = orders::Sheet { layout, base, zone: scene.zone };
    table.bills().filter(|bill| what.is_none_or(|what| what.suits(&sheet, bill))).map(|bill| bill.id).collect()
}

fn create(
    state: &mut State,
    scene: &Scene<'_>,
    count: u64,
    lines: Option<usize>,
    due: Option<Time>,
) -> Result<Vec<String>, String> {
    if count > MOST_CREATED || lines == Some(0) || lines > Some(1_000) {
        return Err(format!("`create` is at most {MOST_CREATED}, `lines` 1 to 1000"));
    }
    let State { tables, base, entry_ids, maker, .. } = state;
    let (Some(table), Some(layout)) = (tables.get_mut(ORDERS), scene.layouts.get(ORDERS)) else {
        return Err("no form of sales orders".to_owned());
    };
    let mut sheet = orders::Sheet { layout, base, zone: scene.zone };
    let made = orders::create(&mut sheet, table, entry_ids, maker, count, lines, scene.now);
    let numbers = made.iter().map(|bill| bill.number.to_string()).collect();
    for bill in made {
        match due {
            Some(due) => table.hold(bill.id, Some(bill), due),
            None => drop(table.put(bill)),
        }
    }
    Ok(numbers)
}

/// Makes base data known: numbers, or numbers with names, by kind.
fn register(state: &mut State, set: Option<&Map<String, Value>>) -> Result<Vec<String>, String> {
    let mut known = Vec::new();
    for (kind, numbers) in set.into_iter().flatten() {
        let pairs: Vec<(String, String)> = match numbers {
            Value::Array(numbers) => numbers.iter().filter_map(scalar).map(|n| (n.clone(), n)).collect(),
            Value::Object(named) => {
                named.iter().map(|(number, name)| (number.clone(), scalar(name).unwrap_or_default())).collect()
            }
            _ => return Err(format!("`{kind}`: a list of numbers, or names by number, is expected")),
        };
        for (number, name) in pairs {
            state.base.register(kind, &number, &name);
            known.push(number);
        }
    }
    Ok(known)
}
