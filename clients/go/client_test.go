package tally

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"reflect"
	"strings"
	"testing"
	"time"
)

const header = "Song,Date,Total Number of Plays for Date\n"

var later = Params{"startAt": "2999-01-01T00:00:00Z"}

func output() string { return "go-" + newKey() + ".csv" }

func client() *Client { return New(os.Getenv("TALLY_SERVER")) }

func TestJob(t *testing.T) {
	ctx := context.Background()
	job, err := client().Submit(ctx, "plays.csv", output(), nil)
	if err != nil {
		t.Fatal(err)
	}
	last, err := client().Wait(ctx, job.JobID, nil)
	if err != nil || last.State != "succeeded" {
		t.Fatal(last, err)
	}
	var answer bytes.Buffer
	count, err := client().Download(ctx, job.JobID, &answer)
	if err != nil || count != last.Result.Bytes || !strings.HasPrefix(answer.String(), header) {
		t.Fatal(count, err)
	}
}

func TestAFileIsUploaded(t *testing.T) {
	ctx := context.Background()
	name, text := fmt.Sprintf("up loads/go-%d é+%%.csv", time.Now().UnixNano()), "k,n\na,1\nb,2\na,3\n"
	file, err := client().Upload(ctx, name, strings.NewReader(text), false)
	if err != nil || file.Name != name || file.Bytes != int64(len(text)) || file.Replaced {
		t.Fatal(file, err)
	}
	job, err := client().Submit(ctx, name, "", map[string]any{"groupBy": []string{"k"}, "aggregates": []map[string]string{{"function": "sum", "column": "n"}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client().Wait(ctx, job.JobID, nil); err != nil {
		t.Fatal(err)
	}
	var answer bytes.Buffer
	if _, err := client().Download(ctx, job.JobID, &answer); err != nil || answer.String() != "k,sum(n)\na,4\nb,2\n" {
		t.Fatal(answer.String(), err)
	}
	var refused *RemoteError
	if _, err := client().Upload(ctx, name, strings.NewReader("other"), false); !errors.As(err, &refused) || refused.Reason != "FILE_EXISTS" {
		t.Fatal(err)
	}
	own, err := os.CreateTemp(t.TempDir(), "upload")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := own.WriteString("skipped" + text); err != nil {
		t.Fatal(err)
	}
	for round := 0; round < 2; round++ {
		// It stays open, and is sent from where it stands.
		if _, err := own.Seek(7, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		if file, err := client().Upload(ctx, name, own, true); err != nil || file.Bytes != int64(len(text)) {
			t.Fatal(file, err)
		}
	}
	if file, err := client().Upload(ctx, name, strings.NewReader(""), true); err != nil || file.Bytes != 0 {
		t.Fatal(file, err)
	}
	// A reader whose length isn't known goes in chunks.
	file, err = client().Upload(ctx, name, io.MultiReader(strings.NewReader("k\n")), true)
	if err != nil || !file.Replaced || file.Bytes != 2 {
		t.Fatal(file, err)
	}
}

func TestJobWithoutAnOutput(t *testing.T) {
	ctx := context.Background()
	job, err := client().Submit(ctx, "plays.csv", "", nil)
	if err != nil {
		t.Fatal(err)
	}
	last, err := client().Wait(ctx, job.JobID, nil)
	if err != nil || last.State != "succeeded" || last.Published || last.Output != "" {
		t.Fatal(last, err)
	}
	var answer bytes.Buffer
	if _, err := client().Download(ctx, job.JobID, &answer); err != nil || !strings.HasPrefix(answer.String(), header) {
		t.Fatal(answer.String(), err)
	}
}

func TestErrorsBatchesAndCancellation(t *testing.T) {
	ctx := context.Background()
	waiting, err := client().Submit(ctx, "plays.csv", output(), later)
	if err != nil {
		t.Fatal(err)
	}
	results, err := client().Batch(ctx, []BatchCall{{"getStatus", Params{"jobId": waiting.JobID}}, {"getStatus", Params{"jobId": "none"}}})
	var remote *RemoteError
	if err != nil || results[0].Err != nil || !errors.As(results[1].Err, &remote) || remote.Reason != "JOB_NOT_FOUND" || remote.Field != "jobId" {
		t.Fatal(results, err)
	}
	soon, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
	defer cancel()
	err = client().Call(soon, "streamProgress", Params{"jobId": waiting.JobID, "waitMs": 20_000}, nil)
	if !errors.Is(err, context.DeadlineExceeded) && !(errors.As(err, &remote) && remote.Status == "DEADLINE_EXCEEDED") {
		t.Fatal(err)
	}
	cancelled, err := client().Cancel(ctx, waiting.JobID)
	if err != nil || cancelled.State != "cancelled" {
		t.Fatal(cancelled, err)
	}
	if _, err = client().Submit(ctx, "none.csv", output(), nil); !errors.As(err, &remote) || remote.Reason != "INPUT_NOT_FOUND" {
		t.Fatal(err)
	}
	nobody := New("http://127.0.0.1:1")
	nobody.Timeout = 300 * time.Millisecond
	if _, err = nobody.Status(ctx, "x"); !errors.Is(err, ErrConnection) {
		t.Fatal(err)
	}
}

func TestAStreamEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	waiting, err := client().Submit(ctx, "plays.csv", output(), later)
	if err != nil {
		t.Fatal(err)
	}
	stream := client().Stream(ctx, "streamProgress", Params{"jobId": waiting.JobID})
	if !stream.Next() {
		t.Fatal("no snapshot")
	}
	cancel()
	if stream.Next() || !errors.Is(stream.Result(nil), context.Canceled) {
		t.Fatal(stream.Result(nil))
	}
}

// proxy passes connections on to the server, and cuts the first one after so many bytes of the answer.
func proxy(t *testing.T, cut int64) net.Listener {
	target, err := url.Parse(os.Getenv("TALLY_SERVER"))
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		for {
			from, err := listener.Accept()
			if err != nil {
				return
			}
			to, err := net.Dial("tcp", target.Host)
			if err != nil {
				from.Close()
				return
			}
			go io.Copy(to, from)
			go func(cut int64) {
				if cut >= 0 {
					io.CopyN(from, to, cut)
				} else {
					io.Copy(from, to)
				}
				from.Close()
				to.Close()
			}(cut)
			cut = -1
		}
	}()
	return listener
}

func TestAStreamThatIsCutAnywhereGoesOn(t *testing.T) {
	ctx := context.Background()
	job, err := client().Submit(ctx, "plays.csv", output(), nil)
	if err != nil {
		t.Fatal(err)
	}
	last, err := client().Wait(ctx, job.JobID, nil)
	if err != nil {
		t.Fatal(err)
	}
	for cut := int64(0); cut < 1_200; cut += 7 {
		between := proxy(t, cut)
		events := 0
		found, err := New("http://"+between.Addr().String()).Wait(ctx, job.JobID, func(JobStatus) { events++ })
		between.Close()
		if err != nil || events != 0 || !reflect.DeepEqual(found, last) {
			t.Fatalf("cut after %d bytes: %d events, %v, %v", cut, events, found, err)
		}
	}
}

func TestEventsAreTheSameHoweverTheyAreSplit(t *testing.T) {
	text := "retry: 5\r\n\r\nid: a.1.2\r\ndata: {\"x\":\r\ndata: 1}\r\n\r\n: beat\n\ndata:2\n\ndata: lost"
	expected := []event{{"a.1.2", "{\"x\":\n1}"}, {"", "2"}}
	for cut := 0; cut <= len(text); cut++ {
		reader := newEvents(io.MultiReader(strings.NewReader(text[:cut]), strings.NewReader(text[cut:])))
		var found []event
		for {
			next, err := reader.next()
			if err != nil {
				break
			}
			found = append(found, next)
		}
		if !reflect.DeepEqual(found, expected) {
			t.Fatalf("cut at %d: %v", cut, found)
		}
	}
}

func TestExample(t *testing.T) {
	text, err := exec.Command("go", "run", "./example", os.Getenv("TALLY_SERVER")).Output()
	if err != nil || !strings.HasPrefix(string(text), header) {
		t.Fatal(fmt.Sprintf("%.200s", text), err)
	}
}
