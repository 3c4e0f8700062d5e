// What can be known of the manifests without a cluster: they build, their names, selectors and ports meet, the settings in
// them can be read by the programs that get them, and their pods are what a careful cluster lets in.

import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import get from 'lodash/get.js';
import type { KubeObject } from '../../../src/dev-cluster/resources.js';
import { type Pod, isServer, nameOf, podsIn } from './pods.js';
import { SettingsReader } from './settings-reader.js';
import { variant, variantNames } from './variants.js';

const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
const contains = (labels: Record<string, string>, wanted: Record<string, string>): boolean => Object.entries(wanted).every(([key, value]) => labels[key] === value);
const NAMESPACE = 'ingress-arbiter';

describe('feature: manifests', () => {
  it('manifests/install.yaml is what the overlay internal-external renders to (make manifests)', () => {
    const [, ...lines] = readFileSync('manifests/install.yaml', 'utf8').split('\n');
    expect(lines.join('\n')).to.equal(variant('internal-external').text);
  });

  for (const name of variantNames) {
    describe(name, () => {
      let objects: readonly KubeObject[];
      let pods: readonly Pod[];
      let settings: SettingsReader;
      const named = (kind: string): string[] => objects.filter((object) => object.kind === kind).map(({ metadata }) => metadata.name);
      before(() => {
        ({ objects } = variant(name));
        pods = podsIn(objects);
        settings = new SettingsReader(objects);
      });
      after(() => settings.close());

      it('has every object once, in its namespace, labelled', () => {
        const ids = objects.map((object) => `${nameOf(object)} in ${object.metadata.namespace}`);
        expect(ids.filter((id, at) => ids.indexOf(id) < at)).to.deep.equal([]);
        for (const object of objects.filter(({ metadata }) => metadata.namespace !== undefined)) expect(object.metadata.namespace, nameOf(object)).to.equal(NAMESPACE);
        for (const { owner, labels } of pods) {
          expect(labels, nameOf(owner)).to.include({ 'app.kubernetes.io/name': 'ingress-arbiter', 'app.kubernetes.io/version': version });
          expect(get(owner, 'spec.selector.matchLabels') ?? {}, 'a selector can never change').to.not.have.property('app.kubernetes.io/version');
        }
      });

      it('runs one image of this very version for each program, and no other', () => {
        const images = [...new Set(pods.flatMap(({ spec }) => spec.containers.map(({ image }) => image)))];
        for (const image of images) expect(image).to.match(/^ingress-arbiter(-engine|-controller)?:/).and.satisfy((one: string) => one.endsWith(`:${version}`));
      });

      it('lets no pod do more than it has to', () => {
        for (const pod of pods) {
          const { spec, owner } = pod;
          const where = nameOf(owner);
          expect(spec.securityContext, where).to.deep.include({ runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } });
          expect(Object.keys(spec), where).to.include('automountServiceAccountToken').and.not.include.members(['hostNetwork', 'hostPID', 'hostIPC']);
          expect(named('ServiceAccount'), where).to.include(spec.serviceAccountName);
          for (const volume of spec.volumes ?? []) expect(Object.keys(volume), where).to.have.length(2).and.not.include('hostPath');
          for (const container of spec.containers) {
            expect(container.securityContext, where).to.deep.equal({ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } });
            for (const part of ['requests', 'limits'] as const) expect(Object.keys(container.resources[part]), where).to.have.members(['cpu', 'memory']);
            for (const { containerPort, hostPort } of container.ports ?? []) {
              expect(containerPort, where).to.be.greaterThan(1023);
              expect(hostPort, where).to.equal(undefined);
            }
          }
        }
      });

      it('asks every program that goes on whether it lives and whether it is of use, at a port that it has', () => {
        for (const { spec, owner } of pods.filter(isServer)) {
          for (const container of spec.containers) {
            const ports = (container.ports ?? []).map((port) => port.name);
            for (const [probe, at] of [['startupProbe', '/healthz'], ['livenessProbe', '/healthz'], ['readinessProbe', '/readyz']]) {
              expect(get(container, `${probe}.httpGet`), `${nameOf(owner)} ${probe}`).to.deep.equal({ path: at, port: 'admin' });
            }
            expect(ports).to.include('admin');
          }
        }
      });

      it('selects: Services, budgets, scalers and policies find their pods, and ports of theirs', () => {
        const podsOf = (selector: Record<string, string>): Pod[] => pods.filter(({ labels }) => contains(labels, selector));
        const portsOf = (found: readonly Pod[]): string[][] => found.map(({ spec }) => spec.containers.flatMap(({ ports = [] }) => ports.map((port) => port.name)));
        for (const object of objects) {
          const where = nameOf(object);
          if (object.kind === 'Service') {
            const found = podsOf(get(object, 'spec.selector') as Record<string, string>);
            expect(found, where).to.have.length(1);
            for (const { targetPort } of get(object, 'spec.ports') as { targetPort: string }[]) expect(portsOf(found)[0], where).to.include(targetPort);
          }
          if (['Deployment', 'DaemonSet', 'PodDisruptionBudget'].includes(object.kind)) expect(podsOf(get(object, 'spec.selector.matchLabels') as Record<string, string>), where).to.have.length(1);
          if (object.kind === 'HorizontalPodAutoscaler') expect(named(get(object, 'spec.scaleTargetRef.kind') as string), where).to.include(get(object, 'spec.scaleTargetRef.name'));
          if (object.kind === 'NetworkPolicy') {
            const found = podsOf(get(object, 'spec.podSelector.matchLabels') as Record<string, string>);
            expect(found.length, where).to.be.greaterThan(0);
            const ports = ((get(object, 'spec.ingress') ?? []) as { ports: { port: string | number }[] }[]).flatMap((rule) => rule.ports.map(({ port }) => port));
            for (const has of portsOf(found)) expect(has, `${where}: every port is let in`).to.have.members(ports);
          }
        }
      });

      it('names roles, accounts, ConfigMaps and Secrets that are there', () => {
        for (const binding of objects.filter(({ kind }) => kind.endsWith('RoleBinding') || kind === 'ClusterRoleBinding')) {
          expect(named(get(binding, 'roleRef.kind') as string), nameOf(binding)).to.include(get(binding, 'roleRef.name'));
          for (const subject of binding['subjects'] as { name: string; namespace: string }[]) {
            expect(named('ServiceAccount'), nameOf(binding)).to.include(subject.name);
            expect(subject.namespace).to.equal(NAMESPACE);
          }
        }
        const secrets = [...named('Secret'), ...objects.filter(({ kind }) => kind === 'Certificate').map((object) => get(object, 'spec.secretName') as string)];
        for (const { spec, owner } of pods) {
          for (const { configMap, secret } of spec.volumes ?? []) {
            if (configMap !== undefined) expect(named('ConfigMap'), nameOf(owner)).to.include(configMap.name);
            if (secret !== undefined) expect(secrets, nameOf(owner)).to.include(secret.secretName);
          }
          const volumes = (spec.volumes ?? []).map((volume) => volume.name);
          for (const container of spec.containers) expect(volumes, nameOf(owner)).to.have.members((container.volumeMounts ?? []).map((mount) => mount.name));
        }
      });

      it('gives the certificates\' Job the classes that there are, and the Secrets of them and no others', () => {
        const certificatePods = pods.filter(({ spec }) => spec.containers[0]!.args[0] === 'certs');
        if (certificatePods.length === 0) return;
        const classes = settings.controllers().map(({ class: one }) => one);
        for (const { spec } of certificatePods) expect(spec.containers[0]!.args.filter((arg) => arg.startsWith('--class'))).to.have.members(classes.map((one) => `--class=${one}`));
        const role = objects.find(({ kind, metadata }) => kind === 'Role' && metadata.name === 'ingress-arbiter-certificates');
        const secrets = ['authority', 'engine', ...classes].map((one) => `ingress-arbiter-tls-${one}`);
        expect(get(role, 'rules[0].resourceNames')).to.have.members(secrets);
        expect(named('Secret')).to.have.members(secrets);
      });

      it('lets the API server trust the webhooks, by the names that it asks for, and by one hand only', () => {
        const configuration = objects.find(({ kind }) => kind === 'ValidatingWebhookConfiguration');
        if (configuration === undefined) return;
        const filledByJob = pods.some(({ spec }) => spec.containers[0]!.args.includes(`--webhook=${configuration.metadata.name}`));
        const injected = configuration.metadata.annotations?.['cert-manager.io/inject-ca-from'];
        const authority = objects.find((object) => object.kind === 'Certificate' && get(object, 'spec.isCA') === true);
        expect(injected).to.equal(filledByJob ? undefined : `${NAMESPACE}/${authority?.metadata.name}`);
        expect(named('ClusterRole').includes('ingress-arbiter-webhook-trust')).to.equal(filledByJob);
        if (filledByJob) return;
        const names = objects.filter(({ kind }) => kind === 'Certificate').flatMap((object) => (get(object, 'spec.dnsNames') ?? []) as string[]);
        for (const { clientConfig: { service } } of configuration['webhooks'] as { clientConfig: { service: { name: string; namespace: string } } }[]) {
          expect(names).to.include(`${service.name}.${service.namespace}.svc`);
        }
      });

      it('lets each controller take the Leases of its own claims and no others', () => {
        for (const { class: className, account } of settings.controllers()) {
          const role = objects.find((object) => object.kind === 'Role' && objects.some((binding) => binding.kind === 'RoleBinding' && get(binding, 'roleRef.name') === object.metadata.name &&
            get(binding, 'roleRef.kind') === 'Role' && get(binding, 'subjects[0].name') === account));
          expect(get(role, 'rules[0].resourceNames'), account).to.deep.equal([className]);
        }
      });

      it('has settings that the programs can read, with ports, names and times that fit the rest', () => {
        const engine = settings.engine();
        const listening = engine.settings.listeners.flatMap(({ httpPort, httpsPort }) => [httpPort, httpsPort]);
        const { pod } = engine;
        const ports = pod.spec.containers[0]!.ports!.map(({ containerPort }) => containerPort);
        expect(ports).to.have.members([...listening, 10254]);
        expect(engine.settings.workDirectory.startsWith(`${pod.spec.containers[0]!.volumeMounts!.find((mount) => mount.name === 'work')!.mountPath}/`)).to.equal(true);
        const { unreadySeconds, settings: { limits } } = engine;
        expect(pod.spec.terminationGracePeriodSeconds, 'unready, drained, and nginx told once more').to.be.at.least(unreadySeconds + limits.drainSeconds + 5);
        for (const addresses of Object.values(engine.controllers)) {
          for (const address of addresses) {
            const [, service, port] = /^https:\/\/([^.]+)\.ingress-arbiter\.svc:(\d+)$/.exec(address)!;
            const object = objects.find(({ kind, metadata }) => kind === 'Service' && metadata.name === service);
            expect((get(object, 'spec.ports') as { port: number }[]).map((one) => one.port), address).to.include(Number(port));
          }
        }
        for (const { publish } of settings.controllers()) expect(named('Service').map((one) => `${NAMESPACE}/${one}`)).to.include(publish);
      });
    });
  }
});
