//! Pushing one order: in as many pushes as it takes, its answers checked, then read back (protocols/okki.md 5.5).

use std::collections::BTreeMap;

use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::answer;
use super::calls::ORDER_INFO;
use super::client::{Client, gone};
use super::compare::{compared, compares_rows, differences};
use super::judge::receipt_of;
use super::order::{Order, ROWS, Row};
use super::stages::Stages;
use crate::connector::{CallSpec, Fault, FaultKind, Outcome, Outgoing};

/// Pushes an order. Where a later push fails, the earlier ones have run: the outcome is unknown, whatever the failure.
pub async fn push(client: &Client, spec: &CallSpec, item: &Outgoing) -> Outcome {
    let payload: Map<String, Value> = serde_json::from_str(&item.payload).unwrap_or_default();
    let Some(order) = Order::of(&Value::Object(payload.clone())) else {
        return Outcome::Failed(Fault::new(FaultKind::Permanent, "the payload is no order"));
    };
    let mut pushed = Pushed::new(client, spec, &order, payload);
    for stage in 0..pushed.stages.count() {
        let result = pushed.push(item, stage).await;
        if let Err(fault) = result {
            return Outcome::Failed(match stage {
                0 => fault,
                _ => {
                    let words = format!("{stage} of {} pushes ran, then: {}", pushed.stages.count(), fault.words);
                    client.fault(FaultKind::Unknown, words)
                }
            });
        }
    }
    pushed.outcome(item).await
}

/// What is known of an order while it is pushed.
struct Pushed<'a> {
    client: &'a Client,
    spec: &'a CallSpec,
    order: &'a Order,
    payload: Map<String, Value>,
    stages: Stages,
    /// Id of the order.
    id: Option<String>,
    /// Per row of the order: its id, as far as it is known.
    ids: Vec<Option<String>>,
    /// The rows of the last answer.
    told: Vec<Row>,
}

impl<'a> Pushed<'a> {
    fn new(client: &'a Client, spec: &'a CallSpec, order: &'a Order, payload: Map<String, Value>) -> Self {
        let ids = order.rows.iter().map(|row| row.id.clone()).collect();
        let stages = Stages::of(order);
        Self { client, spec, order, payload, stages, id: order.id.clone(), ids, told: Vec::new() }
    }

    async fn push(&mut self, item: &Outgoing, stage: usize) -> Result<(), Fault> {
        // What goes in one push goes as the very text that is stored.
        let body = if self.stages.count() == 1 {
            item.payload.clone()
        } else {
            self.stages.payload(&self.payload, &self.ids, stage)
        };
        let unknown = |words: String| self.client.fault(FaultKind::Unknown, words);
        let data = self.send(&body, stage).await?;
        let told = answer::read(&data).map_err(|what| unknown(format!("the answer is not recognised: {what}")))?;
        if let Some(id) = self.id.as_ref().filter(|id| **id != told.id) {
            return Err(unknown(format!("order {id} was sent, order {} is named as saved", told.id)));
        }
        let places = self.stages.places(self.order, stage);
        let named = |place: &usize| {
            let row = self.order.rows.get(*place)?;
            Some(Row { id: self.ids.get(*place)?.clone(), ..row.clone() })
        };
        let sent: Vec<Row> = places.iter().filter_map(named).collect();
        let rows = answer::rows(&sent.iter().collect::<Vec<_>>(), &told.rows);
        let rows = rows.map_err(|why| unknown(format!("saved as order {}, but {why}", told.id)))?;
        for (place, row) in places.into_iter().zip(rows) {
            if let Some(id) = self.ids.get_mut(place) {
                id.clone_from(&row.id);
            }
        }
        self.id = Some(told.id);
        self.told = told.rows;
        Ok(())
    }

    /// One request. A later push whose token was refused did not run and is sent once more with a new one; for a first
    /// push that is the engine's.
    async fn send(&self, body: &str, stage: usize) -> Result<Box<RawValue>, Fault> {
        let sent = match self.client.send(&self.spec.call, &[], body).await {
            Err(fault) if fault.kind == FaultKind::Session && stage > 0 => {
                self.client.send(&self.spec.call, &[], body).await
            }
            sent => sent,
        };
        sent?.ok_or_else(gone)
    }

    async fn outcome(&self, item: &Outgoing) -> Outcome {
        let keys = item.lines.iter().find(|(list, _)| list == ROWS).map(|(_, keys)| keys.as_slice());
        let ids = keys.unwrap_or_default().iter().zip(&self.ids);
        let ids: BTreeMap<String, String> = ids.filter_map(|(key, id)| Some((key.clone(), id.clone()?))).collect();
        let number = self.order.number.clone().or_else(|| item.number.clone());
        let shown = self.shown().await;
        if let Some(saved) = shown.as_ref().and_then(|shown| shown.number.as_deref())
            && number.as_deref().is_some_and(|number| !number.trim().eq_ignore_ascii_case(saved))
        {
            // Rule 4: orders that OKKI numbers otherwise could not be found again.
            let number = number.unwrap_or_default();
            let id = self.id.as_deref().unwrap_or("none");
            let words = format!("number `{number}` was sent, and the order (id {id}) carries `{saved}`");
            return Outcome::Failed(self.client.fault(FaultKind::Renumbered, words));
        }
        let rows = shown.as_ref().map_or(&self.told, |shown| &shown.rows);
        let receipt = receipt_of(self.id.clone(), number, ids, rows.iter());
        let warnings = shown.map(|shown| self.warnings(&item.payload, &shown)).unwrap_or_default();
        Outcome::Accepted { receipt, complete: true, warnings }
    }

    /// The order as it is now; none where it can't be read: it is saved all the same.
    async fn shown(&self) -> Option<Order> {
        show(self.client, "order_id", self.id.as_deref()?).await.ok()?
    }

    fn warnings(&self, payload: &str, shown: &Order) -> Vec<String> {
        let mut sent = compared(payload, &self.spec.compare);
        for (row, id) in sent.rows.iter_mut().zip(&self.ids) {
            row.id.clone_from(id);
        }
        differences(&sent, shown, compares_rows(&self.spec.compare))
    }
}

/// Asks for an order by `order_id` or `order_no`; `None` if there is none.
///
/// # Errors
/// Whatever leaves it open, such as an answer that is no order.
pub async fn show(client: &Client, by: &str, value: &str) -> Result<Option<Order>, Fault> {
    let Some(data) = client.find(ORDER_INFO, &[(by.to_owned(), value.to_owned())]).await? else { return Ok(None) };
    let order = Order::read(data.get()).filter(|order| match by {
        "order_id" => order.id.as_deref() == Some(value),
        _ => order.id.is_some() && order.number.as_deref().is_some_and(|number| number.eq_ignore_ascii_case(value)),
    });
    match order {
        Some(order) => Ok(Some(order)),
        None => {
            Err(client.fault(FaultKind::Unknown, format!("order {value} was asked for, and the answer is another")))
        }
    }
}
