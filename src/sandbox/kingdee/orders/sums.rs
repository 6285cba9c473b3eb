//! What follows from the quantity, price, discount and tax rate of a line, and the totals of an order.

use crate::decimal::Decimal;

use super::super::bill::{Bill, Record};
use super::form::LINES;
use super::lines::scaled;
use super::sheet::Sheet;

/// Computes a line's quantities and amounts; local currency by the exchange rate.
pub fn line(sheet: &Sheet<'_>, row: &mut Record, exchange: &Decimal) {
    let (quantity, price) = (sheet.number(row, "FQty"), sheet.number(row, "FTaxPrice"));
    let (discount, tax) = (sheet.number(row, "FDiscountRate"), sheet.number(row, "FEntryTaxRate"));
    let part = |percent: &Decimal| percent.times(&scaled(1, 2));
    let one = Decimal::from_i64(1);
    let (paid, taxed) = (one.minus(&part(&discount)), one.plus(&part(&tax)));
    let untaxed = |amount: &Decimal, digits| match tax.is_zero() {
        true => amount.round(digits),
        false => amount.divided_by(&taxed, digits).unwrap_or_else(Decimal::zero),
    };
    let before = quantity.times(&price).round(2);
    let all = before.times(&paid).round(2);
    let amount = untaxed(&all, 2);
    let tax = all.minus(&amount);
    for (key, value) in [
        ("FPrice", untaxed(&price, 6)),
        ("FTaxNetPrice", price.times(&paid).round(6)),
        ("FBefDisAmt", untaxed(&before, 2)),
        ("FDiscount", before.minus(&all)),
        ("FBefDisAllAmt", before),
        ("FAmount_LC", amount.times(exchange).round(2)),
        ("FTaxAmount_LC", tax.times(exchange).round(2)),
        ("FAllAmount_LC", all.times(exchange).round(2)),
        ("FEntryTaxAmount", tax),
        ("FAmount", amount),
        ("FAllAmount", all),
        ("FRemainOutQty", quantity.minus(&sheet.number(row, "FStockOutQty"))),
    ] {
        sheet.put_number(row, key, &value);
    }
    for key in ["FBaseUnitQty", "FPriceUnitQty", "FStockQty"] {
        sheet.put_number(row, key, &quantity);
    }
}

/// Adds the lines up.
pub fn order(sheet: &Sheet<'_>, bill: &mut Bill) {
    for (total, part) in [
        ("FBillAmount", "FAmount"),
        ("FBillTaxAmount", "FEntryTaxAmount"),
        ("FBillAllAmount", "FAllAmount"),
        ("FBillAllAmount_LC", "FAllAmount_LC"),
    ] {
        let rows = bill.entries.get(LINES).into_iter().flatten();
        let sum = rows.fold(Decimal::zero(), |sum, row| sum.plus(&sheet.number(&row.cells, part)));
        sheet.put_number(&mut bill.head, total, &sum);
    }
}
