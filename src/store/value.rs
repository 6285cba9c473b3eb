//! Values as stored: a format byte, a checksum over table, key and payload, and the payload (rule 26).
//!
//! A flipped bit in the file makes the database return wrong values without a word (reliability.md B1), so no
//! payload is looked at before its checksum was compared. Table and key are covered as well: a value read under
//! another key than it was written to, or in another table, does not match.

use crate::clock::Time;
use crate::document::Head;
use crate::row_version::RowVersion;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// The only format of values so far.
const FORMAT: u8 = 1;
/// BLAKE3, cut: it guards against decay, not against people.
const CHECKSUM: usize = 16;

/// A value of a payload.
pub(super) fn seal(table: &str, key: &[u8], payload: &[u8]) -> Vec<u8> {
    let mut value = Vec::with_capacity(1 + CHECKSUM + payload.len());
    value.push(FORMAT);
    value.extend(checksum(table, key, payload));
    value.extend(payload);
    value
}

/// The payload of a value; `None` if it is damaged.
pub(super) fn unseal<'a>(table: &str, key: &[u8], value: &'a [u8]) -> Option<&'a [u8]> {
    let (format, rest) = value.split_first()?;
    let (stored, payload) = rest.split_first_chunk::<CHECKSUM>()?;
    (*format == FORMAT && *stored == checksum(table, key, payload)).then_some(payload)
}

fn checksum(table: &str, key: &[u8], payload: &[u8]) -> [u8; CHECKSUM] {
    let mut hasher = blake3::Hasher::new();
    // Lengths keep the three apart.
    hasher.update(&(table.len() as u64).to_le_bytes()).update(table.as_bytes());
    hasher.update(&(key.len() as u64).to_le_bytes()).update(key).update(payload);
    let mut cut = [0; CHECKSUM];
    hasher.finalize_xof().fill(&mut cut);
    cut
}

/// Data that is not hot is kept as JSON.
pub(super) fn to_json<T: Serialize>(data: &T) -> Vec<u8> {
    // Plain data with text keys cannot fail to serialise; were it so, the empty payload reads as damaged.
    serde_json::to_vec(data).unwrap_or_default()
}

/// Reads what [`to_json`] wrote.
pub(super) fn from_json<T: DeserializeOwned>(payload: &[u8]) -> Option<T> {
    serde_json::from_slice(payload).ok()
}

/// A count.
pub(super) fn to_count(payload: &[u8]) -> Option<u64> {
    payload.try_into().ok().map(u64::from_le_bytes)
}

const HAS_RAW: u8 = 1;
const HAS_CANONICAL: u8 = 2;
const HAS_SOURCE_TIME: u8 = 4;
const HAS_NUMBER: u8 = 8;
const HAS_READ_AT: u8 = 16;
const HAS_ROW_VERSION: u8 = 32;

/// A head, compact: it is read for every document of every page.
pub(super) fn from_head(head: &Head) -> Vec<u8> {
    let Head { version, seq, raw_hash, canonical_hash, captured_at, source_time, number, read_at, row_version } = head;
    // Longer ones than can be told are left out: no source has them.
    let row_version = row_version.as_ref().and_then(|one| Some((u8::try_from(one.as_str().len()).ok()?, one.as_str())));
    let mut out = Vec::with_capacity(128);
    let flag = |set: bool, flag: u8| if set { flag } else { 0 };
    out.push(
        flag(raw_hash.is_some(), HAS_RAW)
            | flag(canonical_hash.is_some(), HAS_CANONICAL)
            | flag(source_time.is_some(), HAS_SOURCE_TIME)
            | flag(number.is_some(), HAS_NUMBER)
            | flag(read_at.is_some(), HAS_READ_AT)
            | flag(row_version.is_some(), HAS_ROW_VERSION),
    );
    out.extend(version.to_le_bytes());
    out.extend(seq.to_le_bytes());
    out.extend(captured_at.0.to_le_bytes());
    out.extend(raw_hash.iter().flatten());
    out.extend(canonical_hash.iter().flatten());
    out.extend(source_time.iter().chain(read_at).flat_map(|time| time.0.to_le_bytes()));
    if let Some((length, text)) = row_version {
        out.push(length);
        out.extend(text.bytes());
    }
    out.extend(number.iter().flat_map(|number| number.bytes()));
    out
}

/// Reads what [`from_head`] wrote.
pub(super) fn to_head(payload: &[u8]) -> Option<Head> {
    let mut rest = payload;
    let [flags] = take(&mut rest)?;
    let has = |flag: u8| flags & flag != 0;
    let version = u64::from_le_bytes(take(&mut rest)?);
    let seq = u64::from_le_bytes(take(&mut rest)?);
    let captured_at = Time(i64::from_le_bytes(take(&mut rest)?));
    let raw_hash = if has(HAS_RAW) { Some(take(&mut rest)?) } else { None };
    let canonical_hash = if has(HAS_CANONICAL) { Some(take(&mut rest)?) } else { None };
    let source_time = if has(HAS_SOURCE_TIME) { Some(Time(i64::from_le_bytes(take(&mut rest)?))) } else { None };
    let read_at = if has(HAS_READ_AT) { Some(Time(i64::from_le_bytes(take(&mut rest)?))) } else { None };
    let row_version = if has(HAS_ROW_VERSION) { Some(take_row_version(&mut rest)?) } else { None };
    let number = if has(HAS_NUMBER) { Some(String::from_utf8(rest.to_vec()).ok()?) } else { None };
    Some(Head { version, seq, raw_hash, canonical_hash, captured_at, source_time, number, read_at, row_version })
}

fn take_row_version(rest: &mut &[u8]) -> Option<RowVersion> {
    let [length] = take(rest)?;
    let (text, behind) = rest.split_at_checked(usize::from(length))?;
    *rest = behind;
    RowVersion::read(std::str::from_utf8(text).ok()?)
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (part, behind) = rest.split_first_chunk::<N>()?;
    *rest = behind;
    Some(*part)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn rule_26_a_value_is_read_only_whole_under_its_own_key_and_table() {
        let value = seal("heads", b"key", b"payload");
        assert_eq!(unseal("heads", b"key", &value), Some(&b"payload"[..]));
        assert_eq!(unseal("heads", b"kez", &value), None);
        assert_eq!(unseal("bodies", b"key", &value), None);
        for bit in 0..value.len() * 8 {
            let mut flipped = value.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(unseal("heads", b"key", &flipped), None, "bit {bit}");
        }
        for length in 0..value.len() {
            assert_eq!(unseal("heads", b"key", &value[..length]), None, "{length} bytes");
        }
    }

    #[test]
    fn heads_go_there_and_back() {
        let full = Head {
            version: 3,
            seq: u64::MAX,
            raw_hash: Some([1; 32]),
            canonical_hash: Some([2; 32]),
            captured_at: Time(-1),
            source_time: Some(Time(5)),
            number: Some("单号".into()),
            read_at: Some(Time(7)),
            row_version: RowVersion::read("9007199254740993"),
        };
        let unversioned = Head { row_version: None, ..full.clone() };
        let unread = Head { read_at: None, ..full.clone() };
        let tombstone =
            Head { raw_hash: None, canonical_hash: None, source_time: None, number: None, ..unread.clone() };
        for head in [full.clone(), unversioned, unread, tombstone, Head { number: Some(String::new()), ..full }] {
            assert_eq!(to_head(&from_head(&head)), Some(head));
        }
        assert_eq!(to_head(&[]), None);
        assert_eq!(to_head(&[HAS_RAW, 0, 0]), None);
    }
}
