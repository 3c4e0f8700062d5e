// The blocks of one kind in a text of PEM, whatever stands around them.

/** At most `most` of them and one more. One pass: the text is a user's, up to 1 MB, and may hold nothing but beginnings. */
export function pemBlocks(text: string, label: string, most: number): string[] {
  const [head, foot] = [`-----BEGIN ${label}-----`, `-----END ${label}-----`];
  const blocks: string[] = [];
  let begin = text.indexOf(head);
  while (begin >= 0 && blocks.length <= most) {
    const end = text.indexOf(foot, begin);
    if (end < 0) return blocks;
    blocks.push(text.slice(begin, end + foot.length));
    begin = text.indexOf(head, end);
  }
  return blocks;
}

/** What a block holds, one character for each byte. */
export function blockBytes(block: string): string {
  return Buffer.from(block.split(/\r?\n/).slice(1, -1).join(''), 'base64').toString('latin1');
}
