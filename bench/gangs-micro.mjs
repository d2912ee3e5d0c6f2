/**
 * @file What members of a gang in threads of one process pay for what they send each other, as a
 * ratio to a bare `MessagePort` between two threads in the same run: both in turn, in several
 * rounds, of which the best counts. A round trip is a value there and one back; a reduction on
 * ports is an array to one side, and the sum back. Run after `npm run build`:
 * `node bench/gangs-micro.mjs`.
 */
import { isMainThread, MessageChannel, parentPort, Worker } from "node:worker_threads";
import { getGang, group } from "../dist/cluster/index.js";
import { Client } from "../dist/index.js";

/** Elements of eight bytes, and how often in a round. */
const CASES = [
  [1, 2000],
  [1000, 2000],
  [100_000, 100],
  [1_000_000, 20],
];
const ROUNDS = 3;

/** One side of a pair over a port: it gets and posts arrays. */
class PortSide {
  #arrived = [];
  #wake = () => undefined;
  #port;

  constructor(port) {
    this.#port = port;
    port.on("message", (value) => {
      this.#arrived.push(value);
      this.#wake();
    });
  }

  send(value) {
    this.#port.postMessage(value);
  }

  async recv() {
    while (this.#arrived.length === 0) {
      await new Promise((resolve) => {
        this.#wake = resolve;
      });
    }
    return this.#arrived.shift();
  }

  async trips(isFirst, count, rounds) {
    const own = new Float64Array(count).fill(1);
    const begin = performance.now();
    for (let i = 0; i < rounds; i++) {
      if (isFirst) this.send(own);
      await this.recv();
      if (!isFirst) this.send(own);
    }
    return (1000 * (performance.now() - begin)) / rounds;
  }

  async sums(isFirst, count, rounds) {
    const own = new Float64Array(count).fill(1);
    const begin = performance.now();
    for (let i = 0; i < rounds; i++) {
      if (!isFirst) {
        this.send(own);
        await this.recv();
        continue;
      }
      const total = own.slice();
      const other = await this.recv();
      for (let k = 0; k < count; k++) total[k] += other[k];
      this.send(total);
    }
    return (1000 * (performance.now() - begin)) / rounds;
  }
}

class Member {
  async trips(count, rounds) {
    const gang = getGang();
    const own = new Float64Array(count).fill(1);
    const begin = performance.now();
    for (let i = 0; i < rounds; i++) {
      if (gang.rank === 0) await gang.send(1, own);
      await gang.recv(1 - gang.rank);
      if (gang.rank === 1) await gang.send(0, own);
    }
    return (1000 * (performance.now() - begin)) / rounds;
  }

  async sums(count, rounds) {
    const own = new Float64Array(count).fill(1);
    const begin = performance.now();
    for (let i = 0; i < rounds; i++) await getGang().allReduce(own, "sum", { out: own });
    return (1000 * (performance.now() - begin)) / rounds;
  }

  async barriers(rounds) {
    const begin = performance.now();
    for (let i = 0; i < rounds; i++) await getGang().barrier();
    return (1000 * (performance.now() - begin)) / rounds;
  }
}

async function measure() {
  const sides = [0, 1].map(() => new Worker(new URL(import.meta.url)));
  const { port1, port2 } = new MessageChannel();
  sides[0].postMessage(port1, [port1]);
  sides[1].postMessage(port2, [port2]);
  const onPorts = async (what, count, rounds) => {
    const told = sides.map(
      (side, i) =>
        new Promise((resolve) => {
          side.once("message", resolve);
          side.postMessage([what, i === 0, count, rounds]);
        }),
    );
    return Math.max(...(await Promise.all(told)));
  };
  await Client.with({ threads: 2 }, async () => {
    const gang = await group(2, Member);
    for (const what of ["trips", "sums"]) {
      for (const [count, rounds] of CASES) {
        let [best, bare] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
        for (let round = 0; round < ROUNDS; round++) {
          bare = Math.min(bare, await onPorts(what, count, rounds));
          best = Math.min(best, Math.max(...(await gang.call(what, count, rounds))));
        }
        const ratio = (bare / best).toFixed(2);
        console.log(
          `${what} of ${count}: gang ${best.toFixed(1)} us, ports ${bare.toFixed(1)} us: ${ratio}`,
        );
      }
    }
    const barriers = Math.max(...(await gang.call("barriers", 5000)));
    console.log(`barrier: ${barriers.toFixed(1)} us`);
    await gang.release();
  });
  for (const side of sides) await side.terminate();
}

if (isMainThread) await measure();
else {
  parentPort.once("message", (port) => {
    const side = new PortSide(port);
    parentPort.on("message", async ([what, isFirst, count, rounds]) => {
      parentPort.postMessage(await side[what](isFirst, count, rounds));
    });
  });
}
