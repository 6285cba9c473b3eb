//! Scanning of JSON text byte by byte: the tokens that strict parsing and the cheap extraction both read.

use crate::diff::parse::ParseFault;

/// A position in JSON text.
pub(super) struct Scanner<'a> {
    bytes: &'a [u8],
    at: usize,
}

/// Where a text or number stands; of a text what lies between its quotes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: usize,
    pub(super) end: usize,
    /// Whether it holds escapes and must pass [`unescape`].
    pub(super) escaped: bool,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The offset reached.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// A fault at the offset reached.
    pub(super) fn fault(&self, what: impl Into<String>) -> ParseFault {
        ParseFault { offset: self.at, what: what.into() }
    }

    /// A fault naming what was expected here and what stands here.
    pub(super) fn expected(&self, what: &str) -> ParseFault {
        match self.bytes.get(self.at) {
            None => self.fault(format!("the document ends where {what} is expected")),
            Some(byte) => self.fault(format!("`{}` where {what} is expected", byte.escape_ascii())),
        }
    }

    /// The bytes of a span.
    pub(super) fn slice(&self, span: Span) -> &'a [u8] {
        self.bytes.get(span.start..span.end).unwrap_or_default()
    }

    /// The next byte that is no white space, not yet passed.
    pub(super) fn peek(&mut self) -> Option<u8> {
        loop {
            let byte = *self.bytes.get(self.at)?;
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    /// Passes `byte` if it is next after white space.
    pub(super) fn take(&mut self, byte: u8) -> bool {
        let here = self.peek() == Some(byte);
        self.at += usize::from(here);
        here
    }

    /// Passes a literal that must stand here.
    pub(super) fn literal(&mut self, word: &str) -> Result<(), ParseFault> {
        if !self.bytes.get(self.at..).unwrap_or_default().starts_with(word.as_bytes()) {
            return Err(self.expected("a value"));
        }
        self.at += word.len();
        Ok(())
    }

    /// Passes a text; the next byte must be its quote. Escapes are found, not yet checked.
    pub(super) fn text(&mut self) -> Result<Span, ParseFault> {
        let start = self.at + 1;
        let mut escaped = false;
        let mut at = start;
        loop {
            at = special(self.bytes, at);
            match self.bytes.get(at) {
                Some(b'"') => break,
                Some(b'\\') => {
                    escaped = true;
                    at += 2;
                }
                Some(_) => {
                    self.at = at;
                    return Err(self.fault("a control character in a text, allowed: its escape"));
                }
                None => return Err(self.fault("a text that does not end")),
            }
        }
        self.at = at + 1;
        Ok(Span { start, end: at, escaped })
    }

    /// Passes a number by JSON's grammar.
    pub(super) fn number(&mut self) -> Result<Span, ParseFault> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let Some(length) = number_length(rest) else {
            return Err(match rest.first() {
                Some(b'-' | b'0'..=b'9') => self.fault("a number not as JSON has it, allowed as in `-12.5e3`"),
                _ => self.expected("a value"),
            });
        };
        let start = self.at;
        self.at += length;
        Ok(Span { start, end: self.at, escaped: false })
    }

    /// Passes a value whatever it is, looking only at texts and brackets.
    pub(super) fn skim(&mut self) -> Result<(), ParseFault> {
        let mut depth = 0usize;
        loop {
            match self.peek() {
                None => return Err(self.expected("a value's end")),
                Some(b'"') => {
                    self.text()?;
                }
                Some(b'{' | b'[') => {
                    depth += 1;
                    self.at += 1;
                }
                Some(b'}' | b']') if depth > 0 => {
                    depth -= 1;
                    self.at += 1;
                }
                Some(b',' | b':') if depth > 0 => {
                    self.at += 1;
                    continue;
                }
                Some(_) => self.skim_word()?,
            }
            if depth == 0 {
                return Ok(());
            }
        }
    }

    /// Passes the bytes of a number or literal.
    fn skim_word(&mut self) -> Result<(), ParseFault> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.');
        let length = rest.iter().position(|byte| !word(byte)).unwrap_or(rest.len());
        if length == 0 {
            return Err(self.expected("a value"));
        }
        self.at += length;
        Ok(())
    }
}

/// The offset of the next byte from `at` on that means something within a text: quote, backslash, control
/// character; the end if there is none. Eight bytes at a time.
fn special(bytes: &[u8], mut at: usize) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGHS: u64 = 0x8080_8080_8080_8080;
    let zeros = |word: u64| word.wrapping_sub(ONES) & !word & HIGHS;
    while let Some(Ok(chunk)) = bytes.get(at..at + 8).map(<[u8; 8]>::try_from) {
        let word = u64::from_le_bytes(chunk);
        let quote = zeros(word ^ (ONES * u64::from(b'"')));
        let backslash = zeros(word ^ (ONES * u64::from(b'\\')));
        let control = word.wrapping_sub(ONES * 0x20) & !word & HIGHS;
        // A borrow may mark a byte behind a true hit, never one before it.
        let hits = quote | backslash | control;
        if hits != 0 {
            return at + (hits.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let rest = bytes.get(at..).unwrap_or_default();
    at + rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..0x20)).unwrap_or(rest.len())
}

/// Length of the JSON number that `bytes` begin with.
fn number_length(bytes: &[u8]) -> Option<usize> {
    let digits = |from: usize| {
        let rest = bytes.get(from..).unwrap_or_default();
        from + rest.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(rest.len())
    };
    let whole = usize::from(bytes.first() == Some(&b'-'));
    let mut at = digits(whole);
    if at == whole || (bytes.get(whole) == Some(&b'0') && at > whole + 1) {
        return None;
    }
    if bytes.get(at) == Some(&b'.') {
        let end = digits(at + 1);
        if end == at + 1 {
            return None;
        }
        at = end;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-')));
        let end = digits(at + 1 + sign);
        if end == at + 1 + sign {
            return None;
        }
        at = end;
    }
    Some(at)
}

/// Whether a whole text is one JSON number.
pub(super) fn is_number(text: &str) -> bool {
    number_length(text.as_bytes()) == Some(text.len())
}

/// Writes to `out` what a text with escapes means. `offset` is where the text stands in the document.
/// Refused: unknown escapes, lone surrogates.
pub(super) fn unescape(raw: &str, offset: usize, out: &mut String) -> Result<(), ParseFault> {
    let mut rest = raw;
    let fault = |rest: &str, what: &str| ParseFault { offset: offset + raw.len() - rest.len(), what: what.to_owned() };
    while let Some((plain, after)) = rest.split_once('\\') {
        out.push_str(plain);
        let mut chars = after.chars();
        let meant = match chars.next() {
            Some(same @ ('"' | '\\' | '/')) => same,
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => {
                let (meant, after) =
                    code_point(chars.as_str()).ok_or_else(|| fault(after, "a lone surrogate or cut `\\u` escape"))?;
                chars = after.chars();
                meant
            }
            _ => return Err(fault(after, "an unknown escape, allowed: `\\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX`")),
        };
        out.push(meant);
        rest = chars.as_str();
    }
    out.push_str(rest);
    Ok(())
}

/// The character of a `\u` escape whose digits `text` begins with (a surrogate takes its second half), and what
/// follows.
fn code_point(text: &str) -> Option<(char, &str)> {
    let unit = |text: &str| {
        let digits = text.get(..4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
        u32::from_str_radix(digits, 16).ok()
    };
    let (first, rest) = (unit(text)?, text.get(4..)?);
    if !(0xd800..0xdc00).contains(&first) {
        return Some((char::from_u32(first)?, rest));
    }
    let low = rest.strip_prefix("\\u")?;
    let second = unit(low).filter(|unit| (0xdc00..0xe000).contains(unit))?;
    let point = 0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00);
    Some((char::from_u32(point)?, low.get(4..)?))
}
