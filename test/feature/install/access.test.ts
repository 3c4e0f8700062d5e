// The shipped roles are as small as they can be: a tour does everything that controllers and the certificates' Job ever do,
// and without any single verb of any single rule a part of it is refused.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import omit from 'lodash/omit.js';
import { fillSecrets } from '../../../src/cli/certs/fill-secrets.js';
import { handOverAnnotation } from '../../../src/core/hand-over/record.js';
import { claimOf } from '../../../src/core/claim.js';
import type { AccessRequest } from '../../../src/dev-cluster/api-server.js';
import { rbacAuthorizer } from '../../../src/dev-cluster/rbac.js';
import type { KubeObject } from '../../../src/dev-cluster/resources.js';
import { connectToApi } from '../../../src/kubernetes/api-connection.js';
import { startEventWriter } from '../../../src/kubernetes/event-writer.js';
import { type KubeApi, createKubeApi } from '../../../src/kubernetes/kube-api.js';
import { startListWatch } from '../../../src/kubernetes/list-watch.js';
import { configMaps, leases } from '../../../src/kubernetes/resources.js';
import { ingressWatches } from '../../../src/kubernetes/start-watches.js';
import { startAnnotationWriter } from '../../../src/kubernetes/annotation-writer.js';
import { startStatusWriter } from '../../../src/kubernetes/status-writer.js';
import { eventually } from '../../fixtures/eventually.js';
import { FakeClock } from '../../fixtures/fake-clock.js';
import { shippedObjects } from '../../fixtures/shipped-access.js';
import { type Rig, classNamed, ingressFor, startRig } from '../controller/instances.js';

interface Rule { apiGroups: string[]; resources: string[]; verbs: string[]; resourceNames?: string[] }

const controllerRoles = shippedObjects('access/controller-access.yaml', 'account/account.yaml').filter(({ kind }) => kind === 'ClusterRole' || kind === 'Role');
const certificateRoles = shippedObjects('base/certificates.yaml', 'components/admission/webhooks.yaml').filter(({ kind }) => kind === 'ClusterRole' || kind === 'Role');
const rulesOf = (role: KubeObject): Rule[] => role['rules'] as Rule[];

describe('feature: the shipped roles', function () {
  this.timeout(60_000);
  let rig: Rig;
  let folder: string;
  const seen: AccessRequest[] = [];
  const certificateRequests: AccessRequest[] = [];

  const apiOf = async (user: string): Promise<{ api: KubeApi; close: () => Promise<void> }> => {
    const file = path.join(folder, user);
    writeFileSync(file, rig.api.kubeconfig({ user, token: rig.api.addUser(user) }));
    const connection = await connectToApi({ source: { kind: 'path', path: file } });
    return { api: createKubeApi({ connection }), close: () => connection.close() };
  };

  before(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'ia-access-'));
    rig = await startRig();
    const { store } = rig.api;
    store.create({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'blue', namespace: 'arbiter' }, data: {} });
    store.create({ ...(classNamed('blue') as KubeObject), spec: { controller: 'ingress-arbiter.io/controller', parameters: { kind: 'ConfigMap', name: 'blue', scope: 'Namespace', namespace: 'arbiter' } } });
    store.create(ingressFor('blue', 'one', ['one.test']));
    const claims = [claimOf('blue', { addresses: [{ hostname: 'blue.test' }] })];
    const holder = await rig.start('controller', { claims });
    await eventually(() => expect(rig.writesBy('controller').map(({ verb, resource }) => `${verb} ${resource}`)).to.include.members(['update leases', 'patch ingresses/status', 'create events']), 20_000);
    // A standby, which shows itself.
    await rig.start('controller-2', { claims });
    await eventually(() => expect(holder.controller.claims()[0]?.standbys).to.have.length(1), 20_000);
    await withoutStreamedLists();
    await repeatedEvent();
    await statusOfOldCopy();
    await handOverRecord();
    seen.push(...rig.records.filter(({ user }) => user.startsWith('controller')));
    await certificates();
  });

  after(async () => {
    await rig?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** As with an API server that knows no streamed lists, and as for the check of consistency. */
  const withoutStreamedLists = async (): Promise<void> => {
    const { api, close } = await apiOf('controller');
    const own = { resource: configMaps, namespace: 'arbiter', fieldSelector: 'metadata.name=blue' };
    const watches = [...Object.values(omit(ingressWatches, 'configMaps')), own, { resource: leases }].map((selection) => startListWatch({ api, ...selection, streamLists: false, onChange: () => undefined }));
    await Promise.all(watches.map(({ synced }) => synced));
    await Promise.all(watches.map((watch) => watch.stop()));
    await close();
  };

  /** The same news again after a while is counted in the Event that is there. */
  const repeatedEvent = async (): Promise<void> => {
    const { api, close } = await apiOf('controller');
    const clock = new FakeClock();
    const results: string[] = [];
    const writer = startEventWriter({ api, component: 'ingress-arbiter', instance: 'tour', clock, onResult: (result) => results.push(result) });
    const object = rig.api.store.get({ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', namespace: 'default', name: 'one' })! as never;
    for (const count of [1, 2]) {
      writer.report({ object, type: 'Warning', reason: 'Tour', message: 'the same' });
      await eventually(() => expect(results.filter((result) => result === 'written')).to.have.length(count));
      await clock.advance(400_000);
    }
    await writer.stop();
    await close();
  };

  /** Somebody else has written in between. */
  const statusOfOldCopy = async (): Promise<void> => {
    const { api, close } = await apiOf('controller');
    const id = { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', namespace: 'default', name: 'one' };
    const old = rig.api.store.get(id)!;
    rig.api.store.update({ ...old, metadata: { ...old.metadata, labels: { touched: 'yes' } } });
    const results: string[] = [];
    const writer = startStatusWriter({ api, mayWrite: () => true, onResult: ({ result }) => results.push(result) });
    writer.want(old as never, [{ hostname: 'other.test' }]);
    // The controller answers the status of somebody else at the same time: then it takes one more try.
    await eventually(() => expect(results).to.include('written'), 20_000);
    await writer.stop();
    await close();
  };

  const handOverRecord = async (): Promise<void> => {
    const { api, close } = await apiOf('controller');
    const results: string[] = [];
    const writer = startAnnotationWriter({ api, annotation: handOverAnnotation, onResult: (_key, result) => results.push(result) });
    // As the controller does it: with the copy that it has now, again after each conflict.
    await eventually(() => {
      const { uid, resourceVersion } = rig.api.store.get({ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', namespace: 'default', name: 'one' })!.metadata;
      writer.want('default/one', { namespace: 'default', name: 'one', uid, resourceVersion, text: '{"from":[],"to":"green"}', mayWrite: () => true, remainingMs: () => 5000 });
      expect(results).to.include('written');
    }, 20_000);
    await writer.stop();
    await close();
  };

  const certificates = async (): Promise<void> => {
    rig.api.store.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'ingress-arbiter' } });
    for (const secret of shippedObjects('base/certificates.yaml').filter(({ kind }) => kind === 'Secret')) rig.api.store.create({ ...secret, metadata: { ...secret.metadata, namespace: 'ingress-arbiter' } });
    const { api, close } = await apiOf('certificates');
    rig.api.store.create(shippedObjects('components/admission/webhooks.yaml').find(({ kind }) => kind === 'ValidatingWebhookConfiguration')!);
    await fillSecrets({ api, namespace: 'ingress-arbiter', classes: [], days: 1, webhook: 'ingress-arbiter' });
    await close();
    certificateRequests.push(...rig.records.filter(({ user }) => user === 'certificates'));
  };

  /** Which of the requests these roles refuse. */
  const refusedBy = (roles: readonly KubeObject[], requests: readonly AccessRequest[]): AccessRequest[] => {
    const user = 'tour';
    const objects = roles.flatMap((role): KubeObject[] => [
      { ...role, metadata: { ...role.metadata, namespace: role.kind === 'Role' ? 'here' : undefined } } as KubeObject,
      role.kind === 'ClusterRole' && role.metadata.name !== 'ingress-arbiter-class-settings'
        ? { apiVersion: '', kind: 'ClusterRoleBinding', metadata: { name: role.metadata.name }, roleRef: { kind: 'ClusterRole', name: role.metadata.name }, subjects: [{ kind: 'User', name: user }] }
        : { apiVersion: '', kind: 'RoleBinding', metadata: { name: role.metadata.name, namespace: 'here' }, roleRef: { kind: role.kind, name: role.metadata.name }, subjects: [{ kind: 'User', name: user }] },
    ]);
    const decide = rbacAuthorizer((kind) => objects.filter((object) => object.kind === kind));
    const named = (name: string | undefined): string | undefined => (name === 'blue' ? 'CLASS' : name);
    return requests.filter((request) => !decide({
      ...request, user, name: request.resource === 'leases' ? named(request.name) : request.name,
      ...(request.namespace === 'arbiter' || request.namespace === 'ingress-arbiter' ? { namespace: 'here' } : {}),
    }));
  };

  it('allow all of it', () => {
    expect(refusedBy(controllerRoles, seen)).to.deep.equal([]);
    expect(refusedBy(certificateRoles, certificateRequests)).to.deep.equal([]);
    expect(seen.length).to.be.greaterThan(20);
  });

  const withoutOne = (roles: readonly KubeObject[], of: KubeObject, at: { rule: number; resource: string; verb: string }): KubeObject[] => roles.map((role) => (role !== of ? role : {
    ...role, rules: rulesOf(role).flatMap((rule, index) => (index !== at.rule ? [rule] : [
      { ...rule, resources: rule.resources.filter((one) => one !== at.resource) },
      { ...rule, resources: [at.resource], verbs: rule.verbs.filter((verb) => verb !== at.verb) },
    ])),
  }));

  for (const [roles, who, requests] of [[controllerRoles, 'a controller', seen], [certificateRoles, 'the certificates\' Job', certificateRequests]] as const) {
    for (const role of roles) {
      rulesOf(role).forEach((rule, index) => {
        for (const resource of rule.resources) for (const verb of rule.verbs) {
          it(`${who} needs ${verb} of ${resource} (${role.metadata.name}, rule ${index + 1})`, () => {
            const refused = refusedBy(withoutOne(roles, role, { rule: index, resource, verb }), requests);
            expect(refused.map((request) => `${request.verb} ${request.resource}`)).to.include(`${verb} ${resource}`);
          });
        }
      });
    }
  }

  it('have no wildcard, no right on pods, nodes or roles, and write to nothing but Ingresses, Events, Leases and the certificates', () => {
    for (const role of [...controllerRoles, ...certificateRoles]) {
      for (const { apiGroups, resources, verbs, resourceNames } of rulesOf(role)) {
        expect([...apiGroups, ...resources, ...verbs]).to.not.include('*');
        if (verbs.every((verb) => ['get', 'list', 'watch'].includes(verb))) continue;
        for (const resource of resources) expect(['ingresses', 'ingresses/status', 'events', 'leases', 'secrets', 'validatingwebhookconfigurations']).to.include(resource);
        if (resources.includes('ingresses')) expect(verbs, 'an Ingress is never made, replaced or deleted').to.deep.equal(['get', 'patch']);
        if (resources.includes('secrets') || resources.includes('validatingwebhookconfigurations')) expect(resourceNames, 'only those of its own').to.not.be.undefined;
      }
    }
  });

  it('give the engine nothing: no role names its account, and it gets no token', () => {
    const objects = shippedObjects('base/engine.yaml', 'access/controller-access.yaml', 'base/certificates.yaml', 'account/account.yaml');
    const subjects = objects.flatMap((object) => (object['subjects'] as { name: string }[] | undefined) ?? []).map(({ name }) => name);
    expect(subjects).to.include('ingress-arbiter-controller').and.not.include('ingress-arbiter-engine');
    const account = objects.find(({ kind, metadata }) => kind === 'ServiceAccount' && metadata.name === 'ingress-arbiter-engine')!;
    const pod = (objects.find(({ kind }) => kind === 'Deployment')!['spec'] as { template: { spec: Record<string, unknown> } }).template.spec;
    expect([account['automountServiceAccountToken'], pod['automountServiceAccountToken'], pod['serviceAccountName']]).to.deep.equal([false, false, 'ingress-arbiter-engine']);
  });
});
