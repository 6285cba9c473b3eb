//! The switches of the simulated server, one for each point that its protocol leaves open or that versions and
//! tenants do differently (protocols/kingdee.md 7 and 9). Read once per request.

use crate::sandbox::shared::Shared;
use crate::sandbox::switches::Switch;

const fn switch(name: &'static str, values: &'static str, meaning: &'static str) -> Switch {
    Switch { name, values, meaning }
}

/// The switches as listed for people; the default value first.
pub const SWITCHES: [Switch; 25] = [
    switch("sign", "sha256|sha1|both", "which digest LoginBySign accepts"),
    switch("limit", "2000|10000|100", "most rows of one query, asked for or not"),
    switch("query_error", "wrapped|bare", "whether query errors are wrapped twice"),
    switch("row_rule", "TEXT", "a filter; bills that do not meet it are hidden without a word"),
    switch("forbid", "TEXT", "form ids, by comma, that the user may neither read nor write"),
    switch("base_data", "lax|strict", "whether only registered numbers are known"),
    switch("price_check", "off|on", "whether a line that is not free needs a tax price above 0"),
    switch("key_order", "off|on", "whether a sub-head behind an entry loses the prices"),
    switch("unknown_key", "ignore|error", "whether an unknown Model key fails its bill"),
    switch("number", "given|replaced", "whether the coding rule overrides the number of a new bill"),
    switch("unique", "on|off", "whether a number can be taken only once"),
    switch("batch", "partial|abort", "whether one bad bill fails the whole batch"),
    switch("mixed_success", "false|true", "IsSuccess where some bills succeeded and some did not"),
    switch("success_order", "sent|reversed", "order of SuccessEntitys"),
    switch("return_data", "full|empty", "whether NeedReturnData names anything"),
    switch("audit", "allowed|refused", "whether audits succeed"),
    switch("audit_from", "submitted|created", "whether a bill may be audited without submission"),
    switch("unaudit", "clears|keeps", "whether UnAudit clears the approval's fields"),
    switch("cancel", "allowed|refused", "whether bills may be voided"),
    switch("edit_lock_code", "13|0", "MsgCode of an edit lock conflict"),
    switch("partial", "edit_lock|permanent", "what the refused items of a partial batch are told"),
    switch("narrow_save", "moves|keeps", "whether a save of named fields (NeedUpDateFields) moves FModifyDate"),
    switch("change_bill", "keeps|moves", "whether a change bill moves FModifyDate"),
    switch("orders", "seeded|none", "whether a seed makes sales orders"),
    switch("refuse", "status|response_error", "whether a refusal is JSON or an exception's text"),
];

/// Which digest LoginBySign accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignDigest {
    /// Servers from 8.0.0.202205 on.
    Sha256,
    /// Older servers.
    Sha1,
    /// Either.
    Both,
}

/// The switches as they stand; every name begins with `kingdee.`.
#[derive(Debug, Clone)]
pub struct Switches {
    /// `sign`: sha256 | sha1 | both.
    pub sign: SignDigest,
    /// `limit`: most rows of one query, asked for or not; 2000, 10000, 100.
    pub limit: usize,
    /// `query_error`: wrapped | bare. `bare`: query errors are not wrapped twice.
    pub bare_query_error: bool,
    /// `row_rule`: a filter in the server's own syntax; bills that do not meet it are hidden without a word.
    pub row_rule: String,
    /// `forbid`: form ids, by comma, that the user may neither read nor write.
    pub forbid: String,
    /// `base_data`: lax | strict. `strict`: only registered numbers are known.
    pub strict_base_data: bool,
    /// `price_check`: off | on. `on`: a line that is not free needs a tax price above 0.
    pub price_check: bool,
    /// `key_order`: off | on. `on`: a sub-head behind an entry loses the prices.
    pub key_order: bool,
    /// `unknown_key`: ignore | error. `error`: an unknown Model key fails its bill.
    pub unknown_key_error: bool,
    /// `number`: given | replaced. `replaced`: the coding rule overrides the number of a new bill.
    pub replace_number: bool,
    /// `unique`: on | off. `off`: two bills may take one number.
    pub unique: bool,
    /// `batch`: partial | abort. `abort`: one bad bill fails the whole batch.
    pub abort_batch: bool,
    /// `mixed_success`: false | true. IsSuccess where some bills succeeded and some did not.
    pub mixed_success: bool,
    /// `success_order`: sent | reversed. Order of SuccessEntitys.
    pub reverse_success: bool,
    /// `return_data`: full | empty. `empty`: NeedReturnData names nothing.
    pub empty_return_data: bool,
    /// `audit`: allowed | refused. `refused`: audit fails for want of stock.
    pub refuse_audit: bool,
    /// `audit_from`: submitted | created. `created`: A bill may be audited without submission.
    pub audit_unsubmitted: bool,
    /// `unaudit`: clears | keeps. `keeps`: FApproveDate and FApproverId stay after UnAudit.
    pub unaudit_keeps: bool,
    /// `cancel`: allowed | refused.
    pub refuse_cancel: bool,
    /// `edit_lock_code`: 13 | 0. MsgCode of an edit lock conflict.
    pub edit_lock_code: u16,
    /// `partial`: edit_lock | permanent. What the refused items of a partial batch are told.
    pub partial_permanent: bool,
    /// `narrow_save`: moves | keeps. `keeps`: a save of named fields leaves FModifyDate alone.
    pub narrow_save_keeps: bool,
    /// `change_bill`: keeps | moves. `moves`: a change bill moves FModifyDate.
    pub change_moves: bool,
    /// `orders`: seeded | none. `none`: a seed makes no sales orders.
    pub no_orders: bool,
    /// `refuse`: status | response_error. Whether a refusal is JSON or an exception's text.
    pub refuse_as_text: bool,
}

impl Switches {
    /// Reads all.
    pub fn read(shared: &Shared) -> Self {
        let get = |name: &str, default: &str| shared.switch(&format!("kingdee.{name}"), default);
        let is = |name: &str, value: &str| get(name, "") == value;
        Self {
            sign: match get("sign", "sha256").as_str() {
                "sha1" => SignDigest::Sha1,
                "both" => SignDigest::Both,
                _ => SignDigest::Sha256,
            },
            limit: get("limit", "2000").parse().unwrap_or(2000),
            bare_query_error: is("query_error", "bare"),
            row_rule: get("row_rule", ""),
            forbid: get("forbid", ""),
            strict_base_data: is("base_data", "strict"),
            price_check: is("price_check", "on"),
            key_order: is("key_order", "on"),
            unknown_key_error: is("unknown_key", "error"),
            replace_number: is("number", "replaced"),
            unique: !is("unique", "off"),
            abort_batch: is("batch", "abort"),
            mixed_success: is("mixed_success", "true"),
            reverse_success: is("success_order", "reversed"),
            empty_return_data: is("return_data", "empty"),
            refuse_audit: is("audit", "refused"),
            audit_unsubmitted: is("audit_from", "created"),
            unaudit_keeps: is("unaudit", "keeps"),
            refuse_cancel: is("cancel", "refused"),
            edit_lock_code: if is("edit_lock_code", "0") { 0 } else { 13 },
            partial_permanent: is("partial", "permanent"),
            narrow_save_keeps: is("narrow_save", "keeps"),
            change_moves: is("change_bill", "moves"),
            no_orders: is("orders", "none"),
            refuse_as_text: is("refuse", "response_error"),
        }
    }
}
