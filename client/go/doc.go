// Package overlayd talks to overlayd, the daemon that holds the overlay network of one host: its
// WireGuard tunnel, a bridge per service, a veth pair per container, their addresses.
//
//	client := overlayd.New(overlayd.Options{})
//	defer client.Close()
//	status, err := client.Status(ctx)
//
// There is a method of [Client] for every operation; it takes the operation's request, where there
// is anything to say, and gives the answer's own type. All of them, the types and their comments
// are generated from the contract's schema.
//
// # Values
//
// A union is an interface that only the variants listed at it implement, as pointers:
//
//	Handle: &overlayd.LinuxPid{Pid: 4242}
//
// and is taken apart by a type switch. What may be absent is a pointer, and nil is absent ([Ptr]
// helps to write one); of an address the zero [net/netip.Addr] is. A key with a default is a plain
// value where Go's zero value is the default or, for a union, nil. An empty list and nil are the
// same. Private keys and other secrets are of type [Secret], which prints as "(secret)".
//
// # Calls
//
// A client may be used by any number of goroutines; their requests share a connection, one behind
// the other, without waiting for each other's answers. A call ends at its context's deadline, or
// after [Options].Timeout if that has none. It fails with a [*CallError], which holds the reason:
//
//	var refused *overlayd.Err
//	switch {
//	case errors.As(err, &refused): // the daemon said no
//	case errors.Is(err, context.DeadlineExceeded):
//	case errors.Is(err, overlayd.ErrConnectionLost):
//	}
//
// CallError.Sent then says whether the daemon may have carried the request out. No request is ever
// sent again after that point; before it, a lost connection costs nothing but a little time: the
// client connects anew, at once at first, then with pauses from 100 ms to 1 s.
//
// # Additions to the contract
//
// Keys that this package does not know are ignored. An event of an unknown kind is skipped and
// counted ([Client.UnknownEvents]). A result of an unknown kind fails its own call alone, with a
// [*ProtocolError] around a [*ValueError] that names it.
//
// # JSON
//
// A value lies on the wire as JSON, and every message, as well as every union that is a document,
// can be read and written here: MarshalX, UnmarshalX, MarshalJSON, UnmarshalJSON. The grammar and
// the unescaping are encoding/json's. What it can't keep is done by this package: integers are read
// from their digits, so those of 64 bits stay exact and 1.0 is none; keys match byte by byte, where
// encoding/json takes "Service" for "service"; a known key that stands twice is an error, and so is
// null for a key that has a default; broken UTF-8, half surrogate pairs and U+0000 are errors instead
// of being replaced; the keys are written in the schema's order and text without the escapes that
// encoding/json adds for HTML (json.Marshal puts those back into what MarshalJSON gives: use
// [MarshalResponse] and its like, or a json.Encoder with SetEscapeHTML(false)).
package overlayd

// Ptr gives a pointer to a value, for what may be absent.
func Ptr[T any](v T) *T { return &v }
