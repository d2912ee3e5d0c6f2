/**
 * @file Which ends of a graph each node is connected to: the roots below it, or, with the edges
 * turned round, the outputs above it. Equal sets are stored once, because in dense graphs nearly
 * all are equal. The work is bounded: beyond its budget (long chains that gather roots one by one)
 * there is no answer, and ordering does without.
 */
import type { Adjacency } from "./topology.ts";

/** For each node a set of ends, shared between nodes. */
export class Connected {
  /**
   * By node: an index into `sets`, or the one end `n` as `~n`, so that chains cost no array each.
   */
  readonly #setOf: Int32Array;
  readonly #sets: readonly Int32Array[];

  constructor(setOf: Int32Array, sets: readonly Int32Array[]) {
    this.#setOf = setOf;
    this.#sets = sets;
  }

  /** Number of ends that the node is connected to; an end itself counts none. */
  count(node: number): number {
    const set = this.#setOf[node] as number;
    return set < 0 ? 1 : (this.#sets[set] as Int32Array).length;
  }

  /** Calls `visit` for each end that the node is connected to. */
  forEach(node: number, visit: (end: number) => void): void {
    const set = this.#setOf[node] as number;
    if (set < 0) visit(~set);
    else for (const end of this.#sets[set] as Int32Array) visit(end);
  }
}

/**
 * @param toEnds edges from each node to the nodes nearer to the ends
 * @param sequence the nodes, nearest to the ends first; undefined means by id, and `reversed` turns
 * either round
 */
export function connectedEnds(
  count: number,
  toEnds: Adjacency,
  sequence: Int32Array | undefined,
  reversed: boolean,
  budget: number,
): Connected | undefined {
  const setOf = new Int32Array(count);
  const sets: Int32Array[] = [new Int32Array(0)];
  const pool = new SetPool(count, sets);
  let left = budget;
  for (let i = 0; i < count; i++) {
    const position = reversed ? count - 1 - i : i;
    const node = sequence === undefined ? position : (sequence[position] as number);
    const from = toEnds.offsets[node] as number;
    const to = toEnds.offsets[node + 1] as number;
    if (from === to) {
      setOf[node] = ~node;
      continue;
    }
    const first = setOf[toEnds.nodes[from] as number] as number;
    let same = true;
    for (let e = from + 1; e < to && same; e++) {
      same = setOf[toEnds.nodes[e] as number] === first;
    }
    if (same) {
      setOf[node] = first;
      continue;
    }
    pool.begin();
    for (let e = from; e < to; e++) {
      left -= pool.add(setOf[toEnds.nodes[e] as number] as number);
    }
    if (left < 0) return undefined;
    setOf[node] = pool.end();
  }
  for (let node = 0; node < count; node++) {
    if (toEnds.offsets[node] === toEnds.offsets[node + 1]) setOf[node] = 0;
  }
  return new Connected(setOf, sets);
}

/** Builds unions, and finds a set of equal content if there is one. */
class SetPool {
  readonly #sets: Int32Array[];
  /** Marks the members of the union being built (by its number). */
  readonly #mark: Int32Array;
  readonly #byHash = new Map<number, number[]>();
  #setMark = new Int32Array(64);
  #round = 0;
  #members: number[] = [];
  #hash = 0;
  #largest = 0;

  constructor(count: number, sets: Int32Array[]) {
    this.#sets = sets;
    this.#mark = new Int32Array(count);
  }

  begin(): void {
    this.#round++;
    this.#members = [];
    this.#hash = 0;
    this.#largest = 0;
  }

  /** Adds a set to the union; returns the work done. */
  add(set: number): number {
    if (set < 0) {
      this.#member(~set);
      return 1;
    }
    if (set >= this.#setMark.length) {
      const larger = new Int32Array(Math.max(this.#sets.length, set + 1) * 2);
      larger.set(this.#setMark);
      this.#setMark = larger;
    }
    if (this.#setMark[set] === this.#round) return 1;
    this.#setMark[set] = this.#round;
    const items = this.#sets[set] as Int32Array;
    if (items.length > (this.#sets[this.#largest] as Int32Array).length) this.#largest = set;
    for (let i = 0; i < items.length; i++) this.#member(items[i] as number);
    return items.length + 1;
  }

  #member(end: number): void {
    if (this.#mark[end] === this.#round) return;
    this.#mark[end] = this.#round;
    this.#members.push(end);
    this.#hash = (this.#hash + Math.imul(end + 1, 0x9e3779b1)) | 0;
  }

  end(): number {
    const members = this.#members;
    if ((this.#sets[this.#largest] as Int32Array).length === members.length) return this.#largest;
    const alike = this.#byHash.get(this.#hash);
    for (const known of alike ?? []) {
      const items = this.#sets[known] as Int32Array;
      if (items.length !== members.length) continue;
      if (items.every((item) => this.#mark[item] === this.#round)) return known;
    }
    const made = this.#sets.push(Int32Array.from(members)) - 1;
    if (alike === undefined) this.#byHash.set(this.#hash, [made]);
    else alike.push(made);
    return made;
  }
}
