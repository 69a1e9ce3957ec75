export default () => {
  const boom = () => { throw new Error('tampered') }
  for (const [object, names] of [
    [Object.prototype, ['toString', 'hasOwnProperty', 'then', 'status', 'body', 'headers', 'get', 'set', 'value', 'writable', 'toJSON', 'fetch', 'length', 'ttl', 'limit']],
    [Array.prototype, ['push', 'map', 'join', 'forEach', Symbol.iterator, 'slice', 0, 1]],
    [Promise.prototype, ['then', 'catch', 'finally']], [Function.prototype, ['call', 'apply', 'bind', Symbol.hasInstance]],
    [String.prototype, ['split', 'trim', 'toLowerCase', 'startsWith', Symbol.iterator]], [RegExp.prototype, ['exec', 'test', Symbol.replace]],
    [Map.prototype, ['get', 'set']], [Headers.prototype, ['get', 'append', Symbol.iterator]], [Response.prototype, ['text', 'clone']], [Request.prototype, ['text', 'json', 'bytes']], [URL.prototype, ['toString']], [Uint8Array.prototype, ['set', 'slice']],
    [JSON, ['parse', 'stringify']], [Object, ['keys', 'entries', 'assign', 'defineProperty', 'create', 'freeze']], [Reflect, ['apply', 'get', 'ownKeys']], [Error, ['captureStackTrace', 'prepareStackTrace']],
  ]) for (const name of names) try { Object.getOwnPropertyDescriptor; Reflect.defineProperty ? Reflect.defineProperty(object, name, { configurable: true, get: () => boom, set() {} }) : 0 } catch {}
  for (const name of ['Promise', 'JSON', 'Object', 'Array', 'Error', 'Symbol', 'Response', 'Headers', 'Request', 'Map', 'console', 'fazt', 'request', 'undefined_', 'queueMicrotask', 'setTimeout', 'Uint8Array', 'String', 'globalThis']) try { globalThis[name] = boom } catch {}
  return 'tampered'
}
