/** @file The batch systems that Heddle knows, by name. */
import type { BatchSystem, SystemName } from "../system.ts";
import { htcondor } from "./htcondor.ts";
import { lsf } from "./lsf.ts";
import { oar } from "./oar.ts";
import { moab, pbs } from "./pbs.ts";
import { sge } from "./sge.ts";
import { slurm } from "./slurm.ts";

export const SYSTEMS: Readonly<Record<SystemName, BatchSystem>> = {
  slurm,
  pbs,
  sge,
  lsf,
  oar,
  moab,
  htcondor,
};
