"""A daemon by script, on a socket in a folder of its own."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self, TypeAlias

import overlayd


class Peer:
    """One client's connection, as the daemon sees it."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    async def request(self) -> overlayd.RequestFrame:
        length = int.from_bytes(await self.reader.readexactly(4), "little")
        frame = overlayd.decode_frame(await self.reader.readexactly(length))
        assert isinstance(frame, overlayd.RequestFrame)
        return frame

    def send(self, frame: overlayd.Frame) -> None:
        self.send_body(overlayd.encode_frame(frame))

    def send_body(self, body: bytes) -> None:
        self.writer.write(len(body).to_bytes(4, "little") + body)

    def answer(self, number: int, response: overlayd.Response) -> None:
        self.send(overlayd.ResponseFrame(id=number, response=response))

    async def gone(self) -> None:
        """Waits until the client has ended the connection."""
        await self.reader.read()


Script: TypeAlias = Callable[[Peer], Awaitable[None]]


class FakeDaemon:
    """Plays the scripts in turn, one per connection; the last one for all that follow."""

    def __init__(self, *scripts: Script) -> None:
        self._scripts = list(scripts)
        self._folder = tempfile.TemporaryDirectory()
        self._server: asyncio.Server | None = None
        self.path = f"{self._folder.name}/socket"
        self.connections = 0

    async def start(self) -> None:
        self._server = await asyncio.start_unix_server(self._serve, self.path)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._server is not None:
            self._server.close()
        self._folder.cleanup()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        script = self._scripts[min(self.connections, len(self._scripts) - 1)]
        self.connections += 1
        try:
            await script(Peer(reader, writer))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()
