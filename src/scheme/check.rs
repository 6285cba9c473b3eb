//! The walk of a tree against a table of keys. All faults are found at once, each where it stands.

use super::keys::{KeySpec, Kind, Names, Need, Table};
use super::scalar;
use super::tree::{Name, Node, Value};
use crate::clock::{Schedule, Zone, print_duration, read_duration};
use crate::fault::{Fault, Position, nearest};
use crate::hours::Hours;
use crate::name::is_name;
use crate::query::{Condition, Query};

/// Whether secrets may stand in a file as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LiteralSecrets {
    /// They are faults.
    Refused,
    /// They are taken, for tests (`--allow-literal-secrets`).
    Allowed,
}

/// Checks a mapping against a table. `at` is where its missing keys are told: the position of its own key.
pub fn check(node: &Node, at: &Position, table: &'static Table, secrets: LiteralSecrets, faults: &mut Vec<Fault>) {
    Walk { secrets, faults }.keys(node, at, table);
}

/// The fault of a key that a table does not have.
pub fn unknown(name: &Name, table: &Table) -> Fault {
    let message = format!("unknown key `{}`: {}", name.text, suggest(&name.text, "allowed are", table.allowed()));
    Fault::new(name.at.clone(), message)
}

/// What follows an unknown name: ``did you mean `near`? allowed are `a`, `b` ``.
pub(crate) fn suggest<'a>(name: &str, verb: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    if known.is_empty() {
        return "there are none".to_owned();
    }
    let near = nearest(name, known.iter().copied()).map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
    format!("{near}{verb} `{}`", known.join("`, `"))
}

struct Walk<'a> {
    secrets: LiteralSecrets,
    faults: &'a mut Vec<Fault>,
}

/// A value, and what it is called and where it is missed.
#[derive(Clone, Copy)]
struct Place<'a> {
    name: &'a str,
    at: &'a Position,
    node: &'a Node,
}

impl Walk<'_> {
    fn fault(&mut self, at: &Position, message: impl Into<String>) {
        self.faults.push(Fault::new(at.clone(), message));
    }

    fn keys(&mut self, node: &Node, at: &Position, table: &'static Table) {
        let Some(entries) = node.map() else {
            self.fault(&node.at, format!("a mapping is expected here, not {}", shown(node)));
            return;
        };
        let mut later = false;
        for (name, value) in entries {
            match table.key(&name.text) {
                None => self.faults.push(unknown(name, table)),
                Some(KeySpec { need: Need::Later, .. }) => {
                    later = true;
                    self.fault(&name.at, format!("`{}` {LATER}", name.text));
                }
                Some(key) => self.value(Place { name: &name.text, at: &name.at, node: value }, &key.kind),
            }
        }
        // What is not supported yet may stand for what would be missing.
        let missing = table.keys.iter().filter(|key| key.need == Need::Required && !later);
        for key in missing.filter(|key| node.get(key.name).is_none()) {
            self.fault(at, format!("`{}` is missing", key.name));
        }
    }

    fn value(&mut self, place: Place<'_>, kind: &'static Kind) {
        let node = place.node;
        match kind {
            Kind::Any => {}
            Kind::Keys(_) | Kind::OneOf(_) | Kind::Map(..) | Kind::AnyMap if node.map().is_none() => {
                self.wrong(place, "a mapping");
            }
            Kind::AnyMap => {}
            Kind::Keys(table) => self.keys(node, place.at, table),
            Kind::OneOf(table) => self.one_of(place, table),
            Kind::Map(names, kind) => self.entries(node, *names, kind),
            Kind::List(kind) => match node.list() {
                Some(elements) => {
                    elements.iter().for_each(|node| self.value(Place { node, at: &node.at, ..place }, kind));
                }
                None => self.wrong(place, "a list"),
            },
            Kind::Shape { scalar, list, map } => {
                let kind = match &node.value {
                    Value::List(_) => list,
                    Value::Map(_) => map,
                    _ => scalar,
                };
                match kind {
                    Some(kind) => self.value(place, kind),
                    None => self.wrong(place, &shapes(*scalar, *list, *map)),
                }
            }
            _ => self.scalar(place, kind),
        }
    }

    fn one_of(&mut self, place: Place<'_>, table: &'static Table) {
        self.keys(place.node, place.at, table);
        match place.node.map().unwrap_or_default() {
            [] => {
                let allowed: Vec<&str> = table.allowed().collect();
                self.fault(place.at, format!("`{}` needs one of `{}`", place.name, allowed.join("`, `")));
            }
            [_] => {}
            [(first, _), more @ ..] => {
                for (name, _) in more.iter().filter(|(name, _)| table.key(&name.text).is_some()) {
                    self.fault(&name.at, format!("`{}` can't stand beside `{}`: give one", name.text, first.text));
                }
            }
        }
    }

    fn entries(&mut self, node: &Node, names: Names, kind: &'static Kind) {
        for (name, value) in node.map().unwrap_or_default() {
            match names {
                Names::Text => {}
                Names::Name if is_name(&name.text) => {}
                Names::Name => self.fault(&name.at, format!("`{}` is no name: {NAME}", name.text)),
                Names::Query => {
                    if let Err(slip) = Query::parse(&name.text) {
                        self.fault(&name.at, slip.message);
                    }
                }
            }
            self.value(Place { name: &name.text, at: &name.at, node: value }, kind);
        }
    }

    fn scalar(&mut self, place: Place<'_>, kind: &'static Kind) {
        let Some(text) = place.node.scalar() else {
            self.wrong(place, &expected(kind));
            return;
        };
        let quoted = matches!(place.node.value, Value::Quoted(_));
        match kind {
            Kind::Secret if place.node.text().is_some() && self.secrets == LiteralSecrets::Refused => {
                let message = format!(
                    "`{}` is secret and can't stand here literally: fill it in by `${{env:NAME}}` or `${{file:PATH}}`",
                    place.name
                );
                self.fault(&place.node.at, message);
            }
            Kind::Text | Kind::Secret => {}
            Kind::Bool | Kind::Integer { .. } if quoted => self.wrong(place, &expected(kind)),
            Kind::Query => self.slip(place, Query::parse(text).err()),
            Kind::Condition => self.slip(place, Condition::parse(text).err()),
            Kind::Cron => {
                if let Err(why) = Schedule::cron(text, &Zone::utc()) {
                    self.fault(&place.node.at, format!("`{}` {}", place.name, cron_words(&why)));
                }
            }
            _ if !fits(text, kind) => self.wrong(place, &expected(kind)),
            _ => {}
        }
    }

    fn slip(&mut self, place: Place<'_>, slip: Option<crate::query::Slip>) {
        if let Some(slip) = slip {
            self.fault(&place.node.inside(slip.offset), slip.message);
        }
    }

    fn wrong(&mut self, place: Place<'_>, expected: &str) {
        self.fault(&place.node.at, format!("`{}` must be {expected}, not {}", place.name, shown(place.node)));
    }
}

/// What is said of a part of the interface that is to come.
pub(super) const LATER: &str = "is not supported yet";

/// What a name is made of.
pub(super) const NAME: &str = "letters, digits, `-`, `_` and `.`, at most 64, not beginning with `-` or `.`";

/// Whether a text is of a scalar kind.
fn fits(text: &str, kind: &Kind) -> bool {
    match kind {
        Kind::Name => is_name(text),
        Kind::Url => scalar::is_url(text),
        Kind::Address => scalar::address(text).is_some(),
        Kind::Bool => scalar::boolean(text).is_some(),
        Kind::Integer { min, max } => scalar::integer(text).is_some_and(|n| (*min..=*max).contains(&n)),
        Kind::Duration { min } => read_duration(text).is_some_and(|duration| duration >= *min),
        Kind::Share => scalar::share(text).is_some(),
        Kind::Size => scalar::size(text).is_some(),
        Kind::Rate { none } => (*none && text == "none") || scalar::rate(text).is_some(),
        Kind::Start => scalar::start(text, &Zone::utc()).is_some(),
        Kind::Hours => Hours::read(text).is_some(),
        Kind::Zone => Zone::named(text).is_some(),
        Kind::Choice(words) => words.contains(&text),
        _ => true,
    }
}

/// What a value of a kind is, for faults.
fn expected(kind: &Kind) -> String {
    match kind {
        Kind::Text => "a text".to_owned(),
        Kind::Name => format!("a name ({NAME})"),
        Kind::Url => "an address such as `https://erp.example.com/`".to_owned(),
        Kind::Address => "an IP address and a port such as `127.0.0.1:7878`".to_owned(),
        Kind::Secret => "a secret such as `${env:NAME}`".to_owned(),
        Kind::Bool => "`true` or `false`, without quotes".to_owned(),
        Kind::Integer { min, max } => format!("a whole number from {min} to {max}, without quotes"),
        Kind::Duration { min } => {
            let least = match min.as_millis() {
                0 => String::new(),
                1 => " above zero".to_owned(),
                _ => format!(" of at least {}", print_duration(*min)),
            };
            format!("a duration{least} such as `5m` (a whole number and `ms`, `s`, `m`, `h` or `d`)")
        }
        Kind::Share => "a share of at most 100% such as `5%`".to_owned(),
        Kind::Size => "a number of bytes such as `64MB`".to_owned(),
        Kind::Rate { none } => {
            format!("{}a rate such as `5/s` or `100/min`", if *none { "`none`, " } else { "" })
        }
        Kind::Start => "a time such as `2024-03-01` or a duration such as `30d`".to_owned(),
        Kind::Cron => "a cron expression".to_owned(),
        Kind::Hours => {
            "hours of a day such as `06:00-23:00`, or `22:00-06:00` over midnight, the end not included".to_owned()
        }
        Kind::Zone => "a time zone such as `Asia/Shanghai`".to_owned(),
        Kind::Choice(words) => {
            let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
            if let [only] = words.as_slice() { only.clone() } else { format!("one of {}", words.join(", ")) }
        }
        Kind::Query => "a path such as `$.io_id`".to_owned(),
        Kind::Condition => "a condition such as `@.after.status == 'Confirmed'`".to_owned(),
        Kind::List(_) => "a list".to_owned(),
        Kind::Map(..) | Kind::Keys(_) | Kind::OneOf(_) | Kind::AnyMap => "a mapping".to_owned(),
        Kind::Shape { scalar, list, map } => shapes(*scalar, *list, *map),
        Kind::Any => "anything".to_owned(),
    }
}

fn shapes(scalar: Option<&Kind>, list: Option<&Kind>, map: Option<&Kind>) -> String {
    let kinds: Vec<String> = [scalar, list, map].into_iter().flatten().map(expected).collect();
    kinds.join(" or ")
}

/// What is wrong with a cron expression, in our words.
fn cron_words(why: &str) -> String {
    if why.contains("limit exceeded") {
        return "names no day that ever comes".to_owned();
    }
    let why = why.trim_end_matches('.').to_lowercase();
    format!("must be a cron expression of five fields such as `*/5 8-20 * * *`: {why}")
}

/// A value for faults: never a secret.
fn shown(node: &Node) -> String {
    match &node.value {
        Value::Plain(text) => format!("`{}`", cut(text)),
        Value::Quoted(text) => format!("the text `{}`", cut(text)),
        Value::Secret(_) => "what is filled in".to_owned(),
        Value::Null | Value::List(_) | Value::Map(_) => node.kind().to_owned(),
    }
}

fn cut(text: &str) -> String {
    const LONGEST: usize = 60;
    if text.chars().count() <= LONGEST { text.to_owned() } else { text.chars().take(LONGEST).chain(['…']).collect() }
}
