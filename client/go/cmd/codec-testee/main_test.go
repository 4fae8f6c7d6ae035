package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// A record is one line of the vector files, whose README tells the keys.
type record struct {
	Type      string  `json:"type"`
	Name      string  `json:"name"`
	Mutation  string  `json:"mutation"`
	Body      string  `json:"body"`
	Canonical *string `json:"canonical"`
	Accepted  bool    `json:"accepted"`
	Strict    bool    `json:"strict"`
}

// records reads a vector file from $OVERLAYD_VECTORS.
func records(t *testing.T, name string) []record {
	t.Helper()
	dir := os.Getenv("OVERLAYD_VECTORS")
	if dir == "" {
		t.Skip("OVERLAYD_VECTORS names no folder of vectors")
	}
	file, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	var all []record
	decoder := json.NewDecoder(file)
	for {
		var r record
		if err := decoder.Decode(&r); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, r)
	}
}

// A testee is this program at work, started as a test binary that runs main.
type testee struct {
	in  io.WriteCloser
	out *bufio.Reader
	cmd *exec.Cmd
}

const asMain = "OVERLAYD_TESTEE_TYPE"

func TestMain(m *testing.M) {
	if name := os.Getenv(asMain); name != "" {
		os.Args = []string{"codec-testee", "--type", name}
		main()
		return
	}
	os.Exit(m.Run())
}

func start(t *testing.T, name string) *testee {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), asMain+"="+name)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("the testee ended with %v", err)
		}
	})
	return &testee{in, bufio.NewReader(out), cmd}
}

// ask sends one body and waits for the verdict, so that a testee which answers late never does.
func (e *testee) ask(body []byte) (accepted bool, said string, err error) {
	head := binary.LittleEndian.AppendUint32(nil, uint32(len(body)))
	if _, err := e.in.Write(append(head, body...)); err != nil {
		return false, "", err
	}
	verdict, err := read(e.out)
	if err != nil || len(verdict) == 0 {
		return false, "", fmt.Errorf("no verdict: %w", err)
	}
	return verdict[0] == 'A', string(verdict[1:]), nil
}

// testees starts one for each type when it is first needed.
func testees(t *testing.T) func(name string) *testee {
	started := map[string]*testee{}
	return func(name string) *testee {
		if started[name] == nil {
			started[name] = start(t, name)
		}
		return started[name]
	}
}

func TestVectors(t *testing.T) {
	older := map[string]string{}
	for _, r := range records(t, "older-lines.jsonl") {
		older[r.Type+r.Body] = *r.Canonical
	}
	for _, name := range []string{"contract-0.12.jsonl", "contract-0.13.jsonl", "contract-0.14.jsonl"} {
		t.Run(name, func(t *testing.T) {
			testee, n := testees(t), 0
			for _, r := range records(t, name) {
				want := r.Body
				if canonical, is := older[r.Type+r.Body]; is {
					want = canonical
				}
				accepted, said, err := testee(r.Type).ask([]byte(r.Body))
				if err != nil {
					t.Fatal(err)
				}
				if !accepted || said != want {
					t.Errorf("%s %s\n got %s\nwant %s", r.Type, r.Name, said, want)
				}
				n++
			}
			t.Logf("%d bodies, read and written again", n)
		})
	}
}

// The contract refuses this number even where nobody asked for it; strconv rounds it to the largest
// double there is.
const roundsToLargest = "1.7976931348623158e308"

func TestVerdicts(t *testing.T) {
	testee := testees(t)
	var accepted, refused, rounded int
	for _, r := range records(t, "verdicts.jsonl") {
		body, err := base64.StdEncoding.DecodeString(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		taken, said, err := testee(r.Type).ask(body)
		if err != nil {
			t.Fatal(err)
		}
		switch must := r.Accepted && !r.Strict; {
		case must && !(taken && said == *r.Canonical):
			t.Errorf("%s %s: %s\n got %s\nwant %s", r.Type, r.Mutation, bytes.TrimSpace(body), said, *r.Canonical)
		case must:
			accepted++
		case taken && bytes.Contains(body, []byte(roundsToLargest)):
			rounded++
		case taken:
			t.Errorf("%s %s: %q is to be refused", r.Type, r.Mutation, body)
		default:
			refused++
		}
	}
	t.Logf("%d accepted and written canonically, %d refused, %d accepted that are to be refused", accepted, refused, rounded)
}
