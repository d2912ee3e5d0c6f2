/** @file Sockets in the file system: private, found without asking, and never in the way. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  besideSocket,
  SOCKET_PATH_BYTES_MAX,
  socketFolder,
  sweepFolder,
  usablePath,
} from "../../../src/comm/unix-paths.ts";
import { dialed, received, station, words } from "./helpers.ts";

function folderOfTest(): string {
  const folder = mkdtempSync(join(tmpdir(), "heddle-unix-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  return folder;
}

describe("the folder of sockets", () => {
  it("is made for the user alone", () => {
    const folder = socketFolder(folderOfTest());
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(socketFolder(dirname(folder))).toBe(folder);
  });

  it("is not used when others could write there, or when it is a link", () => {
    const base = folderOfTest();
    const folder = socketFolder(base);
    chmodSync(folder, 0o755);
    expect(() => socketFolder(base)).toThrow("(it has 755)");
    rmSync(folder, { recursive: true });
    symlinkSync(base, folder);
    expect(() => socketFolder(base)).toThrow("must be a folder of this user");
  });

  it("is elsewhere when its own path would be too long", () => {
    const long = join(folderOfTest(), "x".repeat(90));
    mkdirSync(long);
    expect(socketFolder(long)).toMatch(/^\/tmp\/heddle-\d+$/);
  });
});

describe("sweepFolder", () => {
  it("removes what nobody listens on, and nothing else", async () => {
    const folder = socketFolder(folderOfTest());
    const [alive, dead] = [besideSocket("h", 1, folder), besideSocket("h", 2, folder)];
    const foreign = join(folder, "something else");
    writeFileSync(dead, "");
    writeFileSync(foreign, "");
    const server = createServer().listen(alive);
    await new Promise((resolve) => server.once("listening", resolve));
    onTestFinished(() => void server.close());
    sweepFolder(folder, join(folder, "no list"));
    expect(existsSync(dead)).toBe(true);
    sweepFolder(folder);
    expect([alive, dead, foreign].map((path) => existsSync(path))).toEqual([true, false, true]);
  });
});

describe("paths", () => {
  it("fit, and differ by host and port", () => {
    const paths = [besideSocket("1.2.3.4", 1), besideSocket("1.2.3.4", 2), besideSocket("::", 1)];
    expect(new Set(paths).size).toBe(3);
    for (const path of paths) expect(path.length).toBeLessThanOrEqual(SOCKET_PATH_BYTES_MAX);
  });

  it("that are too long stand for short ones, the same for all", () => {
    expect(usablePath("/tmp/short.sock")).toBe("/tmp/short.sock");
    const long = `/tmp/${"a".repeat(150)}.sock`;
    expect(usablePath(long)).toBe(usablePath(long));
    expect(usablePath(long).length).toBeLessThanOrEqual(SOCKET_PATH_BYTES_MAX);
    expect(usablePath(`${long}2`)).not.toBe(usablePath(long));
  });
});

describe("unix sockets", () => {
  it.each(["short", "n".repeat(140)])("carry messages at a path that is %s", async (name) => {
    const { listener, next } = await station(`unix://${join(folderOfTest(), "own", name)}`);
    const comm = await dialed(listener.address);
    const there = received(await next(), 1);
    comm.send({ kind: "say", words: "near" });
    expect(words(await there)).toEqual(["near"]);
    expect(existsSync(String(listener.unixPath))).toBe(true);
    await listener.close();
    expect(existsSync(String(listener.unixPath))).toBe(false);
  });

  it("replace what a killed process left, and nothing that lives", async () => {
    const path = join(folderOfTest(), "own", "a.sock");
    const first = await station(`unix://${path}`);
    await expect(station(`unix://${path}`)).rejects.toMatchObject({ code: "ConnectFailed" });
    expect((await dialed(first.listener.address)).state).toBe("open");
  });

  it("are not opened in a folder that others may use", async () => {
    const folder = folderOfTest();
    chmodSync(folder, 0o777);
    const attempt = station(`unix://${join(folder, "a.sock")}`);
    await expect(attempt).rejects.toMatchObject({ code: "AuthFailed" });
  });

  it("carry what goes to a tcp address of this host", async () => {
    const { listener, next } = await station();
    await dialed(listener.address);
    expect((await next()).remote).toContain("unix");
    await dialed(listener.address, { preferUnix: false });
    expect((await next()).remote).toContain("tcp");
    // Also one that is named in another way.
    await dialed(listener.address.replace("127.0.0.1", "localhost"));
    expect((await next()).remote).toContain("unix");
  });

  it("are found when the listener was given a name", async () => {
    const { listener, next } = await station("tcp://localhost:0");
    await dialed(listener.address);
    expect((await next()).remote).toContain("unix");
  });

  it("are left alone when nobody listens on them any more", async () => {
    const { listener, next } = await station(undefined, { unixBeside: false });
    const port = Number(/:(\d+)$/.exec(listener.address)?.[1]);
    const path = besideSocket("127.0.0.1", port);
    // What a killed process leaves: a socket that its server did not remove.
    const dead = createServer().listen(path);
    await new Promise((resolve) => dead.once("listening", resolve));
    renameSync(path, `${path}.kept`);
    await new Promise((resolve) => dead.close(resolve));
    renameSync(`${path}.kept`, path);
    onTestFinished(() => rmSync(path));
    await dialed(listener.address);
    expect((await next()).remote).toContain("tcp");
  });
});
