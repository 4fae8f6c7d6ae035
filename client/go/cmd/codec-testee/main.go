// Codec-testee reads bodies on standard input, each behind its length, u32 little-endian, and answers
// each at once, likewise, with A and the canonical body, or R and the reason.
package main

import (
	"bufio"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"

	"overlayd.dev/client"
)

// rewriters read a body and write it again.
var rewriters = map[string]func([]byte) ([]byte, error){
	"frame":    rewriter(overlayd.UnmarshalFrame, overlayd.MarshalFrame),
	"request":  rewriter(overlayd.UnmarshalRequest, overlayd.MarshalRequest),
	"response": rewriter(overlayd.UnmarshalResponse, overlayd.MarshalResponse),
	"event":    rewriter(overlayd.UnmarshalEvent, overlayd.MarshalEvent),
}

func rewriter[T any](read func([]byte) (T, error), write func(T) ([]byte, error)) func([]byte) ([]byte, error) {
	return func(body []byte) ([]byte, error) {
		v, err := read(body)
		if err != nil {
			return nil, err
		}
		return write(v)
	}
}

func main() {
	log.SetFlags(0)
	name := flag.String("type", "", "frame, request, response or event")
	flag.Parse()
	rewrite, known := rewriters[*name]
	if !known || flag.NArg() > 0 {
		fmt.Fprintln(os.Stderr, "usage: codec-testee --type frame|request|response|event")
		os.Exit(2)
	}
	in := bufio.NewReader(os.Stdin)
	for {
		body, err := read(in)
		if errors.Is(err, io.EOF) {
			return
		}
		if err == nil {
			err = reply(rewrite(body))
		}
		if err != nil {
			log.Fatal(err)
		}
	}
}

// read is not overlayd.ReadFrame: here a body may be empty, which is for the codec to judge.
func read(in io.Reader) ([]byte, error) {
	var n uint32
	if err := binary.Read(in, binary.LittleEndian, &n); err != nil {
		return nil, err
	}
	body := make([]byte, n)
	_, err := io.ReadFull(in, body)
	return body, err
}

func reply(canonical []byte, refusal error) error {
	verdict := append([]byte{'A'}, canonical...)
	if refusal != nil {
		verdict = append([]byte{'R'}, refusal.Error()...)
	}
	out := binary.LittleEndian.AppendUint32(nil, uint32(len(verdict)))
	_, err := os.Stdout.Write(append(out, verdict...))
	return err
}
