// Moves Ingresses batch by batch: names the target class, waits until the controllers have handed them over, watches the class
// for a while, and takes the batch back when it has got worse. All that it knows is on the Ingresses: whoever runs it next
// goes on with the batch that was under way.

import type { Ingress } from '../core/kubernetes-objects.js';
import { type Baseline, type Limits, judgeTraffic } from './judge-traffic.js';
import { type MoveState, type OwnerOf, moveState } from './move-state.js';
import { type Step, cutoverStep, rollbackStep } from './move-steps.js';
import type { NamingPlace } from './retarget.js';
import { type EngineSamples, between } from './traffic-sample.js';

export interface MoveWorld {
  /** The Ingress as it is; undefined: gone. */
  read(key: string): Promise<Ingress | undefined>;
  ownerOf: OwnerOf;
  /** Patches against the version that `make` was asked with; asks again when somebody was faster. Why not, in words. */
  change(key: string, make: (now: Ingress) => Step): Promise<'written' | 'done' | { refused: string }>;
  sample(className: string): Promise<EngineSamples | { unknown: string }>;
  /** What the cluster says of Ingresses that wait, by key. */
  reasons(keys: readonly string[]): Promise<ReadonlyMap<string, string>>;
  sleep(ms: number): Promise<void>;
  /** Monotonic, in ms. */
  now(): number;
  say(line: string): void;
  step(key: string): void;
}

export interface CutOverOptions {
  from: string | undefined;
  to: string;
  place: NamingPlace;
  limits: Limits;
  /** How long traffic is measured before the first batch. */
  baselineMs: number;
  /** How long each batch is watched. */
  watchMs: number;
  /** How often. */
  intervalMs: number;
  /** How long controllers may take to hand a batch over. */
  moveMs: number;
  /** Nothing is measured. */
  unwatched: boolean;
}

export interface CutOverResult {
  moved: string[];
  /** Taken back by itself. */
  returned: string[];
  /** Not moved, and why. */
  refused: { ingress: string; why: string }[];
  /** Why it ended before its time. */
  stopped?: string;
}

/** Moves all batches. `unfinished`: Ingresses that an earlier run has named the class for and nobody has watched yet. */
export async function cutOver(batches: readonly (readonly string[])[], unfinished: readonly string[], options: CutOverOptions, world: MoveWorld): Promise<CutOverResult> {
  const result: CutOverResult = { moved: [], returned: [], refused: [] };
  const all = [...(unfinished.length > 0 ? [unfinished] : []), ...batches];
  const baseline = options.unwatched ? undefined : await measure(options, world);
  if (baseline !== undefined && 'unknown' in baseline) return { ...result, stopped: `traffic is not known: ${baseline.unknown}` };
  for (const [at, batch] of all.entries()) {
    world.say(`batch ${at + 1} of ${all.length}: ${batch.length === 1 ? batch[0] : `${batch.length} Ingresses`}${batch === unfinished ? ', begun by an earlier run' : ''}`);
    const stopped = await moveBatch(batch, { options, world, baseline, result });
    if (stopped !== undefined) return { ...result, stopped };
  }
  return result;
}

interface Around {
  options: CutOverOptions;
  world: MoveWorld;
  baseline: Baseline | undefined;
  result: CutOverResult;
}

async function measure({ from, to, baselineMs }: CutOverOptions, world: MoveWorld): Promise<Baseline | { unknown: string }> {
  const names = [from ?? to, to];
  const before = await Promise.all(names.map((name) => world.sample(name)));
  await world.sleep(baselineMs);
  const after = await Promise.all(names.map((name) => world.sample(name)));
  const bad = [...before, ...after].find((one) => 'unknown' in one);
  if (bad !== undefined) return bad as { unknown: string };
  const [old, target] = before.map((one, at) => between(one as EngineSamples, after[at] as EngineSamples));
  return { from: old!, to: target! };
}

/** Why the run is over, if it is. */
async function moveBatch(batch: readonly string[], around: Around): Promise<string | undefined> {
  const { options, world, baseline, result } = around;
  const start = baseline === undefined ? undefined : await world.sample(options.to);
  if (start !== undefined && 'unknown' in start) return `traffic is not known: ${start.unknown}`;
  const changed: string[] = [];
  for (const key of batch) {
    const outcome = await world.change(key, (now) => cutoverStep(now, moveState(now, world.ownerOf), options));
    if (typeof outcome === 'object') result.refused.push({ ingress: key, why: outcome.refused });
    else changed.push(key);
  }
  const waiting = await waitUntilMoved(changed, around);
  if (waiting.length > 0) return `not handed over within ${options.moveMs / 1000} s: ${await wordsOf(waiting, world)}. The old class goes on serving; run it again, or roll back`;
  const worse = start === undefined ? undefined : await watch(changed, start, around);
  if (worse === undefined) {
    result.moved.push(...changed);
    return undefined;
  }
  world.say(`taken back: ${worse}`);
  for (const key of changed) {
    const outcome = await world.change(key, (now) => rollbackStep(now, moveState(now, world.ownerOf)));
    if (typeof outcome === 'object') result.refused.push({ ingress: key, why: `could not be taken back: ${outcome.refused}` });
    else result.returned.push(key);
  }
  return `class ${options.to} has got worse: ${worse}`;
}

/** Those that do not show the class's address in time. */
async function waitUntilMoved(keys: readonly string[], { options, world }: Around): Promise<string[]> {
  const deadline = world.now() + options.moveMs;
  let waiting = [...keys];
  for (;;) {
    const states = await Promise.all(waiting.map(async (key) => ({ key, state: await stateOf(key, world) })));
    for (const { key, state } of states) if (hasMoved(state)) world.step(key);
    waiting = states.filter(({ state }) => !hasMoved(state)).map(({ key }) => key);
    if (waiting.length === 0 || world.now() >= deadline) return waiting;
    await world.sleep(Math.min(1000, options.intervalMs));
  }
}

async function stateOf(key: string, { read, ownerOf }: MoveWorld): Promise<MoveState | undefined> {
  const ingress = await read(key);
  return ingress === undefined ? undefined : moveState(ingress, ownerOf);
}

/** One that is gone keeps nobody waiting. */
function hasMoved(state: MoveState | undefined): boolean {
  return state === undefined || state.phase === 'draining' || state.phase === 'moved' || state.phase === 'home';
}

async function wordsOf(keys: readonly string[], world: MoveWorld): Promise<string> {
  const reasons = await world.reasons(keys);
  return keys.slice(0, 5).map((key) => `${key}${reasons.has(key) ? ` (${reasons.get(key)})` : ''}`).join(', ') + (keys.length > 5 ? ` and ${keys.length - 5} more` : '');
}

const mostBlind = 3;

/** What has got worse within the time of a batch. */
async function watch(keys: readonly string[], start: EngineSamples, { options, world, baseline }: Around): Promise<string | undefined> {
  const until = world.now() + options.watchMs;
  let last = 'nothing was measured';
  for (let blind = 0; world.now() < until;) {
    await world.sleep(Math.min(options.intervalMs, Math.max(1, until - world.now())));
    const sample = await world.sample(options.to);
    if ('unknown' in sample) {
      blind += 1;
      last = `traffic is not known: ${sample.unknown}`;
      // Nobody can say that it is well.
      if (blind >= mostBlind) return last;
      continue;
    }
    blind = 0;
    const { verdict, why } = judgeTraffic(between(start, sample), baseline!, keys, options.limits);
    if (verdict === 'worse') return why;
    last = why;
  }
  world.say(`  watched for ${options.watchMs / 1000} s: ${last}`);
  return undefined;
}
