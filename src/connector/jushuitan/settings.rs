//! What a user writes of a 聚水潭 account.

use url::Url;

use crate::secret::Secret;

/// The account and how it is reached.
#[derive(Debug, Clone)]
pub struct JushuitanSettings {
    /// Which of the two gateways.
    pub gateway: Gateway,
    /// Its address, without the path of a call.
    pub base_url: Url,
    /// `app_key`; `partnerid` at the legacy gateway.
    pub app_key: Secret,
    /// `app_secret`; `partnerkey` at the legacy gateway.
    pub app_secret: Secret,
    /// The merchant's access token.
    pub access_token: Secret,
    /// Whose app it is.
    pub app: App,
}

/// Which gateway (protocols/jushuitan.md 1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gateway {
    /// `openapi.jushuitan.com`: everything in the form body, answers nested under `data`.
    Open,
    /// `open.erp321.com`: system parameters in the query string, flat answers.
    Legacy,
}

/// Whose app it is: decides how an expired token is renewed (protocols/jushuitan.md 3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum App {
    /// The merchant's own.
    Own,
    /// A service provider's: only the merchant can authorise it again.
    Isv,
}
