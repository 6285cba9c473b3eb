//! The connector.

use async_trait::async_trait;
use serde_json::{Map, Value};

use super::calls::{CALLS, Call, Kind};
use super::client::{Client, unsent};
use super::content::alike;
use super::judge::Judge;
use super::operate;
use super::payload;
use super::query::{Found, Question, any_of};
use super::save::{self, Lines, Sent, Verdict};
use super::shape::Shape;
use super::source;
use super::status::{Status, returned, text};
use crate::clock::Zone;
use crate::connector::judging::Alike;
use crate::connector::reply::Purpose;
use crate::connector::{
    CallSpec, Connector, Fault, FaultKind, FetchRequest, Finding, Outcome, Outgoing, Page, Probe, SourceCall,
    TargetCall,
};
use crate::receipt::Receipt;
use crate::scheme::Source;

/// Bills asked for in one query.
const MOST_ASKED: usize = 100;

/// Said of a bill that a deletion found and the question before it did not.
const HIDDEN: &str = " (the question for its status shows no such bill: a data rule hides it from our user?)";

/// What becomes of a bill that is to go.
enum Decision {
    /// This call is sent.
    Call(&'static Call),
    /// This call is sent although the bill is not seen.
    Unseen(&'static Call),
    /// Nothing is sent: it is cancelled already.
    Cancelled,
}

/// One 金蝶云星空 account.
pub struct Kingdee {
    account: String,
    client: Client,
    zone: Zone,
}

impl Kingdee {
    /// The connector of an account. The server's times are of `zone`.
    pub fn new(account: String, client: Client, zone: Zone) -> Self {
        Self { account, client, zone }
    }

    /// Saves a batch in one request.
    async fn save(&self, call: &Call, spec: &CallSpec, form: &str, items: &[Outgoing]) -> Vec<Outcome> {
        let sent: Vec<Sent<'_>> = items.iter().map(|item| Sent::of(item, &spec.options)).collect();
        let body = save::body(call, form, &spec.options, &sent);
        let answer = match self.client.call(call.method, body, Purpose::Send).await {
            Ok(answer) => answer,
            Err(fault) => {
                // What concerns single bills is in the answer.
                let fault = fault.of_request();
                return items.iter().map(|_| Outcome::Failed(fault.clone())).collect();
            }
        };
        let Some(status) = Status::read(&answer) else {
            let words = format!("the answer is not recognised: {answer}");
            let fault = self.client.fault(FaultKind::Unknown, words);
            return items.iter().map(|_| Outcome::Failed(fault.clone())).collect();
        };
        let verdicts = save::judge(&sent, &status);
        let mut lines: Vec<Lines> = sent.iter().map(|sent| told_lines(sent, returned(&answer))).collect();
        self.ask_lines(form, &sent, &verdicts, &mut lines).await;
        let outcomes = sent.iter().zip(verdicts).zip(lines);
        outcomes.map(|((sent, verdict), lines)| self.outcome(sent, verdict, lines)).collect()
    }

    fn outcome(&self, sent: &Sent<'_>, verdict: Verdict, lines: Lines) -> Outcome {
        match verdict {
            Verdict::Failed(kind, words) => Outcome::Failed(self.client.fault(kind, words)),
            // Rule 12: lines that the system dropped, or made of one two, are no success.
            Verdict::Accepted(_) if !lines.mismatches.is_empty() => {
                let words = format!("saved, but {}", lines.mismatches.join(", "));
                Outcome::Failed(self.client.fault(FaultKind::Unknown, words))
            }
            Verdict::Accepted(entity) => {
                let told = lines.open.is_empty();
                let receipt = save::receipt(&entity, sent, lines);
                Outcome::Accepted { complete: told && receipt.id.is_some(), receipt, warnings: Vec::new() }
            }
        }
    }

    /// Asks by one query for the lines of accepted bills that the answer did not tell or did not tell apart. Where the
    /// query fails they stay open: the bills are saved all the same.
    async fn ask_lines(&self, form: &str, sent: &[Sent<'_>], verdicts: &[Verdict], lines: &mut [Lines]) {
        let mut open = Vec::new();
        for ((sent, verdict), lines) in sent.iter().zip(verdicts).zip(lines.iter_mut()) {
            let asks = !lines.open.is_empty() || !lines.mismatches.is_empty();
            if let (Verdict::Accepted(entity), true) = (verdict, asks)
                && let Some(id) = entity.id.as_deref().or(sent.id.as_deref())
            {
                open.push((id.to_owned(), sent, lines));
            }
        }
        if open.is_empty() {
            return;
        }
        let question = Question {
            form,
            filter: any_of(open.iter().map(|(id, _, _)| id.as_str()), std::iter::empty()),
            head: Vec::new(),
            lists: united(open.iter().map(|(_, sent, _)| &sent.shape)).1,
        };
        let Ok(found) = question.ask(&self.client).await else { return };
        for (id, sent, lines) in open {
            if let Some(bill) = found.bills.iter().find(|bill| bill.id == id) {
                *lines = save::lines(sent, |list| bill.rows.get(&list.name).cloned());
            }
        }
    }

    /// Runs an operation on one bill.
    async fn operate(&self, call: &Call, spec: &CallSpec, form: &str, item: &Outgoing) -> Result<Receipt, Fault> {
        let id = operate::addressed(&item.payload)
            .ok_or_else(|| Fault::new(FaultKind::Permanent, "the payload names no id"))?;
        let receipt = Receipt { id: Some(id.clone()), number: item.number.clone(), ..Receipt::default() };
        let (call, hidden) = match call.kind {
            Kind::DeleteOrCancel => match self.delete_or_cancel(form, &id).await.map_err(unsent)? {
                Decision::Call(call) => (call, false),
                Decision::Unseen(call) => (call, true),
                Decision::Cancelled => return Ok(receipt),
            },
            _ => (call, false),
        };
        let body = operate::body(call, form, &spec.options, &item.payload);
        let answer = self.client.call(call.method, body, Purpose::Send).await?;
        let status = Status::read(&answer)
            .ok_or_else(|| self.client.fault(FaultKind::Unknown, format!("the answer is not recognised: {answer}")))?;
        operate::judge(call, &id, &status).map_err(|(kind, words)| {
            let hint = if hidden && kind != FaultKind::Exists { HIDDEN } else { "" };
            self.client.fault(kind, format!("{words}{hint}"))
        })?;
        Ok(receipt)
    }

    /// Asks a bill's status for the call that it allows. A bill that the question does not show is gone, or a data rule
    /// hides it: then it is deleted all the same, which says whether it is there.
    async fn delete_or_cancel(&self, form: &str, id: &str) -> Result<Decision, Fault> {
        let found = self.states(form, any_of(std::iter::once(id), std::iter::empty())).await?;
        let call = match found.bills.iter().find(|bill| bill.id == id) {
            Some(bill) if bill.is_cancelled() => return Ok(Decision::Cancelled),
            Some(bill) => operate::delete_or_cancel(bill).map(Decision::Call),
            None => operate::delete().map(Decision::Unseen),
        };
        call.map_err(|words| Fault::new(FaultKind::Permanent, words))
    }

    async fn states(&self, form: &str, filter: String) -> Result<Found, Fault> {
        let head = ["FDocumentStatus", "FCancelStatus"].map(str::to_owned).to_vec();
        Question { form, filter, head, lists: Vec::new() }.ask(&self.client).await
    }

    async fn ask(&self, call: &Call, form: &str, spec: &CallSpec, probes: &[Probe]) -> Result<Found, Fault> {
        let ids: Vec<String> = probes.iter().filter_map(|probe| id(call, probe)).collect();
        let ids = ids.iter().map(String::as_str);
        if call.kind != Kind::Save {
            return self.states(form, any_of(ids, std::iter::empty())).await;
        }
        let numbers = probes.iter().filter_map(|probe| probe.number.as_deref());
        let payloads = probes.iter().flat_map(|probe| {
            probe
                .attempted
                .as_ref()
                .map(|attempted| attempted.payload.as_str())
                .into_iter()
                .chain(probe.told.as_deref())
        });
        let shapes: Vec<Shape> = payloads
            .map(|payload| Shape::of(&serde_json::from_str(payload).unwrap_or_default(), &spec.compare))
            .collect();
        let (leaves, lists) = united(shapes.iter());
        let own = ["FDocumentStatus", "FCancelStatus", "FCreateDate", "FCreatorId.FName"];
        let mut head = own.map(str::to_owned).to_vec();
        head.extend(leaves.into_iter().filter(|key| !own.contains(&key.as_str())));
        Question { form, filter: any_of(ids, numbers), head, lists }.ask(&self.client).await
    }
}

/// The lines of a bill as the answer tells them.
fn told_lines(sent: &Sent<'_>, returned: &[Value]) -> Lines {
    let element = sent.number.as_deref().and_then(|number| save::returned_of(returned, number));
    save::lines(sent, |list| save::returned_rows(element?, list))
}

/// The query keys of several payloads, each once: of heads, and of entities.
fn united<'a>(shapes: impl Iterator<Item = &'a Shape>) -> (Vec<String>, Vec<(String, Vec<String>)>) {
    let (mut head, mut lists) = (Vec::new(), Vec::<(String, Vec<String>)>::new());
    for shape in shapes {
        for leaf in shape.head.iter().filter(|leaf| !head.contains(&leaf.key)).cloned().collect::<Vec<_>>() {
            head.push(leaf.key);
        }
        for list in &shape.lists {
            let at = lists.iter().position(|(name, _)| *name == list.name).unwrap_or_else(|| {
                lists.push((list.name.clone(), Vec::new()));
                lists.len() - 1
            });
            let Some((_, keys)) = lists.get_mut(at) else { continue };
            for key in list.keys() {
                if !keys.iter().any(|known| known == key) {
                    keys.push(key.to_owned());
                }
            }
        }
    }
    (head, lists)
}

fn unknown(call: &str) -> Fault {
    Fault::new(FaultKind::Permanent, format!("金蝶云星空 has no call `{call}` for this"))
}

/// The id a probe asks for.
fn id(call: &Call, probe: &Probe) -> Option<String> {
    match &probe.target_id {
        Some(id) => Some(id.clone()),
        None if call.kind == Kind::Save => None,
        None => operate::addressed(&probe.attempted.as_ref()?.payload),
    }
}

/// The call and the form it is for.
fn target(spec: &CallSpec) -> Result<(&'static Call, &str), Fault> {
    let call = Call::named(&spec.call).ok_or_else(|| unknown(&spec.call))?;
    let form = spec.form.as_deref().ok_or_else(|| Fault::new(FaultKind::Permanent, "`form` is missing"))?;
    Ok((call, form))
}

#[async_trait]
impl Connector for Kingdee {
    fn account(&self) -> String {
        self.account.clone()
    }

    fn source_call(&self, call: &str) -> Option<SourceCall> {
        (call == source::CALL).then(source::described)
    }

    fn check_source(&self, source: &Source) -> Vec<crate::fault::Fault> {
        source::check(source)
    }

    fn target_call(&self, call: &str) -> Option<TargetCall> {
        Call::named(call).map(Call::described)
    }

    fn calls(&self) -> (Vec<&'static str>, Vec<&'static str>) {
        (vec![source::CALL], CALLS.iter().map(|call| call.name).collect())
    }

    async fn login(&self) -> Result<(), Fault> {
        self.client.login().await
    }

    fn is_loopback(&self) -> bool {
        self.client.is_loopback()
    }

    fn clock_offset(&self) -> Option<i64> {
        self.client.clock_offset()
    }

    async fn fetch(&self, request: &FetchRequest<'_>) -> Result<Page, Fault> {
        if request.source.call != source::CALL {
            return Err(unknown(&request.source.call));
        }
        source::page(&self.client, request, &self.zone).await
    }

    async fn fetch_keys(&self, source: &Source, keys: &[Vec<String>], by_number: bool) -> Result<Page, Fault> {
        if source.call != source::CALL {
            return Err(unknown(&source.call));
        }
        source::by_keys(&self.client, source, keys, by_number).await
    }

    fn prepare(
        &self,
        call: &CallSpec,
        payload: &Value,
        lines: &[(String, Vec<String>)],
        receipt: Option<&Receipt>,
    ) -> Result<String, String> {
        let call = Call::named(&call.call).ok_or_else(|| unknown(&call.call).words)?;
        payload::prepare(call, payload, lines, receipt)
    }

    fn is_same(&self, sent: &Value, read: &Value) -> bool {
        alike(sent, read) != Alike::No
    }

    /// Rows that are not sent are deleted unless it is said that they stay (protocols/kingdee.md 3.6, trap 12).
    fn partial_options(&self, call: &str, mut options: Map<String, Value>) -> Map<String, Value> {
        if Call::named(call).is_some_and(|call| call.kind == Kind::Save) {
            options.entry("IsDeleteEntry").or_insert(Value::Bool(false));
        }
        options
    }

    async fn send(&self, spec: &CallSpec, items: &[Outgoing]) -> Vec<Outcome> {
        let (call, form) = match target(spec) {
            Ok(target) => target,
            Err(fault) => return items.iter().map(|_| Outcome::Failed(fault.clone())).collect(),
        };
        if call.method == "BatchSave" {
            return self.save(call, spec, form, items).await;
        }
        let mut outcomes = Vec::with_capacity(items.len());
        for item in items {
            if call.kind == Kind::Save {
                outcomes.extend(self.save(call, spec, form, std::slice::from_ref(item)).await);
            } else {
                let result = self.operate(call, spec, form, item).await;
                outcomes.push(match result {
                    Ok(receipt) => Outcome::Accepted { receipt, complete: true, warnings: Vec::new() },
                    Err(fault) => Outcome::Failed(fault),
                });
            }
        }
        outcomes
    }

    async fn probe(&self, spec: &CallSpec, probes: &[Probe]) -> Result<Vec<Finding>, Fault> {
        let (call, form) = target(spec)?;
        // What a step does is asked about by id alone: without one the question would be about every document.
        let asks_by_number = call.kind == Kind::Save;
        let is_named = |probe: &Probe| id(call, probe).is_some() || (asks_by_number && probe.number.is_some());
        if !probes.iter().all(is_named) {
            let what = if asks_by_number { "number and id" } else { "id" };
            let words = format!("a document without {what} can't be asked for by `{}`", call.method);
            return Err(Fault::new(FaultKind::Permanent, words));
        }
        let mut findings = Vec::with_capacity(probes.len());
        for probes in probes.chunks(MOST_ASKED) {
            let found = self.ask(call, form, spec, probes).await?;
            let creator = text(spec.options.get("Creator"));
            let users: Vec<String> = self.client.users().await.into_iter().chain(creator).collect();
            let judge = Judge {
                kind: call.kind,
                compare: &spec.compare,
                users: &users,
                offset: self.client.clock_offset().unwrap_or(0),
                zone: &self.zone,
                unknown: &found.unknown,
            };
            findings.extend(probes.iter().map(|probe| judge.finding(probe, &found.bills)));
        }
        Ok(findings)
    }
}
