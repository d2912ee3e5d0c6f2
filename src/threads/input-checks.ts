/**
 * @file Validate mode: fingerprints of what a task is given, taken when it is read and compared
 * when the task has ended. Inputs are shared by all who read them, so a task that changes one
 * changes what the others see.
 */
import { HeddleError } from "../core/errors.ts";
import { checksum } from "../heap/checksum.ts";

interface Input {
  readonly key: string;
  readonly bytes: Uint8Array;
  readonly sum: number;
}

/** The inputs of one running task. */
export class InputChecks {
  readonly #inputs: Input[] = [];

  /** The task reads the value at `bytes`, which stay in place until it has ended. */
  add(key: string, bytes: Uint8Array): void {
    this.#inputs.push({ key, bytes, sum: checksum(bytes) });
  }

  /** `InputMutated` when any of them is not what it was. */
  problem(task: string): HeddleError<"InputMutated"> | undefined {
    const changed = this.#inputs.find(({ bytes, sum }) => checksum(bytes) !== sum);
    if (changed === undefined) return undefined;
    return new HeddleError(
      "InputMutated",
      `${changed.key}, an input of task ${task}, changed while the task ran. Inputs are shared by ` +
        "all tasks that read them: work on a copy, as in array.copy(). (Should other tasks have " +
        "read it at the same time, one of them may be to blame.)",
      { fields: { task, input: changed.key } },
    );
  }
}
