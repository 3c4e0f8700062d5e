// The fields that `kubectl explain` shows, in our own words, for the kinds that people write for an ingress controller.
// Documentation only: what is accepted is decided by the validation, not here.

export type Schema = Record<string, unknown>;

const string = (description: string): Schema => ({ type: 'string', description });
const integer = (description: string): Schema => ({ type: 'integer', format: 'int32', description });
const boolean = (description: string): Schema => ({ type: 'boolean', description });
const object = (description: string, properties: Record<string, Schema>, required: string[] = []): Schema =>
  ({ type: 'object', description, properties, ...(required.length > 0 ? { required } : {}) });
const list = (description: string, items: Schema): Schema => ({ type: 'array', description, items });
const strings = (description: string): Schema => list(description, { type: 'string', default: '' });
const map = (description: string): Schema => ({ type: 'object', description, additionalProperties: { type: 'string', default: '' } });

export const metadataSchema = object('What every object carries.', {
  name: string('Unique within its namespace; cannot change.'),
  generateName: string('A prefix for a name that the server makes up.'),
  namespace: string('The namespace the object lives in.'),
  labels: map('Short values to select by.'),
  annotations: map('Values for tools; controllers read many of their settings here.'),
  uid: string('Unique for all time; set by the server.'),
  resourceVersion: string('Changes with every write; send it along to notice foreign writes.'),
  generation: integer('Grows when the wanted state changes.'),
  creationTimestamp: string('When it was created; set by the server.'),
  deletionTimestamp: string('When its deletion was asked for; set by the server.'),
  finalizers: strings('Who must act before it may go.'),
  managedFields: list('Who set which field.', { type: 'object' }),
  ownerReferences: list('Objects it goes away with.', { type: 'object' }),
});

const INT_OR_STRING = '#/components/schemas/io.k8s.apimachinery.pkg.util.intstr.IntOrString';

export const intOrStringSchema: Schema = { oneOf: [{ type: 'integer' }, { type: 'string' }], format: 'int-or-string', description: 'A number or a text.' };

const backend = (description: string): Schema => object(description, {
  service: object('A Service of the same namespace.', {
    name: string('Name of the Service.'),
    port: object('One of its ports: name or number, not both.', { name: string('Name of the port.'), number: integer('Number of the port.') }),
  }, ['name']),
  resource: object('Another object of the same namespace instead of a Service.', {
    apiGroup: string('Its API group.'), kind: string('Its kind.'), name: string('Its name.'),
  }, ['kind', 'name']),
});

const loadBalancer = object('Where traffic from outside enters.', {
  ingress: list('One entry per address.', object('One address.', { ip: string('An IP address.'), hostname: string('A DNS name instead of an IP address.') })),
});

const ingressPath = object('One path and where it leads.', {
  path: string('Begins with "/"; how it matches is up to pathType.'),
  pathType: string('Exact (equal, case-sensitive), Prefix (by whole path elements) or ImplementationSpecific (up to the controller of the class).'),
  backend: backend('Where matching requests go.'),
}, ['pathType', 'backend']);

const ingressSpec = object('The wanted routing.', {
  ingressClassName: string('Name of the IngressClass whose controller is to serve this Ingress.'),
  defaultBackend: backend('Where requests go that match no rule.'),
  rules: list('Routing by host and path. Without a matching rule requests go to the default backend.', object('The paths of one host.', {
    host: string('A DNS name, or a wildcard such as "*.example.com" for one more label. Empty stands for every host.'),
    http: object('The paths.', { paths: list('Tried longest first, exact before prefix.', ingressPath) }, ['paths']),
  })),
  tls: list('Certificates by host.', object('One certificate.', {
    hosts: strings('Hosts it is for; they should be among the names in the certificate.'),
    secretName: string('A Secret of type kubernetes.io/tls in the same namespace.'),
  })),
});

const servicePort = object('One port.', {
  name: string('Needed when there are several ports.'),
  port: integer('The port of the Service.'),
  targetPort: { allOf: [{ $ref: INT_OR_STRING }], description: 'The port of the pods: a number, or the name of a container port.' },
  protocol: string('TCP, UDP or SCTP.'),
  nodePort: integer('The port on every node, for the types NodePort and LoadBalancer.'),
  appProtocol: string('The protocol spoken, for example http or kubernetes.io/h2c.'),
}, ['port']);

const endpoint = object('One backend, usually a pod.', {
  addresses: strings('Addresses of this one backend; the first is used.'),
  conditions: object('Whether it should get traffic.', {
    ready: boolean('It takes new requests; absent counts as true.'),
    serving: boolean('It answers, also while it is being stopped.'),
    terminating: boolean('It is being stopped.'),
  }),
  hostname: string('Its own name.'),
  nodeName: string('The node it is on.'),
  zone: string('The zone it is in.'),
  targetRef: object('The object it stands for.', { kind: string('Usually Pod.'), name: string('Its name.'), namespace: string('Its namespace.'), uid: string('Its UID.') }),
  hints: object('Who is best served by it.', { forZones: list('Zones.', object('One zone.', { name: string('Its name.') })) }),
}, ['addresses']);

const labelSelector = object('Which pods count.', {
  matchLabels: map('Labels that all have to be there.'),
  matchExpressions: list('Further conditions.', object('One condition.', {
    key: string('The label.'), operator: string('In, NotIn, Exists or DoesNotExist.'), values: strings('The values for In and NotIn.'),
  }, ['key', 'operator'])),
});

const container = object('One container. The sample workloads start an HTTP server in its place.', {
  name: string('Unique within the pod.'),
  image: string('Kept, never pulled: the dev cluster runs no images.'),
  ports: list('Where it listens.', object('One port.', {
    name: string('What Services may call it.'), containerPort: integer('The number.'), protocol: string('TCP, UDP or SCTP.'),
  }, ['containerPort'])),
  env: list('Its environment. A change replaces the pods.', object('One variable.', { name: string('Its name.'), value: string('Its value.') }, ['name'])),
}, ['name']);

const deploymentSpec = object('The wanted pods.', {
  replicas: integer('How many.'),
  selector: labelSelector,
  template: object('What each pod is like. A change replaces them all.', {
    metadata: object('Labels and annotations of the pods.', { labels: map('Their labels.'), annotations: map('Their annotations.') }),
    spec: object('What is in them.', { containers: list('The containers.', container) }),
  }),
}, ['selector', 'template']);

const leaseSpec = object('Who holds it, since when, for how long.', {
  holderIdentity: string('The holder.'),
  leaseDurationSeconds: integer('How long others must wait after the last renewal.'),
  acquireTime: string('When the holder got it, with microseconds.'),
  renewTime: string('When the holder last renewed it, with microseconds.'),
  leaseTransitions: integer('How often it changed hands.'),
});

interface Sections { description: string; properties: Record<string, Schema> }

const sections: Record<string, Sections> = {
  Ingress: {
    description: 'Routes HTTP requests from outside the cluster to Services, by host and path.',
    properties: { spec: ingressSpec, status: object('What its controller reports.', { loadBalancer }) },
  },
  IngressClass: {
    description: 'A class of Ingresses and the controller that is to serve it. The annotation ingressclass.kubernetes.io/is-default-class marks the default.',
    properties: {
      spec: object('What the class stands for.', {
        controller: string('Which controller is to serve the class, as a domain-prefixed path. Cannot change.'),
        parameters: object('An object with more settings for the controller.', {
          apiGroup: string('Its API group.'), kind: string('Its kind.'), name: string('Its name.'),
          scope: string('Cluster or Namespace.'), namespace: string('Its namespace when the scope is Namespace.'),
        }, ['kind', 'name']),
      }),
    },
  },
  Service: {
    description: 'One stable name and address for a set of pods.',
    properties: {
      spec: object('What it offers and who is behind it.', {
        ports: list('The ports offered.', servicePort),
        selector: map('Labels of the pods behind it. Without it, EndpointSlices are kept by somebody else.'),
        type: string('ClusterIP, NodePort, LoadBalancer or ExternalName.'),
        clusterIP: string('Its address inside the cluster; "None" for a headless Service.'),
        externalName: string('The DNS name that stands for it, for the type ExternalName.'),
        externalIPs: strings('Further addresses that lead to it.'),
        sessionAffinity: string('ClientIP or None.'),
        publishNotReadyAddresses: boolean('Whether pods that are not ready count too.'),
      }),
      status: object('What the cluster reports.', { loadBalancer }),
    },
  },
  EndpointSlice: {
    description: 'Some of the endpoints of a Service; the label kubernetes.io/service-name says of which.',
    properties: {
      addressType: string('IPv4, IPv6 or FQDN; the same for all endpoints of the slice.'),
      endpoints: list('The endpoints.', endpoint),
      ports: list('The ports that every endpoint of the slice has.', object('One port.', {
        name: string('The name of the Service port.'), port: integer('The number; absent stands for all ports.'),
        protocol: string('TCP, UDP or SCTP.'), appProtocol: string('The protocol spoken.'),
      })),
    },
  },
  ConfigMap: {
    description: 'Settings as plain text.',
    properties: { data: map('Texts by key.'), binaryData: map('Bytes by key, in base64.'), immutable: boolean('Whether it may still change.') },
  },
  Secret: {
    description: 'Settings that not everybody should read.',
    properties: {
      data: map('Bytes by key, in base64. For TLS: tls.crt and tls.key.'), stringData: map('Texts by key, for writing only.'),
      type: string('What the data means, for example kubernetes.io/tls.'), immutable: boolean('Whether it may still change.'),
    },
  },
  Namespace: {
    description: 'A room for names, and for rights.',
    properties: { spec: object('Who must act before it may go.', { finalizers: strings('Their names.') }), status: object('Where it is in its life.', { phase: string('Active or Terminating.') }) },
  },
  Lease: { description: 'A lock with an expiry.', properties: { spec: leaseSpec } },
  Deployment: {
    description: 'A number of equal pods.',
    properties: {
      spec: deploymentSpec,
      status: object('What is there.', { replicas: integer('Pods.'), readyReplicas: integer('Pods that answer.'), availableReplicas: integer('Pods that have answered for long enough.') }),
    },
  },
};

export function sectionsOf(kind: string): Sections {
  return sections[kind] ?? { description: `${kind}, kept as it is written.`, properties: {} };
}
