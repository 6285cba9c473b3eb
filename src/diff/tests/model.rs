//! Random documents, ways to change them, and equality under rules said as plainly as possible: the judge of the
//! properties. It shares nothing with the code it judges but the rules' types.

use fastrand::Rng;

use crate::decimal::Decimal;
use crate::diff::{DiffRules, Numbers, RulePath, Step};

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Json {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

/// Those that the rules of the properties name, those that want escapes, and some that begin alike.
const NAMES: [&str; 16] = [
    "id",
    "q",
    "m",
    "ts",
    "items",
    "subs",
    "tags",
    "head",
    "物流费",
    "a\"b",
    "\u{1}",
    "é",
    "id\u{0}",
    "FEntry_Q",
    "FEntry_Qty",
    "FEntry_Price",
];

/// A number in one of the ways to write it; few values, so that equal ones meet.
fn number(random: &mut Rng) -> String {
    let texts = ["0", "-0", "0.0", "7", "7.0", "70e-1", "12.5", "12.50", "1.25E1", "100", "1e2", "1E+2", "-3", "1e400"];
    let long = ["100000000000000001", "100000000000000002", "12345678901234567.89", "0.1e-7", "0.00000001"];
    let text = if random.u8(..4) == 0 { random.choice(long) } else { random.choice(texts) };
    text.unwrap().to_owned()
}

fn text(random: &mut Rng) -> String {
    if random.u8(..20) == 0 {
        return "x".repeat(random.usize(253..258));
    }
    let texts = ["", " ", "7", "7.0", "12.5", "12.50", "a", "A", "null", "e\u{301}", "é", "\u{0}\n\"\\/", "😀", "007"];
    random.choice(texts).unwrap().to_owned()
}

fn scalar(random: &mut Rng) -> Json {
    match random.u8(..8) {
        0 => Json::Null,
        1 => Json::Bool(random.bool()),
        2..5 => Json::Number(number(random)),
        _ => Json::Text(text(random)),
    }
}

/// A random value at most `depth` lists and objects deep.
pub(super) fn value(random: &mut Rng, depth: usize) -> Json {
    match random.u8(..6) {
        0 | 1 if depth > 0 => list(random, depth),
        2..5 if depth > 0 => object(random, depth),
        _ => scalar(random),
    }
}

fn list(random: &mut Rng, depth: usize) -> Json {
    Json::List((0..random.usize(..4)).map(|_| value(random, depth - 1)).collect())
}

/// A random object, its lists where the rules of the properties look for them.
pub(super) fn object(random: &mut Rng, depth: usize) -> Json {
    let mut names = NAMES.to_vec();
    random.shuffle(&mut names);
    names.truncate(random.usize(..6));
    let member = |name: &&str| {
        let lists = ["items", "subs", "tags"].contains(name) && depth > 0 && random.u8(..5) > 0;
        let value = if lists { lines(random, depth - 1) } else { value(random, depth.saturating_sub(1)) };
        ((*name).to_owned(), value)
    };
    Json::Object(names.iter().map(member).collect())
}

/// A random object that mostly has a key.
pub(super) fn identified(random: &mut Rng) -> Json {
    let Json::Object(mut members) = object(random, 2) else { return Json::Null };
    members.retain(|(name, _)| name != "id");
    members.push(("id".to_owned(), scalar(random)));
    random.shuffle(&mut members);
    Json::Object(members)
}

/// A list mostly of objects, keys mostly there and mostly different.
fn lines(random: &mut Rng, depth: usize) -> Json {
    let line = |at: usize, random: &mut Rng| {
        if random.u8(..6) == 0 {
            return value(random, depth);
        }
        let Json::Object(mut members) = object(random, depth) else { return Json::Null };
        members.retain(|(name, _)| name != "id");
        match random.u8(..8) {
            0 => {}
            1 => members.push(("id".to_owned(), scalar(random))),
            2 => members.push(("id".to_owned(), Json::Text(at.to_string()))),
            _ => members.push(("id".to_owned(), Json::Number(at.to_string()))),
        }
        Json::Object(members)
    };
    Json::List((0..random.usize(..5)).map(|at| line(at, random)).collect())
}

/// Changes a document somewhere: sometimes in a way that counts, sometimes not.
pub(super) fn disturb(json: &mut Json, random: &mut Rng) {
    match json {
        Json::Object(members) if !members.is_empty() && random.u8(..6) > 0 => {
            let at = random.usize(..members.len());
            disturb(&mut members[at].1, random);
        }
        Json::Object(members) => match random.u8(..3) {
            0 => random.shuffle(members),
            1 if !members.is_empty() => drop(members.swap_remove(random.usize(..members.len()))),
            _ => {
                let name = random.choice(NAMES).unwrap();
                members.retain(|(known, _)| known != name);
                members.push((name.to_owned(), value(random, 1)));
            }
        },
        Json::List(elements) if !elements.is_empty() && random.u8(..3) > 0 => {
            let at = random.usize(..elements.len());
            disturb(&mut elements[at], random);
        }
        Json::List(elements) => match random.u8(..4) {
            0 | 1 => random.shuffle(elements),
            2 if !elements.is_empty() => drop(elements.swap_remove(random.usize(..elements.len()))),
            _ => elements.insert(random.usize(..=elements.len()), value(random, 1)),
        },
        Json::Number(text) => *text = if random.bool() { rewritten(text) } else { number(random) },
        Json::Null | Json::Bool(_) | Json::Text(_) => *json = scalar(random),
    }
}

/// The same number written otherwise.
fn rewritten(text: &str) -> String {
    match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => format!("{mantissa}E{exponent}"),
        None if text.contains('.') => format!("{text}0"),
        None => format!("{text}.0"),
    }
}

/// Shuffles the members of every object; values stay.
pub(super) fn shuffle_members(json: &mut Json, random: &mut Rng) {
    match json {
        Json::List(elements) => elements.iter_mut().for_each(|element| shuffle_members(element, random)),
        Json::Object(members) => {
            random.shuffle(members);
            members.iter_mut().for_each(|(_, value)| shuffle_members(value, random));
        }
        _ => {}
    }
}

/// JSON text with random white space and random escapes.
pub(super) fn print(json: &Json, random: &mut Rng) -> String {
    let blank = |random: &mut Rng| if random.u8(..8) == 0 { random.choice([" ", "\n\t", "\r\n"]).unwrap() } else { "" };
    let (before, after) = (blank(random), blank(random));
    let text = match json {
        Json::Null => "null".to_owned(),
        Json::Bool(bool) => bool.to_string(),
        Json::Number(text) => text.clone(),
        Json::Text(text) => quoted(text, random),
        Json::List(elements) => {
            let elements: Vec<String> = elements.iter().map(|element| print(element, random)).collect();
            format!("[{}{}]", elements.join(","), blank(random))
        }
        Json::Object(members) => {
            let member = |(name, value): &(String, Json)| {
                format!("{}{}{}:{}", blank(random), quoted(name, random), blank(random), print(value, random))
            };
            let members: Vec<String> = members.iter().map(member).collect();
            format!("{{{}{}}}", members.join(","), blank(random))
        }
    };
    format!("{before}{text}{after}")
}

fn quoted(text: &str, random: &mut Rng) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' | '\0'..='\u{1f}' => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            _ if random.u8(..10) == 0 => {
                let mut units = [0; 2];
                c.encode_utf16(&mut units).iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
            }
            _ => out.push(c),
        }
    }
    out + "\""
}

/// Whether two documents are equal under the rules.
pub(super) fn equal(a: &Json, b: &Json, rules: &DiffRules) -> bool {
    Judge { rules }.equal(a, b, &mut Vec::new())
}

struct Judge<'r> {
    rules: &'r DiffRules,
}

impl Judge<'_> {
    fn ignored(&self, at: &[Step]) -> bool {
        self.rules.ignore.iter().any(|path| path.steps() == at)
    }

    fn equal(&self, a: &Json, b: &Json, at: &mut Vec<Step>) -> bool {
        if self.ignored(at) {
            return true;
        }
        let numeric = self.rules.numeric.iter().any(|path| path.steps() == at.as_slice());
        match (&self.counted(a, numeric), &self.counted(b, numeric)) {
            (Json::Number(a), Json::Number(b)) => self.numbers_equal(a, b),
            (Json::List(a), Json::List(b)) => self.lists_equal(a, b, at),
            (Json::Object(a), Json::Object(b)) => {
                let all: Vec<&String> = a.iter().chain(b).map(|(name, _)| name).collect();
                let find = |members: &[(String, Json)], name: &String| {
                    members.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
                };
                all.iter().all(|name| {
                    at.push(Step::Name((*name).clone()));
                    let same = self.ignored(at)
                        || match (find(a, name), find(b, name)) {
                            (Some(a), Some(b)) => self.equal(&a, &b, at),
                            (a, b) => a.is_none() && b.is_none(),
                        };
                    at.pop();
                    same
                })
            }
            (a, b) => a == b,
        }
    }

    /// At a numeric path a text that is a number counts as the number.
    fn counted(&self, json: &Json, numeric: bool) -> Json {
        match json {
            Json::Text(text) if numeric && serde_json::from_str::<serde_json::Number>(text).is_ok() => {
                Json::Number(text.clone())
            }
            other => other.clone(),
        }
    }

    fn numbers_equal(&self, a: &str, b: &str) -> bool {
        let written = |text: &str| text.replace("E", "e").replace("e+", "e");
        match self.rules.numbers {
            Numbers::Text => written(a) == written(b),
            Numbers::Value => Decimal::parse(a).unwrap() == Decimal::parse(b).unwrap(),
        }
    }

    fn lists_equal(&self, a: &[Json], b: &[Json], at: &mut Vec<Step>) -> bool {
        let key = self.rules.lists.iter().find(|(list, _)| list.steps() == at.as_slice()).map(|(_, key)| key);
        at.push(Step::AnyElement);
        let same = self.ignored(at)
            || a.len() == b.len()
                && match key {
                    None => a.iter().zip(b).all(|(a, b)| self.equal(a, b, at)),
                    Some(key) => {
                        let mut left: Vec<&Json> = b.iter().collect();
                        a.iter().all(|a| {
                            let same = |b: &&Json| line_key(a, key) == line_key(b, key) && self.equal(a, b, at);
                            left.iter().position(same).map(|at| left.swap_remove(at)).is_some()
                        })
                    }
                };
        at.pop();
        same
    }
}

fn line_key(line: &Json, path: &RulePath) -> Option<String> {
    let mut value = line;
    for step in path.steps() {
        let (Step::Name(name), Json::Object(members)) = (step, value) else { return None };
        value = members.iter().find(|(known, _)| known == name).map(|(_, value)| value)?;
    }
    match value {
        Json::Text(text) if !text.trim().is_empty() => Some(text.clone()),
        Json::Number(text) => {
            let text = Decimal::parse(text)?.to_string();
            let short = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
            Some(short.to_owned())
        }
        _ => None,
    }
}
