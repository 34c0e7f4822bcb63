/* A failing script for people: the seed, the commands, the two answers, and how to replay it. */

import { quoted } from '../support/resp.ts'
import type { Mismatch } from './match.ts'
import type { Script, Step } from './script.ts'
import { sendsOf, show } from './script.ts'

export function report(script: Script, mismatch: Mismatch, replay: string): string {
  const settings = [`seed ${script.seed}`, `${script.steps.length} steps`]
  if (script.transport === 'unix') settings.push('over the Unix socket')
  for (const [name, value] of Object.entries(script.limits ?? {})) settings.push(`${name} ${value}`)
  if (script.password !== '') settings.push(`requirepass ${script.password}`)
  const lines = [settings.join(', ')]
  for (const step of script.steps) lines.push(...showStep(step))
  lines.push(`differs at  ${mismatch.about}`, `  oracle    ${answer(mismatch.oracle)}`)
  lines.push(`  spinel    ${answer(mismatch.spinel)}`, `replay      ${replay}`)
  return lines.join('\n')
}

function showStep(step: Step): string[] {
  if (step.kind === 'session') return [`  bytes     ${quoted(step.bytes, 2000)}${pieces(step.cuts)}`]
  const lines = step.kind === 'together' ? ['  at once:'] : []
  for (const send of sendsOf(step)) {
    const how = `${send.inline ? ' (inline)' : ''}${pieces(send.cuts)}`
    const more = send.commands.length > 1 ? ' (pipelined)' : ''
    lines.push(`  client ${send.client}  ${show(send.commands[0] ?? [])}${how}${more}`)
    for (const command of send.commands.slice(1)) lines.push(`            ${show(command)}`)
  }
  return lines
}

function pieces(cuts: number[] | undefined): string {
  return cuts === undefined ? '' : ` (cut at byte ${cuts.join(', ')})`
}

function answer(text: string): string {
  return text.includes('\nit died') ? text : quoted(text, 1000)
}
