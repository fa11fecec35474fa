//! Files: sealing and opening beside `age` and `openssl`, and beside a plain copy; and end to end through a relay.
//!
//! Every round runs every contender once, one after the other, on the same file; a result is the median of its rounds, as a ratio to
//! the plain copy of the same run. `BEZEL_FILE_MIB` sets the size (1024), `BEZEL_BENCH_FOLDER` the folder (`/dev/shm`, so that no disk is
//! measured), `BEZEL_ROUNDS` the rounds (5).

#![expect(clippy::print_stdout, reason = "its table is read where it was started")]

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use bezel_crypto::SystemRng;
use bezel_crypto::file::{Blob, CHUNK_BYTES, FileCipher, FileKey, HEADER_BYTES, Layout};
use bezel_protocol::{ConversationId, FileId};
use bezel_tests::member::Member;
use bezel_tests::scene::{Stage, found, join, relay};

const PART_CHUNKS: u64 = 64;
const THREADS: usize = 2;

type Contender<'a> = Box<dyn Fn() -> Result<()> + 'a>;

fn main() -> Result<()> {
    // Whoever lists tests asks every target; only `cargo bench` wants the numbers.
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok(());
    }
    let setting = |name: &str, default: u64| std::env::var(name).ok().map_or(Ok(default), |value| value.parse::<u64>());
    let (mib, rounds) = (setting("BEZEL_FILE_MIB", 1024)?, setting("BEZEL_ROUNDS", 5)?);
    let parent = std::env::var_os("BEZEL_BENCH_FOLDER").map_or_else(|| PathBuf::from("/dev/shm"), PathBuf::from);
    let folder = tempfile::tempdir_in(parent)?;
    let bench = &Bench::new(folder.path(), mib)?;
    let mut contenders: Vec<(&str, Contender<'_>)> = vec![
        ("plain copy, read and written by 1 MiB", Box::new(|| bench.copy())),
        ("cp", Box::new(|| bench.run("cp", &["--reflink=never", "plain", "copy"]))),
        ("bezel seal", Box::new(|| bench.seal())),
        ("bezel open", Box::new(|| bench.open())),
    ];
    if bench.has("age") {
        contenders.push(("age encrypt", Box::new(|| bench.run("age", &["-e", "-r", &bench.recipient, "-o", "age", "plain"]))));
        contenders.push(("age decrypt", Box::new(|| bench.run("age", &["-d", "-i", "identity", "-o", "age-plain", "age"]))));
    }
    if bench.has("openssl") {
        let key = ["-K", &"ab".repeat(32), "-iv", &"cd".repeat(16)].map(str::to_owned);
        let (encrypt, decrypt) = (key.clone(), key);
        contenders.push(("openssl ctr encrypt (no authentication)", Box::new(move || bench.openssl("-e", "plain", "ctr", &encrypt))));
        contenders.push(("openssl ctr decrypt (no authentication)", Box::new(move || bench.openssl("-d", "ctr", "ctr-plain", &decrypt))));
    }
    let mut seconds = vec![Vec::new(); contenders.len()];
    for _ in 0..rounds {
        for ((_, contender), seconds) in contenders.iter().zip(&mut seconds) {
            let began = now();
            contender()?;
            seconds.push(began.elapsed().as_secs_f64());
        }
    }
    let medians: Vec<f64> = seconds.iter_mut().map(|seconds| median(seconds)).collect();
    let copy = medians.first().copied().context("the copy ran")?;
    println!("{mib} MiB, median of {rounds} rounds");
    println!("{:42} {:>8} {:>10} {:>8}", "", "seconds", "MiB/s", "of copy");
    for ((name, _), median) in contenders.iter().zip(&medians) {
        println!("{name:42} {median:8.2} {:10.0} {:8.2}", mib as f64 / median, median / copy);
    }
    drop(contenders);
    end_to_end(folder.path(), mib, copy)
}

struct Bench {
    folder: PathBuf,
    recipient: String,
    key: FileKey,
    cipher: FileCipher,
    layout: Layout,
}

const BLOB: Blob = Blob { file: FileId::from_bytes([1; 16]), conversation: ConversationId::from_bytes([2; 16]) };

impl Bench {
    fn new(folder: &Path, mib: u64) -> Result<Self> {
        let mut plain = File::create(folder.join("plain"))?;
        let mut state = 1_u64;
        for _ in 0..mib {
            let block: Vec<u8> = (0..1 << 17).flat_map(|_| next(&mut state).to_le_bytes()).collect();
            plain.write_all(&block)?;
        }
        let identity =
            Command::new("age-keygen").output().map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default();
        std::fs::write(folder.join("identity"), &identity)?;
        let recipient = identity.lines().find_map(|line| line.strip_prefix("# public key: ")).unwrap_or_default().to_owned();
        let key = FileKey::random(&mut SystemRng)?;
        let cipher = FileCipher::new(&key, BLOB, &mut SystemRng)?;
        Ok(Self { folder: folder.to_owned(), recipient, key, cipher, layout: Layout::of_size(mib << 20)? })
    }

    fn has(&self, program: &str) -> bool {
        let found = Command::new(program).arg("--help").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
        if !found {
            println!("{program} is not installed: it is left out (apt install {program})");
        }
        found
    }

    fn run(&self, program: &str, args: &[&str]) -> Result<()> {
        let _ = std::fs::remove_file(self.folder.join(if program == "cp" { "copy" } else { "age-plain" }));
        let status = Command::new(program).args(args).current_dir(&self.folder).status()?;
        ensure!(status.success(), "{program} failed");
        Ok(())
    }

    fn openssl(&self, way: &str, from: &str, to: &str, key: &[String]) -> Result<()> {
        let _ = std::fs::remove_file(self.folder.join(to));
        let status = Command::new("openssl")
            .args(["enc", "-aes-256-ctr", way, "-in", from, "-out", to])
            .args(key)
            .current_dir(&self.folder)
            .status()?;
        ensure!(status.success(), "openssl failed");
        Ok(())
    }

    fn copy(&self) -> Result<()> {
        let (mut plain, mut copied) = (File::open(self.folder.join("plain"))?, self.fresh("copied")?);
        let mut block = vec![0; 1 << 20];
        loop {
            let read = plain.read(&mut block)?;
            if read == 0 {
                return Ok(());
            }
            copied.write_all(block.get(..read).unwrap_or_default())?;
        }
    }

    fn seal(&self) -> Result<()> {
        let (plain, sealed) = (File::open(self.folder.join("plain"))?, self.fresh("sealed")?);
        sealed.write_all_at(self.cipher.header(), 0)?;
        self.in_parallel(|chunks, input, output| {
            let (bytes, place) = (self.plain(&chunks), self.layout.sealed(chunks.clone()));
            input.resize((bytes.end - bytes.start) as usize, 0);
            output.resize((place.end - place.start) as usize, 0);
            plain.read_exact_at(input, bytes.start)?;
            self.cipher.seal(self.layout, chunks.start, input, output)?;
            Ok(sealed.write_all_at(output, place.start)?)
        })
    }

    fn open(&self) -> Result<()> {
        let (sealed, opened) = (File::open(self.folder.join("sealed"))?, self.fresh("opened")?);
        let mut header = [0; HEADER_BYTES];
        sealed.read_exact_at(&mut header, 0)?;
        let cipher = FileCipher::open(&self.key, BLOB, &header)?;
        self.in_parallel(|chunks, input, output| {
            let (bytes, place) = (self.plain(&chunks), self.layout.sealed(chunks.clone()));
            input.resize((place.end - place.start) as usize, 0);
            output.resize((bytes.end - bytes.start) as usize, 0);
            sealed.read_exact_at(input, place.start)?;
            cipher.open_chunks(self.layout, chunks.start, input, output)?;
            Ok(opened.write_all_at(output, bytes.start)?)
        })
    }

    fn fresh(&self, name: &str) -> Result<File> {
        let _ = std::fs::remove_file(self.folder.join(name));
        Ok(File::create(self.folder.join(name))?)
    }

    fn plain(&self, chunks: &Range<u64>) -> Range<u64> {
        let at = |chunk: u64| (chunk * CHUNK_BYTES as u64).min(self.layout.size());
        at(chunks.start)..at(chunks.end)
    }

    /// Every part once, by as many threads as a small machine has cores.
    fn in_parallel(&self, work: impl Fn(Range<u64>, &mut Vec<u8>, &mut Vec<u8>) -> Result<()> + Sync) -> Result<()> {
        let next = AtomicU64::new(0);
        let worker = || -> Result<()> {
            let (mut input, mut output) = (Vec::new(), Vec::new());
            loop {
                let first = next.fetch_add(PART_CHUNKS, Ordering::Relaxed);
                if first >= self.layout.chunks() {
                    return Ok(());
                }
                work(first..(first + PART_CHUNKS).min(self.layout.chunks()), &mut input, &mut output)?;
            }
        };
        std::thread::scope(|scope| {
            let workers: Vec<_> = (0..THREADS).map(|_| scope.spawn(worker)).collect();
            workers.into_iter().try_for_each(|worker| worker.join().map_err(|_| anyhow::anyhow!("a thread ended"))?)
        })
    }
}

/// `bezel file send` and `bezel file get` through a relay on the same machine, each once.
fn end_to_end(folder: &Path, mib: u64, copy: f64) -> Result<()> {
    for name in ["copied", "copy", "age", "age-plain", "ctr", "ctr-plain", "sealed", "opened"] {
        let _ = std::fs::remove_file(folder.join(name));
    }
    let stage = Stage::new("bench-files")?;
    let relay = relay(&stage)?;
    let (ana, ben) = (Member::with_passphrase(stage.path(), "ana")?, Member::with_passphrase(stage.path(), "ben")?);
    found(&ana, "Maison Lune", &relay.url())?;
    join(&ana, &ben, "member")?;
    ana.json(&["sync"])?;
    let ring = ana.field(&["conversation", "create", "--title", "Ring", "--with", "ben"], "conversation")?;
    let plain = folder.join("plain").to_string_lossy().into_owned();
    let began = now();
    let file = ana.field(&["file", "send", &ring, &plain], "file")?;
    let sent = began.elapsed().as_secs_f64();
    ben.json(&["sync"])?;
    let out = folder.join("got").to_string_lossy().into_owned();
    let began = now();
    ben.json(&["file", "get", &file, "--out", &out])?;
    let got = began.elapsed().as_secs_f64();
    println!(
        "through the relay, blobs synced to disk: send {:.0} MiB/s ({:.1} of the copy), get {:.0} MiB/s ({:.1} of the copy)",
        mib as f64 / sent,
        sent / copy,
        mib as f64 / got,
        got / copy
    );
    Ok(())
}

#[expect(clippy::disallowed_methods, reason = "a benchmark measures time")]
fn now() -> Instant {
    Instant::now()
}

fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *state
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
