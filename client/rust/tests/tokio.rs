//! The client for tokio against a daemon that plays its part.

mod fake;

use fake::{answer_body, frame, path, Daemon, HEALTHY, OK, STATUS};
use overlayd_client::protocol::{call, Event, PruneOrphanBridges, Request};
use overlayd_client::tokio::Client;
use overlayd_client::{Error, Options, MAX_BODY};
use std::thread;
use std::time::Duration;

const SHORT: Duration = Duration::from_millis(50);

#[tokio::test]
async fn many_calls_are_on_their_way_at_once() {
    let daemon = Daemon::new();
    let client = Client::open(daemon.options()).await.unwrap();
    let server = thread::spawn(move || {
        let mut connection = daemon.accept();
        let requests: Vec<_> = (0..3).map(|_| connection.read()).collect();
        let answers = requests.iter().enumerate().map(|(n, request)| {
            let name = format!(r#"{{"result":"pruned_bridges","reclaimed":["{n}"]}}"#);
            frame(&answer_body(request.id, &name))
        });
        for piece in answers.collect::<Vec<_>>().concat().chunks(3) {
            connection.write_raw(piece);
        }
        assert!(connection.try_read().unwrap().is_none());
    });

    let mut pending = Vec::new();
    for _ in 0..3 {
        let call = call::prune_orphan_bridges(PruneOrphanBridges::new(vec![]));
        pending.push(client.send(call).await.unwrap());
    }
    for (n, pending) in pending.into_iter().enumerate().rev() {
        assert_eq!(pending.wait().await.unwrap().reclaimed, [n.to_string()]);
    }
    drop(client); // the last owner ends the connection
    tokio::task::spawn_blocking(|| server.join().unwrap())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_deadline_ends_a_call_and_not_the_connection() {
    let daemon = Daemon::new();
    let client = Client::open(daemon.options()).await.unwrap();
    let server = thread::spawn(move || {
        let mut connection = daemon.accept();
        let late = connection.read().id;
        let second = connection.read().id;
        connection.answer(late, OK);
        connection.answer(second, STATUS);
    });

    let error = client.with_deadline(SHORT).shutdown().await.unwrap_err();
    assert!(matches!(error, Error::Deadline { sent: true }), "{error:?}");
    assert_eq!(client.status().await.unwrap().peer_count, 2);
    server.join().unwrap();
}

#[tokio::test]
async fn a_call_that_is_dropped_before_its_turn_is_not_sent() {
    let daemon = Daemon::new();
    let client = Client::open(daemon.options()).await.unwrap();
    let names = vec!["x".repeat(1 << 20); 4];

    // more than the socket takes: it is begun, and will be finished
    let large = PruneOrphanBridges::new(names);
    let hasty = client.with_deadline(10 * SHORT);
    let error = hasty.prune_orphan_bridges(large).await.unwrap_err();
    assert!(matches!(error, Error::Deadline { sent: true }), "{error:?}");
    drop(client.send(call::shutdown()).await.unwrap());
    let error = client.with_deadline(SHORT).nat_tick().await.unwrap_err();
    assert!(
        matches!(error, Error::Deadline { sent: false }),
        "{error:?}"
    );
    let server = thread::spawn(move || {
        let mut connection = daemon.accept();
        connection.serve(r#"{"result":"pruned_bridges","reclaimed":[]}"#);
        assert_eq!(connection.serve(STATUS).request, Request::Status);
    });
    client.status().await.unwrap();
    server.join().unwrap();
}

#[tokio::test]
async fn a_lost_request_is_not_sent_again() {
    let daemon = Daemon::new();
    let client = Client::open(daemon.options()).await.unwrap();
    let server = thread::spawn(move || {
        let mut connection = daemon.accept();
        let request = connection.read();
        assert_eq!(request.request, Request::Shutdown);
        let answer = frame(&answer_body(request.id, OK));
        connection.write_raw(&answer[..answer.len() - 1]);
        drop(connection);
        let second = daemon.accept().serve(STATUS);
        assert_eq!(second.request, Request::Status);
    });

    let error = client.shutdown().await.unwrap_err();
    assert!(matches!(error, Error::Lost(_)), "{error:?}");
    client.status().await.unwrap();
    server.join().unwrap();
}

#[tokio::test]
async fn a_daemon_that_comes_late_is_waited_for() {
    let path = path();
    let options = Options::new().socket(&path);
    let error = Client::open(options.clone().patience(Duration::ZERO))
        .await
        .unwrap_err();
    assert!(matches!(error, Error::Connect(_)), "{error:?}");
    let error = Client::open(options.clone().deadline(SHORT))
        .await
        .unwrap_err();
    assert!(
        matches!(error, Error::Deadline { sent: false }),
        "{error:?}"
    );
    let daemon = Daemon::at(path.clone());
    let called = tokio::task::spawn_blocking(move || daemon.is_called_within(4 * SHORT));
    assert!(!called.await.unwrap()); // by a client that is gone

    let server = thread::spawn(move || {
        thread::sleep(SHORT);
        Daemon::at(path).accept().serve(STATUS);
    });
    Client::open(options).await.unwrap().status().await.unwrap();
    server.join().unwrap();
}

#[tokio::test]
async fn events_come_between_answers() {
    let daemon = Daemon::new();
    let client = Client::open(daemon.options()).await.unwrap();
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

    client.status().await.unwrap();
    assert_eq!(client.unknown_events(), 1);
    let event = events.next().await.unwrap();
    assert!(matches!(event, Event::PeerHealthChanged(peer) if peer.pubkey == "k" && peer.healthy));
    let end = events.next().await.unwrap_err();
    assert!(matches!(end, Error::Lost(_)), "{end:?}");
    let event = events.next().await.unwrap();
    assert!(matches!(event, Event::NatEndpointChanged(peer) if peer.endpoint == "e"));
    assert!(tokio::time::timeout(SHORT, events.next()).await.is_err());
    assert_eq!(events.missed(), 0);
    drop((client, events));
    tokio::task::spawn_blocking(|| server.join().unwrap())
        .await
        .unwrap();
}

#[tokio::test]
async fn what_is_not_known_is_an_error_of_that_call_alone() {
    let daemon = Daemon::new();
    let client = Client::open(daemon.options()).await.unwrap();
    let server = thread::spawn(move || {
        let mut connection = daemon.accept();
        connection.serve(r#"{"result":"moon","phase":"full"}"#);
        connection.serve(OK);
        connection.serve(r#"{"result":"err","message":"no"}"#);
        connection.read();
        connection.write("nonsense");
        assert!(connection.try_read().unwrap().is_none());
    });

    let error = client.status().await.unwrap_err();
    assert!(
        matches!(&error, Error::UnknownResult(name) if name == "moon"),
        "{error:?}"
    );
    let error = client.status().await.unwrap_err();
    assert!(
        matches!(&error, Error::Unexpected(other) if other.name() == "ok"),
        "{error:?}"
    );
    let error = client.status().await.unwrap_err();
    assert!(
        matches!(&error, Error::Refused(err) if err.message == "no"),
        "{error:?}"
    );
    let error = client.status().await.unwrap_err();
    assert!(matches!(&error, Error::Protocol(_)), "{error:?}");
    tokio::task::spawn_blocking(|| server.join().unwrap())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_request_above_the_limit_is_not_sent() {
    let daemon = Daemon::new();
    let client = Client::open(daemon.options()).await.unwrap();
    let server = thread::spawn(move || daemon.accept().serve(STATUS));
    let names = vec!["x".repeat(MAX_BODY)];

    let error = client
        .prune_orphan_bridges(PruneOrphanBridges::new(names))
        .await
        .unwrap_err();
    assert!(
        matches!(error, Error::TooLarge(n) if n > MAX_BODY),
        "{error:?}"
    );
    client.status().await.unwrap();
    assert_eq!(server.join().unwrap().request, Request::Status);
}
