// The admin listener: metrics and health, for machines inside the cluster. It shows no secret and takes no instruction.

import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate as nextTurn } from 'node:timers/promises';
import express, { type Express, type NextFunction, type Request, type Response } from 'express';

export interface MetricsRequest {
  format: 'text' | 'openmetrics';
  /** Of one class only. */
  className?: string;
}

export interface AdminSources {
  metrics(request: MetricsRequest): Promise<{ pieces: string[]; contentType: string }>;
  /** Classes that /metrics/<class> is there for. */
  classes: readonly string[];
  /** Undefined when ready; else what is still missing, in words. */
  notReady(): string | undefined | Promise<string | undefined>;
}

/** GET /metrics, /metrics/<class>, /healthz (the process is alive) and /readyz (it serves). */
export function adminApp(sources: AdminSources): Express {
  const app = express();
  app.disable('x-powered-by');
  // Hashing megabytes for a scrape that nobody asks for twice would hold everything else up.
  app.disable('etag');
  const send = async (request: Request, response: Response, className?: string): Promise<void> => {
    const format = wantsOpenMetrics(request) ? 'openmetrics' : 'text';
    const { pieces, contentType } = await sources.metrics(className === undefined ? { format } : { format, className });
    response.set({ 'content-type': contentType, vary: 'accept' });
    // Who goes away in between is no error of ours.
    await pipeline(Readable.from(oneByOne(pieces)), response).catch(() => response.destroy());
  };
  app.get('/metrics', (request, response) => send(request, response));
  app.get('/metrics/:className', async (request, response, next) => {
    const { className } = request.params;
    if (!sources.classes.includes(className)) return next();
    await send(request, response, className);
  });
  app.get('/healthz', (_request, response) => { response.type('text').send('ok\n'); });
  app.get('/readyz', async (_request, response) => {
    const missing = await sources.notReady();
    response.status(missing === undefined ? 200 : 503).type('text').send(`${missing ?? 'ok'}\n`);
  });
  app.use((_request, response) => { response.status(404).type('text').send('not found: try /metrics, /metrics/<class>, /healthz or /readyz\n'); });
  app.use((error: Error, _request: Request, response: Response, _next: NextFunction) => {
    response.status(500).type('text').send(`${error.message}\n`);
  });
  return app;
}

/** Prometheus names it first and other forms after it; browsers and curl do not name it. */
function wantsOpenMetrics({ headers: { accept = '' } }: Request): boolean {
  return /(?:^|,)\s*application\/openmetrics-text\s*(?:;|,|$)/i.test(accept);
}

/** A reader that is fast enough would else have all of it in one turn of the event loop. */
async function* oneByOne(pieces: readonly string[]): AsyncGenerator<string> {
  for (const piece of pieces) {
    yield piece;
    await nextTurn();
  }
}
