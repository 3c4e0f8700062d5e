// What a client is told beside the answer: Warning headers, which kubectl prints, and what fieldValidation makes of unknown fields.
import type { Request, Response } from 'express';
import type { KubeObject, ResourceType } from './resources.js';
import { queryText } from './answer.js';
import { CLASS_ANNOTATION } from './default-ingress-class.js';
import { badRequest, undecodable } from './status-error.js';

export function warnAbout(res: Response, object: KubeObject): void {
  if (object.kind !== 'Ingress' || !Object.hasOwn(object.metadata.annotations ?? {}, CLASS_ANNOTATION)) return;
  warn(res, `annotation "${CLASS_ANNOTATION}" is deprecated, please use 'spec.ingressClassName' instead`);
}

/** Strict refuses unknown fields, Warn (the default) names them, Ignore says nothing; they are dropped in any case. */
export function judgeUnknownFields(http: { req: Request; res: Response }, type: ResourceType, unknown: readonly string[]): void {
  const mode = queryText(http.req, 'fieldValidation');
  if (!['', 'Ignore', 'Warn', 'Strict'].includes(mode)) {
    throw badRequest(`fieldValidation: Unsupported value: ${JSON.stringify(mode)}: supported values: "Ignore", "Strict", "Warn"`);
  }
  const complaints = unknown.map((path) => `unknown field ${JSON.stringify(path)}`);
  if (complaints.length === 0 || mode === 'Ignore') return;
  if (mode === 'Strict') throw undecodable(type, `strict decoding error: ${complaints.join(', ')}`);
  for (const text of complaints) warn(http.res, text);
}

/** Only visible ASCII: field names come from the client, and a header takes no others. */
export function warn(res: Response, text: string): void {
  res.append('Warning', `299 - ${JSON.stringify(text.replaceAll(/[^\x20-\x7e]/g, '?'))}`);
}
