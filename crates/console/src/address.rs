//! Names as parts of addresses.
//!
//! Knows what a browser would take apart; not which pages there are.

use std::fmt::Write;

/// A name as one part of an address: `a b/c` as `a%20b%2Fc`.
pub fn part(name: &str) -> String {
    let dots = !name.is_empty() && name.bytes().all(|byte| byte == b'.');
    name.bytes().fold(String::new(), |mut part, byte| {
        let plain = byte.is_ascii_alphanumeric() || b"-_~".contains(&byte) || (byte == b'.' && !dots);
        if plain {
            part.push(char::from(byte));
        } else {
            // A string takes all that is written into it.
            let _ = write!(part, "%{byte:02X}");
        }
        part
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_part() {
        let cases = [
            ("prod", "prod"),
            ("a b/c?d#e", "a%20b%2Fc%3Fd%23e"),
            ("é&", "%C3%A9%26"),
            ("..", "%2E%2E"),
            ("a.b", "a.b"),
        ];
        for (name, want) in cases {
            assert_eq!(part(name), want);
        }
    }
}
