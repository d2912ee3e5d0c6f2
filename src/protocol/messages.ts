/**
 * @file Messages: a kind, a type number, and fields. A body is messages one after the other, each
 * `[u32 length][u16 type][u16 zero]` and its fields, padded to 8. The schema gives both the bytes
 * and the TypeScript type; a type written by hand is checked against it both ways.
 */
import { assert, HeddleError, isHeddleError, nearestName } from "../core/errors.ts";
import { ByteReader } from "./byte-reader.ts";
import { ByteWriter } from "./byte-writer.ts";
import { type Fields, type RecordOf, recordOf } from "./fields.ts";
import { cannotSend } from "./refusal.ts";

/** What every message has. */
export interface Message {
  readonly kind: string;
}

/** How messages of one kind travel. */
export interface MessageType<T extends Message> {
  readonly kind: T["kind"];
  /** Its number in the header of a message, 1 to 65,535. */
  readonly type: number;
  readonly write: (writer: ByteWriter, message: T) => void;
  readonly read: (reader: ByteReader) => T;
}

/** The type of any message, of whatever kind. */
export interface AnyMessageType {
  readonly kind: string;
  readonly type: number;
  readonly write: (writer: ByteWriter, message: never) => void;
  readonly read: (reader: ByteReader) => unknown;
}

/** The messages of a {@link MessageType} (of each of a union) or of a {@link MessageSet}. */
export type MessageOf<M> =
  M extends MessageSet<infer T> ? T : M extends MessageType<infer T> ? T : never;

/** A record with a kind, written flat. */
export type Tagged<K extends string, F extends Fields> = {
  [P in keyof ({ kind: K } & RecordOf<F>)]: ({ kind: K } & RecordOf<F>)[P];
};

/** Largest number of messages of one body that a receiver takes. */
const MESSAGES_MAX = 2 ** 18;
/** A batch closes a body that has grown to this size. */
const BATCH_BYTES = 2 ** 20;
const HEADER_BYTES = 8;

/** Describes the messages of one kind. An exported schema names its type: `MessageType<Lease>`. */
export function message<const K extends string, const F extends Fields>(
  kind: K,
  type: number,
  fields: F,
): MessageType<Tagged<K, F>> {
  assert(Number.isInteger(type) && type > 0 && type < 2 ** 16, `message type ${type}`);
  assert(!Object.hasOwn(fields, "kind"), `message "${kind}" has a field "kind" of its own`);
  const body = recordOf(fields, kind);
  return {
    kind: kind as unknown as Tagged<K, F>["kind"],
    type,
    write: (writer, value) => body.write(writer, value as unknown as RecordOf<F>),
    read: (reader) => body.read(reader) as unknown as Tagged<K, F>,
  };
}

/** The set of all messages that may travel in one direction. */
export function messageSet<M extends AnyMessageType>(
  types: readonly M[],
): MessageSet<MessageOf<M>> {
  return new MessageSet(types);
}

/** Encodes and decodes the messages of one direction. Made by {@link messageSet}. */
export class MessageSet<T extends Message = Message> {
  readonly #byKind: ReadonlyMap<string, MessageType<Message>>;
  readonly #byType: readonly (MessageType<Message> | undefined)[];

  constructor(types: readonly AnyMessageType[]) {
    const byType: MessageType<Message>[] = [];
    const byKind = new Map<string, MessageType<Message>>();
    for (const entry of types as unknown as readonly MessageType<Message>[]) {
      assert(byType[entry.type] === undefined, `two messages of type ${entry.type}`);
      assert(!byKind.has(entry.kind), `two messages "${entry.kind}"`);
      byType[entry.type] = entry;
      byKind.set(entry.kind, entry);
    }
    this.#byType = byType;
    this.#byKind = byKind;
  }

  /**
   * One body with these messages, as chunks for a vectored write. Arrays of 4 KiB and more are
   * among them by reference: they must not change until the bytes are sent and acknowledged.
   */
  encode(messages: readonly T[]): Uint8Array[] {
    const writer = new ByteWriter();
    for (const each of messages) this.write(writer, each);
    return writer.take();
  }

  /** Collects messages into bodies. */
  batch(): MessageBatch<T> {
    return new MessageBatch(this);
  }

  /** Writes one message. What it throws leaves the writer as it was. */
  write(writer: ByteWriter, message: T): void {
    const entry = this.#byKind.get(message.kind);
    if (entry === undefined) {
      const near = nearestName(message.kind, this.#byKind.keys());
      const advice = near === undefined ? "" : `; did you mean "${near}"?`;
      throw cannotSend(`Message "${message.kind}" is not one that travels this way${advice}`);
    }
    writer.beginMessage(entry.type);
    try {
      entry.write(writer, message);
      writer.endMessage();
    } catch (error) {
      writer.abandonMessage();
      if (!isHeddleError(error, "InvalidArgument")) throw error;
      throw new HeddleError("InvalidArgument", `Message "${message.kind}", ${error.message}.`);
    }
  }

  /**
   * The messages of a body. Their arrays are views that keep the whole body alive: copy what is
   * kept for long. Throws `ProtocolError` that says what is
   * wrong and where.
   */
  decode(body: Uint8Array): T[] {
    const reader = new ByteReader(body, "");
    const messages: Message[] = [];
    while (reader.left > 0) {
      reader.subject = `Message ${messages.length + 1}`;
      reader.field = "";
      if (messages.length === MESSAGES_MAX) throw reader.fail(`more than ${MESSAGES_MAX} messages`);
      messages.push(this.#read(reader));
    }
    return messages as unknown as T[];
  }

  #read(reader: ByteReader): Message {
    if (reader.left < HEADER_BYTES) throw reader.fail(`${reader.left} bytes are no message`);
    const length = reader.u32();
    const type = reader.u16();
    const zero = reader.u16();
    const entry = this.#byType[type];
    if (entry === undefined) {
      throw reader.fail(`unknown message type ${type} (0x${type.toString(16)})`);
    }
    reader.subject = `${reader.subject} (${entry.kind})`;
    if (zero !== 0) throw reader.fail(`a header with ${zero} instead of 0`);
    const end = reader.narrow(length);
    const message = entry.read(reader);
    reader.field = "";
    if (reader.left > 0) throw reader.fail(`${reader.left} bytes after the last field`);
    reader.widen(end);
    reader.align();
    return message;
  }
}

/**
 * Messages on their way into bodies. Each is encoded when it is added, so that what cannot be sent
 * throws where it was sent and later changes of small values do no harm. A body is closed at 1 MiB:
 * no frame grows without bound because much was said in one turn.
 */
export class MessageBatch<T extends Message> {
  readonly #set: MessageSet<T>;
  readonly #writer: ByteWriter = new ByteWriter();
  #bodies: Uint8Array[][] = [];
  #closedBytes = 0;

  constructor(set: MessageSet<T>) {
    this.#set = set;
  }

  /** Bytes waiting to be taken. */
  get bytes(): number {
    return this.#closedBytes + this.#writer.position;
  }

  /** Throws `InvalidArgument` and changes nothing when the message cannot be sent. */
  add(message: T): void {
    this.#set.write(this.#writer, message);
    if (this.#writer.position >= BATCH_BYTES) this.#close();
  }

  /** Bodies in order, each the chunks of one frame; the batch is empty afterwards. */
  take(): Uint8Array[][] {
    if (this.#writer.position > 0) this.#close();
    const bodies = this.#bodies;
    this.#bodies = [];
    this.#closedBytes = 0;
    return bodies;
  }

  #close(): void {
    this.#closedBytes += this.#writer.position;
    this.#bodies.push(this.#writer.take());
  }
}
