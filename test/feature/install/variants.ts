// Everything that the manifests can be put together to, for tests that hold for all of it.

import { type Rendering, kustomize } from '../../fixtures/kustomize.js';

export interface Variant extends Rendering { name: string }

const extras = ['manifests/components/service-monitor', 'dashboards', 'dashboards/alerts'];

const made: [string, string, readonly string[]][] = [
  ['internal-external', 'manifests/overlays/internal-external', []],
  ['internal-external with everything else', 'manifests/overlays/internal-external', ['manifests/components/daemon-set', 'manifests/components/node-ports', 'manifests/components/cert-manager', ...extras]],
  ['internal-external with admission', 'manifests/overlays/internal-external', ['manifests/components/admission', 'manifests/components/admission-policy']],
  ['internal-external with admission and cert-manager', 'manifests/overlays/internal-external', ['manifests/components/cert-manager', 'manifests/components/admission', 'manifests/components/admission-cert-manager']],
  ['single', 'manifests/overlays/single', extras],
  ['replace-ingress-nginx', 'manifests/overlays/replace-ingress-nginx', extras],
];

const rendered = new Map<string, Variant>();

export const variantNames = made.map(([name]) => name);

/** Rendered once for each process: kustomize takes its time. */
export function variant(wanted: string): Variant {
  const [name, overlay, components] = made.find(([one]) => one === wanted)!;
  const before = rendered.get(name) ?? { name, ...kustomize(overlay, components) };
  rendered.set(name, before);
  return before;
}
