// The console from another server, which is told the address of the service. CONSOLE in the environment is where it is.
import { test } from "node:test";
import { open } from "./setup.mjs";
import { tour } from "./tour.mjs";

test("the console of another origin, with a login by OpenID Connect", async (t) => {
  // Before it is told, it asks a server of its authors.
  const p = await open(t, process.env.CONSOLE, /demo\.kinto-storage\.org/, /Failed to fetch/);
  await p.isTold("Could not reach server");
  await p.fills("server", process.env.SERVER);
  await p.signsIn("OpenID Connect (Sso)");
  await p.isTold("Authenticated.");
  await p.reads("sso:carol");
  await tour(t, p, { id: "sso:carol", authorization: "Bearer token-of-carol" });
});
