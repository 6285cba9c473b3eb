//! What a scheme says about its source, made ready for the hot path: where identity lies, what counts as a change,
//! and the fingerprints that tell when one of these was changed (rule 9, design.md 2.9).

use crate::capture::detail::DetailPlan;
use crate::capture::window::Lengths;
use crate::connector::SourceCall;
use crate::diff::{CANONICAL_FORM, DiffRules, Differ, Gate, Numbers, Paths, RulePath, Step as RuleStep, fingerprint};
use crate::query::{Query, Step};
use crate::scheme::{Entry, Mode, Numbers as SchemeNumbers, Scheme, Source, WriteBack};

/// A scheme's source made ready.
#[derive(Debug, Clone)]
pub struct CapturePlan {
    /// Where identity lies in a document.
    pub paths: Paths,
    /// Compares documents.
    pub differ: Differ,
    /// Hashes documents as received.
    pub gate: Gate,
    /// Changes when key, filter, identity or mode change: capture then waits for `decide`.
    pub fingerprint: String,
    /// Lengths of windows.
    pub lengths: Lengths,
    /// What the call can do.
    pub call: SourceCall,
    /// How listed documents are read whole; none: they are.
    pub detail: Option<DetailPlan>,
    /// Paths by which other schemes look its snapshots up.
    pub index: Vec<Query>,
    /// What the scheme itself writes into its documents (rule 22).
    pub write_backs: Vec<WriteBack>,
}

/// A path that can't serve where it stands.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{path}` can't be used as `{place}`: {why}")]
pub struct PlanFault {
    /// The path.
    pub path: String,
    /// Which setting.
    pub place: &'static str,
    /// What is wrong and what is allowed.
    pub why: String,
}

impl CapturePlan {
    /// Makes a scheme's source ready; `call` is the connector's description, `detail` its detail call made ready.
    pub fn new(scheme: &Scheme, call: SourceCall, detail: Option<DetailPlan>) -> Result<Self, PlanFault> {
        let source = &scheme.source;
        let paths = source_paths(source)?;
        source.time.as_ref().map(|query| names(query, "time")).transpose()?;
        let rules = diff_rules(scheme, detail.as_ref().map_or(&call.numeric, |detail| &detail.numeric))?;
        if detail.is_none() {
            check_shapes(scheme, &call.fields)?;
        }
        let assembly = assembly(source);
        let key: Vec<&str> = source.key.iter().map(Query::text).collect();
        let key = key.join(" ");
        let gate = Gate::new(fingerprint(&[&assembly, &key, &rules.text(), CANONICAL_FORM]));
        let mode = match (source.mode, &source.cursor) {
            (Mode::Cursor, Some(cursor)) => format!("Cursor {}", cursor.text()),
            (mode, _) => format!("{mode:?}"),
        };
        let identity = fingerprint(&[&assembly, &key, &mode]);
        let window = call.max_window.map_or(source.window, |longest| longest.min(source.window));
        Ok(Self {
            paths,
            differ: Differ::new(&rules),
            gate,
            fingerprint: hex::encode(identity),
            lengths: Lengths { overlap: source.overlap, window },
            call,
            detail,
            index: Vec::new(),
            write_backs: scheme.targets.iter().filter_map(|target| target.write_back(source)).collect(),
        })
    }
}

/// Where identity lies in a source's documents.
pub fn source_paths(source: &Source) -> Result<Paths, PlanFault> {
    Ok(Paths {
        key: source.key.iter().map(|query| names(query, "key")).collect::<Result<_, _>>()?,
        number: source.number.as_ref().map(|query| names(query, "number")).transpose()?,
        times: source.times(),
        cursor: source.cursor.as_ref().map(|query| names(query, "cursor")).transpose()?,
    })
}

/// What decides which documents come and how they are put together, as text.
fn assembly(source: &Source) -> String {
    let params: Vec<String> =
        source.params.iter().map(|(name, node)| format!("{}={}", name.text, node.text().unwrap_or_default())).collect();
    let mut text = format!(
        "{} {} {:?} {:?} {:?} {:?} {:?} {}",
        source.system,
        source.call,
        source.form,
        source.filter,
        source.fields.iter().map(|f| (&f.field, &f.name)).collect::<Vec<_>>(),
        source.entries.iter().map(entry).collect::<Vec<_>>(),
        source.changed_fields,
        params.join("&"),
    );
    if let Some(detail) = &source.detail {
        let params: Vec<_> = detail.params.iter().map(|param| (&param.name.text, param.value.text())).collect();
        text.push_str(&format!(" {} {params:?} {:?}", detail.call, detail.when));
    }
    text
}

fn entry(entry: &Entry) -> String {
    let fields = entry.fields.iter().map(|f| (&f.field, &f.name)).collect::<Vec<_>>();
    let below = entry.entries.iter().map(self::entry).collect::<Vec<_>>();
    format!("{} {} {fields:?} {below:?}", entry.name, entry.id)
}

/// What is allowed, for faults.
const CHAIN: &str = "a chain of names such as `$.a.b`";

fn names(query: &Query, place: &'static str) -> Result<Vec<String>, PlanFault> {
    let fault = || PlanFault { path: query.text().to_owned(), place, why: format!("allowed is {CHAIN}") };
    let names = query.names().filter(|names| !names.is_empty()).ok_or_else(fault)?;
    Ok(names.into_iter().map(str::to_owned).collect())
}

/// The scheme's diff rules in the words of `diff`, with what its call presets as numeric.
pub fn diff_rules(scheme: &Scheme, preset: &[String]) -> Result<DiffRules, PlanFault> {
    let all = |queries: &[Query], place| queries.iter().map(|q| rule_path(q, place)).collect::<Result<Vec<_>, _>>();
    let mut numeric = all(&scheme.diff.numeric, "numeric")?;
    numeric.extend(preset.iter().map(|dotted| dotted_path(dotted)));
    let mut ignore = all(&scheme.diff.ignore, "ignore")?;
    // Times that only say when are carried for the document's time, and make no change by themselves.
    let carried = scheme.source.unlisted_times().map(|field| field.name);
    ignore.extend(carried.map(|name| RulePath::new(vec![RuleStep::Name(name)])));
    Ok(DiffRules {
        ignore,
        lists: scheme
            .diff
            .lists
            .iter()
            .map(|(list, key)| Ok((rule_path(list, "lists")?, rule_path(key, "lists")?)))
            .collect::<Result<_, PlanFault>>()?,
        numbers: match scheme.diff.numbers {
            SchemeNumbers::Value => Numbers::Value,
            SchemeNumbers::Text => Numbers::Text,
        },
        numeric,
    })
}

/// A path of a rule. What picks some elements is refused: as a rule it would hold for all.
fn rule_path(query: &Query, place: &'static str) -> Result<RulePath, PlanFault> {
    let steps = query.steps().into_iter().map(|step| match step {
        Step::Name(name) => Some(RuleStep::Name(name)),
        Step::Wildcard if !query.picks() => Some(RuleStep::AnyElement),
        Step::Wildcard | Step::Index(_) | Step::Descendant => None,
    });
    steps.collect::<Option<Vec<_>>>().map(RulePath::new).ok_or_else(|| PlanFault {
        path: query.text().to_owned(),
        place,
        why: format!("allowed is {CHAIN} or, for all elements of a list, `$.list[*].c`"),
    })
}

/// Refuses rules that can't hold for anything by what is known of the documents: `[*]` where an object stands, a list
/// of `lists` that is none, a key that its elements lack. `described` are the call's fields.
fn check_shapes(scheme: &Scheme, described: &[String]) -> Result<(), PlanFault> {
    let source = &scheme.source;
    let mut names = described.to_vec();
    names.extend(source.fields.iter().map(|field| field.name.clone()));
    names.extend(source.entries.iter().flat_map(Entry::names));
    let known = Known(names);
    let fault = |query: &Query, place, why| PlanFault { path: query.text().to_owned(), place, why };
    let rules = [("ignore", &scheme.diff.ignore), ("numeric", &scheme.diff.numeric)];
    for (place, query) in rules.into_iter().flat_map(|(place, queries)| queries.iter().map(move |one| (place, one))) {
        known.dotted(query).map_err(|why| fault(query, place, why))?;
    }
    for (list, key) in &scheme.diff.lists {
        let path = known.dotted(list).map_err(|why| fault(list, "lists", why))?;
        if known.shape(&path) == Shape::Object {
            let whole = list.text().trim_end_matches("[*]");
            let why = if path.ends_with(ELEMENTS) {
                format!("the list is `{whole}`, and this is each of its elements")
            } else {
                "it is an object, no list".to_owned()
            };
            return Err(fault(list, "lists", why));
        }
        let key_path = known.dotted(key).map_err(|why| fault(key, "lists", why))?;
        if known.lacks(&format!("{path}{ELEMENTS}"), &key_path) {
            let why = format!("the elements of `{}` have no such field", list.text());
            return Err(fault(key, "lists", why));
        }
    }
    Ok(())
}

/// Behind a list in dotted names.
const ELEMENTS: &str = "[]";

/// The dotted names of the fields that documents have, as far as they are known.
struct Known(Vec<String>);

/// What stands at a path.
#[derive(PartialEq, Eq)]
enum Shape {
    /// A value, or what nothing is known of.
    Any,
    Object,
    List,
}

impl Known {
    /// A rule's path as a dotted name. The error says where it asks an object for elements.
    fn dotted(&self, query: &Query) -> Result<String, String> {
        let mut path = String::new();
        for step in query.steps() {
            match step {
                Step::Name(name) if path.is_empty() => path = name,
                Step::Name(name) => path.extend([".", &name]),
                _ if path.is_empty() || self.shape(&path) == Shape::Object => {
                    let object = if path.is_empty() { "the document".to_owned() } else { format!("`{path}`") };
                    return Err(format!("{object} is an object, and `[*]` stands for the elements of a list"));
                }
                _ => path.push_str(ELEMENTS),
            }
        }
        Ok(path)
    }

    fn shape(&self, path: &str) -> Shape {
        let below =
            |by: &str| self.0.iter().any(|name| name.strip_prefix(path).is_some_and(|rest| rest.starts_with(by)));
        match () {
            () if self.is_open(path) => Shape::Any,
            () if below(ELEMENTS) => Shape::List,
            () if below(".") => Shape::Object,
            () => Shape::Any,
        }
    }

    /// Whether the fields of the object at `path` are known and `field` is none of them.
    fn lacks(&self, path: &str, field: &str) -> bool {
        let field = format!("{path}.{field}");
        let has = |name: &String| {
            name.strip_prefix(&field).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        };
        self.shape(path) == Shape::Object && !self.is_open(&field) && !self.0.iter().any(has)
    }

    /// Whether anything may stand at and below `path`: `raw.*`.
    fn is_open(&self, path: &str) -> bool {
        let path = format!("{path}.");
        self.0.iter().any(|name| name.strip_suffix('*').is_some_and(|above| path.starts_with(above)))
    }
}

/// A path as connectors write their fields: `items[].qty`.
fn dotted_path(dotted: &str) -> RulePath {
    let mut steps = Vec::new();
    for part in dotted.split('.') {
        let name = part.trim_end_matches("[]");
        steps.push(RuleStep::Name(name.to_owned()));
        if name.len() != part.len() {
            steps.push(RuleStep::AnyElement);
        }
    }
    RulePath::new(steps)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::clock::Zone;

    fn scheme(diff: &str) -> Scheme {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("s.yaml");
        let yaml = format!("source: {{ system: s, call: c, key: $.id, time: $.at }}\ndiff: {{ {diff} }}\n");
        std::fs::write(&file, yaml).unwrap();
        Scheme::load(&file, &Zone::utc()).unwrap()
    }

    #[test]
    fn a_rule_is_refused_where_it_would_hold_for_more_than_it_names() {
        for (path, taken) in [
            ("$.a.b", true),
            ("$.items[*].price", true),
            ("$.items[?@.sku == 'F'].price", false),
            ("$.items[1:].price", false),
            ("$.items['a','b']", false),
            ("$.items[0].price", false),
            ("$..price", false),
        ] {
            let query = Query::parse(path).unwrap();
            assert_eq!(rule_path(&query, "ignore").is_ok(), taken, "{path}");
        }
    }

    #[test]
    fn rules_must_fit_what_is_known_of_the_documents() {
        let known = [
            "id",
            "at",
            "head.note",
            "items[].no",
            "items[].qty",
            "items[].sns[].sn",
            "rows[][].no",
            "pics[]",
            "raw.*",
        ]
        .map(str::to_owned);
        let told = |diff: &str, known: &[String]| {
            check_shapes(&scheme(diff), known).err().map(|fault| fault.to_string()).unwrap_or_default()
        };
        for (diff, words) in [
            ("ignore: [\"$.items[*].qty\", \"$.pics[*]\", \"$.raw[*].x\", \"$.other[*].x\", $.head.note]", ""),
            ("lists: { $.items: $.no, \"$.items[*].sns\": $.sn, \"$.rows[*]\": $.no, $.pics: $.x, $.raw.a: $.b }", ""),
            ("lists: { \"$.items[*]\": $.no }", "`$.items[*]` can't be used as `lists`: the list is `$.items`"),
            ("lists: { $.head: $.note }", "`$.head` can't be used as `lists`: it is an object, no list"),
            ("lists: { $.items: $.number }", "`$.number` can't be used as `lists`: the elements of `$.items` have no"),
            ("ignore: [\"$.head[*]\"]", "`$.head[*]` can't be used as `ignore`: `head` is an object"),
            ("numeric: [\"$.items[*][*]\"]", "`$.items[*][*]` can't be used as `numeric`: `items[]` is an object"),
            ("ignore: [\"$[*]\"]", "`$[*]` can't be used as `ignore`: the document is an object"),
        ] {
            let told = told(diff, &known);
            assert!(told.starts_with(words) && told.is_empty() == words.is_empty(), "{diff}: {told}");
        }
        assert_eq!(told("lists: { \"$.items[*]\": $.no }", &[]), "", "nothing is known");
    }
}
