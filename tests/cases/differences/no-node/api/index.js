export default async () => [typeof process, typeof Buffer, typeof global, typeof setImmediate, ...await Promise.all(['fs', 'node:path'].map((name) => import(name).catch((e) => e instanceof Error)))]
