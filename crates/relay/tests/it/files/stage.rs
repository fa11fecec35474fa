//! A relay as a process of its own, with blobs in a folder or in an S3-compatible store that runs in the process of the test.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};

use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use tokio::net::TcpListener;

use crate::support::{Person, Shop};

pub(super) struct Stage {
    pub(super) shop: Shop,
    child: Child,
    arguments: Vec<String>,
    variables: Vec<(&'static str, String)>,
    /// Where the objects are in the end.
    blobs: PathBuf,
    _s3: Option<tempfile::TempDir>,
}

const BUCKET: &str = "maison-lune";

impl Stage {
    pub(super) async fn with_folder(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let blobs = folder.path().join("blobs");
        Self::begin(folder, blobs, arguments.iter().map(|&argument| argument.to_owned()).collect(), Vec::new(), None).await
    }

    pub(super) async fn with_s3() -> Self {
        let s3 = tempfile::tempdir().unwrap();
        let blobs = s3.path().join(BUCKET);
        std::fs::create_dir(&blobs).unwrap();
        let endpoint = serve_s3(s3.path()).await;
        let variables = [
            ("AWS_ENDPOINT_URL", endpoint.as_str()),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "only-a-test"),
            ("AWS_REGION", "us-east-1"),
            ("BEZEL_BLOBS", "s3://maison-lune/bezel"),
        ];
        let variables = variables.map(|(name, value)| (name, value.to_owned())).to_vec();
        Self::begin(tempfile::tempdir().unwrap(), blobs, Vec::new(), variables, Some(s3)).await
    }

    /// A relay with its data in a folder that is there already.
    async fn begin(
        folder: tempfile::TempDir,
        blobs: PathBuf,
        arguments: Vec<String>,
        variables: Vec<(&'static str, String)>,
        s3: Option<tempfile::TempDir>,
    ) -> Self {
        let (child, base) = serve(folder.path(), &arguments, &variables);
        let shop = Shop::found(base, None, folder).await;
        Self { shop, child, arguments, variables, blobs, _s3: s3 }
    }

    /// Ends the process without a word, as a power cut does.
    pub(super) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again on the same data.
    pub(super) fn resume(&mut self, people: &mut [&mut Person]) {
        let (child, base) = serve(self.shop.folder.path(), &self.arguments, &self.variables);
        self.child = child;
        for person in people {
            person.base.clone_from(&base);
        }
        self.shop.ana.base = base;
    }

    /// The most memory that the process ever had, in KiB; `None` where nobody can tell.
    pub(super) fn peak_memory_kib(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.trim().trim_end_matches(" kB").parse().ok()
    }

    /// Every object.
    pub(super) fn objects(&self) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.blobs.clone()];
        while let Some(folder) = folders.pop() {
            // A folder may go while it is looked at.
            for entry in std::fs::read_dir(folder).into_iter().flatten() {
                let path = entry.unwrap().path();
                if path.is_dir() { folders.push(path) } else { found.push(path) }
            }
        }
        found
    }

    /// Waits until there are so many objects.
    pub(super) async fn settle(&self, objects: usize) {
        for _ in 0..1000 {
            if self.objects().len() == objects {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("{objects} objects were expected: {:?}", self.objects());
    }

    /// Makes an object look as if it had been written two hours ago.
    pub(super) fn age(object: &Path) {
        let before = SystemTime::UNIX_EPOCH + SystemTime::UNIX_EPOCH.elapsed().unwrap() - Duration::from_secs(7200);
        std::fs::File::options().write(true).open(object).unwrap().set_modified(before).unwrap();
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts the program, and reads where it listens.
fn serve(data: &Path, arguments: &[String], variables: &[(&'static str, String)]) -> (Child, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_bezel-relay"))
        .args(["serve", "--data", data.to_str().unwrap(), "--listen", "127.0.0.1:0"])
        .args(arguments)
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let base = line.trim().strip_prefix("listening on ").expect("it says where it listens").to_owned();
    (child, base)
}

/// An S3-compatible server on loopback that wants signed requests; its address.
async fn serve_s3(root: &Path) -> String {
    let mut builder = S3ServiceBuilder::new(s3s_fs::FileSystem::new(root).unwrap());
    builder.set_auth(SimpleAuth::from_single("test", "only-a-test"));
    let service = builder.build();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            socket.set_nodelay(true).unwrap();
            let service = service.clone();
            tokio::spawn(async move {
                let _ = Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(socket), service).await;
            });
        }
    });
    endpoint
}
