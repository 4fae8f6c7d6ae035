//! Every vector of the project through the codec testee. Paths come from the environment, set by
//! `tests/client/test_rust.sh`: `CODEC_TESTEE` and `VECTORS`.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::process::{Command, Stdio};
use std::{env, fs, thread};

#[derive(Deserialize)]
struct Record {
    r#type: String,
    name: Option<String>,
    mutation: Option<String>,
    body: String,
    canonical: Option<String>,
    accepted: Option<bool>,
    #[serde(default)]
    strict: bool,
}

fn records(file: &str) -> Vec<Record> {
    let path = format!("{}/{file}.jsonl", env::var("VECTORS").expect("VECTORS"));
    let text = fs::read_to_string(path).unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn from_base64(text: &str) -> Vec<u8> {
    const DIGITS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = Vec::new();
    let (mut bits, mut n) = (0u32, 0);
    for digit in text.bytes().filter(|digit| *digit != b'=') {
        bits = bits << 6 | DIGITS.iter().position(|known| *known == digit).unwrap() as u32;
        n += 6;
        if n >= 8 {
            n -= 8;
            bytes.push((bits >> n) as u8);
        }
    }
    bytes
}

fn read_answer(from: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut head = [0; 4];
    from.read_exact(&mut head)?;
    let mut body = vec![0; u32::from_le_bytes(head) as usize];
    from.read_exact(&mut body)?;
    Ok(body)
}

/// What the testee says of bodies, in their order.
fn run_testee(kind: &str, bodies: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let mut testee = Command::new(env::var("CODEC_TESTEE").expect("CODEC_TESTEE"))
        .args(["--type", kind])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = testee.stdin.take().unwrap();
    let mut output = testee.stdout.take().unwrap();
    let n = bodies.len();
    let writer = thread::spawn(move || {
        for body in bodies {
            input.write_all(&(body.len() as u32).to_le_bytes()).unwrap();
            input.write_all(&body).unwrap();
        }
    });
    let answers = (0..n).map(|_| read_answer(&mut output).unwrap()).collect();
    writer.join().unwrap();
    assert!(testee.wait().unwrap().success());
    answers
}

/// Gives each record and the testee's answer to `check`.
fn each(records: Vec<Record>, body: fn(&Record) -> Vec<u8>, mut check: impl FnMut(&Record, &[u8])) {
    let mut kinds: BTreeMap<String, Vec<Record>> = BTreeMap::new();
    for record in records {
        kinds.entry(record.r#type.clone()).or_default().push(record);
    }
    for (kind, records) in kinds {
        let answers = run_testee(&kind, records.iter().map(body).collect());
        for (record, answer) in records.iter().zip(answers) {
            check(record, &answer);
        }
    }
}

fn assert_accepted(record: &Record, canonical: &str, answer: &[u8]) {
    let name = record.name.as_ref().or(record.mutation.as_ref());
    let expected = format!("A{canonical}");
    assert_eq!(
        String::from_utf8_lossy(answer),
        expected,
        "{} {name:?}",
        record.r#type
    );
}

fn plain_body(record: &Record) -> Vec<u8> {
    record.body.clone().into_bytes()
}

#[test]
#[ignore = "needs the project's vectors"]
fn golden() {
    let mut older: BTreeMap<(String, String), String> = BTreeMap::new();
    for record in records("older-lines") {
        older.insert((record.r#type, record.body), record.canonical.unwrap());
    }
    for line in ["contract-0.12", "contract-0.13", "contract-0.14"] {
        let mut n = 0;
        each(records(line), plain_body, |record, answer| {
            let key = (record.r#type.clone(), record.body.clone());
            assert_accepted(record, older.get(&key).unwrap_or(&record.body), answer);
            n += 1;
        });
        assert!(n > 600);
        println!("{line}: {n} of {n} are written back byte for byte");
    }
}

#[test]
#[ignore = "needs the project's vectors"]
fn older_lines() {
    each(records("older-lines"), plain_body, |record, answer| {
        assert_accepted(record, record.canonical.as_ref().unwrap(), answer);
    });
}

#[test]
#[ignore = "needs the project's vectors"]
fn verdicts() {
    let (mut accepted, mut rejected, mut lax, mut strict) = (0, 0, 0, 0);
    each(
        records("verdicts"),
        |record| from_base64(&record.body),
        |record, answer| match (record.accepted.unwrap(), record.strict, answer[0]) {
            (true, false, _) => {
                assert_accepted(record, record.canonical.as_ref().unwrap(), answer);
                accepted += 1;
            }
            (_, true, b'A') => strict += 1,
            (_, _, b'R') => rejected += 1,
            (_, _, _) => lax += 1,
        },
    );
    assert!(accepted > 1700 && rejected > 3000);
    println!("verdicts: {accepted} accepted as they must be, {rejected} refused");
    println!("verdicts: accepted, though C refuses: {strict} of the strict ones, {lax} others");
}
