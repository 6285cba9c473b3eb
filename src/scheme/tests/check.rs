use std::time::Duration;

use super::{parse, told};
use crate::fault::Position;
use crate::scheme::check::{LiteralSecrets, check};
use crate::scheme::json_schema::json_schema;
use crate::scheme::keys::{KeySpec, Kind, Names, QUERIES, TEXTS, Table};
use crate::scheme::transport::{Limit, Rate, TRANSPORT, Transport};

static ROOT: Table = Table {
    name: "root",
    keys: &[
        KeySpec::required("text", Kind::Text, "a text"),
        KeySpec::optional("name", Kind::Name, ""),
        KeySpec::optional("url", Kind::Url, ""),
        KeySpec::optional("address", Kind::Address, ""),
        KeySpec::optional("secret", Kind::Secret, ""),
        KeySpec::optional("bool", Kind::Bool, ""),
        KeySpec::optional("integer", Kind::Integer { min: 1, max: 50 }, ""),
        KeySpec::optional("duration", Kind::Duration { min: Duration::from_secs(1) }, ""),
        KeySpec::optional("share", Kind::Share, ""),
        KeySpec::optional("size", Kind::Size, ""),
        KeySpec::optional("rate", Kind::Rate { none: true }, ""),
        KeySpec::optional("start", Kind::Start, ""),
        KeySpec::optional("cron", Kind::Cron, ""),
        KeySpec::optional("zone", Kind::Zone, ""),
        KeySpec::optional("choice", Kind::Choice(&["open", "legacy"]), ""),
        KeySpec::optional("query", Kind::Query, ""),
        KeySpec::optional("condition", Kind::Condition, ""),
        KeySpec::optional("texts", TEXTS, ""),
        KeySpec::optional("queries", QUERIES, ""),
        KeySpec::optional("map", Kind::Map(Names::Name, &Kind::Keys(&CHILD)), ""),
        KeySpec::optional("login", Kind::OneOf(&LOGIN), ""),
        KeySpec::optional("any", Kind::AnyMap, ""),
        KeySpec::later("soon", Kind::Any, ""),
    ],
};

static CHILD: Table = Table {
    name: "child",
    keys: &[KeySpec::required("a", Kind::Bool, ""), KeySpec::optional("children", Kind::List(&Kind::Keys(&CHILD)), "")],
};

static LOGIN: Table = Table {
    name: "login",
    keys: &[KeySpec::optional("sign", Kind::Keys(&CHILD), ""), KeySpec::optional("token", Kind::Text, "")],
};

fn faults(text: &str, secrets: LiteralSecrets) -> Vec<String> {
    let (node, mut told_before) = parse(text);
    let at = Position { file: "x.yaml".into(), line: 9, column: 9 };
    let mut faults = Vec::new();
    check(&node.unwrap(), &at, &ROOT, secrets, &mut faults);
    told_before.extend(told(&faults));
    told_before
}

#[test]
fn what_fits_the_table_has_no_fault() {
    let text = "
text: 007
name: jst-1
url: https://erp.example.com/k3cloud/
address: localhost:7878
bool: false
integer: 50
duration: 1s
share: 0.5%
size: 64MB
rate: none
start: 2024-03-01
cron: '*/5 8-20 * * *'
zone: Asia/Shanghai
choice: legacy
query: $.io_id
condition: \"@.after.status == 'Confirmed'\"
texts: one
queries: [$.a, $.b]
map: { x: { a: true, children: [{ a: false }] } }
login: { token: x }
any: { Whatever: [1, { b: c }] }
";
    assert_eq!(faults(text, LiteralSecrets::Refused), Vec::<String>::new());
}

#[test]
fn each_kind_says_what_it_must_be() {
    for (line, expected) in [
        ("text: [a]", "`text` must be a text, not a list"),
        ("text:", "`text` must be a text, not nothing"),
        (
            "name: 聚水潭",
            "`name` must be a name (letters, digits, `-`, `_` and `.`, at most 64, not beginning with `-` or `.`), not `聚水潭`",
        ),
        ("url: erp.example.com", "`url` must be an address such as `https://erp.example.com/`, not `erp.example.com`"),
        ("address: 0.0.0.0", "`address` must be an IP address and a port such as `127.0.0.1:7878`, not `0.0.0.0`"),
        ("bool: yes", "`bool` must be `true` or `false`, without quotes, not `yes`"),
        ("bool: \"true\"", "`bool` must be `true` or `false`, without quotes, not the text `true`"),
        ("integer: 51", "`integer` must be a whole number from 1 to 50, without quotes, not `51`"),
        ("integer: 1.0", "`integer` must be a whole number from 1 to 50, without quotes, not `1.0`"),
        (
            "duration: 5 minutes",
            "`duration` must be a duration of at least 1s such as `5m` (a whole number and `ms`, `s`, `m`, `h` or `d`), not `5 minutes`",
        ),
        (
            "duration: 10ms",
            "`duration` must be a duration of at least 1s such as `5m` (a whole number and `ms`, `s`, `m`, `h` or `d`), not `10ms`",
        ),
        ("share: 101%", "`share` must be a share of at most 100% such as `5%`, not `101%`"),
        ("size: 5 apples", "`size` must be a number of bytes such as `64MB`, not `5 apples`"),
        ("rate: 5/day", "`rate` must be `none`, a rate such as `5/s` or `100/min`, not `5/day`"),
        ("start: tomorrow", "`start` must be a time such as `2024-03-01` or a duration such as `30d`, not `tomorrow`"),
        ("zone: Asia/Peking", "`zone` must be a time zone such as `Asia/Shanghai`, not `Asia/Peking`"),
        ("choice: opn", "`choice` must be one of `open`, `legacy`, not `opn`"),
        ("texts: { a: b }", "`texts` must be a text or a list, not a mapping"),
        ("login: {}", "`login` needs one of `sign`, `token`"),
        ("any: 5", "`any` must be a mapping, not `5`"),
        ("soon: 5", "`soon` is not supported yet"),
    ] {
        let text = if line.starts_with("text:") { line.to_owned() } else { format!("{line}\ntext: x") };
        let found = faults(&text, LiteralSecrets::Refused);
        assert_eq!(found.len(), 1, "{line}: {found:?}");
        assert_eq!(found[0].split_once(": ").unwrap().1, expected, "{line}");
    }
}

#[test]
fn all_faults_of_a_tree_come_at_once_each_at_its_place() {
    let text = "txet: x\nname: -x\nmap:\n  'a b': { a: 1 }\n  y: { b: 1 }\nlogin: { token: x, sign: { a: true } }\nsecret: hunter2\n";
    let found = faults(text, LiteralSecrets::Refused);
    let allowed = format!("`{}`", ROOT.allowed().collect::<Vec<_>>().join("`, `"));
    assert_eq!(
        found,
        [
            format!("1:1: unknown key `txet`: did you mean `text`? allowed are {allowed}"),
            "2:7: `name` must be a name (letters, digits, `-`, `_` and `.`, at most 64, not beginning with `-` or \
             `.`), not `-x`"
                .to_owned(),
            "4:3: `a b` is no name: letters, digits, `-`, `_` and `.`, at most 64, not beginning with `-` or `.`"
                .to_owned(),
            "4:15: `a` must be `true` or `false`, without quotes, not `1`".to_owned(),
            "5:3: `a` is missing".to_owned(),
            "5:8: unknown key `b`: did you mean `a`? allowed are `a`, `children`".to_owned(),
            "6:20: `sign` can't stand beside `token`: give one".to_owned(),
            "7:9: `secret` is secret and can't stand here literally: fill it in by `${env:NAME}` or `${file:PATH}`"
                .to_owned(),
            "9:9: `text` is missing".to_owned(),
        ]
    );
    assert_eq!(faults("text: x\nsecret: hunter2\n", LiteralSecrets::Allowed), Vec::<String>::new());
}

#[test]
fn slips_in_expressions_point_into_the_text() {
    for (line, column) in [
        ("query: $.io id", "1:"),
        ("query: \"$.io id\"", "1:"),
        ("condition: \"@.after.status = 'Confirmed'\"", "1:"),
        ("queries: [\"$.a b\"]", "1:"),
        ("cron: every day", "1:7: `cron` must be a cron expression of five fields such as `*/5 8-20 * * *`: "),
        ("cron: 0 0 31 2 *", "1:7: `cron` names no day that ever comes"),
    ] {
        let found = faults(&format!("{line}\ntext: x\n"), LiteralSecrets::Refused);
        assert_eq!(found.len(), 1, "{line}: {found:?}");
        assert!(found[0].starts_with(column), "{line}: {found:?}");
    }
}

#[test]
fn a_transport_is_typed() {
    let (node, _) =
        parse("rate: [5/s, 100/min]\ntimeout: 60s\nsettle: 200ms\nmax_body: 1MB\ninsecure_tls: true\nmin_tls: 1.3\n");
    let node = node.unwrap();
    let mut found = Vec::new();
    check(&node, &node.at, &TRANSPORT, LiteralSecrets::Refused, &mut found);
    assert_eq!(told(&found), Vec::<String>::new());
    let transport = Transport::read(&node, std::path::Path::new(""));
    let limit = |count, per| Limit { count, per: Duration::from_secs(per) };
    assert_eq!(transport.rate, Rate::Limits(vec![limit(5, 1), limit(100, 60)]));
    assert_eq!(
        (transport.timeout, transport.settle),
        (Some(Duration::from_secs(60)), Some(Duration::from_millis(200)))
    );
    assert_eq!((transport.max_body, transport.insecure_tls), (1 << 20, true));
    for (text, rate) in [
        ("rate: none", Rate::Unlimited),
        ("rate: 5/s", Rate::Limits(vec![limit(5, 1)])),
        ("timeout: 1s", Rate::Connector),
    ] {
        assert_eq!(Transport::read(&parse(text).0.unwrap(), std::path::Path::new("")).rate, rate, "{text}");
    }
}

#[test]
fn every_table_becomes_a_json_schema_even_one_that_holds_itself() {
    let schema = json_schema(&ROOT);
    assert_eq!(schema["$ref"], "#/$defs/root");
    assert_eq!(schema["$defs"]["root"]["required"], serde_json::json!(["text"]));
    assert_eq!(schema["$defs"]["child"]["properties"]["children"]["items"]["$ref"], "#/$defs/child");
    assert!(schema["$defs"]["root"]["properties"].get("soon").is_none());
    let scheme = json_schema(&crate::scheme::table::SCHEME);
    assert_eq!(scheme["$defs"]["target"]["properties"]["in_doubt"]["anyOf"][0]["enum"][0], "probe");
}
