import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { listenAddress, portsOf, securityOf, tokenOf } from "../../../src/cli/flags.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "heddle-flags-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("ports", () => {
  it.each([
    ["8786", "8786"],
    ["0", "0"],
    ["8786:8790", "8786-8790"],
    ["8786-8790", "8786-8790"],
    ["5:5", "5"],
  ])("%s", (given, ports) => {
    expect(portsOf("--port", given)).toBe(ports);
  });

  it.each(["", "-1", "65536", "9:8", "1:70000", "x", "1.5"])("%j is none", (given) => {
    expect(() => portsOf("--port", given)).toThrow(/^--port .*: give a port from 0 to 65535/);
  });
});

describe("addresses to listen on", () => {
  it("an interface stands for its address, and one that is not there is refused", () => {
    expect(listenAddress({ interface: "lo" }, "", "1")).toBe("tcp://127.0.0.1:1");
    expect(() => listenAddress({ interface: "eth77" }, "", "1")).toThrow(/no network interface/);
  });

  it.each([
    [{}, "tcp://0.0.0.0:1"],
    [{ host: "[::1]" }, "tcp://[::1]:1"],
    [{ host: "node1", protocol: "tls" }, "tls://node1:1"],
  ])("%j", (flags, address) => {
    expect(listenAddress(flags, "0.0.0.0", "1")).toBe(address);
  });
});

describe("secrets", () => {
  it("a token is read from a file that only its owner can read", () => {
    const path = join(folder, "token");
    writeFileSync(path, "0123456789abcdef\n", { mode: 0o600 });
    expect(tokenOf({ tokenFile: path })).toBe("0123456789abcdef");
    const open = join(folder, "open");
    writeFileSync(open, "0123456789abcdef\n", { mode: 0o644 });
    expect(() => tokenOf({ tokenFile: open })).toThrow(/may be read by other users/);
    const empty = join(folder, "empty");
    writeFileSync(empty, "\n", { mode: 0o600 });
    expect(() => tokenOf({ tokenFile: empty })).toThrow(/a file with a token/);
    const short = join(folder, "short");
    writeFileSync(short, "secret", { mode: 0o600 });
    expect(() => tokenOf({ tokenFile: short })).toThrow(/at least 16 characters/);
    expect(() => tokenOf({ tokenFile: join(folder, "none") })).toThrow(/cannot be read/);
  });

  it("certificates come together, and are read at once", () => {
    expect(securityOf({})).toBeUndefined();
    expect(() => securityOf({ tlsCert: "a" })).toThrow(/--tls-ca-file and --tls-key are missing/);
    const paths = { tlsCaFile: "none", tlsCert: "none", tlsKey: "none" };
    expect(() => securityOf(paths)).toThrow(/cannot be read/);
  });
});
