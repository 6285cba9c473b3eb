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
#[error("`{path}` can't be used as `{place}`: allowed is a chain of names such as `$.a.b`{lists}")]
pub struct PlanFault {
    /// The path.
    pub path: String,
    /// Which setting.
    pub place: &'static str,
    lists: &'static str,
}

impl CapturePlan {
    /// Makes a scheme's source ready; `call` is the connector's description, `detail` its detail call made ready.
    pub fn new(scheme: &Scheme, call: SourceCall, detail: Option<DetailPlan>) -> Result<Self, PlanFault> {
        let source = &scheme.source;
        let paths = source_paths(source)?;
        source.time.as_ref().map(|query| names(query, "time")).transpose()?;
        let rules = diff_rules(scheme, detail.as_ref().map_or(&call.numeric, |detail| &detail.numeric))?;
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

fn names(query: &Query, place: &'static str) -> Result<Vec<String>, PlanFault> {
    let fault = || PlanFault { path: query.text().to_owned(), place, lists: "" };
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

fn rule_path(query: &Query, place: &'static str) -> Result<RulePath, PlanFault> {
    let steps = query.steps().into_iter().map(|step| match step {
        Step::Name(name) => Ok(RuleStep::Name(name)),
        Step::Wildcard => Ok(RuleStep::AnyElement),
        Step::Index(_) | Step::Descendant => {
            Err(PlanFault { path: query.text().to_owned(), place, lists: " or, for all elements, `$.list[*].c`" })
        }
    });
    steps.collect::<Result<Vec<_>, _>>().map(RulePath::new)
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
