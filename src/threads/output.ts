/**
 * @file What task threads print. Node passes a thread's output on through the thread that started
 * it, a piece at a time, and a process that ends does not wait for it. Here each piece is posted to
 * the thread that started the engine the moment it is written: what a task prints is there before
 * its result is, and can be taken without waiting when the process ends.
 */
import { StringDecoder } from "node:string_decoder";
import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";

const STREAMS = ["stdout", "stderr"] as const;

/** Something printed, with its encoding if it is text. */
type Printed = readonly [stream: 0 | 1, chunk: string | Uint8Array, encoding?: BufferEncoding];

/** What code says to the people at the clients, rather than to whoever sees this process. */
export type Saying = "stdout" | "stderr" | "warning";
type Said = readonly [saying: Saying, text: string];
type Piece = Printed | Said;

/** Where this thread posts what it prints. */
let own: MessagePort | undefined;

/** Says something to the clients; false when this is no task thread. */
export function sayToClients(saying: Saying, text: string): boolean {
  own?.postMessage([saying, text]);
  return own !== undefined;
}

/** Where Node's streams give what they are to write. */
interface Sink {
  _writev(
    pieces: readonly { readonly chunk: string | Uint8Array; readonly encoding: string }[],
    done: (error?: Error | null) => void,
  ): void;
}

/** Posts all that this thread prints from now on. */
export function sendOutput(port: MessagePort): void {
  own = port;
  for (const [i, name] of STREAMS.entries()) {
    const sink = process[name] as unknown as Sink;
    sink._writev = (pieces, done) => {
      for (const { chunk, encoding } of pieces) port.postMessage([i, chunk, encoding]);
      done();
    };
  }
}

/**
 * Prints what threads send, through this thread's streams: whoever has replaced these sees it too.
 */
export class OutputPrinter {
  /** Brings the port of each thread that is started. */
  readonly #arrivals: MessagePort;
  readonly #ports = new Set<MessagePort>();
  /** Takes what is printed to standard output (1) or standard error (2) in place of the streams. */
  onText: ((stream: 1 | 2, text: string) => void) | undefined;
  /** Takes what is said to the clients, where they are elsewhere. */
  onSaid: ((saying: Saying, text: string) => void) | undefined;
  /** Of each stream: a piece may end within a character. */
  readonly #decoders = [new StringDecoder("utf8"), new StringDecoder("utf8")] as const;
  readonly #print = (piece: Piece): void => this.#show(piece);

  constructor(arrivals: MessagePort) {
    this.#arrivals = arrivals;
    arrivals.on("message", (port: MessagePort) => this.#add(port));
    arrivals.unref();
  }

  /** Prints all that has been sent so far. */
  drain(): void {
    for (;;) {
      const arrived = receiveMessageOnPort(this.#arrivals);
      if (arrived === undefined) break;
      this.#add(arrived.message as MessagePort);
    }
    for (const port of this.#ports) this.#drainPort(port);
  }

  /** Prints what is left; nothing comes any more. */
  close(): void {
    this.drain();
    this.#arrivals.close();
    for (const port of this.#ports) port.close();
  }

  #add(port: MessagePort): void {
    this.#ports.add(port);
    port.on("message", this.#print);
    port.on("close", () => this.#ports.delete(port));
    port.unref();
  }

  #drainPort(port: MessagePort): void {
    for (;;) {
      const received = receiveMessageOnPort(port);
      if (received === undefined) return;
      this.#show(received.message as Piece);
    }
  }

  #show(piece: Piece): void {
    if (isSaid(piece)) return this.#say(piece);
    const [stream, chunk, encoding] = piece;
    if (this.onText !== undefined) {
      const bytes = typeof chunk === "string" ? Buffer.from(chunk, encoding) : Buffer.from(chunk);
      this.onText(stream === 0 ? 1 : 2, this.#decoders[stream].write(bytes));
      return;
    }
    const output = process[STREAMS[stream]];
    if (typeof chunk === "string") output.write(chunk, encoding);
    else output.write(chunk);
  }

  #say([saying, text]: Said): void {
    if (this.onSaid !== undefined) this.onSaid(saying, text);
    else if (saying === "warning") process.emitWarning(text, "HeddleWarning");
    else process[saying].write(text);
  }
}

function isSaid(piece: Piece): piece is Said {
  return typeof piece[0] === "string";
}

/** Resolves when all that this thread has printed so far is on its way. */
export async function flushOutput(): Promise<void> {
  await Promise.all([process.stdout, process.stderr].map(flush));
}

async function flush(stream: NodeJS.WriteStream): Promise<void> {
  await new Promise<void>((resolve) => {
    stream.write("", () => resolve());
  });
}
