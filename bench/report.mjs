// What is printed: for each workload a table, and at the end one line for each target.

export function median(values) {
  if (values.length === 0) return NaN
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** Adds the ratios to Go and to the best peer, and what became of each target. */
export function judge(workload, impls) {
  const measured = impls.filter((i) => i.reps.length > 0)
  const go = measured.find((i) => i.label === 'go')
  const best = measured
    .filter((i) => i.group === 'peers' || i.group === 'platform')
    .reduce((a, b) => (a && a.median <= b.median ? a : b), undefined)
  const rows = impls.map((i) => ({ ...i, vsGo: i.median / go?.median, vsBest: i.median / best?.median }))
  const targets = (workload.targets ?? []).flatMap(([label, against, most]) => {
    const other = against === 'best peer' ? best : measured.find((i) => i.label === against)
    const mine = impls.find((i) => i.label === label)
    if (!mine) return []
    const value = against === 'absolute' ? mine.median : mine.median / other?.median
    const verdict = Number.isNaN(value) ? 'not measured' : value <= most ? 'ok' : 'MISSED'
    return [{ label, against: against === 'best peer' && best ? `best peer, ${best.label}` : against, most, value, verdict }]
  })
  const costOf = (label) => measured.find((i) => i.label === label)?.median ?? NaN
  const figures = (workload.figures?.(costOf) ?? []).filter(({ value }) => !Number.isNaN(value))
  for (const { label, value, most } of figures)
    if (most !== undefined) targets.push({ label, against: 'ratio', most, value, verdict: value <= most ? 'ok' : 'MISSED' })
  return { name: workload.name, title: workload.title, unit: workload.unit, rows, figures, targets }
}

export function printTable({ name, title, unit, rows, figures, targets }) {
  console.log(`\n${name}: ${title} (${unit})`)
  const table = [['', 'median', 'min–max', 'to Go', 'to best peer', 'target']]
  for (const r of rows) {
    if (r.error) table.push([r.label, `failed: ${r.error}`.slice(0, 110)])
    else
      table.push([
        r.label,
        figure(r.median, unit),
        `${figure(r.min, unit)}–${figure(r.max, unit)}`,
        ratio(r.vsGo),
        ratio(r.vsBest),
        verdicts(targets, r.label),
      ])
  }
  const widths = table[0].map((_, column) => Math.max(...table.filter((row) => row.length > 2).map((row) => row[column].length)))
  for (const row of table)
    console.log(
      '  ' +
        row
          .map((cell, i) => (i === 0 || i === 5 ? cell.padEnd(widths[i]) : cell.padStart(row.length > 2 ? widths[i] : 0)))
          .join('  ')
          .trimEnd(),
    )
  for (const f of figures) {
    const target = f.most === undefined ? '' : `  ${verdicts(targets, f.label)}`
    console.log(`  = ${f.label}: ${f.isRatio ? ratio(f.value) : `${figure(f.value, unit)} ${unit}`}${target}`)
  }
}

function verdicts(targets, label) {
  return targets
    .filter((t) => t.label === label)
    .map((t) => `${isPlain(t) ? '' : ratio(t.value) + ' '}≤ ${t.most}${isPlain(t) ? '' : ` of ${t.against}`}: ${t.verdict}`)
    .join('; ')
}

/** Beside nobody else. */
function isPlain({ against }) {
  return against === 'absolute' || against === 'ratio'
}

export function printTargets(results) {
  const all = results.flatMap(({ name, targets }) => targets.map((t) => ({ name, ...t })))
  if (all.length === 0) return
  console.log('\nTargets')
  for (const t of all) {
    const what = isPlain(t) ? `${t.most}` : `${t.most} of ${t.against}`
    const value = t.against === 'absolute' ? String(Math.round(t.value)) : ratio(t.value)
    console.log(`  ${t.name.padEnd(14)} ${t.label.padEnd(24)} ${value.padStart(6)}  at most ${what.padEnd(36)} ${t.verdict}`)
  }
  const count = (verdict) => all.filter((t) => t.verdict === verdict).length
  console.log(`${count('ok')} ok, ${count('MISSED')} missed, ${count('not measured')} not measured`)
}

/** One line that is written over, on a terminal only. */
export function status(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`)
}

function figure(value, unit) {
  const scaled = unit === 'ms' ? value / 1e6 : value
  return scaled >= 100 ? scaled.toFixed(0) : scaled.toFixed(1)
}

function ratio(value) {
  if (!Number.isFinite(value)) return '–'
  return value >= 100 ? value.toFixed(0) : value.toFixed(2)
}
