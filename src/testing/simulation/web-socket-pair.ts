/** Whose code hears of a socket. */
export interface SocketOwner {
  readonly isDead: boolean;
  /** Keeps the owner in memory until the returned function is called. */
  hold(): () => void;
  /** Has `mourn` called when the owner is gone. */
  onDeath(mourn: () => void): () => void;
}

/** What a socket of the simulation needs of its world. */
export interface SocketHost {
  /** Whose code runs now; undefined outside of the simulated objects. */
  readonly current: SocketOwner | undefined;
  /** Has an event reach code of an owner, when it may. */
  reach(owner: SocketOwner, work: () => void): void;
  /** Told what a listener throws, as the platform logs it. */
  uncaught(error: unknown): void;
  /** Has `deliver` happen a little later, as a message on a wire does. */
  later(deliver: () => void): void;
}

type Listener = ((event: Event) => void) | { handleEvent(event: Event): void };

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
  #release = (): void => {};
  #sink: ((event: Event) => void) | undefined;
  readonly #outbox: ((peer: SimulatedWebSocket) => void)[] = [];
  readonly #listeners = new Map<Listener, Listener>();
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
    this.#mayBeHalfOpen = options.allowHalfOpen ?? false;
    const owner = this.#host.current;
    this.#begin();
    this.#owner = owner;
    if (owner === undefined) return;
    this.#release = owner.hold();
    owner.onDeath(() => this.drop());
  }

  /** Has its events go to an object, in memory or not, rather than to listeners. */
  acceptFor(sink: (event: Event) => void): void {
    this.#begin();
    this.#sink = sink;
  }

  #begin(): void {
    if (this.#isAccepted)
      throw new TypeError("Cannot accept() WebSocket that was already accepted.");
    this.#isAccepted = true;
    const waiting = this.#waiting;
    for (const _event of waiting) this.#host.later(() => this.#emit(waiting.shift()));
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
    if (this.#hasGotClose) this.#release();
    this.#carry((peer) => peer.#receive(closeEvent(code, reason, true)));
  }

  /** However long each takes, what was sent first comes first. */
  #carry(deliver: (peer: SimulatedWebSocket) => void): void {
    this.#outbox.push(deliver);
    this.#host.later(() => {
      const next = this.#outbox.shift();
      if (this.#peer !== undefined) next?.(this.#peer);
    });
  }

  #receive(event: Event): void {
    if (this.#hasGotClose) return;
    if (event.type === "close") {
      this.#hasGotClose = true;
      this.readyState = this.#hasSentClose ? CLOSED : CLOSING;
    }
    if (this.#isAccepted && this.#waiting.length === 0) this.#emit(event);
    else this.#wait(event);
  }

  /** Behind what came before it, and what is still on its way to the listeners. */
  #wait(event: Event): void {
    this.#waiting.push(event);
    if (this.#isAccepted) this.#host.later(() => this.#emit(this.#waiting.shift()));
  }

  #emit(event: Event | undefined): void {
    if (event === undefined) return;
    if (event.type === "close" && !this.#hasSentClose && !this.#mayBeHalfOpen) {
      const { code, reason } = event as CloseEvent;
      this.#sendClose(code, reason);
    }
    const owner = this.#owner;
    if (this.#sink !== undefined) this.#sink(event);
    else if (owner === undefined) this.dispatchEvent(event);
    else if (!owner.isDead) this.#host.reach(owner, () => void this.dispatchEvent(event));
    if (this.readyState === CLOSED) this.#release();
  }

  #breakOff(): void {
    this.#release();
    if (this.#hasGotClose) return;
    this.#hasSentClose = true;
    this.#receive(closeEvent(1006, "WebSocket disconnected without sending Close frame.", false));
  }

  override addEventListener(
    type: string,
    listener: Listener,
    options?: boolean | EventTargetAddEventListenerOptions,
  ): void {
    const guarded = this.#listeners.get(listener) ?? this.#guard(listener);
    this.#listeners.set(listener, guarded);
    super.addEventListener(type, guarded, options);
  }

  override removeEventListener(type: string, listener: Listener): void {
    super.removeEventListener(type, this.#listeners.get(listener) ?? listener);
  }

  /** What a listener throws is logged by the platform, and stops nothing. */
  #guard(listener: Listener): Listener {
    return (event) => {
      try {
        if (typeof listener === "function") listener(event);
        else listener.handleEvent(event);
      } catch (error) {
        this.#host.uncaught(error);
      }
    };
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
