// Runs Azurite inside this process, and ends it when standard input ends. The parent holds the other end of standard
// input, and the system closes it however the parent dies, kill -9 included. Azurite first writes its data, for at most
// 60 s.
"use strict";
let ending = false;
process.stdin.on("data", () => {});
for (const event of ["end", "close", "error"]) {
  process.stdin.once(event, () => {
    if (ending) return;
    ending = true;
    if (process.listenerCount("SIGTERM") === 0) process.exit(1); // still starting: there is nothing to write yet
    setTimeout(() => process.exit(1), 60000).unref();
    process.emit("SIGTERM");
  });
}
// The terminal sends Ctrl+C to the whole group; the parent decides when its storage ends.
const on = process.once.bind(process);
process.once = (event, listener) => (event === "SIGINT" ? process : on(event, listener));
process.on("SIGINT", () => {});
// While it stops, Azurite answers no new request, but would wait for its connection to end.
const { Server } = require("http");
const close = Server.prototype.close;
Server.prototype.close = function (...args) {
  setTimeout(() => this.closeAllConnections(), 1000).unref();
  return close.apply(this, args);
};
// Azurite closes a connection that was quiet for 5 s, and does not read its own option for that. When this process was held up for so
// long, it would close the connection on a request that has just come, and the client would have to send that again. The clients close
// their connections themselves, after a minute.
Object.defineProperty(Server.prototype, "keepAliveTimeout", { get: () => 0, set: () => {} });
const [entry, ...args] = process.argv.slice(2);
// Azurite searches a table's rows among the tables of all accounts, one by one and for each row again. With many
// accounts, as the tests have, that is most of its time. This code searches each table once.
const Loki = require(require.resolve("lokijs", { paths: [entry] }));
const { getCollection, removeCollection } = Loki.prototype;
const found = new WeakMap();
Loki.prototype.getCollection = function (name) {
  if (!found.has(this.collections)) found.set(this.collections, new Map());
  const known = found.get(this.collections);
  if (known.get(name)?.name !== name) known.set(name, getCollection.call(this, name));
  return known.get(name);
};
Loki.prototype.removeCollection = function (name) {
  found.delete(this.collections);
  return removeCollection.call(this, name);
};
process.argv = [process.argv[0], entry, ...args];
require(entry);
