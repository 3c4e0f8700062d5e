// What the kernel knows of nginx: processor time, memory, files, and the connections of each listener. Read from /proc, so it
// costs no request anything; where a process has just ended, it is left out.

import { readFile, readdir } from 'node:fs/promises';
import type { Pids } from './nginx-process.js';
import type { EngineSettings } from './settings.js';
import type { Reading } from './traffic-counters.js';

/** Ticks a second of the times in /proc; Linux has 100 on every platform that Node runs on. */
const TICKS = 100;
const PAGE_BYTES = 4096;
const ESTABLISHED = '01';
/** Lines of /proc/net/tcp between two turns of the event loop. */
const AT_ONCE = 2000;

export interface ProcFigures {
  read(pids: Pids | undefined): Promise<Reading[]>;
}

/** `listeners`: those there are now. */
export function createProcFigures(listeners: () => EngineSettings['listeners']): ProcFigures {
  const seconds = new Map<number, number>();
  let ended = 0;
  return {
    async read(pids) {
      const all = pids === undefined ? [] : [pids.master, ...pids.workers];
      const figures = (await Promise.all(all.map(processFigures))).filter((one) => one !== undefined);
      for (const [pid, used] of seconds) {
        if (figures.some((one) => one.pid === pid)) continue;
        ended += used;
        seconds.delete(pid);
      }
      for (const { pid, cpu } of figures) seconds.set(pid, cpu);
      const total = (pick: (one: ProcessFigures) => number): number => figures.reduce((sum, one) => sum + pick(one), 0);
      return [
        { name: 'nginxCpu', labels: [], values: [ended + total(({ cpu }) => cpu)] },
        { name: 'nginxMemory', labels: [], values: [total(({ resident }) => resident)] },
        { name: 'nginxVirtualMemory', labels: [], values: [total(({ virtual }) => virtual)] },
        { name: 'nginxOpenFiles', labels: [], values: [total(({ files }) => files)] },
        { name: 'nginxProcesses', labels: ['master'], values: [pids === undefined ? 0 : 1] },
        { name: 'nginxProcesses', labels: ['worker'], values: [pids?.workers.length ?? 0] },
        ...await connectionReadings(listeners()),
      ];
    },
  };
}

interface ProcessFigures {
  pid: number;
  cpu: number;
  resident: number;
  virtual: number;
  files: number;
}

async function processFigures(pid: number): Promise<ProcessFigures | undefined> {
  try {
    const [stat, files] = await Promise.all([readFile(`/proc/${pid}/stat`, 'utf8'), readdir(`/proc/${pid}/fd`)]);
    // The name in parentheses may hold spaces; what follows is counted from field 3 (proc(5)).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ').map(Number);
    return { pid, cpu: (fields[11]! + fields[12]!) / TICKS, virtual: fields[20]!, resident: fields[21]! * PAGE_BYTES, files: files.length };
  } catch {
    return undefined;
  }
}

/** Established connections by listener and port. A listener of several classes has no class of its own. */
async function connectionReadings(listeners: EngineSettings['listeners']): Promise<Reading[]> {
  const counts = new Map<number, number>(listeners.flatMap(({ httpPort, httpsPort }) => [[httpPort, 0], [httpsPort, 0]] as const));
  for (const file of ['/proc/net/tcp', '/proc/net/tcp6']) await countConnections(file, counts);
  return listeners.flatMap(({ name, classes, httpPort, httpsPort }) => {
    const className = classes.length === 1 ? classes[0]! : '';
    return [
      { name: 'connections', labels: [className, name, 'http'], values: [counts.get(httpPort)!] },
      { name: 'connections', labels: [className, name, 'https'], values: [counts.get(httpsPort)!] },
    ];
  });
}

async function countConnections(file: string, counts: Map<number, number>): Promise<void> {
  const text = await readFile(file, 'latin1').catch(() => '');
  let done = 0;
  for (const line of text.split('\n')) {
    const [, local, , state] = line.trimStart().split(' ', 4);
    const port = parseInt(local?.slice(local.indexOf(':') + 1) ?? '', 16);
    const count = counts.get(port);
    if (state === ESTABLISHED && count !== undefined) counts.set(port, count + 1);
    if (++done % AT_ONCE === 0) await new Promise((resolve) => { setImmediate(resolve); });
  }
}
