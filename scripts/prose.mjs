// The prose of a page or of a source file: everything else is replaced by blanks, so that an index stays the index in the file.

/** Keeps the line breaks, so that lines are counted right. */
function blank(text) {
  return text.replace(/[^\n]/g, ' ')
}

/**
 * A page of Markdown without its code, the targets of its links and its comments.
 * @param {string} text
 * @returns {string}
 */
export function proseOfPage(text) {
  return text
    .replace(/^( *)(```|~~~)[^]*?^\1\2 *$/gm, blank)
    .replace(/<!--[^]*?-->/g, blank)
    .replace(/(`+)[^`][^]*?\1/g, blank)
    .replace(/(?<=\])\([^)\n]*\)/g, blank)
    .replace(/https?:\/\/\S+/g, blank)
}

/**
 * Comments and texts of a TypeScript or JavaScript file.
 * @param {string} text
 * @param {typeof import('typescript')} ts the compiler
 * @returns {string}
 */
export function proseOfSource(text, ts) {
  const out = blank(text).split('')
  const keep = (from, end, part) => {
    for (let i = from; i < end; i++) out[i] = part[i - from]
  }
  const source = ts.createSourceFile('source.ts', text, ts.ScriptTarget.Latest, true)
  const seen = new Set()
  const comment = ({ pos, end }) => {
    if (seen.has(pos)) return
    seen.add(pos)
    const words = text
      .slice(pos, end)
      .replace(/^(\s*)(\/\*\*?|\*\/|\*|\/\/)/gm, blank)
      .replace(/\*\/$/, '  ')
    if (!/^\s*eslint-/.test(words)) keep(pos, end, proseOfPage(words))
  }
  const visit = (node) => {
    for (const range of ts.getLeadingCommentRanges(text, node.getFullStart()) ?? []) comment(range)
    for (const range of ts.getTrailingCommentRanges(text, node.getEnd()) ?? []) comment(range)
    const isText = ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddle(node) || ts.isTemplateTail(node)
    if (isText && !ts.isImportDeclaration(node.parent) && !ts.isExportDeclaration(node.parent))
      keep(node.getStart(), node.getEnd(), text.slice(node.getStart(), node.getEnd()))
    node.getChildren(source).forEach(visit)
  }
  visit(source)
  return out.join('')
}
