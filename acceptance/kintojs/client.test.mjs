// The client of the HTTP API: everything it has a method for.
import { test } from "node:test";
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { anonymous, client } from "./setup.mjs";

/** A client whose user has a bucket with a collection, by names of their own. */
async function withCollection() {
  const api = client();
  const name = "b" + randomUUID();
  await api.createBucket(name);
  const bucket = api.bucket(name);
  await bucket.createCollection("c");
  return { api, name, bucket, collection: bucket.collection("c") };
}

const idsInOrder = ({ data }) => data.map(({ id }) => id);
const ids = (list) => idsInOrder(list).sort();
const modifiedMeanwhile = /412 Precondition Failed/;

test("the server tells what it can", async () => {
  const api = client();
  const capabilities = await api.fetchServerCapabilities();
  for (const name of ["default_bucket", "accounts", "permissions_endpoint", "history", "attachments"]) {
    assert.ok(capabilities[name]?.url && capabilities[name]?.description, name);
  }
  assert.equal((await api.fetchServerSettings()).batch_max_requests, 25);
  assert.match(await api.fetchHTTPApiVersion(), /^\d\.\d+$/);
});

test("buckets", async () => {
  const api = client();
  const { data } = await api.createBucket(null, { data: { n: 1 } });
  await api.createBucket("mine" + data.id);
  assert.deepEqual(ids(await api.listBuckets()), [data.id, "mine" + data.id].sort());
  assert.deepEqual(ids(await api.listBuckets({ filters: { n: 1 } })), [data.id]);
  const bucket = api.bucket(data.id);
  await bucket.setData({ m: 2 }, { patch: true });
  const { n, m } = await bucket.getData();
  assert.deepEqual([n, m], [1, 2]);
  await bucket.setData({ m: 3 });
  assert.equal((await bucket.getData()).n, undefined);
  await api.deleteBucket(data.id);
  await assert.rejects(bucket.getData(), /403|404/);
});

/** What holds objects, and how: as the client names the methods. */
const kinds = {
  buckets: () => {
    const api = client();
    return {
      list: (options) => api.listBuckets(options),
      create: (id, options) => api.createBucket(id, options),
      remove: (id, options) => api.deleteBucket(id, options),
      batch: (make) => api.batch((batch) => make((id, data) => batch.createBucket(id, { data }))),
    };
  },
  collections: async () => {
    const { bucket } = await withCollection();
    await bucket.deleteCollection("c");
    return {
      list: (options) => bucket.listCollections(options),
      create: (id, options) => bucket.createCollection(id, options),
      remove: (id, options) => bucket.deleteCollection(id, options),
      batch: (make) => bucket.batch((batch) => make((id, data) => batch.createCollection(id, { data }))),
    };
  },
  groups: async () => {
    const { bucket } = await withCollection();
    return {
      list: (options) => bucket.listGroups(options),
      create: (id, options) => bucket.createGroup(id, [], options),
      remove: (id, options) => bucket.deleteGroup(id, options),
      batch: (make) => bucket.batch((batch) => make((id, data) => batch.createGroup(id, [], { data }))),
    };
  },
};

for (const [kind, start] of Object.entries(kinds)) {
  test(`lists of ${kind} are sorted, filtered, and read by pages`, async () => {
    const { list, create, batch } = await start();
    const name = randomUUID();
    const sizes = { a: 24, b: 13, c: 38, d: -4 };
    await batch((add) => Object.entries(sizes).forEach(([id, size]) => add(name + id, { size })));
    const letters = (page) => idsInOrder(page).map((id) => id.replace(name, "")).join("");
    assert.equal(letters(await list()), "dcba"); // the newest first
    assert.equal(letters(await list({ sort: "-size" })), "cabd");
    assert.equal(letters(await list({ sort: "size", filters: { min_size: 20 } })), "ac");
    assert.equal(letters(await list({ sort: "size", filters: { not_size: 13, lt_size: 38 } })), "da");
    const first = await list({ limit: 3 });
    assert.deepEqual([letters(first), first.hasNextPage], ["dcb", true]);
    const second = await first.next();
    assert.deepEqual([letters(second), second.hasNextPage], ["a", false]);
    assert.equal(letters(await list({ limit: 1, pages: 2 })), "dc");
    const { last_modified: since } = await list();
    assert.deepEqual((await list({ since })).data, []);
    await create(name + "e");
    assert.equal(letters(await list({ since })), "e");
  });

  test(`${kind} are created and deleted safely`, async () => {
    const { create, remove } = await start();
    const id = "x" + randomUUID();
    const { data, permissions } = await create(id, { safe: true, permissions: { read: ["github:n1k0"] } });
    assert.deepEqual([permissions.read, permissions.write.length], [["github:n1k0"], 1]);
    await assert.rejects(create(id, { safe: true }), modifiedMeanwhile);
    const { last_modified } = data;
    await assert.rejects(remove(id, { safe: true, last_modified: last_modified - 1000 }), modifiedMeanwhile);
    assert.equal((await remove(id, { safe: true, last_modified })).data.deleted, true);
  });
}

test("all buckets are deleted", async () => {
  const api = client();
  for (const n of [1, 2, 3]) await api.createBucket(null, { data: { n } });
  const { data } = await api.deleteBuckets();
  assert.equal(data.length, 3);
  assert.deepEqual((await api.listBuckets()).data, []);
});

test("collections", async () => {
  const { bucket, collection } = await withCollection();
  await bucket.createCollection("d", { data: { title: "D" } });
  assert.deepEqual(ids(await bucket.listCollections()), ["c", "d"]);
  assert.equal((await bucket.collection("d").getData()).title, "D");
  await collection.setData({ title: "C" });
  assert.equal((await collection.getData({ fields: ["title"] })).title, "C");
  assert.match(await bucket.getCollectionsTimestamp(), /^"?\d+"?$/);
  await bucket.deleteCollection("d");
  assert.deepEqual(ids(await bucket.listCollections()), ["c"]);
  await bucket.deleteCollections();
  assert.deepEqual(ids(await bucket.listCollections()), []);
});

test("groups", async () => {
  const { bucket } = await withCollection();
  await bucket.createGroup("g", ["alice"], { data: { n: 1 } });
  const { data } = await bucket.getGroup("g");
  assert.deepEqual([data.members, data.n], [["alice"], 1]);
  await bucket.updateGroup({ ...data, members: ["alice", "bob"] });
  assert.deepEqual((await bucket.getGroup("g")).data.members, ["alice", "bob"]);
  await bucket.createGroup();
  assert.equal((await bucket.listGroups()).data.length, 2);
  await bucket.deleteGroup("g");
  await bucket.deleteGroups();
  assert.deepEqual((await bucket.listGroups()).data, []);
});

test("groups are patched, and updated safely", async () => {
  const { bucket } = await withCollection();
  const safe = { safe: true };
  await bucket.createGroup("g", ["github:me"], { data: { title: "G", n: 1 } });
  const patched = await bucket.updateGroup({ id: "g", n: 2 }, { patch: true });
  assert.deepEqual([patched.data.members, patched.data.title, patched.data.n], [["github:me"], "G", 2]);
  await assert.rejects(bucket.updateGroup({ id: "g", members: ["a"], last_modified: 1 }, safe), modifiedMeanwhile);
  await assert.rejects(bucket.updateGroup({ id: "g", members: ["a"] }, safe), modifiedMeanwhile);
  assert.deepEqual((await bucket.updateGroup({ id: "new", members: ["all"] }, safe)).data.members, ["all"]);
  const { data } = await bucket.updateGroup({ ...patched.data, title: "H" }, safe);
  assert.equal(data.title, "H");
});

test("a group lets its members in", async () => {
  const { name, bucket } = await withCollection();
  const guest = client();
  await bucket.createGroup("guests", [(await guest.fetchUser()).id]);
  await bucket.setPermissions({ read: [`/buckets/${name}/groups/guests`] });
  assert.deepEqual(ids(await guest.bucket(name).listCollections()), ["c"]);
});

for (const kind of ["bucket", "collection"]) {
  test(`permissions of a ${kind} are set, added and removed`, async () => {
    const it = (await withCollection())[kind];
    await it.setPermissions({ read: ["github:n1k0"] });
    assert.deepEqual((await it.getPermissions()).read, ["github:n1k0"]);
    await it.addPermissions({ read: ["natim"], write: ["account:bob"] });
    const added = await it.getPermissions();
    assert.deepEqual(added.read.sort(), ["github:n1k0", "natim"]);
    assert.equal(added.write.length, 2);
    await it.removePermissions({ read: ["github:n1k0", "natim"] });
    const removed = await it.getPermissions();
    assert.equal("read" in removed, false);
    assert.ok(removed.write.includes("account:bob"));
  });
}

for (const kind of ["bucket", "collection"]) {
  test(`attributes of a ${kind} stay when permissions are set, and the reverse`, async () => {
    const it = (await withCollection())[kind];
    await it.setData({ a: 1 });
    const { data } = await it.setPermissions({ read: ["github:jon"] });
    assert.equal(data.a, 1);
    const { permissions } = await it.setData({ b: 2 });
    assert.deepEqual(permissions.read, ["github:jon"]);
    await assert.rejects(it.setData({ a: 3 }, { safe: true, last_modified: 1 }), modifiedMeanwhile);
    await assert.rejects(it.setPermissions({ read: ["x"] }, { safe: true, last_modified: 1 }), modifiedMeanwhile);
    assert.deepEqual([(await it.getData()).b, (await it.getPermissions()).read], [2, ["github:jon"]]);
  });
}

test("permissions are changed safely", async () => {
  const { bucket } = await withCollection();
  const { last_modified } = await bucket.getData();
  await bucket.addPermissions({ read: ["a"] }, { safe: true, last_modified });
  await assert.rejects(bucket.addPermissions({ read: ["b"] }, { safe: true, last_modified }), modifiedMeanwhile);
});

test("records", async () => {
  const { collection } = await withCollection();
  const { data } = await collection.createRecord({ title: "one" }, { permissions: { read: ["a"] } });
  assert.deepEqual((await collection.getRecord(data.id)).permissions.read, ["a"]);
  await collection.updateRecord({ ...data, title: "uno" });
  const patched = await collection.updateRecord({ id: data.id, n: 1 }, { patch: true });
  assert.deepEqual([patched.data.title, patched.data.n], ["uno", 1]);
  await collection.deleteRecord(data.id);
  await assert.rejects(collection.getRecord(data.id), /404/);
});

test("records are found by any text", async () => {
  const { collection } = await withCollection();
  const names = ["ren\u00e9", "a&b=c", "100%", "+1", "\u{1F600}", "42", "true", "a,b", '"quoted"'];
  await collection.batch((batch) => names.forEach((name, n) => batch.createRecord({ id: `r${n}`, name })));
  for (const [n, name] of names.entries()) {
    const { data } = await collection.listRecords({ filters: { name: JSON.stringify(name) } });
    assert.deepEqual(data.map(({ id }) => id), [`r${n}`], name);
  }
  assert.deepEqual(ids(await collection.listRecords({ filters: { name: "ren\u00e9" } })), ["r0"]);
});

test("an update creates what is not there, unless it has to be", async () => {
  const { collection } = await withCollection();
  const id = randomUUID();
  assert.equal((await collection.updateRecord({ id, n: 1 }, { safe: true })).data.n, 1);
  await assert.rejects(collection.updateRecord({ id, n: 2 }, { safe: true }), modifiedMeanwhile);
  await assert.rejects(collection.updateRecord({ id, n: 2, last_modified: 1 }, { safe: true }), modifiedMeanwhile);
  await assert.rejects(collection.deleteRecord(id, { safe: true, last_modified: 1 }), modifiedMeanwhile);
  await assert.rejects(collection.updateRecord({ id: randomUUID(), n: 2 }, { patch: true }), /404/);
});

test("records are created, updated and deleted safely", async () => {
  const { collection } = await withCollection();
  const safe = { safe: true };
  const { data } = await collection.createRecord({ id: "r", n: 1 }, safe);
  await assert.rejects(collection.createRecord({ id: "r", n: 2 }, safe), modifiedMeanwhile);
  const updated = await collection.updateRecord({ ...data, n: 2 }, safe);
  await assert.rejects(collection.updateRecord({ ...data, n: 3 }, safe), modifiedMeanwhile);
  await assert.rejects(collection.deleteRecord(data, safe), modifiedMeanwhile);
  await collection.deleteRecord(updated.data, safe);
  await assert.rejects(collection.updateRecord({ ...updated.data, n: 4 }, safe), modifiedMeanwhile);
});

test("lists are sorted, filtered, and read by pages", async () => {
  const { collection } = await withCollection();
  await collection.batch((batch) => {
    for (let n = 0; n < 23; n++) batch.createRecord({ id: `r${n}`, n });
  });
  const first = await collection.listRecords({ sort: "n" });
  assert.equal(first.data.length, 10); // paginate_by
  assert.ok(first.hasNextPage);
  const second = await first.next();
  assert.equal(second.data[0].n, 10);
  const all = await collection.listRecords({ sort: "-n", pages: Infinity });
  assert.deepEqual(all.data.map(({ n }) => n), Array.from({ length: 23 }, (_, i) => 22 - i));
  assert.equal(all.hasNextPage, false);
  assert.deepEqual(ids(await collection.listRecords({ filters: { in_n: "3,5" } })), ["r3", "r5"]);
  assert.deepEqual(ids(await collection.listRecords({ filters: { in_id: ["r3", "r5"] } })), ["r3", "r5"]);
  assert.deepEqual(Object.keys((await collection.listRecords({ limit: 1, fields: ["n"] })).data[0]).sort(), ["id", "last_modified", "n"]);
  assert.equal(await collection.getTotalRecords(), 23);
  const last = await (await collection.listRecords({ limit: 10, pages: 2 })).next();
  assert.equal(last.data.length, 23); // with what came before
  await assert.rejects(last.next(), /Pagination exhausted/);
});

test("changes since a time", async () => {
  const { collection } = await withCollection();
  await collection.createRecord({ id: "old" });
  const { last_modified } = await collection.listRecords();
  assert.equal(last_modified, (await collection.getRecordsTimestamp()).replaceAll('"', ""));
  await collection.createRecord({ id: "new" });
  await collection.deleteRecord("old");
  const { data } = await collection.listRecords({ since: last_modified });
  assert.deepEqual(data.map(({ id, deleted }) => [id, deleted]), [["old", true], ["new", undefined]]);
  const { data: deleted } = await collection.listRecords({ since: last_modified, fields: ["deleted"], filters: { deleted: true } });
  assert.equal(deleted.length, 1);
});

test("records are deleted together", async () => {
  const { collection } = await withCollection();
  for (const n of [1, 2, 3]) await collection.createRecord({ n });
  assert.equal((await collection.deleteRecords({ filters: { max_n: 2 } })).data.length, 2);
  assert.equal(await collection.getTotalRecords(), 1);
});

test("a batch of more than the server takes at once", async () => {
  const { bucket, collection } = await withCollection();
  const responses = await collection.batch((batch) => {
    for (let n = 0; n < 60; n++) batch.createRecord({ id: `r${n}`, n });
  });
  assert.deepEqual(responses.map(({ status }) => status), Array(60).fill(201));
  assert.equal(await collection.getTotalRecords(), 60);
  const { published, conflicts, skipped, errors } = await bucket.batch(
    (batch) => {
      const c = batch.collection("c");
      c.createRecord({ id: "r1" }, { safe: true });
      c.updateRecord({ id: "r2", n: 0 });
      c.deleteRecord("none");
      c.deleteRecord("r3");
    },
    { aggregate: true }
  );
  assert.deepEqual([published.length, conflicts.length, skipped.length, errors.length], [2, 1, 1, 0]);
  assert.equal(conflicts[0].remote.n, 1);
});

test("a batch makes everything from the bucket on, also in one's own bucket", async () => {
  const api = client();
  for (const name of ["b" + randomUUID(), "default"]) {
    const { published } = await api.batch(
      (batch) => {
        if (name !== "default") batch.createBucket(name);
        batch.bucket(name).createCollection("posts");
        const posts = batch.bucket(name).collection("posts");
        posts.createRecord({ n: 1 });
        posts.createRecord({ n: 2 });
      },
      { aggregate: true }
    );
    const { data } = await api.bucket(name).collection("posts").listRecords();
    assert.deepEqual(data.map(({ n }) => n), [2, 1], name);
    assert.deepEqual(published.slice(-2).map((body) => body.data), data.reverse());
  }
});

test("a batch reads what it has written", async () => {
  const { api, name } = await withCollection();
  const [, listed, record] = await api.batch((batch) => {
    const bucket = batch.bucket(name);
    bucket.createCollection("d");
    bucket.listCollections();
    bucket.collection("d").getRecord("none");
  });
  assert.deepEqual(idsInOrder(listed.body), ["d", "c"]);
  assert.deepEqual([record.status, record.body.errno], [404, 110]);
});

test("a safe batch tells what was there", async () => {
  const { bucket } = await withCollection();
  const { conflicts, published } = await bucket.batch(
    (batch) => {
      batch.createCollection("d", { data: { n: 1 } });
      batch.createCollection("d", { data: { n: 2 } });
    },
    { safe: true, aggregate: true }
  );
  assert.deepEqual([published.length, conflicts.length], [1, 1]);
  assert.deepEqual(conflicts[0].remote, published[0].data);
});

test("permissions change in a batch", async () => {
  const { bucket } = await withCollection();
  const responses = await bucket.batch((batch) => batch.setPermissions({ read: ["a"] }));
  assert.equal(responses[0].status, 200);
  assert.deepEqual((await bucket.getPermissions()).read, ["a"]);
});

test("what a user may do is listed", async () => {
  const { api, name } = await withCollection();
  const { data } = await api.listPermissions();
  assert.deepEqual(
    data.map(({ uri }) => uri).sort(),
    ["/", `/buckets/${name}`, `/buckets/${name}/collections/c`]
  );
  const collections = await api.listPermissions({ filters: { exclude_resource_name: "bucket,root" } });
  assert.deepEqual(collections.data.map(({ permissions }) => permissions.includes("record:create")), [true]);
});

test("what a user may do is listed by pages", async () => {
  const api = client();
  await api.batch((batch) => {
    for (let n = 0; n < 15; n++) batch.createBucket(`p${n}-${randomUUID()}`);
  });
  const first = await api.listPermissions();
  assert.deepEqual([first.data.length, first.hasNextPage], [10, true]); // paginate_by
  const { data } = await api.listPermissions({ pages: Infinity });
  assert.equal(new Set(data.map(({ uri }) => uri)).size, 16); // the root too
});

test("accounts", async () => {
  const name = "alice" + randomUUID();
  const { data } = await anonymous().createAccount(name, "first");
  assert.equal(data.id, name);
  assert.equal((await client(name, "first").fetchUser()).id, `account:${name}`);
  assert.notEqual((await client(name, "wrong").fetchUser()).id, `account:${name}`);
});

test("the default bucket is made when it is needed", async () => {
  const api = client();
  const { bucket } = await api.fetchUser();
  assert.match(bucket, /^[0-9a-f-]{36}$/);
  const collection = api.bucket("default").collection("notes");
  await Promise.all([1, 2, 3].map((n) => collection.createRecord({ n })));
  assert.equal(await collection.getTotalRecords(), 3);
  assert.equal((await api.bucket("default").getData()).id, bucket);
  await api.bucket("default").setData({ a: 1 });
  assert.equal((await api.bucket("default").getData()).a, 1);
});

test("errors tell what is wrong", async () => {
  const { collection } = await withCollection();
  await assert.rejects(collection.getRecord("none"), (error) => {
    assert.equal(error.response.status, 404);
    assert.equal(error.data.errno, 110);
    return true;
  });
  await assert.rejects(anonymous().createBucket("x"), /401 Unauthorized/);
});

test("an object attached to a record", async () => {
  const { collection } = await withCollection();
  const text = "data:text/plain;base64," + btoa("hello");
  const { data } = await collection.addAttachment(text, { id: "r", n: 1 }, { filename: "hello.txt" });
  assert.equal(data.n, 1);
  assert.equal(data.attachment.filename, "hello.txt");
  assert.equal(data.attachment.size, 5);
  assert.equal(data.attachment.hash, "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
  assert.equal(await (await fetch(data.attachment.location)).text(), "hello");
  const { base_url } = (await client().fetchServerCapabilities()).attachments;
  assert.ok(data.attachment.location.startsWith(base_url));
  await collection.removeAttachment("r");
  assert.equal((await collection.getRecord("r")).data.attachment, null);
});

test("an object attached to a new record, which is made with permissions", async () => {
  const { collection } = await withCollection();
  const text = "data:text/plain;name=hello.txt;base64," + btoa("hello");
  const permissions = { write: ["github:n1k0"] };
  const made = await collection.addAttachment(text, { foo: "bar" }, { permissions, safe: true });
  assert.deepEqual([made.data.foo, made.data.attachment.filename], ["bar", "hello.txt"]);
  assert.ok(made.permissions.write.includes("github:n1k0"));
  const again = { safe: true, last_modified: made.data.last_modified };
  const { data } = await collection.addAttachment(text, { id: made.data.id, foo: "baz" }, again);
  assert.equal(data.foo, "baz");
  await assert.rejects(collection.addAttachment(text, { id: data.id }, again), modifiedMeanwhile);
});

test("an object without a name", async () => {
  const { collection } = await withCollection();
  const { data } = await collection.addAttachment("data:text/plain;base64," + btoa("blah"));
  assert.equal(data.attachment.filename, "untitled"); // as the client calls it
});
