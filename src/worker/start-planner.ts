import { findImage, type ImageTable } from "../core/image/find-image.ts";
import { parseInstanceSize, type InstanceSize } from "../core/image/instance-size.ts";
import type { RunOrigin, Wanted } from "../core/lifecycle/run-origin.ts";
import { ContainerError } from "../errors/container-error.ts";
import type { ContainerStartConfigOptions } from "./container-types.ts";

/** What a container is made of: a name, or a function of the object's name, else its id. */
export type ImageChoice = string | ((id: string) => string | Promise<string>);

/** The fields of a container class that say what its runs are made of. */
export interface ImageFields {
  readonly image?: ImageChoice;
  readonly instance?: InstanceSize;
  readonly expectedBuild?: string;
}

/** What runs are planned with. */
export interface PlannerParts {
  readonly fields: ImageFields;
  /** What callers of `start()` set in place of the fields. */
  readonly starts: { readonly current: ContainerStartConfigOptions | undefined };
  readonly runtime: { readonly images?: ImageTable };
  readonly id: DurableObjectId;
}

/** What the next run is made of. */
interface Plan {
  readonly claim: ContainerStartConfigOptions | undefined;
  readonly image?: string;
  readonly imageName?: string;
  readonly instance?: InstanceSize;
}

/** The options of `ctx.container.start()` that say what a container is made of. */
export type PlannedOptions = Partial<Pick<ContainerStartupOptions, "image" | "instance">>;

/**
 * Plans what the next run is made of. That may take a while, since a class may ask elsewhere for
 * its image; so it is done before the run is written down and started, which is one step.
 */
export class StartPlanner {
  readonly #parts: PlannerParts;
  #plan: Plan | undefined;
  /** What the class's function answered last; a deploy makes the object, and this, anew. */
  #chosen: string | undefined;

  constructor(parts: PlannerParts) {
    this.#parts = parts;
  }

  /** Whether a run may begin as it is planned. */
  get isReady(): boolean {
    const { fields, starts } = this.#parts;
    const { current: claim } = starts;
    const { image = fields.image, instance = fields.instance } = claim ?? {};
    if (image === undefined && instance === undefined) this.#plan = { claim };
    return this.#plan !== undefined && this.#plan.claim === claim;
  }

  /**
   * Plans the next run.
   *
   * @throws {ContainerError} `UNKNOWN_IMAGE`, `INVALID_INSTANCE`, `POLICY_REQUIRED`; what the
   * class's function throws
   */
  async prepare(): Promise<void> {
    const { fields, starts } = this.#parts;
    const { current: claim } = starts;
    const { image: imageName, instance: size = fields.instance } = claim ?? {};
    const instance = size === undefined ? undefined : parseInstanceSize(size);
    const images = this.#images(imageName ?? fields.image);
    const name = imageName ?? (await this.#choose());
    this.#plan = {
      claim,
      ...(name !== undefined && { image: findImage(name, images) }),
      ...(imageName !== undefined && { imageName }),
      ...(instance !== undefined && { instance }),
    };
  }

  /** What is written down of the run that begins now. */
  get origin(): RunOrigin {
    const { image, imageName } = this.#plan ?? {};
    const { expectedBuild: build } = this.#parts.fields;
    return {
      ...(image !== undefined && { image }),
      ...(imageName !== undefined && { imageName }),
      ...(build !== undefined && { build }),
    };
  }

  /** What `ctx.container.start()` is given for that run. The next one is planned anew. */
  take(): PlannedOptions {
    const { image, instance } = this.#plan ?? {};
    this.#plan = undefined;
    return { ...(image !== undefined && { image }), ...(instance !== undefined && { instance }) };
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

  async #choose(): Promise<string | undefined> {
    const { image } = this.#parts.fields;
    const { id } = this.#parts;
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
