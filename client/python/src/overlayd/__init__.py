"""Client of overlayd, the overlay network of one host.

`Client` blocks, `AsyncClient` is for asyncio; both have one method per operation. The types of the
contract are made from the daemon's schema: a message is a frozen dataclass whose members are given
by name, a tagged union is the `|` of its variants, an enum a `StrEnum`, an address one of the
`ipaddress` module. So `match` tells the variants apart:

    match client.attach_container(request):
        case AttachResult(ip=ip):
            ...
        case GuestOverlayConfig() as config:
            ...

A variant without keys has a class of its own, named after the union and the variant: `ResponseOk`.

What a member means stands below it in the source, where editors, Sphinx and pdoc look for it.

Everything raised is an `OverlaydError`; an `EncodeError` is raised before anything is sent, for a
value that the contract has no place for.

How JSON keeps the contract. Integers have no bound in Python: each is checked against its width,
when written too. Keys are written in the schema's order, absent optionals left out, without blanks,
so that equal values are equal bytes. A key that stands twice, NaN, and what else the `json` module
would let pass, is refused. Unknown keys are ignored, unknown events skipped and counted; an unknown
result raises `UnknownVariantError` in its call alone.
"""

from overlayd import _protocol
from overlayd._blocking import Client, EventStream
from overlayd._client import AsyncClient
from overlayd._client import EventStream as AsyncEventStream
from overlayd._codec import IPAddress
from overlayd._errors import (
    ConnectionLostError,
    DaemonError,
    DeadlineError,
    DecodeError,
    EncodeError,
    OverlaydError,
    ProtocolError,
    UnavailableError,
    UnexpectedAnswerError,
    UnknownVariantError,
)
from overlayd._paths import default_socket_path
from overlayd._protocol import *  # noqa: F403 - what the schema declares

__all__ = [
    "AsyncClient",
    "AsyncEventStream",
    "Client",
    "ConnectionLostError",
    "DaemonError",
    "DeadlineError",
    "DecodeError",
    "EncodeError",
    "EventStream",
    "IPAddress",
    "OverlaydError",
    "ProtocolError",
    "UnavailableError",
    "UnexpectedAnswerError",
    "UnknownVariantError",
    "default_socket_path",
]
__all__ += _protocol.__all__
