import { expandWord } from "../dockerfile/expand-word.ts";
import { LayerWriter } from "../layer/layer-writer.ts";
import { treeOf, withConfig } from "../stage-state.ts";
import { addLayer } from "./add-layer.ts";
import { fromWorkingDir } from "./config-steps.ts";
import { expandOptions, invalidAt, type Step } from "./step.ts";

/** WORKDIR: where later steps and the container run; made when it is missing. */
export const workdirStep: Step = async (state, instruction, job) => {
  const text = expandWord(instruction.text, expandOptions(state, instruction, job));
  if (text === "") throw invalidAt(instruction, "name a directory");
  const workingDir = fromWorkingDir(state, text);
  const next = withConfig(state, { workingDir });
  const path = await treeOf(state).resolve(workingDir);
  if ((await treeOf(state).lookup(path))?.kind === "directory") return next;
  return addLayer(
    next,
    {
      title: `WORKDIR ${workingDir}`,
      key: ["WORKDIR", path],
      fill: async (draftDir) => {
        const tree = treeOf(state, { directory: draftDir, opaque: [], isGrowing: true });
        const writer = new LayerWriter(draftDir, tree, { uid: 0, gid: 0 });
        await writer.makeDirectory(path);
        return { owners: writer.owners };
      },
    },
    job,
  );
};
