// The registry of every annotation: the 136 of ingress-nginx, and their two old names. What is not in it is unknown.

import { accessAnnotations, observingAnnotations, refusedAnnotations } from './access-annotations.js';
import type { Annotation } from './annotation.js';
import { affinityAnnotations, corsAnnotations } from './answer-annotations.js';
import { canaryAnnotations } from './canary-annotations.js';
import { ownAnnotations } from './own-annotations.js';
import { backendTlsAnnotations } from './backend-tls-annotations.js';
import { balancingAnnotations } from './balancing-annotations.js';
import { proxyAnnotations } from './proxy-annotations.js';
import { routingAnnotations, trafficAnnotations } from './routing-annotations.js';

/** By topic, in the order of the document. */
export const annotationTopics = {
  'Routing and redirects': routingAnnotations,
  'The way to the backend': proxyAnnotations,
  'TLS to the backend': backendTlsAnnotations,
  'Access': accessAnnotations,
  'CORS': corsAnnotations,
  'Canary': canaryAnnotations,
  'Session affinity': affinityAnnotations,
  'Load balancing': balancingAnnotations,
  'Limits and copies of traffic': trafficAnnotations,
  'Observability': observingAnnotations,
  'Raw configuration': refusedAnnotations,
} as const;

type Topics = typeof annotationTopics;
type Registry = Topics[keyof Topics] extends infer Topic ? (Topic extends unknown ? (rows: Topic) => void : never) extends (rows: infer Every) => void ? Every : never : never;

/** Every annotation of our own by its name after ownPrefix. */
export const ownRegistry: ReadonlyMap<string, Annotation<unknown>> = new Map(Object.entries(ownAnnotations));

type All = Registry & typeof ownAnnotations;

/** The values of one Ingress's annotations, by canonical name: those that are there, carried out and valid. */
export type AnnotationValues = {
  [Name in keyof All]?: All[Name] extends Annotation<infer Value> ? Value : never;
};

export type AnnotationName = keyof AnnotationValues & string;

/** Every annotation by its canonical name. */
export const annotationRegistry: ReadonlyMap<string, Annotation<unknown>> =
  new Map(Object.values(annotationTopics).flatMap((topic) => Object.entries(topic)));

const canonical = new Map([...annotationRegistry].flatMap(([name, { alias }]) => (alias === undefined ? [] : [[alias, name] as const])));

/** Whether a value of this annotation (its canonical name) makes a difference to requests: it is carried out, or it closes. */
export function isCarriedOut(name: string): boolean {
  const row = annotationRegistry.get(canonicalName(name));
  return row !== undefined && (row.grammar !== undefined || row.failMode === 'closed');
}

/** The canonical name of an annotation: an alias is resolved before anything else is asked about it. */
export function canonicalName(name: string): string {
  return canonical.get(name) ?? name;
}
