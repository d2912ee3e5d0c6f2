/**
 * @file Walking over the cells of a grid.
 */

/** The next cell of a grid in C order. */
export function advance(cell: number[], grid: readonly number[]): void {
  for (let axis = grid.length - 1; axis >= 0; axis--) {
    const next = (cell[axis] as number) + 1;
    cell[axis] = next < (grid[axis] as number) ? next : 0;
    if (next < (grid[axis] as number)) return;
  }
}
