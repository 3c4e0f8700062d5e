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
});
