use super::*;

/// Rows of the head of a bill, and of its one line.
fn bill(id: u64, modified: &str, quantity: u64) -> (Value, Value) {
    (json!([id, format!("XS-{id}"), modified, null, "C1"]), json!([id, id * 10, quantity, modified, null]))
}

fn read(bills: &[(Value, Value)]) -> Vec<Step> {
    let (heads, lines): (Vec<Value>, Vec<Value>) = bills.iter().cloned().unzip();
    reading(&json!(heads).to_string(), &[&json!(lines).to_string()])
}

/// The bill of an id as two equal readings of these rows give it.
fn document(id: u64, modified: &str, quantity: u64) -> String {
    format!(
        r#"{{"FID":{id},"FBillNo":"XS-{id}","FModifyDate":"{modified}","FApproveDate":null,"FCustId_FNumber":"C1","FEntry":[{{"FEntry_FEntryID":{},"FQty":{quantity}}}]}}"#,
        id * 10
    )
}

async fn settled(readings: Vec<Vec<Step>>) -> (Page, Vec<Value>) {
    let steps = std::iter::once(vec![body("[[7],[8]]")]).chain(readings).collect::<Vec<_>>().concat();
    let (page, asked) = paged(&orders(""), steps).await;
    (page.unwrap(), asked)
}

#[tokio::test]
async fn rule_24_a_bill_edited_between_answers_is_read_until_two_readings_agree() {
    let (seven, old, new) = (bill(7, "m", 1), bill(8, "m", 1), bill(8, "n", 2));
    // The head is read before the edit and the lines after it, in a way that no repeated value shows.
    let torn = (old.0.clone(), json!([8, 80, 2, "m", null]));
    let readings = vec![read(&[seven.clone(), torn]), read(&[seven, new.clone()]), read(&[new])];
    let (page, asked) = settled(readings).await;
    assert_eq!(texts(&page), [document(7, "m", 1), document(8, "n", 2)]);
    assert_eq!((page.next.as_deref(), page.deferred.len()), (Some("8"), 0));
    assert_eq!(asked[7]["FilterString"], "FID in (8)", "what is settled is not read again");
}

#[tokio::test]
async fn rule_24_a_repeated_value_that_differs_makes_a_reading_void_though_the_next_is_alike() {
    let eight = bill(8, "m", 1);
    let contradicts = (eight.0.clone(), json!([8, 80, 1, "n", null]));
    let other = bill(7, "m", 1);
    let readings =
        vec![read(&[other.clone(), contradicts]), read(&[other, eight.clone()]), read(std::slice::from_ref(&eight))];
    let (page, _) = settled(readings).await;
    assert_eq!(texts(&page), [document(7, "m", 1), document(8, "m", 1)]);
}

#[tokio::test]
async fn rule_24_a_bill_that_never_holds_still_is_deferred_by_name_and_holds_back_no_other() {
    let seven = bill(7, "m", 1);
    let mut readings = vec![read(&[seven.clone(), bill(8, "m", 0)]), read(&[seven, bill(8, "m", 1)])];
    readings.extend((2..6).map(|quantity| read(&[bill(8, "m", quantity)])));
    let (page, _) = settled(readings).await;
    assert_eq!((texts(&page), page.next.as_deref()), (vec![document(7, "m", 1)], Some("8")));
    let [deferred] = &page.deferred[..] else { panic!("{:?}", page.deferred) };
    assert_eq!(deferred.why, "bill 8 changed during each of 6 readings: two readings differ");
    assert_eq!(deferred.document.bytes, document(8, "m", 5).into_bytes());
}

#[tokio::test]
async fn rule_24_rows_below_a_line_that_is_not_there_are_torn() {
    let source = source(
        "  fields: [FID]\n  changed_fields: [FModifyDate]\n\
         \x20 entries: { name: E, id: E_FEntryID, fields: [], entries: { name: S, id: S_FDetailID, fields: [] } }\n",
    );
    let (head, line) = (r#"[[7,"m"]]"#, r#"[[7,1,"m"]]"#);
    let torn = reading(head, &[line, r#"[[7,1,11,"m"],[7,2,12,"m"]]"#]);
    let steps = std::iter::once(vec![body("[[7]]")]).chain((0..6).map(|_| torn.clone())).collect::<Vec<_>>().concat();
    let (page, _) = paged(&source, steps).await;
    let why = "bill 7 changed during each of 6 readings: `S` has rows below lines that are not there: 2";
    assert_eq!(page.unwrap().deferred[0].why, why);
}

#[tokio::test]
async fn bills_that_vanish_while_they_are_read_are_left_out() {
    let (seven, eight) = (bill(7, "m", 1), bill(8, "m", 1));
    // Heads of bills that are gone leave the head query to end by an empty answer.
    let only = |bill: &(Value, Value)| {
        let mut steps = read(std::slice::from_ref(bill));
        steps.insert(1, body(NONE));
        steps
    };
    let absent = vec![body(NONE)];
    let readings = vec![read(&[seven.clone(), eight]), only(&seven), absent.clone()];
    let (page, _) = settled(readings).await;
    assert_eq!((texts(&page), page.deferred.len(), page.next.as_deref()), (vec![document(7, "m", 1)], 0, Some("8")));
    let readings = vec![absent.clone(), absent];
    let (page, _) = settled(readings).await;
    assert_eq!((page.documents.len(), page.deferred.len(), page.next.as_deref()), (0, 0, Some("8")));
}
