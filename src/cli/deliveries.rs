//! `deliveries`: what waits, was rejected or is in doubt; retry, discard, resolve.

use std::collections::BTreeMap;

use crate::cli::args::{Chosen, Deliveries, DeliveriesWhat, ResolveAs};
use crate::cli::context::Context;
use crate::cli::docs::{must_have_target, scheme_of, state_of};
use crate::cli::output::{Exit, Failure, json, table};
use crate::cli::remote;
use crate::cli::stale;
use crate::engine::operate::{Acted, Action, Selection};
use crate::engine::view::{DeliveryQuery, DeliveryView, MissingView, deliveries, different, missing};
use crate::reason::State;
use crate::scheme::Scheme;
use crate::store::Store;

pub async fn run(context: &Context, verb: Deliveries) -> Result<Exit, Failure> {
    match verb.what {
        DeliveriesWhat::List { scheme, target, stale: true, .. } => {
            stale::list(context, scheme.as_deref(), target.as_deref())
        }
        DeliveriesWhat::List { scheme, target, state, limit, missing, stale: false, different } => {
            let state = state.as_deref().map(state_of).transpose()?;
            let what = (missing, different);
            list(context, scheme.as_deref(), target, state, limit, what)
        }
        DeliveriesWhat::Retry(chosen) => act(context, chosen, Action::Retry).await,
        DeliveriesWhat::Discard { chosen, reason } => act(context, chosen, Action::Discard { reason }).await,
        DeliveriesWhat::Resolve { chosen, resolution, id } => {
            let action = match (resolution, id) {
                (ResolveAs::Delivered, id) => Action::ResolveDelivered { id },
                (ResolveAs::Resend, None) => Action::ResolveResend,
                (ResolveAs::Resend, Some(_)) => {
                    return Err(Failure::Usage("`--id` goes with `--as delivered`".to_owned()));
                }
            };
            act(context, chosen, action).await
        }
    }
}

fn list(
    context: &Context,
    scheme: Option<&str>,
    target: Option<String>,
    state: Option<State>,
    limit: usize,
    (codes, differing): (bool, bool),
) -> Result<Exit, Failure> {
    let named: Vec<&str> = scheme.into_iter().collect();
    let (config, schemes) = context.read_for(&named)?;
    let chosen: Vec<&Scheme> = match scheme {
        Some(name) => vec![scheme_of(&schemes, name)?],
        None => schemes.iter().collect(),
    };
    if let Some(target) = &target {
        must_have_target(chosen.iter().copied(), target)?;
    }
    let store = context.open_to_read(&config)?;
    if codes {
        return list_missing(context, &*store, &chosen);
    }
    let mut found: Vec<DeliveryView> = Vec::new();
    let mut more = false;
    for scheme in chosen {
        let query = DeliveryQuery { target: target.clone(), state, after: None, limit, language: context.language };
        let (some, goes_on) = if differing {
            different(&*store, scheme, &query)?
        } else {
            let (some, next) = deliveries(&*store, scheme, &query)?;
            (some, next.is_some())
        };
        found.extend(some);
        more |= goes_on;
    }
    if context.json {
        json(&serde_json::json!({ "deliveries": found, "more": more }))?;
        return Ok(Exit::Done);
    }
    let mut shown = table(&["delivery", "number", "state", "why", "due"]);
    for one in &found {
        let sub = one.reason.map_or_else(String::new, |reason| format!("({reason})"));
        shown.add_row(vec![
            one.id.clone(),
            one.number.clone().unwrap_or_default(),
            format!("{}{sub}", one.state),
            one.text.clone(),
            one.due.clone().unwrap_or_default(),
        ]);
    }
    println!("{shown}");
    if more {
        println!("there are more: --limit N");
    }
    Ok(Exit::Done)
}

/// CSV, one block for each look-up, with the columns it is asked by: made to be filled in and added to the table.
fn list_missing(context: &Context, store: &dyn Store, schemes: &[&Scheme]) -> Result<Exit, Failure> {
    let mut found: Vec<MissingView> = Vec::new();
    for scheme in schemes {
        found.extend(missing(store, scheme)?);
    }
    found.sort();
    found.dedup();
    if context.json {
        json(&found)?;
        return Ok(Exit::Done);
    }
    let mut blocks: BTreeMap<(String, Vec<String>), Vec<Vec<String>>> = BTreeMap::new();
    for one in found {
        let (columns, texts) = one.codes.into_iter().unzip();
        blocks.entry((one.lookup, columns)).or_default().push(texts);
    }
    let mut writer = csv::WriterBuilder::new().flexible(true).from_writer(std::io::stdout());
    for ((lookup, columns), rows) in blocks {
        writer.write_record(std::iter::once("lookup").chain(columns.iter().map(String::as_str)))?;
        for row in rows {
            writer.write_record(std::iter::once(lookup.as_str()).chain(row.iter().map(String::as_str)))?;
        }
    }
    writer.flush()?;
    Ok(Exit::Done)
}

/// Does an action: inside the running service, or here if none runs.
pub async fn act(context: &Context, chosen: Chosen, action: Action) -> Result<Exit, Failure> {
    let Chosen { scheme, target, keys, all, stale, different } = chosen;
    let selection = Selection { scheme, target, keys, all, stale, different };
    if selection.is_empty() {
        return Err(Failure::Usage("name documents by key or number, or say `--all`".to_owned()));
    }
    let named: Vec<String> = selection.scheme.iter().cloned().collect();
    let (config, _) = context.read_for(&named)?;
    let acted: Acted = match remote::service(&config).await {
        Some(service) => {
            let body = serde_json::json!({ "selection": selection, "action": action });
            serde_json::from_value(service.post("/deliveries/act", &body).await?)?
        }
        None => {
            let engine = context.engine(&mut context.check_for(&named)?, Default::default()).await?;
            let acted = engine.act(&selection, &action).await;
            engine.store.close();
            acted?
        }
    };
    tell(context, &acted)
}

fn tell(context: &Context, acted: &Acted) -> Result<Exit, Failure> {
    if context.json {
        json(acted)?;
    } else {
        for one in &acted.done {
            println!("done  {one}");
        }
        for one in &acted.left {
            println!("left as it is  {one}");
        }
        for one in &acted.unknown {
            println!("unknown  {one}");
        }
    }
    Ok(if acted.unknown.is_empty() { Exit::Done } else { Exit::Failed })
}
