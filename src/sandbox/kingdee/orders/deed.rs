//! What people (and the stock) do with an order, and when it can be done (protocols/kingdee.md 5).

use serde::Deserialize;

use super::super::bill::{Bill, Status};
use super::form::LINES;
use super::sheet::Sheet;

/// A deed. On an approved order `change`, `add_line` and `remove_line` go by a change bill: it stays C, FVersionNo
/// rises, FChangeDate, FChangerId and FChangeReason are set, and FModifyDate moves only by the switch `change_bill`.
/// Before approval they are ordinary edits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deed {
    /// Another quantity (and now and then price) of a line of an approved order.
    Change,
    /// One more line.
    AddLine,
    /// One line less; its id vanishes without a trace.
    RemoveLine,
    /// Another quantity or price before approval: FModifyDate moves.
    Edit,
    /// Z, A, D to B.
    Submit,
    /// Z, A, B, D to C: FApproveDate is set, FModifyDate does not move.
    Approve,
    /// C to D; the switch `unaudit` says whether the approval's fields are cleared.
    Unaudit,
    /// 作废: FCancelStatus B and FCancelDate.
    Void,
    /// 关闭: FCloseStatus B and FCloseDate, its rows closed.
    Close,
    /// Goods leave the stock: FStockOutQty of a row, and no time moves.
    Ship,
}

impl Deed {
    /// Whether it can be done with an order; else what it needs, in a sentence.
    pub fn check(self, sheet: &Sheet<'_>, bill: &Bill) -> Result<(), &'static str> {
        let is_closed = sheet.text(&bill.head, "FCloseStatus") == "B";
        let must = |holds: bool, needs| if holds { Ok(()) } else { Err(needs) };
        match self {
            Self::Void => return must(bill.cancelled.is_none(), "needs an order that is not voided"),
            _ => must(bill.cancelled.is_none() && !is_closed, "needs an order that is neither voided nor closed")?,
        }
        match self {
            Self::Change | Self::Unaudit | Self::Close | Self::Ship => {
                must(bill.status == Status::Audited, "needs an approved order (C)")
            }
            Self::RemoveLine => {
                must(bill.entries.get(LINES).is_some_and(|rows| rows.len() > 1), "needs an order of two lines or more")
            }
            Self::Edit | Self::Submit => must(bill.status.is_open(), "needs an order that is Z, A or D"),
            Self::Approve => must(bill.status != Status::Audited, "needs an order that is not approved"),
            Self::AddLine | Self::Void => Ok(()),
        }
    }

    /// Whether an order may be chosen for it where none is named: approved ones, unless it comes before approval.
    pub fn suits(self, sheet: &Sheet<'_>, bill: &Bill) -> bool {
        let before = matches!(self, Self::Edit | Self::Submit | Self::Approve);
        (before || bill.status == Status::Audited) && self.check(sheet, bill).is_ok()
    }
}
