/**
 * @file What task threads spend their time on: samples of their stacks, merged into one tree of the
 * functions that tasks call. The engine's own frames above a task's function are left out.
 */
import { HeddleError } from "../core/errors.ts";
import { inspectAsText } from "../core/symbols.ts";
import { formatTime } from "../core/units.ts";
import type { ThreadProfile } from "./control/ops.ts";

/** A place in code, and the time that was spent there. */
export interface ProfileNode {
  /** Name of the function; `"(anonymous)"` where it has none. */
  readonly name: string;
  /** File of the function, where it is known. */
  readonly url: string;
  /** Line of the function in it, from 1; 0 where it is not known. */
  readonly line: number;
  /** Time in the function itself. */
  readonly selfMs: number;
  /** With what it called. */
  readonly totalMs: number;
  /** What it called, the longest first. */
  readonly children: readonly ProfileNode[];
}

/** A profile as V8 writes it. */
interface V8Profile {
  readonly nodes: readonly V8Node[];
  readonly startTime: number;
  readonly endTime: number;
  readonly samples?: readonly number[];
  readonly timeDeltas?: readonly number[];
}

interface V8Node {
  readonly id: number;
  readonly callFrame: {
    readonly functionName: string;
    readonly scriptId: string;
    readonly url: string;
    readonly lineNumber: number;
    readonly columnNumber: number;
  };
  readonly hitCount?: number;
  readonly children?: readonly number[];
}

/** A profile and the thread that it is of. */
export interface ProfiledThread {
  readonly worker: string;
  readonly thread: number;
  /** Where Heddle's own files are on the worker. */
  readonly root: string;
  readonly profile: V8Profile;
}

/** A node while samples are added to it. */
interface Growing {
  readonly name: string;
  readonly url: string;
  readonly line: number;
  selfUs: number;
  readonly children: Map<string, Growing>;
}

/** Calls the functions of tasks. */
const BEGINS = new Set(["runSynchronously", "runInTask"]);
/** Lines that `toString` shows. */
const LINES_MAX = 30;
/** Comes between tasks, but for them. */
const GARBAGE = "(garbage collector)";

/**
 * A statistical profile of the tasks of some time, as `client.profile` gives it.
 *
 * @example
 * import { Client } from "heddle";
 * const spin = (n: number): number => {
 *   let sum = 0;
 *   for (let i = 0; i < n; i++) sum += Math.sqrt(i);
 *   return sum;
 * };
 * await Client.with({ threads: 1 }, async (client) => {
 *   const profile = await client.profile(() => client.submit(spin, 2e8).result());
 *   console.log(profile.functions()[0]?.name); // spin
 * });
 */
export class Profile {
  /** What each thread did, as V8 has written it. */
  readonly threads: readonly ProfiledThread[];
  /** The functions that tasks ran, of all threads together; its `totalMs` is all the time. */
  readonly tree: ProfileNode;

  /** @internal */
  constructor(threads: readonly ProfiledThread[]) {
    this.threads = threads;
    const root = newNode("all tasks");
    for (const thread of threads) addThread(root, thread);
    this.tree = finished(root);
  }

  /**
   * Each function once, whoever called it, by the time spent in itself, longest first. `totalMs` is
   * the time in it and in what it called; a function that calls itself is not counted twice.
   */
  functions(): Omit<ProfileNode, "children">[] {
    const sums = new Map<string, { name: string; url: string; line: number } & Sums>();
    const visit = (node: ProfileNode, above: ReadonlySet<string>): void => {
      const { name, url, line } = node;
      const key = keyOf(name, url, line);
      const sum = sums.get(key) ?? { name, url, line, selfMs: 0, totalMs: 0 };
      sums.set(key, sum);
      sum.selfMs += node.selfMs;
      if (!above.has(key)) sum.totalMs += node.totalMs;
      const within = new Set(above).add(key);
      for (const child of node.children) visit(child, within);
    };
    for (const child of this.tree.children) visit(child, new Set());
    return [...sums.values()].sort((a, b) => b.selfMs - a.selfMs);
  }

  /** The calls of one function, wherever it was called: the same tree with it as the root. */
  of(name: string): ProfileNode {
    const root = newNode(name);
    const visit = (node: ProfileNode): void => {
      if (node.name === name) return addNode(root, node);
      for (const child of node.children) visit(child);
    };
    for (const child of this.tree.children) visit(child);
    return finished(root);
  }

  /**
   * One profile in V8's format, for the performance tools of Chrome and of editors: what the
   * threads did, one after the other.
   */
  toCpuProfile(): Readonly<Record<string, unknown>> {
    return joined(this.threads);
  }

  /** Writes `toCpuProfile()` into a file, by custom with the ending `.cpuprofile`. */
  async save(file: string): Promise<void> {
    const { writeFile } = await import("node:fs/promises");
    await writeFile(file, JSON.stringify(this.toCpuProfile()));
  }

  toString(): string {
    const all = this.functions();
    const lines = all.slice(0, LINES_MAX).map(({ name, selfMs, totalMs, url, line }) => {
      const place = url === "" ? "" : `  ${url}:${line}`;
      return `${padded(selfMs)} ${padded(totalMs)}  ${name}${place}`;
    });
    const more = all.length > LINES_MAX ? [`and ${all.length - LINES_MAX} more`] : [];
    const head = `Profile of ${this.threads.length} task threads: ${timeOf(this.tree.totalMs)} in tasks`;
    return [head, "    self     total", ...lines, ...more].join("\n");
  }
}
inspectAsText(Profile.prototype);

interface Sums {
  selfMs: number;
  totalMs: number;
}

/** A thread's profile from the text in which it has come. */
export function profiledThread(worker: string, sent: ThreadProfile): ProfiledThread {
  const profile = JSON.parse(sent.profile) as V8Profile;
  if (Array.isArray(profile.nodes)) return { ...sent, worker, profile };
  throw new HeddleError("ProtocolError", `${worker} sent no profile`);
}

/** Adds what a thread did below the functions of its tasks. */
function addThread(root: Growing, { profile, root: ownFiles }: ProfiledThread): void {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const times = timesOf(profile);
  const first = profile.nodes[0];
  const open: { node: V8Node; at: Growing | undefined; begun: boolean }[] = [];
  if (first !== undefined) open.push({ node: first, at: undefined, begun: false });
  for (let entry = open.pop(); entry !== undefined; entry = open.pop()) {
    const { node } = entry;
    let { at, begun } = entry;
    const { functionName, url } = node.callFrame;
    if (BEGINS.has(functionName) && url.startsWith(ownFiles)) begun = true;
    // Below a task's function everything counts.
    else if (at !== undefined || isShown(node.callFrame, ownFiles, begun)) {
      at = childOf(at ?? root, node.callFrame);
    }
    if (at !== undefined) at.selfUs += times.get(node.id) ?? 0;
    for (const id of node.children ?? []) {
      const child = nodes.get(id);
      if (child !== undefined) open.push({ node: child, at, begun });
    }
  }
}

/** Whether a frame that no task's function is above of is one: not what calls them. */
function isShown(
  { functionName, url }: V8Node["callFrame"],
  ownFiles: string,
  begun: boolean,
): boolean {
  if (functionName === GARBAGE) return true;
  if (url.startsWith("node:")) return false;
  if (begun) return functionName !== "" || !url.startsWith(ownFiles);
  return url !== "" && !url.startsWith(ownFiles);
}

/** Microseconds that were spent in each node itself. */
function timesOf({ samples = [], timeDeltas = [] }: V8Profile): Map<number, number> {
  const times = new Map<number, number>();
  samples.forEach((id, i) => {
    // A sample stands for the time until the next one.
    times.set(id, (times.get(id) ?? 0) + Math.max(0, timeDeltas[i + 1] ?? 0));
  });
  return times;
}

function newNode(name: string, url = "", line = 0): Growing {
  return { name, url, line, selfUs: 0, children: new Map() };
}

function childOf(parent: Growing, { functionName, url, lineNumber }: V8Node["callFrame"]): Growing {
  const name = functionName === "" ? "(anonymous)" : functionName;
  const line = Math.max(0, lineNumber + 1);
  const key = keyOf(name, url, line);
  const child = parent.children.get(key) ?? newNode(name, url, line);
  parent.children.set(key, child);
  return child;
}

/** Adds a finished tree to one that grows. */
function addNode(root: Growing, node: ProfileNode): void {
  root.selfUs += node.selfMs * 1000;
  for (const child of node.children) {
    const key = keyOf(child.name, child.url, child.line);
    const same = root.children.get(key) ?? newNode(child.name, child.url, child.line);
    root.children.set(key, same);
    addNode(same, child);
  }
}

function finished({ name, url, line, selfUs, children: growing }: Growing): ProfileNode {
  const children = [...growing.values()].map(finished).sort((a, b) => b.totalMs - a.totalMs);
  const selfMs = selfUs / 1000;
  const totalMs = children.reduce((sum, child) => sum + child.totalMs, selfMs);
  return { name, url, line, selfMs, totalMs, children };
}

/** The threads' profiles after each other: their nodes below one root, numbered anew. */
function joined(threads: readonly ProfiledThread[]): Readonly<Record<string, unknown>> {
  const frame = { scriptId: "0", url: "", lineNumber: -1, columnNumber: -1 };
  const root = { id: 1, callFrame: { ...frame, functionName: "(root)" }, children: [] as number[] };
  const nodes: unknown[] = [root];
  const samples: number[] = [];
  const timeDeltas: number[] = [];
  let next = 2;
  for (const { worker, thread, profile } of threads) {
    const base = next;
    next += profile.nodes.length;
    const ids = new Map(profile.nodes.map((node, i) => [node.id, base + i]));
    root.children.push(base);
    profile.nodes.forEach((node, i) => {
      const named = { ...frame, functionName: `${worker} thread ${thread}` };
      const callFrame = i === 0 ? named : node.callFrame;
      const children = (node.children ?? []).flatMap((id) => ids.get(id) ?? []);
      nodes.push({ ...node, id: base + i, callFrame, children });
    });
    for (const id of profile.samples ?? []) samples.push(ids.get(id) ?? base);
    timeDeltas.push(...(profile.timeDeltas ?? []));
  }
  const startTime = threads[0]?.profile.startTime ?? 0;
  const endTime = startTime + timeDeltas.reduce((sum, delta) => sum + delta, 0);
  return { nodes, startTime, endTime, samples, timeDeltas };
}

function keyOf(name: string, url: string, line: number): string {
  return `${name} ${url}:${line}`;
}

function padded(ms: number): string {
  return timeOf(ms).padStart(9);
}

function timeOf(ms: number): string {
  return formatTime(ms);
}
