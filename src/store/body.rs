//! Bodies as stored: zstd of the JSON text, its length and its full BLAKE3 hash beside it.

use crate::store::StoreError;

/// zstd level 1: above it a page takes longer than it saves (performance.md section 2).
const LEVEL: i32 = 1;
const HASH: usize = 32;
/// Nothing longer is stored, and nothing longer is ever unpacked. Connectors bound an answer far below.
const LIMIT: usize = 256 * 1024 * 1024;

/// Packs bodies; keeps its work space from one to the next.
pub(super) struct Packer(zstd::bulk::Compressor<'static>);

impl Packer {
    /// A packer.
    pub(super) fn new() -> Result<Self, StoreError> {
        zstd::bulk::Compressor::new(LEVEL).map(Self).map_err(|e| StoreError::Io(format!("zstd: {e}")))
    }

    /// The payload of a body.
    pub(super) fn pack(&mut self, text: &[u8]) -> Result<Vec<u8>, StoreError> {
        if text.len() > LIMIT {
            return Err(StoreError::Io(format!("a document of {} bytes is longer than {LIMIT}", text.len())));
        }
        let packed = self.0.compress(text).map_err(|e| StoreError::Io(format!("zstd: {e}")))?;
        let mut out = Vec::with_capacity(HASH + 8 + packed.len());
        out.extend(blake3::hash(text).as_bytes());
        out.extend((text.len() as u64).to_le_bytes());
        out.extend(packed);
        Ok(out)
    }
}

/// The JSON text of a body's payload; `None` if it is damaged.
pub(super) fn unpack(payload: &[u8]) -> Option<Vec<u8>> {
    let (hash, rest) = payload.split_first_chunk::<HASH>()?;
    let (length, packed) = rest.split_first_chunk::<8>()?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok().filter(|length| *length <= LIMIT)?;
    let text = zstd::bulk::decompress(packed, length).ok()?;
    (text.len() == length && blake3::hash(&text).as_bytes() == hash).then_some(text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn rule_26_a_body_comes_back_byte_for_byte_or_not_at_all() {
        let mut packer = Packer::new().unwrap();
        let long = r#"{"数量": 12345678901234567.89}"#.repeat(1000);
        for text in ["", "{}", long.as_str()] {
            let payload = packer.pack(text.as_bytes()).unwrap();
            assert_eq!(unpack(&payload), Some(text.as_bytes().to_vec()));
        }
        let payload = packer.pack(long.as_bytes()).unwrap();
        assert!(payload.len() < long.len() / 10);
        for bit in 0..payload.len() * 8 {
            let mut flipped = payload.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let read = unpack(&flipped);
            assert!(read.is_none() || read.as_deref() == Some(long.as_bytes()), "bit {bit}");
        }
    }

    #[test]
    fn a_body_that_claims_to_be_huge_is_not_unpacked() {
        let mut payload = Packer::new().unwrap().pack(&[b'a'; 1000]).unwrap();
        payload[HASH..HASH + 8].copy_from_slice(&u64::MAX.to_le_bytes());
        assert_eq!(unpack(&payload), None);
    }
}
