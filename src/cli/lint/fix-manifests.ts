// Rewrites snippets in the Ingresses of a YAML or JSON text as annotations that say the same, as edits of the source: comments,
// order and everything else stay. What it can't say wholly, and safely, it leaves and names.

import { isAlias, isMap, isScalar, isSeq, visit, type Document, type Node, type Pair, type Scalar, type YAMLMap } from 'yaml';
import { usualPrefixes, writtenName } from '../../core/annotations/annotation-name.js';
import { ownPrefix } from '../../core/annotations/own-annotations.js';
import { canonicalName } from '../../core/annotations/registry.js';
import { type Converted, readDocuments } from '../convert/convert-manifests.js';
import { type Finding, type Position, field } from '../convert/manifest-walk.js';
import { applyEdits, columnAt, type Edit, newlineOf, startsLine } from '../convert/source-edits.js';
import { type Translation, translateSnippet } from './translate-snippet.js';

/** The snippet that counts for the paths of its own Ingress, as all annotations do that could stand in its place. */
const snippetName = 'configuration-snippet';
const otherSnippets: ReadonlySet<string> = new Set(['server-snippet', 'stream-snippet', 'auth-snippet', 'modsecurity-snippet']);

/** Pure. A text that is no YAML comes back unchanged with one finding of severity `fatal`. */
export function fixManifests(text: string, fileName: string): Converted {
  const read = readDocuments(text, fileName);
  if ('findings' in read) return { text, converted: 0, findings: read.findings };
  const fixes = read.documents.flatMap((doc) => ingressesOf(doc).map((map) => fixIngress({ text, doc, position: read.position, findings: [], edits: [] }, map)));
  return { text: applyEdits(text, fixes.flatMap(({ edits }) => edits)), findings: fixes.flatMap(({ findings }) => findings), converted: fixes.filter(({ edits }) => edits.length > 0).length };
}

interface Fix {
  readonly text: string;
  readonly doc: Document.Parsed;
  readonly position: (offset: number) => Position;
  findings: Finding[];
  edits: Edit[];
}

/** Ingresses of today's API: the document, or the items of a list. */
function ingressesOf(doc: Document.Parsed): YAMLMap[] {
  const root = doc.contents as Node | null;
  if (!isMap(root)) return [];
  const items = field(root, 'items')?.value;
  return (isSeq(items) ? items.items : [root]).filter((one): one is YAMLMap => isMap(one) && textOf(one, 'kind') === 'Ingress' && textOf(one, 'apiVersion') === 'networking.k8s.io/v1');
}

function textOf(map: YAMLMap, name: string): string {
  const value = field(map, name)?.value;
  return isScalar(value) && typeof value.value === 'string' ? value.value : '';
}

function fixIngress(fix: Fix, ingress: YAMLMap): Fix {
  const metadata = field(ingress, 'metadata')?.value;
  const annotations = isMap(metadata) ? field(metadata, 'annotations')?.value : undefined;
  if (!isMap(metadata) || !isMap(annotations)) return fix;
  const namespace = textOf(metadata, 'namespace');
  const subject = `Ingress ${namespace === '' ? '' : `${namespace}/`}${textOf(metadata, 'name')}`;
  for (const pair of annotations.items) {
    const name = nameOf(pair);
    const leave = (why: string): void => {
      fix.findings.push({ ...fix.position((pair.key as Node).range![0]), severity: 'error', message: `${subject}: annotation ${name}: ${why}; it is left as it is and is not carried out` });
    };
    if (name !== undefined && otherSnippets.has(name)) leave('no annotation of an Ingress stands for it');
    if (name !== snippetName) continue;
    const proposal = proposalFor(fix, annotations, pair);
    if ('problem' in proposal) leave(proposal.problem);
    else fix.edits.push(replacement(fix, annotations, pair, proposal));
  }
  return fix;
}

/** Without prefix; undefined for what is none of ingress-nginx. */
function nameOf(pair: Pair): string | undefined {
  return isScalar(pair.key) && typeof pair.key.value === 'string' ? writtenName(pair.key.value, usualPrefixes) : undefined;
}

function proposalFor({ doc }: Fix, annotations: YAMLMap, { key, value }: Pair): Translation | { problem: string } {
  const written = value as Node | null;
  if (!isScalar(written) || typeof written.value !== 'string') return { problem: 'is no text, or is taken from elsewhere with an alias' };
  if (written.anchor !== undefined || (key as Scalar).anchor !== undefined || written.tag !== undefined || isRepeated(doc, annotations)) return { problem: 'is used in another place too (anchor, alias or merge key); write it out' };
  const translation = translateSnippet(written.value);
  if ('problem' in translation) return translation;
  const known = new Set(annotations.items.flatMap((pair) => (isScalar(pair.key) && typeof pair.key.value === 'string' ? [meantBy(pair.key.value)] : [])));
  const taken = [...translation.annotations.keys()].find((name) => known.has(name));
  return taken === undefined ? translation : { problem: `the Ingress has annotation ${taken} already` };
}

/** As translations name annotations. */
function meantBy(key: string): string {
  return key.startsWith(`${ownPrefix}/`) ? key : canonicalName(writtenName(key, usualPrefixes) ?? key);
}

/** Whether an alias repeats the annotations, or something around or in them. */
function isRepeated(doc: Document.Parsed, annotations: YAMLMap): boolean {
  let found = annotations.items.some(({ key }) => isAlias(key) || (isScalar(key) && key.source === '<<'));
  visit(doc, {
    Alias: (_key, alias) => {
      const target = alias.resolve(doc);
      found ||= target !== undefined && target.range![0] <= annotations.range![1] && annotations.range![0] <= target.range![1];
    },
  });
  return found;
}

/** The new annotations in the place of the old one, in the style of their map. */
function replacement({ text }: Fix, annotations: YAMLMap, pair: Pair, { annotations: proposed, comments }: Translation): Edit {
  const [from] = (pair.key as Node).range!;
  const value = pair.value as Scalar;
  const isBlock = annotations.flow !== true && startsLine(text, from);
  const named = [...proposed].map(([name, one]) => [name.includes('/') ? name : `${usualPrefixes[0]!}/${name}`, one] as const);
  if (!isBlock) return inFlow(text, annotations, pair, named);
  const newline = newlineOf(text);
  const indent = ' '.repeat(columnAt(text, from));
  const lines = [...comments.map((one) => `# ${one}`), ...named.flatMap(([name, one]) => (one.includes('\n') ? [`${name}: |-`, ...one.split('\n').map((line) => `  ${line}`)] : [`${name}: ${JSON.stringify(one)}`]))];
  // The last line end of a block scalar belongs to it.
  const to = value.range![1];
  const ended = text.slice(from, to).endsWith('\n') ? newline : '';
  if (lines.length === 0) return { from: from - indent.length, to: ended === '' ? Math.min(to + newline.length, text.length) : to, text: '', owner: annotations };
  return { from, to, text: lines.join(newline + indent) + ended, owner: annotations };
}

/** A map in braces: without the pair its comma has to go, too. */
function inFlow(text: string, annotations: YAMLMap, pair: Pair, named: readonly (readonly [string, string])[]): Edit {
  const [from] = (pair.key as Node).range!;
  const [, to] = (pair.value as Scalar).range!;
  if (named.length > 0) return { from, to, text: named.map(([name, one]) => `${JSON.stringify(name)}: ${JSON.stringify(one)}`).join(', '), owner: annotations };
  const comma = /^\s*,\s*/.exec(text.slice(to))?.[0].length ?? 0;
  const before = comma > 0 ? 0 : /,\s*$/.exec(text.slice(0, from))?.[0].length ?? 0;
  return { from: from - before, to: to + comma, text: '', owner: annotations };
}
