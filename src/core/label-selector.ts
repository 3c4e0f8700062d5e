// Label selectors as kubectl reads them: `team=web,tier in (a, b),!legacy`. Parsed once, then matched; a text that is none
// is refused as a whole, because half a selector selects too much.

export interface LabelRequirement {
  key: string;
  /** `in` with the values; without values: `exists`. */
  operator: 'in' | 'notin' | 'exists' | 'absent';
  values: readonly string[];
}

const name = '[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?';
const key = `(?:[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?/)?${name}`;
const value = `(?:${name})?`;
const equality = new RegExp(`^(${key})\\s*(=|==|!=)\\s*(${value})$`);
const set = new RegExp(`^(${key})\\s+(in|notin)\\s+\\(\\s*(${value}(?:\\s*,\\s*${value})*)\\s*\\)$`);
const existence = new RegExp(`^(!?)\\s*(${key})$`);

/** The requirements of a selector, all of which must hold; undefined when the text is no selector, or an empty one. */
export function parseLabelSelector(text: string): LabelRequirement[] | undefined {
  const requirements: LabelRequirement[] = [];
  for (const part of text.split(/,(?![^(]*\))/)) {
    const requirement = parseRequirement(part.trim());
    if (requirement === undefined) return undefined;
    requirements.push(requirement);
  }
  return requirements;
}

function parseRequirement(text: string): LabelRequirement | undefined {
  const equal = equality.exec(text);
  if (equal !== null) return { key: equal[1]!, operator: equal[2] === '!=' ? 'notin' : 'in', values: [equal[3]!] };
  const among = set.exec(text);
  if (among !== null) return { key: among[1]!, operator: among[2] as 'in' | 'notin', values: among[3]!.split(',').map((one) => one.trim()) };
  const exists = existence.exec(text);
  return exists === null ? undefined : { key: exists[2]!, operator: exists[1] === '!' ? 'absent' : 'exists', values: [] };
}

/** Whether labels meet all requirements. As for Kubernetes, `!=` and `notin` also take objects without the label. */
export function matchesLabels(requirements: readonly LabelRequirement[], labels: Readonly<Record<string, string>> = {}): boolean {
  return requirements.every(({ key: wanted, operator, values }) => {
    const has = Object.hasOwn(labels, wanted);
    if (operator === 'exists') return has;
    if (operator === 'absent') return !has;
    const among = has && values.includes(labels[wanted]!);
    return operator === 'in' ? among : !among;
  });
}
