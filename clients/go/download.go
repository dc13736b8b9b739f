package tally

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"
)

// Download writes a job's answer; returns its bytes. A connection that breaks, or is silent for too long, goes on where it
// stopped, until the context ends.
func (c *Client) Download(ctx context.Context, job string, to io.Writer) (int64, error) {
	if err := checkServer(c.Server); err != nil {
		return 0, err
	}
	download := download{client: c, path: "/results/" + url.PathEscape(job), to: to}
	var since time.Time
	for failures := 0; ; {
		before := download.count
		err := download.once(ctx)
		if err == nil {
			return download.count, nil
		}
		if download.count > before {
			failures = 0
		}
		if failures++; failures == 1 {
			since = time.Now()
		}
		if ctx.Err() != nil {
			return download.count, ctx.Err()
		}
		if !mayPass(err) || download.count > 0 && download.tag == "" || time.Since(since) > reconnect || sleep(ctx, pause(err, failures)) != nil {
			return download.count, err
		}
	}
}

type download struct {
	client *Client
	path   string
	to     io.Writer
	count  int64
	// tag of the answer whose first bytes have come.
	tag string
}

// once asks for what is left, on one connection.
func (d *download) once(ctx context.Context) error {
	header := http.Header{}
	if d.client.Token != "" {
		header.Set("Authorization", "Bearer "+d.client.Token)
	}
	if d.count > 0 {
		header.Set("Range", fmt.Sprintf("bytes=%d-", d.count))
		header.Set("If-Range", d.tag)
	}
	quiet, cancel := context.WithCancel(ctx)
	defer cancel()
	timer := time.AfterFunc(silence, cancel)
	defer timer.Stop()
	response, err := d.client.Exchange(quiet, http.MethodGet, d.path, header, nil)
	if err != nil {
		return d.failed(ctx, quiet, err)
	}
	defer response.Body.Close()
	switch {
	case response.StatusCode != http.StatusOK && response.StatusCode != http.StatusPartialContent:
		return (&Stream{}).refused(response)
	case d.count > 0 && response.StatusCode != http.StatusPartialContent:
		return fmt.Errorf("%w: the answer has changed while it was downloaded; begin again", ErrProtocol)
	}
	d.tag = response.Header.Get("ETag")
	// Bytes that the writer takes aren't the connection's silence: it is counted while reading.
	buffer := make([]byte, 1<<16)
	for {
		timer.Reset(silence)
		count, err := response.Body.Read(buffer)
		timer.Stop()
		if count > 0 {
			if _, err := d.to.Write(buffer[:count]); err != nil {
				return err
			}
			d.count += int64(count)
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return d.failed(ctx, quiet, err)
		}
	}
}

// failed is what the caller's context says, or an error of the connection.
func (d *download) failed(ctx, quiet context.Context, err error) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case quiet.Err() != nil:
		return fmt.Errorf("%w: no byte in %s", ErrConnection, silence)
	case mayPass(err):
		return err
	}
	return fmt.Errorf("%w: %s", ErrConnection, err)
}
