"""Attaches a container, given by the id of one of its processes, to a service's bridge.

    attach_container.py [--socket PATH] PID SERVICE

The node must be set up; the service's bridge is made if it isn't there.
"""

from __future__ import annotations

import argparse
import sys

from overlayd import (
    AttachContainer,
    AttachResult,
    Client,
    GuestOverlayConfig,
    LinuxPid,
    OverlaydError,
    OverlayMode,
    SetupServiceOverlay,
)


def attach(client: Client, pid: int, service: str) -> None:
    bridge = client.setup_service_overlay(
        SetupServiceOverlay(service=service, mode=OverlayMode.AUTO)
    )
    request = AttachContainer(handle=LinuxPid(pid=pid), service=service, join_global=False)
    match client.attach_container(request):
        case AttachResult(ip=ip):
            print(f"{ip} on {bridge.name}")
        case GuestOverlayConfig(overlay_ip=ip):
            print(f"{ip}, once the guest has set up its own WireGuard")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--socket", help="the daemon's socket, if it isn't this user's default")
    parser.add_argument("pid", type=int)
    parser.add_argument("service")
    arguments = parser.parse_args()
    try:
        with Client(arguments.socket, timeout=10) as client:
            attach(client, arguments.pid, arguments.service)
    except OverlaydError as error:
        print(f"attach_container: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
