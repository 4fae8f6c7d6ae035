"""One connection: frames out, answers matched with their calls, events handed on."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from typing import NoReturn

from overlayd._errors import ConnectionLostError, DecodeError, ProtocolError, UnknownVariantError
from overlayd._protocol import Event, RequestFrame, Response, ResponseFrame, decode_frame

HEAD_BYTES = 4
BODY_MAX_BYTES = 8 * 1024 * 1024


class Connection:
    """A connection that is there. It reads by itself until it ends, and isn't used again then."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        on_event: Callable[[Event | None], None],
        on_end: Callable[[], None],
    ) -> None:
        """Calls on_event for each event, with None for an unknown one, and on_end at last."""
        self._reader, self._writer = reader, writer
        self._on_event, self._on_end = on_event, on_end
        self._waiting: dict[int, asyncio.Future[Response]] = {}
        self._last = 0
        self._reading = asyncio.create_task(self._read())
        self._reading.add_done_callback(self._ended)

    @property
    def is_open(self) -> bool:
        return not self._reading.done() and not self._writer.is_closing()

    def send(self, number: int, frame: bytes) -> asyncio.Future[Response]:
        """Sends a whole frame, whose number is above that of the last. The answer, later."""
        self._last = number
        self._waiting[number] = answer = asyncio.get_running_loop().create_future()
        self._writer.write(frame)
        return answer

    async def drain(self) -> None:
        """Waits until the daemon has taken most of what was sent."""
        with contextlib.suppress(ConnectionError):  # the answers are told
            await self._writer.drain()

    def forget(self, number: int) -> None:
        """Nobody waits for this answer any more; it is dropped when it comes."""
        answer = self._waiting.pop(number, None)
        if answer is not None:
            answer.cancel()

    async def close(self) -> None:
        self._reading.cancel()
        await asyncio.wait([self._reading])

    async def _read(self) -> NoReturn:
        while True:
            self._take(await self._next_body())

    def _ended(self, reading: asyncio.Task[NoReturn]) -> None:
        self._writer.close()
        error = None if reading.cancelled() else reading.exception()
        fault: Exception = ConnectionLostError("the connection was closed")
        if isinstance(error, ProtocolError):
            fault = ProtocolError(f"{error}; the connection was closed")
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(type(fault)(*fault.args))
        self._waiting.clear()
        self._on_end()

    async def _next_body(self) -> bytes:
        length = int.from_bytes(await self._reader.readexactly(HEAD_BYTES), "little")
        if not 1 <= length <= BODY_MAX_BYTES:
            raise ProtocolError(f"a frame of {length} bytes")
        return await self._reader.readexactly(length)

    def _take(self, body: bytes) -> None:
        try:
            frame = decode_frame(body)
        except DecodeError as error:
            self._take_unreadable(body, error)
            return
        match frame:
            case ResponseFrame():
                answer = self._claim(frame.id)
                if answer is not None:
                    answer.set_result(frame.response)
            case RequestFrame():
                raise ProtocolError("the daemon sent a request")
            case event:
                self._on_event(event)

    def _take_unreadable(self, body: bytes, error: DecodeError) -> None:
        """An answer that can't be read is the matter of its call alone, as framing is intact."""
        try:
            document = json.loads(body)
        except (ValueError, RecursionError):
            raise error from None
        match document:
            case {"frame": "event"} if isinstance(error, UnknownVariantError):
                self._on_event(None)
            case {"frame": "response", "id": int(number)}:
                answer = self._claim(number)
                if answer is not None:
                    answer.set_exception(error)
            case _:
                raise error

    def _claim(self, number: int) -> asyncio.Future[Response] | None:
        if not 1 <= number <= self._last:
            raise ProtocolError(f"an answer to request {number}, which was never sent")
        return self._waiting.pop(number, None)
