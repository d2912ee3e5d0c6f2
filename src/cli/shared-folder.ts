/**
 * @file Whether a folder lies on a file system that other hosts share. Values that a worker spills
 * there cross the network twice, and hundreds of workers bring such a system to a halt.
 */
import { statfsSync } from "node:fs";
import { dirname } from "node:path";

/** Linux' numbers of file systems on other hosts. */
const SHARED: ReadonlyMap<number, string> = new Map([
  [0x6969, "NFS"],
  [0x0b_d0_0b_d0, "Lustre"],
  [0x47_50_46_53, "GPFS"],
  [0x19_83_03_26, "BeeGFS"],
  [0x00_c3_64_00, "Ceph"],
  [0xaa_d7_aa_ea, "PanFS"],
  [0x53_46_41_4f, "AFS"],
  [0xff_53_4d_42, "CIFS"],
  [0xfe_53_4d_42, "SMB"],
]);

/** Number of the file system that a path lies on; undefined where nobody knows. */
function kindOf(path: string): number | undefined {
  if (process.platform !== "linux") return undefined;
  try {
    return statfsSync(path).type;
  } catch {
    // It is made later, in the folder above.
    return dirname(path) === path ? undefined : kindOf(dirname(path));
  }
}

/** The name of the shared file system that the folder lies on, if it does. */
export function sharedFileSystem(
  folder: string,
  kind: (path: string) => number | undefined = kindOf,
): string | undefined {
  const found = kind(folder);
  // Some are given as negative numbers of 32 bits.
  return found === undefined ? undefined : SHARED.get(found >>> 0);
}
