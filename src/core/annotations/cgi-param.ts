// The grammar of what FastCGI backends are told (route-table/cgi-params), wherever it comes from.

import { cgiParams, cgiPathVariables, cgiVariables } from '../../route-table/cgi-params.js';
import type { HeaderLine } from '../../route-table/types.js';
import { type Grammar, textLike } from './grammar.js';

const names: ReadonlySet<string> = new Set(cgiParams.map(({ name }) => name));
const variables: ReadonlySet<string> = new Set([...cgiVariables, ...cgiPathVariables]);
const valueForm = /^[\x20-\x7e]{0,1024}$/;

/** Letters of all values of one Ingress: they go along in a header of each of its requests. */
export const mostCgiLetters = 8192;

/** Whether there is a parameter of this name that an Ingress may say. */
export function isCgiName(name: string): boolean {
  return names.has(name);
}

/** Whether it is one, and its value a text that can be filled. */
export function isCgiParam({ name, value }: HeaderLine): boolean {
  return isCgiName(name) && valueForm.test(value) && [...value.matchAll(/\$([a-z_]*)/g)].every(([, variable]) => variables.has(variable!));
}

const indexName = /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/;

/** `fastcgi-index`: the name of a script, no path. */
export const cgiIndex: Grammar<string> = textLike(indexName, 'the name of a file, such as `index.php`', 255);

export function isCgiIndex(text: string): boolean {
  return text.length <= 255 && indexName.test(text);
}
