//! `demo`: the shipped schemes, unchanged, between simulated systems on this machine: shipments of 聚水潭 to
//! 金蝶云星空, and its sales orders to 小满 OKKI.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::api;
use crate::cli::args::Demo;
use crate::cli::context::Context;
use crate::cli::once::{left, print, statuses};
use crate::cli::output::{Exit, Failure, json, say};
use crate::cli::run::stop_on_signal;
use crate::cli::schemes::SHIPPED;
use crate::engine::view::SchemeStatus;
use crate::engine::{Engine, OnceOptions, once, serve};
use crate::sandbox::verdict::{Verdict, shipments_in_kingdee};
use crate::sandbox::verdict_orders::{OrdersVerdict, orders_in_okki};
use crate::sandbox::{Folder, Options, Running, Sandbox};

/// How long a round of `demo --once` waits for retries.
const WAIT: Duration = Duration::from_secs(30);
/// The form of sales orders at the simulated 金蝶云星空.
const ORDERS: &str = "SAL_SaleOrder";
/// How often the running demo lets people at the simulated source change something.
const EDIT_EVERY: Duration = Duration::from_secs(20);

pub async fn run(context: &Context, verb: Demo) -> Result<Exit, Failure> {
    let stop = CancellationToken::new();
    stop_on_signal(stop.clone());
    let options =
        Options { seed: verb.seed, documents: verb.documents, port: 0, switches: vec![("rate".into(), "off".into())] };
    let sandbox = Sandbox::start(options, Arc::clone(&context.clock)).await?;
    let folder = Folder::make("demo", &sandbox, SHIPPED.iter().map(|(name, text)| (*name, (*text).to_owned())))?;
    let context = context.for_demo(folder.configuration());
    let mut checked = context.check()?;
    let engine = context.engine(&mut checked, stop.clone()).await?;
    let result = if verb.once {
        rounds(&context, &engine, &sandbox).await
    } else {
        stay(&context, &engine, &sandbox, &checked.config).await
    };
    engine.store.close();
    sandbox.shutdown().await;
    result
}

/// Three rounds: everything, nothing new, and what was changed between; then the verdict.
async fn rounds(context: &Context, engine: &Arc<Engine>, sandbox: &Running) -> Result<Exit, Failure> {
    let say = |line: &dyn std::fmt::Display| {
        if !context.json {
            println!("{line}");
        }
    };
    say(&"== first run: every shipment of the simulated 聚水潭 and every order of the simulated 金蝶云星空 is new");
    let first = round(context, engine).await?;
    if !context.json {
        print(&first);
    }
    let sent_first = effects(sandbox);

    say(&"\n== second run: nothing has changed");
    let second = round(context, engine).await?;
    let sent_second = effects(sandbox) - sent_first;
    say(&format_args!("sent: {sent_second}"));

    let shipments = edit(sandbox, "jushuitan", &serde_json::json!({ "rate": 0.05 }))?;
    let orders = edit_orders(sandbox)?;
    say(&format_args!("\n== third run: {shipments} shipments and {orders} orders were changed at the source"));
    let third = round(context, engine).await?;
    let changed = third.iter().filter_map(|s| s.last_run.as_ref()).map(|run| run.changed).sum::<u64>();
    let sent_third = effects(sandbox) - sent_first - sent_second;
    say(&format_args!("changed documents captured: {changed}\nsent: {sent_third}"));

    let (shipments, orders) = judge(sandbox);
    let fine = shipments.is_exact() && orders.is_exact() && sent_second == 0 && left(&third) == 0;
    if context.json {
        let round = |schemes: &[SchemeStatus], sent: u64| serde_json::json!({ "sent": sent, "schemes": schemes });
        json(&serde_json::json!({
            "rounds": [round(&first, sent_first), round(&second, sent_second), round(&third, sent_third)],
            "shipments": {
                "source": shipments.shipments, "expected": shipments.expected, "exact": shipments.exact,
                "creates": shipments.creates, "updates": shipments.updates, "withdrawn": shipments.withdrawn,
                "faults": shipments.faults,
            },
            "orders": {
                "source": orders.orders, "expected": orders.expected, "exact": orders.exact,
                "creates": orders.creates, "updates": orders.updates, "removed": orders.removed,
                "faults": orders.faults(),
            },
            "left": left(&third), "exact": fine,
        }))?;
        return Ok(if fine { Exit::Done } else { Exit::Failed });
    }
    println!("\n== what the sandbox's ledger holds");
    tell(&shipments);
    tell_orders(&orders);
    println!(
        "{}",
        if fine {
            "every shipment stands in 金蝶云星空 and every approved order in 小满 OKKI exactly once, in its newest version"
        } else {
            "NOT as it has to be"
        }
    );
    Ok(if fine { Exit::Done } else { Exit::Failed })
}

/// What people do at a simulated system; how many documents it concerned.
fn edit(sandbox: &Running, system: &str, body: &serde_json::Value) -> Result<usize, Failure> {
    let found = sandbox.system(system).ok_or_else(|| Failure::failed(format!("the sandbox has no {system}")))?;
    found.edit(body).map(|edited| edited.len()).map_err(Failure::failed)
}

/// Orders changed by change bills, with a line more and a line less, approved late and voided.
fn edit_orders(sandbox: &Running) -> Result<usize, Failure> {
    let mut edited = 0;
    for (share, what) in [(20, "change"), (50, "add_line"), (50, "remove_line"), (50, "approve"), (100, "void")] {
        let orders = sandbox.documents_of("kingdee", ORDERS).len();
        let count = (orders / share).max(1);
        // A small sandbox may have no order left that suits.
        edited += edit(sandbox, "kingdee", &serde_json::json!({ "count": count, "what": what })).unwrap_or(0);
    }
    Ok(edited)
}

async fn round(context: &Context, engine: &Arc<Engine>) -> Result<Vec<SchemeStatus>, Failure> {
    let options = OnceOptions { wait: WAIT, progress: Arc::new(|_, _, _| {}) };
    for (scheme, result) in once(engine, engine.units.clone(), options).await? {
        result.map_err(|error| Failure::failed(format!("{scheme}: {error}")))?;
    }
    statuses(context, engine, &engine.units)
}

/// Runs until Ctrl-C, with people changing shipments now and then.
async fn stay(
    context: &Context,
    engine: &Arc<Engine>,
    sandbox: &Running,
    config: &crate::config::Config,
) -> Result<Exit, Failure> {
    let server = api::Server::bind(Arc::clone(engine), config).await?;
    say("simulated systems:");
    for (name, address) in sandbox.addresses() {
        say(format_args!("  {name}  http://{address}"));
    }
    say(format_args!("  control  {}", sandbox.control_url()));
    say(format_args!("status: http://{}/api/v1/schemes", server.address()));
    say(format_args!(
        "a few documents change every {} seconds; Ctrl-C ends the demo and removes its data",
        EDIT_EVERY.as_secs()
    ));
    let answering = tokio::spawn(server.serve(engine.stop.clone()));
    let edits = async {
        while !engine.stop.is_cancelled() {
            context.clock.sleep(EDIT_EVERY).await;
            let shipments = edit(sandbox, "jushuitan", &serde_json::json!({ "rate": 0.01 }));
            let orders = edit(sandbox, "kingdee", &serde_json::json!({ "count": 2, "what": "change" }));
            if let (Ok(shipments), Ok(orders)) = (shipments, orders) {
                let (bills, pushed) = judge(sandbox);
                say(format_args!(
                    "{shipments} shipments and {orders} orders changed at the source; 金蝶云星空 has seen {} creates and {} \
                     updates, 小满 OKKI {} and {}",
                    bills.creates, bills.updates, pushed.creates, pushed.updates
                ));
            }
            for unit in &engine.units {
                unit.run_now.notify_one();
            }
        }
    };
    tokio::select! { () = serve(engine, config.retention) => {}, () = edits => {} }
    // It ends with the stop token; a failure there was logged where it happened.
    let _ = answering.await;
    say("stopped");
    Ok(Exit::Done)
}

/// The verdicts over shipments and over orders.
fn judge(sandbox: &Running) -> (Verdict, OrdersVerdict) {
    let ledger = sandbox.ledger();
    let shipments = shipments_in_kingdee(&sandbox.documents("jushuitan"), &sandbox.documents("kingdee"), &ledger);
    let orders = orders_in_okki(&sandbox.documents_of("kingdee", ORDERS), &sandbox.documents("okki"), &ledger);
    (shipments, orders)
}

/// What both targets have seen; write-backs are not counted.
fn effects(sandbox: &Running) -> u64 {
    let (shipments, orders) = judge(sandbox);
    shipments.creates + shipments.updates + shipments.withdrawn + orders.creates + orders.updates + orders.removed
}

fn tell_orders(verdict: &OrdersVerdict) {
    println!("orders at the source: {}, of them approved: {}", verdict.orders, verdict.expected);
    println!("orders created: {}, overwritten: {}", verdict.creates, verdict.updates);
    println!("exactly once and with equal lines: {} of {}", verdict.exact, verdict.expected);
    for fault in verdict.faults() {
        println!("  {fault}");
    }
}

fn tell(verdict: &Verdict) {
    println!("shipments at the source: {}, of them to be delivered: {}", verdict.shipments, verdict.expected);
    println!("bills created: {}, changed: {}, withdrawn: {}", verdict.creates, verdict.updates, verdict.withdrawn);
    println!("exactly once and newest: {} of {}", verdict.exact, verdict.expected);
    for fault in &verdict.faults {
        println!("  {fault}");
    }
}
