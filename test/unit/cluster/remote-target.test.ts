/** @file How a cluster is found that may only be starting. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:net";
import { hostname, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { defaultConnectionFile, remoteOptions } from "../../../src/cluster/remote-target.ts";

const TOKEN = "a token of this test only";
let home = "";
let server: Server;
let address = "";

beforeEach(async () => {
  home = mkdtempSync(join(tmpdir(), "heddle-home-"));
  vi.stubEnv("HOME", home);
  vi.stubEnv("HEDDLE_TOKEN", "");
  server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  address = `tcp://127.0.0.1:${(server.address() as { port: number }).port}`;
});

afterEach(async () => {
  await close();
  vi.unstubAllEnvs();
  rmSync(home, { recursive: true });
});

async function close(): Promise<void> {
  await new Promise((resolve) => server.close(resolve));
}

test("where nobody listens, the error says so, and which file was looked for", async () => {
  await close();
  const attempt = remoteOptions({ address, connectTimeoutMs: 150 });
  await expect(attempt).rejects.toMatchObject({
    code: "ConnectFailed",
    message: expect.stringMatching(`nobody listens at ${address}`),
  });
  await expect(attempt).rejects.toThrow(defaultConnectionFile(address));
});

test("a scheduler that is only starting is waited for", async () => {
  await close();
  const found = remoteOptions({ address });
  const file = defaultConnectionFile(address);
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const info = { address, token: TOKEN, facts: { host: hostname() } };
  setTimeout(() => writeFileSync(file, JSON.stringify(info), { mode: 0o600 }), 1);
  expect(await found).toMatchObject({ address, token: TOKEN });
});

test("whoever answers and has left no word is asked without a token", async () => {
  expect(await remoteOptions({ address })).toMatchObject({ address, token: undefined });
});

test("nobody waits on when the client is closed", async () => {
  await close();
  const reason = new Error("closed");
  const attempt = remoteOptions({ address }, AbortSignal.abort(reason));
  await expect(attempt).rejects.toBe(reason);
});

test("of the addresses in a connection file the one that answers is taken", async () => {
  const file = join(home, "cluster.json");
  const info = { address: "tcp://127.0.0.1:1", addresses: ["tcp://127.0.0.1:1", address] };
  writeFileSync(file, JSON.stringify({ ...info, token: TOKEN }), { mode: 0o600 });
  expect(await remoteOptions({ schedulerFile: file })).toMatchObject({ address, token: TOKEN });
});

test("a file whose contents come after its name is read when they are there", async () => {
  const file = join(home, "cluster.json");
  writeFileSync(file, "", { mode: 0o600 });
  const found = remoteOptions({ schedulerFile: file });
  setTimeout(() => writeFileSync(file, JSON.stringify({ address, token: TOKEN })), 1);
  expect(await found).toMatchObject({ address });
});
