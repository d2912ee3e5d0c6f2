/**
 * @file What a rank says of itself, to see whether a launcher works before anything depends on it.
 */
import type { Rank } from "./rank.ts";

/** The line of `heddle mpi --hello`: as that of mpi4py, with what else is known. */
export function helloLine(rank: Rank, host: string, nodeName: string | undefined): string {
  const { launcher, rank: own, size, localRank, localSize, launch } = rank;
  const node = nodeName === undefined || nodeName === host ? host : `${host} (node ${nodeName})`;
  const more = [
    launcher,
    ...(localRank === undefined ? [] : [`rank ${localRank} of ${localSize ?? "?"} on this node`]),
    ...(launch === undefined ? ["nothing names the launch"] : []),
  ];
  return `Hello, World! I am process ${own} of ${size} on ${node}. [${more.join(", ")}]`;
}
