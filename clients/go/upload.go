package tally

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
)

// UploadedFile is a file that the server has taken.
type UploadedFile struct {
	Name     string `json:"name"`
	Bytes    int64  `json:"bytes"`
	SHA256   string `json:"sha256"`
	Replaced bool   `json:"replaced"`
}

// Upload sends a file to the server's data folder, where jobs read it by that name. It appears when all of it has come; a name
// that is taken is refused, unless it is to be replaced. It isn't sent again when the connection breaks: nothing is kept then. The
// reader is left open; the context's deadline is the only limit of time.
func (c *Client) Upload(ctx context.Context, name string, content io.Reader, replace bool) (*UploadedFile, error) {
	parts := strings.Split(name, "/")
	for index, part := range parts {
		parts[index] = url.PathEscape(part)
	}
	header := http.Header{"Accept": {"application/json"}, "Content-Type": {"application/octet-stream"}}
	if replace {
		header.Set("If-Match", "*")
	} else {
		header.Set("If-None-Match", "*")
	}
	if c.Token != "" {
		header.Set("Authorization", "Bearer "+c.Token)
	}
	if err := checkServer(c.Server); err != nil {
		return nil, err
	}
	// The reader stays the caller's, open and where it stopped.
	request, err := http.NewRequestWithContext(ctx, http.MethodPut, c.Server+"/files/"+strings.Join(parts, "/"), struct{ io.Reader }{content})
	if err != nil {
		return nil, err
	}
	request.Header, request.ContentLength = header, length(content)
	if request.ContentLength == 0 {
		request.Body = http.NoBody
	} else if request.ContentLength > 0 {
		// What is appended to a file meanwhile isn't its part.
		request.Body = io.NopCloser(io.LimitReader(content, request.ContentLength))
	}
	response, err := c.HTTP.Do(request)
	if err != nil {
		return nil, failed(ctx, err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK && response.StatusCode != http.StatusCreated {
		return nil, (&Stream{}).refused(response)
	}
	file := new(UploadedFile)
	if err := json.NewDecoder(response.Body).Decode(file); err != nil {
		return nil, fmt.Errorf("%w: %s", ErrProtocol, err)
	}
	return file, nil
}

// length is how many bytes a reader still has; -1: that isn't known, and they go in chunks.
func length(content io.Reader) int64 {
	switch known := content.(type) {
	case interface{ Len() int }:
		return int64(known.Len())
	case *os.File:
		at, err := known.Seek(0, io.SeekCurrent)
		if err != nil {
			return -1
		}
		if information, err := known.Stat(); err == nil && information.Mode().IsRegular() && information.Size() > at {
			return information.Size() - at
		}
	}
	return -1
}
