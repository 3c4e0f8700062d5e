// Queries that several dashboards have. A rate is over $__rate_interval, which fits the scrape interval and the zoom; a ratio
// has its lower part bounded away from 0, so that no traffic is no error.

export const byClass = '{ingress_class=~"$ingress_class"}';

/** A rate, summed by labels. */
export function rateBy(labels: string, metric: string, selector = byClass): string {
  return `sum by (${labels}) (rate(${metric}${selector}[$__rate_interval]))`;
}

/** Of the requests, the part that was answered with 5xx. */
export function errorRatio(labels: string, selector = byClass): string {
  const errors = selector.replace(/}$/, ',code=~"5.."}');
  return `(sum by (${labels}) (rate(ingress_arbiter_requests_total${errors}[$__rate_interval])) or 0 * ${rateBy(labels, 'ingress_arbiter_requests_total', selector)})` +
    ` / clamp_min(${rateBy(labels, 'ingress_arbiter_requests_total', selector)}, 0.001)`;
}

/** A quantile of a histogram, 0…1. */
export function quantile(q: number, histogram: string, labels: string, selector = byClass): string {
  return `histogram_quantile(${q}, ${rateBy(`le, ${labels}`, `${histogram}_bucket`, selector)})`;
}
