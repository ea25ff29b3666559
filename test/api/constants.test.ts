/** The step of the build that keeps the constants of a chunk. */
import { expect, test } from 'vitest'
import { withConstants } from '../../scripts/constants.mjs'

test('a top-level variable that is set once becomes a constant', () => {
  expect(withConstants('var A = class {\n};\nvar { b, c: d } = f();\nlet e = -b;\nfunction f() {\n  var g = 1;\n}\n')).toBe(
    'const A = class {\n};\nconst { b, c: d } = f();\nlet e = -b;\nfunction f() {\n  var g = 1;\n}\n',
  )
})

test.each([
  'var a;',
  'var a = 1;\na = 2;',
  'var a = 1;\nfunction f() {\n  a++;\n}',
  'var a = 1;\n() => a ??= 2;',
  'var a = 1;\n[a] = [2];',
  'var a = 1;\n({ b: [a = 3] } = c);',
  'var a = 1;\n({ a } = c);',
  'var a = 1;\n[...a] = c;',
  'var a = 1;\nfor (a of b) ;',
  'var a = 1, b = 2;\nb = 3;',
])('a variable that is set again, or never, stays: %s', (code) => {
  expect(withConstants(code)).toBe(code)
})

test('an exported value is exported by a second name, on the same line; a function, a class and a constant that the chunk does not use keep theirs', () => {
  expect(
    withConstants(
      'var a = 1;\nvar b = a;\nvar D = class {};\nfunction f() {}\nf(b);\nvar unused = 1;\nexport {\n  a,\n  b as c,\n  D,\n  f,\n  unused\n};\n',
    ),
  ).toBe(
    'const a = 1;\nconst b = a;\nconst D = class {};\nfunction f() {}\nf(b);\nconst unused = 1;\nconst a_out = a, b_out = b; export {\n  a_out as a,\n  b_out as c,\n  D,\n  f,\n  unused\n};\n',
  )
  expect(withConstants('export { a } from "b";\nexport * from "c";\n')).toBe('export { a } from "b";\nexport * from "c";\n')
})
