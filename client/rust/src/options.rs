use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{fs, io};

const ROOT_DATA_DIR: &str = "/var/lib/zlayer";

const PAUSE_FIRST: Duration = Duration::from_millis(100);
const PAUSE_MOST: Duration = Duration::from_secs(1);

/// Longest socket path that is used as it is, in bytes.
const SOCKET_PATH_MAX: usize = 103;

/// How a client finds the daemon, and how long it waits.
#[derive(Clone, Debug)]
#[must_use]
pub struct Options {
    pub(crate) socket: PathBuf,
    pub(crate) deadline: Option<Duration>,
    pub(crate) patience: Duration,
}

impl Options {
    /// The default socket of this user, 30 seconds for a call, 5 for a daemon that doesn't listen.
    pub fn new() -> Self {
        Self::default()
    }

    /// The socket's path.
    pub fn socket(mut self, path: impl Into<PathBuf>) -> Self {
        self.socket = path.into();
        self
    }

    /// The socket of the daemon that was given this data directory.
    pub fn data_dir(self, path: impl AsRef<Path>) -> Self {
        let socket = User::current().socket(path.as_ref());
        self.socket(socket)
    }

    /// How long a call waits for its answer; `None` for ever.
    pub fn deadline(mut self, time: impl Into<Option<Duration>>) -> Self {
        self.deadline = time.into();
        self
    }

    /// How long to try again while nobody listens at the socket, with pauses of 100 ms, then twice
    /// as long each time, up to 1 s. A call's deadline ends it before that.
    pub fn patience(mut self, time: Duration) -> Self {
        self.patience = time;
        self
    }

    /// Whether to try again after a failure to connect.
    pub(crate) fn is_patient(&self, error: &io::Error, elapsed: Duration) -> bool {
        use io::ErrorKind::{ConnectionRefused, NotFound, WouldBlock};

        elapsed < self.patience && matches!(error.kind(), NotFound | ConnectionRefused | WouldBlock)
    }
}

impl Default for Options {
    fn default() -> Self {
        let user = User::current();
        Self {
            socket: user.socket(&user.data_dir()),
            deadline: Some(Duration::from_secs(30)),
            patience: Duration::from_secs(5),
        }
    }
}

/// When to try to connect next: each try without a frame heard since doubles the pause.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    due: Option<Instant>,
    pause: Duration,
}

impl Backoff {
    pub(crate) fn left(&self) -> Duration {
        let now = Instant::now();
        self.due
            .map_or(Duration::ZERO, |due| due.saturating_duration_since(now))
    }

    pub(crate) fn tried(&mut self) {
        self.pause = (self.pause * 2).clamp(PAUSE_FIRST, PAUSE_MOST);
        self.due = Some(Instant::now() + self.pause);
    }
}

/// What the paths depend on.
struct User {
    is_root: bool,
    data_dir: Option<PathBuf>,
    home: Option<PathBuf>,
}

impl User {
    fn current() -> Self {
        let variable = |name| std::env::var_os(name).map(PathBuf::from);
        Self {
            is_root: effective_id() == Some(0),
            data_dir: variable("ZLAYER_DATA_DIR").filter(|path| !path.as_os_str().is_empty()),
            home: variable("HOME"),
        }
    }

    /// Whatever the environment says of it.
    fn own_data_dir(&self) -> PathBuf {
        match &self.home {
            Some(home) if !self.is_root => home.join(".zlayer"),
            _ => ROOT_DATA_DIR.into(),
        }
    }

    fn data_dir(&self) -> PathBuf {
        self.data_dir.clone().unwrap_or_else(|| self.own_data_dir())
    }

    fn socket(&self, data_dir: &Path) -> PathBuf {
        if data_dir.as_os_str() == self.own_data_dir().as_os_str() {
            return "/var/run/zlayer-overlayd.sock".into();
        }
        let path = data_dir.join("run/zlayer-overlayd.sock");
        if path.as_os_str().len() > SOCKET_PATH_MAX {
            let hash = fnv1a(&[data_dir.as_os_str().as_bytes(), b"overlayd"]);
            return format!("/tmp/zlayer-overlayd-{hash:016x}.sock").into();
        }
        path
    }
}

/// The standard library has no geteuid.
fn effective_id() -> Option<u32> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let ids = status.lines().find_map(|line| line.strip_prefix("Uid:"))?;
    ids.split_whitespace().nth(1)?.parse().ok()
}

/// FNV-1a, 64 bits.
fn fnv1a(parts: &[&[u8]]) -> u64 {
    parts
        .concat()
        .iter()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(is_root: bool, data_dir: Option<&str>, home: Option<&str>) -> User {
        User {
            is_root,
            data_dir: data_dir.map(PathBuf::from),
            home: home.map(PathBuf::from),
        }
    }

    #[test]
    fn the_socket_lies_where_the_daemon_puts_it() {
        let long = "/".to_owned() + &"x".repeat(100);
        for (user, socket) in [
            (
                user(true, None, Some("/root")),
                "/var/run/zlayer-overlayd.sock",
            ),
            (
                user(true, Some("/data"), None),
                "/data/run/zlayer-overlayd.sock",
            ),
            (
                user(false, None, Some("/home/a")),
                "/var/run/zlayer-overlayd.sock",
            ),
            (user(false, None, None), "/var/run/zlayer-overlayd.sock"),
            (
                user(false, Some("/var/lib/zlayer"), Some("/home/a")),
                "/var/lib/zlayer/run/zlayer-overlayd.sock",
            ),
            (
                user(true, Some(&long), None),
                "/tmp/zlayer-overlayd-257db1d63707ac46.sock",
            ),
        ] {
            assert_eq!(user.socket(&user.data_dir()), Path::new(socket));
        }
    }

    #[test]
    fn the_effective_id_is_known() {
        assert!(effective_id().is_some());
    }
}
