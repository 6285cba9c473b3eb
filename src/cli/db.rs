//! `db`: care of the database.

use std::path::{Path, absolute};

use serde_json::{Value, json as value};

use crate::cli::args::{Db, DbWhat};
use crate::cli::context::{Context, database, existing_database};
use crate::cli::output::{Exit, Failure, json, table};
use crate::cli::remote::service;
use crate::config::Config;
use crate::store::care::{self, Pages, Verified};
use crate::store::{Origin, RedbOptions, Restored, StoreError, restore};

pub async fn run(context: &Context, verb: Db) -> Result<Exit, Failure> {
    let config = context.read_configuration()?;
    match verb.what {
        DbWhat::Info => info(context, &existing_database(&config)?),
        DbWhat::Verify => verify(context, &existing_database(&config)?),
        DbWhat::Backup { file } => backup(context, &config, &existing_database(&config)?, &file).await,
        DbWhat::Restore { file } => {
            nobody_runs(&config, "restore").await?;
            put_back(context, &database(&config), &file)
        }
        DbWhat::Compact => {
            nobody_runs(&config, "compact").await?;
            compact(context, &existing_database(&config)?)
        }
    }
}

async fn nobody_runs(config: &Config, verb: &str) -> Result<(), Failure> {
    match service(config).await {
        None => Ok(()),
        Some(_) => Err(Failure::failed(format!("the service runs; stop it before `deltaferry db {verb}`"))),
    }
}

fn options() -> RedbOptions {
    RedbOptions::default()
}

fn info(context: &Context, path: &Path) -> Result<Exit, Failure> {
    let (info, side) = care::info(path, &options())?;
    let lineage = &info.lineage;
    let closed = lineage.closed.map(|time| time.to_string());
    if context.json {
        json(&value!({
            "file": path, "bytes": info.bytes, "format": info.format, "epoch": lineage.epoch, "origin": lineage.origin,
            "stamped": lineage.stamped, "commits": lineage.commits, "side_file": side, "clean": info.clean,
            "closed": closed, "rows": info.rows,
        }))?;
        return Ok(Exit::Done);
    }
    let origin = match lineage.origin {
        Origin::New => "made here",
        Origin::Restored => "restored",
        Origin::Lost => "made anew where one was lost",
    };
    let mut about = table(&["database", &path.display().to_string()]);
    let side = side.map_or_else(|| "none".to_owned(), |commits| commits.to_string());
    for (name, text) in [
        ("size", format!("{} bytes", info.bytes)),
        ("format", info.format.to_string()),
        ("epoch", lineage.epoch.to_string()),
        ("origin", origin.to_owned()),
        ("commits", format!("{} (side file: {side})", lineage.commits)),
        ("closed well", if info.clean { "yes" } else { "no: a service runs, or it was killed" }.to_owned()),
        ("last closed", closed.unwrap_or_else(|| "never".to_owned())),
    ] {
        about.add_row(vec![name.to_owned(), text]);
    }
    if lineage.stamped {
        about.add_row(vec!["stamped", "a backup: whoever opens it next takes it as restored"]);
    }
    println!("{about}\n");
    let mut rows = table(&["table", "rows"]);
    for (name, count) in &info.rows {
        rows.add_row(vec![(*name).to_owned(), count.to_string()]);
    }
    println!("{rows}");
    Ok(Exit::Done)
}

fn verify(context: &Context, path: &Path) -> Result<Exit, Failure> {
    let found = match care::verify(path, &options()) {
        Err(StoreError::Broken { why, .. }) if context.json => {
            json(&value!({ "file": path, "sound": false, "values": 0, "pages": { "damaged": why }, "damages": [] }))?;
            return Ok(Exit::Failed);
        }
        found => found.map_err(|error| unreadable(error, "database"))?,
    };
    let exit = if found.is_sound() { Exit::Done } else { Exit::Failed };
    if context.json {
        json(&value!({
            "file": path, "sound": found.is_sound(), "values": found.values, "pages": found.pages,
            "clean": found.clean, "damages": damages(&found),
        }))?;
        return Ok(exit);
    }
    for damage in &found.damages {
        println!("{}\t{}\t{}", damage.table, damage.key, remedy(&found, damage.remedy()));
    }
    let damaged = found.damages.len();
    println!("{} values read, {damaged} damaged", found.values);
    println!("{}", pages(&found));
    Ok(exit)
}

fn damages(found: &Verified) -> Vec<Value> {
    let each = found.damages.iter();
    each.map(|damage| value!({ "table": damage.table, "key": damage.key, "then": remedy(found, damage.remedy()) }))
        .collect()
}

/// What happens to a damaged value: a file whose pages are damaged is not opened any more.
fn remedy(found: &Verified, remedy: &'static str) -> &'static str {
    match found.pages {
        Pages::Damaged(_) => "the file is not opened for writing: restore a backup",
        _ => remedy,
    }
}

fn pages(found: &Verified) -> String {
    match &found.pages {
        Pages::Sound => "every page is whole".to_owned(),
        Pages::Repairable if found.clean => {
            "pages were changed after the database was closed: restore a backup".to_owned()
        }
        Pages::Repairable => "not closed well; put right at the next start".to_owned(),
        Pages::Damaged(why) => {
            format!("the pages are damaged: {why}; restore a backup by `deltaferry db restore FILE`")
        }
        Pages::InUse => "pages not checked: another process has the database open, or it can't be written".to_owned(),
    }
}

async fn backup(context: &Context, config: &Config, path: &Path, file: &Path) -> Result<Exit, Failure> {
    let file = absolute(file)?;
    let bytes = match service(config).await {
        Some(service) => {
            let done = service.post("/db/backup", &value!({ "file": file })).await?;
            done.get("bytes").and_then(Value::as_u64).unwrap_or(0)
        }
        None => care::backup(path, &file, &options()).map_err(|error| match error {
            StoreError::Io(why) => Failure::failed(format!("the backup could not be made: {why}")),
            error => error.into(),
        })?,
    };
    tell(context, &value!({ "file": file, "bytes": bytes }), &format!("{}: {bytes} bytes", file.display()))
}

fn put_back(context: &Context, path: &Path, file: &Path) -> Result<Exit, Failure> {
    if !file.is_file() {
        return Err(Failure::failed(format!("there is no file `{}`", file.display())));
    }
    let done = restore(path, file, &options()).map_err(|error| match error {
        StoreError::Io(why) => Failure::failed(format!("the backup could not be put back: {why}")),
        error => unreadable(error, "backup"),
    })?;
    let Restored { kept, bytes } = &done;
    let kept = kept.as_ref().map_or_else(String::new, |kept| format!("\nthe old one is kept as {}", kept.display()));
    let words = format!(
        "{}: {bytes} bytes, from {}{kept}\nat the next start nothing is sent until capture has caught up and each \
         document was looked for at its target",
        path.display(),
        file.display()
    );
    tell(context, &value!({ "database": path, "bytes": bytes, "kept": done.kept }), &words)
}

/// Says what can be done about a file that can't be opened; that it can be verified is no news to `verify`.
fn unreadable(error: StoreError, what: &str) -> Failure {
    match error {
        StoreError::Broken { path, why } => Failure::failed(format!(
            "the {what} `{path}` can't be read: {why}; restore a{} backup by `deltaferry db restore FILE`",
            if what == "backup" { "nother" } else { "" }
        )),
        error => error.into(),
    }
}

fn compact(context: &Context, path: &Path) -> Result<Exit, Failure> {
    let (before, after) = care::compact(path, &options())?;
    tell(context, &value!({ "before": before, "after": after }), &format!("{before} bytes, now {after}"))
}

fn tell(context: &Context, data: &Value, words: &str) -> Result<Exit, Failure> {
    if context.json {
        json(data)?;
    } else {
        println!("{words}");
    }
    Ok(Exit::Done)
}
