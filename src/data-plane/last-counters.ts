// Tells the agent what had been counted when a worker ends. Nobody can ask an nginx that is ending: it listens no more. The
// counters are those of all workers, so the last one to end tells the whole.

import * as ffi from 'ffi';
import { counterLines } from './counter-lines.js';
import { instanceId, lastCountersDescriptor } from './init.js';

ffi.cdef('long write(int descriptor, const void *bytes, size_t length);');

/** Lines in one write. */
const AT_ONCE = 200;
let descriptor: number | undefined;

/** Runs when a worker starts. */
export function takeLastCounters(): void {
  descriptor = lastCountersDescriptor();
}

/** Writes the counters as the control socket tells them, in whole lines. */
export function tellLastCounters(): void {
  if (descriptor === undefined) return;
  let lines = ['instance\t' + instanceId() + '\n'];
  const next = counterLines();
  for (let line = next(); line !== undefined; line = next()) {
    lines.push(line);
    if (lines.length >= AT_ONCE) {
      send(descriptor, lines);
      lines = [];
    }
  }
  send(descriptor, lines);
}

function send(to: number, lines: string[]): void {
  const text = table.concat(lines);
  ffi.C.write(to, text, text.length);
}
