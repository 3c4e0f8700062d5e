// The controller program as `ingress-arbiter controller` starts it, but for a cluster that runs on one machine: pods on
// loopback addresses count. The one argument is the settings file.

import { readControllerSettings } from '../../src/cli/controller/controller-settings.js';
import { startControllerProgram } from '../../src/cli/controller/start-controller-program.js';

const { claims, ...settings } = readControllerSettings(process.argv[2]!);
const program = await startControllerProgram({ ...settings, claims: claims.map((claim) => ({ ...claim, allowLoopbackEndpoints: true })), identity: `test-${process.pid}` },
  (level, message) => console.log(`${new Date().toISOString()} ${level} ${message}`));
process.once('SIGTERM', () => void program.stop());
