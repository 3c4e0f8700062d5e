// Chance, different in each worker: without a seed of their own all workers would draw the same numbers.

math.randomseed(ngx.time() * 1000 + ngx.worker.pid());

/** A whole number from 1 to `total`. */
export function chance(total: number): number {
  return math.random(total);
}
