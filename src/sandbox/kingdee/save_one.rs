//! One bill created or overwritten, or not (protocols/kingdee.md 3.2, 3.6, 4).

use std::sync::Arc;

use serde_json::{Map, Value};

use crate::sandbox::ledger::Effect;

use super::base_data::USER;
use super::bill::{Bill, Mark, Record, Status};
use super::call::Call;
use super::fill::Filler;
use super::login;
use super::method::Saving;
use super::reply::{Problem, code};
use super::save::{Asked, value};
use super::state::Parts;
use super::validate;

/// What a save works on.
pub struct Desk<'a> {
    /// The call.
    pub call: &'a Call<'a>,
    /// Its options.
    pub asked: &'a Asked,
    /// Bills, base data and ids.
    pub parts: Parts<'a>,
}

/// A bill that was saved.
#[derive(Debug)]
pub struct Saved {
    /// FID.
    pub id: u64,
    /// FBillNo.
    pub number: Arc<str>,
    /// Created or updated.
    pub effect: Effect,
    /// The bill before; `None` if it was created.
    pub before: Option<Bill>,
}

impl Desk<'_> {
    /// Saves a Model: FID 0 or absent creates, an FID overwrites that bill. Nothing happens if anything is wrong.
    pub fn save(&mut self, model: &Map<String, Value>) -> Result<Saved, Vec<Problem>> {
        let id = value(model, "FID");
        let id = id.trim();
        let mut bill = if id.is_empty() || id == "0" { self.new_bill() } else { self.existing(id)? };
        let is_new = self.parts.table.get(bill.id).is_none();
        let mut problems: Vec<_> = self.number(&mut bill, model, is_new).err().into_iter().collect();
        let mut filler = Filler {
            layout: self.call.layout,
            base: self.parts.base,
            entry_ids: self.parts.entry_ids,
            zone: self.call.shared.zone(),
            manner: &self.asked.manner,
            problems: Vec::new(),
        };
        filler.fill(&mut bill, model);
        problems.append(&mut filler.problems);
        if self.asked.validate {
            problems.extend(self.validate(&bill, model));
        }
        if self.asked.audit && self.call.switches.refuse_audit {
            problems.push(out_of_stock(self.call.layout.form.caption, &bill.number));
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let number = Arc::clone(&bill.number);
        let id = bill.id;
        self.stamp(&mut bill);
        let before = self.parts.table.put(bill);
        let effect = if is_new { Effect::Create } else { Effect::Update };
        Ok(Saved { id, number, effect, before })
    }

    fn new_bill(&mut self) -> Bill {
        let creator = if self.asked.creator.is_empty() { login::USER } else { &self.asked.creator };
        let mark = Mark { by: self.parts.base.register(USER, creator, creator), at: self.call.now };
        Bill {
            id: self.parts.table.next_id(),
            number: "".into(),
            status: if self.asked.saving == Saving::Draft { Status::Draft } else { Status::Created },
            was_audited: false,
            created: mark,
            modified: mark,
            approved: None,
            cancelled: None,
            head: Record::default(),
            entries: self.call.layout.form.entities.iter().map(|_| Vec::new()).collect(),
        }
    }

    fn existing(&mut self, id: &str) -> Result<Bill, Vec<Problem>> {
        let caption = self.call.layout.form.caption;
        let known: Option<u64> = id.parse().ok();
        known.into_iter().for_each(|id| self.parts.table.commit_of(id));
        let Some(bill) = known.and_then(|id| self.parts.table.get(id)) else {
            let message = format!("内码为“{id}”的{caption}不存在或已被删除");
            return Err(vec![Problem::new(code::NOT_FOUND, message)]);
        };
        if bill.status == Status::Audited && (self.asked.validate || self.asked.saving == Saving::Draft) {
            let message = format!("单据编号为“{}”的{caption}，单据已审核，不允许修改！", bill.number);
            return Err(vec![Problem::new(code::VALIDATION, message)]);
        }
        Ok(bill.clone())
    }

    /// Gives a new bill its number, or an existing one another; the number must be free.
    fn number(&mut self, bill: &mut Bill, model: &Map<String, Value>, is_new: bool) -> Result<(), Problem> {
        let sent = value(model, "FBillNo");
        let sent = sent.trim();
        if is_new && (sent.is_empty() || self.call.switches.replace_number) {
            bill.number = self.parts.table.next_number(self.call.layout.form.prefix);
            return Ok(());
        }
        if sent.is_empty() || *bill.number == *sent {
            return Ok(());
        }
        bill.number = sent.into();
        if self.call.switches.unique && !self.parts.table.by_number(sent).is_empty() {
            let message = format!("违反字段唯一性要求：编码唯一。[{sent}]在当前系统中已经被使用。");
            return Err(Problem::of_field("FBillNo", message));
        }
        Ok(())
    }

    fn validate(&self, bill: &Bill, model: &Map<String, Value>) -> Vec<Problem> {
        let (layout, switches) = (self.call.layout, self.call.switches);
        let mut problems = validate::missing(layout, bill);
        let lost = switches.key_order && !self.asked.adjust_order && validate::is_sub_head_late(layout, model);
        if lost || switches.price_check {
            problems.extend(validate::prices(layout, bill, lost));
        }
        problems
    }

    /// Time and user of the save, and of the audit that goes with it.
    fn stamp(&mut self, bill: &mut Bill) {
        let mark = Mark { by: self.parts.base.register(USER, login::USER, login::USER), at: self.call.now };
        if self.asked.manner.only.is_empty() || !self.call.switches.narrow_save_keeps {
            bill.modified = mark;
        }
        if bill.status == Status::Draft && self.asked.saving != Saving::Draft {
            bill.status = Status::Created;
        }
        if self.asked.audit {
            bill.audit(mark);
        }
    }
}

/// Audit fails for want of stock; the text is ours.
pub fn out_of_stock(caption: &str, number: &str) -> Problem {
    Problem::new(code::OPERATION, format!("单据编号为“{number}”的{caption}，即时库存不足，审核失败！"))
}
