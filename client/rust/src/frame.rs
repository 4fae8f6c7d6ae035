//! Frames: a length, u32 little-endian, and as many bytes of JSON.

use crate::protocol::{Event, Frame, Request, RequestFrame, Response};
use crate::{Error, MAX_BODY};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::io;

/// A request as it goes over the socket.
pub(crate) fn encode(id: u64, request: &Request) -> Result<Vec<u8>, Error> {
    let frame = Frame::Request(RequestFrame::new(id, request.clone()));
    let mut bytes = vec![0; 4];

    serde_json::to_writer(&mut bytes, &frame)
        .map_err(|error| Error::Protocol(format!("the request can't be written: {error}")))?;
    let n = bytes.len() - 4;
    if n > MAX_BODY {
        return Err(Error::TooLarge(n));
    }
    bytes[..4].copy_from_slice(&(n as u32).to_le_bytes());
    Ok(bytes)
}

/// The length of the body that follows.
pub(crate) fn body_length(head: [u8; 4]) -> Result<u64, Error> {
    match u32::from_le_bytes(head) {
        n if (1..=MAX_BODY as u32).contains(&n) => Ok(n.into()),
        n => Err(Error::Protocol(format!("a frame of {n} bytes"))),
    }
}

/// The end of the stream, where a frame should have been.
pub(crate) fn ended() -> Error {
    Error::lost(io::ErrorKind::UnexpectedEof.into())
}

/// What the daemon said.
#[derive(Debug)]
pub(crate) enum Incoming {
    Answer {
        id: u64,
        result: Result<Response, Error>,
    },
    Event(Event),
    UnknownEvent,
}

/// Reads a body. An error is one of the connection, not of a call: nothing after it can be trusted.
pub(crate) fn decode(body: &[u8]) -> Result<Incoming, Error> {
    match serde_json::from_slice(body) {
        Ok(Frame::Response(answer)) => Ok(Incoming::Answer {
            id: answer.id,
            result: match answer.response {
                Response::Err(err) => Err(Error::Refused(err)),
                response => Ok(response),
            },
        }),
        Ok(Frame::Event(event)) => Ok(Incoming::Event(event)),
        Ok(Frame::Request(_)) => Err(Error::Protocol("the daemon sent a request".into())),
        Err(error) => decode_unknown(body, error.to_string()),
    }
}

/// A frame that is not of this version of the contract may be one of a later version.
fn decode_unknown(body: &[u8], fault: String) -> Result<Incoming, Error> {
    #[derive(Deserialize)]
    #[serde(tag = "frame", rename_all = "snake_case")]
    enum Head {
        Response { id: u64, response: Answer },
        Event { event: String },
    }
    #[derive(Deserialize)]
    struct Answer {
        result: String,
    }

    match serde_json::from_slice(body) {
        Ok(Head::Event { event }) if !Event::NAMES.contains(&event.as_str()) => {
            Ok(Incoming::UnknownEvent)
        }
        Ok(Head::Response {
            id,
            response: Answer { result },
        }) => Ok(Incoming::Answer {
            id,
            result: Err(if Response::NAMES.contains(&result.as_str()) {
                Error::Protocol(fault)
            } else {
                Error::UnknownResult(result)
            }),
        }),
        _ => Err(Error::Protocol(fault)),
    }
}

/// Who waits for an answer. One without a usable id is for the oldest request, as the daemon answers
/// in order; if there is none, it is about the connection.
pub(crate) fn take_slot<T>(
    waiting: &mut BTreeMap<u64, T>,
    id: u64,
    result: &Result<Response, Error>,
) -> Result<T, Error> {
    let id = if id == 0 {
        waiting.keys().next().copied().unwrap_or(0)
    } else {
        id
    };
    waiting.remove(&id).ok_or_else(|| match result {
        Err(error) if id == 0 => error.clone(),
        _ => Error::Protocol(format!("an answer to request {id}, which nobody sent")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::SetLocalNodeId;

    #[test]
    fn a_request_has_its_length_before_it() {
        let frame = encode(7, &Request::Status).unwrap();
        let body = br#"{"frame":"request","id":7,"request":{"op":"status"}}"#;
        assert_eq!(frame[..4], (body.len() as u32).to_le_bytes());
        assert_eq!(&frame[4..], body);
    }

    #[test]
    fn numbers_keep_all_64_bits() {
        let request = Request::SetLocalNodeId(SetLocalNodeId::new(u64::MAX));
        let frame = encode(u64::MAX, &request).unwrap();
        let text = String::from_utf8_lossy(&frame[4..]);
        assert_eq!(text.matches("18446744073709551615").count(), 2);
        let frame: Frame = serde_json::from_slice(&frame[4..]).unwrap();
        assert_eq!(frame, Frame::Request(RequestFrame::new(u64::MAX, request)));
    }

    #[test]
    fn lengths_have_limits() {
        for n in [1, 0x01_0203, 8_388_608_u32] {
            assert_eq!(body_length(n.to_le_bytes()).unwrap(), u64::from(n));
        }
        for n in [0, 8_388_609, u32::MAX] {
            assert!(matches!(
                body_length(n.to_le_bytes()),
                Err(Error::Protocol(_))
            ));
        }
    }

    #[test]
    fn what_later_versions_say_is_told_from_nonsense() {
        let decode = |text: &str| decode(text.as_bytes());
        assert!(matches!(
            decode(r#"{"frame":"event","event":"moon_rose","phase":1}"#),
            Ok(Incoming::UnknownEvent)
        ));
        assert!(matches!(
            decode(r#"{"frame":"event","event":"peer_health_changed"}"#),
            Err(Error::Protocol(_))
        ));
        assert!(matches!(
            decode(r#"{"frame":"response","id":3,"response":{"result":"moon","phase":1}}"#),
            Ok(Incoming::Answer { id: 3, result: Err(Error::UnknownResult(name)) }) if name == "moon"
        ));
        assert!(matches!(
            decode(r#"{"frame":"response","id":3,"response":{"result":"ip","ip":"no"}}"#),
            Ok(Incoming::Answer {
                id: 3,
                result: Err(Error::Protocol(_))
            })
        ));
        assert!(matches!(
            decode(r#"{"frame":"response","id":3,"response":{"result":"err","message":"m","new":1}}"#),
            Ok(Incoming::Answer { id: 3, result: Err(Error::Refused(err)) }) if err.message == "m"
        ));
        for text in [
            "{}",
            "[]",
            "",
            r#"{"frame":"request","id":1,"request":{"op":"status"}}"#,
        ] {
            assert!(matches!(decode(text), Err(Error::Protocol(_))), "{text}");
        }
    }
}
