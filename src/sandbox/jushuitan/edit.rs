//! Control `/edit`: documents change while somebody reads them.

use std::time::Duration;

use fastrand::Rng;
use serde::Deserialize;
use serde_json::{Map, Number, Value};

use crate::clock::{Time, Zone};
use crate::decimal::Decimal;
use crate::sandbox::jushuitan::documents::Documents;
use crate::sandbox::jushuitan::maker::{Maker, Tenant};
use crate::sandbox::jushuitan::record::Record;
use crate::sandbox::jushuitan::seed;

/// Most documents made by one edit.
const MOST_CREATED: u64 = 100_000;

/// What to edit: one document (`key`: its `io_id`, or a `so_id` for all that share it), a share of them (`rate`),
/// or new ones (`create`). And how: `set` fields, `touch` only the time stamps, or `delete` physically; a share
/// without any of these gets a changed quantity and remark.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edit {
    key: Option<Value>,
    rate: Option<f64>,
    create: Option<u64>,
    set: Option<Map<String, Value>>,
    /// With `set`: whether `modified` moves (default: it does).
    touch: Option<bool>,
    #[serde(default)]
    delete: bool,
}

/// How writes leave their traces.
#[derive(Debug, Clone)]
pub struct Writes {
    /// The system's time.
    pub now: Time,
    /// Zone of the printed times.
    pub zone: Zone,
    /// The first and every second document of an edit is seen only so much later, with the lower `ts`.
    pub late: Option<Duration>,
    /// Writes do not move `modified`.
    pub keep_modified: bool,
    /// Writes do not move `ts`.
    pub keep_ts: bool,
}

/// What edits and seeds carry on from.
#[derive(Debug)]
pub struct Pen {
    /// Makes new documents.
    pub maker: Maker,
    /// Chooses documents; follows from the seed.
    pub rng: Rng,
    /// The highest row version given.
    pub last_ts: u64,
    /// Edits so far.
    pub edits: u64,
}

impl Pen {
    /// A pen whose documents and choices follow from a seed.
    pub fn new(seed: u64, tenant: Tenant, zone: Zone) -> Self {
        Self { maker: Maker::new(seed, tenant, zone), rng: Rng::with_seed(!seed), last_ts: seed::FIRST_TS, edits: 0 }
    }
}

impl Edit {
    /// Reads the body.
    pub fn read(body: &Value) -> Result<Self, String> {
        let edit = Self::deserialize(body).map_err(|error| error.to_string())?;
        let whats = [edit.key.is_some(), edit.rate.is_some(), edit.create.is_some()];
        if whats.into_iter().filter(|given| *given).count() != 1 {
            return Err("say one of `key`, `rate` or `create`".to_owned());
        }
        let silent = edit.set.is_none() && edit.touch != Some(true) && !edit.delete;
        if edit.key.is_some() && silent {
            return Err("say what to do with it: `set`, `touch` or `delete`".to_owned());
        }
        if edit.delete && (edit.set.is_some() || edit.create.is_some() || edit.touch.is_some()) {
            return Err("`delete` stands alone".to_owned());
        }
        if edit.rate.is_some_and(|rate| !(0.0..=1.0).contains(&rate)) {
            return Err("`rate` is a share from 0 to 1".to_owned());
        }
        if edit.create.is_some_and(|count| count > MOST_CREATED) {
            return Err(format!("`create` is at most {MOST_CREATED}"));
        }
        Ok(edit)
    }

    /// Carries it out; the keys edited, in order. After an error existing documents are as they were.
    pub fn run(&self, documents: &mut Documents, pen: &mut Pen, writes: &Writes) -> Result<Vec<String>, String> {
        let keys = self.choose(documents, pen, writes)?;
        if self.delete {
            keys.iter().for_each(|io_id| documents.remove(*io_id));
            return Ok(keys.iter().map(u64::to_string).collect());
        }
        if self.create.is_some() && self.set.is_none() {
            return Ok(keys.iter().map(u64::to_string).collect());
        }
        let mut written = Vec::with_capacity(keys.len());
        let mut ts = pen.last_ts;
        for io_id in &keys {
            let old = documents.newest(*io_id).ok_or_else(|| format!("no document `{io_id}`"))?;
            ts += pen.rng.u64(1..50);
            pen.edits += 1;
            written.push(self.change(old, ts, pen.edits, writes)?);
        }
        pen.last_ts = ts;
        for (at, record) in written.into_iter().enumerate() {
            match writes.late {
                Some(late) if at % 2 == 0 => documents.put_late(record, writes.now.plus(late)),
                _ => documents.put(record),
            }
        }
        Ok(keys.iter().map(u64::to_string).collect())
    }

    fn choose(&self, documents: &mut Documents, pen: &mut Pen, writes: &Writes) -> Result<Vec<u64>, String> {
        if let Some(count) = self.create {
            let mut keys = Vec::new();
            for _ in 0..count {
                pen.last_ts += pen.rng.u64(1..50);
                let record = seed::made(&mut pen.maker, writes.now, pen.last_ts, &writes.zone)?;
                keys.push(record.io_id);
                documents.put(record);
            }
            return Ok(keys);
        }
        if let Some(key) = &self.key {
            return named(documents, key);
        }
        let rate = self.rate.unwrap_or_default();
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
        let wanted = (rate * documents.len() as f64).round() as usize;
        let wanted = if rate > 0.0 { wanted.max(1) } else { 0 };
        // Shipped ones first: each edit of these is one that a target must be told.
        let shipped: Vec<u64> = documents.iter().filter(|one| one.is_shipped()).map(|one| one.io_id).collect();
        let pool = if shipped.len() >= wanted { shipped } else { documents.iter().map(|one| one.io_id).collect() };
        let mut keys = pen.rng.choose_multiple(pool, wanted);
        keys.sort_unstable();
        Ok(keys)
    }

    /// The document after the edit.
    fn change(&self, old: &Record, ts: u64, edits: u64, writes: &Writes) -> Result<Record, String> {
        let mut document: Map<String, Value> = serde_json::from_str(&old.text).map_err(|error| error.to_string())?;
        let given = |name: &str| self.set.as_ref().is_some_and(|set| set.contains_key(name));
        match &self.set {
            Some(set) => {
                for (name, value) in set {
                    document.insert(name.clone(), value.clone());
                }
            }
            None if self.touch == Some(true) => {}
            None => business_change(&mut document, edits),
        }
        if !given("modified") && self.touch.unwrap_or(!writes.keep_modified) {
            document.insert("modified".to_owned(), writes.zone.print(writes.now).into());
        }
        if !given("ts") && !writes.keep_ts {
            document.insert("ts".to_owned(), ts.into());
        }
        let text = serde_json::to_string(&document).map_err(|error| error.to_string())?;
        let record = Record::read(text, &writes.zone)?;
        if record.io_id != old.io_id {
            return Err("`io_id` is the key and can't change".to_owned());
        }
        Ok(record)
    }
}

fn named(documents: &Documents, key: &Value) -> Result<Vec<u64>, String> {
    let text = match key {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return Err("`key` is an `io_id` or a `so_id`".to_owned()),
    };
    if let Some(record) = text.parse().ok().and_then(|io_id| documents.newest(io_id)) {
        return Ok(vec![record.io_id]);
    }
    let keys: Vec<u64> = documents.iter().filter(|one| *one.so_id == *text).map(|one| one.io_id).collect();
    if keys.is_empty() { Err(format!("no document `{text}`")) } else { Ok(keys) }
}

/// Another quantity on the first line (another label where there is none), and a remark.
fn business_change(document: &mut Map<String, Value>, edits: u64) {
    document.insert("remark".to_owned(), format!("改单{edits}").into());
    let line = document.get_mut("items").and_then(|items| items.get_mut(0)).and_then(Value::as_object_mut);
    if line.and_then(one_more).is_none() {
        document.insert("labels".to_owned(), format!("改单{edits}").into());
    }
}

fn one_more(line: &mut Map<String, Value>) -> Option<()> {
    let read = |name: &str| match line.get(name)? {
        Value::Number(number) => Decimal::parse(number.as_str()),
        Value::String(text) => Decimal::parse(text),
        _ => None,
    };
    let qty = read("qty")?.plus(&Decimal::from_i64(1));
    let amount = read("sale_price")?.times(&qty).round(2);
    let number = |decimal: &Decimal| decimal.to_string().parse::<Number>().ok();
    let (qty, amount) = (number(&qty)?, number(&amount)?);
    line.insert("qty".to_owned(), Value::Number(qty));
    line.insert("sale_amount".to_owned(), Value::Number(amount));
    Some(())
}
