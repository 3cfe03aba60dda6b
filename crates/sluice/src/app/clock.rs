//! The wall clock and chance, in one place.
//!
//! Everything else is given its time.

/// Seconds since 1970.
pub(crate) fn unix_now() -> i64 {
    jiff::Timestamp::now().as_second()
}

/// Random bytes from the system.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // The system's source fails only where there is none; a fixed value would then be worse than ending.
    getrandom::fill(&mut bytes).expect("the system has a source of randomness");
    bytes
}

/// A random number.
pub(crate) fn random_u64() -> u64 {
    u64::from_le_bytes(random())
}
