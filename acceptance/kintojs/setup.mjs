// What the tests of this folder have in common: the published build of the client, as browsers load it, on an IndexedDB in
// memory. SERVER in the environment is the URL of a fresh server, ending in /v1.
import "fake-indexeddb/auto";
import { createRequire } from "node:module";
import { randomUUID } from "node:crypto";

const { default: Kinto, KintoClient } = createRequire(import.meta.url)("kinto/dist/kinto.js");
export { Kinto };

const SERVER = process.env.SERVER;

const credentials = (user, password = "secret") => ({
  Authorization: "Basic " + btoa(`${user}:${password}`),
});

/** A client of the HTTP API, and a user of its own if none is given. */
export function client(user = randomUUID(), password, options = {}) {
  return new KintoClient(SERVER, { headers: credentials(user, password), ...options });
}

/** Whoever is not known. */
export const anonymous = () => new KintoClient(SERVER);

/** An offline copy of the user's collection "tasks", in a database of its own: a device. */
export function device(user) {
  return new Kinto({
    remote: SERVER,
    headers: credentials(user),
    adapterOptions: { dbName: randomUUID() },
    timeout: 30000,
  }).collection("tasks");
}

/** The tasks of a user as the server has them. */
export const tasksOf = (user) => client(user).bucket("default").collection("tasks");
