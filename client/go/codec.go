package overlayd

import (
	"fmt"
	"math/bits"
	"net/netip"
	"strconv"
)

// A codec is one body that is being read or written, and the first thing found wrong with it.
type codec struct {
	body []byte // what is read, or what is written so far
	err  *ValueError
}

// fail notes a fault, the first one only; offset is -1 while writing.
func (c *codec) fail(offset int, format string, args ...any) {
	if c.err == nil {
		c.err = &ValueError{Offset: offset, Reason: fmt.Sprintf(format, args...)}
	}
}

// fields goes through the keys of one object, in the schema's order. A message's own fields method
// names each of its keys once, for both directions: what it says is either written or looked for.
type fields struct {
	*codec
	reading bool
	at      int      // reading: where the object starts
	members []member // reading: what it holds
}

// A kind is how one value is written, and how it is read; most limits its bytes.
type kind[T any] struct {
	write func(c *codec, v *T)
	read  func(c *codec, s span, most int, v *T)
	most  int
}

func (k kind[T]) visit(f *fields, key string, s span, v *T) {
	if f.reading {
		k.read(f.codec, s, k.most, v)
	} else {
		f.put(key)
		k.write(f.codec, v)
	}
	f.in(key)
}

// put writes a key.
func (f *fields) put(key string) {
	if f.body[len(f.body)-1] != '{' {
		f.body = append(f.body, ',')
	}
	f.body = append(f.body, '"')
	f.body = append(f.body, key...)
	f.body = append(f.body, '"', ':')
}

// in puts a key in front of a fault's path.
func (f *fields) in(key string) {
	if f.err != nil {
		f.err.under(key)
	}
}

// find looks a key up; whether it is there, and is it null.
func (f *fields) find(key string) (s span, there, null bool) {
	for i := range f.members {
		if string(f.members[i].key) != key {
			continue
		}
		if there {
			f.fail(f.members[i].value.start, "stands here twice")
			f.in(key)
		}
		s, there = f.members[i].value, true
	}
	return s, there, there && f.body[s.start] == 'n'
}

// required is a key that must be there.
func required[T any](f *fields, key string, p *T, k kind[T]) {
	if f.err != nil {
		return
	}
	var s span
	if f.reading {
		var there bool
		if s, there, _ = f.find(key); !there {
			f.fail(f.at, "is missing")
			f.in(key)
		}
		if f.err != nil {
			return
		}
	}
	k.visit(f, key, s, p)
}

// optional is a key that may be missing or null, which is nil.
func optional[T any](f *fields, key string, p **T, k kind[T]) {
	if f.err != nil || (!f.reading && *p == nil) {
		return
	}
	var s span
	if f.reading {
		var there, null bool
		if s, there, null = f.find(key); !there || null || f.err != nil {
			return
		}
		*p = new(T)
	}
	k.visit(f, key, s, *p)
}

// optionalAddr is an address that may be missing or null, which is the zero Addr.
func optionalAddr(f *fields, key string, p *netip.Addr) {
	var a *netip.Addr
	if p.IsValid() {
		a = p
	}
	optional(f, key, &a, address)
	if f.reading && a != nil {
		*p = *a
	}
}

// defaulted is a key that may be missing, but not null, and is always written; Go's zero value
// stands for the default.
func defaulted[T any](f *fields, key string, p *T, k kind[T], value T) {
	v := p
	if any(*p) == any(*new(T)) {
		v = &value
	}
	assumed(f, key, &v, k, value)
	if f.reading {
		*p = *v
	}
}

// assumed is the same for a default that is not Go's zero value: nil stands for it.
func assumed[T any](f *fields, key string, p **T, k kind[T], value T) {
	if f.err != nil {
		return
	}
	v := *p
	if f.reading || v == nil {
		v = &value
	}
	if !f.reading {
		k.visit(f, key, span{}, v)
		return
	}
	*p = v
	if s, there, _ := f.find(key); there && f.err == nil {
		k.visit(f, key, s, v)
	}
}

// How lists may be missing.
type listForm int

const (
	listRequired  listForm = iota // must be there
	listDefaulted                 // may be missing, is always written
	listSkipped                   // may be missing, is left out when empty
)

// list is a list of at most so many items when it is read.
func list[T any](f *fields, key string, p *[]T, k kind[T], form listForm, most int) {
	if f.err != nil {
		return
	}
	if !f.reading {
		if len(*p) > 0 || form != listSkipped {
			f.put(key)
			writeList(f, *p, k)
			f.in(key)
		}
		return
	}
	s, there, _ := f.find(key)
	if there && f.err == nil {
		*p = readList(f.codec, s, k, most)
		f.in(key)
	} else if !there && form == listRequired {
		f.fail(f.at, "is missing")
		f.in(key)
	}
}

func writeList[T any](f *fields, items []T, k kind[T]) {
	f.body = append(f.body, '[')
	for i := range items {
		if i > 0 {
			f.body = append(f.body, ',')
		}
		if k.write(f.codec, &items[i]); f.err != nil {
			f.err.under(strconv.Itoa(i))
			return
		}
	}
	f.body = append(f.body, ']')
}

func readList[T any](c *codec, s span, k kind[T], most int) []T {
	if c.body[s.start] != '[' {
		c.fail(s.start, "expected a list")
		return nil
	}
	items := []T{}
	for at, more := c.firstItem(s); more; at, more = c.nextItem(at) {
		if len(items) == most {
			c.fail(at.start, "more than %d items", most)
			return nil
		}
		var item T
		if k.read(c, at, k.most, &item); c.err != nil {
			c.err.under(strconv.Itoa(len(items)))
			return nil
		}
		items = append(items, item)
	}
	return items
}

// variant is a tagged union: its variant's name under tag, then the variant's keys beside it. What
// is read is in *p as far as it went, also after a fault.
func variant[T interface{ fields(*fields) }](f *fields, tag string, p *T, name func(T) string, create func(name string) T) {
	if f.err != nil {
		return
	}
	if f.reading {
		var called string
		if required(f, tag, &called, text(maxTag)); f.err != nil {
			return
		}
		v := create(called)
		if any(v) == nil {
			f.fail(f.at, "%q is no variant that is known here", called)
			f.err.Unknown = called
			f.in(tag)
			return
		}
		*p = v
	} else {
		if any(*p) == nil {
			f.fail(-1, "is nil, which is no variant")
			return
		}
		f.put(tag)
		f.body = appendQuoted(f.body, name(*p))
	}
	(*p).fields(f)
}

// Longest name of a variant that is looked at.
const maxTag = 1024

// object is a message or a union as a value of its own.
func object[T any](visit func(*T, *fields)) kind[T] {
	return kind[T]{
		write: func(c *codec, v *T) {
			c.body = append(c.body, '{')
			visit(v, &fields{codec: c})
			c.body = append(c.body, '}')
		},
		read: func(c *codec, s span, _ int, v *T) {
			if c.body[s.start] != '{' {
				c.fail(s.start, "expected an object")
				return
			}
			visit(v, &fields{codec: c, reading: true, at: s.start, members: c.split(s)})
		},
	}
}

// text is a string of at most so many bytes when it is read.
func text(most int) kind[string] {
	return kind[string]{writeText[string], readText[string], most}
}

// secret is text that is not to be printed.
func secret(most int) kind[Secret] {
	return kind[Secret]{writeText[Secret], readText[Secret], most}
}

func writeText[T ~string](c *codec, v *T) {
	if fault := textFault(string(*v)); fault != "" {
		c.fail(-1, "%s", fault)
		return
	}
	c.body = appendQuoted(c.body, string(*v))
}

func readText[T ~string](c *codec, s span, most int, v *T) {
	if c.body[s.start] != '"' {
		c.fail(s.start, "expected a string")
		return
	}
	t := c.unquote(s)
	if len(t) > most {
		c.fail(s.start, "%d bytes, at most %d", len(t), most)
		return
	}
	*v = T(t)
}

// choice is a string out of a few.
func choice[T ~string](values ...T) kind[T] {
	known := func(v T) bool {
		for _, value := range values {
			if v == value {
				return true
			}
		}
		return false
	}
	return kind[T]{
		write: func(c *codec, v *T) {
			if !known(*v) {
				c.fail(-1, "%q is none of %q", string(*v), values)
			}
			writeText(c, v)
		},
		read: func(c *codec, s span, most int, v *T) {
			if readText(c, s, most, v); c.err == nil && !known(*v) {
				c.fail(s.start, "%q is none of %q", string(*v), values)
			}
		},
		most: maxTag,
	}
}

var boolean = kind[bool]{
	write: func(c *codec, v *bool) { c.body = strconv.AppendBool(c.body, *v) },
	read: func(c *codec, s span, _ int, v *bool) {
		switch c.body[s.start] {
		case 't':
			*v = true
		case 'f':
			*v = false
		default:
			c.fail(s.start, "expected true or false")
		}
	},
}

// unsigned is an integer from 0; ParseUint takes none of -0, 1.0 and 1e0.
func unsigned[T uint8 | uint16 | uint32 | uint64]() kind[T] {
	return kind[T]{
		write: func(c *codec, v *T) { c.body = strconv.AppendUint(c.body, uint64(*v), 10) },
		read: func(c *codec, s span, _ int, v *T) {
			n, err := strconv.ParseUint(string(c.body[s.start:s.end]), 10, bits.Len64(uint64(^T(0))))
			if err != nil {
				c.fail(s.start, "expected an integer from 0 to %d", ^T(0))
			}
			*v = T(n)
		},
	}
}

// signed is an integer that may be below 0; -0 is none.
func signed[T int32 | int64]() kind[T] {
	return kind[T]{
		write: func(c *codec, v *T) { c.body = strconv.AppendInt(c.body, int64(*v), 10) },
		read: func(c *codec, s span, _ int, v *T) {
			number := string(c.body[s.start:s.end])
			n, err := strconv.ParseInt(number, 10, 64)
			if err != nil || int64(T(n)) != n || number == "-0" {
				c.fail(s.start, "expected an integer that fits %T", *v)
			}
			*v = T(n)
		},
	}
}

// address is an IP address; netip writes the contract's form.
var address = kind[netip.Addr]{
	write: func(c *codec, v *netip.Addr) {
		if !v.IsValid() || v.Zone() != "" {
			c.fail(-1, "expected an address without zone")
			return
		}
		c.body = append(c.body, '"')
		c.body = v.AppendTo(c.body)
		c.body = append(c.body, '"')
	},
	read: func(c *codec, s span, most int, v *netip.Addr) {
		var t string
		if readText(c, s, most, &t); c.err != nil {
			return
		}
		a, err := netip.ParseAddr(t)
		if err != nil || a.Zone() != "" || hasLongGroup(t) {
			c.fail(s.start, "expected an IP address")
		}
		*v = a
	},
	most: maxTag,
}

// hasLongGroup finds what netip took before Go 1.20: 00001::.
func hasLongGroup(address string) bool {
	digits := 0
	for i := 0; i < len(address) && digits <= 4; i++ {
		if digits++; address[i] == ':' || address[i] == '.' {
			digits = 0
		}
	}
	return digits > 4
}

// marshal writes one document.
func marshal[T any](v *T, visit func(*T, *fields)) ([]byte, error) {
	c := codec{}
	if object(visit).write(&c, v); c.err != nil {
		return nil, c.err
	}
	return c.body, nil
}

// unmarshal reads one document. After a fault *v holds what was read before it.
func unmarshal[T any](body []byte, v *T, visit func(*T, *fields)) error {
	c := codec{body: body}
	if at := c.check(); c.err == nil {
		object(visit).read(&c, at, 0, v)
	}
	if c.err != nil {
		return c.err
	}
	return nil
}
