//! How much somebody may do: so much at once, then so much a second.

use tokio::time::Instant;

/// A token bucket.
pub(super) struct Allowance {
    most: f64,
    a_second: f64,
    left: f64,
    since: Instant,
}

impl Allowance {
    pub(super) fn new((most, a_second): (f64, f64)) -> Self {
        Self { most, a_second, left: most, since: Instant::now() }
    }

    fn refill(&mut self) {
        let now = Instant::now();
        self.left = (now - self.since).as_secs_f64().mul_add(self.a_second, self.left).min(self.most);
        self.since = now;
    }

    /// Takes one; false when nothing is left.
    pub(super) fn take(&mut self) -> bool {
        self.refill();
        let is_left = self.left >= 1.0;
        if is_left {
            self.left -= 1.0;
        }
        is_left
    }

    /// Whether nothing was taken lately.
    pub(super) fn is_whole(&mut self) -> bool {
        self.refill();
        self.left >= self.most
    }
}
