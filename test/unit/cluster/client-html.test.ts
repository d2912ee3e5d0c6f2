import { expect, test } from "vitest";
import { clientHtml, clientText } from "../../../src/cluster/client-html.ts";
import type { EngineInfo } from "../../../src/cluster/messages.ts";

const facts = {
  state: "connected" as const,
  address: "tcp://a:1",
  workers: 2,
  threads: 1,
  memoryLimitBytes: 2 ** 31,
  dashboardLink: 'http://a:8787/json?token="x"',
};

test("a client is a line of what is known", () => {
  expect(clientText(facts)).toBe("Client(tcp://a:1, 2 workers, 1 thread, 2.00 GiB)");
  const nothing = { ...facts, address: "", workers: 0, threads: 0, memoryLimitBytes: 0 };
  expect(clientText(nothing)).toBe("Client(0 threads)");
  expect(clientText({ ...nothing, state: "connecting" })).toBe("Client(connecting)");
  const planned = { ...facts, state: "connecting" as const };
  expect(clientText(planned)).toBe("Client(tcp://a:1, connecting, 2 workers, 1 thread, 2.00 GiB)");
  expect(clientText({ ...facts, state: "closed" })).toContain("closed");
});

test("and a table in notebooks, in which names of others are text", () => {
  const worker = {
    name: "<b>&",
    address: "tcp://w:1",
    host: "h",
    pid: 7,
    threads: 4,
    memoryLimitBytes: 2 ** 30,
    resources: {},
    seenMs: 0,
    memoryBytes: 1024,
    peakBytes: 0,
    spilledBytes: 0,
    running: 3,
  };
  const info: EngineInfo = {
    address: facts.address,
    workers: { "tcp://w:1": worker },
    threads: 4,
    cpu: 4,
    memoryLimitBytes: 2 ** 30,
    memory: 2 ** 30,
    clients: 1,
    startedMs: 0,
    transitions: 0,
  };
  expect(clientHtml(facts)).toContain("2.00 GiB");
  expect(clientHtml(facts)).not.toContain("<details>");
  const html = clientHtml(facts, info);
  expect(html).toContain("<td>&lt;b&gt;&amp;</td><td>tcp://w:1</td><td>h</td><td>7</td>");
  expect(html).toContain("<td>1.00 GiB</td><td>1.00 kiB</td><td>3</td>");
  expect(html).toContain('href="http://a:8787/json?token=&quot;x&quot;"');
});
