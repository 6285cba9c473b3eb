//! `explain`: why a document was or was not sent, in sentences, from the last read to each target.

use crate::engine::view::delivery::state_view;
use crate::engine::view::status::target_names;
use crate::engine::view::sweep;
use crate::name::Key;
use crate::reason::{Language, outcome_word};
use crate::scheme::Scheme;
use crate::store::{Attempt, Store, StoreError};

/// The sentences, in order.
pub fn explain(store: &dyn Store, scheme: &Scheme, key: &Key, language: Language) -> Result<Vec<String>, StoreError> {
    let zh = language == Language::Chinese;
    let mut lines = Vec::new();
    let say = |english: String, chinese: String| if zh { chinese } else { english };
    if let Some(run) = store.runs(&scheme.id, None, 1)?.first() {
        let at = run.started.map_or_else(String::new, |time| time.to_string());
        lines.push(say(
            format!("run {} of the source began at {at} and met {} documents", run.id, run.documents),
            format!("第 {} 次读取始于 {at},共读到 {} 个单据", run.id, run.documents),
        ));
    }
    if let Some(record) = store.quarantine(&scheme.id, key)? {
        lines.push(say(
            format!("it can't be read since {}: {}", record.at, record.why),
            format!("自 {} 起无法读取:{}", record.at, record.why),
        ));
    }
    let Some(head) = store.heads(&scheme.id, std::slice::from_ref(key))?.into_iter().flatten().next() else {
        lines.push(say(
            format!("`{key}` was never captured: it was in no window read so far; `pull` reads it now"),
            format!("`{key}` 从未被采集:尚未出现在任何已读取的时间窗口中;可用 `pull` 立即读取"),
        ));
        return Ok(lines);
    };
    let gone = head.is_tombstone();
    lines.push(say(
        format!(
            "version {} was captured at {}{}",
            head.version,
            head.captured_at,
            if gone { " as deleted" } else { "" }
        ),
        format!("版本 {} 采集于 {}{}", head.version, head.captured_at, if gone { ",源单据已删除" } else { "" }),
    ));
    lines.extend(sweep::of_document(store, &scheme.id, key, &head)?.map(|(english, chinese)| say(english, chinese)));
    lines.push(say(
        "later reads with equal content make no new version".to_owned(),
        "之后读到的内容相同则不产生新版本".to_owned(),
    ));
    for target in target_names(scheme) {
        let Some(view) = state_view(store, scheme, &target, key, language)? else {
            lines.push(say(
                format!("{target}: nothing to write back before the target has accepted the document"),
                format!("{target}: 目标系统接受该单据后才会回写"),
            ));
            continue;
        };
        lines.extend(standing(store, &scheme.id, &target, zh)?.map(|line| format!("{target}: {line}")));
        let sub = view.reason.map_or_else(String::new, |reason| format!("({reason})"));
        let text = if view.text.is_empty() { String::new() } else { format!(": {}", view.text) };
        lines.push(format!("{target}: {}{sub}{text}", view.state));
        if let Some(row) = store.delivery(&scheme.id, &target, key)? {
            if let Some(base) = &row.base {
                let word = match (base.told, zh) {
                    (true, false) => "was last told",
                    (true, true) => "已告知",
                    (false, false) => "was told nothing yet; conditions compare with",
                    (false, true) => "尚未告知任何版本;条件比较基准为",
                };
                lines.push(format!("{target}: {word} {} {}", if zh { "版本" } else { "version" }, base.version));
            }
            if let Some(due) = row.due {
                lines
                    .push(say(format!("{target}: looked at again at {due}"), format!("{target}: 将于 {due} 再次处理")));
            }
        }
        lines
            .extend(store.attempts(&scheme.id, &target, key)?.iter().map(|attempt| attempt_line(&target, attempt, zh)));
    }
    Ok(lines)
}

/// Why nothing is sent to a target at all.
fn standing(store: &dyn Store, scheme: &str, target: &str, zh: bool) -> Result<Option<String>, StoreError> {
    let Some(state) = store.target(scheme, target)? else { return Ok(None) };
    let (live, _) = store.document_count(scheme)?;
    let account = &state.account;
    Ok(match (&state.answer, &state.moved_from) {
        (None, Some(from)) if zh => Some(format!(
            "目标已由 `{from}` 变为 `{account}`,原有回执不再有效;等待 `decide` 指定 adopt、baseline 或 send(涉及 {live} 个单据)"
        )),
        (None, Some(from)) => Some(format!(
            "the target was `{from}` and is `{account}` now, so what it was told counts no more; it waits for `decide` \
             with adopt, baseline or send, which touches {live} documents"
        )),
        (None, None) if zh => Some(format!("目标尚未指定处理方式;等待 `decide`(涉及 {live} 个单据)")),
        (None, None) => Some(format!("it waits for `decide`, which touches {live} documents")),
        (Some(_), _) if state.restored && zh => {
            Some("数据库由备份恢复;读取完成之前不发送,之后先与目标系统比对".to_owned())
        }
        (Some(_), _) if state.restored => Some(
            "the database was restored; nothing is sent before the source was read once more, then what the target holds \
             is compared first"
                .to_owned(),
        ),
        (Some(_), _) => None,
    })
}

fn attempt_line(target: &str, attempt: &Attempt, zh: bool) -> String {
    let language = if zh { Language::Chinese } else { Language::English };
    let outcome = attempt.outcome.as_deref().map(|outcome| outcome_word(outcome, language));
    let outcome = outcome.unwrap_or(if zh { "尚无结果" } else { "open" });
    let words = attempt.words.as_deref().map(|words| format!(" \"{words}\"")).unwrap_or_default();
    let decision = attempt.decision.as_deref().map(|decision| format!("; {decision}")).unwrap_or_default();
    let (n, call, version, at) = (attempt.n, &attempt.call, attempt.version, attempt.at);
    if zh {
        format!("{target}: 第 {n} 次 `{call}` 发送版本 {version}({at}):{outcome}{words}{decision}")
    } else {
        format!("{target}: attempt {n} sent version {version} by `{call}` at {at}: {outcome}{words}{decision}")
    }
}
