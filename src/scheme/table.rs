//! The keys of a scheme file (interface.md section 4).

use std::time::Duration;

use super::keys::{KeySpec, Kind, Names, QUERIES, SPAN, TEXTS, Table};

/// The keys of a scheme file.
pub static SCHEME: Table = Table {
    name: "scheme",
    keys: &[
        KeySpec::optional("title", Kind::Text, "what people call it; default: the file's name"),
        KeySpec::optional("enabled", Kind::Bool, "whether it runs; default true"),
        KeySpec::optional("settings", Kind::Any, "values marked `&name` here, to be used below as `*name`"),
        KeySpec::optional("schedule", Kind::OneOf(&SCHEDULE), "when it runs; default every 5m"),
        KeySpec::required("source", Kind::Keys(&SOURCE), "where documents come from"),
        KeySpec::optional("initial", INITIAL, "what the first capture does with what is there; left out: it asks"),
        KeySpec::optional("diff", Kind::Keys(&DIFF), "what counts as a change"),
        KeySpec::optional("targets", Kind::Map(Names::Name, &Kind::Keys(&TARGET)), "where changes go, by name"),
        KeySpec::optional("reconcile", Kind::Keys(&RECONCILE), "what `reconcile` counts"),
    ],
};

static RECONCILE: Table = Table {
    name: "reconcile",
    keys: &[
        KeySpec::optional("back", SPAN, "how far back it looks; default: as far as the sweep, else 30d"),
        KeySpec::optional("sums", Kind::Map(Names::Text, &Kind::Query), "amounts summed for each day, by name"),
    ],
};

/// Shortest time from the end of one run to the begin of the next.
const EVERY: Kind = Kind::Duration { min: Duration::from_millis(100) };

const INITIAL: Kind = Kind::Choice(&["send", "baseline", "adopt"]);

static SCHEDULE: Table = Table {
    name: "schedule",
    keys: &[
        KeySpec::optional("every", EVERY, "from the end of one run to the begin of the next"),
        KeySpec::optional("cron", Kind::Cron, "by the calendar, in the configuration's time zone"),
    ],
};

static SOURCE: Table = Table {
    name: "source",
    keys: &[
        KeySpec::required("system", Kind::Name, "the system, by its name in the configuration"),
        KeySpec::required("call", Kind::Text, "the call, as the vendor names it"),
        KeySpec::optional("form", Kind::Text, "the form, where the call has one"),
        KeySpec::optional("params", Kind::AnyMap, "request parameters by the vendor's names"),
        KeySpec::optional("page_size", Kind::Integer { min: 1, max: 100_000 }, "documents a page"),
        KeySpec::required("key", QUERIES, "path or paths that identify a document"),
        KeySpec::optional("number", Kind::Query, "path of what people search by"),
        KeySpec::optional("time", Kind::Query, "path of the document's own time"),
        KeySpec::optional("cursor", Kind::Query, "path of the row version to follow"),
        KeySpec::optional(
            "mode",
            Kind::Choice(&["window", "full", "cursor"]),
            "how it is read; default window, with `cursor` cursor",
        ),
        KeySpec::optional(
            "start",
            Kind::Start,
            "a date, or how far before the first start; default 30d, in `mode: full` everything",
        ),
        KeySpec::optional(
            "overlap",
            Kind::Duration { min: Duration::ZERO },
            "how far a window reaches back; default 10m",
        ),
        KeySpec::optional("window", SPAN, "longest window of one request; default 1d"),
        KeySpec::optional("sweep", Kind::Keys(&SWEEP), "regular re-read of what may have been missed"),
        KeySpec::optional("fields", Kind::List(&FIELD), "fields to read, for calls that want a list"),
        KeySpec::optional(
            "entries",
            Kind::Shape { scalar: None, list: Some(&Kind::List(&Kind::Keys(&ENTRY))), map: Some(&Kind::Keys(&ENTRY)) },
            "entries to read with them: one, or a list",
        ),
        KeySpec::optional(
            "changed_fields",
            Kind::List(&Kind::Text),
            "fields whose latest value is the document's time",
        ),
        KeySpec::optional("filter", Kind::Text, "a further filter in the vendor's language"),
        KeySpec::optional("detail", Kind::Keys(&DETAIL), "a call that reads each listed document whole"),
        KeySpec::later("scheme", Kind::Name, "another scheme, whose change log is read"),
    ],
};

static DETAIL: Table = Table {
    name: "detail",
    keys: &[
        KeySpec::required("call", Kind::Text, "the call, as the vendor names it"),
        KeySpec::required("params", Kind::Map(Names::Text, &Kind::Text), "its parameters, over the listed document"),
        KeySpec::optional(
            "when",
            Kind::Choice(&["changed", "always"]),
            "whether only what is listed otherwise than before is read; default changed",
        ),
    ],
};

static SWEEP: Table = Table {
    name: "sweep",
    keys: &[
        KeySpec::optional("every", EVERY, "from the end of one sweep to the begin of the next"),
        KeySpec::optional("cron", Kind::Cron, "by the calendar"),
        KeySpec::optional("back", SPAN, "how far back it reads; default 30d"),
        KeySpec::optional("deletes", Kind::Bool, "whether what is missing is deleted; default false"),
        KeySpec::optional("max_deletes", Kind::Share, "the share above which deletions stop and ask; default 5%"),
    ],
};

/// A field, or a list of them, so that an alias can stand for several.
const FIELD: Kind =
    Kind::Shape { scalar: Some(&Kind::Text), list: Some(&Kind::List(&ONE_FIELD)), map: Some(&Kind::Keys(&ALIAS)) };

const ONE_FIELD: Kind = Kind::Shape { scalar: Some(&Kind::Text), list: None, map: Some(&Kind::Keys(&ALIAS)) };

static ALIAS: Table = Table {
    name: "field",
    keys: &[
        KeySpec::required("field", Kind::Text, "the vendor's name"),
        KeySpec::required("as", Kind::Text, "its name in documents"),
    ],
};

static ENTRY: Table = Table {
    name: "entry",
    keys: &[
        KeySpec::required("name", Kind::Text, "the entity; the list's name in documents"),
        KeySpec::required("id", Kind::Text, "the field of a line's id"),
        KeySpec::required("fields", Kind::List(&FIELD), "fields of a line"),
        KeySpec::optional(
            "entries",
            Kind::Shape { scalar: None, list: Some(&Kind::List(&Kind::Keys(&ENTRY))), map: Some(&Kind::Keys(&ENTRY)) },
            "entries below it",
        ),
    ],
};

static DIFF: Table = Table {
    name: "diff",
    keys: &[
        KeySpec::optional("ignore", QUERIES, "paths that never make a change"),
        KeySpec::optional("lists", Kind::Map(Names::Query, &Kind::Query), "path of a list: path of its elements' key"),
        KeySpec::optional("numbers", Kind::Choice(&["value", "text"]), "whether 12.50 equals 12.5; default value"),
        KeySpec::optional("numeric", QUERIES, "paths where \"12\" and 12 are equal"),
    ],
};

static TARGET: Table = Table {
    name: "target",
    keys: &[
        KeySpec::required("system", Kind::Name, "the system, by its name in the configuration"),
        KeySpec::required("call", Kind::Text, "the call, as the vendor names it"),
        KeySpec::optional("form", Kind::Text, "the form, where the call has one"),
        KeySpec::optional("when", Kind::Condition, "which versions are told; default all"),
        KeySpec::optional("compare", Kind::Condition, "which versions become the base by being skipped; default all"),
        KeySpec::optional("batch", Kind::Integer { min: 1, max: 10_000 }, "documents a request"),
        KeySpec::optional("identity", Kind::Keys(&IDENTITY), "how the target document is found again"),
        KeySpec::optional("in_doubt", IN_DOUBT, "what settles an unknown outcome"),
        KeySpec::optional("remembers", SPAN, "how long the target remembers our key, for `in_doubt: resend`"),
        KeySpec::optional("settle", SPAN, "from the last byte sent until absence counts; default: the system's"),
        KeySpec::optional(
            "baseline_missing",
            Kind::Choice(&["skip", "create"]),
            "baselined documents that are missing",
        ),
        KeySpec::optional("retry", Kind::Keys(&RETRY), "retries of what may pass"),
        KeySpec::optional(
            "hours",
            Kind::Hours,
            "when deliveries go out, `06:00-23:00` on the clock of the configuration's time zone; default always",
        ),
        KeySpec::optional("options", Kind::AnyMap, "call options by the vendor's names"),
        KeySpec::optional("mapping", Kind::AnyMap, "the target document"),
        KeySpec::optional("operations", Kind::List(&Kind::Keys(&OPERATION)), "tried in order before the target's call"),
        KeySpec::optional("steps", Kind::Keys(&STEPS), "further calls that a delivery is made of; default none"),
        KeySpec::optional("initial", INITIAL, "overrides the scheme's"),
        KeySpec::optional("writeback", Kind::Keys(&TARGET), "a delivery to the source after acceptance"),
    ],
};

static IDENTITY: Table = Table {
    name: "identity",
    keys: &[
        KeySpec::optional("number", Kind::Text, "payload field that holds the document's number"),
        KeySpec::optional("mark", Kind::Text, "payload field that carries our mark"),
        KeySpec::optional("compare", TEXTS, "payload fields compared; default: all mapped ones"),
    ],
};

const IN_DOUBT: Kind = Kind::Shape {
    scalar: Some(&Kind::Choice(&["probe", "resend", "hold"])),
    list: None,
    map: Some(&Kind::Keys(&RESEND)),
};

static RESEND: Table = Table {
    name: "in_doubt",
    keys: &[KeySpec::required("resend", Kind::Keys(&REMEMBERS), "the same bytes are sent again")],
};

static REMEMBERS: Table =
    Table { name: "resend", keys: &[KeySpec::required("remembers", SPAN, "how long the target remembers our key")] };

static RETRY: Table = Table {
    name: "retry",
    keys: &[
        KeySpec::optional("attempts", Kind::Integer { min: 1, max: 1000 }, "sends before `rejected`; default 8"),
        KeySpec::optional("from", SPAN, "first wait; default 5s"),
        KeySpec::optional("to", SPAN, "longest wait; default 15m"),
    ],
};

static OPERATION: Table = Table {
    name: "operation",
    keys: &[
        KeySpec::optional("when", Kind::Condition, "which versions; only the last may leave it out"),
        KeySpec::required("call", Kind::Text, "the call, as the vendor names it"),
        KeySpec::optional("mapping", Kind::AnyMap, "the target document, where the call needs one"),
        KeySpec::optional("options", Kind::AnyMap, "call options; default: the target's"),
        KeySpec::optional("steps", Kind::Keys(&STEPS), "further calls that it is made of; the target's are not taken"),
    ],
};

/// Calls around the call that tells a version: each is asked for first and left out where its effect is there already.
static STEPS: Table = Table {
    name: "steps",
    keys: &[
        KeySpec::optional(
            "before",
            Kind::List(&STEP),
            "calls that open the target's document before it is told anew, such as `unAudit`; a create has none",
        ),
        KeySpec::optional(
            "after",
            Kind::List(&STEP),
            "calls that close it again, such as `submit` and `audit`; after a create, too",
        ),
    ],
};

const STEP: Kind = Kind::Shape { scalar: Some(&Kind::Text), list: None, map: Some(&Kind::Keys(&STEP_CALL)) };

static STEP_CALL: Table = Table {
    name: "step",
    keys: &[
        KeySpec::required("call", Kind::Text, "the call, as the vendor names it; one that needs no mapping"),
        KeySpec::optional("options", Kind::AnyMap, "call options; default: those of the target's that it knows"),
    ],
};
