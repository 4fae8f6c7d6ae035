package overlayd

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
)

const (
	queuedCalls = 64        // calls that may wait for the writer before others wait to join them
	batchBytes  = 64 * 1024 // what waits is written at once, until it is this much
)

// errNotSent is a call that nobody has seen yet, so that it can go to the next connection.
var errNotSent = errors.New("not sent")

// A call is a request on its way. Its state is guarded by the connection.
type call struct {
	id     uint64
	frame  []byte
	state  callState
	answer chan answered // takes one without waiting
}

type callState int

const (
	callQueued    callState = iota // for the writer
	callTaken                      // may have reached the daemon
	callAbandoned                  // before the writer came to it
)

type answered struct {
	response Response
	err      error
}

// A conn is one connection, until it is lost. Its writer and its reader are goroutines; a call that
// is given up neither cuts a frame short nor stops the others.
type conn struct {
	net    net.Conn
	queue  chan *call
	lost   chan struct{} // closed once every taken call has its answer, or its error
	event  func(Event)
	strays *atomic.Uint64 // events of a kind that is not known here

	heard   atomic.Bool // a frame has come
	writing sync.Mutex  // held while a batch goes out

	mu    sync.Mutex
	taken map[uint64]*call // nil once it is lost
	most  uint64           // highest id that was taken
	cause error            // of the loss
}

func newConn(n net.Conn, event func(Event), strays *atomic.Uint64) *conn {
	c := &conn{
		net: n, queue: make(chan *call, queuedCalls), lost: make(chan struct{}), event: event, strays: strays,
		taken: map[uint64]*call{},
	}
	go c.write()
	go c.read()
	return c
}

func (c *conn) alive() bool {
	select {
	case <-c.lost:
		return false
	default:
		return true
	}
}

// lose ends the connection: calls that may have reached the daemon end with the first err. It waits for the
// writer, which alone knows how far the last batch went.
func (c *conn) lose(err error) {
	c.mu.Lock()
	if c.cause == nil {
		c.cause = err // what else is wrong now comes from that
	}
	c.mu.Unlock()
	c.net.Close()
	c.writing.Lock()
	defer c.writing.Unlock()
	c.mu.Lock()
	calls, cause := c.taken, c.cause
	c.taken = nil
	c.mu.Unlock()
	if calls == nil {
		return
	}
	for _, call := range calls {
		call.answer <- answered{err: cause}
	}
	close(c.lost)
}

// ---- out ----

// take marks a call as being sent, unless it was given up or the connection is gone.
func (c *conn) take(call *call) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.taken == nil || call.state != callQueued {
		return false
	}
	call.state = callTaken
	c.taken[call.id] = call
	if call.id > c.most {
		c.most = call.id
	}
	return true
}

func (c *conn) write() {
	var batch []byte
	for {
		var err error
		select {
		case call := <-c.queue:
			batch, err = c.writeBatch(call, batch[:0])
		case <-c.lost:
			return
		}
		if err != nil {
			c.lose(fmt.Errorf("%w: %v", ErrConnectionLost, err))
			return
		}
	}
}

// writeBatch writes a call and what waits behind it, in the given memory.
func (c *conn) writeBatch(first *call, batch []byte) ([]byte, error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	calls, batch := c.gather(first, batch)
	if len(calls) == 0 {
		return batch, nil
	}
	n, err := c.net.Write(batch)
	if err != nil {
		c.returnUnsent(calls, n)
	}
	return batch, err
}

// gather takes a call and what waits behind it into one batch.
func (c *conn) gather(next *call, batch []byte) ([]*call, []byte) {
	var calls []*call
	for {
		if c.take(next) {
			calls = append(calls, next)
			batch = append(batch, next.frame...)
		}
		if len(batch) >= batchBytes {
			return calls, batch
		}
		select {
		case next = <-c.queue:
		default:
			return calls, batch
		}
	}
}

// returnUnsent ends those calls of a batch whose frames did not go out to their last byte: a part
// of a frame is never carried out.
func (c *conn) returnUnsent(calls []*call, written int) {
	for _, call := range calls {
		if written -= len(call.frame); written < 0 && c.forget(call) {
			call.answer <- answered{err: errNotSent}
		}
	}
}

// forget takes a call out of those that wait for an answer; false: it has got one.
func (c *conn) forget(call *call) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, there := c.taken[call.id]
	delete(c.taken, call.id)
	return there
}

// ---- in ----

func (c *conn) read() {
	r := bufio.NewReader(c.net)
	for {
		body, err := ReadFrame(r)
		if err == nil {
			c.heard.Store(true)
			err = c.accept(body)
		}
		var violation *ProtocolError
		switch {
		case err == nil:
		case errors.As(err, &violation):
			c.lose(err)
			return
		default:
			c.lose(fmt.Errorf("%w: %v", ErrConnectionLost, err))
			return
		}
	}
}

// accept hands a frame to whom it is for. A fault in an answer is the caller's alone, as long as it
// is clear which call it answers.
func (c *conn) accept(body []byte) error {
	var frame Frame
	err := unmarshal(body, &frame, frameFields)
	switch frame := frame.(type) {
	case *ResponseFrame:
		if err != nil {
			err = &ProtocolError{err}
		}
		return c.deliver(frame, err)
	case *FrameEvent:
		var fault *ValueError
		switch {
		case err == nil:
			c.event(frame.Event)
			return nil
		case errors.As(err, &fault) && fault.Unknown != "" && frame.Event == nil:
			c.strays.Add(1)
			return nil
		}
	}
	if err == nil {
		err = errors.New("a request from the daemon")
	}
	return &ProtocolError{err}
}

func (c *conn) deliver(frame *ResponseFrame, fault error) error {
	c.mu.Lock()
	call, there := c.taken[frame.ID]
	delete(c.taken, frame.ID)
	most := c.most
	c.mu.Unlock()
	switch {
	case there:
		call.answer <- answered{frame.Response, fault}
	case frame.ID > 0 && frame.ID <= most: // of a call that was given up
	case fault != nil:
		return fault
	default:
		refused, _ := frame.Response.(*Err)
		if refused == nil {
			refused = &Err{Message: "no err"}
		}
		return &ProtocolError{fmt.Errorf("an answer to request %d, which nobody sent: %w", frame.ID, refused)}
	}
	return nil
}

// ---- calls ----

// carry sends a request and waits for its answer. sent: the daemon may have carried it out.
func (c *conn) carry(ctx context.Context, id uint64, frame []byte) (response Response, sent bool, err error) {
	call := &call{id: id, frame: frame, answer: make(chan answered, 1)}
	select {
	case c.queue <- call:
	case <-ctx.Done():
		return nil, false, ctx.Err()
	case <-c.lost:
		return nil, false, errNotSent
	}
	select {
	case a := <-call.answer:
		return a.response, a.err != errNotSent, a.err
	case <-ctx.Done():
		return nil, c.abandon(call), ctx.Err()
	case <-c.lost:
	}
	select {
	case a := <-call.answer:
		return a.response, a.err != errNotSent, a.err
	default:
		return nil, false, errNotSent
	}
}

// abandon gives a call up; whether it may have been sent.
func (c *conn) abandon(call *call) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.taken, call.id)
	sent := call.state == callTaken
	call.state = callAbandoned
	return sent
}
