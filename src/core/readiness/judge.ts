import { ContainerError } from "../../errors/container-error.ts";
import type { Probe, ReadinessCheck } from "./readiness-check.ts";

/**
 * Runs a check once. An app that is not there yet shows it by errors of many kinds, so they are no
 * more than a "not yet".
 *
 * @throws {ContainerError} what the check threw, if it was one: the check's last word
 */
export async function judge(check: ReadinessCheck, probe: Probe): Promise<boolean> {
  try {
    return await check(probe);
  } catch (error) {
    if (error instanceof ContainerError) throw error;
    return false;
  }
}
