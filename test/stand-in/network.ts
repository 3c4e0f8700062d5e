// The network of the stand-in: one bridge in a network namespace of its own, a cable from it to each pod, and further addresses
// on it for Services. It touches nothing outside of that namespace.

import { spawnSync } from 'node:child_process';

const BRIDGE = 'pods0';
export const GATEWAY = '10.244.0.1';

function ip(...args: string[]): void {
  const { status, stderr } = spawnSync('ip', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${stderr.trim()}`);
}

/** Sets up the bridge. Refuses where there are other networks: this namespace has to be a new one. */
export function createNetwork(): void {
  const { stdout } = spawnSync('ip', ['-o', 'link'], { encoding: 'utf8' });
  const others = stdout.trim().split('\n').map((line) => line.split(': ')[1] ?? '').filter((name) => !/^(lo|sit0|tunl0|ip6tnl0|ip6_vti0|ip_vti0|gre0|gretap0|erspan0|ip6gre0)(@|$)/.test(name));
  if (others.length > 0) throw new Error(`this is not a network namespace of its own (it has ${others.join(', ')}); start it by scripts/quick-start.sh`);
  ip('link', 'set', 'lo', 'up');
  ip('link', 'add', BRIDGE, 'type', 'bridge');
  ip('addr', 'add', `${GATEWAY}/16`, 'dev', BRIDGE);
  ip('link', 'set', BRIDGE, 'up');
}

/** Connects the namespace of a process: its end is called eth0. */
export function connectPod(number: number, process: number): void {
  const [here, there] = [`pod${number}`, `eth${number}`];
  ip('link', 'add', here, 'type', 'veth', 'peer', 'name', there);
  ip('link', 'set', there, 'netns', String(process), 'name', 'eth0');
  ip('link', 'set', here, 'master', BRIDGE, 'up');
}

export function addAddress(address: string): void {
  ip('addr', 'add', `${address}/32`, 'dev', BRIDGE);
}
