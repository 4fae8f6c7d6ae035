package overlayd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// A fake is a daemon that does as a test says, one function for each connection in turn.
type fake struct {
	t        *testing.T
	path     string
	listener net.Listener
}

// A peer is the fake's end of a connection.
type peer struct {
	t *testing.T
	net.Conn
	in *bufio.Reader
}

func serve(t *testing.T, path string, connections ...func(p *peer)) *fake {
	t.Helper()
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Add(1)
	go func() {
		defer all.Done()
		for _, connection := range connections {
			n, err := listener.Accept()
			if err != nil {
				return
			}
			connection(&peer{t, n, bufio.NewReader(n)})
			n.Close()
		}
	}()
	t.Cleanup(func() {
		listener.Close()
		all.Wait()
	})
	return &fake{t, path, listener}
}

func socket(t *testing.T) string { return filepath.Join(t.TempDir(), "s") }

// open starts a fake and a client of it, which is closed first.
func open(t *testing.T, connections ...func(p *peer)) *Client {
	t.Helper()
	path := socket(t)
	serve(t, path, connections...)
	return client(t, Options{Path: path})
}

func client(t *testing.T, options Options) *Client {
	c := New(options)
	t.Cleanup(func() { c.Close() })
	return c
}

// request reads the next one; nil at the end.
func (p *peer) request() *RequestFrame {
	body, err := ReadFrame(p.in)
	if err != nil {
		return nil
	}
	frame, err := UnmarshalFrame(body)
	if err != nil {
		p.t.Errorf("the client wrote %s: %v", body, err)
		return nil
	}
	return frame.(*RequestFrame)
}

func (p *peer) raw(body string) {
	frame, _ := AppendFrame(nil, []byte(body))
	p.Write(frame)
}

func (p *peer) answer(id uint64, response Response) {
	body, err := MarshalFrame(&ResponseFrame{id, response})
	if err != nil {
		p.t.Error(err)
	}
	p.raw(string(body))
}

func (p *peer) tell(event Event) {
	body, err := MarshalFrame(&FrameEvent{event})
	if err != nil {
		p.t.Error(err)
	}
	p.raw(string(body))
}

// oks answers everything with ok.
func oks(p *peer) {
	for r := p.request(); r != nil; r = p.request() {
		p.answer(r.ID, &ResponseOk{})
	}
}

var background = context.Background()

func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(background, 30*time.Millisecond)
	t.Cleanup(cancel)
	return ctx
}

// failure checks that err is a CallError that is, or holds, target.
func failure(t *testing.T, err error, sent bool, target error) *CallError {
	t.Helper()
	var failed *CallError
	if !errors.As(err, &failed) {
		t.Fatalf("got %v, which is no CallError", err)
	}
	if failed.Sent != sent {
		t.Errorf("%v: sent %v", err, failed.Sent)
	}
	if target != nil && !errors.Is(err, target) {
		t.Errorf("got %v, want %v", err, target)
	}
	return failed
}

func TestAnswers(t *testing.T) {
	c := open(t, func(p *peer) {
		p.answer(p.request().ID, &StatusSnapshot{PeerCount: 3})
		p.answer(p.request().ID, &Err{Message: "no", Code: Ptr("busy")})
		p.answer(p.request().ID, &ResponseOk{})
		p.raw(fmt.Sprintf(`{"frame":"response","id":%d,"response":{"result":"applause"}}`, p.request().ID))
		p.raw(fmt.Sprintf(`{"frame":"response","id":%d,"response":{"result":"ip","ip":5}}`, p.request().ID))
		p.answer(p.request().ID, &AttachResult{IP: netip.MustParseAddr("10.0.0.1")})
		oks(p)
	})
	status, err := c.Status(background)
	if err != nil || status.PeerCount != 3 {
		t.Errorf("got %v %v", status, err)
	}
	var refused *Err
	err = c.Shutdown(background)
	failed := failure(t, err, true, nil)
	if !errors.As(err, &refused) || *refused.Code != "busy" || failed.Error() != "overlayd: shutdown: no" {
		t.Errorf("got %v", err)
	}
	var violation *ProtocolError
	_, err = c.Status(background)
	if failure(t, err, true, nil); !errors.As(err, &violation) {
		t.Errorf("an answer to something else: %v", err)
	}
	var fault *ValueError
	_, err = c.Status(background)
	if failure(t, err, true, nil); !errors.As(err, &violation) || !errors.As(err, &fault) || fault.Unknown != "applause" {
		t.Errorf("an unknown result: %v", err)
	}
	_, err = c.AllocateIP(background, &AllocateIP{})
	if failure(t, err, true, nil); !errors.As(err, &violation) || !errors.As(err, &fault) || fault.Path != "response.ip" {
		t.Errorf("a broken result: %v", err)
	}
	attached, err := c.AttachContainer(background, &AttachContainer{Handle: &LinuxPid{}})
	if result, is := attached.(*AttachResult); err != nil || !is || result.IP.String() != "10.0.0.1" {
		t.Errorf("got %v %v", attached, err)
	}
	if err := c.NATTick(background); err != nil {
		t.Error(err)
	}
}

func TestRequestsThatCannotBeWritten(t *testing.T) {
	c := client(t, Options{Path: "/nowhere"})
	var fault *ValueError
	if err := c.DetachContainer(background, &DetachContainer{}); failure(t, err, false, nil) == nil || !errors.As(err, &fault) || fault.Path != "request.handle" {
		t.Errorf("got %v", err)
	}
	if err := c.UnregisterDNS(background, &UnregisterDNS{"\x00"}); !errors.As(err, &fault) || fault.Path != "request.name" {
		t.Errorf("got %v", err)
	}
	if _, err := c.Call(background, nil); !errors.As(err, &fault) {
		t.Errorf("got %v", err)
	}
}

func TestDeadline(t *testing.T) {
	release := make(chan struct{})
	c := open(t, func(p *peer) {
		late := p.request()
		<-release
		p.answer(late.ID, &ResponseOk{})
		p.answer(p.request().ID, &StatusSnapshot{PeerCount: 1})
	})
	failure(t, c.NATTick(soon(t)), true, context.DeadlineExceeded)
	close(release)
	if status, err := c.Status(background); err != nil || status.PeerCount != 1 {
		t.Errorf("the connection is of use no more: %v %v", status, err)
	}
}

func TestTimeoutWithoutDeadline(t *testing.T) {
	path := socket(t)
	serve(t, path, func(p *peer) { p.request(); p.request() })
	c := client(t, Options{Path: path, Timeout: 20 * time.Millisecond})
	failure(t, c.NATTick(background), true, context.DeadlineExceeded)
	c.Close()
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(background)
	c := open(t, func(p *peer) {
		p.request()
		cancel()
		oks(p)
	})
	failure(t, c.NATTick(ctx), true, context.Canceled)
	if err := c.NATTick(background); err != nil {
		t.Error(err)
	}
	for i := 0; i < 3000; i++ { // what is ready at the same time is chosen by chance
		failure(t, c.NATTick(ctx), false, context.Canceled)
	}
}

func TestSecondAnswerIsDropped(t *testing.T) {
	c := open(t, func(p *peer) {
		id := p.request().ID
		p.answer(id, &ResponseOk{})
		p.answer(id, &ResponseOk{})
		p.answer(id, &ResponseOk{})
		oks(p)
	})
	for i := 0; i < 2; i++ {
		if err := c.NATTick(background); err != nil {
			t.Error(err)
		}
	}
}

func TestPipelining(t *testing.T) {
	const calls = 20
	c := open(t, func(p *peer) {
		var ids []uint64
		for len(ids) < calls { // none is answered before all are here
			ids = append(ids, p.request().ID)
		}
		for _, id := range ids {
			p.tell(&PeerHealthChanged{})
			p.answer(id, &StatusSnapshot{PeerCount: uint32(id)})
		}
		p.request()
	})
	var all sync.WaitGroup
	for i := 0; i < calls; i++ {
		all.Add(1)
		go func() {
			defer all.Done()
			if _, err := c.Status(background); err != nil {
				t.Error(err)
			}
		}()
	}
	all.Wait()
	c.Close()
}

func TestManyGoroutines(t *testing.T) {
	c := open(t, func(p *peer) {
		for r := p.request(); r != nil; r = p.request() {
			p.answer(r.ID, &Err{Message: r.Request.(*UnregisterDNS).Name})
		}
	})
	var all sync.WaitGroup
	for i := 0; i < 30; i++ {
		all.Add(1)
		go func(i int) {
			defer all.Done()
			for k := 0; k < 50; k++ {
				name := fmt.Sprintf("%d.%d", i, k)
				ctx, cancel := context.WithCancel(background)
				if k%10 == 9 {
					go cancel()
				}
				var refused *Err
				err := c.UnregisterDNS(ctx, &UnregisterDNS{name})
				if errors.As(err, &refused) && refused.Message != name {
					t.Errorf("%s got the answer to %s", name, refused.Message)
				} else if refused == nil && !errors.Is(err, context.Canceled) {
					t.Error(err)
				}
				cancel()
			}
		}(i)
	}
	all.Wait()
	c.Close()
}

func TestConnectionLost(t *testing.T) {
	c := open(t, func(p *peer) { p.request() }, func(p *peer) {
		if r := p.request(); r.Request.requestName() != "status" {
			t.Errorf("%s came again", r.Request.requestName())
		}
	}, oks)
	failure(t, c.NATTick(background), true, ErrConnectionLost)
	_, err := c.Status(background)
	failure(t, err, true, ErrConnectionLost)
	if err := c.NATTick(background); err != nil {
		t.Error(err)
	}
}

func TestPartOfAFrameIsSentAgain(t *testing.T) {
	path := socket(t)
	serve(t, path, func(p *peer) { p.in.ReadByte() }, func(p *peer) {
		if body, err := ReadFrame(p.in); len(body) < 4<<20 {
			t.Errorf("%d bytes came, %v", len(body), err)
		}
		p.answer(1, &ResponseOk{})
		p.request()
	})
	c := client(t, Options{Path: path})
	if err := c.UnregisterDNS(background, &UnregisterDNS{strings.Repeat("x", 4<<20)}); err != nil {
		t.Error(err)
	}
}

func TestOnlyWholeFramesCountAsSent(t *testing.T) {
	near, far := net.Pipe()
	c := newConn(near, func(Event) {}, nil)
	go func() {
		far.Read(make([]byte, 15)) // the first and half of the second
		far.Close()
	}()
	first := &call{id: 1, frame: make([]byte, 10), answer: make(chan answered, 1)}
	second := &call{id: 2, frame: make([]byte, 10), answer: make(chan answered, 1)}
	c.writing.Lock() // so that both go into one batch
	c.queue <- first
	c.queue <- second
	c.writing.Unlock()
	if a := <-first.answer; a.err == errNotSent {
		t.Error("the first was sent")
	}
	if a := <-second.answer; a.err != errNotSent {
		t.Errorf("the second: %v", a.err)
	}
}

func TestNobodyListens(t *testing.T) {
	path := socket(t)
	var unconnected *ConnectError
	once := client(t, Options{Path: path, Attempts: 1})
	if err := once.NATTick(background); failure(t, err, false, fs.ErrNotExist) == nil || !errors.As(err, &unconnected) || unconnected.Path != path || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	patient := client(t, Options{Path: path})
	err := patient.NATTick(soon(t))
	failure(t, err, false, context.DeadlineExceeded)
	if failure(t, err, false, syscall.ENOENT); !errors.As(err, &unconnected) {
		t.Errorf("got %v", err)
	}
	time.AfterFunc(20*time.Millisecond, func() { serve(t, path, oks) })
	if err := patient.NATTick(background); err != nil {
		t.Error(err)
	}
	patient.Close()
}

func TestPauses(t *testing.T) {
	c := New(Options{})
	for i, want := range []int{0, 100, 200, 400, 800, 1000, 1000} {
		if _, pause, _ := c.state(); pause != time.Duration(want)*time.Millisecond {
			t.Errorf("before attempt %d: %v", i+1, pause)
		}
	}
}

func TestViolations(t *testing.T) {
	for name, stream := range map[string]string{
		"length 0":     "\x00\x00\x00\x00",
		"length":       "\x01\x00\x80\x00",
		"no JSON":      "\x01\x00\x00\x00{",
		"frame":        "\x0d\x00\x00\x00{\"frame\":\"x\"}",
		"request":      "\x34\x00\x00\x00{\"frame\":\"request\",\"id\":1,\"request\":{\"op\":\"status\"}}",
		"strange id":   "\x35\x00\x00\x00{\"frame\":\"response\",\"id\":9,\"response\":{\"result\":\"ok\"}}",
		"broken event": "\x1b\x00\x00\x00{\"frame\":\"event\",\"event\":1}",
	} {
		t.Run(name, func(t *testing.T) {
			c := open(t, func(p *peer) {
				p.request()
				p.Write([]byte(stream))
				p.request()
			}, oks)
			err := c.NATTick(background)
			var violation *ProtocolError
			if failure(t, err, true, nil); !errors.As(err, &violation) {
				t.Errorf("got %v", err)
			}
			if err := c.NATTick(background); err != nil {
				t.Error(err)
			}
			c.Close()
		})
	}
}

func TestClose(t *testing.T) {
	asked := make(chan struct{})
	c := open(t, func(p *peer) { p.request(); close(asked); p.request() })
	go func() {
		<-asked
		c.Close()
	}()
	failure(t, c.NATTick(background), true, ErrClosed)
	failure(t, c.NATTick(background), false, ErrClosed)
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if err := c.Connect(background); err != ErrClosed {
		t.Error(err)
	}
}
