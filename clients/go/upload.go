package tally

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
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
// that is taken is refused, unless it is to be replaced. It isn't sent again when the connection breaks: nothing is kept then.
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
	response, err := c.Exchange(ctx, http.MethodPut, "/files/"+strings.Join(parts, "/"), header, content)
	if err != nil {
		return nil, err
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
