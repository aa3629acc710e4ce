//! Content inside a page: data that cannot leave its script element, text that is no markup, and the hashes by which the
//! page's own script and style are known. Pure.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::io;

/// JSON for a script element whose type is no script's. Inside one only `<` has a meaning (`</script`, `<!--`); the others are
/// escaped for whoever copies it elsewhere: U+2028 and U+2029 end a line in older JavaScript, `&` and `>` are markup outside.
pub(super) fn in_script(data: &impl Serialize) -> io::Result<String> {
    let json = serde_json::to_string(data)?;
    let mut safe = String::with_capacity(json.len() + json.len() / 16);
    for c in json.chars() {
        match c {
            // These stand in strings only, where an escape means the same.
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                safe.push_str(&format!("\\u{:04x}", u32::from(c)));
            }
            c => safe.push(c),
        }
    }
    Ok(safe)
}

/// Text between tags, or in a quoted attribute.
pub(super) fn in_text(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '&' => safe.push_str("&amp;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            // A title that turns around what stands beside it is no title.
            c if c.is_control() || is_bidi(c) => safe.push('\u{fffd}'),
            c => safe.push(c),
        }
    }
    safe
}

/// Characters that change the direction of what follows them (Unicode Standard Annex 9, section 2).
fn is_bidi(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// How a content security policy names an inline script or style: by what is between its tags, to the byte.
pub(super) fn hash(text: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(text)))
}

/// The template with its parts. It is gone through once, so that what is put in is never looked at for parts again.
pub(super) fn filled(template: &str, parts: &[(&str, &str)]) -> String {
    let length: usize = parts.iter().map(|(_, text)| text.len()).sum();
    let mut page = String::with_capacity(template.len() + length);
    let mut rest = template;
    while let Some(at) = rest.find("{{") {
        page.push_str(&rest[..at]);
        rest = &rest[at..];
        match parts.iter().find(|(name, _)| rest.starts_with(name)) {
            Some((name, text)) => {
                page.push_str(text);
                rest = &rest[name.len()..];
            }
            None => {
                page.push_str("{{");
                rest = &rest[2..];
            }
        }
    }
    page.push_str(rest);
    page
}

#[cfg(test)]
mod tests {
    use super::{filled, hash, in_script, in_text};

    #[test]
    fn nothing_in_a_string_can_end_the_script_element() {
        let hostile = "</script><script>alert(1)</script><!-- ]]> & \u{2028}\u{2029}";
        let safe = in_script(&[hostile]).unwrap();
        for c in ['<', '>', '&', '\u{2028}', '\u{2029}'] {
            assert!(!safe.contains(c), "{c:?} in {safe}");
        }
        let back: Vec<String> = serde_json::from_str(&safe).unwrap();
        assert_eq!(back, [hostile], "and it means the same");
    }

    #[test]
    fn text_is_no_markup_and_turns_nothing_around() {
        assert_eq!(
            in_text("</title><b a=\"'\">&\u{202e}x\n"),
            "&lt;/title&gt;&lt;b a=&quot;&#39;&quot;&gt;&amp;\u{fffd}x\u{fffd}"
        );
    }

    #[test]
    fn what_is_put_in_is_not_looked_at_again() {
        let parts = [("{{a}}", "{{b}}"), ("{{b}}", "x")];
        assert_eq!(filled("{{a}} {{b}} {{c}} {{", &parts), "{{b}} x {{c}} {{");
    }

    #[test]
    fn a_hash_is_the_one_that_browsers_make() {
        assert_eq!(
            hash(""),
            "sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
        );
    }
}
