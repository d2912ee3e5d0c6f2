/**
 * @file Which collective a member of a gang is in. All members call the same ones in the same
 * order; those that do not might wait for each other for ever. So who waits for long tells the
 * others in which one it is, and who is or was in another one at its place in the order knows that
 * they disagree.
 */
import { checkSubject } from "./gang-subjects.ts";

/** So many past calls are remembered: nobody is so far ahead of one that waits. */
const KEPT = 1024;

export class GangAgreement {
  readonly #rank: number;
  /** Subjects of the last calls, by their number. */
  readonly #own = new Map<number, number>();
  /** What others have said of calls that this member has not come to. */
  readonly #claims = new Map<number, { readonly from: number; readonly subject: number }>();
  #next = 0;

  constructor(rank: number) {
    this.#rank = rank;
  }

  /** A call begins; returns its number. Throws as `checkSubject`. */
  begin(subject: number): number {
    const number = this.#next++;
    this.#own.set(number, subject);
    this.#own.delete(number - KEPT);
    const claim = this.#claims.get(number);
    this.#claims.delete(number);
    if (claim !== undefined) checkSubject(subject, claim.subject, [this.#rank, claim.from]);
    return number;
  }

  /** Another member waits in a call. Throws as `checkSubject`. */
  hear(from: number, number: number, subject: number): void {
    const own = this.#own.get(number);
    if (own !== undefined) checkSubject(own, subject, [this.#rank, from]);
    else if (number >= this.#next) this.#claims.set(number, { from, subject });
  }
}
