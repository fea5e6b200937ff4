// All that reads or writes wrangler's configuration, or asks wrangler.
export { collectUses } from "../deploy/collect-uses.ts";
export { readConfigFile, valueAt } from "../deploy/config-file.ts";
export { imageSlots } from "../deploy/image-slots.ts";
export { configLines, writeImageToConfig } from "../deploy/write-image-to-config.ts";
export { startDeploy } from "../start-deploy.ts";
