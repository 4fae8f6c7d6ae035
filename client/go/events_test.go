package overlayd

import (
	"context"
	"errors"
	"testing"
)

// fetch takes the next event, or fails the test.
func fetch(t *testing.T, e *Events) Event {
	t.Helper()
	event, err := e.Next(background)
	if err != nil {
		t.Fatal(err)
	}
	return event
}

func TestEvents(t *testing.T) {
	c := open(t, func(p *peer) {
		p.tell(&PeerHealthChanged{"k", true})
		p.raw(`{"frame":"event","event":"applause","pubkey":"k"}`)
		p.tell(&NATEndpointChanged{"k", "192.0.2.1:9"})
		p.request()
	})
	first, second := c.Events(), c.Events()
	for _, e := range []*Events{first, second} {
		if event, is := fetch(t, e).(*PeerHealthChanged); !is || *event != (PeerHealthChanged{"k", true}) {
			t.Errorf("got %v", event)
		}
		if event, is := fetch(t, e).(*NATEndpointChanged); !is || event.Endpoint != "192.0.2.1:9" {
			t.Errorf("got %v", event)
		}
	}
	if n := c.UnknownEvents(); n != 1 {
		t.Errorf("%d were skipped", n)
	}
	if _, err := first.Next(soon(t)); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
	first.Close()
	first.Close()
	if _, err := first.Next(background); err != ErrClosed {
		t.Errorf("got %v", err)
	}
	c.Close()
	for err := error(nil); err != ErrClosed; {
		if _, err = second.Next(background); err != ErrClosed && err != ErrEventsMissed {
			t.Fatal(err)
		}
	}
}

func TestEventsAfterALostConnection(t *testing.T) {
	c := open(t, func(p *peer) {
		p.tell(&PeerHealthChanged{"before", true})
	}, func(p *peer) {
		p.request() // comes when the loss was noticed
		p.tell(&PeerHealthChanged{"after", true})
		p.request()
	})
	e := c.Events()
	if event := fetch(t, e).(*PeerHealthChanged); event.Pubkey != "before" {
		t.Errorf("got %v", event)
	}
	if _, err := e.Next(background); err != ErrEventsMissed {
		t.Errorf("got %v", err)
	}
	go c.NATTick(background)
	if event := fetch(t, e).(*PeerHealthChanged); event.Pubkey != "after" {
		t.Errorf("got %v", event)
	}
	c.Close()
}

func TestTooManyEvents(t *testing.T) {
	c := New(Options{})
	e := c.Events()
	for i := 0; i <= queuedEvents; i++ {
		c.publish(&PeerHealthChanged{})
	}
	for i := 0; i < queuedEvents; i++ {
		fetch(t, e)
	}
	if event, err := e.Next(background); err != ErrEventsMissed {
		t.Errorf("got %v %v", event, err)
	}
	c.publish(&PeerHealthChanged{"k", true})
	if event := fetch(t, e).(*PeerHealthChanged); event.Pubkey != "k" {
		t.Errorf("got %v", event)
	}
}
