/** Durations as Go writes them (`500ms`, `10s`, `1m30s`), in ms. */
const UNITS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

/** The duration in ms, or NaN where `text` is none. */
export function parseDuration(text: string): number {
  if (!/^(\d+(\.\d+)?(ms|s|m|h))+$/.test(text)) return NaN
  let total = 0
  for (const [, count, unit] of text.matchAll(/([\d.]+)(ms|s|m|h)/g)) total += Number(count) * UNITS[unit as keyof typeof UNITS]
  return total
}

/** Short, for people: `850ms`, `6.1s`, `2m5s`. */
export function formatDuration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)}ms`
  const tenths = Math.round(ms / 100)
  if (tenths < 600) return `${tenths / 10}s`
  const seconds = Math.round(ms / 1_000)
  return `${Math.floor(seconds / 60)}m${seconds % 60}s`
}
