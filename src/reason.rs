//! States of a delivery and the reasons beside them: stored as code and parameters, told as sentences in English
//! or Chinese when shown (interface.md section 1).

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// The state of a document towards one target. `superseded` belongs to a version, never to a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// To be sent.
    Pending,
    /// A request may be under way: its attempt is durable, its answer is not.
    InFlight,
    /// The target accepted the version.
    Delivered,
    /// Failed in a way that may pass; due again later.
    Retrying,
    /// Refused for good, or tried often enough; a person, a newer version or a changed mapping tries again.
    Rejected,
    /// Whether the target carried it out is not known.
    InDoubt,
    /// Waits for something else: a looked-up document, a decision, another owner.
    Waiting,
    /// Not to be sent.
    Skipped,
    /// Given up by a person.
    Discarded,
}

impl State {
    /// Every state, in the order they are shown.
    pub const ALL: [Self; 9] = [
        Self::Pending,
        Self::InFlight,
        Self::Delivered,
        Self::Retrying,
        Self::Rejected,
        Self::InDoubt,
        Self::Waiting,
        Self::Skipped,
        Self::Discarded,
    ];

    /// The word used everywhere.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::InFlight => "in_flight",
            Self::Delivered => "delivered",
            Self::Retrying => "retrying",
            Self::Rejected => "rejected",
            Self::InDoubt => "in_doubt",
            Self::Waiting => "waiting",
            Self::Skipped => "skipped",
            Self::Discarded => "discarded",
        }
    }

    /// The state of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// Whether nothing more happens by itself and nobody needs to act.
    pub fn is_settled(self) -> bool {
        matches!(self, Self::Delivered | Self::Skipped | Self::Discarded)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The language of sentences.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Simplified Chinese.
    Chinese,
}

impl Language {
    /// From a tag such as `zh`, `zh-CN`, `en` or `en_US.UTF-8`; none for any other language.
    pub fn from_tag(tag: &str) -> Option<Self> {
        match tag.trim().split(['-', '_', '.']).next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "en" => Some(Self::English),
            "zh" => Some(Self::Chinese),
            _ => None,
        }
    }

    /// Of an `Accept-Language` header the language that is wanted most, the first of several; English where none of
    /// ours is wanted.
    pub fn accepted(header: &str) -> Self {
        let mut best = (0.0, Self::English);
        for range in header.split(',') {
            let (tag, params) = range.split_once(';').unwrap_or((range, ""));
            let weight = params.split(';').find_map(|param| param.trim().strip_prefix("q="));
            let weight: f32 = weight.map_or(1.0, |weight| weight.trim().parse().unwrap_or(0.0));
            if let Some(language) = Self::from_tag(tag).filter(|_| weight > best.0) {
                best = (weight, language);
            }
        }
        best.1
    }
}

/// The word for what came of an attempt, as stored: `accepted`, `unknown`, … A word that is not known is shown as it is.
pub fn outcome_word(outcome: &str, language: Language) -> &str {
    if language == Language::English {
        return outcome;
    }
    match outcome {
        "accepted" => "已接受",
        "refused" => "被拒绝",
        "not_run" => "未执行",
        "unknown" => "结果未知",
        "absent" => "目标中不存在",
        "exists" => "目标中已存在",
        "renumbered" => "以其他编号执行",
        "old_content" => "目标仍为旧内容",
        "adopted" => "已存在,未发送",
        other => other,
    }
}

/// A parameter as shown: of those that are words of ours, the translation.
fn shown<'a>(name: &str, value: &'a str, language: Language) -> &'a str {
    match (name, value, language) {
        ("resolution", "delivered", Language::Chinese) => "已送达",
        ("resolution", "resend", Language::Chinese) => "重新发送",
        _ => value,
    }
}

macro_rules! codes {
    ($($(#[doc = $doc:literal])* $variant:ident = $word:literal, $en:literal, $zh:literal;)*) => {
        /// Why a delivery is in its state. The word is the sub-reason shown in brackets: `skipped(condition)`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Code {
            $($(#[doc = $doc])* $variant,)*
        }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The sub-reason's word.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// The sentence's pattern; `{name}` stands for a parameter.
            pub fn pattern(self, language: Language) -> &'static str {
                match (self, language) {
                    $((Self::$variant, Language::English) => $en, (Self::$variant, Language::Chinese) => $zh,)*
                }
            }
        }
    };
}

codes! {
    /// A new or changed version waits to be sent.
    Due = "due", "version {version} is to be sent", "版本 {version} 待发送";
    /// A newer version waits behind an attempt that is not settled.
    Behind = "behind", "a newer version waits until the attempt before it is settled", "新版本等待上一次发送确认后再处理";
    /// A person asked to send again.
    Replay = "replay", "queued again by a person", "人工要求重新发送";
    /// A delivery of several steps is between two of them.
    Step = "step", "version {version} goes in several steps; next is `{step}`", "版本 {version} 分步执行,下一步 `{step}`";
    /// Outside the hours in which the target is sent to.
    Hours = "hours", "version {version} waits for the target's hours, {hours}", "版本 {version} 等待发送时段 {hours}";
    /// Accepted by the target.
    Sent = "sent", "the target accepted version {version}", "目标系统已接受版本 {version}";
    /// Found at the target and taken as delivered.
    Adopted = "adopted", "found at the target and taken as delivered", "目标系统中已存在,视为已送达";
    /// Taken as delivered although its content differs.
    AdoptedDiffers = "adopted", "found at the target and taken as delivered, but it differs, which only `replay` sends: {differences}", "目标系统中已存在,视为已送达,但内容不同,只有 `replay` 才会发送:{differences}";
    /// The condition does not hold.
    Condition = "condition", "no condition of the target accepts version {version}: {condition}", "版本 {version} 不满足目标条件:{condition}";
    /// Known at go-live, not sent.
    Baseline = "baseline", "known before go-live ({instant}), taken as baseline", "上线时点({instant})之前的单据,作为基线不发送";
    /// Cancelled before it was ever sent.
    NeverSent = "never_sent", "the newest state asks for `{call}`, but the target never accepted this document", "最新状态要求 `{call}`,但目标系统从未接收过该单据";
    /// Would be told the same again.
    SamePayload = "same_payload", "version {version} gives the same payload as the version told before", "版本 {version} 的报文与上次已送达的相同";
    /// A write-back whose values are in the source document already.
    Held = "same_payload", "the source document already holds what is to be written back", "源单据中已是要回写的值";
    /// A write-back to a document that is gone.
    Gone = "never_sent", "the document is gone from the source, so nothing is written back", "源单据已删除,无需回写";
    /// Outcome unknown.
    Unknown = "unknown", "whether the target carried out attempt {attempt} is not known: {why}", "第 {attempt} 次发送结果未知:{why}";
    /// Something foreign stands under our number.
    Conflict = "conflict", "what stands at the target under `{identity}` is not ours: {why}", "目标系统中编号 `{identity}` 的单据不是由本方案写入:{why}";
    /// A step left a document open.
    LeftOpen = "left_open", "step `{step}` left the document open at the target", "步骤 `{step}` 之后目标单据处于未完成状态";
    /// A looked-up value is missing.
    Lookup = "lookup", "waits for `{lookup}`: no entry for {codes}", "等待对照 `{lookup}`:缺少 {codes}";
    /// What it needs to look up was there, and was deleted.
    LookupDeleted = "lookup", "waits for `{lookup}`: {codes} was deleted there", "等待对照 `{lookup}`:{codes} 在其中已被删除";
    /// A mirror can't yet tell what it lacks.
    LookupNotReady = "lookup", "waits for `{lookup}`, which has not been read completely yet; asked for {codes}", "等待 `{lookup}` 首次完整读取完成;要查找 {codes}";
    /// Somebody has to decide first.
    Decision = "decision", "nothing is sent until `decide` says adopt, baseline or send", "等待 `decide` 指定 adopt、baseline 或 send 后才发送";
    /// Another document owns the target document.
    Owner = "owner", "`{owner}` owns the target document `{identity}` and is not yet gone", "目标单据 `{identity}` 属于 `{owner}`,等待其删除完成";
    /// The document can't be mapped.
    Mapping = "mapping", "can't be mapped at `{path}`: {why}", "字段 `{path}` 映射失败:{why}";
    /// The target refused for good.
    Target = "target", "the target refused", "目标系统拒绝";
    /// A closing step of a document that no opening step had opened.
    StepRefused = "target", "the target took version {version}, but refused step `{step}`", "目标系统已接收版本 {version},但拒绝步骤 `{step}`";
    /// Tried often enough.
    Attempts = "attempts", "given up after {tries} tries: {why}", "已重试 {tries} 次仍失败:{why}";
    /// The document could not be read from the source.
    Quarantined = "quarantined", "the source document can't be read: {why}", "源单据无法读取,已隔离:{why}";
    /// A failure that may pass.
    Transient = "transient", "failed for now: {why}", "暂时失败,稍后重试:{why}";
    /// What stands at the target must be known first, and a question about it has no answer.
    Unasked = "unasked", "before it is sent the target is asked about it, which it does not answer: {why}", "发送前需先查询目标系统中的单据,但查询失败:{why}";
    /// The target is called too often.
    Throttled = "throttled", "the target says it is called too often: {why}", "目标系统限流:{why}";
    /// The target could not be reached at all.
    Unreachable = "unreachable", "the target could not be reached: {why}", "无法连接目标系统:{why}";
    /// The session could not be renewed, or the account is refused.
    Account = "account", "the target refuses the account: {why}", "目标系统拒绝该账号:{why}";
    /// Given up by a person.
    Discarded = "discarded", "discarded by a person: {why}", "人工放弃:{why}";
    /// Settled by a person.
    Resolved = "resolved", "resolved by a person as {resolution}", "人工处理为 {resolution}";
}

/// Why a delivery is in its state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// Which reason.
    pub code: Code,
    /// Its parameters by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<String, String>,
    /// The target's own words, verbatim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub words: Option<String>,
    /// Codes that look-ups did not find: what `deliveries list --missing` prints.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<MissingCode>,
}

/// A code that a look-up did not find.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MissingCode {
    /// `table.NAME` or the scheme's id.
    pub lookup: String,
    /// Columns (or paths) and the texts asked for.
    pub codes: Vec<(String, String)>,
}

impl Reason {
    /// A reason with parameters.
    pub fn new<const N: usize>(code: Code, params: [(&str, String); N]) -> Self {
        let params = params.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Self { code, params, words: None, missing: Vec::new() }
    }

    /// With the target's own words.
    pub fn with_words(mut self, words: impl Into<String>) -> Self {
        self.words = Some(words.into());
        self
    }

    /// The sentence in a language, the target's words behind it.
    pub fn sentence(&self, language: Language) -> String {
        let mut text = self.code.pattern(language).to_owned();
        for (name, value) in &self.params {
            text = text.replace(&format!("{{{name}}}"), shown(name, value, language));
        }
        match &self.words {
            Some(words) if language == Language::Chinese => format!("{text}:「{words}」"),
            Some(words) => format!("{text}: \"{words}\""),
            None => text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_both_texts_with_the_same_parameters() {
        let names = |text: &str| {
            let mut names: Vec<String> =
                text.split('{').skip(1).filter_map(|p| Some(p.split_once('}')?.0.to_owned())).collect();
            names.sort();
            names
        };
        for code in Code::ALL {
            let (english, chinese) = (code.pattern(Language::English), code.pattern(Language::Chinese));
            assert!(!english.is_empty() && !chinese.is_ascii(), "{code:?}");
            assert_eq!(names(english), names(chinese), "{code:?}");
        }
    }

    #[test]
    fn a_sentence_carries_parameters_and_the_targets_words() {
        let reason = Reason::new(Code::Sent, [("version", "3".into())]).with_words("ok");
        assert_eq!(reason.sentence(Language::English), "the target accepted version 3: \"ok\"");
        assert_eq!(reason.sentence(Language::Chinese), "目标系统已接受版本 3:「ok」");
    }

    #[test]
    fn a_chinese_sentence_holds_no_english_word_of_ours() {
        for (word, chinese) in [("delivered", "人工处理为 已送达"), ("resend", "人工处理为 重新发送")]
        {
            let reason = Reason::new(Code::Resolved, [("resolution", word.to_owned())]);
            assert_eq!(reason.sentence(Language::Chinese), chinese);
            assert_eq!(reason.sentence(Language::English), format!("resolved by a person as {word}"));
        }
        let outcomes =
            ["accepted", "refused", "not_run", "unknown", "absent", "exists", "renumbered", "old_content", "adopted"];
        for outcome in outcomes {
            assert!(!outcome_word(outcome, Language::Chinese).is_ascii(), "{outcome}");
            assert_eq!(outcome_word(outcome, Language::English), outcome);
        }
    }

    #[test]
    fn languages_are_known_by_their_tags_and_chosen_by_weight() {
        for (tag, language) in [
            ("en", Some(Language::English)),
            ("en-GB", Some(Language::English)),
            ("ZH", Some(Language::Chinese)),
            ("zh-CN", Some(Language::Chinese)),
            ("zh_CN.UTF-8", Some(Language::Chinese)),
            ("fr", None),
            ("zhuang", None),
            ("", None),
        ] {
            assert_eq!(Language::from_tag(tag), language, "{tag}");
        }
        for (header, language) in [
            ("zh-CN", Language::Chinese),
            ("en;q=0.3, zh-CN;q=0.9", Language::Chinese),
            ("zh;q=0.3,en;q=0.9", Language::English),
            ("fr, zh;q=0.5", Language::Chinese),
            ("en, zh", Language::English),
            ("zh, en", Language::Chinese),
            ("zh;q=0", Language::English),
            ("zh;q=much", Language::English),
            ("fr", Language::English),
            ("", Language::English),
        ] {
            assert_eq!(Language::accepted(header), language, "{header}");
        }
    }
}
