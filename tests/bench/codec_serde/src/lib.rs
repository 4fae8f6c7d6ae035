//! The functions of `struct codec_functions` in ../../codec.h, for serde_json with the types that
//! the reference publishes.

use std::hint::black_box;
use std::slice;

use zlayer_types::overlayd::OverlaydFrame;

pub struct Subject {
    bytes: Vec<u8>,
    frame: OverlaydFrame,
    out: Vec<u8>,
}

/// # Safety
/// `p` points to `n` bytes.
#[no_mangle]
pub unsafe extern "C" fn codec_open(p: *const u8, n: usize) -> Option<Box<Subject>> {
    let bytes = slice::from_raw_parts(p, n).to_vec();
    let frame = serde_json::from_slice(&bytes).ok()?;
    Some(Box::new(Subject {
        bytes,
        frame,
        out: Vec::new(),
    }))
}

#[no_mangle]
pub extern "C" fn codec_decode(subject: &mut Subject, times: u32) {
    for _ in 0..times {
        let frame: OverlaydFrame = serde_json::from_slice(black_box(&subject.bytes)).unwrap();
        black_box(&frame);
    }
}

#[no_mangle]
pub extern "C" fn codec_encode(subject: &mut Subject, times: u32) {
    for _ in 0..times {
        subject.out.clear();
        serde_json::to_writer(&mut subject.out, black_box(&subject.frame)).unwrap();
        black_box(&subject.out);
    }
}

/// # Safety
/// `n` points to a usize.
#[no_mangle]
pub unsafe extern "C" fn codec_bytes(subject: &Subject, n: *mut usize) -> *const u8 {
    *n = subject.out.len();
    subject.out.as_ptr()
}

#[no_mangle]
pub extern "C" fn codec_close(_: Box<Subject>) {}
