from __future__ import annotations

import os
import unittest
from unittest import mock

from overlayd import default_socket_path

VAR_RUN = "/var/run/zlayer-overlayd.sock"
LONG = "/" + "x" * 78  # with what follows 104 bytes, one more than a path may have


class DefaultSocketPath(unittest.TestCase):
    def test_table(self) -> None:
        for euid, environ, data_dir, path in (
            (0, {"HOME": "/root"}, None, VAR_RUN),
            (0, {}, "/var/lib/zlayer", VAR_RUN),
            (0, {"ZLAYER_DATA_DIR": ""}, None, VAR_RUN),
            (0, {"ZLAYER_DATA_DIR": "/d"}, None, "/d/run/zlayer-overlayd.sock"),
            (0, {"ZLAYER_DATA_DIR": "/d"}, "/e", "/e/run/zlayer-overlayd.sock"),
            (7, {"HOME": "/home/a"}, None, VAR_RUN),
            (7, {"HOME": "/home/a"}, "/home/a/.zlayer", VAR_RUN),
            (7, {"HOME": "/h"}, "/var/lib/zlayer", "/var/lib/zlayer/run/zlayer-overlayd.sock"),
            (7, {}, None, VAR_RUN),
            (0, {}, LONG[:-1], f"{LONG[:-1]}/run/zlayer-overlayd.sock"),
            (0, {}, LONG, "/tmp/zlayer-overlayd-1d43963cd4e3bd86.sock"),
        ):
            with (
                self.subTest(euid=euid, environ=environ, data_dir=data_dir),
                mock.patch.dict(os.environ, environ, clear=True),
                mock.patch("os.geteuid", return_value=euid),
            ):
                self.assertEqual(default_socket_path(data_dir), path)


if __name__ == "__main__":
    unittest.main()
