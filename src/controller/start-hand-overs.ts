// Carries hand-overs out: writes the records that the core wants, each in the name of a class whose claim is held here, and
// tells the core what the engines know. What is to be written, and when, is decided in the core.

import { answerQuestions } from './answer-questions.js';
import type { ControllerOptions } from './controller.js';
import { handOverReadings } from './hand-over-readings.js';
import { observeHandOverTimes } from './hand-over-times.js';
import type { HeldClaim } from './hold-claim.js';
import type { ClaimWatch } from './watch-claims.js';
import { type SoonWork, workSoon } from './work-soon.js';
import type { Arbiter } from '../core/arbiter.js';
import { handOverAnnotation } from '../core/hand-over/record.js';
import type { RecordWrite } from '../core/hand-over/settle-hand-overs.js';
import { setOrDelete } from '../core/set-or-delete.js';
import { type AnnotationWish, startAnnotationWriter } from '../kubernetes/annotation-writer.js';

export interface HandOvers {
  /**
   * Before a decision: tells the arbiter what the engines and the Leases of others know. False: nothing may be decided yet,
   * because an Ingress may look as if it had left for somebody else's class while those of ours are not known.
   */
  prepare(claims: Pick<ClaimWatch, 'isKnown' | 'neighbours'>): boolean;
  /** To be asked when an engine has said anything. */
  engines: Pick<SoonWork, 'ask'>;
  /** After what was decided (about the hand-overs of `changed`) is published: brings the records to the API. True: there is something new to decide. */
  carryOut(changed: ReadonlySet<string>): boolean;
  /** When something about engines changes by itself that a hand-over waits for, on the clock of the decisions. */
  wakeAt(): number | undefined;
  /** Final. */
  stop(): Promise<void>;
}

interface Around {
  held: readonly HeldClaim[];
  arbiter: Arbiter;
  now: () => number;
  decide: Pick<SoonWork, 'ask'>;
}

/** Answers of engines come in bursts, and only hand-overs wait for them. */
const ENGINE_GAP_MS = 20;

/** Records of one hand-over are few and small, and people wait for them. */
const PER_SECOND = 50;
const BURST = 200;

export function startHandOvers({ api, metrics, log }: Pick<ControllerOptions, 'api' | 'metrics' | 'log'>, { held, arbiter, now, decide }: Around): HandOvers {
  const answer = answerQuestions(arbiter, held, now);
  const engines = workSoon(() => { if (arbiter.handOvers.size > 0) decide.ask(); }, ENGINE_GAP_MS);
  const removeReadings = metrics.addSource(handOverReadings(arbiter, held, now));
  const observeTimes = observeHandOverTimes(metrics, { arbiter, held, now });
  const brought = new Map<string, { write: RecordWrite; class: string }>();
  /** The claims that were held when records were brought last, each with its epoch: what could not be written under one is brought again under the next. */
  let holding = '';
  const writer = startAnnotationWriter({
    api, annotation: handOverAnnotation, perSecond: PER_SECOND, burst: BURST,
    onResult: (key, result, error) => {
      const { write, class: className } = brought.get(key) ?? {};
      if (write !== undefined) metrics.add('handOverSteps', [className!, write.step, result]);
      if (result === 'written' && write !== undefined) log('info', `hand-over of Ingress ${key}: ${write.step}${write.text === undefined ? ', and is over' : ` ${write.text}`}`);
      if (result === 'failed') log('warn', `hand-over of Ingress ${key}: its record is not written: ${error?.message ?? 'no reason given'}${error?.code === 'forbidden' ? '; allow "patch" on ingresses' : ''}`);
    },
  });
  const bring = (key: string): void => {
    const write = arbiter.recordWrites.get(key);
    const mine = write && held.find(({ claim, elector }) => !claim.observe && write.by.includes(claim.class) && elector.isHolder());
    setOrDelete(brought, key, mine && { write: write!, class: mine.claim.class });
    writer.want(key, mine && wishOf(write!, mine, arbiter));
  };
  return {
    engines,
    prepare(claims) {
      if (!claims.isKnown()) return false;
      arbiter.takeNeighbours(claims.neighbours());
      answer();
      return true;
    },
    carryOut(changed) {
      observeTimes(changed);
      const before = holding;
      holding = held.filter(({ elector }) => elector.isHolder()).map(({ claim, elector }) => `${claim.class} ${elector.epoch}`).join();
      for (const key of before === holding ? changed : new Set([...brought.keys(), ...arbiter.recordWrites.keys()])) bring(key);
      return answer(changed);
    },
    wakeAt() {
      const times = arbiter.handOvers.size === 0 ? [] : held.flatMap(({ presence }) => presence.changesAt() ?? []);
      return times.length === 0 ? undefined : Math.min(...times);
    },
    async stop() {
      engines.stop();
      removeReadings();
      for (const { traffic } of held) traffic.stop();
      await writer.stop();
    },
  };
}

function wishOf({ ingress, text, resourceVersion }: RecordWrite, { elector }: HeldClaim, { plans }: Arbiter): AnnotationWish {
  const { namespace = '', name, uid } = plans.get(ingress)!.ingress.metadata;
  return { namespace, name, uid, resourceVersion, text, mayWrite: () => elector.isHolder(), remainingMs: () => elector.remainingMs() };
}
