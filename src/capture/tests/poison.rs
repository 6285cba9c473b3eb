//! Documents that can't be what they say: each is named and waits in quarantine, and the others of its page go on.
//! Pages that lead nowhere: the run ends.

use super::support::{desk, page, text};
use crate::connector::{Deferred, Page};
use crate::document::RawDocument;

fn raw(bytes: impl AsRef<[u8]>) -> RawDocument {
    RawDocument { bytes: bytes.as_ref().to_vec() }
}

/// The document of key 1 with this text behind its own members.
fn poisoned(more: impl AsRef<[u8]>) -> RawDocument {
    let mut bytes = text(1, 1, "11:50:00").into_bytes();
    bytes.pop();
    raw([&bytes, more.as_ref(), b"}"].concat())
}

/// What becomes of a page of a poisoned document between two that are well.
async fn among_others(name: &str, poisoned: RawDocument, why: &str) {
    let desk = desk("", |_| {});
    let mut all = page(&[text(2, 1, "11:50:00"), text(3, 1, "11:50:00")], None).unwrap();
    all.documents.insert(1, poisoned);
    desk.run([Ok(all)]).await.unwrap();
    let told = crate::store::Store::quarantined(&*desk.store, "s").unwrap();
    assert_eq!(told.len(), 1, "{name}");
    assert!(told[0].why.contains(why), "{name}: {}", told[0].why);
    assert!(desk.head(1).is_none() && desk.head(2).is_some() && desk.head(3).is_some(), "{name}");
}

#[tokio::test]
async fn fault_09_pages_that_come_back_to_themselves_end_the_run_and_nothing_counts_as_read() {
    let one = |next| page(&[text(1, 1, "11:50:00")], Some(next));
    let itself = vec![one("2"), one("2"), one("2")];
    let for_ever = (2..60).map(|at| page::<&str>(&[], Some(&format!("{at}")))).collect();
    for (name, pages) in [("a page that names itself", itself), ("empty pages with more behind", for_ever)] {
        let desk = desk("", |_| {});
        let most = pages.len();
        desk.source.pages.lock().unwrap().extend(pages);
        let error = desk.run([]).await.unwrap_err();
        assert!(matches!(error, crate::capture::CaptureError::Absurd(_)), "{name}: {error}");
        assert!(desk.asked() < most.max(4), "{name}: {}", desk.asked());
        assert_eq!(desk.progress().walked_to, None, "{name}");
    }
}

#[tokio::test]
async fn fault_22_a_document_named_as_too_large_is_recorded_and_asked_again_by_key() {
    let desk = desk("", |_| {});
    let why = "the answer is larger than 64 bytes (`transport.max_body`)".to_owned();
    let deferred =
        || vec![Deferred { document: raw(r#"{"id":1,"modified":"2026-06-01 11:50:00"}"#), why: why.clone() }];
    let large = || Page { deferred: deferred(), documents: vec![raw(text(2, 1, "11:50:00"))], ..Page::default() };
    desk.run([Ok(large())]).await.unwrap();
    assert_eq!((desk.quarantined(), desk.head(2).is_some()), (vec!["1".to_owned()], true));
    assert!(desk.progress().watermark.is_some(), "the record lets the watermark pass");
    desk.clock.advance(std::time::Duration::from_secs(1));
    desk.by_key([page(&[text(1, 2, "11:51:00")], None)]);
    desk.run([]).await.unwrap();
    assert_eq!((desk.quarantined().len(), desk.head(1).is_some()), (0, true), "it became smaller");
}

#[tokio::test]
async fn fault_23_a_document_nested_ten_thousand_deep_is_quarantined() {
    let lists = [b",\"x\":".to_vec(), vec![b'['; 10_000], vec![b']'; 10_000]].concat();
    among_others("lists", poisoned(lists), "nested deeper than 100").await;
    let objects = format!(",\"x\":{}1{}", "{\"a\":".repeat(10_000), "}".repeat(10_000));
    among_others("objects", poisoned(objects), "nested deeper than 100").await;
    // Not even its end is there.
    among_others("open", raw("{\"id\":".repeat(10_000)), "").await;
}

#[tokio::test]
async fn fault_24_a_document_with_a_name_twice_is_quarantined() {
    for (name, more) in [
        ("of the document", r#","rev":2"#),
        ("of a line", r#","lines":[{"a":1,"a":2}]"#),
        ("once by an escape", r#","r\u0065v":2"#),
    ] {
        among_others(name, poisoned(more), "two members named").await;
    }
}

#[tokio::test]
async fn fault_25_numbers_that_json_does_not_have_are_quarantined_and_others_keep_their_digits() {
    for number in ["NaN", "Infinity", "-Infinity", "01", "1.", ".5", "+1", "0x10"] {
        among_others(number, poisoned(format!(r#","x":{number}"#)), "").await;
    }
    let desk = desk("", |_| {});
    let digits = text(1, 1, "11:50:00")
        .replace('}', r#","a":10000000000000000999,"b":1.000000000000000005,"c":1e400,"d":1e-999}"#);
    desk.run([page(&[&digits], None)]).await.unwrap();
    assert_eq!(desk.stored(1).as_ref(), Some(&digits));
    desk.clock.advance(std::time::Duration::from_secs(1));
    desk.run([page(&[digits.replace("0999", "0998")], None)]).await.unwrap();
    assert_eq!(desk.head(1).unwrap().version, 2, "the last digit is a change");
}

#[tokio::test]
async fn fault_26_texts_that_are_no_characters_are_quarantined_and_none_is_replaced() {
    for (name, more) in [
        ("half a surrogate pair", br#","x":"\ud83d""#.as_slice()),
        ("its other half", br#","x":"\ude00""#),
        ("no UTF-8", b",\"x\":\"\xd6\xd0\""),
        ("NUL as it is", b",\"x\":\"\0\""),
    ] {
        among_others(name, poisoned(more), "").await;
    }
    among_others("byte order mark", raw("\u{feff}{\"id\":1}"), "").await;
    let desk = desk("", |_| {});
    // An escaped NUL is a character; one name composed and decomposed is two.
    let well = text(1, 1, "11:50:00").replace('}', r#","x":"\u0000","\u00e9":1,"e\u0301":2}"#);
    desk.run([page(&[&well], None)]).await.unwrap();
    assert_eq!(desk.stored(1).as_ref(), Some(&well));
    let keys =
        ["\u{e9}", "e\u{301}"].map(|key| text(1, 1, "11:50:00").replace(r#""id":1"#, &format!(r#""id":"{key}""#)));
    desk.run([page(&keys, None)]).await.unwrap();
    assert_eq!(desk.changes().len(), 3, "two keys");
}
