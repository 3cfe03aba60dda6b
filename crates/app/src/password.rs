//! Passwords: which are taken, and how they are kept and compared.
//!
//! Knows no person; a password is never kept, shown or logged, only its Argon2id hash.

use std::time::Duration;

use api::Secret;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use model::Problem;
use tokio::sync::Semaphore;

use crate::AppError;
use crate::clock::random;

/// Characters of a password (NIST SP 800-63B-4 asks for 15 where it is the only factor).
const SHORTEST: usize = 15;
/// Characters of a password at most: enough for any phrase, and hashing stays cheap.
const LONGEST: usize = 1_024;
/// Argon2id as the OWASP password storage cheat sheet has it: KiB of memory, passes, lanes.
const COST: (u32, u32, u32) = (19_456, 2, 1);
/// Hashes computed at once in the process: each takes 19 MiB and a core.
const AT_ONCE: usize = 2;
/// Longest wait for a turn; whoever waits longer is asked to come back.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a password is compared with where nobody has the name, so that the answer takes the same time. Nobody knows a
/// password that it fits.
const NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$c2x1aWNlLW5vYm9keS0x$7f4Yw1Q0zqk3m2VJxP5sT9bHcR8dLeUoNaGiKyBtWvE";

/// Phrases of 15 characters and more that are tried first. Short common passwords cannot be taken in the first place; what
/// is left are their repetitions, runs over the keyboard, and quotations.
const COMMON: [&str; 40] = [
    "1qaz2wsx3edc4rfv",
    "1qaz2wsx3edc4rfv5tgb",
    "1q2w3e4r5t6y7u8i",
    "1q2w3e4r5t6y7u8i9o0p",
    "qwertyuiopasdfgh",
    "qwertyuiopasdfghjkl",
    "qwertyuiopasdfghjklzxcvbnm",
    "qwertyuiop[]asdf",
    "qwertyuiop123456",
    "qwertyuiop12345",
    "asdfghjklqwertyuiop",
    "zaq12wsxcde34rfv",
    "zaq1zaq1zaq1zaq1",
    "abcdefghijklmno",
    "abcdefghijklmnop",
    "abcdefghijklmnopqrstuvwxyz",
    "abcdefghijklmnopqrstuvwxyz123456",
    "abcdefg123456789",
    "1234567890abcdef",
    "0123456789abcdef",
    "correcthorsebatterystaple",
    "correct horse battery staple",
    "iloveyouiloveyou",
    "iloveyouforever",
    "iloveyousomuch1",
    "letmeinletmeinletmein",
    "letmeinletmein1",
    "passwordpassword",
    "passwordpassword1",
    "password12345678",
    "password123456789",
    "password1234567890",
    "passwordpassword123",
    "passw0rdpassw0rd",
    "administratoradministrator",
    "administrator123",
    "administrator1234",
    "changemechangeme",
    "welcomewelcome1",
    "thisismypassword",
];

/// At most [`AT_ONCE`] hashes in the process, whoever asks: the bound is one of this machine's memory.
static TURNS: Semaphore = Semaphore::const_new(AT_ONCE);

/// Says no to a password that would be guessed. The words of the answer never quote it.
///
/// # Errors
/// It is too short, too long, very common, one character or a run again and again, or the name itself.
pub(crate) fn check(place: &str, password: &Secret, name: &str) -> Result<(), Problem> {
    let text = password.expose();
    let length = text.chars().count();
    let wrong = |message: &str| Err(Problem::at(place, message).hint("four or five unrelated words are easy to keep"));
    if length < SHORTEST {
        return wrong("must have at least 15 characters");
    }
    if length > LONGEST {
        return Err(Problem::at(place, "must have at most 1,024 characters"));
    }
    let lower = text.to_lowercase();
    if COMMON.contains(&lower.as_str()) || repeats(&lower) || runs(&lower) {
        return wrong("is one that would be guessed first");
    }
    let name = name.to_lowercase();
    if lower == name || (!name.is_empty() && lower.replace(&name, "").chars().count() < 4) {
        return wrong("must not be the name");
    }
    Ok(())
}

/// One short piece again and again: `aaaaaaaaaaaaaaa`, `12341234123412341`.
fn repeats(text: &str) -> bool {
    let chars: Vec<char> = text.chars().collect();
    (1..=5).any(|period| chars.iter().zip(chars.iter().skip(period)).all(|(a, b)| a == b))
}

/// Each character follows the one before it, up or down: `0123456789…`.
fn runs(text: &str) -> bool {
    let numbers: Vec<i64> = text.chars().map(|c| i64::from(u32::from(c))).collect();
    let steps: Vec<i64> = numbers.windows(2).map(|pair| pair[1] - pair[0]).collect();
    // 9 is followed by 0 in a run over the digits.
    let all = |step: i64, wrap: i64| steps.iter().all(|found| *found == step || *found == wrap);
    all(1, -9) || all(-1, 9)
}

/// The hash of a password, as a text that names its own parameters.
///
/// # Errors
/// Too many wait for their turn; the machine has no memory for it.
pub(crate) async fn hash(password: Secret) -> Result<String, AppError> {
    in_turn(move || {
        let salt = random::<16>();
        let hash = scheme()?.hash_password_with_salt(password.expose().as_bytes(), &salt);
        hash.map(|hash| hash.to_string()).map_err(|_| failed())
    })
    .await?
}

/// Whether a password is the one of this hash; without a hash the answer is no, after the same time.
///
/// # Errors
/// Too many wait for their turn; the machine has no memory for it.
pub(crate) async fn fits(password: Secret, hash: Option<String>) -> Result<bool, AppError> {
    // Nothing longer was ever taken, and nobody shall make the server hash megabytes.
    let absurd = password.expose().chars().count() > LONGEST;
    in_turn(move || {
        let known = hash.is_some() && !absurd;
        let hash = hash.unwrap_or_else(|| NOBODY.to_owned());
        let text = if absurd { "" } else { password.expose() };
        let same = scheme()?.verify_password(text.as_bytes(), hash.as_str()).is_ok();
        Ok(same && known)
    })
    .await?
}

async fn in_turn<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, AppError> {
    let turn = tokio::time::timeout(PATIENCE, TURNS.acquire()).await;
    let Ok(Ok(turn)) = turn else { return Err(AppError::TooMany { seconds: PATIENCE.as_secs() }) };
    // The turn goes along: a caller that leaves does not make room while its hash is still computed.
    let done = tokio::task::spawn_blocking(move || {
        let answer = work();
        drop(turn);
        answer
    });
    done.await.map_err(|_| failed())
}

fn scheme() -> Result<Argon2<'static>, AppError> {
    let (memory, passes, lanes) = COST;
    let params = Params::new(memory, passes, lanes, None).map_err(|_| failed())?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn failed() -> AppError {
    AppError::Failed { message: "the password could not be hashed".into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_passwords_are_taken() {
        let cases = [
            ("correct horse lorry staple", true),
            ("pässwörter sind lang", true),
            ("fourteen chars", false),
            ("", false),
            ("passwordpassword", false),
            ("PasswordPassword", false),
            ("aaaaaaaaaaaaaaaaaaaa", false),
            ("abcabcabcabcabcabc", false),
            ("12345678901234567890", false),
            ("98765432109876543210", false),
            ("ada.lovelace@example.com", false),
            ("Ada.Lovelace@Example.com1", false),
        ];
        for (password, want) in cases {
            let found = check("person.password", &Secret::new(password), "ada.lovelace@example.com");
            assert_eq!(found.is_ok(), want, "{password}");
            if let Err(problem) = found {
                assert!(password.is_empty() || !problem.to_string().contains(password), "{problem}");
            }
        }
        assert!(check("p", &Secret::new("é".repeat(1_023) + "x"), "").is_ok(), "characters, not bytes");
        assert!(check("p", &Secret::new("ab c".repeat(300)), "").is_err());
    }

    #[test]
    fn the_list_holds_only_what_the_length_lets_through() {
        for common in COMMON {
            assert!(common.chars().count() >= SHORTEST, "{common}");
            assert_eq!(common, common.to_lowercase());
        }
    }

    #[tokio::test]
    async fn a_hash_fits_its_password_and_nobodys_fits_none() {
        let hash = hash(Secret::new("correct horse lorry staple")).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(fits(Secret::new("correct horse lorry staple"), Some(hash.clone())).await.unwrap());
        assert!(!fits(Secret::new("correct horse lorry stable"), Some(hash)).await.unwrap());
        assert!(!fits(Secret::new("correct horse lorry staple"), None).await.unwrap());
        // It must cost as much as a real one, so it must be one that can be read.
        assert!(argon2::password_hash::phc::PasswordHash::new(NOBODY).is_ok());
    }
}
