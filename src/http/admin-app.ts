// The admin listener: metrics and health, for machines inside the cluster. It shows no secret and takes no instruction.

import express, { type Express, type NextFunction, type Request, type Response } from 'express';

export interface AdminSources {
  metrics(): Promise<{ text: string; contentType: string }>;
  /** Undefined when ready; else what is still missing, in words. */
  notReady(): string | undefined | Promise<string | undefined>;
}

/** GET /metrics, /healthz (the process is alive) and /readyz (it serves). */
export function adminApp(sources: AdminSources): Express {
  const app = express();
  app.disable('x-powered-by');
  app.get('/metrics', async (_request, response) => {
    const { text, contentType } = await sources.metrics();
    response.set('content-type', contentType).send(text);
  });
  app.get('/healthz', (_request, response) => { response.type('text').send('ok\n'); });
  app.get('/readyz', async (_request, response) => {
    const missing = await sources.notReady();
    response.status(missing === undefined ? 200 : 503).type('text').send(`${missing ?? 'ok'}\n`);
  });
  app.use((_request, response) => { response.status(404).type('text').send('not found: try /metrics, /healthz or /readyz\n'); });
  app.use((error: Error, _request: Request, response: Response, _next: NextFunction) => {
    response.status(500).type('text').send(`${error.message}\n`);
  });
  return app;
}
