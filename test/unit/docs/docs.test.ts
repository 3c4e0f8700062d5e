// The documents against the repository: links lead somewhere, make targets exist, every dependency has its reason.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';

const documents = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md',
  ...readdirSync('docs', { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.md')).map((file) => path.join('docs', file))];
const read = (file: string): string => readFileSync(file, 'utf8');

describe('documents', () => {
  for (const file of documents) {
    it(`${file}: links and folders exist`, () => {
      const links = [...read(file).matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g)].map(([, target]) => path.join(path.dirname(file), target!));
      const folders = [...read(file).matchAll(/(?<![\w/])(?:src|test|scripts|docs|manifests|dashboards|bench)\/[a-z][a-z0-9/.-]*[a-z0-9]/g)].map(([folder]) => folder);
      expect([...links, ...folders].filter((target) => !existsSync(target))).to.deep.equal([]);
    });

    it(`${file}: make targets exist`, () => {
      const targets = [...read(file).matchAll(/(?:^ {4}|`)make ([a-z-]+)/gm)].map(([, target]) => target!);
      expect(targets.filter((target) => !new RegExp(`^${target}:.*## `, 'm').test(read('Makefile')))).to.deep.equal([]);
    });
  }

  it('every dependency has its reason', () => {
    const { dependencies, devDependencies } = JSON.parse(read('package.json')) as Record<string, Record<string, string>>;
    const reasons = read('docs/decisions/0006-dependencies.md').split('\n').filter((line) => line.startsWith('|')).join('\n');
    const missing = Object.keys({ ...dependencies, ...devDependencies })
      .filter((name) => !name.startsWith('@types/') && !new RegExp(`[| ]${name} [0-9]`).test(reasons));
    expect(missing).to.deep.equal([]);
  });
});
