/**
 * @file One bulk connection from the side that asks: one request at a time, whose values stream
 * straight into the memory that the caller names. A connection on which anything goes wrong is
 * closed, never used again.
 */
import { HeddleError, isHeddleError } from "../core/errors.ts";
import { FRAME, type Frame, type FrameHeader, protocolError } from "../protocol/index.ts";
import { type Address, formatAddress } from "./addresses.ts";
import {
  ANSWER,
  Arrival,
  type BulkAnswer,
  bulkFrame,
  dataFrames,
  GET,
  PUT,
  REQUEST_BYTES_MAX,
  readBulk,
} from "./bulk-frames.ts";
import { nowMs } from "./comm.ts";
import { type DialerOptions, openGreeted } from "./connect.ts";
import { unexpected } from "./frame-channel.ts";
import { frameSink, type Wire } from "./wire.ts";

/** What became of one value. */
export interface BulkOutcome {
  readonly id: number;
  /** Of a get: `here`, `gone` (not there any more) or `failed`; of a put: `stored` or `refused`. */
  readonly status: "here" | "gone" | "failed" | "stored" | "refused";
  /** Bytes of the whole value, as far as the other side said. */
  readonly bytes: number;
  /** Why it failed or was refused. */
  readonly message: string;
}

/** Values wanted. */
export interface GetRequest {
  readonly ids: ArrayLike<number>;
  /** First byte wanted of each; all from their beginning unless given. */
  readonly offsets?: ArrayLike<number> | undefined;
  /** Which part of each, in JSON that the other side's store understands; whole unless given. */
  readonly parts?: readonly unknown[] | undefined;
  /** Memory for the bytes from the offset on: exactly so many, shared memory or not. */
  readonly place: (id: number, bytes: number) => Uint8Array;
  /** A value's last byte is there. */
  readonly arrived?: ((id: number) => void) | undefined;
}

/** Values to push; their bytes must not change until they are stored. */
export interface PutRequest {
  readonly values: readonly { readonly id: number; readonly bytes: Uint8Array }[];
  readonly facts: unknown;
}

/** A request under way. */
interface Transfer {
  readonly ids: ArrayLike<number>;
  readonly get: GetRequest | undefined;
  readonly put: PutRequest | undefined;
  readonly outcomes: BulkOutcome[];
  readonly resolve: (outcomes: BulkOutcome[]) => void;
  readonly reject: (error: Error) => void;
}

/** A store may take so many times longer to make room for a value than bytes may stand still. */
const ROOM_FACTOR = 10;

/** A bulk connection. Made by {@link BulkConnection.open}. */
export class BulkConnection {
  readonly address: string;
  /** Whether it has answered anything: one that has not may have been closed long ago. */
  hasAnswered = false;
  /** Whether a relay carries its bytes. */
  isRelayed = false;
  readonly #stallMs: number;
  #wire: Wire | undefined;
  #transfer: Transfer | undefined;
  #arrival: Arrival | undefined;
  #error: Error | undefined;
  #movedMs = 0;
  /** The other side makes room for a value that is to be put. */
  #awaitsRoom = false;
  #timer: NodeJS.Timeout | undefined;

  private constructor(address: string, stallMs: number) {
    this.address = address;
    this.#stallMs = stallMs;
  }

  /** Connects. Throws what `connect` throws. */
  static async open(
    address: Address,
    options: DialerOptions,
    stallMs: number,
    signal?: AbortSignal,
  ): Promise<BulkConnection> {
    const connection = new BulkConnection(formatAddress(address), stallMs);
    const { greeted, isRelayed } = await openGreeted(address, options, "bulk", {
      place: (header) => connection.#place(header),
      ...(signal !== undefined && { signal }),
    });
    const { wire, parser, early } = greeted;
    connection.#wire = wire;
    connection.isRelayed = isRelayed;
    wire.onClosed = (error) => connection.#broken(error);
    wire.sink = frameSink(
      parser,
      (frame) => connection.#take(frame),
      (step) => connection.#guarded(step),
    );
    if (early.length > 0) connection.#broken(protocolError("It spoke without being asked."));
    return connection;
  }

  /** How long nothing has moved. */
  get quietMs(): number {
    return nowMs() - this.#movedMs;
  }

  get isOpen(): boolean {
    return this.#error === undefined;
  }

  /** Pulls values; answers come in the order of the ids. Throws `TransferFailed`. */
  async get(request: GetRequest): Promise<BulkOutcome[]> {
    const ids = Int32Array.from(request.ids);
    const offsets = Float64Array.from(request.offsets ?? []);
    const parts = request.parts ?? null;
    return await this.#start({ ids, get: request, put: undefined }, () =>
      bulkFrame(FRAME.bulkGet, GET, { ids, offsets, parts }),
    );
  }

  /** Pushes values. Throws `TransferFailed`. */
  async put(request: PutRequest): Promise<BulkOutcome[]> {
    const { values, facts } = request;
    const ids = Int32Array.from(values, ({ id }) => id);
    const bytes = Float64Array.from(values, (value) => value.bytes.length);
    return await this.#start({ ids, get: undefined, put: request }, () =>
      bulkFrame(FRAME.bulkPut, PUT, { ids, bytes, facts }),
    );
  }

  /** Ends the connection, and what is under way on it. */
  close(error: Error): void {
    this.#broken(error);
  }

  /** Does not keep the process alive while nothing is under way. */
  #idle(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#wire?.unref();
  }

  #start(
    what: Pick<Transfer, "ids" | "get" | "put">,
    frame: () => Uint8Array[],
  ): Promise<BulkOutcome[]> {
    return new Promise((resolve, reject) => {
      if (this.#error !== undefined) return reject(this.#failure(this.#error, undefined));
      if (what.ids.length === 0) return resolve([]);
      this.#transfer = { ...what, outcomes: [], resolve, reject };
      this.#movedMs = nowMs();
      this.#awaitsRoom = what.put !== undefined;
      this.#wire?.ref();
      this.#watch(this.#stallMs);
      this.#wire?.write(frame());
    });
  }

  #watch(inMs: number): void {
    this.#timer = setTimeout(() => {
      const patienceMs = this.#awaitsRoom ? ROOM_FACTOR * this.#stallMs : this.#stallMs;
      const restMs = this.#movedMs + patienceMs - nowMs();
      if (restMs > 0) return this.#watch(Math.min(restMs, this.#stallMs));
      const message = `nothing moved for ${patienceMs} ms`;
      this.#broken(new HeddleError("Timeout", message));
    }, inMs);
  }

  #place(header: FrameHeader): Uint8Array | undefined {
    if (header.type === FRAME.bulkData) {
      if (this.#arrival !== undefined) return this.#arrival.place(header.bodyBytes);
      throw protocolError("Bytes of a value came that nobody waits for.");
    }
    // The handshake has its own limit.
    if (this.#wire === undefined || header.bodyBytes <= REQUEST_BYTES_MAX) return undefined;
    throw protocolError(`An answer of ${header.bodyBytes} bytes, at most ${REQUEST_BYTES_MAX}.`);
  }

  #guarded(step: () => void): void {
    this.#movedMs = nowMs();
    try {
      step();
    } catch (error) {
      this.#broken(error as Error);
    }
  }

  #take(frame: Frame): void {
    const transfer = this.#transfer;
    if (transfer === undefined) throw unexpected(frame, "nothing");
    this.hasAnswered = true;
    if (frame.type === FRAME.bulkData) return this.#filled(transfer, frame.bodyBytes);
    if (frame.type !== FRAME.bulkAnswer) throw unexpected(frame, "bulkAnswer");
    if (this.#arrival !== undefined) throw unexpected(frame, "bulkData");
    const answer = readBulk(ANSWER, frame, "answer");
    const due = transfer.ids[transfer.outcomes.length];
    if (answer.id !== due) throw protocolError(`An answer for ${answer.id}, due was ${due}.`);
    if (transfer.get !== undefined) this.#takeGet(transfer, transfer.get, answer);
    else if (transfer.put !== undefined) this.#takePut(transfer, transfer.put, answer);
  }

  #takeGet(transfer: Transfer, get: GetRequest, answer: BulkAnswer): void {
    const { id, status, bytes, message } = answer;
    if (status === "gone" || status === "failed") {
      return this.#done(transfer, { id, status, bytes, message });
    }
    if (status !== "here") throw protocolError(`The answer "${status}" to a get.`);
    const rest = bytes - (get.offsets?.[transfer.outcomes.length] ?? 0);
    if (!(Number.isSafeInteger(rest) && rest >= 0))
      throw protocolError(`A value of ${bytes} bytes.`);
    const target = get.place(id, rest);
    if (target.length !== rest) {
      throw new HeddleError(
        "InvalidArgument",
        `The place for value ${id} has ${target.length} bytes instead of ${rest}`,
      );
    }
    this.#arrival = new Arrival(id, target);
    this.#filled(transfer, 0);
  }

  #filled(transfer: Transfer, more: number): void {
    const arrival = this.#arrival;
    if (arrival === undefined) throw protocolError("Bytes of a value came that nobody waits for.");
    arrival.filled += more;
    if (!arrival.isComplete) return;
    this.#arrival = undefined;
    const { id } = arrival;
    transfer.get?.arrived?.(id);
    const offset = transfer.get?.offsets?.[transfer.outcomes.length] ?? 0;
    const bytes = arrival.target.length + offset;
    this.#done(transfer, { id, status: "here", bytes, message: "" });
  }

  #takePut(transfer: Transfer, put: PutRequest, answer: BulkAnswer): void {
    const { id, status, bytes, message } = answer;
    this.#awaitsRoom = status !== "go";
    if (status === "stored" || status === "refused") {
      return this.#done(transfer, { id, status, bytes, message });
    }
    if (status !== "go") throw protocolError(`The answer "${status}" to a put.`);
    const value = put.values[transfer.outcomes.length];
    if (value === undefined || value.bytes.length === 0) return;
    this.#wire?.write(dataFrames(value.bytes), () => {
      this.#movedMs = nowMs();
    });
  }

  #done(transfer: Transfer, outcome: BulkOutcome): void {
    transfer.outcomes.push(outcome);
    if (transfer.outcomes.length === transfer.ids.length) this.#finish(transfer);
  }

  #finish(transfer: Transfer): void {
    this.#transfer = undefined;
    this.#idle();
    transfer.resolve(transfer.outcomes);
  }

  #broken(cause: Error | undefined): void {
    if (this.#error !== undefined) return;
    this.#error = cause ?? new Error("the other side closed the connection");
    this.#idle();
    this.#wire?.destroy();
    const transfer = this.#transfer;
    this.#transfer = undefined;
    transfer?.reject(this.#failure(this.#error, transfer));
  }

  /** The error of a transfer that broke off: what has come, and how far the next one had come. */
  #failure(cause: Error, transfer: Transfer | undefined): Error {
    if (isHeddleError(cause, "InvalidArgument") || isHeddleError(cause, "Cancelled")) return cause;
    const done = transfer?.outcomes ?? [];
    const arrival = this.#arrival;
    const next = arrival && { id: arrival.id, bytes: arrival.filled };
    const count = transfer?.ids.length ?? 0;
    return new HeddleError(
      "TransferFailed",
      `The transfer with ${this.address} broke off after ${done.length} of ${count} values: ` +
        `${cause.message}. It can be asked for again`,
      {
        cause,
        fields: {
          address: this.address,
          done: done.map(({ id }) => id),
          ...(next !== undefined && { next }),
        },
      },
    );
  }
}
