//! Long lists, fetched and printed a page at a time, the newest first.

use bezel_core::Result;
use serde::Serialize;

use crate::output::{Output, PAGE};

/// A page of a list.
pub(crate) struct Page<T, C> {
    pub(crate) rows: Vec<T>,
    /// Where the list goes on; none at its end.
    pub(crate) next: Option<C>,
}

/// Prints up to `limit` rows from a place on, and where the list goes on if it does. `fetch` is asked for so many rows from a place on;
/// `ask` says how one asks for the rest.
///
/// # Errors
/// Those of `fetch`.
pub(crate) async fn print<T: Serialize, C: Serialize + Clone>(
    output: &Output,
    limit: u32,
    from: C,
    fetch: impl AsyncFn(C, u32) -> Result<Page<T, C>>,
    line: impl Fn(&T) -> String,
    ask: impl Fn(&C) -> String,
) -> Result<()> {
    let (mut left, mut from) = (limit.max(1), from);
    loop {
        let size = left.min(PAGE);
        let page = fetch(from, size).await?;
        output.lines(&page.rows, &line);
        left -= size;
        let Some(next) = page.next else { return Ok(()) };
        if left == 0 {
            // A full page may be the last one.
            if !fetch(next.clone(), 1).await?.rows.is_empty() {
                output.earlier(&next, &ask(&next));
            }
            return Ok(());
        }
        from = next;
    }
}
