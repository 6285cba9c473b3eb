//! The shipped scheme of changed orders accounts for every field of the integration platform's tables (seed
//! `002_b23dfb33b2ab0e78.txt`), reads every field that its mapping and conditions name, and ignores none of them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use deltaferry::clock::Zone;
use deltaferry::mapping::{Fields, Mapping, condition_reads};
use deltaferry::query::Condition;
use deltaferry::scheme::{Entry, Scheme, SchemeFile};

/// Fields of the query, exported as its parameters and again as its answer, spelled as there.
const QUERIED: &str = "FSaleOrderEntry_FEntryID FID FBillNo FDocumentStatus FSaleOrgId_FNumber FDate FCustId_FNumber FCustId_FName \
    FSaleDeptId_Fnumber FSaleGroupId FSalerId_FNumber FReceiveId FSettleId FSettleAddress FChargeId FCreatorId \
    FCreateDate FModifierId FModifyDate FApproverId FApproveDate FCloseStatus FCloserId FCloseDate FCancelStatus \
    FCancellerId FCancelDate FExchangeRate FChangerId FChangeDate FChangeReason FBillTypeID_Fnumber \
    FBusinessType FHeadDeliveryWay FReceiveAddress FHEADLOCID_FADDRESS FHEADLOCID_FTCONTACT FHEADLOCID_FTEL \
    FReceiveContact FNote FSignStatus FManualClose FSOFrom FMaterialId_Fnumber FMaterialName FMaterialModel \
    FMaterialType FUnitID_Fnumber FPrice FTaxPrice FBomId FPriceUnitId FPriceUnitQty FPriceCoefficient \
    FDiscountRate FDiscount FEntryTaxRate FEntryTaxAmount FAllAmount FTaxNetPrice FBaseUnitQty FDeliveryControl \
    FDeliveryMaxQty FDeliveryMinQty FTransportLeadTime1 FBefDisAllAmt FBefDisAmt FTaxAmount_LC FAmount_LC \
    FAllAmount_LC FMrpCloseStatus FMrpFreezeStatus FFreezerId FFreezeDate FMrpTerminateStatus FTerminaterId \
    FTerminateDate FBaseDeliJoinQty FRemainOutQty FBaseInvoiceJoinQty FInvoiceJoinQty FBasePurJoinQty \
    FPurJoinQty FReceiptOrgId FSettleOrgIds FAmount FEntryNote FQty FLimitDownPrice FSysPrice FStockOrgId \
    FBaseUnitId FChangeFlag FMapId FOwnerTypeId FOwnerId FIsFree FLOCKQTY FLOCKFLAG FProduceDate FExpiryDate \
    FExpUnit FExpPeriod FMaterialIsProduce FTaxCombination FLot FMapName FAuxPropId FReturnType FDeliveryDate \
    FSrcType FSrcBillNo FBaseDeliveryMaxQty FBaseDeliveryMinQty FOEMInStockJoinQty FBaseOEMInStockJoinQty \
    FBaseARJoinQty FIsReturn FBFLowId FIsInventory FARJOINAMOUNT FBaseRemainOutQty FMaterialIsSubContract \
    FCanOutQty FBaseCanOutQty FCanReturnQty FBaseCanReturnQty FMtoNo FPriority FReserveType FMinPlanDeliveryDate \
    FDeliveryStatus FOldQty FPromotionMatchType FPriceListEntry FSupplyOrgId FNetOrderEntryId FPriceBaseQty \
    FSetPriceUnitID FStockUnitID FStockQty FStockBaseQty FStockBaseCanOutQty FStockBaseCanReturnQty \
    FStockBaseARJoinQty FStockBasePurJoinQty FSalBaseNum FStockBaseDen FSRCBIZUNITID FPurBaseQty FPurUnitID \
    FPurQty FSalBaseARJoinQty FOUTLMTUNIT FOutLmtUnitID FCONSIGNSETTQTY FCONSIGNSETTBASEQTY FLeftQty FRowType \
    FParentMatId FRowId FParentRowId FInStockPrice FSOStockId_FNumber FSOStockLocalId FPurPriceUnitId FISMRP \
    FBarcode FBranchId FRetailSaleProm FBASEFINARQTY FSALBASEFINARQTY FEntryDiscountList FPriceDiscount \
    FSettleCurrId FSPMENTRYID FSPMANDRPMCONTENT FBillAllAmount FLINKMAN FLINKPHONE F_hesh_Discount \
    FSalerId_FName FSaleDeptId_FName FVersionNo";

/// Fields of the answer that are no fields of the query: the fees and rebates, under the names that the tables give.
const FEES: &str = "物流费 Q1返利 Q2返利 Q3返利 Q4返利 售后费 年度返利 前返 出样补贴";

/// Parameters of the query.
const PARAMETERS: &str = "Limit StartRow TopRowCount FilterString FieldKeys FormId";

/// Fields of the target and of its answer, each by its last name: the tables nest what lies side by side.
const TARGET: &str = "order_no name company_id customer_id currency users user_id rate product_list product_id count \
    unit_price cost_amount sku_id 物流费 Q1返利 Q2返利 Q3返利 Q4返利 售后费 年度返利 前返 出样补贴 customer_name \
    customer_phone exchange_rate exchange_rate_usd remark account_date cost_list cost_name percent_type percent_amount \
    cost users_info nickname handler_info departments department_id handler 产品折扣费 5094664372713 order_id \
    primaryWriteback Id callBackStrategy strategyId";

const SCHEME: &str = "schemes/kingdee-changed-order-to-okki.yaml";

fn scheme() -> Scheme {
    let mut faults = Vec::new();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(SCHEME);
    let read = SchemeFile::read(&file, &Zone::named("Asia/Shanghai").unwrap(), &mut faults).unwrap();
    assert!(faults.is_empty(), "{faults:?}");
    read.scheme
}

/// The fields of documents, dotted.
fn fields(scheme: &Scheme) -> Vec<String> {
    let of = |entry: &Entry| {
        let names = entry.fields.iter().map(|field| &field.name).chain([&entry.id]);
        names.map(|name| format!("{}[].{name}", entry.name)).collect::<Vec<_>>()
    };
    let lines = scheme.source.entries.iter().flat_map(of);
    scheme.source.fields.iter().map(|field| field.name.clone()).chain(lines).collect()
}

#[test]
fn every_field_of_the_exported_tables_is_read_or_named_with_what_became_of_it() {
    let scheme = scheme();
    let read = scheme.source.fields.iter().chain(scheme.source.entries.iter().flat_map(|entry| &entry.fields));
    let read: Vec<(String, String)> =
        read.map(|field| (field.field.replace('.', "_").to_lowercase(), field.name.clone())).collect();
    let keys: BTreeSet<&str> = read.iter().map(|(key, _)| key.as_str()).collect();
    let names: BTreeSet<&str> = read.iter().map(|(_, name)| name.as_str()).collect();
    // The line's id is read as such; the currency by its number.
    let others = |field: &str| match field {
        "FSaleOrderEntry_FEntryID" => scheme.source.entries[0].id == field,
        "FSettleCurrId" => keys.contains("fsettlecurrid_fnumber"),
        _ => false,
    };
    let queried = QUERIED.split_whitespace().filter(|field| !keys.contains(field.to_lowercase().as_str()));
    let unread: Vec<&str> = queried.filter(|field| !others(field)).collect();
    assert_eq!(unread, Vec::<&str>::new());
    let fees: Vec<&str> = FEES.split_whitespace().filter(|fee| !names.contains(fee)).collect();
    assert_eq!(fees, Vec::<&str>::new());
    let text = include_str!("../../schemes/kingdee-changed-order-to-okki.yaml");
    let words: BTreeSet<&str> = text.split(|c: char| !(c.is_alphanumeric() || c == '_')).collect();
    let named = PARAMETERS.split_whitespace().chain(TARGET.split_whitespace());
    assert_eq!(named.filter(|field| !words.contains(field)).collect::<Vec<_>>(), Vec::<&str>::new());
}

/// The other rules that comments of the scheme offer.
#[test]
fn conditions_offered_in_comments_can_be_put_in_as_they_stand() {
    let known = Fields::from_names(fields(&scheme()));
    let lines = include_str!("../../schemes/kingdee-changed-order-to-okki.yaml").lines();
    let mut offered = 0;
    for line in lines.filter_map(|line| line.trim().strip_prefix('#').map(str::trim)) {
        let quoted = |key: &str| line.strip_prefix(key)?.strip_prefix(": \"")?.strip_suffix('"');
        let (condition, known) = match (quoted("when"), quoted("compare")) {
            (Some(condition), _) => (condition, known.of_condition()),
            (_, Some(condition)) => (condition, known.clone()),
            _ => continue,
        };
        for query in Condition::parse(condition).unwrap().queries() {
            known.check_query(query, &[]).unwrap();
        }
        offered += 1;
    }
    assert_eq!(offered, 4);
}

#[test]
fn mapping_and_conditions_read_only_what_is_read_and_nothing_that_is_ignored() {
    let scheme = scheme();
    let known = Fields::from_names(fields(&scheme));
    for path in &scheme.diff.ignore {
        known.check_query(path, &[]).unwrap();
    }
    let target = &scheme.targets[0];
    let writeback = target.writeback.as_ref().unwrap();
    let operations = target.operations.iter().filter_map(|operation| operation.mapping.as_ref());
    let mut faults = Vec::new();
    for node in operations.chain(&target.mapping).chain(&writeback.mapping) {
        let mapping = Mapping::compile(node, &mut faults).unwrap_or_else(|| panic!("{faults:?}"));
        mapping.check_fields(&known, &mut faults);
        mapping.check_ignored(&scheme.diff.ignore, &mut faults);
        mapping.check_keys(&mut faults);
        let mirrors = ["okki-companies", "okki-products", "okki-users", "okki-departments"];
        mapping.check_lookups(
            &mirrors.map(|mirror| (mirror.to_owned(), None)).into_iter().collect::<BTreeMap<_, _>>(),
            &mut faults,
        );
    }
    assert!(faults.is_empty(), "{faults:?}");
    for condition in target.operations.iter().map(|operation| &operation.when).chain([&target.when]) {
        for query in condition.as_ref().unwrap().queries() {
            known.of_condition().check_query(query, &[]).unwrap();
            assert!(!scheme.diff.ignore.iter().any(|ignored| condition_reads(query, ignored)), "{}", query.text());
        }
    }
}
