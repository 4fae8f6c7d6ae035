//! Connects several processes to a service at a time: `attach_tokio SOCKET SERVICE PID...`.

use overlayd_client::protocol::{
    call, AttachContainer, AttachContainerAnswer, AttachHandle, LinuxPid, OverlayMode,
    SetupServiceOverlay,
};
use overlayd_client::{tokio::Client, Options};
use std::error::Error;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let socket = arguments
        .next()
        .ok_or("usage: attach_tokio SOCKET SERVICE PID...")?;
    let service = arguments.next().ok_or("no service")?;
    let pids = arguments
        .map(|pid| pid.parse())
        .collect::<Result<Vec<u32>, _>>()?;
    let client = Client::open(Options::new().socket(socket)).await?;

    client
        .setup_service_overlay(SetupServiceOverlay::new(&service, OverlayMode::Auto))
        .await?;
    let mut pending = Vec::new();
    for pid in pids {
        let handle = AttachHandle::LinuxPid(LinuxPid::new(pid));
        let attach = call::attach_container(AttachContainer::new(handle, &service, false));
        pending.push((pid, client.send(attach).await?));
    }
    for (pid, attach) in pending {
        match attach.wait().await {
            Ok(AttachContainerAnswer::Attached(attached)) => println!("{pid}: {}", attached.ip),
            Ok(_) => println!("{pid}: not a container of this host"),
            Err(error) => println!("{pid}: {error}"),
        }
    }
    Ok(())
}
