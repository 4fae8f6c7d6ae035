//! Bodies on standard input, each after its length, u32 little-endian; for each, likewise, `A` and
//! the body written anew, or `R` and the reason.

use overlayd_client::protocol::{Event, Frame, Request, Response};
use serde::{de::DeserializeOwned, Serialize};
use std::io::{self, Read, Write};
use std::process::ExitCode;

fn rewrite<T: DeserializeOwned + Serialize>(body: &[u8]) -> serde_json::Result<Vec<u8>> {
    serde_json::to_vec(&serde_json::from_slice::<T>(body)?)
}

fn answer(verdict: serde_json::Result<Vec<u8>>) -> Vec<u8> {
    let (mark, text) = match verdict {
        Ok(body) => (b'A', body),
        Err(error) => (b'R', error.to_string().into_bytes()),
    };
    let length = (text.len() + 1) as u32;
    [&length.to_le_bytes()[..], &[mark], &text].concat()
}

fn run(rewrite: fn(&[u8]) -> serde_json::Result<Vec<u8>>) -> io::Result<()> {
    let mut input = io::stdin().lock();
    let mut output = io::stdout().lock();
    let mut head = [0; 4];
    loop {
        match input.read_exact(&mut head) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(()),
            read => read?,
        }
        let mut body = vec![0; u32::from_le_bytes(head) as usize];
        input.read_exact(&mut body)?;
        output.write_all(&answer(rewrite(&body)))?;
        output.flush()?;
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let rewrite = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--type", "frame"] => rewrite::<Frame>,
        ["--type", "request"] => rewrite::<Request>,
        ["--type", "response"] => rewrite::<Response>,
        ["--type", "event"] => rewrite::<Event>,
        _ => {
            eprintln!("usage: codec_testee --type frame|request|response|event");
            return ExitCode::from(2);
        }
    };
    match run(rewrite) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
