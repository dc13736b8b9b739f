package tally

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// eventMost are the bytes of one line of a stream, at the most.
const eventMost = 16 << 20

// event is a server-sent event (WHATWG HTML, section 9.2); the ID is its own.
type event struct{ id, data string }

// events reads server-sent events.
type events struct{ lines *bufio.Scanner }

func newEvents(from io.Reader) *events {
	lines := bufio.NewScanner(from)
	lines.Buffer(make([]byte, 0, 4096), eventMost)
	lines.Split(splitLines())
	return &events{lines}
}

// next is the next event; io.EOF at the end.
func (e *events) next() (event, error) {
	var data []string
	var id string
	for e.lines.Scan() {
		line := e.lines.Text()
		if line == "" {
			if data != nil {
				return event{id, strings.Join(data, "\n")}, nil
			}
			id = ""
			continue
		}
		name, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch {
		case name == "data":
			data = append(data, value)
		case name == "id" && !strings.Contains(value, "\x00"):
			id = value
		}
	}
	if err := e.lines.Err(); err != nil {
		return event{}, fmt.Errorf("%w: %s", ErrConnection, err)
	}
	return event{}, io.EOF
}

// splitLines ends lines by LF, CR LF, or CR.
func splitLines() bufio.SplitFunc {
	afterCR := false
	return func(data []byte, atEOF bool) (int, []byte, error) {
		skipped := 0
		if afterCR && len(data) > 0 {
			afterCR = false
			if data[0] == '\n' {
				skipped, data = 1, data[1:]
			}
		}
		for index, char := range data {
			if char == '\n' || char == '\r' {
				afterCR = char == '\r'
				return skipped + index + 1, data[:index], nil
			}
		}
		// What has no end of line at the end of the stream is no whole line.
		return skipped, nil, nil
	}
}
