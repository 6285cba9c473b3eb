//! `deliveries list --stale`: documents whose look-ups would give something else now than what the target was told.

use serde::Serialize;

use crate::cli::context::Context;
use crate::cli::docs::must_have_target;
use crate::cli::output::{Exit, Failure, json, table};
use crate::delivery::stale;
use crate::looked_up::LookedUp;
use crate::reason::State;
use crate::store::pages;

/// A stale document, once for each look-up that changed.
#[derive(Debug, Serialize)]
struct StaleView {
    /// `SCHEME/TARGET/KEY`.
    id: String,
    /// What was asked, and what was taken then.
    #[serde(flatten)]
    looked_up: LookedUp,
}

/// Lists them, of one scheme and target or of all.
pub fn list(context: &Context, scheme: Option<&str>, target: Option<&str>) -> Result<Exit, Failure> {
    let named: Vec<String> = scheme.map(str::to_owned).into_iter().collect();
    let checked = context.check_for(&named)?;
    let store = context.open_to_read(&checked.config)?;
    if let Some(target) = target {
        must_have_target(checked.chosen(&named)?.into_iter().map(|ready| &*ready.scheme), target)?;
    }
    let mut found = Vec::new();
    for ready in checked.chosen(&named)? {
        for plan in ready.targets.iter().filter(|plan| target.is_none_or(|target| target == plan.name)) {
            for state in State::ALL {
                for page in pages(&*store, &plan.scheme, &plan.name, state) {
                    for (key, row) in page? {
                        let id = format!("{}/{}/{key}", plan.scheme, plan.name);
                        let changed = stale(&*store, plan, &key, &row)?;
                        found.extend(changed.into_iter().map(|looked_up| StaleView { id: id.clone(), looked_up }));
                    }
                }
            }
        }
    }
    if context.json {
        json(&serde_json::json!({ "stale": found }))?;
        return Ok(Exit::Done);
    }
    let mut shown = table(&["delivery", "look-up", "asked by", "taken", "told"]);
    for StaleView { id, looked_up } in found {
        let asked: Vec<String> = looked_up.question.by.iter().map(|(field, text)| format!("{field}={text}")).collect();
        shown.add_row(vec![
            id,
            looked_up.question.lookup,
            asked.join(" "),
            looked_up.question.take,
            looked_up.value.to_string(),
        ]);
    }
    println!("{shown}");
    Ok(Exit::Done)
}
