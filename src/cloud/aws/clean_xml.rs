//! Characters that XML has no place for. The SDK's reader refuses a whole answer for one of them, and so anybody
//! who may tag an instance could make the fleet invisible. They become DEL on their way in, which XML allows
//! and `one_line` shows as `·` like any other control character.

use aws_sdk_ec2::config::interceptors::{
    AfterDeserializationInterceptorContextRef, BeforeDeserializationInterceptorContextMut,
};
use aws_sdk_ec2::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_ec2::error::BoxError;
use aws_smithy_types::body::SdkBody;
use http_body_util::BodyExt;

use super::errors::is_web_page;

const DEL: u8 = 0x7f;
/// The longest reference to a character, `&#x10ffff;`, with some zeros to spare.
const REFERENCE: usize = 16;

/// Cleans the answers of a service that speaks XML.
#[derive(Debug)]
pub struct CleanXml;

impl Intercept for CleanXml {
    fn name(&self) -> &'static str {
        "CleanXml"
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = std::mem::replace(context.response_mut().body_mut(), SdkBody::empty());
        let mut cleaner = Cleaner::default();
        let clean = body.map_frame(move |frame| frame.map_data(|piece| cleaner.clean(&piece).into()));
        *context.response_mut().body_mut() = SdkBody::from_body_1_x(clean);
        Ok(())
    }

    /// Where an answer holds nothing the SDK does not look at it, and takes the login page of a network for a success.
    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if context.output_or_error().is_ok() && is_web_page(context.response()) {
            return Err("a web page came in the place of an answer".into());
        }
        Ok(())
    }
}

/// Cleans an answer piece by piece. What may be the beginning of something bad is held back until the next
/// piece; no document ends with such a beginning, so that nothing is lost at the end.
#[derive(Debug, Default)]
struct Cleaner {
    held: Vec<u8>,
}

/// What stands at the start of some bytes.
enum Start {
    /// So many good bytes.
    Good(usize),
    /// So many bytes that XML cannot hold.
    Bad(usize),
    /// More bytes are needed to tell.
    Open,
}

impl Cleaner {
    fn clean(&mut self, piece: &[u8]) -> Vec<u8> {
        let mut bytes = std::mem::take(&mut self.held);
        bytes.extend_from_slice(piece);
        let mut out = Vec::with_capacity(bytes.len());
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            let taken = match start(rest) {
                Start::Good(length) => {
                    out.extend_from_slice(&rest[..length]);
                    length
                }
                Start::Bad(length) => {
                    out.push(DEL);
                    length
                }
                Start::Open => {
                    self.held = rest.to_vec();
                    break;
                }
            };
            rest = &rest[taken..];
        }
        out
    }
}

fn start(bytes: &[u8]) -> Start {
    match bytes {
        [b'\t' | b'\n' | b'\r', ..] => Start::Good(1),
        [0..b' ', ..] => Start::Bad(1),
        [0xef, 0xbf, 0xbe | 0xbf, ..] => Start::Bad(3),
        [0xef | b'&'] | [0xef, 0xbf] => Start::Open,
        [b'&', b'#', rest @ ..] => reference(rest),
        _ => Start::Good(1),
    }
}

/// A reference to a character, without its `&#`.
fn reference(rest: &[u8]) -> Start {
    let Some(end) = rest.iter().take(REFERENCE).position(|b| *b == b';') else {
        return if rest.len() < REFERENCE { Start::Open } else { Start::Good(2) };
    };
    let digits = std::str::from_utf8(&rest[..end]).unwrap_or_default();
    let code = match digits.strip_prefix('x') {
        Some(hexadecimal) => u32::from_str_radix(hexadecimal, 16),
        None => digits.parse(),
    };
    match code {
        Ok(0x9 | 0xa | 0xd | 0x20..=0xd7ff | 0xe000..=0xfffd | 0x10000..=0x0010_ffff) => Start::Good(end + 3),
        _ => Start::Bad(end + 3),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn cleaned(text: &str) -> String {
        String::from_utf8(Cleaner::default().clean(text.as_bytes())).unwrap()
    }

    #[test]
    fn what_xml_cannot_hold_is_replaced_and_nothing_else() {
        let good = "<a b='1'>\té\u{fffd}\u{10ffff}&amp;&#233;&#x1F600;\r\n</a>";
        assert_eq!(cleaned(good), good);
        assert_eq!(cleaned("red\u{1b}[2J\u{7}\0\u{ffff}!"), "red\u{7f}[2J\u{7f}\u{7f}\u{7f}!");
        assert_eq!(
            cleaned("<a>&#27;&#x1b;&#0;&#xd800;&#x110000;&#;</a>"),
            "<a>\u{7f}\u{7f}\u{7f}\u{7f}\u{7f}\u{7f}</a>"
        );
    }

    proptest! {
        #[test]
        fn pieces_of_an_answer_are_cleaned_like_the_whole(
            parts in prop::collection::vec(prop_oneof![
                Just("&#27;".to_owned()), Just("&#x1b;".to_owned()), Just("&#233;".to_owned()), Just("&amp;".to_owned()),
                Just("\u{ffff}".to_owned()), Just("\u{fffd}".to_owned()), any::<String>(),
            ], 0..20),
            size in 1..9_usize,
        ) {
            let text = parts.concat() + "</end-of-the-answer>";
            let mut cleaner = Cleaner::default();
            let pieces: Vec<u8> = text.as_bytes().chunks(size).flat_map(|piece| cleaner.clean(piece)).collect();
            prop_assert_eq!(String::from_utf8(pieces).unwrap(), cleaned(&text));
        }
    }
}
