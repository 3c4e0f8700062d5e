import { expect } from 'chai';
import fc from 'fast-check';
import { decodeProtobuf } from '../../../src/dev-cluster/protobuf.js';

/** Bodies as kubectl 1.32.4 sent them. */
const captured = {
  // kubectl create namespace shop
  namespace: 'azhzAAoPCgJ2MRIJTmFtZXNwYWNlEhwKFAoEc2hvcBIAGgAiACoAMgA4AEIAEgAaAgoAGgAiAA==',
  // kubectl create secret generic g --from-literal=a=b
  secret: 'azhzAAoMCgJ2MRIGU2VjcmV0Eh0KEQoBZxIAGgAiACoAMgA4AEIAEgYKAWESAWIaABoAIgA=',
  // kubectl create ingress i --class=nginx --rule=a.example.com/p*=svc:80,tls=sec --rule=b.example.com/=svc:http --default-backend=d:80 --annotation=a=b
  ingress: 'azhzAAofChRuZXR3b3JraW5nLms4cy5pby92MRIHSW5ncmVzcxKyAQoZCgFpEgAaACIAKgAyADgAQgBiBgoBYRIBYhKQAQoLIgkKAWQSBAoAEFASFAoNYS5l'
    + 'eGFtcGxlLmNvbRIDc2VjGjAKDWEuZXhhbXBsZS5jb20SHwodChsKAi9wEg0iCwoDc3ZjEgQKABBQGgZQcmVmaXgaMgoNYi5leGFtcGxlLmNvbRIhCh8KHQoB'
    + 'LxIRIg8KA3N2YxIICgRodHRwEAAaBUV4YWN0IgVuZ2lueBoCCgAaACIA',
  // kubectl create deployment w --image=x --replicas=3 --port=5000
  deployment: 'azhzAAoVCgdhcHBzL3YxEgpEZXBsb3ltZW50EqgBChsKAXcSABoAIgAqADIAOABCAFoICgNhcHASAXcSewgDEgoKCAoDYXBwEgF3GmMKGgoAEgAaACIAKgAy'
    + 'ADgAQgBaCAoDYXBwEgF3EkUSJwoBeBIBeCoAMgsKABAAGIgnIgAqAEIAagByAIABAIgBAJABAKIBABoAMgBCAEoAUgBYAGAAaACCAQCKAQCaAQDCAQAiAgoA'
    + 'KAA4ABoMCAAQABgAIAAoADgAGgAiAA==',
  // kubectl create service nodeport s --tcp=80:http --node-port=30000
  service: 'azhzAAoNCgJ2MRIHU2VydmljZRJnChsKAXMSABoAIgAqADIAOABCAFoICgNhcHASAXMSRAogCgc4MC1odHRwEgNUQ1AYUCIKCAEQABoEaHR0cCiw6gESCAoD'
    + 'YXBwEgFzGgAiCE5vZGVQb3J0OgBCAFIAWgBgAGgAGgIKABoAIgA=',
  // kubectl auth can-i list ingresses
  review: 'azhzAAoyChdhdXRob3JpemF0aW9uLms4cy5pby92MRIXU2VsZlN1YmplY3RBY2Nlc3NSZXZpZXcSUwoQCgASABoAIgAqADIAOABCABI1CjMKB2RlZmF1bHQS'
    + 'BGxpc3QaEW5ldHdvcmtpbmcuazhzLmlvIgAqCWluZ3Jlc3NlczIAOgAaCAgAEgAaACAAGgAiAA==',
};

const decode = (body: string): unknown => decodeProtobuf(Buffer.from(body, 'base64'));

describe('dev-cluster: protobuf bodies of kubectl', () => {
  it('decodes a Namespace without the empty fields that Go writes', () => {
    expect(decode(captured.namespace)).to.deep.equal({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
  });

  it('decodes the bytes of a Secret to base64', () => {
    expect(decode(captured.secret)).to.deep.equal({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'g' }, data: { a: 'Yg==' } });
  });

  it('decodes an Ingress with rules, TLS, default backend and annotations', () => {
    const backend = (port: object): object => ({ service: { name: 'svc', port } });
    expect(decode(captured.ingress)).to.deep.equal({
      apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', metadata: { name: 'i', annotations: { a: 'b' } },
      spec: {
        ingressClassName: 'nginx',
        defaultBackend: { service: { name: 'd', port: { number: 80 } } },
        tls: [{ hosts: ['a.example.com'], secretName: 'sec' }],
        rules: [
          { host: 'a.example.com', http: { paths: [{ path: '/p', pathType: 'Prefix', backend: backend({ number: 80 }) }] } },
          { host: 'b.example.com', http: { paths: [{ path: '/', pathType: 'Exact', backend: backend({ name: 'http' }) }] } },
        ],
      },
    });
  });

  it('decodes a Deployment and a Service', () => {
    expect(decode(captured.deployment)).to.have.property('spec').that.deep.equals({
      replicas: 3, selector: { matchLabels: { app: 'w' } },
      template: { metadata: { labels: { app: 'w' } }, spec: { containers: [{ name: 'x', image: 'x', ports: [{ containerPort: 5000 }] }] } },
    });
    expect(decode(captured.service)).to.have.property('spec').that.deep.equals({
      ports: [{ name: '80-http', protocol: 'TCP', port: 80, targetPort: 'http', nodePort: 30000 }], selector: { app: 's' }, type: 'NodePort',
    });
  });

  it('decodes an access review', () => {
    expect(decode(captured.review)).to.have.nested.property('spec.resourceAttributes')
      .that.deep.equals({ namespace: 'default', verb: 'list', group: 'networking.k8s.io', resource: 'ingresses' });
  });

  it('says which kind it cannot decode, and refuses what is no envelope', () => {
    const role = Buffer.concat([Buffer.from('k8s\0'), Buffer.from([0x0a, 10, 0x0a, 2]), Buffer.from('v1'), Buffer.from([0x12, 4]), Buffer.from('Role')]);
    expect(() => decodeProtobuf(role)).to.throw(/Role of v1 is not supported; send application\/json/);
    expect(() => decodeProtobuf(Buffer.from('{}'))).to.throw(/does not start with the k8s envelope/);
  });

  it('answers damaged bodies with an Error, never with anything else', () => {
    const body = Buffer.from(captured.ingress, 'base64');
    fc.assert(fc.property(fc.nat(body.length - 1), fc.nat(255), fc.nat(body.length), (at, byte, length) => {
      const damaged = Buffer.from(body);
      damaged[at] = byte;
      try {
        expect(decodeProtobuf(damaged.subarray(0, length))).to.be.an('object');
      } catch (error) {
        expect((error as Error).message).to.match(/^protobuf: /);
      }
    }), { numRuns: 500 });
  });
});
