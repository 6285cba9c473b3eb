//! The second shipped scheme between simulated systems: sales orders of 金蝶 to 小满 OKKI, with OKKI's mirrors.

use std::fs;
use std::path::Path;

use deltaferry::sandbox::ledger::{Effect, Entry};
use deltaferry::sandbox::verdict_orders::{OrdersVerdict, orders_in_okki};
use serde_json::{Value, json};

use crate::support::http::get;
use crate::support::place::Place;
use crate::support::systems::Systems;

/// The scheme's name.
pub const ORDERS: &str = "kingdee-changed-order-to-okki";
/// Its target.
pub const ORDER: &str = "okki-order";
/// What it looks up in.
pub const MIRRORS: [&str; 4] = ["okki-companies", "okki-products", "okki-users", "okki-departments"];

/// A shipped scheme, with retries that do not keep a test waiting.
pub fn shipped(name: &str) -> String {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("schemes/{name}.yaml"));
    let text = fs::read_to_string(file).unwrap();
    text.replace("retry: { attempts: 8, from: 5s, to: 15m }", "retry: { attempts: 8, from: 50ms, to: 1s }")
}

/// A place with the scheme and its mirrors.
pub fn place(systems: &Systems) -> Place {
    place_with(systems, &shipped(ORDERS))
}

/// A place with another form of the scheme, and its mirrors.
pub fn place_with(systems: &Systems, scheme: &str) -> Place {
    let place = Place::empty(systems);
    place.write_named_scheme(ORDERS, scheme);
    for mirror in MIRRORS {
        place.write_named_scheme(mirror, &shipped(mirror));
    }
    place
}

impl Systems {
    /// Edits of sales orders at 金蝶; their numbers.
    pub fn edit_orders(&self, mut body: Value) -> Vec<String> {
        body["system"] = "kingdee".into();
        if body.get("key").is_some() {
            body["form"] = "SAL_SaleOrder".into();
        }
        let edited = self.order("/edit", &body);
        edited["edited"].as_array().unwrap().iter().map(|key| key.as_str().unwrap().to_owned()).collect()
    }

    /// What people do to one order at 金蝶.
    pub fn deed(&self, number: &str, what: &str) {
        self.edit_orders(json!({ "key": number, "what": what }));
    }

    /// The sales orders at 金蝶 as they are.
    pub fn orders(&self) -> Vec<Value> {
        let path = "/documents?system=kingdee&form=SAL_SaleOrder";
        serde_json::from_str(&get(self.url("control"), path).body).unwrap()
    }

    /// What was really done at OKKI so far.
    pub fn pushes(&self) -> Vec<Entry> {
        self.ledger().into_iter().filter(|entry| entry.system == "okki" && entry.effect != Effect::None).collect()
    }

    /// Compares both systems.
    pub fn orders_verdict(&self) -> OrdersVerdict {
        orders_in_okki(&self.orders(), &self.documents("okki"), &self.ledger())
    }

    /// Every order stands in OKKI once, with its lines.
    #[track_caller]
    pub fn assert_orders_exact(&self) -> OrdersVerdict {
        let verdict = self.orders_verdict();
        assert!(verdict.is_exact(), "{:#?}", verdict.faults());
        verdict
    }
}
