package overlayd

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"reflect"
	"strings"
	"testing"
)

func TestRead(t *testing.T) {
	for _, c := range []struct{ name, body, fault string }{
		{"plain", `{"op":"set_local_node_id","node_id":18446744073709551615}`, ""},
		{"tag last, unknown keys", ` {"x":[{}],"node_id":1,"x":null,"op":"set_local_node_id"} `, ""},
		{"escaped key and tag", `{"\u006fp":"set_local_node_\u0069d","node_i\u0064":1}`, ""},
		{"key in another case", `{"op":"set_local_node_id","Node_ID":1}`, "node_id: is missing (byte 0)"},
		{"beside one in another case", `{"op":"set_local_node_id","node_id":1,"Node_id":"x"}`, ""},
		{"twice", `{"op":"set_local_node_id","node_id":1,"node_i\u0064":1}`, "node_id: stands here twice (byte 53)"},
		{"two tags", `{"op":"status","op":"status"}`, "op: stands here twice (byte 20)"},
		{"no tag", `{"node_id":1}`, "op: is missing (byte 0)"},
		{"tag of another type", `{"op":1}`, "op: expected a string (byte 6)"},
		{"above 64 bits", `{"op":"set_local_node_id","node_id":18446744073709551616}`, "node_id: expected an integer from 0 to 18446744073709551615 (byte 36)"},
		{"below 0", `{"op":"set_local_node_id","node_id":-0}`, "node_id: expected an integer from 0 to 18446744073709551615 (byte 36)"},
		{"fraction", `{"op":"set_local_node_id","node_id":1.0}`, "node_id: expected an integer from 0 to 18446744073709551615 (byte 36)"},
		{"null with a default", `{"op":"remove_peer","pubkey":"k","scope":null}`, "scope: expected an object (byte 41)"},
		{"inner union", `{"op":"detach_container","handle":{"platform":"plan9"}}`, `handle.platform: "plan9" is no variant that is known here (byte 34)`},
		{"item of a list", `{"op":"prune_orphan_bridges","live_bridge_names":["a",2]}`, "live_bridge_names.1: expected a string (byte 54)"},
		{"too long", `{"op":"teardown_service_overlay","service":"` + strings.Repeat("x", 64) + `"}`, "service: 64 bytes, at most 63 (byte 43)"},
		{"zone", `{"op":"release_ip","ip":"fe80::1%lo"}`, "ip: expected an IP address (byte 24)"},
		{"long group", `{"op":"release_ip","ip":"00001::"}`, "ip: expected an IP address (byte 24)"},
		{"mode", `{"op":"setup_service_overlay","service":"s","mode":"Auto"}`, `mode: "Auto" is none of ["auto" "shared" "dedicated" "isolated"] (byte 51)`},
		{"half a pair", `{"op":"status","x":"\ud800\u0041"}`, "half a surrogate pair (byte 20)"},
		{"second half", `{"op":"status","x":"\udc00"}`, "half a surrogate pair (byte 20)"},
		{"NUL", `{"op":"status","\u0000":1}`, "U+0000 (byte 16)"},
		{"UTF-8", "{\"op\":\"status\",\"x\":\"\xff\"}", "is not UTF-8 (byte 0)"},
		{"ignored number", `{"op":"status","x":1e309}`, "a number that is too large (byte 19)"},
		{"rest", `{"op":"status"}{}`, "invalid character '{' after top-level value (byte 16)"},
		{"list", `["status"]`, "expected an object (byte 0)"},
		{"127 levels", `{"op":"status","x":` + strings.Repeat("[", 126) + strings.Repeat("]", 126) + `}`, ""},
		{"128 levels", `{"op":"status","x":` + strings.Repeat("[", 127) + strings.Repeat("]", 127) + `}`, "more than 127 objects and lists in each other (byte 145)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := UnmarshalRequest([]byte(c.body))
			if fault := fmt.Sprint(err); fault != c.fault && (err != nil || c.fault != "") {
				t.Errorf("got %s, want %s", fault, c.fault)
			}
		})
	}
}

func TestWrite(t *testing.T) {
	for _, c := range []struct {
		name    string
		request Request
		want    string // the body, or the fault
	}{
		{"u64", &SetLocalNodeID{math.MaxUint64}, `{"op":"set_local_node_id","node_id":18446744073709551615}`},
		{"no keys", &RequestStatus{}, `{"op":"status"}`},
		{"no HTML", &UnregisterDNS{"<&>\u2028\x7f/\b\f\x1f"}, `{"op":"unregister_dns","name":"<&>` + "\u2028\x7f" + `/\b\f\u001f"}`},
		{"default variant", &RemovePeer{Pubkey: "k"}, `{"op":"remove_peer","pubkey":"k","scope":{"scope":"global"}}`},
		{"flattened", &AddPeer{Peer: PeerSpec{PublicKey: "k"}, Scope: &ServiceScope{"s"}}, `{"op":"add_peer","public_key":"k","endpoint":"","allowed_ips":"","persistent_keepalive_secs":0,"scope":{"scope":"service","service":"s"}}`},
		{"empty list", &PruneOrphanBridges{}, `{"op":"prune_orphan_bridges","live_bridge_names":[]}`},
		{"optional", &WriteScopedResolver{"z", netip.MustParseAddr("::1.2.3.4"), Ptr(uint16(53))}, `{"op":"write_scoped_resolver","zone":"z","node_ip":"::102:304","port":53}`},
		{"no address", &ReleaseIP{}, "ip: expected an address without zone"},
		{"zone", &ReleaseIP{netip.MustParseAddr("fe80::1%lo")}, "ip: expected an address without zone"},
		{"no variant", &DetachContainer{}, "handle: is nil, which is no variant"},
		{"nil", nil, "is nil, which is no variant"},
		{"no mode", &SetupServiceOverlay{Service: "s"}, `mode: "" is none of ["auto" "shared" "dedicated" "isolated"]`},
		{"UTF-8", &UnregisterDNS{"\xff"}, "name: is not UTF-8"},
		{"NUL", &PruneOrphanBridges{[]string{"a", "\x00"}}, "live_bridge_names.1: holds U+0000"},
	} {
		t.Run(c.name, func(t *testing.T) {
			body, err := MarshalRequest(c.request)
			got := string(body)
			if err != nil {
				got = err.Error()
			}
			if got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}

func TestDefaultsAreRead(t *testing.T) {
	request, err := UnmarshalRequest([]byte(`{"op":"remove_peer","pubkey":"k"}`))
	if want := (&RemovePeer{"k", &PeerScopeGlobal{}}); err != nil || !reflect.DeepEqual(request, want) {
		t.Errorf("got %v %v", request, err)
	}
	var config NATConfigSpec
	if err := json.Unmarshal([]byte(`{"enabled":true,"relay_server":{}}`), &config); err != nil {
		t.Fatal(err)
	}
	if want := (NATConfigSpec{Enabled: true, RelayServer: &RelayServerSpec{}}); !reflect.DeepEqual(config, want) {
		t.Errorf("got %+v, want %+v", config, want)
	}
}

func TestUnknownVariantIsNamed(t *testing.T) {
	frame, err := UnmarshalFrame([]byte(`{"frame":"response","id":7,"response":{"result":"applause"}}`))
	var fault *ValueError
	if !errors.As(err, &fault) || fault.Unknown != "applause" || fault.Path != "response.result" {
		t.Errorf("got %v", err)
	}
	if response, is := frame.(*ResponseFrame); !is || response.ID != 7 || response.Response != nil {
		t.Errorf("got %+v", frame)
	}
}

func TestSecretsAreNotPrinted(t *testing.T) {
	config := EdgeConfig{Name: "phone", PrivateKey: "hush"}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if text := fmt.Sprintf(verb, &config); strings.Contains(text, "hush") || !strings.Contains(text, "phone") {
			t.Errorf("%s prints %s", verb, text)
		}
	}
	for _, verb := range []string{"%q", "%x", "%d"} {
		if text := fmt.Sprintf(verb, config.PrivateKey); text != "(secret)" {
			t.Errorf("%s prints %s", verb, text)
		}
	}
	if text := config.PrivateKey.String(); text != "(secret)" {
		t.Errorf("got %s", text)
	}
}

func TestMessagesAreJSON(t *testing.T) {
	status := &StatusSnapshot{Interface: Ptr("zl0"), Peers: []PeerStatus{{PublicKey: "<k>"}}}
	const want = `{"interface":"zl0","peer_count":0,"service_count":0,"peers":[{"public_key":"<k>","endpoint":"","allowed_ips":"","last_handshake_unix_secs":0}]}`
	body, err := status.MarshalJSON()
	if err != nil || string(body) != want {
		t.Errorf("got %s %v, want %s", body, err, want)
	}
	again := StatusSnapshot{PublicKey: Ptr("of before")}
	if err := json.Unmarshal(body, &again); err != nil || !reflect.DeepEqual(&again, status) {
		t.Errorf("got %+v %v", again, err)
	}
}
