/* Directives of TLS listeners and links. Files are read again by each CONFIG SET, for certificates that are renewed. */
import { choice, integer, text, VOLATILE, yesNo } from '../directive.ts'
import { INT_MAX } from '../integers.ts'

const file = () => text({ optional: true, flags: VOLATILE })

export const tlsDirectives = {
  'tls-port': integer({ min: 0, max: 65535, default: 0, ignored: 'connections are not encrypted' }),
  'tls-cluster': yesNo(false),
  'tls-replication': yesNo(false),
  'tls-auth-clients': choice(['no', 'yes', 'optional'], { default: 'yes' }),
  'tls-prefer-server-ciphers': yesNo(false),
  'tls-session-caching': yesNo(true),
  'tls-session-cache-size': integer({ min: 0, max: INT_MAX, default: 20 * 1024 }),
  'tls-session-cache-timeout': integer({ min: 0, max: INT_MAX, default: 300 }),
  'tls-cert-file': file(),
  'tls-key-file': file(),
  'tls-key-file-pass': text({ optional: true }),
  'tls-client-cert-file': file(),
  'tls-client-key-file': file(),
  'tls-client-key-file-pass': text({ optional: true }),
  'tls-dh-params-file': file(),
  'tls-ca-cert-file': file(),
  'tls-ca-cert-dir': file(),
  'tls-protocols': text({ optional: true }),
  'tls-ciphers': text({ optional: true }),
  'tls-ciphersuites': text({ optional: true }),
}
