from __future__ import annotations

import asyncio
import math
import unittest

from fake_daemon import FakeDaemon, Peer
from overlayd import (
    AsyncClient,
    ConnectionLostError,
    DaemonError,
    DeadlineError,
    EncodeError,
    Err,
    PeerHealthChanged,
    ProtocolError,
    PruneOrphanBridges,
    RequestStatus,
    ResponseOk,
    SetLocalNodeId,
    StatusSnapshot,
    UnavailableError,
    UnexpectedAnswerError,
    UnknownVariantError,
    encode_frame,
)

STATUS = StatusSnapshot(peer_count=1, service_count=2)
EVENT = PeerHealthChanged(pubkey="K", healthy=True)


async def answer_all(peer: Peer) -> None:
    while True:
        frame = await peer.request()
        peer.answer(frame.id, STATUS if isinstance(frame.request, RequestStatus) else ResponseOk())


async def answer_one(peer: Peer) -> None:
    peer.answer((await peer.request()).id, STATUS)


async def hang(peer: Peer) -> None:
    await peer.gone()


async def take_one(peer: Peer) -> None:
    await peer.request()


class Calls(unittest.IsolatedAsyncioTestCase):
    async def test_an_answer(self) -> None:
        async with FakeDaemon(answer_all) as daemon, AsyncClient(daemon.path) as client:
            self.assertEqual(await client.status(), STATUS)
            await client.set_local_node_id(SetLocalNodeId(node_id=2**64 - 1))
            self.assertEqual(daemon.connections, 1)

    async def test_err_is_raised(self) -> None:
        async def script(peer: Peer) -> None:
            peer.answer((await peer.request()).id, Err(message="no: such thing"))
            await answer_all(peer)

        async with FakeDaemon(script) as daemon, AsyncClient(daemon.path) as client:
            with self.assertRaisesRegex(DaemonError, "^no: such thing$") as caught:
                await client.status()
            self.assertEqual(caught.exception.err, Err(message="no: such thing"))
            self.assertEqual(await client.status(), STATUS)

    async def test_an_answer_of_another_operation(self) -> None:
        async def script(peer: Peer) -> None:
            peer.answer((await peer.request()).id, ResponseOk())
            await answer_all(peer)

        async with FakeDaemon(script) as daemon, AsyncClient(daemon.path) as client:
            with self.assertRaises(UnexpectedAnswerError) as caught:
                await client.status()
            self.assertEqual(caught.exception.answer, ResponseOk())
            self.assertEqual(await client.status(), STATUS)

    async def test_a_result_of_a_newer_daemon_fails_its_call_alone(self) -> None:
        async def script(peer: Peer) -> None:
            first, second = await peer.request(), await peer.request()
            body = f'{{"frame":"response","id":{first.id},"response":{{"result":"new","x":1}}}}'
            peer.send_body(body.encode())
            peer.answer(second.id, STATUS)
            await peer.gone()

        async with FakeDaemon(script) as daemon, AsyncClient(daemon.path) as client:
            first, second = await asyncio.gather(
                client.status(), client.status(), return_exceptions=True
            )
            self.assertIsInstance(first, UnknownVariantError)
            self.assertEqual(second, STATUS)

    async def test_a_value_that_is_none_is_not_sent(self) -> None:
        async with FakeDaemon(answer_all) as daemon, AsyncClient(daemon.path) as client:
            with self.assertRaises(EncodeError):
                await client.set_local_node_id(SetLocalNodeId(node_id=-1))
            self.assertEqual(daemon.connections, 0)

    async def test_pipelining(self) -> None:
        async def script(peer: Peer) -> None:
            frames = [await peer.request() for _ in range(1000)]
            for n, frame in enumerate(frames):
                assert frame.request == SetLocalNodeId(node_id=n), "out of order"
                if n % 2 == 0:
                    peer.answer(frame.id, ResponseOk())
                else:
                    peer.answer(frame.id, Err(message=str(n)))
            await peer.gone()

        async with FakeDaemon(script) as daemon, AsyncClient(daemon.path) as client:
            calls = [client.set_local_node_id(SetLocalNodeId(node_id=n)) for n in range(1000)]
            answers = await asyncio.gather(*calls, return_exceptions=True)
            for n, answer in enumerate(answers):
                self.assertEqual(str(answer), "None" if n % 2 == 0 else str(n))

    async def test_frames_in_pieces_and_together(self) -> None:
        async def script(peer: Peer) -> None:
            frames = [await peer.request() for _ in range(3)]
            for frame in frames[:2]:
                peer.answer(frame.id, STATUS)
                peer.send(EVENT)
            await peer.writer.drain()
            body = encode_frame(EVENT)
            for byte in len(body).to_bytes(4, "little") + body:
                peer.writer.write(bytes([byte]))
                await asyncio.sleep(0)
            peer.answer(frames[2].id, STATUS)
            await peer.gone()

        async with FakeDaemon(script) as daemon, AsyncClient(daemon.path) as client:
            events = client.events()
            answers = await asyncio.gather(*[client.status() for _ in range(3)])
            self.assertEqual(answers, [STATUS] * 3)
            self.assertEqual([await anext(events) for _ in range(3)], [EVENT] * 3)

    async def test_a_large_request(self) -> None:
        async with FakeDaemon(answer_all) as daemon, AsyncClient(daemon.path) as client:
            names = tuple("x" * 1024 for _ in range(2048))
            with self.assertRaises(UnexpectedAnswerError):
                await client.prune_orphan_bridges(PruneOrphanBridges(live_bridge_names=names))


class Deadlines(unittest.IsolatedAsyncioTestCase):
    async def test_no_answer(self) -> None:
        async with FakeDaemon(hang) as daemon, AsyncClient(daemon.path, timeout=2) as client:
            with self.assertRaises(DeadlineError) as caught:
                await client.status()
            self.assertTrue(caught.exception.sent)

    async def test_a_late_answer_is_dropped(self) -> None:
        late = asyncio.Event()

        async def script(peer: Peer) -> None:
            frame = await peer.request()
            await late.wait()
            peer.answer(frame.id, ResponseOk())
            await answer_all(peer)

        async with FakeDaemon(script) as daemon, AsyncClient(daemon.path) as client:
            with self.assertRaises(DeadlineError):
                await client.status(timeout=0.01)
            late.set()
            self.assertEqual(await client.status(timeout=math.inf), STATUS)
            self.assertEqual(daemon.connections, 1)

    async def test_a_cancelled_call_leaves_the_others(self) -> None:
        async def script(peer: Peer) -> None:
            frames = [await peer.request(), await peer.request()]
            await second_may_be_answered.wait()
            for frame in frames:
                peer.answer(frame.id, STATUS)
            await peer.gone()

        second_may_be_answered = asyncio.Event()
        async with FakeDaemon(script) as daemon, AsyncClient(daemon.path) as client:
            first, second = (asyncio.create_task(client.status()) for _ in range(2))
            await asyncio.sleep(0.01)
            first.cancel()
            second_may_be_answered.set()
            self.assertEqual(await second, STATUS)
            self.assertTrue(first.cancelled())

    async def test_the_deadline_holds_while_nobody_listens(self) -> None:
        async with AsyncClient("/nonexistent/socket", connect_timeout=60) as client:
            with self.assertRaises(DeadlineError) as caught:
                await client.status(timeout=0.01)
            self.assertFalse(caught.exception.sent)


class Connections(unittest.IsolatedAsyncioTestCase):
    async def test_nobody_listens(self) -> None:
        async with AsyncClient("/nonexistent/socket", connect_timeout=0) as client:
            with self.assertRaisesRegex(UnavailableError, "^/nonexistent/socket: No such file"):
                await client.status()

    async def test_what_waiting_does_not_mend_is_told_at_once(self) -> None:
        async with AsyncClient("/dev/null/socket", connect_timeout=60, timeout=5) as client:
            with self.assertRaisesRegex(UnavailableError, "Not a directory"):
                await client.status()

    async def test_a_daemon_that_starts_is_waited_for(self) -> None:
        daemon = FakeDaemon(answer_all)
        async with AsyncClient(daemon.path) as client:
            calls = [asyncio.create_task(client.status()) for _ in range(3)]
            await asyncio.sleep(0.01)
            async with daemon:
                self.assertEqual(await asyncio.gather(*calls), [STATUS] * 3)
                self.assertEqual(daemon.connections, 1)

    async def test_a_lost_request_is_not_sent_again(self) -> None:
        async with FakeDaemon(take_one, answer_all) as daemon, AsyncClient(daemon.path) as client:
            with self.assertRaises(ConnectionLostError):
                await client.status()
            self.assertEqual(daemon.connections, 1)
            self.assertEqual(await client.status(), STATUS)
            self.assertEqual(daemon.connections, 2)

    async def test_a_connection_that_ended_while_idle_is_made_anew(self) -> None:
        async with FakeDaemon(answer_one) as daemon, AsyncClient(daemon.path) as client:
            for n in range(1, 4):
                self.assertEqual(await client.status(), STATUS)
                self.assertEqual(daemon.connections, n)
                await asyncio.sleep(0.01)

    async def test_what_breaks_the_contract_ends_the_connection(self) -> None:
        for data in (
            b"\0\0\0\0",
            (8 * 1024 * 1024 + 1).to_bytes(4, "little"),
            b"\1\0\0\0{",
            b"\0\0\1\0" + 65536 * b"[",
            b'\x15\0\0\0{"frame":"something"}',
        ):

            async def script(peer: Peer, data: bytes = data) -> None:
                await peer.request()
                peer.writer.write(data)
                await peer.gone()

            async def unasked(peer: Peer) -> None:
                peer.answer((await peer.request()).id + 7, ResponseOk())
                await peer.gone()

            async def backwards(peer: Peer) -> None:
                peer.send(await peer.request())
                await peer.gone()

            scripts = script, unasked, backwards, answer_all
            with self.subTest(data=data):
                async with FakeDaemon(*scripts) as daemon, AsyncClient(daemon.path) as client:
                    for _ in range(3):
                        with self.assertRaises(ProtocolError):
                            await client.status()
                    self.assertEqual(await client.status(), STATUS)

    async def test_a_body_cut_off(self) -> None:
        async def script(peer: Peer) -> None:
            await peer.request()
            peer.writer.write(b"\x20\0\0\0half")

        async with FakeDaemon(script) as daemon, AsyncClient(daemon.path) as client:
            with self.assertRaises(ConnectionLostError):
                await client.status()

    async def test_closing_ends_calls(self) -> None:
        async with FakeDaemon(hang) as daemon:
            client = AsyncClient(daemon.path)
            call = asyncio.create_task(client.status())
            await asyncio.sleep(0.01)
            await client.aclose()
            with self.assertRaises(ConnectionLostError):
                await call
            with self.assertRaises(UnavailableError):
                await client.status()


class Events(unittest.IsolatedAsyncioTestCase):
    async def test_streams_connect_by_themselves_and_end_with_the_client(self) -> None:
        async def script(peer: Peer) -> None:
            peer.send(EVENT)
            await peer.gone()

        async with FakeDaemon(script) as daemon:
            async with AsyncClient(daemon.path) as client:
                first, second = client.events(), client.events()
                self.assertEqual(await anext(first), EVENT)
                self.assertEqual(await anext(second), EVENT)
            self.assertEqual([event async for event in first], [])

    async def test_loss_is_told_once_after_what_came(self) -> None:
        async def once(peer: Peer) -> None:
            peer.send(EVENT)

        async with FakeDaemon(once, hang) as daemon, AsyncClient(daemon.path) as client:
            events = client.events()
            for _ in range(2):
                await client.connect()
                await asyncio.sleep(0.01)
            self.assertEqual(await anext(events), EVENT)
            with self.assertRaises(ConnectionLostError):
                await anext(events)
            with self.assertRaises(TimeoutError):
                async with asyncio.timeout(0.01):
                    await anext(events)

    async def test_unknown_events_are_skipped_and_counted(self) -> None:
        async def script(peer: Peer) -> None:
            peer.send_body(b'{"frame":"event","event":"new","x":[1]}')
            peer.send(EVENT)
            await peer.gone()

        async with FakeDaemon(script) as daemon, AsyncClient(daemon.path) as client:
            self.assertEqual(await anext(client.events()), EVENT)
            self.assertEqual(client.unknown_events, 1)

    async def test_a_reader_that_does_not_read_loses_the_oldest(self) -> None:
        async def script(peer: Peer) -> None:
            for n in range(4096 + 5):
                peer.send(PeerHealthChanged(pubkey=str(n), healthy=True))
            await answer_all(peer)

        async with FakeDaemon(script) as daemon, AsyncClient(daemon.path) as client:
            events = client.events()
            await client.status()
            self.assertEqual(events.dropped, 5)
            self.assertEqual(await anext(events), PeerHealthChanged(pubkey="5", healthy=True))

    async def test_a_closed_stream_gives_what_came_and_ends(self) -> None:
        async def script(peer: Peer) -> None:
            for _ in range(2):
                frame = await peer.request()
                peer.send(EVENT)
                peer.answer(frame.id, STATUS)
            await peer.gone()

        async with FakeDaemon(script) as daemon, AsyncClient(daemon.path) as client:
            events = client.events()
            await client.status()
            events.close()
            await client.status()
            self.assertEqual([event async for event in events], [EVENT])


if __name__ == "__main__":
    unittest.main()
