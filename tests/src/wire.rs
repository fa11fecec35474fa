//! Listens between members and the relay: forwards every byte, and keeps a copy of both directions.
//!
//! Frames of a WebSocket from a client are masked with a key that travels with them, which would hide a leak; the copy is
//! written a second time with the masks taken off.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{JoinHandle, spawn};

use anyhow::Result;
use memchr::memmem;

/// A recording proxy on a loopback port.
#[derive(Debug)]
pub struct Wire {
    address: SocketAddr,
    folder: PathBuf,
    ended: Arc<AtomicBool>,
    listener: Option<JoinHandle<()>>,
}

impl Wire {
    /// Forwards to the loopback port `to`; the copies go to `folder`, a file a direction and connection.
    ///
    /// # Errors
    /// If no port is free.
    pub fn tap(to: u16, folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder)?;
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let address = listener.local_addr()?;
        let ended = Arc::new(AtomicBool::new(false));
        let (over, into) = (Arc::clone(&ended), folder.to_owned());
        let count = AtomicUsize::new(0);
        let listener = spawn(move || {
            for client in listener.incoming().flatten() {
                if over.load(Ordering::SeqCst) {
                    return;
                }
                let number = count.fetch_add(1, Ordering::SeqCst);
                if let Ok(server) = TcpStream::connect(("127.0.0.1", to)) {
                    forward(&client, &server, into.join(format!("{number:04}-up")));
                    forward(&server, &client, into.join(format!("{number:04}-down")));
                }
            }
        });
        Ok(Self { address, folder: folder.to_owned(), ended, listener: Some(listener) })
    }

    /// What members use as the relay's address.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Writes beside each copy from a client the same with WebSocket masks taken off, and returns the number of
    /// connections and of bytes heard.
    ///
    /// # Errors
    /// If a copy can't be read or written.
    pub fn heard(&self) -> Result<(usize, usize)> {
        let (mut connections, mut total) = (0, 0);
        for file in crate::needle::files(&self.folder)? {
            let bytes = std::fs::read(&file)?;
            total += bytes.len();
            if file.to_string_lossy().ends_with("-up") {
                connections += 1;
                std::fs::write(file.with_extension("unmasked"), unmasked(&bytes))?;
            }
        }
        Ok((connections, total))
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::SeqCst);
        // Wakes the listener.
        let _ = TcpStream::connect(self.address);
        if let Some(listener) = self.listener.take() {
            let _ = listener.join();
        }
    }
}

fn forward(from: &TcpStream, to: &TcpStream, copy: PathBuf) {
    let (Ok(mut from), Ok(mut to)) = (from.try_clone(), to.try_clone()) else { return };
    spawn(move || {
        let Ok(mut copy) = std::fs::File::create(copy) else { return };
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(read @ 1..) = from.read(&mut buffer) {
            let heard = buffer.get(..read).unwrap_or_default();
            if copy.write_all(heard).is_err() || to.write_all(heard).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Write);
    });
}

/// The payloads of masked frames that follow an upgrade request (RFC 6455 §5.2–5.3).
fn unmasked(up: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    let lower = up.to_ascii_lowercase();
    let Some(upgrade) = memmem::find(&lower, b"upgrade: websocket") else { return plain };
    let Some(end) = up.get(upgrade..).and_then(|rest| memmem::find(rest, b"\r\n\r\n")) else { return plain };
    let mut rest = up.get(upgrade + end + 4..).unwrap_or_default();
    while let Some((payload, after)) = frame(rest) {
        plain.extend(payload);
        rest = after;
    }
    plain
}

fn frame(bytes: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let (head, rest) = bytes.split_first_chunk::<2>()?;
    let masked = head[1] & 0x80 != 0;
    let (length, rest) = match head[1] & 0x7f {
        126 => rest.split_first_chunk::<2>().map(|(length, rest)| (u64::from(u16::from_be_bytes(*length)), rest))?,
        127 => rest.split_first_chunk::<8>().map(|(length, rest)| (u64::from_be_bytes(*length), rest))?,
        short => (u64::from(short), rest),
    };
    let (mask, rest) = if masked { rest.split_first_chunk::<4>().map(|(mask, rest)| (*mask, rest))? } else { ([0; 4], rest) };
    let (payload, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
    Some((payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect(), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_masks_off_a_clients_frames() {
        let mut up = b"GET /v1/events HTTP/1.1\r\nUpgrade: websocket\r\nHost: x\r\n\r\n".to_vec();
        for text in ["first canary", "second canary"] {
            let mask = [9, 200, 33, 4];
            up.extend([0x82, 0x80 | u8::try_from(text.len()).unwrap()]);
            up.extend(mask);
            up.extend(text.bytes().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        }
        assert_eq!(unmasked(&up), b"first canarysecond canary");
        assert_eq!(unmasked(b"GET / HTTP/1.1\r\n\r\n"), b"");
    }

    #[test]
    fn forwards_both_directions_and_keeps_them() -> Result<()> {
        let folder = tempfile::tempdir()?;
        let server = TcpListener::bind(("127.0.0.1", 0))?;
        let wire = Wire::tap(server.local_addr()?.port(), folder.path())?;
        let answering = spawn(move || -> std::io::Result<()> {
            let (mut stream, _) = server.accept()?;
            let mut asked = [0; 8];
            stream.read_exact(&mut asked)?;
            stream.write_all(b"an answer")
        });
        let mut client = TcpStream::connect(wire.address)?;
        client.write_all(b"question")?;
        client.shutdown(Shutdown::Write)?;
        let mut answer = String::new();
        client.read_to_string(&mut answer)?;
        assert_eq!(answer, "an answer");
        answering.join().map_err(|_| anyhow::anyhow!("the server broke"))??;
        assert_eq!(wire.heard()?, (1, 17));
        Ok(())
    }
}
