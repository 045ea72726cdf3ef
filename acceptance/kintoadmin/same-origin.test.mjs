// The console where the service serves it, with the headers that it has there.
import { test } from "node:test";
import { api, open, register } from "./setup.mjs";
import { tour } from "./tour.mjs";

const place = process.env.SERVER + "/admin/";

test("the console at /admin/", async (t) => {
  const alice = await register("alice");
  const p = await open(t, place);
  p.expect(/Could not authenticate/);
  await p.signsIn("Kinto Account Auth", { username: "alice", password: "wrong" });
  await p.isTold("Authentication failed.");
  await p.signsIn("Kinto Account Auth", { username: "alice", password: "secret" });
  await p.isTold("Authenticated.");
  await p.reads(alice.id);
  await tour(t, p, alice);
});

test("a visitor", async (t) => {
  const { authorization } = await register("bob");
  const permissions = { read: ["system.Everyone"] };
  await api("/buckets/shop", { authorization, method: "PUT", body: { permissions } });
  await api("/buckets/shop/collections/offers", { authorization, method: "PUT" });
  await api("/buckets/shop/collections/offers/records/tea", { authorization, method: "PUT", body: { data: { price: 3 } } });
  const p = await open(t, place);
  p.expect(/401/);
  await p.signsIn("Anonymous");
  await p.isTold("Authenticated.");
  await p.page.getByLabel("Show readonly").check();
  await p.reads("shop");
  await p.visits("#/buckets/shop/collections/offers/records/tea/attributes");
  await p.reads("You don't have the required permission to edit this record.");
  await p.reads('"price": 3');
});

test("a login by OpenID Connect, which lasts", async (t) => {
  const p = await open(t, place);
  await p.signsIn("OpenID Connect (Sso)");
  await p.isTold("Authenticated.");
  await p.page.goto(place + "#/buckets/create");
  await p.page.reload();
  await p.reads("sso:carol");
  await p.fills("id", "carols");
  await p.presses("Create bucket");
  await p.isTold("Bucket created.");
});
