//! One request of ExecuteBillQuery and its answer (protocols/kingdee.md 2.1): rows behind a place in a total order,
//! never by StartRow over a table that moves.

use serde_json::{Value, json};

use super::client::Client;
use super::faults::{is_unnumbered_exception, unknown_field};
use super::query::literal;
use super::status::Status;
use crate::connector::reply::Purpose;
use crate::connector::{Fault, FaultKind};

/// Rows of one request; servers cap it silently at what they are configured to, so that only an empty answer is the
/// end.
pub const LIMIT: u32 = 2_000;

/// More answers than this to one query are a loop.
pub const MOST_ANSWERS: usize = 10_000;

/// A query.
#[derive(Debug)]
pub struct Select<'a> {
    /// The form.
    pub form: &'a str,
    /// Columns.
    pub columns: Vec<String>,
    /// Which of them give a total order.
    pub places: Vec<usize>,
    /// Which rows, in the language of FilterString; empty: all.
    pub filter: String,
    /// Rows of one answer.
    pub limit: u32,
}

/// What a query is answered with.
pub enum Answer {
    /// Rows, each of as many cells as there are columns; none: there are no more.
    Rows(Vec<Vec<Value>>),
    /// An error, never to be taken for data.
    Refused(Status),
}

impl Select<'_> {
    /// Asks for the rows behind one.
    ///
    /// # Errors
    /// As [`Client::call`]; also an answer that is neither a list of rows nor an error of the system's.
    pub async fn ask(&self, client: &Client, last: Option<&[Value]>) -> Result<Answer, Fault> {
        let body = json!({ "data": self.request(last) }).to_string().into_bytes();
        let answer = client.call("ExecuteBillQuery", body, Purpose::Read).await?;
        let Value::Array(page) = answer else {
            return match Status::read(&answer) {
                Some(status) if status.is_success != Some(true) => Ok(Answer::Refused(status)),
                Some(_) | None => Err(unrecognised(client, &answer)),
            };
        };
        let rows = page.into_iter().map(|row| match row {
            Value::Array(row) if row.len() == self.columns.len() => Ok(row),
            other => Err(unrecognised(client, &other)),
        });
        Ok(Answer::Rows(rows.collect::<Result<_, _>>()?))
    }

    /// Asks for the rows behind one, where an error leaves nothing to do.
    ///
    /// # Errors
    /// As [`Select::ask`]; an error of the system's, which names a field that the form does not have.
    pub async fn rows(&self, client: &Client, last: Option<&[Value]>) -> Result<Vec<Vec<Value>>, Fault> {
        match self.ask(client, last).await? {
            Answer::Rows(rows) => Ok(rows),
            Answer::Refused(status) => {
                let messages = status.messages();
                let fault = refusal(client, &status);
                let Some(field) = unknown_field(&messages) else { return Err(fault) };
                let words = format!("`{field}` is no field of `{}` here: {}", self.form, fault.words);
                Err(Fault { words, ..fault })
            }
        }
    }

    fn request(&self, last: Option<&[Value]>) -> Value {
        let conditions = [Some(self.filter.clone()), last.map(|row| self.after(row))];
        let order: Vec<String> =
            self.places.iter().filter_map(|at| self.columns.get(*at)).map(|column| format!("{column} ASC")).collect();
        json!({
            "FormId": self.form,
            "FieldKeys": self.columns.join(","),
            "FilterString": all_of(conditions.into_iter().flatten()),
            "OrderString": order.join(","),
            "TopRowCount": 0,
            "StartRow": 0,
            "Limit": self.limit,
            "SubSystemId": "",
        })
    }

    /// The condition of rows behind one. Where a bill has no rows, the places below it are null: then the next bill
    /// is behind it.
    fn after(&self, row: &[Value]) -> String {
        let mut equal = String::new();
        let mut behind = Vec::new();
        let places = self.places.iter().filter_map(|at| self.columns.get(*at).zip(row.get(*at)));
        for (column, value) in places.take_while(|(_, value)| !value.is_null()) {
            let value = literal(value);
            let condition = format!("{equal}{column} > {value}");
            behind.push(if equal.is_empty() { condition } else { format!("({condition})") });
            equal.push_str(&format!("{column} = {value} and "));
        }
        behind.join(" or ")
    }
}

/// The fault of a query that the system refused.
pub fn refusal(client: &Client, status: &Status) -> Fault {
    let words = status.messages();
    // A failed database operation (dead lock) or a lock in the way may pass, as may what older servers say without a
    // code; whatever else is wrong stays wrong.
    let passes = matches!(status.code, Some(6 | 13)) || is_unnumbered_exception(status.code, &words);
    client.fault(if passes { FaultKind::Transient } else { FaultKind::Permanent }, words)
}

/// The fault of an answer that is not what was asked for.
pub fn unrecognised(client: &Client, answer: &Value) -> Fault {
    client.fault(FaultKind::Unknown, format!("the answer to a query is not recognised: {answer}"))
}

/// Conditions that hold together; empty ones say nothing.
pub fn all_of(conditions: impl Iterator<Item = String>) -> String {
    let mut conditions: Vec<String> = conditions.filter(|condition| !condition.trim().is_empty()).collect();
    if conditions.len() == 1 {
        return conditions.remove(0);
    }
    conditions.iter().map(|condition| format!("({condition})")).collect::<Vec<_>>().join(" and ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_behind_one_are_asked_for_in_the_order_of_their_places() {
        let columns = ["FID", "FBillNo", "E_FEntryID", "S_FDetailID"].map(str::to_owned).to_vec();
        let select = Select { form: "F", columns, places: vec![0, 2, 3], filter: String::new(), limit: 1 };
        for (row, wanted) in [
            (json!([7, "N"]), "FID > 7"),
            (json!([7, "N", null, null]), "FID > 7"),
            (json!([7, "N", 10, null]), "FID > 7 or (FID = 7 and E_FEntryID > 10)"),
            (
                json!(["a'b", "N", 10, 3]),
                "FID > 'a''b' or (FID = 'a''b' and E_FEntryID > 10) or (FID = 'a''b' and E_FEntryID = 10 and S_FDetailID > 3)",
            ),
        ] {
            assert_eq!(select.after(row.as_array().map(Vec::as_slice).unwrap_or_default()), wanted);
        }
    }

    #[test]
    fn conditions_are_joined_whole_and_empty_ones_say_nothing() {
        for (conditions, wanted) in [
            (vec!["", " "], ""),
            (vec!["", "FID > 7"], "FID > 7"),
            (vec!["a='1' or b='2'", "FID > 7"], "(a='1' or b='2') and (FID > 7)"),
        ] {
            assert_eq!(all_of(conditions.into_iter().map(str::to_owned)), wanted);
        }
    }
}
