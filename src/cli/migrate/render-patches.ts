// Changes of Ingresses as documents that a repository of manifests takes: each is a part of an Ingress (a strategic merge patch,
// as kustomize reads it), null removes a field.

import { stringify } from 'yaml';
import { withoutControls } from '../../core/finding.js';
import type { LeftIngress } from '../../migration/plan-migration.js';
import type { ClassPatch } from '../../migration/retarget.js';
import type { CommandOutput } from '../explain/explain-command.js';

/** YAML documents, one for each Ingress, in the order given. */
export function renderPatches(patches: readonly { ingress: string; patch: ClassPatch }[]): string {
  return patches.map(({ ingress, patch: { metadata, spec } }) => {
    const [namespace, name] = ingress.split('/') as [string, string];
    const document = {
      apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { namespace, name, ...metadata }, ...(spec !== undefined && { spec }),
    };
    return `---\n${stringify(document)}`;
  }).join('').trimEnd();
}

/** Prints the patches; what is left goes to standard error. */
export function tellPatches(patches: readonly { ingress: string; patch: ClassPatch }[], left: readonly LeftIngress[], { print, warn }: Pick<CommandOutput, 'print' | 'warn'>): void {
  if (patches.length > 0) print(renderPatches(patches));
  for (const { ingress, why } of left) warn(withoutControls(`left: ${ingress}: ${why}`));
}
