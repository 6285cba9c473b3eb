//! What follows from the quantity, price, discount and tax rate of a line, and the totals of an order.

use crate::decimal::Decimal;

use super::super::bill::{Bill, Record};
use super::form::LINES;
use super::sheet::Sheet;

/// Computes a line's quantities and amounts; local currency by the exchange rate.
pub fn line(sheet: &Sheet<'_>, row: &mut Record, exchange: &Decimal) {
    let hundred = Decimal::from_i64(100);
    let (quantity, price) = (sheet.number(row, "FQty"), sheet.number(row, "FTaxPrice"));
    let discounted = hundred.minus(&sheet.number(row, "FDiscountRate"));
    let taxed = hundred.plus(&sheet.number(row, "FEntryTaxRate"));
    let share = |amount: &Decimal, of: &Decimal, digits| {
        amount.times(&hundred).divided_by(of, digits).unwrap_or_else(Decimal::zero)
    };
    let percent =
        |amount: &Decimal, digits| amount.times(&discounted).divided_by(&hundred, digits).unwrap_or_else(Decimal::zero);
    let before = quantity.times(&price).round(2);
    let all = percent(&before, 2);
    let amount = share(&all, &taxed, 2);
    let tax = all.minus(&amount);
    for (key, value) in [
        ("FPrice", share(&price, &taxed, 6)),
        ("FTaxNetPrice", percent(&price, 6)),
        ("FBefDisAmt", share(&before, &taxed, 2)),
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
