#!/usr/bin/env node
/**
 * @file Commands of batch systems that are not to be had, as programs on PATH: they run what is
 * submitted as processes of this machine, at once, and answer as the real ones were recorded to
 * (PBS) or as their manuals say. Which command it is, is the name that it was called by; what the
 * jobs are, is in the folder FAKE_BATCH.
 */
import { spawn } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { basename, join } from "node:path";

const folder = process.env.FAKE_BATCH;
const [, self, ...args] = process.argv;
const command = basename(self);

const flag = (name) => (args.includes(name) ? args[args.indexOf(name) + 1] : undefined);
const say = (text) => process.stdout.write(`${text}\n`);

function refuse(text, code) {
  process.stderr.write(`${text}\n`);
  process.exit(code);
}

/** Numbers of jobs begin at 0, as they do on a new server of PBS. */
function nextNumber() {
  mkdirSync(join(folder, "jobs"), { recursive: true });
  const numbers = readdirSync(join(folder, "jobs")).map((id) => Number(/\d+/.exec(id)?.[0]));
  return Math.max(-1, ...numbers) + 1;
}

/** Runs a script in a session of its own, as a node does; it may be signalled as a group. */
function run(id, script, env, { out = "out", error = "error", words = [] } = {}) {
  const place = join(folder, "jobs", id);
  mkdirSync(place, { recursive: true });
  const file = join(place, "script");
  writeFileSync(file, script);
  chmodSync(file, 0o755);
  // The shell waits for the script, whatever it is sent, and notes how it ended.
  const shell = `trap : TERM; echo $$ > pid; "$@" > "${out}" 2> "${error}" & child=$!
while :; do wait $child; code=$?; kill -0 $child 2> /dev/null || break; done; echo $code > exit`;
  const child = spawn("/bin/sh", ["-c", shell, "job", file, ...words], {
    cwd: place,
    detached: true,
    stdio: "ignore",
    env: { ...process.env, ...env },
  });
  child.unref();
}

/** Everything that was submitted: `state` is queued, running or ended. */
function jobs() {
  if (!existsSync(join(folder, "jobs"))) return [];
  return readdirSync(join(folder, "jobs")).map((id) => {
    const place = join(folder, "jobs", id);
    const read = (name) =>
      existsSync(join(place, name)) ? readFileSync(join(place, name), "utf8").trim() : "";
    const [pid, exit] = [read("pid"), read("exit")];
    const state = exit !== "" ? "ended" : pid !== "" ? "running" : "queued";
    return { id, pid: Number(pid), exit: Number(exit), state };
  });
}

/** SIGTERM, and a while later SIGKILL, to all processes of a job. */
function end(id) {
  const job = jobs().find((each) => each.id === id && each.state !== "ended");
  if (job === undefined) return false;
  appendFileSync(join(folder, "jobs", id, "cancelled"), "");
  const kill = `kill -TERM -${job.pid}; sleep 3
[ -e exit ] || { kill -KILL -${job.pid}; echo 137 > exit; }`;
  spawn("/bin/sh", ["-c", kill], {
    cwd: join(folder, "jobs", id),
    detached: true,
    stdio: "ignore",
  }).unref();
  return true;
}

const input = () => readFileSync(0, "utf8");
const upTo = (count) => Array.from({ length: count }, (_, i) => i);

const COMMANDS = {
  qsub() {
    const script = input();
    const number = nextNumber();
    const last = flag("-J")?.split("-")[1];
    if (/-q nowhere/.test(script)) refuse("qsub: Unknown queue", 170);
    const base = { PBS_ENVIRONMENT: "PBS_BATCH", PBS_JOBNAME: "work" };
    if (last === undefined) {
      run(`${number}.vm`, script, { ...base, PBS_JOBID: `${number}.vm` });
      return say(`${number}.vm`);
    }
    for (const i of upTo(Number(last) + 1)) {
      const id = `${number}[${i}].vm`;
      run(id, script, { ...base, PBS_JOBID: id, PBS_ARRAY_INDEX: String(i) });
    }
    say(`${number}[].vm`);
  },
  qstat() {
    // Without job_job_history_enable what has ended is not listed.
    const states = { queued: "Q", running: "R" };
    const alive = jobs().filter(({ state }) => state !== "ended");
    const entries = alive.map(({ id, state }) => [id, { job_state: states[state] }]);
    say(JSON.stringify({ pbs_version: "23.06.06", Jobs: Object.fromEntries(entries) }));
  },
  qdel() {
    const unknown = args.filter((id) => !end(id));
    if (unknown.length > 0) refuse(`qdel: Unknown Job Id ${unknown[0]}`, 153);
  },
  msub() {
    const script = input();
    const number = nextNumber();
    const last = flag("-t")?.split("-")[1];
    if (last === undefined) {
      run(`Moab.${number}`, script, { MOAB_JOBID: `Moab.${number}` });
      return say(`\nMoab.${number}`);
    }
    for (const i of upTo(Number(last) + 1)) {
      run(`Moab.${number}[${i}]`, script, { MOAB_JOBID: `Moab.${number}[${i}]` });
    }
    say(`\nMoab.${number}[]`);
  },
  showq() {
    const states = { queued: "Idle", running: "Running" };
    const alive = jobs().filter(({ state }) => state !== "ended");
    const list = alive.map(({ id, state }) => `<job JobID="${id}" State="${states[state]}"></job>`);
    say(`<Data><queue count="${list.length}" option="active">${list.join("")}</queue></Data>`);
  },
  canceljob() {
    for (const id of args) if (end(id)) say(`job '${id}' cancelled`);
  },
  bsub() {
    const script = input();
    const number = nextNumber();
    const last = /\[1-(\d+)\]/.exec(flag("-J") ?? "")?.[1];
    const base = { LSB_JOBID: String(number) };
    if (last === undefined) run(String(number), script, { ...base, LSB_JOBINDEX: "0" });
    for (const i of last === undefined ? [] : upTo(Number(last))) {
      run(`${number}[${i + 1}]`, script, { ...base, LSB_JOBINDEX: String(i + 1) });
    }
    say(`Job <${number}> is submitted to default queue <normal>.`);
  },
  bjobs() {
    const states = { queued: "PEND", running: "RUN" };
    const all = jobs();
    if (all.length === 0) refuse(`Job <${flag("-J")}> is not found`, 255);
    for (const { id, state, exit } of all) {
      const [, number, index = "0"] = /^(\d+)(?:\[(\d+)\])?$/.exec(id);
      const word = states[state] ?? (exit === 0 ? "DONE" : "EXIT");
      say([number, index, word, state === "ended" && exit > 0 ? exit : "-", "-"].join("|"));
    }
  },
  bkill() {
    for (const id of args) {
      if (end(id)) say(`Job <${id}> is being terminated`);
      else refuse(`Job <${id}>: Job has already finished`, 255);
    }
  },
  oarsub() {
    const script = `#!/bin/bash\n${args.at(-1)}\n`;
    say("[ADMISSION RULE] Set default walltime to 7200.");
    for (const _ of upTo(Number(flag("--array") ?? 1))) {
      const number = nextNumber();
      run(String(number), script, { OAR_JOB_ID: String(number) });
      say(`OAR_JOB_ID=${number}`);
    }
  },
  oarstat() {
    const states = { queued: "Waiting", running: "Running" };
    const entries = jobs().map(({ id, state, exit }) => [
      id,
      { state: states[state] ?? (exit === 0 ? "Terminated" : "Error"), exit_code: exit * 256 },
    ]);
    say(JSON.stringify(Object.fromEntries(entries)));
  },
  oardel() {
    for (const id of args) if (end(id)) say(`Deleting the job = ${id} ...REGISTERED.`);
  },
  condor_submit() {
    const count = Number(flag("-queue"));
    const pairs = input()
      .split("\n")
      .map((line) => /^([\w.]+)\s*=\s*(.*)$/.exec(line))
      .filter((found) => found !== null);
    const attributes = new Map(pairs.map(([, key, value]) => [key, value]));
    const number = nextNumber();
    for (const i of upTo(count)) {
      const filled = (key) =>
        attributes
          .get(key)
          ?.replaceAll("$(ClusterId)", number)
          .replaceAll("$(ProcId)", i)
          .replaceAll("$(DOLLAR)", "$");
      const env = unquoted(filled("Environment")).map((pair) => pair.split(/=(.*)/s).slice(0, 2));
      const script = `#!/bin/sh\nexec "$@"\n`;
      const words = [filled("Executable"), ...unquoted(filled("Arguments"))];
      run(`${number}.${i}`, script, Object.fromEntries(env), { words });
    }
    say(`Submitting job(s)${".".repeat(count)}\n${count} job(s) submitted to cluster ${number}.`);
  },
  condor_q() {
    const states = { queued: 1, running: 2 };
    const alive = jobs().filter(({ state }) => state !== "ended");
    const list = alive.map(({ id, state }) => {
      const [ClusterId, ProcId] = id.split(".").map(Number);
      return { ClusterId, ProcId, JobStatus: states[state] };
    });
    if (list.length > 0) say(JSON.stringify(list));
  },
  condor_rm() {
    for (const id of args) if (end(id)) say(`Job ${id} marked for removal`);
  },
};

/** Words of an attribute in double quotes: within, `""` is one, and `'...'` holds blanks. */
function unquoted(text = '""') {
  const inner = text.slice(1, -1).replaceAll('""', '"');
  const words = [];
  for (const [word] of inner.matchAll(/(?:'(?:[^']|'')*'|[^\s'])+/g)) {
    words.push(word.replaceAll(/'((?:[^']|'')*)'/g, (_, held) => held.replaceAll("''", "'")));
  }
  return words;
}

appendFileSync(join(folder, "calls"), `${[command, ...args].join(" ").split("\n")[0]}\n`);
COMMANDS[command]();
