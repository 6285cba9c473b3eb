//! Stale documents: what they looked up when they were told is otherwise now (rules.md 16). Nothing is sent again by
//! itself; they are listed, and `replay --stale` queues them.

use crate::delivery::mirrors::Mirrors;
use crate::delivery::target::TargetPlan;
use crate::looked_up::LookedUp;
use crate::mapping::gives_the_same;
use crate::name::Key;
use crate::store::{Delivery, Store, StoreError};

/// What the told version of a document looked up and would get otherwise now; empty: it is not stale.
pub fn stale(store: &dyn Store, plan: &TargetPlan, key: &Key, row: &Delivery) -> Result<Vec<LookedUp>, StoreError> {
    let Some(n) = row.base.as_ref().filter(|base| base.told).and_then(|base| base.attempt) else {
        return Ok(Vec::new());
    };
    let attempt = store.attempt(&plan.scheme, &plan.name, key, n)?;
    let mut kept = attempt.map(|attempt| attempt.looked_up).unwrap_or_default();
    let mirrors = Mirrors::new(store, (plan.lookups)());
    kept.retain(|one| !gives_the_same(one, &mirrors));
    mirrors.into_error().map_or(Ok(kept), Err)
}
