//! The raw-hash gate: equal bytes under equal rules are a known document, neither parsed nor written (rule 9).

/// Version of the canonical form's encoding. A part of every gate fingerprint.
pub const CANONICAL_FORM: &str = "1";

/// Fingerprint of what gives a document its meaning: assembly, field list, key, diff rules
/// ([`crate::diff::DiffRules::text`]), canonical form ([`CANONICAL_FORM`]). Each part is hashed with its length,
/// so that no two different lists of parts run together.
pub fn fingerprint(parts: &[&str]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("deltaferry gate fingerprint");
    for part in parts {
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    *hasher.finalize().as_bytes()
}

/// The gate of one scheme.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    fingerprint: [u8; 32],
}

impl Gate {
    /// A gate for a scheme's fingerprint.
    pub fn new(fingerprint: [u8; 32]) -> Self {
        Self { fingerprint }
    }

    /// BLAKE3 over a document's bytes as received, keyed by the fingerprint: under other rules the same bytes
    /// hash differently, so that no stored hash of the old rules ever lets them pass.
    pub fn raw_hash(&self, bytes: &[u8]) -> [u8; 32] {
        *blake3::keyed_hash(&self.fingerprint, bytes).as_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rule_09_the_raw_hash_covers_bytes_and_fingerprint() {
        let (old, new) = (fingerprint(&["key $.io_id", "ignore $.ts"]), fingerprint(&["key $.io_id", "ignore"]));
        let gate = Gate::new(old);
        assert_eq!(gate.raw_hash(b"{}"), Gate::new(old).raw_hash(b"{}"));
        assert_ne!(gate.raw_hash(b"{}"), gate.raw_hash(b"{ }"));
        assert_ne!(gate.raw_hash(b"{}"), Gate::new(new).raw_hash(b"{}"));
    }

    #[test]
    fn fingerprint_parts_do_not_run_together() {
        assert_ne!(fingerprint(&["ab", "c"]), fingerprint(&["a", "bc"]));
        assert_ne!(fingerprint(&["a"]), fingerprint(&["a", ""]));
    }
}
