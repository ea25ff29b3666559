// Loaded before a program, in its threads too: the file "refused" cannot be opened, also where root runs the program.
const fs = require('node:fs')
const { syncBuiltinESMExports } = require('node:module')

const { open } = fs.promises
fs.promises.open = async (path, ...options) => {
  if (String(path).endsWith('/refused')) throw Object.assign(new Error(`EACCES: permission denied, open '${path}'`), { code: 'EACCES' })
  return open(path, ...options)
}
syncBuiltinESMExports()
