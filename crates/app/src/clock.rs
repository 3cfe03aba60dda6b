//! The wall clock and chance, in one place.
//!
//! Everything else is given its time.

/// Seconds since 1970.
pub fn unix_now() -> i64 {
    jiff::Timestamp::now().as_second()
}

/// Random bytes from the system.
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // The system's source fails only where there is none; a fixed value would then be worse than ending.
    getrandom::fill(&mut bytes).expect("the system has a source of randomness");
    bytes
}

/// A random number.
pub fn random_u64() -> u64 {
    u64::from_le_bytes(random())
}

/// A point in time that no change of the wall clock moves, for durations.
pub(crate) fn monotonic() -> std::time::Instant {
    std::time::Instant::now()
}
