"""The client against a real daemon that has just started, in namespaces of its own.

Run by itself, as root of them, with the daemon's socket in $OVERLAYD_SOCKET. The tests go by name.
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
import pathlib
import subprocess
import sys
import time
import unittest

import overlayd

SOCKET = os.environ.get("OVERLAYD_SOCKET", "")
EXAMPLE = pathlib.Path(__file__).parent.parent / "examples" / "attach_container.py"
SLICE = ipaddress.ip_network("10.200.4.0/24")


def start_container() -> subprocess.Popen[bytes]:
    """A process that has a network namespace of its own already."""
    process = subprocess.Popen(["unshare", "--net", "sleep", "1000"])
    ours = os.readlink("/proc/self/ns/net")
    while os.readlink(f"/proc/{process.pid}/ns/net") == ours:
        time.sleep(0.01)
    return process


class LiveDaemon(unittest.TestCase):
    def setUp(self) -> None:
        self.client = overlayd.Client(SOCKET)
        self.addCleanup(self.client.close)

    def container(self) -> overlayd.LinuxPid:
        process = start_container()
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return overlayd.LinuxPid(pid=process.pid)

    def test_0_hello(self) -> None:
        self.assertEqual(self.client.hello(overlayd.Hello(client="test")).name, "overlayd")

    def test_1_node_id(self) -> None:
        self.client.set_local_node_id(overlayd.SetLocalNodeId(node_id=2**64 - 1))

    def test_2_setup(self) -> None:
        bridge = self.client.setup_global_overlay(
            overlayd.SetupGlobalOverlay(
                deployment="d",
                instance_id="1",
                cluster_cidr="10.200.0.0/16",
                slice_cidr=str(SLICE),
                wg_port=51820,
            )
        )
        self.assertTrue(pathlib.Path("/proc/sys/net/ipv4/conf", bridge.name).is_dir())

    def test_3_status(self) -> None:
        status = self.client.status()
        self.assertEqual(status.node_ip, SLICE[1])
        self.assertEqual((status.slice_cidr, status.peers), (str(SLICE), ()))

    def test_4_attach_and_detach(self) -> None:
        handle = self.container()
        service = overlayd.SetupServiceOverlay(service="web", mode=overlayd.OverlayMode.AUTO)
        self.assertEqual(self.client.setup_service_overlay(service).mode, service.mode)
        request = overlayd.AttachContainer(handle=handle, service="web", join_global=False)
        attached = self.client.attach_container(request)
        assert isinstance(attached, overlayd.AttachResult)
        self.assertIn(attached.ip, SLICE)
        self.assertEqual(self.client.attach_container(request), attached)
        self.client.detach_container(overlayd.DetachContainer(handle=handle))

    def test_5_err(self) -> None:
        request = overlayd.AttachContainer(
            handle=overlayd.LinuxPid(pid=4194304), service="web", join_global=False
        )
        with self.assertRaisesRegex(overlayd.DaemonError, "4194304"):
            self.client.attach_container(request)
        self.assertEqual(self.client.status().service_count, 1)

    def test_6_pipelined_calls(self) -> None:
        allocate = overlayd.AllocateIp(service="web", join_global=False)
        futures = [self.client.submit(allocate) for _ in range(20)]
        addresses = []
        for future in futures:
            answer = future.result()
            assert isinstance(answer, overlayd.AllocatedIp)
            addresses.append(answer.ip)
        self.assertEqual(len(set(addresses)), 20)
        releases = [self.client.submit(overlayd.ReleaseIp(ip=ip)) for ip in addresses]
        self.assertEqual({r.result() for r in releases}, {overlayd.ResponseOk()})

    def test_7_asyncio(self) -> None:
        async def statuses() -> list[overlayd.StatusSnapshot]:
            async with overlayd.AsyncClient(SOCKET) as client:
                return await asyncio.gather(*[client.status() for _ in range(100)])

        self.assertEqual(len(set(asyncio.run(statuses()))), 1)

    def test_8_example(self) -> None:
        handle = self.container()
        command = [sys.executable, str(EXAMPLE), "--socket", SOCKET, str(handle.pid), "db"]
        said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        self.assertRegex(said, r"^10\.200\.4\.\d+ on zl-")
        self.client.detach_container(overlayd.DetachContainer(handle=handle))

    def test_9_shutdown(self) -> None:
        self.client.shutdown()
        gone = overlayd.UnavailableError, overlayd.ConnectionLostError
        with overlayd.Client(SOCKET, connect_timeout=0) as client, self.assertRaises(gone):
            while client.status():
                time.sleep(0.01)


if __name__ == "__main__":
    unittest.main()
