//! What devices there are.

use cpal::traits::{DeviceTrait, HostTrait};
use serde::Serialize;
use ts_rs::TS;

/// A device one can choose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, TS)]
pub struct DeviceInfo {
    /// What it is opened by. The same as long as it is plugged in.
    pub id: String,
    /// What people call it.
    pub name: String,
    /// Whether the system would take it.
    pub is_default: bool,
}

/// All devices. A list is empty where there are none, or where the system does not tell.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, TS)]
pub struct Devices {
    /// Cameras.
    pub cameras: Vec<DeviceInfo>,
    /// Microphones.
    pub microphones: Vec<DeviceInfo>,
    /// Loudspeakers.
    pub speakers: Vec<DeviceInfo>,
    /// Whole screens.
    pub screens: Vec<DeviceInfo>,
    /// Windows of all programs.
    pub windows: Vec<DeviceInfo>,
}

/// Looks what there is now. Takes up to some hundred milliseconds.
#[must_use]
pub fn devices() -> Devices {
    let (microphones, speakers) = sound();
    Devices { cameras: cameras(), microphones, speakers, screens: screens(), windows: windows() }
}

/// Tells what changed since one looked last. Call it every few seconds, on a thread that may wait.
#[derive(Debug, Default)]
pub struct DeviceWatch {
    last: Option<Devices>,
}

impl DeviceWatch {
    /// What there is now, if it is not what there was; always something at first. Windows come and go all the time and don't count.
    pub fn poll(&mut self) -> Option<Devices> {
        let (microphones, speakers) = sound();
        self.changed(Devices { cameras: cameras(), microphones, speakers, screens: screens(), windows: Vec::new() })
    }

    fn changed(&mut self, now: Devices) -> Option<Devices> {
        if self.last.as_ref() == Some(&now) {
            return None;
        }
        self.last = Some(now.clone());
        Some(Devices { windows: windows(), ..now })
    }
}

fn cameras() -> Vec<DeviceInfo> {
    let found = nokhwa::query(nokhwa::utils::ApiBackend::Auto).unwrap_or_else(|error| {
        tracing::debug!(%error, "cameras can't be listed");
        Vec::new()
    });
    let info = |(number, camera): (usize, &nokhwa::utils::CameraInfo)| DeviceInfo {
        id: camera.index().as_string(),
        name: camera.human_name(),
        is_default: number == 0,
    };
    found.iter().enumerate().map(info).collect()
}

fn sound() -> (Vec<DeviceInfo>, Vec<DeviceInfo>) {
    let host = cpal::default_host();
    let list = |found: Result<Vec<cpal::Device>, cpal::Error>, default: Option<cpal::Device>| -> Vec<DeviceInfo> {
        let default = default.and_then(|device| device.id().ok());
        let found = found.unwrap_or_else(|error| {
            tracing::debug!(%error, "devices of sound can't be listed");
            Vec::new()
        });
        let info = |device: cpal::Device| {
            let id = device.id().ok()?;
            let name = device.description().ok()?.name().to_owned();
            Some(DeviceInfo { is_default: default.as_ref() == Some(&id), id: id.to_string(), name })
        };
        found.into_iter().filter_map(info).collect()
    };
    let mut microphones = list(host.input_devices().map(Iterator::collect), host.default_input_device());
    // What a loudspeaker plays is nothing one speaks into.
    microphones.retain(|device| !device.id.ends_with(".monitor"));
    (microphones, list(host.output_devices().map(Iterator::collect), host.default_output_device()))
}

fn screens() -> Vec<DeviceInfo> {
    let found = xcap::Monitor::all().unwrap_or_else(|error| {
        tracing::debug!(%error, "screens can't be listed");
        Vec::new()
    });
    let info = |(number, screen): (usize, &xcap::Monitor)| {
        let name = screen.friendly_name().or_else(|_| screen.name()).unwrap_or_else(|_| format!("Screen {}", number + 1));
        Some(DeviceInfo { id: screen.id().ok()?.to_string(), name, is_default: number == 0 })
    };
    found.iter().enumerate().filter_map(info).collect()
}

fn windows() -> Vec<DeviceInfo> {
    let found = xcap::Window::all().unwrap_or_else(|error| {
        tracing::debug!(%error, "windows can't be listed");
        Vec::new()
    });
    let info = |window: &xcap::Window| {
        let name = window.title().ok().filter(|title| !title.trim().is_empty())?;
        Some(DeviceInfo { id: window.id().ok()?.to_string(), name, is_default: false })
    };
    found.iter().filter_map(info).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watch_tells_only_of_changes() {
        let camera = DeviceInfo { id: "0".into(), name: "Camera".into(), is_default: true };
        let with = Devices { cameras: vec![camera], ..Devices::default() };
        let mut watch = DeviceWatch::default();
        assert!(watch.changed(with.clone()).is_some());
        assert!(watch.changed(with.clone()).is_none());
        assert!(watch.changed(Devices::default()).is_some());
        assert!(watch.changed(with).is_some());
    }
}
