from __future__ import annotations

import asyncio
import concurrent.futures
import threading
import unittest
from collections.abc import Callable

from fake_daemon import FakeDaemon, Peer, Script
from overlayd import (
    Client,
    ConnectionLostError,
    DaemonError,
    DeadlineError,
    Err,
    PeerHealthChanged,
    ResponseOk,
    SetLocalNodeId,
    StatusSnapshot,
    UnavailableError,
)

STATUS = StatusSnapshot(peer_count=1, service_count=2)
EVENT = PeerHealthChanged(pubkey="K", healthy=True)


async def answer_all(peer: Peer) -> None:
    while True:
        frame = await peer.request()
        match frame.request:
            case SetLocalNodeId(node_id=0):
                peer.answer(frame.id, Err(message="zero"))
            case SetLocalNodeId():
                peer.answer(frame.id, ResponseOk())
            case _:
                peer.answer(frame.id, STATUS)


async def hang(peer: Peer) -> None:
    await peer.gone()


class Blocking(unittest.TestCase):
    def serve(self, *scripts: Script) -> FakeDaemon:
        """A daemon in a thread of its own, until the test ends."""
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever)
        thread.start()
        daemon = FakeDaemon(*scripts)

        def stop() -> None:
            asyncio.run_coroutine_threadsafe(daemon.__aexit__(None, None, None), loop).result()
            loop.call_soon_threadsafe(loop.stop)
            thread.join()
            loop.run_until_complete(asyncio.sleep(0))
            loop.close()

        asyncio.run_coroutine_threadsafe(daemon.start(), loop).result()
        self.addCleanup(stop)
        return daemon

    def test_calls(self) -> None:
        daemon = self.serve(answer_all)
        with Client(daemon.path) as client:
            self.assertEqual(client.path, daemon.path)
            self.assertEqual(client.status(), STATUS)
            with self.assertRaisesRegex(DaemonError, "^zero$"):
                client.set_local_node_id(SetLocalNodeId(node_id=0))

    def test_pipelining(self) -> None:
        daemon = self.serve(answer_all)
        with Client(daemon.path) as client:
            futures = [client.submit(SetLocalNodeId(node_id=n)) for n in range(100)]
            with self.assertRaises(DaemonError):
                futures[0].result()
            self.assertEqual([f.result() for f in futures[1:]], [ResponseOk()] * 99)
        self.assertEqual(daemon.connections, 1)

    def test_many_threads(self) -> None:
        daemon = self.serve(answer_all)
        with Client(daemon.path) as client, concurrent.futures.ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: client.status(), range(200)))
        self.assertEqual(answers, [STATUS] * 200)
        self.assertEqual(daemon.connections, 1)

    def test_deadline(self) -> None:
        daemon = self.serve(hang)
        with Client(daemon.path) as client, self.assertRaises(DeadlineError):
            client.status(timeout=0.01)

    def test_closing_ends_calls_of_other_threads(self) -> None:
        daemon = self.serve(hang)
        nobody = Client("/nonexistent/socket", connect_timeout=60)
        client = Client(daemon.path)
        self.closes(client, client.status, (ConnectionLostError, UnavailableError))
        self.closes(nobody, nobody.status, (UnavailableError,))
        with self.assertRaises(UnavailableError):
            client.status()

    def closes(
        self, client: Client, call: Callable[[], object], errors: tuple[type[Exception], ...]
    ) -> None:
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            future = pool.submit(call)
            with self.assertRaises(concurrent.futures.TimeoutError):
                future.result(0.05)
            client.close()
            client.close()
            with self.assertRaises(errors):
                future.result()

    def test_events(self) -> None:
        async def script(peer: Peer) -> None:
            peer.send_body(b'{"frame":"event","event":"new"}')
            peer.send(EVENT)
            peer.send(EVENT)

        daemon = self.serve(script, hang)
        with Client(daemon.path) as client:
            events = client.events()
            self.assertEqual([next(events), next(events)], [EVENT, EVENT])
            self.assertEqual((client.unknown_events, events.dropped), (1, 0))
            with self.assertRaises(ConnectionLostError):
                next(events)
            with self.assertRaises(DeadlineError):
                events.next(timeout=0.01)
            events.close()
            self.assertEqual(list(events), [])
        events.close()


if __name__ == "__main__":
    unittest.main()
