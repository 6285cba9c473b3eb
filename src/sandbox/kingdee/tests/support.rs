//! A server on a clock that the test moves, and calls as a client sends them.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::clock::Time;
use crate::sandbox::faults::Kind as Fault;
use crate::sandbox::kingdee::{ACCOUNT, PASSWORD, Server, USER};
use crate::sandbox::ledger::Effect;
use crate::sandbox::shared::Shared;
use crate::sandbox::stopped::StoppedClock;
use crate::sandbox::wire::{Answer, Request, System};

/// 2026-01-05 10:00:00.120 at the server.
const START: Time = Time(1_767_578_400_120);

/// A server with a session.
pub struct Bench {
    pub server: Server,
    pub shared: Arc<Shared>,
    clock: Arc<StoppedClock>,
    pub session: String,
}

impl Bench {
    pub fn new() -> Self {
        let clock = Arc::new(StoppedClock::new(START));
        let shared = Arc::new(Shared::new(clock.clone()));
        let server = Server::new(Arc::clone(&shared));
        let mut bench = Self { server, shared, clock, session: String::new() };
        bench.login();
        bench
    }

    pub fn login(&mut self) {
        let body = json!({ "acctID": ACCOUNT, "username": USER, "password": PASSWORD, "lcid": 2052 });
        let answer = self.server.answer(&auth("ValidateUser", &body), None);
        self.session = value(&answer)["KDSVCSessionId"].as_str().unwrap().to_owned();
    }

    pub fn forward(&self, seconds: u64) {
        self.clock.forward(Duration::from_secs(seconds));
    }

    pub fn switch(&self, name: &str, value: &str) {
        self.shared.set_switch(&format!("kingdee.{name}"), value);
    }

    /// A call of DynamicFormService within the session.
    pub fn request(&self, method: &str, body: &Value) -> Request {
        let mut request = post(&form_path(method), body);
        request.headers.push(("cookie".into(), format!("Theme=standard; kdservice-sessionid={}", self.session)));
        request
    }

    pub fn send(&self, method: &str, body: &Value, fault: Option<Fault>) -> Value {
        value(&self.server.answer(&self.request(method, body), fault))
    }

    /// A call about SAL_OUTSTOCK.
    pub fn call(&self, method: &str, data: Value) -> Value {
        self.send(method, &json!({ "formid": "SAL_OUTSTOCK", "data": data }), None)
    }

    pub fn faulty(&self, method: &str, data: Value, fault: Fault) -> Value {
        self.send(method, &json!({ "formid": "SAL_OUTSTOCK", "data": data }), Some(fault))
    }

    /// Saves bills; the ResponseStatus.
    pub fn save(&self, models: Vec<Value>) -> Value {
        self.call("BatchSave", json!({ "Model": models }))["Result"]["ResponseStatus"].take()
    }

    /// Saves bills that must all succeed; their FIDs.
    pub fn saved(&self, models: Vec<Value>) -> Vec<u64> {
        let status = self.save(models);
        assert_eq!(status["IsSuccess"], true, "{status}");
        status["SuccessEntitys"].as_array().unwrap().iter().map(|done| done["Id"].as_u64().unwrap()).collect()
    }

    /// Rows of a query as JSON text.
    pub fn query(&self, keys: &str, filter: &str, order: &str) -> String {
        self.query_with(json!({ "FieldKeys": keys, "FilterString": filter, "OrderString": order })).to_string()
    }

    pub fn query_with(&self, mut data: Value) -> Value {
        data["FormId"] = json!("SAL_OUTSTOCK");
        self.send("ExecuteBillQuery", &json!({ "data": data }), None)
    }

    /// Rows of a query of sales orders.
    pub fn orders(&self, keys: &str, filter: &str, order: &str) -> Vec<Value> {
        let data =
            json!({ "FormId": "SAL_SaleOrder", "FieldKeys": keys, "FilterString": filter, "OrderString": order });
        let rows = self.send("ExecuteBillQuery", &json!({ "data": data }), None);
        rows.as_array().unwrap().clone()
    }

    /// FDocumentStatus and FCancelStatus of a bill.
    pub fn state(&self, number: &str) -> String {
        self.query("FDocumentStatus,FCancelStatus", &format!("FBillNo='{number}'"), "")
    }

    /// `call document effect` of each ledger entry since the start.
    pub fn ledger(&self) -> Vec<String> {
        let line = |entry: &crate::sandbox::ledger::Entry| {
            let effect = serde_json::to_value(entry.effect).unwrap();
            format!("{} {} {}", entry.call, entry.document, effect.as_str().unwrap())
        };
        self.shared.ledger.entries().iter().map(line).collect()
    }

    pub fn count(&self, effect: Effect) -> usize {
        self.shared.ledger.entries().iter().filter(|entry| entry.effect == effect).count()
    }
}

pub fn form_path(method: &str) -> String {
    format!("/k3cloud/Kingdee.BOS.WebApi.ServicesStub.DynamicFormService.{method}.common.kdsvc")
}

pub fn auth(method: &str, body: &Value) -> Request {
    post(&format!("/K3Cloud/Kingdee.BOS.WebApi.ServicesStub.AuthService.{method}.common.kdsvc"), body)
}

pub fn post(path: &str, body: &Value) -> Request {
    Request {
        method: "POST".into(),
        path: path.into(),
        query: String::new(),
        headers: vec![("content-type".into(), "application/json".into())],
        body: body.to_string().into_bytes(),
    }
}

pub fn value(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200);
    serde_json::from_slice(&answer.body).unwrap()
}

pub fn text(answer: &Answer) -> String {
    String::from_utf8(answer.body.clone()).unwrap()
}

/// A number of exact digits.
pub fn number(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// A good bill with these rows.
pub fn bill_with(number: &str, rows: Vec<Value>) -> Value {
    json!({
        "FID": 0, "FBillTypeID": { "FNUMBER": "XSCKD01_SYS" }, "FBillNo": number, "FDate": "2026-01-05",
        "FSaleOrgId": { "FNumber": "100" }, "FStockOrgId": { "FNumber": "100" }, "FCustomerID": { "FNumber": "C1" },
        "SubHeadEntity": { "FSettleCurrID": { "FNumber": "PRE001" }, "FExchangeRate": 1 },
        "FEntity": rows,
    })
}

/// A row.
pub fn row(material: &str, quantity: Value) -> Value {
    json!({
        "FMaterialID": { "FNumber": material }, "FRealQty": quantity, "FTaxPrice": 25.62,
        "FStockID": { "FNumber": "CK001" },
    })
}

/// A good bill of one row.
pub fn bill(number: &str) -> Value {
    bill_with(number, vec![row("M-1", json!(2))])
}

/// A bill with other values of some keys; `null` removes a key.
pub fn with(mut bill: Value, changes: Value) -> Value {
    for (key, value) in changes.as_object().unwrap() {
        let fields = bill.as_object_mut().unwrap();
        if value.is_null() {
            fields.shift_remove(key);
        } else {
            fields.insert(key.clone(), value.clone());
        }
    }
    bill
}

/// The messages of a ResponseStatus, `DIndex FieldName MsgCode Message`.
pub fn errors(status: &Value) -> Vec<String> {
    let line = |error: &Value| {
        let field = error["FieldName"].as_str().unwrap_or("-");
        format!("{} {field} {}", error["DIndex"], error["Message"].as_str().unwrap())
    };
    status["Errors"].as_array().unwrap().iter().map(line).collect()
}

/// The numbers of SuccessEntitys, `DIndex Number`.
pub fn successes(status: &Value) -> Vec<String> {
    let line = |done: &Value| format!("{} {}", done["DIndex"], done["Number"].as_str().unwrap());
    status["SuccessEntitys"].as_array().unwrap().iter().map(line).collect()
}
