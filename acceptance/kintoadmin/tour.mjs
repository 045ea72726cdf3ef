// What somebody does with the console in the course of a day.
import assert from "node:assert/strict";
import { api } from "./setup.mjs";

const schema = {
  type: "object",
  required: ["title"],
  properties: {
    title: { type: "string", title: "Title", minLength: 3 },
    votes: { type: "integer", title: "Votes" },
  },
};

const pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";

/** The tour, for somebody who is logged in. Each stop is a test, and the first that fails ends the tour. */
export async function tour(t, p, { id, authorization }) {
  const { page } = p;
  const blog = "#/buckets/blog";
  const posts = `${blog}/collections/posts`;
  const rows = page.locator("table.record-list tbody tr");
  const row = (title) => rows.filter({ hasText: title });
  const records = () => api("/buckets/blog/collections/posts/records?_sort=title", { authorization });

  let lost = false;
  const stop = (name, visit) =>
    t.test(name, async (t) => {
      if (lost) return t.skip("after a failure");
      lost = true;
      await visit();
      lost = false;
    });

  // Waits for a column of the table of the page.
  async function shows(want, column = 1) {
    const cells = rows.locator(`td:nth-child(${column})`);
    const same = ([cells, want]) => [...document.querySelectorAll(cells)].map((cell) => cell.textContent).join() === want;
    try {
      await page.waitForFunction(same, [`table.record-list tbody td:nth-child(${column})`, want.join()]);
    } catch {
      assert.deepEqual(await cells.allTextContents(), want);
    }
  }

  // Types the name of what is to be deleted.
  async function confirms(button, name) {
    await page.getByRole("heading", { name: "Edit" }).waitFor();
    await page.locator(".border-danger input").fill(name);
    await p.presses(button);
  }

  await stop("more collections than a page of the service has", async () => {
    const names = ["a", "b", "c", "d", "e", "f", "g", "h"];
    await api("/buckets/library", { authorization, method: "PUT" });
    for (const name of names) await api(`/buckets/library/collections/${name}`, { authorization, method: "PUT" });
    await page.locator(".home-menu .icon").click();
    const library = page.locator(".bucket-menu", { hasText: "library" });
    await library.locator(".collections-menu-entry").nth(names.length - 1).waitFor();
    await p.visits("#/buckets/library/collections");
    await p.follows("Load more");
    await p.follows("Load more");
    await shows(names.reverse());
  });

  await stop("a bucket", async () => {
    await p.follows("Create bucket");
    await p.fills("id", "blog");
    await p.writes({ label: "My blog" });
    await p.presses("Create bucket");
    await p.isTold("Bucket created.");
    await p.writes({ label: "Our blog" });
    await p.presses("Update bucket");
    await p.isTold("Bucket attributes updated.");
    assert.equal((await api("/buckets/blog", { authorization })).data.label, "Our blog");
  });

  await stop("a collection with a schema", async () => {
    await p.follows("Create collection", page.locator(".bucket-menu", { hasText: "blog" }));
    await p.fills("id", "posts");
    await p.writes(schema, 0);
    await p.writes({ "ui:order": ["title", "votes"] }, 1);
    await p.fills("sort", "title");
    await p.page.getByLabel("Enable file attachment").check();
    await p.presses("Create collection");
    await p.isTold("Collection created.");
    const { data } = await api("/buckets/blog/collections/posts", { authorization });
    assert.deepEqual([data.schema, data.sort, data.attachment.enabled], [schema, "title", true]);
  });

  await stop("a record that the form refuses, and one that the service refuses", async () => {
    await p.visits(`${posts}/records/create`);
    await p.fills("title", "no");
    p.expect(/Form validation failed/);
    await p.presses("Create record");
    await p.reads("should NOT be shorter than 3 characters");
    await p.shot();
    await p.follows("Edit raw JSON");
    await p.writes({ title: "no" });
    p.expect(/400/);
    await p.presses("Create record");
    await p.isTold("Couldn't create record.");
    assert.deepEqual((await records()).data, []);
  });

  await stop("records, page by page in any order", async () => {
    await p.visits(posts + "/records");
    await p.follows("Create record");
    await p.fills("title", "Delta");
    await p.fills("votes", "4");
    await p.presses("Create record");
    await p.isTold("Record created.");
    await p.follows("Bulk create");
    await p.fills("0_title", "Alpha");
    await p.fills("1_title", "Bravo");
    await p.presses("Bulk create");
    await p.isTold("2 records created.");
    await p.follows("Create record");
    await p.fills("title", "Charlie");
    await p.presses("Create record");
    await p.isTold("Record created.");
    await p.reads("Records (4)");
    await page.locator("th", { hasText: "Title" }).getByRole("link").click();
    await shows(["Alpha", "Bravo", "Charlie"]);
    await p.follows("Load more");
    await shows(["Alpha", "Bravo", "Charlie", "Delta"]);
    await page.locator("th", { hasText: "Title" }).getByRole("link").click();
    await shows(["Delta", "Charlie", "Bravo"]);
    await p.shot();
  });

  await stop("a record that somebody else has changed meanwhile", async () => {
    const { data } = await records();
    await p.visits(`${posts}/records/${data[0].id}/attributes`);
    await p.fills("votes", "1");
    await p.presses("Update record");
    await p.isTold("Record attributes updated.");
    await p.visits(`${posts}/records/${data[1].id}/attributes`);
    await p.fills("votes", "2");
    const path = `/buckets/blog/collections/posts/records/${data[1].id}`;
    await api(path, { authorization, method: "PATCH", body: { data: { votes: 3 } } });
    p.expect(/412/);
    await p.presses("Update record");
    await p.isTold("has been modified meanwhile");
    assert.deepEqual((await records()).data.map(({ votes }) => votes), [1, 3, undefined, 4]);
  });

  await stop("a file", async () => {
    await p.visits(posts + "/records/create");
    await p.fills("title", "Echo");
    await page.locator("#root___attachment__").setInputFiles({ name: "dot.png", mimeType: "image/png", buffer: Buffer.from(pixel, "base64") });
    await p.reads("dot.png");
    await p.presses("Create record");
    await p.isTold("Record created.");
    await page.getByTitle("The record has an attachment").waitFor();
    await row("Echo").getByTitle("Edit record").click();
    const picture = page.locator(".attachment-img img");
    await picture.waitFor();
    assert.equal(await picture.evaluate((img) => img.decode().then(() => img.naturalWidth)), 1);
    await p.shot();
    await p.presses("Delete this attachment");
    await p.isTold("Attachment deleted.");
    await picture.waitFor({ state: "detached" });
  });

  await stop("the history of a record, and of the collection", async () => {
    const { data } = await records();
    await p.visits(`${posts}/records/${data[1].id}/history`);
    await shows(["create", "update"].reverse(), 2);
    await rows.first().getByTitle("View entry details").click();
    await p.reads(/^\+ .*"votes": 3/);
    await p.shot();
    await p.visits(posts + "/history");
    await p.follows("Load more");
    await p.shot();
    await rows.nth(4).getByTitle("Start history log from this point").click();
    await p.reads("List view");
    await p.follows("Diff view");
    await p.reads("This diff overview is computed");
    await p.shot();
  });

  await stop("a group", async () => {
    await p.visits(blog + "/groups");
    await p.reads("This bucket has no groups.");
    await p.follows("Create group");
    await p.fills("id", "friends");
    await page.locator(".field-array button.btn-add").click();
    await p.fills("members_0", "account:bob");
    await p.presses("Create group");
    await p.isTold("Group created.");
    await p.follows("friends");
    await p.writes({ note: "since school" });
    await p.presses("Update group");
    await p.isTold("Group attributes updated.");
    await p.visits(blog + "/groups/friends/permissions");
    await page.locator(".field-authenticated").getByLabel("read").check();
    await p.presses("Submit");
    await p.isTold("Group permissions updated.");
    await p.visits(blog + "/groups/friends/history");
    await shows(["update", "update", "create"], 2);
    const { data, permissions } = await api("/buckets/blog/groups/friends", { authorization });
    assert.deepEqual([data.members, data.note, permissions.read], [["account:bob"], "since school", ["system.Authenticated"]]);
  });

  await stop("permissions", async () => {
    const { data } = await records();
    const record = `/buckets/blog/collections/posts/records/${data[0].id}`;
    for (const [place, told, path] of [
      [blog, "Bucket permissions updated.", "/buckets/blog"],
      [posts, "Collection permissions updated.", "/buckets/blog/collections/posts"],
      [`#${record}`, "Record permissions updated.", record],
    ]) {
      await p.visits(place + "/permissions");
      await page.locator(".field-groups").getByLabel("write").check();
      await page.locator(".field-anonymous").getByLabel("read", { exact: true }).check();
      await p.shot();
      await p.presses("Submit");
      await p.isTold(told);
      const { permissions } = await api(path, { authorization });
      assert.deepEqual(permissions, { read: ["system.Everyone"], write: ["/buckets/blog/groups/friends", id].sort() });
    }
    assert.equal((await api(record)).status, 200);
  });

  await stop("the history of the bucket", async () => {
    await p.visits(blog + "/history");
    await p.reads("Load more");
    await p.shot();
  });

  await stop("the personal bucket, and a collection without a schema", async () => {
    await p.follows("Create collection", page.locator(".bucket-menu", { hasText: "default" }));
    await p.follows("schemaless collection");
    await p.fills("id", "notes");
    await p.presses("Create collection");
    await p.isTold("Collection created.");
    await p.visits("#/buckets/default/collections/notes/records/create");
    await p.writes({ id: "first", text: "Hello" });
    await p.presses("Create record");
    await p.isTold("Record created.");
    await p.reads('"text":"Hello"');
    await p.shot();
    assert.equal((await api("/buckets/default/collections/notes/records/first", { authorization })).data.text, "Hello");
  });

  await stop("deletions", async () => {
    await p.visits(posts + "/records");
    await row("Echo").getByTitle("Delete record").click();
    await p.isTold("Record deleted.");
    await p.visits(posts + "/attributes");
    await confirms("Delete collection", "posts");
    await p.isTold("Collection deleted.");
    await p.visits(blog + "/groups/friends/attributes");
    await confirms("Delete group", "friends");
    await p.isTold("Group deleted.");
    await p.visits(blog + "/attributes");
    await confirms("Delete bucket", "blog");
    await p.isTold("Bucket deleted.");
    assert.equal((await api("/buckets/blog", { authorization })).status, 403);
    await p.shot();
  });

  await stop("a logout", async () => {
    await p.follows("Logout");
    await p.isTold("Logged out.");
    await p.reads("Authentication method");
  });
}
