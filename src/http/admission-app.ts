// The validating webhook: an AdmissionReview of an Ingress in, a verdict out. It asks one pure function and nothing else: no
// network, no file, no process. What it can't read it answers with 400, and the API server goes on without it.

import express, { type Express, type NextFunction, type Request, type Response } from 'express';
import type { Review } from '../core/review-ingress.js';
import type { Ingress } from '../core/kubernetes-objects.js';

export interface AdmissionSource {
  /** Undefined while not everything has been seen: then nothing can be said. */
  review(write: { ingress: Ingress; before: Ingress | undefined }): Review | undefined;
}

/** What an API server takes for one object, and a little for the wrapping; an update carries two. */
const MOST_BYTES = 7 * 1024 * 1024;
/** kube-apiserver cuts each warning there. */
const WARNING_LENGTH = 250;

interface AdmissionRequest {
  uid: string;
  kind: { group: string; kind: string };
  operation: string;
  object: Ingress | null;
  oldObject: Ingress | null;
}

/** POST /validate. */
export function admissionApp({ review }: AdmissionSource): Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.post('/validate', express.json({ limit: MOST_BYTES, type: () => true }), (request, response) => {
    const asked = requestIn(request.body);
    if (asked === undefined) {
      response.status(400).json({ error: 'not an AdmissionReview (admission.k8s.io/v1) of an Ingress' });
      return;
    }
    const verdict = asked.object === null ? undefined : review({ ingress: asked.object, before: asked.oldObject ?? undefined });
    response.json({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response: { uid: asked.uid, ...answerOf(verdict) } });
  });
  app.use((_request, response) => { response.status(404).json({ error: 'not found: POST /validate' }); });
  app.use((error: Error & { status?: number }, _request: Request, response: Response, _next: NextFunction) => {
    response.status(error.status ?? 500).json({ error: error.status === undefined ? 'failed' : error.message });
  });
  return app;
}

function requestIn(body: unknown): AdmissionRequest | undefined {
  const { apiVersion, kind, request } = (body ?? {}) as { apiVersion?: unknown; kind?: unknown; request?: Partial<AdmissionRequest> };
  const isReview = apiVersion === 'admission.k8s.io/v1' && kind === 'AdmissionReview' && typeof request?.uid === 'string';
  const isIngress = request?.kind?.group === 'networking.k8s.io' && request.kind.kind === 'Ingress';
  if (!isReview || !isIngress || !isObject(request.object) || !isObject(request.oldObject)) return undefined;
  return { object: null, oldObject: null, ...request } as AdmissionRequest;
}

/** An object with a name, or none. */
function isObject(value: unknown): boolean {
  if (value === undefined || value === null) return true;
  const metadata = (value as { metadata?: { name?: unknown } }).metadata;
  return typeof value === 'object' && typeof metadata === 'object' && metadata !== null && typeof metadata.name === 'string';
}

function answerOf(verdict: Review | undefined): object {
  if (verdict === undefined) return { allowed: true };
  const { allowed, owner, rule } = verdict;
  const warnings = verdict.warnings.map((text) => (text.length > WARNING_LENGTH ? `${text.slice(0, WARNING_LENGTH - 1)}…` : text));
  if (!allowed) return { allowed, status: { code: 403, reason: 'Forbidden', message: warnings.join('; ') } };
  return { allowed, ...(warnings.length > 0 ? { warnings } : {}), ...(owner === undefined ? {} : { auditAnnotations: { owner, rule } }) };
}
