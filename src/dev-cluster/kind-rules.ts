// What the kinds demand of writes beyond the common rules: defaults, admission, validation. One entry for each question
// that the object writer asks; the answers per kind are in the default-… and validate-… files.
import isEqual from 'lodash/isEqual.js';
import type { KubeObject, ResourceType } from './resources.js';
import type { FieldError } from './field-error.js';
import type { ObjectStore } from './object-store.js';
import { resourceTypes } from './resources.js';
import { badRequest, forbidden, notFound, StatusError } from './status-error.js';
import { applyDefaults } from './defaults.js';
import { admitDefaultClass } from './default-ingress-class.js';
import { ServiceAddresses } from './service-addresses.js';
import type { ValidationOptions } from './validate-kind.js';
import { validateKind, validateStatus } from './validate-kind.js';

export interface KindUpdate { live: KubeObject; updated: KubeObject; subresource: string }

export const namespaceType = resourceTypes.find((type) => type.kind === 'Namespace')!;

export class KindRules {
  private readonly addresses: ServiceAddresses;

  constructor(private readonly store: ObjectStore, private readonly options: ValidationOptions) {
    this.addresses = new ServiceAddresses(store);
  }

  /** A namespaced object is created in a namespace that exists and is not on its way out. */
  checkNamespace(type: ResourceType, object: KubeObject): void {
    if (!type.namespaced) return;
    const { namespace, name } = object.metadata;
    if (!namespace) throw badRequest('an empty namespace may not be set during creation');
    const live = this.store.get(namespaceType, undefined, namespace);
    if (live === undefined) throw notFound(namespaceType, namespace);
    if (live.metadata.deletionTimestamp === undefined) return;
    const error = forbidden(type, name, `unable to create new content in namespace ${namespace} because it is being terminated`);
    const cause = { reason: 'NamespaceTerminating', message: `namespace ${namespace} is being terminated`, field: 'metadata.namespace' };
    throw new StatusError(403, 'Forbidden', error.message, { ...error.status.details, causes: [cause] });
  }

  prepareCreate(type: ResourceType, object: KubeObject): KubeObject {
    const defaulted = applyDefaults(type, object);
    if (type.kind === 'Ingress') return admitDefaultClass(this.store, defaulted);
    return type.kind === 'Service' ? this.addresses.assign(type, defaulted, undefined) : defaulted;
  }

  prepareUpdate(type: ResourceType, { live, updated }: Pick<KindUpdate, 'live' | 'updated'>): KubeObject {
    const defaulted = applyDefaults(type, updated);
    return type.kind === 'Service' ? this.addresses.assign(type, defaulted, live) : defaulted;
  }

  validateCreate(type: ResourceType, object: KubeObject): FieldError[] {
    return validateKind(type, object, { ...this.options, live: undefined });
  }

  validateUpdate(type: ResourceType, { live, updated, subresource }: KindUpdate): FieldError[] {
    if (subresource === 'status') return validateStatus(type, updated);
    // Removing the last finalizer must work however old the rules are that the object was created under.
    if (isEqual({ ...updated, metadata: undefined }, { ...live, metadata: undefined }) && live.metadata.deletionTimestamp !== undefined) return [];
    return validateKind(type, updated, { ...this.options, live });
  }

  /** Namespaces stay until they are empty. */
  isHeld(type: ResourceType, object: KubeObject): boolean {
    return type.kind === 'Namespace' && this.contents(object.metadata.name).length > 0;
  }

  markDeleted(type: ResourceType, object: KubeObject): KubeObject {
    return type.kind === 'Namespace' ? { ...object, status: { ...(object.status as object), phase: 'Terminating' } } : object;
  }

  /** Everything in a namespace, in the order of the served kinds. */
  contents(namespace: string): { type: ResourceType; object: KubeObject }[] {
    const kinds = resourceTypes.filter((type) => type.namespaced && type.group !== 'events.k8s.io');
    return kinds.flatMap((type) => {
      const stored = this.store.list(type);
      return stored.keys.filter((key) => key.startsWith(`${namespace}/`)).map((key) => ({ type, object: stored.at(key)! }));
    });
  }
}
