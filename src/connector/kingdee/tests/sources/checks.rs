use super::*;

fn told(source: &Source) -> Vec<String> {
    let fault = |fault: &fault::Fault| format!("{}:{}: {}", fault.at.line, fault.at.column, fault.message);
    super::super::super::source::check(source).iter().map(fault).collect()
}

#[test]
fn what_a_source_lacks_is_told_at_its_place() {
    assert_eq!(told(&orders("")), Vec::<String>::new());
    let calls = "3:9: `%` is missing: `executeBillQuery`";
    for (text, wanted) in [
        (
            "  key: $.FID\n",
            vec![
                format!("{} needs one, such as `SAL_SaleOrder`", calls.replace('%', "form")),
                format!("{} reads only the fields it is told, such as `FID`, `FBillNo`", calls.replace('%', "fields")),
                format!(
                    "{} finds changed bills by them, such as `FModifyDate`, `FApproveDate`",
                    calls.replace('%', "changed_fields")
                ),
            ],
        ),
        (
            "  form: F\n  key: $.FID\n  time: $.FDate\n  params: { FilterString: a, StartRow: 0, x: 1 }\n  fields: [FID]\n  changed_fields: [FDate]\n",
            vec![
                "2:3: `time: $.FDate` can't stand beside `changed_fields`: give one".to_owned(),
                "7:13: `executeBillQuery` takes no parameter `FilterString`: write `filter` in the source".to_owned(),
                "7:30: `executeBillQuery` takes no parameter `StartRow`: pages are read by keyset, so that it is not needed".to_owned(),
                "7:43: `executeBillQuery` takes no parameter `x`: there are no others than the source's own keys".to_owned(),
            ],
        ),
        (
            "  form: F\n  key: $.FID\n  fields: [FID, FA.FB, FA_FB, { field: FX, as: E }]\n  changed_fields: [FDate]\n  entries: { name: E, id: \"\", fields: [FQ, { field: FR, as: FQ }] }\n",
            vec![
                "6:24: two fields are named `FA_FB`: give one another name by `as`".to_owned(),
                "6:31: two fields are named `E`: give one another name by `as`".to_owned(),
                "2:3: `id` of entry `E` is blank: it names the field of a line's id, such as `E_FEntryID`".to_owned(),
                "8:44: two fields are named `FQ`: give one another name by `as`".to_owned(),
            ],
        ),
    ] {
        assert_eq!(told(&loaded(text)), wanted, "{text}");
    }
}
