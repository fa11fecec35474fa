//! A member who has nothing to do with a flood: asks the relay for the heads over and over, each time by a new connection.

use std::time::{Duration, Instant};

use bezel_protocol::wire::path;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::support::Person;

const PAUSE: Duration = Duration::from_millis(100);

pub(crate) struct Others {
    stop: watch::Sender<bool>,
    asking: JoinHandle<(usize, Duration)>,
}

impl Others {
    pub(crate) fn ask(person: &Person) -> Self {
        let mut person = person.clone();
        person.http = reqwest::Client::builder().no_proxy().pool_max_idle_per_host(0).build().unwrap();
        let (stop, stopped) = watch::channel(false);
        let asking = tokio::spawn(async move {
            let (mut answered, mut longest) = (0, Duration::ZERO);
            while !*stopped.borrow() {
                #[expect(clippy::disallowed_methods, reason = "a benchmark reads the clock")]
                let start = Instant::now();
                assert_eq!(person.get(path::HEADS).await.status, 200, "everybody else is answered");
                longest = longest.max(start.elapsed());
                answered += 1;
                tokio::time::sleep(PAUSE).await;
            }
            (answered, longest)
        });
        Self { stop, asking }
    }

    /// How often there was an answer, and the longest wait for one.
    pub(crate) async fn stop(self) -> (usize, Duration) {
        self.stop.send_replace(true);
        self.asking.await.expect("everybody else is answered")
    }
}
