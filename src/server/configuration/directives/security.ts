/* Directives of users and of what clients may do. */
import { choice, IMMUTABLE, integer, secret, text } from '../directive.ts'
import { LONG_MAX } from '../integers.ts'

const allowed = () => choice(['no', 'yes', 'local'], { default: 'no', flags: IMMUTABLE })

export const securityDirectives = {
  requirepass: secret(),
  aclfile: text({ flags: IMMUTABLE }),
  'acl-pubsub-default': choice(['allchannels', 'resetchannels'], { default: 'resetchannels' }),
  'acllog-max-len': integer({ min: 0, max: LONG_MAX, default: 128 }),
  'enable-protected-configs': allowed(),
  'enable-debug-command': allowed(),
  'enable-module-command': allowed(),
}
