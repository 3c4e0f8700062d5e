// The patch of each step of one Ingress's move, out of its state: begin a shadow, cut over, go back, finish. A step that is done
// already gives no patch, so every command can be run again. Times are given in.

import type { Ingress } from '../core/kubernetes-objects.js';
import { type HandOverRecord, handOverAnnotation, renderHandOver } from '../core/hand-over/record.js';
import type { MoveState } from './move-state.js';
import { type ClassPatch, type NamingPlace, classNamesOf, formerClassAnnotation, namesFor, namesPatch, retargetPatch } from './retarget.js';

/** The patch; 'done': there is nothing to do; else why the step cannot be made, in words. */
export type Step = { patch: ClassPatch } | 'done' | { refused: string };

/** `to` serves it too, and nothing else changes. */
export function shadowStep({ owner, record, problem }: MoveState, to: string, startedAt: string): Step {
  if (problem !== undefined) return { refused: `its hand-over record ${problem}; remove it or mend it` };
  if (owner === to) return 'done';
  if (owner === undefined) return { refused: 'nobody here owns it now' };
  if (record !== undefined) return record.to === to ? 'done' : { refused: `it is on its way to class ${record.to} already; let that end, or roll it back` };
  return { patch: { metadata: { annotations: { [handOverAnnotation]: renderHandOver({ from: [owner], to, startedAt }) } } } };
}

/**
 * It is meant for `to` from now on; the controllers do the rest. Only out of a shadow that is served: that is the proof that there
 * are controllers which hand over, and without a record an Ingress that has just left looks like one that has arrived.
 */
export function cutoverStep(ingress: Ingress, { owner, record, problem }: MoveState, { to, place }: { to: string; place: NamingPlace }): Step {
  if (problem !== undefined) return { refused: `its hand-over record ${problem}; remove it or mend it` };
  if (owner === to) return 'done';
  if (owner === undefined) return { refused: 'nobody here owns it now' };
  if (record === undefined) return { refused: 'it is not in shadow: run shadow first' };
  if (record.to !== to) return { refused: `it is on its way to class ${record.to} already; let that end, or roll it back` };
  return record.servedAt === undefined ? { refused: `class ${to} does not serve it yet` } : { patch: retargetPatch(ingress, to, place) };
}

/**
 * Back to where it was. Before anybody was sent to `to` a record that it wrote itself goes too: the old class has served all the while. After
 * that it stays, and the controllers hand over the other way round. One that a controller began (`by`) is the controllers' to end:
 * it may be on its way back already, and clients of the first way still at the class that it went to.
 */
export function rollbackStep(ingress: Ingress, { owner, record, problem, former, phase }: MoveState): Step {
  if (problem !== undefined) return { refused: `its hand-over record ${problem}; remove it or mend it` };
  if (phase === 'shadow' && former === undefined) return endShadow(record!, owner);
  const now = classNamesOf(ingress);
  const [source, ...more] = record !== undefined && record.to === owner ? record.from : [];
  if (former === undefined && more.length > 0) return { refused: `it comes from several classes (${record!.from.join(', ')}): give it the one that it is to go back to` };
  const back = former ?? (source === undefined ? undefined : namesFor(source, now, 'same'));
  return back === undefined ? 'done' : { patch: backPatch(namesPatch(now, back), { former, record }) };
}

/** Of a record that moved, or that a controller began, only the controllers know when nobody needs it any more. */
function endShadow({ by, movedAt, from }: HandOverRecord, owner: string | undefined): Step {
  if (by === undefined && movedAt === undefined) return { patch: { metadata: { annotations: { [handOverAnnotation]: null } } } };
  return owner !== undefined && from.includes(owner) ? 'done' : { refused: 'its controllers are turning its hand-over: run it again in a moment' };
}

function backPatch(patch: ClassPatch, { former, record }: Pick<MoveState, 'former' | 'record'>): ClassPatch {
  const annotations: Record<string, string | null> = { ...patch.metadata?.annotations };
  if (former !== undefined) annotations[formerClassAnnotation] = null;
  if (record !== undefined && record.movedAt === undefined && record.by === undefined) annotations[handOverAnnotation] = null;
  return { ...patch, ...(Object.keys(annotations).length > 0 && { metadata: { annotations } }) };
}

export interface FinishFacts {
  /** Requests that the old classes have had of this Ingress in the time that was looked at; undefined: not known. */
  oldRequests: number | undefined;
  forced: boolean;
}

/** Takes away what is left. While the old class is asked, only by force. */
export function finishStep({ phase, record, former, problem }: MoveState, { oldRequests, forced }: FinishFacts): Step {
  const annotations: Record<string, null> = { ...(former !== undefined && { [formerClassAnnotation]: null }), ...(record !== undefined && { [handOverAnnotation]: null }) };
  if (problem !== undefined) return { refused: `its hand-over record ${problem}; remove it or mend it` };
  if (phase === 'home') return 'done';
  if (phase === 'shadow') return { refused: `it is a shadow in class ${record!.to}: cut it over, or roll it back` };
  if (phase === 'starting' || phase === 'moving') return { refused: `class ${record!.to} has not taken it over yet` };
  if (phase === 'draining' && !forced) {
    if (oldRequests === undefined) return { refused: `class ${record!.from.join(', ')} drains it, and whether it is still asked is not known (see --metrics)` };
    if (oldRequests > 0) return { refused: `class ${record!.from.join(', ')} still gets requests for it (${oldRequests} in the time that was looked at)` };
  }
  return { patch: { metadata: { annotations } } };
}
