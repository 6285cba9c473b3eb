//! Schemes that others look up in: what is known of them when mappings are checked, and the paths they are indexed by.

use std::collections::BTreeMap;

use crate::delivery::TargetPlan;
use crate::engine::check::{Surroundings, fields_of};
use crate::mapping::{Fields, Source};
use crate::query::Query;
use crate::scheme::SchemeFile;

/// What look-ups may ask, as they name it (`table.NAME` or a scheme's id).
pub(super) struct KnownMirrors {
    /// Fields, where they are known.
    pub fields: BTreeMap<String, Option<Fields>>,
    /// Paths that a scheme's `diff.ignore` leaves out of every change.
    pub ignored: BTreeMap<String, Vec<Query>>,
}

impl KnownMirrors {
    /// Of these schemes and the tables there are.
    pub fn new(schemes: &[SchemeFile], around: &Surroundings) -> Self {
        let mut fields = around.tables.fields();
        let mut ignored = BTreeMap::new();
        for scheme in schemes.iter().map(|file| &file.scheme) {
            let system = around.systems.get(&scheme.source.system);
            fields.insert(scheme.id.clone(), system.and_then(|system| fields_of(scheme, system)));
            ignored.insert(scheme.id.clone(), scheme.diff.ignore.clone());
        }
        Self { fields, ignored }
    }
}

/// The paths that the look-ups of all targets ask each scheme by.
pub(super) fn index_of<'a>(targets: impl Iterator<Item = &'a TargetPlan>) -> BTreeMap<String, Vec<Query>> {
    let mut paths: BTreeMap<String, BTreeMap<String, Query>> = BTreeMap::new();
    let mappings = targets.flat_map(|target| &target.calls).filter_map(|call| call.mapping.as_ref());
    for lookup in mappings.flat_map(|mapping| mapping.lookups()) {
        if let Source::Scheme(scheme) = &lookup.source {
            let by = lookup.by.iter().filter_map(|by| Some((by.field.clone(), by.path.clone()?)));
            paths.entry(scheme.clone()).or_default().extend(by);
        }
    }
    paths.into_iter().map(|(scheme, paths)| (scheme, paths.into_values().collect())).collect()
}
