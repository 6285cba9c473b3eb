//! The fixed credentials that every sandbox accepts; public, worth nothing elsewhere.

/// `client_id`.
pub const CLIENT_ID: &str = "simokkiclient";
/// `client_secret`.
pub const CLIENT_SECRET: &str = "SIMOKKISECRET000000000000000000";
/// Login of the password grant.
pub const USERNAME: &str = "crm@sandbox.example";
/// Its password; sent as hex SHA-256.
pub const PASSWORD: &str = "simpassword";
/// Everything that may be asked for (protocols/okki.md 2.1).
pub const SCOPES: [&str; 12] = [
    "product",
    "company",
    "lead",
    "opportunity",
    "invoices",
    "user",
    "costInvoice",
    "paymentInvoice",
    "purchaseOrder",
    "warehouse",
    "capitalAccount",
    "webhook",
];
