//! The client for threads against a daemon that plays its part.

mod fake;

use fake::{answer_body, frame, path, Daemon, HEALTHY, OK, STATUS};
use overlayd_client::blocking::Client;
use overlayd_client::protocol::{
    call, AddPeer, AttachContainer, AttachContainerAnswer, AttachHandle, Event, Frame, LinuxPid,
    PeerSpec, PruneOrphanBridges, Request, SetLocalNodeId,
};
use overlayd_client::{Error, Options, MAX_BODY};
use std::io::ErrorKind;
use std::thread;
use std::time::Duration;

const SHORT: Duration = Duration::from_millis(50);

#[test]
fn answers_are_typed() {
    let daemon = Daemon::new();
    let client = Client::open(daemon.options()).unwrap();
    let server = thread::spawn(move || {
        let mut connection = daemon.accept();
        connection.serve(STATUS);
        connection.serve(r#"{"result":"attached","ip":"fd00::1","isolated":true}"#);
        connection.serve(r#"{"result":"err","message":"no such thing","code":"later"}"#);
    });

    assert_eq!(client.status().unwrap().peer_count, 2);
    let handle = AttachHandle::LinuxPid(LinuxPid::new(7));
    match client
        .attach_container(AttachContainer::new(handle, "web", true))
        .unwrap()
    {
        AttachContainerAnswer::Attached(attached) => {
            assert_eq!(attached.ip.to_string(), "fd00::1");
            assert_eq!(attached.isolated, Some(true));
        }
        other => panic!("{other:?}"),
    }
    let refused = client.shutdown().unwrap_err();
    assert!(refused.nothing_changed());
    assert_eq!(refused.to_string(), "no such thing");
    server.join().unwrap();
}

#[test]
fn requests_reach_the_daemon_as_they_are() {
    let daemon = Daemon::new();
    let client = Client::open(daemon.options()).unwrap();
    let server = thread::spawn(move || daemon.accept().serve(OK));
    let peer = AddPeer::new(PeerSpec::new("key", "192.0.2.1:1", "10.0.0.0/8", u64::MAX));

    client.add_peer(peer.clone()).unwrap();
    assert_eq!(server.join().unwrap().request, Request::AddPeer(peer));
}

#[test]
fn many_calls_are_on_their_way_at_once() {
    let daemon = Daemon::new();
    let client = Client::open(daemon.options()).unwrap();
    let server = thread::spawn(move || {
        let mut connection = daemon.accept();
        let requests: Vec<_> = (0..3).map(|_| connection.read()).collect();
        for (n, request) in requests.iter().enumerate() {
            let name = format!(r#"{{"result":"pruned_bridges","reclaimed":["{n}"]}}"#);
            connection.answer(request.id, &name);
        }
    });

    let call = || call::prune_orphan_bridges(PruneOrphanBridges::new(vec![]));
    let mut pending = Vec::new();
    for _ in 0..3 {
        pending.push(client.send(call()).unwrap());
    }
    for (n, pending) in pending.into_iter().enumerate().rev() {
        assert_eq!(pending.wait().unwrap().reclaimed, [n.to_string()]);
    }
    server.join().unwrap();
}

#[test]
fn threads_share_one_connection() {
    let daemon = Daemon::new();
    let client = Client::open(daemon.options()).unwrap();
    let server = thread::spawn(move || {
        let mut connection = daemon.accept();
        for _ in 0..400 {
            let request = connection.read();
            let node = match &request.request {
                Request::SetLocalNodeId(node) => node,
                other => panic!("{other:?}"),
            };
            let text = format!(r#"{{"result":"err","message":"{}"}}"#, node.node_id);
            connection.answer(request.id, &text);
        }
        assert!(connection.try_read().unwrap().is_none());
    });

    let threads: Vec<_> = (0..8)
        .map(|n| {
            let client = client.clone();
            thread::spawn(move || {
                for i in 0..50 {
                    let id = n * 100 + i;
                    let error = client
                        .set_local_node_id(SetLocalNodeId::new(id))
                        .unwrap_err();
                    assert_eq!(error.to_string(), id.to_string());
                }
            })
        })
        .collect();
    for thread in threads {
        thread.join().unwrap();
    }
    drop(client); // the last owner ends the connection
    server.join().unwrap();
}

#[test]
fn an_answer_may_come_in_pieces() {
    let daemon = Daemon::new();
    let client = Client::open(daemon.options()).unwrap();
    let server = thread::spawn(move || {
        let mut connection = daemon.accept();
        let (first, second) = (connection.read().id, connection.read().id);
        let bytes = [
            frame(&answer_body(first, STATUS)),
            frame(&answer_body(second, OK)),
        ]
        .concat();
        for piece in bytes.chunks(3) {
            connection.write_raw(piece);
            thread::yield_now();
        }
    });

    let (first, second) = (
        client.send(call::status()).unwrap(),
        client.send(call::nat_tick()),
    );
    assert_eq!(first.wait().unwrap().service_count, 1);
    second.unwrap().wait().unwrap();
    server.join().unwrap();
}

#[test]
fn a_deadline_ends_a_call_and_not_the_connection() {
    let daemon = Daemon::new();
    let client = Client::open(daemon.options()).unwrap();
    let server = thread::spawn(move || {
        let mut connection = daemon.accept();
        let late = connection.read().id;
        let second = connection.read().id;
        connection.answer(late, OK);
        connection.answer(second, STATUS);
    });

    let error = client.with_deadline(SHORT).shutdown().unwrap_err();
    assert!(matches!(error, Error::Deadline { sent: true }), "{error:?}");
    assert!(!error.nothing_changed());
    assert_eq!(client.status().unwrap().peer_count, 2);
    server.join().unwrap();
}

#[test]
fn a_deadline_holds_while_the_daemon_does_not_read() {
    let daemon = Daemon::new();
    let client = Client::open(daemon.options()).unwrap();
    let mut connection = daemon.accept();
    let names = vec!["x".repeat(1 << 20); 4];

    let hasty = client.with_deadline(10 * SHORT);
    let other = hasty.clone();
    let waiting = thread::spawn(move || other.status().unwrap_err());
    let large = PruneOrphanBridges::new(names);
    let error = hasty.prune_orphan_bridges(large).unwrap_err();
    assert!(error.nothing_changed(), "{error:?}");
    waiting.join().unwrap(); // it ends, too

    // a connection with half a request on it is not used further
    let server = thread::spawn(move || loop {
        match connection.try_read() {
            Ok(Some(Frame::Request(next))) if next.request == Request::NatTick => {
                return connection.answer(next.id, OK);
            }
            Ok(Some(_)) => {}
            Ok(None) | Err(_) => connection = daemon.accept(),
        }
    });
    client.nat_tick().unwrap();
    server.join().unwrap();
}

#[test]
fn a_lost_request_is_not_sent_again() {
    let daemon = Daemon::new();
    let client = Client::open(daemon.options()).unwrap();
    let server = thread::spawn(move || {
        let mut connection = daemon.accept();
        assert_eq!(connection.read().request, Request::Shutdown);
        drop(connection);
        let second = daemon.accept().serve(STATUS);
        assert_eq!(second.request, Request::Status);
    });

    let error = client.shutdown().unwrap_err();
    assert!(matches!(error, Error::Lost(_)), "{error:?}");
    assert!(!error.nothing_changed());
    client.status().unwrap();
    server.join().unwrap();
}

#[test]
fn a_connection_that_ended_between_calls_is_not_noticed() {
    let daemon = Daemon::new();
    let client = Client::open(daemon.options()).unwrap();
    let server = thread::spawn(move || {
        for _ in 0..3 {
            daemon.accept().serve(STATUS);
        }
    });

    let mut answered = 0;
    while answered < 3 {
        match client.status() {
            Ok(_) => answered += 1,
            // the end was on its way while the request was
            Err(error) => assert!(matches!(error, Error::Lost(_)), "{error:?}"),
        }
    }
    server.join().unwrap();
}

#[test]
fn a_daemon_that_comes_late_is_waited_for() {
    let path = path();
    let options = Options::new().socket(&path);
    let error = Client::open(options.clone().patience(Duration::ZERO)).unwrap_err();
    match &error {
        Error::Connect(reason) => assert_eq!(reason.kind(), ErrorKind::NotFound),
        other => panic!("{other:?}"),
    }
    assert!(error.nothing_changed());

    let hasty = options.clone().deadline(SHORT);
    let error = Client::open(hasty).unwrap_err();
    assert!(
        matches!(error, Error::Deadline { sent: false }),
        "{error:?}"
    );
    assert!(!Daemon::at(path.clone()).is_called_within(4 * SHORT)); // by a client that is gone

    let server = thread::spawn(move || {
        thread::sleep(SHORT);
        let daemon = Daemon::at(path);
        daemon.accept().serve(STATUS);
    });
    Client::open(options).unwrap().status().unwrap();
    server.join().unwrap();
}

#[test]
fn events_come_between_answers() {
    let daemon = Daemon::new();
    let client = Client::open(daemon.options()).unwrap();
    let mut events = client.events();
    let server = thread::spawn(move || {
        let mut connection = daemon.accept();
        let id = connection.read().id;
        connection.event(HEALTHY);
        connection.event(r#""event":"moon_rose","phase":"full""#);
        connection.answer(id, STATUS);
        drop(connection);
        let mut connection = daemon.accept();
        connection.event(r#""event":"nat_endpoint_changed","pubkey":"k","endpoint":"e""#);
        connection.try_read().unwrap();
    });

    client.status().unwrap();
    assert_eq!(client.unknown_events(), 1);
    let event = events.next().unwrap().unwrap();
    assert!(matches!(event, Event::PeerHealthChanged(peer) if peer.pubkey == "k" && peer.healthy));
    let end = events.next().unwrap().unwrap_err();
    assert!(matches!(end, Error::Lost(_)), "{end:?}");
    let event = events.next().unwrap().unwrap();
    assert!(matches!(event, Event::NatEndpointChanged(peer) if peer.endpoint == "e"));
    let none = events.next_within(SHORT).unwrap_err();
    assert!(matches!(none, Error::Deadline { .. }), "{none:?}");
    assert_eq!(events.missed(), 0);
    drop((client, events));
    server.join().unwrap();
}

#[test]
fn events_that_nobody_takes_are_counted() {
    let daemon = Daemon::new();
    let client = Client::open(daemon.options()).unwrap();
    let mut events = client.events();
    drop(client.events()); // one that nobody listens to does no harm
    let server = thread::spawn(move || {
        let mut connection = daemon.accept();
        let id = connection.read().id;
        for _ in 0..1030 {
            connection.event(HEALTHY);
        }
        connection.answer(id, STATUS);
    });

    client.status().unwrap();
    server.join().unwrap();
    assert!(events.missed() >= 6);
    for _ in 0..1024 {
        events.next().unwrap().unwrap();
    }
}

#[test]
fn what_is_not_known_is_an_error_of_that_call_alone() {
    let daemon = Daemon::new();
    let client = Client::open(daemon.options()).unwrap();
    let server = thread::spawn(move || {
        let mut connection = daemon.accept();
        connection.serve(r#"{"result":"moon","phase":"full"}"#);
        connection.serve(OK);
        connection.serve(r#"{"result":"status","peer_count":-1}"#);
        connection.serve(STATUS);
    });

    let error = client.status().unwrap_err();
    assert!(
        matches!(&error, Error::UnknownResult(name) if name == "moon"),
        "{error:?}"
    );
    let error = client.status().unwrap_err();
    assert!(
        matches!(&error, Error::Unexpected(other) if other.name() == "ok"),
        "{error:?}"
    );
    let error = client.status().unwrap_err();
    assert!(matches!(&error, Error::Protocol(_)), "{error:?}");
    client.status().unwrap();
    server.join().unwrap();
}

#[test]
fn nonsense_ends_the_connection() {
    let nonsense: [Vec<u8>; 5] = [
        0u32.to_le_bytes().to_vec(),
        (MAX_BODY as u32 + 1).to_le_bytes().to_vec(),
        frame("nonsense"),
        frame(r#"{"frame":"request","id":1,"request":{"op":"status"}}"#),
        frame(&answer_body(77, OK)),
    ];
    let daemon = Daemon::new();
    let client = Client::open(daemon.options()).unwrap();
    let n = nonsense.len();
    let server = thread::spawn(move || {
        for bytes in nonsense {
            let mut connection = daemon.accept();
            connection.read();
            connection.write_raw(&bytes);
            assert!(connection.try_read().unwrap().is_none());
        }
    });

    for _ in 0..n {
        let error = client.status().unwrap_err();
        assert!(matches!(error, Error::Protocol(_)), "{error:?}");
    }
    server.join().unwrap();
}

#[test]
fn an_answer_without_an_id_is_for_the_oldest_call() {
    let daemon = Daemon::new();
    let client = Client::open(daemon.options()).unwrap();
    let server = thread::spawn(move || {
        let mut connection = daemon.accept();
        connection.read();
        let second = connection.read().id;
        connection.answer(0, r#"{"result":"err","message":"unreadable"}"#);
        connection.answer(second, OK);
    });

    let first = client.send(call::status()).unwrap();
    let second = client.send(call::nat_tick()).unwrap();
    assert_eq!(first.wait().unwrap_err().to_string(), "unreadable");
    second.wait().unwrap();
    server.join().unwrap();
}

#[test]
fn a_request_above_the_limit_is_not_sent() {
    let daemon = Daemon::new();
    let client = Client::open(daemon.options()).unwrap();
    let server = thread::spawn(move || daemon.accept().serve(STATUS));
    let names = vec!["x".repeat(MAX_BODY)];

    let error = client
        .prune_orphan_bridges(PruneOrphanBridges::new(names))
        .unwrap_err();
    assert!(
        matches!(error, Error::TooLarge(n) if n > MAX_BODY),
        "{error:?}"
    );
    client.status().unwrap();
    assert_eq!(server.join().unwrap().request, Request::Status);
}
