//! The character set of an answer by its `Content-Type`: old systems answer in GBK. What is decoded must give the
//! received bytes back, so that nothing is replaced without a word.

use encoding_rs::{Encoding, GB18030, GBK};

/// The body in UTF-8: of an answer called GBK, GB2312 or GB18030 decoded, of any other as it came (what is no UTF-8
/// is refused by whoever reads it). The error says what is wrong with the bytes.
pub fn to_utf8(content_type: &str, body: Vec<u8>) -> Result<Vec<u8>, String> {
    let Some(label) = label(content_type) else { return Ok(body) };
    let is_chinese = Encoding::for_label(label.as_bytes()).is_some_and(|named| named == GBK || named == GB18030);
    if !is_chinese || body.is_ascii() {
        return Ok(body);
    }
    if std::str::from_utf8(&body).is_ok() {
        return Err(format!("the answer is called `{label}`, and its bytes may as well be UTF-8"));
    }
    let text = GB18030.decode_without_bom_handling_and_without_replacement(&body);
    let same = |text: &str| {
        let (bytes, _, lossy) = GB18030.encode(text);
        !lossy && *bytes == *body
    };
    let text = text.filter(|text| same(text)).ok_or_else(|| format!("the answer is called `{label}`, and is none"))?;
    Ok(text.into_owned().into_bytes())
}

/// The `charset` of a content type.
fn label(content_type: &str) -> Option<&str> {
    let mut parameters = content_type.split(';').skip(1).filter_map(|parameter| parameter.split_once('='));
    let (_, label) = parameters.find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"))?;
    Some(label.trim().trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fault_27_bodies_in_gbk_are_decoded_by_their_header_and_must_give_the_same_bytes_back() {
        let text = "{\"名称\":\"中国人民 𠮷 €\"}";
        let gb18030 = GB18030.encode(text).0.into_owned();
        let gbk = GBK.encode("{\"名称\":\"流水\"}").0.into_owned();
        for (content_type, body, expected) in [
            ("application/json; charset=gb18030", gb18030.as_slice(), Ok(text)),
            ("application/json;charset=\"GBK\"", &gbk, Ok("{\"名称\":\"流水\"}")),
            ("text/html; charset=gb2312", &gbk, Ok("{\"名称\":\"流水\"}")),
            ("application/json; charset=gbk", b"{\"a\":1}", Ok("{\"a\":1}")),
            ("application/json; charset=utf-8", text.as_bytes(), Ok(text)),
            ("application/json", text.as_bytes(), Ok(text)),
            ("application/json; charset=gbk", text.as_bytes(), Err("may as well be UTF-8")),
            ("application/json; charset=gbk", b"\"\xff\"", Err("is none")),
            ("application/json; charset=gbk", b"\"\xd6\"", Err("is none")),
            // One byte for the euro sign, which would not come back.
            ("application/json; charset=gbk", b"\"\x80\"", Err("is none")),
        ] {
            let read = to_utf8(content_type, body.to_vec()).map(|body| String::from_utf8(body).unwrap_or_default());
            match expected {
                Ok(text) => assert_eq!(read.as_deref(), Ok(text), "{content_type}"),
                Err(words) => assert!(read.as_ref().is_err_and(|error| error.contains(words)), "{read:?}"),
            }
        }
        let unlabelled = to_utf8("application/json", gbk.clone());
        assert_eq!(unlabelled, Ok(gbk), "left as it is, so that reading it as UTF-8 fails");
    }
}
