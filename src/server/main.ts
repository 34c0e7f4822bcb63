/* The program: spinel-server [conf] [--directive value]... Main thread. */
import { systemClock } from '../base/ports.ts'
import { logo, runningLine, startingLines } from '../observability/banner.ts'
import { Log } from '../observability/log.ts'
import { isInBackground, startInBackground } from './background.ts'
import { startConfiguration } from './configuration/start.ts'
import { renameCheck } from './rename-command.ts'
import { Server } from './server.ts'

const startDirectory = process.cwd()
const log = new Log({ clock: systemClock })
const start = startConfiguration(process.argv.slice(2), { notices: log, checks: { 'rename-command': renameCheck() } })
if ('answer' in start) {
  process.stdout.write(start.answer.output)
  process.stderr.write(start.answer.errorText)
  process.exit(start.answer.exitCode)
}
const { configuration } = start
const { values } = configuration
log.level = values.loglevel
log.file = values.logfile
const inBackground = isInBackground()
if (values.daemonize && !inBackground) {
  const failure = startInBackground(startDirectory)
  if (failure !== null) process.stderr.write(`${failure}\n`)
  process.exit(failure === null ? 0 : 1)
}
for (const line of startingLines(process.pid)) log.notice(line)
const facts = { pid: process.pid, port: values.port, mode: 'standalone' as const }
if (values['always-show-logo']) log.raw(logo(facts))
else log.notice(runningLine(facts))
const server = new Server(configuration, log)
process.on('uncaughtException', (error) => server.crash(error, 'the main thread'))
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => server.shutdown.signalled(signal))
// A terminal that closes is no reason to end.
process.on('SIGHUP', () => {})
if (!(await server.open(inBackground))) process.exit(1)
