package overlayd

import (
	"os"
	"strings"
	"testing"
)

func TestSocketIn(t *testing.T) {
	t.Setenv("HOME", "/home/u")
	platform := "/home/u/.zlayer"
	if os.Geteuid() == 0 {
		platform = "/var/lib/zlayer"
	}
	longest := "/" + strings.Repeat("d", 77)
	for dir, want := range map[string]string{
		platform:      "/var/run/zlayer-overlayd.sock",
		"/data":       "/data/run/zlayer-overlayd.sock",
		longest:       longest + "/run/zlayer-overlayd.sock",
		longest + "d": "/tmp/zlayer-overlayd-d4a878ae4a2b5786.sock",
	} {
		if path := SocketIn(dir); path != want {
			t.Errorf("%s: got %s, want %s", dir, path, want)
		}
	}
	t.Setenv("ZLAYER_DATA_DIR", "/data")
	if path := DefaultSocket(); path != "/data/run/zlayer-overlayd.sock" {
		t.Errorf("got %s", path)
	}
	t.Setenv("ZLAYER_DATA_DIR", "")
	if path := DefaultSocket(); path != "/var/run/zlayer-overlayd.sock" {
		t.Errorf("got %s", path)
	}
}
