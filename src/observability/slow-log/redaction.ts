/* Secrets in a command's arguments: passwords, which no log may show. Any thread. */
import { bytesOf, textOf } from '../../base/bytes.ts'

const REDACTED = bytesOf('(redacted)')

/**
 * The arguments of a command, name first, with the secret ones replaced. `isSensitive` says whether the value of a
 * directive is secret.
 */
export function redacted(
  fullName: string,
  args: readonly Uint8Array[],
  isSensitive: (directive: string) => boolean,
): readonly Uint8Array[] {
  const secrets = secretArguments(fullName, args, isSensitive)
  return secrets.size === 0 ? args : args.map((each, index) => (secrets.has(index) ? REDACTED : each))
}

function secretArguments(
  fullName: string,
  args: readonly Uint8Array[],
  isSensitive: (directive: string) => boolean,
): Set<number> {
  const secrets = new Set<number>()
  if (fullName === 'auth') for (let i = 1; i < args.length; i++) secrets.add(i)
  if (fullName === 'hello') {
    const auth = args.findIndex((each, index) => index > 0 && textOf(each).toLowerCase() === 'auth')
    if (auth > 0) secrets.add(auth + 1).add(auth + 2)
  }
  if (fullName === 'config|set') {
    for (let i = 2; i + 1 < args.length; i += 2) if (isSensitive(textOf(args[i]))) secrets.add(i + 1)
  }
  return secrets
}
