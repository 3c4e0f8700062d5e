// Which controllers would take each Ingress, side by side, and where two of them would take the same one.

import type { Ownership } from '../resolve-owner.js';
import { compareText } from '../order.js';
import type { Snapshot } from '../snapshot.js';
import type { PeerVerdict } from './peer.js';
import type { RunningPeer } from './peers.js';

export interface ClaimedIngress {
  ingress: string;
  /** Our class that owns it. */
  owner?: string;
  /** Peers that take it, by their labels. */
  takers: { peer: string; why: string; uncertain?: string }[];
  /** Peers whose answer depends on chance, and is no here. */
  perhaps: { peer: string; uncertain: string }[];
  /** Whether more than one controller takes it; we count as one. */
  double: boolean;
}

/** Asks every peer about every Ingress, by key. */
export function compareClaims(
  snapshot: Pick<Snapshot, 'ingresses' | 'ingressClasses'>, ownership: ReadonlyMap<string, Pick<Ownership, 'owner'>>, running: readonly RunningPeer[],
): ClaimedIngress[] {
  return [...snapshot.ingresses].sort(([a], [b]) => compareText(a, b)).map(([key, ingress]) => {
    const owner = ownership.get(key)?.owner;
    const answers = running.map((one) => ({ one, answer: one.peer.select(ingress, snapshot.ingressClasses, one.settings) }));
    const taking = answers.filter(({ answer }) => answer.takes);
    const controllers = new Set(taking.map(({ one }) => controllerOf(one)));
    return {
      ingress: key, ...(owner !== undefined && { owner }),
      takers: taking.map(({ one, answer: { why, uncertain } }) => ({ peer: one.label, why, ...(uncertain !== undefined && { uncertain }) })),
      perhaps: answers.filter(isPerhaps).map(({ one, answer }) => ({ peer: one.label, uncertain: answer.uncertain! })),
      double: controllers.size + (owner === undefined ? 0 : 1) > 1,
    };
  });
}

function isPerhaps({ answer }: { answer: PeerVerdict }): boolean {
  return !answer.takes && answer.uncertain !== undefined;
}

/** Two parts of one controller that run with the same flags are one controller. */
function controllerOf({ peer, settings }: RunningPeer): string {
  return `${peer.partOf ?? peer.name} ${JSON.stringify(settings)}`;
}
