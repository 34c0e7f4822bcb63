/* The dependencies are exactly those that were tried, wherever they come from. */

import type { Complaint, Tree } from '../tree.ts'

interface Package {
  version?: string
  resolved?: string
  integrity?: string
  dependencies?: Record<string, string>
  devDependencies?: Record<string, string>
  optionalDependencies?: Record<string, string>
}

/** Versions in package.json are pinned, not ranges. */
export function* pinned(tree: Tree): Iterable<Complaint> {
  const path = 'package.json'
  const manifest = JSON.parse(tree.texts.get(path) ?? '{}') as Package
  for (const [name, version] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })) {
    if (!/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)) {
      yield { path, line: 1, text: `${name} ${version}: pin the exact version` }
    }
  }
}

/** The lock file names no registry, vouches for every package, and is complete enough for `npm ci`. */
export function* lockFile(tree: Tree): Iterable<Complaint> {
  const path = 'package-lock.json'
  const { packages = {} } = JSON.parse(tree.texts.get(path) ?? '{}') as { packages?: Record<string, Package> }
  const names = new Set(Object.keys(packages).map((key) => key.replace(/^.*node_modules\//, '')))
  for (const [key, locked] of Object.entries(packages)) {
    if (locked.resolved !== undefined) yield { path, line: 1, text: `${key} names the registry it came from` }
    if (key !== '' && locked.integrity === undefined) yield { path, line: 1, text: `${key} has no checksum` }
    for (const name of Object.keys(locked.optionalDependencies ?? {})) {
      if (!names.has(name)) yield { path, line: 1, text: `${key} wants ${name}, which is missing: npm ci would refuse` }
    }
  }
}
