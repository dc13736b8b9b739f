package tally

import (
	"context"
	"encoding/json"
	"fmt"
)

// JobStatus is a job's status, as docs/protocol.md has it.
type JobStatus struct {
	JobID     string `json:"jobId"`
	State     string `json:"state"`
	Input     string `json:"input"`
	Output    string `json:"output"`
	CreatedAt string `json:"createdAt"`
	Epoch     int    `json:"epoch"`
	Attempts  int    `json:"attempts"`
	Rescues   int    `json:"rescues"`
	Progress  struct {
		Phase      string `json:"phase"`
		BytesRead  int64  `json:"bytesRead"`
		BytesTotal int64  `json:"bytesTotal"`
		Rows       int64  `json:"rows"`
		Groups     int64  `json:"groups"`
	} `json:"progress"`
	Published bool `json:"published"`
	Result    *struct {
		Output string `json:"output"`
		Bytes  int64  `json:"bytes"`
		Rows   int64  `json:"rows"`
		SHA256 string `json:"sha256"`
		URL    string `json:"url"`
	} `json:"result"`
	Error *struct {
		Status  string `json:"status"`
		Reason  string `json:"reason"`
		Message string `json:"message"`
		File    string `json:"file"`
		Line    int64  `json:"line"`
		Column  int64  `json:"column"`
	} `json:"error"`
}

// Submit submits a job; spec as in docs/protocol.md: groupBy, aggregates, where, idempotencyKey, … Without an output, the
// result is only downloaded.
func (c *Client) Submit(ctx context.Context, input, output string, spec Params) (status JobStatus, err error) {
	params := Params{"input": input}
	if output != "" {
		params["output"] = output
	}
	for name, value := range spec {
		params[name] = value
	}
	err = c.Call(ctx, "submitJob", params, &status)
	return
}

// Status tells how far a job is.
func (c *Client) Status(ctx context.Context, job string) (status JobStatus, err error) {
	err = c.Call(ctx, "getStatus", Params{"jobId": job}, &status)
	return
}

// Cancel asks for a job's end; Wait tells when its work has stopped.
func (c *Client) Cancel(ctx context.Context, job string) (status JobStatus, err error) {
	err = c.Call(ctx, "cancelJob", Params{"jobId": job}, &status)
	return
}

// Wait waits for a job's end, or for the context's: look at its state. progress (nil: not wanted) is told of every event.
func (c *Client) Wait(ctx context.Context, job string, progress func(JobStatus)) (status JobStatus, err error) {
	stream := c.Stream(ctx, "streamProgress", Params{"jobId": job})
	defer stream.Close()
	for stream.Next() {
		var event struct {
			Status JobStatus `json:"status"`
		}
		if err := json.Unmarshal(stream.Event(), &event); err != nil {
			return status, fmt.Errorf("%w: %s", ErrProtocol, err)
		}
		if progress != nil {
			progress(event.Status)
		}
	}
	err = stream.Result(&status)
	return
}
