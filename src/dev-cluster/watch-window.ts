// The last changes of one kind, oldest first: what a watch can be resumed from, and what a paged list is rewound with.
// Bounded: older changes are forgotten, and whoever asks for them is told so.
import type { KubeObject } from './resources.js';

export interface Change {
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  revision: number;
  key: string;
  /** As stored after the change; for DELETED the last state, with the resourceVersion of the deletion. */
  object: KubeObject;
  /** Undefined for ADDED. */
  previous: KubeObject | undefined;
}

export class WatchWindow {
  private changes: Change[] = [];
  /** Position of the oldest kept change: dropping from the front of an array one by one would cost its length. */
  private start = 0;
  private forgotten: number;

  constructor(private readonly size: number, revision: number) {
    this.forgotten = revision;
  }

  add(change: Change): void {
    this.changes.push(change);
    if (this.changes.length - this.start <= this.size) return;
    this.forgotten = this.changes[this.start]!.revision;
    this.start += 1;
    if (this.start > this.size) {
      this.changes = this.changes.slice(this.start);
      this.start = 0;
    }
  }

  /** Changes after this revision, or undefined when some of them are already forgotten. */
  since(revision: number): Change[] | undefined {
    if (revision < this.forgotten) return undefined;
    let from = this.changes.length;
    while (from > this.start && this.changes[from - 1]!.revision > revision) from -= 1;
    return this.changes.slice(from);
  }

  /** Forgets everything, as a real server's compaction does. */
  compact(): void {
    this.forgotten = this.changes.at(-1)?.revision ?? this.forgotten;
    this.changes = [];
    this.start = 0;
  }
}
