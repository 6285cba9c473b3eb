//! Bills that are audited at 金蝶 and changed at 聚水潭: opened, saved and closed again, each step once, whatever is
//! killed between two of them (rule 19).

use std::collections::BTreeMap;

use deltaferry::sandbox::ledger::Effect;
use serde_json::json;

use crate::support::place::{Place, SCHEME, shipped};
use crate::support::systems::Systems;

/// The shipped scheme for books in which every bill is audited.
fn audited() -> String {
    let text = shipped();
    let own = "    operations:\n";
    assert!(text.contains(own), "the operations are no longer where this test puts steps before them");
    let steps = "    steps: { before: [unAudit, cancelAssign], after: [submit, audit] }\n";
    let text = text.replace(own, &format!("{steps}{own}"));
    let withdraw = "call: delete_or_cancel";
    assert!(text.contains(withdraw));
    text.replace(withdraw, "call: delete, steps: { before: [unAudit, cancelAssign] }")
}

/// What was done to each bill, in order.
fn done(systems: &Systems) -> BTreeMap<String, Vec<Effect>> {
    let mut done: BTreeMap<String, Vec<Effect>> = BTreeMap::new();
    for entry in systems.effects() {
        done.entry(entry.document).or_default().push(entry.effect);
    }
    done
}

const CREATED: [Effect; 3] = [Effect::Create, Effect::Submit, Effect::Audit];
const CHANGED: [Effect; 4] = [Effect::Unaudit, Effect::Update, Effect::Submit, Effect::Audit];

fn assert_audited(systems: &Systems) {
    systems.assert_exact();
    let open: Vec<_> =
        systems.keys("Confirmed").into_iter().filter(|key| systems.bill(key)["FDocumentStatus"] != "C").collect();
    assert_eq!(open, [""; 0]);
}

#[test]
fn rule_19_audited_bills_are_opened_changed_and_audited_again() {
    let systems = Systems::start(12);
    let place = Place::with_scheme(&systems, &audited());
    place.once();
    assert_audited(&systems);
    assert!(done(&systems).values().all(|effects| *effects == CREATED), "{:?}", done(&systems));
    systems.clear_ledger();
    let keys = systems.keys("Confirmed");
    systems.set(&keys[0], json!({ "labels": "changed" }));
    systems.set(&keys[1], json!({ "status": "Cancelled" }));
    // Somebody took the approval of a third one back.
    systems.set(&keys[2], json!({ "labels": "open" }));
    systems.edit_bill(&keys[2], json!({ "FDocumentStatus": "D" }));
    place.once();
    assert_audited(&systems);
    let done_now = done(&systems);
    assert_eq!(done_now[&keys[0]], CHANGED);
    assert_eq!(done_now[&keys[1]], [Effect::Unaudit, Effect::Delete]);
    assert_eq!(done_now[&keys[2]].iter().filter(|effect| **effect == Effect::Unaudit).count(), 0, "{done_now:?}");
    let told = place.explain(&keys[0], "en");
    assert!(told.contains("by `unAudit`") && told.contains("by `audit`"), "{told}");
}

#[test]
fn rule_19_an_audit_that_is_refused_is_left_open_until_a_person_settles_it() {
    let systems = Systems::start(6);
    let place = Place::with_scheme(&systems, &audited());
    place.once();
    let key = systems.keys("Confirmed").remove(0);
    systems.switch("kingdee.audit", "refused");
    systems.set(&key, json!({ "labels": "changed" }));
    place.run(&["once"]).ended(3);
    assert_eq!(place.state(&key), "in_doubt(left_open)");
    for (language, words) in
        [("en", "step `audit` left the document open"), ("zh", "步骤 `audit` 之后目标单据处于未完成状态")]
    {
        let told = place.explain(&key, language);
        assert!(told.contains(words) && told.contains("审核失败"), "{told}");
    }
    systems.switch("kingdee.audit", "allowed");
    systems.clear_ledger();
    place.done(&["deliveries", "retry", "--scheme", SCHEME, &key]);
    place.once();
    assert_audited(&systems);
    assert_eq!(done(&systems), [(key, vec![Effect::Audit])].into());
}

#[test]
fn rule_19_a_kill_between_steps_leaves_no_bill_open_and_doubles_no_step() {
    for point in ["step.claimed", "step.answered", "step.settled"] {
        for pass in 1..=4 {
            let systems = Systems::start(3);
            let place = Place::with_scheme(&systems, &audited());
            place.once();
            systems.clear_ledger();
            let key = systems.keys("Confirmed").remove(0);
            systems.set(&key, json!({ "labels": "changed" }));
            let what = format!("{point}:{pass}");
            let mut command = place.command(&["once"]);
            command.env("DELTAFERRY_CRASH", &what);
            let killed = place.run_command(command).code == -1;
            // Three steps beside the save: the fourth pass does not come.
            assert_eq!(killed, pass < 4, "{what}");
            systems.set(&key, json!({ "labels": "changed again" }));
            place.once();
            assert_audited(&systems);
            let twice = [CHANGED, CHANGED].concat();
            // Where nothing had run yet, the newer version went alone.
            let wanted = if what == "step.claimed:1" { CHANGED.to_vec() } else { twice };
            assert_eq!(done(&systems)[&key], wanted, "{what}");
        }
    }
}
