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

pub(super) fn cameras() -> Vec<DeviceInfo> {
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
        plain(found.into_iter().filter_map(info).collect())
    };
    let mut microphones = list(host.input_devices().map(Iterator::collect), host.default_input_device());
    // What a loudspeaker plays is nothing one speaks into.
    microphones.retain(|device| !device.id.ends_with(".monitor"));
    (microphones, list(host.output_devices().map(Iterator::collect), host.default_output_device()))
}

/// ALSA lists every way to a device, its plugins and its sound servers beside each other. A person chooses among devices, each once, by the way
/// that converts; and the default, which is the sound server's where there is one. What other systems list stays.
fn plain(mut found: Vec<DeviceInfo>) -> Vec<DeviceInfo> {
    const ALSA: &str = "alsa:";
    const DEFAULTS: [&str; 3] = ["default", "pipewire", "pulse"];
    let pcm = |device: &DeviceInfo| device.id.strip_prefix(ALSA).map(str::to_owned);
    let card = |pcm: &str| pcm.strip_prefix("plughw:CARD=").map(|card| !card.starts_with(|first: char| first.is_ascii_digit()));
    let all: Vec<String> = found.iter().filter_map(pcm).collect();
    let default = DEFAULTS.iter().find(|name| all.iter().any(|pcm| pcm == *name));
    // A card is listed by its name and by its number.
    let has_names = all.iter().any(|pcm| card(pcm) == Some(true));
    found.retain(|device| match pcm(device) {
        None => true,
        Some(pcm) => default.is_some_and(|name| *name == pcm) || card(&pcm).is_some_and(|is_named| is_named || !has_names),
    });
    found
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

    fn listed(devices: &[(&str, &str)]) -> Vec<DeviceInfo> {
        let info = |(id, name): &(&str, &str)| DeviceInfo { id: (*id).into(), name: (*name).into(), is_default: *id == "alsa:default" };
        devices.iter().map(info).collect()
    }

    /// Outputs as cpal gives them on a notebook with PipeWire and ALSA's plugins.
    const NOTEBOOK: [(&str, &str); 26] = [
        ("alsa:null", "Discard all samples (playback) or generate zero samples (capture)"),
        ("alsa:lavrate", "Rate Converter Plugin Using Libav/FFmpeg Library"),
        ("alsa:samplerate", "Rate Converter Plugin Using Samplerate Library"),
        ("alsa:speexrate", "Rate Converter Plugin Using Speex Resampler"),
        ("alsa:jack", "JACK Audio Connection Kit"),
        ("alsa:oss", "Open Sound System"),
        ("alsa:pipewire", "PipeWire Sound Server"),
        ("alsa:pulse", "PulseAudio Sound Server"),
        ("alsa:speex", "Plugin using Speex DSP (resample, agc, denoise, echo, dereverb)"),
        ("alsa:upmix", "Plugin for channel upmix (4,6,8)"),
        ("alsa:vdownmix", "Plugin for channel downmix (stereo)"),
        ("alsa:default", "Default ALSA Output (currently PipeWire Media Server)"),
        ("alsa:hw:CARD=PCH,DEV=0", "Intel PCH, ALC257 Analog"),
        ("alsa:plughw:CARD=PCH,DEV=0", "Intel PCH, ALC257 Analog"),
        ("alsa:sysdefault:CARD=PCH", "Intel PCH, ALC257 Analog"),
        ("alsa:front:CARD=PCH,DEV=0", "Intel PCH, ALC257 Analog"),
        ("alsa:surround51:CARD=PCH,DEV=0", "Intel PCH, ALC257 Analog"),
        ("alsa:hdmi:CARD=PCH,DEV=0", "Intel PCH, HDMI 0"),
        ("alsa:hw:CARD=PCH,DEV=3", "Intel PCH, HDMI 0"),
        ("alsa:plughw:CARD=PCH,DEV=3", "Intel PCH, HDMI 0"),
        ("alsa:dmix:CARD=PCH,DEV=0", "Intel PCH, ALC257 Analog"),
        ("alsa:usbstream:CARD=PCH", "Intel PCH"),
        ("alsa:hw:CARD=0,DEV=0", "Intel PCH, ALC257 Analog"),
        ("alsa:plughw:CARD=0,DEV=0", "Intel PCH, ALC257 Analog"),
        ("alsa:hw:CARD=0,DEV=3", "Intel PCH, HDMI 0"),
        ("alsa:plughw:CARD=0,DEV=3", "Intel PCH, HDMI 0"),
    ];

    fn ids(devices: &[(&str, &str)]) -> Vec<String> {
        plain(listed(devices)).into_iter().map(|device| device.id).collect()
    }

    #[test]
    fn of_what_alsa_lists_the_default_and_each_device_once_are_to_be_chosen() {
        assert_eq!(ids(&NOTEBOOK), ["alsa:default", "alsa:plughw:CARD=PCH,DEV=0", "alsa:plughw:CARD=PCH,DEV=3"]);
    }

    #[test]
    fn cards_that_have_no_names_and_a_server_that_is_not_the_default_are_to_be_chosen() {
        let nameless =
            [("alsa:pulse", "PulseAudio Sound Server"), ("alsa:hw:CARD=0,DEV=0", "Card 0"), ("alsa:plughw:CARD=0,DEV=0", "Card 0")];
        assert_eq!(ids(&nameless), ["alsa:pulse", "alsa:plughw:CARD=0,DEV=0"]);
    }

    #[test]
    fn what_other_systems_list_stays() {
        let listed =
            [("pulseaudio:alsa_input.pci-0000_00_1f.3.analog-stereo", "Built-in Audio"), ("coreaudio:BuiltIn", "MacBook Microphone")];
        assert_eq!(ids(&listed), listed.map(|(id, _)| id));
    }

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
