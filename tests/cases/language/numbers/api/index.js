export default () => [
  (1234.5678).toFixed(2), (0.1 + 0.2).toPrecision(3), (255).toString(16), parseInt('12px'), parseFloat('1.5e3x'), Number(''), Number('0x1f'), Number.isInteger(5.0), Number.MAX_SAFE_INTEGER, Math.hypot(3, 4), Math.trunc(-1.5), Math.sign(-3), Math.clz32(1), Math.round(-0.5) === 0, Math.fround(5.5), Math.cbrt(27),
  String(2n ** 64n), String(-7n / 2n), String(BigInt('0xff')), 10n > 9, typeof 1n, String(BigInt.asIntN(8, 255n)), (1e21).toString(), (123.456).toExponential(1), 0.1 * 3, 5e-324 > 0, Object.is(-0, 0), isNaN('x'), Number.isNaN('x'), (25).toString(36), 1 / 3, 1e300 * 1e10 === Infinity, ~~-5.7, Math.max(), Math.sumPrecise?.([0.1, 0.2, 0.3]) ?? 0.6, [..."0b1"].length,
].map((x) => x === -Infinity ? '-Infinity' : x)
