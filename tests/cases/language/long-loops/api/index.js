export default () => {
  const sieve = new Uint8Array(20000); let primes = 0
  for (let n = 2; n < 20000; n++) if (!sieve[n]) { primes++; for (let m = n * n; m < 20000; m += n) sieve[m] = 1 }
  const fib = (n) => n < 2 ? n : fib(n - 1) + fib(n - 2)
  const list = Array.from({ length: 2000 }, (_, i) => (i * 7919) % 2003).sort((a, b) => a - b)
  return [primes, fib(15), list[0], list.at(-1)]
}
