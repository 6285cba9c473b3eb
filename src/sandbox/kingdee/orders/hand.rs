//! Does a deed with an order: its content, and the traces it leaves.

use fastrand::Rng;

use crate::decimal::Decimal;

use super::super::bill::{Bill, Mark, Status};
use super::super::switches::Switches;
use super::super::table::Counter;
use super::deed::Deed;
use super::form::LINES;
use super::lines::{self, Terms, scaled};
use super::sheet::Sheet;
use super::sums;

/// Why orders are changed after approval.
const REASON: &str = "客户要求变更";

/// Somebody at work.
pub struct Hand<'a> {
    /// To read and write orders.
    pub sheet: Sheet<'a>,
    /// Ids of new lines.
    pub entry_ids: &'a mut Counter,
    /// Chooses lines and goods.
    pub rng: &'a mut Rng,
    /// Who, and when.
    pub mark: Mark,
    /// How deeds leave their traces.
    pub switches: &'a Switches,
}

impl Hand<'_> {
    /// What the deed does to the order's content.
    pub fn alter(&mut self, deed: Deed, bill: &mut Bill) {
        match deed {
            Deed::Change | Deed::Edit => self.change_line(bill),
            Deed::AddLine => self.add_line(bill),
            Deed::RemoveLine => self.remove_line(bill),
            Deed::Ship => self.ship(bill),
            Deed::Submit | Deed::Approve | Deed::Unaudit | Deed::Void | Deed::Close => return,
        }
        sums::order(&self.sheet, bill);
    }

    /// The states and times it moves.
    pub fn stamp(&mut self, deed: Deed, bill: &mut Bill) {
        match deed {
            Deed::Change | Deed::AddLine | Deed::RemoveLine if bill.status == Status::Audited => {
                self.raise_version(bill);
            }
            Deed::Change | Deed::AddLine | Deed::RemoveLine | Deed::Edit => bill.modified = self.mark,
            Deed::Submit => bill.status = Status::Submitted,
            Deed::Approve => bill.audit(self.mark),
            Deed::Unaudit => {
                bill.status = Status::Reopened;
                if !self.switches.unaudit_keeps {
                    bill.approved = None;
                }
            }
            Deed::Void => bill.cancelled = Some(self.mark),
            Deed::Close => self.close(bill),
            Deed::Ship => {}
        }
    }

    fn raise_version(&mut self, bill: &mut Bill) {
        let version = self.sheet.text(&bill.head, "FVersionNo").parse().unwrap_or(0) + 1_u32;
        self.sheet.put(&mut bill.head, "FVersionNo", &format!("{version:03}"));
        self.sheet.put_id(&mut bill.head, "FChangerId", self.mark.by);
        self.sheet.put_time(&mut bill.head, "FChangeDate", self.mark.at);
        self.sheet.put(&mut bill.head, "FChangeReason", REASON);
        if self.switches.change_moves {
            bill.modified = self.mark;
        }
    }

    /// One more of a line; of every second line chosen another price as well.
    fn change_line(&mut self, bill: &mut Bill) {
        let exchange = self.sheet.number(&bill.head, "FExchangeRate");
        let is_approved = bill.status == Status::Audited;
        let Some(row) = bill.entries.get_mut(LINES).and_then(|rows| choose(self.rng, rows)) else { return };
        let quantity = self.sheet.number(&row.cells, "FQty");
        if is_approved {
            self.sheet.put_number(&mut row.cells, "FOldQty", &quantity);
            self.sheet.put(&mut row.cells, "FChangeFlag", "B");
        }
        self.sheet.put_number(&mut row.cells, "FQty", &quantity.plus(&Decimal::from_i64(1)));
        let price = self.sheet.number(&row.cells, "FTaxPrice");
        if !price.is_zero() && self.rng.bool() {
            self.sheet.put_number(&mut row.cells, "FTaxPrice", &price.plus(&scaled(35, 2)));
        }
        sums::line(&self.sheet, &mut row.cells, &exchange);
    }

    fn add_line(&mut self, bill: &mut Bill) {
        let good = lines::sold(self.rng);
        let first = bill.entries.get(LINES).and_then(|rows| rows.first());
        let tax = first.map_or_else(Decimal::zero, |row| self.sheet.number(&row.cells, "FEntryTaxRate"));
        let terms = Terms {
            exchange: self.sheet.number(&bill.head, "FExchangeRate"),
            tax,
            wanted: self.mark.at,
            with_deliveries: false,
        };
        lines::add(&mut self.sheet, self.entry_ids, self.rng, bill, good, &terms);
        let is_approved = bill.status == Status::Audited;
        if let Some(row) = bill.entries.get_mut(LINES).and_then(|rows| rows.last_mut()).filter(|_| is_approved) {
            self.sheet.put(&mut row.cells, "FChangeFlag", "A");
        }
    }

    fn remove_line(&mut self, bill: &mut Bill) {
        if let Some(rows) = bill.entries.get_mut(LINES).filter(|rows| rows.len() > 1) {
            let at = self.rng.usize(0..rows.len());
            rows.remove(at);
        }
        bill.drop_orphans(self.sheet.layout.form);
    }

    fn ship(&mut self, bill: &mut Bill) {
        let exchange = self.sheet.number(&bill.head, "FExchangeRate");
        let Some(row) = bill.entries.get_mut(LINES).and_then(|rows| choose(self.rng, rows)) else { return };
        let quantity = self.sheet.number(&row.cells, "FQty");
        self.sheet.put_number(&mut row.cells, "FStockOutQty", &quantity);
        sums::line(&self.sheet, &mut row.cells, &exchange);
        self.sheet.put(&mut row.cells, "FDeliveryStatus", "C");
    }

    fn close(&mut self, bill: &mut Bill) {
        self.sheet.put(&mut bill.head, "FCloseStatus", "B");
        self.sheet.put_id(&mut bill.head, "FCloserId", self.mark.by);
        self.sheet.put_time(&mut bill.head, "FCloseDate", self.mark.at);
        for row in bill.entries.get_mut(LINES).into_iter().flatten() {
            self.sheet.put(&mut row.cells, "FMrpCloseStatus", "B");
        }
    }
}

fn choose<'r, T>(rng: &mut Rng, from: &'r mut [T]) -> Option<&'r mut T> {
    let at = if from.is_empty() { 0 } else { rng.usize(0..from.len()) };
    from.get_mut(at)
}
