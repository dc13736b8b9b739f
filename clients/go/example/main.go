// Submits the question of the replaced application, shows its progress, and writes the answer to standard output.
package main

import (
	"context"
	"fmt"
	"os"

	tally "tally.invalid/client"
)

func main() {
	server := "http://127.0.0.1:8000"
	if len(os.Args) > 1 {
		server = os.Args[1]
	}
	if err := run(context.Background(), tally.New(server)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, client *tally.Client) error {
	job, err := client.Submit(ctx, "plays.csv", "go.csv", nil)
	if err != nil {
		return err
	}
	fmt.Fprintln(os.Stderr, job.JobID)
	last, err := client.Wait(ctx, job.JobID, func(status tally.JobStatus) {
		fmt.Fprintf(os.Stderr, "%s: %d rows\n", status.State, status.Progress.Rows)
	})
	if err != nil {
		return err
	}
	if last.State != "succeeded" {
		return fmt.Errorf("%s: %s", last.State, last.Error.Message)
	}
	_, err = client.Download(ctx, job.JobID, os.Stdout)
	return err
}
