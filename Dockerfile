# Both images can be replaced, for example by a mirror's: --build-arg BUILDER_IMAGE=…
ARG BUILDER_IMAGE=rust:1.95-bookworm
ARG RUNTIME_IMAGE=debian:bookworm-slim
ARG PAGES_IMAGE=node:20-bookworm-slim

# ---------------------------------------------------------------- pages
FROM ${PAGES_IMAGE} AS pages
WORKDIR /build/web
COPY web/package.json web/package-lock.json web/.npmrc ./
COPY web/client/package.json client/
COPY web/app/package.json app/
RUN npm ci --no-progress
COPY web ./
RUN npm run build

# ---------------------------------------------------------------- build
FROM ${BUILDER_IMAGE} AS builder
WORKDIR /build

# A smaller binary for a longer build: what makes an image has the time.
ENV CARGO_PROFILE_RELEASE_LTO=fat \
    CARGO_PROFILE_RELEASE_CODEGEN_UNITS=1

# The dependencies first, in a layer that stays valid until a manifest changes: the workspace's own crates are empty
# here. The benches are only looked at, because the manifest names them, so their real files serve as well.
COPY Cargo.toml Cargo.lock ./
COPY actors/Cargo.toml actors/
COPY loadtest/Cargo.toml loadtest/
COPY quality/Cargo.toml quality/
COPY benches benches
RUN mkdir -p web/dist src actors/src loadtest/src quality/src \
    && echo 'fn main() {}' | tee src/main.rs loadtest/src/main.rs > quality/src/main.rs \
    && touch src/lib.rs actors/src/lib.rs loadtest/src/lib.rs quality/src/lib.rs \
    && cargo build --release --locked --bin peerpack

COPY migrations migrations
COPY data data
COPY actors actors
COPY src src
# What the server shows of the rest.
COPY docs/realtime.md docs/
COPY web/app/public/icon.svg web/app/public/
COPY build.rs ./
COPY --from=pages /build/web/dist web/dist
# The copied files keep their old dates, which cargo would take for unchanged.
RUN touch src/main.rs src/lib.rs actors/src/lib.rs \
    && cargo build --release --locked --bin peerpack \
    # The message of a panic says file and line by itself; lines and names of all functions are most of the file.
    && strip target/release/peerpack

# ---------------------------------------------------------------- run
FROM ${RUNTIME_IMAGE}

# The binary needs libc and nothing else: SQLite, time zones and the API page are inside it.
RUN groupadd --system --gid 10001 peerpack \
    && useradd --system --uid 10001 --gid peerpack --home-dir /var/lib/peerpack --no-create-home \
        --shell /usr/sbin/nologin peerpack \
    && install -d -o peerpack -g peerpack -m 750 /var/lib/peerpack
COPY --from=builder /build/target/release/peerpack /usr/local/bin/peerpack

ENV PEERPACK_LISTEN=0.0.0.0:8080 \
    PEERPACK_DATA_DIR=/var/lib/peerpack
VOLUME /var/lib/peerpack
EXPOSE 8080
USER 10001:10001
STOPSIGNAL SIGTERM

# The slim image has no curl, but bash opens a socket by itself.
HEALTHCHECK --interval=5s --timeout=3s --start-period=15s --retries=3 \
    CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8080 && printf 'GET /api/health/ready HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' >&3 && read -r _ status _ <&3 && [ \"$status\" = 200 ]"]

ENTRYPOINT ["/usr/local/bin/peerpack"]
CMD ["serve"]
