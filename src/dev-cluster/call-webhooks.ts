// Validating webhooks, as a real API server calls them: who is to be asked about a write, the question over TLS, and what comes
// of the answers. Match conditions (CEL) are not evaluated: a webhook that has some is refused when it is written.
import { request } from 'node:https';
import { randomUUID } from 'node:crypto';
import type { KubeObject, ResourceType } from './resources.js';
import type { ServerContext } from './server-context.js';
import { fieldsAt, has, listAt, stringsAt, textAt } from './field-access.js';
import { namespaceType } from './kind-rules.js';
import { viewOf } from './event-views.js';
import { StatusError } from './status-error.js';
import { resourceTypes } from './resources.js';

export interface AdmittedWrite {
  type: ResourceType;
  operation: 'CREATE' | 'UPDATE';
  object: KubeObject;
  oldObject: KubeObject | undefined;
  user: string;
  dryRun: boolean;
}

type Webhook = Record<string, unknown>;

/** Where a Service's port can be reached from this process: nothing here routes cluster addresses. */
export type ReachService = (service: { namespace: string; name: string; port: number }) => { host: string; port: number } | undefined;

const configurationType = resourceTypes.find((type) => type.kind === 'ValidatingWebhookConfiguration')!;

/** The webhooks that want to be asked about writes of this kind. */
export function webhooksFor({ store }: ServerContext, type: ResourceType, { operation, namespace }: { operation: string; namespace: string | undefined }): Webhook[] {
  const stored = store.list(configurationType);
  if (stored.keys.length === 0) return [];
  const labels = namespace === undefined ? {} : (store.get(namespaceType, undefined, namespace)?.metadata.labels ?? {});
  return stored.keys.flatMap((key) => listAt(stored.at(key)!, 'webhooks')).filter((webhook) =>
    listAt(webhook, 'rules').some((rule) => wants(rule, 'operations', operation) && wants(rule, 'apiGroups', type.group) && wants(rule, 'apiVersions', type.version) && wants(rule, 'resources', type.plural)) &&
    (namespace === undefined || meets(fieldsAt(webhook, 'namespaceSelector'), labels)));
}

const wants = (rule: Webhook, part: string, value: string): boolean => stringsAt(rule, part).some((one) => one === '*' || one === value);

function meets(selector: Record<string, unknown>, labels: Record<string, string>): boolean {
  const equal = Object.entries(fieldsAt(selector, 'matchLabels')).every(([key, value]) => labels[key] === value);
  return equal && listAt(selector, 'matchExpressions').every((one) => {
    const value = labels[textAt(one, 'key')];
    const listed = value !== undefined && stringsAt(one, 'values').includes(value);
    switch (one['operator']) {
      case 'In': return listed;
      case 'NotIn': return !listed;
      case 'Exists': return value !== undefined;
      default: return value === undefined;
    }
  });
}

/** Asks all of them; returns the warnings. Throws a StatusError when one refuses, or fails and is not to be ignored. */
export async function askWebhooks(reach: ReachService | undefined, webhooks: readonly Webhook[], write: AdmittedWrite): Promise<string[]> {
  const warnings: string[] = [];
  for (const webhook of webhooks) {
    const name = textAt(webhook, 'name');
    let response: Record<string, unknown>;
    try {
      response = await ask(reach, webhook, write);
    } catch (error) {
      if (webhook['failurePolicy'] === 'Ignore') continue;
      throw new StatusError(500, 'InternalError', `Internal error occurred: failed calling webhook ${JSON.stringify(name)}: ${(error as Error).message}`);
    }
    warnings.push(...stringsAt(response, 'warnings'));
    if (response['allowed'] !== true) {
      const status = fieldsAt(response, 'status');
      const why = textAt(status, 'message') || textAt(status, 'reason') || 'without explanation';
      throw new StatusError(Number(status['code'] ?? 400), textAt(status, 'reason') || 'BadRequest', `admission webhook ${JSON.stringify(name)} denied the request: ${why}`);
    }
  }
  return warnings;
}

function ask(reach: ReachService | undefined, webhook: Webhook, write: AdmittedWrite): Promise<Record<string, unknown>> {
  const { type, operation, object, oldObject, user, dryRun } = write;
  const client = fieldsAt(webhook, 'clientConfig');
  const service = fieldsAt(client, 'service');
  const to = { namespace: textAt(service, 'namespace'), name: textAt(service, 'name'), port: Number(service['port'] ?? 443) };
  const address = reach?.(to);
  if (address === undefined) return Promise.reject(new Error(`no endpoints available for service ${JSON.stringify(to.name)}`));
  const kind = { group: type.group, version: type.version, kind: type.kind };
  const uid = randomUUID();
  const body = JSON.stringify({
    apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview',
    request: {
      uid, kind, resource: { group: type.group, version: type.version, resource: type.plural }, operation, dryRun, userInfo: { username: user },
      name: object.metadata.name, ...(object.metadata.namespace === undefined ? {} : { namespace: object.metadata.namespace }),
      object: viewOf(type, object), oldObject: oldObject === undefined ? null : viewOf(type, oldObject),
    },
  });
  const timeout = Number(webhook['timeoutSeconds'] ?? 10) * 1000;
  return new Promise((resolve, reject) => {
    const asked = request({
      ...address, path: textAt(service, 'path') || '/', method: 'POST', timeout, headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
      ca: Buffer.from(textAt(client, 'caBundle'), 'base64').toString(), servername: `${to.name}.${to.namespace}.svc`, agent: false,
    }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (chunk: string) => { text += chunk; }).once('end', () => {
        try {
          const response = fieldsAt(JSON.parse(text), 'response');
          if (answer.statusCode !== 200 || response['uid'] !== uid || !has(response, 'allowed')) throw new Error(`unexpected answer (${answer.statusCode}): ${text.slice(0, 200)}`);
          resolve(response);
        } catch (error) {
          reject(error as Error);
        }
      });
    });
    asked.once('timeout', () => asked.destroy(new Error('context deadline exceeded')));
    asked.once('error', reject);
    asked.end(body);
  });
}
