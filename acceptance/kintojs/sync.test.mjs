// Offline first: two devices of one user have copies of a collection, and meet through the server.
import { test } from "node:test";
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { Kinto, anonymous, client, device, tasksOf } from "./setup.mjs";

const { CLIENT_WINS, SERVER_WINS, PULL_ONLY, MANUAL } = Kinto.syncStrategy;

/** Two devices that have the same record, and its id. */
async function twoWithOneTask() {
  const user = randomUUID();
  const [phone, laptop] = [device(user), device(user)];
  const { data } = await phone.create({ title: "first" });
  await sync(phone);
  await sync(laptop);
  return { user, phone, laptop, id: data.id };
}

async function sync(copy, options) {
  const result = await copy.sync(options);
  assert.deepEqual(result.errors, []);
  return result;
}

const titles = async (copy) => (await copy.list({ order: "title" })).data.map((r) => r.title);
const titleOf = async (copy, id) => (await copy.get(id)).data.title;

/** Both devices change the record, and the phone is the first to tell. */
async function conflict() {
  const it = await twoWithOneTask();
  await it.phone.update({ id: it.id, title: "of the phone" });
  await it.laptop.update({ id: it.id, title: "of the laptop" });
  await sync(it.phone);
  return it;
}

test("what one device creates, the other has", async () => {
  const { phone, laptop } = await twoWithOneTask();
  assert.deepEqual(await titles(laptop), ["first"]);
  const again = await sync(phone);
  assert.equal(again.published.length + again.created.length + again.updated.length, 0);
});

test("what one device edits, the other has", async () => {
  const { phone, laptop, id } = await twoWithOneTask();
  await laptop.update({ id, title: "second" });
  const { published } = await sync(laptop);
  assert.equal(published.length, 1);
  const { updated } = await sync(phone);
  assert.equal(updated.length, 1);
  assert.equal(await titleOf(phone, id), "second");
});

test("what one device deletes, the other loses", async () => {
  const { user, phone, laptop, id } = await twoWithOneTask();
  await laptop.delete(id);
  await sync(laptop);
  const { deleted } = await sync(phone);
  assert.equal(deleted.length, 1);
  assert.deepEqual(await titles(phone), []);
  assert.deepEqual((await tasksOf(user).listRecords()).data, []);
});

test("both delete", async () => {
  const { phone, laptop, id } = await twoWithOneTask();
  await phone.delete(id);
  await laptop.delete(id);
  await sync(phone);
  const { conflicts, skipped } = await sync(laptop);
  assert.deepEqual([conflicts, skipped.map((it) => it.id)], [[], [id]]);
  assert.deepEqual(await titles(laptop), []);
});

test("a conflict that the client decides", async () => {
  const { user, phone, laptop, id } = await conflict();
  const { resolved } = await sync(laptop, { strategy: CLIENT_WINS });
  assert.equal(resolved.length, 1);
  const { data } = await tasksOf(user).getRecord(id);
  assert.equal(data.title, "of the laptop");
  await sync(phone);
  assert.equal(await titleOf(phone, id), "of the laptop");
});

test("a conflict that the server decides", async () => {
  const { user, laptop, id } = await conflict();
  const { resolved } = await sync(laptop, { strategy: SERVER_WINS });
  assert.equal(resolved.length, 1);
  assert.equal(await titleOf(laptop, id), "of the phone");
  const { data } = await tasksOf(user).getRecord(id);
  assert.equal(data.title, "of the phone");
});

test("a conflict that a person decides", async () => {
  const { user, phone, laptop, id } = await conflict();
  const { conflicts, ok } = await laptop.sync({ strategy: MANUAL });
  assert.equal(ok, false);
  assert.equal(conflicts.length, 1);
  assert.equal(conflicts[0].remote.title, "of the phone");
  assert.equal(conflicts[0].local.title, "of the laptop");
  await laptop.resolve(conflicts[0], { ...conflicts[0].local, title: "of both" });
  await sync(laptop);
  await sync(phone);
  assert.equal(await titleOf(phone, id), "of both");
  assert.equal((await tasksOf(user).getRecord(id)).data.title, "of both");
});

test("a conflict that is found when pushing: deleted there, edited here", async () => {
  const { user, phone, laptop, id } = await twoWithOneTask();
  await phone.delete(id);
  await laptop.update({ id, title: "still needed" });
  await sync(phone);
  await sync(laptop, { strategy: CLIENT_WINS });
  assert.equal((await tasksOf(user).getRecord(id)).data.title, "still needed");
});

/** The phone has forgotten its record, which the server still has, and makes it anew. */
async function forgotten() {
  const user = randomUUID();
  const phone = device(user);
  const { data } = await tasksOf(user).createRecord({ title: "of the server" });
  await sync(phone);
  await phone.delete(data.id, { virtual: false });
  await phone.create({ id: data.id, title: "of the phone" }, { useRecordId: true });
  return { user, phone, id: data.id };
}

/** The server has lost the bucket of a user, and with it a record that the phone edits. The phone knows of the new list. */
async function lost() {
  const { user, phone, id } = await twoWithOneTask();
  await client(user).deleteBucket("default");
  const { last_modified } = await tasksOf(user).listRecords();
  phone._lastModified = parseInt(last_modified, 10);
  await phone.db.saveLastModified(phone._lastModified);
  await phone.update({ id, title: "of the phone" });
  return { user, phone, id };
}

/** What a conflict comes to: what both have in the end, and that the next synchronisation has nothing to do. */
async function settled({ user, phone }, strategy, expected) {
  const { conflicts, resolved, lastModified } = await sync(phone, { strategy });
  assert.deepEqual([conflicts.length, resolved.length], [0, 1], strategy);
  assert.deepEqual(await titles(phone), expected, strategy);
  assert.deepEqual((await tasksOf(user).listRecords()).data.map((r) => r.title), expected, strategy);
  const next = await sync(phone);
  assert.equal(next.lastModified, lastModified);
  for (const list of ["conflicts", "skipped", "created", "published", "updated", "deleted", "resolved"]) {
    assert.deepEqual(next[list], [], list);
  }
}

test("a conflict that is found when pushing: made anew here, still there", async () => {
  const it = await forgotten();
  for (let n = 0; n < 2; n++) {
    const { ok, conflicts, published } = await sync(it.phone, { strategy: MANUAL });
    assert.deepEqual([ok, published.length, conflicts.length, conflicts[0].type], [false, 0, 1, "outgoing"]);
    assert.deepEqual([conflicts[0].local.title, conflicts[0].remote.title], ["of the phone", "of the server"]);
  }
  await settled(it, SERVER_WINS, ["of the server"]);
  await settled(await forgotten(), CLIENT_WINS, ["of the phone"]);
});

test("a conflict that is found when pushing: edited here, lost there", async () => {
  const it = await lost();
  for (let n = 0; n < 2; n++) {
    const { ok, conflicts } = await sync(it.phone, { strategy: MANUAL });
    assert.deepEqual([ok, conflicts.length, conflicts[0].remote], [false, 1, null]);
  }
  await settled(it, SERVER_WINS, []);
  await settled(await lost(), CLIENT_WINS, ["of the phone"]);
});

test("a conflict that is found when pushing: deleted here, edited there", async () => {
  const { user, phone, id } = await twoWithOneTask();
  await phone.delete(id);
  await tasksOf(user).updateRecord({ id, title: "of the server" });
  const { conflicts } = await phone.sync();
  assert.deepEqual([conflicts.length, conflicts[0].type, conflicts[0].local], [1, "outgoing", { id }]);
  assert.equal(conflicts[0].remote.title, "of the server");
});

test("a copy that comes with the program goes on from there", async () => {
  const user = randomUUID();
  const phone = device(user);
  const dump = [1, 2, 3, 4].map((n) => ({ id: randomUUID(), last_modified: 123456 + n, title: `task ${n}` }));
  await Promise.all(dump.map((record) => tasksOf(user).createRecord(record)));
  await phone.importBulk(dump);
  for (const { id } of dump.slice(2)) await tasksOf(user).updateRecord({ id, title: "changed" });
  const { ok, created, updated } = await sync(phone);
  assert.deepEqual([ok, created.length, updated.length], [true, 0, 2]);
  assert.deepEqual(await titles(phone), ["changed", "changed", "task 1", "task 2"]);
});

test("two devices create the same record", async () => {
  const user = randomUUID();
  const [phone, laptop] = [device(user), device(user)];
  const id = randomUUID();
  await phone.create({ id, title: "of the phone" }, { useRecordId: true });
  await laptop.create({ id, title: "of the laptop" }, { useRecordId: true });
  await sync(phone);
  await sync(laptop, { strategy: SERVER_WINS });
  assert.equal(await titleOf(laptop, id), "of the phone");
});

test("more than a batch and many pages", async () => {
  const user = randomUUID();
  const [phone, laptop] = [device(user), device(user)];
  const all = Array.from({ length: 63 }, (_, i) => `task ${String(i).padStart(2, "0")}`);
  for (const title of all) await phone.create({ title });
  const { published } = await sync(phone);
  assert.equal(published.length, all.length);
  const { created } = await sync(laptop);
  assert.equal(created.length, all.length);
  assert.deepEqual(await titles(laptop), all);
  assert.equal(await tasksOf(user).getTotalRecords(), all.length);
  await laptop.deleteAll();
  await sync(laptop);
  await sync(phone);
  assert.deepEqual(await titles(phone), []);
});

test("what is written while a device goes through the pages, it has after the next time", async () => {
  const user = randomUUID();
  const all = Array.from({ length: 25 }, (_, i) => `task ${String(i).padStart(2, "0")}`);
  await tasksOf(user).batch((batch) => all.forEach((title) => batch.createRecord({ title })));
  const phone = device(user);
  const real = globalThis.fetch;
  let written = 0;
  globalThis.fetch = async (url, options) => {
    const answer = await real(url, options);
    if (answer.headers.get("Next-Page")) {
      await tasksOf(user).createRecord({ title: `written ${written++}` });
    }
    return answer;
  };
  try {
    await sync(phone, { strategy: PULL_ONLY });
  } finally {
    globalThis.fetch = real;
  }
  assert.equal(written, 2);
  await sync(phone, { strategy: PULL_ONLY });
  assert.deepEqual(await titles(phone), [...all, "written 0", "written 1"]);
});

test("only pulling keeps what is here to itself", async () => {
  const { user, phone, laptop } = await twoWithOneTask();
  await laptop.create({ title: "a secret" });
  await phone.create({ title: "second" });
  await sync(phone);
  const { published, created } = await sync(laptop, { strategy: PULL_ONLY });
  assert.equal(published.length, 0);
  assert.equal(created.length, 1);
  assert.equal(await tasksOf(user).getTotalRecords(), 2);
});

test("only pushing takes nothing in", async () => {
  const { user, phone, laptop } = await twoWithOneTask();
  const { constructor: Result } = await sync(laptop);
  await phone.create({ title: "second" });
  await sync(phone);
  await laptop.create({ title: "third" });
  const result = await laptop.pushChanges(tasksOf(user), await laptop.gatherLocalChanges(), new Result(), {});
  assert.equal(result.published.length, 1);
  assert.deepEqual(await titles(laptop), ["first", "third"]);
  assert.equal(await tasksOf(user).getTotalRecords(), 3);
});

test("a collection deleted and made anew is noticed", async () => {
  const { user, phone } = await twoWithOneTask();
  await tasksOf(user).bucket.deleteCollection("tasks");
  await assert.rejects(phone.sync(), /Server has been flushed/);
});

// The last, since it empties the server.
test("a flush is noticed, and everything can be pushed again", async () => {
  const { user, phone } = await twoWithOneTask();
  await anonymous().execute({ method: "POST", path: "/__flush__" });
  await assert.rejects(phone.sync(), /Server has been flushed/);
  await phone.resetSyncStatus();
  const { published } = await sync(phone);
  assert.equal(published.length, 1);
  assert.equal(await tasksOf(user).getTotalRecords(), 1);
});
