// What time it is. A process that shows the past, whose clock stands, serves another file in place of this one.

/** The server's time, as far as we have heard of it; this machine's until then. Its own clock may be wrong. */
export const clock = {
  offset_ms: Date.now() - performance.now(),
  /** Milliseconds since 1970, by the server's clock. */
  now() {
    return performance.now() + this.offset_ms;
  },
  hear(at) {
    const server_ms = Date.parse(at);
    if (Number.isFinite(server_ms)) this.offset_ms = server_ms - performance.now();
  },
};
