// Reads the settings in rendered manifests with the very functions of the programs that get them.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import { readControllerSettings } from '../../../src/cli/controller/controller-settings.js';
import { readEngineProgramSettings } from '../../../src/cli/engine/engine-program-settings.js';
import { readRunSettings } from '../../../src/cli/run/run-settings.js';
import { claimName } from '../../../src/core/claim.js';
import type { KubeObject } from '../../../src/dev-cluster/resources.js';
import { type EngineSettings } from '../../../src/engine/settings.js';
import { type Pod, podsIn } from './pods.js';

const NAMESPACE = 'ingress-arbiter';

export interface EngineView {
  pod: Pod;
  settings: EngineSettings;
  controllers: Record<string, string[]>;
  unreadySeconds: number;
}

/** The settings in the ConfigMaps of rendered manifests. */
export class SettingsReader {
  private readonly folder = mkdtempSync(path.join(tmpdir(), 'ia-manifests-'));

  constructor(private readonly objects: readonly KubeObject[]) {}

  close(): void { rmSync(this.folder, { recursive: true, force: true }); }

  engine(): EngineView {
    const pod = this.pod('engine') ?? this.pod('run')!;
    const file = this.fileOf(pod);
    if (pod.spec.containers[0]!.args[0] === 'run') return { pod, settings: readRunSettings(file).engine, controllers: {}, unreadySeconds: 0 };
    const { engine, controllers, unreadySeconds } = readEngineProgramSettings(file);
    return { pod, settings: engine, controllers, unreadySeconds };
  }

  controllers(): { class: string; account: string; publish: string }[] {
    return podsIn(this.objects).filter(({ spec }) => ['controller', 'run'].includes(spec.containers[0]!.args[0]!)).flatMap((pod) => {
      const file = this.fileOf(pod);
      const { claims, installation } = pod.spec.containers[0]!.args[0] === 'run' ? readRunSettings(file) : readControllerSettings(file, { advertise: '10.0.0.1' });
      expect(installation.namespace).to.equal(NAMESPACE);
      return claims.map((claim) => ({ class: claimName(claim), account: pod.spec.serviceAccountName, publish: claim.publish! }));
    });
  }

  private pod(program: string): Pod | undefined {
    return podsIn(this.objects).find(({ spec }) => spec.containers[0]!.args[0] === program);
  }

  /** The settings file of a pod, as it is mounted. */
  private fileOf({ spec }: Pod): string {
    const { args, volumeMounts } = spec.containers[0]!;
    const at = args[args.indexOf('--config') + 1]!;
    const mount = volumeMounts!.find(({ mountPath }) => path.dirname(at) === mountPath)!;
    const name = spec.volumes!.find((volume) => volume.name === mount.name)!.configMap!.name;
    const map = this.objects.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === name)!;
    const file = path.join(this.folder, `${name}.yaml`);
    writeFileSync(file, (map['data'] as Record<string, string>)[path.basename(at)]!);
    return file;
  }
}
