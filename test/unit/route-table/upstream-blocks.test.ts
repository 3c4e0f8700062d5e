import { expect } from 'chai';
import { type UpstreamFamily, allUpstreamBlocks, upstreamBlocks, upstreamName } from '../../../src/route-table/upstream-blocks.js';

describe('route-table: upstreamName', () => {
  const names = (Object.keys(upstreamBlocks) as UpstreamFamily[]).flatMap((family) => Array.from({ length: upstreamBlocks[family] }, (_, at) => upstreamName(family, at)));

  it('names every block once', () => {
    expect(new Set(names).size).to.equal(allUpstreamBlocks);
    expect(names.slice(0, 13).join(' ')).to.equal('a_ia b_ia c_ia d_ia e_ia f_ia g_ia h_ia i_ia j_ia k_ia l_ia a_ia_');
  });

  it('lets nginx, which compares names of one length, see a difference at the first letter', () => {
    expect(new Set(names.map((name) => `${name[0]} ${name.length}`)).size).to.equal(allUpstreamBlocks);
  });
});
