//! Which documents an action is for. A word that fits several documents is taken for none of them: they are listed,
//! and a person names one (interface.md section 2).

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::engine::operate::{Action, OperateError, Selection};
use crate::engine::unit::{Engine, Unit};
use crate::engine::view::find_keys;
use crate::name::Key;
use crate::reason::State;

/// Most documents of one number that are named.
const LISTED: usize = 50;

/// The documents named in one scheme.
pub(super) struct Chosen<'a> {
    /// The scheme.
    pub(super) unit: &'a Arc<Unit>,
    /// Their keys, each once.
    pub(super) keys: Vec<Key>,
}

impl Engine {
    /// Whether there is such a target in a scheme, or in any.
    ///
    /// # Errors
    ///
    /// [`OperateError::Unknown`] with the known ones, for an unknown scheme too.
    pub fn must_know(&self, scheme: Option<&str>, target: Option<&str>) -> Result<(), OperateError> {
        self.in_question(scheme, target).map(drop)
    }

    /// The schemes an action on deliveries is about: those that have such a target, or any target.
    fn in_question(&self, scheme: Option<&str>, target: Option<&str>) -> Result<Vec<&Arc<Unit>>, OperateError> {
        let mut units: Vec<&Arc<Unit>> = match scheme {
            Some(scheme) => vec![self.known(scheme)?],
            None => self.units.iter().collect(),
        };
        let names = |unit: &Unit| unit.workers.iter().map(|worker| worker.plan().name.clone()).collect::<BTreeSet<_>>();
        let known: BTreeSet<String> = units.iter().flat_map(|unit| names(unit)).collect();
        units.retain(|unit| match target {
            Some(target) => unit.workers.iter().any(|worker| worker.plan().name == target),
            None => !unit.workers.is_empty(),
        });
        match target {
            Some(name) if units.is_empty() => Err(OperateError::Unknown {
                what: "target",
                name: name.to_owned(),
                known: known.into_iter().collect::<Vec<_>>().join(", "),
            }),
            _ => Ok(units),
        }
    }

    /// The documents a selection names, scheme by scheme, and the words that name none.
    ///
    /// # Errors
    ///
    /// [`OperateError::Refused`] where a word names several documents, [`OperateError::Unknown`] for an unknown scheme
    /// or target. Nothing was touched then.
    pub(super) fn chosen(&self, selection: &Selection) -> Result<(Vec<Chosen<'_>>, Vec<String>), OperateError> {
        let units = self.in_question(selection.scheme.as_deref(), selection.target.as_deref())?;
        let mut chosen: Vec<Chosen<'_>> = units.into_iter().map(|unit| Chosen { unit, keys: Vec::new() }).collect();
        let mut unknown = Vec::new();
        for text in &selection.keys {
            let mut hits = Vec::new();
            for (index, one) in chosen.iter().enumerate() {
                let found = find_keys(&*self.store, &one.unit.scheme.id, text)?;
                hits.extend(found.into_iter().map(|key| (index, key)));
            }
            if hits.len() > 1 {
                let names = hits.iter().filter_map(|(index, key)| Some((chosen.get(*index)?.unit, key)));
                let names: Vec<String> = names.map(|(unit, key)| format!("{}/{key}", unit.scheme.id)).collect();
                return Err(OperateError::Refused(format!(
                    "`{text}` names several documents: {}; name one by its scheme and key",
                    listed(&names)
                )));
            }
            match hits.pop() {
                None => unknown.push(text.clone()),
                Some((index, key)) => {
                    let keys = chosen.get_mut(index).map(|one| &mut one.keys);
                    keys.into_iter().filter(|keys| !keys.contains(&key)).for_each(|keys| keys.push(key.clone()));
                }
            }
        }
        Ok((chosen, unknown))
    }

    /// A target document's id settles one delivery: it must be clear which.
    pub(super) fn must_be_one(
        &self,
        chosen: &[Chosen<'_>],
        selection: &Selection,
        action: &Action,
    ) -> Result<(), OperateError> {
        let Action::ResolveDelivered { id: Some(_) } = action else { return Ok(()) };
        let named: usize = chosen.iter().map(|one| one.keys.len()).sum();
        if selection.all || named > 1 {
            return Err(OperateError::Refused(
                "an id is of one document at the target: name one document with it".to_owned(),
            ));
        }
        let mut doubtful = Vec::new();
        for Chosen { unit, keys } in chosen {
            for worker in &unit.workers {
                let name = &worker.plan().name;
                let wanted = selection.target.as_ref().is_none_or(|target| target == name);
                for key in keys.iter().filter(|_| wanted) {
                    let row = self.store.delivery(&unit.scheme.id, name, key)?;
                    doubtful.extend(row.filter(|row| row.state == State::InDoubt).map(|_| name.clone()));
                }
            }
        }
        if doubtful.len() > 1 {
            return Err(OperateError::Refused(format!(
                "an id is of one document at one target, and this one is in doubt at {}: name the target",
                doubtful.join(", ")
            )));
        }
        Ok(())
    }
}

/// Names joined; of very many the first.
fn listed(names: &[String]) -> String {
    let shown = names.get(..LISTED).unwrap_or(names).join(", ");
    match names.len().saturating_sub(LISTED) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}
