/**
 * @file What messages cost on their way to the socket and back, without the socket: microseconds
 * for each message to encode, decode, and to go through a session and the frame parser. The best of
 * several rounds, since the machine is shared. Run after `npm run build`:
 * `node bench/protocol-micro.mjs`.
 */
import * as p from "../dist/protocol/index.js";

const lease = p.message("lease", 0x21, {
  graph: p.u32,
  ids: p.i32s,
  epochs: p.f64s,
  needs: p.i32s,
  sizes: p.f64s,
  words: p.list(p.record({ id: p.u32, tag: p.u8, value: p.f64 })),
  cause: p.optional(p.text),
});
const finished = p.message("finished", 0x31, {
  ids: p.i32s,
  epochs: p.f64s,
  tags: p.u8s,
  values: p.f64s,
  seconds: p.f64s,
});
const release = p.message("release", 0x22, { id: p.u32, cause: p.text });
const note = p.message("note", 0x40, { level: p.oneOf("info", "warn"), facts: p.json });
const set = p.messageSet([lease, finished, release, note]);

const count = (n, f) => Array.from({ length: n }, (_, i) => f(i));
const leaseOf = (n) => ({
  kind: "lease",
  graph: 7,
  ids: Int32Array.from(count(n, (i) => 1000 + i)),
  epochs: Float64Array.from(count(n, (i) => 5000 + i)),
  needs: new Int32Array(0),
  sizes: new Float64Array(0),
  words: [],
});
const finishedOf = (n) => ({
  kind: "finished",
  ids: Int32Array.from(count(n, (i) => 1000 + i)),
  epochs: Float64Array.from(count(n, (i) => 5000 + i)),
  tags: new Uint8Array(n).fill(1),
  values: Float64Array.from(count(n, (i) => i / 7)),
  seconds: Float64Array.from(count(n, () => 1e-5)),
});
const facts = { host: "node-17", memory: 4e9, tags: ["a", "b"], nested: { x: 1, y: [1, 2, 3] } };

/** Name, messages in one body. */
const CASES = [
  ["lease of 256 tasks", [leaseOf(256)]],
  ["lease of 1 task", [leaseOf(1)]],
  ["lease of 10,000 tasks", [leaseOf(10_000)]],
  ["finished, 256 tasks", [finishedOf(256)]],
  ["finished, 1 task", [finishedOf(1)]],
  ["release, 1 of 100 in a body", count(100, (i) => ({ kind: "release", id: i, cause: "c-17" }))],
  ["JSON note", [{ kind: "note", level: "info", facts }]],
];

/** Microseconds of one call of `run`, in the best of several rounds. */
function microseconds(run) {
  const roundMs = 60;
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 7; round++) {
    const start = performance.now();
    let calls = 0;
    while (performance.now() - start < roundMs) {
      for (let i = 0; i < 20; i++) run();
      calls += 20;
    }
    best = Math.min(best, ((performance.now() - start) * 1000) / calls);
  }
  return best;
}

/** What a sender and a receiver do for one body, except for the socket. */
function throughSession(messages) {
  const batch = set.batch();
  const [a, b] = [new p.Session("s", 0), new p.Session("s", 0)];
  const parser = new p.FrameParser({ maxBodyBytes: p.BODY_MAX });
  const acks = new p.FrameParser();
  let turn = 0;
  const deliver = (frame) => {
    for (const command of b.receive(frame, turn)) {
      if (command.kind === "deliver") set.decode(command.body);
    }
  };
  const acknowledge = (frame) => a.receive(frame, turn);
  const write = (commands, to, take) => {
    for (const command of commands) {
      if (command.kind !== "transmit") continue;
      for (const chunk of command.chunks) to.push(chunk, take);
    }
  };
  return () => {
    turn++;
    for (const message of messages) batch.add(message);
    for (const body of batch.take()) write(a.send(body), parser, deliver);
    if (b.dueMs <= turn) write(b.tick(turn), acks, acknowledge);
  };
}

const row = (...cells) => console.log(cells.map((c, i) => `${c}`.padEnd(i ? 12 : 30)).join(""));
row("microseconds a message", "encode", "decode", "session", "bytes");
for (const [name, messages] of CASES) {
  const batch = set.batch();
  const body = p.joinChunks(set.encode(messages));
  const encode = microseconds(() => {
    for (const message of messages) batch.add(message);
    batch.take();
  });
  const decode = microseconds(() => set.decode(body));
  const session = microseconds(throughSession(messages));
  const each = (us) => (us / messages.length).toFixed(3);
  row(name, each(encode), each(decode), each(session), body.length / messages.length);
}
