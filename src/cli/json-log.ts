// The log of programs that run in a cluster: one JSON object a line, on standard output, for machines.

import type { PartLog } from './installation/start-installation.js';

/** Loads the logger and returns what writes a line. */
export async function jsonLog(): Promise<PartLog> {
  const { pino } = await import('pino');
  const logger = pino({ base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters: { level: (level) => ({ level }) } });
  return (level, part, message) => logger[level]({ part }, message);
}
