//! Documents that are too large to be read, among others that are not.

use super::*;

/// A gateway whose answers are read up to 500 bytes.
async fn narrow(steps: Vec<Step>) -> (Scripted, Jushuitan) {
    let server = Scripted::start(steps).await;
    let connector = connect_over(&server.base, App::Own, &Transport { max_body: 500, ..Transport::default() });
    (server, connector)
}

fn large(io_id: u64) -> String {
    let lines = r#"{"sku_id":"A"},"#.repeat(60);
    format!(r#"{{"io_id":{io_id},"modified":"2024-03-01 10:00:00","items":[{lines}{{}}]}}"#)
}

fn small(io_id: u64) -> String {
    format!(r#"{{"io_id":{io_id}}}"#)
}

fn texts(page: &Page) -> Vec<String> {
    page.documents.iter().map(|one| String::from_utf8(one.bytes.clone()).unwrap()).collect()
}

fn deferred(page: &Page) -> Vec<String> {
    page.deferred.iter().map(|one| String::from_utf8(one.document.bytes.clone()).unwrap()).collect()
}

#[tokio::test]
async fn fault_22_a_document_that_is_too_large_is_named_and_the_others_of_its_page_are_read() {
    let all = [small(1), large(2), small(3)].join(",");
    let singles = [listing(4, true, &small(1)), listing(5, true, &large(2)), listing(6, true, &small(3))];
    let (server, connector) = narrow([vec![listing(2, true, &all)], singles.to_vec()].concat()).await;
    let mut source = source(ORDERS, &[]);
    source.page_size = Some(3);
    let page = fetch(&connector, &source, Some("2")).await.unwrap();
    assert_eq!((texts(&page), page.next.as_deref()), (vec![small(1), small(3)], Some("3")));
    assert_eq!(deferred(&page), [r#"{"io_id":2,"modified":"2024-03-01 10:00:00"}"#]);
    assert!(page.deferred[0].why.contains("larger than 500 bytes"), "{}", page.deferred[0].why);
    assert_eq!(page.more_answers, 2, "of three answers");
    let sizes: Vec<bool> = server.received().iter().map(|one| biz(one).contains(r#""page_size":1}"#)).collect();
    assert_eq!(sizes, [false, true, true, true]);
}

#[tokio::test]
async fn fault_22_a_large_document_at_the_end_of_a_window_ends_it() {
    let (_server, connector) = narrow(vec![
        listing(1, false, &[small(1), large(2)].join(",")),
        listing(1, true, &small(1)),
        listing(2, false, &large(2)),
        listing(3, false, ""),
    ])
    .await;
    let page = fetch(&connector, &source(ORDERS, &[]), None).await.unwrap();
    assert_eq!((texts(&page), page.next, page.deferred.len()), (vec![small(1)], None, 1));
}

#[tokio::test]
async fn fault_22_a_row_that_slips_away_while_a_page_is_read_in_pieces_is_still_counted() {
    let counted = |index: u64, has_next, documents: &str, count: u64| {
        page(format!(
            r#"{{"code":0,"data":{{"page_index":{index},"has_next":{has_next},"data_count":{count},"datas":[{documents}]}}}}"#
        ))
    };
    // 1 leaves the window between the answers, so that 3 comes to its place and 2 to that of 1.
    let (_server, connector) = narrow(vec![
        counted(1, false, &[small(1), small(2), large(3)].join(","), 3),
        counted(1, true, &small(1), 3),
        counted(2, false, &small(3), 2),
    ])
    .await;
    let page = fetch(&connector, &source(ORDERS, &[]), None).await.unwrap();
    assert_eq!((texts(&page), page.total, page.more_answers), (vec![small(1), small(3)], Some(3), 1));
}

#[tokio::test]
async fn fault_22_asked_for_by_key_a_large_document_keeps_no_other_back() {
    let (_server, connector) = narrow(vec![
        listing(1, false, &[small(1), large(2), small(3)].join(",")),
        listing(1, false, &small(1)),
        listing(1, false, &[large(2), small(3)].join(",")),
        listing(1, false, &large(2)),
        listing(1, false, &small(3)),
    ])
    .await;
    let keys: Vec<Vec<String>> = ["1", "2", "3"].map(|key| vec![key.to_owned()]).to_vec();
    let page = connector.fetch_keys(&source(ORDERS, &[]), &keys, false).await.unwrap();
    assert_eq!((texts(&page), deferred(&page)), (vec![small(1), small(3)], vec![small(2)]));
}
