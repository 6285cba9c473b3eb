//! Reading only to compare: as completely as capture reads.

use super::support::{Desk, NOON, desk, desk_over, page, text};
use crate::capture::{CaptureError, Drift};
use crate::connector::Page;
use crate::store::Span;

impl Desk {
    /// What a survey of the last hour tells, without storing anything.
    async fn survey(&self) -> Result<Vec<(String, Option<Drift>)>, CaptureError> {
        let span = Span { begin: NOON.minus(std::time::Duration::from_secs(3600)), end: NOON };
        let mut told = Vec::new();
        self.capture.survey(span, false, &mut |one| told.push((one.key.to_string(), one.drift))).await?;
        assert_eq!(self.changes().len(), 0);
        Ok(told)
    }
}

#[tokio::test]
async fn a_survey_reads_again_where_the_source_counts_more_than_it_shows() {
    let desk = desk("", |_| {});
    let [a, b] = [1, 2].map(|id| text(id, 1, "11:50:00"));
    let counted = |texts: &[&String]| page(texts, None).map(|page| Page { total: Some(2), ..page });
    desk.source.pages.lock().unwrap().extend([counted(&[&a]), counted(&[&a, &b])]);
    let missing = |id: &str| (id.to_owned(), Some(Drift::NotCaptured));
    assert_eq!(desk.survey().await.unwrap(), [missing("1"), missing("2")]);
}

#[tokio::test]
async fn rule_30_a_survey_of_a_source_that_goes_in_a_circle_ends() {
    let desk = desk("", |_| {});
    let circle =
        (0..50).flat_map(|_| [(1, "a"), (2, "b")].map(|(id, next)| page(&[text(id, 1, "11:50:00")], Some(next))));
    desk.source.pages.lock().unwrap().extend(circle);
    let error = desk.survey().await.unwrap_err();
    assert!(matches!(error, CaptureError::Absurd(_)) && desk.asked() < 40, "{error}");
}

#[tokio::test]
async fn a_survey_of_everything_leaves_out_what_lies_before_the_start() {
    let desk = desk_over(", mode: full, start: \"2026-06-01 11:30:00\"", "", |call| call.windows = false);
    desk.run([]).await.unwrap();
    desk.source.pages.lock().unwrap().push_back(page(&[text(1, 1, "11:00:00"), text(2, 1, "11:40:00")], None));
    assert_eq!(desk.survey().await.unwrap(), [("2".to_owned(), Some(Drift::NotCaptured))]);
}
