// What a proxied request costs, against other proxies: node dist/bench/proxy.js [--starts 8] [--rounds 20] [scenario…].
// Without names it runs every scenario of bench/scenarios. Loopback only; it ends by itself.

import { readdirSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { compare } from './harness/compare.js';
import { conditions, renderSummaries, summarize, writeResult } from './harness/report.js';
import { readScenario } from './harness/scenario.js';
import { peerNamed } from './peers/all.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { starts: { type: 'string', default: '8' }, rounds: { type: 'string', default: '20' }, seconds: { type: 'string', default: '1' } },
});
const effort = { starts: Number(values.starts), rounds: Number(values.rounds), seconds: Number(values.seconds) };
const names = positionals.length > 0 ? positionals : readdirSync('bench/scenarios').map((file) => file.replace(/\.json$/, '')).sort();

for (const name of names) {
  const scenario = readScenario(name);
  const peers = scenario.proxies.map(peerNamed);
  const before = await conditions(peers);
  console.log(`${name}: ${scenario.question}`);
  const rounds = await compare(scenario, peers, effort, (text) => { process.stderr.write(`  ${text}\n`); });
  const summaries = summarize(rounds, scenario.proxies, scenario.limits);
  console.log(`${renderSummaries(summaries)}\n`);
  writeResult(name, { name, scenario, effort, conditions: before, summaries, rounds });
}
