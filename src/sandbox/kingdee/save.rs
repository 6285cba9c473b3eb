//! Save, BatchSave and Draft: what came, bill by bill, and the answer (protocols/kingdee.md 3.1, 4).

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::sandbox::faults::Kind as Fault;
use crate::sandbox::ledger::Effect;

use super::body::Options;
use super::call::Call;
use super::fill::Manner;
use super::method::Saving;
use super::reply::{Outcome, Problem, code};
use super::returned;
use super::save_one::{Desk, Saved};
use super::state::State;
use super::table::Table;
use super::value::scalar;

/// What the options of a save ask for.
#[derive(Debug)]
pub struct Asked {
    /// Save, BatchSave or Draft.
    pub saving: Saving,
    /// ValidateFlag.
    pub validate: bool,
    /// IsAutoAdjustField.
    pub adjust_order: bool,
    /// IsAutoSubmitAndAudit.
    pub audit: bool,
    /// Creator; the session's user if empty.
    pub creator: String,
    /// How values are taken.
    pub manner: Manner,
    /// NeedReturnFields.
    returned: Vec<String>,
    /// Bills of a sub-batch, within which DIndex counts; 0 for one batch.
    batch: usize,
}

impl Asked {
    fn read(saving: Saving, options: &Options<'_>, call: &Call<'_>) -> Self {
        Self {
            saving,
            validate: saving != Saving::Draft && options.flag("ValidateFlag", true),
            adjust_order: options.flag("IsAutoAdjustField", false),
            audit: saving != Saving::Draft && options.flag("IsAutoSubmitAndAudit", false),
            creator: options.text("Creator"),
            manner: Manner {
                delete_rows: options.flag("IsDeleteEntry", true),
                verify_base: options.flag("IsVerifyBaseDataField", false),
                strict_base: call.switches.strict_base_data,
                bare_base: false,
                refuse_unknown: call.switches.unknown_key_error,
                kept: false,
                only: options.list("NeedUpDateFields"),
            },
            returned: options.list("NeedReturnFields"),
            batch: if saving == Saving::Batch { options.count("BatchCount") } else { 0 },
        }
    }

    /// DIndex of the bill at a position.
    fn index(&self, position: usize) -> usize {
        if self.batch > 1 { position % self.batch } else { position }
    }
}

/// Runs the call. An error concerns all its bills.
pub fn run(
    call: &Call<'_>,
    state: &mut State,
    form: usize,
    saving: Saving,
    options: &Options<'_>,
) -> Result<Value, Problem> {
    let models = models(options)?;
    if call.fault == Some(Fault::Throttle) {
        return Err(Problem::throttled());
    }
    if options.flag("ValidateRepeatJson", false) {
        let packet = Sha256::digest(serde_json::to_vec(&options.0).unwrap_or_default());
        if !state.packets.insert(packet.into()) {
            return Err(Problem::new(code::VALIDATION, "数据包重复提交，请检查"));
        }
    }
    let asked = Asked::read(saving, options, call);
    let mut desk = Desk { call, asked: &asked, parts: state.parts(form)? };
    let mut results = Vec::with_capacity(models.len());
    for (position, model) in models.iter().enumerate() {
        let document = document(model, desk.parts.table);
        let result = match call.refusal(position, &document) {
            Some(problem) => Err(vec![problem]),
            None => desk.save(model),
        };
        results.push((document, result));
    }
    if call.switches.abort_batch && results.iter().any(|(_, result)| result.is_err()) {
        undo(desk.parts.table, &mut results);
    }
    Ok(settle(call, &asked, state, form, &models, results))
}

type Results = Vec<(String, Result<Saved, Vec<Problem>>)>;

/// Takes back what was saved, from the last to the first.
fn undo(table: &mut Table, results: &mut Results) {
    for (_, result) in results.iter_mut().rev() {
        if result.is_ok()
            && let Ok(saved) = std::mem::replace(result, Err(Vec::new()))
        {
            table.restore(saved.id, saved.before);
        }
    }
}

/// Ledger and answer.
fn settle(
    call: &Call<'_>,
    asked: &Asked,
    state: &State,
    form: usize,
    models: &[&Map<String, Value>],
    results: Results,
) -> Value {
    let mut outcome = Outcome::default();
    let mut returned = Vec::new();
    for (position, ((document, result), model)) in results.into_iter().zip(models).enumerate() {
        let index = asked.index(position);
        let payload = || Value::Object((*model).clone());
        match result {
            Err(problems) => {
                call.record(&document, Effect::None, payload());
                outcome.failed.extend(problems.into_iter().map(|problem| (index, problem)));
            }
            Ok(saved) => {
                call.record(&saved.number, saved.effect, payload());
                if asked.audit {
                    call.record(&saved.number, Effect::Submit, payload());
                    call.record(&saved.number, Effect::Audit, payload());
                }
                let bill = state.tables.get(form).and_then(|table| table.get(saved.id));
                returned.push(match bill {
                    Some(bill) if !call.switches.empty_return_data => {
                        returned::data(call.layout, bill, &state.base, &asked.returned)
                    }
                    _ => json!({}),
                });
                outcome.done.push((index, saved.id, saved.number));
            }
        }
    }
    answer(call, asked.saving, &outcome, returned)
}

fn answer(call: &Call<'_>, saving: Saving, outcome: &Outcome, mut returned: Vec<Value>) -> Value {
    let mut result = Map::new();
    result.insert("ResponseStatus".into(), outcome.status_by(call.switches));
    if saving != Saving::Batch {
        match outcome.done.first() {
            Some((_, id, number)) => {
                result.insert("Id".into(), (*id).into());
                result.insert("Number".into(), (&**number).into());
            }
            None => {
                result.insert("Id".into(), "".into());
                returned.push(json!({}));
            }
        }
    }
    result.insert("NeedReturnData".into(), returned.into());
    json!({ "Result": result })
}

/// The bills of a packet.
pub fn models<'a>(options: &'a Options<'_>) -> Result<Vec<&'a Map<String, Value>>, Problem> {
    let bad = || Problem::new(code::PARAMETER, "data数据包中的参数Model的值不正确。");
    match options.get("Model") {
        Some(Value::Object(model)) => Ok(vec![model]),
        Some(Value::Array(models)) if !models.is_empty() => {
            models.iter().map(|model| model.as_object().ok_or_else(bad)).collect()
        }
        _ => Err(bad()),
    }
}

/// What a bill is known by: the FBillNo sent, else that of the bill whose FID was sent; empty if neither.
pub fn document(model: &Map<String, Value>, table: &Table) -> String {
    let number = value(model, "FBillNo").trim().to_owned();
    if !number.is_empty() {
        return number;
    }
    let bill = value(model, "FID").trim().parse().ok().and_then(|id| table.get(id));
    bill.map_or(String::new(), |bill| bill.number.to_string())
}

/// The text of a Model's key, whatever its case; empty if there is none.
pub fn value(model: &Map<String, Value>, key: &str) -> String {
    let found = model.iter().find(|(name, _)| name.eq_ignore_ascii_case(key));
    found.and_then(|(_, value)| scalar(value)).unwrap_or_default()
}
