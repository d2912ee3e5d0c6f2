/**
 * @file The tasks that queues, variables, datasets and answers under way refer to. To the scheduler
 * they have one owner; here each is counted, so that it is wanted from its first use to its last.
 */

export class OwnedTasks {
  readonly #counts = new Map<number, number>();
  /** Tasks touched in this step, and whether the scheduler was told to want them. */
  readonly #touched = new Map<number, boolean>();

  keep(ids: Int32Array): void {
    for (const id of ids) this.#change(id, 1);
  }

  drop(ids: Int32Array): void {
    for (const id of ids) this.#change(id, -1);
  }

  get ids(): number[] {
    return [...this.#counts.keys()];
  }

  /** What has changed since it was asked last. */
  changes(): { readonly wanted: Int32Array; readonly released: Int32Array } {
    const wanted: number[] = [];
    const released: number[] = [];
    for (const [id, wasWanted] of this.#touched) {
      const isWanted = this.#counts.has(id);
      if (isWanted && !wasWanted) wanted.push(id);
      if (!isWanted && wasWanted) released.push(id);
    }
    this.#touched.clear();
    return { wanted: Int32Array.from(wanted), released: Int32Array.from(released) };
  }

  #change(id: number, by: number): void {
    const count = this.#counts.get(id) ?? 0;
    if (!this.#touched.has(id)) this.#touched.set(id, count > 0);
    if (count + by > 0) this.#counts.set(id, count + by);
    else this.#counts.delete(id);
  }
}
