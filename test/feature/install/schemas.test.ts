// Every object of the manifests against the types of the Kubernetes API, twice: as the official client has them, by the
// TypeScript compiler, and as the dev cluster reads them, by kubectl's server-side dry run. Unknown fields are errors in both.

import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import ts from 'typescript';
import { stringify } from 'yaml';
import type { KubeObject } from '../../../src/dev-cluster/resources.js';
import { resourceTypes } from '../../../src/dev-cluster/resources.js';
import { type KubectlSession, startKubectlSession } from '../dev-cluster/kubectl-session.js';
import { nameOf } from './pods.js';
import { variant, variantNames } from './variants.js';

/** Kinds that others define: as far as the manifests use them. */
const others = `
interface Meta { name: string; namespace?: string; labels?: Record<string, string> }
interface Selector { matchLabels?: Record<string, string>; matchExpressions?: { key: string; operator: 'In' | 'Exists'; values?: string[] }[] }
interface ServiceMonitor { apiVersion: 'monitoring.coreos.com/v1'; kind: 'ServiceMonitor'; metadata: Meta; spec: { selector: Selector; namespaceSelector: { matchNames: string[] }; endpoints: { port: string; path: string; interval: string }[] } }
interface Rule { record?: string; alert?: string; expr: string; for?: string; labels?: Record<string, string>; annotations?: Record<string, string> }
interface PrometheusRule { apiVersion: 'monitoring.coreos.com/v1'; kind: 'PrometheusRule'; metadata: Meta; spec: { groups: { name: string; rules: Rule[] }[] } }
interface Issuer { apiVersion: 'cert-manager.io/v1'; kind: 'Issuer'; metadata: Meta; spec: { selfSigned?: {}; ca?: { secretName: string } } }
interface Certificate { apiVersion: 'cert-manager.io/v1'; kind: 'Certificate'; metadata: Meta; spec: { isCA?: boolean; commonName: string; secretName: string; duration: string; renewBefore?: string; usages?: string[]; uris?: string[]; dnsNames?: string[]; privateKey: { algorithm: 'ECDSA'; size: 256; rotationPolicy?: 'Always' }; issuerRef: { name: string; kind: 'Issuer' } } }
`;

const served = ({ kind, apiVersion }: KubeObject): boolean =>
  resourceTypes.some((type) => type.kind === kind && (type.group === '' ? type.version : `${type.group}/${type.version}`) === apiVersion);

/** The one field whose name the client's generator had to change. */
const asTheClientNames = (text: string): string => text.replaceAll('"from":[{"', '"_from":[{"');

const allObjects = (): KubeObject[] => {
  const all = variantNames.flatMap((name) => variant(name).objects);
  return [...new Map(all.map((object) => [JSON.stringify(object), object])).values()];
};

describe('feature: manifests against the types of Kubernetes', function () {
  this.timeout(60_000);

  /** What the compiler says of objects as literals of their types, each in a line of its own. */
  const complaints = (objects: readonly KubeObject[]): { object: number; text: string }[] => {
    const lines = objects.map((object, at) => `export const object${at}: ${typeOf(object)} = ${asTheClientNames(JSON.stringify(object))};`);
    mkdirSync('.work', { recursive: true });
    // Below the repository, where the compiler finds the client's types.
    const folder = mkdtempSync(path.resolve('.work', 'types-'));
    try {
      const file = path.join(folder, 'manifests.ts');
      // Type by type: all of the client's together take the compiler seconds.
      const imports = [...new Set(objects.filter(served).map(typeOf))].map((type) => `import type { ${type} } from '@kubernetes/client-node/dist/gen/models/${type}.js';`);
      const head = [...imports, ...others.split('\n')];
      writeFileSync(file, [...head, ...lines].join('\n'));
      const program = ts.createProgram([file], { noEmit: true, strict: true, skipLibCheck: true, types: [], module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext, target: ts.ScriptTarget.ES2023 });
      return ts.getPreEmitDiagnostics(program).map((one) => ({
        object: one.file === undefined ? -1 : one.file.getLineAndCharacterOfPosition(one.start!).line - head.length,
        text: ts.flattenDiagnosticMessageText(one.messageText, ' '),
      }));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };
  const typeOf = (object: KubeObject): string => {
    if (!served(object)) return object.kind;
    return object.apiVersion === 'autoscaling/v2' ? 'V2HorizontalPodAutoscaler' : `V1${object.kind}`;
  };

  it('have only fields that exist, of the right types; a misspelt field and a number as text are seen', () => {
    const objects = allObjects();
    expect(objects.length).to.be.greaterThan(80);
    const deployment = JSON.stringify(variant('internal-external').objects.find(({ kind }) => kind === 'Deployment')!);
    const wrong = [deployment.replace('allowPrivilegeEscalation', 'allowPrivilegeEscalations'), deployment.replace('"containerPort":9443', '"containerPort":"9443"')];
    const found = complaints([...objects, ...wrong.map((text) => JSON.parse(text) as KubeObject)]);
    expect(found.filter(({ object }) => object < objects.length).map(({ text }) => text)).to.deep.equal([]);
    expect(found.map(({ object }) => object - objects.length)).to.deep.equal([0, 1]);
    expect(found[0]!.text).to.include('allowPrivilegeEscalations');
  });

  describe('in the dev cluster', () => {
    let session: KubectlSession;
    before(async () => { session = await startKubectlSession({ rbac: true }); });
    after(() => session?.close());
    const dryRun = (objects: readonly KubeObject[]): Promise<string> =>
      session.kubectl('apply --server-side --dry-run=server --validate=strict -f -', { stdin: objects.map((object) => stringify(object)).join('---\n') });

    it('kubectl apply --dry-run=server takes every object', async () => {
      await session.kubectl('create namespace ingress-arbiter');
      for (const name of variantNames) {
        const objects = variant(name).objects.filter(served);
        const lines = (await dryRun(objects)).trim().split('\n');
        expect(lines, name).to.have.length(objects.length);
        for (const line of lines) expect(line).to.match(/serverside-applied \(server dry run\)$/);
      }
    });

    it('and refuses a field that does not exist, a mount without its volume, a selector that misses', async () => {
      const deployment = variant('internal-external').objects.find(({ kind }) => kind === 'Deployment')!;
      const wrong: [string, (text: string) => string, RegExp][] = [
        ['field', (text) => text.replace('"readOnlyRootFilesystem"', '"readonlyRootFilesystem"'), /unknown field "spec\.template\.spec\.containers\[0\]\.securityContext\.readonlyRootFilesystem"/],
        ['mount', (text) => text.replace('"volumeMounts":[{"mountPath":"/etc/ingress-arbiter","name":"settings"', '"volumeMounts":[{"mountPath":"/etc/ingress-arbiter","name":"setting"'), /volumeMounts\[0\]\.name: Not found: "setting"/],
        ['selector', (text) => text.replace('"matchLabels":{"app', '"matchLabels":{"other":"x","app'), /`selector` does not match template `labels`/],
      ];
      for (const [what, change, message] of wrong) {
        const text = JSON.stringify(deployment);
        expect(change(text), what).to.not.equal(text);
        const failed = await dryRun([JSON.parse(change(text)) as KubeObject]).then(() => '', (error: Error) => error.message);
        expect(failed, `${what} of ${nameOf(deployment)}`).to.match(message);
      }
    });
  });
});
