#!/usr/bin/env bash
# Compiles the client, its example and its tests, and runs them. The environment says where the servers are: see
# Tests/vectors/serve.py.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
classes=$(mktemp -d)
trap 'rm -rf "$classes"' EXIT
javac -Xlint:all,-serial -Werror -d "$classes" src/tally/*.java test/*.java Example.java
java -Djdk.httpclient.allowRestrictedHeaders=host -cp "$classes" tally.Tests
java -cp "$classes" tally.Edges
java -cp "$classes" Example "$TALLY_SERVER" 2>/dev/null | grep -q '^Song,Date,Total Number of Plays for Date$'
echo "java: the example"
