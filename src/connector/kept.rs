//! Access tokens that a system gave in the place of the configured ones: kept in a file for the next process, since the
//! configured ones are dead by then. They lie beside the database and not in it: neither a backup nor a copy of the
//! database holds one, and a restored database does not bring a dead one back.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use crate::clock::Time;
use crate::files;
use crate::secret::Secret;

/// A token in use, and what is known of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptToken {
    /// The token.
    pub access: Secret,
    /// What another one is given for; none where the system gave none.
    pub refresh: Option<Secret>,
    /// When it ends; none where nobody has said so.
    pub ends: Option<Time>,
    /// When a renewal was last asked for, whatever came of it.
    pub asked: Option<Time>,
    /// When the system last gave it a longer life, or gave it.
    pub renewed: Option<Time>,
}

/// The tokens of all accounts of a process.
#[derive(Debug, Default)]
pub struct KeptTokens {
    /// None: they are forgotten with the process.
    file: Option<PathBuf>,
    rows: Mutex<BTreeMap<String, Row>>,
}

/// As stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Row {
    /// Digest of the configured token in whose place it stands: another one in the configuration, and this counts no
    /// more.
    instead_of: String,
    /// None: the configured one, of which something is known.
    access_token: Option<String>,
    refresh_token: Option<String>,
    ends: Option<Time>,
    asked: Option<Time>,
    renewed: Option<Time>,
}

impl KeptTokens {
    /// Tokens kept in a file, which need not exist yet.
    pub fn in_file(file: PathBuf) -> Self {
        Self { file: Some(file), rows: Mutex::default() }
    }

    /// What is kept of an account in the place of this configured token, as the file says now: another process may
    /// have renewed it. A file that can't be read is told, and holds nothing.
    pub fn of(&self, account: &str, configured: &Secret) -> Option<KeptToken> {
        let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        match self.read() {
            Ok(Some(read)) => *rows = read,
            Ok(None) => {}
            Err(error) => tracing::warn!(file = ?self.file, %error, "renewed tokens can't be read"),
        }
        let row = rows.get(account).filter(|row| row.instead_of == digest(configured))?;
        Some(KeptToken {
            access: row.access_token.as_ref().map_or_else(|| configured.clone(), Secret::new),
            refresh: row.refresh_token.as_ref().map(Secret::new),
            ends: row.ends,
            asked: row.asked,
            renewed: row.renewed,
        })
    }

    /// Keeps a token in the place of the configured one, durably before it returns.
    ///
    /// # Errors
    /// Where the file can't be written; this process knows the token nevertheless.
    pub fn keep(&self, account: &str, configured: &Secret, token: &KeptToken) -> io::Result<()> {
        let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        if let Ok(Some(read)) = self.read() {
            *rows = read;
        }
        let row = Row {
            instead_of: digest(configured),
            access_token: Some(&token.access).filter(|access| *access != configured).map(text),
            refresh_token: token.refresh.as_ref().map(text),
            ends: token.ends,
            asked: token.asked,
            renewed: token.renewed,
        };
        rows.insert(account.to_owned(), row);
        match &self.file {
            Some(file) => {
                files::create_folder(files::folder(file))?;
                files::write(file, &serde_json::to_vec_pretty(&*rows)?)
            }
            None => Ok(()),
        }
    }

    fn read(&self) -> io::Result<Option<BTreeMap<String, Row>>> {
        let Some(file) = &self.file else { return Ok(None) };
        match std::fs::read(file) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn text(secret: &Secret) -> String {
    secret.reveal().to_owned()
}

fn digest(token: &Secret) -> String {
    blake3::hash(token.reveal().as_bytes()).to_hex().to_string()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn token(access: &str) -> KeptToken {
        let (refresh, ends) = (Some(Secret::new("r")), Some(Time(5_000)));
        KeptToken { access: Secret::new(access), refresh, ends, asked: Some(Time(1)), renewed: None }
    }

    #[test]
    fn what_is_kept_outlives_the_process_and_counts_while_the_configured_token_stays() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("data/tokens.json");
        let tokens = KeptTokens::in_file(file.clone());
        let configured = Secret::new("configured");
        assert_eq!(tokens.of("a", &configured), None);
        tokens.keep("a", &configured, &token("first")).unwrap();
        tokens.keep("b", &configured, &token("other")).unwrap();
        tokens.keep("a", &configured, &token("second")).unwrap();
        let next = KeptTokens::in_file(file.clone());
        assert_eq!(next.of("a", &configured), Some(token("second")));
        assert_eq!(next.of("a", &Secret::new("another")), None, "a person has set a new one");
        assert_eq!(next.of("b", &configured), Some(token("other")));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_configured_token_is_not_written_down_again() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tokens.json");
        let tokens = KeptTokens::in_file(file.clone());
        tokens.keep("a", &Secret::new("configured"), &token("configured")).unwrap();
        assert_eq!(tokens.of("a", &Secret::new("configured")), Some(token("configured")));
        assert!(!std::fs::read_to_string(file).unwrap().contains("configured\""));
    }

    #[test]
    fn what_another_process_has_renewed_is_seen_and_a_broken_file_holds_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tokens.json");
        let (one, other) = (KeptTokens::in_file(file.clone()), KeptTokens::in_file(file.clone()));
        let configured = Secret::new("configured");
        one.keep("a", &configured, &token("first")).unwrap();
        other.keep("a", &configured, &token("second")).unwrap();
        assert_eq!(one.of("a", &configured).unwrap().access.reveal(), "second");
        std::fs::write(&file, "{").unwrap();
        assert_eq!(KeptTokens::in_file(file.clone()).of("a", &configured), None);
        one.keep("a", &configured, &token("third")).unwrap();
        assert_eq!(KeptTokens::in_file(file).of("a", &configured), Some(token("third")));
    }

    #[test]
    fn without_a_file_they_are_kept_as_long_as_the_process() {
        let tokens = KeptTokens::default();
        tokens.keep("a", &Secret::new("c"), &token("first")).unwrap();
        assert_eq!(tokens.of("a", &Secret::new("c")), Some(token("first")));
    }
}
