//! The fixed credentials that every sandbox accepts; public, worth nothing elsewhere. On the legacy gateway
//! `partnerid`, `partnerkey` and `token` are the first three.

/// `app_key`.
pub const APP_KEY: &str = "simappkey";
/// `app_secret`.
pub const APP_SECRET: &str = "SIMSECRET0000000000000000000000";
/// The access token that is valid from the start.
pub const ACCESS_TOKEN: &str = "simaccesstoken";
/// Its refresh token.
pub const REFRESH_TOKEN: &str = "simrefreshtoken";
