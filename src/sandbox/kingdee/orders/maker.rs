//! Makes orders from a number: the same number gives the same orders, but for their ids and times.

use std::time::Duration;

use fastrand::Rng;

use crate::clock::Time;
use crate::decimal::Decimal;
use crate::sandbox::partners::{CUSTOMERS, Customer, SALESMEN, Salesman};

use super::super::base_data::USER;
use super::super::bill::{Bill, Mark, Record, Row, Status};
use super::super::table::Counter;
use super::form::{INSTALMENTS, SAL_SALE_ORDER};
use super::lines::{self, Terms, scaled};
use super::masters::{self, APPROVER, BILL_TYPE, SELLER};
use super::sheet::Sheet;
use super::sums;

/// How many of a hundred orders are in each state.
const STATUSES: [(Status, u32); 5] =
    [(Status::Audited, 78), (Status::Created, 8), (Status::Draft, 5), (Status::Submitted, 5), (Status::Reopened, 4)];

const NOTES: [&str; 6] = [
    "",
    "",
    "请按\"先进先出\"发货",
    "客户要求周六前送达，\n门卫代收🎁",
    "It's urgent: 含税价 <另附合同> & 盖章",
    " 尾款到账后发货 ",
];
const FEES: [&str; 9] = [
    "F_PAEZ_WLF",
    "F_PAEZ_Q1FL",
    "F_PAEZ_Q2FL",
    "F_PAEZ_Q3FL",
    "F_PAEZ_Q4FL",
    "F_PAEZ_NDFL",
    "F_PAEZ_SHF",
    "F_PAEZ_QF",
    "F_PAEZ_CYBT",
];

/// The newest change lies this far back.
const NEWEST: Duration = Duration::from_secs(60);

/// The source of new orders.
#[derive(Debug)]
pub struct Maker {
    /// Follows from the number.
    pub rng: Rng,
    band: u64,
    order: u64,
}

/// When an order was written, by the server's clock.
#[derive(Debug, Clone, Copy)]
pub struct Written {
    /// Last saved.
    pub modified: Time,
    /// The present: nothing lies behind it.
    pub now: Time,
}

impl Maker {
    /// A maker whose orders follow from `seed`.
    pub fn new(seed: u64) -> Self {
        Self { rng: Rng::with_seed(seed), band: seed % 100, order: 0 }
    }

    /// The next order under an FID; `lines` of them if a number is given.
    pub fn make(
        &mut self,
        sheet: &mut Sheet<'_>,
        entry_ids: &mut Counter,
        id: u64,
        written: Written,
        lines: Option<usize>,
    ) -> Bill {
        let customer = CUSTOMERS[self.rng.usize(0..CUSTOMERS.len())];
        let is_export = customer.currency != "PRE001";
        let department = if is_export { "D02" } else { "D01" };
        let salesmen: Vec<Salesman> = SALESMEN.into_iter().filter(|one| one.department == department).collect();
        let salesman = self.rng.choice(salesmen).unwrap_or(SALESMEN[0]);
        let day = Duration::from_secs(86_400);
        let terms = Terms {
            exchange: if is_export { scaled(self.rng.i64(69_000..73_000), 4) } else { Decimal::from_i64(1) },
            tax: Decimal::from_i64(if is_export { 0 } else { 13 }),
            wanted: sheet.zone.civil(written.modified.plus(7 * day)),
            with_deliveries: self.rng.u32(0..4) == 0,
        };
        let mut bill = self.bill(sheet, id, written, salesman);
        self.head(sheet, &mut bill.head, customer, salesman, &terms);
        self.goods(sheet, entry_ids, &mut bill, &terms, lines);
        sums::order(sheet, &mut bill);
        self.instalments(sheet, entry_ids, &mut bill);
        self.live(sheet, &mut bill, written);
        bill.head.shrink();
        bill
    }

    fn bill(&mut self, sheet: &mut Sheet<'_>, id: u64, written: Written, salesman: Salesman) -> Bill {
        self.order += 1;
        // Now and then a number that breaks a filter which does not escape it.
        let tail = if self.order % 41 == 9 { "-O'B" } else { "" };
        let age = if written.modified == written.now { 0 } else { self.rng.u64(0..172_800) };
        let user = sheet.base.register(USER, salesman.number, salesman.name);
        let mark = |time: Time| Mark { by: user, at: sheet.zone.civil(time) };
        Bill {
            id,
            number: format!("{}{:02}{:06}{tail}", SAL_SALE_ORDER.prefix, self.band, self.order).into(),
            status: Status::Created,
            was_audited: false,
            created: mark(written.modified.minus(Duration::from_secs(age))),
            modified: mark(written.modified),
            approved: None,
            cancelled: None,
            head: Record::default(),
            entries: SAL_SALE_ORDER.entities.iter().map(|_| Vec::new()).collect(),
        }
    }

    fn head(
        &mut self,
        sheet: &mut Sheet<'_>,
        head: &mut Record,
        customer: Customer,
        salesman: Salesman,
        terms: &Terms,
    ) {
        let note = NOTES[self.rng.usize(0..NOTES.len())];
        let (location, address) = (masters::location(&customer), masters::address(&customer));
        for (key, text) in [
            ("FBillTypeID", BILL_TYPE),
            ("FSaleOrgId", SELLER),
            ("FCustId", customer.number),
            ("FReceiveId", customer.number),
            ("FSettleId", customer.number),
            ("FChargeId", customer.number),
            ("FSaleDeptId", salesman.department),
            ("FSalerId", salesman.number),
            ("FHEADLOCID", &location),
            ("FReceiveAddress", &address),
            ("FLINKMAN", customer.contact),
            ("FLINKPHONE", customer.phone),
            ("FNote", note),
            ("FHeadDeliveryWay", "JHFS01_SYS"),
            ("FSettleCurrId", customer.currency),
            ("FLocalCurrId", "PRE001"),
            ("FExchangeTypeId", "HLTX01_SYS"),
            ("FRecConditionId", "SKTJ01_SYS"),
            ("FIsIncludedTax", "true"),
        ] {
            sheet.put(head, key, text);
        }
        sheet.put_number(head, "FExchangeRate", &terms.exchange);
        for fee in FEES {
            if self.rng.u32(0..100) < 12 {
                sheet.put_number(head, fee, &scaled(self.rng.i64(1..500_000), 2));
            }
        }
    }

    /// One to six lines, now and then very many; some with one material twice, some with gifts.
    fn goods(
        &mut self,
        sheet: &mut Sheet<'_>,
        ids: &mut Counter,
        bill: &mut Bill,
        terms: &Terms,
        lines: Option<usize>,
    ) {
        let rng = &mut self.rng;
        let many = rng.u32(0..1_000);
        let count = lines.unwrap_or(match many {
            0..5 => rng.usize(100..251),
            5..35 => rng.usize(30..61),
            _ => rng.usize(1..7),
        });
        let mut goods: Vec<_> = (0..count).map(|_| lines::sold(rng)).collect();
        if lines.is_none() && rng.u32(0..100) < 10 {
            goods.extend(goods.first().copied());
        }
        if lines.is_none() && rng.u32(0..100) < 20 {
            goods.push(lines::gift(rng));
        }
        for good in goods {
            lines::add(sheet, ids, rng, bill, good, terms);
        }
    }

    /// Half of the orders are paid in two parts.
    fn instalments(&mut self, sheet: &mut Sheet<'_>, ids: &mut Counter, bill: &mut Bill) {
        let all = sheet.number(&bill.head, "FBillAllAmount");
        let first = all.times(&scaled(30, 2)).round(2);
        let parts = if self.rng.bool() { vec![(30, first.clone()), (70, all.minus(&first))] } else { vec![(100, all)] };
        for (rate, amount) in parts {
            let mut row = Row { id: ids.next(), parent: 0, cells: Record::default() };
            sheet.put_number(&mut row.cells, "FRecAdvanceRate", &Decimal::from_i64(rate));
            sheet.put_number(&mut row.cells, "FRecAdvanceAmount", &amount);
            row.cells.shrink();
            if let Some(rows) = bill.entries.get_mut(INSTALMENTS) {
                rows.push(row);
            }
        }
    }

    /// What has happened to it until now: approved, taken back, changed, closed, voided.
    fn live(&mut self, sheet: &mut Sheet<'_>, bill: &mut Bill, written: Written) {
        let date = bill.created.at.print("yyyy-MM-dd");
        sheet.put(&mut bill.head, "FDate", &date);
        let approver = sheet.base.register(USER, APPROVER.0, APPROVER.1);
        let approved = self.later(written.modified, written.now);
        let mark = |time: Time| Mark { by: approver, at: sheet.zone.civil(time) };
        bill.status = self.status();
        bill.was_audited = bill.status == Status::Reopened;
        if bill.status == Status::Audited {
            bill.audit(mark(approved));
            let after = self.later(approved, written.now);
            let chance = self.rng.u32(0..100);
            let stamps = match chance {
                0..6 => Some(("FCloseDate", "FCloserId", "FCloseStatus", "B")),
                6..12 => Some(("FChangeDate", "FChangerId", "FVersionNo", "001")),
                _ => None,
            };
            if let Some((date, user, state, word)) = stamps {
                sheet.put(&mut bill.head, state, word);
                sheet.put_id(&mut bill.head, user, approver);
                sheet.put_time(&mut bill.head, date, sheet.zone.civil(after));
            }
        }
        if self.rng.u32(0..100) < 3 {
            bill.cancelled = Some(mark(self.later(approved, written.now)));
        }
    }

    fn status(&mut self) -> Status {
        let mut at = self.rng.u32(0..100);
        for (status, share) in STATUSES {
            match at.checked_sub(share) {
                Some(rest) => at = rest,
                None => return status,
            }
        }
        Status::Audited
    }

    /// A time within six hours after another, in the past.
    fn later(&mut self, from: Time, now: Time) -> Time {
        let millis = self.rng.u64(1_000..6 * 3_600_000);
        from.plus(Duration::from_millis(millis).min(now.minus(NEWEST).since(from)))
    }
}
