# One image for everything: the command chooses (comanda, the default; order-svc, inventory-svc, kitchen-svc; demo, audit …).
# One digest to build, sign, pin and roll out, pulled once a node, and hardly larger than one service would be: the
# services differ by little, and all else they share. It needs BuildKit (`docker buildx`, Docker 23 or later, Podman).
ARG BUILD_IMAGE=rust:1.95.0-slim-bookworm

FROM ${BUILD_IMAGE} AS build
# The C library is linked in, and with it the resolver of names: the binary needs no file beside it. `fat` is the
# profile's own; `off` builds in half the time.
ARG LTO=fat
ENV RUSTFLAGS="-C target-feature=+crt-static" CARGO_PROFILE_RELEASE_LTO=${LTO} CARGO_INCREMENTAL=0
WORKDIR /src

# What we depend on, in a layer of its own, which lasts until Cargo.lock or a manifest changes: our packages are empty.
COPY Cargo.toml Cargo.lock ./
COPY shared/Cargo.toml shared/
COPY order-svc/Cargo.toml order-svc/
COPY inventory-svc/Cargo.toml inventory-svc/
COPY kitchen-svc/Cargo.toml kitchen-svc/
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    for package in . shared order-svc inventory-svc kitchen-svc; do \
        mkdir -p $package/src && touch $package/src/lib.rs && echo 'fn main() {}' >$package/src/main.rs; \
    done \
    && mkdir -p tests/it tests/bench shared/tests && touch tests/it/main.rs tests/bench/main.rs shared/tests/left_out.rs \
    && cargo build --release --locked --target "$(rustc -vV | sed -n 's/^host: //p')" -p comanda --bin comanda \
    && find . -path ./target -prune -o -name '*.rs' -print | xargs rm

COPY . .
# Cargo goes by the time of a file, and these may be older than the empty ones.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    find . -path ./target -prune -o -name '*.rs' -print | xargs touch \
    && mkdir -p tests/it tests/bench && touch tests/it/main.rs tests/bench/main.rs \
    && cargo build --release --locked --target "$(rustc -vV | sed -n 's/^host: //p')" -p comanda --bin comanda \
    && install -D -t /out target/*/release/comanda && install -d /data

# Nothing but the binary: it brings its certificates, time zones, pages and SQLite.
FROM scratch
LABEL org.opencontainers.image.title=comanda \
    org.opencontainers.image.description="Restaurant orders as events" \
    org.opencontainers.image.licenses=MIT
COPY --from=build /out/ /usr/local/bin/
# SQLite files of `comanda`, which go to ./data; the services on PostgreSQL write nothing and may have a read-only root.
WORKDIR /var/lib/comanda
COPY --from=build --chown=65532:65532 /data data
USER 65532:65532
ENTRYPOINT ["/usr/local/bin/comanda"]
