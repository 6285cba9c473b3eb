//! The simulated systems as a process of their own: `deltaferry sandbox`, driven through its control API.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};

use deltaferry::sandbox::kingdee::{ACCOUNT, PASSWORD, USER};
use deltaferry::sandbox::ledger::{Effect, Entry};
use deltaferry::sandbox::verdict::{Verdict, shipments_in_kingdee};
use serde_json::{Value, json};

use crate::support::http::{Answer, get, post, request};

const AUTH: &str = "/k3cloud/Kingdee.BOS.WebApi.ServicesStub.AuthService";
const FORMS: &str = "/k3cloud/Kingdee.BOS.WebApi.ServicesStub.DynamicFormService";

/// A running sandbox; it ends with its value.
pub struct Systems {
    child: Child,
    /// Kept open: who prints into a closed pipe is ended.
    _printed: BufReader<ChildStdout>,
    urls: BTreeMap<String, String>,
}

impl Systems {
    /// Starts one without limits of calls.
    pub fn start(documents: u64) -> Self {
        Self::with(documents, &["rate=off"])
    }

    /// Starts one with switches.
    pub fn with(documents: u64, switches: &[&str]) -> Self {
        let switches: Vec<&str> = switches.iter().flat_map(|switch| ["--switch", switch]).collect();
        Self::spawned(documents, &switches)
    }

    /// Starts one with faults, without limits of calls.
    pub fn with_faults(documents: u64, faults: &[&str]) -> Self {
        let faults = faults.iter().flat_map(|fault| ["--fault", fault]);
        Self::spawned(documents, &["--switch", "rate=off"].into_iter().chain(faults).collect::<Vec<_>>())
    }

    fn spawned(documents: u64, more: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_deltaferry"));
        command.args(["sandbox", "--port", "0", "--seed", "7", "--documents", &documents.to_string()]);
        command.args(more);
        let mut child = command.stdout(Stdio::piped()).stdin(Stdio::null()).spawn().unwrap();
        let mut printed = BufReader::new(child.stdout.take().unwrap());
        let mut urls = BTreeMap::new();
        while !urls.contains_key("control") {
            let mut line = String::new();
            assert!(printed.read_line(&mut line).unwrap() > 0, "the sandbox prints where it can be reached: {urls:?}");
            let (name, url) = line.split_once("  ").unwrap_or_else(|| panic!("no address: {line}"));
            urls.insert(name.trim().to_owned(), url.trim().to_owned());
        }
        Self { child, _printed: printed, urls }
    }

    /// `http://127.0.0.1:PORT` of a system, or of `control`.
    pub fn url(&self, name: &str) -> &str {
        &self.urls[name]
    }

    /// Orders the sandbox to do something.
    pub fn order(&self, path: &str, body: &Value) -> Value {
        let answer = post(self.url("control"), path, body);
        assert_eq!(answer.status, 200, "{path} {body}: {}", answer.body);
        answer.json()
    }

    /// Edits at 聚水潭; the keys edited.
    pub fn edit(&self, mut body: Value) -> Vec<String> {
        body["system"] = "jushuitan".into();
        let edited = self.order("/edit", &body);
        edited["edited"].as_array().unwrap().iter().map(|key| key.as_str().unwrap().to_owned()).collect()
    }

    /// Sets fields of one document.
    pub fn set(&self, key: &str, set: Value) {
        self.edit(json!({ "key": key, "set": set }));
    }

    /// What a person does at 金蝶 beside us.
    pub fn edit_bill(&self, key: &str, set: Value) {
        self.order("/edit", &json!({ "system": "kingdee", "key": key, "set": set }));
    }

    /// Sets a fault.
    pub fn fault(&self, fault: Value) {
        self.order("/faults", &fault);
    }

    /// Takes all faults back.
    pub fn no_faults(&self) {
        self.order("/faults/clear", &json!({}));
    }

    /// Sets a switch.
    pub fn switch(&self, name: &str, value: &str) {
        self.order("/switches", &json!({ name: value }));
    }

    /// Ends every session at 金蝶.
    pub fn kill_sessions(&self) {
        self.order("/sessions/kill", &json!({ "system": "kingdee" }));
    }

    /// A system's documents as they are.
    pub fn documents(&self, system: &str) -> Vec<Value> {
        serde_json::from_str(&get(self.url("control"), &format!("/documents?system={system}")).body).unwrap()
    }

    /// A shipment as it is.
    pub fn shipment(&self, key: &str) -> Value {
        let all = self.documents("jushuitan");
        let is = |one: &Value| one["io_id"].as_number().is_some_and(|number| number.as_str() == key);
        all.into_iter().find(is).unwrap_or_else(|| panic!("no shipment `{key}`"))
    }

    /// The bills of a number that are not voided.
    pub fn bills(&self, number: &str) -> Vec<Value> {
        let all = self.documents("kingdee");
        all.into_iter().filter(|one| one["FBillNo"] == number && one["FCancelStatus"] != "B").collect()
    }

    /// The one bill of a number.
    #[track_caller]
    pub fn bill(&self, number: &str) -> Value {
        let mut bills = self.bills(number);
        assert_eq!(bills.len(), 1, "`{number}`: {bills:?}");
        bills.remove(0)
    }

    /// Keys of the shipments in a state, in key order.
    pub fn keys(&self, status: &str) -> Vec<String> {
        let all = self.documents("jushuitan");
        let mut keys: Vec<String> =
            all.iter().filter(|one| one["status"] == status).map(|one| one["io_id"].to_string()).collect();
        keys.sort();
        keys
    }

    /// Every effect so far.
    pub fn ledger(&self) -> Vec<Entry> {
        serde_json::from_str(&get(self.url("control"), "/ledger").body).unwrap()
    }

    /// Forgets the effects so far.
    pub fn clear_ledger(&self) {
        self.order("/ledger/clear", &json!({}));
    }

    /// What was really done at 金蝶 so far: refusals left out.
    pub fn effects(&self) -> Vec<Entry> {
        self.ledger().into_iter().filter(|entry| entry.system == "kingdee" && entry.effect != Effect::None).collect()
    }

    /// Compares what both systems hold.
    pub fn verdict(&self) -> Verdict {
        shipments_in_kingdee(&self.documents("jushuitan"), &self.documents("kingdee"), &self.ledger())
    }

    /// Every shipment stands at the target once, in its newest version.
    #[track_caller]
    pub fn assert_exact(&self) {
        let verdict = self.verdict();
        assert!(verdict.is_exact() && verdict.expected > 0, "{verdict:#?}");
    }

    /// Saves a bill at 金蝶 beside us, as another program would.
    pub fn save_bill(&self, model: Value) {
        let login = json!({ "acctID": ACCOUNT, "username": USER, "password": PASSWORD, "lcid": 2052 });
        let session = self.call(&format!("{AUTH}.ValidateUser.common.kdsvc"), &[], &login).json();
        let session = format!("kdservice-sessionid: {}", session["KDSVCSessionId"].as_str().unwrap());
        let body = json!({ "formid": "SAL_OUTSTOCK", "data": { "Model": model } });
        let saved = self.call(&format!("{FORMS}.Save.common.kdsvc"), &[&session], &body).json();
        assert_eq!(saved["Result"]["ResponseStatus"]["IsSuccess"], true, "{saved}");
    }

    fn call(&self, path: &str, headers: &[&str], body: &Value) -> Answer {
        request(self.url("kingdee"), "POST", path, headers, &body.to_string()).unwrap()
    }
}

impl Drop for Systems {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
