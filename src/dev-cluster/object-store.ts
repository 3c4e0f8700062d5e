// Keeps the objects: one growing revision for everything, per kind a map and a window of recent changes.
// It judges nothing: validation, versions and finalizers are the object writer's. Stored objects are never changed in place.
import type { KubeObject, ResourceType } from './resources.js';
import type { Change } from './watch-window.js';
import { WatchWindow } from './watch-window.js';

export type ChangeListener = (change: Change) => void;

interface Shelf {
  objects: Map<string, KubeObject>;
  window: WatchWindow;
  listeners: Set<ChangeListener>;
  /** Sorted keys, made when a list needs them and dropped when a key comes or goes. */
  sortedKeys: string[] | undefined;
}

export interface StoredList { keys: readonly string[]; at(key: string): KubeObject | undefined }

/** Both Event groups show the same objects, so they share a shelf. */
export const shelfName = (type: ResourceType): string => (type.kind === 'Event' ? 'events' : `${type.plural}.${type.group}`);

/** Lists sort by this, as a real server's do: namespace first. */
export const objectKey = (namespace: string | undefined, name: string): string => `${namespace ?? ''}/${name}`;

export class ObjectStore {
  private lastRevision = 1;
  private readonly shelves = new Map<string, Shelf>();

  constructor(private readonly windowSize: number) {}

  get revision(): number {
    return this.lastRevision;
  }

  get(type: ResourceType, namespace: string | undefined, name: string): KubeObject | undefined {
    return this.shelf(type).objects.get(objectKey(namespace, name));
  }

  /** Stores a new state under the next revision and returns it with its resourceVersion. */
  put(type: ResourceType, object: KubeObject): KubeObject {
    const shelf = this.shelf(type);
    const key = objectKey(object.metadata.namespace, object.metadata.name);
    const previous = shelf.objects.get(key);
    const stored = this.withNextRevision(object);
    shelf.objects.set(key, stored);
    if (previous === undefined) shelf.sortedKeys = undefined;
    this.tell(shelf, { type: previous === undefined ? 'ADDED' : 'MODIFIED', revision: this.lastRevision, key, object: stored, previous });
    return stored;
  }

  /** `last` is the state to show in the DELETED event. */
  remove(type: ResourceType, last: KubeObject): KubeObject {
    const shelf = this.shelf(type);
    const key = objectKey(last.metadata.namespace, last.metadata.name);
    const previous = shelf.objects.get(key);
    const object = this.withNextRevision(last);
    shelf.objects.delete(key);
    shelf.sortedKeys = undefined;
    this.tell(shelf, { type: 'DELETED', revision: this.lastRevision, key, object, previous });
    return object;
  }

  list(type: ResourceType): StoredList {
    const { objects } = this.shelf(type);
    return { keys: this.sortedKeys(type), at: (key) => objects.get(key) };
  }

  /** The list as it was at an earlier revision, or undefined when the window no longer reaches so far back. */
  listAt(type: ResourceType, revision: number): StoredList | undefined {
    const { objects, window } = this.shelf(type);
    const changes = window.since(revision);
    if (changes === undefined) return undefined;
    if (changes.length === 0) return this.list(type);
    const rewound = new Map<string, KubeObject | undefined>();
    for (const change of changes) if (!rewound.has(change.key)) rewound.set(change.key, change.previous);
    const unchanged = this.sortedKeys(type).filter((key) => !rewound.has(key));
    const back = [...rewound].filter(([, object]) => object !== undefined).map(([key]) => key);
    return {
      keys: [...unchanged, ...back].sort(),
      at: (key) => (rewound.has(key) ? rewound.get(key) : objects.get(key)),
    };
  }

  changesSince(type: ResourceType, revision: number): Change[] | undefined {
    return this.shelf(type).window.since(revision);
  }

  /** Calls the listener for every later change of this kind, in order, until the returned function is called. */
  listen(type: ResourceType, listener: ChangeListener): () => void {
    const { listeners } = this.shelf(type);
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }

  /** Forgets the recent changes of every kind: older resourceVersions then answer 410. */
  compact(): void {
    for (const shelf of this.shelves.values()) shelf.window.compact();
  }

  private tell(shelf: Shelf, change: Change): void {
    shelf.window.add(change);
    for (const listener of shelf.listeners) listener(change);
  }

  private withNextRevision(object: KubeObject): KubeObject {
    this.lastRevision += 1;
    return { ...object, metadata: { ...object.metadata, resourceVersion: String(this.lastRevision) } };
  }

  private sortedKeys(type: ResourceType): string[] {
    const shelf = this.shelf(type);
    return shelf.sortedKeys ??= [...shelf.objects.keys()].sort();
  }

  private shelf(type: ResourceType): Shelf {
    const name = shelfName(type);
    let shelf = this.shelves.get(name);
    if (shelf === undefined) {
      shelf = { objects: new Map(), window: new WatchWindow(this.windowSize, 0), listeners: new Set(), sortedKeys: undefined };
      this.shelves.set(name, shelf);
    }
    return shelf;
  }
}
