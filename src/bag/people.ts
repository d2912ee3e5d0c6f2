/**
 * @file `makePeople`: made-up records with nested fields, to try bags on. After `dask.datasets`.
 */
import { checkOptionNames } from "../core/options.ts";
import { Prng } from "../core/prng.ts";
import { referToAll } from "../functions/index.ts";
import { Bag } from "./bag.ts";
import { atLeast } from "./lowering.ts";
import { columnEntry, constant, Node, sourceParts } from "./parts.ts";
import * as self from "./people.ts";

/** A made-up person. */
export interface Person {
  age: number;
  name: [first: string, last: string];
  occupation: string;
  telephone: string;
  address: { address: string; city: string };
  creditCard: { number: string; expirationDate: string };
}

/** Options of {@link makePeople}. */
export interface PeopleOptions {
  /** Default 10. */
  readonly npartitions?: number;
  /** Default 1000. */
  readonly recordsPerPartition?: number;
  /** The same seed gives the same people; default: a new one. */
  readonly seed?: number;
}

/**
 * A bag of made-up people.
 *
 * @example
 * import { makePeople } from "heddle/bag";
 * const people = makePeople({ seed: 1 });
 * console.log(await people.filter((p) => p.age >= 16).count().compute()); // 10000
 */
export function makePeople(options: PeopleOptions = {}): Bag<Person> {
  checkOptionNames("makePeople", options, ["npartitions", "recordsPerPartition", "seed"]);
  const count = atLeast(1, "makePeople", options.npartitions ?? 10);
  const size = atLeast(0, "makePeople", options.recordsPerPartition ?? 1000);
  const prng = new Prng(options.seed ?? Math.floor(Math.random() * 2 ** 32));
  const seeds = Float64Array.from({ length: count }, () => prng.uint32());
  return new Bag<Person>(
    new Node(count, () =>
      sourceParts(count, {
        word: "make-people",
        fn: peopleOf,
        fused: streamPeople,
        args: [columnEntry(0), constant(size)],
        columns: [{ kind: "number", data: seeds }],
      }),
    ),
  );
}

/** Task: `count` people from a seed. */
export function peopleOf(seed: number, count: number): Person[] {
  return Array.from(streamPeople(seed, count));
}

/** The same, one by one. */
export function* streamPeople(seed: number, count: number): Generator<Person> {
  const prng = new Prng(seed);
  for (let i = 0; i < count; i++) yield person(prng);
}

function person(prng: Prng): Person {
  const pick = (words: readonly string[]): string => prng.pick(words) as string;
  const digits = (length: number): string =>
    String(prng.integer(10 ** length)).padStart(length, "0");
  const first = pick(FIRST);
  return {
    age: 16 + prng.integer(80),
    name: [first, pick(LAST)],
    occupation: pick(OCCUPATIONS),
    telephone: `+1-555-${digits(3)}-${digits(4)}`,
    address: { address: `${1 + prng.integer(999)} ${pick(STREETS)}`, city: pick(CITIES) },
    creditCard: {
      number: [digits(4), digits(4), digits(4), digits(4)].join(" "),
      expirationDate: `${String(1 + prng.integer(12)).padStart(2, "0")}/${26 + prng.integer(8)}`,
    },
  };
}

const FIRST = "Ada Ben Carla Dario Elena Felix Grace Hugo Iris Jonas Kira Leo Mina Noah".split(" ");
const LAST = "Weaver Spinner Dyer Fuller Webster Tailor Draper Mercer Shearer Woolley".split(" ");
const OCCUPATIONS = "weaver,spinner,dyer,tailor,teacher,pilot,nurse,baker,farmer".split(",");
const STREETS = "Loom Lane,Warp Way,Weft Street,Heddle Road,Shuttle Square,Thread Alley".split(",");
const CITIES = "Bern,Lyon,Manchester,Prato,Kyoto,Oaxaca,Lowell,Ghent".split(",");

referToAll(import.meta.url, self);
