//! Sales orders: their fields, what a seed makes, and how they are read.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde_json::Value;

use super::support::Bench;
use crate::sandbox::kingdee::forms::FORMS;
use crate::sandbox::kingdee::layout::Layout;
use crate::sandbox::wire::System;

/// Every field that the published integration asks for.
const ASKED: &str = "FSaleOrderEntry_FEntryID,FID,FBillNo,FDocumentStatus,FSaleOrgId.FNumber,FDate,FCustId.FNumber, \
     FCustId.FName,FSaleDeptId.Fnumber,FSaleGroupId,FSalerId.FNumber,FReceiveId,FSettleId, \
     FSettleAddress,FChargeId,FCreatorId,FCreateDate,FModifierId,FModifyDate,FApproverId,FApproveDate, \
     FCloseStatus,FCloserId,FCloseDate,FCancelStatus,FCancellerId,FCancelDate,FExchangeRate,FChangerId, \
     FChangeDate,FChangeReason,FBillTypeID.Fnumber,FBusinessType,FHeadDeliveryWay,FReceiveAddress, \
     FHEADLOCID.FADDRESS,FHEADLOCID.FTCONTACT,FHEADLOCID.FTEL,FReceiveContact,FNote,FSignStatus, \
     FManualClose,FSOFrom,FMaterialId.Fnumber,FMaterialName,FMaterialModel,FMaterialType, \
     FUnitID.Fnumber,FPrice,FTaxPrice,FBomId,FPriceUnitId,FPriceUnitQty,FPriceCoefficient, \
     FDiscountRate,FDiscount,FEntryTaxRate,FEntryTaxAmount,FAllAmount,FTaxNetPrice,FBaseUnitQty, \
     FDeliveryControl,FDeliveryMaxQty,FDeliveryMinQty,FTransportLeadTime1,FBefDisAllAmt,FBefDisAmt, \
     FTaxAmount_LC,FAmount_LC,FAllAmount_LC,FMrpCloseStatus,FMrpFreezeStatus,FFreezerId,FFreezeDate, \
     FMrpTerminateStatus,FTerminaterId,FTerminateDate,FBaseDeliJoinQty,FRemainOutQty,FBaseInvoiceJoinQty, \
     FInvoiceJoinQty,FBasePurJoinQty,FPurJoinQty,FReceiptOrgId,FSettleOrgIds,FAmount,FEntryNote,FQty, \
     FLimitDownPrice,FSysPrice,FStockOrgId,FBaseUnitId,FChangeFlag,FMapId,FOwnerTypeId,FOwnerId, \
     FIsFree,FLOCKQTY,FLOCKFLAG,FProduceDate,FExpiryDate,FExpUnit,FExpPeriod,FMaterialIsProduce, \
     FTaxCombination,FLot,FMapName,FAuxPropId,FReturnType,FDeliveryDate,FSrcType,FSrcBillNo, \
     FBaseDeliveryMaxQty,FBaseDeliveryMinQty,FOEMInStockJoinQty,FBaseOEMInStockJoinQty,FBaseARJoinQty, \
     FIsReturn,FBFLowId,FIsInventory,FARJOINAMOUNT,FBaseRemainOutQty,FMaterialIsSubContract,FCanOutQty, \
     FBaseCanOutQty,FCanReturnQty,FBaseCanReturnQty,FMtoNo,FPriority,FReserveType,FMinPlanDeliveryDate, \
     FDeliveryStatus,FOldQty,FPromotionMatchType,FPriceListEntry,FSupplyOrgId,FNetOrderEntryId, \
     FPriceBaseQty,FSetPriceUnitID,FStockUnitID,FStockQty,FStockBaseQty,FStockBaseCanOutQty, \
     FStockBaseCanReturnQty,FStockBaseARJoinQty,FStockBasePurJoinQty,FSalBaseNum,FStockBaseDen, \
     FSRCBIZUNITID,FPurBaseQty,FPurUnitID,FPurQty,FSalBaseARJoinQty,FOUTLMTUNIT,FOutLmtUnitID, \
     FCONSIGNSETTQTY,FCONSIGNSETTBASEQTY,FLeftQty,FRowType,FParentMatId,FRowId,FParentRowId, \
     FInStockPrice,FSOStockId.FNumber,FSOStockLocalId,FPurPriceUnitId,FISMRP,FBarcode,FBranchId, \
     FRetailSaleProm,FBASEFINARQTY,FSALBASEFINARQTY,FEntryDiscountList,FPriceDiscount,FSettleCurrId, \
     FSPMENTRYID,FSPMANDRPMCONTENT,FBillAllAmount,FLINKMAN,FLINKPHONE,F_hesh_Discount,FSalerId.FName, \
     FSaleDeptId.FName,FVersionNo";

fn seeded(seed: u64, documents: u64) -> Bench {
    let mut bench = Bench::new();
    bench.server.seed(seed, documents);
    bench.login();
    bench
}

fn lines(order: &Value) -> &Vec<Value> {
    order["FSaleOrderEntry"].as_array().unwrap()
}

#[test]
fn every_field_of_the_published_integration_can_be_asked_for() {
    let bench = seeded(7, 1);
    let rows = bench.orders(ASKED, "", "");
    let keys = ASKED.split(',').count();
    assert!(keys > 180 && rows.iter().all(|row| row.as_array().unwrap().len() == keys), "{rows:?}");
    let custom = "F_PAEZ_OKKIID,F_PAEZ_WLF,F_PAEZ_Q1FL,F_PAEZ_Q2FL,F_PAEZ_Q3FL,F_PAEZ_Q4FL,F_PAEZ_NDFL,F_PAEZ_SHF,\
                  F_PAEZ_QF,F_PAEZ_CYBT";
    assert_eq!(bench.orders(custom, "", "")[0].as_array().unwrap().len(), 10);
    let wrong = &bench.orders("FID,FCustomerID", "", "")[0][0]["Result"]["ResponseStatus"];
    assert_eq!(wrong["Errors"][0]["Message"], "元数据中标识为FCustomerID的字段不存在");
}

#[test]
fn no_key_of_a_form_stands_on_two_levels() {
    for form in FORMS {
        let layout = Layout::new(form);
        let rows = form.entities.iter().flat_map(|group| group.fields);
        let keys: Vec<_> = layout.heads.iter().map(|(_, field)| *field).chain(rows).map(|field| field.key).collect();
        assert_eq!(keys.iter().collect::<HashSet<_>>().len(), keys.len(), "{}", form.id);
    }
}

#[test]
fn one_seed_gives_the_same_orders_and_another_gives_others() {
    let keys = "FBillNo,FDocumentStatus,FCustId.FNumber,FNote,FExchangeRate,FMaterialId.FNumber,FQty,FAllAmount";
    let made = |seed| seeded(seed, 50).orders(keys, "", "FBillNo,FSaleOrderEntry_FEntryID");
    assert_eq!(made(7), made(7));
    assert_ne!(made(7), made(8));
    let bench = seeded(7, 20);
    let before = bench.orders("FBillNo,FMaterialId.FNumber,FQty", "", "FSaleOrderEntry_FEntryID");
    let mut bench = bench;
    bench.server.seed(7, 20);
    bench.login();
    assert_eq!(bench.orders("FBillNo,FMaterialId.FNumber,FQty", "", "FSaleOrderEntry_FEntryID"), before);
    assert!(bench.ledger().is_empty());
    bench.switch("orders", "none");
    bench.server.seed(7, 20);
    assert!(bench.server.bills(1).is_empty());
}

#[test]
fn seeded_orders_are_of_every_kind() {
    let bench = seeded(7, 400);
    let orders = bench.server.bills(1);
    assert_eq!((orders.len(), bench.server.bills(0).len()), (400, 0));
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    let mut count = |kind: &str, holds: bool| *kinds.entry(kind.to_owned()).or_default() += usize::from(holds);
    for order in &orders {
        let lines = lines(order);
        let materials: Vec<_> = lines.iter().map(|line| line["FMaterialId"]["FNumber"].to_string()).collect();
        let finance = &order["FSaleOrderFinance"];
        count(order["FDocumentStatus"].as_str().unwrap(), true);
        count("voided", order["FCancelStatus"] == "B");
        count("closed", order["FCloseStatus"] == "B");
        count("changed", order["FVersionNo"] == "001");
        count("many lines", lines.len() >= 30);
        count(
            "one material twice",
            materials.len() < 30 && materials.iter().collect::<BTreeSet<_>>().len() < materials.len(),
        );
        count("gift", lines.iter().any(|line| line["FIsFree"] == true && line.get("FTaxPrice").is_none()));
        count("dollars", finance["FSettleCurrId"]["FNumber"] == "PRE007" && finance["FExchangeRate"] != 1.0);
        count("fee", order.get("F_PAEZ_WLF").is_some());
        count("row fee", lines.iter().any(|line| line.get("F_hesh_Discount").is_some()));
        count("quoted", order["FBillNo"].as_str().unwrap().contains('\''));
        count("no note", order.get("FNote").is_none());
        count("deliveries", lines.iter().any(|line| !line["FOrderEntryPlan"].as_array().unwrap().is_empty()));
        count("instalments", order["FSaleOrderPlan"].as_array().unwrap().len() == 2);
        for key in ["FModifyDate", "FApproveDate", "FCancelDate", "FCloseDate", "FChangeDate"] {
            let time = order[key].as_str().unwrap_or("2026-01-05T09");
            assert!(("2025-12-29T11"..="2026-01-05T09:59:59").contains(&time), "{key} {time}");
        }
        assert!(order["FModifyDate"].as_str() <= order["FApproveDate"].as_str().or(Some("9")));
    }
    assert!(kinds.values().all(|count| *count > 0), "{kinds:?}");
    assert!(kinds["C"] > 250, "{kinds:?}");
}

#[test]
fn amounts_of_a_line_and_totals_of_an_order_add_up() {
    let bench = seeded(7, 60);
    for row in bench.orders("FQty,FTaxPrice,FDiscount,FAllAmount,FAmount,FEntryTaxAmount,FIsFree", "", "") {
        let number = |at: usize| crate::decimal::Decimal::parse(&row[at].to_string()).unwrap();
        assert_eq!(number(0).times(&number(1)).round(2), number(2).plus(&number(3)), "{row}");
        assert_eq!(number(4).plus(&number(5)), number(3), "{row}");
        assert_eq!(row[6] == true, number(3).is_zero(), "{row}");
    }
    for order in bench.server.bills(1) {
        let parse = |value: &Value| crate::decimal::Decimal::parse(&value.to_string()).unwrap();
        let sum = lines(&order).iter().filter_map(|line| line.get("FAllAmount"));
        let sum = sum.fold(crate::decimal::Decimal::zero(), |sum, amount| sum.plus(&parse(amount)));
        assert_eq!(sum, parse(&order["FSaleOrderFinance"]["FBillAllAmount"]));
    }
}

#[test]
fn blanks_names_and_properties_are_shown_as_the_real_server_does() {
    let bench = seeded(7, 40);
    let keys =
        "FVersionNo,FChangerId,FChangeDate,FChangeReason,FCloseStatus,FCloseStatus.FCaption,F_PAEZ_OKKIID,FMapId";
    let filter = "FVersionNo='000' and FCloseStatus='A' and FCustId.FNumber='CUST0004'";
    assert_eq!(
        Value::Array(bench.orders(keys, filter, "FID")[..1].to_vec()).to_string(),
        "[[\"000\",0,null,\" \",\"A\",\"未关闭\",\" \",0]]"
    );
    let keys =
        "FMaterialName,FMaterialModel,FMaterialType,FMapName,FHEADLOCID.FTCONTACT,FHEADLOCID.FTEL,FSalerId.FName";
    let filter = "FCustId.FNumber='CUST0004' and FMaterialId.FNumber='B010-32' and FSalerId.FNumber='S003'";
    assert_eq!(
        bench.orders(keys, filter, "")[0].to_string(),
        "[\"直筒牛仔裤\",\"深蓝;32\",\"产成品\",null,\"Anna Keller\",\"+49 30 5550001\",\"郑凯\"]"
    );
}

#[test]
fn rows_of_rows_join_their_own_row_and_siblings_multiply() {
    let bench = seeded(7, 60);
    let mut deliveries = 0;
    for order in bench.server.bills(1) {
        let filter = format!("FID={}", order["FID"]);
        let rows = bench.orders("FSaleOrderEntry_FEntryID,FOrderEntryPlan_FDetailID,FPlanQty", &filter, "");
        let pairs: BTreeSet<String> = rows.iter().map(|row| format!("{} {}", row[0], row[1])).collect();
        let mut expected = BTreeSet::new();
        for line in lines(&order) {
            let plans = line["FOrderEntryPlan"].as_array().unwrap();
            expected.extend(plans.iter().map(|plan| format!("{} {}", line["FEntryID"], plan["FEntryID"])));
            deliveries += plans.len();
            if plans.is_empty() {
                expected.insert(format!("{} null", line["FEntryID"]));
            }
        }
        assert_eq!((pairs, rows.len()), (expected.clone(), expected.len()));
        assert_eq!(bench.orders("FPlanQty", &filter, "").len(), rows.len(), "its row is joined unasked");
        let both = bench.orders("FSaleOrderEntry_FEntryID,FRecAdvanceRate", &filter, "").len();
        assert_eq!(both, lines(&order).len() * order["FSaleOrderPlan"].as_array().unwrap().len());
    }
    assert!(deliveries > 20);
}

#[test]
fn pages_by_key_under_a_low_limit_show_every_line_once() {
    let bench = seeded(7, 300);
    bench.switch("limit", "100");
    let (mut seen, mut id, mut entry, mut pages) = (BTreeSet::new(), 0, 0, 0);
    loop {
        let filter = format!(
            "(FModifyDate>='2025-12-01' or FApproveDate>='2025-12-01') and \
             (FID>{id} or (FID={id} and FSaleOrderEntry_FEntryID>{entry}))"
        );
        let rows = bench.orders("FID,FSaleOrderEntry_FEntryID", &filter, "FID asc,FSaleOrderEntry_FEntryID ASC");
        for row in &rows {
            (id, entry) = (row[0].as_u64().unwrap(), row[1].as_u64().unwrap());
            assert!(seen.insert((id, entry)), "twice");
        }
        if rows.is_empty() {
            break;
        }
        pages += 1;
        assert!(rows.len() == 100 || seen.len() % 100 != 0);
    }
    let orders = bench.server.bills(1);
    assert_eq!(seen.len(), orders.iter().map(|order| lines(order).len()).sum::<usize>());
    assert!(pages > 10);
    let ids: Vec<String> = orders.iter().map(|order| order["FID"].to_string()).collect();
    assert_eq!(bench.orders("FID", &format!("FID in ({})", ids[..90].join(",")), "").len(), 90);
    assert_eq!(bench.orders("FID", "FID in (1,2)", "").len(), 0);
    assert_eq!(bench.orders("FID", &format!("FID<>{}", ids[0]), "FID desc")[0][0].to_string(), ids[299]);
}
