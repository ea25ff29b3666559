/** A name that no other process has made. */
export function uniqueName(prefix: string): string {
  const part = (): string => Math.floor(Math.random() * 2 ** 48).toString(36)
  return `${prefix}.${part()}${part()}`
}
