# One image with all four binaries; the command chooses: comanda (the default), order-svc, inventory-svc, kitchen-svc.
ARG BUILD_IMAGE=rust:1.95-slim-bookworm
ARG RUN_IMAGE=debian:bookworm-slim

FROM ${BUILD_IMAGE} AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry --mount=type=cache,target=/src/target \
    cargo build --workspace --bins --release --locked \
    && install -D --strip -t /out target/release/comanda target/release/order-svc \
        target/release/inventory-svc target/release/kitchen-svc \
    && install -d /data

# Nothing has to be installed: the binaries bring their certificates, time zones and SQLite.
FROM ${RUN_IMAGE}
COPY --from=build /out/ /usr/local/bin/
# SQLite files of `comanda`, which go to ./data; the services on PostgreSQL write nothing and may have a read-only root.
WORKDIR /var/lib/comanda
COPY --from=build --chown=65532:65532 /data data
USER 65532:65532
CMD ["comanda"]
