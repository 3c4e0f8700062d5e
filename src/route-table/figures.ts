// What is measured of every request, and the fixed bounds of the histograms: nginx counts into them, the agent reads them.
// One list of numbers holds all of them, so both sides must agree on the places. Times are seconds, sizes are bytes.

/** Upper bounds of the time histograms; they contain all bounds that ingress-nginx has. */
export const timeBounds: readonly number[] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Upper bounds of the size histograms: those of ingress-nginx's bytes. */
export const sizeBounds: readonly number[] = [10, 100, 1000, 10000, 100000, 1000000, 10000000];

export interface Figure {
  name: 'requestDuration' | 'upstreamConnect' | 'upstreamHeader' | 'upstreamResponse' | 'requestSize' | 'responseSize';
  bounds: readonly number[];
  /** Place of its sum in the list of all; its buckets follow, the last one without a bound. */
  at: number;
}

/** Every figure in the order of its place. */
export const figures: readonly Figure[] = [
  { name: 'requestDuration', bounds: timeBounds, at: 0 },
  { name: 'upstreamConnect', bounds: timeBounds, at: 15 },
  { name: 'upstreamHeader', bounds: timeBounds, at: 30 },
  { name: 'upstreamResponse', bounds: timeBounds, at: 45 },
  { name: 'requestSize', bounds: sizeBounds, at: 60 },
  { name: 'responseSize', bounds: sizeBounds, at: 69 },
];

/** Numbers in the list of all figures. */
export const figureSlots = 78;

/** Stands where the name of an Ingress would, for requests beyond the limit of series. No Ingress can have this name. */
export const foldedName = '(folded)';
