/**
 * @file The plain order: each output in turn, depth first, what needs most room first (Sethi and
 * Ullman's rule, which is optimal for trees), and every task that only frees memory as soon as it
 * can run. Linear on any graph.
 */
import type { Adjacency, Edges } from "./topology.ts";

/** Ranks of all tasks. */
export function depthFirstOrder(
  edges: Edges,
  users: Adjacency,
  sorted: Int32Array | undefined,
): Int32Array {
  return new Walk(edges, users, roomNeeded(edges, sorted)).run();
}

/**
 * Results held at once by a task's own tree, if it were a tree: more for a wide one, 1 for a chain.
 */
function roomNeeded(
  { count, depOffsets, deps }: Edges,
  sorted: Int32Array | undefined,
): Int32Array {
  const room = new Int32Array(count);
  for (let i = 0; i < count; i++) {
    const task = sorted === undefined ? i : (sorted[i] as number);
    const from = depOffsets[task] as number;
    const to = depOffsets[task + 1] as number;
    if (to - from < 2) {
      room[task] = from === to ? 1 : (room[deps[from] as number] as number);
      continue;
    }
    if (to - from === 2) {
      const a = room[deps[from] as number] as number;
      const b = room[deps[from + 1] as number] as number;
      room[task] = a === b ? a + 1 : Math.max(a, b);
      continue;
    }
    const parts = Array.from(deps.subarray(from, to), (dep) => room[dep] as number);
    parts.sort((a, b) => b - a);
    let most = to - from;
    for (let k = 0; k < parts.length; k++) most = Math.max(most, (parts[k] as number) + k);
    room[task] = most;
  }
  return room;
}

/** A result with more users is not searched for its last one again and again. */
const SEARCHED = 16;

class Walk {
  readonly #edges: Edges;
  readonly #users: Adjacency;
  readonly #room: Int32Array;
  readonly #rank: Int32Array;
  readonly #lacking: Int32Array;
  /** Users of each result that have not run. */
  readonly #usesLeft: Int32Array;
  #ranked = 0;

  constructor(edges: Edges, users: Adjacency, room: Int32Array) {
    const { count, depOffsets } = edges;
    this.#edges = edges;
    this.#users = users;
    this.#room = room;
    this.#rank = new Int32Array(count).fill(-1);
    this.#lacking = new Int32Array(count);
    this.#usesLeft = new Int32Array(count);
    for (let i = 0; i < count; i++) {
      this.#lacking[i] = (depOffsets[i + 1] as number) - (depOffsets[i] as number);
      this.#usesLeft[i] = (users.offsets[i + 1] as number) - (users.offsets[i] as number);
    }
  }

  run(): Int32Array {
    const { count } = this.#edges;
    const { offsets } = this.#users;
    for (let task = 0; task < count; task++) {
      if (offsets[task] === offsets[task + 1]) this.#visit(task);
    }
    return this.#rank;
  }

  #visit(output: number): void {
    const { depOffsets, deps } = this.#edges;
    const path = [output];
    while (path.length > 0) {
      const task = path[path.length - 1] as number;
      if ((this.#rank[task] as number) >= 0) {
        path.pop();
        continue;
      }
      if (this.#lacking[task] === 0) {
        path.pop();
        this.#add(task);
        continue;
      }
      const from = path.length;
      const end = depOffsets[task + 1] as number;
      for (let e = depOffsets[task] as number; e < end; e++) {
        if ((this.#rank[deps[e] as number] as number) < 0) path.push(deps[e] as number);
      }
      if (path.length - from > 1) this.#sortTop(path, from);
    }
  }

  /**
   * Sorts what was pushed from `from` on: on top what needs most room, the smaller id among equals.
   */
  #sortTop(path: number[], from: number): void {
    const room = this.#room;
    const compare = (a: number, b: number) => (room[a] as number) - (room[b] as number) || b - a;
    if (path.length - from > 2) {
      const sorted = path.slice(from).sort(compare);
      for (let i = 0; i < sorted.length; i++) path[from + i] = sorted[i] as number;
      return;
    }
    const a = path[from] as number;
    const b = path[from + 1] as number;
    if (compare(a, b) <= 0) return;
    path[from] = b;
    path[from + 1] = a;
  }

  /** Ranks a task, then what it made runnable and what frees a result: that never costs room. */
  #add(first: number): void {
    const ready = [first];
    const { depOffsets, deps } = this.#edges;
    const { offsets, nodes } = this.#users;
    while (ready.length > 0) {
      const task = ready.pop() as number;
      if ((this.#rank[task] as number) >= 0) continue;
      this.#rank[task] = this.#ranked++;
      for (let e = depOffsets[task] as number; e < (depOffsets[task + 1] as number); e++) {
        const dep = deps[e] as number;
        this.#usesLeft[dep] = (this.#usesLeft[dep] as number) - 1;
        if (this.#usesLeft[dep] === 1) this.#pushLastUser(dep, ready);
      }
      for (let e = (offsets[task + 1] as number) - 1; e >= (offsets[task] as number); e--) {
        const user = nodes[e] as number;
        this.#lacking[user] = (this.#lacking[user] as number) - 1;
        if (this.#lacking[user] === 0 && this.#freesOne(user)) ready.push(user);
      }
    }
  }

  /** The one user left of a result, if nothing else is lacking there. */
  #pushLastUser(dep: number, ready: number[]): void {
    const { offsets, nodes } = this.#users;
    if ((offsets[dep + 1] as number) - (offsets[dep] as number) > SEARCHED) return;
    for (let e = offsets[dep] as number; e < (offsets[dep + 1] as number); e++) {
      const user = nodes[e] as number;
      if ((this.#rank[user] as number) < 0 && this.#lacking[user] === 0) ready.push(user);
    }
  }

  #freesOne(task: number): boolean {
    const { depOffsets, deps } = this.#edges;
    for (let e = depOffsets[task] as number; e < (depOffsets[task + 1] as number); e++) {
      if (this.#usesLeft[deps[e] as number] === 1) return true;
    }
    return this.#users.offsets[task] === this.#users.offsets[task + 1];
  }
}
