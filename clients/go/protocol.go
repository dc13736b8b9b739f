package tally

import (
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	mathrand "math/rand"
	"net/url"
	"strings"
	"time"
)

// reconnect is for how long a broken stream or download, and a call without a deadline, tries to come back.
const reconnect = 30 * time.Second

// silence without a byte after which the other end of a stream or download counts as gone: three of the server's heartbeats.
// Tests have less of it.
var silence = 45 * time.Second

// steady is for how long a connection must have stood to end a row of failures, though nothing may have happened that it could
// tell.
const steady = 5 * time.Second

// checkServer tells what is wrong with a server's URL.
func checkServer(server string) error {
	parsed, err := url.Parse(server)
	switch {
	case err != nil || parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.Hostname() == "":
		return fmt.Errorf("'%s' is no server's URL, as http://127.0.0.1:8000 is", server)
	case strings.ContainsAny(server, "?#"):
		return fmt.Errorf("'%s' has a query or a fragment, which a server's URL can't have", server)
	case parsed.User != nil:
		return errors.New("a server's URL holds no user name and no password: set the client's Token")
	}
	return nil
}

// Params are a call's parameters by name.
type Params map[string]any

// Calling them twice is as calling them once; submitJob is repeatable by its key. Written by clients/methods.py.
var repeatable = map[string]bool{
	"cancelJob": true, "deleteJob": true, "describeInput": true, "getResult": true, "getStatus": true, "listEvents": true,
	"listInputs": true, "listJobs": true, "rpc.discover": true, "rpc.stats": true, "streamProgress": true,
	"watchJobs": true,
}

type request struct {
	Version string `json:"jsonrpc"`
	ID      int    `json:"id"`
	Method  string `json:"method"`
	Params  Params `json:"params,omitempty"`
}

type response struct {
	Version string           `json:"jsonrpc"`
	ID      json.RawMessage  `json:"id"`
	Result  *json.RawMessage `json:"result"`
	Error   *RemoteError     `json:"error"`
}

// outcome is a response's result, or its error.
func (r response) outcome() (json.RawMessage, error) {
	switch {
	case r.Version != "2.0" || (r.Result == nil) == (r.Error == nil):
		return nil, fmt.Errorf("%w: no JSON-RPC response", ErrProtocol)
	case r.Error != nil:
		return nil, r.Error
	default:
		return *r.Result, nil
	}
}

// keyed gives a submission an idempotency key, so that it may be repeated.
func keyed(method string, params Params) Params {
	if method != "submitJob" || params["idempotencyKey"] != nil {
		return params
	}
	copied := Params{"idempotencyKey": newKey()}
	for name, value := range params {
		copied[name] = value
	}
	return copied
}

func newKey() string {
	var bytes [16]byte
	if _, err := rand.Read(bytes[:]); err != nil {
		panic("the system gives no random bytes: " + err.Error())
	}
	return fmt.Sprintf("%x", bytes)
}

func mayRepeat(method string, params Params) bool {
	return repeatable[method] || method == "submitJob" && params["idempotencyKey"] != nil
}

// pause before the next attempt: doubling, with jitter, and not before the server wants it.
func pause(err error, attempt int) time.Duration {
	wait := 100 * time.Millisecond
	for ; attempt > 1 && wait < 5*time.Second; attempt-- {
		wait *= 2
	}
	wait = wait/2 + time.Duration(mathrand.Int63n(int64(wait/2)))
	var remote *RemoteError
	if errors.As(err, &remote) && remote.RetryAfter > wait {
		return remote.RetryAfter
	}
	return wait
}
