import { closeSync, openSync, readSync } from "node:fs";

import { encodeTarHeader } from "./encode-tar-header.ts";
import { paddingOf, TAR_BLOCK_BYTES } from "./tar-entry.ts";
import { walkLayer, type LayerEntry, type LayerTree } from "./walk-layer.ts";

/** Large enough that a block costs more than its bookkeeping, small enough to keep many at once. */
export const PACK_BLOCK_BYTES = 2 ** 20;

/** Blocks to be used again: the collector would let a hundred of them pile up. */
export class BlockPool {
  readonly #free: Buffer[] = [];

  /** Takes a block, whose content is whatever was in it. */
  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(PACK_BLOCK_BYTES);
  }

  /** Gives a block back that nobody reads any more; one that was cut short is dropped. */
  give(block: Buffer): void {
    if (block.length === PACK_BLOCK_BYTES) this.#free.push(block);
  }
}

const zeros = Buffer.alloc(TAR_BLOCK_BYTES * 2);

/**
 * Packs a layer's tar in blocks of {@link PACK_BLOCK_BYTES} (the last is shorter). Files are read
 * straight into the blocks, and at once: reading from the page cache takes less time than a
 * promise, and the consumer waits between blocks.
 */
export function* packTree(
  layer: LayerTree,
  epochSeconds: number,
  pool: BlockPool,
): Generator<Buffer> {
  const blocks = new BlockFiller(pool);
  for (const { entry, source } of walkLayer(layer, epochSeconds)) {
    yield* blocks.put(encodeTarHeader(entry));
    if (source === undefined) continue;
    yield* packFile({ entry, source }, blocks);
    yield* blocks.put(zeros.subarray(0, paddingOf(entry.sizeBytes)));
  }
  yield* blocks.put(zeros); // two blocks of zeros end a tar
  yield blocks.takeRest();
}

function* packFile({ entry, source }: LayerEntry, blocks: BlockFiller): Generator<Buffer> {
  if (source === undefined) return;
  const fd = openSync(source, "r");
  try {
    let leftBytes = entry.sizeBytes;
    while (leftBytes > 0) {
      const room = blocks.room();
      const readBytes = readSync(fd, room, 0, Math.min(room.length, leftBytes), null);
      if (readBytes === 0) throw new Error(`Cannot pack ${source}: it became shorter meanwhile`);
      leftBytes -= readBytes;
      yield* blocks.advance(readBytes);
    }
  } finally {
    closeSync(fd);
  }
}

/** Fills blocks one after the other; what it yields is full and no longer written to. */
class BlockFiller {
  readonly #pool: BlockPool;
  #block: Buffer;
  #usedBytes = 0;

  constructor(pool: BlockPool) {
    this.#pool = pool;
    this.#block = pool.take();
  }

  /** Where to write before {@link advance}; never empty. */
  room(): Buffer {
    return this.#block.subarray(this.#usedBytes);
  }

  *advance(writtenBytes: number): Generator<Buffer> {
    this.#usedBytes += writtenBytes;
    if (this.#usedBytes < PACK_BLOCK_BYTES) return;
    const full = this.#block;
    this.#block = this.#pool.take();
    this.#usedBytes = 0;
    yield full;
  }

  *put(bytes: Buffer): Generator<Buffer> {
    let doneBytes = 0;
    while (doneBytes < bytes.length) {
      const copiedBytes = bytes.copy(this.room(), 0, doneBytes);
      doneBytes += copiedBytes;
      yield* this.advance(copiedBytes);
    }
  }

  takeRest(): Buffer {
    return this.#block.subarray(0, this.#usedBytes);
  }
}
