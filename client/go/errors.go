package overlayd

import (
	"errors"
	"fmt"
	"io"
	"strings"
)

var (
	// ErrClosed is what a client that was closed answers with.
	ErrClosed = errors.New("the client is closed")

	// ErrConnectionLost is the daemon having closed the connection before it answered.
	ErrConnectionLost = errors.New("connection lost")

	// ErrEventsMissed is what [Events.Next] reports once when events may have been missed: the
	// connection was lost, or too many waited to be fetched. Those after it come as usual.
	ErrEventsMissed = errors.New("events may have been missed")
)

// Error is the daemon's message.
func (e *Err) Error() string { return e.Message }

// A CallError is why a call failed. Err is one of
//
//   - [*Err]: the daemon refused the request, or failed at it, and nothing changed;
//   - [context.DeadlineExceeded] or [context.Canceled]: there was no answer in time;
//   - [ErrConnectionLost], [ErrClosed];
//   - [*ConnectError]: there was no connection to be had;
//   - [*ProtocolError]: what came is no answer of the contract;
//   - [*ValueError]: the request holds a value that can't be written.
type CallError struct {
	Op   string // the operation's name on the wire
	Sent bool   // without an answer: whether the daemon may have carried it out
	Err  error
}

func (e *CallError) Error() string {
	var refused *Err
	if e.Sent && !errors.As(e.Err, &refused) {
		return fmt.Sprintf("overlayd: %s: %v; it may have been carried out", e.Op, e.Err)
	}
	return fmt.Sprintf("overlayd: %s: %v", e.Op, e.Err)
}

// Unwrap gives Err.
func (e *CallError) Unwrap() error { return e.Err }

// A ConnectError is why there is no connection: Err as [net.Dialer] gave it. It is also
// [context.DeadlineExceeded] or [context.Canceled] if that ended the trying.
type ConnectError struct {
	Path  string
	Err   error
	ended error
}

func (e *ConnectError) Error() string {
	if e.ended != nil {
		return fmt.Sprintf("%v, until %v", e.Err, e.ended)
	}
	return e.Err.Error()
}

// Unwrap gives Err.
func (e *ConnectError) Unwrap() error { return e.Err }

// Is tells whether a context's end is what target is.
func (e *ConnectError) Is(target error) bool { return e.ended != nil && errors.Is(e.ended, target) }

// A ProtocolError is what a daemon of this contract does not do.
type ProtocolError struct{ Err error }

func (e *ProtocolError) Error() string { return "protocol violated: " + e.Err.Error() }

// Unwrap gives what was wrong: a [*ValueError] if it is in a frame's body.
func (e *ProtocolError) Unwrap() error { return e.Err }

// A ValueError is a value that the contract does not have, in what was read or was to be written.
type ValueError struct {
	Path    string // of the key, like "request.wg_port" or "response.peers.3"; empty for the whole
	Offset  int    // reading: the byte of the body, from 0; else -1
	Reason  string
	Unknown string // a union's variant that this package's schema does not have; else empty
}

func (e *ValueError) Error() string {
	s := e.Reason
	if e.Path != "" {
		s = e.Path + ": " + s
	}
	if e.Offset >= 0 {
		s += fmt.Sprintf(" (byte %d)", e.Offset)
	}
	return s
}

// under puts a key in front of the path.
func (e *ValueError) under(key string) {
	e.Path = strings.TrimSuffix(key+"."+e.Path, ".")
}

// A Secret is text that the fmt verbs and the loggers built on them do not show. Convert it to
// string to use it.
type Secret string

const hidden = "(secret)"

// String hides it.
func (Secret) String() string { return hidden }

// Format hides it from every verb.
func (Secret) Format(s fmt.State, _ rune) { io.WriteString(s, hidden) }
