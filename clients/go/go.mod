module tally.invalid/client

go 1.19
