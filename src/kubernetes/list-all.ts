// Reads a whole list page by page and vouches for it: right kind, real items, a version. Anything less is a failure as a
// whole, because a short list looks exactly like a mass deletion.
import type { KubeApi } from './kube-api.js';
import type { KubeObject } from './kube-object.js';
import { apiVersionOf, isStoredObject, objectKey } from './kube-object.js';
import { OperationalError } from './operational-error.js';
import type { Selection } from './resource-path.js';
import { compareVersions, isResourceVersion } from './resource-version.js';

export interface WholeList<T> {
  objects: Map<string, T>;
  resourceVersion: string;
}

export interface ListAllOptions<T> {
  api: Pick<KubeApi, 'listPage'>;
  selection: Selection;
  /** Absent: a quorum read. */
  notOlderThan?: string;
  /** What to keep of each object; called page by page, so that a long list is never held twice. */
  keep: (object: KubeObject, key: string) => T;
  signal: AbortSignal;
}

const PAGE = 500;
const MAX_PAGES = 20_000;

export async function listAll<T>({ api, selection, notOlderThan, keep, signal }: ListAllOptions<T>): Promise<WholeList<T>> {
  const objects = new Map<string, T>();
  let resourceVersion: string | undefined;
  let token = '';
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const answer = await api.listPage({
      ...selection, limit: PAGE, ...(token === '' ? {} : { continue: token }), ...(notOlderThan === undefined ? {} : { notOlderThan }),
    }, { signal });
    const { items, meta } = checkedPage(answer, selection);
    for (const item of items) {
      const key = objectKey(item.metadata);
      objects.set(key, keep(item, key));
    }
    // Pages of one list share its version; should they not, the lower one only makes the watch repeat something.
    if (resourceVersion === undefined || compareVersions(meta.resourceVersion, resourceVersion) < 0) resourceVersion = meta.resourceVersion;
    const next = meta.continue ?? '';
    if (next === '') return { objects, resourceVersion };
    if (next === token) break;
    token = next;
  }
  throw doubtful(selection, 'its pages never end');
}

interface PageMeta {
  resourceVersion: string;
  continue?: string;
}

function checkedPage(answer: Record<string, unknown>, selection: Selection): { items: KubeObject[]; meta: PageMeta } {
  const { resource } = selection;
  if (answer['kind'] !== `${resource.kind}List` || answer['apiVersion'] !== apiVersionOf(resource)) {
    throw doubtful(selection, `it is a "${String(answer['apiVersion']).slice(0, 100)} ${String(answer['kind']).slice(0, 100)}"`);
  }
  const items: unknown = answer['items'];
  if (!Array.isArray(items)) throw doubtful(selection, 'it has no items');
  const meta = answer['metadata'] as PageMeta | null | undefined;
  if (!isResourceVersion(meta?.resourceVersion)) throw doubtful(selection, 'it has no resourceVersion');
  if (meta.continue !== undefined && typeof meta.continue !== 'string') throw doubtful(selection, 'its continue token is not text');
  checkItems(items, selection);
  return { items: items as KubeObject[], meta };
}

function checkItems(items: unknown[], selection: Selection): void {
  for (const item of items) {
    if (!isStoredObject(item) || !isResourceVersion(item.metadata.resourceVersion)) throw doubtful(selection, 'an item has no identity');
    if (selection.namespace !== undefined && item.metadata.namespace !== selection.namespace) throw doubtful(selection, 'an item is of another namespace');
  }
}

function doubtful({ resource }: Selection, problem: string): OperationalError {
  return new OperationalError('bad-answer', `list of ${resource.plural}: not a complete ${resource.kind}List: ${problem}; what is known stays`);
}
