// Processor time of processes from the kernel's accounting, and the processors that proxy and load are bound to. With one
// processor there is nothing to bind to; figures are then void.

import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { cpus } from 'node:os';

export const proxyProcessor = 0;
export const loadProcessor = Math.min(1, cpus().length - 1);

/** What a command begins with that runs on the load's processor. */
export const onLoadProcessor: readonly string[] = ['taskset', '-c', String(loadProcessor)];

/**
 * What a command begins with that stands for another machine, load or pods: it runs on the load's processor, and as soon
 * as it wants to (chrt needs root), for what our own programs do on that processor would not be in its way there.
 */
export const elsewhere: readonly string[] = [...onLoadProcessor, ...(process.getuid?.() === 0 ? ['chrt', '-f', '10'] : [])];

/** Milliseconds of the clock that all processes of the machine share (CLOCK_MONOTONIC). */
export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6;

/** Nanoseconds that all threads of the processes have been on a processor (first field of /proc/<pid>/task/<tid>/schedstat). */
export function processorTime(pids: readonly number[]): number {
  return pids.flatMap((pid) => readdirSync(`/proc/${pid}/task`).map((task) => `/proc/${pid}/task/${task}/schedstat`))
    .reduce((sum, file) => sum + Number(readFileSync(file, 'utf8').split(' ')[0]), 0);
}

/** Binds all threads of running processes to a processor. */
export function bindTo(processor: number, pids: readonly number[]): void {
  for (const pid of pids) execFileSync('taskset', ['-a', '-c', '-p', String(processor), String(pid)], { stdio: 'ignore' });
}

/** The processes whose parent is `pid`. */
export function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter((one) => one !== '').map(Number);
}

/** Bytes of memory of the processes, what several share divided among those who share it (PSS). */
export function sharedOutMemory(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + 1024 * Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]), 0);
}

/** Bytes of memory of the processes that no file and no shared zone is behind (Anonymous). */
export function anonymousMemory(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + 1024 * Number(/^Anonymous:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]), 0);
}
