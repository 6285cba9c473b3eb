//! What a form (业务对象) looks like: its fields with kind, level, captions and rules. Tables only, no behaviour, so
//! that another form is another table.

/// The forms the server knows; the first is the one whose bills are shown to a judge who names none.
pub const FORMS: &[&Form] = &[&super::outstock::SAL_OUTSTOCK, &super::orders::SAL_SALE_ORDER];

/// Where SAL_SaleOrder stands in [`FORMS`].
pub const ORDERS: usize = 1;

/// More entities than this in one form would not fit a query's line.
pub const MAX_ENTITIES: usize = 3;

/// How a field's value is written and shown (protocols/kingdee.md 2.1, value typing).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text; empty is shown as one blank.
    Text,
    /// A day; shown with midnight.
    Date,
    /// Date and time of day.
    DateTime,
    /// Exact decimal; shown with `.0` when whole.
    Decimal,
    /// Whole number.
    Integer,
    /// Check box.
    Flag,
    /// Base data of the named form, written `{"FNumber": …}`, kept by internal id.
    Base(&'static str),
    /// A letter or word with captions.
    Choice(&'static [(&'static str, &'static str)]),
    /// A property of a base data field of the same level, named by its dotted query key; shown, never written.
    Property(&'static str),
    /// Accepted, not kept (link rows and the like).
    Opaque,
}

/// What is asked of a field when a bill is saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// Nothing.
    Optional,
    /// Must have a value.
    Required,
    /// Must have a value; an entry row without it is no row.
    LineKey,
    /// The server keeps it: saves pass it over.
    Kept,
}

/// One field.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// The metadata key, with F.
    pub key: &'static str,
    /// The caption that messages name.
    pub caption: &'static str,
    /// How its value is written and shown.
    pub kind: Kind,
    /// What is asked of it.
    pub rule: Rule,
    /// What it shows until it is set; empty: what a blank of its kind shows.
    pub starts: &'static str,
}

impl Rule {
    /// Whether a saved bill must have a value.
    pub fn asks_a_value(self) -> bool {
        matches!(self, Self::Required | Self::LineKey)
    }
}

impl Field {
    /// An optional field.
    pub const fn new(key: &'static str, caption: &'static str, kind: Kind) -> Self {
        Self { key, caption, kind, rule: Rule::Optional, starts: "" }
    }

    /// The same field under another rule.
    pub const fn ruled(self, rule: Rule) -> Self {
        Self { rule, ..self }
    }

    /// The same field with a value until it is set.
    pub const fn starting(self, starts: &'static str) -> Self {
        Self { starts, ..self }
    }
}

/// A sub-head (object in the Model) or an entry entity (array in the Model).
#[derive(Debug)]
pub struct Group {
    /// The entity key: `SubHeadEntity`, `FEntity`.
    pub key: &'static str,
    /// The caption that messages name.
    pub caption: &'static str,
    /// Its fields.
    pub fields: &'static [Field],
    /// Whether a bill without a row of it is refused.
    pub required: bool,
    /// The entity whose rows its rows belong to, by position, which is lower than its own; `None`: to the bill.
    pub parent: Option<usize>,
}

/// A form.
#[derive(Debug)]
pub struct Form {
    /// `SAL_OUTSTOCK`.
    pub id: &'static str,
    /// The caption that messages name.
    pub caption: &'static str,
    /// What the coding rule's numbers begin with.
    pub prefix: &'static str,
    /// Head fields beside those every bill has ([`super::bill::System`]).
    pub head: &'static [Field],
    /// Sub-heads.
    pub sub_heads: &'static [Group],
    /// Entry entities, at most [`MAX_ENTITIES`].
    pub entities: &'static [Group],
}
