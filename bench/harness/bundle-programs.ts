// Controller and engine as the images have them: one file each. From a thousand files they begin 0.7 s of a processor later.

import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Programs } from './installation.js';

interface Bundling {
  bundle(name: string, target: string): Promise<unknown>;
  bundleScripts(entryPoints: readonly string[], outdir: string): Promise<unknown>;
}

/** Writes them to the folder; the controller is the one whose pods may be on loopback addresses. */
export async function bundlePrograms(folder: string): Promise<Programs> {
  const { bundle, bundleScripts } = await import(pathToFileURL('scripts/bundle.mjs').href) as Bundling;
  await bundle('engine', folder);
  // Beside the engine, where it finds the version of both.
  const scripts = path.join(folder, 'dist/src/cli');
  await bundleScripts(['dist/test/e2e/loopback-controller.js'], scripts);
  return { controller: path.join(scripts, 'loopback-controller.js'), engine: path.join(scripts, 'main.js') };
}
