/** @file The flags of `heddle scheduler` and `heddle worker`. */
import { type Command, Option } from "commander";
import { packageVersion } from "../config/package-version.ts";
import type { SchedulerFlags } from "./scheduler.ts";
import type { SSHFlags } from "./ssh.ts";
import type { WorkerFlags } from "./worker-plan.ts";

/** Flags given several times, or with commas, make a list. */
function collect(value: string, before: string[] = []): string[] {
  return [...before, ...value.split(",").filter((part) => part !== "")];
}

/** The flag's description with the configuration key that it stands for. */
function keyed(about: string, key: string): string {
  return `${about} [${key}]`;
}

function addListening(command: Command): Command {
  return command
    .option("--host <address>", "address or host name to listen on")
    .option("--interface <name>", "network interface to listen on, such as eth0 or ib0")
    .addOption(new Option("--protocol <name>", "tcp or tls").choices(["tcp", "tls"]))
    .option("--tls-ca-file <path>", "authority whose certificates are accepted (PEM)")
    .option("--tls-cert <path>", "certificate of this process (PEM)")
    .option("--tls-key <path>", "private key of this process (PEM)")
    .option("--token-file <path>", "file with the cluster's token, readable for you alone")
    .option("--pid-file <path>", "file for the number of this process")
    .option("--json", "the first line and the log as JSON")
    .option("--end-with-stdin", "end when standard input ends, for programs that start this one");
}

export function addScheduler(program: Command, setExitCode: (code: number) => void): void {
  addListening(
    program
      .command("scheduler")
      .description("start the scheduler of a cluster")
      .option("--port <port>", keyed("port, or a range such as 8786:8799", "scheduler.port"))
      .option("--scheduler-file <path>", "file in which to leave how the scheduler is reached")
      .option(
        "--access-file <path>",
        "connection file whose token and certificates to use; removed when it is read",
      )
      .option(
        "--dashboard-address <address>",
        "port, or host and port, of /health, /json and /metrics; the next free port if taken",
        ":8787",
      )
      .option("--no-dashboard", "no such port")
      .option(
        "--idle-timeout <time>",
        keyed("end after so long with nothing to do", "scheduler.idle-timeout"),
      )
      .option(
        "--journal <folder>",
        keyed("go on after a restart with what this folder holds", "scheduler.journal"),
      )
      .option(
        "--preload <module>",
        keyed("module to load first: setup(scheduler), teardown(scheduler)", "scheduler.preload"),
        collect,
      ),
  )
    .addHelpText(
      "after",
      "\nThe token comes from --token-file or HEDDLE_TOKEN; without either one is made. How the\n" +
        "scheduler is reached, with the token, is left in ~/.heddle/clusters for your programs.",
    )
    .action(async (flags: SchedulerFlags) => {
      const { runScheduler } = await import("./scheduler.ts");
      setExitCode(await runScheduler(flags, packageVersion()));
    });
}

export function addSSH(program: Command, setExitCode: (code: number) => void): void {
  program
    .command("ssh")
    .description("start a cluster on hosts that ssh reaches, for as long as this runs")
    .argument("[hosts...]", "the first one has the scheduler, too")
    .option("--hostfile <path>", "file with more hosts, one a line")
    .option("--scheduler <host>", "host of the scheduler; the first one unless given")
    .option("--scheduler-port <port>", "port of the scheduler, or a range", "8786")
    .option("--scheduler-file <path>", "file in which to leave how the scheduler is reached")
    .option("--nohost", "no workers on the scheduler's host")
    .option("--nworkers <n>", "workers on each host", "1")
    .option("--nthreads <n>", "task threads of each worker; the host's cores unless given")
    .option("--memory-limit <size>", "memory of each worker")
    .option("--local-directory <path>", "folder for spilled data there")
    .option("--worker-port <port>", "port on which values are served, or a range a:b")
    .option("--ssh-username <name>", "user on the hosts")
    .option("--ssh-port <port>", "port of their ssh servers")
    .option("--ssh-private-key <path>", "private key for them")
    .option("--ssh-option <option>", "as after ssh -o", (value: string, before: string[] = []) => [
      ...before,
      value,
    ])
    .option("--remote-node <path>", "node on the hosts; where it is here unless given")
    .option("--remote-command <words>", "the command there in place of node and Heddle's file")
    .option("--log-directory <path>", "folder for what the programs wrote, at the end")
    .option("--json", "the first line as JSON")
    .action(async (hosts: string[], flags: SSHFlags) => {
      const { runSSH } = await import("./ssh.ts");
      setExitCode(await runSSH(hosts, flags));
    });
}

export function addWorker(program: Command, setExitCode: (code: number) => void): void {
  const command = program
    .command("worker")
    .description("start workers of a cluster on this machine")
    .argument("[scheduler]", "address of the scheduler, such as tcp://host:8786")
    .option("--scheduler-file <path>", "file that the scheduler has written; waited for")
    .option("--nworkers <n>", "processes: n, -n (cores + 1 - n) or auto", "1")
    .option("--nthreads <n>", "task threads of each worker; cores divided by workers unless given")
    .option(
      "--memory-limit <size>",
      keyed(
        "memory of each process: 4GB, 0.5 of the machine, auto, 0 for none",
        "worker.memory.limit",
      ),
    )
    .option("--name <name>", "name in the cluster; several workers are numbered")
    .option("--resources <list>", keyed('such as "GPU=2 MEM=10e9"', "worker.resources"))
    .option("--local-directory <path>", keyed("folder for spilled data", "temporary-directory"))
    .option("--worker-port <port>", "port on which values are served, or a range a:b")
    .option("--nanny-port <port>", "accepted, without effect: supervisors open no port")
    .option("--listen-address <address>", "address on which values are served")
    .option("--contact-address <address>", "where others reach that address")
    .option(
      "--dashboard-address <address>",
      "port, or host and port, of each worker's own /health, /json and /metrics",
    )
    .option("--nanny", "a supervisor restarts workers that die", true)
    .option("--no-nanny", "one worker in this process, restarted by nobody")
    .option(
      "--death-timeout <time>",
      keyed("end when the scheduler is out of reach for so long", "worker.death-timeout"),
    );
  addLife(addListening(command)).action(async (address: string | undefined, flags: WorkerFlags) => {
    const { runWorker } = await import("./worker.ts");
    setExitCode(await runWorker(address, flags, packageVersion()));
  });
}

function addLife(command: Command): Command {
  return command
    .option("--lifetime <time>", keyed("end after so long", "worker.lifetime.duration"))
    .option(
      "--lifetime-stagger <time>",
      keyed("so much longer or shorter, by chance", "worker.lifetime.stagger"),
    )
    .option(
      "--lifetime-grace <time>",
      keyed("a worker that is to end may take so long", "worker.lifetime.grace"),
    )
    .option(
      "--lifetime-restart",
      keyed("another process follows when it is over", "worker.lifetime.restart"),
    )
    .option(
      "--preload <module>",
      keyed("module that workers load first", "worker.preload"),
      collect,
    )
    .option(
      "--preload-nanny <module>",
      keyed("module that the supervisor loads first", "nanny.preload"),
      collect,
    )
    .option("--validate", keyed("poison freed memory and check inputs", "worker.validate"));
}
