//! Percent-encoding of one component of a target or a form, in one pass, and its exact length beforehand.
//!
//! Knows no parameters and no paths. Everything but the unreserved characters of RFC 3986 is encoded, a space as `%20`,
//! which both a query and a form accept.

const HEX: &[u8; 16] = b"0123456789ABCDEF";

const fn unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

/// How many bytes each byte becomes: 1 or 3.
const LENGTHS: [u8; 256] = {
    let mut lengths = [3; 256];
    let mut byte = 0;
    while byte < 256 {
        if unreserved(byte as u8) {
            lengths[byte] = 1;
        }
        byte += 1;
    }
    lengths
};

/// The bytes that `text` takes when encoded.
pub(crate) fn encoded_len(text: &str) -> usize {
    text.bytes().map(|byte| usize::from(LENGTHS[usize::from(byte)])).sum()
}

/// Appends `text`, encoded.
pub(crate) fn encode_into(out: &mut String, text: &str) {
    for byte in text.bytes() {
        if LENGTHS[usize::from(byte)] == 1 {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
}

/// `text`, encoded.
pub(crate) fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(encoded_len(text));
    encode_into(&mut out, text);
    out
}

/// Appends `name=value&...`, every value encoded; names are constants of the API and safe as they are.
pub(crate) fn form(pairs: &[(&str, &str)]) -> String {
    let mut out = String::new();
    for (name, value) in pairs {
        if !out.is_empty() {
            out.push('&');
        }
        out.push_str(name);
        out.push('=');
        encode_into(&mut out, value);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_unreserved_characters_stay() {
        let want = [
            ("", ""),
            ("aZ09-._~", "aZ09-._~"),
            ("a b+c@x.io", "a%20b%2Bc%40x.io"),
            ("{\"a\":[1,2]}", "%7B%22a%22%3A%5B1%2C2%5D%7D"),
            ("\u{e9}\u{4e2d}", "%C3%A9%E4%B8%AD"),
            ("*'()!%/\n", "%2A%27%28%29%21%25%2F%0A"),
        ];
        for (text, want) in want {
            assert_eq!(encoded(text), want);
        }
        assert_eq!(form(&[("a", "1&2"), ("b", "")]), "a=1%262&b=");
    }

    proptest::proptest! {
        #[test]
        fn the_length_is_known_beforehand(text in "\\PC*|[ -~]*|.*") {
            proptest::prop_assert_eq!(encoded(&text).len(), encoded_len(&text));
        }

        #[test]
        fn decoding_gives_the_text_back(text in ".*") {
            let pairs = format!("x={}", encoded(&text));
            let (_, back) = url::form_urlencoded::parse(pairs.as_bytes()).next().unwrap();
            proptest::prop_assert_eq!(back.as_ref(), text.as_str());
        }
    }
}
