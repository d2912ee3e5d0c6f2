/**
 * @file The scheduler's plain HTTP port: `/health`, `/json` and `/metrics`. It only reads.
 * Everything but `/health` takes the token, and requests for other hosts are refused: a page in
 * somebody's browser whose name was made to point here (DNS rebinding) learns nothing.
 */
import { timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type AddressInfo, isIP } from "node:net";
import { hostname } from "node:os";
import { HeddleError } from "../../core/errors.ts";

/** What the port shows. */
export interface StatusSource {
  /** The answer to `/json`, or to `/json/<part>`; undefined for an unknown part. */
  json(part: string): unknown;
  metrics(): string;
}

export interface StatusOptions {
  /** Where to listen: `":8787"`, `"8787"`, `"127.0.0.1:0"`, `"[::1]:8787"`. */
  readonly address: string;
  /** Host where the address names none: by which others know this one. */
  readonly host: string;
  /** What is listened on in its place where that is more, such as `"0.0.0.0"`; default `host`. */
  readonly everywhere?: string | undefined;
  readonly token: string;
}

/** A port that is taken is followed by the next ones, so many of them, then by any. */
const PORTS_TRIED = 50;
const REQUEST_MS = 5000;
/** So often those who take longer are looked for: meanwhile they keep others out. */
const CHECK_MS = 1000;
const HEADER_BYTES_MAX = 8192;
const CONNECTIONS_MAX = 128;

export class StatusServer {
  /** Without the token. */
  readonly url: string;
  /** The port that was asked for, when it was taken. */
  readonly taken: number | undefined;
  readonly #server: Server;
  readonly #token: string;

  private constructor(server: Server, host: string, wanted: number, token: string) {
    this.#server = server;
    this.#token = token;
    const { port } = server.address() as AddressInfo;
    const shown = host === "0.0.0.0" || host === "::" ? hostname() : host;
    this.url = `http://${shown.includes(":") ? `[${shown}]` : shown}:${port}`;
    this.taken = wanted !== 0 && port !== wanted ? wanted : undefined;
  }

  /** Errors: `InvalidArgument` for addresses; `ConnectFailed` when no port can be had. */
  static async start(options: StatusOptions, source: StatusSource): Promise<StatusServer> {
    const { host, port } = parseStatusAddress(options.address, options.host);
    const names = new Set(["localhost", host, hostname()].map((name) => name.toLowerCase()));
    const isAllowed = (name: string): boolean => names.has(name) || isIP(name) !== 0;
    const rules = { source, token: options.token, isAllowed };
    const limits = {
      requestTimeout: REQUEST_MS,
      headersTimeout: REQUEST_MS,
      connectionsCheckingInterval: CHECK_MS,
      maxHeaderSize: HEADER_BYTES_MAX,
    };
    const server = createServer(limits, (request, response) => {
      send(response, request.method === "HEAD", answerOrFailure(request, rules));
    });
    server.maxConnections = CONNECTIONS_MAX;
    const isNamed = parseStatusAddress(options.address, "").host !== "";
    await listenNear(server, isNamed ? host : (options.everywhere ?? host), port);
    server.unref();
    return new StatusServer(server, host, port, options.token);
  }

  /** For a browser: with the token. */
  get link(): string {
    return `${this.url}/json?token=${encodeURIComponent(this.#token)}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

/** Host and port of an address. Errors: `InvalidArgument`. */
export function parseStatusAddress(
  address: string,
  defaultHost: string,
): { host: string; port: number } {
  const found = /^(?:(?:http:\/\/)?(\[[\da-f:.]+\]|[^:/[\]]*):)?(\d{1,5})\/?$/i.exec(
    address.trim(),
  );
  const port = Number(found?.[2]);
  if (found === null || port > 65_535) {
    throw new HeddleError(
      "InvalidArgument",
      `dashboardAddress is "${address}"; it may be a port (":8787", ":0" for any that is free) or ` +
        'a host and a port ("127.0.0.1:8787", "[::1]:8787")',
      { fields: { dashboardAddress: address } },
    );
  }
  const host = found[1] || defaultHost;
  return { host: host.replace(/^\[|\]$/g, ""), port };
}

async function listenNear(server: Server, host: string, port: number): Promise<void> {
  const tried = port === 0 ? [0] : [...ports(port), 0];
  for (const one of tried) {
    const problem = await listenAt(server, host, one);
    if (problem === undefined) return;
    if (one !== 0 && problem.code === "EADDRINUSE") continue;
    const message = `the status port cannot be opened at ${host}:${one}: ${problem.message}`;
    throw new HeddleError("ConnectFailed", message, { cause: problem });
  }
}

function ports(first: number): number[] {
  return Array.from({ length: PORTS_TRIED }, (_, i) => first + i).filter((port) => port < 65_536);
}

async function listenAt(
  server: Server,
  host: string,
  port: number,
): Promise<NodeJS.ErrnoException | undefined> {
  return await new Promise((resolve) => {
    const failed = (error: Error): void => resolve(error);
    server.once("error", failed);
    server.listen({ host, port, exclusive: true }, () => {
      server.off("error", failed);
      resolve(undefined);
    });
  });
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

interface Rules {
  readonly source: StatusSource;
  readonly token: string;
  isAllowed(host: string): boolean;
}

const JSON_TYPE = "application/json; charset=utf-8";
const TEXT_TYPE = "text/plain; charset=utf-8";
const METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** Whatever is asked, the scheduler goes on. */
function answerOrFailure(request: IncomingMessage, rules: Rules): Answer {
  try {
    return answerTo(request, rules);
  } catch (error) {
    process.emitWarning(`the status port could not answer: ${String(error)}`, "HeddleWarning");
    return refusal(500, "the answer could not be made");
  }
}

function answerTo(request: IncomingMessage, { source, token, isAllowed }: Rules): Answer {
  const { host = "", origin } = request.headers;
  const own = hostOf(`http://${host}`);
  if (own === undefined || !isAllowed(own)) return refusal(403, "this is not the host you mean");
  if (origin !== undefined && origin !== `http://${host}`) {
    return refusal(403, "other sites may not ask");
  }
  if (request.method !== "GET" && request.method !== "HEAD")
    return refusal(405, "only GET is known");
  const url = urlOf(request.url ?? "/");
  if (url === undefined) return refusal(400, "this is no address");
  if (url.pathname === "/health") return { status: 200, type: TEXT_TYPE, body: "ok\n" };
  if (!isToken(givenToken(request, url), token)) {
    return refusal(
      401,
      "give the token of the dashboard's link: Authorization: Bearer, or ?token=",
    );
  }
  if (url.pathname === "/metrics") {
    return { status: 200, type: METRICS_TYPE, body: source.metrics() };
  }
  const part = /^\/json(?:\/(\w+)(?:\.json)?)?\/?$/.exec(url.pathname);
  const value = part === null ? undefined : source.json(part[1] ?? "");
  if (value === undefined) return refusal(404, "there are /health, /json and /metrics");
  return { status: 200, type: JSON_TYPE, body: JSON.stringify(value) };
}

function urlOf(url: string): URL | undefined {
  try {
    return new URL(url, "http://scheduler");
  } catch {
    return undefined;
  }
}

function hostOf(url: string): string | undefined {
  return urlOf(url)
    ?.hostname.toLowerCase()
    .replace(/^\[|\]$/g, "");
}

function givenToken(request: IncomingMessage, url: URL): string {
  const bearer = /^Bearer (.+)$/.exec(request.headers.authorization ?? "");
  return bearer?.[1] ?? url.searchParams.get("token") ?? "";
}

/** Takes as long whatever was given. */
function isToken(given: string, token: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(token)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function refusal(status: number, message: string): Answer {
  return { status, type: TEXT_TYPE, body: `${message}\n` };
}

function send(response: ServerResponse, isHead: boolean, { status, type, body }: Answer): void {
  response.writeHead(status, {
    "Content-Type": type,
    "Content-Length": Buffer.byteLength(body),
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
  });
  response.end(isHead ? undefined : body);
}
