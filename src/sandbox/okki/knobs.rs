//! The switches of the simulated CRM: what protocols/okki.md 9 leaves open, the conservative choice first.

use std::time::Duration;

use crate::clock::read_duration;
use crate::sandbox::shared::Shared;
use crate::sandbox::switches::Switch;

/// The system's name.
pub const NAME: &str = "okki";

const fn switch(name: &'static str, values: &'static str, meaning: &'static str) -> Switch {
    Switch { name, values, meaning }
}

/// Every switch.
pub const SWITCHES: [Switch; 30] = [
    switch("token_life", "DURATION", "life of tokens; default 8h"),
    switch("renewal", "same_end|full", "a token asked for within a life ends with it, or has a full life"),
    switch("old_token", "lives|dies", "whether a new token kills the older ones"),
    switch(
        "revoke_after",
        "DURATION",
        "tokens are refused so long after their issue, whatever was told; default never",
    ),
    switch("expires_in", "told|absent", "whether client_credentials tells expires_in"),
    switch("access_denied", "401|200", "HTTP status of a refused token"),
    switch("scope_denied", "401|200", "a missing scope: HTTP 401, or 200 with code 403"),
    switch("invalid_client", "400|401", "HTTP status of invalid_client"),
    switch("list_code", "200|0", "0: lists answer code 0 and msg"),
    switch("page_limit", "NUMBER", "larger pages are cut to this; default 500"),
    switch("call_limit", "NUMBER", "calls a second, further ones get 429; default 0: no limit"),
    switch("throttle", "html|json", "body of a 429"),
    switch("omitted_rows", "kept|replaced", "rows that an edit does not mention"),
    switch("omitted_head", "kept|cleared", "head fields that an edit does not mention"),
    switch("duplicate_rows", "last|first", "which un-anchored row of one product and sku survives an edit"),
    switch(
        "unanchored_row",
        "updates|appends",
        "an un-anchored row of an edit that equals an existing row's product and sku",
    ),
    switch("foreign_row", "ignored|404", "a unique_id that is not the order's"),
    switch("bad_status", "ignored|whole_edit", "what is ignored with an unknown status"),
    switch("bad_custom", "ignored|stored|404", "unknown custom fields and options"),
    switch("bad_reference", "refused|stored", "unknown company, customer, user and department ids"),
    switch("required", "TEXT", "field ids, by comma, that this enterprise requires; default none"),
    switch("removed_number", "create|404", "a push by the number of a removed order"),
    switch("race", "DURATION", "a push of a number created less than so long ago makes a second order; default 0s"),
    switch("in_approval", "editable|locked", "orders whose approval_status is not -1"),
    switch("decimals", "kept|2|4", "digits that quantities, prices and amounts keep"),
    switch("answer_rows", "all|sent", "which rows the answer of a push lists"),
    switch("answer_order", "kept|reversed", "their order"),
    switch("without", "TEXT", "serial_ids, product_nos and employee_nos, by comma, that a seed leaves out"),
    switch("extra", "NUMBER", "further companies and products of a seed; default 0"),
    switch("department_list", "told|404", "404: departmentList is no call of this enterprise"),
];

/// What happens to unknown custom fields and options.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadCustom {
    /// They are not stored; the answer is a success.
    Ignored,
    /// They are stored as sent.
    Stored,
    /// The push is refused.
    Refused,
}

/// The switches as they stand; see [`SWITCHES`] for each one's meaning.
#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "named and explained by SWITCHES")]
pub struct Knobs {
    pub token_life: Duration,
    pub full_renewal: bool,
    pub old_token_dies: bool,
    pub revoke_after: Option<Duration>,
    pub hide_expires_in: bool,
    pub denied_status: u16,
    pub scope_denied_in_body: bool,
    pub invalid_client_status: u16,
    pub list_code_zero: bool,
    pub page_limit: usize,
    pub call_limit: usize,
    pub throttle_json: bool,
    pub replace_rows: bool,
    pub clear_omitted: bool,
    pub first_duplicate: bool,
    pub append_unanchored: bool,
    pub refuse_foreign_row: bool,
    pub bad_status_stops_edit: bool,
    pub bad_custom: BadCustom,
    pub store_bad_reference: bool,
    pub required: Vec<String>,
    pub refuse_removed_number: bool,
    pub race: Duration,
    pub lock_in_approval: bool,
    pub decimals: u32,
    pub answer_sent_rows: bool,
    pub reverse_answer: bool,
    pub without: Vec<String>,
    pub extra: u64,
    pub no_department_list: bool,
}

/// Digits that are kept at most (protocols/okki.md 9).
const MOST_DIGITS: u32 = 10;

impl Knobs {
    /// Reads all switches.
    pub fn read(shared: &Shared) -> Self {
        let value = |name: &str| shared.switch_of(NAME, name, "");
        let is = |name: &str, word: &str| value(name) == word;
        let duration = |name: &str| read_duration(&value(name));
        let list = |name: &str| {
            let text = value(name);
            text.split(',').map(str::trim).filter(|one| !one.is_empty()).map(str::to_owned).collect()
        };
        Self {
            token_life: duration("token_life").unwrap_or(Duration::from_secs(28_800)),
            full_renewal: is("renewal", "full"),
            old_token_dies: is("old_token", "dies"),
            revoke_after: duration("revoke_after").filter(|after| !after.is_zero()),
            hide_expires_in: is("expires_in", "absent"),
            denied_status: if is("access_denied", "200") { 200 } else { 401 },
            scope_denied_in_body: is("scope_denied", "200"),
            invalid_client_status: if is("invalid_client", "401") { 401 } else { 400 },
            list_code_zero: is("list_code", "0"),
            page_limit: value("page_limit").parse().unwrap_or(500),
            call_limit: value("call_limit").parse().unwrap_or(0),
            throttle_json: is("throttle", "json"),
            replace_rows: is("omitted_rows", "replaced"),
            clear_omitted: is("omitted_head", "cleared"),
            first_duplicate: is("duplicate_rows", "first"),
            append_unanchored: is("unanchored_row", "appends"),
            refuse_foreign_row: is("foreign_row", "404"),
            bad_status_stops_edit: is("bad_status", "whole_edit"),
            bad_custom: match value("bad_custom").as_str() {
                "stored" => BadCustom::Stored,
                "404" => BadCustom::Refused,
                _ => BadCustom::Ignored,
            },
            store_bad_reference: is("bad_reference", "stored"),
            required: list("required"),
            refuse_removed_number: is("removed_number", "404"),
            race: duration("race").unwrap_or_default(),
            lock_in_approval: is("in_approval", "locked"),
            decimals: value("decimals").parse().unwrap_or(MOST_DIGITS),
            answer_sent_rows: is("answer_rows", "sent"),
            reverse_answer: is("answer_order", "reversed"),
            without: list("without"),
            extra: value("extra").parse().unwrap_or(0),
            no_department_list: is("department_list", "404"),
        }
    }
}
