// What was: the history of a bucket, and collections as they were.
import { test } from "node:test";
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { client } from "./setup.mjs";

async function withCollection() {
  const api = client();
  const name = "b" + randomUUID();
  await api.createBucket(name);
  const bucket = api.bucket(name);
  await bucket.createCollection("c");
  return { bucket, collection: bucket.collection("c") };
}

test("every change is in the history, the newest first", async () => {
  const { bucket, collection } = await withCollection();
  await bucket.createGroup("g", ["a"]);
  await collection.createRecord({ id: "r", n: 1 });
  await collection.updateRecord({ id: "r", n: 2 });
  await collection.deleteRecord("r");
  const { data } = await bucket.listHistory();
  assert.deepEqual(
    data.map(({ resource_name, action }) => `${action} ${resource_name}`),
    ["delete record", "update record", "create record", "create group", "create collection", "create bucket"]
  );
  assert.equal(data[1].target.data.n, 2);
  const { data: updates } = await bucket.listHistory({ filters: { action: "update", "target.data.id": "r" } });
  assert.equal(updates.length, 1);
});

test("the history is read by pages", async () => {
  const { bucket, collection } = await withCollection();
  await collection.batch((batch) => {
    for (let n = 0; n < 15; n++) batch.createRecord({ n });
  });
  const all = await bucket.listHistory({ pages: Infinity, sort: "last_modified" });
  assert.equal(all.data.length, 17);
  assert.equal(all.data[0].resource_name, "bucket");
});

test("the history since a time, and by pages of a size", async () => {
  const { bucket, collection } = await withCollection();
  await collection.createRecord({ id: "a" });
  const { last_modified: since } = await bucket.listHistory();
  assert.deepEqual((await bucket.listHistory({ since })).data, []);
  await collection.createRecord({ id: "b" });
  await collection.deleteRecord("a");
  const actions = ({ data }) => data.map(({ action, record_id }) => `${action} ${record_id}`);
  assert.deepEqual(actions(await bucket.listHistory({ since })), ["delete a", "create b"]);
  const first = await bucket.listHistory({ limit: 2, filters: { resource_name: "record" } });
  assert.deepEqual(actions(first), ["delete a", "create b"]);
  const second = await first.next();
  assert.deepEqual([actions(second), second.hasNextPage], [["create a"], false]);
});

test("a collection as it was", async () => {
  const { collection } = await withCollection();
  const at = [];
  const then = async (change) => at.push((await change).data.last_modified);
  await then(collection.createRecord({ id: "a", n: 1 }));
  await then(collection.createRecord({ id: "b", n: 1 }));
  await then(collection.updateRecord({ id: "a", n: 2 }));
  await then(collection.deleteRecord("b"));
  await then(collection.createRecord({ id: "b", n: 3 }));
  const was = async (i) => (await collection.listRecords({ at: at[i] })).data.map(({ id, n }) => id + n);
  assert.deepEqual(await was(0), ["a1"]);
  assert.deepEqual(await was(1), ["b1", "a1"]);
  assert.deepEqual(await was(2), ["a2", "b1"]);
  assert.deepEqual(await was(3), ["a2"]);
  assert.deepEqual(await was(4), ["b3", "a2"]);
});

test("a collection as it was before all was deleted", async () => {
  const { collection } = await withCollection();
  const responses = await collection.batch((batch) => {
    for (const id of ["a", "b", "c"]) batch.createRecord({ id });
  });
  const last = responses.at(-1).body.data.last_modified;
  await collection.deleteRecords();
  const { data } = await collection.listRecords({ at: last });
  assert.deepEqual(data.map(({ id }) => id), ["c", "b", "a"]);
});

test("a list of what was looks like any other", async () => {
  const { collection } = await withCollection();
  const { data: first } = await collection.createRecord({ n: 1, deep: { a: [1] } }, { permissions: { read: ["x"] } });
  const { data: second } = await collection.createRecord({ n: 2 });
  await collection.updateRecord({ ...first, n: 3 });
  const list = await collection.listRecords({ at: second.last_modified });
  assert.deepEqual(list.data, [second, first]);
  assert.deepEqual([list.last_modified, list.hasNextPage, list.totalRecords], [String(second.last_modified), false, 2]);
  assert.throws(() => list.next(), /pagination/);
});

test("a collection as it was after some were deleted together, and in the midst of many changes", async () => {
  const { collection } = await withCollection();
  const responses = await collection.batch((batch) => {
    for (let n = 1; n <= 60; n++) batch.createRecord({ id: `r${n}`, n });
  });
  await collection.deleteRecords({ filters: { lt_n: 6 } });
  const { data: newest } = await collection.createRecord({ id: "r1", n: 100 });
  const was = async (at) => (await collection.listRecords({ at })).data.map(({ id }) => id);
  const before = responses[54].body.data.last_modified;
  assert.deepEqual(await was(before), Array.from({ length: 55 }, (_, i) => `r${55 - i}`));
  assert.deepEqual(await was(newest.last_modified), ["r1", ...Array.from({ length: 55 }, (_, i) => `r${60 - i}`)]);
});
