/** Whose code hears of a socket. */
export interface SocketOwner {
  readonly isDead: boolean;
  /** Rejects when the owner is gone. */
  readonly died: Promise<never>;
}

/** What a socket of the simulation needs of its world. */
export interface SocketHost {
  /** Whose code runs now; undefined outside of the simulated objects. */
  readonly current: SocketOwner | undefined;
  /** Runs code of an owner. */
  enter(owner: SocketOwner, work: () => void): void;
  /** Told what a listener throws, as the platform logs it. */
  uncaught(error: unknown): void;
  /** Has `deliver` happen a little later, as a message on a wire does. */
  later(deliver: () => void): void;
}

type Listener = (event: Event) => void;

const OPEN = 1;
const CLOSING = 2;
const CLOSED = 3;

/** One end of a pair, as Workers have it: events come once it is accepted. */
export class SimulatedWebSocket extends EventTarget {
  binaryType: "blob" | "arraybuffer" = "blob";
  readyState = OPEN;
  readonly #host: SocketHost;
  #peer: SimulatedWebSocket | undefined;
  #isAccepted = false;
  #mayBeHalfOpen = false;
  #hasSentClose = false;
  #hasGotClose = false;
  #waiting: Event[] = [];
  #owner: SocketOwner | undefined;
  #attachment: unknown;

  constructor(host: SocketHost) {
    super();
    this.#host = host;
  }

  /** Makes two ends of one connection. */
  static pair(host: SocketHost): { 0: SimulatedWebSocket; 1: SimulatedWebSocket } {
    const [one, other] = [new SimulatedWebSocket(host), new SimulatedWebSocket(host)];
    one.#peer = other;
    other.#peer = one;
    return { 0: one, 1: other };
  }

  accept(options: { readonly allowHalfOpen?: boolean } = {}): void {
    if (this.#isAccepted)
      throw new TypeError("Cannot accept() WebSocket that was already accepted.");
    this.#isAccepted = true;
    this.#owner = this.#host.current;
    this.#owner?.died.catch(() => this.drop());
    this.#mayBeHalfOpen = options.allowHalfOpen ?? false;
    const waiting = this.#waiting.splice(0);
    for (const event of waiting) this.#host.later(() => this.#emit(event));
  }

  send(message: string | ArrayBuffer | ArrayBufferView): void {
    if (!this.#isAccepted)
      throw new TypeError("You must call accept() on this WebSocket before sending messages.");
    if (this.#hasSentClose) throw new TypeError("Can't call WebSocket send() after close().");
    const data = typeof message === "string" ? message : copyOf(message);
    this.#carry((peer) => peer.#receive(new MessageEvent("message", { data })));
  }

  close(code?: number, reason = ""): void {
    if (!this.#isAccepted)
      throw new TypeError("You must call accept() on this WebSocket before sending messages.");
    if (
      code !== undefined &&
      (code < 1000 || code >= 5000 || [1004, 1005, 1006, 1015].includes(code))
    ) {
      throw new TypeError(`Invalid WebSocket close code: ${code}.`);
    }
    if (this.#hasSentClose) return;
    this.#sendClose(code ?? 1005, reason);
  }

  /** Breaks the connection, as the loss of its wire does. */
  drop(): void {
    this.#breakOff();
    if (this.#peer !== undefined) this.#peer.#breakOff();
  }

  serializeAttachment(value: unknown): void {
    this.#attachment = structuredClone(value);
  }

  deserializeAttachment(): unknown {
    return structuredClone(this.#attachment);
  }

  #sendClose(code: number, reason: string): void {
    this.#hasSentClose = true;
    this.readyState = this.#hasGotClose ? CLOSED : CLOSING;
    this.#carry((peer) => peer.#receive(closeEvent(code, reason, true)));
  }

  #carry(deliver: (peer: SimulatedWebSocket) => void): void {
    this.#host.later(() => {
      if (this.#peer !== undefined) deliver(this.#peer);
    });
  }

  #receive(event: Event): void {
    if (this.#hasGotClose) return;
    if (event.type === "close") {
      this.#hasGotClose = true;
      this.readyState = this.#hasSentClose ? CLOSED : CLOSING;
    }
    if (this.#isAccepted) this.#emit(event);
    else this.#waiting.push(event);
  }

  #emit(event: Event): void {
    if (event.type === "close" && !this.#hasSentClose && !this.#mayBeHalfOpen) {
      const { code, reason } = event as CloseEvent;
      this.#sendClose(code, reason);
    }
    const owner = this.#owner;
    if (owner === undefined) this.dispatchEvent(event);
    else if (!owner.isDead) this.#host.enter(owner, () => void this.dispatchEvent(event));
  }

  #breakOff(): void {
    if (this.#hasGotClose) return;
    this.#hasSentClose = true;
    this.#receive(closeEvent(1006, "WebSocket disconnected without sending Close frame.", false));
  }

  override addEventListener(type: string, listener: Listener): void {
    super.addEventListener(type, (event) => {
      try {
        listener(event);
      } catch (error) {
        this.#host.uncaught(error);
      }
    });
  }
}

function copyOf(message: ArrayBuffer | ArrayBufferView): ArrayBuffer {
  const view = ArrayBuffer.isView(message)
    ? new Uint8Array(message.buffer, message.byteOffset, message.byteLength)
    : new Uint8Array(message);
  return new Uint8Array(view).buffer;
}

function closeEvent(code: number, reason: string, wasClean: boolean): CloseEvent {
  const event = new Event("close");
  return Object.assign(event, { code, reason, wasClean }) as unknown as CloseEvent;
}
