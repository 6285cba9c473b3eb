use std::path::Path;

use super::parse;
use crate::scheme::tree::{Node, Value};
use crate::scheme::yaml;

/// A tree in one line: scalars as `line:column=text`, plain ones bare, others quoted.
fn shown(node: &Node) -> String {
    let at = format!("{}:{}", node.at.line, node.at.column);
    match &node.value {
        Value::Null => format!("{at}=null"),
        Value::Plain(text) => format!("{at}={text}"),
        Value::Quoted(text) => format!("{at}={text:?}"),
        Value::Secret(_) => format!("{at}=***"),
        Value::List(elements) => {
            format!("{at}=[{}]", elements.iter().map(shown).collect::<Vec<_>>().join(", "))
        }
        Value::Map(entries) => {
            let entries: Vec<String> = entries
                .iter()
                .map(|(name, value)| format!("{}:{} {} -> {}", name.at.line, name.at.column, name.text, shown(value)))
                .collect();
            format!("{at}={{{}}}", entries.join(", "))
        }
    }
}

#[test]
fn keys_and_values_carry_positions_and_scalars_keep_their_source_text() {
    for (text, expected) in [
        ("a: 1.10\nb: 0755\nc: no\n", "1:1={1:1 a -> 1:4=1.10, 2:1 b -> 2:4=0755, 3:1 c -> 3:4=no}"),
        ("中文: \"值\" # c\nb: 'it''s'\n", "1:1={1:1 中文 -> 1:5=\"值\", 2:1 b -> 2:4=\"it's\"}"),
        ("中文: {键: [甲, 乙]}\n", "1:1={1:1 中文 -> 1:5={1:6 键 -> 1:9=[1:10=甲, 1:13=乙]}}"),
        (
            "a:\nb: ~\nc: null\nd: Null\n",
            "1:1={1:1 a -> 1:2=null, 2:1 b -> 2:4=null, 3:1 c -> 3:4=null, 4:1 d -> 4:4=Null}",
        ),
        ("a: |\n  one\n  two\n", "1:1={1:1 a -> 2:3=\"one\\ntwo\\n\"}"),
        ("a:\n  - x\n  - y: 1\n", "1:1={1:1 a -> 2:3=[2:5=x, 3:5={3:5 y -> 3:8=1}]}"),
        ("a: $.items[*].x | string\n", "1:1={1:1 a -> 1:4=$.items[*].x | string}"),
        (
            "\"5094664372713\": 已审核\n\"$.items\": $.ioi_id\n",
            "1:1={1:1 5094664372713 -> 1:18=已审核, 2:1 $.items -> 2:12=$.ioi_id}",
        ),
        ("\u{feff}a: 1\r\nb: 2\r\n", "1:1={1:1 a -> 1:4=1, 2:1 b -> 2:4=2}"),
        ("---\na: 1\n", "2:1={2:1 a -> 2:4=1}"),
        ("12345678901234567.89\n", "1:1=12345678901234567.89"),
    ] {
        let (node, faults) = parse(text);
        assert_eq!(faults, Vec::<String>::new(), "{text}");
        assert_eq!(shown(&node.unwrap()), expected, "{text}");
    }
    for text in ["", "# only a comment\n"] {
        assert_eq!(parse(text), (None, vec!["1:1: the file is empty".to_owned()]));
    }
}

#[test]
fn what_yaml_could_surprise_with_is_refused() {
    let unsupported = "are not supported: write the value out, or quote it if it is a text";
    for (text, expected) in [
        ("a: 1\nb: 2\na: 3\n", "3:1: key `a` is given twice: first at line 1, column 1".to_owned()),
        ("a: {b: 1, c: 2, \"b\": 3}\n", "1:17: key `b` is given twice: first at line 1, column 5".to_owned()),
        ("a: &x [1, *x]\n", "1:11: an alias can't stand within the value it names".to_owned()),
        ("a: !!str 5\n", format!("1:10: tags {unsupported}")),
        ("<<: {a: 1}\n", "1:1: merge keys (`<<`) are not supported: write the keys out".to_owned()),
        (": x\n", "1:1: a key is missing before `:`".to_owned()),
        (
            "a: {{CURRENT_TIME}}\n",
            "1:5: a list or mapping can't be a key: quote a text that begins with `{` or `[`, as in \
             `\"{{CURRENT_TIME}}\"`"
                .to_owned(),
        ),
        ("a: 1\n---\nb: 2\n", "2:1: a second document begins here: a file holds one, remove the `---`".to_owned()),
        ("a: 1\nb: x\0y\n", "2:5: a control character stands here".to_owned()),
        ("a: { every:5m }\n", "1:6: no value for key `every:5m`; write `every: 5m`".to_owned()),
        ("a: { every：5m }\n", "1:6: no value for key `every：5m`; write `every: 5m`".to_owned()),
        (
            "a: “x”\n",
            "1:4: full-width `“` means nothing to YAML: write `\"`, or quote the whole text if it belongs to it"
                .to_owned(),
        ),
    ] {
        assert_eq!(parse(text).1, [expected], "{text}");
    }
}

#[test]
fn a_syntax_error_is_one_fault_in_our_words_with_the_corrected_text_where_it_is_plain() {
    let colon = "full-width `：` means nothing to YAML: write `:` and a blank";
    let brace = "`,` or `}` is expected here: quote a text that holds any of `[ ] { } , #` or a colon and a blank";
    for (text, expected) in [
        ("title：聚水潭\nschedule: { every: 5m }\n", format!("1:6: {colon}")),
        ("source:\n  system: jst\n  call：orders\n  key: $.id\n", format!("3:7: {colon}")),
        ("a: 说明：文\nb: 'c\n", "2:4: the closing quote of this text is missing".to_owned()),
        ("a:\n\tb: 1\n", "2:1: a tab can't indent: use blanks".to_owned()),
        ("a: 1\n\tb: 1\n", "2:1: a tab can't indent: use blanks".to_owned()),
        (
            "a: b: c\n",
            "1:5: no key may stand here: check the indentation, and quote a text that holds a colon and a blank; \
             write `\"b: c\"`"
                .to_owned(),
        ),
        (
            "  qty: @.qty # lines\n",
            "1:8: a text that begins with `@`, `%` or a backquote must be quoted; write `\"@.qty\"`".to_owned(),
        ),
        (
            "a: { b: @.x, c: 1 }\n",
            "1:9: a text that begins with `@`, `%` or a backquote must be quoted; write `\"@.x\"`".to_owned(),
        ),
        (
            "cron: */5 * * * *\n",
            "1:7: a text that begins with `*` or `&` must be quoted (`*name` stands for a value above that is \
             marked `&name`); write `\"*/5 * * * *\"`"
                .to_owned(),
        ),
        ("b: { c: $.items[*].d, e: 1 }\n", format!("1:16: {brace}; write `\"$.items[*].d\"`")),
        ("a: \"abc\nb: 2\n", "1:4: the closing quote of this text is missing".to_owned()),
        ("a: 'abc\n", "1:4: the closing quote of this text is missing".to_owned()),
        ("a: {x: 1\nb: 3\n", format!("2:2: {brace}")),
        (
            "a: [1, 2\nb: 3\n",
            "2:2: a bracket above is not closed, or a key does not stand on one line as `key: value`".to_owned(),
        ),
        ("a:\n   b: 1\n  c: 2\n", "3:3: the indentation does not fit what stands above".to_owned()),
        ("a: - b\n", "1:4: a list begins on the line below its key".to_owned()),
        (
            "a: \"\\q\"\n",
            "1:4: unknown escape after `\\`: in double quotes write `\\\\`, or use single quotes".to_owned(),
        ),
        ("a: 'x' y\n", "1:8: something follows the closing quote: quote the whole text; write `\"'x' y\"`".to_owned()),
    ] {
        let (node, faults) = parse(text);
        assert!(node.is_none(), "{text}");
        assert_eq!(faults, [expected], "{text}");
    }
}

#[test]
fn faults_that_are_no_syntax_errors_come_all_at_once() {
    let (_, faults) = parse("a: 1\na: 2\nb: !!str 1\nc: {d: 1, d: 2}\n");
    assert_eq!(faults.len(), 3);
}

#[test]
fn a_file_in_another_encoding_says_where() {
    let mut faults = Vec::new();
    let gbk = [b"a: 1\n\xe4\xb8\xad: ".as_slice(), &[0xd6, 0xd0], b"\n"].concat();
    assert!(yaml::read(Path::new("x.yaml"), &gbk, &mut faults).is_none());
    assert_eq!(super::told(&faults), ["2:4: the file is not UTF-8 from here on: save it as UTF-8"]);
}

#[test]
fn an_alias_is_the_value_it_names_at_the_position_of_that_value() {
    for (text, expected) in [
        ("a: &x 1.10\nb: *x\n", "1:1={1:1 a -> 1:7=1.10, 2:1 b -> 1:7=1.10}"),
        (
            "a: &x [1, {b: 2}]\nc: [*x, 3]\n",
            "1:1={1:1 a -> 1:7=[1:8=1, 1:11={1:12 b -> 1:15=2}], 2:1 c -> 2:4=[1:7=[1:8=1, 1:11={1:12 b -> 1:15=2}], 2:9=3]}",
        ),
        (
            "a: &x {k: &y \"v\"}\nb: *y\n&z c: *x\nd: *z\n",
            "1:1={1:1 a -> 1:7={1:8 k -> 1:14=\"v\"}, 2:1 b -> 1:14=\"v\", 3:4 c -> 1:7={1:8 k -> 1:14=\"v\"}, 4:1 d -> 3:4=c}",
        ),
        ("a: &x 1\nb: &x 2\nc: *x\n", "1:1={1:1 a -> 1:7=1, 2:1 b -> 2:7=2, 3:1 c -> 2:7=2}"),
    ] {
        let (node, faults) = parse(text);
        assert_eq!(faults, Vec::<String>::new(), "{text}");
        assert_eq!(shown(&node.unwrap()), expected, "{text}");
    }
}

#[test]
fn aliases_of_aliases_are_bounded_in_number_and_depth() {
    let laughs: String =
        (1..20).map(|n| format!("a{n}: &a{n} [{}]\n", vec![format!("*a{}", n - 1); 9].join(", "))).collect();
    let faults = parse(&format!("a0: &a0 lol\n{laughs}")).1;
    assert_eq!(faults, ["5:9: anchors and aliases copy more than 10000 values"]);
    let deep: String = (1..70).map(|n| format!("a{n}: &a{n} [*a{}]\n", n - 1)).collect();
    assert_eq!(parse(&format!("a0: &a0 x\n{deep}")).1, ["65:12: nested deeper than 64 levels"]);
}

#[test]
fn depth_and_size_are_bounded() {
    let deep = format!("a: {}{}\n", "[".repeat(100), "]".repeat(100));
    assert_eq!(parse(&deep).1, ["1:67: nested deeper than 64 levels"]);
    let block: String = (0..100).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    assert_eq!(parse(&block).1, ["65:65: nested deeper than 64 levels"]);
    let large = format!("a: {}\n", "x".repeat(4 << 20));
    assert_eq!(parse(&large).1, ["1:1: the file has 4194308 bytes; at most 4194304 are read"]);
}

#[test]
fn no_mutilated_text_makes_the_reader_panic_or_hang() {
    let seed = include_str!("../../../schemes/jushuitan-shipment-to-kingdee.yaml");
    let seed: Vec<char> = seed.chars().filter(|c| *c != '\r').take(3000).collect();
    const MARKS: [char; 14] = ['{', '[', '}', '"', '\'', ':', '\n', '\t', ' ', '&', '*', '|', '-', '：'];
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..400 {
        let mut text = seed.clone();
        for _ in 0..random.usize(1..6) {
            let at = random.usize(..text.len());
            match random.u8(..8) {
                0 => text.truncate(at.max(10)),
                1 => {
                    text.remove(at);
                }
                _ => text.insert(at, random.choice(MARKS).unwrap()),
            }
        }
        let _ = parse(&text.into_iter().collect::<String>());
    }
}
