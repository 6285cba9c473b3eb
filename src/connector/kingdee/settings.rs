//! What a user writes of a 金蝶云星空 account.

use url::Url;

use crate::secret::Secret;

/// The account (data centre and user) and how it is reached.
#[derive(Debug, Clone)]
pub struct KingdeeSettings {
    /// Address of the application, ending in `/k3cloud/`.
    pub base_url: Url,
    /// Id of the data centre (账套).
    pub acct_id: String,
    /// Language of messages: 2052 Chinese, 1033 English.
    pub lcid: u32,
    /// How we log in, and as whom.
    pub login: Login,
    /// Number of the organisation to work in; none: the user's own.
    pub org: Option<String>,
    /// Digest of [`Login::Sign`].
    pub sign_digest: SignDigest,
    /// Unit of the time stamp of [`Login::Headers`].
    pub timestamp: TimeUnit,
}

/// A registered application (第三方系统登录授权).
#[derive(Debug, Clone)]
pub struct Application {
    /// The integration user.
    pub username: Secret,
    /// `AppID`.
    pub app_id: Secret,
    /// `AppSecret`.
    pub app_secret: Secret,
}

/// How we log in (protocols/kingdee.md 1.2, 1.4).
#[derive(Debug, Clone)]
pub enum Login {
    /// ValidateUser.
    Password {
        /// The user.
        username: Secret,
        /// The password.
        password: Secret,
    },
    /// LoginByAppSecret.
    AppSecret(Application),
    /// LoginBySign.
    Sign(Application),
    /// No login call: every request is signed, as by the official SDK.
    Headers(Application),
}

impl Login {
    /// The user that documents are created by.
    pub fn username(&self) -> &str {
        match self {
            Self::Password { username, .. } => username.reveal(),
            Self::AppSecret(app) | Self::Sign(app) | Self::Headers(app) => app.username.reveal(),
        }
    }

    /// What must never be shown.
    pub fn secrets(&self) -> Vec<Secret> {
        match self {
            Self::Password { password, .. } => vec![password.clone()],
            Self::AppSecret(app) | Self::Sign(app) | Self::Headers(app) => vec![app.app_secret.clone()],
        }
    }
}

/// Digest of a signed login: SHA-256, on servers before PT-146911 SHA-1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignDigest {
    /// SHA-256.
    Sha256,
    /// SHA-1.
    Sha1,
}

/// Unit of a time stamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TimeUnit {
    /// Seconds, as the Python SDK sends.
    Seconds,
    /// Milliseconds, as the Java SDK sends.
    Millis,
}
