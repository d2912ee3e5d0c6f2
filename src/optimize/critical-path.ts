/**
 * @file The order of `dask.order` (dask 2024 and later, by Florian Jetter) on integers: take an
 * output, walk back to a root along the most valuable dependencies, then run that critical path,
 * doing what it lacks first and what became free on the way when that ends at a reduction. The next
 * output is the one that needs the fewest new roots. Ties go to the smaller id. The work is
 * bounded; graphs on which it would be quadratic are left to the plain depth-first order.
 */
import type { Connected } from "./connected.ts";
import { connectedEnds } from "./connected.ts";
import { TargetQueue } from "./target-queue.ts";
import type { Adjacency, Edges } from "./topology.ts";

/**
 * Ranks of all tasks, or undefined when the work would exceed the budget.
 */
export function criticalPathOrder(
  edges: Edges,
  users: Adjacency,
  sorted: Int32Array | undefined,
): Int32Array | undefined {
  const search = new Search(edges, users, sorted);
  return search.run() ? search.rank : undefined;
}

/** How much work, in steps, a node or edge may cost on average before the search gives up. */
const STEPS = 16;
/**
 * The same for the sets of roots and outputs: without them the search still works, with less
 * foresight.
 */
const SET_STEPS = 4;

class Search {
  readonly rank: Int32Array;
  readonly #edges: Edges;
  readonly #users: Adjacency;
  /** Dependencies not yet ranked. */
  readonly #lacking: Int32Array;
  readonly #inRunnableHull: Uint8Array;
  readonly #targets: TargetQueue;
  /** Tasks whose dependencies are all ranked, but whose moment has not come. */
  #runnable: number[] = [];
  /** By reduction: the paths that lead to it and could run at once. */
  readonly #knownPaths = new Map<number, number[][]>();
  readonly #less: (a: number, b: number) => number;
  #ranked = 0;
  #steps: number;

  constructor(edges: Edges, users: Adjacency, sorted: Int32Array | undefined) {
    const { count, depOffsets, deps } = edges;
    this.#edges = edges;
    this.#users = users;
    this.#steps = STEPS * (count + deps.length) + 100_000;
    this.rank = new Int32Array(count).fill(-1);
    this.#lacking = new Int32Array(count);
    for (let i = 0; i < count; i++) this.#lacking[i] = this.#arity(i);
    this.#inRunnableHull = new Uint8Array(count);
    const down: Adjacency = { offsets: depOffsets, nodes: deps };
    const budget = SET_STEPS * (count + deps.length) + 100_000;
    const roots = connectedEnds(count, down, sorted, false, budget);
    const outputs = roots && connectedEnds(count, users, sorted, true, budget);
    const weights = weigh(edges, users, sorted, roots);
    this.#less = (a, b) => weights.compare(a, b);
    this.#targets = new TargetQueue(edges, users, this.#less, roots, outputs);
  }

  run(): boolean {
    const count = this.#edges.count;
    while (this.#ranked < count) {
      const path = this.#criticalPath(this.#targets.next(this.rank));
      this.#walk(path);
      this.#runFree();
      if (this.#steps < 0) return false;
    }
    return true;
  }

  #arity(task: number): number {
    const { depOffsets } = this.#edges;
    return (depOffsets[task + 1] as number) - (depOffsets[task] as number);
  }

  #userCount(task: number): number {
    return (this.#users.offsets[task + 1] as number) - (this.#users.offsets[task] as number);
  }

  /** From the target down to a root, the most valuable dependency on top, its siblings below it. */
  #criticalPath(target: number): number[] {
    const path = [target];
    let next = this.#depsOf(target);
    while (next.length > 0) {
      let item = next[0] as number;
      for (const dep of next) if (this.#less(dep, item) > 0) item = dep;
      path.push(item);
      next = this.#missingOf(item);
      for (const dep of next) path.push(dep);
    }
    return path;
  }

  #depsOf(task: number): number[] {
    const { depOffsets, deps } = this.#edges;
    const found: number[] = [];
    const end = depOffsets[task + 1] as number;
    for (let e = depOffsets[task] as number; e < end; e++) found.push(deps[e] as number);
    this.#steps -= found.length + 1;
    return found;
  }

  #missingOf(task: number): number[] {
    return this.#depsOf(task).filter((dep) => (this.rank[dep] as number) < 0);
  }

  /** Ranks everything on the path, from its top; whatever a task lacks is put above it. */
  #walk(path: number[]): void {
    let walkedBack = false;
    while (path.length > 0 && this.#steps >= 0) {
      this.#steps--;
      const item = path.pop() as number;
      if ((this.rank[item] as number) >= 0) continue;
      if ((this.#lacking[item] as number) === 0) {
        if (walkedBack && this.#runnable.length < path.length) this.#runFree();
        this.#add(item);
        continue;
      }
      path.push(item);
      const missing = this.#missingOf(item).sort(this.#less);
      const known = missing.filter((dep) => this.#knownPaths.has(dep));
      const unknown = missing.filter((dep) => !this.#knownPaths.has(dep));
      if (unknown.length > 1) walkedBack = true;
      for (const dep of unknown) path.push(dep);
      for (const dep of known) {
        for (const one of this.#knownPaths.get(dep) ?? []) path.push(...one.toReversed());
        this.#knownPaths.delete(dep);
      }
    }
  }

  /** Ranks a task, and at once the only user of its result when nothing else is lacking there. */
  #add(first: number): void {
    const { offsets, nodes } = this.#users;
    let item = first;
    while (item >= 0) {
      this.#inRunnableHull[item] = 0;
      if ((this.rank[item] as number) >= 0) return;
      this.rank[item] = this.#ranked++;
      this.#targets.ranked(item);
      const from = offsets[item] as number;
      const to = offsets[item + 1] as number;
      this.#steps -= to - from + 1;
      item = -1;
      for (let e = from; e < to; e++) {
        const user = nodes[e] as number;
        const lacking = (this.#lacking[user] as number) - 1;
        this.#lacking[user] = lacking;
        this.#targets.reached(user);
        if (lacking > 0) continue;
        if (to - from === 1) item = user;
        else this.#runnable.push(user);
      }
    }
  }

  #addAll(path: readonly number[]): void {
    this.#steps -= path.length;
    for (const task of path) this.#add(task);
  }

  /**
   * Follows every runnable task up to a reduction. A path that ends in an output, or that completes
   * what a reduction lacks, is run; any other is remembered, so that free results are not made long
   * before they are used.
   */
  #runFree(): void {
    while (this.#runnable.length > 0) {
      const candidates = this.#runnable;
      this.#runnable = [];
      while (candidates.length > 0) {
        const task = candidates.pop() as number;
        if (this.#inRunnableHull[task] === 1 || (this.rank[task] as number) >= 0) continue;
        if (this.#userCount(task) === 0) this.#add(task);
        else this.#follow(task);
        if (this.#steps < 0) return;
      }
    }
  }

  #follow(start: number): void {
    const branches: Branch[] = [{ splits: 0, path: [start] }];
    for (let at = 0; at < branches.length && this.#steps >= 0; at++) {
      const { path } = branches[at] as Branch;
      let { splits } = branches[at] as Branch;
      for (;;) {
        const current = path[path.length - 1] as number;
        this.#steps--;
        this.#inRunnableHull[current] = 1;
        const from = this.#users.offsets[current] as number;
        const to = this.#users.offsets[current + 1] as number;
        if (from === to) {
          if ((this.#lacking[current] as number) <= 1) this.#addAll(path);
          else this.#inRunnableHull[current] = 0;
          break;
        }
        if (path.length > 1 && this.#arity(current) !== 1) {
          this.#meet(current, path, splits, branches);
          break;
        }
        if (to - from > 1) {
          splits++;
          this.#split(path, this.#users.nodes.subarray(from, to), splits, branches);
          break;
        }
        path.push(this.#users.nodes[from] as number);
      }
    }
  }

  /** Goes on along the users that need nothing else. */
  #split(path: readonly number[], users: Int32Array, splits: number, branches: Branch[]): void {
    for (const user of [...users].sort(this.#less)) {
      if (this.#arity(user) !== 1) continue;
      this.#steps -= path.length;
      branches.push({ splits, path: [...path, user] });
    }
  }

  /**
   * A path arrives at a reduction: run what leads there if that completes it, else remember the
   * path.
   */
  #meet(reduction: number, path: number[], splits: number, branches: Branch[]): void {
    const known = this.#knownPaths.get(reduction);
    const lacking = this.#lacking[reduction] as number;
    if (known === undefined) {
      if (lacking <= 1) this.#addAll(path);
      else {
        this.#knownPaths.set(reduction, [path]);
        this.#inRunnableHull[reduction] = 0;
      }
      return;
    }
    known.push(path);
    this.#inRunnableHull[reduction] = 0;
    if (known.length < lacking) return;
    const open = known.filter((one) => (this.rank[one[one.length - 2] as number] as number) < 0);
    this.#steps -= known.length;
    if (open.length < lacking) {
      this.#knownPaths.set(reduction, open);
      return;
    }
    this.#knownPaths.delete(reduction);
    if (splits > 1) {
      const joined = open.flat();
      this.#steps -= joined.length;
      branches.push({ splits: splits - 1, path: joined });
      return;
    }
    this.#runInTurn(open);
  }

  /** Runs each path as far as it gets; one that lacks something waits for the others. */
  #runInTurn(paths: readonly (readonly number[])[]): void {
    const waiting = [...paths];
    for (let at = 0; at < waiting.length && this.#steps >= 0; at++) {
      for (const task of waiting[at] as readonly number[]) {
        this.#steps--;
        if ((this.#lacking[task] as number) > 0) {
          waiting.push(waiting[at] as readonly number[]);
          break;
        }
        this.#add(task);
      }
    }
  }
}

interface Branch {
  readonly splits: number;
  readonly path: number[];
}

/**
 * What makes a task valuable: more tasks below it, then more dependencies, more roots, fewer users
 * of its roots.
 */
interface Weights {
  compare(a: number, b: number): number;
}

function weigh(
  edges: Edges,
  users: Adjacency,
  sorted: Int32Array | undefined,
  roots: Connected | undefined,
): Weights {
  const { count, depOffsets, deps } = edges;
  // Counts every path, as Dask does: a double holds what its big integers hold, up to Infinity.
  const below = new Float64Array(count);
  const rootUsers = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const task = sorted === undefined ? i : (sorted[i] as number);
    const from = depOffsets[task] as number;
    const to = depOffsets[task + 1] as number;
    let sum = 1;
    let most =
      from === to ? (users.offsets[task + 1] as number) - (users.offsets[task] as number) : 0;
    for (let e = from; e < to; e++) {
      const dep = deps[e] as number;
      sum += below[dep] as number;
      most = Math.max(most, rootUsers[dep] as number);
    }
    below[task] = sum;
    rootUsers[task] = most;
  }
  const arity = (task: number) => (depOffsets[task + 1] as number) - (depOffsets[task] as number);
  const rootCount = (task: number) => roots?.count(task) ?? 0;
  const compare = (a: number, b: number): number => {
    const belowA = below[a] as number;
    const belowB = below[b] as number;
    if (belowA !== belowB) return belowA < belowB ? -1 : 1;
    return (
      arity(a) - arity(b) ||
      rootCount(a) - rootCount(b) ||
      (rootUsers[b] as number) - (rootUsers[a] as number) ||
      a - b
    );
  };
  return { compare };
}
