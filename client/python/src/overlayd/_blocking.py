"""The client for threads."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextlib
import math
import threading
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

from overlayd import _client
from overlayd._errors import DeadlineError, UnavailableError
from overlayd._protocol import Event, Operations, Request, Response

T = TypeVar("T")


class Client(Operations):
    """A client of the daemon that blocks, for any number of threads at once.

    There is one method per operation, which returns the operation's own answer:

        with Client() as client:
            status = client.status()

    It is an AsyncClient with a thread that runs its event loop, so what is said there of
    connections, order and errors holds here. Close it, or that thread lives on until the program
    ends.
    """

    def __init__(
        self,
        path: str | None = None,
        *,
        timeout: float = 30.0,
        connect_timeout: float = 5.0,
    ) -> None:
        """Takes what AsyncClient takes. The first call makes the connection."""
        self._client = _client.AsyncClient(path, timeout=timeout, connect_timeout=connect_timeout)
        self._lock = threading.Lock()
        self._closed = False
        started: concurrent.futures.Future[None] = concurrent.futures.Future()
        self._thread = threading.Thread(
            target=asyncio.run, args=[self._run(started)], name="overlayd client", daemon=True
        )
        self._thread.start()
        started.result()

    async def _run(self, started: concurrent.futures.Future[None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        started.set_result(None)
        async with self._client:
            await self._stop.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the connection; calls under way in other threads raise, event streams end."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()

    @property
    def path(self) -> str:
        """The socket's path."""
        return self._client.path

    @property
    def unknown_events(self) -> int:
        """How many events came that this package doesn't know, and were skipped."""
        return self._client.unknown_events

    def call(self, request: Request, /, *, timeout: float | None = None) -> Response:
        """Sends a request and waits for its answer; see AsyncClient.call."""
        return _result(self.submit(request, timeout=timeout))

    def submit(
        self,
        request: Request,
        /,
        *,
        timeout: float | None = None,
    ) -> concurrent.futures.Future[Response]:
        """Sends a request without waiting for its answer: the future has it, or the error.

        Requests are sent in the order of their submission.
        """
        return self._start(self._client.call(request, timeout=timeout))

    def events(self) -> EventStream:
        """What the daemon tells from now on, once hello was said; see EventStream."""
        return EventStream(self)

    def _start(self, work: Coroutine[Any, Any, T]) -> concurrent.futures.Future[T]:
        with self._lock:
            if not self._closed:
                return asyncio.run_coroutine_threadsafe(work, self._loop)
        work.close()
        raise UnavailableError("the client is closed")


class EventStream:
    """Events in the order in which they came: `for event in client.events()`.

    Raises what overlayd.AsyncClient's stream raises. It is for one thread at a time.
    """

    def __init__(self, client: Client) -> None:
        self._client = client
        self._stream = _result(client._start(self._open()))

    async def _open(self) -> _client.EventStream:
        return self._client._client.events()

    @property
    def dropped(self) -> int:
        """How many events were dropped, the oldest first, as 4,096 were waiting to be read."""
        return self._stream.dropped

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Event:
        event = self.next()
        if event is None:
            raise StopIteration
        return event

    def next(self, timeout: float = math.inf) -> Event | None:
        """The next event; None at the stream's end. Raises DeadlineError after timeout seconds."""
        return _result(self._client._start(self._next(timeout)))

    async def _next(self, timeout: float) -> Event | None:
        try:
            async with asyncio.timeout(None if timeout == math.inf else timeout):
                return await anext(self._stream, None)
        except TimeoutError:
            raise DeadlineError(f"no event within {timeout:g} s", sent=False) from None

    def close(self) -> None:
        """Ends the stream; what has come can still be read."""
        with contextlib.suppress(UnavailableError):
            _result(self._client._start(self._close()))

    async def _close(self) -> None:
        self._stream.close()


def _result(future: concurrent.futures.Future[T]) -> T:
    try:
        return future.result()
    except concurrent.futures.CancelledError:
        raise UnavailableError("the client was closed") from None
    finally:
        future.cancel()  # when a signal's exception ended the wait
