package overlayd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	defaultTimeout = 30 * time.Second
	firstPause     = 100 * time.Millisecond
	longestPause   = time.Second
)

// Options are how a client finds the daemon and how long it waits. The zero value is good.
type Options struct {
	// The daemon's socket; [DefaultSocket] if empty.
	Path string
	// For calls whose context has no deadline: 30 s if 0, no end if below 0.
	Timeout time.Duration
	// How often a call tries to connect while nobody listens; 0: until its deadline.
	Attempts int
}

// A Client talks to one daemon, over one connection at a time, for as many goroutines as you like:
// their calls are on their way together, and are answered in the order in which they were sent.
//
// It connects when it is first used, and again when the connection is lost. A request that no
// daemon can have read goes to the next connection by itself; any other is never sent twice, and
// its call fails with [ErrConnectionLost].
type Client struct {
	options Options
	lastID  atomic.Uint64
	unknown atomic.Uint64
	gate    chan struct{} // full while somebody connects
	closed  chan struct{}

	mu        sync.Mutex
	conn      *conn // the last one; nil: there was none
	failures  int   // attempts since the daemon was last heard
	listeners map[*Events]struct{}
}

// New makes a client, which connects when it is used.
func New(options Options) *Client {
	if options.Path == "" {
		options.Path = DefaultSocket()
	}
	if options.Timeout == 0 {
		options.Timeout = defaultTimeout
	}
	return &Client{
		options: options, gate: make(chan struct{}, 1), closed: make(chan struct{}),
		listeners: map[*Events]struct{}{},
	}
}

// Close closes the connection; calls under way and later ones fail with [ErrClosed].
func (c *Client) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case <-c.closed:
		return nil
	default:
	}
	close(c.closed)
	if c.conn != nil {
		c.conn.lose(ErrClosed)
	}
	return nil
}

// Connect makes sure that there is a connection, as every call does by itself.
func (c *Client) Connect(ctx context.Context) error {
	ctx, cancel := c.bounded(ctx)
	defer cancel()
	_, err := c.connected(ctx)
	return err
}

// Call sends any request and waits for its answer. Its error is a [*CallError], also when the
// daemon's answer is an [*Err]. The methods named after operations do the same with the answer's
// own type.
func (c *Client) Call(ctx context.Context, request Request) (Response, error) {
	response, sent, err := c.call(ctx, request)
	if refused, is := response.(*Err); is && err == nil {
		response, err = nil, refused
	}
	if err != nil {
		return nil, &CallError{requestName(request), sent, err}
	}
	return response, nil
}

func requestName(request Request) string {
	if request == nil {
		return "nil"
	}
	return request.requestName()
}

func (c *Client) call(ctx context.Context, request Request) (response Response, sent bool, err error) {
	id := c.lastID.Add(1)
	body, err := MarshalFrame(&RequestFrame{ID: id, Request: request})
	if err != nil {
		return nil, false, err
	}
	frame, err := AppendFrame(nil, body)
	if err != nil {
		return nil, false, err
	}
	ctx, cancel := c.bounded(ctx)
	defer cancel()
	for {
		conn, err := c.connected(ctx)
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return nil, false, err
		}
		response, sent, err = conn.carry(ctx, id, frame)
		if err != errNotSent {
			return response, sent, err
		}
	}
}

// answer makes a call and holds its answer to the type that the schema promises.
func answer[T any](ctx context.Context, c *Client, request Request) (T, error) {
	var none T
	response, err := c.Call(ctx, request)
	if err != nil {
		return none, err
	}
	expected, is := response.(T)
	if !is {
		err = &ProtocolError{fmt.Errorf("the result %s answers something else", response.responseName())}
		return none, &CallError{request.requestName(), true, err}
	}
	return expected, nil
}

// UnknownEvents is how many events were skipped because this package does not know their kind.
func (c *Client) UnknownEvents() uint64 { return c.unknown.Load() }

func (c *Client) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if _, has := ctx.Deadline(); has || c.options.Timeout < 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, c.options.Timeout)
}

// ---- connecting ----

// connected gives the connection that is there, or a new one; one goroutine at a time tries.
func (c *Client) connected(ctx context.Context) (*conn, error) {
	select {
	case c.gate <- struct{}{}:
		defer func() { <-c.gate }()
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-c.closed:
		return nil, ErrClosed
	}
	var failed error
	for attempt := 1; ; attempt++ {
		conn, pause, err := c.state()
		if conn != nil || err != nil {
			return conn, err
		}
		if err := c.pause(ctx, pause, failed); err != nil {
			return nil, err
		}
		n, err := new(net.Dialer).DialContext(ctx, "unix", c.options.Path)
		if err == nil {
			return c.use(n)
		}
		if failed = err; !mayPass(err) || attempt == c.options.Attempts || ctx.Err() != nil {
			return nil, &ConnectError{c.options.Path, err, ctx.Err()}
		}
	}
}

// state gives the connection if it lives, else how long to wait before the next attempt.
func (c *Client) state() (*conn, time.Duration, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case <-c.closed:
		return nil, 0, ErrClosed
	default:
	}
	if c.conn != nil && c.conn.alive() {
		return c.conn, 0, nil
	}
	if c.conn != nil && c.conn.heard.Load() {
		c.conn, c.failures = nil, 0
	}
	c.failures++
	if c.failures == 1 {
		return nil, 0, nil
	}
	pause := longestPause
	if c.failures < 6 {
		pause = firstPause << (c.failures - 2)
	}
	if pause > longestPause {
		pause = longestPause
	}
	return nil, pause, nil
}

func (c *Client) pause(ctx context.Context, pause time.Duration, failed error) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-c.closed:
		return ErrClosed
	case <-ctx.Done():
	}
	if failed == nil {
		return ctx.Err()
	}
	return &ConnectError{c.options.Path, failed, ctx.Err()}
}

// mayPass: nobody listens yet, or too many knock at once.
func mayPass(err error) bool {
	return errors.Is(err, syscall.ENOENT) || errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.EAGAIN)
}

func (c *Client) use(n net.Conn) (*conn, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case <-c.closed:
		n.Close()
		return nil, ErrClosed
	default:
	}
	c.conn = newConn(n, c.publish, &c.unknown)
	go c.watch(c.conn)
	return c.conn, nil
}

// watch tells those who listen that a connection is gone.
func (c *Client) watch(conn *conn) {
	<-conn.lost
	c.mu.Lock()
	defer c.mu.Unlock()
	for e := range c.listeners {
		e.miss()
	}
}
