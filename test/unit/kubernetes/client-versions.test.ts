// Guard G20: the versions of the API client under which the rows of client-fault-table.test.ts were measured and run are pinned,
// and whoever changes one runs the rows again and writes it here.
import { expect } from 'chai';
import { readManifest, versions } from './client-versions.js';

describe('what breaks API clients: the versions', () => {
  for (const [name, version] of Object.entries(versions)) {
    it(`G20: ${name} is exactly the version that the rows were run with`, () => {
      const lock = readManifest('package-lock.json').packages;
      expect({
        asked: readManifest('package.json').dependencies[name], locked: lock['']!.dependencies[name],
        resolved: lock[`node_modules/${name}`]!.version, installed: readManifest(`node_modules/${name}/package.json`).version,
      }).to.deep.equal({ asked: version, locked: version, resolved: version, installed: version });
    });
  }

  it('G20: import on Node 20.20.2: must load, and so do both packages on the oldest Node that is promised', async () => {
    expect(await import('../../../src/kubernetes/list-watch.js')).to.respondTo('startListWatch');
    const least = (range = '>=0'): number[] => /^>=(\d+)(?:\.(\d+))?(?:\.(\d+))?$/.exec(range)!.slice(1).map((part) => Number(part ?? 0));
    const promised = least(readManifest('package.json').engines.node);
    for (const name of Object.keys(versions)) {
      const needed = least(readManifest(`node_modules/${name}/package.json`).engines?.node);
      expect(needed[0]! - promised[0]! || needed[1]! - promised[1]! || needed[2]! - promised[2]!, name).to.be.at.most(0);
    }
  });
});
