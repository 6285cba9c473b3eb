use std::path::Path;
use std::time::Duration;

use super::told;
use crate::clock::{Schedule, Zone};
use crate::scheme::{
    BaselineMissing, DetailWhen, InDoubt, Initial, Mode, Numbers, Scheme, SchemeFile, Start, load_all, read_all,
};

fn zone() -> Zone {
    Zone::named("Asia/Shanghai").unwrap()
}

/// Reads a scheme of this text from a file `s.yaml`.
fn read(text: &str) -> (Option<Scheme>, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("s.yaml");
    std::fs::write(&file, text).unwrap();
    match Scheme::load(&file, &zone()) {
        Ok(scheme) => (Some(scheme), Vec::new()),
        Err(faults) => (None, told(&faults)),
    }
}

/// A scheme with further lines in its source and its one target.
fn with(source: &str, target: &str) -> String {
    format!(
        "source:\n  system: jst\n  call: c\n  key: $.id\n{source}targets:\n  t:\n    system: erp\n    call: save\n{target}"
    )
}

#[test]
fn the_shipped_scheme_is_read_whole() {
    let file = Path::new("schemes/jushuitan-shipment-to-kingdee.yaml");
    let scheme = match Scheme::load(file, &zone()) {
        Ok(scheme) => scheme,
        Err(faults) => panic!("{:?}", told(&faults)),
    };
    assert_eq!(scheme.id, "jushuitan-shipment-to-kingdee");
    assert_eq!(scheme.initial, Some(Initial::Send));
    let source = &scheme.source;
    assert_eq!((source.system.as_str(), source.call.as_str()), ("jst", "orders.out.simple.query"));
    assert_eq!(source.key.iter().map(|key| key.text()).collect::<Vec<_>>(), ["$.io_id"]);
    assert_eq!(
        source.params.iter().map(|(name, _)| name.text.as_str()).collect::<Vec<_>>(),
        ["start_ts", "modified_begin", "modified_end"]
    );
    assert_eq!((source.mode, source.cursor.as_ref().map(|cursor| cursor.text())), (Mode::Cursor, Some("$.ts")));
    assert_eq!(source.sweep.as_ref().map(|sweep| sweep.back), Some(Duration::from_secs(30 * 86_400)));
    let lists: Vec<(&str, &str)> = scheme.diff.lists.iter().map(|(path, key)| (path.text(), key.text())).collect();
    assert_eq!(lists, [("$.items", "$.ioi_id"), ("$.batchs", "$.batch_no"), ("$.sns", "$.sn")]);
    let target = &scheme.targets[0];
    assert_eq!(
        (target.name.as_str(), target.form.as_deref(), target.batch),
        ("outstock", Some("SAL_OUTSTOCK"), Some(20))
    );
    assert_eq!(target.identity.number.as_deref(), Some("FBillNo"));
    assert_eq!(target.in_doubt, Some(InDoubt::Probe));
    assert_eq!(target.operations[0].call, "delete_or_cancel");
    assert!(target.operations[0].mapping.is_none());
    let keys: Vec<&str> =
        target.mapping.as_ref().unwrap().map().unwrap().iter().map(|(name, _)| name.text.as_str()).collect();
    assert_eq!(keys.first(), Some(&"FBillTypeID"));
    assert_eq!(keys.last(), Some(&"FEntity"));
}

/// Every field that the integration platform's table has (seed `000_dfe1a03586edab2e.txt`) is named in the scheme.
#[test]
fn the_shipped_scheme_accounts_for_every_field_of_the_exported_tables() {
    let text = include_str!("../../../schemes/jushuitan-shipment-to-kingdee.yaml");
    let words: std::collections::HashSet<&str> =
        text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).collect();
    let exported = "hop_id is_offline_shop status modified_begin modified_end so_ids page_index page_size \
        co_id shop_id io_id o_id so_id created modified order_type invoice_title shop_buyer_id receiver_country \
        receiver_state receiver_city receiver_district receiver_town receiver_address receiver_name receiver_phone \
        receiver_mobile buyer_message remark is_cod pay_amount l_id io_date lc_id stock_enabled drp_co_id_from labels \
        paid_amount free_amount freight weight f_weight merge_so_id wms_co_id business_staff currency items ioi_id pic \
        sku_id qty name properties_value sale_price sale_amount i_id sale_base_price batchs batch_no product_date \
        supplier_id supplier_name expiration_date sns sn pay_date code issuccess msg \
        FBillTypeID FBillNo FDate FSaleOrgId FCustomerID FSaleDeptID FStockOrgId FNote FEntity FMaterialID FRealQty \
        FPrice FTaxPrice FEntryTaxRate FAllAmount FStockID FEntrynote SubHeadEntity FSettleOrgID FSETTLECURRID \
        FAllDisCount FormId Operation IsAutoSubmitAndAudit IsVerifyBaseDataField SubSystemId";
    let missing: Vec<&str> = exported.split_whitespace().filter(|field| !words.contains(field)).collect();
    assert_eq!(missing, Vec::<&str>::new());
}

#[test]
fn what_is_left_out_has_the_defaults_of_the_interface() {
    let (scheme, faults) = read(&with("", ""));
    assert_eq!(faults, Vec::<String>::new());
    let Scheme { title, enabled, schedule, source, initial, diff, targets, .. } = scheme.unwrap();
    assert_eq!((title.as_str(), enabled, initial), ("s", true, None));
    assert!(matches!(schedule, Schedule::Every(every) if every == Duration::from_secs(300)));
    assert_eq!(source.start, Start::Back(Duration::from_secs(30 * 86_400)));
    assert_eq!((source.overlap, source.window), (Duration::from_secs(600), Duration::from_secs(86_400)));
    assert_eq!((source.mode, source.page_size), (Mode::Window, None));
    assert_eq!(diff.numbers, Numbers::Value);
    let target = &targets[0];
    assert_eq!(
        (target.retry.attempts, target.retry.from, target.retry.to),
        (8, Duration::from_secs(5), Duration::from_secs(900))
    );
    assert_eq!((target.batch, target.in_doubt, target.settle), (None, None, None));
    assert_eq!(target.baseline_missing, BaselineMissing::Skip);
}

#[test]
fn every_key_arrives_in_its_field() {
    let text = "
schedule: { cron: \"*/5 8-20 * * *\" }
settings: { fees: &fees [{ field: F_PAEZ_WLF, as: 物流费 }] }
source:
  system: erp
  call: executeBillQuery
  form: SAL_SaleOrder
  key: [$.FID, $.FBillNo]
  time: $.FModifyDate
  start: 2024-03-01
  sweep: { cron: \"0 3 * * *\", back: 7d, deletes: true, max_deletes: 2.5% }
  fields: [FID, FCustId.FNumber, *fees]
  entries: { name: FSaleOrderEntry, id: FSaleOrderEntry_FEntryID, fields: [FMaterialId.FNumber], entries: [{ name: P, id: P_FID, fields: [] }] }
  changed_fields: [FModifyDate, FApproveDate]
  filter: \"FSaleOrgId.FNumber='100'\"
diff: { ignore: $.FModifyDate, numbers: text, numeric: [$.a] }
targets:
  a: { system: s, call: c, in_doubt: { resend: { remembers: 24h } }, initial: baseline, baseline_missing: create, compare: \"@.FDocumentStatus == 'C'\" }
  b: { system: s, call: c, in_doubt: resend, remembers: 12h, settle: 300s, identity: { number: no, mark: F_DF_KEY, compare: [x] } }
";
    let (scheme, faults) = read(text);
    assert_eq!(faults, Vec::<String>::new());
    let scheme = scheme.unwrap();
    assert!(matches!(scheme.schedule, Schedule::Cron(..)));
    let source = &scheme.source;
    assert_eq!(source.start, Start::At(zone().read("2024-03-01").unwrap()));
    let sweep = source.sweep.as_ref().unwrap();
    assert_eq!((sweep.back, sweep.deletes, sweep.max_deletes), (Duration::from_secs(7 * 86_400), true, 25));
    let names: Vec<&str> = source.fields.iter().map(|field| field.name.as_str()).collect();
    assert_eq!(names, ["FID", "FCustId_FNumber", "物流费"]);
    assert_eq!(source.entries[0].entries[0].name, "P");
    assert_eq!(source.changed_fields, ["FModifyDate", "FApproveDate"]);
    assert_eq!(scheme.diff.ignore[0].text(), "$.FModifyDate");
    assert_eq!(scheme.diff.numbers, Numbers::Text);
    let [a, b] = scheme.targets.as_slice() else { panic!("two targets") };
    let hours = |hours: u64| Some(Duration::from_secs(hours * 3600));
    assert_eq!(a.in_doubt, Some(InDoubt::Resend { remembers: hours(24) }));
    assert_eq!((a.initial, a.baseline_missing), (Some(Initial::Baseline), BaselineMissing::Create));
    assert!(a.compare.is_some());
    assert_eq!(b.in_doubt, Some(InDoubt::Resend { remembers: hours(12) }));
    assert_eq!(b.identity.compare, ["x"]);
}

#[test]
fn values_must_fit_each_other() {
    let plain = "must be a path of plain names below the document, such as `$.io_id`, not";
    let rule = "holds names and, for all elements of a list, `[*]`, such as `$.items[*].price`";
    for (source, target, expected) in [
        ("  overlap: 2d\n", "", "5:12: `overlap` (2d) must be shorter than `window` (1d)".to_owned()),
        ("  window: 5m\n", "", "5:11: `overlap` (10m) must be shorter than `window` (5m)".to_owned()),
        ("  number: $.items[0].no\n", "", format!("5:11: `number` {plain} `$.items[0].no`")),
        ("  time: \"@.modified\"\n", "", format!("5:9: `time` {plain} `@.modified`")),
        ("  sweep: { back: 1d }\n", "", "5:10: `sweep` needs one of `every`, `cron`".to_owned()),
        (
            "diff: { ignore: [\"@.x\"] }\n",
            "",
            "5:18: a path of `ignore` must lie below the document, such as `$.items`, not `@.x`".to_owned(),
        ),
        (
            "diff: { ignore: [$.ts, \"$.items[?@.sku == 'F'].price\"] }\n",
            "",
            format!("5:24: a path of `ignore` {rule}, not `$.items[?@.sku == 'F'].price`"),
        ),
        (
            "diff: { numeric: \"$.items[1:].n\" }\n",
            "",
            format!("5:18: a path of `numeric` {rule}, not `$.items[1:].n`"),
        ),
        ("diff: { ignore: \"$.a['b','c']\" }\n", "", format!("5:17: a path of `ignore` {rule}, not `$.a['b','c']`")),
        ("diff: { ignore: $..ts }\n", "", format!("5:17: a path of `ignore` {rule}, not `$..ts`")),
        ("diff: { lists: { \"$.a[0]\": $.b } }\n", "", format!("5:18: a path of `lists` {rule}, not `$.a[0]`")),
        (
            "",
            "    when: \"@.changed[?@.path == '$.a[0].b']\"\n",
            "9:34: no change has the path `$.a[0].b`: write `$.a[*].b`".to_owned(),
        ),
        (
            "",
            "    when: \"@.kind == 'created' || @.changed[?@.path == '$..b']\"\n",
            "9:57: no change has the path `$..b`: it holds names and, for the elements of lists, `[*]`, such as \
             `$.FSaleOrderEntry[*].FQty`"
                .to_owned(),
        ),
        (
            "",
            "    when: \"@.changed[?@.path == 'FQty']\"\n",
            "9:34: no change has the path `FQty`: a path begins with `$`, `@`, `@@`, `@@@` or `$receipt`; it holds \
             names and, for the elements of lists, `[*]`, such as `$.FSaleOrderEntry[*].FQty`"
                .to_owned(),
        ),
        ("diff: { lists: { $.items: \"$.a[*].b\" } }\n", "", format!("5:27: `lists` {plain} `$.a[*].b`")),
        (
            "",
            "    operations:\n      - { call: a }\n      - { call: b }\n",
            "10:9: only the last operation may leave out `when`: those after it never run".to_owned(),
        ),
        ("", "    retry: { from: 1h }\n", "9:20: `from` (1h) must not be longer than `to` (15m)".to_owned()),
        ("", "    in_doubt: hold\n    remembers: 1h\n", "10:16: `remembers` belongs to `in_doubt: resend`".to_owned()),
        (
            "",
            "    when: \"@.kind == 'x' || @.status == 'y'\"\n",
            "9:29: `@` has no `status` in a condition over a change: write `@.after.status`; allowed are `kind`, \
             `before`, `after`, `changed`, `receipt`"
                .to_owned(),
        ),
        (
            "",
            "    when: \"@.befor == null\"\n",
            "9:12: `@` has no `befor` in a condition over a change: did you mean `before`? allowed are `kind`, \
             `before`, `after`, `changed`, `receipt`"
                .to_owned(),
        ),
    ] {
        assert_eq!(read(&with(source, target)).1, [expected], "{source}{target}");
    }
}

#[test]
fn a_scheme_file_tells_where_its_expressions_stand() {
    let mut faults = Vec::new();
    let file = Path::new("schemes/jushuitan-shipment-to-kingdee.yaml");
    let file = SchemeFile::read(file, &zone(), &mut faults).unwrap();
    let texts = |placed: Vec<crate::scheme::Placed<crate::query::Query>>| -> Vec<String> {
        placed.iter().map(|path| path.expression.text().to_owned()).collect()
    };
    let paths = ["$.io_id", "$.so_id", "$.modified", "$.ts", "$.modified", "$.ts", "$.items", "$.batchs", "$.sns"];
    let sums = ["$.items[*].sale_amount", "$.free_amount"];
    assert_eq!(texts(file.document_paths()), [&paths[..], &sums].concat());
    assert_eq!(texts(file.list_keys().into_iter().map(|(_, key)| key).collect()), ["$.ioi_id", "$.batch_no", "$.sn"]);
    assert_eq!(file.change_conditions().len(), 2);
    assert_eq!(Some(&file.change_conditions()[0].node.at), file.scheme.targets[0].when_at.as_ref());
    assert!(file.version_conditions().is_empty());
}

#[test]
fn rule_27_a_row_version_is_followed_only_beside_a_sweep() {
    const SWEEP: &str = "  sweep: { every: 1d }\n";
    for (source, mode) in [
        (format!("  cursor: $.ts\n{SWEEP}"), Mode::Cursor),
        (format!("  cursor: $.ts\n  mode: cursor\n{SWEEP}"), Mode::Cursor),
        ("  cursor: $.ts\n  mode: window\n".to_owned(), Mode::Window),
        ("  cursor: $.ts\n  mode: full\n".to_owned(), Mode::Full),
        (SWEEP.to_owned(), Mode::Window),
    ] {
        let (scheme, faults) = read(&with(&source, ""));
        assert_eq!((scheme.unwrap().source.mode, faults), (mode, Vec::new()), "{source}");
    }
    let lacks_sweep = "a row version is followed only beside a sweep: write `sweep: { cron: \"0 3 * * *\" }`";
    let lacks_path = "`mode: cursor` needs `cursor`, the path of the row version, such as `$.ts`";
    let lacks_both = "`{{LAST_CURSOR}}` needs `cursor`, the path of the row version, such as `$.ts`";
    for (source, expected) in [
        ("  cursor: $.ts\n", vec![format!("5:11: {lacks_sweep}")]),
        ("  mode: cursor\n", vec![format!("5:9: {lacks_path}"), format!("5:9: {lacks_sweep}")]),
        ("  params: { start_ts: \"{{LAST_CURSOR}}\" }\n", vec![format!("5:23: {lacks_both}")]),
    ] {
        assert_eq!(read(&with(source, "")).1, expected, "{source}");
    }
}

#[test]
fn what_is_to_come_is_said_to_be_not_supported_yet() {
    assert_eq!(read(&with("  scheme: other\n", "")).1, ["5:3: `scheme` is not supported yet"]);
    // It may stand for what would be missing.
    assert_eq!(read("source: { scheme: other }\n").1, ["1:11: `scheme` is not supported yet"]);
}

#[test]
fn a_detail_has_its_call_and_the_parameters_that_name_a_listed_document() {
    let text =
        "  mode: full\n  detail: { call: info, params: { id: $.id, kind: all, no: \"N{{ $.no }}\" }, when: always }\n";
    let (scheme, faults) = read(&with(text, ""));
    assert_eq!(faults, Vec::<String>::new());
    let source = scheme.unwrap().source;
    assert_eq!((source.mode, source.start), (Mode::Full, Start::Everything));
    let detail = source.detail.unwrap();
    assert_eq!((detail.call.as_str(), detail.when), ("info", DetailWhen::Always));
    let params: Vec<_> = detail.params.iter().map(|param| (param.name.text.as_str(), param.value.text())).collect();
    assert_eq!(params, [("id", "{{ $.id }}"), ("kind", "all"), ("no", "N{{ $.no }}")]);
    for (detail, expected) in [
        ("{ call: info }", "5:3: `params` is missing"),
        ("{ call: info, params: { id: $.a b } }", "5:4"),
        ("{ call: info, params: { id: all } }", "5:33: `params` names no field of the listed document"),
        ("{ call: info, params: { id: $.id }, when: never }", "5:53: "),
    ] {
        let faults = read(&with(&format!("  detail: {detail}\n"), "")).1;
        assert!(matches!(&*faults, [fault] if fault.starts_with(expected)), "{detail}: {faults:?}");
    }
    let start = read(&with("  mode: full\n  start: 2024-03-01\n", "")).0.unwrap().source.start;
    assert_eq!(start, Start::At(zone().read("2024-03-01").unwrap()));
}

#[test]
fn all_faults_of_a_file_come_at_once() {
    let text = "\
titel: x
schedule: { every: 5 minutes }
source:
  system: jst
  key: $.io id
  overlap: 1d
targets:
  1 st:
    system: erp
    call: save
    batch: twenty
    when: \"@.after.status = 'Confirmed'\"
";
    let faults = read(text).1;
    let places: Vec<&str> = faults.iter().map(|fault| fault.split(": ").next().unwrap()).collect();
    assert_eq!(places, ["1:1", "2:20", "3:1", "5:9", "6:12", "8:3", "11:12", "12:27"], "{faults:#?}");
}

#[test]
fn a_folder_is_read_with_the_faults_of_all_its_files() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("b.yaml", &with("", ""));
    write("a.yml", &with("", ""));
    write(".hidden.yaml", "nonsense");
    write("notes.txt", "nonsense");
    std::fs::create_dir(folder.path().join("a")).unwrap();
    let schemes = load_all(folder.path(), &zone()).unwrap();
    assert_eq!(schemes.iter().map(|scheme| scheme.id.as_str()).collect::<Vec<_>>(), ["a", "b"]);

    write("a.yaml", "x: 1\n");
    write("b 2.yaml", &with("", ""));
    write("c.yaml", "a: 'b\n");
    let faults = load_all(folder.path(), &zone()).unwrap_err();
    let shown: Vec<String> =
        faults.iter().map(|fault| fault.to_string().replace(&format!("{}/", folder.path().display()), "")).collect();
    assert_eq!(shown.len(), 5, "{shown:#?}");
    assert!(shown[0].starts_with("a.yaml:1:1: `source` is missing"), "{shown:#?}");
    assert!(shown[1].starts_with("a.yaml:1:1: unknown key `x`"), "{shown:#?}");
    assert!(shown[2].starts_with("a.yml:1:1: the scheme has two files"), "{shown:#?}");
    assert!(shown[3].starts_with("b 2.yaml:1:1: a scheme's file name is its id"), "{shown:#?}");
    assert!(shown[4].starts_with("c.yaml:1:4: the closing quote"), "{shown:#?}");

    let mut faults = Vec::new();
    assert!(read_all(Path::new("no/such"), &zone(), &mut faults).is_empty());
    assert_eq!(faults.len(), 1);
}
