//! Keys as bytes whose order is the order of their parts: what every table of the embedded store is sorted by.
//!
//! A text ends with the byte 0; the characters U+0000 and U+0001 within it become the two bytes `1 1` and `1 2`, so
//! that no text holds the byte 0, no text's bytes are the beginning of another's, and order is kept. Numbers are
//! big-endian; signed ones have their sign bit turned over. A list of parts is the parts one after the other, so
//! the bytes of its first parts are the prefix of exactly the lists that begin with them.

use crate::clock::Time;

const END: u8 = 0;
const ESCAPE: u8 = 1;

/// What a part of a table's key is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// A text.
    Text,
    /// A number of 64 bits.
    U64,
    /// A number of 32 bits.
    U32,
    /// A small code.
    U8,
    /// An instant.
    Time,
}

/// A key, or the first parts of one.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct KeyBytes(Vec<u8>);

impl KeyBytes {
    /// The empty prefix: every key begins with it.
    pub(super) fn new() -> Self {
        Self(Vec::with_capacity(64))
    }

    /// A key as it was read.
    pub(super) fn from_slice(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }

    /// With a text behind.
    pub(super) fn text(self, text: &str) -> Self {
        let mut key = self.beginning(text);
        key.0.push(END);
        key
    }

    /// With the beginning of a text behind: the prefix of all keys whose next text begins so.
    pub(super) fn beginning(mut self, text: &str) -> Self {
        for byte in text.bytes() {
            match byte {
                END | ESCAPE => self.0.extend([ESCAPE, byte + 1]),
                _ => self.0.push(byte),
            }
        }
        self
    }

    /// With a number behind.
    pub(super) fn u64(mut self, number: u64) -> Self {
        self.0.extend(number.to_be_bytes());
        self
    }

    /// With a number behind.
    pub(super) fn u32(mut self, number: u32) -> Self {
        self.0.extend(number.to_be_bytes());
        self
    }

    /// With a code behind.
    pub(super) fn u8(mut self, code: u8) -> Self {
        self.0.push(code);
        self
    }

    /// With an instant behind.
    pub(super) fn time(mut self, time: Time) -> Self {
        self.0.extend((time.0 ^ i64::MIN).to_be_bytes());
        self
    }

    /// The first key behind all that begin with this one. Not for the empty prefix, which has none.
    pub(super) fn behind(&self) -> Self {
        let kept = self.0.iter().rposition(|byte| *byte != u8::MAX).map_or(0, |last| last + 1);
        let mut bytes = self.0[..kept].to_vec();
        if let Some(last) = bytes.last_mut() {
            *last += 1;
        }
        Self(bytes)
    }

    /// The bytes.
    pub(super) fn as_slice(&self) -> &[u8] {
        &self.0
    }
}

/// Reads the parts of a key in order. `None` as soon as the bytes are not such a key.
pub(super) struct KeyReader<'a>(&'a [u8]);

impl<'a> KeyReader<'a> {
    /// From the first part.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The next part, a text.
    pub(super) fn text(&mut self) -> Option<String> {
        let end = self.0.iter().position(|byte| *byte == END)?;
        let (text, rest) = self.0.split_at(end);
        self.0 = rest.get(1..)?;
        let mut bytes = Vec::with_capacity(text.len());
        let mut text = text.iter();
        while let Some(byte) = text.next() {
            bytes.push(if *byte == ESCAPE { text.next()?.checked_sub(1).filter(|b| *b <= ESCAPE)? } else { *byte });
        }
        String::from_utf8(bytes).ok()
    }

    /// The next part, a number.
    pub(super) fn u64(&mut self) -> Option<u64> {
        self.take().map(u64::from_be_bytes)
    }

    /// The next part, a number.
    pub(super) fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_be_bytes)
    }

    /// The next part, a code.
    pub(super) fn u8(&mut self) -> Option<u8> {
        self.take::<1>().map(|[code]| code)
    }

    /// The next part, an instant.
    pub(super) fn time(&mut self) -> Option<Time> {
        self.take().map(|bytes| Time(i64::from_be_bytes(bytes) ^ i64::MIN))
    }

    /// Whether nothing is left, as it has to be after the last part.
    pub(super) fn end(&self) -> Option<()> {
        self.0.is_empty().then_some(())
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (part, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*part)
    }
}

/// A key for people: its parts with blanks between, or its bytes in hexadecimal where it is none of that shape.
pub(super) fn readable(shape: &[Part], bytes: &[u8]) -> String {
    let mut reader = KeyReader::new(bytes);
    let mut read = |part: &Part| match part {
        Part::Text => reader.text(),
        Part::U64 => reader.u64().map(|n| n.to_string()),
        Part::U32 => reader.u32().map(|n| n.to_string()),
        Part::U8 => reader.u8().map(|n| n.to_string()),
        Part::Time => reader.time().map(|t| t.to_string()),
    };
    let parts: Option<Vec<String>> = shape.iter().map(&mut read).collect();
    match (parts, reader.end()) {
        (Some(parts), Some(())) => parts.join(" "),
        _ => hex::encode(bytes),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::print_stderr)]

    use super::*;

    /// Texts that tend to break encodings, and the public list of naughty strings where it is there.
    fn texts() -> Vec<String> {
        let mut texts: Vec<String> =
            ["", "a", "a\0", "a\0\0", "a\u{1}", "a\u{1}b", "\0", "\u{1}", "\u{2}", "出库:1", "出库", "ä", "\u{10FFFF}"]
                .map(String::from)
                .to_vec();
        let folder = std::env::var("DELTAFERRY_SUITES")
            .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/suites").to_owned());
        match std::fs::read(format!("{folder}/blns.json")) {
            Ok(json) => texts.extend(serde_json::from_slice::<Vec<String>>(&json).unwrap()),
            Err(_) => eprintln!("skipped: the naughty strings are not in {folder}"),
        }
        texts
    }

    #[test]
    fn rule_30_texts_go_there_and_back_and_keep_their_order() {
        let texts = texts();
        for a in &texts {
            let bytes = KeyBytes::new().text(a).u64(7);
            let mut reader = KeyReader::new(bytes.as_slice());
            assert_eq!((reader.text(), reader.u64(), reader.end()), (Some(a.clone()), Some(7), Some(())));
            for b in &texts {
                let (x, y) = (KeyBytes::new().text(a).text("~"), KeyBytes::new().text(b).text("!"));
                let expected = a.as_bytes().cmp(b.as_bytes()).then("~".cmp("!"));
                assert_eq!(x.cmp(&y), expected, "{a:?} {b:?}");
                let (whole, first) = (KeyBytes::new().text(a), KeyBytes::new().text(b));
                assert_eq!(whole.as_slice().starts_with(first.as_slice()), a == b, "{a:?} {b:?}");
                let beginning = KeyBytes::new().beginning(b);
                assert_eq!(
                    whole.as_slice().starts_with(beginning.as_slice()),
                    a.starts_with(b.as_str()),
                    "{a:?} {b:?}"
                );
            }
        }
    }

    #[test]
    fn numbers_and_times_keep_their_order() {
        let numbers = [0, 1, 255, 256, u64::from(u32::MAX), u64::MAX];
        assert!(numbers.map(|n| KeyBytes::new().u64(n)).is_sorted());
        assert!([0, 1, 255, 65_536, u32::MAX].map(|n| KeyBytes::new().u32(n)).is_sorted());
        let times = [i64::MIN, -1, 0, 1, 1_709_258_405_000, i64::MAX].map(Time);
        assert!(times.map(|t| KeyBytes::new().time(t)).is_sorted());
        for time in times {
            assert_eq!(KeyReader::new(KeyBytes::new().time(time).as_slice()).time(), Some(time));
        }
    }

    #[test]
    fn behind_a_prefix_lies_nothing_that_begins_with_it() {
        for prefix in
            [KeyBytes::new().text("s"), KeyBytes::new().u64(u64::MAX - 1), KeyBytes::new().u8(1).u32(u32::MAX)]
        {
            let inside = KeyBytes::from_slice(&[prefix.as_slice(), &[u8::MAX; 9]].concat());
            assert!(prefix < inside && inside < prefix.behind(), "{prefix:?}");
        }
    }

    #[test]
    fn bytes_that_are_no_key_are_not_read_as_one() {
        for bytes in [&[][..], &[65], &[1, 0], &[1, 9, 0], &[0xFF, 0]] {
            assert_eq!(KeyReader::new(bytes).text(), None, "{bytes:?}");
        }
        assert_eq!(KeyReader::new(&[1, 2, 3]).u32(), None);
        let key = KeyBytes::new().text("s").text("4711").u64(3);
        assert_eq!(readable(&[Part::Text, Part::Text, Part::U64], key.as_slice()), "s 4711 3");
        assert_eq!(readable(&[Part::Text], key.as_slice()), hex::encode(key.as_slice()));
    }

    /// Random lists of parts: equal bytes exactly for equal lists, and the same order.
    #[test]
    fn rule_30_random_keys_order_as_their_parts() {
        let mut random = fastrand::Rng::with_seed(30);
        let alphabet = ['\0', '\u{1}', '\u{2}', 'a', 'b', '单', '\u{7F}', '\u{80}'];
        let mut text = || (0..random.usize(..4)).map(|_| random.choice(alphabet).unwrap()).collect::<String>();
        let lists: Vec<(String, String)> = (0..400).map(|_| (text(), text())).collect();
        let encode = |(a, b): &(String, String)| KeyBytes::new().text(a).text(b);
        for x in &lists {
            for y in &lists {
                let expected = x.0.as_bytes().cmp(y.0.as_bytes()).then(x.1.as_bytes().cmp(y.1.as_bytes()));
                assert_eq!(encode(x).cmp(&encode(y)), expected, "{x:?} {y:?}");
            }
        }
    }
}
