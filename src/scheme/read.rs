//! A scheme file, from its tree to [`Scheme`]. Reading goes on past faults, with defaults in place of what is wrong,
//! so that later checks (systems, calls, mappings) can add theirs and all faults of a file are told at once.

use std::path::Path;
use std::time::Duration;

use super::check::{self, LiteralSecrets};
use super::file::SchemeFile;
use super::read_target::target;
use super::semantics::is_rule;
use super::table::SCHEME;
use super::tree::{Name, Node};
use super::types::{
    Detail, DetailParam, DetailWhen, DiffRules, Entry, FieldSpec, Initial, Mode, Numbers, Reconcile, Scheme, Source,
    Start, Sweep, name_of,
};
use super::{fill, scalar, semantics, yaml};
use crate::clock::{Schedule, Zone};
use crate::fault::{Fault, Position};
use crate::name::is_name;
use crate::query::{Query, Slip, Template};

const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(86_400);

impl Scheme {
    /// Reads a scheme file. `zone` is the zone of its cron expressions and of a `start` without one. The error holds
    /// all faults of the file, sorted by position.
    pub fn load(file: &Path, zone: &Zone) -> Result<Self, Vec<Fault>> {
        let mut faults = Vec::new();
        let read = SchemeFile::read(file, zone, &mut faults);
        faults.sort();
        read.filter(|_| faults.is_empty()).map(|read| read.scheme).ok_or(faults)
    }
}

impl SchemeFile {
    /// Reads a scheme file as far as it can be read: faults are added, and where any were, the scheme serves only to
    /// find more of them. What is missing is empty or at its default. `None` if it is no YAML.
    pub fn read(file: &Path, zone: &Zone, faults: &mut Vec<Fault>) -> Option<Self> {
        let root = yaml::load(file, faults)?;
        let top = Position { file: file.to_path_buf(), line: 1, column: 1 };
        let id = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        if !is_name(&id) {
            let message = format!("a scheme's file name is its id, and `{id}` is none: {}", check::NAME);
            faults.push(Fault::new(top.clone(), message));
        }
        fill::refuse(&root, faults);
        check::check(&root, &top, &SCHEME, LiteralSecrets::Refused, faults);
        semantics::check(&root, faults);
        Some(Self { scheme: scheme(id, file, &root, zone, top), root })
    }
}

fn scheme(id: String, file: &Path, root: &Node, zone: &Zone, top: Position) -> Scheme {
    let nothing = Node { at: top, value: super::tree::Value::Map(Vec::new()) };
    Scheme {
        title: root.get_text("title").unwrap_or_else(|| id.clone()),
        id,
        file: file.to_path_buf(),
        enabled: root.get_bool("enabled").unwrap_or(true),
        schedule: root.get("schedule").and_then(|node| schedule(node, zone)).unwrap_or(Schedule::Every(5 * MINUTE)),
        source: source(root.get("source").unwrap_or(&nothing), zone),
        initial: initial(root),
        diff: diff(root.get("diff").unwrap_or(&nothing)),
        targets: root.get_entries("targets").iter().map(|(name, node)| target(name, node)).collect(),
        reconcile: root.get("reconcile").map(reconcile).unwrap_or_default(),
    }
}

fn reconcile(node: &Node) -> Reconcile {
    let sum = |(name, query): &(Name, Node)| Some((name.text.clone(), query.query()?));
    Reconcile { back: node.get_duration("back"), sums: node.get_entries("sums").iter().filter_map(sum).collect() }
}

fn schedule(node: &Node, zone: &Zone) -> Option<Schedule> {
    let every = node.get_duration("every").map(Schedule::Every);
    every.or_else(|| Schedule::cron(&node.get_text("cron")?, zone).ok())
}

/// `initial` of a scheme or target.
pub(super) fn initial(node: &Node) -> Option<Initial> {
    match node.get_text("initial")?.as_str() {
        "send" => Some(Initial::Send),
        "baseline" => Some(Initial::Baseline),
        "adopt" => Some(Initial::Adopt),
        _ => None,
    }
}

/// The text under a key with its position; the mapping's own position and nothing where it is missing.
pub(super) fn placed(node: &Node, key: &str) -> (String, Position) {
    match node.get(key) {
        Some(value) => (value.scalar().unwrap_or_default().to_owned(), value.at.clone()),
        None => (String::new(), node.at.clone()),
    }
}

fn source(node: &Node, zone: &Zone) -> Source {
    let (system, system_at) = placed(node, "system");
    let (call, call_at) = placed(node, "call");
    let cursor = node.get_query("cursor");
    let start = node.get("start").and_then(Node::scalar).and_then(|text| scalar::start(text, zone));
    let mode = match node.get_text("mode").as_deref() {
        Some("full") => Mode::Full,
        Some("cursor") => Mode::Cursor,
        None if cursor.is_some() => Mode::Cursor,
        _ => Mode::Window,
    };
    let unbounded = if mode == Mode::Full { Start::Everything } else { Start::Back(30 * DAY) };
    Source {
        at: node.at.clone(),
        system,
        system_at,
        call,
        call_at,
        form: node.get_text("form"),
        params: node.get_entries("params").to_vec(),
        page_size: node.get_integer("page_size"),
        key: node.get_queries("key"),
        number: node.get_query("number"),
        time: node.get_query("time"),
        mode,
        cursor,
        start: start.unwrap_or(unbounded),
        overlap: node.get_duration("overlap").unwrap_or(OVERLAP),
        window: node.get_duration("window").unwrap_or(WINDOW),
        sweep: node.get("sweep").map(|node| sweep(node, zone)),
        fields: fields(node),
        entries: entries(node),
        changed_fields: node.get_texts("changed_fields"),
        filter: node.get_text("filter"),
        detail: node.get("detail").map(detail),
    }
}

fn detail(node: &Node) -> Detail {
    let (call, call_at) = placed(node, "call");
    let param = |(name, node): &(Name, Node)| {
        let value = detail_param(node.text()?).ok()?;
        Some(DetailParam { name: name.clone(), value, node: node.clone() })
    };
    Detail {
        at: node.at.clone(),
        call,
        call_at,
        params: node.get_entries("params").iter().filter_map(param).collect(),
        when: match node.get_text("when").as_deref() {
            Some("always") => DetailWhen::Always,
            _ => DetailWhen::Changed,
        },
    }
}

/// What gives a parameter's text: a query with filters, a template, or the text itself.
pub(super) fn detail_param(text: &str) -> Result<Template, Slip> {
    const OPEN: &str = "{{ ";
    if !text.starts_with(['$', '@']) {
        return Template::parse(text);
    }
    Template::parse(&format!("{OPEN}{text} }}}}"))
        .map_err(|slip| Slip { offset: slip.offset.saturating_sub(OPEN.len()), ..slip })
}

/// How far a window reaches back where nothing is said.
pub(super) const OVERLAP: Duration = Duration::from_secs(600);

/// The longest window of one request where nothing is said.
pub(super) const WINDOW: Duration = DAY;

fn sweep(node: &Node, zone: &Zone) -> Sweep {
    Sweep {
        schedule: schedule(node, zone),
        back: node.get_duration("back").unwrap_or(30 * DAY),
        deletes: node.get_bool("deletes").unwrap_or(false),
        max_deletes: node.get_share("max_deletes").unwrap_or(50),
    }
}

/// Fields: `FCustId.FNumber`, which arrives as `FCustId_FNumber`, or `{ field: F_X, as: name }`, or a list of these.
fn fields<'a>(node: &'a Node) -> Vec<FieldSpec> {
    let one = |node: &Node| {
        let field = node.scalar().map(str::to_owned).or_else(|| node.get_text("field"))?;
        let name = node.get_text("as").unwrap_or_else(|| name_of(&field));
        Some(FieldSpec { at: node.at.clone(), field, name })
    };
    let several = |node: &'a Node| node.list().unwrap_or(std::slice::from_ref(node));
    node.get_several("fields").iter().flat_map(several).filter_map(one).collect()
}

fn entries(node: &Node) -> Vec<Entry> {
    let one = |node: &Node| Entry {
        name: node.get_text("name").unwrap_or_default(),
        id: node.get_text("id").unwrap_or_default(),
        fields: fields(node),
        entries: entries(node),
    };
    node.get_several("entries").iter().map(one).collect()
}

fn diff(node: &Node) -> DiffRules {
    // What is no rule has been told.
    let rules = |key: &str| node.get_queries(key).into_iter().filter(is_rule).collect();
    let list = |(path, key): &(Name, Node)| {
        Some((Query::parse(&path.text).ok().filter(is_rule)?, key.query().filter(is_rule)?))
    };
    DiffRules {
        ignore: rules("ignore"),
        lists: node.get_entries("lists").iter().filter_map(list).collect(),
        numbers: if node.get_text("numbers").as_deref() == Some("text") { Numbers::Text } else { Numbers::Value },
        numeric: rules("numeric"),
    }
}
