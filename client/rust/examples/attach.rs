//! Connects a process's network namespace to a service: `attach SOCKET PID SERVICE`.
//!
//! The node's tunnel must be up, by `setup_global_overlay`.

use overlayd_client::protocol::{
    AttachContainer, AttachContainerAnswer, AttachHandle, LinuxPid, OverlayMode,
    SetupServiceOverlay,
};
use overlayd_client::{blocking::Client, Options};
use std::error::Error;
use std::time::Duration;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (socket, pid, service) = match &arguments[..] {
        [socket, pid, service] => (socket, pid.parse()?, service),
        _ => return Err("usage: attach SOCKET PID SERVICE".into()),
    };
    let client = Client::open(
        Options::new()
            .socket(socket)
            .deadline(Duration::from_secs(10)),
    )?;

    client.setup_service_overlay(SetupServiceOverlay::new(service, OverlayMode::Auto))?;
    let answer = client.attach_container(AttachContainer {
        dns_domain: Some("example.internal".into()),
        ..AttachContainer::new(AttachHandle::LinuxPid(LinuxPid::new(pid)), service, false)
    })?;
    match answer {
        AttachContainerAnswer::Attached(attached) => println!("{}", attached.ip),
        AttachContainerAnswer::GuestConfig(guest) => println!("{}", guest.overlay_ip),
        _ => return Err("an answer that this program doesn't know".into()),
    }
    Ok(())
}
