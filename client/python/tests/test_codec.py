from __future__ import annotations

import ipaddress
import unittest
from dataclasses import FrozenInstanceError, replace

import overlayd
from overlayd import AddPeer, OverlayMode, PeerSpec, SetLocalNodeId, SetupServiceOverlay

PEER = PeerSpec(
    public_key="K", endpoint="192.0.2.2:1", allowed_ips="", persistent_keepalive_secs=25
)


class Reading(unittest.TestCase):
    def refuses(self, body: str, text: str) -> None:
        with self.subTest(body=body), self.assertRaisesRegex(overlayd.DecodeError, text):
            overlayd.decode_request(body.encode())

    def test_what_is_refused(self) -> None:
        for value in ("18446744073709551616", "-1", "-0", "1.0", "1e0", '"1"', "null", "true"):
            self.refuses(f'{{"op":"set_local_node_id","node_id":{value}}}', "^node_id: expected an")
        self.refuses('{"op":"set_local_node_id"}', "^node_id: missing$")
        self.refuses(
            '{"op":"set_local_node_id","node_id":1,"node_id":1}', "^node_id: stands twice$"
        )
        self.refuses('{"op":"status","op":"status"}', "^op: expected one string$")
        self.refuses('{"op":23}', "^op: expected one string$")
        self.refuses("{}", "^op: expected one string$")
        self.refuses("[]", "^expected an object$")
        self.refuses("", "^Expecting value")
        self.refuses('{"op":"status"} x', "^Extra data")
        for value in ("NaN", "-Infinity", "1e999", "1" + 400 * "0", r'"\u0000"', r'"\ud800"'):
            self.refuses(f'{{"op":"status","ignored":{value}}}', "number|string")
        self.refuses('{"op":"status","x":"\0"}', "control character")
        self.refuses(r'{"op":"status","\u0000":1}', r"U\+0000")
        self.refuses('{"op":"status","x":' + 127 * "[" + 127 * "]" + "}", "deeper than 127")
        self.refuses('{"op":"status","x":' + 100000 * "[", "recursion")
        self.refuses('{"op":"release_ip","ip":"fe80::1%eth0"}', "^ip: expected an IP address$")
        self.refuses(
            '{"op":"teardown_service_overlay","service":"' + 64 * "x" + '"}',
            "^service: expected at most 63 bytes$",
        )

    def test_bytes_that_are_no_text(self) -> None:
        for body in (b'{"op":"\xff"}', b'{"op":"status","x":"\xed\xa0\x80"}', b"\xef\xbb\xbf{}"):
            with self.subTest(body=body), self.assertRaises(overlayd.DecodeError):
                overlayd.decode_request(body)

    def test_the_path_leads_through_lists(self) -> None:
        body = overlayd.encode_response(overlayd.PrunedBridges(reclaimed=("a", "b")))
        with self.assertRaisesRegex(overlayd.DecodeError, r"^reclaimed\[1\]: expected a string$"):
            overlayd.decode_response(body.replace(b'"b"', b"2"))

    def test_what_a_newer_peer_may_say(self) -> None:
        for body in (b'{"op":"fly"}', b'{"op":"setup_service_overlay","service":"a","mode":"new"}'):
            with self.subTest(body=body), self.assertRaises(overlayd.UnknownVariantError):
                overlayd.decode_request(body)

    def test_unknown_keys_are_ignored_as_deep_as_may_be(self) -> None:
        body = '{"x":1,"op":"status","x":' + 126 * "[" + 126 * "]" + "}"
        self.assertEqual(overlayd.decode_request(body.encode()), overlayd.RequestStatus())

    def test_missing_and_null(self) -> None:
        body = b'{"op":"attach_container","handle":{"platform":"linux_pid","pid":1},'
        body += b'"service":"a","join_global":false,"dns_domain":null}'
        read = overlayd.decode_request(body)
        assert isinstance(read, overlayd.AttachContainer)
        self.assertEqual((read.ephemeral, read.dns_server, read.dns_domain), (False, None, None))


class Writing(unittest.TestCase):
    def test_canonical(self) -> None:
        self.assertEqual(
            overlayd.encode_request(AddPeer(peer=replace(PEER, endpoint='é/"\x7f\x1f\n'))),
            '{"op":"add_peer","public_key":"K","endpoint":"é/\\"\x7f\\u001f\\n","allowed_ips":"",'
            '"persistent_keepalive_secs":25,"scope":{"scope":"global"}}'.encode(),
        )

    def test_addresses(self) -> None:
        for text, written in (
            ("10.0.0.1", "10.0.0.1"),
            ("::ffff:1.2.3.4", "::ffff:1.2.3.4"),
            ("::1.2.3.4", "::102:304"),
            ("1:0:0:2:0:0:0:3", "1:0:0:2::3"),
            ("1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"),
        ):
            with self.subTest(text=text):
                body = overlayd.encode_request(overlayd.ReleaseIp(ip=ipaddress.ip_address(text)))
                self.assertEqual(body, f'{{"op":"release_ip","ip":"{written}"}}'.encode())

    def test_what_is_refused(self) -> None:
        for value, text in (
            (SetLocalNodeId(node_id=2**64), "^node_id: expected an integer from 0 to 184467"),
            (SetLocalNodeId(node_id=True), "^node_id: expected an integer"),
            (overlayd.UnregisterDns(name="a\0"), r"^name: U\+0000 in a string$"),
            (overlayd.UnregisterDns(name="\ud800"), "^name: a lone surrogate"),
            (SetupServiceOverlay(service="é" * 32, mode=OverlayMode.AUTO), "^service: expected at"),
            (SetupServiceOverlay(service="a", mode="auto"), "^mode: expected OverlayMode$"),  # type: ignore[arg-type]
            (overlayd.ResponseOk(), "^ResponseOk is no variant by 'op'$"),
            (
                AddPeer(peer=replace(PEER, candidates=(PEER,))),  # type: ignore[arg-type]
                r"^candidates\[0\]: expected NatCandidate$",
            ),
        ):
            with self.subTest(value=value), self.assertRaisesRegex(overlayd.EncodeError, text):
                overlayd.encode_request(value)  # type: ignore[arg-type]

    def test_a_union_within_a_union_is_one_object(self) -> None:
        event = overlayd.PeerHealthChanged(pubkey="K", healthy=True)
        body = b'{"frame":"event","event":"peer_health_changed","pubkey":"K","healthy":true}'
        self.assertEqual(overlayd.encode_frame(event), body)
        self.assertEqual(overlayd.decode_frame(body), event)


class Types(unittest.TestCase):
    def test_values_are_frozen_and_hashable(self) -> None:
        with self.assertRaises(FrozenInstanceError):
            PEER.endpoint = ""  # type: ignore[misc]
        self.assertEqual(len({PEER, replace(PEER)}), 1)

    def test_secrets_are_not_printed(self) -> None:
        server = overlayd.TurnServerSpec(username="u", credential="hidden")
        self.assertNotIn("hidden", repr(server))

    def test_no_operation_hides_what_a_client_has(self) -> None:
        for client, operations in (
            (overlayd.Client, overlayd.Operations),
            (overlayd.AsyncClient, overlayd.AsyncOperations),
        ):
            both = set(vars(client)) & set(vars(operations))
            self.assertEqual({name for name in both if not name.startswith("_")}, {"call"})


if __name__ == "__main__":
    unittest.main()
