/** @file Lanes in the order in which workers serve them; emptied ones are dropped when met. */

/** What the order of lanes depends on. */
export interface Listed {
  readonly userPriority: number;
  readonly generation: number;
  readonly ranks: { readonly size: number };
  listed: boolean;
}

export class LaneList<L extends Listed> {
  readonly #lanes: L[] = [];

  insert(lane: L): void {
    let low = 0;
    let high = this.#lanes.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (comesBefore(this.#lanes[middle]!, lane)) low = middle + 1;
      else high = middle;
    }
    this.#lanes.splice(low, 0, lane);
    lane.listed = true;
  }

  /** The lanes that have tasks, best first. Do not keep the result. */
  *all(): Generator<L> {
    for (let i = 0; i < this.#lanes.length; ) {
      const lane = this.#lanes[i]!;
      if (lane.ranks.size === 0) {
        lane.listed = false;
        this.#lanes.splice(i, 1);
        continue;
      }
      yield lane;
      if (this.#lanes[i] === lane) i++;
    }
  }

  first(): L | undefined {
    for (const lane of this.all()) return lane;
    return undefined;
  }
}

/** Larger user priority first, then the older graph. */
export function comesBefore(
  a: Pick<Listed, "userPriority" | "generation">,
  b: Pick<Listed, "userPriority" | "generation">,
): boolean {
  if (a.userPriority !== b.userPriority) return a.userPriority > b.userPriority;
  return a.generation <= b.generation;
}
