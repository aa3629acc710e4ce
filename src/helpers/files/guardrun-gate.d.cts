/** Asks the gate. */
export function gate(variable: string): { open: boolean; reason: string | undefined }

/** The leash: throws when the gate is closed. To be called right before a real start. */
export function assertGate(variable: string): void

/** Throws when one of these programs is not in PATH. */
export function needs(...programs: string[]): void

/** `describe` and `test` of a runner, behind the gate; without them, the runner's globals. */
export function gated<D = any, T = any>(
  variable: string,
  runner?: { describe?: D; test?: T; it?: T },
): { open: boolean; reason: string | undefined; describe: D; test: T; it: T }

/** A Before hook for cucumber. */
export function gatedHook(variable: string): (scenario?: unknown) => 'skipped' | undefined
