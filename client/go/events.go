package overlayd

import (
	"context"
	"sync"
)

// Events that may wait to be fetched.
const queuedEvents = 1024

// Events is what the daemon tells unasked, from [Client.Events] on.
type Events struct {
	client *Client
	ready  chan struct{} // holds one when there is something to look at
	closed chan struct{}

	mu     sync.Mutex
	queue  []Event
	missed bool
}

// Events listens for events until it is closed. Each listener gets every event. The daemon sends them to
// connections that have said hello: call [Client.Hello] once Events listens, and again after each
// [ErrEventsMissed].
func (c *Client) Events() *Events {
	e := &Events{client: c, ready: make(chan struct{}, 1), closed: make(chan struct{})}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.listeners[e] = struct{}{}
	return e
}

// Next waits for the next event. While it waits it keeps the client connected. [ErrEventsMissed] is
// reported once for each gap; other errors are those of a call, without a [*CallError] around them,
// and the context's alone ends it: there is no other time limit.
func (e *Events) Next(ctx context.Context) (Event, error) {
	for {
		if event, err := e.take(); event != nil || err != nil {
			return event, err
		}
		conn, err := e.client.connected(ctx)
		if err != nil {
			return nil, err
		}
		select {
		case <-e.ready:
		case <-conn.lost:
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-e.closed:
		case <-e.client.closed:
		}
	}
}

// Close ends the listening; Next fails with [ErrClosed].
func (e *Events) Close() {
	e.client.mu.Lock()
	defer e.client.mu.Unlock()
	if _, open := e.client.listeners[e]; open {
		delete(e.client.listeners, e)
		close(e.closed)
	}
}

func (e *Events) take() (Event, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(e.queue) > 0 {
		event := e.queue[0]
		e.queue = e.queue[1:]
		return event, nil
	}
	if e.missed {
		e.missed = false
		return nil, ErrEventsMissed
	}
	select {
	case <-e.closed:
		return nil, ErrClosed
	default:
		return nil, nil
	}
}

// put queues an event; when too many wait it is dropped, as all that follow until there is room.
func (e *Events) put(event Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.missed || len(e.queue) == queuedEvents {
		e.missed = true
	} else {
		e.queue = append(e.queue, event)
	}
	e.wake()
}

func (e *Events) miss() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.missed = true
	e.wake()
}

func (e *Events) wake() {
	select {
	case e.ready <- struct{}{}:
	default:
	}
}

func (c *Client) publish(event Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for e := range c.listeners {
		e.put(event)
	}
}
