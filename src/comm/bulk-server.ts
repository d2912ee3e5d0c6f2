/**
 * @file Serving values to whoever pulls them, and taking those that are pushed, one connection at a
 * time beside the others. Values are written from where they lie, and held until they have left.
 */
import { HeddleError, isHeddleError } from "../core/errors.ts";
import {
  bytesOfChunks,
  FRAME,
  type Frame,
  type FrameHeader,
  type Hello,
  protocolError,
} from "../protocol/index.ts";
import {
  ANSWER,
  Arrival,
  type BulkAnswer,
  type BulkGet,
  type BulkPut,
  bulkFrame,
  dataFrames,
  GET,
  PUT,
  REQUEST_BYTES_MAX,
  readBulk,
} from "./bulk-frames.ts";
import type { Greeted } from "./comm.ts";
import { unexpected } from "./frame-channel.ts";
import type { BulkDoor, Listener } from "./listen.ts";
import { DIRECT_BYTES, frameSink, type Wire } from "./wire.ts";

/** Bytes of a value that stay where they are until `release` is called. */
export interface HeldBytes {
  readonly bytes: Uint8Array;
  readonly release?: () => void;
}

/** Room for a value that is pushed. */
export interface BulkRoom {
  /** As many bytes as were announced; may lie in shared memory. */
  readonly target: Uint8Array;
  /** All bytes are there. What it throws is told to the sender. */
  readonly stored: () => void | Promise<void>;
  /** The sender went away before all bytes came. */
  readonly dropped: () => void;
}

/** The values of a process. */
export interface BulkStore {
  /**
   * A value's bytes, or those of the part that is asked for, or undefined when they are not here
   * (any more).
   */
  readonly get: (
    id: number,
    peer: Hello,
    part?: unknown,
  ) => HeldBytes | undefined | Promise<HeldBytes | undefined>;
  /** Makes room for a value that somebody pushes; throws to refuse it. Nothing is taken without. */
  readonly put?: (
    id: number,
    bytes: number,
    peer: Hello,
    facts: unknown,
  ) => BulkRoom | Promise<BulkRoom>;
}

/** Limits of a bulk server. */
export interface BulkServerOptions {
  /** Bytes written and not gone before the next value is fetched, for each connection (64 MiB). */
  readonly inFlightBytes?: number;
  /** A transfer that does not move for so long is over (30,000). */
  readonly stallMs?: number;
  /** Hears of connections that broke or talked nonsense. */
  readonly log?: (remote: string, error: Error) => void;
}

/** Small answers and values are written together up to this size. */
const GATHER_BYTES = 256 * 1024;
/** Requests that may wait on one connection. */
const REQUESTS_MAX = 16;

/** Serves `store` to all bulk connections of a listener. */
export function serveBulk(
  listener: Pick<Listener, "bulk">,
  store: BulkStore,
  options: BulkServerOptions = {},
): void {
  listener.bulk = () => new BulkPeer(store, options);
}

class BulkPeer implements BulkDoor {
  readonly #store: BulkStore;
  readonly #options: BulkServerOptions;
  #wire: Wire | undefined;
  #peer: Hello | undefined;
  readonly #requests: (BulkGet | BulkPut)[] = [];
  #isServing = false;
  /** The value being pushed, and who waits for its end. */
  #arrival: Arrival | undefined;
  #arrived: (() => void) | undefined;
  /** Chunks not written yet, their size, and what to release once they are gone. */
  #chunks: Uint8Array[] = [];
  #chunkBytes = 0;
  #held: HeldBytes[] = [];
  #inFlightBytes = 0;
  #moved: (() => void) | undefined;
  #isClosed = false;

  constructor(store: BulkStore, options: BulkServerOptions) {
    this.#store = store;
    this.#options = options;
  }

  place = (header: FrameHeader): Uint8Array | undefined => {
    if (header.type === FRAME.bulkData) {
      if (this.#arrival !== undefined) return this.#arrival.place(header.bodyBytes);
      throw protocolError("Bytes of a value came that nobody waits for.");
    }
    if (header.bodyBytes <= REQUEST_BYTES_MAX) return undefined;
    throw protocolError(`A request of ${header.bodyBytes} bytes, at most ${REQUEST_BYTES_MAX}.`);
  };

  open({ wire, parser, early }: Greeted, peer: Hello): void {
    this.#wire = wire;
    this.#peer = peer;
    wire.onClosed = (error) => this.#closed(error);
    const { stallMs = 30_000 } = this.#options;
    wire.watch(stallMs, () => {
      // A store that takes its time is not the connection's fault.
      if (this.#inFlightBytes === 0 && this.#arrival === undefined) return;
      this.#fail(new HeddleError("Timeout", `The transfer did not move for ${stallMs} ms`));
    });
    const guard = (step: () => void): void => {
      try {
        step();
      } catch (error) {
        this.#fail(error as Error);
      }
    };
    const take = (frame: Frame): void => this.#take(frame);
    wire.sink = frameSink(parser, take, guard);
    guard(() => early.forEach(take));
  }

  #take(frame: Frame): void {
    switch (frame.type) {
      case FRAME.bulkGet:
        return this.#request(readBulk(GET, frame, "get"));
      case FRAME.bulkPut:
        return this.#request(readBulk(PUT, frame, "put"));
      case FRAME.bulkData:
        return this.#took(frame.bodyBytes);
      default:
        throw unexpected(frame, "bulkGet");
    }
  }

  #request(request: BulkGet | BulkPut): void {
    const lengths = "offsets" in request ? request.offsets.length : request.bytes.length;
    const isWhole = lengths === request.ids.length || ("offsets" in request && lengths === 0);
    if (!isWhole) throw protocolError(`${request.ids.length} ids with ${lengths} numbers.`);
    if ("parts" in request) checkParts(request);
    if (this.#requests.push(request) > REQUESTS_MAX) {
      throw protocolError(`More than ${REQUESTS_MAX} requests at a time.`);
    }
    if (this.#isServing) return;
    this.#isServing = true;
    this.#serveAll().then(
      () => {
        this.#isServing = false;
      },
      (error: Error) => this.#fail(error),
    );
  }

  async #serveAll(): Promise<void> {
    for (let next = this.#requests[0]; next !== undefined; next = this.#requests[0]) {
      await ("offsets" in next ? this.#serveGet(next) : this.#servePut(next));
      this.#requests.shift();
    }
  }

  async #serveGet({ ids, offsets, parts }: BulkGet): Promise<void> {
    for (const [i, id] of ids.entries()) {
      if (this.#isClosed) return;
      try {
        const part = (parts as readonly unknown[] | null)?.[i];
        const found = this.#store.get(id, this.#peer as Hello, part);
        this.#send(id, found instanceof Promise ? await found : found, offsets[i] ?? 0);
      } catch (error) {
        this.#answer({ id, status: "failed", bytes: 0, message: textOf(error) });
      }
      if (this.#chunkBytes >= GATHER_BYTES) this.#flush();
      await this.#hasRoom();
    }
    this.#flush();
  }

  #send(id: number, held: HeldBytes | undefined, offset: number): void {
    if (held === undefined) return this.#answer({ id, status: "gone", bytes: 0, message: "" });
    this.#held.push(held);
    const { bytes } = held;
    if (!(offset >= 0 && offset <= bytes.length)) {
      const message = `Value ${id} has ${bytes.length} bytes and was asked for from ${offset} on`;
      return this.#answer({ id, status: "failed", bytes: bytes.length, message });
    }
    this.#answer({ id, status: "here", bytes: bytes.length, message: "" });
    this.#append(dataFrames(bytes.subarray(offset)));
  }

  async #servePut({ ids, bytes, facts }: BulkPut): Promise<void> {
    for (const [i, id] of ids.entries()) {
      if (this.#isClosed) return;
      const size = bytes[i] ?? 0;
      let room: BulkRoom;
      try {
        room = await this.#makeRoom(id, size, facts);
      } catch (error) {
        this.#answer({ id, status: "refused", bytes: size, message: textOf(error) });
        this.#flush();
        continue;
      }
      await this.#receive(id, room);
    }
  }

  async #makeRoom(id: number, bytes: number, facts: unknown): Promise<BulkRoom> {
    const { put } = this.#store;
    if (put === undefined) throw protocolError("No values are taken here.");
    const room = await put(id, bytes, this.#peer as Hello, facts);
    if (room.target.length === bytes) return room;
    room.dropped();
    throw protocolError(`Value ${id} has ${bytes} bytes, its room ${room.target.length}.`);
  }

  async #receive(id: number, room: BulkRoom): Promise<void> {
    const arrival = new Arrival(id, room.target);
    const bytes = room.target.length;
    if (bytes >= DIRECT_BYTES && this.#inFlightBytes === 0) this.#wire?.readDirectly();
    const done = new Promise<void>((resolve) => {
      this.#arrived = resolve;
    });
    this.#arrival = arrival;
    this.#answer({ id, status: "go", bytes, message: "" });
    this.#flush();
    if (!arrival.isComplete && !this.#isClosed) await done;
    this.#arrival = undefined;
    if (!arrival.isComplete) return room.dropped();
    try {
      await room.stored();
      this.#answer({ id, status: "stored", bytes, message: "" });
    } catch (error) {
      this.#answer({ id, status: "refused", bytes, message: textOf(error) });
    }
    this.#flush();
  }

  #took(bytes: number): void {
    const arrival = this.#arrival;
    if (arrival === undefined) return;
    arrival.filled += bytes;
    if (arrival.isComplete) this.#arrived?.();
  }

  #answer(answer: BulkAnswer): void {
    this.#append(bulkFrame(FRAME.bulkAnswer, ANSWER, answer));
  }

  #append(chunks: readonly Uint8Array[]): void {
    for (const chunk of chunks) this.#chunks.push(chunk);
    this.#chunkBytes += bytesOfChunks(chunks);
  }

  #flush(): void {
    const { length } = this.#chunks;
    const chunks = this.#chunks;
    const bytes = this.#chunkBytes;
    const held = this.#held;
    if (length === 0) return;
    this.#chunks = [];
    this.#chunkBytes = 0;
    this.#held = [];
    this.#inFlightBytes += bytes;
    const written = (): void => {
      this.#inFlightBytes -= bytes;
      for (const { release } of held) release?.();
      this.#moved?.();
    };
    if (this.#wire === undefined) written();
    else this.#wire.write(chunks, written);
  }

  async #hasRoom(): Promise<void> {
    const { inFlightBytes = 64 * 2 ** 20 } = this.#options;
    while (this.#inFlightBytes > inFlightBytes && !this.#isClosed) {
      await new Promise<void>((resolve) => {
        this.#moved = resolve;
      });
    }
  }

  #fail(error: Error): void {
    const wire = this.#wire;
    if (wire !== undefined && !this.#isClosed) this.#options.log?.(wire.remote, error);
    this.#closed(undefined);
    wire?.destroy();
  }

  #closed(error: Error | undefined): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    if (error !== undefined) this.#options.log?.(this.#wire?.remote ?? "", error);
    this.#flush();
    this.#arrived?.();
    this.#moved?.();
  }
}

/** What the other side is told of a failure; of what is no error of Heddle's nothing but that. */
function textOf(error: unknown): string {
  return isHeddleError(error) ? error.message : "The other side failed";
}

function checkParts({ ids, parts }: BulkGet): void {
  if (parts === null || (Array.isArray(parts) && parts.length === ids.length)) return;
  throw protocolError(`${ids.length} ids, and parts that are not as many.`);
}
