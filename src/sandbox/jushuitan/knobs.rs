//! The switches of the simulated platform: what protocols/jushuitan.md 6 and 7 leave open.

use std::time::Duration;

use crate::clock::read_duration;
use crate::sandbox::jushuitan::answer::PageStyle;
use crate::sandbox::jushuitan::gateway::Style;
use crate::sandbox::jushuitan::maker::Tenant;
use crate::sandbox::shared::Shared;
use crate::sandbox::switches::Switch;

/// The system's name.
pub const NAME: &str = "jushuitan";

const fn switch(name: &'static str, values: &'static str, meaning: &'static str) -> Switch {
    Switch { name, values, meaning }
}

/// Every switch.
pub const SWITCHES: [Switch; 24] = [
    switch("rate", "on|off", "5 calls a second and 100 a minute, or as many as one likes"),
    switch("page_size", "clamp|error", "a page size above 50 becomes 50, or is refused with 140"),
    switch("app", "self|isv", "kind of application: an isv can't renew its token (150)"),
    switch("refresh", "rotate|keep", "a renewal gives new tokens, or prolongs the old ones"),
    switch("init_token", "any|ended", "ended: getInitToken is refused while the access token lives"),
    switch("token_life", "DURATION", "life of tokens; default 30d"),
    switch("refresh_delay", "DURATION", "after refresh.token on the legacy gateway the token rests; default 0s"),
    switch("ip_list", "allow|deny", "deny: the caller's address is not listed (110)"),
    switch("permission", "granted|denied", "denied: no call is permitted (190)"),
    switch("code", "number|string", "type of `code` in answers"),
    switch("has_next", "bool|string", "type of `has_next` in answers"),
    switch("amounts", "number|string", "type of amounts, quantities and weights"),
    switch("counts", "zero|absent", "data_count and page_count when is_get_total is false"),
    switch("late_commits", "DURATION", "the first and every second document of an edit is seen later; default 0s"),
    switch("ts_restart", "NUMBER", "each new value restarts the row versions from a small number; default 0"),
    switch("ts_from", "NUMBER", "seeded row versions begin here; default above 2^32"),
    switch("modified", "moves|kept", "kept: writes do not move `modified`"),
    switch("ts", "moves|kept", "kept: writes do not move `ts`"),
    switch("pages", "steady|repeat|shift", "later pages begin a row too early, or at times a row too late"),
    switch("slow_pages", "DURATION", "each answer waits so long times its page number; default 0ms"),
    switch("batchs", "on|off", "seeded documents may have `batchs`"),
    switch("sns", "on|off", "seeded documents may have `sns`"),
    switch("zero_items", "off|on", "on: one seeded document in fifty has no line"),
    switch("taobao", "hidden|told", "told: the shops of 淘系 have shipments as well"),
];

/// Where pages behind the first begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pages {
    /// Where the one before ended.
    Steady,
    /// With its last row once more.
    Repeat,
    /// At times behind a row that slid onto it after it was read.
    Shift,
}

/// The switches as they stand.
#[derive(Debug, Clone)]
pub struct Knobs {
    /// Calls are limited.
    pub limited: bool,
    /// Page sizes are clamped.
    pub clamp: bool,
    /// The application is a service provider's.
    pub isv: bool,
    /// A renewal gives new tokens.
    pub rotate: bool,
    /// A first token is given only where the last has ended.
    pub init_when_ended: bool,
    /// Life of tokens.
    pub token_life: Duration,
    /// Rest after a prolongation.
    pub refresh_delay: Duration,
    /// The caller's address is not listed.
    pub ip_denied: bool,
    /// Nothing is permitted.
    pub forbidden: bool,
    /// How pages look.
    pub page: PageStyle,
    /// How late some writes are seen.
    pub late_commits: Duration,
    /// Number of the row version line.
    pub ts_restart: String,
    /// Where seeded row versions begin; `None` by default.
    pub ts_from: Option<u64>,
    /// Writes leave `modified` as it is.
    pub keep_modified: bool,
    /// Writes leave `ts` as it is.
    pub keep_ts: bool,
    /// Where later pages begin.
    pub pages: Pages,
    /// What pages wait for, per page number.
    pub slow_pages: Duration,
    /// What seeded documents hold.
    pub tenant: Tenant,
}

impl Knobs {
    /// Reads all switches.
    pub fn read(shared: &Shared) -> Self {
        let value = |name: &str| shared.switch_of(NAME, name, "");
        let is = |name: &str, word: &str| value(name) == word;
        let duration =
            |name: &str, default: u64| read_duration(&value(name)).unwrap_or_else(|| Duration::from_secs(default));
        let style = Style { code_text: is("code", "string"), has_next_text: is("has_next", "string") };
        Self {
            limited: !is("rate", "off"),
            clamp: !is("page_size", "error"),
            isv: is("app", "isv"),
            rotate: !is("refresh", "keep"),
            init_when_ended: is("init_token", "ended"),
            token_life: duration("token_life", 30 * 86_400),
            refresh_delay: duration("refresh_delay", 0),
            ip_denied: is("ip_list", "deny"),
            forbidden: is("permission", "denied"),
            page: PageStyle { style, amounts_text: is("amounts", "string"), counts_absent: is("counts", "absent") },
            late_commits: duration("late_commits", 0),
            ts_restart: value("ts_restart"),
            ts_from: value("ts_from").parse().ok(),
            keep_modified: is("modified", "kept"),
            keep_ts: is("ts", "kept"),
            pages: match value("pages").as_str() {
                "repeat" => Pages::Repeat,
                "shift" => Pages::Shift,
                _ => Pages::Steady,
            },
            slow_pages: duration("slow_pages", 0),
            tenant: Tenant {
                batchs: !is("batchs", "off"),
                sns: !is("sns", "off"),
                zero_items: is("zero_items", "on"),
                taobao: is("taobao", "told"),
            },
        }
    }
}
