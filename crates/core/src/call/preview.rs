//! What the others will see and hear, before they do.

use std::sync::Arc;

use bezel_calls::device::DeviceError;
use bezel_calls::media::{DeviceSender, Outgoing};
use bezel_crypto::call::Track;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::Sink;
use super::options::Source;
use crate::error::{Error, Result};

/// So many pictures wait to be shown.
const QUEUE: usize = 8;

/// A camera and a microphone that are tried. Nothing leaves this machine; dropped, it lets go of them.
pub struct Preview {
    camera: Option<DeviceSender>,
    microphone: Option<DeviceSender>,
    showing: JoinHandle<()>,
}

impl Preview {
    /// Opens what is given; pictures go to `sink` as one's own camera's. One that does not open is told beside what does.
    pub async fn open(camera: Option<Source>, microphone: Option<Source>, sink: Arc<dyn Sink>) -> (Self, Result<()>) {
        let (outgoing, mut pictures) = mpsc::channel(QUEUE);
        let camera = opened(camera, async |source| {
            let pictures = source.camera().await?;
            started(DeviceSender::pictures(Track::Camera, pictures, tokio::time::Instant::now().into_std(), outgoing.clone()))
        })
        .await;
        let microphone = opened(microphone, async |source| {
            let sound = source.microphone().await?;
            let microphone = started(DeviceSender::sound(sound, None, outgoing.clone()))?;
            // Only how loud it is.
            microphone.set_muted(true);
            Ok(microphone)
        })
        .await;
        let showing = tokio::spawn(async move {
            while let Some(outgoing) = pictures.recv().await {
                if let Outgoing::Picture(track, picture) = outgoing {
                    sink.picture(None, track, &picture.data, i64::from(picture.timestamp));
                }
            }
        });
        let problem = camera.as_ref().err().or(microphone.as_ref().err());
        let told = problem.map_or(Ok(()), |error| Err(Error::new("device", format!("{error}."), "Choose another device.")));
        let preview = Self { camera: camera.ok().flatten(), microphone: microphone.ok().flatten(), showing };
        (preview, told)
    }

    /// How loud the microphone is, 0 to 1.
    #[must_use]
    pub fn level(&self) -> f32 {
        self.microphone.as_ref().map_or(0.0, DeviceSender::level)
    }

    /// Whoever shows the pictures can't decode them without a key frame.
    pub fn want_key_frame(&self) {
        if let Some(camera) = &self.camera {
            camera.want_key();
        }
    }
}

impl Drop for Preview {
    fn drop(&mut self) {
        self.showing.abort();
    }
}

async fn opened(
    source: Option<Source>,
    open: impl AsyncFnOnce(Source) -> std::result::Result<DeviceSender, DeviceError>,
) -> std::result::Result<Option<DeviceSender>, DeviceError> {
    match source {
        Some(source) => open(source).await.map(Some),
        None => Ok(None),
    }
}

fn started(sender: std::io::Result<DeviceSender>) -> std::result::Result<DeviceSender, DeviceError> {
    sender.map_err(|error| DeviceError::Failed { name: "The device".into(), reason: error.to_string() })
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::time::Duration;

    use bezel_calls::call::Peer;

    use super::*;

    #[derive(Default)]
    struct Seen(Mutex<Vec<Vec<u8>>>);

    impl Sink for Seen {
        fn picture(&self, peer: Option<Peer>, track: Track, frame: &[u8], _: i64) {
            assert_eq!((peer, track), (None, Track::Camera));
            self.0.lock().unwrap().push(frame.to_vec());
        }
    }

    async fn until(what: &str, holds: impl Fn() -> bool) {
        let waits = async {
            while !holds() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), waits).await.unwrap_or_else(|_| panic!("{what}"));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_is_tried_is_seen_and_heard_and_let_go_of() {
        let seen = Arc::new(Seen::default());
        let (preview, told) = Preview::open(Some(Source::Synthetic), Some(Source::Synthetic), Arc::<Seen>::clone(&seen)).await;
        told.unwrap();
        let count = || seen.0.lock().unwrap().len();
        until("pictures come", || count() > 5).await;
        until("the tone is heard", || preview.level() > 0.01).await;
        // RFC 6386 §9.1: the first bit of a key frame is not set.
        let keys = || seen.0.lock().unwrap().iter().filter(|frame| frame[0] & 1 == 0).count();
        let before = keys();
        preview.want_key_frame();
        until("a key frame is made when it is asked for", || keys() > before).await;
        drop(preview);
        until("nobody holds the sink any more", || Arc::strong_count(&seen) == 1).await;
    }

    #[tokio::test]
    async fn a_device_that_is_not_there_is_told_and_the_other_one_opens() {
        let gone = Source::Device("no such camera".into());
        let (preview, told) = Preview::open(Some(gone), Some(Source::Synthetic), Arc::new(Seen::default())).await;
        assert_eq!(told.unwrap_err().code, "device");
        until("the tone is heard", || preview.level() > 0.01).await;
    }
}
