// Every folder of test/golden/convert is a case: old.yaml must become new.yaml, with the findings of findings.txt or none.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { parseAllDocuments } from 'yaml';
import { convertManifests } from '../../src/cli/convert/convert-manifests.js';
import { describe as line } from '../../src/cli/convert/run-convert.js';

const folder = path.resolve('test/golden/convert');
const cases = readdirSync(folder).sort();
const read = (name: string, file: string): string => readFileSync(path.join(folder, name, file), 'utf8');

describe('convert, golden files', () => {
  it('finds its cases', () => expect(cases.length).to.be.greaterThan(14));

  for (const name of cases) {
    it(name, () => {
      const result = convertManifests(read(name, 'old.yaml'), 'old.yaml');
      const findings = existsSync(path.join(folder, name, 'findings.txt')) ? read(name, 'findings.txt') : '';
      expect(result.findings.map((finding) => line(finding) + '\n').join('')).to.equal(findings);
      expect(result.text).to.equal(read(name, 'new.yaml'));
    });

    it(`${name}: the result is YAML, and converting it again changes nothing`, () => {
      const text = read(name, 'new.yaml');
      if (!convertManifests(text, 'new.yaml').findings.some((finding) => finding.severity === 'fatal')) {
        for (const doc of parseAllDocuments(text)) expect((doc as { errors?: unknown[] }).errors).to.deep.equal([]);
      }
      expect(convertManifests(text, 'new.yaml').text).to.equal(text);
    });
  }
});
