package tally

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Stream is the answer of a stream method: events, and then one result. A broken stream goes on after its last event.
//
//	stream := client.Stream(ctx, "streamProgress", tally.Params{"jobId": job})
//	defer stream.Close()
//	for stream.Next() {
//		fmt.Println(string(stream.Event()))
//	}
//	err := stream.Result(&status)
type Stream struct {
	client  *Client
	ctx     context.Context
	message request
	cursor  string
	body    io.Closer
	cancel  context.CancelFunc
	events  *events
	opened  time.Time
	event   json.RawMessage
	result  json.RawMessage
	err     error
	isOver  bool
}

// Stream calls a stream method. Nothing is sent before Next.
func (c *Client) Stream(ctx context.Context, method string, params Params) *Stream {
	return &Stream{client: c, ctx: ctx, message: request{"2.0", 1, method, params}}
}

// Next waits for the next event; false: the result has come, or an error.
func (s *Stream) Next() bool {
	var since time.Time
	for failures := 0; !s.isOver; {
		found, err := s.receive()
		if err == nil {
			if found {
				return true
			}
			continue
		}
		s.Close()
		if !s.opened.IsZero() && time.Since(s.opened) >= steady {
			failures = 0
		}
		if failures++; failures == 1 {
			since = time.Now()
		}
		if !mayPass(err) || time.Since(since) > reconnect || sleep(s.ctx, pause(err, failures)) != nil {
			s.isOver, s.err = true, err
			if s.ctx.Err() != nil {
				s.err = s.ctx.Err()
			}
		}
	}
	s.Close()
	return false
}

// Event is the parameters of the newest event.
func (s *Stream) Event() json.RawMessage { return s.event }

// Result decodes the result, once Next has returned false; or returns the error.
func (s *Stream) Result(result any) error {
	if s.err != nil {
		return s.err
	}
	if s.result == nil {
		return errors.New("the stream isn't over")
	}
	return json.Unmarshal(s.result, result)
}

// Close ends the stream; the job goes on. It may be called again.
func (s *Stream) Close() {
	if s.body != nil {
		s.cancel()
		s.body.Close()
		s.body, s.events = nil, nil
	}
}

// receive takes one event; false: it was told already, or was the result.
func (s *Stream) receive() (bool, error) {
	if s.events == nil {
		if err := s.open(); err != nil {
			return false, err
		}
	}
	found, err := s.events.next()
	switch {
	case errors.Is(err, io.EOF):
		return false, fmt.Errorf("%w: the stream ended without its final response", ErrConnection)
	case err != nil:
		return false, err
	}
	var message struct {
		Method string          `json:"method"`
		Params json.RawMessage `json:"params"`
		response
	}
	if err := json.Unmarshal([]byte(found.data), &message); err != nil {
		return false, fmt.Errorf("%w: the stream holds %.200s", ErrProtocol, found.data)
	}
	if message.Method != "" {
		if found.id != "" && !advances(s.cursor, found.id) {
			return false, nil
		}
		s.event = message.Params
		if found.id != "" {
			s.cursor = found.id
		}
		return true, nil
	}
	s.result, err = message.outcome()
	s.isOver = err == nil
	return false, err
}

func (s *Stream) open() error {
	if err := checkServer(s.client.Server); err != nil {
		return err
	}
	body, err := json.Marshal(s.message)
	if err != nil {
		return err
	}
	header := s.client.header("text/event-stream")
	if s.cursor != "" {
		header.Set("Last-Event-ID", s.cursor)
	}
	s.opened = time.Time{}
	ctx, cancel := context.WithCancel(s.ctx)
	timer := time.AfterFunc(silence, cancel)
	response, err := s.client.Exchange(ctx, http.MethodPost, "/rpc", header, bytes.NewReader(body))
	if err != nil {
		timer.Stop()
		cancel()
		if s.ctx.Err() != nil {
			return s.ctx.Err()
		}
		return fmt.Errorf("%w: %s", ErrConnection, err)
	}
	timed := &timedReader{response.Body, timer}
	s.body, s.cancel = timed, cancel
	if !strings.HasPrefix(response.Header.Get("Content-Type"), "text/event-stream") {
		return s.refused(response)
	}
	s.opened, s.events = time.Now(), newEvents(timed)
	return nil
}

func (s *Stream) refused(answer *http.Response) error {
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		return fmt.Errorf("%w: %s", ErrConnection, err)
	}
	var refusal response
	if err := json.Unmarshal(text, &refusal); err != nil || refusal.Error == nil {
		return fmt.Errorf("%w: HTTP %d, and no stream", ErrProtocol, answer.StatusCode)
	}
	return refusal.Error
}

// timedReader counts as gone a body that is silent for too long: heartbeats are bytes too.
type timedReader struct {
	io.ReadCloser
	timer *time.Timer
}

func (r *timedReader) Read(into []byte) (int, error) {
	r.timer.Reset(silence)
	return r.ReadCloser.Read(into)
}

func (r *timedReader) Close() error {
	r.timer.Stop()
	return r.ReadCloser.Close()
}

// advances tells whether a cursor is after another: what a resumed stream repeats is left out.
func advances(from, to string) bool {
	old, new := strings.Split(from, "."), strings.Split(to, ".")
	if len(old) != 3 || len(new) != 3 || old[0] != new[0] {
		return true
	}
	oldEpoch, _ := strconv.Atoi(old[1])
	epoch, _ := strconv.Atoi(new[1])
	oldSequence, _ := strconv.Atoi(old[2])
	sequence, _ := strconv.Atoi(new[2])
	return epoch > oldEpoch || epoch == oldEpoch && sequence > oldSequence
}
