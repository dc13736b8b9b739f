// Package tally is a client of the Tally server: JSON-RPC 2.0 over HTTP, by the standard library alone.
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

// Client is a client of one server, for any number of goroutines.
type Client struct {
	// Server is its URL, such as http://127.0.0.1:8000.
	Server string
	// Token that the server asks for; empty: none.
	Token string
	// Timeout of a call whose context has no deadline; 0: as long as it takes.
	Timeout time.Duration
	// HTTP does the transfers.
	HTTP *http.Client
}

// New makes a client whose calls take 30 seconds at the most.
func New(server string) *Client {
	// No redirects: a call goes where it was sent.
	refuse := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Client{Server: strings.TrimRight(server, "/"), Timeout: 30 * time.Second, HTTP: &http.Client{CheckRedirect: refuse}}
}

// Call calls a method, and decodes its result into result (nil: it isn't wanted). What may be repeated is sent again while the
// server is away. The context's deadline is enforced by both ends; its cancellation ends the call, never the job.
func (c *Client) Call(ctx context.Context, method string, params Params, result any) error {
	params = keyed(method, params)
	raw, err := c.repeating(ctx, mayRepeat(method, params), func(ctx context.Context) (json.RawMessage, error) {
		var answer response
		if err := c.ask(ctx, request{"2.0", 1, method, params}, &answer); err != nil {
			return nil, err
		}
		return answer.outcome()
	})
	if err != nil || result == nil {
		return err
	}
	if err := json.Unmarshal(raw, result); err != nil {
		return fmt.Errorf("%w: %s", ErrProtocol, err)
	}
	return nil
}

// BatchCall is one call of a batch.
type BatchCall struct {
	Method string
	Params Params
}

// BatchResult is what became of it.
type BatchResult struct {
	Result json.RawMessage
	Err    error
}

// Batch calls methods in one request; the results stand in the calls' order.
func (c *Client) Batch(ctx context.Context, calls []BatchCall) ([]BatchResult, error) {
	requests, repeats := make([]request, len(calls)), true
	for index, call := range calls {
		params := keyed(call.Method, call.Params)
		requests[index] = request{"2.0", index, call.Method, params}
		repeats = repeats && mayRepeat(call.Method, params)
	}
	raw, err := c.repeating(ctx, repeats, func(ctx context.Context) (json.RawMessage, error) {
		var answer json.RawMessage
		err := c.ask(ctx, requests, &answer)
		return answer, err
	})
	if err != nil {
		return nil, err
	}
	var responses []response
	if err := json.Unmarshal(raw, &responses); err != nil {
		var single response
		if json.Unmarshal(raw, &single) == nil && single.Error != nil {
			return nil, single.Error
		}
		return nil, fmt.Errorf("%w: %s", ErrProtocol, err)
	}
	results, answered := make([]BatchResult, len(calls)), 0
	for _, response := range responses {
		index, err := strconv.Atoi(string(response.ID))
		if err != nil || index < 0 || index >= len(calls) || results[index].Result != nil || results[index].Err != nil {
			return nil, fmt.Errorf("%w: an answer with the ID %s", ErrProtocol, response.ID)
		}
		results[index].Result, results[index].Err = response.outcome()
		answered++
	}
	if answered != len(calls) {
		return nil, fmt.Errorf("%w: %d of %d calls were answered", ErrProtocol, answered, len(calls))
	}
	return results, nil
}

// Exchange is one HTTP request as it is.
func (c *Client) Exchange(ctx context.Context, method, path string, header http.Header, body io.Reader) (*http.Response, error) {
	if err := checkServer(c.Server); err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, method, c.Server+path, body)
	if err != nil {
		return nil, err
	}
	request.Header = header
	if host := header.Get("Host"); host != "" {
		request.Host = host
	}
	response, err := c.HTTP.Do(request)
	if err != nil {
		return nil, failed(ctx, err)
	}
	return response, nil
}

func (c *Client) header(accept string) http.Header {
	header := http.Header{"Content-Type": {"application/json"}, "Accept": {accept}}
	if c.Token != "" {
		header.Set("Authorization", "Bearer "+c.Token)
	}
	return header
}

func (c *Client) ask(ctx context.Context, message, answer any) error {
	body, err := json.Marshal(message)
	if err != nil {
		return err
	}
	header := c.header("application/json")
	if deadline, ok := ctx.Deadline(); ok {
		header.Set("Tally-Timeout-Ms", strconv.FormatInt(max(1, time.Until(deadline).Milliseconds()), 10))
	}
	response, err := c.Exchange(ctx, http.MethodPost, "/rpc", header, bytes.NewReader(body))
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return failed(ctx, err)
	}
	if err := json.Unmarshal(text, answer); err != nil {
		return fmt.Errorf("%w: HTTP %d: %.200s", ErrProtocol, response.StatusCode, text)
	}
	return nil
}

func (c *Client) repeating(ctx context.Context, repeats bool, body func(context.Context) (json.RawMessage, error)) (json.RawMessage, error) {
	if _, ok := ctx.Deadline(); !ok && c.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.Timeout)
		defer cancel()
	}
	end, ok := ctx.Deadline()
	if !ok {
		end = time.Now().Add(reconnect)
	}
	for attempt := 1; ; attempt++ {
		result, err := body(ctx)
		if err == nil || !repeats || !mayPass(err) {
			return result, err
		}
		// While the server is away, until the call's deadline.
		wait := pause(err, attempt)
		if time.Now().Add(wait).After(end) || sleep(ctx, wait) != nil {
			return result, err
		}
	}
}

// failed is what a transfer's error is to who called: the context's own, or one of the connection.
func failed(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return fmt.Errorf("%w: %s", ErrConnection, err)
}

func sleep(ctx context.Context, duration time.Duration) error {
	timer := time.NewTimer(duration)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func max(a, b int64) int64 {
	if a > b {
		return a
	}
	return b
}
