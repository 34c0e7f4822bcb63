/* Every directive, in the order in which CONFIG GET lists them. To add one, declare it in its family's file: its type,
 * bounds and preset are all there is to say; Configuration.values has it, typed, from then on. Any thread. */
import type { Directive } from '../directive.ts'
import { clusterDirectives } from './cluster.ts'
import { encodingDirectives } from './encodings.ts'
import { engineDirectives } from './engine.ts'
import { memoryDirectives } from './memory.ts'
import { networkDirectives } from './network.ts'
import { observabilityDirectives } from './observability.ts'
import { persistenceDirectives } from './persistence.ts'
import { processDirectives } from './process.ts'
import { replicationDirectives } from './replication.ts'
import { securityDirectives } from './security.ts'
import { tlsDirectives } from './tls.ts'

const families = {
  ...engineDirectives,
  ...processDirectives,
  ...networkDirectives,
  ...tlsDirectives,
  ...securityDirectives,
  ...memoryDirectives,
  ...encodingDirectives,
  ...persistenceDirectives,
  ...replicationDirectives,
  ...clusterDirectives,
  ...observabilityDirectives,
}

export type DirectiveName = keyof typeof families

/** What programs read: the value of each directive, by name. */
export type Values = {
  readonly [Name in DirectiveName]: (typeof families)[Name] extends Directive<infer _Exact, infer Seen> ? Seen : never
}

/** By primary name. */
export const directives: Readonly<Record<DirectiveName, Directive>> = families

export const directiveNames = Object.keys(families) as DirectiveName[]

/** A name that can be configured: a directive's primary name, or its alias, which stands for the same value. */
export interface NamedDirective {
  /** As registered: in lower case. */
  readonly name: string
  readonly primary: DirectiveName
  readonly directive: Directive
}

/** By every name, primary or alias, in lower case. */
export const directivesByName: ReadonlyMap<string, NamedDirective> = new Map(
  directiveNames.flatMap((primary) => {
    const directive = directives[primary]
    const names = directive.alias === null ? [primary] : [primary, directive.alias]
    return names.map((name) => [name, { name, primary, directive }] as const)
  }),
)
