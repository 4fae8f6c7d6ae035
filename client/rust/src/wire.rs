//! What the generated types stand on.

use crate::protocol::{Request, Response};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use zeroize::Zeroizing;

/// A text that is not to be seen: a private key, a password.
///
/// `Debug` doesn't show it, and its memory is wiped when it is dropped. The frame that it came in or
/// goes out with is not, nor are copies made while that is read.
#[derive(Clone, Default, Eq, PartialEq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// The text itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl<T: Into<String>> From<T> for Secret {
    fn from(text: T) -> Self {
        Self(Zeroizing::new(text.into()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from).map(Self::from)
    }
}

/// A request, and how its answer is told from other results; made by the functions of
/// [`call`](crate::protocol::call).
#[derive(Clone, Debug)]
#[must_use = "a call does nothing until a client sends it"]
pub struct Call<A> {
    pub(crate) request: Request,
    pub(crate) answer: Answer<A>,
}

pub(crate) type Answer<A> = fn(Response) -> Result<A, Box<Response>>;

impl<A> Call<A> {
    pub(crate) fn new(request: Request, answer: Answer<A>) -> Self {
        Self { request, answer }
    }
}

/// Addresses as the contract writes them.
pub(crate) trait Canonical {
    fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error>;
}

pub(crate) fn canonical<T: Canonical, S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error> {
    value.write(to)
}

impl Canonical for IpAddr {
    fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            IpAddr::V6(address) => to.collect_str(&Ipv6(address)),
            IpAddr::V4(address) => to.collect_str(address),
        }
    }
}

impl<T: Canonical> Canonical for Option<T> {
    fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Some(value) => value.write(to),
            None => to.serialize_none(),
        }
    }
}

impl<T: Canonical> Canonical for Vec<T> {
    fn write<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(self.iter().map(Item))
    }
}

struct Item<'a, T>(&'a T);

impl<T: Canonical> Serialize for Item<'_, T> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.0.write(to)
    }
}

/// Before 1.72 the standard library wrote `::102:304` as `::1.2.3.4`.
struct Ipv6<'a>(&'a Ipv6Addr);

impl fmt::Display for Ipv6<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.segments() {
            [0, 0, 0, 0, 0, 0, 0, 0] => f.write_str("::"),
            [0, 0, 0, 0, 0, 0, 0, low] => write!(f, "::{low:x}"),
            [0, 0, 0, 0, 0, 0, high, low] => write!(f, "::{high:x}:{low:x}"),
            _ => self.0.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(value: &impl Canonical) -> String {
        let mut out = Vec::new();
        value
            .write(&mut serde_json::Serializer::new(&mut out))
            .unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn addresses_are_written_as_the_contract_has_them() {
        for (from, to) in [
            ("::", "::"),
            ("::1", "::1"),
            ("::1.2.3.4", "::102:304"),
            ("::1:0", "::1:0"),
            ("::ffff:1.2.3.4", "::ffff:1.2.3.4"),
            ("1:0:0:2:0:0:0:3", "1:0:0:2::3"),
            ("192.0.2.1", "192.0.2.1"),
        ] {
            let address: IpAddr = from.parse().unwrap();
            assert_eq!(written(&address), format!("\"{to}\""));
        }
        let address: IpAddr = "::9.9.9.9".parse().unwrap();
        assert_eq!(written(&vec![address]), "[\"::909:909\"]");
        assert_eq!(written(&Some(address)), "\"::909:909\"");
    }

    #[test]
    fn a_secret_is_read_and_written_but_not_shown() {
        let secret: Secret = serde_json::from_str("\"hunter2\"").unwrap();
        assert_eq!(secret.expose(), "hunter2");
        assert_eq!(serde_json::to_string(&secret).unwrap(), "\"hunter2\"");
        assert!(!format!("{secret:?}").contains("hunter2"));
        assert_eq!(secret, "hunter2".into());
    }
}
