import { findImage, type ImageTable } from "../core/image/find-image.ts";
import { parseInstanceSize, type InstanceSize } from "../core/image/instance-size.ts";
import type { Lifecycle } from "../core/lifecycle/phase.ts";
import type { RunOrigin, Wanted } from "../core/lifecycle/run-origin.ts";
import type { PersistPlan } from "./snapshots/persist-plan.ts";
import { NO_PLAN } from "../core/snapshot/snapshot.ts";
import { ContainerError } from "../errors/container-error.ts";
import type { StartStep } from "../ports/platform.ts";
import type { ContainerStartConfigOptions } from "./container-types.ts";
import { omitUndefined } from "./omit-undefined.ts";
import type { SnapshotChoice, SnapshotHandle } from "./snapshots/snapshot-choice.ts";
import { policyError } from "./snapshots/platform-keeper.ts";

/** What a container is made of: a name, or a function of the object's name, else its id. */
export type ImageChoice = string | ((id: string) => string | Promise<string>);

/** The fields of a container class that say what its runs are made of. */
export interface ImageFields {
  readonly image?: ImageChoice;
  readonly instance?: InstanceSize;
  readonly expectedBuild?: string;
  readonly persist?: PersistPlan;
}

/** What runs are planned with. */
export interface PlannerParts {
  readonly fields: ImageFields;
  /** What callers of `start()` set in place of the fields. */
  readonly starts: { readonly current: ContainerStartConfigOptions | undefined };
  readonly runtime: { readonly images?: ImageTable; readonly snapshotContainer?: unknown };
  readonly id: DurableObjectId;
  readonly snapshots: SnapshotChoice;
}

/** What the next run is made of. */
interface Plan {
  readonly claim: ContainerStartConfigOptions | undefined;
  readonly image?: string;
  readonly imageName?: string;
  readonly instance?: InstanceSize;
  /** What a caller asked for. */
  readonly snapshot?: SnapshotHandle;
  /** What was chosen as the run began. */
  readonly snapshotId?: string;
}

/** The options of `ctx.container.start()` that say what a container is made of. */
export type PlannedOptions = Pick<ContainerStartupOptions, "instance"> &
  ({ image: string } | { containerSnapshot?: ContainerSnapshotRestoreParams });

/**
 * Plans what the next run is made of. That may take a while, since a class may ask elsewhere for
 * its image; so it is done before the run is written down and started, which is one step.
 */
export class StartPlanner implements StartStep {
  readonly #parts: PlannerParts;
  #plan: Plan | undefined;
  #preparing: { readonly claim: Plan["claim"]; readonly work: Promise<void> } | undefined;
  /** What the class's function answered last; a deploy makes the object, and this, anew. */
  #chosen: string | undefined;

  constructor(parts: PlannerParts) {
    this.#parts = parts;
  }

  /** Whether a run may begin as it is planned. */
  isReady(): boolean {
    return this.#current !== undefined;
  }

  /**
   * Plans the next run.
   *
   * @throws {ContainerError} `UNKNOWN_IMAGE`, `INVALID_INSTANCE`, `POLICY_REQUIRED`,
   * `SNAPSHOT_UNUSABLE`; what the class's function throws
   */
  async prepare(): Promise<void> {
    const { current: claim } = this.#parts.starts;
    const underWay = this.#preparing;
    if (underWay !== undefined && underWay.claim === claim) return await underWay.work;
    const work = this.#prepare(claim).finally(() => {
      if (this.#preparing?.work === work) this.#preparing = undefined;
    });
    this.#preparing = { claim, work };
    await work;
  }

  async #prepare(claim: ContainerStartConfigOptions | undefined): Promise<void> {
    const { snapshots } = this.#parts;
    if (!this.#canKeep) throw policyError();
    const { image: imageName, snapshot } = claim ?? {};
    const instance = this.#size(claim);
    const image = await this.#source(imageName, instance !== undefined);
    if (snapshot !== undefined) snapshots.check(snapshot, image ?? null);
    this.#plan = { claim, ...omitUndefined({ image, imageName, instance, snapshot }) };
  }

  /** Decides what the run that begins now is made of. Gives what is written down of it. */
  begin(lifecycle: Lifecycle): RunOrigin {
    const { expectedBuild: build } = this.#parts.fields;
    const plan = this.#current ?? { claim: undefined };
    const { image, imageName, snapshot } = plan;
    const snapshotId = this.#chooseSnapshot(lifecycle, plan);
    const isSnapshotAsked = snapshot === undefined ? undefined : (true as const);
    this.#plan = { ...plan, ...omitUndefined({ snapshotId }) };
    return omitUndefined({ image, imageName, build, snapshotId, isSnapshotAsked });
  }

  /** What `ctx.container.start()` is given for that run. The next one is planned anew. */
  take(): PlannedOptions {
    const { image, instance, snapshotId } = this.#plan ?? {};
    this.#plan = undefined;
    const size = omitUndefined({ instance });
    if (snapshotId !== undefined) return { ...size, containerSnapshot: { id: snapshotId } };
    return image === undefined ? size : { ...size, image };
  }

  /**
   * Checks a snapshot that a caller is going to ask for, before anything is stopped for it.
   *
   * @throws {ContainerError} `SNAPSHOT_UNUSABLE`, `INVALID_ARGUMENT`
   */
  async checkSnapshot(snapshot: SnapshotHandle): Promise<void> {
    await this.learn();
    this.#parts.snapshots.check(snapshot, this.wanted(null).image ?? null);
  }

  /** What is planned for whoever starts now; undefined while that has to be found out. */
  get #current(): Plan | undefined {
    const { fields, starts } = this.#parts;
    const { current: claim } = starts;
    const { image = fields.image, instance = fields.instance, snapshot } = claim ?? {};
    const isPlain = image === undefined && instance === undefined && snapshot === undefined;
    if (isPlain && this.#canKeep) return { claim };
    return this.#plan?.claim === claim ? this.#plan : undefined;
  }

  /** Whether the runtime can do what the class wants of it. */
  get #canKeep(): boolean {
    const { fields, runtime } = this.#parts;
    return fields.persist?.kind !== "snapshot" || typeof runtime.snapshotContainer === "function";
  }

  /** What a run would be made of now that was started with `origin`; as far as is known. */
  wanted(origin: RunOrigin | null): Wanted {
    const { fields, runtime } = this.#parts;
    const { image, expectedBuild: build } = fields;
    const own = typeof image === "function" ? this.#chosen : image;
    const name = origin?.imageName ?? own;
    try {
      return { build, image: name === undefined ? name : findImage(name, runtime.images ?? {}) };
    } catch {
      return { build }; // whoever starts the next run is told
    }
  }

  /** Asks the class's function for its image, unless that was done in this object's life. */
  async learn(): Promise<void> {
    if (this.#chosen === undefined) await this.#choose();
  }

  #size(claim: ContainerStartConfigOptions | undefined): InstanceSize | undefined {
    const size = claim?.instance ?? this.#parts.fields.instance;
    return size === undefined ? undefined : parseInstanceSize(size);
  }

  /** The image's reference; undefined where the configuration decides. */
  async #source(imageName: string | undefined, isSized: boolean): Promise<string | undefined> {
    const choice = imageName ?? this.#parts.fields.image;
    if (choice === undefined && !isSized) return undefined;
    const images = this.#images(choice);
    const name = imageName ?? (await this.#choose());
    return name === undefined ? undefined : findImage(name, images);
  }

  /** What a caller asked for, else the latest of a class that keeps its files. */
  #chooseSnapshot(lifecycle: Lifecycle, plan: Plan): string | undefined {
    const { snapshots, fields } = this.#parts;
    const { persist } = fields;
    const { image, snapshot } = plan;
    if (snapshot === undefined) {
      return persist?.kind === "snapshot" ? snapshots.latest(lifecycle, image ?? null) : undefined;
    }
    snapshots.take(snapshot, image ?? null, (persist ?? NO_PLAN).keep);
    return snapshot.id;
  }

  async #choose(): Promise<string | undefined> {
    const { fields, id } = this.#parts;
    const { image } = fields;
    if (typeof image !== "function") return image;
    this.#chosen = await image(id.name ?? id.toString());
    return this.#chosen;
  }

  /** A runtime without `images` takes neither image nor size; its Wrangler configuration has them. */
  #images(image: ImageChoice | undefined): ImageTable {
    const { images } = this.#parts.runtime;
    const hasTable = images !== undefined && (image !== undefined || hasKeys(images));
    if (hasTable) return images;
    const [what, there] = image === undefined ? ["instance", "instance_type"] : ["image", "image"];
    throw new ContainerError(
      "POLICY_REQUIRED",
      `Cannot start with \`${what}\` of the class or of start(): that needs "scheduling_policy": "durable_object" in the Wrangler configuration of the container; under "default" set "${there}" there instead`,
    );
  }
}

function hasKeys(table: object): boolean {
  return Object.keys(table).length > 0;
}
