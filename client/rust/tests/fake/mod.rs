//! A daemon that says what a test tells it to.
#![allow(dead_code)] // each test program uses its share

use overlayd_client::protocol::{Frame, RequestFrame};
use overlayd_client::Options;
use std::io::{self, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use std::{env, fs, process, thread};

pub const OK: &str = r#"{"result":"ok"}"#;
pub const STATUS: &str = r#"{"result":"status","peer_count":2,"service_count":1}"#;
pub const HEALTHY: &str = r#""event":"peer_health_changed","pubkey":"k","healthy":true"#;

/// A path for a socket, and nothing there yet.
pub fn path() -> PathBuf {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let n = NEXT.fetch_add(1, Ordering::Relaxed);
    let name = format!(
        "overlayd-client-{}-{n}-{}",
        process::id(),
        env!("CARGO_CRATE_NAME")
    );
    env::temp_dir().join(name)
}

pub struct Daemon {
    listener: UnixListener,
    path: PathBuf,
}

impl Daemon {
    pub fn new() -> Self {
        Self::at(path())
    }

    pub fn at(path: PathBuf) -> Self {
        let listener = UnixListener::bind(&path).unwrap();
        Self { listener, path }
    }

    /// Long enough for any machine; a test that has to wait for them says so.
    pub fn options(&self) -> Options {
        Options::new()
            .socket(&self.path)
            .deadline(Duration::from_secs(20))
    }

    pub fn accept(&self) -> Connection {
        Connection(self.listener.accept().unwrap().0)
    }

    /// Whether anybody connects in that time.
    pub fn is_called_within(&self, time: Duration) -> bool {
        thread::sleep(time);
        self.listener.set_nonblocking(true).unwrap();
        self.listener.accept().is_ok()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

pub struct Connection(UnixStream);

impl Connection {
    pub fn read(&mut self) -> RequestFrame {
        match self.try_read().unwrap() {
            Some(Frame::Request(request)) => request,
            other => panic!("{other:?}"),
        }
    }

    /// Nothing at the end.
    pub fn try_read(&mut self) -> io::Result<Option<Frame>> {
        let mut head = [0; 4];
        match self.0.read_exact(&mut head) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            read => read?,
        }
        let mut body = vec![0; u32::from_le_bytes(head) as usize];
        self.0.read_exact(&mut body)?;
        Ok(Some(serde_json::from_slice(&body)?))
    }

    pub fn write_raw(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).unwrap();
    }

    pub fn write(&mut self, body: &str) {
        self.write_raw(&frame(body));
    }

    pub fn answer(&mut self, id: u64, response: &str) {
        self.write(&answer_body(id, response));
    }

    pub fn event(&mut self, keys: &str) {
        self.write(&format!(r#"{{"frame":"event",{keys}}}"#));
    }

    /// Reads a request and answers it.
    pub fn serve(&mut self, response: &str) -> RequestFrame {
        let request = self.read();
        self.answer(request.id, response);
        request
    }
}

pub fn answer_body(id: u64, response: &str) -> String {
    format!(r#"{{"frame":"response","id":{id},"response":{response}}}"#)
}

pub fn frame(body: &str) -> Vec<u8> {
    [&(body.len() as u32).to_le_bytes()[..], body.as_bytes()].concat()
}
