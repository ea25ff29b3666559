/** A rejected call of main leaves main usable. */
import { main } from 'millrace/node'

const attempt = (f: () => void): void => {
  try {
    f()
  } catch (error) {
    console.log(String(error))
  }
}

attempt(() => main(5 as never))
attempt(() => main(undefined as never))
attempt(() => main(() => {}, null as never))
attempt(() => main(() => {}, 10 as never))
attempt(() => main(() => {}, { trace: 'yes' as never }))
attempt(() => main(() => {}, { drain: NaN }))
attempt(() => main(() => {}, { drain: '10s' as never }))
attempt(() => main(() => {}, { grace: NaN }))
attempt(() => main(() => {}, { grace: '1s' as never }))
attempt(() => main(() => console.log('runs')))
attempt(() => main(() => console.log('runs twice')))
