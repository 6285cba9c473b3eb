//! Access tokens that a system gave in the place of the configured ones: kept in a file for the next process, since the
//! configured ones are dead by then. They lie beside the database and not in it: neither a backup nor a copy of the
//! database holds one, and a restored database does not bring a dead one back.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
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
#[derive(Default)]
pub struct KeptTokens {
    /// None: they are forgotten with the process.
    file: Option<PathBuf>,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    rows: BTreeMap<String, Row>,
    /// Accounts whose rows could not be written: this process knows them better than the file does, until another
    /// process has renewed their tokens.
    unwritten: BTreeSet<String>,
}

/// As stored. It can't be printed: its texts are secrets.
#[derive(Clone, Serialize, Deserialize)]
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
        Self { file: Some(file), known: Mutex::default() }
    }

    /// What is kept of an account in the place of this configured token, as the file says now: another process may
    /// have renewed it. A file that can't be read is told, and holds nothing.
    pub fn of(&self, account: &str, configured: &Secret) -> Option<KeptToken> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = self.read(&mut known) {
            tracing::warn!(file = ?self.file, %error, "renewed tokens can't be read");
        }
        let row = known.rows.get(account).filter(|row| row.instead_of == digest(configured))?;
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
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        // A file that can't be read is told by `of`, and written anew.
        let _ = self.read(&mut known);
        let row = Row {
            instead_of: digest(configured),
            access_token: Some(&token.access).filter(|access| *access != configured).map(text),
            refresh_token: token.refresh.as_ref().map(text),
            ends: token.ends,
            asked: token.asked,
            renewed: token.renewed,
        };
        known.rows.insert(account.to_owned(), row);
        let Some(file) = &self.file else { return Ok(()) };
        known.unwritten.insert(account.to_owned());
        files::create_folder(files::folder(file))?;
        files::write(file, &serde_json::to_vec_pretty(&known.rows)?)?;
        known.unwritten.clear();
        Ok(())
    }

    /// Takes what the file holds; nothing, where there is none.
    fn read(&self, known: &mut Known) -> io::Result<()> {
        let Some(file) = &self.file else { return Ok(()) };
        let mut rows: BTreeMap<String, Row> = match std::fs::read(file) {
            Ok(bytes) => serde_json::from_slice(&bytes)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        let Known { rows: own, unwritten } = known;
        unwritten.retain(|account| {
            let Some(own) = own.get(account) else { return false };
            let is_newer = rows.get(account).is_none_or(|read| read.renewed <= own.renewed);
            if is_newer {
                rows.insert(account.clone(), own.clone());
            }
            is_newer
        });
        *own = rows;
        Ok(())
    }
}

impl fmt::Debug for KeptTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeptTokens").field("file", &self.file).finish_non_exhaustive()
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

    #[test]
    fn what_could_not_be_written_is_known_until_another_process_renews() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("data/tokens.json");
        let (one, other) = (KeptTokens::in_file(file.clone()), KeptTokens::in_file(file.clone()));
        let configured = Secret::new("configured");
        let renewed = |access: &str, at: i64| KeptToken { renewed: Some(Time(at)), ..token(access) };
        one.keep("a", &configured, &renewed("first", 1)).unwrap();
        // A folder in the file's place: nothing can be written there, nor read.
        let aside = folder.path().join("aside.json");
        std::fs::rename(&file, &aside).unwrap();
        std::fs::create_dir_all(file.join("full")).unwrap();
        one.keep("a", &configured, &renewed("second", 2)).unwrap_err();
        std::fs::remove_dir_all(&file).unwrap();
        std::fs::rename(&aside, &file).unwrap();
        let access = |tokens: &KeptTokens| tokens.of("a", &configured).unwrap().access.reveal().to_owned();
        assert_eq!((access(&one), access(&other)), ("second".to_owned(), "first".to_owned()));
        // With the next that is written it is there for all.
        one.keep("b", &configured, &token("b")).unwrap();
        assert_eq!(access(&other), "second");
        other.keep("a", &configured, &renewed("third", 3)).unwrap();
        assert_eq!(access(&one), "third");
    }

    #[test]
    fn tokens_are_never_printed() {
        let tokens = KeptTokens::default();
        tokens.keep("a", &Secret::new("c"), &token("first-token")).unwrap();
        assert_eq!(format!("{tokens:?}"), "KeptTokens { file: None, .. }");
    }
}
