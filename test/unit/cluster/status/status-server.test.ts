import { request } from "node:http";
import { connect, createServer } from "node:net";
import { afterEach, expect, test } from "vitest";
import { Client, LocalCluster } from "../../../../dist/index.js";
import { statusToken } from "../../../../src/cluster/status/source.ts";
import { parseStatusAddress, StatusServer } from "../../../../src/cluster/status/status-server.ts";

const TOKEN = "secret-token";
const open: StatusServer[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map(async (server) => await server.close()));
});

const source = {
  json: (part: string): unknown => (part === "nothing" ? undefined : { part }),
  metrics: (): string => "heddle_scheduler_workers 2\n",
};

async function start(address = "127.0.0.1:0"): Promise<StatusServer> {
  const server = await StatusServer.start({ address, host: "127.0.0.1", token: TOKEN }, source);
  open.push(server);
  return server;
}

interface Reply {
  readonly status: number;
  readonly body: string;
  readonly type: string | undefined;
}

function ask(
  server: { readonly url: string },
  path: string,
  headers: Record<string, string> = {},
  method = "GET",
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const sent = request(new URL(path, server.url), { method, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("end", () => {
        const type = response.headers["content-type"];
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString(), type });
      });
    });
    sent.on("error", reject);
    sent.end();
  });
}

test("without a host of its own it listens wherever the scheduler does", async () => {
  const everywhere = "0.0.0.0";
  const given = { host: "127.0.0.2", token: TOKEN, everywhere };
  const server = await StatusServer.start({ ...given, address: ":0" }, source);
  open.push(server);
  const { hostname, port } = new URL(server.url);
  expect(hostname).toBe("127.0.0.2");
  const onLoopback = { url: `http://127.0.0.1:${port}` };
  expect(await ask(onLoopback, "/health")).toMatchObject({ status: 200 });
  expect(await ask(onLoopback, "/json")).toMatchObject({ status: 401 });
  expect(await ask(onLoopback, "/health", { host: "evil.example" })).toMatchObject({ status: 403 });
  const named = await StatusServer.start({ ...given, address: "127.0.0.2:0" }, source);
  open.push(named);
  const elsewhere = { url: `http://127.0.0.1:${new URL(named.url).port}` };
  await expect(ask(elsewhere, "/health")).rejects.toMatchObject({ code: "ECONNREFUSED" });
});

test("health needs no token, all else does", async () => {
  const server = await start();
  expect(await ask(server, "/health")).toMatchObject({ status: 200, body: "ok\n" });
  for (const path of ["/json", "/metrics", "/json/counts.json", "/elsewhere"]) {
    expect((await ask(server, path)).status).toBe(401);
    expect((await ask(server, `${path}?token=secret-tokem`)).status).toBe(401);
    expect((await ask(server, path, { authorization: "Bearer secret" })).status).toBe(401);
  }
  const bearer = { authorization: `Bearer ${TOKEN}` };
  expect(await ask(server, "/json", bearer)).toMatchObject({ status: 200, body: '{"part":""}' });
  expect((await ask(server, `/json/counts.json?token=${TOKEN}`)).body).toBe('{"part":"counts"}');
  const metrics = await ask(server, "/metrics", bearer);
  expect(metrics.body).toBe("heddle_scheduler_workers 2\n");
  expect(metrics.type).toContain("version=0.0.4");
  expect((await ask(server, "/json/nothing", bearer)).status).toBe(404);
  expect((await ask(server, "/", bearer)).body).toContain("/health, /json and /metrics");
  expect((await fetch(server.link)).status).toBe(200);
});

test("pages of other sites learn nothing, whatever name they have given to this host", async () => {
  const server = await start();
  const { host } = new URL(server.url);
  const bearer = { authorization: `Bearer ${TOKEN}` };
  expect((await ask(server, "/health", { host: "evil.example" })).status).toBe(403);
  expect((await ask(server, "/json", { ...bearer, host: "evil.example:80" })).status).toBe(403);
  expect((await ask(server, "/json", { ...bearer, host: "a b" })).status).toBe(403);
  expect((await ask(server, "/json", { ...bearer, origin: "http://evil.example" })).status).toBe(
    403,
  );
  expect((await ask(server, "/json", { ...bearer, origin: "null" })).status).toBe(403);
  expect((await ask(server, "/json", { ...bearer, origin: `http://${host}` })).status).toBe(200);
  expect((await ask(server, "/json", { ...bearer, host: "localhost:8787" })).status).toBe(200);
});

/** Sends these bytes; resolves with the answer when the other side has closed. */
function say(server: { readonly url: string }, text: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(server.url).port), "127.0.0.1");
    let answer = "";
    socket.on("error", () => undefined);
    socket.on("data", (bytes) => {
      answer += bytes.toString();
    });
    socket.on("close", () => resolve(answer));
    socket.write(text);
  });
}

test("what is no request harms nobody", async () => {
  const server = await start();
  const head = "Host: localhost\r\nConnection: close\r\n";
  const asked = async (first: string, more = ""): Promise<string> =>
    (await say(server, `${first} HTTP/1.1\r\n${head}${more}\r\n`)).slice(9, 12);
  for (const path of ["//[", "http://[", "http://a:b", "\\\\["]) {
    expect(await asked(`GET ${path}`)).toBe("400");
  }
  for (const path of ["/%zz", "*", "/json/__proto__/x", "/../../etc/passwd"]) {
    expect(await asked(`GET ${path}`)).toBe("401");
  }
  const both = "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n";
  expect(await asked("POST /health", both)).toBe("400");
  expect(await asked("GET /health", `X: ${"x".repeat(20_000)}\r\n`)).toBe("431");
  expect(await asked("GET /health")).toBe("200");
});

test("an answer that cannot be made is an answer, too", async () => {
  const broken = {
    json: () => {
      throw new Error("no state");
    },
    metrics: () => "",
  };
  const options = { address: "127.0.0.1:0", host: "127.0.0.1", token: TOKEN };
  const server = await StatusServer.start(options, broken);
  open.push(server);
  const bearer = { authorization: `Bearer ${TOKEN}` };
  expect((await ask(server, "/json", bearer)).status).toBe(500);
  expect((await ask(server, "/health")).status).toBe(200);
});

// Within this time, which is less than the usual half minute between two looks.
test("who does not finish the question is thrown out, and others get in", async () => {
  const server = await start();
  const half = ["", "GET /health HTTP/1.1\r\nHost: local"];
  const silent = Array.from({ length: 128 }, (_, i) => say(server, half[i % 2] as string));
  await Promise.all(silent);
  expect((await ask(server, "/health")).status).toBe(200);
}, 20_000);

test("it only reads", async () => {
  const server = await start();
  for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
    expect((await ask(server, `/json?token=${TOKEN}`, {}, method)).status).toBe(405);
  }
  expect(await ask(server, "/health", {}, "HEAD")).toMatchObject({ status: 200, body: "" });
});

test("a port that is taken is followed by the next that is free", async () => {
  const taken = createServer();
  await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
  const { port } = taken.address() as { port: number };
  const server = await start(`:${port}`);
  expect(server.taken).toBe(port);
  expect(Number(new URL(server.url).port)).not.toBe(port);
  expect((await ask(server, "/health")).status).toBe(200);
  taken.close();
});

test("addresses are ports, or hosts and ports", () => {
  const parse = (address: string): object => parseStatusAddress(address, "here");
  expect(parse(":8787")).toEqual({ host: "here", port: 8787 });
  expect(parse("8787")).toEqual({ host: "here", port: 8787 });
  expect(parse("[::1]:0")).toEqual({ host: "::1", port: 0 });
  expect(parse("http://node7:80/")).toEqual({ host: "node7", port: 80 });
  for (const wrong of ["", "node7", ":99999", "a:b:1", ":-1", "1.5"]) {
    expect(() => parse(wrong), wrong).toThrow('it may be a port (":8787"');
  }
});

test("a cluster shows its state, and its clients know where", async () => {
  await using cluster = new LocalCluster({
    nWorkers: 1,
    threadsPerWorker: 1,
    dashboardAddress: "127.0.0.1:0",
  });
  await using client = new Client(cluster);
  await client.waitForWorkers(1);
  function busy(): number {
    return 1;
  }
  await client.submit(busy).result();
  const link = new URL(client.dashboardLink ?? "");
  expect((await fetch(new URL("/health", link))).status).toBe(200);
  const state = (await (await fetch(link)).json()) as {
    counts: { workers: number; clients: number; tasks: { memory: number } };
    workers: Record<string, { pid: number }>;
  };
  expect(state.counts).toMatchObject({ workers: 1, clients: 1, tasks: { memory: 1 } });
  expect(Object.keys(state.workers)).toEqual(Object.keys(await client.nthreads()));
  const token = link.searchParams.get("token") ?? "";
  expect(JSON.stringify(state)).not.toContain(token);
  expect(JSON.stringify(await client.dumpClusterState())).not.toContain(token);
  // It opens the status port only, and is the same each time.
  expect(statusToken("cluster")).toBe(statusToken("cluster"));
  expect(statusToken("cluster")).not.toContain("cluster");
  const stranger = new Client({ address: cluster.address, token, setAsDefault: false });
  await expect(stranger.ready).rejects.toMatchObject({ code: "AuthFailed" });
  await stranger.close();
  const metrics = await (await fetch(new URL(`/metrics${link.search}`, link))).text();
  expect(metrics).toContain('heddle_scheduler_tasks{state="memory"} 1\n');
  expect(metrics).toContain(
    'heddle_scheduler_prefix_state_totals_total{task_prefix_name="busy",state="memory"} 1\n',
  );
  await using quiet = new LocalCluster({ nWorkers: 0, dashboardAddress: null });
  await using other = new Client(quiet);
  await other.waitForWorkers(0);
  expect(other.dashboardLink).toBeUndefined();
});
