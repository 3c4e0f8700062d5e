// Reads a piece of nginx configuration into its directives: words, quotes, comments. It understands no block and runs nothing.

export interface Directive {
  name: string;
  args: string[];
}

export interface Snippet {
  directives: Directive[];
  /** Comment lines, without their `#`. */
  comments: string[];
}

/** The directives, or what keeps the text from being a list of them, in words. */
export function parseSnippet(text: string): Snippet | { problem: string } {
  const snippet: Snippet = { directives: [], comments: [] };
  let words: string[] = [];
  for (const token of tokensOf(text)) {
    if (token.kind === 'comment') snippet.comments.push(token.text);
    else if (token.kind === 'word') words.push(token.text);
    else if (token.text !== ';') return { problem: token.text === '{' ? `${shown(words[0] ?? '')} has a block, which no annotation stands for` : `has a ${shown(token.text)} where none can be` };
    else if (words.length > 0) {
      snippet.directives.push({ name: words[0]!, args: words.slice(1) });
      words = [];
    }
  }
  return words.length === 0 ? snippet : { problem: `${shown(words[0]!)} has no ";" at its end` };
}

function shown(text: string): string {
  return JSON.stringify(text.slice(0, 60));
}

interface Token {
  kind: 'word' | 'mark' | 'comment';
  text: string;
}

/** Words as ngx_conf_read_token reads them: in quotes, or up to a blank or a mark. */
function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  const form = /\s+|#([^\n]*)|"((?:\\[\s\S]|[^"\\])*)"|'((?:\\[\s\S]|[^'\\])*)'|([;{}])|((?:\\[\s\S]|\$\{[A-Za-z0-9_]*\}|[^\s;{}"'\\])(?:\\[\s\S]|\$\{[A-Za-z0-9_]*\}|[^\s;{}\\])*)/y;
  for (let at = 0; at < text.length; at = form.lastIndex) {
    form.lastIndex = at;
    const match = form.exec(text);
    // A quote without its end, or a backslash at the end.
    if (match === null) return [...tokens, { kind: 'mark', text: text.slice(at, at + 20) }];
    const [, comment, double, single, mark, bare] = match;
    const word = double ?? single;
    if (comment !== undefined) tokens.push({ kind: 'comment', text: comment.trim() });
    else if (mark !== undefined) tokens.push({ kind: 'mark', text: mark });
    else if (word !== undefined) tokens.push({ kind: 'word', text: word.replace(/\\(["'\\])/g, '$1') });
    else if (bare !== undefined) tokens.push({ kind: 'word', text: bare.replace(/\\(["'\\ ;])/g, '$1') });
  }
  return tokens;
}
