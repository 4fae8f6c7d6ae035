package overlayd

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
)

// MaxBody is the most bytes of a frame's body.
const MaxBody = 8 << 20

// Bytes of a frame's length.
const headSize = 4

// ReadFrame reads the next frame's body: io.EOF at the end of the stream, io.ErrUnexpectedEOF inside
// a body, a [*ProtocolError] for a length that no frame has. Memory grows with what arrives,
// whatever the length says.
func ReadFrame(r *bufio.Reader) ([]byte, error) {
	var head [headSize]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		if err == io.ErrUnexpectedEOF {
			err = io.EOF
		}
		return nil, err
	}
	n := binary.LittleEndian.Uint32(head[:])
	if n == 0 || n > MaxBody {
		return nil, &ProtocolError{fmt.Errorf("a frame of %d bytes", n)}
	}
	var body bytes.Buffer
	if _, err := io.CopyN(&body, r, int64(n)); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return nil, err
	}
	return body.Bytes(), nil
}

// AppendFrame appends a body behind its length.
func AppendFrame(b, body []byte) ([]byte, error) {
	if len(body) == 0 || len(body) > MaxBody {
		return b, &ValueError{Offset: -1, Reason: fmt.Sprintf("a body of %d bytes, 1 to %d are allowed", len(body), MaxBody)}
	}
	var head [headSize]byte
	binary.LittleEndian.PutUint32(head[:], uint32(len(body)))
	return append(append(b, head[:]...), body...), nil
}
