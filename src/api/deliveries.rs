//! Deliveries: lists, and actions on one of them. An id is opaque: scheme, target and key in hexadecimal.

use std::sync::Arc;

use axum::Json;
use axum::extract::State as Extract;
use axum::http::HeaderMap;
use serde::{Deserialize, Serialize};

use crate::api::answer::{Answer, Problem, language};
use crate::api::documents::state_of;
use crate::api::extract::{Body, Path, Query};
use crate::api::page::{Paging, cursor};
use crate::api::schemes::{List, unit};
use crate::api::server::State;
use crate::engine::operate::{Acted, Action, Selection};
use crate::engine::view::{DeliveryQuery, DeliveryView, deliveries};
use crate::name::Key;

/// What a list of deliveries takes beside paging.
#[derive(Debug, Default, Deserialize)]
pub struct Filter {
    state: Option<String>,
    scheme: Option<String>,
    target: Option<String>,
}

/// A delivery with the id that actions take.
#[derive(Serialize)]
pub struct Item {
    id: String,
    #[serde(rename = "name")]
    path: String,
    #[serde(flatten)]
    view: serde_json::Value,
}

#[derive(Debug, Deserialize)]
pub struct Why {
    reason: String,
}

#[derive(Debug, Deserialize)]
pub struct How {
    r#as: String,
    #[serde(default)]
    id: Option<String>,
}

/// Deliveries: everything that is not settled, or one state.
pub async fn list(
    Extract(state): Extract<Arc<State>>,
    Query(paging): Query<Paging>,
    Query(filter): Query<Filter>,
    headers: HeaderMap,
) -> Answer<List<Item>> {
    let limit = paging.limit()?;
    let wanted = filter.state.as_deref().map(state_of).transpose()?;
    match &filter.target {
        Some(target) => state.engine.must_know(filter.scheme.as_deref(), Some(target))?,
        None => filter.scheme.iter().try_for_each(|scheme| unit(&state, scheme).map(drop))?,
    }
    let from = paging.cursor()?;
    let (from_scheme, from_place) = match from.as_deref() {
        Some([scheme, target, key]) => (Some(scheme.clone()), Some((target.clone(), Key::from_text(key.as_str())))),
        Some(_) => return Err(Problem::wrong("`cursor` is none that this API gave")),
        None => (None, None),
    };
    let mut items = Vec::new();
    // By id, as the cursor compares them: files sort otherwise where one name begins another.
    let mut units: Vec<_> = state.engine.units.iter().collect();
    units.sort_by(|a, b| a.scheme.id.cmp(&b.scheme.id));
    for unit in &units {
        let id = &unit.scheme.id;
        if filter.scheme.as_ref().is_some_and(|scheme| scheme != id)
            || from_scheme.as_ref().is_some_and(|from| id < from)
        {
            continue;
        }
        let after = from_place.clone().filter(|_| from_scheme.as_ref() == Some(id));
        let left = limit - items.len();
        let query = DeliveryQuery {
            target: filter.target.clone(),
            state: wanted,
            after,
            limit: left,
            language: language(&headers),
        };
        let (found, next) = deliveries(&*state.engine.store, &unit.scheme, &query)?;
        for view in found {
            items.push(item(view)?);
        }
        if let Some((target, key)) = next {
            return Ok(Json(List::new(items, Some(cursor(&[id, &target, key.as_str()])))));
        }
        if items.len() == limit {
            // The scheme ended where the page did: the next page begins with the next scheme.
            let next = units.iter().map(|unit| &unit.scheme.id).find(|other| *other > id);
            return Ok(Json(List::new(items, next.map(|next| cursor(&[next, "", ""])))));
        }
    }
    Ok(Json(List::new(items, None)))
}

/// Sends it again now.
pub async fn retry(Extract(state): Extract<Arc<State>>, Path(id): Path<String>) -> Answer<Acted> {
    act(&state, &id, Action::Retry).await
}

/// Gives it up.
pub async fn discard(
    Extract(state): Extract<Arc<State>>,
    Path(id): Path<String>,
    Body(why): Body<Why>,
) -> Answer<Acted> {
    act(&state, &id, Action::Discard { reason: why.reason }).await
}

/// Settles it by a person's word.
pub async fn resolve(
    Extract(state): Extract<Arc<State>>,
    Path(id): Path<String>,
    Body(how): Body<How>,
) -> Answer<Acted> {
    let action = match how.r#as.as_str() {
        "delivered" => Action::ResolveDelivered { id: how.id },
        "resend" => Action::ResolveResend,
        other => return Err(Problem::wrong(format!("`as` is `{other}`; allowed: `delivered`, `resend`"))),
    };
    act(&state, &id, action).await
}

fn item(view: DeliveryView) -> Result<Item, Problem> {
    let id = cursor(&[&view.scheme, &view.target, &view.key]);
    let path = view.id.clone();
    let mut view = serde_json::to_value(view).map_err(|error| Problem::wrong(error.to_string()))?;
    if let Some(fields) = view.as_object_mut() {
        fields.shift_remove("id");
    }
    Ok(Item { id, path, view })
}

async fn act(state: &State, id: &str, action: Action) -> Answer<Acted> {
    let parts: Option<[String; 3]> = hex::decode(id).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
    let [scheme, target, key] = parts.ok_or_else(|| Problem::missing("there is no delivery of this id"))?;
    state.engine.must_know(Some(&scheme), Some(&target))?;
    let (known, store) = (Key::from_text(key.as_str()), &state.engine.store);
    if store.heads(&scheme, std::slice::from_ref(&known))? == [None]
        && store.delivery(&scheme, &target, &known)?.is_none()
    {
        return Err(Problem::missing(format!("there is no delivery `{scheme}/{target}/{key}`")));
    }
    let selection = Selection { scheme: Some(scheme), target: Some(target), keys: vec![key], ..Selection::default() };
    Ok(Json(state.engine.act(&selection, &action).await?))
}
