//! The simulated server: from a request to the call it names, and from its outcome to an answer.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::Value;

use crate::sandbox::faults::Kind as Fault;
use crate::sandbox::ledger::Effect;
use crate::sandbox::shared::Shared;
use crate::sandbox::switches::Switch;
use crate::sandbox::wire::{Aim, Answer, Request, System};

use super::body::{Args, Options};
use super::call::Call;
use super::edit::Scene;
use super::forms::{FORMS, ORDERS};
use super::layout::Layout;
use super::login::{self, Failure};
use super::method::{Login, Method};
use super::orders::{Maker, Sheet};
use super::reply::{Problem, code};
use super::session::Access;
use super::state::{Parts, State};
use super::switches::{SWITCHES, Switches};
use super::{NAME, edit, operate, orders, query, save, view};

/// The simulated 金蝶云星空.
pub struct Server {
    shared: Arc<Shared>,
    layouts: Vec<Layout>,
    state: Mutex<State>,
}

impl Server {
    /// An empty server.
    pub fn new(shared: Arc<Shared>) -> Self {
        let layouts = FORMS.iter().map(|form| Layout::new(form)).collect();
        Self { shared, layouts, state: Mutex::new(State::new()) }
    }

    /// A form's bills, with head fields and entry rows: the judge's view. Only fields that have a value, or that the
    /// server keeps, are named.
    pub fn bills(&self, form: usize) -> Vec<Value> {
        let state = self.state();
        let Some((table, layout)) = state.tables.get(form).zip(self.layouts.get(form)) else { return Vec::new() };
        table.bills().map(|bill| view::bill(layout, bill, &state.base)).collect()
    }

    /// The state at the server's time: held writes that are due are committed.
    fn state(&self) -> MutexGuard<'_, State> {
        let now = self.shared.now(NAME);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.tables.iter_mut().for_each(|table| table.commit_due(now));
        state
    }

    fn login(&self, kind: Login, args: &Args, fault: Option<Fault>) -> Answer {
        let checked = match fault {
            Some(Fault::Throttle) => return json(&Problem::throttled().answer()),
            Some(Fault::Refuse) => Err(Failure::wrong_password()),
            _ => login::check(kind, args, &Switches::read(&self.shared)),
        };
        match checked {
            Err(failure) => json(&failure.answer()),
            Ok(()) => {
                let session = self.state().sessions.open(self.shared.now(NAME));
                let mut answer = json(&login::welcome(&session));
                answer.headers.extend(login::cookies(&session));
                answer
            }
        }
    }

    /// A call that needs a session.
    fn within_session(&self, method: Method, args: &Args, request: &Request, fault: Option<Fault>) -> Answer {
        let mut state = self.state();
        let access = if fault == Some(Fault::SessionLoss) {
            state.sessions.close(request);
            Access::Lost
        } else {
            state.sessions.admit(request, self.shared.now(NAME))
        };
        let switches = Switches::read(&self.shared);
        let (result, made) = match access {
            Access::WrongAccount => return text(500, "Fail to verify thirty passport"),
            Access::Lost => (Err(Problem::session_lost()), None),
            Access::Live => (self.run(&mut state, method, args, &switches, fault), None),
            Access::Made(session) => (self.run(&mut state, method, args, &switches, fault), Some(session)),
        };
        let mut answer = match result {
            Ok(value) => json(&value),
            Err(problem) if problem == Problem::refused() && switches.refuse_as_text => {
                text(200, &format!("response_error: Kingdee.BOS.KDException: {}", problem.message))
            }
            Err(problem) if method == Method::Query && !switches.bare_query_error => {
                json(&Value::Array(vec![Value::Array(vec![problem.answer()])]))
            }
            Err(problem) => json(&problem.answer()),
        };
        answer.headers.extend(made.iter().flat_map(|session| login::cookies(session)));
        answer
    }

    fn run(
        &self,
        state: &mut State,
        method: Method,
        args: &Args,
        switches: &Switches,
        fault: Option<Fault>,
    ) -> Result<Value, Problem> {
        let data = args.data(method.data_position());
        let (form, layout) = self.form(&form_id(method, args, data.as_ref()))?;
        let options = data.ok_or_else(|| Problem::new(code::PARAMETER, "参数data的值不正确。"))?;
        let now = self.shared.zone().civil(self.shared.now(NAME));
        let call = Call { shared: &self.shared, switches, layout, name: method.call(), now, fault };
        if method == Method::Query {
            return query(&call, state, form, &options);
        }
        let result = write(&call, state, form, method, &options);
        if result.is_err() {
            refused(&call, state, form, method, &options);
        }
        result
    }

    /// The form of an id.
    fn form(&self, id: &str) -> Result<(usize, &Layout), Problem> {
        if id.is_empty() {
            return Err(Problem::new(code::NO_FORM, "业务对象标识不能为空"));
        }
        let found = self.layouts.iter().enumerate().find(|(_, layout)| layout.form.id.eq_ignore_ascii_case(id));
        found.ok_or_else(|| Problem::new(code::EXCEPTION, format!("标识为“{id}”的业务对象不存在，或者被删除")))
    }
}

fn query(call: &Call<'_>, state: &mut State, form: usize, options: &Options<'_>) -> Result<Value, Problem> {
    permitted(call, "查看")?;
    match call.fault {
        Some(Fault::Throttle) => return Err(Problem::throttled()),
        Some(Fault::Refuse) => return Err(Problem::refused()),
        Some(Fault::EditLock) => return Err(Problem::edit_lock(call.layout.form.caption, "", call.switches)),
        _ => {}
    }
    state.queries += 1;
    let nonce = state.queries;
    let Parts { table, base, .. } = state.parts(form)?;
    query::execute(call.layout, table, base, options, call.switches, nonce)
}

fn write(
    call: &Call<'_>,
    state: &mut State,
    form: usize,
    method: Method,
    options: &Options<'_>,
) -> Result<Value, Problem> {
    permitted(call, "新增")?;
    if call.fault == Some(Fault::Refuse) && call.switches.refuse_as_text {
        return Err(Problem::refused());
    }
    match method {
        Method::Save(saving) => save::run(call, state, form, saving, options),
        Method::Operate(operation) => operate::run(call, state, form, operation, options),
        _ => Err(Problem::new(code::PARAMETER, "操作编码不存在")),
    }
}

fn permitted(call: &Call<'_>, right: &str) -> Result<(), Problem> {
    let form = call.layout.form;
    if call.switches.forbid.split(',').any(|id| id.trim().eq_ignore_ascii_case(form.id)) {
        let message = format!("您没有“{}”的“{right}”权限，请联系系统管理员", form.caption);
        return Err(Problem::new(code::PERMISSION, message));
    }
    Ok(())
}

/// A query names its form inside `data`; other calls beside it.
fn form_id(method: Method, args: &Args, data: Option<&Options<'_>>) -> String {
    let inside = data.map(|data| data.text("FormId")).filter(|id| method == Method::Query && !id.is_empty());
    // By position a query has nothing but its data.
    let position = if method == Method::Query { usize::MAX } else { 0 };
    inside.unwrap_or_else(|| args.text("formid", position)).trim().to_owned()
}

/// A call that was refused as a whole had no effect on any of its bills.
fn refused(call: &Call<'_>, state: &State, form: usize, method: Method, options: &Options<'_>) {
    let Some(table) = state.tables.get(form) else { return };
    match method {
        Method::Save(_) => {
            for model in save::models(options).unwrap_or_default() {
                call.record(&save::document(model, table), Effect::None, Value::Object(model.clone()));
            }
        }
        _ => {
            for (number, payload) in operate::named_documents(options, table) {
                call.record(&number, Effect::None, payload);
            }
        }
    }
}

fn json(value: &Value) -> Answer {
    Answer::json(value.to_string())
}

fn text(status: u16, text: &str) -> Answer {
    Answer {
        status,
        headers: vec![("content-type".into(), "text/plain; charset=utf-8".into())],
        body: text.as_bytes().to_vec(),
    }
}

impl System for Server {
    fn name(&self) -> &'static str {
        NAME
    }

    fn calls(&self) -> Vec<&'static str> {
        Method::CALLS.to_vec()
    }

    fn aim(&self, request: &Request) -> Aim {
        let args = Args::read(request).unwrap_or_default();
        let Some(method) = Method::of(&request.path, &args) else { return Aim::default() };
        let mut aim = Aim { call: method.call().to_owned(), documents: Vec::new() };
        let data = args.data(method.data_position());
        let form = self.form(&form_id(method, &args, data.as_ref())).ok();
        let state = self.state();
        if let (Some(options), Some(table)) = (data, form.and_then(|(form, _)| state.tables.get(form))) {
            aim.documents = match method {
                Method::Save(_) => {
                    let models = save::models(&options).unwrap_or_default();
                    models.into_iter().map(|model| save::document(model, table)).filter(|n| !n.is_empty()).collect()
                }
                Method::Operate(_) => {
                    operate::named_documents(&options, table).into_iter().map(|(number, _)| number).collect()
                }
                _ => Vec::new(),
            };
        }
        aim
    }

    fn answer(&self, request: &Request, fault: Option<Fault>) -> Answer {
        let args = match Args::read(request) {
            Ok(args) => args,
            Err(message) => return text(500, &message),
        };
        let Some(method) = Method::of(&request.path, &args) else { return text(404, "The resource cannot be found.") };
        if request.method != "POST" {
            return text(405, "The HTTP verb used to access this page is not allowed.");
        }
        match method {
            Method::Login(kind) => self.login(kind, &args, fault),
            Method::Logout => json(&Value::Bool(self.state().sessions.close(request))),
            _ => self.within_session(method, &args, request, fault),
        }
    }

    /// Sales orders, unless a switch says none; SAL_OUTSTOCK begins empty.
    fn seed(&self, seed: u64, documents: u64) {
        let mut guard = self.state();
        guard.clear();
        guard.maker = Maker::new(seed);
        let State { tables, base, entry_ids, maker, .. } = &mut *guard;
        let orders = tables.get_mut(ORDERS).zip(self.layouts.get(ORDERS));
        if let Some((table, layout)) = orders.filter(|_| !Switches::read(&self.shared).no_orders) {
            let mut sheet = Sheet { layout, base, zone: self.shared.zone() };
            orders::fill(&mut sheet, table, entry_ids, maker, documents, self.shared.now(NAME));
        }
    }

    fn edit(&self, body: &Value) -> Result<Vec<String>, String> {
        let switches = Switches::read(&self.shared);
        let (now, zone) = (self.shared.now(NAME), self.shared.zone());
        edit::edit(&mut self.state(), &Scene { layouts: &self.layouts, switches: &switches, now, zone }, body)
    }

    fn kill_sessions(&self) {
        self.state().sessions.clear();
    }

    fn documents(&self) -> String {
        Value::Array(self.bills(0)).to_string()
    }

    fn documents_of(&self, form: &str) -> Result<String, String> {
        let found = self.layouts.iter().position(|layout| layout.form.id.eq_ignore_ascii_case(form));
        let ids = self.layouts.iter().map(|layout| format!("`{}`", layout.form.id)).collect::<Vec<_>>();
        let form = found.ok_or_else(|| format!("no form `{form}`; there are {}", ids.join(", ")))?;
        Ok(Value::Array(self.bills(form)).to_string())
    }

    fn switches(&self) -> &'static [Switch] {
        &SWITCHES
    }
}
