//! So many things of a list that comes in pages.
//!
//! Knows pages; nothing of what is listed.

use api::Page;
use api::client::ClientError;

/// Most things of one page.
const PAGE: u32 = 100;

/// The first things of a list, `limit` at most. `page` gives those after a place, so many at most.
///
/// # Errors
/// A page could not be had.
pub(crate) async fn first<T>(
    limit: u32,
    mut after: Option<String>,
    page: impl AsyncFn(Option<&str>, u32) -> Result<Page<T>, ClientError>,
) -> Result<Vec<T>, ClientError> {
    let mut all = Vec::new();
    loop {
        let left = limit.saturating_sub(u32::try_from(all.len()).unwrap_or(u32::MAX));
        if left == 0 {
            return Ok(all);
        }
        let Page { items, next } = page(after.as_deref(), left.min(PAGE)).await?;
        // A server that repeats a page would keep the loop for ever.
        let goes_on = next.is_some() && next != after && !items.is_empty();
        all.extend(items);
        if !goes_on {
            return Ok(all);
        }
        after = next;
    }
}
