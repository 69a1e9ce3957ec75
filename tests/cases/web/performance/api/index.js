export default async () => {
  const a = performance.now()
  await new Promise((go) => setTimeout(go, 10))
  const b = performance.now()
  return [typeof a, b - a >= 8, b - a < 4000, Math.abs(performance.timeOrigin + b - Date.now()) < 60000]
}
