package overlayd

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// TestDaemon talks to a real one, which serves the data directory in $OVERLAYD_TEST_DIR, in
// namespaces of its own. $OVERLAYD_TEST_PIDS has two processes with a network namespace each,
// $OVERLAYD_TEST_EXAMPLE is examples/attach.
func TestDaemon(t *testing.T) {
	dir := os.Getenv("OVERLAYD_TEST_DIR")
	if dir == "" {
		t.Skip("OVERLAYD_TEST_DIR names no daemon's data directory")
	}
	pids := strings.Fields(os.Getenv("OVERLAYD_TEST_PIDS"))
	first, err := strconv.ParseUint(pids[0], 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	c := client(t, Options{Path: SocketIn(dir)})
	ctx, cancel := context.WithTimeout(background, 20*time.Second)
	defer cancel()
	slice := netip.MustParsePrefix("10.200.4.0/24")
	handle := &LinuxPid{Pid: uint32(first)}

	must(t, c.SetLocalNodeID(ctx, &SetLocalNodeID{^uint64(0)}))
	info, err := c.Hello(ctx, &Hello{Client: Ptr("overlayd for Go, a test")})
	if must(t, err); info.Name != "overlayd" || info.Limits.FrameBytes != MaxBody {
		t.Errorf("who serves: %+v", info)
	}
	tunnel, err := c.SetupGlobalOverlay(ctx, &SetupGlobalOverlay{
		Deployment: "d", InstanceID: "1", ClusterCIDR: "10.200.0.0/16", SliceCIDR: Ptr(slice.String()),
	})
	must(t, err)
	status, err := c.Status(ctx)
	if must(t, err); *status.Interface != tunnel.Name || !slice.Contains(status.NodeIP) {
		t.Errorf("what runs: %+v", status)
	}
	service, err := c.SetupServiceOverlay(ctx, &SetupServiceOverlay{"web", OverlayModeAuto})
	if must(t, err); service.Mode != OverlayModeAuto {
		t.Errorf("the service: %+v", service)
	}
	attached, err := c.AttachContainer(ctx, &AttachContainer{Handle: handle, Service: "web"})
	must(t, err)
	if result, is := attached.(*AttachResult); !is || !slice.Contains(result.IP) {
		t.Errorf("attached: %+v", attached)
	}

	said, err := exec.Command(os.Getenv("OVERLAYD_TEST_EXAMPLE"), "-socket", SocketIn(dir), "web", pids[1]).CombinedOutput()
	if err != nil || !strings.HasPrefix(string(said), "10.200.4.") {
		t.Errorf("the example said %s: %v", said, err)
	}

	var refused *Err
	_, err = c.AttachContainer(ctx, &AttachContainer{Handle: handle, Service: "nobody"})
	if !errors.As(err, &refused) || !strings.Contains(refused.Message, "nobody") {
		t.Errorf("a service that is none: %v", err)
	}
	pipelined(ctx, t, c)
	must(t, c.DetachContainer(ctx, &DetachContainer{handle}))
	must(t, c.Shutdown(ctx))
	gone, cancel := context.WithTimeout(ctx, 300*time.Millisecond)
	defer cancel()
	if err := c.NATTick(gone); !errors.Is(err, ErrConnectionLost) && !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("after the end: %v", err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// pipelined has 200 calls on their way, each of which can tell its answer from the others'.
func pipelined(ctx context.Context, t *testing.T, c *Client) {
	var all sync.WaitGroup
	for i := 0; i < 200; i++ {
		all.Add(1)
		go func(i int) {
			defer all.Done()
			var refused *Err
			service := fmt.Sprintf("none-%d", i)
			_, err := c.AttachContainer(ctx, &AttachContainer{Handle: &LinuxPid{1 << 22}, Service: service})
			if !errors.As(err, &refused) {
				t.Errorf("%s: %v", service, err)
			}
			if _, err := c.Status(ctx); err != nil {
				t.Error(err)
			}
		}(i)
	}
	all.Wait()
}
