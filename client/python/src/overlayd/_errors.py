"""What can go wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from overlayd._protocol import Err


class OverlaydError(Exception):
    """Any error of this package."""


class EncodeError(OverlaydError, ValueError):
    """A value that the contract has no place for; nothing was sent. Names the field."""


class DaemonError(OverlaydError):
    """The daemon refused the request or failed at it; nothing changed."""

    def __init__(self, err: Err) -> None:
        super().__init__(err.message)
        self.err = err
        """The answer as it came."""


class DeadlineError(OverlaydError, TimeoutError):
    """No answer in time, or no event."""

    def __init__(self, text: str, *, sent: bool) -> None:
        super().__init__(text)
        self.sent = sent
        """Whether the request is on its way, and may still be carried out."""


class UnavailableError(OverlaydError, ConnectionError):
    """There is no connection and none could be made; the request was not sent."""


class ConnectionLostError(OverlaydError, ConnectionError):
    """The connection ended before the answer came.

    The request may or may not have been carried out, so it isn't sent again. The next call connects
    anew.
    """


class ProtocolError(OverlaydError):
    """What came is not what the contract says."""


class DecodeError(ProtocolError, ValueError):
    """A body that can't be read. Names the field."""


class UnknownVariantError(DecodeError):
    """A result, an event or a value that this package doesn't know: the daemon may be newer."""


class UnexpectedAnswerError(ProtocolError):
    """A result that its operation doesn't answer with."""

    def __init__(self, answer: object) -> None:
        super().__init__(f"{type(answer).__name__} is no answer to this request")
        self.answer = answer
        """The answer as it came."""
