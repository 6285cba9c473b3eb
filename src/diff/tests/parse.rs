use serde_json::Value;

use crate::diff::{Document, parse};

#[test]
fn refuses_what_is_not_strict_json_and_says_where() {
    for (json, fault) in [
        (r#"{"a":1,"b":2,"a":3}"#, "an object with two members named `a` at byte 0"),
        (r#"{"x":[{"a":1,"\u0061":3}]}"#, "an object with two members named `a` at byte 6"),
        ("{\"a\":1} x", "`x` where the document's end is expected at byte 8"),
        ("\u{feff}{}", "a byte order mark, allowed: plain UTF-8 at byte 0"),
        (r#"["\ud800"]"#, "a lone surrogate or cut `\\u` escape at byte 3"),
        (r#"["\ud800\u0041"]"#, "a lone surrogate or cut `\\u` escape at byte 3"),
        (r#"["\udc00"]"#, "a lone surrogate or cut `\\u` escape at byte 3"),
        (r#"["\u+123"]"#, "a lone surrogate or cut `\\u` escape at byte 3"),
        (r#"["\x"]"#, "an unknown escape, allowed: `\\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX` at byte 3"),
        ("[\"a\tb\"]", "a control character in a text, allowed: its escape at byte 3"),
        ("[\"a", "a text that does not end at byte 1"),
        ("[01]", "a number not as JSON has it, allowed as in `-12.5e3` at byte 1"),
        ("[1.]", "a number not as JSON has it, allowed as in `-12.5e3` at byte 1"),
        ("[NaN]", "`N` where a value is expected at byte 1"),
        ("", "the document ends where a value is expected at byte 0"),
        ("{\"a\":}", "`}` where a value is expected at byte 5"),
        (
            "{\"$serde_json::private::Number\":\"1\"}",
            "a member named `$serde_json::private::Number`, which no document has at byte 1",
        ),
    ] {
        assert_eq!(parse(json.as_bytes()).map_err(|fault| fault.to_string()), Err(fault.to_owned()), "{json}");
    }
    let invalid = parse(b"[\"\xff\"]").map_err(|fault| fault.to_string());
    assert_eq!(invalid, Err("invalid UTF-8 at byte 2".to_owned()));
}

#[test]
fn fault_23_nests_a_hundred_deep_and_no_deeper() {
    let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
    assert!(parse(nested(100).as_bytes()).is_ok());
    let fault = parse(nested(101).as_bytes()).unwrap_err();
    assert_eq!(fault.to_string(), "lists and objects nested deeper than 100 at byte 100");
    assert!(parse("{\"a\":".repeat(1_000_000).as_bytes()).is_err());
}

#[test]
fn keeps_order_digits_and_code_points() {
    let json = r#"{"z":1.10,"a":12345678901234567890.123456789,"m":{"é":"e\u0301","😀":"\ud83d\ude00\u0000"}}"#;
    let value = parse(json.as_bytes()).unwrap();
    let printed = r#"{"z":1.10,"a":12345678901234567890.123456789,"m":{"é":"é","😀":"😀\u0000"}}"#;
    assert_eq!(value.to_string(), printed);
    assert_eq!(parse(b"-0").unwrap().to_string(), "-0");
    assert_eq!(parse(b"[1E5,1e400]").unwrap().to_string(), "[1e+5,1e+400]");
}

#[test]
fn a_document_of_a_tree_is_that_tree() {
    let json = r#"{"b":[1,{"\u0001":null}],"a":"\"\\"}"#;
    let value: Value = serde_json::from_str(json).unwrap();
    assert_eq!(Document::of_value(&value).unwrap().value(), value);
}

#[test]
fn damaged_documents_never_panic_and_never_read_otherwise_than_serde_json_reads_them() {
    let whole =
        r#"{"io_id":7, "so":"a\u00e9\n", "l":[{"q":1.50e+2,"ok":true},{"q":-0,"ok":null}], "物":"流 \ud83d\ude00"}"#;
    for seed in 0..20_000 {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut bytes = whole.as_bytes().to_vec();
        for _ in 0..random.usize(1..4) {
            let at = random.usize(..bytes.len());
            match random.u8(..4) {
                0 => bytes[at] = random.u8(..),
                1 => bytes[at] = *random.choice(br#"{}[],:"\0123456789.eE+-u "#).unwrap(),
                2 if bytes.len() > 3 => drop(bytes.remove(at)),
                _ => bytes.truncate(at.max(3)),
            }
        }
        let peer: Result<Value, _> = serde_json::from_slice(&bytes);
        match parse(&bytes) {
            Ok(value) => assert_eq!(value, peer.unwrap(), "seed {seed}"),
            // The only text here that serde_json takes and we do not is one with a repeated name.
            Err(fault) => assert!(peer.is_err() || fault.what.contains("two members"), "seed {seed}: {fault}"),
        }
    }
}
