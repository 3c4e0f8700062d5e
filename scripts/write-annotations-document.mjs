// Writes docs/annotations.md from the registry of annotations, as the build has it.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { renderAnnotationsDocument } from '../dist/src/core/annotations/render-document.js';

writeFileSync(path.resolve(import.meta.dirname, '../docs/annotations.md'), renderAnnotationsDocument());
