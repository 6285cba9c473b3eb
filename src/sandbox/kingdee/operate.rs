//! Submit, Audit, UnAudit, Delete, CancelAssign, and ExecuteOperation's Cancel and UnCancel (protocols/kingdee.md 3.3).

use serde_json::{Value, json};

use crate::sandbox::faults::Kind as Fault;
use crate::sandbox::ledger::Effect;

use super::base_data::USER;
use super::bill::{Bill, Mark, Status};
use super::body::Options;
use super::call::Call;
use super::login;
use super::method::Operation;
use super::reply::{Outcome, Problem, code};
use super::save_one::out_of_stock;
use super::state::{Parts, State};
use super::table::Table;

/// A bill as the call names it.
#[derive(Debug)]
struct Named {
    text: String,
    by_id: bool,
}

impl Named {
    fn find(&self, table: &Table) -> Option<u64> {
        if self.by_id {
            self.text.parse().ok().filter(|id| table.get(*id).is_some())
        } else {
            table.by_number(&self.text).first().copied()
        }
    }

    fn payload(&self) -> Value {
        if self.by_id { json!({ "Id": self.text }) } else { json!({ "Number": self.text }) }
    }
}

/// `Ids` is a text with commas, `Numbers` an array.
fn named(options: &Options<'_>) -> Vec<Named> {
    let of = |key, by_id| options.list(key).into_iter().map(move |text| Named { text, by_id });
    of("Ids", true).chain(of("Numbers", false)).collect()
}

/// The numbers of the bills a call names, and what it sent for each.
pub fn named_documents(options: &Options<'_>, table: &Table) -> Vec<(String, Value)> {
    named(options).iter().map(|one| (document(one, table), one.payload())).collect()
}

fn document(named: &Named, table: &Table) -> String {
    let bill = named.find(table).and_then(|id| table.get(id));
    bill.map_or_else(|| named.text.clone(), |bill| bill.number.to_string())
}

/// Runs the call. An error concerns all its bills.
pub fn run(
    call: &Call<'_>,
    state: &mut State,
    form: usize,
    operation: Operation,
    options: &Options<'_>,
) -> Result<Value, Problem> {
    let Parts { table, base, .. } = state.parts(form)?;
    let named = named(options);
    if named.is_empty() {
        return Err(Problem::new(code::PARAMETER, "编码值或内码值必须传其一"));
    }
    if call.fault == Some(Fault::Throttle) {
        return Err(Problem::throttled());
    }
    let mark = Mark { by: base.register(USER, login::USER, login::USER), at: call.now };
    let mut outcome = Outcome::default();
    // Bills that are not there do not count, unless none is.
    let mut index = 0;
    let mut missing = Vec::new();
    for one in &named {
        let Some(id) = one.find(table) else {
            missing.push(one);
            continue;
        };
        let number = document(one, table);
        let result = match call.refusal(index, &number) {
            Some(problem) => Err(problem),
            None => apply(call, table, id, operation, mark),
        };
        call.record(&number, *result.as_ref().unwrap_or(&Effect::None), one.payload());
        match result {
            Ok(effect) => {
                if effect == Effect::Audit {
                    let message = format!("单据编号为“{number}”的{}，审核成功！", call.layout.form.caption);
                    outcome.messages.push((index, message));
                }
                outcome.done.push((index, id, number.into()));
            }
            Err(problem) => outcome.failed.push((index, problem)),
        }
        index += 1;
    }
    if index == 0 {
        return Err(not_found(&missing));
    }
    missing.iter().for_each(|one| call.record(&one.text, Effect::None, one.payload()));
    Ok(json!({ "Result": { "ResponseStatus": outcome.status_by(call.switches) } }))
}

fn not_found(missing: &[&Named]) -> Problem {
    let kind = if missing.iter().all(|one| one.by_id) { "内码值" } else { "编码值" };
    let texts: Vec<_> = missing.iter().map(|one| format!("\"{}\"", one.text)).collect();
    Problem::new(code::UNKNOWN, format!("{kind}[{}]不存在", texts.join(",")))
}

fn apply(call: &Call<'_>, table: &mut Table, id: u64, operation: Operation, mark: Mark) -> Result<Effect, Problem> {
    table.commit_of(id);
    let Some(bill) = table.get_mut(id) else { return Err(Problem::new(code::NOT_FOUND, "单据不存在")) };
    let effect = turn(call, bill, operation, mark)?;
    if effect == Effect::Delete {
        table.remove(id);
    }
    Ok(effect)
}

/// The state machine.
fn turn(call: &Call<'_>, bill: &mut Bill, operation: Operation, mark: Mark) -> Result<Effect, Problem> {
    let (status, switches) = (bill.status, call.switches);
    let must = |holds, text| require(call, bill, holds, text);
    match operation {
        Operation::Submit => {
            must(status.is_open(), "只有暂存、创建和重新审核的数据才允许提交！")?;
            bill.status = Status::Submitted;
            Ok(Effect::Submit)
        }
        Operation::Audit => {
            must(status != Status::Audited, "单据已经审核！")?;
            must(status == Status::Submitted || switches.audit_unsubmitted, "只有审核中的数据才允许审核！")?;
            if switches.refuse_audit {
                return Err(out_of_stock(call.layout.form.caption, &bill.number));
            }
            bill.audit(mark);
            Ok(Effect::Audit)
        }
        Operation::UnAudit => {
            must(status == Status::Audited, "只有已审核的数据才允许反审核！")?;
            bill.status = Status::Reopened;
            if !switches.unaudit_keeps {
                bill.approved = None;
            }
            Ok(Effect::Unaudit)
        }
        Operation::CancelAssign => {
            must(status == Status::Submitted, "只有审核中的数据才允许撤销！")?;
            bill.status = if bill.was_audited { Status::Reopened } else { Status::Created };
            Ok(Effect::Update)
        }
        Operation::Cancel => {
            must(bill.cancelled.is_none(), "单据已经作废！")?;
            must(!switches.refuse_cancel, "当前状态的数据不允许作废！")?;
            bill.cancelled = Some(mark);
            Ok(Effect::Cancel)
        }
        Operation::UnCancel => {
            must(bill.cancelled.is_some(), "只有已作废的数据才允许反作废！")?;
            bill.cancelled = None;
            Ok(Effect::Update)
        }
        Operation::Delete => {
            must(status.is_open(), "单据状态为暂存、创建或重新审核的数据才允许删除")?;
            Ok(Effect::Delete)
        }
    }
}

fn require(call: &Call<'_>, bill: &Bill, holds: bool, text: &str) -> Result<(), Problem> {
    let caption = call.layout.form.caption;
    let problem = || Problem::new(code::VALIDATION, format!("单据编号为“{}”的{caption}，{text}", bill.number));
    holds.then_some(()).ok_or_else(problem)
}
