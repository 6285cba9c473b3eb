//! The keys of the configuration file (interface.md section 3). What a connector takes is its own table.

use crate::scheme::keys::{KeySpec, Kind, Names, SPAN, TEXTS, Table};
use crate::scheme::transport::TRANSPORT;

/// The keys of the configuration file.
pub static CONFIG: Table = Table {
    name: "configuration",
    keys: &[
        KeySpec::optional("data", Kind::Text, "folder of the database; default ./data"),
        KeySpec::optional("schemes", Kind::Text, "folder of scheme files; default ./schemes"),
        KeySpec::optional("time_zone", Kind::Zone, "zone of source times that carry none; default Asia/Shanghai"),
        KeySpec::optional("tables", Kind::Map(Names::Name, &Kind::Text), "cross-reference tables (CSV) by name"),
        KeySpec::optional("api", Kind::Keys(&API), "the status API"),
        KeySpec::optional("mask", TEXTS, "fields of personal data shown as ***, at any depth"),
        KeySpec::optional("retention", Kind::Keys(&RETENTION), "how long history is kept"),
        KeySpec::optional("log", Kind::Keys(&LOG), "where and how much is logged"),
        KeySpec::optional("alerts", Kind::Keys(&ALERTS), "who is told of what"),
        KeySpec::required("systems", Kind::Map(Names::Name, &Kind::Keys(&SYSTEM)), "the systems by name"),
    ],
};

/// The keys of a system: one connector, and `transport`.
pub static SYSTEM: Table = Table {
    name: "system",
    keys: &[
        KeySpec::optional("jushuitan", Kind::AnyMap, "聚水潭"),
        KeySpec::optional("kingdee", Kind::AnyMap, "金蝶云星空"),
        KeySpec::optional("okki", Kind::AnyMap, "小满 OKKI"),
        KeySpec::optional("http", Kind::AnyMap, "any JSON API, declared"),
        KeySpec::optional("transport", Kind::Keys(&TRANSPORT), "how it is spoken to"),
    ],
};

static API: Table = Table {
    name: "api",
    keys: &[
        KeySpec::optional("listen", Kind::Address, "address and port; default 127.0.0.1:7878"),
        KeySpec::optional("tokens", Kind::Keys(&TOKENS), "bearer tokens"),
        KeySpec::optional("tls", Kind::Keys(&TLS), "certificate and key, to listen off loopback"),
        KeySpec::optional("behind_proxy", Kind::Bool, "a proxy in front ends TLS"),
    ],
};

static TOKENS: Table = Table {
    name: "tokens",
    keys: &[
        KeySpec::optional("read", Kind::Secret, "may read"),
        KeySpec::optional("operate", Kind::Secret, "may read and act"),
    ],
};

static TLS: Table = Table {
    name: "tls",
    keys: &[
        KeySpec::required("cert", Kind::Text, "PEM file of the certificate chain"),
        KeySpec::required("key", Kind::Text, "PEM file of the private key"),
    ],
};

static RETENTION: Table = Table {
    name: "retention",
    keys: &[
        KeySpec::optional("versions", Kind::Integer { min: 1, max: 1_000_000 }, "versions of a document; default 20"),
        KeySpec::optional("history", SPAN, "changes and attempts; default 180d"),
        KeySpec::optional("runs", SPAN, "runs; default 30d"),
    ],
};

static LOG: Table = Table {
    name: "log",
    keys: &[
        KeySpec::optional("dir", Kind::Text, "folder of log files; default: standard error"),
        KeySpec::optional("level", Kind::Choice(&["error", "warn", "info", "debug", "trace"]), "default info"),
        KeySpec::optional("keep", Kind::Integer { min: 1, max: 10_000 }, "files kept; default 14"),
    ],
};

static ALERTS: Table = Table {
    name: "alerts",
    keys: &[
        KeySpec::optional("to", Kind::Map(Names::Name, &Kind::OneOf(&CHANNEL)), "receivers by name"),
        KeySpec::optional("rules", Kind::Keys(&RULES), "what is told"),
    ],
};

static CHANNEL: Table = Table {
    name: "channel",
    keys: &[
        KeySpec::optional("dingtalk", Kind::Keys(&ROBOT), "钉钉 robot"),
        KeySpec::optional("wecom", Kind::Keys(&ROBOT), "企业微信 robot"),
        KeySpec::optional("feishu", Kind::Keys(&ROBOT), "飞书 robot"),
        KeySpec::optional("webhook", Kind::Keys(&ROBOT), "any address that takes JSON"),
    ],
};

static ROBOT: Table = Table {
    name: "robot",
    keys: &[
        KeySpec::required("url", Kind::Secret, "its address, which holds its token"),
        KeySpec::optional("secret", Kind::Secret, "what messages are signed with"),
    ],
};

const COUNT: Kind = Kind::Integer { min: 1, max: 1_000_000 };

static RULES: Table = Table {
    name: "rules",
    keys: &[
        KeySpec::optional("rejected", COUNT, "so many documents rejected"),
        KeySpec::optional("in_doubt", COUNT, "so many documents in doubt"),
        KeySpec::optional("silent", COUNT, "so many runs without a document"),
        KeySpec::optional("behind", SPAN, "a scheme so far behind"),
        KeySpec::optional("token_expiry", SPAN, "so long before a token ends"),
    ],
};
