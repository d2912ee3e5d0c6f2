/**
 * @file What Node's permission model (`node --permission`) refuses: errors that say which flag is
 * missing, instead of "access has been restricted".
 */

const DENIED: ReadonlySet<unknown> = new Set(["ERR_ACCESS_DENIED", "ERR_DLOPEN_DISABLED"]);

/** Whether an error says that the permission model refused something. */
export function isDenied(error: unknown): boolean {
  return error instanceof Error && DENIED.has((error as { code?: unknown }).code);
}

/** What to do about `what`, which needs this flag. */
export function deniedAdvice(what: string, flag: string): string {
  return `Node's permission model (node --permission) refuses ${what}: start node with ${flag}`;
}
