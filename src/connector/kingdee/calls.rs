//! The calls a scheme can send.

use std::time::Duration;

use crate::connector::TargetCall;

/// A call.
#[derive(Debug)]
pub struct Call {
    /// As schemes name it.
    pub name: &'static str,
    /// Method of the form service; `delete_or_cancel` decides between two.
    pub method: &'static str,
    /// `opNumber` of ExecuteOperation.
    pub operation: Option<&'static str>,
    /// What it does.
    pub kind: Kind,
    /// Words by which the system says that the state it leads to is reached already.
    pub already: &'static [&'static str],
    /// Options it takes.
    pub options: &'static [&'static str],
    max_batch: usize,
}

/// What a call does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Creates or overwrites.
    Save,
    /// Z, A, D to B.
    Submit,
    /// B to C.
    Audit,
    /// C to D.
    UnAudit,
    /// B to A, or to D where it was audited before.
    CancelAssign,
    /// Z, A, D to nothing.
    Delete,
    /// 作废.
    Cancel,
    /// Delete, or where the status forbids it, cancel.
    DeleteOrCancel,
}

/// Options of Save and BatchSave (protocols/kingdee.md 3.1). BatchCount is left out: with it, the indexes of errors
/// count within each of the parallel parts.
const SAVING: &[&str] = &[
    "NumberSearch",
    "ValidateFlag",
    "IsDeleteEntry",
    "IsEntryBatchFill",
    "NeedUpDateFields",
    "NeedReturnFields",
    "SubSystemId",
    "InterationFlags",
    "IgnoreInterationFlag",
    "IsVerifyBaseDataField",
    "IsAutoAdjustField",
    "IsControlPrecision",
    "ValidateRepeatJson",
    "IsAutoSubmitAndAudit",
    "Creator",
];

/// Options of operations (protocols/kingdee.md 3.3).
const OPERATING: &[&str] = &[
    "CreateOrgId",
    "SelectedPostId",
    "NetworkCtrl",
    "IgnoreInterationFlag",
    "IsVerifyProcInst",
    "InterationFlags",
    "UseBatControlTimes",
];

const fn save(name: &'static str, method: &'static str, max_batch: usize) -> Call {
    Call { name, method, operation: None, kind: Kind::Save, already: &[], options: SAVING, max_batch }
}

/// Operations go one by one: an answer renumbers the bills it found, so that errors of several can't be told apart
/// (protocols/kingdee.md 3.3).
const fn operate(name: &'static str, method: &'static str, kind: Kind, already: &'static [&'static str]) -> Call {
    Call { name, method, operation: None, kind, already, options: OPERATING, max_batch: 1 }
}

/// Words that a bill is not there any more.
const GONE: &[&str] = &["不存在", "未找到", "已经被删除", "已被删除"];
/// Words that a bill is cancelled.
const CANCELLED: &[&str] = &["已作废", "已经作废"];

/// Every call.
pub const CALLS: &[Call] = &[
    save("batchSave", "BatchSave", 100),
    save("save", "Save", 1),
    operate("submit", "Submit", Kind::Submit, &["已提交", "已经提交", "才允许提交"]),
    operate("audit", "Audit", Kind::Audit, &["已审核", "已经审核"]),
    operate("unAudit", "UnAudit", Kind::UnAudit, &["未审核", "才允许反审核"]),
    operate("cancelAssign", "CancelAssign", Kind::CancelAssign, &["才允许撤销"]),
    operate("delete", "Delete", Kind::Delete, GONE),
    Call { operation: Some("Cancel"), ..operate("cancel", "ExecuteOperation", Kind::Cancel, CANCELLED) },
    operate("delete_or_cancel", "", Kind::DeleteOrCancel, &[]),
];

impl Call {
    /// The call of a name.
    pub fn named(name: &str) -> Option<&'static Self> {
        CALLS.iter().find(|call| call.name == name)
    }

    /// Its description for the engine.
    pub fn described(&self) -> TargetCall {
        let saves = self.kind == Kind::Save;
        TargetCall {
            mapped: saves,
            form: true,
            updates: saves,
            // A number that is taken is an error, never overwritten (protocols/kingdee.md 4).
            overwrites: false,
            refuses_known_number: saves,
            probes: true,
            asks_many: true,
            deletes: matches!(self.kind, Kind::Delete | Kind::DeleteOrCancel),
            number: saves.then_some("FBillNo"),
            max_batch: self.max_batch,
            settle,
            options: self.options,
        }
    }
}

/// A time-out is no failure: the server goes on and commits, larger batches for longer (rules.md 6).
fn settle(batch: usize) -> Duration {
    let seconds = u64::try_from(batch).unwrap_or(u64::MAX).saturating_mul(2).saturating_add(120);
    Duration::from_secs(seconds.min(300))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_06_the_processing_limit_grows_with_the_batch() {
        for (batch, seconds) in [(0, 120), (1, 122), (20, 160), (90, 300), (usize::MAX, 300)] {
            assert_eq!(settle(batch), Duration::from_secs(seconds), "{batch}");
        }
    }
}
