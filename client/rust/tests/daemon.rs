//! Both clients against the real daemon, in namespaces that `tests/client/test_rust.sh` makes. It
//! sets `DATA_DIR`, the daemon's, and `CONTAINER_PID`, a process in a network namespace of its own.
#![cfg(feature = "tokio")]

use overlayd_client::protocol::{
    call, AddPeer, AllocateIp, AttachContainer, AttachContainerAnswer, AttachHandle,
    DetachContainer, Hello, LinuxPid, OverlayMode, PeerScope, PeerSpec, ReleaseIp, ServiceScope,
    SetLocalNodeId, SetupGlobalOverlay, SetupServiceOverlay, TeardownServiceOverlay,
};
use overlayd_client::{blocking, tokio, Error, Options};
use std::collections::BTreeSet;
use std::env;

fn options() -> Options {
    Options::new().data_dir(env::var_os("DATA_DIR").expect("DATA_DIR"))
}

fn container() -> AttachHandle {
    let pid = env::var("CONTAINER_PID").expect("CONTAINER_PID");
    AttachHandle::LinuxPid(LinuxPid::new(pid.parse().unwrap()))
}

fn set_up(client: &blocking::Client) {
    let who = Hello {
        client: Some("tests".into()),
    };
    assert_eq!(client.hello(who).unwrap().name, "overlayd");
    client
        .set_local_node_id(SetLocalNodeId::new(u64::MAX))
        .unwrap();
    assert_eq!(client.status().unwrap().interface, None);
    let setup = SetupGlobalOverlay {
        slice_cidr: Some("10.200.4.0/24".into()),
        ..SetupGlobalOverlay::new("d", "1", "10.200.0.0/16", 0)
    };
    let interface = client.setup_global_overlay(setup).unwrap().name;
    let web = SetupServiceOverlay::new("web", OverlayMode::Isolated);
    let overlay = client.setup_service_overlay(web).unwrap();
    assert_eq!(overlay.mode, OverlayMode::Auto);
    assert_eq!(overlay.mode_actual, Some(OverlayMode::Isolated));

    let status = client.status().unwrap();
    assert_eq!(status.interface, Some(interface));
    assert_eq!(status.node_ip, Some("10.200.4.1".parse().unwrap()));
    assert_eq!(status.service_count, 1);
}

fn attach(client: &blocking::Client) {
    let attach = AttachContainer {
        isolation_network: Some("job".into()),
        ..AttachContainer::new(container(), "web", false)
    };
    let answer = client.attach_container(attach.clone()).unwrap();
    assert_eq!(client.attach_container(attach).unwrap(), answer);
    match answer {
        AttachContainerAnswer::Attached(attached) => {
            assert!(attached.ip.to_string().starts_with("10.200.4."));
            assert!(attached.isolated.is_some());
        }
        other => panic!("{other:?}"),
    }
}

fn be_refused(client: &blocking::Client) {
    let peer = PeerSpec::new("no key", "192.0.2.1:9", "10.9.0.0/16", 0);
    let scope = PeerScope::Service(ServiceScope::new("web"));
    for request in [
        AddPeer::new(peer.clone()),
        AddPeer {
            scope,
            ..AddPeer::new(peer)
        },
    ] {
        match client.add_peer(request).unwrap_err() {
            Error::Refused(err) => assert!(!err.message.is_empty()),
            other => panic!("{other:?}"),
        }
    }
    // the daemon holds to limits that are not looked at here
    let long = SetupServiceOverlay::new("x".repeat(64), OverlayMode::Auto);
    let error = client.setup_service_overlay(long).unwrap_err();
    assert!(error.to_string().contains("service"), "{error}");
}

fn pipeline(client: &blocking::Client) {
    let mut pending = Vec::new();
    for _ in 0..20 {
        let take = call::allocate_ip(AllocateIp::new("web", false));
        pending.push(client.send(take).unwrap());
    }
    let taken = pending.into_iter().map(|one| one.wait().unwrap().ip);
    let taken: BTreeSet<_> = taken.collect();
    assert_eq!(taken.len(), 20);

    let mut pending = Vec::new();
    for ip in taken {
        let free = call::release_ip(ReleaseIp::new(ip));
        pending.push(client.send(free).unwrap());
    }
    for one in pending {
        one.wait().unwrap();
    }
}

async fn the_same_in_tasks() {
    let client = tokio::Client::open(options()).await.unwrap();
    let mut pending = Vec::new();
    for _ in 0..20 {
        pending.push(client.send(call::status()).await.unwrap());
    }
    for pending in pending {
        assert_eq!(pending.wait().await.unwrap().service_count, 1);
    }
    client
        .detach_container(DetachContainer::new(container()))
        .await
        .unwrap();
    client
        .teardown_service_overlay(TeardownServiceOverlay::new("web"))
        .await
        .unwrap();
    assert_eq!(client.status().await.unwrap().service_count, 0);
}

#[test]
#[ignore = "needs a daemon in namespaces of its own"]
fn a_node_lives() {
    let client = blocking::Client::open(options()).unwrap();
    set_up(&client);
    attach(&client);
    be_refused(&client);
    pipeline(&client);
    let runtime = ::tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.unwrap().block_on(the_same_in_tasks());

    client.shutdown().unwrap();
    let impatient = options().patience(std::time::Duration::ZERO);
    let gone = loop {
        if let Err(error) = blocking::Client::open(impatient.clone()) {
            break error;
        }
    };
    assert!(matches!(gone, Error::Connect(_)), "{gone:?}");
}
