// The documents by which a client learns what the server serves: /api, /apis, /api/v1 and /apis/GROUP/VERSION.
// Derived from the table of served kinds, plus the one review that `kubectl auth can-i` posts.
import groupBy from 'lodash/groupBy.js';
import type { ResourceType } from './resources.js';
import { resourceTypes } from './resources.js';

export interface DiscoveryRoute { path: string; document: object }

const verbs = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];

const review = {
  name: 'selfsubjectaccessreviews', singularName: 'selfsubjectaccessreview', namespaced: false, kind: 'SelfSubjectAccessReview', verbs: ['create'],
};
const reviewGroup = 'authorization.k8s.io/v1';

export function discoveryRoutes(): DiscoveryRoute[] {
  const lists = new Map<string, object[]>(Object.entries(groupBy(resourceTypes, groupVersion))
    .map(([name, types]) => [name, types.flatMap(resourcesOf)]));
  lists.set(reviewGroup, [review]);
  return [
    { path: '/api', document: { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] } },
    { path: '/apis', document: groupList([...lists.keys()].filter((name) => name !== 'v1')) },
    ...[...lists].map(([name, resources]) => ({
      path: name === 'v1' ? '/api/v1' : `/apis/${name}`,
      document: { kind: 'APIResourceList', ...(name === 'v1' ? {} : { apiVersion: 'v1' }), groupVersion: name, resources },
    })),
    ...[...lists.keys()].filter((name) => name !== 'v1').map((name) => ({
      path: `/apis/${name.split('/')[0]!}`, document: { kind: 'APIGroup', apiVersion: 'v1', ...group(name) },
    })),
  ];
}

const groupVersion = (type: ResourceType): string => (type.group === '' ? type.version : `${type.group}/${type.version}`);

function resourcesOf(type: ResourceType): object[] {
  const common = { namespaced: type.namespaced, kind: type.kind };
  const resource = {
    name: type.plural, singularName: type.singular, ...common,
    // Objects of a namespace go with it, one by one: a real server does not offer this either.
    verbs: type.kind === 'Namespace' ? verbs.filter((verb) => verb !== 'deletecollection') : verbs,
    ...(type.shortNames.length > 0 ? { shortNames: type.shortNames } : {}),
    ...(type.kind === 'Deployment' || type.kind === 'Service' ? { categories: ['all'] } : {}),
  };
  const subresource = (name: string, more: object): object => ({ name: `${type.plural}/${name}`, singularName: '', ...common, ...more, verbs: ['get', 'patch', 'update'] });
  return [
    resource,
    ...(type.hasStatus ? [subresource('status', {})] : []),
    ...(type.kind === 'Deployment' ? [subresource('scale', { group: 'autoscaling', version: 'v1', kind: 'Scale' })] : []),
  ];
}

function groupList(groupVersions: string[]): object {
  return { kind: 'APIGroupList', apiVersion: 'v1', groups: groupVersions.map(group) };
}

function group(name: string): object {
  const [groupName, version] = name.split('/');
  const only = { groupVersion: name, version };
  return { name: groupName, versions: [only], preferredVersion: only };
}
