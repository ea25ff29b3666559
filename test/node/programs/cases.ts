/** The first argument names the case that a program runs. */
export function chosen<T>(cases: Record<string, T>): T {
  const name = process.argv[2]
  const found = name === undefined ? undefined : cases[name]
  if (found === undefined) throw new Error(`no such case: ${name}`)
  return found
}
