/** A piece of work during which nothing else reaches the object: `blockConcurrencyWhile()`. */
export class CriticalSection {
  readonly parent: CriticalSection | undefined;
  isDone = false;

  constructor(parent: CriticalSection | undefined) {
    this.parent = parent;
  }
}

interface Waiting {
  readonly section: CriticalSection | undefined;
  readonly deliver: () => void;
}

/**
 * Decides when an event may reach the code of one life: not while a storage operation is under way,
 * and not from outside of a critical section while that lasts. What waits comes in its order, each
 * in a turn of its own, so that what one sets off is seen by the next.
 */
export class InputGate {
  readonly #later: (work: () => void) => void;
  readonly #waiting: Waiting[] = [];
  #operations = 0;
  #active: CriticalSection | undefined;
  #isOpening = false;

  /** @param later has something happen at this moment of virtual time, in a turn of its own */
  constructor(later: (work: () => void) => void) {
    this.#later = later;
  }

  /** Has an event reach the code that waits for it, now or when it may. */
  pass(section: CriticalSection | undefined, deliver: () => void): void {
    if (this.#mayPass(section)) deliver();
    else this.#wait({ section, deliver });
  }

  /** Resolves when an event may reach the code that waits for it. */
  admit(section: CriticalSection | undefined): Promise<void> {
    return new Promise((resolve) => this.pass(section, resolve));
  }

  /** Lets nothing through until the operation is done. */
  async duringStorage(operation: Promise<void>): Promise<void> {
    this.#operations += 1;
    await operation;
    this.#operations -= 1;
    this.#open();
  }

  /** Runs a critical section, inside of the one that asks for it. */
  async block<Result>(
    parent: CriticalSection | undefined,
    work: (section: CriticalSection) => Promise<Result>,
  ): Promise<Result> {
    const section = new CriticalSection(lasting(parent));
    // At once where nothing is in the way: what comes in this very turn has to wait already.
    if (!this.#mayPass(section.parent)) await this.admit(section.parent);
    this.#active = section;
    try {
      return await work(section);
    } finally {
      section.isDone = true;
      this.#active = lasting(this.#active);
      this.#open();
    }
  }

  #mayPass(section: CriticalSection | undefined): boolean {
    return this.#waiting.length === 0 && this.#isOpenFor(section);
  }

  #isOpenFor(section: CriticalSection | undefined): boolean {
    return this.#operations === 0 && lasting(section) === this.#active;
  }

  #wait(event: Waiting): void {
    this.#waiting.push(event);
    this.#open();
  }

  #open(): void {
    if (this.#isOpening || this.#nextIndex() < 0) return;
    this.#isOpening = true;
    this.#later(() => {
      this.#isOpening = false;
      const index = this.#nextIndex();
      if (index >= 0) this.#waiting.splice(index, 1)[0]?.deliver();
      this.#open();
    });
  }

  #nextIndex(): number {
    return this.#waiting.findIndex(({ section }) => this.#isOpenFor(section));
  }
}

/** What is left of a section that may be over: the one around it that is not. */
function lasting(section: CriticalSection | undefined): CriticalSection | undefined {
  let last = section;
  while (last?.isDone === true) last = last.parent;
  return last;
}
