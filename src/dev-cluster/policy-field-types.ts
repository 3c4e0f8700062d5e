// The fields of the kinds that say who may do what, and how much may be missing: accounts, roles, network policies, budgets,
// scalers, admission.
import { condition, ints, labelSelector, list, map, of, reference, strings, struct } from './field-type.js';
import type { FieldType } from './field-type.js';

const rules = list(struct(of(list('string'))('verbs apiGroups resources resourceNames nonResourceURLs')));
const roleRef = struct(strings('apiGroup kind name'));
const subjects = list(struct(strings('kind apiGroup name namespace')));

const peers = list(struct({ podSelector: labelSelector, namespaceSelector: labelSelector, ipBlock: struct({ cidr: 'string', except: list('string') }) }));
const policyPorts = list(struct({ protocol: 'string', port: 'intOrString', endPort: 'int' }));

const metricTarget = struct({ type: 'string', ...of('intOrString')('value averageValue'), averageUtilization: 'int' });
const scalingRules = struct({
  ...ints('stabilizationWindowSeconds'), selectPolicy: 'string', tolerance: 'intOrString',
  policies: list(struct({ type: 'string', ...ints('value periodSeconds') })),
});

const resourceRule = struct({ ...of(list('string'))('operations apiGroups apiVersions resources resourceNames'), scope: 'string' });
const matchConditions = list(struct(strings('name expression')));
const matchResources = struct({
  namespaceSelector: labelSelector, objectSelector: labelSelector, matchPolicy: 'string',
  ...of(list(resourceRule))('resourceRules excludeResourceRules'),
});

const webhook = struct({
  ...strings('name failurePolicy matchPolicy sideEffects'), timeoutSeconds: 'int', admissionReviewVersions: list('string'),
  clientConfig: struct({ url: 'string', caBundle: 'bytes', service: struct({ ...strings('namespace name path'), port: 'int' }) }),
  rules: list(resourceRule), namespaceSelector: labelSelector, objectSelector: labelSelector, matchConditions,
});

const binding = { roleRef, subjects } as const;

export const policyFields: Record<string, Record<string, FieldType>> = {
  ServiceAccount: { automountServiceAccountToken: 'bool', imagePullSecrets: list(struct({ name: 'string' })), secrets: list(reference) },
  Role: { rules },
  ClusterRole: { rules, aggregationRule: 'any' },
  RoleBinding: binding,
  ClusterRoleBinding: binding,
  NetworkPolicy: {
    spec: struct({
      podSelector: labelSelector, policyTypes: list('string'),
      ingress: list(struct({ from: peers, ports: policyPorts })), egress: list(struct({ to: peers, ports: policyPorts })),
    }),
  },
  PodDisruptionBudget: {
    spec: struct({ ...of('intOrString')('minAvailable maxUnavailable'), selector: labelSelector, unhealthyPodEvictionPolicy: 'string' }),
    status: struct({ ...ints('observedGeneration currentHealthy desiredHealthy disruptionsAllowed expectedPods'), disruptedPods: map('string'), conditions: list(condition) }),
  },
  HorizontalPodAutoscaler: {
    spec: struct({
      scaleTargetRef: struct(strings('apiVersion kind name')), ...ints('minReplicas maxReplicas'),
      metrics: list(struct({
        type: 'string', resource: struct({ name: 'string', target: metricTarget }), containerResource: struct({ ...strings('name container'), target: metricTarget }),
        pods: 'any', object: 'any', external: 'any',
      })),
      behavior: struct({ scaleUp: scalingRules, scaleDown: scalingRules }),
    }),
    status: struct({ ...ints('observedGeneration currentReplicas desiredReplicas'), lastScaleTime: 'string', currentMetrics: 'any', conditions: list(condition) }),
  },
  ValidatingWebhookConfiguration: { webhooks: list(webhook) },
  ValidatingAdmissionPolicy: {
    spec: struct({
      failurePolicy: 'string', matchConstraints: matchResources, matchConditions,
      paramKind: struct(strings('apiVersion kind')),
      validations: list(struct(strings('expression message reason messageExpression'))),
      variables: list(struct(strings('name expression'))),
      auditAnnotations: list(struct(strings('key valueExpression'))),
    }),
    status: struct({ ...ints('observedGeneration'), typeChecking: 'any', conditions: list(condition) }),
  },
  ValidatingAdmissionPolicyBinding: {
    spec: struct({
      policyName: 'string', validationActions: list('string'), matchResources,
      paramRef: struct({ ...strings('name namespace parameterNotFoundAction'), selector: labelSelector }),
    }),
  },
};

