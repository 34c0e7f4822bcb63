/* The program: spinel-server [conf] [--directive value]... Main thread. */
import { systemClock } from '../base/ports.ts'
import { logo, runningLine, startingLines } from '../observability/banner.ts'
import { Log } from '../observability/log.ts'
import { startConfiguration } from './configuration/start.ts'
import { Server } from './server.ts'

const log = new Log({ clock: systemClock })
const start = startConfiguration(process.argv.slice(2), { notices: log })
if ('answer' in start) {
  process.stdout.write(start.answer.output)
  process.stderr.write(start.answer.errorText)
  process.exit(start.answer.exitCode)
}
const { configuration } = start
const { values } = configuration
log.level = values.loglevel
log.file = values.logfile
for (const line of startingLines(process.pid)) log.notice(line)
const facts = { pid: process.pid, port: values.port, mode: 'standalone' as const }
if (values['always-show-logo']) log.raw(logo(facts))
else log.notice(runningLine(facts))
const server = new Server(configuration, log)
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => server.shutdown.signalled(signal))
await server.listen()
server.startCron()
log.notice('Server initialized')
log.notice('Ready to accept connections tcp')
