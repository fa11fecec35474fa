//! A sound server of its own, with loudspeakers that nobody hears and that can be listened to.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};

use crate::process::{PATIENCE, Running, isolated, make_home};

/// A running PulseAudio.
#[derive(Debug)]
pub struct SoundServer {
    _server: Running,
    folder: PathBuf,
}

const RATE: usize = 48_000;
/// A cookie of the native protocol.
const COOKIE_BYTES: usize = 256;
/// 10 ms.
const BLOCK: usize = RATE / 100;
/// So much of a tone is listened to at once: half a second.
const HEARD: usize = 50 * BLOCK;

impl SoundServer {
    /// Starts one with loudspeakers of these names.
    ///
    /// # Errors
    /// If it doesn't start.
    pub fn start(folder: &Path, speakers: &[&str]) -> Result<Self> {
        make_home(folder)?;
        let mut command = isolated("pulseaudio", folder);
        command.args(["--daemonize=no", "--exit-idle-time=-1", "--system=false", "-n"]);
        for name in speakers {
            command.arg("-L").arg(format!("module-null-sink sink_name={name} sink_properties=device.description={name}"));
        }
        // Last, so that whoever finds the socket finds the loudspeakers.
        let socket = folder.join("native");
        std::fs::write(folder.join("cookie"), [0; COOKIE_BYTES])?;
        command.arg("-L").arg(format!("module-native-protocol-unix auth-anonymous=1 socket={}", socket.display()));
        let mut server = Running::start("pulseaudio", &mut command, &folder.join("sound.log"))?;
        server.until("it listens", || Ok(socket.exists()))?;
        Ok(Self { _server: server, folder: folder.to_owned() })
    }

    /// Lets programs find it. Whoever has no cookie is turned away by the server, though it would take any.
    pub fn variables(&self) -> [(&str, String); 2] {
        let path = |name: &str| self.folder.join(name).display().to_string();
        [("PULSE_SERVER", format!("unix:{}", path("native"))), ("PULSE_COOKIE", path("cookie"))]
    }

    /// Takes a loudspeaker away, whoever plays on it.
    ///
    /// # Errors
    /// If there is none of that name.
    pub fn unplug(&self, speaker: &str) -> Result<()> {
        let modules = self.control(&["list", "short", "modules"])?;
        let module = modules.lines().find(|line| line.contains(&format!("sink_name={speaker} ")));
        let number = module.and_then(|line| line.split_whitespace().next()).with_context(|| format!("no {speaker} in {modules}"))?;
        self.control(&["unload-module", number])?;
        Ok(())
    }

    /// Waits until a loudspeaker plays a tone of this pitch.
    ///
    /// # Errors
    /// If it doesn't come.
    pub fn hear(&self, speaker: &str, hertz: f32) -> Result<()> {
        let mut command = self.client("parec");
        command.args(["--raw", "--format=s16le", "--rate=48000", "--channels=1", "--latency-msec=50"]);
        command.arg(format!("--device={speaker}.monitor")).stdout(Stdio::piped());
        let mut recorder = command.spawn().context("parec")?;
        let mut sound = recorder.stdout.take().context("the sound of parec")?;
        let mut loudest = 0;
        let heard = (|| {
            let mut bytes = vec![0; 2 * HEARD];
            for _ in 0..PATIENCE.as_secs() as usize * RATE / HEARD {
                sound.read_exact(&mut bytes).context("the loudspeaker is silent")?;
                let samples: Vec<i16> = bytes.chunks_exact(2).filter_map(|pair| Some(i16::from_le_bytes(pair.try_into().ok()?))).collect();
                loudest = loudest.max(peak(&samples));
                if is_tone(&samples, hertz) {
                    return Ok(());
                }
            }
            bail!("no tone of {hertz} Hz from {speaker}; its loudest sample was {loudest}")
        })();
        recorder.kill()?;
        recorder.wait()?;
        heard
    }

    fn control(&self, arguments: &[&str]) -> Result<String> {
        let output = self.client("pactl").args(arguments).output().context("pactl")?;
        ensure!(output.status.success(), "pactl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    }

    fn client(&self, program: &str) -> Command {
        let mut command = isolated(program, &self.folder);
        command.envs(self.variables());
        command
    }
}

fn peak(samples: &[i16]) -> i16 {
    samples.iter().map(|sample| sample.saturating_abs()).max().unwrap_or(0)
}

/// Whether a third of it at least is loud, and its waves are as long as the pitch's, a twentieth more or less: the middle one of all, for on a
/// busy machine sound has holes.
fn is_tone(samples: &[i16], hertz: f32) -> bool {
    let loud = samples.chunks(BLOCK).filter(|block| peak(block) > 500).count();
    let rises = |pair: &[i16]| matches!(pair, [before, after] if *before < 0 && *after >= 0);
    let begins: Vec<usize> = samples.windows(2).enumerate().filter(|(_, pair)| rises(pair)).map(|(at, _)| at).collect();
    let mut waves: Vec<usize> = begins.windows(2).filter_map(|pair| Some(pair.last()? - pair.first()?)).collect();
    waves.sort_unstable();
    let expected = RATE as f32 / hertz;
    let is_pitch = waves.get(waves.len() / 2).is_some_and(|wave| (*wave as f32 - expected).abs() <= expected / 20.0);
    3 * loud * BLOCK >= samples.len() && is_pitch
}
