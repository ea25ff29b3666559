import js from '@eslint/js'
import comments from '@eslint-community/eslint-plugin-eslint-comments'
import globals from 'globals'
import tseslint from 'typescript-eslint'

// A cast is a promise the compiler cannot check, so its line, or the one above, says why it holds. (`any` and `!` are errors of
// their own, lifted by a disable comment with a description.) `as const` and `satisfies` promise nothing.
const sayWhy = {
  create({ sourceCode, report }) {
    const isExplained = ({ loc }) =>
      sourceCode.getAllComments().some((comment) => comment.loc.end.line >= loc.start.line - 1 && comment.loc.start.line <= loc.end.line)
    const isConst = ({ typeName }) => typeName?.name === 'const'
    return {
      TSAsExpression(node) {
        if (!isConst(node.typeAnnotation) && !isExplained(node))
          report({ node, message: 'Say why this cast holds, in a comment on its line.' })
      },
    }
  },
}

// Prettier decides how wide code is, and never touches a comment. A link may be as long as it is.
const commentWidth = {
  create({ sourceCode, report }) {
    const tooWide = (line) => line.length > 140 && !/https?:\/\//.test(line)
    const check = (comment) => {
      for (let line = comment.loc.start.line; line <= comment.loc.end.line; line++)
        if (tooWide(sourceCode.lines[line - 1]))
          report({ loc: { line, column: 140 }, message: 'A comment ends at column 140; wrap it at 120.' })
    }
    return { Program: () => sourceCode.getAllComments().forEach(check) }
  },
}

// The limits of size. Blank lines and comments do not count in a function, and do in a file.
const limits = {
  'max-lines-per-function': ['error', { max: 40, skipBlankLines: true, skipComments: true }],
  'max-lines': ['error', 320],
  'max-params': ['error', 4],
}

/** Files over a limit, each with the reason. The list only shrinks. */
const overLimits = [
  'src/testing/explore/explore.ts', // the constructor of ScheduleError is public, and has six parameters
]

// A name that begins with an underscore is there for its place.
const unused = { argsIgnorePattern: '^_', varsIgnorePattern: '^_', caughtErrorsIgnorePattern: '^_' }

export default tseslint.config(
  { ignores: ['**/node_modules/', 'dist/', 'reports/', 'docs/reference/', 'test/types/usage.ts', 'test/consumers/programs/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  {
    plugins: { comments },
    rules: {
      'comments/require-description': ['error', { ignore: ['eslint-enable'] }],
      'require-yield': 'off', // a goroutine that waits for nothing is still a generator
      'no-constant-condition': ['error', { checkLoops: false }],
    },
  },
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeChecked],
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    rules: {
      // An Op that is created and never performed does nothing: the classic slip.
      '@typescript-eslint/no-floating-promises': ['error', { checkThenables: true }],
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/no-unused-vars': ['error', unused],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      // A promise that is returned without a wait is still pending when `await using` disposes of what it needs.
      '@typescript-eslint/return-await': ['error', 'error-handling-correctness-only'],
      '@typescript-eslint/require-await': 'off', // an async goroutine that waits for nothing, likewise
      '@typescript-eslint/only-throw-error': 'off', // a cause is whatever the user gave, and travels unchanged
      '@typescript-eslint/prefer-promise-reject-errors': 'off',
      '@typescript-eslint/no-base-to-string': 'off', // String(ctx) is Go's %v
      '@typescript-eslint/no-this-alias': 'off', // a walk along a chain starts at itself
    },
  },
  {
    files: ['src/**'],
    plugins: { house: { rules: { 'say-why': sayWhy, 'comment-width': commentWidth } } },
    rules: {
      'house/say-why': 'error',
      'house/comment-width': 'error',
      'no-console': ['error', { allow: ['warn'] }],
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'Exports have names.' },
        { selector: 'ExportAllDeclaration', message: 'An index lists what it exports, by name.' },
      ],
    },
  },
  { files: ['src/**', 'scripts/**', 'test/consumers/**'], ignores: overLimits, rules: limits },
  {
    // A tree has some 75 kinds of nodes, and a function is about a few of them.
    files: ['src/instrument/**'],
    rules: { '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }] },
  },
  { files: ['test/**/*.ts'], rules: { '@typescript-eslint/unbound-method': 'off' } }, // spies and mutants take methods off their objects
  {
    // The kernel and the operators run in any host: what only Node has is looked up on globalThis, and may be missing.
    files: ['src/runtime/**', 'src/operators/**'],
    rules: { 'no-restricted-globals': ['error', 'process', 'Buffer', 'global', 'setImmediate', 'clearImmediate', 'require'] },
  },
  {
    files: ['**/*.{js,mjs}'],
    languageOptions: { globals: { ...globals.node, gc: 'readonly' } },
    rules: { 'no-unused-vars': ['error', unused] },
  },
)
