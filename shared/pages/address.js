// What an address says behind its #.

/** `#at/soho` as ["at", "soho"]. Whoever types an address may type anything: what is no code stays as it is. */
export function addressParts() {
  return location.hash.slice(1).split("/").map(decoded);
}

function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
