/** @file What clients are made of: options that contradict each other, and ports of others. */
import { createServer, type Server, type Socket } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { engineFor } from "../../../src/cluster/client-target.ts";

const TOKEN = "a token of this test only";

describe("options that make no sense are refused", () => {
  test.each([
    { embedded: true, address: "tcp://127.0.0.1:1" },
    { embedded: true, schedulerFile: "scheduler.json" },
    { embedded: false, threads: 1 },
    { embedded: "yes" },
    { setAsDefault: 1 },
    { address: 5 },
    { schedulerFile: 5 },
    { schedulerFile: "" },
    { token: 5, address: "tcp://127.0.0.1:1" },
    { token: TOKEN },
    { connectTimeoutMs: 5 },
    { connectTimeoutMs: -1, address: "tcp://127.0.0.1:1" },
    { connectTimeoutMs: "x", address: "tcp://127.0.0.1:1" },
    { resources: { GPU: -1 } },
    { localDirectory: 5 },
    { threads: Symbol("s") },
    [],
    new Map(),
    Promise.resolve({ threads: 1 }),
    new Date(),
    null,
    5,
  ])("%o", (options) => {
    expect(() => engineFor(options as never)).toThrow(
      expect.objectContaining({ code: "InvalidArgument" }),
    );
  });

  test.each([
    [Promise.resolve(), /its argument is a Promise \(await it first\); it may be an address, a cl/],
    [{ nWorkers: 2 }, /one of a cluster: new Client\(new LocalCluster\({ nWorkers: 2 }\)\)/],
    [{ processes: false }, /new LocalCluster\({ processes: false }\)/],
    [{ trheads: 2 }, /did you mean "threads"/],
  ])("and the way is shown: %o", (options, message) => {
    expect(() => engineFor(options as never)).toThrow(message);
  });
});

/** A server that is no Heddle, and its address. */
async function stranger(greet: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server: Server = createServer((socket) => {
    sockets.add(socket.on("error", () => undefined));
    greet(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const at = server.address();
  if (at === null || typeof at === "string") throw new Error("no port");
  return `tcp://127.0.0.1:${at.port}`;
}

describe("a port that is no Heddle's", () => {
  const failureAt = async (address: string, connectTimeoutMs: number): Promise<unknown> => {
    const { handle } = engineFor({ address, token: TOKEN, connectTimeoutMs });
    handle.connect();
    return await handle.ready.then(
      () => "connected",
      (error: unknown) => error,
    );
  };

  test("which answers something else is named, with what to do", async () => {
    const address = await stranger((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    expect(await failureAt(address, 30_000)).toMatchObject({
      code: "ProtocolError",
      message: expect.stringMatching(`${address} does not answer as .* { schedulerFile }`),
    });
  });

  test("which says nothing is given up after the time to connect", async () => {
    const address = await stranger(() => undefined);
    expect(await failureAt(address, 50)).toMatchObject({
      code: "Timeout",
      message: expect.stringContaining(`${address} did not answer within`),
    });
  });
});
