//! Bills that a data rule hides from questions (protocols/kingdee.md 2.4), against the simulated server.

use super::*;
use crate::connector::{Connector, FaultKind, Finding, Outcome, Probe};
use crate::sandbox::{Options, Sandbox};

fn bill(number: &str) -> Value {
    json!({
        "FBillTypeID": { "FNUMBER": "XSCKD01_SYS" }, "FBillNo": number, "FDate": "2026-01-05",
        "FSaleOrgId": { "FNumber": "100" }, "FStockOrgId": { "FNumber": "100" }, "FCustomerID": { "FNumber": "C1" },
        "FEntity": [{ "FMaterialID": { "FNumber": "M-1" }, "FRealQty": 2, "FStockID": { "FNumber": "CK001" } }],
    })
}

fn by_id(id: &str) -> Outgoing {
    Outgoing { payload: json!({ "Ids": id }).to_string(), ..item(json!({}), &[]) }
}

async fn id_of(connector: &Kingdee, number: &str) -> String {
    match connector.send(&spec("batchSave"), &[item(bill(number), &[])]).await.remove(0) {
        Outcome::Accepted { receipt, .. } => receipt.id.unwrap(),
        Outcome::Failed(fault) => panic!("{fault}"),
    }
}

#[tokio::test]
async fn a_hidden_bill_is_really_deleted_or_its_refusal_is_told() {
    let sandbox = Sandbox::start(Options::default(), Arc::new(SystemClock::new())).await.unwrap();
    let connector = connect(&sandbox.url("kingdee").unwrap(), sign(), None);
    let (open, audited) = (id_of(&connector, "CK-1").await, id_of(&connector, "CK-2").await);
    for call in ["submit", "audit"] {
        let outcome = connector.send(&spec(call), &[by_id(&audited)]).await.remove(0);
        assert!(matches!(outcome, Outcome::Accepted { .. }), "{call}: {outcome:?}");
    }
    sandbox.shared().set_switch("kingdee.row_rule", "FSaleOrgId.FNumber='200'");
    let delete = async |id: &str| connector.send(&spec("delete_or_cancel"), &[by_id(id)]).await.remove(0);
    let there = || sandbox.documents_of("kingdee", "SAL_OUTSTOCK").len();
    assert!(matches!(delete(&open).await, Outcome::Accepted { .. }));
    assert_eq!(there(), 1, "it was deleted");
    let Outcome::Failed(fault) = delete(&audited).await else { panic!("nothing was done to it") };
    assert!(fault.kind == FaultKind::Permanent && fault.words.contains("才允许删除"), "{fault}");
    assert!(fault.words.contains("a data rule hides it"), "{fault}");
    assert_eq!(there(), 1);
    // One that is gone is found by neither.
    let Outcome::Failed(fault) = delete(&open).await else { panic!("there was nothing to delete") };
    assert_eq!(fault.kind, FaultKind::Exists, "{fault}");
    let probe = Probe { attempted: Some(by_id(&open)), ..Probe::default() };
    let findings = connector.probe(&spec("delete_or_cancel"), &[probe]).await.unwrap();
    assert!(matches!(findings[..], [Finding::Effective { .. }]), "{findings:?}");
    sandbox.shutdown().await;
}
