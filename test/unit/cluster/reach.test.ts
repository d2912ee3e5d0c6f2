/** @file Which of several addresses answers. */
import { createServer, type Server, type Socket } from "node:net";
import { afterEach, expect, test } from "vitest";
import { ownHello } from "../../../src/cluster/own-hello.ts";
import { reachable } from "../../../src/cluster/reach.ts";
import { type CommTrouble, listen, Security } from "../../../src/comm/index.ts";
import { isHeddleError } from "../../../src/core/errors.ts";
import { messageSet } from "../../../src/protocol/index.ts";

const servers: Server[] = [];
const sockets: Socket[] = [];

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy();
  for (const server of servers.splice(0)) server.close();
});

/** The address of a server that takes connections and says nothing. */
async function silent(): Promise<string> {
  const server = createServer((socket) => sockets.push(socket));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `127.0.0.1:${(server.address() as { port: number }).port}`;
}

async function refused(): Promise<string> {
  const address = await silent();
  await new Promise((resolve) => servers.pop()?.close(resolve));
  return address;
}

test("the first that answers is taken, the earlier ones preferred", async () => {
  const [dead, first, second] = [await refused(), await silent(), await silent()];
  const addresses = [dead, first, second].map((at) => `tcp://${at}`);
  expect(await reachable(addresses, { withinMs: 0 })).toBe(`tcp://${first}`);
});

test("one that takes the connection and is somebody else's does not count", async () => {
  // What it says is no TLS: it cannot have the cluster's certificate.
  const security = await Security.temporary();
  const stranger = createServer((socket) => sockets.push(socket.on("data", () => socket.end("x"))));
  servers.push(stranger);
  await new Promise<void>((resolve) => stranger.listen(0, "127.0.0.1", resolve));
  const { port } = stranger.address() as { port: number };
  const addresses = [`tls://127.0.0.1:${port}`, `tls://${await refused()}`];
  const error = await reachable(addresses, { security, withinMs: 0 }).catch((e: unknown) => e);
  expect(isHeddleError(error, "ConnectFailed")).toBe(true);
});

test("a listener takes the look for no trouble", async () => {
  const security = await Security.temporary();
  const troubles: CommTrouble[] = [];
  let hasSeen = (): void => undefined;
  const seen = new Promise<void>((resolve) => {
    hasSeen = resolve;
  });
  const listener = await listen("tls://127.0.0.1:0", {
    hello: ownHello("scheduler", "test", {}),
    security,
    incoming: messageSet([]),
    outgoing: messageSet([]),
    accept: () => undefined,
    log: (trouble) => {
      troubles.push(trouble);
      hasSeen();
    },
  });
  await reachable([listener.address], { security, withinMs: 0 });
  await seen;
  await listener.close();
  expect(
    troubles.map(({ error }) => isHeddleError(error) && error.fields["hasOnlyLooked"]),
  ).toEqual([true]);
});

test("when none does, the error has every address and its reason", async () => {
  const addresses = [`tcp://${await refused()}`, "tcp://no.such.host.invalid:1"];
  const attempt = reachable(addresses, { withinMs: 0 });
  await expect(attempt).rejects.toThrow(`${addresses[0]} (ECONNREFUSED)`);
  await expect(attempt).rejects.toThrow(/no\.such\.host\.invalid:1 \((ENOTFOUND|EAI_AGAIN)\)/);
});

test("they are tried again while there is time", async () => {
  const address = await refused();
  const port = Number(address.split(":")[1]);
  const found = reachable([`tcp://${address}`], { withinMs: 60_000 });
  const server = createServer((socket) => sockets.push(socket));
  servers.push(server);
  setImmediate(() => server.listen(port, "127.0.0.1"));
  expect(await found).toBe(`tcp://${address}`);
});

test("who does not want it any more gets the reason", async () => {
  const reason = new Error("closed");
  const options = { withinMs: 60_000, signal: AbortSignal.abort(reason) };
  await expect(reachable([`tcp://${await refused()}`], options)).rejects.toBe(reason);
});
