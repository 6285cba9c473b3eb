//! The set of documents a pass over a window met, in constant memory: two passes that met the same documents with
//! the same time and content give the same tally, in whatever order and however often each came.

use std::collections::HashSet;

use crate::clock::Time;
use crate::name::Key;

/// Windows with more distinct documents than this are compared by sums alone; below, repeats are left out exactly.
const EXACT: usize = 200_000;

/// What two tallies are compared by.
pub type Digest = ([u64; 4], u64);

/// A pass's tally.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Tally {
    sum: [u64; 4],
    count: u64,
    met: HashSet<[u8; 16]>,
}

impl Tally {
    /// Counts a document; a repeat with equal time and content counts once. Returns whether it counted.
    pub fn add(&mut self, key: &Key, time: Option<Time>, raw_hash: &[u8; 32]) -> bool {
        let mut hasher = blake3::Hasher::new();
        hasher.update(key.as_str().as_bytes());
        hasher.update(&[0]);
        hasher.update(raw_hash);
        hasher.update(time.map(|time| time.0.to_le_bytes()).as_ref().map_or(&[][..], |bytes| bytes));
        let digest = hasher.finalize();
        let bytes = digest.as_bytes();
        let mut short = [0; 16];
        short.copy_from_slice(&bytes[..16]);
        if self.met.len() < EXACT && !self.met.insert(short) {
            return false;
        }
        self.count += 1;
        for (lane, chunk) in self.sum.iter_mut().zip(bytes.chunks_exact(8)) {
            let mut word = [0; 8];
            word.copy_from_slice(chunk);
            *lane = lane.wrapping_add(u64::from_le_bytes(word));
        }
        true
    }

    /// Documents counted.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// What two passes are compared by: small, so that only the passes' digests are kept side by side.
    pub fn digest(&self) -> Digest {
        (self.sum, self.count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_and_repeats_do_not_count_but_content_does() {
        let tally = |documents: &[(&str, u8)]| {
            let mut tally = Tally::default();
            for (key, content) in documents {
                tally.add(&Key::from_text(*key), Some(Time(0)), &[*content; 32]);
            }
            tally.digest()
        };
        assert_eq!(tally(&[("a", 1), ("b", 2)]), tally(&[("b", 2), ("a", 1), ("b", 2)]));
        assert_ne!(tally(&[("a", 1), ("b", 2)]), tally(&[("a", 1), ("b", 3)]));
        assert_ne!(tally(&[("a", 1), ("b", 2)]), tally(&[("a", 1)]));
        let mut timed = Tally::default();
        timed.add(&Key::from_text("a"), Some(Time(1)), &[1; 32]);
        assert_ne!(tally(&[("a", 1)]), timed.digest(), "nor another time");
    }
}
