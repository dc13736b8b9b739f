package tally

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// What a server does only rarely: it stalls, breaks, answers late.

var answer = strings.Repeat("0123456789", 1_000)

// scripted answers each request by the next step.
func scripted(t *testing.T, steps ...http.HandlerFunc) (*Client, *atomic.Int32) {
	var count atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		index := int(count.Add(1)) - 1
		// Only then does the server notice that the other end has gone.
		var body bytes.Buffer
		body.ReadFrom(request.Body)
		request.Body = io.NopCloser(&body)
		if index < len(steps) {
			steps[index](writer, request)
		}
	}))
	t.Cleanup(func() { server.CloseClientConnections(); server.Close() })
	return New(server.URL), &count
}

func result(value any) http.HandlerFunc {
	return func(writer http.ResponseWriter, _ *http.Request) {
		json.NewEncoder(writer).Encode(map[string]any{"jsonrpc": "2.0", "id": 1, "result": value})
	}
}

func half(then func()) http.HandlerFunc {
	return func(writer http.ResponseWriter, request *http.Request) {
		writer.Header().Set("ETag", `"a1"`)
		writer.Header().Set("Content-Length", fmt.Sprint(len(answer)))
		writer.Write([]byte(answer[:4_000]))
		writer.(http.Flusher).Flush()
		if then != nil {
			then()
		}
		<-request.Context().Done()
	}
}

func gone(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

func rest(writer http.ResponseWriter, request *http.Request) {
	writer.Header().Set("ETag", `"a1"`)
	http.ServeContent(writer, request, "", time.Time{}, strings.NewReader(answer))
}

func TestADownloadGoesOnWhereItStopped(t *testing.T) {
	silence = 300 * time.Millisecond
	defer func() { silence = 45 * time.Second }()
	for name, step := range map[string]http.HandlerFunc{"stalls": half(nil), "breaks": half(func() { panic(http.ErrAbortHandler) })} {
		client, count := scripted(t, step, rest)
		var to bytes.Buffer
		bytes, err := client.Download(context.Background(), "job", &to)
		if err != nil || int(bytes) != len(answer) || to.String() != answer || count.Load() != 2 {
			t.Errorf("%s: %d bytes, %d requests, %v", name, bytes, count.Load(), err)
		}
	}
}

func TestAnAnswerThatHasChangedIsNotMixed(t *testing.T) {
	client, _ := scripted(t, half(func() { panic(http.ErrAbortHandler) }), func(writer http.ResponseWriter, _ *http.Request) { writer.Write([]byte("another")) })
	if _, err := client.Download(context.Background(), "job", &bytes.Buffer{}); !errors.Is(err, ErrProtocol) {
		t.Error(err)
	}
}

func TestADeadlineIsOneError(t *testing.T) {
	client, _ := scripted(t, func(writer http.ResponseWriter, _ *http.Request) {
		writer.Write([]byte(`{"jsonrpc":"2.0","id":1,"error":{"code":-32000,"message":"no","data":{"status":"DEADLINE_EXCEEDED"}}}`))
	})
	if err := client.Call(context.Background(), "getStatus", Params{"jobId": "x"}, nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Error("the server's:", err)
	}
	wait := func(_ http.ResponseWriter, request *http.Request) { <-request.Context().Done() }
	for name, use := range map[string]func(context.Context, *Client) error{
		"call": func(ctx context.Context, client *Client) error { return client.Call(ctx, "getStatus", nil, nil) },
		"wait": func(ctx context.Context, client *Client) error { _, err := client.Wait(ctx, "x", nil); return err },
		"download": func(ctx context.Context, client *Client) error {
			_, err := client.Download(ctx, "x", &bytes.Buffer{})
			return err
		},
	} {
		client, _ := scripted(t, wait, wait, wait)
		ctx, cancel := context.WithTimeout(context.Background(), 200*time.Millisecond)
		if err := use(ctx, client); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", name, err)
		}
		cancel()
	}
}

func TestACallIsSentAgainUntilItsDeadline(t *testing.T) {
	client, count := scripted(t, gone, gone, gone, gone, gone, result(7))
	var found int
	if err := client.Call(context.Background(), "getStatus", Params{"jobId": "x"}, &found); err != nil || found != 7 {
		t.Error(found, err)
	}
	if count.Load() < 6 {
		t.Error(count.Load(), "requests")
	}
}

func TestBigNumbersKeepTheirDigits(t *testing.T) {
	number, _ := new(big.Int).SetString("12345678901234567890", 10)
	var body bytes.Buffer
	client, _ := scripted(t, func(writer http.ResponseWriter, request *http.Request) {
		body.ReadFrom(request.Body)
		result(1)(writer, request)
	})
	if err := client.Call(context.Background(), "getStatus", Params{"a": number, "b": json.Number("9007199254740993")}, nil); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(body.String(), `"a":12345678901234567890,"b":9007199254740993`) {
		t.Error(body.String())
	}
}

func TestAnIDIsOnePartOfThePath(t *testing.T) {
	var path string
	client, _ := scripted(t, func(writer http.ResponseWriter, request *http.Request) { path = request.RequestURI })
	client.Download(context.Background(), "../rpc?a=b#c/d", &bytes.Buffer{})
	if path != "/results/..%2Frpc%3Fa=b%23c%2Fd" {
		t.Error(path)
	}
}

func TestAURLThatIsNoneIsRefused(t *testing.T) {
	for _, server := range []string{"", "http://", "ftp://h", "h:80", "http://h/?a=b", "http://h/#a", "http://u:p@h", "http://h:x"} {
		_, download := New(server).Download(context.Background(), "x", &bytes.Buffer{})
		_, wait := New(server).Wait(context.Background(), "x", nil)
		for _, err := range []error{New(server).Call(context.Background(), "getStatus", nil, nil), download, wait} {
			if err == nil || errors.Is(err, ErrConnection) {
				t.Errorf("%s: %v", server, err)
			}
		}
	}
}
