// The program behind scripts/quick-start.sh: a cluster on this machine until SIGTERM. Images are folders below $IMAGES (as
// `make image-rootfs` makes them), else the bundles of dist/image over this machine's own files.

import { existsSync } from 'node:fs';
import path from 'node:path';
import { startStandIn } from './cluster.js';
import type { Image } from './pod.js';

const [state] = process.argv.slice(2);
if (state === undefined) throw new Error('say where its files go');
const roots = process.env['IMAGES'];

const bundles: Record<string, string> = { 'ingress-arbiter-engine': 'engine', 'ingress-arbiter-controller': 'controller', 'ingress-arbiter': 'run' };
const node = '/opt/node';

function imageFor(reference: string): Image {
  const name = reference.split(':')[0]!;
  const bundle = bundles[name];
  if (bundle === undefined) {
    // Whatever else: a small server that says which pod it is and what it was asked for.
    return { root: '/', entrypoint: [node, '/opt/sample.mjs'], mounts: [`${process.execPath}\t${node}\tread`, `${path.resolve('test/stand-in/sample.mjs')}\t/opt/sample.mjs\tread`] };
  }
  if (roots !== undefined) return { root: path.join(roots, bundle), entrypoint: ['/usr/bin/tini', '--', '/usr/local/bin/ingress-arbiter'], mounts: [] };
  // $BUNDLE_ENGINE and the like are bundles of another version: scripts/skew.sh.
  const folder = process.env[`BUNDLE_${bundle.toUpperCase()}`] ?? path.resolve('dist/image', bundle);
  if (!existsSync(folder)) throw new Error(`${folder} is missing: make bundle`);
  return { root: '/', entrypoint: [node, '/opt/ingress-arbiter/dist/src/cli/main.js'], mounts: [`${process.execPath}\t${node}\tread`, `${folder}\t/opt/ingress-arbiter\tread`] };
}

const standIn = await startStandIn({ state, imageFor });
process.stdout.write(`${standIn.kubeconfig}\n`);
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void standIn.stop().then(() => process.exit(0)));
