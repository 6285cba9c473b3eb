//! Bills that can't be read, among others that can.

use super::*;

const FIRST: &str = r#"[7,"XS-7","m",null,"C1"]"#;
/// A text that was cut to its column in the middle of a surrogate pair.
const POISONED: &str = r#"[8,"XS-8","m",null,"C\ud83d"]"#;
const THIRD: &str = r#"[9,"XS-9","m",null,"C1"]"#;

/// Two readings of a bill without lines.
fn twice(row: &str) -> Vec<Step> {
    let once = [body(format!("[{row}]")), body(NONE)];
    [once.clone(), once].concat()
}

#[tokio::test]
async fn fault_26_a_bill_whose_text_is_no_text_is_named_and_the_others_are_read() {
    let all = body(format!("[{FIRST},{POISONED},{THIRD}]"));
    let later = body(format!("[{POISONED},{THIRD}]"));
    let poisoned = body(format!("[{POISONED}]"));
    let steps = [vec![body("[[7],[8],[9]]"), all], twice(FIRST), vec![later, poisoned.clone(), poisoned], twice(THIRD)];
    let (page, asked) = paged(&orders(""), steps.concat()).await;
    let page = page.unwrap();
    let keys: Vec<bool> = texts(&page).iter().map(|text| text.contains("XS-7") || text.contains("XS-9")).collect();
    assert_eq!((keys, page.next.as_deref()), (vec![true, true], Some("9")));
    let [deferred] = &page.deferred[..] else { panic!("{:?}", page.deferred) };
    assert!(deferred.why.starts_with("bill 8 can't be read: "), "{}", deferred.why);
    assert!(String::from_utf8_lossy(&deferred.document.bytes).starts_with(r#"{"FID":8,"#));
    let filters: Vec<&str> = asked.iter().map(|one| one["FilterString"].as_str().unwrap()).collect();
    assert!(filters.contains(&"FID in (7)") && filters.contains(&"FID in (8,9)"), "{filters:?}");
}

#[tokio::test]
async fn fault_04_rows_that_were_cut_are_no_unreadable_bill() {
    let (page, _) = paged(&orders(""), vec![body("[[7],[8],[9]]"), body(format!("[{FIRST},[8,\"XS"))]).await;
    let fault = page.unwrap_err();
    assert_eq!((fault.kind, fault.too_much), (FaultKind::Unknown, None), "{}", fault.words);
}
