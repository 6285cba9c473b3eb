//! Which bills to read: those that a window or keys name, in the order of their ids.

use serde_json::Value;

use super::super::client::Client;
use super::super::query::{id_literal, quoted};
use super::super::select::{Select, all_of, unrecognised};
use super::super::shape::is;
use super::super::status::id;
use crate::clock::{Time, Zone};
use crate::connector::{Fault, FaultKind, Window};
use crate::query::Query;
use crate::scheme::Source;

/// Bills behind `last` that meet a condition, each once: at most `limit`, and none only if there are none. The order
/// is of bills alone: where the condition concerns lines, a bill comes once for each, and what an answer cuts off of
/// it is of no account.
pub async fn bills(
    client: &Client,
    form: &str,
    filter: String,
    last: Option<&Value>,
    limit: u32,
) -> Result<Vec<Value>, Fault> {
    let select = Select { form, columns: vec!["FID".to_owned()], places: vec![0], filter, limit };
    let rows = select.rows(client, last.map(std::slice::from_ref)).await?;
    let mut bills: Vec<Value> = Vec::with_capacity(rows.len());
    for row in rows {
        let bill = row.first().filter(|bill| id(Some(bill)).is_some() && Some(*bill) != last);
        let Some(bill) = bill else { return Err(unrecognised(client, &Value::Array(row))) };
        if bills.last() != Some(bill) {
            bills.push(bill.clone());
        }
    }
    Ok(bills)
}

/// The condition of bills changed in a window, as the scheme's filter allows them.
pub fn touched(source: &Source, window: Option<Window>, zone: &Zone) -> String {
    let own = source.filter.clone().unwrap_or_default();
    let changed = window.map(|Window { begin, end }| {
        // Whole seconds, so that every server reads them: the begin is cut and the end rounded up, since times have
        // fractions.
        let (begin, end) = (zone.print(begin), zone.print(Time(end.0.saturating_add(999))));
        let within = |field: &String| format!("({field} >= '{begin}' and {field} < '{end}')");
        source.changed_fields.iter().map(within).collect::<Vec<_>>().join(" or ")
    });
    all_of(changed.into_iter().chain([own]))
}

/// The condition of bills with these keys, each the list of its parts.
pub fn keyed(source: &Source, paths: &[&Query], keys: &[Vec<String>]) -> Result<String, Fault> {
    let fields = paths.iter().map(|path| field(source, path)).collect::<Result<Vec<_>, _>>()?;
    let conditions = keys.iter().filter(|parts| parts.len() == fields.len()).map(|parts| {
        let parts = fields.iter().zip(parts).map(|(field, text)| {
            let value = if is(field, "FID") { id_literal(text) } else { quoted(text) };
            format!("{field} = {value}")
        });
        all_of(parts)
    });
    Ok(conditions.map(|condition| format!("({condition})")).collect::<Vec<_>>().join(" or "))
}

/// The query key that a path of documents stands for.
pub fn field<'s>(source: &'s Source, path: &Query) -> Result<&'s str, Fault> {
    let names = path.names().unwrap_or_default();
    let field = source.fields.iter().find(|field| names == [field.name.as_str()]);
    field.map(|field| field.field.as_str()).ok_or_else(|| {
        let words = format!("`{}` can't be asked for documents by `{}`", source.call, path.text());
        Fault::new(FaultKind::Permanent, words)
    })
}
