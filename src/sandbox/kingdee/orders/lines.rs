//! The goods of an order, and what is agreed for each.

use fastrand::Rng;

use crate::clock::Civil;
use crate::decimal::Decimal;
use crate::sandbox::goods::{GOODS, Good};

use super::super::bill::{Bill, Record, Row};
use super::super::table::Counter;
use super::form::{DELIVERIES, LINES};
use super::masters::SELLER;
use super::sheet::Sheet;
use super::sums;

const NOTES: [&str; 5] = ["", "", "", "客户指定\"蓝色\"吊牌", "随货附 <质检报告> & 说明书"];

/// What all lines of an order share.
#[derive(Debug, Clone)]
pub struct Terms {
    /// Units of the local currency for one of the order's.
    pub exchange: Decimal,
    /// Tax rate in percent.
    pub tax: Decimal,
    /// When the goods are wanted.
    pub wanted: Civil,
    /// Every line has deliveries of its own.
    pub with_deliveries: bool,
}

/// A thing that is sold, by chance.
pub fn sold(rng: &mut Rng) -> Good {
    by_chance(rng, |good| good.price > 0)
}

/// A gift, by chance.
pub fn gift(rng: &mut Rng) -> Good {
    by_chance(rng, |good| good.price == 0)
}

fn by_chance(rng: &mut Rng, is_wanted: fn(&Good) -> bool) -> Good {
    let goods: Vec<Good> = GOODS.into_iter().filter(is_wanted).collect();
    rng.choice(goods).unwrap_or(GOODS[0])
}

/// Adds a line to an order.
pub fn add(sheet: &mut Sheet<'_>, ids: &mut Counter, rng: &mut Rng, bill: &mut Bill, good: Good, terms: &Terms) {
    let mut row = Row { id: ids.next(), parent: 0, cells: Record::default() };
    // In hundredths, so that what is sold by the metre has a fraction.
    let hundredths = if good.divisible { rng.i64(50..10_000) } else { rng.i64(1..200) * 100 };
    let cents = i64::try_from(good.price).unwrap_or(0);
    let price = scaled(cents, 2).divided_by(&terms.exchange, 4).unwrap_or_else(Decimal::zero);
    let cells = &mut row.cells;
    for (key, number) in
        [("FQty", &scaled(hundredths, 2)), ("FTaxPrice", &price), ("FSysPrice", &price), ("FEntryTaxRate", &terms.tax)]
    {
        sheet.put_number(cells, key, number);
    }
    for (key, text) in [("FMaterialId", good.sku_id), ("FUnitID", good.unit), ("FPriceUnitId", good.unit)] {
        sheet.put(cells, key, text);
    }
    for (key, text) in [("FStockOrgId", SELLER), ("FSettleOrgIds", SELLER), ("FStockUnitID", good.unit)] {
        sheet.put(cells, key, text);
    }
    if good.price == 0 {
        sheet.put(cells, "FIsFree", "true");
    } else if rng.u32(0..100) < 20 {
        sheet.put_number(cells, "FDiscountRate", &Decimal::from_i64(rng.i64(1..20)));
    }
    if good.price > 0 && rng.u32(0..100) < 15 {
        sheet.put_number(cells, "F_hesh_Discount", &scaled(rng.i64(1..50_000), 2));
    }
    sheet.put(cells, "FEntryNote", NOTES[rng.usize(0..NOTES.len())]);
    sheet.put_time(cells, "FDeliveryDate", terms.wanted);
    sums::line(sheet, cells, &terms.exchange);
    cells.shrink();
    if terms.with_deliveries {
        add_deliveries(sheet, ids, bill, &row, hundredths, terms);
    }
    if let Some(rows) = bill.entries.get_mut(LINES) {
        rows.push(row);
    }
}

/// The line comes in two parts, where it can be parted.
fn add_deliveries(
    sheet: &mut Sheet<'_>,
    ids: &mut Counter,
    bill: &mut Bill,
    line: &Row,
    hundredths: i64,
    terms: &Terms,
) {
    let first = hundredths / 200 * 100;
    for part in [first, hundredths - first].into_iter().filter(|part| *part > 0) {
        let mut row = Row { id: ids.next(), parent: line.id, cells: Record::default() };
        sheet.put_time(&mut row.cells, "FPlanDate", terms.wanted);
        sheet.put_number(&mut row.cells, "FPlanQty", &scaled(part, 2));
        row.cells.shrink();
        if let Some(rows) = bill.entries.get_mut(DELIVERIES) {
            rows.push(row);
        }
    }
}

/// A number of so many digits behind the point.
pub fn scaled(number: i64, digits: u32) -> Decimal {
    Decimal::parse(&format!("{number}e-{digits}")).unwrap_or_else(Decimal::zero)
}
