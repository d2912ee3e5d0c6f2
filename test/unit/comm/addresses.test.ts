/** @file Addresses: every form that is allowed, and words that help for every one that is not. */
import { describe, expect, it } from "vitest";
import {
  contactHost,
  formatAddress,
  type Interfaces,
  interfaceAddress,
  isOwnHost,
  normaliseAddress,
  parseAddress,
  resolveHost,
} from "../../../src/comm/addresses.ts";

function entry(address: string, family: "IPv4" | "IPv6", internal = false): object {
  return { address, family, internal, netmask: "", mac: "", cidr: null };
}

const INTERFACES = {
  lo: [entry("127.0.0.1", "IPv4", true), entry("::1", "IPv6", true)],
  eth0: [entry("fe80::1", "IPv6"), entry("10.1.2.3", "IPv4"), entry("fd00::3", "IPv6")],
  ib0: [entry("fd00::9", "IPv6")],
  wg0: [],
} as unknown as Interfaces;

describe("parseAddress", () => {
  it.each([
    ["tcp://1.2.3.4:80", { scheme: "tcp", host: "1.2.3.4", port: 80, portLast: 80 }],
    ["tls://node-7.cluster:0", { scheme: "tls", host: "node-7.cluster", port: 0, portLast: 0 }],
    ["tcp://[::1]:8786", { scheme: "tcp", host: "::1", port: 8786, portLast: 8786 }],
    ["tcp://[fe80::1%eth0]:1", { scheme: "tcp", host: "fe80::1%eth0", port: 1, portLast: 1 }],
    ["tcp://eth0:8786-8799", { scheme: "tcp", host: "eth0", port: 8786, portLast: 8799 }],
    ["tcp://eth0:10:12", undefined],
    ["tcp://:8000", { scheme: "tcp", host: "0.0.0.0", port: 8000, portLast: 8000 }],
    ["tcp://*", { scheme: "tcp", host: "0.0.0.0", port: 8786, portLast: 8786 }],
    ["localhost", { scheme: "tcp", host: "localhost", port: 8786, portLast: 8786 }],
    [" TCP://h:1/ ", { scheme: "tcp", host: "h", port: 1, portLast: 1 }],
    ["unix:///tmp/a b.sock", { scheme: "unix", path: "/tmp/a b.sock" }],
    ["inproc://x", { scheme: "inproc", name: "x" }],
  ])("reads %s", (text, expected) => {
    if (expected === undefined) expect(() => parseAddress(text)).toThrow("several colons");
    else expect(parseAddress(text)).toEqual(expected);
  });

  it.each([
    ["", "it is empty"],
    ["tpc://h:1", "did you mean tcp://"],
    ["http://h:1", "the scheme http is not known"],
    ["tcp://::1:80", "stands in brackets: [::1:80]"],
    ["tcp://[1.2.3.4]:80", '"1.2.3.4" in brackets is not an IPv6 address'],
    ["tcp://[::1", "after [ comes an IPv6 address and ]"],
    ["tcp://h:70000", "a port is at most 65535"],
    ["tcp://h:9-3", "the range of ports 9-3 ends before it begins"],
    ["tcp://h:x", '"x" is not a port'],
    ["tcp://user@h:1", '"user@h" is not a host'],
    ["unix://relative", "begins with /"],
    ["inproc://", "it has no name"],
  ])("refuses %j and says what is allowed", (text, why) => {
    expect(() => parseAddress(text)).toThrow(why);
    expect(() => parseAddress(text)).toThrow("unix:///path");
  });

  it("writes what it reads", () => {
    for (const text of ["tcp://[::1]:1", "tls://h:1-2", "unix:///a", "inproc://a"]) {
      expect(formatAddress(parseAddress(text))).toBe(text);
    }
    expect(normaliseAddress("HOST:5")).toBe("tcp://HOST:5");
    expect(normaliseAddress("h", 7)).toBe("tcp://h:7");
  });
});

describe("interfaces", () => {
  it("stand for their first IPv4 address, else for an IPv6 one", () => {
    expect(resolveHost("eth0", INTERFACES)).toBe("10.1.2.3");
    expect(resolveHost("ib0", INTERFACES)).toBe("fd00::9");
    expect(resolveHost("a.host.name", INTERFACES)).toBe("a.host.name");
    expect(() => resolveHost("wg0", INTERFACES)).toThrow("wg0 has no IP address");
  });

  it("are named when one is asked for that is not there", () => {
    expect(interfaceAddress("eth0", INTERFACES)).toBe("10.1.2.3");
    expect(() => interfaceAddress("eth1", INTERFACES)).toThrow(/did you mean eth0.*lo, eth0, ib0/);
  });

  it("say what belongs to this host", () => {
    for (const host of ["localhost", "127.0.0.9", "::1", "10.1.2.3"]) {
      expect(isOwnHost(host, INTERFACES)).toBe(true);
    }
    expect(isOwnHost("10.1.2.4", INTERFACES)).toBe(false);
  });

  it("give a wildcard an address that others can use", () => {
    expect(contactHost("0.0.0.0", INTERFACES)).toBe("10.1.2.3");
    expect(contactHost("::", INTERFACES)).toBe("fd00::3");
    expect(contactHost("10.9.9.9", INTERFACES)).toBe("10.9.9.9");
    expect(contactHost("0.0.0.0", { lo: INTERFACES["lo"] } as Interfaces)).toBe("127.0.0.1");
  });
});
