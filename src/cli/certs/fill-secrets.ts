// Keeps the authority and the certificates of controllers and engines in Secrets of a cluster, which are there already: it
// needs get and patch on these very Secrets and creates none. An authority that is there is used again.

import { type Pair, issueEngine, issuePublisher, makeAuthority } from './issue-certificates.js';
import type { KubeApi } from '../../kubernetes/kube-api.js';
import type { KubeObject, ObjectRef } from '../../kubernetes/kube-object.js';
import { OperationalError, hasCode } from '../../kubernetes/operational-error.js';
import { secrets, webhookConfigurations } from '../../kubernetes/resources.js';

export interface SecretsRequest {
  api: Pick<KubeApi, 'get' | 'patch'>;
  namespace: string;
  classes: readonly string[];
  days: number;
  /** Name of the ValidatingWebhookConfiguration that is to trust the authority; none unless given. */
  webhook?: string;
}

const PREFIX = 'ingress-arbiter-tls-';
const ATTEMPTS = 3;

/** Fills the Secrets and returns their names. Rejects with an Error that says what is missing and what to do. */
export async function fillSecrets({ api, namespace, classes, days, webhook }: SecretsRequest): Promise<string[]> {
  const refTo = (name: string): ObjectRef => ({ resource: secrets, namespace, name: PREFIX + name });
  const authority = await takeAuthority(api, refTo('authority'));
  const filled: string[] = [];
  const fill = async (name: string, pair: Pair): Promise<void> => {
    const ref = refTo(name);
    await explained(ref, api.patch(ref, dataOf(pair, authority)));
    filled.push(ref.name);
  };
  await fill('engine', await issueEngine(authority, days));
  for (const className of classes) await fill(className, await issuePublisher(authority, [className], days, [`ingress-arbiter-controller-${className}.${namespace}.svc`]));
  if (webhook !== undefined) await trustAuthority(api, webhook, authority);
  return filled;
}

/** The API server trusts what a configuration names. The list of its webhooks is replaced as a whole, so it is read first. */
async function trustAuthority(api: SecretsRequest['api'], name: string, authority: Pair): Promise<void> {
  const ref: ObjectRef = { resource: webhookConfigurations, name };
  const { metadata: { resourceVersion }, webhooks = [] } = await explained(ref, api.get(ref)) as KubeObject & { webhooks?: { clientConfig: object }[] };
  const caBundle = Buffer.from(authority.cert).toString('base64');
  await explained(ref, api.patch(ref, { metadata: { resourceVersion }, webhooks: webhooks.map((one) => ({ ...one, clientConfig: { ...one.clientConfig, caBundle } })) }));
}

/** The one that is there, else a new one. Two that start at once agree on the one that was written first. */
async function takeAuthority(api: SecretsRequest['api'], ref: ObjectRef): Promise<Pair> {
  for (let attempt = 1; ; attempt += 1) {
    const secret = await explained(ref, api.get(ref));
    const there = pairIn(secret);
    if (there !== undefined) return there;
    const made = await makeAuthority();
    try {
      await explained(ref, api.patch(ref, { metadata: { resourceVersion: secret.metadata.resourceVersion }, ...dataOf(made, made) }));
      return made;
    } catch (error) {
      if (!hasCode((error as Error).cause, 'conflict') || attempt === ATTEMPTS) throw error;
    }
  }
}

function pairIn(secret: KubeObject): Pair | undefined {
  const data = secret['data'] as Record<string, string> | undefined;
  const [cert, key] = ['tls.crt', 'tls.key'].map((name) => Buffer.from(data?.[name] ?? '', 'base64').toString('utf8')) as [string, string];
  return cert === '' || key === '' ? undefined : { cert, private: key };
}

function dataOf(pair: Pair, authority: Pair): object {
  const texts = { 'tls.crt': pair.cert, 'tls.key': pair.private, 'ca.crt': authority.cert };
  return { data: Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, Buffer.from(text).toString('base64')])) };
}

async function explained<T>(ref: ObjectRef, call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    const what = OperationalError.from(error, nameOf(ref));
    const advice = what.code === 'not-found' ? '; it has to exist already: apply the manifests, which have it empty' : '';
    throw new Error(`${nameOf(ref)}: ${what.message}${advice}`, { cause: what });
  }
}

const nameOf = ({ resource: { kind }, namespace, name }: ObjectRef): string => `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
