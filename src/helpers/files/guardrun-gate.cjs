'use strict'
// Asks the gate before a test starts anything real. The contract is guardrun's docs/gate-contract.md.
//
//   import { describe, test } from 'vitest'             // or jest, node:test, bun:test, mocha, playwright
//   import { gated, assertGate, needs } from './guardrun-gate.cjs'
//
//   const real = gated('KOLU_DAEMON_TESTS', { describe, test })
//   real.describe('the daemon', () => {                 // closed: this body is not executed, not even to collect names
//     real.test('answers', async () => {
//       needs('redis-server')                           // missing: fails, never skips
//       …
//     })
//   })
//
// `assertGate('KOLU_DAEMON_TESTS')` right before a real start is the leash: it throws when the gate is closed.
// Hooks belong inside a gated describe. In cucumber: Before({ tags: '@real' }, gatedHook('KOLU_DAEMON_TESTS')).
// Everything is synchronous and needs nothing but node's own modules; where /proc cannot be read the gate is closed.

const fs = require('node:fs')
const path = require('node:path')

const LONGEST = 4096
// Properties of a test function that are test functions themselves, or give one when they are called.
const LIKE_A_TEST = new Set([
  'only', 'concurrent', 'sequential', 'parallel', 'serial', 'each', 'for', 'fails', 'failing', 'extend', 'if', 'runIf', 'skipIf',
])

/** Why the gate is closed, or undefined when it is open. */
function whyClosed(variable) {
  const value = process.env[variable]
  if (value === undefined) return `${variable} is not set`
  if (value !== '1') return `${variable} is ${JSON.stringify(value)}, and only "1" opens it`
  const notHeld = whyNotHeld()
  if (notHeld !== undefined) return notHeld
  if ((process.env.GUARDRUN_OPENED || '').split(',').includes(variable)) return undefined
  return `${variable} was set inside the run, and this run of guardrun did not open it`
}

/** Why no live run holds this process, or undefined when one does: its keeper has to be among this process's ancestors. */
function whyNotHeld() {
  const keeper = process.env.GUARDRUN_KEEPER
  if (!/^[1-9][0-9]*:[0-9]+$/.test(keeper || '')) return 'no run of guardrun holds this process'
  for (let walk = 0; walk < 100; walk += 1) {
    try {
      for (let pid = 'self'; pid !== '0';) {
        const stat = fs.readFileSync(`/proc/${pid}/stat`, 'latin1')
        // The name may hold anything; what follows its last parenthesis is fields.
        const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
        if (`${stat.slice(0, stat.indexOf(' '))}:${fields[19]}` === keeper) return undefined
        pid = fields[1]
      }
      return 'no live run of guardrun holds this process'
    } catch {
      // Somebody in the chain has ended meanwhile; whoever was below it has another parent now.
    }
  }
  return '/proc does not tell whether a run of guardrun holds this process'
}

let complained = false

/** Appends one line to the ledger, if there is one. */
function note(gate, event, test, reason) {
  const file = process.env.GUARDRUN_LEDGER
  if (!file) return
  const entry = { v: 1, run: process.env.GUARDRUN_RUN_ID || '', gate, event, test, reason, pid: process.pid, lang: 'js' }
  let line = Buffer.from(`${JSON.stringify(entry)}\n`)
  while (line.length > LONGEST) {
    const longest = entry.test.length > entry.reason.length ? 'test' : 'reason'
    entry[longest] = `${entry[longest].slice(0, entry[longest].length / 2)}…`
    line = Buffer.from(`${JSON.stringify(entry)}\n`)
  }
  try {
    const fd = fs.openSync(file, fs.constants.O_WRONLY | fs.constants.O_APPEND)
    try {
      fs.writeSync(fd, line)
    } finally {
      fs.closeSync(fd)
    }
  } catch (error) {
    if (!complained) process.stderr.write(`guardrun: cannot write the ledger ${file}: ${error.message}\n`)
    complained = true
  }
}

/** Whether a closed gate is a failure here. */
function required() {
  return !['', '0'].includes(process.env.GUARDRUN_REQUIRE || '')
}

function refusal(variable, reason) {
  return new Error(
    `guardrun: closed: ${reason}\nThis starts real processes: run the suite through guardrun, where that is meant to happen. (gate ${variable})`,
  )
}

/** Asks the gate: `{ open, reason }`. */
function gate(variable) {
  const reason = whyClosed(variable)
  note(variable, reason === undefined ? 'open' : 'closed', '', reason || '')
  return { open: reason === undefined, reason }
}

/** The leash: throws when the gate is closed. To be called right before a real start. */
function assertGate(variable) {
  const reason = whyClosed(variable)
  if (reason === undefined) return
  note(variable, 'stopped', '', reason)
  throw refusal(variable, reason)
}

/** Throws when one of these programs is not in PATH. For tests behind an open gate, which must fail and not skip. */
function needs(...programs) {
  for (const program of programs) {
    const places = program.includes('/') ? [''] : (process.env.PATH || '').split(':').map((place) => `${place || '.'}/`)
    const found = places.some((place) => {
      try {
        fs.accessSync(place + program, fs.constants.X_OK)
        return fs.statSync(place + program).isFile()
      } catch {
        return false
      }
    })
    if (found) continue
    const reason = `the test needs ${program}, which is not in PATH`
    note('', 'failed-prerequisite', '', reason)
    throw new Error(`guardrun: ${reason}`)
  }
}

/** The file that called, as it is named from the working directory; empty where the stack does not tell. */
function callingFile() {
  for (const line of (new Error().stack || '').split('\n').slice(1)) {
    const found = /(?:file:\/\/)?(\/[^():]+):\d+:\d+/.exec(line)
    if (found && !found[1].includes('guardrun-gate')) return path.relative(process.cwd(), decodeURI(found[1]))
  }
  return ''
}

/** The whole name of the test that runs now, without its file, where the runner tells it. */
function nameNow(self) {
  if (typeof self?.test?.fullTitle === 'function') return self.test.fullTitle()
  // jest has it as a global, vitest under a symbol even where its globals are off.
  const expect = globalThis.expect || globalThis[Symbol.for('expect-global')]
  return typeof expect?.getState === 'function' ? expect.getState().currentTestName : undefined
}

/** The title of one case of a table, which has to be told from the others. */
function titleOfCase(declared, args) {
  const last = args[args.length - 1]
  if (typeof last?.task?.name === 'string') return last.task.name
  if (!/[%$]/.test(declared) || args.length === 0) return declared
  try {
    return `${declared} ${JSON.stringify(args)}`
  } catch {
    return declared
  }
}

/**
 * `describe` and `test` of a runner, behind the gate. Without a runner's functions its globals are taken.
 *
 * Closed: a describe registers one skipped test with the reason and does not call its body; a test is registered as skipped.
 * Where GUARDRUN_REQUIRE is set both are registered as failing. Open: as the runner's own, and each test is noted when it begins.
 */
function gated(variable, runner = {}) {
  const describe = runner.describe || globalThis.describe
  const test = runner.test || runner.it || globalThis.test || globalThis.it
  if (typeof describe !== 'function' || typeof test !== 'function') {
    throw new TypeError('guardrun: gated(variable, { describe, test }) needs the describe and test of the runner')
  }
  const { open, reason } = gate(variable)
  const file = callingFile()
  const above = file ? [file] : []
  const full = (title) => [...above, title].join(' > ')

  let said = false
  const shut = (title) => {
    note(variable, 'closed', full(title), reason)
    // Not every reporter shows the names of what is skipped.
    if (!said) process.stderr.write(`guardrun: skipped: the tests behind ${variable} in ${file || 'this file'}: ${reason}\n`)
    said = true
    if (required()) {
      test(`${title} [closed: ${reason}]`, () => {
        throw refusal(variable, reason)
      })
    } else {
      test.skip(`${title} [skipped by guardrun: ${reason}]`, () => {})
    }
  }
  // Whatever is asked of it: it can be called, any property is the same again, and only something with a title and a body is registered.
  const closedLike = (register) => {
    const like = new Proxy(function closed() {}, {
      get: () => like,
      apply: (_target, _self, args) => {
        const title = typeof args[0] === 'string' || typeof args[0] === 'function' ? args[0].name || args[0] : undefined
        const hasBody = args.slice(1).some((arg) => typeof arg === 'function')
        if (typeof title === 'string' && hasBody) register(title)
        return like
      },
    })
    return like
  }
  if (!open) {
    const closedTest = closedLike(shut)
    const closedDescribe = closedLike((title) => {
      describe(title, () => shut(title))
    })
    return { open, reason, describe: closedDescribe, test: closedTest, it: closedTest }
  }

  const noted = (title, body) => {
    const around = [...above]
    const wrapped = function wrapped(...args) {
      const whole = nameNow(this)
      const parts = whole ? [file, whole] : [...around, titleOfCase(title, args)]
      note(variable, 'ran', parts.filter(Boolean).join(' > '), '')
      return body.apply(this, args)
    }
    // Runners look at the number of parameters for a callback, and some at the text for the fixtures that are asked for.
    Object.defineProperty(wrapped, 'length', { value: body.length })
    Object.defineProperty(wrapped, 'name', { value: body.name })
    wrapped.toString = () => body.toString()
    return wrapped
  }
  const nested = (title, body) =>
    function nestedBody(...args) {
      above.push(title)
      let result
      try {
        result = body.apply(this, args)
      } finally {
        if (typeof result?.then !== 'function') above.pop()
      }
      return typeof result?.then === 'function' ? result.finally(() => above.pop()) : result
    }
  const openLike = (target, wrap) =>
    new Proxy(target, {
      get: (own, key) => {
        const value = Reflect.get(own, key)
        if (typeof value !== 'function') return value
        return LIKE_A_TEST.has(key) ? openLike(value, wrap) : value
      },
      apply: (own, self, args) => {
        const title = typeof args[0] === 'string' ? args[0] : args[0]?.name
        const isTest = typeof title === 'string' && args.slice(1).some((arg) => typeof arg === 'function')
        if (!isTest) {
          const result = Reflect.apply(own, self, args)
          return typeof result === 'function' ? openLike(result, wrap) : result
        }
        const wrapped = args.map((arg, at) => (at > 0 && typeof arg === 'function' ? wrap(title, arg) : arg))
        return Reflect.apply(own, self, wrapped)
      },
    })
  const openTest = openLike(test, noted)
  return { open, reason, describe: openLike(describe, nested), test: openTest, it: openTest }
}

/** A Before hook for cucumber: skips the scenario when the gate is closed, and notes it otherwise. */
function gatedHook(variable) {
  return function hook(scenario) {
    const name = `${scenario?.gherkinDocument?.uri || ''} > ${scenario?.pickle?.name || ''}`
    const reason = whyClosed(variable)
    note(variable, reason === undefined ? 'ran' : 'closed', name, reason || '')
    if (reason === undefined) return undefined
    if (required()) throw refusal(variable, reason)
    process.stderr.write(`guardrun: skipped: ${name}: ${reason}\n`)
    return 'skipped'
  }
}

exports.gate = gate
exports.gated = gated
exports.gatedHook = gatedHook
exports.assertGate = assertGate
exports.needs = needs
