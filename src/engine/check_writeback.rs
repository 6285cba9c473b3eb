//! Checks what a write-back needs beyond a target: it goes to the document it came from, and what it writes is read
//! again (rule 22).

use crate::capture::source_paths;
use crate::delivery::{CallPlan, WritesBack};
use crate::engine::check::SystemReady;
use crate::engine::check_target::TargetCheck;
use crate::fault::Fault;
use crate::mapping::Fields;
use crate::query::Query;
use crate::scheme::{InDoubt, Target, Written};

impl TargetCheck<'_> {
    /// Checks a write-back of a target; ready only if its source is.
    pub(super) fn writes_back(&self, of: &str, target: &Target, faults: &mut Vec<Fault>) -> Option<WritesBack> {
        let source = &self.scheme.source;
        if target.system != source.system {
            let message =
                format!("a write-back goes to the scheme's source, `{}`, not to `{}`", source.system, target.system);
            faults.push(Fault::new(target.system_at.clone(), message));
        }
        let written = target.written(source);
        if let Some(fields) = self.fields {
            faults.extend(written.iter().filter_map(|field| unread(field, fields)));
        }
        for at in target.written_lists() {
            faults
                .push(Fault::new(at, "a write-back writes fields of the document itself: lists are not supported yet"));
        }
        if target.in_doubt == Some(InDoubt::Probe) && self.by_key == Some(0) {
            let message =
                format!("`in_doubt: probe`: `{}` can't be asked by key; allowed: `resend`, `hold`", source.call);
            faults.push(Fault::new(target.at.clone(), message));
        }
        let paths = source_paths(source).ok()?;
        Some(WritesBack { of: of.to_owned(), source: source.clone(), paths, written })
    }

    /// What settles an unknown outcome of a write-back: the source is read where it can be asked by key.
    pub(super) fn back_in_doubt(&self, target: &Target) -> InDoubt {
        let reads = self.by_key.is_some_and(|by_key| by_key > 0);
        target.in_doubt.unwrap_or(if reads { InDoubt::Probe } else { InDoubt::Hold })
    }
}

/// The fault of a written field that the source does not give back: its echo could not be told from a person's edit.
fn unread(field: &Written, known: &Fields) -> Option<Fault> {
    let path: String = field.document.iter().map(|name| format!("['{name}']")).collect();
    let query = Query::parse(&format!("${path}")).ok()?;
    let slip = known.check_query(&query, &[]).err()?;
    let (name, why) = (field.payload.join("."), slip.message);
    Some(Fault::new(field.at.clone(), format!("`{name}` is written back, but not read by the source: {why}")))
}

/// A write-back's document is named by the source key, never by a number, and what its payload does not name stays.
pub(super) fn addressed_by_key(call: &mut CallPlan, system: &SystemReady) {
    call.spec.number_field = None;
    let options = std::mem::take(&mut call.spec.options);
    call.spec.options = system.connector.partial_options(&call.spec.call, options);
}
