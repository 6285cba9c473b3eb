use std::path::Path;

use crate::mapping::{Hits, Lookups, Source, Table, Tables};

fn read(bytes: &[u8]) -> Result<Table, String> {
    Table::read(Path::new("shops.csv"), bytes)
        .map_err(|faults| faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))
}

fn find(table: Table, by: &[(&str, &str)]) -> Result<Hits, String> {
    let mut tables = Tables::default();
    tables.insert("shops", table);
    let by: Vec<_> = by.iter().map(|(column, text)| ((*column).to_owned(), (*text).to_owned())).collect();
    tables.find(&Source::Table("shops".into()), &by)
}

/// The hit as `ORIGIN JSON`, or what else came.
fn shown(hits: Result<Hits, String>) -> String {
    match hits {
        Ok(Hits::One(hit)) => format!("{} {}", hit.origin, hit.document),
        Ok(Hits::Several { count, first }) => format!("{count}, first {} {}", first.origin, first.document),
        Ok(Hits::Nothing | Hits::Deleted) => "nothing".into(),
        Ok(Hits::NotReady) => "not ready".into(),
        Err(message) => message,
    }
}

const SHOPS: &str =
    "shop_id, customer ,note\n 101 ,CUST0001,旗舰店\n102,CUST0002,\"a, b\"\n\n102,CUST0003,\n,CUST0009,none\n";

#[test]
fn a_table_is_found_by_trimmed_cells() {
    for (by, expected) in [
        (&[("shop_id", "101")][..], r#"shops.csv:2 {"shop_id":"101","customer":"CUST0001","note":"旗舰店"}"#),
        (&[("shop_id", " 101 ")], r#"shops.csv:2 {"shop_id":"101","customer":"CUST0001","note":"旗舰店"}"#),
        (&[("shop_id", "0101")], "nothing"),
        (&[("shop_id", "102")], r#"2, first shops.csv:3 {"shop_id":"102","customer":"CUST0002","note":"a, b"}"#),
        (
            &[("customer", "CUST0003"), ("shop_id", "102")],
            r#"shops.csv:5 {"shop_id":"102","customer":"CUST0003","note":""}"#,
        ),
        (&[("shop_id", "101"), ("customer", "CUST0002")], "nothing"),
        (
            &[("shopid", "101")],
            "table `shops` has no column `shopid`: did you mean `shop_id`? its columns are `shop_id`, `customer`, `note`",
        ),
    ] {
        assert_eq!(shown(find(read(SHOPS.as_bytes()).unwrap(), by)), expected, "{by:?}");
    }
}

#[test]
fn rule_16_a_blank_key_never_matches_a_blank_cell() {
    for blank in ["", " ", "\u{3000}"] {
        assert_eq!(shown(find(read(SHOPS.as_bytes()).unwrap(), &[("shop_id", blank)])), "nothing");
    }
}

#[test]
fn parts_of_a_combination_do_not_run_together() {
    let table = || read(b"a,b,c\n1:x,y,first\n1,x:y,second\n").unwrap();
    assert!(shown(find(table(), &[("a", "1:x"), ("b", "y")])).contains("first"));
    assert!(shown(find(table(), &[("a", "1"), ("b", "x:y")])).contains("second"));
}

#[test]
fn tables_are_utf_8_with_or_without_bom_or_gbk() {
    let text = "店铺,客户\n一号店,客户甲\n";
    let bom = [b"\xef\xbb\xbf", text.as_bytes()].concat();
    let gbk = encoding_rs::GBK.encode(text).0.into_owned();
    assert_ne!(gbk, text.as_bytes());
    for bytes in [text.as_bytes(), &bom, &gbk] {
        let found = shown(find(read(bytes).unwrap(), &[("店铺", "一号店")]));
        assert_eq!(found, r#"shops.csv:2 {"店铺":"一号店","客户":"客户甲"}"#);
    }
    // Beyond GBK: four bytes of GB18030.
    let rare = encoding_rs::GB18030.encode("店铺,客户\n𠮷店,客户乙\n").0.into_owned();
    assert!(shown(find(read(&rare).unwrap(), &[("店铺", "𠮷店")])).contains("客户乙"));
}

#[test]
fn what_spreadsheets_leave_behind_is_no_fault() {
    for text in ["a,b,,\r\n1,2,,\r\n,,,\r\n", "\u{feff}a,b\r\n\r\n1,2\r\n , \r\n", "a,b\n1,2,\n", "a,b\n1,2"] {
        let table = read(text.as_bytes()).unwrap();
        assert_eq!((table.columns().join(","), table.rows()), ("a,b".to_owned(), 1), "{text:?}");
    }
    assert_eq!(read(b"a,b\n").unwrap().rows(), 0);
}

#[test]
fn faults_of_a_table_name_file_and_line_all_at_once() {
    for (bytes, expected) in [
        (&b""[..], "shops.csv:1:1: the table has no header row"),
        (b",,\n1,2,3\n", "shops.csv:1:1: the table has no header row"),
        (b"a,,c\n1,2,3\n", "shops.csv:1:1: column 2 has no name"),
        (b"a,b, a\n1,2,3\n", "shops.csv:1:1: column `a` is named twice"),
        (
            b"a,b\n1\n1,2\n1,2,3\n",
            "shops.csv:2:1: the row has 1 cells, the header names 2 columns\nshops.csv:4:1: the row has 3 cells, the header names 2 columns",
        ),
        (
            b"a\n\xe5\xba\x97\n\xff\n",
            "shops.csv:3:1: the table is neither UTF-8 nor GBK: save it as CSV in one of these",
        ),
        (b"\r\n\r\na,b\r\n\"1\r\n1\",2\r\n\r\n1\r\n", "shops.csv:7:1: the row has 1 cells, the header names 2 columns"),
        (b"\xff\xfea\0", "shops.csv:1:1: the table is in UTF-16: save it as CSV in UTF-8 or GBK"),
    ] {
        assert_eq!(read(bytes).unwrap_err(), expected);
    }
}

#[test]
fn an_unknown_table_is_named_with_the_known() {
    let mut tables = Tables::default();
    tables.insert("shops", read(SHOPS.as_bytes()).unwrap());
    let asked = [("shop_id".to_owned(), "1".to_owned())];
    let message = tables.find(&Source::Table("shop".into()), &asked).unwrap_err();
    assert_eq!(message, "unknown table `shop`: did you mean `shops`? known are `shops`");
}
