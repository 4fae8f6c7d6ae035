"""Where the daemon's socket is: the daemon's own rules."""

from __future__ import annotations

import os

_ROOT_DATA_DIR = "/var/lib/zlayer"
_SOCKET = "zlayer-overlayd.sock"
_SOCKET_MAX_BYTES = 103


def default_socket_path(data_dir: str | None = None) -> str:
    """The socket of the daemon with this data dir.

    Without one it is $ZLAYER_DATA_DIR, else /var/lib/zlayer for root and ~/.zlayer for others; for
    that the socket is in /var/run, else in the data dir, or in /tmp if its path would be too long.
    """
    home = os.environ.get("HOME")
    platform = _ROOT_DATA_DIR if os.geteuid() == 0 or home is None else f"{home}/.zlayer"
    if data_dir is None:
        data_dir = os.environ.get("ZLAYER_DATA_DIR") or platform
    if data_dir == platform:
        return f"/var/run/{_SOCKET}"
    path = f"{data_dir}/run/{_SOCKET}"
    if len(os.fsencode(path)) <= _SOCKET_MAX_BYTES:
        return path
    return f"/tmp/zlayer-overlayd-{_fnv1a_64(os.fsencode(data_dir) + b'overlayd'):016x}.sock"


def _fnv1a_64(data: bytes) -> int:
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 % 2**64
    return value
