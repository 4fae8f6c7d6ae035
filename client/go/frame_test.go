package overlayd

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"
)

func TestReadFrame(t *testing.T) {
	in := iotest.OneByteReader(strings.NewReader("\x02\x00\x00\x00{}\x01\x00\x00\x001"))
	r := bufio.NewReader(in)
	for _, want := range []string{"{}", "1"} {
		if body, err := ReadFrame(r); err != nil || string(body) != want {
			t.Errorf("got %q %v, want %q", body, err, want)
		}
	}
	if _, err := ReadFrame(r); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
}

func TestReadFrameFaults(t *testing.T) {
	for stream, want := range map[string]error{
		"\x02\x00":             io.EOF,
		"\x02\x00\x00\x00":     io.ErrUnexpectedEOF,
		"\x02\x00\x00\x00{":    io.ErrUnexpectedEOF,
		"\x00\x00\x00\x00":     new(ProtocolError),
		"\x01\x00\x80\x00":     new(ProtocolError),
		"\xff\xff\xff\xff....": new(ProtocolError),
	} {
		_, err := ReadFrame(bufio.NewReader(strings.NewReader(stream)))
		var violation *ProtocolError
		if _, expected := want.(*ProtocolError); errors.As(err, &violation) != expected || (!expected && err != want) {
			t.Errorf("%q: got %v, want %v", stream, err, want)
		}
	}
}

func TestLengthAloneTakesNoMemory(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := ReadFrame(bufio.NewReader(strings.NewReader("\x00\x00\x80\x00{"))); err != io.ErrUnexpectedEOF {
		t.Error(err)
	}
	runtime.ReadMemStats(&after)
	if grown := after.TotalAlloc - before.TotalAlloc; grown > 1<<20 {
		t.Errorf("%d bytes were allocated", grown)
	}
}

func TestAppendFrame(t *testing.T) {
	frame, err := AppendFrame([]byte("x"), []byte("{}"))
	if err != nil || string(frame) != "x\x02\x00\x00\x00{}" {
		t.Errorf("got %q %v", frame, err)
	}
	if _, err := AppendFrame(nil, bytes.Repeat([]byte{' '}, MaxBody)); err != nil {
		t.Error(err)
	}
	for _, n := range []int{0, MaxBody + 1} {
		var fault *ValueError
		if _, err := AppendFrame(nil, make([]byte, n)); !errors.As(err, &fault) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}
