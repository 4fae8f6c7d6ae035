//! Whole frames over a blocking socket, and points in time.

use crate::frame;
use crate::Error;
use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

/// A point in time, or never.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Until(Option<Instant>);

impl Until {
    pub(crate) fn after(time: Option<Duration>) -> Self {
        Self(time.and_then(|time| Instant::now().checked_add(time)))
    }

    /// What is left, if there is an end; an error if nothing is.
    pub(crate) fn left(self) -> Result<Option<Duration>, Error> {
        match self
            .0
            .map(|end| end.saturating_duration_since(Instant::now()))
        {
            Some(Duration::ZERO) => Err(Error::Deadline { sent: false }),
            left => Ok(left),
        }
    }

    pub(crate) fn receive<T>(self, from: &Receiver<T>) -> Result<T, RecvTimeoutError> {
        match self.0 {
            Some(end) => from.recv_timeout(end.saturating_duration_since(Instant::now())),
            None => from.recv().map_err(|_| RecvTimeoutError::Disconnected),
        }
    }
}

/// Writes all of it, or tells how much.
pub(crate) fn write(
    mut stream: &UnixStream,
    bytes: &[u8],
    until: Until,
) -> Result<(), (usize, io::Error)> {
    let mut written = 0;
    while written < bytes.len() {
        let left = until
            .left()
            .map_err(|_| (written, io::ErrorKind::TimedOut.into()))?;
        let result = stream
            .set_write_timeout(left)
            .and_then(|()| stream.write(&bytes[written..]));
        match result {
            Ok(0) => return Err((written, io::ErrorKind::WriteZero.into())),
            Ok(n) => written += n,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err((written, error)),
        }
    }
    Ok(())
}

/// The next frame's body. The memory grows with what arrives.
pub(crate) fn read_body(reader: &mut impl Read, body: &mut Vec<u8>) -> Result<(), Error> {
    let mut head = [0; 4];
    reader.read_exact(&mut head).map_err(Error::lost)?;
    let n = frame::body_length(head)?;
    body.clear();
    let got = reader.take(n).read_to_end(body).map_err(Error::lost)?;
    if got as u64 == n {
        Ok(())
    } else {
        Err(frame::ended())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives one byte at a time.
    struct Drip<'a>(&'a [u8]);

    impl Read for Drip<'_> {
        fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
            let n = self.0.len().min(to.len()).min(1);
            to[..n].copy_from_slice(&self.0[..n]);
            self.0 = &self.0[n..];
            Ok(n)
        }
    }

    #[test]
    fn bodies_come_whole_from_a_stream_in_pieces() {
        let mut stream = Drip(b"\x02\0\0\0{}\x01\0\0\0x\x02\0\0\0{");
        let mut body = Vec::new();
        read_body(&mut stream, &mut body).unwrap();
        assert_eq!(body, b"{}");
        read_body(&mut stream, &mut body).unwrap();
        assert_eq!(body, b"x");
        assert!(matches!(
            read_body(&mut stream, &mut body),
            Err(Error::Lost(_))
        ));
    }

    #[test]
    fn an_announced_length_alone_takes_no_memory() {
        let mut stream: &[u8] = &[0, 0, 128, 0, b'{'];
        let mut body = Vec::new();
        assert!(matches!(
            read_body(&mut stream, &mut body),
            Err(Error::Lost(_))
        ));
        assert!(body.capacity() < 4096);
    }
}
