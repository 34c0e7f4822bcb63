/* Bundles the server into dist/, a file for each kind of thread. `bin/spinel-server` runs this when a source is newer
 * than the bundle. `build.ts FILE...` bundles these instead, into dist/bench/: then a bench measures what serves.
 *
 * The sources run as they are, too (the tests do); the bundle is for speed. V8 folds a constant into the code of its
 * own module but loads an imported one each time it is used; in one file, with constants inlined, a command costs 10 to
 * 15% less, and the arena's allocate and release half. See docs/adr/0005. */
import { mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'rolldown'

const root = fileURLToPath(new URL('..', import.meta.url))

const SERVER = [
  { input: 'src/server/main.ts', output: 'server.js' },
  { input: 'src/shard-worker/worker.ts', output: 'shard-worker.js' },
  { input: 'src/persistence/snapshot/write-snapshot.ts', output: 'write-snapshot.js' },
]

const files = process.argv.slice(2)
const others = files.map((input) => ({ input, output: `bench/${basename(input, '.ts')}.js` }))
const entries = files.length > 0 ? others : SERVER

/** Servers started at the same time may all build, containers that share a checkout (and count the same pids) too: each
 * does so in a directory of its own and renames. */
mkdirSync(`${root}dist/bench`, { recursive: true })
const scratch = mkdtempSync(`${root}dist/.build-`)
try {
  for (const { input, output } of entries) {
    await build({
      cwd: root,
      input,
      platform: 'node',
      logLevel: 'warn',
      // It starts threads from a file of its own.
      external: ['piscina'],
      optimization: { inlineConst: { mode: 'all', pass: 3 } },
      output: { file: `${scratch}/${output}`, format: 'esm', codeSplitting: false },
    })
  }
  // The server's file last: its age is what the launcher looks at.
  for (const { output } of entries.toReversed()) renameSync(`${scratch}/${output}`, `${root}dist/${output}`)
} finally {
  rmSync(scratch, { recursive: true, force: true })
}
