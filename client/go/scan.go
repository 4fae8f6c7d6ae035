package overlayd

import (
	"encoding/json"
	"errors"
	"strconv"
	"unicode/utf8"
)

// Most objects and lists that may lie in each other.
const maxDepth = 127

// A span is the part of a body that holds one value, without the blanks around it.
type span struct{ start, end int }

// A member is one key of an object, unescaped, and its value.
type member struct {
	key   []byte
	value span
}

// check makes sure that the body is one JSON value, so that nobody after it meets wrong syntax. The
// grammar is encoding/json's; what that would let pass, or mend, is looked for here.
func (c *codec) check() span {
	if err := syntax(c.body); err != nil {
		offset := len(c.body)
		var at *json.SyntaxError
		if errors.As(err, &at) {
			offset = int(at.Offset)
		}
		c.fail(offset, "%v", err)
		return span{}
	}
	if !utf8.Valid(c.body) {
		c.fail(0, "is not UTF-8")
		return span{}
	}
	depth := 0
	for i := 0; i < len(c.body) && c.err == nil; {
		switch c.body[i] {
		case '{', '[':
			if depth++; depth > maxDepth {
				c.fail(i, "more than %d objects and lists in each other", maxDepth)
			}
			i++
		case '}', ']':
			depth--
			i++
		case '"':
			i = c.checkEscapes(i)
		case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
			i = c.checkNumber(i)
		default:
			i++
		}
	}
	return span{c.blanks(0), len(c.body)}
}

func syntax(body []byte) error {
	if json.Valid(body) {
		return nil
	}
	var raw json.RawMessage
	return json.Unmarshal(body, &raw)
}

// checkEscapes refuses the escapes that stand for no character, or for NUL, in a string; gives its
// end.
func (c *codec) checkEscapes(i int) int {
	for i++; c.body[i] != '"'; {
		if c.body[i] != '\\' {
			i++
			continue
		}
		if c.body[i+1] != 'u' {
			i += 2
			continue
		}
		unit := c.unit(i)
		switch {
		case unit == 0:
			c.fail(i, "U+0000")
		case unit >= 0xd800 && unit < 0xdc00:
			if next := c.unit(i + 6); next < 0xdc00 || next > 0xdfff {
				c.fail(i, "half a surrogate pair")
				break
			}
			i += 6
		case unit >= 0xdc00 && unit < 0xe000:
			c.fail(i, "half a surrogate pair")
		}
		i += 6
	}
	return i + 1
}

// unit is the \uXXXX at i, or -1.
func (c *codec) unit(i int) int {
	if c.body[i] != '\\' || c.body[i+1] != 'u' {
		return -1
	}
	n, _ := strconv.ParseUint(string(c.body[i+2:i+6]), 16, 16)
	return int(n)
}

// checkNumber refuses a number that no double can hold; gives its end.
func (c *codec) checkNumber(i int) int {
	end := c.scalarEnd(i)
	if _, err := strconv.ParseFloat(string(c.body[i:end]), 64); err != nil {
		c.fail(i, "a number that is too large")
	}
	return end
}

// ---- taking apart what is known to be right ----

func (c *codec) blanks(i int) int {
	for i < len(c.body) && (c.body[i] == ' ' || c.body[i] == '\t' || c.body[i] == '\n' || c.body[i] == '\r') {
		i++
	}
	return i
}

// stringEnd is the place behind the string at i.
func (c *codec) stringEnd(i int) int {
	for i++; c.body[i] != '"'; i++ {
		if c.body[i] == '\\' {
			i++
		}
	}
	return i + 1
}

func (c *codec) scalarEnd(i int) int {
	for i < len(c.body) {
		switch c.body[i] {
		case ',', ']', '}', ' ', '\t', '\n', '\r':
			return i
		}
		i++
	}
	return i
}

// valueEnd is the place behind the value at i.
func (c *codec) valueEnd(i int) int {
	switch c.body[i] {
	case '"':
		return c.stringEnd(i)
	case '{', '[':
	default:
		return c.scalarEnd(i)
	}
	for depth := 0; ; {
		switch c.body[i] {
		case '"':
			i = c.stringEnd(i)
			continue
		case '{', '[':
			depth++
		case '}', ']':
			depth--
		}
		if i++; depth == 0 {
			return i
		}
	}
}

// split gives the members of an object in their order.
func (c *codec) split(s span) []member {
	members := make([]member, 0, 8)
	i := c.blanks(s.start + 1)
	for c.body[i] != '}' {
		key := span{i, c.stringEnd(i)}
		start := c.blanks(c.blanks(key.end) + 1)
		value := span{start, c.valueEnd(start)}
		members = append(members, member{c.key(key), value})
		if i = c.blanks(value.end); c.body[i] == ',' {
			i = c.blanks(i + 1)
		}
	}
	return members
}

// firstItem gives the first item of a list, if there is one.
func (c *codec) firstItem(s span) (item span, there bool) {
	i := c.blanks(s.start + 1)
	if c.body[i] == ']' {
		return span{}, false
	}
	return span{i, c.valueEnd(i)}, true
}

// nextItem gives the item of a list behind another.
func (c *codec) nextItem(before span) (item span, there bool) {
	i := c.blanks(before.end)
	if c.body[i] == ']' {
		return span{}, false
	}
	i = c.blanks(i + 1)
	return span{i, c.valueEnd(i)}, true
}

func (c *codec) key(s span) []byte {
	inner := c.body[s.start+1 : s.end-1]
	for _, b := range inner {
		if b == '\\' {
			return []byte(c.unquote(s))
		}
	}
	return inner
}

// unquote gives a string's text.
func (c *codec) unquote(s span) string {
	inner := c.body[s.start+1 : s.end-1]
	for _, b := range inner {
		if b == '\\' {
			var t string
			if err := json.Unmarshal(c.body[s.start:s.end], &t); err != nil {
				c.fail(s.start, "%v", err)
			}
			return t
		}
	}
	return string(inner)
}

// ---- text on the way out ----

// textFault says why no JSON string can hold a text; empty if one can.
func textFault(t string) string {
	if !utf8.ValidString(t) {
		return "is not UTF-8"
	}
	for i := 0; i < len(t); i++ {
		if t[i] == 0 {
			return "holds U+0000"
		}
	}
	return ""
}

const hex = "0123456789abcdef"

// appendQuoted writes a string as the contract wants it. encoding/json escapes more: <, >, &,
// U+2028, U+2029, and before Go 1.22 backspace and form feed by number.
func appendQuoted(b []byte, t string) []byte {
	b = append(b, '"')
	for i := 0; i < len(t); i++ {
		switch ch := t[i]; {
		case ch == '"' || ch == '\\':
			b = append(b, '\\', ch)
		case ch == '\b':
			b = append(b, '\\', 'b')
		case ch == '\t':
			b = append(b, '\\', 't')
		case ch == '\n':
			b = append(b, '\\', 'n')
		case ch == '\f':
			b = append(b, '\\', 'f')
		case ch == '\r':
			b = append(b, '\\', 'r')
		case ch < ' ':
			b = append(b, '\\', 'u', '0', '0', hex[ch>>4], hex[ch&15])
		default:
			b = append(b, ch)
		}
	}
	return append(b, '"')
}
