import { execFileSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { remoteCommand, type SSHProgram, sshArguments } from "../../../src/deploy/ssh-job.ts";

const TOKEN = "0123456789abcdef";
const CONFIGURATION = '[["log.level",{"value":"it\'s \\"x\\" \\\\"}]]';

function program(given: Partial<SSHProgram> = {}): SSHProgram {
  return {
    host: "node1",
    connect: {},
    command: ["/usr/bin/env"],
    args: [],
    environ: {},
    token: TOKEN,
    configuration: CONFIGURATION,
    ...given,
  };
}

describe("what the other host's shell does", () => {
  function run(given: Partial<SSHProgram>): string {
    const input = `${TOKEN}\n${CONFIGURATION}\n{"a":"b\\\\nc"}\nrest`;
    return execFileSync("sh", ["-c", remoteCommand(program(given))], { input, encoding: "utf8" });
  }

  it("takes its secrets from standard input and hands on the rest", () => {
    expect(run({})).toContain(`HEDDLE_TOKEN=${TOKEN}\n`);
    expect(run({})).toContain(`HEDDLE_INTERNAL_CONFIGURATION=${CONFIGURATION}\n`);
    expect(run({})).toContain('HEDDLE_INTERNAL_SECURITY={"a":"b\\\\nc"}\n');
    expect(run({ command: ["cat"] })).toBe("rest");
    expect(remoteCommand(program())).not.toContain(TOKEN);
  });

  it.each(["it's", "$HOME `id`", 'a "b" \\ c', "; exit 3", "*", "é\n!"])(
    "hands on %j as it is",
    (word) => {
      expect(run({ command: ["printf", "%s"], args: [word] })).toBe(word);
      expect(run({ environ: { WORD: word }, command: ["printenv", "WORD"] })).toBe(`${word}\n`);
    },
  );
});

describe("arguments of ssh", () => {
  it("options come before the host, which cannot be one", () => {
    const connect = { username: "me", port: 2222, privateKey: "key", options: ["A=b"] };
    const args = sshArguments(program({ connect }));
    expect(args.slice(0, -1).join(" ")).toBe(
      "-T -o BatchMode=yes -o ServerAliveInterval=15 -l me -p 2222 -i key -o A=b -- node1",
    );
  });

  it.each(["-oProxyCommand=x", "", "a b", "a;b", "$(x)"])("%j is no host", (host) => {
    expect(() => sshArguments(program({ host }))).toThrow(/not the name of a host/);
  });

  it.each(["node1", "me@node1", "10.0.0.1", "[::1]", "fe80::1%eth0"])("%j is one", (host) => {
    expect(sshArguments(program({ host })).at(-2)).toBe(host);
  });
});
