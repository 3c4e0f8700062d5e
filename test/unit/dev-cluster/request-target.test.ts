import { expect } from 'chai';
import { targetFrom } from '../../../src/dev-cluster/request-target.js';

const brief = (path: string): string | undefined => {
  const target = targetFrom(path);
  return target && [target.type.kind, target.namespace ?? '-', target.name ?? '-', target.subresource || '-'].join(' ');
};

describe('dev-cluster: request targets', () => {
  const known: Record<string, string> = {
    '/api/v1/namespaces': 'Namespace - - -',
    '/api/v1/namespaces/shop': 'Namespace - shop -',
    '/api/v1/namespaces/shop/status': 'Namespace - shop status',
    '/api/v1/services': 'Service - - -',
    '/api/v1/namespaces/shop/services/web': 'Service shop web -',
    '/apis/networking.k8s.io/v1/namespaces/shop/ingresses/web/status': 'Ingress shop web status',
    '/apis/networking.k8s.io/v1/ingressclasses/nginx': 'IngressClass - nginx -',
    '/apis/apps/v1/namespaces/shop/deployments/web/scale': 'Deployment shop web scale',
    '/api/v1/namespaces/shop/configmaps/a%2Fb': 'ConfigMap shop a/b -',
  };
  for (const [path, text] of Object.entries(known)) it(path, () => expect(brief(path)).to.equal(text));

  for (const path of [
    '/', '/api', '/api/v1', '/api/v2/services', '/apis/networking.k8s.io/v1beta1/ingresses', '/api/v1/services/web', '/api/v1/namespaces/shop/pods',
    '/api/v1/namespaces/shop/configmaps/a/status', '/api/v1/namespaces/shop/services/web/scale', '/api/v1/namespaces/shop/services/web/status/more',
    '/apis/networking.k8s.io/v1/namespaces/shop/ingressclasses/x', '/api/v1/namespaces/%E0%A4%A/services',
  ]) it(`${path} is not served`, () => expect(brief(path)).to.equal(undefined));
});
