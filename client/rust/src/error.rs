use crate::protocol::{Err, Response};
use std::{error, fmt, io, sync::Arc};

/// Why a call has no answer.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Error {
    /// The daemon answered `err`: it refused or failed, and nothing changed.
    Refused(Err),
    /// The daemon could not be reached; the request was not sent.
    Connect(Arc<io::Error>),
    /// There was no answer in time.
    Deadline {
        /// Whether the request had been sent, or sending it had begun and can't be undone: then it
        /// may have been carried out, or may still be.
        sent: bool,
    },
    /// The connection ended before the answer came; the request may have been carried out, and was
    /// not repeated. From an event stream: events may have been missed.
    Lost(Arc<io::Error>),
    /// The daemon sent something that is not of the contract; what it was.
    Protocol(String),
    /// The daemon answered with a result that this version of the contract doesn't know: its name.
    UnknownResult(String),
    /// The daemon answered with a result that this operation doesn't have.
    Unexpected(Box<Response>),
    /// The request would be larger than a frame may be, in bytes; it was not sent.
    TooLarge(usize),
}

impl Error {
    /// Whether it is certain that the request was not carried out, so that it can be repeated.
    pub fn nothing_changed(&self) -> bool {
        match self {
            Error::Refused(_) | Error::Connect(_) | Error::TooLarge(_) => true,
            Error::Deadline { sent } => !sent,
            Error::Lost(_) | Error::Protocol(_) => false,
            Error::UnknownResult(_) | Error::Unexpected(_) => false,
        }
    }

    pub(crate) fn lost(error: io::Error) -> Self {
        Error::Lost(Arc::new(error))
    }

    pub(crate) fn connect(error: io::Error) -> Self {
        Error::Connect(Arc::new(error))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Refused(err) => f.write_str(&err.message),
            Error::Connect(_) => f.write_str("the daemon can't be reached"),
            Error::Deadline { sent: true } => f.write_str("no answer in time"),
            Error::Deadline { sent: false } => f.write_str("no connection in time"),
            Error::Lost(_) => f.write_str("the connection ended"),
            Error::Protocol(what) => write!(f, "the daemon broke the contract: {what}"),
            Error::UnknownResult(name) => write!(f, "the result `{name}` is not known here"),
            Error::Unexpected(response) => {
                write!(f, "the operation has no result `{}`", response.name())
            }
            Error::TooLarge(n) => write!(f, "the request has {n} bytes, more than a frame holds"),
        }
    }
}

impl error::Error for Error {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Error::Connect(error) | Error::Lost(error) => Some(error.as_ref()),
            _ => None,
        }
    }
}
