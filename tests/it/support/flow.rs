//! One of the two shipped schemes between simulated systems, to be killed and brought back.

use std::process::Child;
use std::time::Duration;

use deltaferry::clock::{Time, Zone};
use deltaferry::name::Key;
use deltaferry::store::{RedbOptions, RedbStore};
use deltaferry::torture::{effects, in_copy, invariants};
use serde_json::{Value, json};

use crate::support::orders::{self, ORDER, ORDERS};
use crate::support::place::{Place, SCHEME, TARGET, shipped};
use crate::support::service::{Service, spawn};
use crate::support::systems::Systems;
use crate::support::wait::wait_until;

/// Longest time until everything is exact again.
const DEADLINE: Duration = Duration::from_secs(120);

/// A mirror that is read whole each time, so that each of its runs is a sweep.
pub const DEPARTMENTS: &str = "okki-departments";
const SWEPT: &str = "  key: $.FID\n  sweep: { every: 1s, back: 3d }\n";

fn quick(scheme: &str) -> String {
    scheme.replace("{ every: 5m }", "{ every: 1s }").replace("{ every: 10m }", "{ every: 1s }")
}

/// Which of the shipped schemes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flow {
    /// 聚水潭 to 金蝶.
    Shipments,
    /// 金蝶 to 小满 OKKI, with its mirrors and its write-back.
    Orders,
}

/// The scheme in a place of its own.
pub struct Bench {
    pub flow: Flow,
    pub systems: Systems,
    pub place: Place,
}

impl Bench {
    /// A place with documents to create; updates and withdrawals come by [`Bench::edit`]. Runs begin every second, so
    /// that late passes of crash points come in a short life.
    pub fn new(flow: Flow, documents: u64) -> Self {
        let systems = Systems::start(documents);
        let place = match flow {
            Flow::Shipments => Place::with_scheme(&systems, &quick(&shipped())),
            Flow::Orders => orders::place_with(&systems, &quick(&orders::shipped(ORDERS))),
        };
        Self { flow, systems, place }
    }

    /// Sales orders that are swept every second, as is the mirror [`DEPARTMENTS`] by each of its runs.
    pub fn swept_orders(documents: u64) -> Self {
        let bench = Self::new(Flow::Orders, documents);
        let swept = quick(&orders::shipped(ORDERS)).replace("  key: $.FID\n", SWEPT);
        assert!(swept.contains(SWEPT), "{swept}");
        bench.place.write_named_scheme(ORDERS, &swept);
        bench.place.write_named_scheme(DEPARTMENTS, &quick(&orders::shipped(DEPARTMENTS)));
        bench
    }

    /// Somebody names a department in OKKI that nobody uses, or takes it away again.
    pub fn department(&self, number: u32, removed: bool) {
        let set = json!({ "department": { "name": format!("D{number}"), "removed": removed } });
        self.systems.order("/edit", &json!({ "system": "okki", "set": set }));
    }

    /// The scheme's name.
    pub fn scheme(&self) -> &'static str {
        match self.flow {
            Flow::Shipments => SCHEME,
            Flow::Orders => ORDERS,
        }
    }

    /// Its target.
    pub fn target(&self) -> &'static str {
        match self.flow {
            Flow::Shipments => TARGET,
            Flow::Orders => ORDER,
        }
    }

    /// The target's system and the call that writes there.
    pub fn writing(&self) -> (&'static str, &'static str) {
        match self.flow {
            Flow::Shipments => ("kingdee", "batchSave"),
            Flow::Orders => ("okki", "/v1/invoices/order/push"),
        }
    }

    /// What goes wrong with writes at the target.
    pub fn fault(&self, kind: &str, nth: u64, times: u64) {
        let (system, call) = self.writing();
        self.systems.fault(json!({ "system": system, "call": call, "fault": kind, "nth": nth, "times": times }));
    }

    /// People at the source go on working.
    pub fn edit(&self) {
        match self.flow {
            Flow::Shipments => {
                self.systems.edit(json!({ "rate": 0.15 }));
                // Some are left, however often this is done.
                if let [first, _, _, _, ..] = self.systems.keys("Confirmed").as_slice() {
                    self.systems.set(first, json!({ "status": "Cancelled" }));
                }
            }
            Flow::Orders => {
                for what in ["change", "add_line"] {
                    self.systems.edit_orders(json!({ "count": 1, "what": what }));
                }
            }
        }
    }

    /// Keys of documents that the target was told by now.
    pub fn told(&self) -> Vec<String> {
        let (system, _) = self.writing();
        let of_system = self.systems.ledger().into_iter().filter(|entry| entry.system == system);
        let mut told: Vec<String> = of_system.map(|entry| entry.document).collect();
        told.sort();
        told.dedup();
        told
    }

    /// Starts the service, made to kill itself.
    pub fn spawn(&self, crash: Option<&str>) -> Child {
        spawn(&self.place, crash)
    }

    /// What is not as it has to be at the systems.
    pub fn faults(&self) -> Vec<String> {
        match self.flow {
            Flow::Shipments => {
                let verdict = self.systems.verdict();
                let open = verdict.expected - verdict.exact;
                verdict.faults.into_iter().chain((open > 0).then(|| format!("{open} are not exact"))).collect()
            }
            Flow::Orders => {
                let verdict = self.systems.orders_verdict();
                let open = verdict.expected - verdict.exact;
                let faults = verdict.faults().into_iter();
                faults
                    .chain((open > 0).then(|| format!("{open} are not exact")))
                    .chain(self.not_written_back())
                    .collect()
            }
        }
    }

    fn not_written_back(&self) -> Vec<String> {
        let (orders, told) = (self.systems.orders(), self.systems.documents("okki"));
        let differs = |one: &Value| {
            let order = orders.iter().find(|order| order["FBillNo"] == one["order_no"])?;
            let (id, held) = (one["order_id"].to_string(), order["F_PAEZ_OKKIID"].as_str().unwrap_or_default());
            (id != held).then(|| format!("{} holds the id `{held}`, not `{id}`", order["FBillNo"]))
        };
        told.iter().filter_map(differs).collect()
    }

    /// The invariants I1–I8, read off a copy of the database: the next start finds it as it was left.
    #[track_caller]
    pub fn assert_invariants(&self, what: &str) {
        let database = self.place.path("data/deltaferry.redb");
        if !database.is_file() {
            return;
        }
        let broken = in_copy(&database, |store| {
            let mut broken = invariants::broken(store)?;
            if self.flow == Flow::Shipments {
                let grain = Duration::from_secs(2);
                broken.extend(invariants::passed_over(store, SCHEME, &self.times(), grain)?);
            }
            Ok(broken)
        });
        let broken = broken.unwrap();
        assert_eq!(broken, Vec::<String>::new(), "{what}");
    }

    /// Every effect at the target belongs to an attempt of its own, in their order.
    #[track_caller]
    pub fn assert_accounted(&self, what: &str) {
        let store =
            RedbStore::open_read_only(&self.place.path("data/deltaferry.redb"), &RedbOptions::default()).unwrap();
        let (system, _) = self.writing();
        let entries: Vec<_> = self.systems.ledger().into_iter().filter(|entry| entry.system == system).collect();
        let wrong = effects::unaccounted(&store, self.scheme(), self.target(), &entries).unwrap();
        assert_eq!(wrong, Vec::<String>::new(), "{what}");
        assert_eq!(invariants::unsettled(&store).unwrap(), Vec::<String>::new(), "{what}");
    }

    fn times(&self) -> Vec<(Key, Time)> {
        let zone = Zone::named("Asia/Shanghai").unwrap();
        let time = |one: &Value| zone.read(one["modified"].as_str().unwrap()).unwrap();
        let all = self.systems.documents("jushuitan");
        all.iter().map(|one| (Key::from_text(one["io_id"].to_string()), time(one))).collect()
    }

    /// After a restart everything stands at the target exactly once, in order, and the invariants hold; a quiet
    /// source then sends nothing more.
    #[track_caller]
    pub fn recovers(&self, what: &str) {
        self.assert_invariants(what);
        let service = Service::start_of(&self.place, self.scheme());
        let before = service.status()["last_run"]["id"].as_u64().unwrap_or(0);
        wait_until(&format!("all is exact after {what}"), DEADLINE, || {
            let faults = self.faults();
            let is_double =
                |fault: &String| ["twice", "times", "more than once"].iter().any(|word| fault.contains(word));
            assert!(!faults.iter().any(is_double), "{what}: {faults:?}");
            faults.is_empty().then_some(())
        });
        let status = service.drained_after(before.max(1));
        assert_eq!(self.faults(), Vec::<String>::new(), "{what}");
        let again = self.systems.ledger().len();
        service.run_now();
        service.drained_after(status["last_run"]["id"].as_u64().unwrap());
        assert_eq!(self.systems.ledger().len(), again, "{what}: a quiet source sends nothing");
        assert!(service.stop().success(), "{what}");
        self.assert_invariants(what);
        self.assert_accounted(what);
    }
}
