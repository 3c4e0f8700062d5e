// What FastCGI backends are told out of a ConfigMap: only what is known, and nothing at all when the ConfigMap can't be had.
import { expect } from 'chai';
import fc from 'fast-check';
import { isCgiParam, mostCgiLetters } from '../../../src/core/annotations/cgi-param.js';
import type { Finding } from '../../../src/core/finding.js';
import type { ConfigMap } from '../../../src/core/kubernetes-objects.js';
import { planFastCgi } from '../../../src/core/plan-fast-cgi.js';
import { policyComplaint } from '../../../src/engine/check-policy.js';
import { cgiParams } from '../../../src/route-table/cgi-params.js';
import type { FastCgi } from '../../../src/route-table/types.js';

function planned(data: Record<string, string> | undefined, reference = 'params', protocol: 'FCGI' | 'HTTP' = 'FCGI'): { fcgi: FastCgi | 'closed' | undefined; findings: string[]; asked: string[] } {
  const configMaps = new Map<string, ConfigMap>(data === undefined ? [] : [['shop/params', { metadata: { name: 'params', namespace: 'shop' }, data }]]);
  const notes = { findings: [] as Finding[], configMaps: [] as string[] };
  const fcgi = planFastCgi({ 'backend-protocol': protocol, 'fastcgi-params-configmap': reference, 'fastcgi-index': 'index.php' }, { object: 'Ingress shop/web', namespace: 'shop', configMaps, notes });
  return { fcgi, findings: notes.findings.map(({ kind }) => kind), asked: notes.configMaps };
}

describe('plan FastCGI', () => {
  it('takes known names with values of known variables; of the frame of a request nothing', () => {
    expect(planned({ SCRIPT_FILENAME: ' $document_root$fastcgi_script_name ', DOCUMENT_ROOT: '/srv', CONTENT_LENGTH: '0', REQUEST_METHOD: 'GET' })).to.deep.equal({
      fcgi: { index: 'index.php', params: [{ name: 'DOCUMENT_ROOT', value: '/srv' }, { name: 'SCRIPT_FILENAME', value: '/srv$fastcgi_script_name' }] }, findings: [], asked: ['shop/params'],
    });
    expect(planned({ HTTP_PROXY: 'x', LD_PRELOAD: 'x', 'script_filename': '/x', PATH_INFO: '$http_cookie', REMOTE_USER: 'a\nb', AUTH_TYPE: 'é', SERVER_NAME: '$' }).findings).to.deep.equal(Array(7).fill('unsupported-annotation'));
    expect(planned({ SCRIPT_FILENAME: '$document_root/a' }).findings).to.deep.equal(['unsupported-annotation']);
    expect(planned(undefined, 'params', 'HTTP')).to.deep.equal({ fcgi: undefined, findings: [], asked: [] });
  });

  it('closes without the ConfigMap, with one of another namespace, and with too much', () => {
    expect(planned(undefined)).to.deep.equal({ fcgi: 'closed', findings: ['config-map-missing'], asked: ['shop/params'] });
    expect(planned({}, 'other/params')).to.deep.equal({ fcgi: 'closed', findings: ['config-map-invalid'], asked: [] });
    const large = Object.fromEntries(cgiParams.slice(0, 9).map(({ name }) => [name, 'x'.repeat(1024)]));
    expect(planned(large)).to.include({ fcgi: 'closed' }).and.have.property('findings').that.deep.equals(['config-map-invalid']);
  });

  it('makes nothing that the engine refuses', () => {
    const value = fc.oneof(fc.string({ maxLength: 20 }), fc.constantFrom('$uri', '$request_uri;', '"\\', '${uri}', 'x'.repeat(1025)));
    fc.assert(fc.property(fc.dictionary(fc.constantFrom(...cgiParams.map(({ name }) => name), 'X', '__proto__'), value), (data) => {
      const { fcgi } = planned(data);
      expect(policyComplaint({ protocol: 'fcgi', fcgi })).to.equal(undefined);
    }));
    expect(isCgiParam({ name: 'PATH_INFO', value: '' })).to.equal(true);
    for (const fcgi of [{}, { index: '../x' }, { index: '' }, { params: [] }, { params: [{ name: 'X', value: '' }] }, { params: [{ name: 'PATH_INFO', value: '$ia_cgi' }] }, { more: 1 },
      { params: Array.from({ length: mostCgiLetters / 1024 + 1 }, () => ({ name: 'PATH_INFO', value: 'x'.repeat(1024) })) }]) {
      expect(policyComplaint({ protocol: 'fcgi', fcgi }), JSON.stringify(fcgi).slice(0, 80)).to.be.a('string');
    }
  });
});
