/** @file Errors: what a task throws comes back with its class, message and stack. */
import { Client, isHeddleError } from "heddle";

await Client.with({ embedded: true }, async (client) => {
  const bad = client.submit((x: number) => {
    if (x > 0) throw new RangeError(`${x} is too large`);
    return x;
  }, 7);
  const error: unknown = await bad.result().catch((e: unknown) => e);
  if (isHeddleError(error, "TaskFailed")) console.log(error.code, error.cause);
});
