// A certified OpenID provider, as somebody else runs one: `node openid.mjs PROVIDER CALLBACK`, where PROVIDER is the
// package's main file. It signs with RS256, and says on its output where it listens.

import { createServer } from "node:http";
import { pathToFileURL } from "node:url";

const [, , main, callback] = process.argv;
const { default: Provider } = await import(pathToFileURL(main));

const resource = { scope: "", audience: "comanda", accessTokenFormat: "jwt", jwt: { sign: { alg: "RS256" } } };
const server = createServer();
await new Promise((done) => server.listen(0, "127.0.0.1", done));
const issuer = `http://127.0.0.1:${server.address().port}`;

const provider = new Provider(issuer, {
  clients: [
    {
      client_id: "pages",
      client_secret: "a secret: of %pages",
      redirect_uris: [callback],
      grant_types: ["authorization_code"],
    },
    {
      client_id: "shop",
      client_secret: "shop",
      redirect_uris: [],
      response_types: [],
      grant_types: ["client_credentials"],
    },
  ],
  claims: { openid: ["sub", "roles", "locations"] },
  conformIdTokenClaims: false,
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, roles: ["manager"], locations: ["soho"] }) }),
  extraTokenClaims: (_, token) => (token.kind === "ClientCredentials" ? { roles: ["producer"] } : undefined),
  features: {
    clientCredentials: { enabled: true },
    devInteractions: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: (_, client) => (client.clientId === "shop" ? "urn:comanda" : undefined),
      getResourceServerInfo: () => resource,
    },
  },
});

server.on("request", provider.callback());
console.log(issuer);
