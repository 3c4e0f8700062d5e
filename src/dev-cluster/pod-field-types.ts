// The fields of pods, as Deployments, DaemonSets and Jobs have them in their templates. Volume sources that nobody mounts
// here, and affinities, are kept as they come.
import { bools, ints, labelSelector, list, map, of, strings, struct } from './field-type.js';
import type { FieldType } from './field-type.js';

const key = struct({ ...strings('name key'), optional: 'bool' });
const items = list(struct({ ...strings('key path'), mode: 'int' }));
const keyToPath = { items, ...ints('defaultMode'), optional: 'bool' } as const;

const handler = {
  exec: struct({ command: list('string') }),
  httpGet: struct({ ...strings('path host scheme'), port: 'intOrString', httpHeaders: list(struct(strings('name value'))) }),
  tcpSocket: struct({ host: 'string', port: 'intOrString' }),
} as const;

const probe = struct({
  ...handler, ...ints('initialDelaySeconds timeoutSeconds periodSeconds successThreshold failureThreshold terminationGracePeriodSeconds'),
  grpc: struct({ port: 'int', service: 'string' }),
});

const seccomp = struct(strings('type localhostProfile'));

const container = struct({
  ...strings('name image workingDir imagePullPolicy terminationMessagePath terminationMessagePolicy restartPolicy'),
  ...of(list('string'))('command args'),
  ...bools('stdin stdinOnce tty'),
  ports: list(struct({ ...strings('name protocol hostIP'), ...ints('containerPort hostPort') })),
  env: list(struct({
    ...strings('name value'),
    valueFrom: struct({
      fieldRef: struct(strings('apiVersion fieldPath')), configMapKeyRef: key, secretKeyRef: key,
      resourceFieldRef: struct({ ...strings('containerName resource'), divisor: 'intOrString' }),
    }),
  })),
  envFrom: 'any',
  resources: struct({ limits: map('intOrString'), requests: map('intOrString'), claims: 'any' }),
  resizePolicy: 'any',
  volumeMounts: list(struct({ ...strings('name mountPath subPath subPathExpr mountPropagation recursiveReadOnly'), readOnly: 'bool' })),
  volumeDevices: list(struct(strings('name devicePath'))),
  livenessProbe: probe, readinessProbe: probe, startupProbe: probe,
  lifecycle: struct({
    postStart: struct(handler), stopSignal: 'string',
    preStop: struct({ ...handler, sleep: struct({ seconds: 'int' }) }),
  }),
  securityContext: struct({
    ...bools('privileged allowPrivilegeEscalation readOnlyRootFilesystem runAsNonRoot'), ...ints('runAsUser runAsGroup'), procMount: 'string',
    capabilities: struct(of(list('string'))('add drop')), seccompProfile: seccomp, seLinuxOptions: 'any', windowsOptions: 'any', appArmorProfile: seccomp,
  }),
});

const volume = struct({
  name: 'string',
  emptyDir: struct({ medium: 'string', sizeLimit: 'intOrString' }),
  configMap: struct({ name: 'string', ...keyToPath }),
  secret: struct({ secretName: 'string', ...keyToPath }),
  projected: struct({
    defaultMode: 'int',
    sources: list(struct({
      configMap: struct({ name: 'string', ...keyToPath }), secret: struct({ name: 'string', ...keyToPath }),
      serviceAccountToken: struct({ ...strings('audience path'), expirationSeconds: 'int' }), downwardAPI: 'any', clusterTrustBundle: 'any',
    })),
  }),
  hostPath: struct(strings('path type')),
  ...of('any')('downwardAPI persistentVolumeClaim csi nfs ephemeral image iscsi fc'),
});

const podSpec: FieldType = struct({
  containers: list(container), initContainers: list(container), ephemeralContainers: 'any', volumes: list(volume),
  ...strings('restartPolicy dnsPolicy nodeName serviceAccountName serviceAccount hostname subdomain schedulerName priorityClassName preemptionPolicy runtimeClassName'),
  ...ints('terminationGracePeriodSeconds activeDeadlineSeconds priority'),
  ...bools('automountServiceAccountToken hostNetwork hostPID hostIPC hostUsers shareProcessNamespace setHostnameAsFQDN enableServiceLinks'),
  nodeSelector: map('string'), overhead: map('intOrString'),
  imagePullSecrets: list(struct({ name: 'string' })),
  tolerations: list(struct({ ...strings('key operator value effect'), tolerationSeconds: 'int' })),
  hostAliases: list(struct({ ip: 'string', hostnames: list('string') })),
  topologySpreadConstraints: list(struct({
    ...strings('topologyKey whenUnsatisfiable nodeAffinityPolicy nodeTaintsPolicy'), ...ints('maxSkew minDomains'), labelSelector, matchLabelKeys: list('string'),
  })),
  securityContext: struct({
    ...ints('runAsUser runAsGroup fsGroup'), runAsNonRoot: 'bool', ...strings('fsGroupChangePolicy supplementalGroupsPolicy seLinuxChangePolicy'), supplementalGroups: list('int'),
    sysctls: list(struct(strings('name value'))), seccompProfile: seccomp, seLinuxOptions: 'any', windowsOptions: 'any', appArmorProfile: seccomp,
  }),
  ...of('any')('affinity dnsConfig readinessGates schedulingGates resourceClaims resources os'),
});

export const podTemplate: FieldType = struct({
  metadata: struct({ ...strings('name namespace creationTimestamp'), labels: map('string'), annotations: map('string'), finalizers: list('string'), ownerReferences: 'any' }),
  spec: podSpec,
});
