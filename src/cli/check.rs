//! `check`: configuration and schemes, without touching any system; `--online` also asks each system.

use serde::Serialize;

use crate::cli::args::Check;
use crate::cli::context::{Checked, Context};
use crate::cli::output::{Exit, Failure, json};
use crate::connector::FetchRequest;
use crate::connector::Window;
use crate::engine::Ready;
use crate::scheme::Mode;

pub async fn run(context: &Context, verb: Check) -> Result<Exit, Failure> {
    // What is named is checked for itself: another scheme's faults are told, and are none of it.
    let checked = if verb.schemes.is_empty() { context.check() } else { context.check_for(&verb.schemes) };
    let checked = match checked {
        Ok(checked) => checked,
        Err(Failure::Faults(faults)) if context.json => {
            let list: Vec<serde_json::Value> = faults
                .iter()
                .map(|fault| {
                    serde_json::json!({ "file": fault.at.file, "line": fault.at.line, "column": fault.at.column, "message": fault.message })
                })
                .collect();
            json(&serde_json::json!({ "faults": list }))?;
            return Ok(Exit::Usage);
        }
        Err(failure) => return Err(failure),
    };
    let chosen = checked.chosen(&verb.schemes)?;
    if !context.json {
        for ready in &chosen {
            let targets: Vec<&str> = ready.targets.iter().map(|target| target.name.as_str()).collect();
            let targets = if targets.is_empty() { "captured only".to_owned() } else { targets.join(", ") };
            println!("ok  {}  {} -> {targets}", ready.scheme.id, ready.scheme.source.call);
        }
    }
    let answers = if verb.online { Some(online(context, &checked, &chosen).await) } else { None };
    if context.json {
        let schemes: Vec<&str> = chosen.iter().map(|ready| ready.scheme.id.as_str()).collect();
        let mut told = serde_json::json!({ "faults": [], "schemes": schemes });
        if let (Some(answers), Some(told)) = (&answers, told.as_object_mut()) {
            told.insert("systems".to_owned(), serde_json::json!(answers.systems));
            told.insert("sources".to_owned(), serde_json::json!(answers.sources));
        }
        json(&told)?;
    }
    Ok(if answers.is_none_or(|answers| answers.all()) { Exit::Done } else { Exit::Failed })
}

/// What the systems answered.
#[derive(Default)]
struct Answers {
    systems: Vec<SystemAnswer>,
    sources: Vec<SourceAnswer>,
}

#[derive(Serialize)]
struct SystemAnswer {
    system: String,
    account: String,
    /// How far its clock is ahead of ours; where it answered.
    clock_ahead_ms: Option<i64>,
    /// Why it could not be logged in to.
    error: Option<String>,
}

#[derive(Serialize)]
struct SourceAnswer {
    scheme: String,
    call: String,
    /// Documents of the page read; where it could be.
    documents: Option<usize>,
    /// Why it could not.
    error: Option<String>,
}

impl Answers {
    /// Whether everybody answered.
    fn all(&self) -> bool {
        self.systems.iter().all(|one| one.error.is_none()) && self.sources.iter().all(|one| one.error.is_none())
    }
}

/// Logs in everywhere and reads one page of each source: what breaks first days is told before them.
async fn online(context: &Context, checked: &Checked, chosen: &[&Ready]) -> Answers {
    let mut answers = Answers::default();
    for (name, system) in &checked.systems {
        let error = system.connector.login().await.err().map(|fault| fault.words);
        let clock_ahead_ms = error.is_none().then(|| system.connector.clock_offset().unwrap_or(0));
        let answer = SystemAnswer { system: name.clone(), account: system.connector.account(), clock_ahead_ms, error };
        if !context.json {
            answer.print();
        }
        answers.systems.push(answer);
    }
    for ready in chosen {
        let end = context.clock.now();
        let source = &ready.scheme.source;
        let window = Window { begin: end.minus(source.window), end };
        let window = (source.mode != Mode::Full).then_some(window);
        let request = FetchRequest { source, window, position: None };
        let (documents, error) = match ready.connector.fetch(&request).await {
            Ok(page) => (Some(page.documents.len()), None),
            Err(fault) => (None, Some(fault.words)),
        };
        let answer = SourceAnswer { scheme: ready.scheme.id.clone(), call: source.call.clone(), documents, error };
        if !context.json {
            answer.print();
        }
        answers.sources.push(answer);
    }
    answers
}

impl SystemAnswer {
    fn print(&self) {
        let Self { system, account, clock_ahead_ms, error } = self;
        if let Some(error) = error {
            println!("FAILED  {system}: {error}");
            return;
        }
        let skew = clock_ahead_ms.unwrap_or(0);
        println!("ok  {system}: {account} answers; its clock is {skew} ms ahead of ours");
        if skew.abs() > 60_000 {
            println!("    warning: set this machine's clock; signatures and windows depend on it");
        }
    }
}

impl SourceAnswer {
    fn print(&self) {
        let Self { scheme, call, documents, error } = self;
        match error {
            Some(error) => println!("FAILED  {scheme}: {error}"),
            None => println!("ok  {scheme}: a page of `{call}` has {} documents", documents.unwrap_or(0)),
        }
    }
}
