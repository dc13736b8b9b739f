package tally

import (
	"bufio"
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

type vector struct {
	File    string
	Name    string
	Request struct {
		Method, Path  string
		Headers       map[string]*string
		Body, BodyHex *string
	}
	Response struct {
		Status  int
		Headers map[string]string
		ID      *string
		Body    *string
		JSON    any
		Events  *[]map[string]any
	}
}

// What is wrong with a value, as clients/vectors/README.md says; empty: nothing.
func difference(expected, found any, where string) string {
	if kind, ok := expected.(string); ok {
		if is, ok := kinds[kind]; ok {
			if is(found) {
				return ""
			}
			return fmt.Sprintf("%s: %v is no %s", where, found, kind)
		}
	}
	switch expected := expected.(type) {
	case map[string]any:
		object, ok := found.(map[string]any)
		if !ok {
			return fmt.Sprintf("%s: %v is no object", where, found)
		}
		for name, value := range expected {
			inner, ok := object[name]
			if !ok {
				return fmt.Sprintf("%s: no %s", where, name)
			}
			if wrong := difference(value, inner, where+"."+name); wrong != "" {
				return wrong
			}
		}
		return ""
	case []any:
		list, ok := found.([]any)
		if !ok || len(list) != len(expected) {
			return fmt.Sprintf("%s: not %d items", where, len(expected))
		}
		for index, value := range expected {
			if wrong := difference(value, list[index], fmt.Sprintf("%s[%d]", where, index)); wrong != "" {
				return wrong
			}
		}
		return ""
	}
	if number, ok := found.(json.Number); ok {
		value, _ := number.Float64()
		found = value
	}
	if !reflect.DeepEqual(expected, found) {
		return fmt.Sprintf("%s: %v isn't %v", where, found, expected)
	}
	return ""
}

// decoded keeps numbers as they are written: an ID may be 1e400.
func decoded(text string) (value any, err error) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.UseNumber()
	err = decoder.Decode(&value)
	return
}

func matching(pattern string) func(any) bool {
	expression := regexp.MustCompile("^" + pattern + "$")
	return func(value any) bool { text, ok := value.(string); return ok && expression.MatchString(text) }
}

var kinds = map[string]func(any) bool{
	"<any>":    func(any) bool { return true },
	"<string>": func(value any) bool { _, ok := value.(string); return ok },
	"<integer>": func(value any) bool {
		number, ok := value.(json.Number)
		return ok && !strings.ContainsAny(number.String(), ".eE")
	},
	"<time>":   matching(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z`),
	"<sha256>": matching(`[0-9a-f]{64}`),
	"<cursor>": matching(`[0-9a-f-]{36}\.\d+\.\d+`),
}

func (v vector) problem(answer *http.Response, body string) string {
	expected := v.Response
	if answer.StatusCode != expected.Status {
		return fmt.Sprintf("status %d, not %d: %.200s", answer.StatusCode, expected.Status, body)
	}
	for name, value := range expected.Headers {
		found := strings.Join(answer.Header.Values(name), ", ")
		if name == "content-length" {
			found = fmt.Sprint(answer.ContentLength)
		}
		if found != value {
			return fmt.Sprintf("%s: %q, not %q", name, found, value)
		}
	}
	if expected.Body != nil && body != *expected.Body {
		return "body " + body
	}
	if expected.ID != nil && !strings.Contains(body, `"id":`+*expected.ID+",") {
		return fmt.Sprintf("no ID %s in %.200s", *expected.ID, body)
	}
	if expected.JSON != nil {
		found, err := decoded(body)
		if err != nil {
			return err.Error()
		}
		if wrong := difference(expected.JSON, found, "body"); wrong != "" {
			return wrong
		}
	}
	if expected.Events == nil {
		return ""
	}
	found := eventsOf(answer.Header.Get("Content-Type"), body)
	if len(found) != len(*expected.Events) {
		return fmt.Sprintf("%d events, not %d", len(found), len(*expected.Events))
	}
	for index, wanted := range *expected.Events {
		if wrong := eventProblem(wanted, found[index]); wrong != "" {
			return wrong
		}
	}
	return ""
}

func eventProblem(wanted map[string]any, found event) string {
	if id, ok := wanted["id"]; ok {
		var own any
		if found.id != "" {
			own = found.id
		}
		if wrong := difference(id, own, "id"); wrong != "" {
			return wrong
		}
	}
	if raw, ok := wanted["raw"].(string); ok && !strings.Contains(found.data, raw) {
		return "no " + raw
	}
	message, err := decoded(found.data)
	if err != nil {
		return err.Error()
	}
	return difference(wanted["message"], message, "event")
}

func eventsOf(contentType, body string) (found []event) {
	if strings.HasPrefix(contentType, "text/event-stream") {
		reader := newEvents(strings.NewReader(body))
		for {
			next, err := reader.next()
			if errors.Is(err, io.EOF) {
				return
			}
			found = append(found, next)
		}
	}
	for _, line := range strings.Split(body, "\n") {
		if strings.TrimSpace(line) != "" {
			found = append(found, event{"", line})
		}
	}
	return
}

// bare sends a request with neither a length nor chunks, which net/http never does.
func bare(server string, v vector) (*http.Response, error) {
	connection, err := net.Dial("tcp", strings.TrimPrefix(server, "http://"))
	if err != nil {
		return nil, err
	}
	fmt.Fprintf(connection, "%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nAccept: application/json\r\n\r\n", v.Request.Method, v.Request.Path)
	return http.ReadResponse(bufio.NewReader(connection), nil)
}

func TestVectors(t *testing.T) {
	text, err := os.ReadFile(os.Getenv("TALLY_VECTORS"))
	if err != nil {
		t.Fatal(err)
	}
	var vectors []vector
	if err := json.Unmarshal(text, &vectors); err != nil {
		t.Fatal(err)
	}
	client := New(os.Getenv("TALLY_VECTORS_SERVER"))
	for _, v := range vectors {
		answer, err := send(client, v)
		if err != nil {
			t.Errorf("%s: %s: %v", v.File, v.Name, err)
			continue
		}
		body, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil {
			t.Errorf("%s: %s: %v", v.File, v.Name, err)
		} else if wrong := v.problem(answer, string(body)); wrong != "" {
			t.Errorf("%s: %s: %s", v.File, v.Name, wrong)
		}
	}
	fmt.Printf("go: %d vectors\n", len(vectors))
}

func send(client *Client, v vector) (*http.Response, error) {
	header := http.Header{"Content-Type": {"application/json"}, "Accept": {"application/json"}}
	for name, value := range v.Request.Headers {
		if value == nil {
			header.Del(name)
		} else {
			header.Set(name, *value)
		}
	}
	var body io.Reader
	switch {
	case v.Request.BodyHex != nil:
		decoded, err := hex.DecodeString(*v.Request.BodyHex)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(decoded)
	case v.Request.Body != nil:
		body = strings.NewReader(*v.Request.Body)
	case v.Request.Method == http.MethodPost:
		return bare(client.Server, v)
	}
	return client.Exchange(context.Background(), v.Request.Method, v.Request.Path, header, body)
}
