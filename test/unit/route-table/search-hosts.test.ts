// The order in which hosts and server names are looked for, and that it stops at the first answer.
import { expect } from 'chai';
import { searchHosts, searchServerNames } from '../../../src/route-table/search-hosts.js';

/** Every question that a search asks when nobody has an answer, or up to the one that has. */
function asked(host: string, classes: number, answersTo?: string): string[] {
  const questions: string[] = [];
  const outcome = searchHosts<'found'>((name, at, path) => {
    const question = `${at} ${name ?? '(default)'} ${path}`;
    questions.push(question);
    return question === answersTo ? 'found' : 'none';
  }, classes, host, '/p');
  expect(outcome).to.equal(answersTo === undefined ? 'none' : 'found');
  return questions;
}

describe('searchHosts', () => {
  it('asks for the host, its wildcard, rules without a host, default backends; each in the order of the classes', () => {
    expect(asked('a.b.test', 2)).to.deep.equal([
      '0 a.b.test /p', '1 a.b.test /p', '0 *.b.test /p', '1 *.b.test /p', '0  /p', '1  /p', '0 (default) /p', '1 (default) /p']);
  });

  it('asks no wildcard for a name of one label, and rules without a host once when the request has none', () => {
    expect(asked('localhost', 1)).to.deep.equal(['0 localhost /p', '0  /p', '0 (default) /p']);
    expect(asked('', 1)).to.deep.equal(['0  /p', '0 (default) /p']);
    expect(asked('.test', 1)).to.deep.equal(['0 .test /p', '0  /p', '0 (default) /p']);
  });

  it('ends with the first answer: a later class has a host before an earlier one has its wildcard', () => {
    expect(asked('a.test', 2, '1 a.test /p')).to.deep.equal(['0 a.test /p', '1 a.test /p']);
  });
});

describe('searchServerNames', () => {
  it('asks for the name in all classes, then its wildcard, then what is served to unknown names', () => {
    const questions: string[] = [];
    expect(searchServerNames<'found'>((name, at) => { questions.push(`${at} ${name}`); return undefined; }, 2, 'a.test')).to.equal(undefined);
    expect(questions).to.deep.equal(['0 a.test', '1 a.test', '0 *.test', '1 *.test', '0 ', '1 ']);
    expect(searchServerNames((name) => (name === '*.test' ? name : undefined), 1, 'a.test')).to.equal('*.test');
    expect(searchServerNames((name) => (name.startsWith('*') ? name : undefined), 1, 'test')).to.equal(undefined);
  });
});
