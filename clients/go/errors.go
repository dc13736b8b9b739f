package tally

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// RemoteError is the server's error response (docs/protocol.md, "Errors").
type RemoteError struct {
	// Code is JSON-RPC's number.
	Code    int
	Message string
	// Status is gRPC's name, such as NOT_FOUND.
	Status string
	// Reason is a constant such as JOB_NOT_FOUND.
	Reason string
	// Field is the parameter that is wrong; empty: none is.
	Field string
	// RetryAfter is how long the server wants to be left alone.
	RetryAfter time.Duration
}

// Is makes the server's DEADLINE_EXCEEDED the same error as the context's, whoever has noticed the deadline first.
func (e *RemoteError) Is(target error) bool {
	return target == context.DeadlineExceeded && e.Status == "DEADLINE_EXCEEDED"
}

func (e *RemoteError) Error() string { return fmt.Sprintf("%s [%s %s]", e.Message, e.Status, e.Reason) }

// UnmarshalJSON reads a JSON-RPC error object.
func (e *RemoteError) UnmarshalJSON(text []byte) error {
	var wire struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
		Data    struct {
			Status       string `json:"status"`
			Reason       string `json:"reason"`
			Field        string `json:"field"`
			RetryAfterMs int    `json:"retryAfterMs"`
		} `json:"data"`
	}
	if err := json.Unmarshal(text, &wire); err != nil {
		return err
	}
	*e = RemoteError{wire.Code, wire.Message, wire.Data.Status, wire.Data.Reason, wire.Data.Field, time.Duration(wire.Data.RetryAfterMs) * time.Millisecond}
	return nil
}

// ErrConnection: the server can't be reached, or the connection broke before the answer had come. Deadlines and
// cancellations are the context's own errors: errors.Is(err, context.DeadlineExceeded).
var ErrConnection = errors.New("connection failed")

// ErrProtocol: what came isn't what a Tally server answers.
var ErrProtocol = errors.New("no answer of a Tally server")

// mayPass tells whether another attempt may succeed.
func mayPass(err error) bool {
	var remote *RemoteError
	if errors.As(err, &remote) {
		return remote.Status == "UNAVAILABLE"
	}
	return errors.Is(err, ErrConnection)
}
