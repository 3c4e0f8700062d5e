// The registry holds every annotation of ingress-nginx, and the document is what the registry says.
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { annotationRegistry, canonicalName } from '../../../../src/core/annotations/registry.js';
import { renderAnnotationsDocument } from '../../../../src/core/annotations/render-document.js';
import { firstTier, refused, secondTier, thirdTier } from '../../../fixtures/annotation-tiers.js';

const keys = [...firstTier, ...secondTier, ...thirdTier, ...refused];

describe('core: registry of annotations', () => {
  it('has the 136 keys, no other, and the two old names', () => {
    expect(keys).to.have.length(136);
    expect([...annotationRegistry.keys()].sort()).to.deep.equal([...keys].sort());
    expect([canonicalName('whitelist-source-range'), canonicalName('limit-whitelist'), canonicalName('constructor')])
      .to.deep.equal(['allowlist-source-range', 'limit-allowlist', 'constructor']);
  });

  it('fails closed for whatever keeps requests out', () => {
    for (const name of ['allowlist-source-range', 'denylist-source-range', 'auth-type', 'auth-secret', 'auth-url', 'auth-method', 'auth-response-headers', 'auth-proxy-set-headers', 'enable-global-auth', 'satisfy', 'auth-tls-secret', 'auth-tls-verify-client', 'auth-tls-match-cn', 'proxy-ssl-verify', 'proxy-ssl-secret', 'proxy-ssl-name', 'proxy-ssl-verify-depth']) {
      expect(annotationRegistry.get(name)!.failMode, name).to.equal('closed');
    }
  });

  it('never reads raw configuration', () => {
    const critical = [...annotationRegistry].filter(([, { risk }]) => risk === 'critical');
    expect(critical.map(([name]) => name)).to.have.length(5);
    for (const [name, row] of critical) expect([name, row.grammar, row.support]).to.deep.equal([name, undefined, 'no']);
  });

  it('docs/annotations.md is what the registry says (make docs writes it)', () => {
    expect(readFileSync('docs/annotations.md', 'utf8')).to.equal(renderAnnotationsDocument());
  });
});
