//! The simulated CRM: from a request to the call it names, and from its outcome to an answer.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use crate::sandbox::faults::Kind as Fault;
use crate::sandbox::ledger::Effect;
use crate::sandbox::shared::Shared;
use crate::sandbox::switches::Switch;
use crate::sandbox::wire::{Aim, Answer, Request, System};

use super::call::{Call, Params};
use super::directory::Directory;
use super::knobs::{Knobs, NAME, SWITCHES};
use super::order::Order;
use super::reply::{self, Problem};
use super::state::State;
use super::{edit, enums, fields, info, lookups, oauth, push, view};

/// The simulated 小满 OKKI.
pub struct Server {
    shared: Arc<Shared>,
    state: Mutex<State>,
}

impl Server {
    /// A CRM with base data and without orders.
    pub fn new(shared: Arc<Shared>) -> Self {
        let directory = Directory::new(shared.now(NAME), &Knobs::read(&shared));
        Self { shared, state: Mutex::new(State::new(directory)) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A call that needs a token. `Err`: an answer without envelope.
    fn within(
        &self,
        call: Call,
        name: &'static str,
        request: &Request,
        fault: Option<Fault>,
    ) -> Result<Answer, Answer> {
        let knobs = Knobs::read(&self.shared);
        let now = self.shared.now(NAME);
        let printed = self.shared.zone().print(now);
        let mut state = self.state();
        if fault == Some(Fault::Throttle) || state.is_throttled(knobs.call_limit, self.shared.clock().monotonic()) {
            return Err(reply::throttled(&knobs));
        }
        match call {
            Call::AccessToken => return oauth::access_token(&mut state.tokens, request, &knobs, now, fault),
            Call::RefreshToken => return oauth::refresh_token(&mut state.tokens, request, &knobs, now, fault),
            _ => {}
        }
        if fault == Some(Fault::SessionLoss) {
            state.tokens.revoke();
        }
        let token = state.tokens.check(bearer(request), now, knobs.revoke_after);
        let token = token.ok_or_else(|| reply::access_denied(&knobs))?;
        if !token.scopes.iter().any(|scope| scope == call.scope()) {
            return Err(reply::scope_denied(call.scope(), &knobs, &printed));
        }
        let result = match call {
            Call::OrderPush => self.push(&mut state, request, &knobs, name, fault),
            Call::OrderRemove => self.remove(&mut state, request, name, fault),
            _ => match refusal(fault) {
                Some(problem) => Err(problem),
                None => self.read(&state, call, request, &knobs),
            },
        };
        Ok(reply::envelope(result, call.is_list(), &knobs, &printed))
    }

    fn read(&self, state: &State, call: Call, request: &Request, knobs: &Knobs) -> Result<Value, Problem> {
        let (params, zone, all) = (Params::read(request), self.shared.zone(), &state.directory);
        match call {
            Call::OrderInfo => info::find(&state.orders, &params).map(|order| info::info(order, all, zone)),
            Call::OrderList => info::list(&state.orders, all, &params, knobs, zone),
            Call::OrderFields => Ok(fields::answer(knobs)),
            Call::OrderEnums => Ok(enums::answer()),
            Call::CompanyInfo => lookups::company_info(all, &params, zone),
            Call::CompanyQuery => lookups::company_query(all, &params),
            Call::CompanyList => lookups::company_list(all, &params, knobs, zone),
            Call::ProductInfo => lookups::product_info(all, &params, zone),
            Call::ProductList => lookups::product_list(all, &params, knobs, zone),
            Call::UserList => Ok(lookups::user_list(all, &params)),
            Call::DepartmentList => lookups::department_list(all, knobs),
            Call::AccessToken | Call::RefreshToken | Call::OrderPush | Call::OrderRemove => {
                Err(Problem::invalid_query())
            }
        }
    }

    fn push(
        &self,
        state: &mut State,
        request: &Request,
        knobs: &Knobs,
        name: &'static str,
        fault: Option<Fault>,
    ) -> Result<Value, Problem> {
        let body = push::read(&request.body)?;
        let document = push::document(&body, &state.orders);
        let result = match refusal(fault) {
            Some(problem) => Err(problem),
            None => push::run(state, &body, knobs, self.shared.now(NAME), self.shared.zone()),
        };
        let (document, effect) = match &result {
            Ok(pushed) => (pushed.number.clone(), pushed.effect),
            Err(_) => (document, Effect::None),
        };
        self.shared.record(NAME, name, &document, effect, Value::Object(body));
        let mut answer = result?.answer;
        if fault == Some(Fault::NoReceipt)
            && let Some(answer) = answer.as_object_mut()
        {
            answer.shift_remove("order_id");
        }
        Ok(answer)
    }

    fn remove(
        &self,
        state: &mut State,
        request: &Request,
        name: &'static str,
        fault: Option<Fault>,
    ) -> Result<Value, Problem> {
        let params = Params::read(request);
        let found = info::find(&state.orders, &params).cloned();
        let number = found.as_ref().map_or_else(|_| document(&params), |order| order.number.clone());
        let result = match (refusal(fault), found) {
            (Some(problem), _) | (None, Err(problem)) => Err(problem),
            (None, Ok(order)) if !order.is_free() => Err(Problem::operation("订单审批中，不能删除")),
            (None, Ok(order)) => Ok(order),
        };
        let effect = if result.is_ok() { Effect::Delete } else { Effect::None };
        self.shared.record(
            NAME,
            name,
            &number,
            effect,
            json!({ "order_id": params.get("order_id"), "order_no": params.get("order_no") }),
        );
        let now = self.shared.now(NAME);
        state.orders.put(Order { removed: Some(now), updated: now, ..result? });
        Ok("success".into())
    }
}

/// The token of the header, with `Bearer` or bare.
fn bearer(request: &Request) -> &str {
    let header = request.header("authorization").unwrap_or_default().trim();
    let is_bearer = |head: &str| head.eq_ignore_ascii_case("bearer ");
    match header.split_at_checked(7) {
        Some((head, token)) if is_bearer(head) => token.trim(),
        _ => header,
    }
}

/// The document that the parameters of a query name.
fn document(params: &Params) -> String {
    let names = ["order_no", "order_id", "serial_id", "company_id", "product_no", "product_id"];
    names.into_iter().find_map(|name| params.get(name)).unwrap_or_default().to_owned()
}

/// The refusal that a fault asks for.
fn refusal(fault: Option<Fault>) -> Option<Problem> {
    match fault? {
        Fault::Refuse => Some(Problem::refused()),
        Fault::EditLock => Some(Problem::locked()),
        _ => None,
    }
}

impl System for Server {
    fn name(&self) -> &'static str {
        NAME
    }

    fn calls(&self) -> Vec<&'static str> {
        Call::names().collect()
    }

    fn aim(&self, request: &Request) -> Aim {
        let Some((call, _, name)) = Call::of(&request.path) else { return Aim::default() };
        let state = self.state();
        let document = match call {
            Call::OrderPush => push::document(&push::read(&request.body).unwrap_or_default(), &state.orders),
            Call::OrderInfo | Call::OrderRemove => {
                let params = Params::read(request);
                let found = info::find(&state.orders, &params);
                found.map_or_else(|_| document(&params), |order| order.number.clone())
            }
            _ => document(&Params::read(request)),
        };
        Aim { call: name.to_owned(), documents: Some(document).into_iter().filter(|one| !one.is_empty()).collect() }
    }

    fn answer(&self, request: &Request, fault: Option<Fault>) -> Answer {
        let Some((call, method, name)) = Call::of(&request.path) else { return Answer::html(404, "404 Not Found") };
        if request.method != method {
            return Answer::html(405, "405 Method Not Allowed");
        }
        self.within(call, name, request, fault).unwrap_or_else(|answer| answer)
    }

    /// Orders come from outside only: a seed makes base data anew and forgets the orders.
    fn seed(&self, _seed: u64, _documents: u64) {
        let directory = Directory::new(self.shared.now(NAME), &Knobs::read(&self.shared));
        let mut state = self.state();
        state.directory = directory;
        state.orders.clear();
    }

    fn edit(&self, body: &Value) -> Result<Vec<String>, String> {
        let (now, knobs) = (self.shared.now(NAME), Knobs::read(&self.shared));
        edit::edit(&mut self.state(), body, &knobs, now, self.shared.zone())
    }

    /// Every token is revoked before its time.
    fn kill_sessions(&self) {
        self.state().tokens.revoke();
    }

    fn documents(&self) -> String {
        let state = self.state();
        let texts: Vec<String> =
            state.orders.all().map(|order| view::order(order, &state.directory).to_string()).collect();
        format!("[{}]", texts.join(","))
    }

    fn switches(&self) -> &'static [Switch] {
        &SWITCHES
    }
}
