//! A client of overlayd, the daemon that keeps the overlay network of one host.
//!
//! ```no_run
//! use overlayd_client::protocol::{OverlayMode, SetupServiceOverlay};
//! use overlayd_client::{blocking::Client, Options};
//!
//! # fn main() -> Result<(), overlayd_client::Error> {
//! let client = Client::open(Options::new())?;
//! let overlay = client.setup_service_overlay(SetupServiceOverlay::new("web", OverlayMode::Auto))?;
//! println!("the bridge is {}", overlay.name);
//! # Ok(())
//! # }
//! ```
//!
//! [`blocking::Client`] needs nothing but the standard library; [`tokio::Client`] is the same for
//! the tokio runtime, behind the feature `tokio`. Both have a method per operation, and one
//! connection that many calls share: those of several threads or tasks, and those that one of them
//! sends, by [`send`](blocking::Client::send), before it waits for their answers. The daemon answers
//! in the order of the requests.
//!
//! # When things go wrong
//!
//! A call ends by its deadline ([`Options::deadline`]), whatever happens. When the connection is
//! lost, the calls on their way fail with [`Error::Lost`], and the next one connects again,
//! patiently ([`Options::patience`]). A request is never sent twice if the first one may have
//! arrived; [`Error::nothing_changed`] says after which errors it is safe to repeat one.
//!
//! # Events
//!
//! `events()` of a client gives what the daemon tells unasked, to connections on which `hello` was
//! called: call it once the stream is there, and again after each error in it. The queue holds 1,024 of them; further
//! ones are dropped and counted. Events that this version doesn't know are skipped and counted.
//!
//! # The wire
//!
//! A frame is a length, u32 little-endian, and 1 to [`MAX_BODY`] bytes of JSON. [`protocol`] is
//! generated from the daemon's schema. Its types are read and written by `serde_json`, whose own
//! rules are the contract's: tags inside objects, keys in the order of declaration, unsigned numbers
//! of 64 bits in full, a key given twice refused. Two things are not:
//!
//! * The contract refuses more than serde does: a struct as a list, an enum as an object, a union's
//!   tag as a number, U+0000 in a text, texts and lists above their limits. The daemon writes none
//!   of these and refuses them; here they are not looked for.
//! * IPv6 addresses are written by this crate, since older standard libraries have another form.
//!
//! The feature `arbitrary_precision` of `serde_json`, if any part of a program turns it on, adds to
//! the first list: `-0` and numbers that no double holds.
#![forbid(unsafe_code)]
#![deny(missing_docs)]

pub mod blocking;
mod error;
mod frame;
mod options;
#[rustfmt::skip] // generated
pub mod protocol;
mod stream;
#[cfg(feature = "tokio")]
pub mod tokio;
mod wire;

/// Its program is compiled as those of the comments are.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub use error::Error;
pub use options::Options;
pub use wire::{Call, Secret};

/// Most bytes of a frame's body.
pub const MAX_BODY: usize = 8 * 1024 * 1024;

/// Most events that wait to be taken from one stream.
const EVENTS_MAX: usize = 1024;
