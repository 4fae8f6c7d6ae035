"""The client for asyncio."""

from __future__ import annotations

import asyncio
import collections
import itertools
import math
import time
import weakref
from types import TracebackType
from typing import Self

from overlayd._connection import BODY_MAX_BYTES, HEAD_BYTES, Connection
from overlayd._errors import (
    ConnectionLostError,
    DaemonError,
    DeadlineError,
    EncodeError,
    UnavailableError,
)
from overlayd._paths import default_socket_path
from overlayd._protocol import (
    AsyncOperations,
    Err,
    Event,
    Request,
    RequestFrame,
    Response,
    encode_frame,
)

_PAUSE_FIRST = 0.1
_PAUSE_MOST = 1.0
_EVENTS_MAX = 4096


class AsyncClient(AsyncOperations):
    """A client of the daemon, for asyncio.

    There is one method per operation, which returns the operation's own answer:

        async with AsyncClient() as client:
            status = await client.status()

    Any number of calls may be under way at once, from any number of tasks of one event loop: they
    share a connection, and the daemon carries them out in the order in which they were made.

    A connection is made when one is needed, and anew when it was lost. While nobody listens, that
    is tried again after 0.1 s, then after twice as long each time, up to 1 s. A request is sent
    once: if the connection is lost before the answer came, the call raises ConnectionLostError, as
    the request may have been carried out.
    """

    def __init__(
        self,
        path: str | None = None,
        *,
        timeout: float = 30.0,
        connect_timeout: float = 5.0,
    ) -> None:
        """Takes the socket's path; None is the default one for this user.

        timeout is how many seconds a call may take that doesn't say so itself, connect_timeout how
        many of them it may wait for a daemon that doesn't listen yet; math.inf is for ever.
        """
        self.path = default_socket_path() if path is None else path
        self.unknown_events = 0
        """How many events came that this package doesn't know, and were skipped."""
        self._timeout, self._connect_timeout = timeout, connect_timeout
        self._connection: Connection | None = None
        self._turn = asyncio.Lock()
        self._numbers = itertools.count(1)
        self._streams: weakref.WeakSet[EventStream] = weakref.WeakSet()
        self._closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Ends the connection; calls under way raise ConnectionLostError, event streams end."""
        self._closed = True
        if self._connection is not None:
            await self._connection.close()
        self._on_end()

    async def call(self, request: Request, /, *, timeout: float | None = None) -> Response:
        """Sends a request and waits for its answer, timeout seconds at most.

        Raises DaemonError if the daemon answered err, DeadlineError, UnavailableError,
        ConnectionLostError, EncodeError, or ProtocolError if what came is no answer.
        """
        seconds = self._timeout if timeout is None else timeout
        give_up = time.monotonic() + self._connect_timeout
        number = next(self._numbers)
        frame = _frame(number, request)
        connection = None
        try:
            async with asyncio.timeout(None if seconds == math.inf else seconds):
                async with self._turn:
                    connection = await self._connect(give_up)
                    answer = connection.send(number, frame)
                await connection.drain()
                response = await answer
        except TimeoutError:
            text = f"no answer within {seconds:g} s"
            raise DeadlineError(text, sent=connection is not None) from None
        finally:
            if connection is not None:
                connection.forget(number)
        if isinstance(response, Err):
            raise DaemonError(response)
        return response

    def events(self) -> EventStream:
        """What the daemon tells from now on, once hello was said; see EventStream."""
        stream = EventStream(self)
        self._streams.add(stream)
        return stream

    async def connect(self) -> None:
        """Makes the connection now, if there is none. Raises UnavailableError."""
        give_up = time.monotonic() + self._connect_timeout
        async with self._turn:
            await self._connect(give_up)

    async def _connect(self, give_up: float) -> Connection:
        pause = _PAUSE_FIRST
        while not self._closed:
            if self._connection is not None and self._connection.is_open:
                return self._connection
            try:
                streams = await asyncio.open_unix_connection(self.path)
                self._connection = Connection(*streams, self._on_event, self._on_end)
            except OSError as error:
                if not _may_pass(error) or time.monotonic() + pause > give_up:
                    text = f"{self.path}: {error.strerror or error}"
                    raise UnavailableError(text) from error
                await asyncio.sleep(pause)
                pause = min(2 * pause, _PAUSE_MOST)
        raise UnavailableError("the client is closed")

    def _on_event(self, event: Event | None) -> None:
        if event is None:
            self.unknown_events += 1
            return
        for stream in self._streams:
            stream._put(event)

    def _on_end(self) -> None:
        for stream in self._streams:
            stream._lose()


class EventStream:
    """Events in the order in which they came: `async for event in client.events()`.

    Waiting for one makes the connection if there is none. When it is lost, events may be missed, so
    ConnectionLostError is raised, once: look at the state again, and iterate on. UnavailableError
    says that no connection could be made; iterating on tries again. The stream ends when its client
    is closed.
    """

    def __init__(self, client: AsyncClient) -> None:
        self._client = client
        self._events: collections.deque[Event] = collections.deque()
        self._news = asyncio.Event()
        self._lost = False
        self._closed = False
        self.dropped = 0
        """How many events were dropped, the oldest first, as 4,096 were waiting to be read."""

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Event:
        while not self._events:
            if self._closed or self._client._closed:
                raise StopAsyncIteration
            if self._lost:
                self._lost = False
                raise ConnectionLostError("the connection was lost: events may be missed")
            self._news.clear()
            await self._client.connect()
            await self._news.wait()
        return self._events.popleft()

    def close(self) -> None:
        """Ends the stream; what has come can still be read."""
        self._closed = True
        self._client._streams.discard(self)
        self._news.set()

    def _put(self, event: Event) -> None:
        if len(self._events) == _EVENTS_MAX:
            self._events.popleft()
            self.dropped += 1
        self._events.append(event)
        self._news.set()

    def _lose(self) -> None:
        self._lost = True
        self._news.set()


def _frame(number: int, request: Request) -> bytes:
    body = encode_frame(RequestFrame(id=number, request=request))
    if len(body) > BODY_MAX_BYTES:
        raise EncodeError(f"a frame of {len(body)} bytes")
    return len(body).to_bytes(HEAD_BYTES, "little") + body


def _may_pass(error: OSError) -> bool:
    """Whether it is what a daemon that starts or is busy looks like."""
    return isinstance(error, FileNotFoundError | ConnectionRefusedError | BlockingIOError)
