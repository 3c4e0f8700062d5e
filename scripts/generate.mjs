// Writes the files that come from sources: docs/metrics.md, docs/runbooks.md, dashboards, rules. Needs a build.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { generatedFiles } from '../dist/dashboards/src/generated-files.js';

const root = path.resolve(import.meta.dirname, '..');
for (const [file, content] of generatedFiles()) writeFileSync(path.join(root, file), content);
