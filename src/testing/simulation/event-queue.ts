/** Something that is to happen at a moment of virtual time. */
export interface QueuedEvent {
  atMs: number;
  /** Orders what is due at one moment and does not belong together. */
  readonly tie: number;
  readonly sequence: number;
  readonly run: () => void;
  isCancelled: boolean;
}

/** Events in the order of their time: a binary heap. */
export class EventQueue {
  readonly #heap: QueuedEvent[] = [];

  /** The next one, without those that were cancelled. */
  peek(): QueuedEvent | undefined {
    while (this.#heap[0]?.isCancelled === true) this.#takeFirst();
    return this.#heap[0];
  }

  /** Takes the next one out. */
  take(): QueuedEvent | undefined {
    return this.peek() && this.#takeFirst();
  }

  add(event: QueuedEvent): void {
    const heap = this.#heap;
    let index = heap.push(event) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || !isBefore(event, above)) break;
      heap[index] = above;
      index = parent;
    }
    heap[index] = event;
  }

  #takeFirst(): QueuedEvent | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (last !== undefined && heap.length > 0) this.#sink(last);
    return first;
  }

  #sink(event: QueuedEvent): void {
    const heap = this.#heap;
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      let least = left;
      let child = heap[left];
      const right = heap[left + 1];
      if (child === undefined) break;
      if (right !== undefined && isBefore(right, child)) {
        child = right;
        least = left + 1;
      }
      if (!isBefore(child, event)) break;
      heap[index] = child;
      index = least;
    }
    heap[index] = event;
  }
}

function isBefore(a: QueuedEvent, b: QueuedEvent): boolean {
  if (a.atMs !== b.atMs) return a.atMs < b.atMs;
  if (a.tie !== b.tie) return a.tie < b.tie;
  return a.sequence < b.sequence;
}
