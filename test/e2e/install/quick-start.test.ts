// The quick start of docs/install.md, from `kubectl apply -k` to the first answers of both classes, on a cluster of this machine:
// the pods' programs run as their user, with read-only roots, no capabilities and networks of their own.

import { spawn, spawnSync } from 'node:child_process';
import { expect } from 'chai';

/** Whether this machine lets us make the namespaces and mounts that the pods live in. */
function canIsolate(): boolean {
  const script = 'ip link add ia-test type bridge && d=$(mktemp -d) && mount -t tmpfs tmpfs $d && mkdir $d/u $d/w $d/m && mount -t overlay overlay -o lowerdir=/usr,upperdir=$d/u,workdir=$d/w $d/m && umount $d/m && umount $d && rmdir $d';
  return process.getuid?.() === 0 && spawnSync('unshare', ['--net', '--mount', '--propagation', 'private', 'bash', '-c', script]).status === 0;
}

describe('e2e: quick start', function () {
  this.timeout(240_000);

  it('from kubectl apply -k to the first request through both classes', async function () {
    if (!canIsolate()) return this.skip();
    const child = spawn('scripts/quick-start.sh', { stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => { output += text; });
    const code = await new Promise((resolve) => { child.once('close', resolve); });
    expect(code, output).to.equal(0);
    expect(output).to.match(/hello\.example\.com\/\n200 {2}hello-\d+ hello\.example\.com \//);
    expect(output).to.match(/hello\.internal\.example\.com\/\n200 {2}hello-\d+ hello\.internal\.example\.com \//);
    expect(output).to.match(/hello-public +nginx-external +hello\.example\.com +203\.0\.113\.\d+/).and.include('Both classes answer.');
  });
});
