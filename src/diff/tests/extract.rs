use crate::diff::{ExtractFault, Identity, Paths, extract, parse};

fn chain(text: &str) -> Vec<String> {
    text.split('.').map(str::to_owned).collect()
}

fn paths(key: &[&str]) -> Paths {
    let key = key.iter().map(|text| chain(text)).collect();
    Paths {
        key,
        number: Some(chain("so_id")),
        times: vec![chain("head.modified"), chain("head.approved")],
        cursor: Some(chain("ts")),
    }
}

fn read(json: &str, key: &[&str]) -> Result<Identity, String> {
    extract(json.as_bytes(), &paths(key)).map_err(|fault| fault.to_string())
}

#[test]
fn rule_30_a_key_is_the_text_of_its_values_and_numbers_are_plain_decimals() {
    for (json, key) in [
        (r#"{"k":7}"#, "7"),
        (r#"{"k":"7"}"#, "7"),
        (r#"{"k":7.0}"#, "7"),
        (r#"{"k":7.50}"#, "7.5"),
        (r#"{"k":1E3}"#, "1000"),
        (r#"{"k":12e-1}"#, "1.2"),
        (r#"{"k":-0}"#, "0"),
        (r#"{"k":-0.0}"#, "0"),
        (r#"{"k":-12}"#, "-12"),
        (r#"{"k":100000000000000000000000000001}"#, "100000000000000000000000000001"),
        (r#"{"k":"7.0"}"#, "7.0"),
        (r#"{"k":" A\u00e9/\n"}"#, " Aé/\n"),
        (r#"{"x":{"k":1},"y":[{"k":2}],"\u006b":3}"#, "3"),
    ] {
        assert_eq!(read(json, &["k"]).map(|identity| identity.key.to_string()), Ok(key.to_owned()), "{json}");
    }
    let parts = read(r#"{"org":{"id":"100"},"k":7}"#, &["org.id", "k"]).unwrap();
    assert_eq!(parts.key.parts(2), Some(vec!["100", "7"]));
}

#[test]
fn rule_30_null_blank_or_absent_key_parts_are_faults() {
    let blank = "the key part `$.k` is null, blank or absent, allowed: text that is not blank, a number";
    for json in [r#"{"k":null}"#, r#"{"k":""}"#, r#"{"k":" \t"}"#, r#"{"x":1}"#, "{}", r#"{"K":1}"#] {
        assert_eq!(read(json, &["k"]), Err(blank.to_owned()), "{json}");
    }
    for (json, found) in [
        (r#"{"k":true}"#, "true or false"),
        (r#"{"k":[1]}"#, "a list"),
        (r#"{"k":{}}"#, "an object"),
        (r#"{"k":1e2000}"#, "a number of more than 1,000 digits"),
    ] {
        let fault = format!("the key part `$.k` is {found}, allowed: text that is not blank, a number");
        assert_eq!(read(json, &["k"]), Err(fault), "{json}");
    }
    assert!(read(r#"{"k":1}"#, &[]).is_err());
}

#[test]
fn number_time_and_row_version_may_be_absent_but_not_lists() {
    let whole =
        r#"{"k":1,"so_id":20240301,"head":{"approved":null,"modified":"2024-03-01 10:00:05","k":9},"ts":"0x1F"}"#;
    let identity = read(whole, &["k"]).unwrap();
    assert_eq!(identity.number.as_deref(), Some("20240301"));
    assert_eq!(identity.time_texts, ["2024-03-01 10:00:05"]);
    assert_eq!(identity.row_version.as_deref(), Some("0x1F"));
    let bare = read(r#"{"so_id":null,"k":1,"head":"none","ts":""}"#, &["k"]).unwrap();
    assert_eq!((bare.number, bare.time_texts, bare.row_version), (None, Vec::new(), None));
    let fault = extract(br#"{"so_id":[],"k":1}"#, &paths(&["k"])).unwrap_err();
    assert_eq!(fault.to_string(), "`$.so_id` is a list, allowed: text, a number, null");
    assert!(
        matches!(fault, ExtractFault::Scalar { key, time_texts, .. } if key.as_str() == "1" && time_texts.is_empty())
    );
    let fault = extract(br#"{"head":{"modified":"2024-03-01","approved":"2024-03-02"}}"#, &paths(&["k"])).unwrap_err();
    assert!(matches!(fault, ExtractFault::Key { time_texts, .. } if time_texts == ["2024-03-01", "2024-03-02"]));
    let fault = extract(br#"{"k":1,"head":{"approved":true}}"#, &paths(&["k"])).unwrap_err();
    assert_eq!(fault.to_string(), "`$.head.approved` is true or false, allowed: text, a number, null");
}

#[test]
fn one_member_may_serve_several_paths() {
    let paths =
        Paths { key: vec![chain("a.b"), chain("a.c")], number: Some(chain("a.b")), times: vec![], cursor: None };
    let identity = extract(br#"{"a":{"c":"2","b":"1"}}"#, &paths).unwrap();
    assert_eq!(identity.key.parts(2), Some(vec!["1", "2"]));
    assert_eq!(identity.number.as_deref(), Some("1"));
    let twice = extract(br#"{"a":{"b":1},"a":{"c":2}}"#, &paths).unwrap_err();
    assert!(twice.to_string().starts_with("an object with two members named `a`"), "{twice}");
}

#[test]
fn cut_or_foreign_bytes_are_faults_that_say_where() {
    for (json, fault) in [
        ("", "the document ends where an object is expected at byte 0"),
        ("[1]", "`[` where an object is expected at byte 0"),
        ("<html>", "`<` where an object is expected at byte 0"),
        (r#"{"k":1,"x":[1,{"#, "the document ends where a value's end is expected at byte 15"),
        (r#"{"k":1,"x":"#, "the document ends where a value's end is expected at byte 11"),
        (r#"{"k":1"#, "the document ends where `,` or `}` is expected at byte 6"),
        (r#"{"k":1,}"#, "`}` where a member's name is expected at byte 7"),
        (r#"{"k":}"#, "`}` where a value is expected at byte 5"),
        (r#"{"x":}"#, "`}` where a value is expected at byte 5"),
        (r#"{"k" 1}"#, "`1` where `:` is expected at byte 5"),
        (r#"{"k":1,"k":2}"#, "an object with two members named `k` at byte 10"),
        (r#"{"k":"\ud800"}"#, "a lone surrogate or cut `\\u` escape at byte 7"),
    ] {
        assert_eq!(read(json, &["k"]), Err(fault.to_owned()), "{json}");
    }
    let fault = extract(b"{\"k\":\"a\xffb\"}", &paths(&["k"])).unwrap_err();
    assert_eq!(fault.to_string(), "invalid UTF-8 at byte 7");
}

#[test]
fn what_follows_the_identity_is_skimmed_and_left_to_the_parser() {
    let json = r#"{"k":1,"x":[tru, {"a":1 2}],"y":"\q"}"#;
    assert_eq!(read(json, &["k"]).map(|identity| identity.key.to_string()), Ok("1".to_owned()));
    assert!(parse(json.as_bytes()).is_err());
}
