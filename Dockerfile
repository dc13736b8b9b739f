# syntax=docker/dockerfile:1

# --- Build: the whole toolchain, none of which is shipped ---
FROM swift:6.3-bookworm AS build
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends libcurl4-openssl-dev libpq-dev libsqlite3-dev libzstd-dev zlib1g-dev pkg-config \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY Package.swift ./
COPY Sources ./Sources
# The page calls the server by the client in JavaScript.
COPY clients/javascript ./clients/javascript
COPY Tests ./Tests
RUN swift build -c release --static-swift-stdlib --product rpc-server \
    && swift build -c release --static-swift-stdlib --product rpc-client \
    && install -D -t /out "$(swift build -c release --static-swift-stdlib --show-bin-path)"/rpc-server "$(swift build -c release --static-swift-stdlib --show-bin-path)"/rpc-client \
    && strip /out/rpc-server /out/rpc-client

# --- Run: the two programs, and the system's libraries that they use ---
FROM debian:bookworm-slim
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates libcurl4 libpq5 libsqlite3-0 libzstd1 zlib1g \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --home-dir /var/lib/tally --shell /usr/sbin/nologin tally \
    && install -d -o tally -g tally /var/lib/tally /var/lib/tally/data /var/lib/tally/state
COPY --from=build /out/rpc-server /out/rpc-client /usr/local/bin/
ENV TALLY_HOST=0.0.0.0 \
    TALLY_DATA=/var/lib/tally/data \
    TALLY_STATE=/var/lib/tally/state
USER 10001
WORKDIR /var/lib/tally
VOLUME ["/var/lib/tally/data", "/var/lib/tally/state"]
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["rpc-server", "doctor", "--quiet"]
ENTRYPOINT ["rpc-server"]
CMD ["serve"]
