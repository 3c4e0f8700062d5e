// Writes metrics as Prometheus reads them, in its text format or as OpenMetrics 1.0, in pieces, so that whoever writes many
// can let others run in between. It knows no metric: which there are is in the catalogue.

export type Format = 'text' | 'openmetrics';

export interface FamilyDescription {
  name: string;
  type: 'counter' | 'gauge' | 'histogram';
  unit?: string;
  help: string;
}

export interface Exposition {
  /** Begins a family. Samples that follow belong to it. */
  family(description: FamilyDescription): void;
  /** One sample of the family: what its name has at the end (`_bucket`), its labels as renderLabels writes them, its value. */
  sample(suffix: string, labels: string, value: number): void;
  /** Lets others run when much has been written since the last pause. */
  pause(): Promise<void>;
  /** Everything that was written. Nothing can be added after it. */
  finish(): string[];
}

export const contentTypes: Readonly<Record<Format, string>> = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

/** Lines between two pauses: a few milliseconds. */
const LINES_AT_ONCE = 500;
const TOTAL = '_total';

export function createExposition(format: Format): Exposition {
  const pieces: string[] = [];
  let lines: string[] = [];
  let family: FamilyDescription | undefined;
  let name = '';
  const cut = (): void => {
    if (lines.length > 0) pieces.push(`${lines.join('\n')}\n`);
    lines = [];
  };
  // A family without samples is left out: it would only say that there is nothing to say.
  const begin = (): void => {
    if (family !== undefined) lines.push(...head(family, format));
    family = undefined;
  };
  return {
    family(description) {
      family = description;
      name = description.name;
    },
    sample(suffix, labels, value) {
      begin();
      lines.push(`${name}${suffix}${labels} ${numberText(value)}`);
    },
    async pause() {
      if (lines.length < LINES_AT_ONCE) return;
      cut();
      await new Promise((resolve) => { setImmediate(resolve); });
    },
    finish() {
      if (format === 'openmetrics') lines.push('# EOF');
      cut();
      return pieces;
    },
  };
}

/** OpenMetrics names a counter without its `_total`; a counter that has none it cannot have. */
function head({ name, type, unit, help }: FamilyDescription, format: Format): string[] {
  if (format === 'text') return [`# HELP ${name} ${escapeHelp(help)}`, `# TYPE ${name} ${type}`];
  const total = type === 'counter' && name.endsWith(TOTAL);
  const family = total ? name.slice(0, -TOTAL.length) : name;
  const known = type === 'counter' && !total ? 'unknown' : type;
  const units = unit !== undefined && family.endsWith(`_${unit}`) ? [`# UNIT ${family} ${unit}`] : [];
  return [`# TYPE ${family} ${known}`, ...units, `# HELP ${family} ${escapeHelp(help).replaceAll('"', '\\"')}`];
}

/** `{name="value",…}`; '' without labels. */
export function renderLabels(names: readonly string[], values: readonly string[]): string {
  return names.length === 0 ? '' : `{${names.map((name, at) => `${name}="${escapeLabel(values[at] ?? '')}"`).join(',')}}`;
}

/** Labels with one more at the end. */
export function withLabel(labels: string, name: string, value: string): string {
  return labels === '' ? `{${name}="${value}"}` : `${labels.slice(0, -1)},${name}="${value}"}`;
}

function escapeLabel(value: string): string {
  return /["\\\n]/.test(value) ? value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n') : value;
}

function escapeHelp(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value);
}
