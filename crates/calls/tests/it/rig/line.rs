//! Two network namespaces and a line between them whose faults are chosen. Needs root, `ip` of iproute2, and Python.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

/// How many pairs of interfaces lead from one side to the other.
pub const PAIRS: u8 = 2;

/// How a pair of interfaces carries, both ways.
#[derive(Clone, Copy, Debug, Default, serde::Serialize)]
pub struct Fault {
    /// The share of packets that get lost, 0 to 1.
    pub loss: f64,
    /// In milliseconds.
    pub delay: f64,
    /// By so many milliseconds more or less than `delay`, each packet for itself.
    pub jitter: f64,
    /// Bits a second; 0 is any number.
    pub rate: f64,
    /// Carries nothing.
    pub cut: bool,
}

/// One side of the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    A,
    B,
}

impl Side {
    const fn letter(self) -> &'static str {
        match self {
            Self::A => "a",
            Self::B => "b",
        }
    }
}

/// The namespaces and what joins them; they go with it.
pub struct Line {
    name: String,
    process: Child,
    faults: ChildStdin,
    said: BufReader<ChildStdout>,
}

static LINES: AtomicU32 = AtomicU32::new(0);

impl Line {
    /// Two sides with two pairs of interfaces. Side B has both up, side A the first.
    pub fn new() -> Self {
        let name = format!("bezel{}-{}", std::process::id(), LINES.fetch_add(1, Ordering::Relaxed));
        let inside = |namespace: &str, arguments: &str| ip(&format!("-n {name}-{namespace} {arguments}"));
        for namespace in ["a", "b", "line"] {
            ip(&format!("netns add {name}-{namespace}"));
        }
        for side in ["a", "b"] {
            inside(side, "link set lo up");
            for pair in 0..PAIRS {
                inside("line", &format!("link add {side}{pair} type veth peer name eth{pair} netns {name}-{side}"));
                inside("line", &format!("link set {side}{pair} up"));
                // Several packets in one would be one packet at the other end.
                inside(side, &format!("link set eth{pair} gso_max_segs 1"));
                if side == "b" || pair == 0 {
                    join(&name, side, pair);
                }
            }
        }
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/rig/line.py");
        let ends = (0..PAIRS).flat_map(|pair| [format!("a{pair}"), format!("b{pair}")]);
        let mut process = Command::new("ip")
            .args(["netns", "exec", &format!("{name}-line"), "python3", script])
            .args(ends)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("ip and python3 are installed");
        let (faults, said) = (process.stdin.take().unwrap(), BufReader::new(process.stdout.take().unwrap()));
        let mut line = Self { name, process, faults, said };
        line.hear();
        line
    }

    /// From now on a pair carries like this.
    pub fn set(&mut self, pair: u8, fault: Fault) {
        let mut told = serde_json::to_value(fault).unwrap();
        told["pair"] = pair.into();
        writeln!(self.faults, "{told}").unwrap();
        self.hear();
    }

    /// Side A goes from the first pair of interfaces to the second.
    pub fn switch(&self) {
        self.leave();
        self.join();
    }

    /// Side A comes into the second network too. From then on nobody comes from one network into the other.
    pub fn join(&self) {
        for (side, pair) in [("a", 0), ("a", 1), ("b", 0), ("b", 1)] {
            let (from, to) = (address(side, pair), address(side, 1 - pair));
            ip(&format!("-n {}-{side} rule add from {from} to {to}/24 prohibit", self.name));
        }
        join(&self.name, "a", 1);
    }

    /// Side A leaves the first network, as network managers do: the address goes too.
    pub fn leave(&self) {
        ip(&format!("-n {}-a address flush dev eth0", self.name));
        ip(&format!("-n {}-a link set eth0 down", self.name));
    }

    /// Adds a route on one side.
    pub fn route(&self, side: Side, route: &str) {
        ip(&format!("-n {}-{} route add {route}", self.name, side.letter()));
    }

    /// Runs a program on one side.
    pub fn command(&self, side: Side, program: &std::path::Path) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &format!("{}-{}", self.name, side.letter())]).arg(program);
        command
    }

    fn hear(&mut self) {
        let mut said = String::new();
        self.said.read_line(&mut said).unwrap();
        assert!(!said.is_empty(), "the line between the namespaces did not start: see what it wrote above");
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        for namespace in ["a", "b", "line"] {
            let _ = Command::new("ip").args(["netns", "delete", &format!("{}-{namespace}", self.name)]).status();
        }
    }
}

fn join(name: &str, side: &str, pair: u8) {
    // In this order, as in life: whoever sees the address can use it.
    ip(&format!("-n {name}-{side} link set eth{pair} up"));
    ip(&format!("-n {name}-{side} address add {}/24 dev eth{pair}", address(side, pair)));
}

fn address(side: &str, pair: u8) -> String {
    format!("10.77.{pair}.{}", if side == "a" { 1 } else { 2 })
}

fn ip(arguments: &str) {
    let output = Command::new("ip").args(arguments.split(' ')).output().expect("ip (Debian package iproute2) is installed");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "network namespaces can't be made here (root is needed): ip {arguments}: {said}");
}
